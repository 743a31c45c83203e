// The plain reference that the kernels are compared with: its gradients are differences of its values, and its values
// are what a textbook says.
#include <gtest/gtest.h>

#include "tests/support/reference.h"

namespace innerloop {
namespace {

class ReferenceTest : public testing::TestWithParam<std::tuple<HeadKind, EstimatorName>> {};

TEST_P(ReferenceTest, GradientsAreTheDifferencesOfTheValues) {
  const auto [head, estimator] = GetParam();
  for (const Activation activation : {Activation::tanh, Activation::relu}) {
    std::mt19937_64 random(7);
    const PolicyShape shape = policy_of({3, 5, 4, 2}, head, activation);
    Trajectories t = random_trajectories(shape, 1, 9, 4, 0.2, random);
    const Vector drawn = random_vector(shape.parameters(), 0.5, random);
    reference::draw_actions(shape, drawn, 0, t, random);
    Vector theta = drawn;
    for (double& x : theta) x += 0.1 * normal(random);
    const reference::Term term{
        .estimator = estimator, .weight = 0.7, .clip = 0.1, .score = 0.3, .divergence = -0.4, .drawn = drawn};
    const Vector differences = central_differences(
        [&](const Vector& x) { return reference::evaluate(shape, t, 0, x, term, false).total; }, theta, 1e-6);
    EXPECT_LT(relative_error(reference::evaluate(shape, t, 0, theta, term, true).gradient, differences),
              1e-8);
  }
}

INSTANTIATE_TEST_SUITE_P(All, ReferenceTest,
                         testing::Combine(testing::Values(HeadKind::gaussian, HeadKind::categorical),
                                          testing::Values(EstimatorName::reinforce, EstimatorName::ratio,
                                                          EstimatorName::clipped, EstimatorName::dice)));

TEST(Reference, GaussianLogProbabilityIsThatOfItsDensity) {
  PolicyShape shape = policy_of({1, 2}, HeadKind::gaussian);
  const Vector theta = {0, 0, 0, 0, std::log(0.5), std::log(2.0)};
  const double density =
      std::exp(-0.5 * 4) / (0.5 * std::sqrt(2 * M_PI)) * std::exp(-0.5 * 0.25) / (2 * std::sqrt(2 * M_PI));
  EXPECT_NEAR(reference::log_prob(shape, theta, {0.5, 1}, {1.5, 0}), std::log(density), 1e-14);
}

TEST(Reference, CategoricalLogProbabilitiesSumToOne) {
  const PolicyShape shape = policy_of({1, 3}, HeadKind::categorical);
  double sum = 0;
  for (int a = 0; a < 3; ++a)
    sum += std::exp(reference::log_prob(shape, {}, {700, 701, 699}, {static_cast<double>(a)}));
  EXPECT_NEAR(sum, 1, 1e-14);
}

// KL(p ‖ q) = E_p[log p − log q], here by the trapezoid rule.
TEST(Reference, DivergenceIsTheExpectedDifferenceOfLogProbabilities) {
  PolicyShape shape = policy_of({1, 1}, HeadKind::gaussian);
  const Vector p = {0, 0, 0.3}, q = {0, 0, -0.2}, at_p = {0.1}, at_q = {-0.4};
  double sum = 0;
  const double step = 1e-3;
  for (double a = -20; a < 20; a += step) {
    const double lp = reference::log_prob(shape, p, at_p, {a});
    sum += step * std::exp(lp) * (lp - reference::log_prob(shape, q, at_q, {a}));
  }
  EXPECT_NEAR(reference::divergence(shape, p, at_p, q, at_q), sum, 1e-9);
}

}  // namespace
}  // namespace innerloop
