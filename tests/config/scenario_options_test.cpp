// Plants that cannot be, tools and mazes that make no sense: each is refused with its bound.
#include <gtest/gtest.h>

#include "engine/config/config.h"
#include "engine/error.h"

namespace innerloop {
namespace {

std::string environment_error(const std::string& environment) {
  try {
    parse_config(R"({"environment": )" + environment + "}", "x.json");
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

void expect_error(const std::string& environment, const std::string& option, const std::string& about) {
  const std::string error = environment_error(environment);
  EXPECT_NE(error.find("/environment/" + option), std::string::npos) << error;
  EXPECT_NE(error.find(about), std::string::npos) << error;
}

TEST(ScenarioOptions, RefusePlantsThatCannotBe) {
  EXPECT_EQ(environment_error(R"({"name": "cstr"})"), "accepted");
  expect_error(R"({"name": "cstr", "coolant_low": 315})", "coolant_low", "below coolant_high");
  expect_error(R"({"name": "cstr", "coolant_limit": [270, 300]})", "coolant_limit", "above coolant_low");
  expect_error(R"({"name": "cstr", "feed_concentration": [0.9, 1]})", "feed_concentration", "above 0.92");
  expect_error(R"({"name": "cstr", "flow": [0, 1]})", "flow", "0.2");
  expect_error(R"({"name": "cstr", "catalyst_decay": [0, 1]})", "catalyst_decay", "0.1");
  expect_error(R"({"name": "four_tank", "valve_1": [0, 0.5]})", "valve_1", "0.05");
  expect_error(R"({"name": "four_tank", "pump_limit": [1, 10]})", "pump_limit", "3");
  expect_error(R"({"name": "dc_drive", "inductance": [0.1, 1]})", "inductance", "0.5");
  expect_error(R"({"name": "dc_drive", "voltage_limit": [50, 70]})", "voltage_limit", "60");
  expect_error(R"({"name": "distillation", "time_top_steam": [0, 1]})", "time_top_steam", "0.1");
  expect_error(R"({"name": "distillation", "noise": 0.5})", "noise", "0.1");
}

TEST(ScenarioOptions, RefuseToolsAndMazesThatMakeNoSense) {
  expect_error(R"({"name": "tool_calls", "types": 8, "tools": 7})", "tools", "at least types");
  expect_error(R"({"name": "tool_calls", "types": 9})", "types", "8");
  expect_error(R"({"name": "tool_calls", "change_until": 1})", "change_until", "at least 2");
  expect_error(R"({"name": "tool_calls", "failure": [0.1, 1]})", "failure", "below 1");
  expect_error(R"({"name": "alchemy", "most_requirements": 4})", "most_requirements", "3");
  expect_error(R"({"name": "maze_navigation", "size": 8})", "size", "odd");
  expect_error(R"({"name": "maze_navigation", "size": 17})", "size", "15");
  expect_error(R"({"name": "xland", "size": 6})", "size", "7");
  expect_error(R"({"name": "xland", "benchmark": "high"})", "benchmark", "medium");
}

}  // namespace
}  // namespace innerloop
