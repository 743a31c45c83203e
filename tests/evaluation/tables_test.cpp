#include "engine/evaluation/tables.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "engine/text/columns.h"

namespace innerloop {
namespace {

using Json = nlohmann::ordered_json;

Json point(double mean, Json ci95) {
  return {{"step", 0}, {"episode", 1}, {"mean_return", mean}, {"ci95", ci95}};
}

Json report_of(const std::vector<double>& means) {
  Json curve = Json::array();
  for (const double mean : means) curve.push_back(point(mean, 2.5));
  return {
      {"algorithm", "maml"},
      {"curve", curve},
      {"trial_return", {{"mean", means[0]}, {"ci95", nullptr}}},
      {"baselines",
       Json::array(
           {{{"name", "random"}, {"curve", curve}, {"trial_return", {{"mean", means[0]}, {"ci95", 1.5}}}}})}};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream all(text);
  for (std::string line; std::getline(all, line);) lines.push_back(line);
  return lines;
}

TEST(Tables, LongNumbersStandApartAndInTheirColumns) {
  const auto short_lines = lines_of(step_table(report_of({-40.2, -3}), "h"));
  EXPECT_EQ(short_lines[1], "step   maml               random initialisation");
  EXPECT_EQ(short_lines[2], "   0   -40.20 ±  2.50      -40.20 ±  2.50");
  for (const double mean : {-13656.48, -123456789.25}) {
    const auto lines = lines_of(step_table(report_of({mean, -3}), "h"));
    EXPECT_EQ(lines[2].substr(0, 6), "   0 -") << lines[2];
    EXPECT_EQ(lines[2].size(), lines[3].size());
    const auto trial = lines_of(trial_table(report_of({mean, -3}), "h"));
    EXPECT_EQ(trial[2].substr(0, 9), "      1 -") << trial[2];
    EXPECT_EQ(trial[2].size(), trial[3].size());
  }
}

TEST(Tables, TellWhatIsLackingToAnOracle) {
  Json report = report_of({3, 5});
  EXPECT_EQ(trial_table(report, "h").find("regret"), std::string::npos);
  report["baselines"].push_back(
      {{"name", "oracle"}, {"curve", report["curve"]}, {"trial_return", {{"mean", 7.25}, {"ci95", 1.5}}}});
  EXPECT_EQ(lines_of(trial_table(report, "h")).back(),
            " regret     4.25                4.25                    0.00");
  report["pass_k"] = report["baselines"][0]["pass_k"] = report["baselines"][1]["pass_k"] = {0.5, 0.125};
  const auto lines = lines_of(trial_table(report, "h"));
  EXPECT_EQ(lines[lines.size() - 3], "Share of trials solved in all of k episodes:");
  EXPECT_EQ(lines.back(), "      2    0.125               0.125                   0.125");
  report["beyond_limits"] = report["baselines"][0]["beyond_limits"] =
      report["baselines"][1]["beyond_limits"] = {0.25, 0};
  const auto longer = lines_of(trial_table(report, "h"));
  EXPECT_EQ(longer[longer.size() - 3], "Share of an episode's steps beyond a limit of the plant:");
  EXPECT_EQ(longer.back(), "      2    0.000               0.000                   0.000");
}

TEST(Tables, TextTakesColumnsAndNotBytes) {
  EXPECT_EQ(columns_in("abc"), 3u);
  EXPECT_EQ(columns_in("Löwe→"), 5u);
  EXPECT_EQ(columns_in("e\xcc\x81"), 1u);  // e and an accent that joins it
  EXPECT_EQ(columns_in("学习"), 4u);
  EXPECT_EQ(columns_in("a\xff"), 2u);  // no UTF-8
  EXPECT_EQ(columns_in("\xe5\xad"), 1u);
  EXPECT_EQ(filled("ö", 3), "ö  ");
  EXPECT_EQ(filled_left("ö", 3), "  ö");
  EXPECT_EQ(filled("long", 3), "long");
}

}  // namespace
}  // namespace innerloop
