// A policy adapted to one task, as a file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace innerloop {

struct Config;
class StepEvaluator;

struct AdaptedPolicy {
  std::vector<float>
      params;  // [P]  θ_K; the file of a policy with a context, or with a prompt, holds that alone
  std::vector<float> task;      // what it is adapted to, as in task_numbers
  std::vector<double> returns;  // mean return an episode before the first step, …, after the last: [K + 1]
  std::int64_t iteration = 0;   // of the run that it comes from
};

/// A run's config for adapting to one task alone: evaluated as held-out tasks are, with as many steps as asked for. `seed`
/// draws the task where it is not given.
Config adaptation_config(Config config, int steps, std::optional<std::uint32_t> seed);

/// What the run's `params` [M], after `iteration` iterations, come to by the steps of `evaluator`, which is of one task.
AdaptedPolicy adapt(StepEvaluator& evaluator, const std::vector<float>& params, std::int64_t iteration);

/// Writes it as `path`, atomically: docs/files.md. @throws RunError when the disk is full.
void write_adapted_policy(const std::filesystem::path& path, const AdaptedPolicy& policy,
                          const Config& config);

/// Puts what it has of the parameters [P] into the first of `params`, which the run has learned.
/// @throws InputError where it is of another environment or architecture than the config's, or where it is a context or a
/// prompt for another policy.
void read_adapted_policy(const std::filesystem::path& path, const Config& config, std::vector<float>& params);

}  // namespace innerloop
