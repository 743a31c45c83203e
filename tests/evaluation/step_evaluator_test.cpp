// The evaluator: what it measures, and what it learns from.
#include "engine/evaluation/step_evaluator.h"

#include <gtest/gtest.h>

#include <functional>

#include "engine/device/planned_buffers.h"
#include "engine/learned/create.h"
#include "engine/stages/inner_loop.h"

namespace innerloop {
namespace {

// All environments of a task start at the same place, so that only sampling tells them apart.
std::vector<CurvePoint> curve_of(
    const std::vector<std::string>& overrides,
    const std::function<void(std::vector<float>&)>& change = [](std::vector<float>&) {}) {
  const Config config = parse_config(R"({"horizon": 12, "environment": {"name": "point_navigation"},
      "policy": {"name": "mlp", "hidden": [8]}, "algorithm": {"name": "maml", "inner_lr": 0.5},
      "evaluation": {"tasks": 6, "envs_per_task": 5, "inner_steps": 2}})",
                                     "small.json", overrides);
  Device device({.backend = Backend::cpu, .threads = 2, .instructions = ""});
  const auto evaluator = StepEvaluator::create(config, device);
  evaluator->allocate();
  std::vector<float> params = create_learned(config).initial(config.seed);
  change(params);
  return evaluator->evaluate(params);
}

TEST(StepEvaluator, AdaptsToSampledTrajectoriesAlsoWhereItMeasuresDeterministically) {
  const auto curve = curve_of({"evaluation.deterministic=true"});
  ASSERT_EQ(curve.size(), 3u);
  EXPECT_NE(curve[1].mean_return, curve[0].mean_return);
  EXPECT_NE(curve[2].mean_return, curve[1].mean_return);
}

TEST(StepEvaluator, MeasuresWithoutSamplingWhereDeterministic) {
  const auto few = curve_of({"evaluation.deterministic=true", "evaluation.envs_per_task=2"});
  const auto many = curve_of({"evaluation.deterministic=true", "evaluation.envs_per_task=7"});
  EXPECT_FLOAT_EQ(static_cast<float>(few[0].mean_return), static_cast<float>(many[0].mean_return));
  EXPECT_NE(curve_of({"evaluation.envs_per_task=2"})[0].mean_return, many[0].mean_return);
}

TEST(StepEvaluator, MeasuresWithoutAnyInnerStep) {
  for (const char* algorithm :
       {R"({"name":"maml","inner_epochs":2})", R"({"name":"maml","baseline":"network","value_hidden":[6]})",
        R"({"name":"meta_sgd"})", R"({"name":"alfa"})", R"({"name":"cavia"})"}) {
    const std::string set = std::string("algorithm=") + algorithm;
    const auto none = curve_of({set, "evaluation.inner_steps=0"});
    ASSERT_EQ(none.size(), 1u) << algorithm;
    EXPECT_EQ(none[0].mean_return, curve_of({set})[0].mean_return) << algorithm;
  }
}

// Those of the last inner step that is trained serve the steps beyond.
TEST(StepEvaluator, AdaptsWithTheLearnedStepSizes) {
  const std::vector<std::string> per_step = {R"(algorithm={"name":"maml","inner_steps":2,"inner_lr":0.5,)"
                                             R"("learned_lr":"scalar","learned_lr_per_step":true})",
                                             "evaluation.inner_steps=3"};
  const auto longer = [](int step) {
    return [step](std::vector<float>& params) {
      params[params.size() - 2 + static_cast<std::size_t>(step)] += 1;
    };
  };
  const auto base = curve_of(per_step), first = curve_of(per_step, longer(0)),
             second = curve_of(per_step, longer(1));
  ASSERT_EQ(base.size(), 4u);
  EXPECT_EQ(first[0].mean_return, base[0].mean_return);
  EXPECT_NE(first[1].mean_return, base[1].mean_return);
  EXPECT_EQ(second[1].mean_return, base[1].mean_return);
  EXPECT_NE(second[2].mean_return, base[2].mean_return);
  EXPECT_NE(second[3].mean_return, base[3].mean_return);
}

// The algorithm's options are what adapts it: training takes no inner step.
TEST(StepEvaluator, AdaptsWhatWasPretrainedAsItIsTold) {
  const std::string pretraining = R"(algorithm={"name":"pretraining","inner_lr":0.5})";
  const auto base = curve_of({pretraining}), maml = curve_of({});
  ASSERT_EQ(base.size(), 3u);
  for (std::size_t k = 0; k < 3; ++k) EXPECT_EQ(base[k].mean_return, maml[k].mean_return);
  for (const std::string option :
       {"algorithm.inner_lr=0.3", "algorithm.inner_lr=[0.5,0.3]", "algorithm.adapted_layers=[1]",
        "algorithm.entropy_weight=0.5", "algorithm.estimator=dice", "algorithm.inner_epochs=2",
        "algorithm.baseline=none", "algorithm.normalize_advantages=false", "algorithm.discount=0.9",
        "algorithm.gae_lambda=0.5", "evaluation.inner_lr=0.3", "at_time_limit=bootstrap"}) {
    const auto other = curve_of({pretraining, option});
    EXPECT_EQ(other[0].mean_return, base[0].mean_return) << option;
    EXPECT_NE(other[2].mean_return, base[2].mean_return) << option;
  }
}

// What restarts after the first episode is not measured: the horizon cuts the last piece off.
TEST(StepEvaluator, MeasuresTheFirstEpisodesWhateverComesAfterThem) {
  const std::string cartpole = R"(environment={"name":"cartpole"})";
  const auto stop = curve_of({cartpole, "horizon=60"}),
             restart = curve_of({cartpole, "horizon=60", "at_episode_end=restart"});
  EXPECT_EQ(restart[0].mean_return, stop[0].mean_return);
  EXPECT_EQ(restart[0].mean_episode_length, stop[0].mean_episode_length);
  EXPECT_NEAR(restart[0].mean_return, restart[0].mean_episode_length, 1e-9);  // 1 is paid for each step
  EXPECT_NE(restart[1].mean_return, stop[1].mean_return);  // the steps learn from all that was played
}

// An evaluation does not keep what lies between two updates on a batch.
TEST(StepEvaluator, TakesSeveralUpdatesOnABatchInPlace) {
  const Config config = parse_config(R"({"horizon": 12, "policy": {"name": "mlp", "hidden": [8]},
      "algorithm": {"name": "maml", "inner_steps": 2, "inner_lr": 0.5, "inner_epochs": 3}})",
                                     "small.json");
  Device device({.backend = Backend::cpu, .threads = 1, .instructions = ""});
  const auto adapted = [&](bool way_back) {
    BufferPlan plan;
    InnerLoop inner(inner_loop_setup(config),
                    {.tasks = 2, .envs = 5, .steps = 2, .lr = {0.5, 0.3}, .way_back = way_back}, device,
                    plan);
    float* params = nullptr;
    plan.add(&params, "params", "[parameter]", {create_learned(config).size()});
    const auto memory = allocate_planned(device, plan, "this test");
    inner.prepare();
    const std::vector<float> start = create_learned(config).initial(config.seed);
    device.write(params, start);
    inner.set_key({1, 2});
    inner.start(params);
    for (int k = 0; k < 2; ++k) {
      inner.rollout(k);
      inner.inner_step(k);
    }
    std::vector<float> found(start.size() * 2);
    device.read(inner.drawn(2).data, found);
    return found;
  };
  EXPECT_EQ(adapted(false), adapted(true));
  const auto once = curve_of({}), thrice = curve_of({"algorithm.inner_epochs=3"});
  EXPECT_EQ(thrice[0].mean_return, once[0].mean_return);
  EXPECT_NE(thrice[1].mean_return, once[1].mean_return);
}

TEST(StepEvaluator, GivesTheSameCurveAgain) {
  const auto first = curve_of({}), again = curve_of({});
  for (std::size_t k = 0; k < first.size(); ++k) {
    EXPECT_EQ(first[k].mean_return, again[k].mean_return);
    EXPECT_EQ(first[k].ci95, again[k].ci95);
  }
}

}  // namespace
}  // namespace innerloop
