// PPO's gradient through a whole trial of a policy with a memory, against finite differences of the plain reference.
#include <gtest/gtest.h>

#include "tests/support/trial_problem.h"

namespace innerloop {
namespace {

Vector differences_of(const TrialProblem& p) {
  return central_differences([&](const Vector& theta) { return reference::trial_objective(p, theta); },
                             p.theta, 1e-6);
}

struct Sizes {
  int inputs, hidden, actions, envs, steps;
};

class TrialGradientTest : public testing::TestWithParam<HeadKind> {
 protected:
  TrialProblem problem(const Sizes& s, std::uint64_t seed = 3) const {
    return random_trial_problem(s.inputs, s.hidden, s.actions, GetParam(), s.envs, s.steps, seed);
  }
};

// 37 environments are a tile of 32 and one of 5; 7 steps a product over 4 of them and one over 3.
TEST_P(TrialGradientTest, IsTheFiniteDifferenceThroughTheWholeTrial) {
  const TrialProblem p = problem({4, 5, 3, 37, 7});
  EXPECT_LT(relative_error(kernel_trial_gradient(p).gradient, differences_of(p)), 1e-7);
}

TEST_P(TrialGradientTest, IsTheFiniteDifferenceForMoreUnitsThanAVectorHas) {
  const TrialProblem p = problem({3, 18, 2, 3, 5});
  EXPECT_LT(relative_error(kernel_trial_gradient(p).gradient, differences_of(p)), 1e-7);
}

TEST_P(TrialGradientTest, IsTheFiniteDifferenceForASingleStep) {
  const TrialProblem p = problem({2, 3, 2, 2, 1});
  EXPECT_LT(relative_error(kernel_trial_gradient(p).gradient, differences_of(p)), 1e-7);
}

TEST_P(TrialGradientTest, TakesTheEnvironmentsOfItsMinibatchAlone) {
  TrialProblem p = problem({3, 5, 2, 9, 4});
  const Vector all = kernel_trial_gradient(p).gradient;
  p.order.resize(4);
  const Vector some = kernel_trial_gradient(p).gradient;
  EXPECT_LT(relative_error(some, differences_of(p)), 1e-7);
  EXPECT_GT(relative_error(some, all), 0.1);
}

// Each term of the objective matters to the gradient, and is right where the others are gone.
TEST_P(TrialGradientTest, OfEachTermAloneIsTheFiniteDifference) {
  for (const int term : {0, 1, 2}) {
    TrialProblem p = problem({3, 5, 2, 5, 4});
    const Vector whole = kernel_trial_gradient(p).gradient;
    if (term != 0) std::ranges::fill(p.advantages, 0);
    p.entropy_weight = term == 1 ? 0.7 : 0;
    p.value_weight = term == 2 ? 0.9 : 0;
    const Vector one = kernel_trial_gradient(p).gradient;
    EXPECT_LT(relative_error(one, differences_of(p)), 1e-7) << term;
    EXPECT_GT(relative_error(one, whole), 0.01) << term;
  }
}

TEST_P(TrialGradientTest, ClippingTakesGradientAway) {
  TrialProblem p = problem({3, 5, 2, 9, 4});
  const Vector clipped = kernel_trial_gradient(p).gradient;
  p.clip = 1e9;
  EXPECT_GT(relative_error(kernel_trial_gradient(p).gradient, clipped), 0.1);
}

TEST_P(TrialGradientTest, WithClippedValuesIsTheFiniteDifference) {
  TrialProblem p = problem({4, 5, 3, 37, 7});
  const Vector plain = kernel_trial_gradient(p).gradient;
  p.value_clip = 0.3;
  const Vector clipped = kernel_trial_gradient(p).gradient;
  EXPECT_LT(relative_error(clipped, differences_of(p)), 1e-7);
  EXPECT_GT(relative_error(clipped, plain), 0.01);
}

// Within the range about the values as drawn, nothing is clipped.
TEST_P(TrialGradientTest, AWideRangeOfValuesClipsNone) {
  TrialProblem p = problem({3, 5, 2, 9, 4});
  const TrialGradientResult plain = kernel_trial_gradient(p);
  p.value_clip = 1e9;
  const TrialGradientResult wide = kernel_trial_gradient(p);
  EXPECT_EQ(wide.gradient, plain.gradient);
  EXPECT_EQ(wide.values, plain.values);
}

TEST_P(TrialGradientTest, ValuesAreTheReferences) {
  TrialProblem p = problem({4, 5, 3, 37, 7});
  p.value_clip = 0.3;
  const reference::TrialSums sums = reference::trial_sums(p, p.theta);
  const Vector values = kernel_trial_gradient(p).values;
  EXPECT_LT(relative_error(values, {sums.surrogate, sums.entropy, sums.value_loss, sums.divergence}), 1e-9);
}

INSTANTIATE_TEST_SUITE_P(, TrialGradientTest, testing::Values(HeadKind::categorical, HeadKind::gaussian),
                         [](const auto& test) {
                           return test.param == HeadKind::categorical ? "categorical" : "gaussian";
                         });

// Below the floor the standard deviation no longer follows its parameter, and neither does the entropy.
TEST(TrialGradient, RespectsTheFloorOfTheStandardDeviation) {
  TrialProblem p = random_trial_problem(3, 5, 2, HeadKind::gaussian, 5, 3, 4);
  p.shape.actor.min_log_std = 0.5f;
  const int at = Gru::parameters(p.shape.memory) + p.shape.actor.log_std_offset();
  p.theta[static_cast<std::size_t>(at)] = 0.4;
  p.theta[static_cast<std::size_t>(at + 1)] = 0.6;
  const Vector gradient = kernel_trial_gradient(p).gradient;
  EXPECT_EQ(gradient[static_cast<std::size_t>(at)], 0);
  EXPECT_NE(gradient[static_cast<std::size_t>(at + 1)], 0);
}

}  // namespace
}  // namespace innerloop
