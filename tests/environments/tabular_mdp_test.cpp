// The random decision process against a plain loop in double precision, and its tasks' distribution.
#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "envs/tabular_mdp.h"
#include "tests/support/environment_play.h"

namespace innerloop {
namespace {

using Options = TabularMdp::Options;

// Where the definition keeps P(next|state, action), and R(state, action).
int at_p(const Options& o, int state, int action, int next) {
  return (state * o.actions + action) * o.states + next;
}
int at_reward(const Options& o, int state, int action) {
  return o.states * o.actions * o.states + state * o.actions + action;
}

template <class R>
void expect_the_plain_loop(const Options& o) {
  int steps = 0;
  std::set<int> left, taken;
  auto check = [&](int first, int t, const auto& task, const auto& before, const auto& action,
                   const auto& after, const auto& outcome) {
    for (int lane = 0; lane < R::lanes; ++lane) {
      const int state = static_cast<int>(before.number.get(lane)), a = action.get(lane);
      EXPECT_TRUE(t > 0 || state == 0);
      auto random =
          stream<Pack<double, 1>>(Purpose::environment, static_cast<std::uint32_t>(first + lane), t);
      const double u = random.uniform().get(0);
      int next = 0;
      double cumulated = task.number[at_p(o, state, a, 0)].get(lane);
      while (u >= cumulated && next + 1 < o.states)
        cumulated += task.number[at_p(o, state, a, ++next)].get(lane);
      EXPECT_EQ(after.number.get(lane), next);
      const double mean = task.number[at_reward(o, state, a)].get(lane);
      expect_close<R>(outcome.reward.get(lane), mean + random.normal().get(0), 3e-6);
      EXPECT_EQ(outcome.terminated.get(lane), 0);
      left.insert(state);
      taken.insert(a);
      ++steps;
    }
  };
  play<TabularMdp, R>(o, 7, 100, 1.0, check);
  EXPECT_GE(steps, 10000);
  EXPECT_EQ(static_cast<int>(left.size()), o.states);
  EXPECT_EQ(static_cast<int>(taken.size()), o.actions);
}

TEST(TabularMdp, EqualsThePlainLoop) {
  for (const Options& o : {Options{}, Options{2, 2}, Options{7, 3}, Options{16, 8}}) {
    expect_the_plain_loop<Floats>(o);
    expect_the_plain_loop<Doubles>(o);
  }
}

TEST(TabularMdp, BitsDoNotDependOnTheWidth) { expect_the_same_bits<TabularMdp>({7, 3}); }

TEST(TabularMdp, NamesSayWhatTheNumbersAre) {
  const Options o = {4, 3};
  const std::vector<TaskNumber> numbers = TabularMdp::task_numbers(o);
  const auto name = [&](int i) { return numbers.at(static_cast<std::size_t>(i)).name; };
  EXPECT_EQ(numbers.size(), 4u * 3 * 5);
  EXPECT_EQ(name(at_p(o, 2, 1, 3)), "p_2_1_3");
  EXPECT_EQ(name(at_reward(o, 3, 2)), "reward_3_2");
  EXPECT_EQ(at_reward(o, 3, 2), 4 * 3 * 5 - 1);
}

TEST(TabularMdp, NumbersBeyondTheTaskAreZero) {
  const Options o = {4, 3};
  const auto task = draw<TabularMdp, Floats>(o, 5);
  const int count = static_cast<int>(TabularMdp::task_numbers(o).size());
  EXPECT_NE(task.number[count - 1].get(0), 0);
  for (int i = count; i < task.number.size; ++i) EXPECT_EQ(task.number[i].get(0), 0);
}

struct Moments {
  double mean = 0, square = 0, product = 0;  // of numbers, of their squares, of each one with the next
};
// The moments of `count` numbers from `first` on, over 4,000 tasks.
Moments moments(const Options& o, int first, int count) {
  constexpr int kTasks = 4000;
  Moments m;
  for (std::uint32_t i = 0; i < kTasks; i += Floats::lanes) {
    const auto task = draw<TabularMdp, Floats>(o, i);
    for (int lane = 0; lane < Floats::lanes; ++lane)
      for (int n = 0; n < count; ++n) {
        const double x = task.number[first + n].get(lane);
        m.mean += x / (kTasks * count);
        m.square += x * x / (kTasks * count);
        if (n + 1 < count)
          m.product += x * static_cast<double>(task.number[first + n + 1].get(lane)) / (kTasks * (count - 1));
      }
  }
  return m;
}

// Dirichlet(1, …, 1) over n: mean 1/n, E p² = 2/(n(n+1)), E p·q = 1/(n(n+1)). Bounds: five standard errors and more.
TEST(TabularMdp, TransitionsAreDirichlet) {
  for (const Options& o : {Options{}, Options{3, 2}}) {
    const double n = o.states;
    for (const auto& [state, action] : {std::pair{0, 0}, std::pair{o.states - 1, o.actions - 1}}) {
      const Moments m = moments(o, at_p(o, state, action, 0), o.states);
      EXPECT_NEAR(m.mean, 1 / n, 1e-6);
      EXPECT_NEAR(m.square, 2 / (n * (n + 1)), 0.02 / n);
      EXPECT_NEAR(m.product, 1 / (n * (n + 1)), 0.02 / n);
    }
  }
  const Options o;
  const Spread one = spread([&](auto i) { return draw<TabularMdp, Floats>(o, i).number[at_p(o, 4, 2, 7)]; });
  EXPECT_NEAR(one.mean, 0.1, 0.0025);
  EXPECT_GE(one.low, 0);
  EXPECT_GT(one.high, 0.6);  // of 40,000: P(p > 0.6) = 0.4⁹
}

TEST(TabularMdp, MeanRewardsAreNormalAboutOne) {
  const Options o;
  const Moments m = moments(o, at_reward(o, 0, 0), o.states * o.actions);
  EXPECT_NEAR(m.mean, 1, 0.012);
  EXPECT_NEAR(m.square, 2, 0.03);
  EXPECT_NEAR(m.product, 1, 0.015);
}

// One task, all of whose lanes read the same numbers: from state 0, next states come as often as P says.
TEST(TabularMdp, NextStatesComeAsOftenAsTheTaskSays) {
  using R = Floats;
  const Options o;
  const auto drawn = draw<TabularMdp, Pack<float, 1>>(o, 0);
  std::vector<float> memory;
  as_taken<TabularMdp, Pack<float, 1>>(drawn, memory);
  const TaskNumbers<R> task(memory.data(), 0);
  constexpr int kSteps = 40000;
  std::vector<int> count(static_cast<std::size_t>(o.states));
  double rewards = 0, squares = 0;
  const double mean = memory[static_cast<std::size_t>(at_reward(o, 0, 3))];
  for (int i = 0; i < kSteps; i += R::lanes) {
    TabularMdp::State<R> state = {R(0)};
    auto random = stream<R>(Purpose::environment, static_cast<std::uint32_t>(i));
    const auto outcome = TabularMdp::step<R>(o, task, state, IntPack<R>(3), random);
    for (int lane = 0; lane < R::lanes; ++lane) {
      ++count[static_cast<std::size_t>(state.number.get(lane))];
      const double off = outcome.reward.get(lane) - mean;
      rewards += off / kSteps;
      squares += off * off / kSteps;
    }
  }
  for (int s = 0; s < o.states; ++s) {
    const double p = memory[static_cast<std::size_t>(at_p(o, 0, 3, s))];
    EXPECT_NEAR(count[static_cast<std::size_t>(s)], kSteps * p, 5 * std::sqrt(kSteps * p) + 1);
  }
  EXPECT_NEAR(rewards, 0, 0.025);
  EXPECT_NEAR(squares, 1, 0.04);
}

// As if rounding had left all of a row's probability over.
TEST(TabularMdp, WhatRoundingLeavesIsTheLastStates) {
  using R = Pack<float, 1>;
  const std::vector<float> memory(static_cast<std::size_t>(kTaskSize<TabularMdp>));
  TabularMdp::State<R> state = {R(4)};
  auto random = stream<R>(Purpose::environment, 0);
  TabularMdp::step<R>({7, 3}, TaskNumbers<R>(memory.data(), 0), state, IntPack<R>(1), random);
  EXPECT_EQ(state.number.get(0), 6);
}

TEST(TabularMdp, StatesAreSeenAsOneOfSixteen) {
  using R = Pack<float, 1>;
  const auto its = seen<TabularMdp, R>({}, {R(9)});
  for (int s = 0; s < 16; ++s) EXPECT_EQ(its[static_cast<std::size_t>(s)].get(0), s == 9);
}

}  // namespace
}  // namespace innerloop
