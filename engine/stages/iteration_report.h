// What one meta-iteration tells the host.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace innerloop {

/// What one meta-iteration did.
struct IterationReport {
  // Mean return before and after each inner step, K + 1 numbers; empty where no episode ended.
  std::vector<double> returns;
  double gradient_norm = 0;                           // of the meta-gradient, before clipping
  bool gradient_finite = true;                        // else nothing was updated
  std::vector<int> bad_tasks;                         // those whose gradient is not finite
  std::int64_t env_steps = 0;                         // of this iteration, those that count
  std::vector<std::pair<std::string, double>> extra;  // "kl", "kl_penalty", …
};

}  // namespace innerloop
