#include "engine/benchmark/throughput.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

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
