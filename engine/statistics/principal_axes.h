// Points of many numbers seen from where they differ most: principal component analysis.
#pragma once

#include <vector>

namespace innerloop {

struct PrincipalAxes {
  std::vector<double> mean;  // [number]
  std::vector<std::vector<double>>
      axes;                       // [axis][number]  of length 1, the one along which points differ most first
  std::vector<double> variances;  // [axis]  of the points along it
  double variance = 0;            // of all numbers together

  /// A point's place along an axis, from the mean.
  double place(int axis, const std::vector<double>& point) const;
  /// The part of the variance that lies along an axis; 0 where the points do not differ.
  double share(int axis) const;
};

/// The first `count` axes of the points, or as many as they have numbers: eigenvectors of their covariance by Jacobi's
/// rotations. Each one's largest component, the first of several, is positive, so that the same points give the same axes.
/// @pre there is a point; all have as many numbers, and these are finite
PrincipalAxes principal_axes(const std::vector<std::vector<double>>& points, int count);

}  // namespace innerloop
