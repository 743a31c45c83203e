// Trials on a device: tasks, and what a policy does in them, with a memory or without.
#pragma once

#include <optional>
#include <vector>

#include "engine/device/buffer_plan.h"
#include "engine/device/device.h"
#include "engine/device/state_tensor.h"
#include "engine/stages/played_tasks.h"
#include "engine/stages/soft_rollout.h"
#include "engine/stages/trial_rollout.h"
#include "engine/stages/trial_setup.h"

namespace innerloop {

class TrialLoop {
 public:
  /// `tasks` × `envs_per_task` trials side by side; for `advantages` they have room for those, and the values' targets.
  TrialLoop(const TrialSetup& setup, int tasks, int envs_per_task, bool advantages, Device& device,
            BufferPlan& plan);

  const TrialPolicy& policy() const { return setup_.policy; }
  const MemoryPolicyShape& shape() const { return shape_of(setup_.policy); }
  const Trials<float>& trials() const { return trials_; }
  /// Of what is learned, how many numbers acting takes: the first ones.
  std::int64_t parameters() const;
  int envs_per_task() const { return envs_per_task_; }
  int envs() const { return trials_.batch.envs; }
  int episodes() const { return trials_.episodes(); }
  /// [1] on the device, once the plan's memory is bound.
  const RandomKey* key() const { return key_; }

  /// After the plan's memory is bound.
  void prepare() { tasks_.prepare(); }
  /// Tasks to use from now on, in place of drawn ones: one for all, or as many as are played.
  void fix_tasks(const TaskTable& tasks) { tasks_.fix(tasks); }
  /// Room for the numbers of the tasks to use from now on, [env][number] in device memory, which whoever asks fills before
  /// each play.
  float* take_over_tasks() { return tasks_.take_over(); }
  int task_size() const { return setup_.environment_info.task_size; }
  /// The numbers of an environment's task, as in task_numbers, once it has been played. Waits.
  std::vector<float> task(int env) const { return tasks_.at(env); }
  /// Those of each task, once, in its place among them. Waits.
  TaskTable tasks() const;
  /// Keys all random numbers from now on.
  void set_key(RandomKey key);
  /// Draws the tasks and plays a trial in each environment with θ ([P]); where episodes go on, a trial's steps from where the
  /// last play ended. `deterministic`: the mean, or the likeliest action. `inner_step`: the number of the play among an
  /// iteration's, each of which draws random numbers of its own.
  void play(const float* params, bool deterministic = false, int inner_step = 0);
  /// From now on trials begin with the policy's prompt and these numbers added to it, [env][prompt_numbers] in device memory.
  void begin_with(const float* prompts) { prompts_ = prompts; }
  /// Those; null: nothing is added.
  const float* prompts() const { return prompts_; }
  /// What each trial of the last play brought, [env] in device memory. @pre episodes do not go on.
  const float* trial_returns() const { return returns_ + std::ptrdiff_t{episodes()} * envs(); }

  /// What the trials brought, on the host. Waits.
  struct Returns {
    std::vector<std::vector<float>> of_episode;  // [episode][env]
    std::vector<std::vector<float>> lengths;     // [episode][env]  steps
    std::vector<std::vector<float>> solved;  // [episode][env]  1 or 0; none where no episode is ever solved
    // [episode][env]  steps that begin beyond a limit of the plant; none where it has none
    std::vector<std::vector<float>> beyond_limits;
    std::vector<float> of_trial;       // [env]
    std::vector<float> trial_lengths;  // [env]  steps that count
    int envs_per_task = 1;             // a task's are side by side
  };
  /// @pre episodes do not go on.
  Returns returns() const;

  /// What the last play brought of episodes that go on, on the host: of each environment. Waits.
  struct Finished {
    std::vector<float> returns, steps,
        episodes;                // [env]  sums over the episodes that ended in it, and how many those are
    std::vector<float> rewards;  // [env]  of all its steps
  };
  /// @pre episodes go on.
  Finished finished() const;
  bool episodes_go_on() const { return setup_.goes_on; }
  /// What one play leaves to the next, for checkpoints; nothing unless episodes go on.
  std::vector<StateTensor> state() const;

  /// What steps believed of their task before they acted, on the host.
  struct Beliefs {
    int envs = 0, latent = 0;    // latent: numbers of it; 0: there are no beliefs
    std::vector<float> numbers;  // [step][env][mean, log variance][number]

    double mean(int step, int env, int number) const { return numbers[at(step, env) + index(number)]; }
    double deviation(int step, int env, int number) const;

   private:
    static std::size_t index(int i) { return static_cast<std::size_t>(i); }
    std::size_t at(int step, int env) const {
      return (index(step) * index(envs) + index(env)) * 2 * index(latent);
    }
  };
  /// Of the setup's `told_envs`, or as many as there are. Waits.
  Beliefs beliefs() const;

 private:
  // From where they are kept to where they are played, or back.
  void carry(bool back);
  int told_envs() const;
  // As Returns has them.
  std::vector<std::vector<float>> solved_episodes() const;
  std::vector<std::vector<float>> steps_beyond_limits() const;

  const TrialSetup setup_;
  const int envs_per_task_;
  Device& device_;
  PlayedTasks tasks_;
  Trials<float> trials_;
  float* shown_rewards_ = nullptr;  // [row]  that returns are of; null: the rewards
  float* returns_ = nullptr;
  float* lengths_ = nullptr;
  float* beliefs_ = nullptr;  // as Beliefs has them; null: they are not kept
  const float* prompts_ = nullptr;
  // Where episodes go on:
  float* carried_ = nullptr;    // [number][env]  the environments
  float* own_tasks_ = nullptr;  // [padded(env)][number]  their tasks, where those are in memory
  float* open_ = nullptr;       // [OpenEpisode][env]
  float* finished_ = nullptr;   // [FinishedSum][env]
  RandomKey* key_ = nullptr;
  // One of them, once the sizes are known.
  std::optional<TrialRollout> rollout_;
  std::optional<SoftRollout> soft_rollout_;
};

}  // namespace innerloop
