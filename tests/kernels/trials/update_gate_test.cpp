// How many updates an iteration makes: all, or until the divergence is too large.
#include <gtest/gtest.h>

#include "tests/support/trial_problem.h"

namespace innerloop {
namespace {

constexpr int kMinibatches = 3, kTiles = 2, kRows = 40;

// One iteration whose minibatches bring these mean divergences, as long as updates go on.
struct Iteration {
  int open = -1;
  double updates = NAN;
  Vector values = Vector(kMinibatches * kTrialValues, NAN), means = Vector(kTrialValues, NAN);
  int met = 0;

  Iteration(const Vector& divergences, double target_kl) {
    const UpdateGate<double> gate{values.data(), &open, &updates};
    run_kernel<StartUpdates<double>>(double_trial_kernels(), {gate}, 1);
    for (const double divergence : divergences) {
      if (open == 0) break;
      Vector sums(kTiles * kTrialValues);
      for (int v = 0; v < kTrialValues; ++v)
        for (int tile = 0; tile < kTiles; ++tile)
          sums[static_cast<std::size_t>(tile * kTrialValues + v)] =
              kRows * (divergence + (v - kTrialDivergence)) * (tile == 0 ? 0.25 : 0.75);
      DecideUpdate<double> decide{gate};
      decide.minibatch = met++ % kMinibatches;
      decide.tiles = kTiles;
      decide.rows = kRows;
      decide.sums = sums.data();
      decide.target_kl = target_kl;
      run_kernel<DecideUpdate<double>>(double_trial_kernels(), decide, 1);
    }
    run_kernel<AverageUpdates<double>>(double_trial_kernels(), {gate, kMinibatches, means.data()}, 1);
  }
};

TEST(UpdateGate, AreAllMadeWithoutATarget) {
  const Iteration i({0, 9, 9, 9, 9, 9}, 0);
  EXPECT_EQ(i.updates, 6);
  EXPECT_EQ(i.open, 1);
}

TEST(UpdateGate, EndBeforeTheOneWhoseMinibatchIsAboveTheTarget) {
  const Iteration i({0, 0.01, 0.02, 0.02, 0.021, 0.001}, 0.0205);
  EXPECT_EQ(i.updates, 4);
  EXPECT_EQ(i.open, 0);
  EXPECT_EQ(i.met, 5);
}

TEST(UpdateGate, EndWhereTheDivergenceIsNoNumber) {
  for (const double divergence : {double{NAN}, double{INFINITY}}) {
    const Iteration i({0, 0.01, divergence, 0.01}, 0.02);
    EXPECT_EQ(i.updates, 2);
    EXPECT_EQ(i.open, 0);
    EXPECT_EQ(Iteration({0, 0.01, divergence, 0.01}, 0).updates, 4);
  }
}

// There the divergence is 0, but for what rounding leaves of it.
TEST(UpdateGate, TheFirstIsAlwaysMade) {
  const Iteration i({1, 1, 1}, 0.5);
  EXPECT_EQ(i.updates, 1);
  EXPECT_EQ(i.met, 2);
}

TEST(UpdateGate, ValuesAreMeansOfTheMinibatchesThatWereMet) {
  const auto divergence = [](const Iteration& i) { return i.means[kTrialDivergence]; };
  EXPECT_NEAR(divergence(Iteration({1, 2, 3}, 0)), 2, 1e-12);
  EXPECT_NEAR(divergence(Iteration({1, 2, 3, 7, 8, 9}, 0)), 8, 1e-12);  // of the last epoch
  EXPECT_NEAR(divergence(Iteration({0.1, 2}, 1)), 1.05, 1e-12);         // the third was not met
  EXPECT_NEAR(divergence(Iteration({0.1, 0.2, 0.3, 0.7, 2}, 1)), (0.7 + 2 + 0.3) / 3, 1e-12);
  EXPECT_NEAR(Iteration({1, 2, 3}, 0).means[kTrialSurrogate], 2 - int{kTrialDivergence}, 1e-12);
}

}  // namespace
}  // namespace innerloop
