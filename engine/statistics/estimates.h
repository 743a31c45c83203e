// The mean of a sample, and how far from the truth it may be, by Student's t distribution.
#pragma once

#include <vector>

namespace innerloop {

struct Estimate {
  double mean = 0;
  double ci95 = 0;  // half width of the 95 % confidence interval of the mean; 0 for a single number
};

/// The t that a variable of Student's distribution is within, from −t to t, with a probability of 95 %; right to 1e-7.
/// @pre `degrees` (of freedom) is at least 1.
double t_quantile(int degrees);

/// By Student's t distribution. @pre `sample` is not empty.
Estimate mean_of(const std::vector<double>& sample);
Estimate mean_of(const std::vector<float>& sample);

/// The mean of each task's numbers, of which it has `of_each` one behind the other: [task].
/// @pre the sample is whole tasks.
std::vector<double> task_means(const std::vector<float>& sample, int of_each);

/// The mean of those means, and its interval over the tasks: what was measured in one task varies with that task and is no
/// sample of all of them.
Estimate mean_over_tasks(const std::vector<float>& sample, int of_each);

}  // namespace innerloop
