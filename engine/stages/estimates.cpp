#include "engine/stages/estimates.h"

#include <cmath>

namespace innerloop {
namespace {

// Two-sided 95 % quantile of Student's t distribution (Hill 1970, to better than 1e-3 for 3 and more degrees).
double t_quantile(int degrees) {
  constexpr double table[] = {0, 12.7062, 4.3027, 3.1824};
  if (degrees < 4) return table[degrees < 0 ? 0 : degrees];
  const double z = 1.959964, n = degrees;
  const double z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
  return z + (z3 + z) / (4 * n) + (5 * z5 + 16 * z3 + 3 * z) / (96 * n * n) +
         (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * n * n * n);
}

}  // namespace

Estimate mean_of(const std::vector<double>& sample) {
  const int count = static_cast<int>(sample.size());
  double sum = 0, square = 0;
  for (const double x : sample) sum += x;
  const double mean = sum / count;
  for (const double x : sample) square += std::pow(x - mean, 2);
  const double error = count > 1 ? std::sqrt(square / (count - 1) / count) : 0;
  return {mean, t_quantile(count - 1) * error};
}

Estimate mean_of(const std::vector<float>& sample) {
  return mean_of(std::vector<double>(sample.begin(), sample.end()));
}

}  // namespace innerloop
