// Step sizes that are learned, and steps that adapt some layers only (kernels/inner/step_size.h): the kernels' gradients by θ
// and by the learned numbers against finite differences of the plain meta-objective.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/meta_problem.h"

namespace innerloop {
namespace {

struct Form {
  LearnedLr learned = LearnedLr::scalar;
  bool per_step = false;
  bool positive = true;
  std::vector<int> layers = {};  // that are adapted; empty: all
};
void PrintTo(const Form& form, std::ostream* out) {
  *out << "learned_lr " << static_cast<int>(form.learned) << (form.per_step ? ", per step" : "")
       << (form.positive ? ", positive" : ", free") << (form.layers.empty() ? "" : ", some layers");
}

Config config_of(const Form& form, int steps) {
  Config config;
  InnerLoopOptions& inner = std::get<MamlOptions>(config.algorithm).inner;
  inner.inner_steps = steps;
  inner.learned_lr = form.learned;
  inner.learned_lr_per_step = form.per_step;
  inner.learned_lr_sign = form.positive ? LearnedLrSign::positive : LearnedLrSign::free;
  inner.adapted_layers = form.layers;
  return config;
}

// The learned numbers scatter about 0.2; of free sign some are negative.
MetaProblem problem_of(const Form& form, HeadKind head, EstimatorName estimator, int steps, double away,
                       const MetaProblemSizes& sizes = {}) {
  MetaProblemSizes with_steps = sizes;
  with_steps.steps = steps;
  const PolicyShape shape = policy_of({3, 5, 2}, head);
  return random_meta_problem(shape, estimator, with_steps, away, 17, [&](MetaProblem& p) {
    const Config config = config_of(form, steps);
    p.sizes = step_size_layout(inner_loop(config), shape, steps);
    p.adapted = to_double(adapted_parameters(inner_loop(config), shape));
    std::mt19937_64 random(4);
    const double scale = estimator == EstimatorName::dice ? 0.3 : 1;  // its weights are sums over an episode
    for (int i = 0; i < p.sizes.learned(); ++i)
      p.theta.push_back(form.positive ? std::log(0.3 * scale) + 0.5 * normal(random)
                                      : scale * (0.2 + 0.3 * normal(random)));
  });
}

Vector step_size_differences(const MetaProblem& p) {
  return central_differences([&](const Vector& theta) { return reference::meta_objective(p, theta); },
                             p.theta, 1e-6);
}

// An update on the same data is one more with the same step size.
TEST(StepSizes, TheirGradientThroughSeveralUpdatesOnABatchIsTheFiniteDifference) {
  for (const bool per_step : {false, true})
    for (const LearnedLr learned : {LearnedLr::layer, LearnedLr::parameter}) {
      MetaProblem p = problem_of({learned, per_step}, HeadKind::gaussian, EstimatorName::ratio, 2, 0.15, {});
      p.epochs = 3;
      EXPECT_LT(relative_error(kernel_meta_gradient<double>(p), step_size_differences(p)), 1e-7);
    }
}

std::vector<Form> all_forms() {
  std::vector<Form> forms;
  for (const LearnedLr learned : {LearnedLr::scalar, LearnedLr::layer, LearnedLr::parameter})
    for (const bool per_step : {false, true})
      for (const bool positive : {false, true}) forms.push_back({learned, per_step, positive});
  for (const LearnedLr learned : {LearnedLr::none, LearnedLr::scalar, LearnedLr::layer, LearnedLr::parameter})
    for (const int layer : {0, 1}) forms.push_back({learned, false, layer == 0, {layer}});
  return forms;
}

class LearnedStepSizes : public testing::TestWithParam<Form> {};

TEST_P(LearnedStepSizes, TheirGradientAndThetasAreTheFiniteDifference) {
  for (const HeadKind head : {HeadKind::gaussian, HeadKind::categorical})
    for (const int steps : {1, 2, 3})
      for (const EstimatorName estimator :
           {EstimatorName::reinforce, EstimatorName::ratio, EstimatorName::dice}) {
        const MetaProblem p =
            problem_of(GetParam(), head, estimator, steps, estimator == EstimatorName::dice ? 0 : 0.15);
        const Vector found = kernel_meta_gradient<double>(p), wanted = step_size_differences(p);
        EXPECT_LT(relative_error(found, wanted), 1e-7) << steps << ' ' << static_cast<int>(estimator);
        const auto policy = p.shape.parameters();
        if (p.sizes.learned() == 0) continue;
        EXPECT_LT(relative_error(Vector(found.begin() + policy, found.end()),
                                 Vector(wanted.begin() + policy, wanted.end())),
                  1e-5);
      }
}

// Through what E-MAML and ProMP add before each inner step, too.
TEST_P(LearnedStepSizes, TheirGradientTakesInTheTermsOfEarlierSteps) {
  MetaProblem p = problem_of(GetParam(), HeadKind::gaussian, EstimatorName::ratio, 3, 0.1);
  p.score = {0.8, -1.1};
  EXPECT_LT(relative_error(kernel_meta_gradient<double>(p), step_size_differences(p)), 1e-7);
  p.score.clear();
  p.penalty = {0.7, 0.4, 0.2};
  EXPECT_LT(relative_error(kernel_meta_gradient<double>(p), step_size_differences(p)), 1e-7);
}

TEST_P(LearnedStepSizes, FloatIsCloseToDouble) {
  const MetaProblem p = problem_of(GetParam(), HeadKind::categorical, EstimatorName::reinforce, 2, 0,
                                   {.horizon = 13, .envs = 5});
  EXPECT_LT(relative_error(kernel_meta_gradient<float>(p), kernel_meta_gradient<double>(p)), 1e-4);
}

// First order: the inner gradients do not move with θ. What is left of the step sizes' gradient is v_K∘g_k, exact for the
// last step.
TEST_P(LearnedStepSizes, FirstOrderIsExactForTheLastStep) {
  const MetaProblem p = problem_of(GetParam(), HeadKind::gaussian, EstimatorName::ratio, 1, 0.1);
  const Vector first = kernel_meta_gradient<double>(p, false), second = kernel_meta_gradient<double>(p);
  const auto policy = p.shape.parameters();
  EXPECT_EQ(Vector(first.begin() + policy, first.end()), Vector(second.begin() + policy, second.end()));
  EXPECT_GT(relative_error(Vector(first.begin(), first.begin() + policy),
                           Vector(second.begin(), second.begin() + policy)),
            1e-3);
}

// TRPO: F·u = Jᵀ·M·J·u with J the derivative of θ_K by θ and by the learned numbers. KL(Θ + h·u) = h²/2·uᵀFu + …, and F is
// symmetric.
TEST_P(LearnedStepSizes, CurvatureIsThatOfTheDivergence) {
  const MetaProblem p = problem_of(GetParam(), HeadKind::gaussian, EstimatorName::ratio, 2, 0,
                                   {.horizon = 61, .envs = 9, .ending = 0.05});
  const auto divergence = [&](const Vector& direction, double h) {
    double sum = 0;
    Vector at = p.theta;
    for (std::size_t i = 0; i < at.size(); ++i) at[i] += h * direction[i];
    for (int task = 0; task < p.tasks; ++task) {
      const reference::Term kl{
          .weight = 0, .divergence = 1, .drawn = p.drawn.back()[static_cast<std::size_t>(task)]};
      sum += reference::evaluate(p.shape, p.batch(p.steps), task, reference::adapted(p, task, at), kl, false)
                 .total;
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
  for (const bool step_sizes_alone : {false, true}) {
    if (step_sizes_alone && p.sizes.sets == 0) continue;
    Vector u = random_vector(static_cast<int>(p.theta.size()), 1, random);
    const Vector v = random_vector(static_cast<int>(p.theta.size()), 1, random);
    if (step_sizes_alone) std::fill(u.begin(), u.begin() + p.shape.parameters(), 0.0);
    const Vector fu = kernel_curvature_product<double>(p, u), fv = kernel_curvature_product<double>(p, v);
    EXPECT_NEAR((divergence(u, h) + divergence(u, -h)) / (h * h) / dot(u, fu), 1, 1e-4);
    EXPECT_NEAR(dot(v, fu) / dot(u, fv), 1, 1e-8);
  }
}

std::string form_name(const testing::TestParamInfo<Form>& info) {
  const char* names[] = {"none", "scalar", "layer", "parameter"};
  const Form& form = info.param;
  return std::string(names[static_cast<int>(form.learned)]) + (form.per_step ? "_per_step" : "") +
         (form.positive ? "_positive" : "_free") +
         (form.layers.empty()        ? ""
          : form.layers.front() == 0 ? "_body"
                                     : "_head");
}
INSTANTIATE_TEST_SUITE_P(All, LearnedStepSizes, testing::ValuesIn(all_forms()), form_name);

// A part of SetStepSizes is 4,096 parameters; a layer may end within one.
TEST(LearnedStepSizesLayout, EveryParameterOfALargePolicyHasTheNumberOfItsLayer) {
  const PolicyShape shape = policy_of({7, 90, 80, 3}, HeadKind::gaussian);
  const Config config = config_of({LearnedLr::layer, true, false}, 3);
  const StepSizeLayout layout = step_size_layout(inner_loop(config), shape, 5);
  EXPECT_EQ(layout.sets, 3);
  EXPECT_EQ(layout.numbers, 4);
  const Vector learned = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, mask(7000 * 2, 1);
  Vector sizes(static_cast<std::size_t>(5 * shape.parameters()), NAN);
  run_all(SetStepSizes<double>{layout, learned.data(), mask.data(), sizes.data()}, 1);
  for (int k = 0; k < 5; ++k)
    for (int p = 0; p < shape.parameters(); ++p) {
      int layer = 3;  // log_std
      while (layer > 0 && p < shape.weight_offset(layer)) --layer;
      ASSERT_EQ(sizes[static_cast<std::size_t>(k * shape.parameters() + p)], std::min(k, 2) * 4 + layer + 1)
          << k << ' ' << p;
    }
}

}  // namespace
}  // namespace innerloop
