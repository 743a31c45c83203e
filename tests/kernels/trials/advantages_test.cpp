// Advantages through whole trials and the values' scale, against plain loops in double.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/support/trial_problem.h"

namespace innerloop {
namespace {

constexpr int kEnvs = 37, kSteps = 9, kEpisodeSteps = 3;
constexpr double kGamma = 0.9, kLambda = 0.7;

struct Problem {
  Vector rewards, ends, values, advantages, targets;  // [step][env]
  Vector mean = Vector(kSteps), sums = Vector(kSteps * TrialAdvantages<double>::kSums),
         advantage_scale = Vector(3);
  double deviation = 1, updates = 0;
  bool ends_with_episode = false;
  bool looks_beyond = false;  // then values have the rows of a further step
  int limits = 0;             // and of as many more, for what time limits cut off
  bool one_mean = false;
  int counted_episodes = 0;
  Vector weights = Vector(kEnvs * kSteps, NAN);
  Vector terminated = Vector();  // [step][env]

  explicit Problem(std::uint64_t seed = 7) {
    std::mt19937_64 random(seed);
    const int rows = kEnvs * kSteps;
    rewards = random_vector(rows, 1, random);
    values = random_vector(rows, 0.5, random);
    ends.resize(static_cast<std::size_t>(rows));
    for (double& e : ends) e = uniform(random) < 0.3;
    advantages = targets = Vector(static_cast<std::size_t>(rows), NAN);
    for (int t = 0; t < kSteps; ++t) mean[static_cast<std::size_t>(t)] = 3.0 - 0.2 * t;
    deviation = 1.6;
  }
  static std::size_t row(int t, int e) { return static_cast<std::size_t>(t * kEnvs + e); }
  // Of what a time limit cuts off with step t.
  double value_at_limit(int t, int e) const {
    return values[row(kSteps + 1 + t / kEpisodeSteps, e)] * deviation + mean[kSteps - 1];
  }
  double value(int t, int e) const {
    return values[row(t, e)] * deviation + mean[static_cast<std::size_t>(std::min(t, kSteps - 1))];
  }
  // Nothing ends but by itself, and what goes on is cut off by the trial's end.
  void look_beyond() {
    std::mt19937_64 random(8);
    ends_with_episode = looks_beyond = one_mean = true;
    terminated = ends;
    for (int e = 0; e < kEnvs; ++e) values.push_back(normal(random));
    for (int e = 0; e < kEnvs; e += 2) ends[row(kSteps - 1, e)] = 1;
  }
  // Every other end is a time limit's.
  void cut_off_at_limits() {
    look_beyond();
    std::mt19937_64 random(9);
    limits = kSteps / kEpisodeSteps;
    for (int i = 0; i < limits * kEnvs; ++i) values.push_back(normal(random));
    for (std::size_t r = 0; r < terminated.size(); r += 2) terminated[r] = 0;
  }

  void run(std::initializer_list<TrialAdvantages<double>::Phase> phases) {
    TrialAdvantages<double> op;
    op.trials.batch.horizon = kSteps;
    op.trials.batch.envs = kEnvs;
    op.trials.batch.rewards = rewards.data();
    op.trials.batch.ends = ends.data();
    op.trials.batch.looks_beyond = looks_beyond;
    op.trials.batch.terminated = looks_beyond ? terminated.data() : nullptr;
    op.trials.batch.advantages = advantages.data();
    op.trials.values = values.data();
    op.trials.targets = targets.data();
    op.trials.episode_steps = kEpisodeSteps;
    op.trials.batch.limits = limits > 0 ? op.trials.limit_steps() : 0;
    op.trials.counted_episodes = counted_episodes;
    op.trials.batch.valid = weights.data();
    op.scale = {mean.data(), &deviation, &updates};
    op.discount = kGamma;
    op.gae_lambda = kLambda;
    op.ends_with_episode = ends_with_episode;
    op.one_mean = one_mean;
    op.sums = sums.data();
    op.advantages = advantage_scale.data();
    for (const auto phase : phases) {
      op.phase = phase;
      run_kernel<TrialAdvantages<double>>(double_trial_kernels(), op, 1);
    }
  }
};
using Phase = TrialAdvantages<double>::Phase;

// Σ_k (γλ)^k δ_{t+k} to the trial's end, or that of the episode.
Vector expected_advantages(const Problem& p) {
  Vector to(p.rewards.size());
  for (int e = 0; e < kEnvs; ++e)
    for (int t = 0; t < kSteps; ++t) {
      double factor = 1;
      for (int k = t; k < kSteps; ++k, factor *= kGamma * kLambda) {
        const Vector& ends = p.looks_beyond ? p.terminated : p.ends;
        const bool ended = p.ends_with_episode && ends[Problem::row(k, e)] > 0;
        const bool cut_off = p.limits > 0 && !ended && p.ends[Problem::row(k, e)] > 0;
        const double next = cut_off                                     ? p.value_at_limit(k, e)
                            : k + 1 < kSteps + p.looks_beyond && !ended ? p.value(k + 1, e)
                                                                        : 0;
        to[Problem::row(t, e)] += factor * (p.rewards[Problem::row(k, e)] + kGamma * next - p.value(k, e));
        if (ended || cut_off) break;
      }
    }
  return to;
}

TEST(TrialAdvantages, RunOnThroughTheEndsOfEpisodes) {
  Problem p;
  const Vector expected = expected_advantages(p);
  p.run({Phase::estimate});
  EXPECT_LT(relative_error(p.advantages, expected), 1e-12);
  for (int e = 0; e < kEnvs; ++e)
    for (int t = 0; t < kSteps; ++t)
      EXPECT_NEAR(p.targets[Problem::row(t, e)], expected[Problem::row(t, e)] + p.value(t, e), 1e-12);
}

TEST(TrialAdvantages, EndWithTheEpisodeWhereNothingIsLearnedOfATask) {
  Problem p;
  const Vector on = expected_advantages(p);
  p.ends_with_episode = true;
  const Vector expected = expected_advantages(p);
  p.run({Phase::estimate});
  EXPECT_LT(relative_error(p.advantages, expected), 1e-12);
  EXPECT_GT(relative_error(p.advantages, on), 0.1);
}

TEST(TrialAdvantages, AreWorthWhatTheValueHeadSaysBeyondTheTrialsEnd) {
  Problem p;
  p.ends_with_episode = true;
  const Vector zero = expected_advantages(p);
  p.look_beyond();
  const Vector expected = expected_advantages(p);
  p.run({Phase::estimate});
  EXPECT_LT(relative_error(p.advantages, expected), 1e-12);
  EXPECT_GT(relative_error(p.advantages, zero), 0.1);
  for (int e = 0; e < kEnvs; ++e)
    for (int t = 0; t < kSteps; ++t)
      EXPECT_NEAR(p.targets[Problem::row(t, e)], expected[Problem::row(t, e)] + p.value(t, e), 1e-12);
}

TEST(TrialAdvantages, AreWorthWhatTheValueHeadSaysBeyondATimeLimit) {
  Problem p;
  p.look_beyond();
  const Vector without = expected_advantages(p);
  p = Problem();
  p.cut_off_at_limits();
  const Vector expected = expected_advantages(p);
  p.run({Phase::estimate});
  EXPECT_LT(relative_error(p.advantages, expected), 1e-12);
  EXPECT_GT(relative_error(p.advantages, without), 0.1);
  for (int e = 0; e < kEnvs; ++e)
    for (int t = 0; t < kSteps; ++t)
      EXPECT_NEAR(p.targets[Problem::row(t, e)], expected[Problem::row(t, e)] + p.value(t, e), 1e-12);
}

// 1 for each step, for ever, and a value head that knows it.
TEST(TrialAdvantages, OfWhatPaysTheSameForEverAreZeroWhereItsValueGoesOnBeyondTheTrialsEnd) {
  for (const bool looks_beyond : {false, true}) {
    Problem p;
    p.ends_with_episode = true;
    p.ends = Vector(p.ends.size());
    if (looks_beyond) p.look_beyond();
    p.rewards = Vector(p.rewards.size(), 1);
    p.values = Vector(p.values.size());
    p.mean = Vector(kSteps, 1 / (1 - kGamma));
    p.run({Phase::estimate});
    for (int t = 0; t < kSteps; ++t)
      EXPECT_NEAR(p.advantages[Problem::row(t, 3)],
                  looks_beyond ? 0 : -kGamma / (1 - kGamma) * std::pow(kGamma * kLambda, kSteps - 1 - t),
                  1e-12);
  }
}

TEST(TrialAdvantages, TargetsHaveOneMeanForAllStepsWhereTheyGoOnBeyondTheTrialsEnd) {
  Problem p;
  p.look_beyond();
  p.run({Phase::estimate});
  const Vector raw = p.targets, before = p.mean;
  double mean = 0, square = 0;
  for (const double target : raw) mean += target / static_cast<double>(raw.size());
  p.updates = 3;
  p.run({Phase::sum, Phase::scale});
  for (int t = 0; t < kSteps; ++t) {
    const auto step = static_cast<std::size_t>(t);
    EXPECT_NEAR(p.mean[step], before[step] + (mean - before[step]) / 4, 1e-12);
    for (int e = 0; e < kEnvs; ++e) square += std::pow(raw[Problem::row(t, e)] - p.mean[step], 2);
  }
  EXPECT_NEAR(p.deviation, 1.6 + (std::sqrt(square / (kEnvs * kSteps)) - 1.6) / 4, 1e-12);
}

TEST(TrialAdvantages, AreNormalisedOverAllTrialsAndSteps) {
  Problem p;
  Vector expected = expected_advantages(p);
  double mean = 0, square = 0;
  for (const double a : expected) mean += a / static_cast<double>(expected.size());
  for (const double a : expected) square += (a - mean) * (a - mean) / static_cast<double>(expected.size());
  for (double& a : expected) a = (a - mean) / std::sqrt(square);
  p.run({Phase::estimate, Phase::sum, Phase::scale, Phase::normalise});
  EXPECT_LT(relative_error(p.advantages, expected), 1e-7);
}

// A trial of two episodes is that up to the end of the second one: what follows it does not count anywhere.
TEST(TrialAdvantages, OfANumberOfEpisodesEndWithTheLastOne) {
  Problem p;
  p.counted_episodes = 2;
  const Vector on = expected_advantages(p);
  std::vector<int> lengths;
  double samples = 0, mean = 0, square = 0;
  for (int e = 0; e < kEnvs; ++e) {
    int length = 0;
    for (int ended = 0; length < kSteps && ended < 2; ++length) ended += p.ends[Problem::row(length, e)] > 0;
    lengths.push_back(length);
    samples += length;
  }
  Vector expected(on.size()), targets(on.size());
  for (int e = 0; e < kEnvs; ++e)
    for (int t = 0; t < lengths[static_cast<std::size_t>(e)]; ++t) {
      double factor = 1, sum = 0;
      for (int k = t; k < lengths[static_cast<std::size_t>(e)]; ++k, factor *= kGamma * kLambda) {
        const double next = k + 1 < lengths[static_cast<std::size_t>(e)] ? p.value(k + 1, e) : 0;
        sum += factor * (p.rewards[Problem::row(k, e)] + kGamma * next - p.value(k, e));
      }
      expected[Problem::row(t, e)] = sum;
      targets[Problem::row(t, e)] = sum + p.value(t, e);
      mean += sum / samples;
    }
  p.run({Phase::estimate});
  EXPECT_LT(relative_error(p.advantages, expected), 1e-12);
  EXPECT_LT(relative_error(p.targets, targets), 1e-12);
  EXPECT_GT(relative_error(p.advantages, on), 0.1);
  const Vector mean_before = p.mean;
  p.run({Phase::sum, Phase::scale, Phase::normalise});
  for (int e = 0; e < kEnvs; ++e)
    for (int t = 0; t < lengths[static_cast<std::size_t>(e)]; ++t)
      square += std::pow(expected[Problem::row(t, e)] - mean, 2) / samples;
  for (int e = 0; e < kEnvs; ++e)
    for (int t = 0; t < kSteps; ++t) {
      const bool counts = t < lengths[static_cast<std::size_t>(e)];
      const double wanted = counts ? (expected[Problem::row(t, e)] - mean) / std::sqrt(square) : 0;
      EXPECT_NEAR(p.advantages[Problem::row(t, e)], wanted, 1e-7);
      EXPECT_NEAR(p.weights[Problem::row(t, e)], counts ? kEnvs * kSteps / samples : 0, 1e-12);
      if (counts) {
        EXPECT_NEAR(p.targets[Problem::row(t, e)] * p.deviation + p.mean[static_cast<std::size_t>(t)],
                    targets[Problem::row(t, e)], 1e-6);
      } else {
        EXPECT_EQ(p.targets[Problem::row(t, e)], 0);
      }
    }
  // The first update's mean is that of the trials that are still there.
  double at_four = 0, there = 0;
  for (int e = 0; e < kEnvs; ++e)
    if (lengths[static_cast<std::size_t>(e)] > 4) {
      at_four += targets[Problem::row(4, e)];
      ++there;
    }
  EXPECT_NEAR(p.mean[4], at_four / there, 1e-12);
}

// Neither the advantages' rounding nor the targets' is scaled up to 1; what differs is.
TEST(TrialAdvantages, WithoutSpreadAreZeroAndSoAreTheTargets) {
  for (const bool differ : {false, true}) {
    Problem p;
    p.ends_with_episode = true;
    p.ends = Vector(p.ends.size(), 1);
    p.values = Vector(p.values.size());
    p.rewards = Vector(p.rewards.size(), 0.1);
    p.mean = Vector(kSteps, 0.3);
    if (differ) p.rewards[5] = 0.1 * (1 + 1e-4);
    p.run({Phase::estimate, Phase::sum, Phase::scale, Phase::normalise});
    if (differ) {
      EXPECT_GT(p.advantages[5], 1);
      EXPECT_GT(p.targets[5], 1);
    } else {
      EXPECT_EQ(p.advantages, Vector(p.advantages.size()));
      EXPECT_EQ(p.targets, Vector(p.targets.size()));
    }
  }
}

// What the head is to learn, brought back by the scale, is the target.
TEST(TrialAdvantages, TargetsAreScaledByARunningMeanOfTheirStepAndADeviationOfAll) {
  Problem p;
  p.run({Phase::estimate});
  const Vector raw = p.targets, mean_before = p.mean;
  const double deviation_before = p.deviation;
  p.updates = 3;
  p.run({Phase::sum, Phase::scale, Phase::normalise});
  EXPECT_EQ(p.updates, 4);
  double square = 0;
  for (int t = 0; t < kSteps; ++t) {
    double mean = 0;
    for (int e = 0; e < kEnvs; ++e) mean += raw[Problem::row(t, e)] / kEnvs;
    const auto step = static_cast<std::size_t>(t);
    EXPECT_NEAR(p.mean[step], mean_before[step] + (mean - mean_before[step]) / 4, 1e-12);
    for (int e = 0; e < kEnvs; ++e) square += std::pow(raw[Problem::row(t, e)] - p.mean[step], 2);
  }
  EXPECT_NEAR(p.deviation, deviation_before + (std::sqrt(square / (kEnvs * kSteps)) - deviation_before) / 4,
              1e-12);
  for (int e = 0; e < kEnvs; ++e)
    for (int t = 0; t < kSteps; ++t)
      EXPECT_NEAR(p.targets[Problem::row(t, e)] * p.deviation + p.mean[static_cast<std::size_t>(t)],
                  raw[Problem::row(t, e)], 1e-6);
}

TEST(TrialAdvantages, TheScaleStartsAsAPlainMeanAndThenForgetsSlowly) {
  Problem p;
  for (int iteration = 0; iteration < 120; ++iteration) {
    const double before = p.mean[4];
    p.run({Phase::estimate, Phase::sum, Phase::scale});
    double mean = 0;
    for (int e = 0; e < kEnvs; ++e) mean += p.targets[Problem::row(4, e)] / kEnvs;
    const double rate = std::max(0.02, 1.0 / (iteration + 1));
    EXPECT_NEAR(p.mean[4], before + rate * (mean - before), 1e-9) << iteration;
  }
  EXPECT_EQ(p.updates, 50);
}

}  // namespace
}  // namespace innerloop
