// Environments side by side that are stepped with given actions: what a policy of somebody else's needs.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/config/config.h"
#include "engine/device/buffer_plan.h"
#include "engine/device/device.h"
#include "kernels/environment/step_environments.h"
#include "kernels/inner/choose_actions.h"

namespace innerloop {

/// Which tasks: those that a training meets, or those that an evaluation measures on.
enum class TaskSplit { train, held_out };

/// `count` tasks of the config's environment, or of its file, by `seed`. Train tasks are those of the first iteration of a
/// training with this seed; held-out ones are those of an evaluation with this `evaluation.seed`, or the file's first ones.
/// @throws InputError where the file holds out fewer.
TaskTable sample_tasks(const Config& config, int count, std::uint32_t seed, TaskSplit split, Device& device);

struct VectorOptions {
  int envs = 1;
  int horizon = 0;  // an episode's time limit in steps; 0: none
  Autoreset autoreset = Autoreset::next_step;
};

/// Environment e plays a task of its own. What it does depends on the seed, e, its task and its actions, and on nothing else:
/// not on how many environments there are, on threads, or on when the next episode starts.
class VectorEnvironment {
 public:
  /// Of the config's environment, the config's other options apart. Nothing has begun before the first reset.
  /// @throws InputError where it does not fit into memory.
  VectorEnvironment(const Config& config, const VectorOptions& options, Device& device);

  const EnvironmentInfo& info() const { return info_; }
  const VectorOptions& options() const { return options_; }
  Device& device() { return device_; }

  /// Tasks that environments play from their next reset on, [envs] or one for all; an empty table: drawn anew by each
  /// reset with a seed. `mask`, [envs] or empty: whose. @throws InputError for another number of tasks or of numbers.
  void set_tasks(const TaskTable& tasks, std::span<const std::uint8_t> mask = {});
  /// [envs]  the tasks that are played, as in task_numbers.
  const TaskTable& tasks() const { return tasks_; }

  /// Begins a trial in every environment, with its first episode. With a seed all starts from the beginning; without one
  /// random numbers go on. @throws InputError without a seed before the first reset.
  void reset(std::uint32_t seed);
  void reset();
  /// Starts the next episode of these environments, [envs]; a trial where a new task is waiting.
  /// @throws InputError where none is named, or before the first reset.
  void reset(std::span<const std::uint8_t> mask);
  /// A step with what is in actions() or choices(). @throws InputError before the first reset, for a choice that there is not
  /// (on the CPU; a GPU takes the nearest), and, where episodes do not start by themselves, for one that is over.
  void step();

  // In the device's memory, of one address for good, aligned to 64 bytes; there for as long as memory() is held.
  const std::shared_ptr<void>& memory() const { return memory_; }
  float* actions() { return actions_; }                  // [env][number]; null where actions are choices
  std::int32_t* choices() { return choices_; }           // [env][group]; null where they are real numbers
  const SeenRows<float>& seen() const { return seen_; }  // [env][number], [env][symbol]
  const SeenRows<float>& last_seen() const {
    return last_seen_;
  }                                                  // where an episode has ended, in Autoreset::same_step
  const float* rewards() const { return rewards_; }  // [env]
  const std::uint8_t* terminated() const { return terminated_; }  // [env]
  const std::uint8_t* truncated() const { return truncated_; }    // [env]
  const std::uint8_t* allowed() const { return allowed_; }  // [env][choice of all groups]; null: all are

  /// What a policy saw, did and got, step by step; in the device's memory while `memory` lives.
  struct Rollout {
    int steps = 0;
    std::shared_ptr<void> memory;
    SeenRows<float> seen;  // [steps + 1][env][…]  what step t begins with; at last, what the last one led to
    SeenRows<float> last_seen;  // [steps][env][…]  in Autoreset::same_step where an episode ended, else 0
    float* actions = nullptr;   // [steps][env][number]; null: of choices
    std::int32_t* choices = nullptr;                           // [steps][env][group]; null: of real numbers
    float* log_probs = nullptr;                                // [steps][env]
    float* rewards = nullptr;                                  // [steps][env]
    std::uint8_t *terminated = nullptr, *truncated = nullptr;  // [steps][env]
    std::uint8_t* allowed = nullptr;                           // [steps + 1][env][choice]; null: all were
  };
  /// Has the config's policy with these parameters ([P]) act for `steps` steps, from here on, without leaving the device:
  /// on a CPU a thread carries its environments through all of them. `deterministic`: the mean, or the likeliest action.
  /// @throws InputError where the policy has a memory, or is of an environment with other sizes; before the first reset.
  Rollout rollout(const Config& policy, std::span<const float> params, int steps, bool deterministic);

  /// An image of each environment as it stands, by its family's sketch (engine/evaluation/tiles.h): [env][height][width][3].
  /// @throws InputError where the family has no sketch, and before the first reset.
  std::vector<std::uint8_t> images(int width, int height) const;

  /// Everything that what comes next depends on.
  struct State {
    std::uint32_t seed = 0;
    TaskTable tasks;                             // [env]
    std::vector<float> numbers;                  // [env][EnvironmentInfo::state_size]
    std::vector<std::int32_t> episode, elapsed;  // [env]
    std::vector<std::int32_t> over;              // [env]  1 where an episode has ended and none has started
    bool operator==(const State&) const = default;
  };
  State state() const;
  /// Goes on from there, with what is seen then. @throws InputError where it is of another size.
  void set_state(const State& state);

 private:
  void check_begun() const;
  void check_choices() const;
  void check_going_on() const;
  // Begins what is asked of each environment, [env], with the tasks that wait for it.
  void begin(std::span<const Begin> begins);
  void write_tasks();
  // Enqueues a step, or, where `begins` is not null, what begins; waits on the CPU.
  void run(const Begin* begins);
  template <class Env>
  StepEnvironments<float, Env> step_of(const typename Env::Options& options) const;
  int tile_envs() const;

  const Config config_;
  const EnvironmentInfo info_;
  const VectorOptions options_;
  Device& device_;
  BufferPlan plan_;
  std::shared_ptr<void> memory_;
  bool begun_ = false, draws_ = true;
  std::uint32_t seed_ = 0;
  TaskTable tasks_, next_tasks_;     // next: from the next reset on
  std::vector<std::uint8_t> waits_;  // [env]  1 where that is another one
  RandomKey* key_ = nullptr;
  float* task_numbers_ = nullptr;
  float* state_ = nullptr;
  std::int32_t *episode_ = nullptr, *elapsed_ = nullptr, *over_ = nullptr;
  Begin* begins_ = nullptr;
  float* actions_ = nullptr;
  std::int32_t* choices_ = nullptr;
  SeenRows<float> seen_, last_seen_;
  float* rewards_ = nullptr;
  std::uint8_t *terminated_ = nullptr, *truncated_ = nullptr, *allowed_ = nullptr;
};

}  // namespace innerloop
