// Pictures of what a trained agent does in some tasks: before and after gradient steps, or in the episodes of a trial.
#pragma once

#include <string>
#include <vector>

#include "engine/config/config.h"
#include "engine/device/device.h"
#include "engine/pictures/picture.h"

namespace innerloop {

/// "goal_x 0.3, goal_y -0.4"; of a large task how many numbers it has.
std::string task_words(const std::vector<float>& task, const Config& config);

/// "-1.25 in 100 steps": what an episode of those rewards brought.
std::string episode_words(const std::vector<float>& rewards);

/// A row for each task of the config's `evaluation`, or for `fixed_task` (engine/config/tasks.h) alone where that is not empty:
/// in each the first episode of the first trajectory after each of these numbers of gradient steps, with its return and the
/// mean of all trajectories.
/// @pre the algorithm has an inner loop, the environment a sketch. @throws InputError where the memory does not fit.
std::vector<PictureRow> rows_of_steps(const Config& config, Device& device, const std::vector<float>& params,
                                      const std::vector<int>& steps, const std::vector<float>& fixed_task);

/// The same of trials: in each row these episodes of a trial, from 1; where none are named the first ones and the last.
/// @pre the algorithm plays trials, the environment has a sketch.
/// @throws InputError, from `--episodes`, for an episode that there is not; where the memory does not fit.
std::vector<PictureRow> rows_of_episodes(const Config& config, Device& device,
                                         const std::vector<float>& params, const std::vector<int>& episodes,
                                         const std::vector<float>& fixed_task);

}  // namespace innerloop
