// Mistakes found in public implementations of meta-reinforcement learning, each excluded by a property. Further ones are
// excluded elsewhere: meta-gradients that nobody compared with finite differences (meta_gradient_test.cpp), and steps
// through the inner loop that are none (algorithms_test.cpp).
#include <gtest/gtest.h>

#include "engine/evaluation/step_evaluator.h"
#include "engine/learned/create.h"
#include "tests/support/learner.h"

namespace innerloop {
namespace {

// Averaged over the action's dimensions instead of summed, ratios come out wrong.
TEST(PublishedMistakes, LogProbabilitiesAreSumsOverTheActionsDimensions) {
  Learner learner(small_config({"policy.initial_log_std=-0.3"}));
  const MetaProblem p = learner.problem();
  for (int r = 0; r < p.batch(0).rows(); ++r) {
    const Vector mean = reference::forward(p.shape, p.theta, p.batch(0).observation(0, r)).back();
    const Vector action = p.batch(0).action(0, r);
    ASSERT_EQ(action.size(), 2u);
    double sum = 0;
    for (std::size_t d = 0; d < 2; ++d)
      sum += -std::pow((action[d] - mean[d]) / std::exp(-0.3), 2) / 2 + 0.3 - std::log(2 * M_PI) / 2;
    EXPECT_NEAR(p.batch(0).log_probs[static_cast<std::size_t>(r)], sum, 1e-5);
  }
}

Vector first_move(Learner& learner, int task) {
  Vector move = learner.drawn(1, task);
  for (std::size_t i = 0; i < move.size(); ++i) move[i] -= learner.params_before()[i];
  return move;
}

// The inner step size taken from the outer optimiser's, or an option that says so and is never read.
TEST(PublishedMistakes, TheInnerStepSizeIsItsOwn) {
  Learner base(small_config()), other_outer(small_config({"outer.lr=0.3"})),
      twice(small_config({"algorithm.inner_lr=[1.0, 0.3]"}));
  for (int task = 0; task < 3; ++task) {
    EXPECT_EQ(first_move(other_outer, task), first_move(base, task));
    Vector doubled = first_move(base, task);
    for (double& x : doubled) x *= 2;
    EXPECT_LT(relative_error(first_move(twice, task), doubled), 1e-5);
  }
  EXPECT_EQ(other_outer.meta_gradient(), base.meta_gradient());
  EXPECT_NE(other_outer.params(), base.params());
}

std::vector<CurvePoint> curve(const std::vector<std::string>& overrides) {
  std::vector<std::string> all = {"evaluation.tasks=4", "evaluation.envs_per_task=5",
                                  "evaluation.inner_steps=3"};
  all.insert(all.end(), overrides.begin(), overrides.end());
  const Config config = small_config(all);
  Device device({.backend = Backend::cpu, .threads = 1, .instructions = ""});
  const auto evaluator = StepEvaluator::create(config, device);
  evaluator->allocate();
  return evaluator->evaluate(create_learned(config).initial(config.seed));
}

// A step size that is halved for the first step of the test only, or for no step.
TEST(PublishedMistakes, EachInnerStepHasItsStepSize) {
  const auto base = curve({"evaluation.inner_lr=[0.5, 0.25, 0.125]"});
  const std::vector<std::string> changed = {"[0.4, 0.25, 0.125]", "[0.5, 0.2, 0.125]", "[0.5, 0.25, 0.1]"};
  for (std::size_t step = 0; step < 3; ++step) {
    const auto other = curve({"evaluation.inner_lr=" + changed[step]});
    for (std::size_t point = 0; point <= 3; ++point) {
      if (point <= step)
        EXPECT_EQ(other[point].mean_return, base[point].mean_return) << step << ' ' << point;
      else
        EXPECT_NE(other[point].mean_return, base[point].mean_return) << step << ' ' << point;
    }
  }
  // One number stands for all steps; training's are the default, the last one for the steps beyond.
  const auto one = curve({"evaluation.inner_lr=0.5"}), three = curve({"evaluation.inner_lr=[0.5, 0.5, 0.5]"});
  const auto training = curve({}), written = curve({"evaluation.inner_lr=[0.5, 0.3, 0.3]"});
  for (std::size_t point = 0; point <= 3; ++point) {
    EXPECT_EQ(one[point].mean_return, three[point].mean_return);
    EXPECT_EQ(training[point].mean_return, written[point].mean_return);
  }
}

// The outer loss on data from before adaptation.
TEST(PublishedMistakes, TheOuterLossIsOnDataThatTheAdaptedPoliciesDrew) {
  Learner learner(small_config());
  const MetaProblem p = learner.problem();
  const auto mismatch = [&](const Trajectories& t, int task, const Vector& theta) {
    double worst = 0;
    for (int r = 0; r < t.rows(); ++r) {
      if (t.of(t.valid, task)[r] == 0) continue;
      const Vector outputs = reference::forward(p.shape, theta, t.observation(task, r)).back();
      worst = std::max(worst, std::abs(reference::log_prob(p.shape, theta, outputs, t.action(task, r)) -
                                       t.of(t.log_probs, task)[r]));
    }
    return worst;
  };
  for (int task = 0; task < p.tasks; ++task) {
    EXPECT_LT(mismatch(p.batch(2), task, reference::adapted(p, task, p.theta)), 1e-4);
    EXPECT_GT(mismatch(p.batch(2), task, p.theta), 1e-2);
    const Vector outer = learner.outer_gradient();
    const long size = p.shape.parameters();
    const Vector of_task(outer.begin() + task * size, outer.begin() + (task + 1) * size);
    const Vector wanted =
        reference::evaluate(p.shape, p.batch(2), task, reference::adapted(p, task, p.theta), p.outer, true)
            .gradient;
    EXPECT_LT(relative_error(of_task, wanted), 1e-4);
  }
  EXPECT_NE(p.batch(0).observations, p.batch(2).observations);
}

// `first_order` that changes nothing, or more than one inner step that breaks.
TEST(PublishedMistakes, FirstOrderIsAnotherGradientForAnyNumberOfInnerSteps) {
  for (const char* steps : {"1", "2", "3"}) {
    const std::string inner_steps = std::string("algorithm.inner_steps=") + steps;
    Learner second(small_config({"algorithm.inner_lr=0.5", inner_steps}));
    Learner first(small_config({"algorithm.name=fomaml", "algorithm.inner_lr=0.5", inner_steps}));
    EXPECT_EQ(first.outer_gradient(), second.outer_gradient());
    EXPECT_GT(relative_error(first.meta_gradient(), second.meta_gradient()), 1e-2) << steps;
  }
}

TEST(PublishedMistakes, EachNumberOfInnerStepsIsAnotherAlgorithm) {
  std::vector<Vector> seen;
  for (const char* steps : {"1", "2", "3", "5"}) {
    Learner learner(small_config({"algorithm.inner_lr=0.5", std::string("algorithm.inner_steps=") + steps}));
    for (const Vector& other : seen) EXPECT_GT(relative_error(learner.meta_gradient(), other), 1e-3) << steps;
    seen.push_back(learner.meta_gradient());
  }
}

struct Change {
  std::vector<std::string> base, changed;
};
void PrintTo(const Change& change, std::ostream* out) { *out << change.changed[0]; }
class OptionTest : public testing::TestWithParam<Change> {};

// Options that are accepted and ignored.
TEST_P(OptionTest, ChangesWhatIsLearned) {
  std::vector<std::string> changed = GetParam().base;
  changed.insert(changed.end(), GetParam().changed.begin(), GetParam().changed.end());
  EXPECT_NE(Learner(small_config(GetParam().base), 2).params(), Learner(small_config(changed), 2).params());
}

const std::vector<std::string> kPromp = {
    "algorithm={\"name\": \"promp\", \"inner_steps\": 1, \"inner_lr\": 0.3, \"estimator\": \"ratio\", "
    "\"epochs\": 4}",
    "outer.lr=0.1"};
const std::vector<std::string> kTrpo = {"outer={\"name\": \"trpo\"}"};

std::vector<Change> changes() {
  std::vector<Change> all;
  for (const char* option : {"seed=4",
                             "tasks_per_iteration=4",
                             "envs_per_task=5",
                             "horizon=7",
                             "policy.hidden=[7]",
                             "policy.activation=relu",
                             "policy.initial_log_std=-0.5",
                             "policy.min_log_std=0",
                             "algorithm.name=fomaml",
                             "algorithm.name=reptile",
                             "algorithm.name=emaml",
                             "algorithm.inner_lr=[0.5, 0.2]",
                             "algorithm.estimator=ratio",
                             "algorithm.estimator=dice",
                             "algorithm.adapted_layers=[0]",
                             "algorithm.adapted_layers=[1]",
                             "algorithm.discount=0.9",
                             "algorithm.gae_lambda=0.8",
                             "algorithm.baseline=none",
                             "algorithm.normalize_advantages=false",
                             "outer.lr=0.02",
                             "outer.beta1=0.5",
                             "outer.beta2=0.9",
                             "outer.epsilon=0.1",
                             "environment.action_scale=0.2",
                             "environment.layout=corner",
                             "environment.layout=semicircle"})
    all.push_back({{}, {option}});
  all.push_back({{"algorithm.inner_lr=0.5"}, {"algorithm.inner_steps=3"}});
  for (const char* option :
       {"algorithm.learned_lr=scalar", "algorithm.learned_lr=layer", "algorithm.name=meta_sgd"})
    all.push_back({{"algorithm.inner_lr=0.5"}, {option}});
  for (const char* option : {"algorithm.learned_lr=scalar", "algorithm.learned_lr_per_step=true",
                             "algorithm.learned_lr_sign=free", "algorithm.adapted_layers=[1]"})
    all.push_back({{"algorithm.name=meta_sgd", "algorithm.inner_lr=0.5"}, {option}});
  all.push_back({{"algorithm.inner_lr=0.5"}, {"algorithm.name=cavia"}});
  all.push_back({{"algorithm.name=cavia"}, {"algorithm.context_size=7"}});
  all.push_back({{"algorithm.name=cavia"}, {"algorithm.context_input=film"}});
  for (const char* algorithm : {"maml", "fomaml", "reptile"}) {
    const std::string name = std::string("algorithm.name=") + algorithm;
    all.push_back({{name}, {"algorithm.inner_epochs=2"}});
    all.push_back({{name, "algorithm.estimator=clipped", "algorithm.inner_epochs=3"},
                   {"algorithm.clip_epsilon=0.001"}});
  }
  const char* const pretraining = R"(algorithm={"name": "pretraining"})";
  all.push_back({{}, {pretraining}});
  for (const char* option : {"algorithm.discount=0.9", "algorithm.gae_lambda=0.8", "algorithm.baseline=none",
                             "algorithm.normalize_advantages=false", "algorithm.outer_entropy_weight=0.5"})
    all.push_back({{pretraining}, {option}});
  all.push_back({{"outer={\"name\": \"sgd\"}"}, {"outer.lr=0.3"}});
  all.push_back({{"outer={\"name\": \"sgd\"}"}, {"outer.max_gradient_norm=0.01"}});
  all.push_back({{"algorithm.name=emaml"}, {"algorithm.exploration_weight=0.5"}});
  for (const char* option : {"algorithm.epochs=3", "algorithm.clip_range=0.001", "algorithm.kl_penalty=5"})
    all.push_back({kPromp, {option}});
  std::vector<std::string> adaptive = kPromp;
  adaptive.insert(adaptive.end(), {"algorithm.kl_penalty=5", "algorithm.adaptive_kl=true"});
  all.push_back({{kPromp[0], kPromp[1], "algorithm.kl_penalty=5"}, {"algorithm.adaptive_kl=true"}});
  all.push_back({adaptive, {"algorithm.kl_target=100"}});
  for (const char* option : {"outer.max_kl=0.02", "outer.cg_iterations=3", "outer.cg_damping=0.1"})
    all.push_back({kTrpo, {option}});
  all.push_back({{"environment={\"name\": \"cartpole\"}", "horizon=30"}, {"at_episode_end=restart"}});
  all.push_back({{"environment={\"name\": \"cartpole\"}", "horizon=30"}, {"environment.gravity=[20, 30]"}});
  all.push_back({{"environment={\"name\": \"bandit\"}"}, {"environment.arms=6"}});
  all.push_back({{"environment={\"name\": \"bandit\"}"}, {"environment.reward=gaussian"}});
  all.push_back(
      {{"environment={\"name\": \"point_navigation\", \"layout\": \"corner\"}", "environment.action_scale=1"},
       {"environment.reward=sparse_potential"}});
  return all;
}
INSTANTIATE_TEST_SUITE_P(All, OptionTest, testing::ValuesIn(changes()), [](const auto& info) {
  std::string name;
  for (const std::string& part : {std::to_string(info.index) + "_" + info.param.changed[0]})
    for (char c : part) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
});

// ε matters only after θ has left the parameters that drew the data: here, from the first inner step of trials on.
TEST(PublishedMistakes, ClippingMattersWhereRatiosDiffer) {
  std::vector<std::string> base = kPromp;
  base.push_back("algorithm.estimator=clipped");
  auto tight = base;
  tight.push_back("algorithm.clip_epsilon=0.001");
  EXPECT_NE(Learner(small_config(base), 1).params(), Learner(small_config(tight), 1).params());
}

}  // namespace
}  // namespace innerloop
