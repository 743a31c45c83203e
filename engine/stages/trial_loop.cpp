#include "engine/stages/trial_loop.h"

#include <algorithm>
#include <cmath>

#include "engine/device/launch.h"
#include "engine/error.h"
#include "kernels/beliefs/trial_beliefs.h"
#include "kernels/trials/carry.h"

namespace innerloop {
namespace {

// Numbers of the latent variable that a policy has beliefs about; 0: it has none.
int latent_of(const TrialSetup& setup) {
  if (setup.soft) return setup.soft->nets.latent;
  const auto* policy = std::get_if<MemoryPolicy<Belief>>(&setup.policy);
  return policy == nullptr ? 0 : policy->memory.latent;
}

}  // namespace

TrialLoop::TrialLoop(const TrialSetup& setup, int tasks, int envs_per_task, bool advantages, Device& device,
                     BufferPlan& plan)
    : setup_(setup),
      envs_per_task_(envs_per_task),
      device_(device),
      tasks_(setup.environment, setup.environment_info, tasks, envs_per_task, setup.train_tasks, device,
             plan) {
  device.use(setup.precision);
  const EnvironmentInfo& environment = setup_.environment_info;
  const bool looks_beyond = advantages && setup.looks_beyond;
  Batch<float>& b = trials_.batch;
  b.horizon = setup.steps;
  trials_.episode_steps = setup.episode_steps;
  trials_.counted_episodes = setup.trial_episodes;
  b.looks_beyond = looks_beyond;
  if (looks_beyond && setup.goes_on && !setup.limit_ends) b.limits = trials_.limit_steps();
  const std::int64_t envs = std::int64_t{tasks} * envs_per_task, rows = envs * b.seen_steps();
  if (rows > (std::int64_t{1} << 30))
    throw InputError("steps of a trial × tasks × environments: wanted at most 2^30 samples, found " +
                     std::to_string(rows));
  const MemoryPolicyShape& shape = this->shape();
  b.envs = static_cast<int>(envs);
  b.observation_size = shape.numbers();
  b.action_size = environment.action_size;
  b.row_stride = (rows + 15) / 16 * 16;
  plan.add(&key_, "key", "[seed, iteration]", {1});
  plan.add(&b.observations, "inputs", "[dimension][row]", {b.observation_size, b.row_stride});
  plan.add(&b.actions, "actions", "[dimension][row]", {b.action_size, b.row_stride});
  b.symbol_places = environment.observation.symbols;
  if (b.symbol_places > 0) plan.add(&b.symbols, "symbols", "[place][row]", {b.symbol_places, b.row_stride});
  if (environment.has_allowed)
    plan.add(&b.allowed, "allowed", "[word][row]", {environment.action_words(), b.row_stride});
  plan.add(&b.log_probs, "log_probs", "[row]", {b.row_stride});
  plan.add(&b.rewards, "rewards", "[row]", {b.row_stride});
  plan.add(&b.ends, "ends", "[row]", {b.row_stride});
  if (b.looks_beyond) plan.add(&b.terminated, "terminated", "[row]", {b.row_stride});
  plan.add(&trials_.values, "values", "[row]", {b.row_stride});
  if (advantages) {
    plan.add(&b.advantages, "advantages", "[row]", {b.row_stride});
    plan.add(&trials_.targets, "value_targets", "[row]", {b.row_stride});
    if (setup.trial_episodes > 0) plan.add(&b.valid, "weights", "[row]", {b.row_stride});
  }
  if (setup.soft ? advantages || setup.soft->infers() : advantages && setup.keeps_next)
    plan.add(&b.next_observations, "next_observations", "[dimension][row]",
             {environment.observation.numbers, b.row_stride});
  if (setup.soft && setup.soft->encoder.steps.within > 0)
    plan.add(&shown_rewards_, "shown_rewards", "[row]", {b.row_stride});
  if (setup.goes_on) {
    plan.add(&open_, "open_episodes", "[return, rest, steps][env]", {kOpenEpisode, envs});
    plan.add(&finished_, "finished_episodes", "[sum][env]", {kFinishedSums, envs});
  } else {
    plan.add(&returns_, "returns", "[episode + trial][env]", {episodes() + 1, envs});
    plan.add(&lengths_, "lengths", "[episode + trial][env]", {episodes() + 1, envs});
  }
  if (told_envs() > 0 && latent_of(setup) > 0)
    plan.add(&beliefs_, "beliefs", "[step][env][mean, log variance][number]",
             {setup.steps, told_envs(), 2, latent_of(setup)});
  if (setup.soft)
    soft_rollout_.emplace(setup.environment, *setup.soft, shape, b.envs, device, plan);
  else
    rollout_.emplace(setup.environment, setup.policy, b.envs, setup.steps, is_wide(setup.policy), device,
                     plan);
  if (!setup.goes_on) return;
  plan.add(&carried_, "carried_environments", "[number][env]", {rollout_->between_size(), envs});
  if (environment.task_in_memory)
    plan.add(&own_tasks_, "carried_tasks", "[env][number]", {padded(this->envs()), environment.task_size});
}

void TrialLoop::set_key(RandomKey key) { device_.once(SetKey<float>{key, key_}); }

void TrialLoop::play(const float* params, bool deterministic, int inner_step) {
  tasks_.draw(key_);
  if (setup_.goes_on) carry(true);
  with_environment(setup_.environment, [&]<class Env>(const typename Env::Options& options) {
    TrialPlay<float, Env> play;
    play.shape = shape();
    play.trials = trials_;
    play.tasks = tasks_.numbers();
    play.goes_on = setup_.goes_on;
    play.own_tasks = own_tasks_;
    play.options = options;
    play.key = key_;
    play.envs_per_task = envs_per_task_;
    play.deterministic = deterministic;
    play.inner_step = static_cast<std::uint32_t>(inner_step);
    play.limit_ends = setup_.limit_ends;
    if (rollout_) return rollout_->enqueue(play, params, prompts_);
    soft_rollout_->enqueue(play, params, beliefs_, told_envs());
  });
  if (setup_.goes_on) {
    carry(false);
    return device_.once(FinishedReturns<float>{trials_, open_, finished_});
  }
  if (const auto* policy = std::get_if<MemoryPolicy<Belief>>(&setup_.policy); policy && beliefs_) {
    TrialBeliefs<float> told;
    told.shape = policy->memory;
    told.trials = trials_;
    told.envs = told_envs();
    told.params = params;
    told.beliefs = beliefs_;
    device_.per_task(told, told.tiles());
  }
  Trials<float> shown = trials_;
  if (shown_rewards_ != nullptr) {
    device_.once(ShowRewards<float>{setup_.soft->encoder.steps, trials_.batch.rewards, shown_rewards_,
                                    trials_.batch.rows()});
    shown.batch.rewards = shown_rewards_;
  }
  device_.once(EpisodeReturns<float>{shown, returns_, lengths_});
}

std::int64_t TrialLoop::parameters() const {
  return setup_.soft ? setup_.soft->parameters() : parameters_of(setup_.policy);
}

TaskTable TrialLoop::tasks() const {
  const TaskTable of_envs = tasks_.all();
  TaskTable tasks;
  for (std::size_t env = 0; env < of_envs.size(); env += static_cast<std::size_t>(envs_per_task_))
    tasks.push_back(of_envs[env]);
  return tasks;
}

void TrialLoop::carry(bool back) {
  device_.per_task(
      CarryEpisodes<float>{envs(), rollout_->between_size(), back, rollout_->between(), carried_},
      trials_.tiles());
}

std::vector<StateTensor> TrialLoop::state() const {
  if (!setup_.goes_on) return {};
  const auto tensor = [](const char* name, std::int64_t rows, std::int64_t columns, float* data) {
    const std::int64_t bytes = rows * columns * static_cast<std::int64_t>(sizeof(float));
    return StateTensor{name, DType::F32, {rows, columns}, data, bytes};
  };
  std::vector<StateTensor> tensors = {
      tensor("episodes.environments", rollout_->between_size(), envs(), carried_),
      tensor("episodes.returns", kOpenEpisode, envs(), open_)};
  // The same tensors before there is memory.
  if (setup_.environment_info.task_in_memory)
    tensors.push_back(tensor("episodes.tasks", envs(), task_size(), own_tasks_));
  return tensors;
}

TrialLoop::Finished TrialLoop::finished() const {
  const auto row = [&](FinishedSum sum) {
    return device_.read(finished_ + std::ptrdiff_t{sum} * envs(), std::int64_t{envs()});
  };
  return {row(kFinishedReturns), row(kFinishedSteps), row(kFinishedEpisodes), row(kPlayedReward)};
}

TrialLoop::Returns TrialLoop::returns() const {
  const auto rows = [&](const float* from) {
    std::vector<float> all(static_cast<std::size_t>(episodes() + 1) * static_cast<std::size_t>(envs()));
    device_.read(from, all);
    std::vector<std::vector<float>> numbers;
    for (auto row = all.begin(); row != all.end(); row += envs()) numbers.emplace_back(row, row + envs());
    return numbers;
  };
  Returns result;
  result.of_episode = rows(returns_);
  result.of_trial = std::move(result.of_episode.back());
  result.of_episode.pop_back();
  result.lengths = rows(lengths_);
  result.trial_lengths = std::move(result.lengths.back());
  result.lengths.pop_back();
  if (setup_.environment_info.solved_when_paid) result.solved = solved_episodes();
  if (setup_.environment_info.beyond_limits) result.beyond_limits = steps_beyond_limits();
  result.envs_per_task = envs_per_task_;
  return result;
}

int TrialLoop::told_envs() const { return std::min(setup_.told_envs, envs()); }

TrialLoop::Beliefs TrialLoop::beliefs() const {
  if (beliefs_ == nullptr) return {};
  Beliefs told{told_envs(), latent_of(setup_), {}};
  told.numbers = device_.read(beliefs_, std::int64_t{trials_.batch.horizon} * told.envs * 2 * told.latent);
  return told;
}

double TrialLoop::Beliefs::deviation(int step, int env, int number) const {
  return std::exp(0.5 * double{numbers[at(step, env) + index(latent + number)]});
}

std::vector<std::vector<float>> TrialLoop::solved_episodes() const {
  const auto envs = static_cast<std::size_t>(this->envs());
  std::vector<float> rewards(envs * static_cast<std::size_t>(trials_.batch.horizon)), ends(rewards.size());
  device_.read(trials_.batch.rewards, rewards);
  device_.read(trials_.batch.ends, ends);
  std::vector<std::vector<float>> solved(static_cast<std::size_t>(episodes()), std::vector<float>(envs));
  std::vector<std::size_t> episode(envs);
  for (std::size_t row = 0; row < ends.size(); ++row) {
    const std::size_t env = row % envs;
    if (!(ends[row] > 0)) continue;
    if (episode[env] < solved.size()) solved[episode[env]][env] = rewards[row] > 0 ? 1.0f : 0.0f;
    ++episode[env];
  }
  return solved;
}

std::vector<std::vector<float>> TrialLoop::steps_beyond_limits() const {
  const auto envs = static_cast<std::size_t>(this->envs()),
             stride = static_cast<std::size_t>(trials_.batch.row_stride),
             count = static_cast<std::size_t>(setup_.environment_info.observation.numbers);
  std::vector<float> numbers(count * stride), ends(envs * static_cast<std::size_t>(trials_.batch.horizon)),
      seen(count);
  device_.read(trials_.batch.observations, numbers);
  device_.read(trials_.batch.ends, ends);
  std::vector<std::vector<float>> steps(static_cast<std::size_t>(episodes()), std::vector<float>(envs));
  std::vector<std::size_t> episode(envs);
  for (std::size_t row = 0; row < ends.size(); ++row) {
    const std::size_t env = row % envs;
    if (episode[env] == steps.size()) continue;
    for (std::size_t i = 0; i < count; ++i) seen[i] = numbers[i * stride + row];
    if (setup_.environment_info.beyond_limits(seen)) ++steps[episode[env]][env];
    if (ends[row] > 0) ++episode[env];
  }
  return steps;
}

}  // namespace innerloop
