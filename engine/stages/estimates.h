// The mean of a sample, and how far from the truth it may be.
#pragma once

#include <vector>

namespace innerloop {

struct Estimate {
  double mean = 0;
  double ci95 = 0;  // half width of the 95 % confidence interval of the mean; 0 for a single number
};

/// By Student's t distribution. @pre `sample` is not empty.
Estimate mean_of(const std::vector<double>& sample);
Estimate mean_of(const std::vector<float>& sample);

}  // namespace innerloop
