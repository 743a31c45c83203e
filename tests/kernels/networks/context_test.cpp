// A context (kernels/networks/context.h): the policy's gradients with one against finite differences of the plain reference,
// in which the context is what it says it is: further inputs of the first layer, or what scales and shifts its outputs.
#include <gtest/gtest.h>

#include "tests/support/learner.h"

namespace innerloop {
namespace {

constexpr int kContext = 3;

PolicyShape shape_with_context(HeadKind head, ContextInput input = ContextInput::concatenate,
                               const std::vector<int>& hidden = {6, 5},
                               Activation activation = Activation::tanh) {
  std::vector<int> widths = {2};
  widths.insert(widths.end(), hidden.begin(), hidden.end());
  widths.push_back(head == HeadKind::gaussian ? 2 : 4);
  PolicyShape shape = policy_of(widths, head, activation);
  shape.context = kContext;
  shape.context_input = input;
  return shape;
}

// `all`: inner steps adapt everything, so that the context and its weights move together.
MetaProblem context_problem(const PolicyShape& shape, EstimatorName estimator, int steps, bool all,
                            const MetaProblemSizes& sizes = {}) {
  MetaProblemSizes with_steps = sizes;
  with_steps.steps = steps;
  const double away = estimator == EstimatorName::dice ? 0 : 0.15;
  return random_meta_problem(shape, estimator, with_steps, away, 29, [&](MetaProblem& p) {
    p.adapted.assign(static_cast<std::size_t>(shape.parameters()), all ? 1 : 0);
    std::fill(p.adapted.begin() + shape.context_offset(), p.adapted.end(), 1);
  });
}

// Where all tasks start with the same context, nothing is learned of it.
Vector differences_beside_context(const MetaProblem& p) {
  Vector gradient = central_differences(
      [&](const Vector& theta) { return reference::meta_objective(p, theta); }, p.theta, 1e-6);
  std::fill(gradient.begin() + p.shape.context_offset(), gradient.begin() + p.shape.parameters(), 0);
  return gradient;
}

TEST(Context, EntersTheFirstLayerAsFurtherInputs) {
  const PolicyShape shape = shape_with_context(HeadKind::gaussian);
  const PolicyShape wide = policy_of({2 + kContext, 6, 5, 2}, HeadKind::gaussian);
  std::mt19937_64 random(3);
  const Vector theta = random_vector(shape.parameters(), 0.5, random);
  EXPECT_EQ(shape.parameters(), wide.parameters() + kContext);
  Vector of_wide = theta;
  const auto weights = theta.begin() + shape.context_weight_offset(0);
  of_wide.resize(static_cast<std::size_t>(shape.context_weight_offset(0)));
  of_wide.insert(of_wide.begin() + shape.bias_offset(0), weights, weights + kContext * 6);
  const Vector observation = {0.3, -0.8};
  Vector with_context = observation;
  with_context.insert(with_context.end(), theta.begin() + shape.context_offset(), theta.end());
  const Vector outputs = reference::forward(shape, theta, observation).back();
  EXPECT_LT(relative_error(outputs, reference::forward(wide, of_wide, with_context).back()), 1e-14);
}

TEST(Context, OfFilmScalesAndShiftsTheFirstLayer) {
  const PolicyShape shape = shape_with_context(HeadKind::gaussian, ContextInput::film);
  const PolicyShape plain = policy_of({2, 6, 5, 2}, HeadKind::gaussian);
  std::mt19937_64 random(3);
  const Vector theta = random_vector(shape.parameters(), 0.5, random);
  EXPECT_EQ(shape.parameters(), plain.parameters() + kContext * 12 + kContext);
  Vector modulated(theta.begin(), theta.begin() + plain.parameters());
  for (std::size_t o = 0; o < 6; ++o) {
    double scale = 1, shift = 0;
    for (std::size_t c = 0; c < kContext; ++c) {
      const auto weights = static_cast<std::size_t>(plain.parameters()) + c * 12;
      const double context = theta[theta.size() - kContext + c];
      scale += context * theta[weights + o];
      shift += context * theta[weights + 6 + o];
    }
    for (std::size_t i = 0; i < 3; ++i) modulated[i * 6 + o] *= scale;  // two inputs and the bias
    modulated[2 * 6 + o] += shift;
  }
  const Vector observation = {0.3, -0.8};
  EXPECT_LT(relative_error(reference::forward(shape, theta, observation).back(),
                           reference::forward(plain, modulated, observation).back()),
            1e-14);
}

class ContextTest : public testing::TestWithParam<std::tuple<HeadKind, EstimatorName, ContextInput>> {};

TEST_P(ContextTest, TheMetaGradientIsTheFiniteDifference) {
  const auto [head, estimator, input] = GetParam();
  for (const bool all : {false, true})
    for (int steps = 1; steps <= 3; ++steps) {
      const MetaProblem p = context_problem(shape_with_context(head, input), estimator, steps, all);
      EXPECT_LT(relative_error(kernel_meta_gradient<double>(p), differences_beside_context(p)), 1e-7)
          << steps << " steps" << (all ? " of everything" : "");
    }
}

TEST_P(ContextTest, FirstOrderIsSomethingElse) {
  const auto [head, estimator, input] = GetParam();
  const MetaProblem p = context_problem(shape_with_context(head, input), estimator, 1, false);
  EXPECT_GT(relative_error(kernel_meta_gradient<double>(p, false), kernel_meta_gradient<double>(p)), 0.001);
}

TEST_P(ContextTest, FloatIsCloseToDouble) {
  const auto [head, estimator, input] = GetParam();
  const MetaProblem p =
      context_problem(shape_with_context(head, input, {33}), estimator, 2, false, {.horizon = 13, .envs = 5});
  EXPECT_LT(relative_error(kernel_meta_gradient<float>(p), kernel_meta_gradient<double>(p)), 1e-4);
}

std::string context_case_name(const testing::TestParamInfo<ContextTest::ParamType>& info) {
  const char* const names[] = {"reinforce", "ratio", "clipped", "dice"};
  return std::string(std::get<0>(info.param) == HeadKind::gaussian ? "gaussian_" : "categorical_") +
         names[static_cast<int>(std::get<1>(info.param))] +
         (std::get<2>(info.param) == ContextInput::film ? "_film" : "");
}
INSTANTIATE_TEST_SUITE_P(All, ContextTest,
                         testing::Combine(testing::Values(HeadKind::gaussian, HeadKind::categorical),
                                          testing::Values(EstimatorName::reinforce, EstimatorName::ratio,
                                                          EstimatorName::clipped, EstimatorName::dice),
                                          testing::Values(ContextInput::concatenate, ContextInput::film)),
                         context_case_name);

constexpr ContextInput kInputs[] = {ContextInput::concatenate, ContextInput::film};

TEST(Context, TheMetaGradientIsTheFiniteDifferenceWithRelu) {
  for (const ContextInput input : kInputs) {
    const MetaProblem p =
        context_problem(shape_with_context(HeadKind::gaussian, input, {9, 6}, Activation::relu),
                        EstimatorName::reinforce, 2, true);
    EXPECT_LT(relative_error(kernel_meta_gradient<double>(p), differences_beside_context(p)), 1e-7);
  }
}

// 583 rows are a chunk of 512 and one of 71.
TEST(Context, TheMetaGradientIsTheFiniteDifferenceForSeveralChunks) {
  for (const ContextInput input : kInputs) {
    const MetaProblem p =
        context_problem(shape_with_context(HeadKind::categorical, input, {3}), EstimatorName::ratio, 2, false,
                        {.horizon = 53, .envs = 11, .ending = 0.03});
    EXPECT_LT(relative_error(kernel_meta_gradient<double>(p), differences_beside_context(p)), 1e-7);
  }
}

// F·u = JᵀMJu: TRPO's product of the context's own forward and backward passes, with the inner steps' in between.
TEST(Context, TheCurvatureProductIsSymmetricAndPositive) {
  for (const ContextInput input : kInputs) {
    const MetaProblem p =
        context_problem(shape_with_context(HeadKind::gaussian, input), EstimatorName::ratio, 2, false);
    std::mt19937_64 random(5);
    Vector u = random_vector(p.shape.parameters(), 1, random),
           v = random_vector(p.shape.parameters(), 1, random);
    std::fill(u.begin() + p.shape.context_offset(), u.end(), 0);
    std::fill(v.begin() + p.shape.context_offset(), v.end(), 0);
    const Vector by_u = kernel_curvature_product<double>(p, u), by_v = kernel_curvature_product<double>(p, v);
    double vu = 0, uv = 0, uu = 0;
    for (std::size_t i = 0; i < u.size(); ++i) {
      vu += v[i] * by_u[i];
      uv += u[i] * by_v[i];
      uu += u[i] * by_u[i];
    }
    EXPECT_NEAR(vu, uv, 1e-9 * std::abs(uv));
    EXPECT_GT(uu, 0);
  }
}

TEST(Algorithms, CaviaClimbsItsMetaObjectiveAndAdaptsTheContextAlone) {
  for (const std::string environment : {"point_navigation", "bandit"})
    for (const std::string options :
         {"", R"(, "learned_lr": "scalar")", R"(, "learned_lr": "parameter")", R"(, "context_input": "film")",
          R"(, "context_input": "film", "inner_epochs": 2)"}) {
      Learner learner(
          small_config({"environment={\"name\": \"" + environment + "\"}", "at_episode_end=restart",
                        R"(algorithm={"name": "cavia", "inner_steps": 2, "inner_lr": 0.8)" + options + "}"}),
          3);
      const MetaProblem p = learner.problem();
      EXPECT_LT(relative_error(learner.meta_gradient(), differences_beside_context(p)), 1e-4)
          << environment << options;
      const Vector before = learner.drawn(0, 0);
      const auto shared = static_cast<std::size_t>(p.shape.context_offset());
      for (int task = 0; task < p.tasks; ++task) {
        const Vector after = learner.drawn(2, task);
        for (std::size_t i = 0; i < after.size(); ++i)
          if (i < shared)
            ASSERT_EQ(after[i], before[i]);
          else
            ASSERT_NE(after[i], 0) << "the context starts at 0 and is adapted";
        Vector adapted = reference::adapted(p, task, p.theta);
        adapted.resize(after.size());
        EXPECT_LT(relative_error(after, adapted), 1e-5);
      }
      // It starts at 0 for every task, whatever the outer optimiser does.
      const Vector updated = learner.params();
      EXPECT_NE(updated, before);
      for (auto i = shared; i < static_cast<std::size_t>(p.shape.parameters()); ++i) ASSERT_EQ(updated[i], 0);
    }
}

TEST(Algorithms, CaviaWithTrpoMovesAlongTheNaturalGradientBesideTheContext) {
  for (const std::string input : {"concatenate", "film"}) {
    Learner learner(small_config({R"(algorithm={"name": "cavia", "inner_steps": 2, "inner_lr": 0.8})",
                                  "algorithm.context_input=" + input,
                                  R"(outer={"name": "trpo", "max_kl": 0.003, "cg_iterations": 100})"}),
                    2);
    const MetaProblem p = learner.problem();
    Vector step = learner.params();
    for (std::size_t i = 0; i < step.size(); ++i) step[i] -= p.theta[i];
    const Vector gradient = differences_beside_context(p);
    const Vector moved = kernel_curvature_product<double>(p, step);
    // (F + damping)·step is along the gradient.
    double dot = 0, moved_square = 0, gradient_square = 0;
    for (std::size_t i = 0; i < step.size(); ++i) {
      const double damped = moved[i] + 0.01 * step[i];
      dot += damped * gradient[i];
      moved_square += damped * damped;
      gradient_square += gradient[i] * gradient[i];
    }
    EXPECT_GT(dot / std::sqrt(moved_square * gradient_square), 0.9999);
    EXPECT_EQ(moved.back(), 0);
    EXPECT_EQ(step.back(), 0);
  }
}

}  // namespace
}  // namespace innerloop
