// TRPO's curvature: F·u through the inner steps, F = Jᵀ·M·J with J = ∂θ_K/∂θ and M the metric of the adapted policy.
#include <gtest/gtest.h>

#include "tests/support/meta_problem.h"

namespace innerloop {
namespace {

class TrustRegionTest : public testing::TestWithParam<std::tuple<HeadKind, EstimatorName>> {
 protected:
  MetaProblem problem(int steps, const MetaProblemSizes& sizes = {}, double entropy = 0,
                      int epochs = 1) const {
    const HeadKind head = std::get<0>(GetParam());
    const EstimatorName estimator = std::get<1>(GetParam());
    MetaProblemSizes with_steps = sizes;
    with_steps.steps = steps;
    return random_meta_problem(policy_of({3, 9, 6, 3}, head), estimator, with_steps, 0, 23,
                               [&](MetaProblem& p) {
                                 p.entropy = entropy;
                                 p.epochs = estimator == EstimatorName::dice ? 1 : epochs;
                               });
  }
};

// Mean KL from the policies adapted from θ to those adapted from `other`.
double mean_divergence(const MetaProblem& p, const Vector& other) {
  double sum = 0;
  for (int task = 0; task < p.tasks; ++task) {
    const reference::Term kl{
        .weight = 0, .divergence = 1, .drawn = p.drawn.back()[static_cast<std::size_t>(task)]};
    sum += reference::evaluate(p.shape, p.batch(p.steps), task, reference::adapted(p, task, other), kl, false)
               .total;
  }
  return sum / p.tasks;
}

// ∇ of that divergence, by plain differences of θ_K along each parameter: Jᵀ·∇KL.
Vector divergence_gradient(const MetaProblem& p, const Vector& other) {
  Vector total(other.size());
  for (int task = 0; task < p.tasks; ++task) {
    const reference::Term kl{
        .weight = 0, .divergence = 1, .drawn = p.drawn.back()[static_cast<std::size_t>(task)]};
    const Vector outer =
        reference::evaluate(p.shape, p.batch(p.steps), task, reference::adapted(p, task, other), kl, true)
            .gradient;
    const Vector back = central_differences(
        [&](const Vector& theta) {
          const Vector adapted = reference::adapted(p, task, theta);
          double sum = 0;
          for (std::size_t i = 0; i < adapted.size(); ++i) sum += adapted[i] * outer[i];
          return sum;
        },
        other, 1e-5);
    for (std::size_t i = 0; i < total.size(); ++i) total[i] += back[i] / p.tasks;
  }
  return total;
}

TEST_P(TrustRegionTest, CurvatureProductIsTheDifferenceOfTheDivergencesGradient) {
  for (int steps = 0; steps <= 4; ++steps) {
    const MetaProblem p = steps < 3    ? problem(steps)
                          : steps == 3 ? problem(2, {}, 0.7)
                                       : problem(2, {}, 0, 2);
    std::mt19937_64 random(5);
    const Vector u = random_vector(p.shape.parameters(), 1, random);
    const double h = 3e-5;
    Vector above = p.theta, below = p.theta;
    for (std::size_t i = 0; i < u.size(); ++i) {
      above[i] += h * u[i];
      below[i] -= h * u[i];
    }
    Vector difference = divergence_gradient(p, above);
    const Vector lower = divergence_gradient(p, below);
    for (std::size_t i = 0; i < u.size(); ++i) difference[i] = (difference[i] - lower[i]) / (2 * h);
    EXPECT_LT(relative_error(kernel_curvature_product<double>(p, u), difference), 1e-6);
  }
}

// No differences of differences here, but one number only: KL(θ + h·u) = h²/2·uᵀFu + …
TEST_P(TrustRegionTest, CurvatureAlongADirectionIsThatOfTheDivergence) {
  const MetaProblem p = problem(2, {.horizon = 61, .envs = 9, .ending = 0.05});
  std::mt19937_64 random(6);
  const Vector u = random_vector(p.shape.parameters(), 1, random);
  const Vector product = kernel_curvature_product<double>(p, u);
  double along = 0;
  for (std::size_t i = 0; i < u.size(); ++i) along += u[i] * product[i];
  const double h = 3e-5;
  Vector above = p.theta, below = p.theta;
  for (std::size_t i = 0; i < u.size(); ++i) {
    above[i] += h * u[i];
    below[i] -= h * u[i];
  }
  EXPECT_NEAR((mean_divergence(p, above) + mean_divergence(p, below)) / (h * h) / along, 1, 1e-5);
}

TEST_P(TrustRegionTest, CurvatureIsSymmetricAndNotNegative) {
  const MetaProblem p = problem(2);
  std::mt19937_64 random(7);
  const Vector u = random_vector(p.shape.parameters(), 1, random),
               v = random_vector(p.shape.parameters(), 1, random);
  const Vector fu = kernel_curvature_product<double>(p, u), fv = kernel_curvature_product<double>(p, v);
  double uv = 0, vu = 0, uu = 0;
  for (std::size_t i = 0; i < u.size(); ++i) {
    uv += u[i] * fv[i];
    vu += v[i] * fu[i];
    uu += u[i] * fu[i];
  }
  EXPECT_NEAR(uv / vu, 1, 1e-9);
  EXPECT_GT(uu, 0);
}

TEST_P(TrustRegionTest, FloatIsCloseToDouble) {
  const MetaProblem p = problem(2);
  std::mt19937_64 random(8);
  const Vector u = random_vector(p.shape.parameters(), 1, random);
  EXPECT_LT(relative_error(kernel_curvature_product<float>(p, u), kernel_curvature_product<double>(p, u)),
            1e-4);
}

INSTANTIATE_TEST_SUITE_P(All, TrustRegionTest,
                         testing::Combine(testing::Values(HeadKind::gaussian, HeadKind::categorical),
                                          testing::Values(EstimatorName::reinforce, EstimatorName::ratio)),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param) == HeadKind::gaussian
                                                  ? "gaussian_"
                                                  : "categorical_") +
                                  (std::get<1>(info.param) == EstimatorName::ratio ? "ratio" : "reinforce");
                         });

}  // namespace
}  // namespace innerloop
