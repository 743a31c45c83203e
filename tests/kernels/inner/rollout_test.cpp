// Rollouts (kernels/inner/rollout.h): trajectories that are consistent in themselves, with the policy and the environment.
#include <gtest/gtest.h>

#include <cmath>

#include "envs/registry.h"
#include "tests/support/environment_play.h"
#include "tests/support/kernels.h"
#include "tests/support/reference.h"

namespace innerloop {
namespace {

using One = Pack<float, 1>;

template <class Env>
PolicyShape shape_for(const typename Env::Options& options, const std::vector<int>& hidden) {
  const int seen = Env::observation(options).numbers;
  std::vector<int> widths = {seen};
  widths.insert(widths.end(), hidden.begin(), hidden.end());
  widths.push_back(action_outputs<Env>(options));
  PolicyShape shape = policy_of(widths, Env::Action::discrete ? HeadKind::categorical : HeadKind::gaussian);
  shape.context = hidden.empty() ? 0 : 2;
  // Half of the environments with either form of a context.
  shape.context_input = seen % 2 == 0 ? ContextInput::film : ContextInput::concatenate;
  return shape;
}

struct Setting {
  int tasks = 3, horizon = 40, envs = 7, tile_envs = 7;
  bool restart = false, deterministic = false;
  int inner_step = 1;
  RandomKey key = {5, 9};
  bool looks_beyond = false;
};

template <class Env>
struct Played {
  explicit Played(const Setting& chosen, const typename Env::Options& its_options = {},
                  const std::vector<int>& hidden = {13, 5})
      : setting(chosen), options(its_options), shape(shape_for<Env>(options, hidden)) {
    std::mt19937_64 random(4);
    for (int task = 0; task < setting.tasks; ++task)
      for (double x : random_vector(shape.parameters(), 0.4, random)) theta.push_back(static_cast<float>(x));
    const HostKernelSet kernels = host_kernel_sets().back();
    tasks.resize(static_cast<std::size_t>(setting.tasks * kTaskSize<Env>));
    run_kernel<DrawTasks<float, Env>>(kernels, {options, &setting.key, tasks.data()}, setting.tasks);

    trajectories = empty_trajectories(shape.inputs(), shape.action_size(), shape.outputs(), setting.tasks,
                                      setting.horizon, setting.envs, setting.looks_beyond);
    kept_numbers.assign(
        static_cast<std::size_t>(setting.tasks * trajectories.rows() * shape.hidden_size() + 16), NAN);
    const auto at = reinterpret_cast<std::uintptr_t>(kept_numbers.data());
    kept = {kept_numbers.data() + (64 - at % 64) % 64 / sizeof(float),
            static_cast<long>(trajectories.rows()) * shape.hidden_size()};
    BatchMemory<float> memory(trajectories);
    Rollout<float, Env> op;
    op.shape = shape;
    op.params = {theta.data(), shape.parameters()};
    op.batch = memory.batch();
    op.kept = shape.layers > 1 ? kept : Kept<float>{};
    op.tasks = tasks.data();
    op.options = options;
    op.key = &setting.key;
    op.inner_step = setting.inner_step;
    op.restart = setting.restart;
    op.deterministic = setting.deterministic;
    op.tile_envs = setting.tile_envs;
    run_kernel<Rollout<float, Env>>(kernels, op, setting.tasks);
    memory.read_back(trajectories);
  }

  Vector theta_of(int task) const {
    return Vector(theta.begin() + task * shape.parameters(), theta.begin() + (task + 1) * shape.parameters());
  }
  float log_std(int task, int o) const {
    return theta[static_cast<std::size_t>(task * shape.parameters() + shape.log_std_offset() + o)];
  }

  const Setting setting;
  const typename Env::Options options;
  const PolicyShape shape;
  std::vector<float> theta, tasks, kept_numbers;
  Kept<float> kept;
  Trajectories trajectories;
};

template <class Env>
class RolloutTest : public testing::Test {};
struct EnvironmentName {
  template <class Env>
  static std::string GetName(int) {
    return Env::name;
  }
};
// Continuous and discrete actions, without and with a task in memory.
using KindsOfEnvironments = testing::Types<PointNavigation, Bandit, CartPole, TabularMdp>;
TYPED_TEST_SUITE(RolloutTest, KindsOfEnvironments, EnvironmentName);

template <class Env>
typename Env::Action::template Value<One> action_of(const Trajectories& t, int task, int row) {
  const Vector numbers = t.action(task, row);
  if constexpr (Env::Action::discrete) {
    return IntPack<One>(static_cast<std::int32_t>(numbers[0]));
  } else {
    typename Env::Action::template Value<One> action{};
    for (std::size_t d = 0; d < numbers.size(); ++d)
      action[static_cast<int>(d)] = One(static_cast<float>(numbers[d]));
    return action;
  }
}

// Plays the stored actions by hand, one environment at a time: rewards, ends, validity and next observations, to the bit.
template <class Env>
void expect_what_the_environment_does(const Played<Env>& played) {
  const Trajectories& t = played.trajectories;
  const Setting& s = played.setting;
  int early = 0;
  for (int task = 0; task < s.tasks; ++task) {
    const TaskOf<Env, One> its_task = load_task<Env, One>(played.tasks.data() + task * kTaskSize<Env>);
    for (int env = 0; env < s.envs; ++env) {
      const auto random_at = [&](int step, Purpose purpose) {
        return Random<One>(s.key, UintPack<One>(static_cast<std::uint32_t>(task)),
                           UintPack<One>(static_cast<std::uint32_t>(env)),
                           UintPack<One>(static_cast<std::uint32_t>(step)), purpose,
                           static_cast<std::uint32_t>(s.inner_step));
      };
      auto reset_random = random_at(0, Purpose::reset);
      auto state = Env::template reset<One>(played.options, its_task, reset_random);
      bool alive = true;
      for (int step = 0; step < s.horizon; ++step) {
        const int r = t.row(env, step);
        const auto observed =
            seen<Env, One>(played.options, its_task, state, random_at(step, Purpose::observation));
        for (std::size_t d = 0; alive && d < observed.size(); ++d)
          ASSERT_EQ(t.observation(task, r)[d], observed[d].get(0)) << task << ' ' << env << ' ' << step;
        for (double o : t.observation(task, r)) ASSERT_TRUE(std::isfinite(o));
        ASSERT_EQ(t.of(t.valid, task)[r], alive);
        if (!alive) {
          ASSERT_EQ(t.of(t.rewards, task)[r], 0);
          ASSERT_EQ(t.of(t.ends, task)[r], 0);
          continue;
        }
        auto step_random = random_at(step, Purpose::environment);
        const auto outcome =
            Env::template step<One>(played.options, its_task, state, action_of<Env>(t, task, r), step_random);
        const bool done = outcome.terminated.get(0) != 0;
        ASSERT_EQ(t.of(t.rewards, task)[r], outcome.reward.get(0));
        ASSERT_EQ(t.of(t.ends, task)[r], done || step + 1 == s.horizon);
        early += done && step + 1 < s.horizon;
        if (s.looks_beyond) {
          ASSERT_EQ(t.of(t.terminated, task)[r], done);
        }
        if (s.looks_beyond && step + 1 == s.horizon) {
          const auto beyond =
              seen<Env, One>(played.options, its_task, state, random_at(step + 1, Purpose::last_observation));
          for (std::size_t d = 0; d < beyond.size(); ++d)
            ASSERT_EQ(t.observation(task, r + s.envs)[d], beyond[d].get(0)) << task << ' ' << env;
        }
        if (!done) continue;
        if (s.restart) {
          auto again = random_at(step + 1, Purpose::reset);
          state = Env::template reset<One>(played.options, its_task, again);
        } else {
          alive = false;
        }
      }
    }
  }
  // Nobody finds the goal by chance, and a tabular MDP has none.
  EXPECT_GE(early, (std::is_same_v<Env, PointNavigation> || std::is_same_v<Env, TabularMdp> ? 0 : 5));
}

TYPED_TEST(RolloutTest, StopsWhereAnEpisodeEnds) {
  expect_what_the_environment_does(Played<TypeParam>({.restart = false}));
}

TYPED_TEST(RolloutTest, StartsANewEpisodeWhereOneEnds) {
  expect_what_the_environment_does(Played<TypeParam>({.restart = true}));
}

// Beyond the last step there is what it leads to, and no next episode; all else is as without.
TYPED_TEST(RolloutTest, LooksBeyondTheLastStep) {
  for (const bool restart : {false, true}) {
    const Played<TypeParam> beyond({.tile_envs = 4, .restart = restart, .looks_beyond = true});
    expect_what_the_environment_does(beyond);
    const Played<TypeParam> wanted({.restart = restart});
    const Trajectories &t = beyond.trajectories, &w = wanted.trajectories;
    for (int task = 0; task < t.tasks; ++task)
      for (int r = 0; r < t.rows(); ++r) {
        ASSERT_EQ(t.action(task, r), w.action(task, r));
        ASSERT_EQ(t.of(t.rewards, task)[r], w.of(w.rewards, task)[r]);
      }
  }
}

TYPED_TEST(RolloutTest, DoesNotDependOnHowTheEnvironmentsAreCut) {
  for (const int tile : {1, 4, 17}) {
    const Played<TypeParam> cut({.envs = 21, .tile_envs = tile}, {}, {});
    const Played<TypeParam> wanted({.envs = 21, .tile_envs = 21}, {}, {});
    EXPECT_EQ(cut.trajectories.observations, wanted.trajectories.observations) << tile;
    EXPECT_EQ(cut.trajectories.actions, wanted.trajectories.actions);
    EXPECT_EQ(cut.trajectories.log_probs, wanted.trajectories.log_probs);
    EXPECT_EQ(cut.trajectories.rewards, wanted.trajectories.rewards);
  }
}

// The environments that a task has do not change the others: the first five of seven are those of five.
TYPED_TEST(RolloutTest, AnEnvironmentDoesNotDependOnItsNeighbours) {
  const Played<TypeParam> seven({.envs = 7, .tile_envs = 7}), five({.envs = 5, .tile_envs = 5});
  for (int task = 0; task < 3; ++task)
    for (int env = 0; env < 5; ++env)
      for (int step = 0; step < 40; ++step)
        EXPECT_EQ(seven.trajectories.of(seven.trajectories.log_probs, task)[step * 7 + env],
                  five.trajectories.of(five.trajectories.log_probs, task)[step * 5 + env]);
}

TYPED_TEST(RolloutTest, OutputsAndLogProbabilitiesAreThePolicys) {
  const Played<TypeParam> played({});
  const Trajectories& t = played.trajectories;
  for (int task = 0; task < t.tasks; ++task)
    for (int r = 0; r < t.rows(); ++r) {
      const Vector wanted =
          reference::forward(played.shape, played.theta_of(task), t.observation(task, r)).back();
      const Vector outputs = t.at_row(t.outputs, t.output_size, task, r);
      for (std::size_t o = 0; o < wanted.size(); ++o) EXPECT_NEAR(outputs[o], wanted[o], 1e-5);
      EXPECT_NEAR(t.of(t.log_probs, task)[r],
                  reference::log_prob(played.shape, played.theta_of(task), outputs, t.action(task, r)), 2e-5);
    }
}

// For the parameters that drew the data every later pass finds the same log-probability, to the bit: the ratio is 1.
TYPED_TEST(RolloutTest, RatiosOfTheDrawingParametersAreExactlyOne) {
  const Played<TypeParam> played({.horizon = 12});
  Trajectories t = played.trajectories;
  t.advantages = Vector(t.advantages.size(), 1);
  for (int counted = 0; counted < t.rows(); ++counted) {
    for (std::size_t i = 0; i < t.valid.size(); ++i)
      t.valid[i] = static_cast<int>(i) % static_cast<int>(t.row_stride) == counted;
    const BatchMemory<float> memory(t);
    std::vector<float> values(static_cast<std::size_t>(t.tasks * kPassValues));
    for (const bool kept : {false, true}) {
      PolicyGradient<float> op;
      op.shape = played.shape;
      op.params = {played.theta.data(), played.shape.parameters()};
      op.inputs = memory.batch().inputs();
      op.objective.batch = memory.batch();
      if (kept) op.kept = played.kept;
      op.objective.estimator = EstimatorName::ratio;
      op.values = values.data();
      run_all(op, t.tasks);
      for (int task = 0; task < t.tasks; ++task)
        EXPECT_EQ(values[static_cast<std::size_t>(task * kPassValues + kSurrogate)], 1.0f)
            << counted << ' ' << kept;
    }
  }
}

TYPED_TEST(RolloutTest, KeptActivationsGiveTheSameGradientsAsComputedOnes) {
  const Played<TypeParam> played({.horizon = 90});  // 630 rows: two chunks
  Trajectories t = played.trajectories;
  std::mt19937_64 random(3);
  for (double& a : t.advantages) a = static_cast<float>(normal(random));
  const BatchMemory<float> memory(t);
  const long size = played.shape.parameters();
  const auto partials = [&](auto op, bool kept) {
    std::vector<float> partial(static_cast<std::size_t>(t.tasks * 2 * size), NAN);
    op.shape = played.shape;
    op.params = {played.theta.data(), size};
    if (kept) op.kept = played.kept;
    op.partial = partial.data();
    run_all(op, t.tasks);
    return partial;
  };
  PolicyGradient<float> gradient;
  gradient.inputs = memory.batch().inputs();
  gradient.objective.batch = memory.batch();
  EXPECT_EQ(partials(gradient, true), partials(gradient, false));
  HessianVector<float> hessian;
  hessian.batch = memory.batch();
  hessian.direction = {{played.theta.data(), size}, {}};
  hessian.estimator = EstimatorName::ratio;
  EXPECT_EQ(partials(hessian, true), partials(hessian, false));
  FisherVector<float> fisher;
  fisher.batch = memory.batch();
  fisher.direction = hessian.direction;
  EXPECT_EQ(partials(fisher, true), partials(fisher, false));
}

TYPED_TEST(RolloutTest, DeterministicPoliciesTakeTheMeanOrTheLikeliestAction) {
  const Played<TypeParam> played({.deterministic = true});
  const Trajectories& t = played.trajectories;
  for (int task = 0; task < t.tasks; ++task)
    for (int r = 0; r < t.rows(); ++r) {
      const Vector outputs = t.at_row(t.outputs, t.output_size, task, r);
      if (TypeParam::Action::discrete)
        EXPECT_EQ(outputs[static_cast<std::size_t>(t.action(task, r)[0])],
                  *std::max_element(outputs.begin(), outputs.end()));
      else
        EXPECT_EQ(t.action(task, r), outputs);
    }
}

TYPED_TEST(RolloutTest, EveryKeyTaskAndInnerStepDrawsItsOwnActions) {
  const auto drawn = [](const Setting& setting) { return Played<TypeParam>(setting).trajectories.actions; };
  const Vector base = drawn({});
  EXPECT_EQ(drawn({}), base);
  EXPECT_NE(drawn({.inner_step = 2}), base);
  EXPECT_NE(drawn({.key = {6, 9}}), base);
  EXPECT_NE(drawn({.key = {5, 10}}), base);
}

TEST(Rollout, GaussianActionsHaveThePolicysMeanAndDeviation) {
  const Played<PointNavigation> played({.tasks = 1, .horizon = 100, .envs = 100, .tile_envs = 100});
  const Trajectories& t = played.trajectories;
  for (int d = 0; d < 2; ++d) {
    double mean = 0, square = 0, product = 0;
    for (int r = 0; r < t.rows(); ++r) {
      const auto z = [&](int o) {
        return (t.actions[t.index(2, 0, o, r)] - t.outputs[t.index(2, 0, o, r)]) /
               std::exp(static_cast<double>(played.log_std(0, o)));
      };
      mean += z(d) / t.rows();
      square += z(d) * z(d) / t.rows();
      product += z(0) * z(1) / t.rows();
    }
    EXPECT_NEAR(mean, 0, 0.04);  // four standard errors
    EXPECT_NEAR(square, 1, 0.06);
    EXPECT_NEAR(product, 0, 0.04);
  }
}

TEST(Rollout, DiscreteActionsComeAsOftenAsThePolicySays) {
  const Played<Bandit> played({.tasks = 1, .horizon = 100, .envs = 100, .tile_envs = 100, .restart = true},
                              {}, {});
  const Trajectories& t = played.trajectories;
  const Vector p = reference::probabilities(t.at_row(t.outputs, 5, 0, 0));
  Vector counts(5);
  for (int r = 0; r < t.rows(); ++r) ++counts[static_cast<std::size_t>(t.action(0, r)[0])];
  for (std::size_t a = 0; a < 5; ++a) {
    EXPECT_NEAR(counts[a] / t.rows(), p[a], 4 * std::sqrt(p[a] * (1 - p[a]) / t.rows()));
    EXPECT_GT(p[a], 0.02);
  }
}

}  // namespace
}  // namespace innerloop
