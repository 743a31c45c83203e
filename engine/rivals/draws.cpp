#include "engine/rivals/draws.h"

#include <cmath>

namespace innerloop {
namespace {

using One = Pack<float, 1>;

}  // namespace

double same_log(double x) { return log(One(static_cast<float>(x))).get(0); }

Draws::Draws(RandomKey key, std::uint32_t task, std::uint32_t env, std::uint32_t step)
    : random_(key, UintPack<One>(task), UintPack<One>(env), UintPack<One>(step), Purpose::action, 0) {}

double Draws::uniform() { return random_.uniform().get(0); }

int Draws::below(int count) { return static_cast<int>(uniform() * count); }

double Draws::normal() { return random_.normal().get(0); }

double Draws::gamma(double shape) {
  if (shape == 1) return -same_log(1 - uniform());
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = normal(), root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root, u = 1 - uniform();
    if (same_log(u) < 0.5 * x * x + d - d * v + d * same_log(v)) return d * v;
  }
}

double Draws::beta(double a, double b) {
  const double x = gamma(a), y = gamma(b);
  return x / (x + y);
}

}  // namespace innerloop
