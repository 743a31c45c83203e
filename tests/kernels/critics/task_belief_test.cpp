// Beliefs about tasks: their gradient against finite differences, and what a product of Gaussians must be.
#include "kernels/critics/task_belief.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/device/simd/kernels.h"
#include "tests/support/context_problem.h"
#include "tests/support/kernels.h"

namespace innerloop {
namespace {

using Double = SimdTeam<Portable, double>;
template <class Op>
constexpr HostKernel<Op> kernel{&TeamRun<Double, Op>::run, &scratch_bytes_of<Double, Op>};

struct Found {
  Vector beliefs, latents, gradient;
  double divergence = 0;
};

// What the operations make of a problem, and the gradient of `by_z` · z less the weighed divergence.
Found found_of(const ContextProblem& p, const Vector& by_z) {
  Buffers memory(1);
  ContextOperations<double> ops = context_operations_of<double>(p, memory);
  ops.encode.phase = EncodeContext<double>::Phase::sum;
  run_kernel(kernel<EncodeContext<double>>, ops.encode, ops.encode.tiles());
  ops.form.phase = FormBeliefs<double>::Phase::form;
  run_kernel(kernel<FormBeliefs<double>>, ops.form, 1);
  ops.form.phase = FormBeliefs<double>::Phase::back;
  ops.form.by_latent = memory.hold<double>("by_latent", by_z);
  ops.form.critic_tiles = 1;
  run_kernel(kernel<FormBeliefs<double>>, ops.form, 1);
  ops.encode.phase = EncodeContext<double>::Phase::gradient;
  run_kernel(kernel<EncodeContext<double>>, ops.encode, ops.encode.tiles());
  const int size = p.encoder.net.parameters(), wide = padded(p.encoder.latent);
  Found found;
  found.beliefs.assign(ops.form.beliefs, ops.form.beliefs + p.tasks * 2 * wide);
  found.latents.assign(ops.form.latents, ops.form.latents + p.tasks * wide);
  found.divergence = *ops.form.divergence;
  found.gradient.resize(static_cast<std::size_t>(size));
  for (int tile = 0; tile < ops.encode.tiles(); ++tile)
    for (int i = 0; i < size; ++i)
      found.gradient[static_cast<std::size_t>(i)] += ops.encode.partial[tile * size + i];
  return found;
}

Vector some_gradient(const ContextProblem& p) {
  std::mt19937_64 random(3);
  return random_vector(p.tasks * padded(p.encoder.latent), 1, random);
}

std::vector<ContextForm> forms() {
  return {{},
          {.latent = 5, .tasks = 3, .steps = 70, .next_state = true},
          {.tasks = 3, .count = {0, 4, 9}},
          {.within = 0.8f},
          {.within = 0.1f, .from = 1.4f, .shrinks = 8, .iteration = 3},
          {.within = 0.9f, .from = 1.4f, .shrinks = 8, .iteration = 8},
          {.latent = 1, .tasks = 2, .steps = 130, .hidden = {18}}};
}

TEST(EncodeContext, IsTheFiniteDifferenceThroughTheProduct) {
  int number = 0;
  for (const ContextForm& form : forms()) {
    const ContextProblem p = random_context_problem(form);
    const Vector by_z = some_gradient(p);
    const Found found = found_of(p, by_z);
    const auto objective = [&](const Vector& theta) { return reference::belief_objective(p, theta, by_z); };
    EXPECT_LT(relative_error(found.gradient, central_differences(objective, p.theta, 1e-6)), 1e-6) << number;
    double divergence = 0;
    for (int task = 0; task < p.tasks; ++task) {
      const reference::TaskBelief q = reference::task_belief(p, p.theta, task);
      divergence += q.divergence;
      for (int d = 0; d < p.encoder.latent; ++d) {
        const auto at = static_cast<std::size_t>(d);
        const int wide = padded(p.encoder.latent);
        EXPECT_NEAR(found.beliefs[static_cast<std::size_t>(task * 2 * wide + d)], q.mean[at], 1e-12);
        EXPECT_NEAR(found.beliefs[static_cast<std::size_t>((task * 2 + 1) * wide + d)], q.variance[at],
                    1e-12);
        EXPECT_NEAR(found.latents[static_cast<std::size_t>(task * wide + d)], q.latent[at], 1e-12);
      }
    }
    EXPECT_NEAR(found.divergence, divergence, 1e-10 * divergence);
    ++number;
  }
}

// Each step twice is twice the evidence: half the variance about the same mean.
TEST(TaskBelief, AStepTakenInTwiceHalvesTheVariance) {
  const ContextProblem p = random_context_problem({.steps = 5});
  ContextProblem twice = p;
  twice.steps = 10;
  twice.count = {10};
  twice.drawn.insert(twice.drawn.end(), p.drawn.begin(), p.drawn.end());
  const Vector by_z = some_gradient(p);
  const Found once = found_of(p, by_z), both = found_of(twice, by_z);
  const int wide = padded(p.encoder.latent);
  for (int d = 0; d < p.encoder.latent; ++d) {
    const auto mean = static_cast<std::size_t>(d), variance = static_cast<std::size_t>(wide + d);
    EXPECT_NEAR(both.beliefs[mean], once.beliefs[mean], 1e-12);
    EXPECT_NEAR(both.beliefs[variance], once.beliefs[variance] / 2, 1e-12);
  }
}

// The prior is none of the factors: a context of one step is its factor alone. Without a context the belief is the prior.
TEST(TaskBelief, ThePriorIsNoFactor) {
  const ContextProblem one = random_context_problem({.steps = 1}),
                       none = random_context_problem({.steps = 4, .count = {0}});
  const Found of_one = found_of(one, some_gradient(one)), of_none = found_of(none, some_gradient(none));
  const Vector out = reference::encoder_outputs(one, one.theta, one.row(0, 0));
  const int latent = one.encoder.latent, wide = padded(latent);
  for (int d = 0; d < latent; ++d) {
    const auto at = static_cast<std::size_t>(d);
    EXPECT_NEAR(of_one.beliefs[at], out[at], 1e-12);
    EXPECT_NEAR(of_one.beliefs[static_cast<std::size_t>(wide + d)],
                std::log1p(std::exp(out[at + static_cast<std::size_t>(latent)])), 1e-12);
    EXPECT_EQ(of_none.beliefs[at], 0);
    EXPECT_EQ(of_none.beliefs[static_cast<std::size_t>(wide + d)], 1);
    EXPECT_EQ(of_none.latents[at], none.noise[at]);
  }
  EXPECT_EQ(of_none.divergence, 0);
  for (const double x : of_none.gradient) EXPECT_EQ(x, 0);
}

// The order of the steps is nothing.
TEST(TaskBelief, TheOrderOfStepsIsNothing) {
  ContextProblem p = random_context_problem({.steps = 9});
  const Found before = found_of(p, some_gradient(p));
  std::reverse(p.drawn.begin(), p.drawn.end());
  const Found after = found_of(p, some_gradient(p));
  EXPECT_LT(relative_error(after.beliefs, before.beliefs), 1e-12);
  EXPECT_LT(relative_error(after.gradient, before.gradient), 1e-12);
}

// The divergence is a mean over tasks: the same tasks twice have the same gradient.
TEST(TaskBelief, TwiceTheTasksAreTheSameMean) {
  const ContextProblem p = random_context_problem({.tasks = 2});
  ContextProblem twice = p;
  twice.tasks = 4;
  for (auto* numbers : {&twice.of, &twice.count, &twice.drawn})
    numbers->insert(numbers->end(), numbers->begin(), numbers->begin() + static_cast<long>(numbers->size()));
  twice.noise.insert(twice.noise.end(), p.noise.begin(), p.noise.end());
  const Vector none(p.noise.size()), none_twice(twice.noise.size());
  EXPECT_LT(relative_error(found_of(twice, none_twice).gradient, found_of(p, none).gradient), 1e-12);
}

// Sparse rewards are what a context sees: 0 outside of the radius, whatever the distance.
TEST(ContextSteps, SparseRewardsAreZeroOutside) {
  const auto shown = [](double reward, float radius) {
    return ContextSteps::reward(Pack<double, 1>(reward), radius).get(0);
  };
  EXPECT_EQ(shown(-0.7, 0), -0.7);
  EXPECT_EQ(shown(-0.7, 0.25f), 0);
  EXPECT_EQ(shown(-0.25, 0.25f), 0.75);
  EXPECT_EQ(shown(-0.26, 0.25f), 0);
  EXPECT_EQ(shown(0, 0.25f), 1);
}

TEST(ContextSteps, TheRadiusShrinksWithTraining) {
  const ContextSteps shrinking{.within = 0.25f, .from = 1.25f, .shrinks = 4}, same{.within = 0.25f};
  EXPECT_EQ(shrinking.radius(0), 1.25f);
  EXPECT_EQ(shrinking.radius(1), 1.0f);
  EXPECT_EQ(shrinking.radius(3), 0.5f);
  for (const std::uint32_t iteration : {4u, 5u, 0xFFFFFFFFu}) EXPECT_EQ(shrinking.radius(iteration), 0.25f);
  for (const std::uint32_t iteration : {0u, 7u}) EXPECT_EQ(same.radius(iteration), 0.25f);
}

TEST(ContextSteps, TakesInWhatAStepLedToByOption) {
  for (const bool next_state : {false, true}) {
    ContextProblem p = random_context_problem({.next_state = next_state});
    const Found before = found_of(p, some_gradient(p));
    for (int i = 0; i < p.rings * p.capacity; ++i)
      p.replay[static_cast<std::size_t>(i * p.shape().row_size() + p.shape().next_at())] += 0.3;
    EXPECT_EQ(found_of(p, some_gradient(p)).beliefs != before.beliefs, next_state);
  }
}

// Without replacement: each at most once, as many as there are, and all alike.
TEST(DrawContexts, TakesNoStepTwice) {
  constexpr int kTasks = 400, kSteps = 6;
  using Single = SimdTeam<Portable, float>;
  const HostKernel<DrawContexts<float>> draw{&TeamRun<Single, DrawContexts<float>>::run,
                                             &scratch_bytes_of<Single, DrawContexts<float>>};
  Buffers memory(1);
  DrawContexts<float> op;
  RandomKey key{3, 4};
  op.key = &key;
  ContextBatch<float>& c = op.contexts;
  c.ring = {.tasks = 3, .capacity = 30};
  c.ring.place = memory.hold<int>("place", std::vector<int>{10, 10, 4, 4, 0, 0});
  c.tasks = kTasks;
  c.steps = kSteps;
  c.latent = 2;
  std::vector<int> of(kTasks);
  of[1] = 1;
  of[2] = 2;
  c.of = memory.hold<int>("of", of);
  c.drawn = memory.blank<int>("drawn", kTasks * kSteps);
  c.count = memory.blank<int>("count", kTasks);
  c.noise = memory.blank("noise", kTasks * padded(2));
  run_kernel(draw, op, kTasks);
  std::vector<int> counts(10);
  for (int task = 0; task < kTasks; ++task) {
    EXPECT_EQ(c.count[task], task == 1 ? 4 : task == 2 ? 0 : kSteps);
    const std::set<int> drawn(c.drawn + task * kSteps, c.drawn + task * kSteps + c.count[task]);
    EXPECT_EQ(static_cast<int>(drawn.size()), c.count[task]);
    if (task == 1 || task == 2) continue;
    for (const int step : drawn) ++counts.at(static_cast<std::size_t>(step));
  }
  for (const int count : counts) EXPECT_NEAR(count, 398 * 0.6, 45);
}

// All tasks have their turn before any has another, in an order drawn anew each time.
TEST(ChooseTasks, TakesEachInTurn) {
  using Single = SimdTeam<Portable, float>;
  const HostKernel<ChooseTasks<float>> choose{&TeamRun<Single, ChooseTasks<float>>::run,
                                              &scratch_bytes_of<Single, ChooseTasks<float>>};
  Buffers memory(1);
  ChooseTasks<float> op;
  RandomKey key{3, 0};
  op.key = &key;
  op.all = 12;
  op.tasks = 4;
  op.size = 2;
  op.copies = 3;
  std::vector<float> given;
  for (int i = 0; i < 24; ++i) given.push_back(static_cast<float>(i));
  op.given = memory.hold("given", given);
  op.numbers = memory.blank("numbers", 4 * 3 * 2);
  op.played = memory.blank<int>("played", 4);
  std::vector<std::vector<int>> rounds;
  for (std::uint32_t iteration = 0; iteration < 9; ++iteration) {
    key.iteration = iteration;
    run_kernel(choose, op, 1);
    if (iteration % 3 == 0) rounds.emplace_back();
    for (int i = 0; i < 4; ++i) {
      rounds.back().push_back(op.played[i]);
      for (int copy = 0; copy < 3; ++copy)
        for (int n = 0; n < 2; ++n)
          EXPECT_EQ(op.numbers[(i * 3 + copy) * 2 + n], static_cast<float>(op.played[i] * 2 + n));
    }
  }
  for (const auto& round : rounds) EXPECT_EQ(std::set<int>(round.begin(), round.end()).size(), 12u);
  EXPECT_NE(rounds[0], rounds[1]);
}

}  // namespace
}  // namespace innerloop
