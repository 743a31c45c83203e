// Passes over trajectories in whose states not all choices were allowed.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/kernels.h"

namespace innerloop {
namespace {

// Two groups of four and three choices; choice 2 of the first is never allowed, the others at random.
class MasksTest : public testing::Test {
 protected:
  MasksTest() : trajectories(random_trajectories(shape, 1, 20, 4, 0.1, random)), memory_(with_actions()) {
    theta = random_vector(shape.parameters(), 0.4, random);
    u = random_vector(shape.parameters(), 1, random);
    drawn = random_vector(shape.parameters(), 0.4, random);
    for (long r = 0; r < trajectories.row_stride; ++r) {
      std::uint32_t bits = static_cast<std::uint32_t>(random()) & ~(1u << kNever);
      bits |= 1u << static_cast<int>(trajectories.actions[static_cast<std::size_t>(r)]);
      bits |= 1u << (4 + static_cast<int>(
                             trajectories.actions[static_cast<std::size_t>(trajectories.row_stride + r)]));
      allowed.push_back(bits);
    }
  }

  static constexpr int kNever = 2;

  static PolicyShape of_groups() {
    PolicyShape of = policy_of({3, 6, 7}, HeadKind::grouped);
    of.groups = 2;
    of.group_size[0] = 4;
    of.group_size[1] = 3;
    return of;
  }
  Trajectories& with_actions() {
    const int choices[] = {0, 1, 3};
    for (long i = 0; i < 2 * trajectories.row_stride; ++i) {
      const auto pick = static_cast<int>(random() % 3);
      trajectories.actions[static_cast<std::size_t>(i)] = i < trajectories.row_stride ? choices[pick] : pick;
    }
    for (double& lp : trajectories.log_probs) lp = -1.5 + 0.1 * normal(random);
    for (double& o : trajectories.outputs) o = normal(random);
    return trajectories;
  }
  Batch<double> batch() {
    Batch<double> b = memory_.batch();
    b.allowed = allowed.data();
    return b;
  }
  PolicyGradient<double> gradient_at(const Vector& at, EstimatorName estimator) {
    PolicyGradient<double> op;
    op.shape = shape;
    op.params = {at.data(), 0};
    op.objective.batch = batch();
    op.inputs = op.objective.batch.inputs();
    op.objective.estimator = estimator;
    op.objective.entropy_weight = 0.2;
    return op;
  }
  template <class Op>
  Vector partial_of(Op op) {
    Vector partial(static_cast<std::size_t>(shape.parameters()), NAN);
    op.partial = partial.data();
    run_all(op, 1);
    return partial;
  }
  template <class Op>
  Vector curvature() {
    Op op;
    op.shape = shape;
    op.params = {theta.data(), 0};
    op.batch = batch();
    op.direction.vector = {u.data(), 0};
    op.estimator = EstimatorName::reinforce;
    op.entropy_weight = 0.2;
    return partial_of(op);
  }
  void expect_nothing_of_what_is_never_allowed(const Vector& gradient) const {
    EXPECT_EQ(gradient[static_cast<std::size_t>(shape.bias_offset(1) + kNever)], 0);
    for (int i = 0; i < 6; ++i)
      EXPECT_EQ(gradient[static_cast<std::size_t>(shape.weight_offset(1) + i * 7 + kNever)], 0);
    EXPECT_NE(gradient[static_cast<std::size_t>(shape.bias_offset(1) + 1)], 0);
  }

  std::mt19937_64 random{5};
  const PolicyShape shape = of_groups();
  Trajectories trajectories;
  Vector theta, u, drawn;
  std::vector<std::uint32_t> allowed;

 private:
  const BatchMemory<double> memory_;
};

TEST_F(MasksTest, GradientsAreTheDifferencesOfTheValues) {
  const double weight = -0.3;
  const auto op_at = [&](const Vector& at) {
    PolicyGradient<double> op = gradient_at(at, EstimatorName::ratio);
    op.objective.divergence_weight = &weight;
    op.objective.drawn_params = {drawn.data(), 0};
    return op;
  };
  const Vector gradient = partial_of(op_at(theta));
  const Vector differences = central_differences(
      [&](const Vector& at) {
        Vector values(kPassValues);
        PolicyGradient<double> op = op_at(at);
        op.values = values.data();
        run_all(op, 1);
        return values[kSurrogate] + weight * values[kDivergence];
      },
      theta, 1e-6);
  EXPECT_LT(relative_error(gradient, differences), 1e-7);
  expect_nothing_of_what_is_never_allowed(gradient);
}

TEST_F(MasksTest, CurvatureIsTheDifferenceOfGradients) {
  const Vector product = curvature<HessianVector<double>>();
  const double step = 1e-5;
  Vector above = theta, below = theta;
  for (std::size_t p = 0; p < theta.size(); ++p) {
    above[p] += step * u[p];
    below[p] -= step * u[p];
  }
  Vector difference = partial_of(gradient_at(above, EstimatorName::reinforce));
  const Vector before = partial_of(gradient_at(below, EstimatorName::reinforce));
  for (std::size_t p = 0; p < theta.size(); ++p) difference[p] = (difference[p] - before[p]) / (2 * step);
  EXPECT_LT(relative_error(product, difference), 1e-7);
  expect_nothing_of_what_is_never_allowed(product);
  expect_nothing_of_what_is_never_allowed(curvature<FisherVector<double>>());
}

// Σ of advantages times ∇lp·u is the gradient's product with u.
TEST_F(MasksTest, TangentsAreThoseOfTheGradient) {
  const Batch<double> b = batch();
  Vector tangents(static_cast<std::size_t>(b.row_stride));
  run_all(TangentLogProb<double>{shape, {theta.data(), 0}, b, {}, {{u.data(), 0}, {}}, tangents.data()}, 1);
  PolicyGradient<double> op = gradient_at(theta, EstimatorName::reinforce);
  op.objective.entropy_weight = 0;
  const Vector gradient = partial_of(op);
  double along = 0, sum = 0;
  for (std::size_t p = 0; p < u.size(); ++p) along += gradient[p] * u[p];
  for (int r = 0; r < b.rows(); ++r)
    if (b.valid[r] > 0) sum += b.advantages[r] * tangents[static_cast<std::size_t>(r)];
  EXPECT_NEAR(sum, along, 1e-10);
}

// Each environment allows one choice alone, in two words, and the last tile is not full.
TEST(MaskedChoices, OfEnvironmentsThatAreSteppedAreWhatEachAllows) {
  constexpr int kEnvs = 21, kNumbers = 3, kOutputs = 35;
  std::mt19937_64 random(4);
  const RandomKey key{5, 6};
  ChooseActions<float, Discrete<>> op;
  op.shape = policy_of({kNumbers, 9, kOutputs}, HeadKind::categorical);
  const auto params = converted<float>(random_vector(op.shape.parameters(), 0.5, random)),
             seen = converted<float>(random_vector(kEnvs * kNumbers, 1, random));
  std::vector<std::uint8_t> allowed(kEnvs * kOutputs, 0);
  const auto allowed_of = [](int e) { return (5 * e + 1) % kOutputs; };
  for (int e = 0; e < kEnvs; ++e) allowed[static_cast<std::size_t>(e * kOutputs + allowed_of(e))] = 1;
  const std::vector<std::int32_t> counts(padded(kEnvs), 2);
  std::vector<std::int32_t> choices(kEnvs, -1);
  std::vector<float> log_probs(kEnvs, 1);
  op.params = {params.data(), 0};
  op.size.numbers = kNumbers;
  op.envs = kEnvs;
  op.tile_envs = 16;
  op.key = &key;
  op.episode = op.elapsed = counts.data();
  op.seen.numbers = seen.data();
  op.allowed = allowed.data();
  op.choices = choices.data();
  op.log_probs = log_probs.data();
  for (int form = 0; form < 4; ++form) {
    op.deterministic = form % 2 == 1;
    if (form == 2) {  // the same as a group
      op.shape.head = HeadKind::grouped;
      op.shape.groups = 1;
      op.shape.group_size[0] = kOutputs;
    }
    std::ranges::fill(choices, -1);
    std::ranges::fill(log_probs, 1.0f);
    run_kernel<ChooseActions<float, Discrete<>>>(kernels_of<float>(), op, ceil_div(kEnvs, op.tile_envs));
    for (int e = 0; e < kEnvs; ++e) {
      EXPECT_EQ(choices[static_cast<std::size_t>(e)], allowed_of(e)) << e;
      EXPECT_NEAR(log_probs[static_cast<std::size_t>(e)], 0, 1e-6) << e;
    }
  }
}

}  // namespace
}  // namespace innerloop
