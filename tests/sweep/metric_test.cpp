#include "engine/sweep/metric.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "engine/error.h"
#include "tests/support/temporary_folder.h"

namespace innerloop {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class MetricTest : public testing::Test {
 protected:
  MetricTest() {
    write_text(
        run_.metrics(),
        "{\"iteration\":1,\"env_steps\":100,\"returns\":[-9,-8],\"loss\":4}\n"
        "{\"iteration\":2,\"env_steps\":200,\"returns\":[-7,-2],\"loss\":1,\"evaluation_returns\":[-3]}\n"
        "{\"iteration\":3,\"env_steps\":400,\"returns\":[-6,-5],\"loss\":2}\n");
    write_text(
        run_.evaluation(),
        R"({"curve": [{"step": 0, "mean_return": -4}, {"step": 1, "mean_return": -2.5}], "tasks": 2, "gone": null})");
    write_text(run_.evaluation_tasks(), R"({"returns": [[-5, -2], [-3, null]]})");
  }
  double of(const std::string& path, MetricOver over = MetricOver::last, Goal goal = Goal::maximize) const {
    return metric_of({path, over, goal}, run_);
  }
  std::string refusal(const std::string& path) const {
    try {
      of(path);
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  }

  const TemporaryFolder folder_;
  const RunFolder run_{folder_.path()};
};

TEST_F(MetricTest, PlacesCountFromTheEndToo) {
  EXPECT_EQ(of("evaluation.curve.0.mean_return"), -4);
  EXPECT_EQ(of("evaluation.curve.-1.mean_return"), -2.5);
  EXPECT_EQ(of("metrics.returns.-1"), -5);
  EXPECT_TRUE(std::isnan(of("evaluation.gone")));
}

TEST_F(MetricTest, OneOfTheIterationsOrAllOfThem) {
  EXPECT_EQ(of("metrics.loss"), 2);
  EXPECT_EQ(of("metrics.evaluation_returns.0"), -3) << "of the last iteration that has one";
  EXPECT_EQ(of("metrics.loss", MetricOver::best), 4);
  EXPECT_EQ(of("metrics.loss", MetricOver::best, Goal::minimize), 1);
  EXPECT_DOUBLE_EQ(of("metrics.loss", MetricOver::mean), 7.0 / 3);
  // Trapezoids: 100 · (4 + 1) / 2 + 200 · (1 + 2) / 2, over 300 steps.
  EXPECT_DOUBLE_EQ(of("metrics.loss", MetricOver::area), 550.0 / 300);
}

TEST_F(MetricTest, EachTaskOfAReturn) {
  EXPECT_THAT(metric_by_task({"evaluation.curve.0.mean_return"}, run_), ElementsAre(-5, -3));
  EXPECT_THAT(metric_by_task({"evaluation.curve.-1.mean_return"}, run_), ElementsAre(-2, testing::IsNan()));
  EXPECT_THAT(metric_by_task({"evaluation.tasks"}, run_), ElementsAre(2));
  EXPECT_THAT(metric_by_task({"metrics.loss"}, run_), ElementsAre(2));
  std::filesystem::remove(run_.evaluation_tasks());
  EXPECT_THAT(metric_by_task({"evaluation.curve.0.mean_return"}, run_), ElementsAre(-4));
}

TEST_F(MetricTest, WhatIsNotThereSaysWhatIs) {
  EXPECT_THAT(refusal("evaluation.curv.0.mean_return"), HasSubstr("curve, tasks, gone (nearest: \"curve\")"));
  EXPECT_THAT(refusal("evaluation.curve.2.mean_return"), HasSubstr("a list of 2"));
  EXPECT_THAT(refusal("evaluation.curve.0"), HasSubstr("wanted a number at evaluation.curve.0, found in"));
  EXPECT_THAT(refusal("metrics.losss"), HasSubstr("iteration, env_steps, returns, loss (nearest: \"loss\")"));
}

TEST_F(MetricTest, WhatNoRunCanHaveIsRefusedBefore) {
  EXPECT_THROW(check_metric({"returns.0"}, "s.json"), InputError);
  EXPECT_THROW(check_metric({"evaluation.tasks", MetricOver::mean}, "s.json"), InputError);
  EXPECT_NO_THROW(check_metric({"metrics.loss", MetricOver::mean}, "s.json"));
  const auto normalised = [](const std::string& path, Goal goal = Goal::maximize) {
    check_metric({path, MetricOver::last, goal, true}, "s.json");
  };
  EXPECT_NO_THROW(normalised("evaluation.trial_return.mean"));
  EXPECT_NO_THROW(normalised("evaluation.curve.-1.mean_return"));
  EXPECT_THROW(normalised("evaluation.curve.-1.ci95"), InputError) << "of which less is better";
  EXPECT_THROW(normalised("metrics.trial_return"), InputError) << "of training's tasks";
  EXPECT_THROW(normalised("evaluation.trial_return.mean", Goal::minimize), InputError);
}

}  // namespace
}  // namespace innerloop
