// Passes of a policy whose actions are squashed by tanh, with its entropy as a part of the objective.
#include <gtest/gtest.h>

#include "tests/support/kernels.h"

namespace innerloop {
namespace {

class SquashedTest : public testing::Test {
 protected:
  static PolicyShape squashed() {
    PolicyShape of = policy_of({3, 6, 2}, HeadKind::gaussian);
    of.squash = 2;
    return of;
  }
  Trajectories drawn() {
    Trajectories t = random_trajectories(shape, 1, 20, 4, 0.1, random);
    for (double& a : t.actions) a = normal(random);
    for (double& lp : t.log_probs) lp = -2 + 0.1 * normal(random);
    return t;
  }
  PolicyGradient<double> gradient_at(const Vector& at, EstimatorName estimator) {
    PolicyGradient<double> op;
    op.shape = shape;
    op.params = {at.data(), 0};
    op.objective.batch = memory.batch();
    op.inputs = op.objective.batch.inputs();
    op.objective.estimator = estimator;
    op.objective.entropy_weight = 0.4;
    return op;
  }
  template <class Op>
  Vector partial_of(Op op) {
    Vector partial(theta.size(), NAN);
    op.partial = partial.data();
    run_all(op, 1);
    return partial;
  }

  std::mt19937_64 random{9};
  const PolicyShape shape = squashed();
  const BatchMemory<double> memory{drawn()};
  const Vector theta = random_vector(shape.parameters(), 0.4, random),
               u = random_vector(shape.parameters(), 1, random);
};

TEST_F(SquashedTest, GradientsAreTheDifferencesOfTheValues) {
  const Vector differences = central_differences(
      [&](const Vector& at) {
        Vector values(kPassValues);
        PolicyGradient<double> op = gradient_at(at, EstimatorName::ratio);
        op.values = values.data();
        run_all(op, 1);
        return values[kSurrogate];
      },
      theta, 1e-6);
  EXPECT_LT(relative_error(partial_of(gradient_at(theta, EstimatorName::ratio)), differences), 1e-7);
}

// The entropy bends in the means and in log σ.
TEST_F(SquashedTest, CurvatureIsTheDifferenceOfGradients) {
  HessianVector<double> op;
  op.shape = shape;
  op.params = {theta.data(), 0};
  op.batch = memory.batch();
  op.direction.vector = {u.data(), 0};
  op.estimator = EstimatorName::reinforce;
  op.entropy_weight = 0.4;
  const double step = 1e-5;
  Vector above = theta, below = theta;
  for (std::size_t p = 0; p < theta.size(); ++p) {
    above[p] += step * u[p];
    below[p] -= step * u[p];
  }
  Vector difference = partial_of(gradient_at(above, EstimatorName::reinforce));
  const Vector before = partial_of(gradient_at(below, EstimatorName::reinforce));
  for (std::size_t p = 0; p < theta.size(); ++p) difference[p] = (difference[p] - before[p]) / (2 * step);
  EXPECT_LT(relative_error(partial_of(op), difference), 1e-7);
}

}  // namespace
}  // namespace innerloop
