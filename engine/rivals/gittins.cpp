#include "engine/rivals/gittins.h"

#include <algorithm>
#include <cmath>

namespace innerloop {
namespace {

// Certain rewards between 0 and 1 that are tried: the error falls with their square.
constexpr int kCertainRewards = 400;

// The induction starts where what is left counts for a thousandth.
int pulls_that_count(double discount) { return static_cast<int>(std::log(1e-3) / std::log(discount)) + 1; }

}  // namespace

GittinsTable::GittinsTable(double discount, int pulls) : index_(at(pulls + 1, 1) + 1) {
  const int last = pulls + 2, deepest = last + pulls_that_count(discount);
  std::vector<double> gain_before(index_.size());                    // of going on, at the reward before
  std::vector<double> value(static_cast<std::size_t>(deepest) + 1);  // [a], of all with the same a + b
  for (int i = 0; i <= kCertainRewards; ++i) {
    constexpr double kStep = 1.0 / kCertainRewards;
    const double certain = i * kStep, leave = certain / (1 - discount);
    for (int a = 1; a < deepest; ++a)
      value[static_cast<std::size_t>(a)] =
          std::max(certain, static_cast<double>(a) / deepest) / (1 - discount);
    for (int sum = deepest - 1; sum >= 2; --sum)
      for (int a = 1; a < sum; ++a) {
        const auto here = static_cast<std::size_t>(a);
        const double p = static_cast<double>(a) / sum;
        const double go_on = p * (1 + discount * value[here + 1]) + (1 - p) * discount * value[here];
        value[here] = std::max(go_on, leave);
        if (sum > last) continue;
        const std::size_t entry = at(a, sum - a);
        const double gain = go_on - leave, before = gain_before[entry];
        if (before > 0 && gain <= 0) index_[entry] = certain - kStep + kStep * before / (before - gain);
        gain_before[entry] = gain;
      }
  }
}

}  // namespace innerloop
