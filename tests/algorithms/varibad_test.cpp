// VariBAD as a whole: what it learns from and along what, and what its two optimisers leave to each other.
#include "engine/algorithms/varibad.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/support/belief_problem.h"
#include "tests/support/played_trials.h"

namespace innerloop {
namespace {

const std::vector<std::string> kBelief = {
    R"(policy={"name": "belief", "latent": 3, "encoder": 7, "decoder": "cells", "decoder_hidden": [9], "hidden": [6]})",
    R"(algorithm={"name": "varibad", "trial_length": 20, "minibatches": 2, "epochs": 2, "belief_trials": 9,)"
    R"( "belief_capacity": 25})"};
const std::vector<std::string> kPoint = {
    R"(environment={"name": "point_navigation"})",
    R"(policy={"name": "belief", "latent": 3, "encoder": 7, "hidden": [6]})",
    R"(algorithm={"name": "varibad", "trial_length": 20, "minibatches": 2, "epochs": 2, "belief_trials": 9, "decode_steps": 7,)"
    R"( "belief_capacity": 25})"};
// Families whose beliefs tell of next states, too, after drawn actions and after choices.
const std::vector<std::string> kWind = {
    R"(environment={"name": "wind_navigation"})",
    R"(policy={"name": "belief", "latent": 3, "encoder": 7, "hidden": [6], "decode_state": true,)"
    R"( "state_decoder_hidden": [8], "squash": 0.1})",
    kPoint[2], "algorithm.state_loss_weight=0.7"};
const std::vector<std::string> kCells = {
    R"(policy={"name": "belief", "latent": 3, "encoder": 7, "decoder": "cells", "decoder_hidden": [9], "hidden": [6],)"
    R"( "decode_state": true, "state_decoder_hidden": [8]})",
    kBelief[1], "algorithm.decode_steps=5"};

Config belief_config(std::vector<std::string> overrides, const std::vector<std::string>& more = {}) {
  overrides.insert(overrides.end(), more.begin(), more.end());
  return trial_config(overrides);
}

class BeliefLearning {
 public:
  explicit BeliefLearning(const Config& config)
      : device_({.backend = Backend::cpu, .threads = 2, .instructions = ""}),
        learner_(std::get<VaribadOptions>(config.algorithm), config, device_) {
    learner_.allocate();
  }
  IterationReport iterate() { return learner_.iterate(done_++); }
  const Varibad& learner() const { return learner_; }
  const Belief::Shape& shape() const {
    return std::get<MemoryPolicy<Belief>>(learner_.loop().policy()).memory;
  }
  int belief_size() const { return Belief::belief_parameters(shape()); }
  Vector params() { return numbers(learner_.params(), learner_.learned().size()); }
  Vector belief() { return numbers(learner_.params(), belief_size()); }
  Vector policy() {
    const Vector all = params();
    return {all.begin() + belief_size(), all.end()};
  }
  Vector numbers(const float* from, std::int64_t count) { return to_double(device_.read(from, count)); }
  std::vector<int> integers(const int* from, std::int64_t count) { return device_.read(from, count); }

 private:
  Device device_;
  Varibad learner_;
  std::uint32_t done_ = 0;
};

double extra(const IterationReport& report, const std::string& name) {
  for (const auto& [of, value] : report.extra)
    if (of == name) return value;
  return NAN;
}

// With one minibatch an iteration's divergence is that at the parameters that drew the trials: the beliefs that the gradient
// comes to are those that were acted on, though the belief learns between the iterations.
TEST(Varibad, TheFirstRatioIsOne) {
  for (const auto& family : {kBelief, kPoint}) {
    BeliefLearning learning(belief_config(family, {"algorithm.epochs=1", "algorithm.minibatches=1"}));
    for (int i = 0; i < 4; ++i)
      EXPECT_LT(extra(learning.iterate(), "kl"), 1e-10) << i;  // half the square of ρ − 1
  }
}

TEST(Varibad, ThePolicysOptimiserLeavesTheBelief) {
  for (const std::string outer : {R"({"name": "adam"})", R"({"name": "adamw", "weight_decay": 0.5})",
                                  R"({"name": "sgd", "momentum": 0.9})"}) {
    BeliefLearning learning(belief_config(kBelief, {"algorithm.belief_updates=0", "outer=" + outer}));
    const Vector belief = learning.belief(), policy = learning.policy();
    for (int i = 0; i < 3; ++i) learning.iterate();
    EXPECT_EQ(learning.belief(), belief);
    EXPECT_NE(learning.policy(), policy);
  }
}

TEST(Varibad, TheBeliefsOptimiserLeavesThePolicy) {
  BeliefLearning with(belief_config(kBelief)),
      without(belief_config(kBelief, {"algorithm.belief_updates=0"}));
  with.iterate();
  without.iterate();
  EXPECT_EQ(with.policy(), without.policy());
  EXPECT_NE(with.belief(), without.belief());
}

// The ring's trials are those that were played, the newest among them; a trial is as many steps as its episodes have, with no
// step between them.
TEST(Varibad, KeepsTheTrialsThatWerePlayed) {
  for (const auto& family : {kBelief, kPoint, kWind, kCells}) {
    BeliefLearning learning(belief_config(family));
    for (int iteration = 0; iteration < 4; ++iteration) {
      learning.iterate();
      const Batch<float>& batch = learning.learner().loop().trials().batch;
      const TrialRing<float>& ring = learning.learner().batch().ring;
      ASSERT_EQ(batch.horizon, 20);
      ASSERT_EQ(ring.steps, 20);
      const std::vector<int> place = learning.integers(ring.place, 2);
      EXPECT_EQ(place[0], 10 * (iteration + 1) % 25);
      EXPECT_EQ(place[1], std::min(10 * (iteration + 1), 25));
      for (int e = 0; e < 10; ++e)
        for (int t = 0; t < 20; ++t) {
          const Vector row = learning.numbers(ring.at((10 * iteration + e) % 25, t), ring.row_size());
          const auto at = [&](const float* from, int d) {
            return learning.numbers(from + d * batch.row_stride + t * 10 + e, 1)[0];
          };
          for (int i = 0; i < ring.inputs; ++i)
            EXPECT_EQ(row[static_cast<std::size_t>(i)], at(batch.observations, i));
          EXPECT_EQ(row[static_cast<std::size_t>(ring.inputs)], at(batch.rewards, 0));
          if ((t + 1) % 5 == 0) {
            EXPECT_EQ(at(batch.ends, 0), 1);
          }
          // The action is what the next step's inputs have of it.
          ASSERT_EQ(ring.actions, learning.shape().decoded_actions());
          for (int i = 0; i < ring.actions && t + 1 < ring.steps; ++i)
            EXPECT_EQ(
                row[static_cast<std::size_t>(ring.action_at() + i)],
                learning.numbers(
                    batch.observations + (ring.observed + i) * batch.row_stride + (t + 1) * 10 + e, 1)[0]);
          // What the step led to is seen in the next one, unless an episode ended.
          if (at(batch.ends, 0) == 1) continue;
          for (int i = 0; i < ring.observed; ++i)
            EXPECT_EQ(row[static_cast<std::size_t>(ring.inputs + 1 + i)],
                      learning.numbers(batch.observations + i * batch.row_stride + (t + 1) * 10 + e, 1)[0]);
        }
    }
  }
}

TEST(Varibad, TasksOfEnvironmentsDiffer) {
  BeliefLearning learning(belief_config(kPoint, {"tasks_per_iteration=10", "envs_per_task=1"}));
  learning.iterate();
  const TaskTable tasks = learning.learner().loop().tasks();
  EXPECT_EQ(std::set<std::vector<float>>(tasks.begin(), tasks.end()).size(), 10u);
}

// One update an iteration: its gradient, at the belief that it found, is that of the lower bound on the trials that it drew.
TEST(Varibad, ClimbsTheLowerBoundOnItsTrials) {
  for (const auto& family : {kBelief, kPoint, kWind}) {
    BeliefLearning learning(belief_config(family, {"algorithm.belief_updates=1", "algorithm.kl_weight=0.3"}));
    learning.iterate();
    BeliefProblem p;
    p.theta = learning.belief();
    const IterationReport report = learning.iterate();
    const BeliefBatch<float>& batch = learning.learner().batch();
    p.shape = learning.shape();
    p.steps = batch.ring.steps;
    p.capacity = batch.ring.capacity;
    p.trials = batch.trials;
    p.decode_steps = batch.decode_steps;
    p.state_weight = family == kWind ? 0.7 : 1;
    p.ring = learning.numbers(batch.ring.rows, std::int64_t{p.capacity} * p.steps * p.row_size());
    p.drawn = learning.integers(batch.drawn, p.trials);
    if (p.decode_steps > 0)
      p.decoded = learning.integers(batch.decoded, std::int64_t{p.trials} * p.decode_steps);
    p.noise = learning.numbers(batch.noise, std::int64_t{p.trials} * p.shape.latent * padded(p.steps));
    const reference::BeliefSums sums = reference::belief_sums(p, p.theta);
    EXPECT_NEAR(extra(report, "reconstruction"), sums.reconstruction / p.trials,
                1e-4 * sums.reconstruction / p.trials);
    if (p.shape.decodes_state()) {
      EXPECT_NEAR(extra(report, "state_reconstruction"), sums.state_reconstruction / p.trials,
                  1e-4 * sums.state_reconstruction / p.trials);
    }
    EXPECT_NEAR(extra(report, "belief_kl"), sums.divergence / p.trials, 1e-4 * sums.divergence / p.trials);
    Vector wanted = central_differences(
        [&](const Vector& theta) { return reference::belief_objective(p, theta); }, p.theta, 1e-6);
    for (double& g : wanted) g /= p.trials;
    EXPECT_LT(relative_error(learning.numbers(learning.learner().belief_gradient(), learning.belief_size()),
                             wanted),
              1e-3);
  }
}

TEST(Varibad, LearnsToTellOfRewards) {
  for (const auto& family : {kBelief, kPoint}) {
    BeliefLearning learning(
        belief_config(family, {"algorithm.belief_updates=20", "algorithm.belief_lr=0.003"}));
    const double first = extra(learning.iterate(), "reconstruction");
    double last = first;
    for (int i = 0; i < 15; ++i) last = extra(learning.iterate(), "reconstruction");
    EXPECT_LT(last, 0.8 * first);
  }
}

TEST(Varibad, LearnsToTellOfNextStates) {
  BeliefLearning learning(belief_config(kWind, {"algorithm.belief_updates=20", "algorithm.belief_lr=0.003"}));
  const double first = extra(learning.iterate(), "state_reconstruction");
  double last = first;
  for (int i = 0; i < 15; ++i) last = extra(learning.iterate(), "state_reconstruction");
  EXPECT_LT(last, 0.2 * first);
}

}  // namespace
}  // namespace innerloop
