// Soft actor-critic as a whole: what it plays, keeps and learns, and in which order.
#include "engine/algorithms/sac.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "engine/device/planned_buffers.h"
#include "engine/error.h"
#include "engine/evaluation/trial_evaluator.h"
#include "engine/learned/soft_actor_critic.h"
#include "tests/support/kernels.h"
#include "tests/support/soft_problem.h"

namespace innerloop {
namespace {

Config sac_config(const std::vector<std::string>& overrides = {}) {
  return parse_config(
      R"({"seed": 5, "iterations": 100, "tasks_per_iteration": 3, "envs_per_task": 2, "horizon": 6,
      "at_episode_end": "restart", "at_time_limit": "bootstrap", "environment": {"name": "pendulum"},
      "policy": {"name": "mlp", "hidden": [9], "squash": 2, "initial_log_std": -0.5},
      "algorithm": {"name": "sac", "updates": 3, "batch": 70, "capacity": 100, "first_steps": 0, "critic_hidden": [8]},
      "outer": {"name": "adam", "lr": 0.01}, "evaluation": {"tasks": 5, "envs_per_task": 2}})",
      "sac.json", overrides);
}
const std::string kVersion1 = "algorithm.version=value_network";

class SacLearning {
 public:
  explicit SacLearning(const Config& config)
      : device_({.backend = Backend::cpu, .threads = 2, .instructions = ""}),
        nets(soft_networks(config)),
        learner_(std::get<SacOptions>(config.algorithm), config, device_) {
    learner_.allocate();
  }
  IterationReport iterate() { return learner_.iterate(done_++); }
  Sac& learner() { return learner_; }
  Vector numbers(const float* from, std::int64_t count) { return to_double(device_.read(from, count)); }
  Vector params() { return numbers(learner_.params(), learner_.learned().size()); }
  Vector targets() { return numbers(learner_.updates().targets(), nets.targets()); }
  std::vector<int> integers(const int* from, std::int64_t count) { return device_.read(from, count); }
  Device& device() { return device_; }

 private:
  Device device_;

 public:
  const SoftNetworks nets;

 private:
  Sac learner_;
  std::uint32_t done_ = 0;
};

// The last update's numbers as a plain problem.
SoftProblem last_problem(SacLearning& learning, const Config& config) {
  const ReplayBatch<float>& batch = learning.learner().updates().batch();
  const SoftUpdateOptions& options = soft_options(config);
  SoftProblem p;
  p.nets = learning.nets;
  p.steps = batch.steps;
  p.rings = 1;
  p.capacity = batch.replay.capacity;
  p.discount = options.discount;
  p.reward_scale = options.reward_scale;
  p.wanted_entropy = -p.nets.actions;
  p.regularisation = options.regularisation;
  p.replay = learning.numbers(batch.replay.rows, p.capacity * batch.replay.row_size());
  p.of = learning.integers(batch.of, 1);
  p.drawn = learning.integers(batch.drawn, batch.rows());
  p.noise = learning.numbers(batch.noise, 2L * batch.rows() * p.nets.actions);
  return p;
}

// What the optimisers are handed is the mean gradient of the objectives as the papers write them, on what was drawn: the
// critics' at the parameters before the update and the actor's with the critics after it.
TEST(Sac, LearnsAlongThePublishedObjectives) {
  for (const std::string& version : {kVersion1, std::string("algorithm.version=twin_targets")}) {
    const Config config = sac_config({version, "algorithm.updates=1", "algorithm.reward_scale=2",
                                      "algorithm.regularisation=0.01", "outer.lr=0.003"});
    SacLearning learning(config);
    learning.iterate();
    const Vector theta = learning.params(), targets = learning.targets();
    learning.iterate();
    SoftProblem p = last_problem(learning, config);
    const Vector gradient = learning.numbers(learning.learner().updates().gradient(), p.nets.parameters()),
                 after = learning.params();
    p.theta = theta;
    p.targets = targets;
    const int critics = p.nets.critics_at(), size = 2 * p.nets.critic.parameters();
    const auto mean = [&](Vector sums) {
      for (double& x : sums) x /= p.rows();
      return sums;
    };
    const Vector by_critics = mean(central_differences(
        [&](const Vector& x) { return reference::critic_objective(p, x, p.latents); }, theta, 1e-6));
    EXPECT_LT(relative_error(part(gradient, critics, size), part(by_critics, critics, size)), 2e-5);
    for (int i = 0; i < size; ++i)
      p.theta[static_cast<std::size_t>(critics + i)] = after[static_cast<std::size_t>(critics + i)];
    const Vector by_actor = mean(central_differences(
        [&](const Vector& x) { return reference::actor_objective(p, x); }, p.theta, 1e-6));
    EXPECT_LT(relative_error(part(gradient, 0, critics), part(by_actor, 0, critics)), 2e-5);
  }
}

// They start as what they follow, and move a little after each update, towards what it is then.
TEST(Sac, TargetsFollow) {
  for (const std::string& version : {kVersion1, std::string("algorithm.version=twin_targets")}) {
    SacLearning learning(sac_config({version, "algorithm.updates=1", "algorithm.target_rate=0.25"}));
    const int from = learning.nets.has_value() ? learning.nets.value_at() : learning.nets.critics_at();
    EXPECT_EQ(learning.targets(), part(learning.params(), from, learning.nets.targets()));
    for (int i = 0; i < 3; ++i) {
      Vector wanted = learning.targets();
      learning.iterate();
      const Vector followed = part(learning.params(), from, learning.nets.targets());
      for (std::size_t k = 0; k < wanted.size(); ++k) wanted[k] += 0.25 * (followed[k] - wanted[k]);
      EXPECT_LT(relative_error(learning.targets(), wanted), 1e-6);
    }
  }
}

// A step is kept with what it led to, and an end only where the episode ended by itself: all of them, the last one too.
TEST(Sac, KeepsEveryStepThatWasPlayed) {
  const Config config = sac_config({"algorithm.updates=1"});
  SacLearning learning(config);
  for (int iteration = 0; iteration < 4; ++iteration) {
    learning.iterate();
    const Replay<float>& replay = learning.learner().updates().batch().replay;
    const Batch<float>& batch = learning.learner().loop().trials().batch;
    ASSERT_EQ(batch.horizon, 6);
    ASSERT_EQ(batch.envs, 6);
    EXPECT_EQ(learning.integers(replay.place, 2),
              (std::vector<int>{36 * (iteration + 1) % 100, std::min(36 * (iteration + 1), 100)}));
    const auto at = [&](const float* from, int d, int row) {
      return learning.numbers(from + d * batch.row_stride + row, 1)[0];
    };
    for (int i = 0; i < 36; ++i) {
      const Vector row = learning.numbers(replay.at(0, (36 * iteration + i) % 100), replay.row_size());
      for (int d = 0; d < 3; ++d) {
        EXPECT_EQ(row[static_cast<std::size_t>(d)], at(batch.observations, d, i));
        EXPECT_EQ(row[static_cast<std::size_t>(replay.next_at() + d)], at(batch.next_observations, d, i));
      }
      EXPECT_EQ(row[static_cast<std::size_t>(replay.drawn_at())], at(batch.actions, 0, i));
      EXPECT_EQ(row[static_cast<std::size_t>(replay.reward_at())], at(batch.rewards, 0, i));
      EXPECT_EQ(row[static_cast<std::size_t>(replay.end_at())],
                0);  // a pendulum ends by its time limit alone
    }
  }
}

double ends_of(const std::vector<std::string>& overrides) {
  SacLearning learning(sac_config(overrides));
  learning.iterate();
  const Replay<float>& replay = learning.learner().updates().batch().replay;
  double ends = 0;
  for (int i = 0; i < 36; ++i) ends += learning.numbers(replay.at(0, i), replay.row_size()).back();
  return ends;
}

// By the config's option a time limit is an end or is not; an end by itself always is.
TEST(Sac, ATimeLimitEndsWhatTheConfigSays) {
  EXPECT_EQ(ends_of({}), 0);
  EXPECT_EQ(ends_of({"at_time_limit=zero"}), 6);
}

// Before there are as many steps as it wants, nothing is learned.
TEST(Sac, WaitsForItsFirstSteps) {
  SacLearning learning(sac_config({"algorithm.first_steps=60"}));
  const Vector start = learning.params();
  learning.iterate();
  EXPECT_EQ(learning.params(), start);
  EXPECT_EQ(learning.targets(), part(start, learning.nets.critics_at(), learning.nets.targets()));
  learning.iterate();
  EXPECT_NE(learning.params(), start);
}

// It acts as its policy says: the mean where it is to be deterministic, else with the deviation of what it sees.
TEST(Sac, ActsByItsPolicy) {
  const Config config = sac_config();
  SacLearning learning(config);
  for (int i = 0; i < 3; ++i) learning.iterate();
  const Vector theta = learning.params();
  const TrialSetup setup = trial_setup(config);
  BufferPlan plan;
  TrialLoop loop(setup, 300, 1, false, learning.device(), plan);
  const auto memory = allocate_planned(learning.device(), plan, "the test");
  loop.set_key({3, 4});
  for (const bool deterministic : {true, false}) {
    loop.play(learning.learner().params(), deterministic);
    const Batch<float>& batch = loop.trials().batch;
    const Vector seen = learning.numbers(batch.observations, 3 * batch.row_stride),
                 drawn = learning.numbers(batch.actions, batch.rows());
    SoftProblem p;
    p.nets = learning.nets;
    double sum = 0, squares = 0;
    for (int row = 0; row < batch.rows(); ++row) {
      const auto at = [&](int d) { return seen[static_cast<std::size_t>(d * batch.row_stride + row)]; };
      const double observed[] = {at(0), at(1), at(2)}, noise[] = {0};
      const reference::SoftAction own = reference::soft_action(p, theta, {}, observed, noise);
      const double z = (drawn[static_cast<std::size_t>(row)] - own.mean[0]) / std::exp(own.log_std[0]);
      if (deterministic) {
        EXPECT_NEAR(z, 0, 1e-5);
      }
      sum += z;
      squares += z * z;
    }
    if (deterministic) continue;
    EXPECT_NEAR(sum / batch.rows(), 0, 0.1);
    EXPECT_NEAR(squares / batch.rows(), 1, 0.15);
  }
}

// Of all that is learned an evaluation takes the policy's part, which comes first.
TEST(Sac, IsEvaluatedByItsPolicyAlone) {
  const Config config = sac_config();
  SacLearning learning(config);
  learning.iterate();
  Device device({.backend = Backend::cpu, .threads = 1, .instructions = ""});
  const auto evaluator = CurveEvaluator::create(config, device);
  evaluator->allocate();
  const std::vector<float> params =
      learning.device().read(learning.learner().params(), learning.learner().learned().size());
  std::vector<float> critics = params, policy = params;
  critics.back() += 3;
  policy.front() += 3;
  const double before = evaluator->evaluate(params)[0].mean_return;
  EXPECT_EQ(evaluator->evaluate(critics)[0].mean_return, before);
  EXPECT_NE(evaluator->evaluate(policy)[0].mean_return, before);
}

TEST(Sac, SaysWhatItsNetworksAre) {
  const Learned two = learned_soft_actor_critic(sac_config()),
                one = learned_soft_actor_critic(sac_config({kVersion1}));
  EXPECT_EQ(two.find("actor.output.weight")->shape, (std::vector<std::int64_t>{9, 2}));
  EXPECT_EQ(two.find("critic1.layer0.weight")->shape, (std::vector<std::int64_t>{4, 8}));
  EXPECT_NE(two.find("log_temperature"), nullptr);
  EXPECT_EQ(two.find("value.output.weight"), nullptr);
  EXPECT_EQ(one.find("log_temperature"), nullptr);
  EXPECT_EQ(one.find("value.layer0.weight")->shape, (std::vector<std::int64_t>{3, 8}));
  const LearnedBlock& bias = *two.find("actor.output.bias");
  EXPECT_EQ(two.initial(3)[static_cast<std::size_t>(bias.offset)], 0);
  EXPECT_EQ(two.initial(3)[static_cast<std::size_t>(bias.offset + 1)], -0.5f);
  for (const auto& config : {sac_config(), sac_config({kVersion1})}) {
    const SoftNetworks nets = soft_networks(config);
    const Learned learned = learned_soft_actor_critic(config);
    EXPECT_EQ(learned.size(), nets.parameters());
    EXPECT_EQ(learned.range("critic0.").offset, nets.critic_at(0));
    EXPECT_EQ(learned.range("critic1.").offset, nets.critic_at(1));
    EXPECT_EQ(learned.range("actor.").size, nets.policy.parameters());
  }
}

TEST(Sac, PlansTheReplay) {
  SacLearning learning(sac_config());
  std::int64_t bytes = 0;
  for (const BufferPlan::Buffer& buffer : learning.learner().plan().buffers())
    if (buffer.name == "replay") bytes = buffer.bytes;
  EXPECT_GE(bytes, 100 * (3 + 1 + 3 + 2) * 4);
}

std::string sac_refusal(const std::vector<std::string>& overrides) {
  try {
    sac_config(overrides);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Sac, RefusesWhatItCannotLearnFrom) {
  using testing::HasSubstr;
  EXPECT_THAT(sac_refusal({"environment={\"name\": \"cartpole\"}"}),
              HasSubstr("/environment/name: wanted an environment whose actions are numbers with algorithm "
                        "\"sac\", whose critics are climbed along them, found \"cartpole\""));
  EXPECT_THAT(sac_refusal({"policy.squash=null"}), HasSubstr("/policy/squash: wanted a number"));
  EXPECT_THAT(sac_refusal({"algorithm.batch=101"}), HasSubstr("/algorithm/capacity"));
  EXPECT_THAT(sac_refusal({"algorithm.first_steps=101"}), HasSubstr("/algorithm/first_steps"));
  EXPECT_THAT(sac_refusal({"envs_per_task=6"}),
              HasSubstr("/algorithm/capacity: wanted at least the 108 steps of an iteration"));
  EXPECT_THAT(sac_refusal({"at_episode_end=stop"}), HasSubstr("/at_episode_end"));
  EXPECT_THAT(sac_refusal({R"(outer={"name": "trpo"})"}), HasSubstr("/outer/name"));
  EXPECT_THAT(sac_refusal({kVersion1, "algorithm.target_entropy=-2"}),
              HasSubstr("/algorithm/target_entropy"));
  EXPECT_THAT(sac_refusal({kVersion1, "algorithm.initial_temperature=0.5"}),
              HasSubstr("/algorithm/initial_temperature"));
  EXPECT_THAT(sac_refusal({"policy.hidden=[]"}), HasSubstr("/policy/hidden"));
  EXPECT_THAT(sac_refusal({"policy={\"name\": \"gru\", \"squash\": 2}"}), HasSubstr("/policy/name"));
}

}  // namespace
}  // namespace innerloop
