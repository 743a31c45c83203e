// The page of a sweep: what it shows are the numbers of the runs' files, and each drawing is there where it says something.
#include "engine/sweep/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <regex>

#include "engine/report/drawing.h"
#include "engine/run/run_folder.h"
#include "engine/statistics/aggregates.h"
#include "engine/sweep/curve_charts.h"
#include "engine/sweep/shown.h"
#include "engine/text/columns.h"
#include "engine/text/markup.h"
#include "tests/support/html_page.h"
#include "tests/support/temporary_folder.h"

namespace innerloop {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

constexpr auto kBars = "Importance of the options", kHeat = " over ",
               kLines = "Every point, through its values", kProfiles = "Performance profiles",
               kTraining = "Return over the environment's steps",
               kAdaptation = "Return after each gradient step";

std::string caption(const std::string& title) { return "<figcaption>" + markup_text(title); }

// The titles that its drawings of this kind show under the pointer.
std::vector<std::string> titles_in(const std::string& page, const std::string& element) {
  std::vector<std::string> titles;
  const std::regex title("<" + element + "[^>]*><title>([^<]*)</title>");
  for (std::sregex_iterator at(page.begin(), page.end(), title), end; at != end; ++at)
    titles.push_back((*at)[1]);
  return titles;
}

class SweepPageTest : public testing::Test {
 protected:
  struct Run {
    std::vector<double> returns;               // after adaptation, of each iteration
    std::vector<std::vector<double>> by_task;  // [task][step] of the evaluation
  };

  void sweep_of(const std::string& rest, const std::string& config = R"({"iterations": 2})") {
    sweep_.emplace(parse_sweep(R"({"config": )" + config + ", " + rest + "}", "s.json"));
    points_.emplace(*sweep_);
    open_sweep_folder(folder_.path, *sweep_, *points_, true);
  }

  static double mean_at(const Run& run, std::size_t step) {
    double sum = 0;
    for (const auto& task : run.by_task) sum += task[step];
    return sum / static_cast<double>(run.by_task.size());
  }

  void write_run(std::size_t point, std::uint32_t seed, const Run& run) const {
    const RunFolder files = folder_.run(point, seed);
    write_outcome(files, {RunOutcome::Status::done, static_cast<int>(run.returns.size()), "", {{2, 0}}});
    std::string lines;
    for (std::size_t i = 0; i < run.returns.size(); ++i)
      lines += Json{{"iteration", i + 1},
                    {"seconds", 1},
                    {"env_steps", 100 * (i + 1) + seed},
                    {"returns", {-50, run.returns[i]}},
                    {"gradient_norm", run.returns[i] / 4}}
                   .dump() +
               "\n";
    write_text(files.metrics(), lines);
    Json curve = Json::array(), returns = Json::array();
    for (std::size_t step = 0; step < run.by_task[0].size(); ++step)
      curve.push_back({{"step", step}, {"mean_return", mean_at(run, step)}, {"ci95", nullptr}});
    for (const auto& task : run.by_task) returns.push_back(task);
    write_json(files.evaluation(), {{"curve", curve}});
    write_json(files.evaluation_tasks(), {{"returns", returns}});
  }

  // A run whose every number tells whose it is; the metric is `score`.
  static Run plain(double score, std::uint32_t seed = 0) {
    const double own = 0.25 * seed;
    return {{score - 4 + own, score - 2 + own}, {{score - 10, score + own}, {score - 6, score + own}}};
  }
  // All runs of all points, the metric of each point by `score_of_point`, higher by a quarter a seed.
  void write_all(const std::function<double(std::size_t)>& score_of_point) const {
    for (std::size_t point = 0; point < points_->size(); ++point)
      for (const std::uint32_t seed : sweep_->seeds)
        write_run(point, seed, plain(score_of_point(point), seed));
  }

  std::string page() const {
    std::string page = sweep_page(*sweep_, *points_, read_results(*sweep_, *points_, folder_), folder_);
    expect_well_formed(page);
    EXPECT_THAT(page, AllOf(Not(HasSubstr("nan")), Not(HasSubstr("inf "))));
    return page;
  }

  TemporaryFolder temporary_;
  SweepFolder folder_{temporary_.path() / "s"};
  std::optional<Sweep> sweep_;
  std::optional<Points> points_;
};

TEST_F(SweepPageTest, ItsNumbersAreTheFiles) {
  sweep_of(R"("grid": {"algorithm.inner_lr": [0.1, 0.5]}, "seeds": 3)");
  std::vector<std::vector<Run>> runs(2);
  for (std::size_t point = 0; point < 2; ++point)
    for (std::uint32_t seed = 1; seed <= 3; ++seed) {
      const double own = static_cast<double>(point) * 8 + seed * seed;
      runs[point].push_back({{own, 2 * own}, {{-own, own, own + 1}, {own - 3, own + 2, own / 2}}});
      write_run(point, seed, runs[point].back());
    }
  const std::string text = page();
  const Json numbers = numbers_of(text);
  for (std::size_t point = 0; point < 2; ++point) {
    const std::string name = std::to_string(point) + ": inner_lr " + (point == 0 ? "0.1" : "0.5");
    const Json training = series_of(numbers, kTraining, name),
               adaptation = series_of(numbers, kAdaptation, name);
    for (std::size_t i = 0; i < 2; ++i) {
      const std::vector<double> all = {runs[point][0].returns[i], runs[point][1].returns[i],
                                       runs[point][2].returns[i]};
      EXPECT_NEAR(training["x"].at(i), 100.0 * static_cast<double>(i + 1) + 2, 1e-9) << "the seeds' mean";
      EXPECT_NEAR(training["y"].at(i), (all[0] + all[1] + all[2]) / 3, 1e-9);
      EXPECT_EQ(training["low"].at(i), std::ranges::min(all));
      EXPECT_EQ(training["high"].at(i), std::ranges::max(all));
    }
    double mean_of_metric = 0;
    for (std::size_t step = 0; step < 3; ++step) {
      double sum = 0;
      for (const Run& run : runs[point]) sum += mean_at(run, step);
      EXPECT_EQ(adaptation["x"].at(step), step);
      EXPECT_NEAR(adaptation["y"].at(step), sum / 3, 1e-9);
      mean_of_metric = sum / 3;
    }
    const Json profile = series_of(numbers, kProfiles, name);
    ASSERT_EQ(profile["x"].size(), 61u);
    for (std::size_t i = 0; i < 61; i += 7) {
      int above = 0;
      for (const Run& run : runs[point])
        for (const auto& task : run.by_task) above += task[2] > profile["x"][i].get<double>() ? 1 : 0;
      EXPECT_NEAR(profile["y"].at(i), above / 6.0, 1e-9) << i;
    }
    const auto rows = rows_of(text, std::to_string(point));
    ASSERT_THAT(rows, SizeIs(1));
    EXPECT_EQ(rows[0][1], point == 0 ? "0.1" : "0.5");
    char cell[64];
    std::snprintf(cell, sizeof cell, point == 1 ? "<strong>%.2f</strong>" : "%.2f", mean_of_metric);
    EXPECT_EQ(rows[0][2], cell);
    std::snprintf(cell, sizeof cell, "{%.2f, %.2f, %.2f}", mean_at(runs[point][0], 2),
                  mean_at(runs[point][1], 2), mean_at(runs[point][2], 2));
    EXPECT_EQ(rows[0][3], cell) << "of three seeds the runs themselves";
  }
  EXPECT_THAT(text, AllOf(HasSubstr("2 points × 3 seeds = 6 runs: 6 done, 0 diverged, 0 failed."),
                          HasSubstr("evaluation.curve.-1.mean_return, the larger the better"),
                          HasSubstr("share of runs × tasks above"),
                          HasSubstr("from the least of a point&#39;s runs")));
}

TEST_F(SweepPageTest, OfFiveSeedsABandIsTheIntervalOfTheMean) {
  sweep_of(R"("seeds": 5)");
  write_all([](std::size_t) { return 1.0; });
  const Json training = series_of(numbers_of(page()), kTraining, "0");
  // Returns 0.25 apart: a deviation of 0.25·√2.5; Student's t of four degrees is 2.776.
  const double around = 2.776445 * 0.25 * std::sqrt(2.5 / 5);
  EXPECT_NEAR(training["y"].at(0), -3 + 0.75, 1e-9);
  EXPECT_NEAR(training["low"].at(0), -2.25 - around, 1e-6);
  EXPECT_NEAR(training["high"].at(0), -2.25 + around, 1e-6);
}

TEST_F(SweepPageTest, ARunThatEndedEarlyIsInTheMeanAsFarAsItCame) {
  const std::vector<ChartPoint> points = mean_curve({{{.x = 1, .y = 2}, {.x = 2, .y = NAN}, {.x = 3, .y = 4}},
                                                     {{.x = 3, .y = 6}},
                                                     {{.x = 2, .y = 1}, {.x = 4, .y = NAN}}});
  ASSERT_THAT(points, SizeIs(3));
  EXPECT_EQ(points[0].x, 2);
  EXPECT_EQ(points[0].y, 3);
  EXPECT_EQ(points[0].low, 1);
  EXPECT_EQ(points[0].high, 6);
  EXPECT_TRUE(std::isnan(points[1].y));
  EXPECT_EQ(points[2].y, 4);
}

// Three numbers × two × two names: a cell is the mean of the two points that differ in the name.
TEST_F(SweepPageTest, ACellIsTheMeanOverEverythingElse) {
  sweep_of(
      R"("grid": {"outer.lr": [0.001, 0.01, 0.1], "algorithm.inner_lr": [0.1, 0.5], "algorithm.name": ["maml", "fomaml"]})");
  const std::vector<double> scores = {1, 2, 3, 4, 5, 7, 20, 30, 9, 10, 11, 12};
  write_all([&](std::size_t point) { return scores[point]; });
  const std::string text = page();
  EXPECT_THAT(text,
              HasSubstr(caption("evaluation.curve.-1.mean_return over outer.lr and algorithm.inner_lr")));
  const std::vector<std::string> cells = titles_in(text, "g");
  ASSERT_THAT(cells, SizeIs(6));
  const std::vector<std::string> first = {"0.001", "0.01", "0.1"}, second = {"0.1", "0.5"};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 2; ++j) {
      const double mean = (scores[4 * i + 2 * j] + scores[4 * i + 2 * j + 1]) / 2 + 0.25;  // of seed 1
      EXPECT_THAT(cells, testing::Contains("outer.lr " + first[i] + ", algorithm.inner_lr " + second[j] +
                                           ": " + number_cell("%.3f", mean) + ", of 2 points"));
      EXPECT_THAT(text, HasSubstr("dy=\"0.35em\">" + number_cell("%.3f", mean) + "</text>\n</g>"))
          << "the cell's own number";
    }
  EXPECT_EQ(std::regex_replace(text, std::regex("rect class=\"best\""), "").size() + 17, text.size())
      << "one";
}

// Where more than two keys have numbers, those that matter.
TEST_F(SweepPageTest, TheHeatMapIsOfTheTwoThatMatterMost) {
  sweep_of(
      R"("grid": {"outer.lr": [0.1, 0.2], "tasks_per_iteration": [1, 2], "algorithm.inner_lr": [1, 2]})");
  write_all([](std::size_t point) {
    return static_cast<double>(point & 1) * 5 + static_cast<double>(point & 4) * 3 +
           static_cast<double>(point & 2) / 16;
  });
  EXPECT_THAT(page(), HasSubstr("mean_return over outer.lr and algorithm.inner_lr</figcaption>"));
}

TEST_F(SweepPageTest, ManyValuesOfAKeyAreBins) {
  sweep_of(
      R"("random": {"outer.lr": {"log_uniform": [0.001, 0.1]}}, "grid": {"algorithm.inner_lr": [0.1, 0.5]},
              "samples": 10)");
  write_all([](std::size_t point) { return static_cast<double>(point); });
  const std::string text = page();
  const std::vector<std::string> cells = titles_in(text, "g");
  ASSERT_FALSE(cells.empty());
  int points = 0;
  const std::regex form(
      "algorithm.inner_lr 0.[15], outer.lr [0-9.]+( to [0-9.]+)?: [0-9.]+, of ([0-9]+) points?");
  for (const std::string& cell : cells) {
    std::smatch match;
    ASSERT_TRUE(std::regex_match(cell, match, form)) << cell;
    points += std::stoi(match[2]);
  }
  EXPECT_EQ(points, 20) << "each point is in one cell";
  EXPECT_LE(cells.size(), 8u) << "four bins of twenty points";
  // The logarithmic axis is labelled by the values themselves.
  for (const char* label : {">0.002</text>", ">0.01</text>", ">0.05</text>"})
    EXPECT_THAT(text, HasSubstr(label));
}

TEST_F(SweepPageTest, ALineGoesThroughThePlacesOfItsValues) {
  sweep_of(R"("grid": {"outer.lr": [0.001, 0.01, 0.1], "algorithm.name": ["maml", "fomaml"]})");
  write_all([](std::size_t point) { return static_cast<double>(point); });
  const std::string text = page();
  const std::vector<std::string> lines = titles_in(text, "polyline");
  ASSERT_THAT(lines, SizeIs(6));
  EXPECT_EQ(lines.front(), "point 0 (outer.lr=0.001, algorithm.name=maml): 0.25")
      << "the worst lies below all";
  EXPECT_EQ(lines.back(), "point 5 (outer.lr=0.1, algorithm.name=fomaml): 5.25");
  std::smatch first, best;
  ASSERT_TRUE(std::regex_search(text, first, std::regex("<polyline class=\"s0\" points=\"([^\"]*)\"")));
  ASSERT_TRUE(std::regex_search(text, best, std::regex("<polyline class=\"best\" points=\"([^\"]*)\"")));
  // Places of equal distance, the first value below; the metric from the worst to the best.
  EXPECT_EQ(first[1], "40.0,396.0 540.0,396.0 1040.0,396.0");
  EXPECT_EQ(best[1], "40.0,52.0 540.0,52.0 1040.0,52.0");
}

TEST_F(SweepPageTest, WhatAPointDoesNotHaveIsADash) {
  sweep_of(R"("grid": {"algorithm": [{"name": "maml"}, {"name": "promp"}]},
              "when": [{"if": {"algorithm.name": "promp"}, "grid": {"algorithm.clip_range": [0.1, 0.2]}}])");
  write_all([](std::size_t point) { return static_cast<double>(point); });
  const std::string text = page();
  EXPECT_THAT(text, AllOf(HasSubstr(caption(kLines)), HasSubstr(">–</text>"),
                          Not(HasSubstr(kHeat + std::string("algorithm")))));
  EXPECT_THAT(text, HasSubstr("40.0,396.0 540.0,396.0 1040.0,396.0")) << "maml has none, and is the worst";
  EXPECT_THAT(text, HasSubstr("<td>each of where algorithm.name=promp</td>"));
}

TEST_F(SweepPageTest, DrawingsAreThereWhereTheySaySomething) {
  const auto expect = [&](const std::string& rest, const std::vector<std::string>& there,
                          const std::vector<std::string>& absent) {
    std::filesystem::remove_all(folder_.path);
    sweep_of(rest);
    write_all([](std::size_t point) { return static_cast<double>(point); });
    const std::string text = page();
    for (const std::string& title : there) EXPECT_THAT(text, HasSubstr(caption(title))) << rest;
    for (const std::string& title : absent) EXPECT_THAT(text, Not(HasSubstr(caption(title)))) << rest;
  };
  const std::string heat = "evaluation.curve.-1.mean_return over ";
  expect(R"("seeds": 2)", {kTraining, kAdaptation}, {heat, kLines, kProfiles, kBars});
  expect(R"("grid": {"outer.lr": [0.1, 0.2]}, "seeds": 2)", {kTraining, kProfiles}, {heat, kLines, kBars});
  expect(R"("grid": {"outer.lr": [0.1, 0.2]}, "seeds": 1)", {kTraining}, {heat, kLines, kProfiles});
  expect(R"("grid": {"outer.lr": [0.1, 0.2], "outer.name": ["adam", "sgd"]}, "seeds": 2)",
         {kTraining, kProfiles, kLines, kBars}, {heat});
  expect(R"("grid": {"outer.lr": [0.1, 0.2], "horizon": [5, 6]}, "seeds": 2)", {kTraining}, {kBars, heat});
  expect(
      R"("random": {"outer.max_gradient_norm": {"uniform": [1, 2]}, "outer.lr": {"uniform": [0, 1]},
             "outer.beta1": {"uniform": [0, 1]},
             "outer.beta2": {"uniform": [0, 1]}, "envs_per_task": {"int": [2, 99]}, "tasks_per_iteration": {"int": [2, 99]},
             "algorithm.inner_lr": {"uniform": [0, 1]}, "algorithm.discount": {"uniform": [0, 1]},
             "algorithm.gae_lambda": {"uniform": [0, 1]}}, "samples": 9)",
      {heat}, {kLines});
}

TEST_F(SweepPageTest, OnlyTheSevenBestAreReadAndDrawn) {
  sweep_of(R"("grid": {"outer.lr": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]}, "seeds": 2)");
  write_all([](std::size_t point) { return point == 3 ? -100.0 : static_cast<double>(point); });
  const SweepResults results = read_results(*sweep_, *points_, folder_);
  for (const std::size_t point : {0u, 3u})
    for (const std::uint32_t seed : {1u, 2u})
      for (const auto& file : {folder_.run(point, seed).metrics(), folder_.run(point, seed).evaluation(),
                               folder_.run(point, seed).evaluation_tasks()})
        write_text(file, "damaged\n");
  const std::string text = sweep_page(*sweep_, *points_, results, folder_);
  const Json numbers = numbers_of(text);
  for (const Json& chart : numbers) {
    if (chart.is_null()) continue;
    EXPECT_THAT(chart["series"], SizeIs(7)) << chart["title"];
    EXPECT_EQ(chart["series"][0]["label"], "8: lr 0.9") << "the best has the first colour";
    EXPECT_EQ(chart["series"][6]["label"], "1: lr 0.2");
  }
  EXPECT_THAT(text, HasSubstr("The best 7 of 9 points"));
  EXPECT_THAT(rows_of(text, "3"), SizeIs(1)) << "the table has them all";
}

TEST_F(SweepPageTest, OfManyPointsTheTableIsFoldedNotCut) {
  sweep_of(R"("random": {"outer.lr": {"uniform": [0, 1]}}, "samples": 45)");
  write_all([](std::size_t point) { return static_cast<double>(point); });
  const std::string text = page();
  EXPECT_THAT(text, HasSubstr("<summary>5 more points</summary>"));
  const std::string folded = text.substr(text.find("<details>"));
  EXPECT_THAT(rows_of(folded, "4"), SizeIs(1));
  EXPECT_THAT(rows_of(folded, "5"), SizeIs(0));
  EXPECT_THAT(rows_of(text, "5"), SizeIs(1));
}

TEST_F(SweepPageTest, TheSmallerMayBeTheBetter) {
  sweep_of(R"("grid": {"outer.lr": [0.1, 0.2], "outer.name": ["adam", "sgd"]}, "seeds": 2,
              "metric": {"path": "metrics.gradient_norm", "over": "mean", "goal": "minimize"})");
  write_all([](std::size_t point) { return 20 - 4 * static_cast<double>(point); });
  const std::string text = page();
  EXPECT_THAT(text, AllOf(HasSubstr("the mean of metrics.gradient_norm, the smaller the better"),
                          HasSubstr("share of runs below"), HasSubstr("<polyline class=\"best\"")));
  EXPECT_THAT(rows_of(text, "3").at(0).at(3), HasSubstr("<strong>"));
  // The metric's own curve is there beside the return's.
  const Json curve =
      series_of(numbers_of(text), "metrics.gradient_norm over the environment's steps", "3: lr 0.2, sgd");
  EXPECT_NEAR(curve["y"].at(1), (8 - 2 + 0.375) / 4, 1e-9);
  const Json profile = series_of(numbers_of(text), kProfiles, "3: lr 0.2, sgd");
  double least = INFINITY;
  for (std::size_t i = 0; i < profile["x"].size(); ++i)
    if (profile["y"][i] == 1.0) least = std::min(least, profile["x"][i].get<double>());
  EXPECT_LT(least, 3) << "both runs of the best are soon below";
  EXPECT_GT(least, 0) << "in the metric's own unit";
}

TEST_F(SweepPageTest, FailuresAreToldWithTheirMessages) {
  sweep_of(R"("grid": {"algorithm.inner_lr": [0.1, 0.5]}, "seeds": [4, 5])");
  write_run(0, 4, plain(1));
  write_run(0, 5, plain(2));
  write_run(1, 4, plain(3));
  write_outcome(folder_.run(1, 5), {RunOutcome::Status::diverged, 1, "θ is <b>not</b> finite", {}});
  std::string text = page();
  EXPECT_THAT(text, HasSubstr("4 runs: 3 done, 1 diverged, 0 failed."));
  EXPECT_THAT(rows_of(text, "0001-s5").at(0),
              ElementsAre("0001-s5", "diverged", "1", "θ is &lt;b&gt;not&lt;/b&gt; finite"));
  EXPECT_EQ(rows_of(text, "1").at(0).at(2), "<strong>2.00</strong>") << "it counts as the worst of all, 1";
  write_outcome(folder_.run(1, 5), {RunOutcome::Status::failed, 0, "no memory", {}});
  EXPECT_THAT(rows_of(page(), "0001-s5").at(0), ElementsAre("0001-s5", "failed", "0", "no memory"));
  write_run(1, 5, plain(4));
  EXPECT_THAT(page(), Not(HasSubstr("did not end well")));
}

TEST_F(SweepPageTest, WhereAllRunsFailedThereIsNoNumber) {
  sweep_of(R"("grid": {"algorithm.inner_lr": [0.1, 0.5]}, "seeds": 2)");
  for (std::size_t point = 0; point < 2; ++point)
    for (const std::uint32_t seed : {1u, 2u})
      write_outcome(folder_.run(point, seed), {RunOutcome::Status::failed, 0, "no memory", {}});
  const std::string text = page();
  EXPECT_EQ(rows_of(text, "1").at(0).at(2), "–");
  EXPECT_THAT(text, AllOf(HasSubstr("0 done, 0 diverged, 4 failed"), Not(HasSubstr("<figure>"))));
}

TEST_F(SweepPageTest, WhatIsNotDoneIsSaid) {
  sweep_of(R"("grid": {"algorithm.inner_lr": [0.1, 0.5]}, "seeds": 2)");
  EXPECT_THAT(page(), AllOf(HasSubstr("No run has come to a stop yet."), HasSubstr("4 not trained")));
  write_run(0, 1, plain(1));
  write_run(0, 2, plain(2));
  write_run(1, 1, {{-4}, {{1, 2}}});
  const std::string text = page();
  EXPECT_THAT(text, AllOf(HasSubstr("1 not trained; 1 point stopped early"),
                          HasSubstr("Points that stopped early come last."),
                          Not(HasSubstr("The difference to the best")),
                          HasSubstr("What is left is trained by"), HasSubstr("All 1 point,")));
  EXPECT_THAT(numbers_of(text)[0]["series"], SizeIs(1)) << "what cannot be compared has no curve";
}

TEST_F(SweepPageTest, PointsOnOtherTasksAreShownApart) {
  sweep_of(R"("grid": {"horizon": [5, 6], "outer.lr": [0.1, 0.2]}, "seeds": 2)");
  write_all([](std::size_t point) { return static_cast<double>(point); });
  const std::string text = page();
  EXPECT_THAT(text, AllOf(HasSubstr("<h2>Results on point_navigation 1</h2>"),
                          HasSubstr("<h2>Curves on point_navigation 2</h2>")));
  EXPECT_THAT(numbers_of(text)[0]["series"], SizeIs(2));
}

TEST_F(SweepPageTest, NamesAreTextWhateverIsInThem) {
  const std::string name = "<script>alert('1')</script>\x01\xff";
  folder_.path = temporary_.path() / name;
  sweep_of(
      R"("grid": {"algorithm.inner_lr": [0.1, 0.5]}, "seeds": 2)",
      R"([{"$name": "<script>alert(2)</script>", "iterations": 2}, {"$name": "b\"&", "iterations": 2}])");
  write_all([](std::size_t point) { return static_cast<double>(point); });
  const std::string text = page();
  EXPECT_THAT(text, AllOf(Not(HasSubstr("<script>alert")), Not(HasSubstr("\xff")), Not(HasSubstr("\x01")),
                          HasSubstr("&lt;script&gt;alert(2)&lt;/script&gt;"), HasSubstr(caption(kLines))));
  EXPECT_EQ(numbers_of(text)[2]["series"][0]["label"], "3: b\"&, inner_lr 0.5");
}

TEST_F(SweepPageTest, ThePageAsksForNothingElseAndIsTheSameAgain) {
  sweep_of(R"("grid": {"outer.lr": [0.001, 0.01], "algorithm.inner_lr": [0.1, 0.5]}, "seeds": 5)");
  write_all([](std::size_t point) { return static_cast<double>(point % 3); });
  const std::string text = page();
  for (const char* foreign : {"http:", "https:", "src=", "href=", "url(", "@import", "fetch(", "<link"})
    EXPECT_THAT(text, Not(HasSubstr(foreign)));
  EXPECT_EQ(text, page());
}

TEST_F(SweepPageTest, ItSaysHowToRepeatIt) {
  sweep_of(R"("grid": {"outer.lr": [0.1, 0.2]}, "seeds": [7, 8])");
  write_all([](std::size_t point) { return static_cast<double>(point); });
  const std::string path = folder_.path.string();
  EXPECT_THAT(page(), AllOf(HasSubstr("innerloop sweep " + path + "/sweep.json --out " + path +
                                      "-again\ncmp " + path + "/results.csv " + path + "-again/results.csv"),
                            HasSubstr("innerloop train " + path + "/runs/0001-s7/config.json --out"),
                            Not(HasSubstr("What is left"))));
  sweep_->options.jobs = 2;
  sweep_->options.halving.first = 1;
  EXPECT_THAT(page(), AllOf(Not(HasSubstr("cmp ")), HasSubstr("depends on who comes first")));
}

TEST(Shades, OneThatIsFarOffLeavesTheColoursToTheOthers) {
  const Shades plain({3, 1, 2});
  EXPECT_FALSE(plain.cuts());
  EXPECT_EQ(plain.shade(1), 0);
  EXPECT_EQ(plain.shade(2), 3);
  EXPECT_EQ(plain.shade(3), 6);
  const Shades cut({1, 2, 3, 4, 5, 6, 7, -1e6});
  EXPECT_TRUE(cut.cuts());
  EXPECT_EQ(cut.shade(-1e6), 0);
  EXPECT_EQ(cut.shade(7), 6);
  EXPECT_LT(cut.shade(2), cut.shade(5));
  EXPECT_EQ(Shades({4, 4}).shade(4), 6);
  EXPECT_EQ(Shades({1, 4, 4, 4, 4}).shade(1), 0) << "and where most are equal no one is far off";
}

TEST(Drawing, AShortenedTextKeepsItsCharactersWhole) {
  EXPECT_EQ(shortened("abcd", 4), "abcd");
  EXPECT_EQ(shortened("abcde", 4), "abc…");
  EXPECT_EQ(shortened("ααααα", 3), "αα…");
}

}  // namespace
}  // namespace innerloop
