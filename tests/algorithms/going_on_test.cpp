// Episodes of plain PPO that go on from one iteration to the next, and minibatches of single steps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/played_trials.h"
#include "tests/support/trial_learning.h"

namespace innerloop {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// 10 environments unless overridden: `steps` of each in an iteration, of episodes of at most `horizon`.
Config plain_config(const std::string& environment, int horizon, int steps,
                    const std::vector<std::string>& overrides = {}) {
  std::vector<std::string> all = {
      "environment=" + environment, R"(policy={"name": "mlp", "hidden": [9, 6]})",
      R"(algorithm={"name": "ppo", "minibatches": 2, "rollout_steps": )" + std::to_string(steps) + "}",
      "horizon=" + std::to_string(horizon)};
  all.insert(all.end(), overrides.begin(), overrides.end());
  return trial_config(all);
}

// Every iteration's task is the one that the first iteration draws first.
Config with_one_task(Config config) {
  Learning drawing(config);
  drawing.iterate();
  config.train_tasks = {drawing.loop().task(0)};
  return config;
}

// What is played with the same parameters in iteration after iteration: random ones, as a value head starts at 0.
class Course {
 public:
  explicit Course(const Config& config) : learning(config) {
    std::mt19937_64 random(5);
    const Vector params = random_vector(learning.params().size(), 0.3, random);
    learning.set_params({params.begin(), params.end()});
  }

  void play(int iterations) {
    for (int i = 0; i < iterations; ++i) {
      reports.push_back(learning.iterate_frozen());
      const Trials<float>& t = learning.loop().trials();
      const Batch<float>& b = t.batch;
      add(rewards, b.rewards);
      add(ends, b.ends);
      add(terminated, b.terminated);
      add(log_probs, b.log_probs);
      add(values, t.values);
      observations.resize(static_cast<std::size_t>(b.observation_size));
      for (int d = 0; d < b.observation_size; ++d)
        add(observations[static_cast<std::size_t>(d)], b.observations + d * b.row_stride);
      actions.resize(static_cast<std::size_t>(b.action_size));
      for (int d = 0; d < b.action_size; ++d)
        add(actions[static_cast<std::size_t>(d)], b.actions + d * b.row_stride);
    }
  }
  int envs() const { return learning.loop().envs(); }
  int steps() const { return static_cast<int>(rewards.size()) / envs(); }
  double at(const Vector& of, int step, int env) const {
    return of[static_cast<std::size_t>(step * envs() + env)];
  }
  // Numbers of the last iteration, at a step that may be beyond its last one.
  double seen(int dimension, int step, int env) {
    const Batch<float>& b = learning.loop().trials().batch;
    return learning.numbers(b.observations + dimension * b.row_stride + step * b.envs + env, 1).front();
  }
  double value(int step, int env) {
    const Trials<float>& t = learning.loop().trials();
    return learning.numbers(t.values + step * t.batch.envs + env, 1).front();
  }

  Learning learning;
  std::vector<IterationReport> reports;
  Vector rewards, ends, terminated, log_probs, values;  // [step through all iterations][env]
  std::vector<Vector> observations, actions;            // [dimension] of such

 private:
  void add(Vector& to, const float* rows) {
    const Vector numbers = learning.numbers(rows, learning.loop().trials().batch.rows());
    to.insert(to.end(), numbers.begin(), numbers.end());
  }
};

const std::string kMountainCar = R"({"name": "mountain_car"})", kCartpole = R"({"name": "cartpole"})",
                  kTables = R"({"name": "tabular_mdp"})",
                  kNoisyCheetah =
                      R"({"name": "half_cheetah", "latency": 1, "angle_noise": 0.01, "speed_noise": 0.1})";

// No car gets over the hill by chance in 40 steps, so that all episodes are as long as they may be, and longer than an
// iteration.
TEST(GoingOn, AnEpisodeLongerThanAnIterationIsSeenWhole) {
  Course course(plain_config(kMountainCar, 40, 16));
  course.play(5);
  for (int e = 0; e < course.envs(); ++e)
    for (int t = 0; t < course.steps(); ++t) {
      EXPECT_EQ(course.at(course.ends, t, e), (t + 1) % 40 == 0) << t;
      const bool begins = t % 40 == 0;
      const double place = course.at(course.observations[0], t, e),
                   speed = course.at(course.observations[1], t, e);
      // A car that begins stands; else it moves on by its speed, from an iteration's last step to the next one's first, too.
      EXPECT_NEAR(begins ? speed : place, begins ? 0 : course.at(course.observations[0], t - 1, e) + speed,
                  1e-6)
          << t;
    }
}

TEST(GoingOn, UnlessEpisodesRestart) {
  Course course(plain_config(kCartpole, 16, 0, {"algorithm.at_iteration_end=restart"}));
  course.play(2);
  for (int e = 0; e < course.envs(); ++e)
    for (int d = 0; d < 4; ++d)
      EXPECT_LE(std::abs(course.at(course.observations[static_cast<std::size_t>(d)], 16, e)), 0.05);
  Course going_on(plain_config(kCartpole, 16, 10));
  going_on.play(2);
  int in_the_middle = 0;
  for (int e = 0; e < going_on.envs(); ++e)
    in_the_middle += std::abs(going_on.at(going_on.observations[3], 10, e)) > 0.05;
  EXPECT_GT(in_the_middle, 3);
}

// All that `iterations` iterations play.
std::vector<Vector> all_of(const Config& config, int iterations) {
  Course course(config);
  course.play(iterations);
  std::vector<Vector> all = {course.rewards, course.ends, course.terminated, course.log_probs, course.values};
  for (const auto* list : {&course.observations, &course.actions})
    all.insert(all.end(), list->begin(), list->end());
  return all;
}

// The same bits, however the steps are cut into iterations: the random numbers, the environments, their tasks and their trials
// go on, and those in memory.
TEST(GoingOn, IterationsAreOneLongOne) {
  for (const auto& [environment, horizon] : {std::pair<std::string, int>{kMountainCar, 20},
                                             {kCartpole, 30},
                                             {kTables, 10},
                                             {R"({"name": "maze_navigation"})", 20},
                                             {R"({"name": "episodic_two_step"})", 14},
                                             {R"({"name": "alchemy"})", 20},
                                             {kNoisyCheetah, 20}}) {
    const auto played = [&](int steps, int iterations) {
      return all_of(with_one_task(plain_config(environment, horizon, steps, {"at_time_limit=bootstrap"})),
                    iterations);
    };
    const std::vector<Vector> one = played(48, 1);
    EXPECT_EQ(played(24, 2), one) << environment;
    EXPECT_EQ(played(8, 6), one) << environment;
    EXPECT_GT(std::ranges::count(one[1], 1.0), 5) << environment;  // episodes ended
  }
}

// The first episodes are as long as three iterations, and the later ones' tasks, which are others, do not matter to them.
TEST(GoingOn, TasksOfOtherIterationsDoNotMatter) {
  for (const std::string& environment :
       {kMountainCar, kNoisyCheetah, kTables, std::string(R"({"name": "maze_navigation"})")})
    EXPECT_EQ(all_of(plain_config(environment, 12, 4), 3), all_of(plain_config(environment, 12, 12), 1))
        << environment;
}

// The value that the batch's end is worth is the one that the next iteration has for its first step, noise in what is seen and
// all.
TEST(GoingOn, TheBatchsEndIsWorthTheValueOfTheStateThatGoesOn) {
  for (const auto& [environment, limit] : {std::pair<std::string, std::string>{kCartpole, "zero"},
                                           {kCartpole, "bootstrap"},
                                           {kNoisyCheetah, "bootstrap"}}) {
    Course course(plain_config(environment, 24, 10, {"at_time_limit=" + limit}));
    int went_on = 0;
    Vector beyond;
    for (int i = 0; i < 6; ++i) {
      course.play(1);
      for (int e = 0; i > 0 && e < course.envs(); ++e) {
        if (course.at(course.ends, 10 * i - 1, e) > 0) continue;
        ++went_on;
        EXPECT_EQ(course.at(course.values, 10 * i, e), beyond[static_cast<std::size_t>(e)]) << i;
      }
      beyond.clear();
      for (int e = 0; e < course.envs(); ++e) beyond.push_back(course.value(10, e));
    }
    EXPECT_GT(went_on, 20);
  }
}

// With the 12th step, the fourth of the second iteration, all cars' time is over: what that led to lies beyond the batch, with
// its value, and the next step is another episode's first.
TEST(GoingOn, WhatATimeLimitCutsOffIsSeenBeyondTheBatch) {
  const auto config = [](const std::string& limit) {
    return plain_config(kMountainCar, 12, 8, {"at_time_limit=" + limit});
  };
  Course course(config("bootstrap"));
  course.play(2);
  EXPECT_EQ(course.learning.loop().trials().batch.limits, 1);
  for (int e = 0; e < course.envs(); ++e) {
    EXPECT_EQ(course.at(course.ends, 11, e), 1);
    EXPECT_EQ(course.at(course.terminated, 11, e), 0);
    const int beyond = 8 + 1;
    EXPECT_NEAR(course.seen(0, beyond, e),
                course.at(course.observations[0], 11, e) + course.seen(1, beyond, e), 1e-6);
    EXPECT_NE(course.value(beyond, e), course.at(course.values, 12, e));
    EXPECT_EQ(course.at(course.observations[1], 12, e), 0);
  }
  Course zero(config("zero"));
  zero.play(2);
  EXPECT_EQ(zero.learning.loop().trials().batch.limits, 0);
  EXPECT_EQ(zero.at(zero.terminated, 11, 0), 1);
  EXPECT_EQ(zero.rewards, course.rewards);
}

// Every reward is minus the distance to the goal of the iteration in which its episode began.
TEST(GoingOn, AnEpisodeKeepsItsTaskAndTheNextHasThatOfItsIteration) {
  constexpr int kSteps = 6, kHorizon = 10;
  Course course(plain_config(R"({"name": "point_navigation", "end_at_goal": false})", kHorizon, kSteps));
  std::vector<std::vector<float>> goals(static_cast<std::size_t>(course.envs()));
  int kept = 0;
  for (int i = 0; i < 7; ++i) {
    course.play(1);
    for (int e = 0; e < course.envs(); ++e) {
      std::vector<float>& goal = goals[static_cast<std::size_t>(e)];
      const std::vector<float> drawn = course.learning.loop().task(e);
      kept += i * kSteps % kHorizon != 0 && goal != drawn;
      for (int step = 0; step < kSteps; ++step) {
        const int t = i * kSteps + step;
        if (t % kHorizon == 0) goal = drawn;
        if ((t + 1) % kHorizon == 0) continue;  // the next episode's start is seen there
        EXPECT_NEAR(course.at(course.rewards, t, e),
                    -std::hypot(course.seen(0, step + 1, e) - goal[0], course.seen(1, step + 1, e) - goal[1]),
                    1e-5)
            << t;
      }
    }
  }
  EXPECT_GT(kept, 30);
}

// A task in memory is kept with the episode: the last tensor of the episodes.
TEST(GoingOn, ATaskInMemoryIsKeptWithItsEpisode) {
  constexpr int kSteps = 6, kHorizon = 10;
  Course course(plain_config(kTables, kHorizon, kSteps));
  const int size = course.learning.loop().task_size();
  std::vector<std::vector<float>> of_episode(static_cast<std::size_t>(course.envs()));
  for (int i = 0; i < 5; ++i) {
    course.play(1);
    const StateTensor tensor = course.learning.loop().state().back();
    ASSERT_EQ(tensor.name, "episodes.tasks");
    const Vector kept = course.learning.numbers(static_cast<const float*>(tensor.data), tensor.bytes / 4);
    for (int e = 0; e < course.envs(); ++e) {
      auto& wanted = of_episode[static_cast<std::size_t>(e)];
      // An episode begins in every iteration but where all of its steps are of one.
      bool begins = false;
      for (int t = i * kSteps; t < (i + 1) * kSteps; ++t) begins = begins || t % kHorizon == 0;
      if (begins) wanted = course.learning.loop().task(e);
      for (std::size_t n = 0; n < wanted.size(); ++n)
        ASSERT_EQ(kept[static_cast<std::size_t>(e * size) + n], wanted[n]) << i;
    }
  }
}

TEST(GoingOn, ReturnsAreThoseOfTheEpisodesThatEnded) {
  for (const auto& [environment, horizon] :
       {std::pair<std::string, int>{kCartpole, 40}, {kMountainCar, 40}, {kTables, 10}}) {
    Course course(plain_config(environment, horizon, 15));
    course.play(8);
    Vector sums(static_cast<std::size_t>(course.envs())), lengths(sums.size());
    int without = 0, from_before = 0;
    for (int i = 0; i < 8; ++i) {
      double returns = 0, steps = 0, episodes = 0;
      for (int t = 15 * i; t < 15 * (i + 1); ++t)
        for (int e = 0; e < course.envs(); ++e) {
          const auto env = static_cast<std::size_t>(e);
          sums[env] += course.at(course.rewards, t, e);
          lengths[env] += 1;
          if (!(course.at(course.ends, t, e) > 0)) continue;
          from_before += lengths[env] > t - 15 * i + 1;
          returns += sums[env];
          steps += lengths[env];
          ++episodes;
          sums[env] = lengths[env] = 0;
        }
      const IterationReport& report = course.reports[static_cast<std::size_t>(i)];
      EXPECT_EQ(report.env_steps, 15 * course.envs());
      EXPECT_EQ(reported(report, "episodes"), episodes);
      EXPECT_TRUE(std::isnan(reported(report, "trial_return")));
      if (episodes == 0) {
        ++without;
        EXPECT_TRUE(report.returns.empty());
        EXPECT_TRUE(std::isnan(reported(report, "episode_length")));
        continue;
      }
      ASSERT_EQ(report.returns.size(), 1u);
      EXPECT_NEAR(report.returns[0], returns / episodes, 1e-4);
      EXPECT_NEAR(reported(report, "episode_length"), steps / episodes, 1e-9);
    }
    EXPECT_GT(from_before, 5) << environment;
    EXPECT_EQ(without > 0, environment == kMountainCar) << environment;
  }
}

// Whoever computes: the parameters, and all that goes on, in ragged tiles.
TEST(GoingOn, GivesTheSameBitsOnEveryInstructionSetAndThreadCount) {
  for (const std::string& environment : {kCartpole, kTables}) {
    const Config config =
        plain_config(environment, 12, 9,
                     {"tasks_per_iteration=37", "envs_per_task=1", "at_time_limit=bootstrap",
                      "algorithm.minibatches_of=samples", "algorithm.minibatches=9"});
    const auto state = [&](int threads, const std::string& instructions) {
      Learning learning(config, {.backend = Backend::cpu, .threads = threads, .instructions = instructions});
      for (int i = 0; i < 4; ++i) learning.iterate();
      return learning.state();
    };
    const auto wanted = state(1, "");
    for (const HostKernelSet& set : host_kernel_sets()) EXPECT_EQ(state(3, set.name), wanted) << set.name;
  }
}

TEST(GoingOn, ThePlanHasWhatIsKept) {
  const auto plan = [](const std::string& environment, const std::string& end) {
    return Learning(plain_config(environment, 12, 0, {"algorithm.at_iteration_end=" + end})).plan();
  };
  EXPECT_THAT(
      plan(kCartpole, "continue"),
      AllOf(HasSubstr("carried_environments"), HasSubstr("open_episodes"), Not(HasSubstr("carried_tasks"))));
  EXPECT_THAT(plan(kTables, "continue"), HasSubstr("carried_tasks"));
  EXPECT_THAT(plan(kCartpole, "restart"), AllOf(Not(HasSubstr("carried_")), Not(HasSubstr("open_episodes"))));
}

// One minibatch of all samples is one of all trajectories, in another order.
TEST(SamplesAsMinibatches, HaveTheSameGradientWhereThereIsOne) {
  for (const auto& [environment, steps] : {std::pair<std::string, int>{kCartpole, 16},
                                           {kTables, 13},
                                           {R"({"name": "tool_calls"})", 16},
                                           {R"({"name": "point_navigation"})", 17}}) {
    const auto gradient = [&](const std::string& of) {
      Learning learning(plain_config(environment, 12, steps,
                                     {"tasks_per_iteration=23", "algorithm.epochs=1",
                                      "algorithm.minibatches=1", "algorithm.minibatches_of=" + of}));
      learning.iterate();
      learning.iterate();
      return learning.gradient();
    };
    const Vector samples = gradient("samples"), trajectories = gradient("trajectories");
    EXPECT_LT(relative_error(samples, trajectories), 2e-3) << environment;
    EXPECT_NE(samples, trajectories) << environment;
  }
}

// At the parameters that drew them, the mean of an epoch's minibatch gradients is the whole one: each sample is in one of them.
TEST(SamplesAsMinibatches, AreEachInOneOfAnEpoch) {
  const auto sum = [](int minibatches) {
    Learning learning(plain_config(
        kCartpole, 30, 16,
        {"algorithm.epochs=1", "algorithm.minibatches_of=samples",
         "algorithm.minibatches=" + std::to_string(minibatches), R"(outer={"name": "sgd", "lr": 1e-3})"}));
    const Vector before = learning.params();
    learning.iterate();
    Vector moved = learning.params();
    for (std::size_t i = 0; i < moved.size(); ++i) moved[i] = (moved[i] - before[i]) / minibatches;
    return moved;
  };
  const Vector one = sum(1);
  EXPECT_LT(relative_error(sum(4), one), 0.02);
  EXPECT_LT(relative_error(sum(20), one), 0.02);
}

TEST(SamplesAsMinibatches, LearnToBalance) {
  Learning learning(plain_config(kCartpole, 50, 32,
                                 {"tasks_per_iteration=32", "envs_per_task=1",
                                  "algorithm.minibatches_of=samples", "algorithm.minibatches=16"}));
  double first = NAN, last = NAN;
  for (int i = 0; i < 60; ++i) {
    const std::vector<double> returns = learning.iterate().returns;
    if (returns.empty()) continue;
    if (std::isnan(first)) first = returns[0];
    last = returns[0];
  }
  EXPECT_LT(first, 30);
  EXPECT_GT(last, 45);
}

}  // namespace
}  // namespace innerloop
