// PEARL as a whole: which tasks it plays, what of them goes where, and along what its networks learn.
#include "engine/algorithms/pearl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "engine/error.h"
#include "engine/evaluation/curve.h"
#include "tests/support/context_problem.h"
#include "tests/support/kernels.h"

namespace innerloop {
namespace {

Config pearl_config(const std::vector<std::string>& overrides = {}) {
  return parse_config(
      R"({"seed": 5, "iterations": 100, "tasks_per_iteration": 3, "envs_per_task": 2, "horizon": 4,
      "at_episode_end": "restart", "at_time_limit": "bootstrap",
      "environment": {"name": "point_navigation", "layout": "semicircle"},
      "policy": {"name": "mlp", "hidden": [9], "squash": 1},
      "algorithm": {"name": "pearl", "trial_length": 20, "train_tasks": 6, "latent": 3, "encoder_hidden": [7],
        "kl_weight": 0.3, "meta_batch": 4, "context": 11, "context_episodes": 3, "prior_episodes": 2, "sparse_within": 0.5,
        "updates": 3, "batch": 70, "capacity": 90, "critic_hidden": [8]},
      "outer": {"name": "adam", "lr": 0.01}, "evaluation": {"tasks": 5, "envs_per_task": 2}})",
      "pearl.json", overrides);
}
const std::string kVersion2 = "algorithm.version=twin_targets";

class PearlLearning {
 public:
  explicit PearlLearning(const Config& config)
      : actor(soft_actor(config)),
        device_({.backend = Backend::cpu, .threads = 2, .instructions = ""}),
        learner_(std::get<PearlOptions>(config.algorithm), config, device_) {
    learner_.allocate();
  }
  IterationReport iterate() { return learner_.iterate(done_++); }
  Pearl& learner() { return learner_; }
  Device& device() { return device_; }
  Vector numbers(const float* from, std::int64_t count) { return to_double(device_.read(from, count)); }
  Vector params() { return numbers(learner_.params(), learner_.learned().size()); }
  Vector targets() { return numbers(learner_.updates().targets(), actor.nets.targets()); }
  std::vector<int> integers(const int* from, std::int64_t count) { return device_.read(from, count); }

  const SoftActor actor;

 private:
  Device device_;
  Pearl learner_;
  std::uint32_t done_ = 0;
};

// The last update's contexts, and its steps, as plain problems.
ContextProblem last_contexts(PearlLearning& learning, const Config& config) {
  const ContextBatch<float>& c = learning.learner().contexts();
  ContextProblem p;
  p.encoder = learning.actor.encoder;
  p.tasks = c.tasks;
  p.steps = c.steps;
  p.rings = c.ring.tasks;
  p.capacity = c.ring.capacity;
  p.kl_weight = std::get<PearlOptions>(config.algorithm).kl_weight;
  p.replay = learning.numbers(c.ring.rows, p.rings * p.capacity * c.ring.row_size());
  p.noise = learning.numbers(c.noise, p.tasks * padded(c.latent));
  p.of = learning.integers(c.of, p.tasks);
  p.count = learning.integers(c.count, p.tasks);
  p.drawn = learning.integers(c.drawn, p.tasks * p.steps);
  return p;
}
SoftProblem last_steps(PearlLearning& learning, const Config& config) {
  const ReplayBatch<float>& batch = learning.learner().updates().batch();
  const SoftUpdateOptions& options = soft_options(config);
  SoftProblem p;
  p.nets = learning.actor.nets;
  p.tasks = batch.tasks;
  p.steps = batch.steps;
  p.rings = batch.replay.tasks;
  p.capacity = batch.replay.capacity;
  p.discount = options.discount;
  p.reward_scale = options.reward_scale;
  p.wanted_entropy = -p.nets.actions;
  p.regularisation = options.regularisation;
  p.replay = learning.numbers(batch.replay.rows, p.rings * p.capacity * batch.replay.row_size());
  p.of = learning.integers(batch.of, p.tasks);
  p.drawn = learning.integers(batch.drawn, batch.rows());
  p.noise = learning.numbers(batch.noise, 2L * batch.rows() * p.nets.actions);
  return p;
}

// The encoder climbs what the critics do, through its latent variables, less the divergence, and nothing else: not the policy's
// nor the values' objective. Policy and values take the latent variables from before the encoder's step as they are.
TEST(Pearl, LearnsAlongThePublishedObjectives) {
  for (const std::string& version : {kVersion2, std::string("algorithm.version=value_network")}) {
    const Config config = pearl_config({version, "algorithm.updates=1", "algorithm.reward_scale=2",
                                        "algorithm.regularisation=0.01", "outer.lr=0.003"});
    PearlLearning learning(config);
    for (int i = 0; i < 3; ++i) learning.iterate();
    const Vector theta = learning.params(), targets = learning.targets();
    learning.iterate();
    const Vector gradient = learning.numbers(learning.learner().updates().gradient(),
                                             learning.learner().learned().size()),
                 after = learning.params();
    const int encoder = learning.actor.policy_at(), rest = learning.actor.nets.parameters();
    ContextProblem contexts = last_contexts(learning, config);
    SoftProblem steps = last_steps(learning, config);
    contexts.theta = part(theta, 0, encoder);
    steps.theta = part(theta, encoder, rest);
    steps.targets = targets;
    const int wide = padded(contexts.encoder.latent);
    double divergence = 0;
    const auto latents_at = [&](const Vector& params) {
      Vector latents(static_cast<std::size_t>(contexts.tasks * wide));
      divergence = 0;
      for (int task = 0; task < contexts.tasks; ++task) {
        const reference::TaskBelief q = reference::task_belief(contexts, params, task);
        std::copy(q.latent.begin(), q.latent.end(), latents.begin() + task * wide);
        divergence += q.divergence / contexts.tasks;
      }
      return latents;
    };
    steps.latents = latents_at(contexts.theta);
    EXPECT_LT(relative_error(learning.numbers(learning.learner().beliefs().latents, contexts.tasks * wide),
                             steps.latents),
              1e-5);
    const Vector by_encoder = central_differences(
        [&](const Vector& x) {
          const Vector latents = latents_at(x);
          return reference::critic_objective(steps, steps.theta, latents) / steps.rows() -
                 contexts.kl_weight * divergence;
        },
        contexts.theta, 1e-6);
    EXPECT_LT(relative_error(part(gradient, 0, encoder), by_encoder), 1e-4) << version;
    const int critics = steps.nets.critics_at(), size = 2 * steps.nets.critic.parameters();
    const auto mean = [&](Vector sums) {
      for (double& x : sums) x /= steps.rows();
      return sums;
    };
    const Vector by_critics = mean(central_differences(
        [&](const Vector& x) { return reference::critic_objective(steps, x, steps.latents); }, steps.theta,
        1e-6));
    EXPECT_LT(relative_error(part(gradient, encoder + critics, size), part(by_critics, critics, size)), 1e-4);
    for (int i = 0; i < size; ++i)
      steps.theta[static_cast<std::size_t>(critics + i)] =
          after[static_cast<std::size_t>(encoder + critics + i)];
    const Vector by_actor = mean(central_differences(
        [&](const Vector& x) { return reference::actor_objective(steps, x); }, steps.theta, 1e-6));
    EXPECT_LT(relative_error(part(gradient, encoder, critics), part(by_actor, 0, critics)), 1e-4);
  }
}

// All of a trial's steps go into its task's replay, with the rewards that the critics learn from; its first episodes alone are
// the task's exploration, the last trial's in place of the one before.
TEST(Pearl, StepsGoWhereTheyBelong) {
  PearlLearning learning(pearl_config());
  std::set<int> all;
  for (int iteration = 0; iteration < 4; ++iteration) {
    learning.iterate();
    const Replay<float>&replay = learning.learner().updates().batch().replay,
          &contexts = learning.learner().contexts().ring;
    const Batch<float>& batch = learning.learner().loop().trials().batch;
    const std::vector<int> played = learning.integers(learning.learner().played(), 3);
    EXPECT_EQ(std::set<int>(played.begin(), played.end()).size(), 3u);
    all.insert(played.begin(), played.end());
    const int trials = iteration / 2 + 1;  // of each task that was played now
    const Vector rewards = learning.numbers(batch.rewards, batch.rows());
    for (int number = 0; number < 3; ++number) {
      const int task = played[static_cast<std::size_t>(number)];
      EXPECT_EQ(learning.integers(replay.place + 2 * task, 2), (std::vector<int>{40 * trials, 40 * trials}));
      EXPECT_EQ(learning.integers(contexts.place + 2 * task, 2)[1], 24);
      for (int i = 0; i < 40; ++i) {
        const Vector row = learning.numbers(replay.at(task, 40 * (trials - 1) + i), replay.row_size());
        EXPECT_EQ(row[static_cast<std::size_t>(replay.reward_at())],
                  rewards[static_cast<std::size_t>(i / 2 * 6 + 2 * number + i % 2)]);
        EXPECT_LT(row[static_cast<std::size_t>(replay.reward_at())], 0);  // minus the distance
        if (i < 24) {
          EXPECT_EQ(row, learning.numbers(contexts.at(task, i), contexts.row_size()));
        }
      }
    }
  }
  EXPECT_EQ(all.size(), 6u);
}

// The tasks that are learned from stay the same ones.
TEST(Pearl, LearnsFromFixedTasks) {
  PearlLearning learning(pearl_config());
  std::vector<std::vector<float>> numbers(6);
  for (int iteration = 0; iteration < 6; ++iteration) {
    learning.iterate();
    const std::vector<int> played = learning.integers(learning.learner().played(), 3);
    for (std::size_t number = 0; number < 3; ++number)
      for (int copy = 0; copy < 2; ++copy) {
        const std::vector<float> task = learning.learner().loop().task(static_cast<int>(2 * number) + copy);
        std::vector<float>& first = numbers[static_cast<std::size_t>(played[number])];
        if (first.empty()) first = task;
        EXPECT_EQ(task, first);
      }
  }
  std::set<std::vector<float>> different(numbers.begin(), numbers.end());
  EXPECT_EQ(different.size(), 6u);
}

// Beliefs are inferred from exploration, not from the replay: a step of the latter is nothing to them.
TEST(Pearl, BeliefsAreOfExplorationAlone) {
  const auto beliefs_after = [](int which) {
    PearlLearning learning(pearl_config({"algorithm.updates=1"}));
    learning.iterate();
    learning.iterate();
    const Replay<float>&replay = learning.learner().updates().batch().replay,
          &contexts = learning.learner().contexts().ring;
    const Replay<float>& changed = which == 1 ? replay : contexts;
    if (which > 0)
      for (int task = 0; task < 6; ++task)
        for (int step = 0; step < changed.capacity; ++step)
          learning.device().write(changed.at(task, step) + changed.reward_at(), 7.0f);
    // The next iteration explores three of six tasks anew; the others' exploration is as it was left.
    learning.iterate();
    return learning.numbers(learning.learner().beliefs().beliefs, 4 * 2 * padded(3));
  };
  EXPECT_EQ(beliefs_after(1), beliefs_after(0));
  EXPECT_NE(beliefs_after(2), beliefs_after(0));
}

TEST(Pearl, FactorsStartAsWideAsTheyAreSaidTo) {
  const auto variances = [](const std::vector<std::string>& overrides) {
    const Config config = pearl_config(overrides);
    const Learned learned = create_learned(config);
    const std::vector<float> numbers = learned.initial(config.seed);
    const LearnedBlock* const bias = learned.find("encoder.output.bias");
    const auto begin = numbers.begin() + bias->offset;
    EXPECT_THAT(std::vector(begin, begin + 3), testing::Each(0));
    std::vector<double> softplus;
    for (int i = 3; i < 6; ++i) softplus.push_back(std::log1p(std::exp(double{begin[i]})));
    return softplus;
  };
  EXPECT_THAT(variances({}), testing::Each(testing::DoubleNear(std::log(2.0), 1e-7)));
  EXPECT_THAT(variances({"algorithm.initial_variance=50"}), testing::Each(testing::DoubleNear(50, 1e-5)));
  EXPECT_THAT(variances({"algorithm.initial_variance=0.01"}), testing::Each(testing::DoubleNear(0.01, 1e-8)));
}

// Returns are of the rewards that a context shows after training: sparse ones, none of them below 0.
TEST(Pearl, ReturnsAreSparseWhereContextsAre) {
  PearlLearning sparse(pearl_config()), dense(pearl_config({"algorithm.sparse_within=null"}));
  for (const double mean : sparse.iterate().returns) EXPECT_GE(mean, 0);
  for (const double mean : dense.iterate().returns) EXPECT_LT(mean, 0);
}

// A wider radius at the start changes what is inferred, in updates and, after the prior episodes, in play; what trajectories
// return is told by the last radius, within which nobody comes in these few steps.
TEST(Pearl, ContextsAreWideAsTrainingStarts) {
  const auto play = [](const std::vector<std::string>& overrides) {
    PearlLearning learning(pearl_config(overrides));
    EXPECT_THAT(learning.iterate().returns, testing::Each(0));
    const Batch<float>& batch = learning.learner().loop().trials().batch;
    const Vector rewards = learning.numbers(batch.rewards, batch.rows());
    const auto middle = rewards.begin() + 2 * 4 * batch.envs;
    return std::tuple{learning.numbers(learning.learner().beliefs().beliefs, 4 * 2 * padded(3)),
                      Vector(rewards.begin(), middle), Vector(middle, rewards.end())};
  };
  const auto [narrow, narrow_first, narrow_later] = play({"algorithm.updates=1"});
  const auto [wide, wide_first, wide_later] = play({"algorithm.updates=1", "algorithm.sparse_from=5"});
  EXPECT_NE(narrow, wide);
  EXPECT_EQ(narrow_first, wide_first);
  EXPECT_NE(narrow_later, wide_later);
}

TEST(Pearl, ARadiusToStartFromIsCheckedAgainstTheLastOne) {
  const auto refused = [](const std::vector<std::string>& overrides) {
    try {
      pearl_config(overrides);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  EXPECT_THAT(refused({"algorithm.sparse_from=0.4"}),
              testing::HasSubstr("(has to be at least sparse_within"));
  EXPECT_THAT(refused({"algorithm.sparse_within=null", "algorithm.sparse_from=1"}),
              testing::HasSubstr("(wants sparse_within beside it"));
  EXPECT_EQ(refused({"algorithm.sparse_from=0.5"}), "nothing");
}

// What an evaluation's later episodes bring depends on what its encoder makes of the earlier ones; the first ones do not.
TEST(Pearl, IsEvaluatedByPosteriorSampling) {
  const Config config = pearl_config({"algorithm.sparse_within=null", "evaluation.tasks=20"});
  PearlLearning learning(config);
  learning.iterate();
  const auto evaluator = CurveEvaluator::create(config, learning.device());
  evaluator->allocate();
  const std::vector<float> params =
      learning.device().read(learning.learner().params(), learning.learner().learned().size());
  std::vector<float> encoder = params, critics = params;
  const auto last = static_cast<std::size_t>(learning.actor.policy_at()) - 6;  // a mean's bias
  for (std::size_t i = last; i < last + 3; ++i) encoder[i] += 2;
  critics.back() += 3;
  const auto before = evaluator->evaluate(params), other = evaluator->evaluate(encoder),
             same = evaluator->evaluate(critics);
  ASSERT_EQ(before.size(), 5u);
  for (std::size_t episode = 0; episode < 5; ++episode) {
    EXPECT_EQ(same[episode].mean_return, before[episode].mean_return);
    EXPECT_EQ(other[episode].mean_return == before[episode].mean_return, episode < 2) << episode;
  }
}

TEST(Pearl, PlansTheReplay) {
  PearlLearning learning(pearl_config());
  std::int64_t replay = 0, contexts = 0;
  for (const BufferPlan::Buffer& buffer : learning.learner().plan().buffers()) {
    if (buffer.name == "replay") replay = buffer.bytes;
    if (buffer.name == "contexts") contexts = buffer.bytes;
  }
  EXPECT_GE(replay, 6 * 90 * 8 * 4);
  EXPECT_GE(contexts, 6 * 24 * 8 * 4);
}

std::string pearl_refusal(const std::vector<std::string>& overrides) {
  try {
    pearl_config(overrides);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Pearl, RefusesWhatItCannotLearnFrom) {
  using testing::HasSubstr;
  EXPECT_EQ(pearl_refusal({}), "");
  EXPECT_THAT(pearl_refusal({"environment={\"name\": \"cartpole\"}"}),
              HasSubstr("whose actions are numbers"));
  EXPECT_THAT(pearl_refusal({"algorithm.capacity=39", "algorithm.batch=20"}),
              HasSubstr("/algorithm/capacity: wanted at least the 40 steps of a task"));
  EXPECT_THAT(pearl_refusal({"algorithm.batch=91"}), HasSubstr("/algorithm/capacity"));
  EXPECT_THAT(pearl_refusal({"algorithm.context=25"}),
              HasSubstr("/algorithm/context: wanted at most the 24 steps"));
  EXPECT_THAT(pearl_refusal({"algorithm.context_episodes=6"}), HasSubstr("/algorithm/context_episodes"));
  EXPECT_THAT(pearl_refusal({"algorithm.prior_episodes=6"}), HasSubstr("/algorithm/prior_episodes"));
  EXPECT_THAT(pearl_refusal({"algorithm.train_tasks=7"}),
              HasSubstr("/algorithm/train_tasks: wanted a multiple"));
  EXPECT_THAT(pearl_refusal({"algorithm.trial_length=21"}), HasSubstr("/algorithm/trial_length"));
  EXPECT_THAT(pearl_refusal({"policy.squash=null"}), HasSubstr("/policy/squash"));
  EXPECT_THAT(pearl_refusal({R"(outer={"name": "trpo"})"}), HasSubstr("/outer/name"));
}

}  // namespace
}  // namespace innerloop
