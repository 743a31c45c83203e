// What trials are made from: the part of a config that they need.
#pragma once

#include <optional>

#include "engine/config/algorithm_options.h"
#include "engine/config/environment_info.h"
#include "engine/config/environment_options.h"
#include "engine/learned/soft_actor_critic.h"
#include "kernels/memories/registry.h"

namespace innerloop {

struct TrialSetup {
  EnvironmentOptions environment;
  EnvironmentInfo environment_info;
  TaskTable train_tasks;  // that tasks are drawn from; empty: the environment draws them
  TrialPolicy policy;
  // What acts in its place where soft actor-critic learns: then the policy is a head that puts out what it reads.
  std::optional<SoftActor> soft;
  int steps = 0;              // of a trial, or of a play where episodes go on
  int episode_steps = 0;      // an episode's most
  int trial_episodes = 0;     // that count; 0: all that a trial's steps have
  bool looks_beyond = false;  // an episode that the trial cuts off is worth there what the value head says
  bool limit_ends = false;    // but not where its time limit does
  bool goes_on = false;       // each play with the episodes in which the last one ended
  bool keeps_next = false;    // training keeps what each step leads to, before the next episode starts
  // Of so many environments, the first ones, what their steps believed of their task is kept, where the policy has beliefs.
  int told_envs = 0;
  Precision precision = Precision::float32;
};

/// @pre the config's algorithm plays trials.
TrialSetup trial_setup(const Config& config);
/// What training plays: the same, but for episodes that go on over iterations.
TrialSetup training_setup(const Config& config);

}  // namespace innerloop
