// PPO's learner on trials, on a device of its own, iteration by iteration.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "engine/algorithms/ppo.h"
#include "tests/support/reference.h"

namespace innerloop {

class Learning {
 public:
  explicit Learning(const Config& config, const DeviceOptions& options = {.backend = Backend::cpu,
                                                                          .threads = 2,
                                                                          .instructions = ""})
      : device_(options), learner_(config, device_) {
    learner_.allocate();
  }
  IterationReport iterate() { return learner_.iterate(done_++); }
  Vector params() { return numbers(learner_.params(), learner_.learned().size()); }
  void set_params(const std::vector<float>& params) {
    device_.write(static_cast<float*>(learner_.state().front().data), params);
    device_.finish();
  }
  Vector gradient() { return numbers(learner_.gradient(), learner_.learned().size()); }
  const TrialLoop& loop() const { return learner_.loop(); }
  Device& device() { return device_; }
  Vector numbers(const float* from, std::int64_t count) { return to_double(device_.read(from, count)); }
  /// An iteration that learns nothing for the next one.
  IterationReport iterate_frozen() {
    std::vector<std::vector<float>> before;
    for (const StateTensor& tensor : learner_.state())
      before.push_back(device_.read(static_cast<const float*>(tensor.data), tensor.bytes / 4));
    const IterationReport report = iterate();
    std::size_t next = 0;
    for (const StateTensor& tensor : learner_.state()) {
      if (!tensor.name.starts_with("episodes."))
        device_.write(static_cast<float*>(tensor.data), before[next]);
      ++next;
    }
    device_.finish();
    return report;
  }
  /// The learner's whole state, tensor by tensor.
  std::vector<std::vector<float>> state() {
    std::vector<std::vector<float>> numbers;
    for (const StateTensor& tensor : learner_.state())
      numbers.push_back(device_.read(static_cast<const float*>(tensor.data), tensor.bytes / 4));
    return numbers;
  }
  std::string plan() const { return learner_.plan().table(); }

 private:
  Device device_;
  Ppo learner_;
  std::uint32_t done_ = 0;
};

/// What a report says beside the returns; NaN where it says nothing of that name.
inline double reported(const IterationReport& report, const std::string& wanted) {
  for (const auto& [name, value] : report.extra)
    if (name == wanted) return value;
  return NAN;
}

}  // namespace innerloop
