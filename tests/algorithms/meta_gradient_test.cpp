// The kernels' gradient of the whole meta-objective, through K inner steps, against finite differences of the plain
// reference (tests/support/).
#include <gtest/gtest.h>

#include "tests/support/meta_problem.h"

namespace innerloop {
namespace {

struct Case {
  std::vector<int> widths;
  HeadKind head;
  EstimatorName estimator;
  int steps;
  double away = 0;  // of the parameters that drew the data from those of the objective
  Activation activation = Activation::tanh;
};

MetaProblem problem_of(const Case& c, const MetaProblemSizes& sizes = {}) {
  MetaProblemSizes with_steps = sizes;
  with_steps.steps = c.steps;
  return random_meta_problem(policy_of(c.widths, c.head, c.activation), c.estimator, with_steps, c.away, 11);
}

Vector meta_differences(const MetaProblem& p) {
  return central_differences([&](const Vector& theta) { return reference::meta_objective(p, theta); },
                             p.theta, 1e-6);
}

class MetaGradientTest : public testing::TestWithParam<std::tuple<HeadKind, int, EstimatorName>> {
 protected:
  Case with(std::vector<int> hidden, double away = 0) const {
    const auto [head, steps, estimator] = GetParam();
    std::vector<int> widths = {3};
    widths.insert(widths.end(), hidden.begin(), hidden.end());
    widths.push_back(head == HeadKind::gaussian ? 2 : 5);
    return {widths, head, estimator, steps, away};
  }
  /// Where each batch is drawn: DiCE's weights are those of the policy that drew the data.
  double away() const { return std::get<2>(GetParam()) == EstimatorName::dice ? 0 : 0.15; }
};

TEST_P(MetaGradientTest, IsTheFiniteDifferenceWithNoHiddenLayer) {
  const MetaProblem p = problem_of(with({}));
  EXPECT_LT(relative_error(kernel_meta_gradient<double>(p), meta_differences(p)), 1e-7);
}

TEST_P(MetaGradientTest, IsTheFiniteDifferenceWithOneHiddenLayer) {
  const MetaProblem p = problem_of(with({13}, away()));
  EXPECT_LT(relative_error(kernel_meta_gradient<double>(p), meta_differences(p)), 1e-7);
}

TEST_P(MetaGradientTest, IsTheFiniteDifferenceWithTwoHiddenLayers) {
  const MetaProblem p = problem_of(with({5, 18}));
  EXPECT_LT(relative_error(kernel_meta_gradient<double>(p), meta_differences(p)), 1e-7);
}

TEST_P(MetaGradientTest, IsTheFiniteDifferenceWithRelu) {
  Case c = with({9, 6}, away());
  c.activation = Activation::relu;
  const MetaProblem p = problem_of(c);
  EXPECT_LT(relative_error(kernel_meta_gradient<double>(p), meta_differences(p)), 1e-7);
}

TEST_P(MetaGradientTest, FirstOrderIsSomethingElse) {
  const MetaProblem p = problem_of(with({13}, away()));
  EXPECT_GT(relative_error(kernel_meta_gradient<double>(p, false), kernel_meta_gradient<double>(p)), 0.02);
}

TEST_P(MetaGradientTest, FloatIsCloseToDouble) {
  const MetaProblem p = problem_of(with({33, 18}, away()), {.horizon = 13, .envs = 5});
  EXPECT_LT(relative_error(kernel_meta_gradient<float>(p), kernel_meta_gradient<double>(p)), 1e-4);
}

std::string case_name(const testing::TestParamInfo<MetaGradientTest::ParamType>& info) {
  const auto [head, steps, estimator] = info.param;
  const char* const names[] = {"reinforce", "ratio", "clipped", "dice"};
  return std::string(head == HeadKind::gaussian ? "gaussian_" : "categorical_") +
         names[static_cast<int>(estimator)] + "_" + std::to_string(steps);
}
INSTANTIATE_TEST_SUITE_P(All, MetaGradientTest,
                         testing::Combine(testing::Values(HeadKind::gaussian, HeadKind::categorical),
                                          testing::Values(1, 2, 3),
                                          testing::Values(EstimatorName::reinforce, EstimatorName::ratio,
                                                          EstimatorName::clipped, EstimatorName::dice)),
                         case_name);

// 583 rows are a chunk of 512 and one of 71.
TEST(MetaGradient, IsTheFiniteDifferenceForSeveralChunks) {
  for (const EstimatorName estimator : {EstimatorName::ratio, EstimatorName::dice})
    for (const HeadKind head : {HeadKind::gaussian, HeadKind::categorical}) {
      const MetaProblem p =
          problem_of({{2, 3, 2}, head, estimator, 2}, {.horizon = 53, .envs = 11, .ending = 0.03});
      EXPECT_LT(relative_error(kernel_meta_gradient<double>(p), meta_differences(p)), 1e-7);
    }
}

TEST(MetaGradient, DoesNotDependOnTheNumberOfTasksThatItIsTheMeanOf) {
  const MetaProblem p = problem_of({{2, 3, 2}, HeadKind::gaussian, EstimatorName::ratio, 1}, {.tasks = 7});
  EXPECT_LT(relative_error(kernel_meta_gradient<double>(p), meta_differences(p)), 1e-7);
}

// E-MAML: the log-likelihood of what was done before adaptation, times how well the task went afterwards.
TEST(MetaGradient, WithTheCreditTermIsTheFiniteDifference) {
  for (const HeadKind head : {HeadKind::gaussian, HeadKind::categorical}) {
    MetaProblem p = problem_of({{3, 7, 2}, head, EstimatorName::reinforce, 2});
    const Vector without = kernel_meta_gradient<double>(p);
    p.score = {0.8, -1.1};
    EXPECT_LT(relative_error(kernel_meta_gradient<double>(p), meta_differences(p)), 1e-7);
    EXPECT_GT(relative_error(kernel_meta_gradient<double>(p), without), 0.1);
  }
}

// From the second on, the updates on a batch climb by ratios: `reinforce` ones too, as θ is no longer what drew it.
TEST(MetaGradient, ThroughSeveralUpdatesOnABatchIsTheFiniteDifference) {
  for (const HeadKind head : {HeadKind::gaussian, HeadKind::categorical})
    for (const EstimatorName estimator :
         {EstimatorName::reinforce, EstimatorName::ratio, EstimatorName::clipped})
      for (const int steps : {1, 2, 3})
        for (const int epochs : {2, 3}) {
          MetaProblem p = random_meta_problem(policy_of({3, 7, 4}, head), estimator, {.steps = steps}, 0.15,
                                              19, [&](MetaProblem& m) {
                                                m.epochs = epochs;
                                                m.entropy = 0.1;
                                              });
          p.score = {0.8, -1.1};
          const Vector gradient = kernel_meta_gradient<double>(p);
          EXPECT_LT(relative_error(gradient, meta_differences(p)), 1e-7) << steps << ' ' << epochs;
          EXPECT_LT(relative_error(kernel_meta_gradient<float>(p), gradient), 1e-4);
          EXPECT_GT(relative_error(kernel_meta_gradient<double>(p, false), gradient), 0.01);
          p.epochs -= 1;
          EXPECT_GT(relative_error(kernel_meta_gradient<double>(p), gradient), 0.01);
        }
}

// The entropies of inner steps and outer objective, whose curvature the way back takes along.
TEST(MetaGradient, WithEntropyIsTheFiniteDifference) {
  for (const HeadKind head : {HeadKind::gaussian, HeadKind::categorical})
    for (const EstimatorName estimator :
         {EstimatorName::reinforce, EstimatorName::ratio, EstimatorName::clipped, EstimatorName::dice})
      for (const int steps : {1, 2, 3})
        for (const auto& [inner, outer] : {std::pair{0.5, 0.0}, {0.0, 0.4}, {0.8, 0.3}}) {
          const double away = estimator == EstimatorName::dice ? 0 : 0.15;
          MetaProblem p =
              random_meta_problem(policy_of({3, 7, 4}, head), estimator, {.steps = steps}, away, 13,
                                  [&, weight = inner](MetaProblem& m) { m.entropy = weight; });
          p.outer.entropy = outer;
          const Vector gradient = kernel_meta_gradient<double>(p);
          EXPECT_LT(relative_error(gradient, meta_differences(p)), 1e-7) << inner << ' ' << outer;
          EXPECT_LT(relative_error(kernel_meta_gradient<float>(p), gradient), 1e-4);
          p.entropy = p.outer.entropy = 0;
          EXPECT_GT(relative_error(kernel_meta_gradient<double>(p), gradient), 0.01);
        }
}

// ProMP: at its later outer steps θ is no longer what drew the data.
TEST(MetaGradient, WithClippedOuterSurrogateAndKlPenaltiesIsTheFiniteDifference) {
  for (const HeadKind head : {HeadKind::gaussian, HeadKind::categorical}) {
    MetaProblem p = problem_of({{3, 7, 2}, head, EstimatorName::ratio, 2, 0.15});
    p.outer = {.estimator = EstimatorName::clipped, .weight = 0.6, .clip = 0.3};
    const Vector without = kernel_meta_gradient<double>(p);
    p.penalty = {0.7, 0.4};
    EXPECT_LT(relative_error(kernel_meta_gradient<double>(p), meta_differences(p)), 1e-7);
    EXPECT_GT(relative_error(kernel_meta_gradient<double>(p), without), 0.01);
    const Vector clipped = kernel_meta_gradient<double>(p);
    p.outer.clip = 1e9;
    EXPECT_GT(relative_error(kernel_meta_gradient<double>(p), clipped), 0.01);
  }
}

// Below the floor the standard deviation no longer follows its parameter.
TEST(MetaGradient, RespectsTheFloorOfTheStandardDeviation) {
  MetaProblem p = problem_of({{3, 7, 2}, HeadKind::gaussian, EstimatorName::ratio, 2});
  p.shape.min_log_std = -0.5f;
  p.theta[static_cast<std::size_t>(p.shape.log_std_offset())] = -0.9;
  p.theta[static_cast<std::size_t>(p.shape.log_std_offset() + 1)] = 0.1;
  for (const double entropy : {0.0, 0.5}) {
    p.entropy = p.outer.entropy = entropy;
    const Vector gradient = kernel_meta_gradient<double>(p);
    EXPECT_LT(relative_error(gradient, meta_differences(p)), 1e-7);
    EXPECT_EQ(gradient[static_cast<std::size_t>(p.shape.log_std_offset())], 0);
  }
}

TEST(MetaGradient, SurrogatesAndDivergencesHaveTheReferencesValues) {
  for (const HeadKind head : {HeadKind::gaussian, HeadKind::categorical})
    for (const EstimatorName estimator :
         {EstimatorName::reinforce, EstimatorName::ratio, EstimatorName::clipped}) {
      MetaProblem p = problem_of({{3, 7, 2}, head, estimator, 1, 0.2}, {.horizon = 53, .envs = 11});
      p.entropy = estimator == EstimatorName::ratio ? 0 : 0.6;
      double surrogate = 0, divergence = 0;
      for (int task = 0; task < p.tasks; ++task) {
        surrogate +=
            reference::evaluate(p.shape, p.batch(0), task, p.theta, p.inner_term(), false).total / p.tasks;
        const reference::Term kl{
            .weight = 0, .divergence = 1, .drawn = p.drawn[0][static_cast<std::size_t>(task)]};
        divergence += reference::evaluate(p.shape, p.batch(0), task, p.theta, kl, false).total / p.tasks;
      }
      const Vector values = KernelStages<double>(p).values(0, p.theta, p.inner_term());
      EXPECT_NEAR(values[kSurrogate], surrogate, 1e-12 * (1 + std::abs(surrogate)));
      EXPECT_NEAR(values[kDivergence], divergence, 1e-12);
      EXPECT_GT(divergence, 0.01);
    }
}

// What lies in rows that do not count, or in the padding behind the last row, is never looked at. Observations of rows
// that do not count pass through the network, so they have to be finite; that is all.
TEST(MetaGradient, DoesNotSeeWhatDoesNotCount) {
  for (const HeadKind head : {HeadKind::gaussian, HeadKind::categorical})
    for (const EstimatorName estimator : {EstimatorName::clipped, EstimatorName::dice}) {
      MetaProblem p = problem_of({{3, 7, 2}, head, estimator, 2}, {.horizon = 17, .envs = 5});
      p.penalty = {0.3, 0.3};
      const Vector before = kernel_meta_gradient<double>(p);
      int touched = 0;
      for (Trajectories& t : p.data)
        for (int task = 0; task < t.tasks; ++task)
          for (int r = 0; r < t.row_stride; ++r) {
            if (t.of(t.valid, task)[r] > 0) continue;
            ++touched;
            for (int i = 0; i < t.observation_size; ++i)
              t.observations[t.index(t.observation_size, task, i, r)] = r < t.rows() ? 1e3 : NAN;
            for (int i = 0; i < t.action_size; ++i) t.actions[t.index(t.action_size, task, i, r)] = NAN;
            for (int i = 0; i < t.output_size; ++i) t.outputs[t.index(t.output_size, task, i, r)] = NAN;
            for (Vector* v : {&t.log_probs, &t.rewards}) t.of(*v, task)[r] = NAN;
            // DiCE's weights are sums along the trajectory: advantages.h leaves 0 where nothing counts.
            if (estimator != EstimatorName::dice) t.of(t.advantages, task)[r] = NAN;
            t.of(t.credits, task)[r] = NAN;
          }
      EXPECT_GT(touched, 50);
      EXPECT_EQ(kernel_meta_gradient<double>(p), before);
    }
}

// An episode's end cuts DiCE's sums: what follows in the same trajectory is another episode.
TEST(MetaGradient, OfDiceIsCutWhereAnEpisodeEnds) {
  MetaProblem p = problem_of({{3, 7, 2}, HeadKind::gaussian, EstimatorName::dice, 1}, {.ending = 0.3});
  const Vector cut = kernel_meta_gradient<double>(p);
  Trajectories& t = p.data[0];
  int changed = 0;
  for (int task = 0; task < t.tasks; ++task)
    for (int r = 0; r + t.envs < t.rows(); ++r)
      if (t.of(t.ends, task)[r] > 0 && t.of(t.valid, task)[r + t.envs] > 0) {
        t.of(t.ends, task)[r] = 0;
        ++changed;
      }
  ASSERT_GT(changed, 2);
  EXPECT_GT(relative_error(kernel_meta_gradient<double>(p), cut), 1e-3);
}

}  // namespace
}  // namespace innerloop
