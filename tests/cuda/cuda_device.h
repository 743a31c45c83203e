// The device that these tests are about.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "engine/algorithms/algorithm.h"
#include "engine/device/device.h"

namespace innerloop {

inline const DeviceOptions kCuda = {.backend = Backend::cuda, .threads = 0, .instructions = ""};

/// Whether that is cuda-on-cpu, which runs CUDA programs without a GPU and reports what hardware lets pass.
inline bool is_emulated() { return Device(kCuda).name().starts_with("cuda-on-cpu"); }

/// What is learned in `iterations` iterations, on a device of its own.
inline std::vector<float> learned(const Config& config, int iterations, const DeviceOptions& options) {
  Device device(options);
  const auto learner = Algorithm::create(config, device);
  learner->allocate();
  for (int i = 1; i <= iterations; ++i) learner->iterate(static_cast<std::uint32_t>(i));
  return device.read(learner->params(), learner->learned().size());
}

inline double distance(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * static_cast<double>(a[i] - b[i]);
  return std::sqrt(sum);
}

}  // namespace innerloop
