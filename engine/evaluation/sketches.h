// Episodes as shapes: played again on the host, with the bits that the device had, and put on a canvas state by state.
#pragma once

#include <string>
#include <vector>

#include "engine/config/config.h"
#include "engine/error.h"
#include "engine/evaluation/played_trial.h"
#include "engine/pictures/sketch.h"
#include "kernels/environment/sketch.h"
#include "kernels/lanes/random.h"

namespace innerloop {

/// What an environment did in its task's trajectory or trial, and what its random numbers were drawn with.
struct PlayedEpisodes {
  RandomKey key;
  int task = 0;        // its number among those that were played
  int env = 0;         // the environment's number among the task's
  int inner_step = 0;  // that the trajectory was drawn for; of a trial 0
  std::vector<PlayedStep> steps;
};

struct SketchedEpisode {
  std::vector<Sketch> states;  // one more than steps
  std::vector<float> rewards;  // as they come again
};

/// Plays the steps again in `task` (its numbers as in task_numbers), episode by episode.
/// @pre the config's environment has a sketch.
std::vector<SketchedEpisode> sketch(const Config& config, const std::vector<float>& task,
                                    const PlayedEpisodes& played);

/// @throws InputError where `Env` draws no picture, which `flag` asks for.
template <class Env>
void check_sketches(const std::string& flag) {
  if constexpr (!Sketches<Env>)
    throw InputError(flag +
                     ": wanted an environment that can be drawn (kernels/environment/sketch.h), found \"" +
                     Env::name + "\"");
}

}  // namespace innerloop
