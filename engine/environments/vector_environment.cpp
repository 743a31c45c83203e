#include "engine/environments/vector_environment.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/device/launch.h"
#include "engine/device/planned_buffers.h"
#include "engine/error.h"
#include "engine/evaluation/curve.h"
#include "engine/evaluation/tiles.h"
#include "engine/learned/policy.h"
#include "engine/stages/played_tasks.h"

namespace innerloop {
namespace {

// What tells their random numbers from those of a training's iterations and of evaluations.
constexpr std::uint32_t kVectorIteration = kEvaluationIteration - 1;
// Environments that a team steps; a GPU has a thread for each.
constexpr int kCudaTileEnvs = 256, kLeastTileEnvs = 1024;
// Of those that a policy acts in, so that what it computes fits into a cache, or a multiprocessor's shared memory.
constexpr int kPolicyEnvs = 128, kCudaPolicyEnvs = 32;

std::string counted(std::size_t envs, const std::string& what) {
  return std::to_string(envs) + " " + what + (envs == 1 ? "" : "s");
}

void check_mask(std::span<const std::uint8_t> mask, int envs) {
  if (static_cast<int>(mask.size()) != envs)
    throw InputError("mask: wanted one for each of " +
                     counted(static_cast<std::size_t>(envs), "environment") + ", found " +
                     std::to_string(mask.size()));
}

void check_plays_here(const Config& policy, const EnvironmentInfo& here, std::size_t params) {
  if (has_memory(policy) || find_inner_loop(policy) == nullptr)
    throw InputError(
        "rollout: wanted a policy without a memory, of an algorithm that learns by gradient steps, found \"" +
        policy_name(policy) + "\" of \"" + algorithm_name(policy) + "\"");
  const EnvironmentInfo its = environment_info(policy);
  const auto same = [](const Observation& a, const Observation& b) {
    return a.numbers == b.numbers && a.symbols == b.symbols && a.kinds == b.kinds;
  };
  if (!same(its.observation, here.observation) || its.head != here.head ||
      its.group_sizes != here.group_sizes || its.action_size != here.action_size)
    throw InputError("rollout: wanted a policy that sees and does what \"" + here.name +
                     "\" has, found one of \"" + its.name + "\" with " +
                     std::to_string(its.observation.numbers) + " numbers seen and " +
                     std::to_string(its.action_count) + " put out");
  const std::int64_t wanted = policy_shape(policy).parameters();
  if (static_cast<std::int64_t>(params) < wanted)
    throw InputError("rollout: wanted the " + std::to_string(wanted) + " parameters of the policy, found " +
                     std::to_string(params));
}

}  // namespace

TaskTable sample_tasks(const Config& config, int count, std::uint32_t seed, TaskSplit split, Device& device) {
  const bool held_out = split == TaskSplit::held_out;
  if (held_out && !config.held_out_tasks.empty()) {
    const TaskTable& all = config.held_out_tasks;
    if (count > static_cast<int>(all.size()))
      throw InputError("tasks: wanted at most the " + std::to_string(all.size()) +
                       " tasks that the file holds out, found " + std::to_string(count));
    return {all.begin(), all.begin() + count};
  }
  BufferPlan plan;
  RandomKey* key = nullptr;
  PlayedTasks tasks(config.environment, environment_info(config), count, 1,
                    held_out ? TaskTable{} : config.train_tasks, device, plan);
  plan.add(&key, "key", "", {1});
  const auto memory = allocate_planned(device, plan, "these tasks");
  tasks.prepare();
  device.write(key, RandomKey{seed, held_out ? kEvaluationIteration : 0});
  tasks.draw(key);
  return tasks.all();
}

VectorEnvironment::VectorEnvironment(const Config& config, const VectorOptions& options, Device& device)
    : config_(config),
      info_(environment_info(config)),
      options_(options),
      device_(device),
      waits_(static_cast<std::size_t>(options.envs)) {
  const std::int64_t envs = options.envs, padded_envs = padded(options.envs);
  const Observation& observation = info_.observation;
  plan_.add(&key_, "key", "", {1});
  plan_.add(&task_numbers_, "tasks", "[env][number]", {padded_envs, info_.task_size});
  plan_.add(&state_, "state", "[number][env]", {info_.state_size, padded_envs});
  plan_.add(&episode_, "episode", "[env]", {padded_envs});
  plan_.add(&elapsed_, "elapsed", "[env]", {padded_envs});
  plan_.add(&over_, "over", "[env]", {padded_envs});
  plan_.add(&begins_, "begins", "[env]", {padded_envs});
  if (info_.group_sizes.empty())
    plan_.add(&actions_, "actions", "[env][number]", {envs, info_.action_size});
  else
    plan_.add(&choices_, "choices", "[env][group]", {envs, info_.action_size});
  const auto add_seen = [&](SeenRows<float>& seen, const std::string& name) {
    if (observation.numbers > 0) plan_.add(&seen.numbers, name, "[env][number]", {envs, observation.numbers});
    if (observation.symbols > 0)
      plan_.add(&seen.symbols, name + "_symbols", "[env][symbol]", {envs, observation.symbols});
  };
  add_seen(seen_, "seen");
  if (options.autoreset == Autoreset::same_step) add_seen(last_seen_, "last_seen");
  plan_.add(&rewards_, "rewards", "[env]", {envs});
  plan_.add(&terminated_, "terminated", "[env]", {envs});
  plan_.add(&truncated_, "truncated", "[env]", {envs});
  if (info_.has_allowed) plan_.add(&allowed_, "allowed", "[env][choice]", {envs, info_.action_count});
  memory_ = allocate_planned(device, plan_, "this vector of environments");
}

void VectorEnvironment::set_tasks(const TaskTable& tasks, std::span<const std::uint8_t> mask) {
  const std::size_t envs = waits_.size();
  if (!mask.empty()) check_mask(mask, options_.envs);
  if (tasks.empty()) {
    draws_ = true;
    return;
  }
  if (tasks.size() != 1 && tasks.size() != envs)
    throw InputError("tasks: wanted one, or one for each of " + counted(envs, "environment") + ", found " +
                     std::to_string(tasks.size()));
  for (std::size_t e = 0; e < tasks.size(); ++e)
    if (tasks[e].size() != info_.task_numbers.size())
      throw InputError("tasks[" + std::to_string(e) + "]: wanted " +
                       counted(info_.task_numbers.size(), "number") + ", found " +
                       std::to_string(tasks[e].size()));
  if (!mask.empty() && tasks_.empty())
    throw InputError("mask: wanted tasks for all environments before the first reset, found some");
  next_tasks_.resize(envs);
  for (std::size_t e = 0; e < envs; ++e) {
    if (!mask.empty() && mask[e] == 0) continue;
    next_tasks_[e] = tasks[tasks.size() == 1 ? 0 : e];
    waits_[e] = 1;
  }
  draws_ = false;
}

void VectorEnvironment::reset(std::uint32_t seed) {
  seed_ = seed;
  device_.write(key_, RandomKey{seed, kVectorIteration});
  if (draws_) {
    next_tasks_ = sample_tasks(config_, options_.envs, seed, TaskSplit::train, device_);
    std::ranges::fill(waits_, 1);
  }
  // The first episode is number 0.
  const std::vector<std::int32_t> before(static_cast<std::size_t>(padded(options_.envs)), -1);
  device_.write(episode_, before);
  begun_ = true;
  begin(std::vector(waits_.size(), Begin::trial));
}

void VectorEnvironment::reset() {
  check_begun();
  begin(std::vector(waits_.size(), Begin::trial));
}

void VectorEnvironment::reset(std::span<const std::uint8_t> mask) {
  check_begun();
  check_mask(mask, options_.envs);
  if (std::ranges::none_of(mask, [](std::uint8_t asked) { return asked != 0; }))
    throw InputError("reset_mask: wanted at least one environment to reset, found none");
  std::vector<Begin> begins(mask.size(), Begin::nothing);
  for (std::size_t e = 0; e < mask.size(); ++e)
    if (mask[e] != 0) begins[e] = waits_[e] != 0 ? Begin::trial : Begin::episode;
  begin(begins);
}

void VectorEnvironment::step() {
  check_begun();
  if (choices_ != nullptr && !device_.is_cuda()) check_choices();
  if (options_.autoreset == Autoreset::disabled) check_going_on();
  run(nullptr);
}

void VectorEnvironment::begin(std::span<const Begin> begins) {
  bool another = false;
  if (tasks_.empty()) tasks_.resize(begins.size());
  for (std::size_t e = 0; e < begins.size(); ++e)
    if (waits_[e] != 0 && begins[e] != Begin::nothing) {
      tasks_[e] = next_tasks_[e];
      waits_[e] = 0;
      another = true;
    }
  if (another) write_tasks();
  // Those past the last environment do as it does.
  std::vector<Begin> all(begins.begin(), begins.end());
  all.resize(static_cast<std::size_t>(padded(options_.envs)), all.back());
  device_.write(begins_, all);
  run(begins_);
}

void VectorEnvironment::write_tasks() {
  const std::size_t stride = static_cast<std::size_t>(padded(options_.envs)),
                    size = static_cast<std::size_t>(info_.task_size);
  std::vector<float> numbers(stride * size);
  for (std::size_t e = 0; e < stride; ++e) {
    const std::vector<float>& task = tasks_[std::min(e, tasks_.size() - 1)];
    for (std::size_t i = 0; i < task.size(); ++i)
      numbers[info_.task_in_memory ? e * size + i : i * stride + e] = task[i];
  }
  device_.write(task_numbers_, numbers);
}

// On a CPU a part for each thread, which so keeps its environments in its cache from step to step; few are left to one, as
// a step of them takes no longer than it takes to wake another.
int VectorEnvironment::tile_envs() const {
  if (device_.is_cuda()) return kCudaTileEnvs;
  return padded(std::max(kLeastTileEnvs, ceil_div(options_.envs, device_.threads())));
}

template <class Env>
StepEnvironments<float, Env> VectorEnvironment::step_of(const typename Env::Options& options) const {
  StepEnvironments<float, Env> op;
  op.envs = options_.envs;
  op.tile_envs = tile_envs();
  op.horizon = options_.horizon;
  op.autoreset = options_.autoreset;
  op.options = options;
  op.key = key_;
  op.tasks = task_numbers_;
  op.state = state_;
  op.episode = episode_;
  op.elapsed = elapsed_;
  op.over = over_;
  op.actions = actions_;
  op.choices = choices_;
  op.seen = seen_;
  op.last_seen = last_seen_;
  op.rewards = rewards_;
  op.terminated = terminated_;
  op.truncated = truncated_;
  op.allowed = allowed_;
  return op;
}

void VectorEnvironment::run(const Begin* begins) {
  with_environment(config_.environment, [&]<class Env>(const typename Env::Options& options) {
    StepEnvironments<float, Env> op = step_of<Env>(options);
    op.begins = begins;
    device_.per_task(op, ceil_div(options_.envs, op.tile_envs));
  });
  if (!device_.is_cuda()) device_.finish();
}

VectorEnvironment::Rollout VectorEnvironment::rollout(const Config& policy, std::span<const float> params,
                                                      int steps, bool deterministic) {
  check_begun();
  check_plays_here(policy, info_, params.size());
  if (steps < 1) throw InputError("steps: wanted at least 1, found " + std::to_string(steps));
  const PolicyShape shape = policy_shape(policy);
  const std::int64_t envs = options_.envs;
  const Observation& see = info_.observation;
  Rollout played;
  played.steps = steps;
  BufferPlan plan;
  float* numbers = nullptr;
  plan.add(&numbers, "params", "[parameter]", {static_cast<std::int64_t>(params.size())});
  const auto add_seen = [&](SeenRows<float>& seen, const std::string& name, std::int64_t rows) {
    if (see.numbers > 0) plan.add(&seen.numbers, name, "[step][env][number]", {rows, envs, see.numbers});
    if (see.symbols > 0)
      plan.add(&seen.symbols, name + "_symbols", "[step][env][symbol]", {rows, envs, see.symbols});
  };
  add_seen(played.seen, "seen", steps + 1);
  if (options_.autoreset == Autoreset::same_step) add_seen(played.last_seen, "last_seen", steps);
  if (choices_ == nullptr)
    plan.add(&played.actions, "actions", "[step][env][number]", {steps, envs, info_.action_size});
  else
    plan.add(&played.choices, "choices", "[step][env][group]", {steps, envs, info_.action_size});
  plan.add(&played.log_probs, "log_probs", "[step][env]", {steps, envs});
  plan.add(&played.rewards, "rewards", "[step][env]", {steps, envs});
  plan.add(&played.terminated, "terminated", "[step][env]", {steps, envs});
  plan.add(&played.truncated, "truncated", "[step][env]", {steps, envs});
  if (allowed_ != nullptr)
    plan.add(&played.allowed, "allowed", "[step][env][choice]", {steps + 1, envs, info_.action_count});
  played.memory = allocate_planned(device_, plan, "a rollout");
  device_.write(numbers, params);

  // Of a step's rows in what the rollout keeps; where nothing is kept, nowhere.
  const auto at = [envs](auto* first, std::int64_t step, int each) {
    return first == nullptr ? first : first + step * envs * each;
  };
  const auto seen_at = [&](const SeenRows<float>& rows, std::int64_t step) {
    return SeenRows<float>{at(rows.numbers, step, see.numbers), at(rows.symbols, step, see.symbols)};
  };
  const auto copy = [&](auto* to, const auto* from, int each) {
    if (to != nullptr) device_.copy_on_device(to, from, envs * each * static_cast<std::int64_t>(sizeof(*to)));
  };
  const auto copy_all = [&](const SeenRows<float>& to, const SeenRows<float>& from, std::uint8_t* may,
                            const std::uint8_t* might) {
    copy(to.numbers, from.numbers, see.numbers);
    copy(to.symbols, from.symbols, see.symbols);
    copy(may, might, info_.action_count);
  };
  copy_all(seen_at(played.seen, 0), seen_, played.allowed, allowed_);
  with_environment(config_.environment, [&]<class Env>(const typename Env::Options& options) {
    StepEnvironments<float, Env> step = step_of<Env>(options);
    ChooseActions<float, typename Env::Action> choose;
    choose.shape = shape;
    choose.params = {numbers, 0};
    choose.size = see;
    choose.envs = options_.envs;
    choose.tile_envs = device_.is_cuda() ? kCudaPolicyEnvs : kPolicyEnvs;
    if (!device_.is_cuda()) step.tile_envs = kPolicyEnvs;
    choose.key = key_;
    choose.episode = episode_;
    choose.elapsed = elapsed_;
    choose.deterministic = deterministic;
    for (int t = 0; t < steps; ++t) {
      const SeenRows<float> seen = seen_at(played.seen, t);
      choose.seen = {seen.numbers, seen.symbols};
      choose.allowed = at(played.allowed, t, info_.action_count);
      step.actions = choose.actions = at(played.actions, t, info_.action_size);
      step.choices = choose.choices = at(played.choices, t, info_.action_size);
      choose.log_probs = at(played.log_probs, t, 1);
      step.seen = seen_at(played.seen, t + 1);
      step.last_seen = seen_at(played.last_seen, t);
      step.rewards = at(played.rewards, t, 1);
      step.terminated = at(played.terminated, t, 1);
      step.truncated = at(played.truncated, t, 1);
      step.allowed = at(played.allowed, t + 1, info_.action_count);
      device_.per_task(choose, ceil_div(options_.envs, choose.tile_envs));
      device_.per_task(step, ceil_div(options_.envs, step.tile_envs));
    }
  });
  copy_all(seen_, seen_at(played.seen, steps), allowed_, at(played.allowed, steps, info_.action_count));
  device_.finish();
  return played;
}

void VectorEnvironment::check_begun() const {
  if (!begun_) throw InputError("reset: wanted a seed before anything else, found none");
}

void VectorEnvironment::check_choices() const {
  const std::size_t envs = waits_.size(), groups = info_.group_sizes.size();
  for (std::size_t group = 0; group < groups; ++group) {
    const auto size = static_cast<std::uint32_t>(info_.group_sizes[group]);
    const auto is_beyond = [&](std::size_t env) {
      return static_cast<std::uint32_t>(choices_[env * groups + group]) >= size;
    };
    // All of them first, without a branch: this is as often as there are steps.
    bool beyond = false;
    for (std::size_t env = 0; env < envs; ++env) beyond |= is_beyond(env);
    if (!beyond) continue;
    std::size_t env = 0;
    while (!is_beyond(env)) ++env;
    throw InputError("actions[" + std::to_string(env) + "]: wanted a choice from 0 to " +
                     std::to_string(size - 1) + ", found " + std::to_string(choices_[env * groups + group]));
  }
}

void VectorEnvironment::check_going_on() const {
  const std::vector<std::int32_t> over = device_.read(over_, options_.envs);
  const auto found = std::ranges::find(over, 1);
  if (found != over.end())
    throw InputError(
        "step: wanted episodes that go on, found that of environment " +
        std::to_string(found - over.begin()) +
        " over; reset it with options={\"reset_mask\": ...}, or let episodes start by themselves");
}

std::vector<std::uint8_t> VectorEnvironment::images(int width, int height) const {
  const State now = state();
  const std::int64_t each = info_.action_size, count = options_.envs * each;
  std::vector<float> did;
  if (choices_ != nullptr) {
    const std::vector<std::int32_t> chosen = device_.read(choices_, count);
    did.assign(chosen.begin(), chosen.end());
  } else {
    did = device_.read(actions_, count);
  }
  // Nothing led to where an episode starts.
  for (std::size_t e = 0; e < now.elapsed.size(); ++e)
    if (now.elapsed[e] == 0) did[e * static_cast<std::size_t>(each)] = NAN;
  return environment_tiles(config_.environment, now.tasks, now.numbers, did, width, height);
}

VectorEnvironment::State VectorEnvironment::state() const {
  check_begun();
  const std::size_t envs = waits_.size(), stride = static_cast<std::size_t>(padded(options_.envs)),
                    each = static_cast<std::size_t>(info_.state_size);
  const std::vector<float> numbers = device_.read(state_, static_cast<std::int64_t>(each * stride));
  State state{seed_,
              tasks_,
              std::vector<float>(envs * each),
              device_.read(episode_, options_.envs),
              device_.read(elapsed_, options_.envs),
              device_.read(over_, options_.envs)};
  for (std::size_t e = 0; e < envs; ++e)
    for (std::size_t i = 0; i < each; ++i) state.numbers[e * each + i] = numbers[i * stride + e];
  return state;
}

void VectorEnvironment::set_state(const State& state) {
  const std::size_t envs = waits_.size(), stride = static_cast<std::size_t>(padded(options_.envs)),
                    each = static_cast<std::size_t>(info_.state_size);
  const auto check = [](std::size_t found, std::size_t wanted, const char* what) {
    if (found != wanted)
      throw InputError(std::string("state: wanted ") + std::to_string(wanted) + " " + what + ", found " +
                       std::to_string(found));
  };
  check(state.numbers.size(), envs * each, "numbers");
  check(state.tasks.size(), envs, "tasks");
  check(state.episode.size(), envs, "numbers of episodes");
  check(state.elapsed.size(), envs, "counts of steps");
  check(state.over.size(), envs, "marks of episodes that are over");
  const bool draws = draws_;
  set_tasks(state.tasks);
  draws_ = draws;
  tasks_ = next_tasks_;
  std::ranges::fill(waits_, 0);
  write_tasks();
  seed_ = state.seed;
  device_.write(key_, RandomKey{seed_, kVectorIteration});
  std::vector<float> numbers(each * stride);
  for (std::size_t e = 0; e < stride; ++e)
    for (std::size_t i = 0; i < each; ++i)
      numbers[i * stride + e] = state.numbers[std::min(e, envs - 1) * each + i];
  device_.write(state_, numbers);
  const auto write = [&](std::int32_t* to, std::vector<std::int32_t> all) {
    all.resize(stride, all.back());
    device_.write(to, all);
  };
  write(episode_, state.episode);
  write(elapsed_, state.elapsed);
  write(over_, state.over);
  begun_ = true;
  begin(std::vector(envs, Begin::nothing));
}

}  // namespace innerloop
