// Statistics against other people's libraries (data/make_statistics.py): rliable, arch, SciPy.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/statistics/aggregates.h"
#include "engine/statistics/importance.h"
#include "engine/statistics/intervals.h"
#include "tests/support/paths.h"

namespace innerloop {
namespace {

using nlohmann::json;

constexpr double kExact = 1e-12;

const json& reference() {
  static const json file = [] {
    std::ifstream stream(source_folder() / "tests/data/statistics.json");
    return json::parse(stream);
  }();
  return file;
}

Scores scores_in(const json& rows) { return scores_of(rows.get<std::vector<std::vector<double>>>()); }

Scores scores_named(const std::string& name) {
  for (const json& each : reference()["cases"])
    if (each["name"] == name) return scores_in(each["scores"]);
  throw std::logic_error("statistics.json has no case \"" + name + "\"");
}

std::vector<double> thresholds() { return reference()["thresholds"].get<std::vector<double>>(); }

struct Named {
  const char* name;
  ScoreStatistic of;
};

std::vector<Named> statistics() {
  return {{"mean", mean_score}, {"iqm", interquartile_mean}, {"gap", [](const Scores& scores) {
                                                                return optimality_gap(scores);
                                                              }}};
}

// Both bootstraps give an end of the interval with an error of their own. The 2.5th percentile of N resamples, of standard
// deviation s and about normally distributed, has the standard error √(0.025 · 0.975 / N) / φ(1.96) · s = 2.67 s / √N, and the
// interval is 3.92 s wide: a difference between two of N resamples has 0.963 / √N widths. Five of these are allowed, in
// addition to `step`, one step of a statistic that has few values.
void expect_interval(const std::optional<ConfidenceInterval>& found, const json& wanted, int resamples,
                     double step, const std::string& what) {
  ASSERT_TRUE(found) << what;
  const double low = wanted[0], high = wanted[1];
  const double allowed = 5 * 0.963 / std::sqrt(resamples) * (high - low) + step * (1 + 1e-9);
  EXPECT_NEAR(found->low, low, allowed) << what;
  EXPECT_NEAR(found->high, high, allowed) << what;
}

TEST(StatisticsReference, AggregatesAreEqual) {
  for (const json& each : reference()["cases"]) {
    const Scores scores = scores_in(each["scores"]);
    for (const Named& statistic : statistics())
      EXPECT_NEAR(statistic.of(scores), each[statistic.name].get<double>(), kExact)
          << each["name"] << " " << statistic.name;
  }
}

TEST(StatisticsReference, ProfilesAreEqual) {
  for (const json& each : reference()["cases"]) {
    const std::vector<double> found = fractions_above(scores_in(each["scores"]), thresholds());
    ASSERT_EQ(found.size(), each["profile"].size());
    for (std::size_t i = 0; i < found.size(); ++i)
      EXPECT_NEAR(found[i], each["profile"][i].get<double>(), kExact) << each["name"] << " " << i;
  }
}

TEST(StatisticsReference, ProbabilitiesOfImprovementAreEqual) {
  for (const json& each : reference()["improvements"])
    EXPECT_NEAR(probability_of_improvement(scores_named(each["a"]), scores_named(each["b"])),
                each["probability"].get<double>(), kExact);
}

TEST(StatisticsReference, IntervalsAreEqualButForTheDraws) {
  const int resamples = reference()["resamples"];
  for (const json& each : reference()["cases"]) {
    const Scores scores = scores_in(each["scores"]);
    for (const auto& [what, name] : {std::pair{Resample::runs_of_each_task, "runs_of_each_task"},
                                     std::pair{Resample::whole_runs, "whole_runs"}})
      for (const Named& statistic : statistics()) {
        const Summary found = summary_of(scores, statistic.of, {what, resamples});
        EXPECT_EQ(found.interval.has_value(), each.contains(name)) << each["name"];
        // The scores have three decimals, those with ties one; the interquartile mean is of the fewest.
        const double grain = each["name"].get<std::string>().starts_with("ties") ? 0.1 : 0.001;
        const std::size_t averaged = scores.values.size() - 2 * (scores.values.size() / 4);
        const double step = grain / static_cast<double>(averaged);
        if (each.contains(name))
          expect_interval(found.interval, each[name][statistic.name], resamples, step,
                          each["name"].get<std::string>() + " " + name + " " + statistic.name);
      }
  }
}

TEST(StatisticsReference, IntervalsOfProfilesAreEqualButForTheDraws) {
  const int resamples = reference()["resamples"];
  for (const json& each : reference()["cases"]) {
    if (!each.contains("profile_intervals")) continue;
    const Scores scores = scores_in(each["scores"]);
    const Profile found = profile_of(scores, thresholds(), {Resample::runs_of_each_task, resamples});
    ASSERT_TRUE(found.intervals);
    for (std::size_t i = 0; i < found.above.size(); ++i)
      expect_interval((*found.intervals)[i], each["profile_intervals"][i], resamples,
                      1 / static_cast<double>(scores.values.size()),
                      each["name"].get<std::string>() + " at " + std::to_string(thresholds()[i]));
  }
}

TEST(StatisticsReference, IntervalsOfImprovementsAreEqualButForTheDraws) {
  constexpr int kResamples = 5000;  // rliable's are slow
  for (const json& each : reference()["improvements"]) {
    const Scores a = scores_named(each["a"]), b = scores_named(each["b"]);
    const Summary found = improvement_of(a, b, {Resample::runs_of_each_task, kResamples});
    const double step = 0.5 / static_cast<double>(a.runs * b.runs * a.tasks);
    expect_interval(found.interval, each["runs_of_each_task"], kResamples, step, each["a"]);
  }
}

TEST(StatisticsReference, StudentsIntervalsAreEqual) {
  for (const json& each : reference()["cases"]) {
    const Summary summary = summary_of(scores_in(each["scores"]), mean_score, {.resamples = 1});
    const auto found = t_interval(summary.points);
    ASSERT_EQ(found.has_value(), each.contains("student")) << each["name"];
    if (!found) continue;
    EXPECT_NEAR(found->low, each["student"][0].get<double>(), 1e-7);  // t_quantile's error
    EXPECT_NEAR(found->high, each["student"][1].get<double>(), 1e-7);
  }
}

TEST(StatisticsReference, MainEffectsAreEqual) {
  for (const json& each : reference()["effects"]) {
    const auto groups = each["groups"].get<std::vector<std::size_t>>();
    const auto found = main_effect(groups, each["scores"].get<std::vector<double>>());
    ASSERT_TRUE(found);
    EXPECT_NEAR(*found, std::max(0.0, each["share"].get<double>()), kExact);
  }
}

TEST(StatisticsReference, AreasAreEqual) {
  const json& curve = reference()["curve"];
  EXPECT_NEAR(
      area_under_curve(curve["steps"].get<std::vector<double>>(), curve["values"].get<std::vector<double>>()),
      curve["area"].get<double>(), kExact);
}

}  // namespace
}  // namespace innerloop
