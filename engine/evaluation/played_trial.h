// What an agent did, step by step: for looking at what it has learned.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/config/config.h"
#include "engine/device/device.h"
#include "kernels/networks/batch.h"

namespace innerloop {

struct PlayedStep {
  std::vector<float> saw;                  // the observation, [observation_size]
  std::vector<float> did;                  // the action's numbers, or its index
  float got = 0;                           // the reward
  bool ended = false;                      // the episode, with this step
  std::vector<std::int32_t> symbols = {};  // that were seen, [place]
  // What the policy believed of its task, where it has beliefs: of each number the mean and the standard deviation.
  std::vector<float> belief_means = {}, belief_deviations = {};
};

/// What one environment of a batch did in its task's trajectory, of which `seen` numbers are observations; actions are
/// those that the environment was handed, within ± `squash` where that is not 0. `batch` begins with the task. Waits.
std::vector<PlayedStep> played_steps(Device& device, const Batch<float>& batch, int seen, float squash,
                                     int env);
/// Those of them up to the first that ends an episode.
std::vector<PlayedStep> first_episode(Device& device, const Batch<float>& batch, int seen, float squash,
                                      int env);

/// What an environment did in a trial that was drawn with {config.evaluation.seed, kEvaluationIteration}.
struct PlayedTrial {
  std::vector<float> task;  // as in task_numbers
  std::vector<PlayedStep> steps;
};

/// The first trial in each task of the config's `evaluation`, with what was learned ([M]); or, where `fixed_task`
/// (engine/config/tasks.h) is not empty, one in that task alone.
/// @pre the algorithm has trials. @throws InputError where the memory does not fit.
std::vector<PlayedTrial> play_trials(const Config& config, Device& device, const std::vector<float>& params,
                                     const std::vector<float>& fixed_task = {});
/// The first of them alone.
PlayedTrial play_trial(const Config& config, Device& device, const std::vector<float>& params,
                       const std::vector<float>& fixed_task = {});

/// The trial as a table: a line a step, what was seen and done in the environment's words, where there are beliefs the mean ±
/// standard deviation of each number that the step acted on, and what the episode and the trial have brought so far; then the
/// return of each episode.
std::string trial_story(const PlayedTrial& trial, const Config& config);

}  // namespace innerloop
