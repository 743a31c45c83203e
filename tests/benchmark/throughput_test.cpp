#include "engine/benchmark/throughput.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "engine/error.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

using testing::HasSubstr;

Config small(const std::string& rest = "") {
  return parse_config(R"({"horizon": 5, "policy": {"name": "mlp", "hidden": [3, 3]})" + rest + "}", "test");
}

TEST(Throughput, EveryCombinationIsMeasured) {
  Device device({.backend = Backend::cpu, .threads = 1, .instructions = ""});
  const Config config = small();
  int told = 0;
  const auto results =
      measure_throughput(config, {.tasks = {2, 3}, .envs = {4}, .widths = {5, 6}, .inner_steps = {1, 2}},
                         device, [&](const Throughput&) { ++told; });
  ASSERT_EQ(results.size(), 8u);
  EXPECT_EQ(told, 8);
  for (const Throughput& each : results) {
    EXPECT_GT(each.playing.value(), 0);
    EXPECT_GT(each.learning.value(), 0);
  }
  EXPECT_EQ(results[0].tasks, 2);
  EXPECT_EQ(results[1].tasks, 3);
  EXPECT_EQ(results[7].width, 6);
  EXPECT_EQ(results[7].inner_steps, 2);
  EXPECT_GT(results[7].memory_bytes, results[0].memory_bytes);
  const auto json = throughput_json(config, results, device);
  EXPECT_EQ(json["results"][7]["width"], 6);
  EXPECT_EQ(json["results"][7]["learning_env_steps_per_second"], *results[7].learning);
  const std::string page = throughput_page(config, results, device);
  EXPECT_THAT(page, HasSubstr("Hidden layers of 5"));
  EXPECT_THAT(page, HasSubstr("Hidden layers of 6"));
  EXPECT_THAT(page, HasSubstr("2 inner steps, 4 environments a task"));
}

TEST(Throughput, ThePageHasAnAxisOfLogarithms) {
  const Device device({.backend = Backend::cpu, .threads = 1, .instructions = ""});
  std::vector<Throughput> results;
  for (const int tasks : {1, 10, 100, 1000}) {
    results.emplace_back();
    results.back().tasks = tasks;
    results.back().envs = 10;
    results.back().width = 5;
    results.back().playing = results.back().learning = tasks;
  }
  const std::string page = throughput_page(small(), results, device);
  std::vector<double> places;
  for (const char* label : {"10", "100", "1 k", "10 k"}) {
    const std::regex tick(R"x(class="x tick" x="([0-9.]+)" y="[0-9.]+">)x" + std::string(label) + "</text>");
    std::smatch match;
    ASSERT_TRUE(std::regex_search(page, match, tick)) << label;
    places.push_back(std::stod(match[1]));
  }
  for (const std::size_t i : {2u, 3u}) EXPECT_NEAR(places[i] - places[i - 1], places[1] - places[0], 0.2);
  EXPECT_GT(places[1], places[0] + 50);
  EXPECT_THAT(page, HasSubstr(R"("powers_of_ten":true)")) << "the pointer tells numbers, not logarithms";
}

TEST(Throughput, WhatDoesNotFitIsAResultToo) {
  Device device({.backend = Backend::cpu, .threads = 1, .instructions = ""});
  const auto results = measure_throughput(
      small(), {.tasks = {1 << 24}, .envs = {1 << 10}, .widths = {3}, .inner_steps = {1}}, device);
  ASSERT_EQ(results.size(), 1u);
  EXPECT_FALSE(results[0].playing);
  EXPECT_FALSE(results[0].learning);
  EXPECT_GT(results[0].memory_bytes, 1ll << 32);
  EXPECT_TRUE(throughput_json(small(), results, device)["results"][0]["env_steps_per_second"].is_null());
  EXPECT_THAT(throughput_table_line(results[0]), HasSubstr("-"));
}

TEST(Throughput, AnAlgorithmWithoutInnerStepsIsRefused) {
  Device device({.backend = Backend::cpu, .threads = 1, .instructions = ""});
  const Config config =
      parse_config(R"({"algorithm": {"name": "ppo"}, "at_episode_end": "restart"})", "test");
  try {
    measure_throughput(config, {}, device);
    FAIL() << "wanted an InputError";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 R"(bench --sweep: wanted an algorithm that learns by gradient steps, found "ppo")");
  }
}

}  // namespace
}  // namespace innerloop
