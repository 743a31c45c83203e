#include "engine/statistics/principal_axes.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace innerloop {
namespace {

using Matrix = std::vector<std::vector<double>>;

Matrix covariance_of(const Matrix& points, const std::vector<double>& mean) {
  const std::size_t size = mean.size();
  Matrix sums(size, std::vector<double>(size));
  for (const std::vector<double>& point : points)
    for (std::size_t i = 0; i < size; ++i)
      for (std::size_t j = 0; j <= i; ++j) sums[i][j] += (point[i] - mean[i]) * (point[j] - mean[j]);
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t j = 0; j <= i; ++j) sums[j][i] = sums[i][j] /= static_cast<double>(points.size());
  return sums;
}

// Turns the plane of two axes until they do not covary: rows of `turned` are the axes so far (Golub and Van Loan, 8.5).
void rotate(Matrix& covariance, Matrix& turned, std::size_t p, std::size_t q) {
  if (covariance[p][q] == 0) return;
  const double tau = (covariance[q][q] - covariance[p][p]) / (2 * covariance[p][q]);
  const double tangent = (tau >= 0 ? 1 : -1) / (std::abs(tau) + std::sqrt(1 + tau * tau));
  const double cosine = 1 / std::sqrt(1 + tangent * tangent), sine = tangent * cosine;
  const std::size_t size = covariance.size();
  const auto turn = [&](double& of_p, double& of_q) {
    const double x = of_p, y = of_q;
    of_p = cosine * x - sine * y;
    of_q = sine * x + cosine * y;
  };
  for (std::size_t i = 0; i < size; ++i) turn(covariance[i][p], covariance[i][q]);
  for (std::size_t i = 0; i < size; ++i) turn(covariance[p][i], covariance[q][i]);
  for (std::size_t i = 0; i < size; ++i) turn(turned[p][i], turned[q][i]);
}

void make_largest_positive(std::vector<double>& axis) {
  const auto larger = [](double a, double b) { return std::abs(a) < std::abs(b); };
  if (*std::ranges::max_element(axis, larger) < 0)
    for (double& x : axis) x = -x;
}

}  // namespace

double PrincipalAxes::place(int axis, const std::vector<double>& point) const {
  const std::vector<double>& along = axes[static_cast<std::size_t>(axis)];
  double sum = 0;
  for (std::size_t i = 0; i < along.size(); ++i) sum += along[i] * (point[i] - mean[i]);
  return sum;
}

double PrincipalAxes::share(int axis) const {
  return variance > 0 ? variances[static_cast<std::size_t>(axis)] / variance : 0;
}

PrincipalAxes principal_axes(const Matrix& points, int count) {
  const std::size_t size = points[0].size();
  PrincipalAxes found;
  found.mean.resize(size);
  for (const std::vector<double>& point : points)
    for (std::size_t i = 0; i < size; ++i) found.mean[i] += point[i] / static_cast<double>(points.size());
  Matrix covariance = covariance_of(points, found.mean), turned(size, std::vector<double>(size));
  for (std::size_t i = 0; i < size; ++i) {
    turned[i][i] = 1;
    found.variance += covariance[i][i];
  }
  // Sweeps converge quadratically; this many are more than any matrix needs.
  constexpr int kSweeps = 30;
  for (int sweep = 0; sweep < kSweeps; ++sweep)
    for (std::size_t p = 0; p < size; ++p)
      for (std::size_t q = p + 1; q < size; ++q) rotate(covariance, turned, p, q);
  std::vector<std::size_t> order(size);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order,
                           [&](std::size_t a, std::size_t b) { return covariance[a][a] > covariance[b][b]; });
  order.resize(std::min(size, static_cast<std::size_t>(count)));
  for (const std::size_t axis : order) {
    make_largest_positive(turned[axis]);
    found.axes.push_back(turned[axis]);
    found.variances.push_back(std::max(covariance[axis][axis], 0.0));
  }
  return found;
}

}  // namespace innerloop
