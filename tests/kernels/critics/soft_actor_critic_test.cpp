// Soft actor-critic's gradients against finite differences of its plain objectives, and what it must not mix up.
#include "kernels/critics/soft_actor_critic.h"

#include <gtest/gtest.h>

#include "engine/device/simd/kernels.h"
#include "tests/support/kernels.h"
#include "tests/support/soft_problem.h"

namespace innerloop {
namespace {

using Double = SimdTeam<Portable, double>;
template <class Op>
constexpr HostKernel<Op> kernel{&TeamRun<Double, Op>::run, &scratch_bytes_of<Double, Op>};

struct Found {
  Vector gradient, by_latent, values;
};

// The sums over tiles; by the latent variables of each task.
template <class Op>
Found found_by(const Op& op, int size, [[maybe_unused]] const double* by_latent = nullptr) {
  run_kernel(kernel<Op>, op, op.tiles());
  const int latent = padded(op.nets.latent);
  Found found{Vector(static_cast<std::size_t>(size)),
              Vector(static_cast<std::size_t>(op.batch.tasks * latent)), Vector(kSoftValues)};
  for (int tile = 0; tile < op.tiles(); ++tile) {
    for (int i = 0; i < size; ++i) found.gradient[static_cast<std::size_t>(i)] += op.partial[tile * size + i];
    for (int v = 0; v < kSoftValues; ++v)
      found.values[static_cast<std::size_t>(v)] += op.values[tile * kSoftValues + v];
    for (int d = 0; d < latent && by_latent != nullptr; ++d)
      found.by_latent[static_cast<std::size_t>(tile / op.tiles_of_task() * latent + d)] +=
          by_latent[tile * latent + d];
  }
  return found;
}
Found critics_of(const SoftProblem& p) {
  Buffers memory(1);
  const auto op = critic_gradient_of<double>(p, memory);
  return found_by(op, 2 * p.nets.critic.parameters(), op.by_latent);
}
Found actor_of(const SoftProblem& p) {
  Buffers memory(1);
  return found_by(actor_gradient_of<double>(p, memory), p.nets.critics_at());
}

std::vector<SoftForm> forms() {
  return {{},
          {.has_value = true},
          {.latent = 4, .tasks = 3, .steps = 70},
          {.has_value = true, .latent = 2, .tasks = 2, .steps = 65, .actions = 1, .hidden = {17}},
          {.steps = 130, .actions = 3, .critic_hidden = {18, 5, 4}},
          {.min_log_std = 0.1}};
}

Vector part(const Vector& all, int from, int size) { return {all.begin() + from, all.begin() + from + size}; }

TEST(CriticGradient, IsTheFiniteDifferenceOfItsLoss) {
  int number = 0;
  for (const SoftForm& form : forms()) {
    const SoftProblem p = random_soft_problem(form);
    const Found found = critics_of(p);
    const Vector differences = central_differences(
        [&](const Vector& theta) { return reference::critic_objective(p, theta, p.latents); }, p.theta, 1e-6);
    const int size = 2 * p.nets.critic.parameters();
    EXPECT_LT(relative_error(found.gradient, part(differences, p.nets.critics_at(), size)), 1e-6) << number;
    EXPECT_NEAR(found.values[kCriticLoss], -reference::critic_objective(p, p.theta, p.latents),
                1e-10 * found.values[kCriticLoss]);
    ++number;
  }
}

TEST(CriticGradient, ReachesTheLatentVariablesOfTheirTasks) {
  for (const SoftForm& form : forms()) {
    const SoftProblem p = random_soft_problem(form);
    if (p.nets.latent == 0) continue;
    Vector found = critics_of(p).by_latent;
    const Vector differences = central_differences(
        [&](const Vector& latents) { return reference::critic_objective(p, p.theta, latents); }, p.latents,
        1e-6);
    EXPECT_LT(relative_error(found, differences), 1e-6);
  }
}

TEST(ActorGradient, IsTheFiniteDifferenceOfItsObjective) {
  int number = 0;
  for (const SoftForm& form : forms()) {
    const SoftProblem p = random_soft_problem(form);
    const Found found = actor_of(p);
    const Vector differences = central_differences(
        [&](const Vector& theta) { return reference::actor_objective(p, theta); }, p.theta, 1e-6);
    EXPECT_LT(relative_error(found.gradient, part(differences, 0, p.nets.critics_at())), 1e-6) << number;
    ++number;
  }
}

// Where it is held at its floor, the log standard deviation is not moved, nor anything before it.
TEST(ActorGradient, StopsWhereTheDeviationIsHeld) {
  SoftProblem p = random_soft_problem({.min_log_std = 1.9});
  const int out = p.nets.policy.output_offset() + p.nets.policy.hidden.hidden * p.nets.policy.outputs;
  p.theta[static_cast<std::size_t>(out + 2)] = -30;
  const Found found = actor_of(p);
  EXPECT_EQ(found.gradient[static_cast<std::size_t>(out + 2)], 0);
  EXPECT_NE(found.gradient[static_cast<std::size_t>(out)], 0);
}

// The smaller of two critics counts, in the targets and in what the policy climbs: a critic that is larger everywhere is no
// one's.
TEST(SoftActorCritic, TheSmallerCriticCounts) {
  for (const bool has_value : {false, true}) {
    SoftProblem p = random_soft_problem({.has_value = has_value});
    const int size = p.nets.critic.parameters();
    p.theta[static_cast<std::size_t>(p.nets.critic_at(1) + size - 1)] += 1000;
    if (!has_value) p.targets[static_cast<std::size_t>(2 * size - 1)] += 1000;
    const Found actor = actor_of(p), critics = critics_of(p);
    SoftProblem larger = p;
    for (int i = 0; i < size - 1; ++i) {
      larger.theta[static_cast<std::size_t>(p.nets.critic_at(1) + i)] *= 0.5;
      if (!has_value) larger.targets[static_cast<std::size_t>(size + i)] *= 0.5;
    }
    EXPECT_EQ(actor_of(larger).gradient, actor.gradient);
    EXPECT_EQ(part(critics_of(larger).gradient, 0, size), part(critics.gradient, 0, size));
  }
}

// Where an episode ended by itself nothing follows, and elsewhere what follows counts: a time limit is no end.
TEST(CriticGradient, LooksBeyondAStepUnlessNothingFollows) {
  for (const bool has_value : {false, true})
    for (const double end : {0.0, 1.0}) {
      SoftProblem p = random_soft_problem({.has_value = has_value});
      for (int i = 0; i < p.rings * p.capacity; ++i)
        p.replay[static_cast<std::size_t>(i * p.shape().row_size() + p.shape().end_at())] = end;
      SoftProblem other = p;
      for (double& x : other.targets) x += 0.3;
      if (end == 1)
        EXPECT_EQ(critics_of(other).gradient, critics_of(p).gradient);
      else
        EXPECT_NE(critics_of(other).gradient, critics_of(p).gradient);
    }
}

// The targets take neither the critics' own parameters nor, of version 1, the policy's.
TEST(CriticGradient, TargetsAreConstants) {
  const SoftProblem p = random_soft_problem({.has_value = true});
  SoftProblem other = p;
  for (int i = 0; i < p.nets.policy.parameters(); ++i) other.theta[static_cast<std::size_t>(i)] += 0.1;
  EXPECT_EQ(critics_of(other).gradient, critics_of(p).gradient);
}

// The rewards' scale is the targets' alone.
TEST(CriticGradient, ScalesTheRewards) {
  SoftProblem p = random_soft_problem({});
  SoftProblem scaled = p;
  scaled.reward_scale = 1;
  for (int i = 0; i < p.rings * p.capacity; ++i)
    scaled.replay[static_cast<std::size_t>(i * p.shape().row_size() + p.shape().reward_at())] *=
        p.reward_scale;
  EXPECT_LT(relative_error(critics_of(scaled).gradient, critics_of(p).gradient), 1e-12);
  EXPECT_EQ(actor_of(scaled).gradient, actor_of(p).gradient);
}

// Less entropy than wanted makes the temperature rise, more lets it fall.
TEST(ActorGradient, TheTemperatureSeeksTheWantedEntropy) {
  SoftProblem p = random_soft_problem({});
  const auto rise = [&](double wanted) {
    p.wanted_entropy = wanted;
    return actor_of(p).gradient[static_cast<std::size_t>(p.nets.temperature_at())];
  };
  EXPECT_GT(rise(50), 0);
  EXPECT_LT(rise(-50), 0);
}

// A pair of rows twice is the same mean.
TEST(SoftActorCritic, ARepeatedBatchHasTheSameMeans) {
  const SoftProblem p = random_soft_problem({.latent = 2});
  SoftProblem twice = p;
  twice.steps *= 2;
  twice.drawn.insert(twice.drawn.end(), p.drawn.begin(), p.drawn.end());
  twice.noise.insert(twice.noise.end(), p.noise.begin(), p.noise.end());
  Vector doubled = critics_of(p).gradient, actors = actor_of(p).gradient;
  for (double& x : doubled) x *= 2;
  for (double& x : actors) x *= 2;
  EXPECT_LT(relative_error(critics_of(twice).gradient, doubled), 1e-12);
  EXPECT_LT(relative_error(actor_of(twice).gradient, actors), 1e-12);
}

// Far out, where tanh is ±1 to the last bit of a float, log-probabilities and gradients are finite.
TEST(ActorGradient, IsFiniteFarOut) {
  SoftProblem p = random_soft_problem({});
  const int out = p.nets.policy.output_offset() + p.nets.policy.hidden.hidden * p.nets.policy.outputs;
  p.theta[static_cast<std::size_t>(out)] = 60;
  p.theta[static_cast<std::size_t>(out + 1)] = -60;
  const Found found = actor_of(p);
  for (const double x : found.gradient) EXPECT_TRUE(std::isfinite(x));
  EXPECT_TRUE(std::isfinite(found.values[kLogProb]));
}

TEST(TrackTarget, MovesByItsRate) {
  Buffers memory(1);
  TrackTarget<double> op;
  op.followed = memory.hold<double>("followed", Vector{1, -2, 3});
  op.target = memory.hold<double>("target", Vector{5, 5, 5});
  op.size = 3;
  op.rate = 0.25;
  run_kernel(kernel<TrackTarget<double>>, op, 1);
  EXPECT_EQ(Vector(op.target, op.target + 3), (Vector{4, 3.25, 4.5}));
  op.rate = 1;
  run_kernel(kernel<TrackTarget<double>>, op, 1);
  EXPECT_EQ(Vector(op.target, op.target + 3), (Vector{1, -2, 3}));
}

}  // namespace
}  // namespace innerloop
