#include "engine/statistics/estimates.h"

#include <cmath>
#include <numbers>

namespace innerloop {
namespace {

// The probability that |T| < t, exactly: Abramowitz & Stegun 26.7.3 (odd degrees) and 26.7.4 (even ones).
double probability_within(double t, int degrees) {
  const double angle = std::atan(t / std::sqrt(degrees)), cosine = std::cos(angle);
  const bool odd = degrees % 2 == 1;
  double sum = 0, term = odd ? cosine : 1;
  for (int k = odd ? 3 : 2; k <= degrees; k += 2) {
    sum += term;
    term *= cosine * cosine * (k - 1) / k;
  }
  sum *= std::sin(angle);
  return odd ? 2 / std::numbers::pi * (angle + sum) : sum;
}

// The quantile by its series about the normal distribution's: Abramowitz & Stegun 26.7.5, whose next term is below
// 2 / degrees⁴.
double t_quantile_of_many(double n) {
  constexpr double z = 1.959963984540054;
  constexpr double z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
  return z + (z3 + z) / (4 * n) + (5 * z5 + 16 * z3 + 3 * z) / (96 * n * n) +
         (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * n * n * n);
}

}  // namespace

double t_quantile(int degrees) {
  constexpr int kMostSummed = 100;  // for more the series is right to 2e-8, and the sum is long
  if (degrees > kMostSummed) return t_quantile_of_many(degrees);
  double low = 1.9, high = 12.8;  // the normal distribution's is 1.96, that of one degree 12.71
  for (int halving = 0; halving < 50; ++halving) {
    const double middle = (low + high) / 2;
    (probability_within(middle, degrees) < 0.95 ? low : high) = middle;
  }
  return (low + high) / 2;
}

Estimate mean_of(const std::vector<double>& sample) {
  const int count = static_cast<int>(sample.size());
  double sum = 0, square = 0;
  for (const double x : sample) sum += x;
  const double mean = sum / count;
  for (const double x : sample) square += std::pow(x - mean, 2);
  if (count == 1) return {mean, 0};
  return {mean, t_quantile(count - 1) * std::sqrt(square / (count - 1) / count)};
}

Estimate mean_of(const std::vector<float>& sample) {
  return mean_of(std::vector<double>(sample.begin(), sample.end()));
}

std::vector<double> task_means(const std::vector<float>& sample, int of_each) {
  const auto each = static_cast<std::size_t>(of_each);
  std::vector<double> means(sample.size() / each);
  for (std::size_t i = 0; i < sample.size(); ++i) means[i / each] += static_cast<double>(sample[i]);
  for (double& mean : means) mean /= of_each;
  return means;
}

Estimate mean_over_tasks(const std::vector<float>& sample, int of_each) {
  return mean_of(task_means(sample, of_each));
}

}  // namespace innerloop
