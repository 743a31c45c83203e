// Advantages, DiCE's weights and the task's statistics (kernels/inner/advantages.h, baseline.h) against a plain reference.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/kernels.h"
#include "tests/support/reference.h"

namespace innerloop {
namespace {

struct Options {
  double discount = 0.95, gae_lambda = 0.9;
  bool linear_baseline = true, normalize = true, dice = false;
};

template <class T>
Trajectories with_advantages(Trajectories t, const Options& o) {
  const BatchMemory<T> memory(t);
  Advantages<T> op;
  op.batch = memory.batch();
  op.discount = static_cast<T>(o.discount);
  op.gae_lambda = static_cast<T>(o.gae_lambda);
  op.linear_baseline = o.linear_baseline;
  op.normalize = o.normalize;
  op.dice = o.dice;
  run_all(op, t.tasks);
  memory.read_back(t);
  return t;
}

// An episode of a task: its rows in order.
using Episode = std::vector<int>;
std::vector<Episode> episodes_of(const Trajectories& t, int task) {
  std::vector<Episode> episodes;
  for (int env = 0; env < t.envs; ++env) {
    Episode episode;
    for (int step = 0; step < t.horizon; ++step) {
      const int r = t.row(env, step);
      if (t.of(t.valid, task)[r] == 0) continue;
      episode.push_back(r);
      if (t.of(t.ends, task)[r] == 0) continue;
      episodes.push_back(episode);
      episode.clear();
    }
  }
  return episodes;
}

std::vector<long double> features(const Trajectories& t, int task, int row, std::size_t elapsed) {
  std::vector<long double> f;
  for (double o : t.observation(task, row)) f.push_back(std::min(std::max(o, -10.0), 10.0));
  const std::size_t observations = f.size();
  for (std::size_t i = 0; i < observations; ++i) f.push_back(f[i] * f[i]);
  const long double time = static_cast<long double>(elapsed) / 100;
  for (const long double x : {time, time * time, time * time * time, 1.0L}) f.push_back(x);
  return f;
}

// argmin ‖F w − y‖² + ridge·‖w‖² by Householder's QR of F with √ridge·1 below it: no normal equations.
std::vector<long double> least_squares(std::vector<std::vector<long double>> a, std::vector<long double> y,
                                       long double ridge) {
  const std::size_t n = a[0].size();
  for (std::size_t i = 0; i < n; ++i) {
    a.emplace_back(n);
    a.back()[i] = std::sqrt(ridge);
    y.push_back(0);
  }
  for (std::size_t c = 0; c < n; ++c) {
    long double norm = 0;
    for (std::size_t r = c; r < a.size(); ++r) norm += a[r][c] * a[r][c];
    norm = a[c][c] > 0 ? -std::sqrt(norm) : std::sqrt(norm);
    std::vector<long double> v(a.size());
    long double square = 0;
    for (std::size_t r = c; r < a.size(); ++r) {
      v[r] = a[r][c] - (r == c ? norm : 0);
      square += v[r] * v[r];
    }
    const auto reflect = [&](auto&& at) {
      long double along = 0;
      for (std::size_t r = c; r < a.size(); ++r) along += v[r] * at(r);
      for (std::size_t r = c; r < a.size(); ++r) at(r) -= 2 * along / square * v[r];
    };
    for (std::size_t j = c; j < n; ++j) reflect([&](std::size_t r) -> long double& { return a[r][j]; });
    reflect([&](std::size_t r) -> long double& { return y[r]; });
  }
  std::vector<long double> w(n);
  for (std::size_t i = n; i-- > 0;) {
    w[i] = y[i];
    for (std::size_t j = i + 1; j < n; ++j) w[i] -= a[i][j] * w[j];
    w[i] /= a[i][i];
  }
  return w;
}

Trajectories plain_advantages(Trajectories t, const Options& o) {
  for (Vector* v : {&t.advantages, &t.credits}) *v = Vector(v->size());
  for (int task = 0; task < t.tasks; ++task) {
    const std::vector<Episode> episodes = episodes_of(t, task);
    const double* rewards = t.of(t.rewards, task);
    const Vector wanted_returns = reference::returns_to_go(t, task, o.discount);
    double *advantages = t.of(t.advantages, task), *credits = t.of(t.credits, task);
    std::vector<std::vector<long double>> rows;
    std::vector<long double> returns;
    double samples = 0, total = 0, first_steps = 0;
    for (const Episode& episode : episodes)
      for (std::size_t i = 0; i < episode.size(); ++i) {
        rows.push_back(features(t, task, episode[i], i));
        returns.push_back(wanted_returns[static_cast<std::size_t>(episode[i])]);
        ++samples;
      }
    // The first episode of each trajectory.
    for (int env = 0; env < t.envs; ++env)
      for (int step = 0; step < t.horizon; ++step) {
        const int r = t.row(env, step);
        total += rewards[r];
        ++first_steps;
        if (t.of(t.ends, task)[r] > 0) break;
      }
    std::vector<long double> w(rows.empty() ? 0 : rows[0].size());
    if (o.linear_baseline && !rows.empty()) w = least_squares(rows, returns, 1e-5L);

    double mean = 0, variance = 0;
    for (const Episode& episode : episodes) {
      const auto value = [&](std::size_t i) {
        long double sum = 0;
        const bool behind = i == episode.size();
        // After the last step 0, at the time limit too, unless the trajectories look beyond it.
        if (behind && !(t.looks_beyond && t.of(t.terminated, task)[episode.back()] == 0)) return 0.0;
        const int row = behind ? episode.back() + t.envs : episode[i];
        const std::vector<long double> f = features(t, task, row, i);
        for (std::size_t j = 0; j < f.size(); ++j) sum += f[j] * w[j];
        return static_cast<double>(sum);
      };
      const auto delta = [&](std::size_t i) {
        return rewards[episode[i]] + o.discount * value(i + 1) - value(i);
      };
      const double decay = o.discount * o.gae_lambda;
      for (std::size_t i = 0; i < episode.size(); ++i) {
        double sum = 0;
        for (std::size_t j = i; j < episode.size(); ++j)
          sum += std::pow(decay, static_cast<double>(o.dice ? j : j - i)) * delta(j);
        (o.dice ? credits : advantages)[episode[i]] = sum;
        if (o.dice) advantages[episode[i]] = std::pow(decay, static_cast<double>(i)) * delta(i);
        mean += sum / samples;
      }
    }
    const double* spread = o.dice ? credits : advantages;
    for (const Episode& episode : episodes)
      for (int r : episode) variance += (spread[r] - mean) * (spread[r] - mean) / samples;
    for (const Episode& episode : episodes)
      for (int r : episode) {
        if (!o.normalize) continue;
        advantages[r] = (advantages[r] - (o.dice ? 0 : mean)) / (std::sqrt(variance) + 1e-8);
        credits[r] /= std::sqrt(variance) + 1e-8;
      }
    double* statistics = t.statistics.data() + task * kStatistics;
    statistics[kReturnSum] = total;
    statistics[kStepSum] = first_steps;
    statistics[kSamples] = samples;
    statistics[kMeanReturn] = total / t.envs;
    statistics[kReturnRest] = statistics[kStepRest] = statistics[kSampleRest] = 0;
  }
  return t;
}

Trajectories random_case(int horizon = 43, int envs = 7, double ending = 0.05, bool looks_beyond = false) {
  std::mt19937_64 random(9);
  Trajectories t = random_trajectories(policy_of({3, 2}, HeadKind::gaussian), 3, horizon, envs, ending,
                                       random, looks_beyond);
  for (double& o : t.observations) o *= 4;  // some beyond the clipping at 10
  return t;
}

void expect_alike(const Trajectories& found, const Trajectories& wanted, bool dice, double tolerance) {
  EXPECT_LT(relative_error(found.advantages, wanted.advantages), tolerance);
  if (dice) {
    EXPECT_LT(relative_error(found.credits, wanted.credits), tolerance);
  }
  EXPECT_LT(relative_error(found.statistics, wanted.statistics), tolerance);
}

class AdvantagesTest : public testing::TestWithParam<std::tuple<bool, bool, bool, bool>> {
 protected:
  Options options() const {
    Options o;
    std::tie(o.linear_baseline, o.normalize, o.dice, std::ignore) = GetParam();
    return o;
  }
  bool looks_beyond() const { return std::get<3>(GetParam()); }
};

TEST_P(AdvantagesTest, AreThePlainReferences) {
  for (const double ending : {0.0, 0.05, 0.6}) {
    const Trajectories t = random_case(43, 7, ending, looks_beyond());
    expect_alike(with_advantages<double>(t, options()), plain_advantages(t, options()), options().dice, 1e-9);
    expect_alike(with_advantages<float>(t, options()), plain_advantages(t, options()), options().dice, 1e-3);
  }
}

TEST_P(AdvantagesTest, AreThePlainReferencesForEpisodesOfOneStep) {
  const Trajectories t = random_case(1, 21, 0, looks_beyond());
  expect_alike(with_advantages<double>(t, options()), plain_advantages(t, options()), options().dice, 1e-9);
}

TEST_P(AdvantagesTest, DoNotSeeWhatDoesNotCount) {
  Trajectories t = random_case(43, 7, 0.1, looks_beyond());
  // What an episode leads to that is cut off counts.
  const auto is_beyond_a_cut = [&](int task, int r) {
    const int last = r - t.envs;
    return t.looks_beyond && r >= t.rows() && last < t.rows() && t.of(t.valid, task)[last] > 0 &&
           t.of(t.terminated, task)[last] == 0;
  };
  const Trajectories before = with_advantages<double>(t, options());
  int touched = 0;
  for (int task = 0; task < t.tasks; ++task)
    for (int r = 0; r < t.row_stride; ++r) {
      if (t.of(t.valid, task)[r] > 0 || is_beyond_a_cut(task, r)) continue;
      ++touched;
      for (int i = 0; i < t.observation_size; ++i)
        t.observations[t.index(t.observation_size, task, i, r)] = NAN;
      for (Vector* v : {&t.rewards, &t.advantages, &t.credits, &t.log_probs}) t.of(*v, task)[r] = NAN;
    }
  ASSERT_GT(touched, 50);
  const Trajectories after = with_advantages<double>(t, options());
  EXPECT_EQ(after.statistics, before.statistics);
  for (int task = 0; task < t.tasks; ++task)
    for (int r = 0; r < t.rows(); ++r) {
      EXPECT_EQ(after.of(after.advantages, task)[r], before.of(before.advantages, task)[r]);
      if (options().dice) {
        EXPECT_EQ(after.of(after.credits, task)[r], before.of(before.credits, task)[r]);
      }
      if (t.of(t.valid, task)[r] == 0) {
        EXPECT_EQ(after.of(after.advantages, task)[r], 0);
      }
    }
}

INSTANTIATE_TEST_SUITE_P(All, AdvantagesTest,
                         testing::Combine(testing::Bool(), testing::Bool(), testing::Bool(), testing::Bool()),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param) ? "linear" : "none") +
                                  (std::get<1>(info.param) ? "_normalized" : "_raw") +
                                  (std::get<2>(info.param) ? "_dice" : "") +
                                  (std::get<3>(info.param) ? "_beyond" : "");
                         });

TEST(Advantages, EveryOptionChangesThem) {
  const Trajectories t = random_case();
  const Options base;
  Options other[] = {base, base, base, base, base};
  other[0].discount = 0.9;
  other[1].gae_lambda = 1;
  other[2].linear_baseline = false;
  other[3].normalize = false;
  other[4].dice = true;
  for (const Options& o : other)
    EXPECT_GT(
        relative_error(with_advantages<double>(t, o).advantages, with_advantages<double>(t, base).advantages),
        1e-3);
}

TEST(Advantages, EndsOfEpisodesCutTheReturns) {
  Trajectories t = empty_trajectories(1, 1, 1, 1, 4, 1);
  t.valid = t.rewards = {1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  t.ends[1] = t.ends[3] = 1;
  const Options o{.discount = 0.5, .gae_lambda = 1, .linear_baseline = false, .normalize = false};
  const Trajectories found = with_advantages<double>(t, o);
  EXPECT_EQ(Vector(found.advantages.begin(), found.advantages.begin() + 4), (Vector{1.5, 1, 1.5, 1}));
}

// What comes after a trajectory's first episode is cut off by the horizon: the last piece is no episode.
TEST(Advantages, StatisticsAreOfTheFirstEpisodes) {
  Trajectories t = empty_trajectories(1, 1, 1, 1, 4, 2);
  for (int r = 0; r < 8; ++r)
    t.valid[static_cast<std::size_t>(r)] = t.rewards[static_cast<std::size_t>(r)] = 1;
  t.ends[2] = t.ends[6] = t.ends[7] =
      1;  // the first environment's ends with the second step, and the horizon cuts the next
  const Trajectories found = with_advantages<float>(t, {});
  EXPECT_EQ(found.statistics[kMeanReturn], 3);
  EXPECT_EQ(found.statistics[kReturnSum], 6);
  EXPECT_EQ(found.statistics[kStepSum], 6);
  EXPECT_EQ(found.statistics[kSamples], 8);
}

// Chains of a float lose a digit in a thousand numbers.
TEST(Advantages, StatisticsOfLongTrajectoriesAreRightToTheLastDigit) {
  const int steps = 1 << 20;
  Trajectories t = empty_trajectories(1, 1, 1, 1, steps, 1);
  for (int r = 0; r < steps; ++r) {
    t.valid[static_cast<std::size_t>(r)] = 1;
    t.rewards[static_cast<std::size_t>(r)] = -0.1;
  }
  t.ends[static_cast<std::size_t>(steps) - 1] = 1;
  const Vector found = with_advantages<float>(t, {.linear_baseline = false, .normalize = false}).statistics;
  const double wanted = static_cast<double>(-0.1f) * steps;
  EXPECT_NEAR(long_sum(found.data(), kReturnSum) / wanted, 1, 1e-12);
  EXPECT_GT(std::abs(found[kMeanReturn] / wanted - 1), 1e-6);  // what plain chains make of it
  EXPECT_EQ(long_sum(found.data(), kSamples), steps);
}

// 1 for each step, for ever: who knows that is surprised by nothing, unless nothing is to follow the limit.
TEST(Advantages, OfWhatPaysTheSameForEverAreZeroWhereItsValueGoesOnBeyondTheLimit) {
  const double gamma = 0.9, for_ever = 1 / (1 - gamma);
  for (const bool looks_beyond : {false, true})
    for (const double lambda : {0.0, 0.7, 1.0}) {
      Trajectories t = random_case(12, 5, 0, looks_beyond);
      for (std::size_t i = 0; i < t.rewards.size(); ++i) t.rewards[i] = t.valid[i];
      const BatchMemory<double> memory(t);
      const Vector values(static_cast<std::size_t>(t.tasks * t.row_stride), for_ever);
      Advantages<double> op;
      op.batch = memory.batch();
      op.discount = gamma;
      op.gae_lambda = lambda;
      op.linear_baseline = false;
      op.values = values.data();
      op.normalize = false;
      run_all(op, t.tasks);
      memory.read_back(t);
      for (int task = 0; task < t.tasks; ++task)
        for (int r = 0; r < t.rows(); ++r) {
          const int left = t.horizon - 1 - r / t.envs;
          const double lost = -gamma * for_ever * std::pow(gamma * lambda, left);
          EXPECT_NEAR(t.of(t.advantages, task)[r], looks_beyond ? 0 : lost, 1e-12) << r;
        }
      // The linear baseline finds that value by itself.
      if (!looks_beyond) continue;
      const Options o{.discount = gamma, .gae_lambda = lambda, .normalize = false};
      for (const double a : with_advantages<double>(t, o).advantages) EXPECT_NEAR(a, 0, 1e-4);
    }
}

TEST(Advantages, AnEpisodesOwnEndInTheLastStepIsWorthNothing) {
  Trajectories t = empty_trajectories(1, 1, 1, 1, 3, 2, true);
  for (int r = 0; r < 6; ++r) t.valid[static_cast<std::size_t>(r)] = 1;
  t.ends[4] = t.ends[5] = t.terminated[4] = 1;  // the second environment's is cut off
  const BatchMemory<double> memory(t);
  Vector values(16);
  values[6] = values[7] = 8;
  Advantages<double> op;
  op.batch = memory.batch();
  op.discount = 0.5;
  op.linear_baseline = op.normalize = false;
  op.values = values.data();
  run_all(op, 1);
  memory.read_back(t);
  EXPECT_EQ(Vector(t.advantages.begin(), t.advantages.begin() + 6), (Vector{0, 1, 0, 2, 0, 4}));
}

// Σ_{t≥t′} γ^t r_t within the episode (Foerster et al. 2018): the power counts from the episode's start.
TEST(Advantages, OfDiceAreDiscountedFromTheEpisodesStart) {
  Trajectories t = empty_trajectories(1, 1, 1, 1, 4, 1);
  t.valid = {1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  t.rewards = {1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  t.ends[1] = t.ends[3] = 1;
  const Options o{
      .discount = 0.5, .gae_lambda = 1, .linear_baseline = false, .normalize = false, .dice = true};
  const Trajectories found = with_advantages<double>(t, o);
  EXPECT_EQ(Vector(found.advantages.begin(), found.advantages.begin() + 4), (Vector{1, 1, 3, 2}));
  EXPECT_EQ(Vector(found.credits.begin(), found.credits.begin() + 4), (Vector{2, 1, 5, 2}));
}

TEST(Advantages, AreCentredAndScaledOverTheSamplesThatCount) {
  const Trajectories t = with_advantages<double>(random_case(43, 7, 0.2), {});
  for (int task = 0; task < t.tasks; ++task) {
    double mean = 0, square = 0;
    for (int r = 0; r < t.rows(); ++r) {
      mean += t.of(t.advantages, task)[r] / t.samples(task);
      square += std::pow(t.of(t.advantages, task)[r], 2) / t.samples(task);
    }
    EXPECT_NEAR(mean, 0, 1e-12);
    EXPECT_NEAR(square, 1, 1e-6);
  }
}

// Features that say the same, or nothing at all, as in the bandit: the ridge decides.
TEST(Advantages, AreFiniteAndRightForCollinearFeatures) {
  Trajectories t = random_case();
  for (int task = 0; task < t.tasks; ++task)
    for (int r = 0; r < t.rows(); ++r) {
      t.observations[t.index(3, task, 1, r)] = t.observations[t.index(3, task, 0, r)];
      t.observations[t.index(3, task, 2, r)] = 0;
    }
  expect_alike(with_advantages<double>(t, {}), plain_advantages(t, {}), false, 1e-6);
  Trajectories bandit = random_case(50, 5, 1);
  for (double& o : bandit.observations) o = 0;
  expect_alike(with_advantages<double>(bandit, {}), plain_advantages(bandit, {}), false, 1e-6);
  expect_alike(with_advantages<float>(bandit, {}), plain_advantages(bandit, {}), false, 1e-3);
}

// Of equal numbers the mean is off by a rounding, which over its own size would be 1. 7 numbers are no power of two.
TEST(Advantages, OfTasksWithoutSpreadAreZero) {
  for (const double reward : {1.0, -0.1, 0.1, 1e-6, 3e5})
    for (const bool dice : {false, true})
      for (const int envs : {4, 7, 1000}) {
        Trajectories t = random_case(1, envs, 1);
        for (std::size_t i = 0; i < t.rewards.size(); ++i) t.rewards[i] = reward * t.valid[i];
        const Options o{.linear_baseline = false, .dice = dice};
        EXPECT_EQ(with_advantages<double>(t, o).advantages, Vector(t.advantages.size())) << reward;
        EXPECT_EQ(with_advantages<float>(t, o).advantages, Vector(t.advantages.size())) << reward;
        // Any real difference counts.
        t.rewards[0] = reward * (1 + 1e-5);
        EXPECT_NE(with_advantages<float>(t, o).advantages[0], 0) << reward;
      }
}

TEST(Advantages, OfATaskDoNotDependOnTheOthers) {
  const Trajectories t = random_case();
  Trajectories changed = t;
  for (double* x = changed.of(changed.rewards, 1); x < changed.of(changed.rewards, 2); ++x) *x *= -3;
  const Trajectories a = with_advantages<double>(t, {}), b = with_advantages<double>(changed, {});
  for (int r = 0; r < t.rows(); ++r) {
    EXPECT_EQ(a.of(a.advantages, 0)[r], b.of(b.advantages, 0)[r]);
    EXPECT_EQ(a.of(a.advantages, 2)[r], b.of(b.advantages, 2)[r]);
  }
}

}  // namespace
}  // namespace innerloop
