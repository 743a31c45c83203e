// Multipliers of the inner steps (kernels/inner/step_multipliers.h): the kernels' gradients by θ, by the step sizes and by the
// network against finite differences of the plain meta-objective.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/learner.h"
#include "tests/support/meta_problem.h"

namespace innerloop {
namespace {

// Hidden units of both kinds: that are 0, and that are not. The multipliers scatter about 1.
MetaProblem multiplied_problem(LearnedLr learned, HeadKind head, EstimatorName estimator, int steps,
                               const MetaProblemSizes& sizes = {}) {
  MetaProblemSizes with_steps = sizes;
  with_steps.steps = steps;
  const PolicyShape shape = policy_of({3, 5, 2}, head);
  const double away = estimator == EstimatorName::dice ? 0 : 0.15;
  return random_meta_problem(shape, estimator, with_steps, away, 23, [&](MetaProblem& p) {
    Config config;
    InnerLoopOptions& inner = std::get<MamlOptions>(config.algorithm).inner;
    inner.inner_steps = steps;
    inner.learned_lr = learned;
    inner.learned_lr_per_step = true;
    inner.multipliers = true;
    p.sizes = step_size_layout(inner_loop(config), shape, steps);
    p.multipliers = multiplier_layout(inner_loop(config), shape);
    std::mt19937_64 random(5);
    const double lr = estimator == EstimatorName::dice ? 0.1 : 0.3;
    for (int i = 0; i < p.sizes.learned(); ++i) p.theta.push_back(std::log(lr) + 0.5 * normal(random));
    for (int i = 0; i < p.multipliers.learned(); ++i)
      p.theta.push_back((i >= p.multipliers.bias(1) ? 1 : 0) + 0.4 * normal(random));
  });
}

Vector multiplied_differences(const MetaProblem& p) {
  return central_differences([&](const Vector& theta) { return reference::meta_objective(p, theta); },
                             p.theta, 1e-6);
}

Vector network_part(const MetaProblem& p, const Vector& all) {
  return {all.end() - p.multipliers.learned(), all.end()};
}

class StepMultipliers : public testing::TestWithParam<LearnedLr> {};

TEST_P(StepMultipliers, GradientsThroughThemAreTheFiniteDifferences) {
  for (const HeadKind head : {HeadKind::gaussian, HeadKind::categorical})
    for (const int steps : {1, 2, 3})
      for (const EstimatorName estimator :
           {EstimatorName::reinforce, EstimatorName::ratio, EstimatorName::dice}) {
        const MetaProblem p = multiplied_problem(GetParam(), head, estimator, steps);
        const Vector found = kernel_meta_gradient<double>(p), wanted = multiplied_differences(p);
        EXPECT_LT(relative_error(found, wanted), 1e-7) << steps << ' ' << static_cast<int>(estimator);
        EXPECT_LT(relative_error(network_part(p, found), network_part(p, wanted)), 1e-6);
      }
}

TEST_P(StepMultipliers, GradientsGoThroughSeveralUpdatesOnABatch) {
  MetaProblem p = multiplied_problem(GetParam(), HeadKind::gaussian, EstimatorName::ratio, 2);
  p.epochs = 2;
  EXPECT_LT(relative_error(kernel_meta_gradient<double>(p), multiplied_differences(p)), 1e-7);
}

// Through what E-MAML and ProMP add before each inner step, too.
TEST_P(StepMultipliers, GradientsTakeInTheTermsOfEarlierSteps) {
  MetaProblem p = multiplied_problem(GetParam(), HeadKind::gaussian, EstimatorName::ratio, 3);
  p.score = {0.8, -1.1};
  EXPECT_LT(relative_error(kernel_meta_gradient<double>(p), multiplied_differences(p)), 1e-7);
  p.score.clear();
  p.penalty = {0.7, 0.4, 0.2};
  EXPECT_LT(relative_error(kernel_meta_gradient<double>(p), multiplied_differences(p)), 1e-7);
}

TEST_P(StepMultipliers, FloatIsCloseToDouble) {
  const MetaProblem p = multiplied_problem(GetParam(), HeadKind::categorical, EstimatorName::reinforce, 2,
                                           {.horizon = 13, .envs = 5});
  EXPECT_LT(relative_error(kernel_meta_gradient<float>(p), kernel_meta_gradient<double>(p)), 1e-4);
}

// Each piece of the way back matters: the θ's own multiplier, and the network's view of θ and of the gradient.
TEST_P(StepMultipliers, FirstOrderLeavesOutTheCurvatureAlone) {
  const MetaProblem p = multiplied_problem(GetParam(), HeadKind::gaussian, EstimatorName::ratio, 1);
  const Vector found = kernel_meta_gradient<double>(p, false);
  const auto policy = static_cast<std::size_t>(p.shape.parameters());
  std::vector<Vector> gradients;
  for (int task = 0; task < p.tasks; ++task)
    gradients.push_back(
        reference::evaluate(p.shape, p.batch(0), task, p.theta, p.inner_term(), true).gradient);
  const Vector wanted = central_differences(
      [&](const Vector& theta) {
        double sum = 0;
        for (int task = 0; task < p.tasks; ++task) {
          const Vector& g = gradients[static_cast<std::size_t>(task)];
          const reference::Multipliers by = reference::multipliers(p, theta, g);
          Vector adapted = theta;
          for (std::size_t i = 0; i < policy; ++i)
            adapted[i] =
                by.of_theta[i] * theta[i] + by.of_gradient[i] * reference::step_size(p, 0, i, theta) * g[i];
          sum += reference::evaluate(p.shape, p.batch(1), task, adapted, p.outer, false).total;
        }
        return sum / p.tasks;
      },
      p.theta, 1e-6);
  EXPECT_LT(relative_error(found, wanted), 1e-7);
  EXPECT_GT(relative_error(found, kernel_meta_gradient<double>(p)), 1e-3);
}

// TRPO: F·u = Jᵀ·M·J·u with J the derivative of θ_K by all that is learned. KL(Θ + h·u) is h²/2·uᵀFu + …, and F is
// symmetric.
TEST_P(StepMultipliers, CurvatureIsThatOfTheDivergence) {
  MetaProblem p = multiplied_problem(GetParam(), HeadKind::gaussian, EstimatorName::ratio, 2,
                                     {.horizon = 61, .envs = 9, .ending = 0.05});
  // As they were drawn: without the move of `away`.
  for (int task = 0; task < p.tasks; ++task)
    p.drawn.back()[static_cast<std::size_t>(task)] = reference::adapted(p, task, p.theta);
  const auto divergence = [&](const Vector& direction, double h) {
    double sum = 0;
    Vector at = p.theta;
    for (std::size_t i = 0; i < at.size(); ++i) at[i] += h * direction[i];
    for (int task = 0; task < p.tasks; ++task) {
      Trajectories drawn = p.batch(p.steps);
      const Vector& old = p.drawn.back()[static_cast<std::size_t>(task)];
      for (int r = 0; r < drawn.rows(); ++r) {
        const Vector outputs = reference::forward(p.shape, old, drawn.observation(task, r)).back();
        for (int o = 0; o < drawn.output_size; ++o)
          drawn.outputs[drawn.index(drawn.output_size, task, o, r)] = outputs[static_cast<std::size_t>(o)];
      }
      const reference::Term kl{.weight = 0, .divergence = 1, .drawn = old};
      sum += reference::evaluate(p.shape, drawn, task, reference::adapted(p, task, at), kl, false).total;
    }
    return sum / p.tasks;
  };
  const auto dot = [](const Vector& a, const Vector& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
  };
  const double h = 1e-4;
  std::mt19937_64 random(6);
  for (const bool network_alone : {false, true}) {
    Vector u = random_vector(static_cast<int>(p.theta.size()), 1, random);
    const Vector v = random_vector(static_cast<int>(p.theta.size()), 1, random);
    if (network_alone) std::fill(u.begin(), u.end() - p.multipliers.learned(), 0.0);
    const Vector fu = kernel_curvature_product<double>(p, u), fv = kernel_curvature_product<double>(p, v);
    EXPECT_NEAR((divergence(u, h) + divergence(u, -h)) / (h * h) / dot(u, fu), 1, 1e-4);
    EXPECT_NEAR(dot(v, fu) / dot(u, fv), 1, 1e-8);
  }
}

std::string learned_name(const testing::TestParamInfo<LearnedLr>& info) {
  const char* names[] = {"none", "scalar", "layer", "parameter"};
  return names[static_cast<int>(info.param)];
}
INSTANTIATE_TEST_SUITE_P(All, StepMultipliers,
                         testing::Values(LearnedLr::none, LearnedLr::scalar, LearnedLr::layer,
                                         LearnedLr::parameter),
                         learned_name);

// The network starts with ones: not a bit of the first iteration's policies differs. Then it has learned something.
TEST(StepMultipliersOfALearner, StartAsThePlainStep) {
  for (const std::string algorithm : {"maml", "meta_sgd", "fomaml", "emaml", "promp"}) {
    const std::string name = "algorithm.name=" + algorithm;
    const std::string lr = "algorithm.inner_lr=0.4";
    Learner plain(small_config({name, lr})),
        multiplied(small_config({name, lr, "algorithm.multipliers=true"}));
    for (int k = 1; k <= 2; ++k)
      for (int task = 0; task < plain.tasks(); ++task)
        EXPECT_EQ(multiplied.drawn(k, task), plain.drawn(k, task)) << algorithm;
    Vector policy = multiplied.params();
    policy.resize(plain.params().size());
    if (algorithm != "promp") {
      EXPECT_EQ(policy, plain.params()) << algorithm;
    }
    plain.iterate();
    multiplied.iterate();
    EXPECT_NE(multiplied.drawn(1, 0), plain.drawn(1, 0)) << algorithm;
  }
}

TEST(StepMultipliersOfALearner, ClimbTheMetaObjective) {
  for (
      const std::string algorithm :
      {R"({"name": "alfa", "inner_steps": 2, "inner_lr": 0.4})",
       R"({"name": "alfa", "inner_steps": 2, "inner_epochs": 2, "learned_lr": "none", "inner_lr": [0.4, 0.2]})",
       R"({"name": "meta_sgd", "inner_steps": 2, "multipliers": true, "estimator": "ratio"})"})
    for (const std::string outer : {"adam", "trpo"}) {
      Learner learner(small_config({"algorithm=" + algorithm, "outer={\"name\": \"" + outer + "\"}"}), 4);
      EXPECT_LT(relative_error(learner.meta_gradient(), multiplied_differences(learner.problem())), 1e-4)
          << algorithm << outer;
    }
}

TEST(StepMultipliersOfALearner, PrompClimbsThemAtItsLaterOuterSteps) {
  const auto config = [](const std::string& epochs) {
    return small_config(
        {R"(algorithm={"name": "promp", "inner_steps": 2, "inner_lr": 0.3, "multipliers": true})",
         "outer.lr=0.05", "algorithm.kl_penalty=0.5", "algorithm.epochs=" + epochs});
  };
  Learner learner(config("3"));
  MetaProblem p = learner.problem();
  p.outer = {.estimator = EstimatorName::clipped, .clip = 0.3};
  p.penalty = {0.5, 0.5};
  p.theta = Learner(config("2")).params();
  EXPECT_LT(relative_error(learner.meta_gradient(), multiplied_differences(p)), 1e-4);
}

}  // namespace
}  // namespace innerloop
