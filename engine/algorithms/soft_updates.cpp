#include "engine/algorithms/soft_updates.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "engine/device/launch.h"

namespace innerloop {

SoftUpdates::SoftUpdates(const Config& config, const Learned& learned, const Sizes& sizes, Device& device,
                         BufferPlan& plan)
    : options_(soft_options(config)), actor_(soft_actor(config)), learned_(learned), device_(device) {
  const SoftNetworks& nets = actor_.nets;
  Replay<float>& replay = batch_.replay;
  replay.tasks = sizes.tasks;
  replay.capacity = options_.capacity;
  replay.observed = nets.observed;
  replay.actions = nets.actions;
  batch_.tasks = sizes.drawn;
  batch_.steps = options_.batch;
  const std::int64_t size = learned_.size(), tiles = objective<SoftObjective<float>>({}).tiles(),
                     drawn = batch_.tasks;
  plan.add(&params_, "params", "[parameter]", {size});
  plan.add(&gradient_, "gradient", "[parameter]", {size});
  plan.add(&targets_, "targets", "[parameter]", {nets.targets()});
  plan.add(&replay.rows, "replay", "[task][step][number]",
           {replay.tasks, replay.capacity, replay.row_size()});
  plan.add(&replay.place, "replay.place", "[task][next, steps]", {replay.tasks, 2});
  plan.add(&batch_.of, "replay.of", "[task]", {drawn});
  plan.add(&batch_.drawn, "replay.drawn", "[task][step]", {drawn, batch_.steps});
  plan.add(&batch_.noise, "replay.noise", "[task][step][next, own][action]",
           {drawn, batch_.steps, 2, nets.actions});
  plan.add(&critic_partial_, "critic.partial_gradients", "[tile][parameter]",
           {tiles, 2L * nets.critic.parameters()});
  plan.add(&actor_partial_, "actor.partial_gradients", "[tile][parameter]", {tiles, nets.critics_at()});
  plan.add(&critic_values_, "critic.values", "[tile][value]", {tiles, kSoftValues});
  plan.add(&actor_values_, "actor.values", "[tile][value]", {tiles, kSoftValues});
  plan.add(&open_, "replay.open", "[1]", {1});
  const auto optimiser = [&](const LearnedRange& part, const std::string& prefix) {
    return OuterOptimiser::create(config.outer, learned_, OuterOptimiser::Target{part, prefix},
                                  config.iterations, device, plan);
  };
  policy_ = optimiser(learned_.range(kActorPrefix), kActorPrefix);
  critics_ = optimiser(learned_.range(kCriticsPrefix), "critics.");
  value_or_temperature_ = nets.has_value() ? optimiser(learned_.range(kStateValuePrefix), kStateValuePrefix)
                                           : optimiser(learned_.range(kTemperaturePrefix), "temperature.");
}

void SoftUpdates::prepare(std::uint32_t seed, const RandomKey* key) {
  key_ = key;
  const std::vector<float> start = learned_.initial(seed);
  device_.write(params_, start);
  for (const auto* optimiser : {&policy_, &critics_, &value_or_temperature_}) (*optimiser)->prepare(key);
  track(1);
}

void SoftUpdates::store(const TrialLoop& loop, const int* played) {
  StoreSteps<float> op;
  op.replay = batch_.replay;
  op.trials = loop.trials();
  op.played = played;
  op.envs_per_task = played == nullptr ? loop.envs() : loop.envs_per_task();
  op.wanted = options_.first_steps;
  op.open = open_;
  device_.per_task(op, loop.trials().tiles());
  op.phase = StoreSteps<float>::Phase::advance;
  device_.once(op);
}

template <class Objective>
Objective SoftUpdates::objective(const Latents& latents) const {
  Objective op;
  op.nets = actor_.nets;
  op.batch = batch_;
  op.latents = latents.of_tasks;
  op.params = params_ + actor_.policy_at();
  return op;
}

int SoftUpdates::tiles_of_task() const { return objective<SoftObjective<float>>({}).tiles_of_task(); }

void SoftUpdates::sum_over_tiles(const float* partial, std::int64_t size, float scale, float* to) {
  SumOverTasks<float> sum;
  sum.tasks = objective<SoftObjective<float>>({}).tiles();
  sum.size = static_cast<int>(size);
  sum.x = partial;
  sum.scale = scale;
  sum.out = to;
  sum.enabled = open_;
  device_.once(sum);
}

void SoftUpdates::track(float rate) {
  const SoftNetworks& nets = actor_.nets;
  TrackTarget<float> op;
  op.followed = params_ + actor_.policy_at() + (nets.has_value() ? nets.value_at() : nets.critics_at());
  op.target = targets_;
  op.size = nets.targets();
  op.rate = rate;
  op.enabled = rate == 1 ? nullptr : open_;
  device_.once(op);
}

void SoftUpdates::draw(int number) {
  DrawReplay<float> draw{batch_, key_, number};
  draw.wanted = options_.first_steps;
  draw.enabled = open_;
  device_.once(draw);
}

void SoftUpdates::learn_critics(const Latents& latents) {
  const SoftNetworks& nets = actor_.nets;
  auto op = objective<CriticGradient<float>>(latents);
  op.targets = targets_;
  op.discount = static_cast<float>(options_.discount);
  op.reward_scale = static_cast<float>(options_.reward_scale);
  op.partial = critic_partial_;
  op.by_latent = latents.by_latent;
  op.values = critic_values_;
  op.enabled = open_;
  device_.per_task(op, op.tiles());
  sum_over_tiles(critic_partial_, 2L * nets.critic.parameters(), 1.0f / static_cast<float>(batch_.rows()),
                 gradient_ + actor_.policy_at() + nets.critics_at());
  critics_->update(params_, gradient_, open_);
}

void SoftUpdates::learn_actor(const Latents& latents) {
  const SoftNetworks& nets = actor_.nets;
  auto op = objective<ActorGradient<float>>(latents);
  op.wanted_entropy = static_cast<float>(options_.target_entropy.value_or(-nets.actions));
  op.regularisation = static_cast<float>(options_.regularisation);
  op.partial = actor_partial_;
  op.values = actor_values_;
  op.enabled = open_;
  device_.per_task(op, op.tiles());
  sum_over_tiles(actor_partial_, nets.critics_at(), 1.0f / static_cast<float>(batch_.rows()),
                 gradient_ + actor_.policy_at());
  value_or_temperature_->update(params_, gradient_, open_);
  policy_->update(params_, gradient_, open_);
  track(static_cast<float>(options_.target_rate));
}

StateTensor state_of(const char* name, std::vector<std::int64_t> shape, float* data) {
  std::int64_t bytes = sizeof(float);
  for (const std::int64_t each : shape) bytes *= each;
  return {name, DType::F32, std::move(shape), data, bytes};
}

void add_replay(std::vector<StateTensor>& tensors, const std::string& name, const Replay<float>& replay) {
  tensors.push_back(state_of(name.c_str(), {replay.tasks, replay.capacity, replay.row_size()}, replay.rows));
  tensors.push_back({name + ".place",
                     DType::I32,
                     {replay.tasks, 2},
                     replay.place,
                     std::int64_t{2} * replay.tasks * static_cast<std::int64_t>(sizeof(int))});
}

std::vector<StateTensor> SoftUpdates::state() const {
  std::vector<StateTensor> tensors = {state_of("params", {learned_.size()}, params_),
                                      state_of("targets", {actor_.nets.targets()}, targets_)};
  add_replay(tensors, "replay", batch_.replay);
  for (const auto* optimiser : {&policy_, &critics_, &value_or_temperature_})
    for (const StateTensor& own : (*optimiser)->state()) tensors.push_back(own);
  return tensors;
}

void SoftUpdates::report(IterationReport& report) const {
  for (const auto* optimiser : {&policy_, &critics_, &value_or_temperature_}) (*optimiser)->report(report);
  const std::int64_t count = std::int64_t{objective<SoftObjective<float>>({}).tiles()} * kSoftValues;
  const std::vector<float> of_critics = device_.read(critic_values_, count),
                           of_actor = device_.read(actor_values_, count);
  double sums[kSoftValues] = {};
  for (std::size_t i = 0; i < of_critics.size(); ++i)
    sums[i % kSoftValues] += double{of_critics[i]} + double{of_actor[i]};
  for (double& sum : sums) sum /= batch_.rows();
  report.extra.emplace_back("critic_loss", sums[kCriticLoss]);
  report.extra.emplace_back("critic_mean", sums[kCriticMean]);
  report.extra.emplace_back("entropy", -sums[kLogProb]);
  if (actor_.nets.has_value())
    report.extra.emplace_back("value_loss", sums[kValueLoss]);
  else
    report.extra.emplace_back(
        "temperature",
        std::exp(double{device_.read(params_ + actor_.policy_at() + actor_.nets.temperature_at())}));
  report.gradient_finite = std::isfinite(report.gradient_norm);
  for (const double sum : sums) report.gradient_finite = report.gradient_finite && std::isfinite(sum);
}

}  // namespace innerloop
