// Prompt tuning as a whole: what inner steps climb, what PPO climbs after them, and what evaluation adapts.
#include "engine/algorithms/prompt_tuning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/device/planned_buffers.h"
#include "engine/evaluation/step_evaluator.h"
#include "engine/learned/create.h"
#include "engine/run/adapted_policy.h"
#include "tests/support/played_trials.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/trial_learning.h"

namespace innerloop {
namespace {

Config prompt_config(const std::vector<std::string>& more = {}) {
  std::vector<std::string> overrides = {
      "envs_per_task=6",
      R"(policy={"name": "transformer", "hidden": 16, "heads": 1, "layers": 1, "feedforward": 16, "tokens": 2})",
      R"(algorithm={"name": "prompt_tuning", "trial_length": 10, "inner_steps": 2, "inner_lr": [30, 20],)"
      R"( "outer_trials": "adapted", "epochs": 1, "minibatches": 1, "entropy_weight": 0.1})",
      "evaluation.tasks=4",
      "evaluation.envs_per_task=3",
      "evaluation.inner_steps=3",
      "evaluation.inner_lr=[30, 20, 10]"};
  overrides.insert(overrides.end(), more.begin(), more.end());
  return trial_config(overrides);
}
const std::vector<std::string> kPoints = {R"(environment={"name": "point_navigation"})"};

struct TuningLearner {
  explicit TuningLearner(const Config& config)
      : device({.backend = Backend::cpu, .threads = 2, .instructions = ""}),
        tuning(std::get<PromptTuningOptions>(config.algorithm), config, device) {
    tuning.allocate();
  }
  Vector params() { return to_double(device.read(tuning.params(), tuning.learned().size())); }

  Device device;
  PromptTuning tuning;
};

// What is handed to the optimiser, prompts and all, at the parameters that drew the trials: so the first ratio is one, too.
TEST(PromptTuning, ClimbsPposObjectiveOnTheAdaptedTrials) {
  for (const std::vector<std::string>& family :
       {std::vector<std::string>{}, kPoints, std::vector<std::string>{"algorithm.value_network=separate"}}) {
    TuningLearner learner(prompt_config(family));
    learner.tuning.iterate(0);
    const Vector theta = learner.params();
    const IterationReport report = learner.tuning.iterate(1);
    EXPECT_LT(reported(report, "kl"), 1e-10);
    EXPECT_EQ(report.returns.size(), 3u);
    EXPECT_EQ(report.env_steps, 3 * 5 * 6 * 10);
    TrialProblem p = played_problem(learner.tuning.loop(), learner.device, theta);
    p.entropy_weight = 0.1;
    EXPECT_GT(*std::ranges::max_element(p.prompts), 0.01);
    Vector mean = kernel_trial_gradient(p).gradient;
    for (double& g : mean) g /= p.rows();
    const Vector found =
        to_double(learner.device.read(learner.tuning.gradient(), learner.tuning.learned().size()));
    EXPECT_LT(relative_error(found, mean), 1e-4);
    p.prompts = Vector(p.prompts.size(), 0.0);
    Vector without = kernel_trial_gradient(p).gradient;
    for (double& g : without) g /= p.rows();
    EXPECT_GT(relative_error(found, without), 1e-3);
  }
}

// An inner step of each task: along the slope of advantage × log-probability on the task's own trials, by its prompt.
TEST(PromptTuning, InnerStepsClimbEachTasksOwnReturns) {
  const Config config = prompt_config(kPoints);
  Device device({.backend = Backend::cpu, .threads = 2, .instructions = ""});
  BufferPlan plan;
  TrialLoop loop(training_setup(config), 5, 6, true, device, plan);
  Prompts prompts(loop, 0.97, device, plan);
  float* device_params = nullptr;
  plan.add(&device_params, "params", "[parameter]", {loop.parameters()});
  const auto memory = allocate_planned(device, plan, "the test");
  std::mt19937_64 random(7);
  const Vector theta = random_vector(static_cast<int>(loop.parameters()), 0.4, random);
  const std::vector<float> params(theta.begin(), theta.end());
  device.write(device_params, params);
  loop.set_key({5, 3});
  prompts.prepare();
  prompts.reset();
  loop.play(device_params, false, 0);
  prompts.find_gradient(device_params);
  prompts.step(2);
  loop.play(device_params, false, 1);
  const TrialProblem before =
      played_problem(loop, device, to_double(params));  // the prompts of the second step's trials
  prompts.find_gradient(device_params);
  prompts.step(3);
  TrialProblem p = played_problem(loop, device, to_double(params));  // with the advantages that it climbed
  const Vector after = p.prompts;
  p.prompts = before.prompts;
  p.value_weight = p.entropy_weight = 0;
  p.clip = 1;
  Vector wanted = before.prompts;
  const Vector slopes = kernel_trial_gradient(p).by_prompts;
  const int size = prompts.size();
  for (int e = 0; e < p.envs; ++e)
    for (int i = 0; i < size; ++i)
      for (int other = e / 6 * 6; other < (e / 6 + 1) * 6; ++other)
        wanted[static_cast<std::size_t>(e * size + i)] +=
            3 * slopes[static_cast<std::size_t>(other * size + i)] / (6 * p.steps);
  Vector moved = after, expected = wanted;
  for (std::size_t i = 0; i < moved.size(); ++i) {
    moved[i] -= before.prompts[i];
    expected[i] -= before.prompts[i];
  }
  EXPECT_LT(relative_error(moved, expected), 1e-3);
  // Tasks differ, and the environments of one do not.
  EXPECT_EQ(Vector(after.begin(), after.begin() + size),
            Vector(after.begin() + size, after.begin() + 2 * size));
  EXPECT_NE(Vector(after.begin(), after.begin() + size),
            Vector(after.begin() + 6 * size, after.begin() + 7 * size));
}

TEST(PromptTuning, EvaluationAdaptsTheTokensAloneAndAFileHoldsThem) {
  const Config config = prompt_config(kPoints);
  Device device({.backend = Backend::cpu, .threads = 2, .instructions = ""});
  std::vector<float> params = create_learned(config).initial(3);
  const auto evaluator = StepEvaluator::create(adaptation_config(config, 3, {}), device);
  evaluator->allocate();
  AdaptedPolicy policy = adapt(*evaluator, params, 8);
  EXPECT_EQ(policy.returns.size(), 4u);
  EXPECT_EQ(evaluator->first_episodes(0, 2).size(), 2u);
  const LearnedRange tokens = create_learned(config).range(kPromptBlock);
  ASSERT_EQ(tokens.size, 32);
  for (std::int64_t i = 0; i < create_learned(config).size(); ++i) {
    const bool adapted = i >= tokens.offset && i < tokens.offset + tokens.size;
    const auto at = static_cast<std::size_t>(i);
    if (!adapted) {
      ASSERT_EQ(policy.params[at], params[at]) << i;
    } else {
      EXPECT_NE(policy.params[at], params[at]) << i;
    }
  }
  const TemporaryFolder folder;
  write_adapted_policy(folder.path() / "policy.safetensors", policy, config);
  std::vector<float> read = params;
  read_adapted_policy(folder.path() / "policy.safetensors", config, read);
  EXPECT_EQ(read, policy.params);
  params.front() += 1;
  EXPECT_THROW(read_adapted_policy(folder.path() / "policy.safetensors", config, params), InputError);
}

}  // namespace
}  // namespace innerloop
