// train --timings and --trace: what they tell adds up, and changes nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>

#include "engine/error.h"
#include "engine/run/profiler.h"
#include "tests/commands/command_line_fixture.h"

namespace innerloop {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Key;

class ProfileTest : public CommandLineTest {
 protected:
  void train_on_two_threads(std::vector<std::string> more) const {
    std::vector<std::string> arguments = {"train", "tiny.json", "--out", "run", "--threads", "2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Ended ended = run(arguments);
    ASSERT_EQ(ended.exit_code, kExitDone) << ended.err;
  }
};

std::vector<json> objects_of(const std::string& text) {
  std::vector<json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
  return lines;
}

TEST_F(ProfileTest, TimingsAddUpToTheSecondsOfAllThreads) {
  train_on_two_threads({"--timings"});
  const std::vector<json> lines = objects_of(read_text(path("run/metrics.jsonl")));
  ASSERT_FALSE(lines.empty());
  for (const json& line : lines) {
    const auto timings = line.at("timings").get<std::map<std::string, double>>();
    EXPECT_THAT(timings, AllOf(Contains(Key("Rollout<PointNavigation>")), Contains(Key("waiting")),
                               Contains(Key("host")), Contains(Key("OuterStep"))));
    double sum = 0;
    for (const auto& [operation, seconds] : timings) {
      EXPECT_GE(seconds, -1e-9) << operation;
      sum += seconds;
    }
    EXPECT_NEAR(sum, 2 * line.at("seconds").get<double>(), 1e-6);
  }
  EXPECT_THAT(read_text(path("out")), AllOf(HasSubstr("operation"), HasSubstr("Rollout<PointNavigation>")));
}

TEST_F(ProfileTest, ATraceShowsTheIterationsOfEachThreadAndNothingAtOnce) {
  train_on_two_threads({"--trace", "trace.json", "--profile", "2-3"});
  const json trace = json::parse(read_text(path("trace.json")));
  std::map<int, std::string> threads;
  std::map<int, double> ends;
  int rollouts = 0;
  for (const json& event : trace.at("traceEvents")) {
    const int thread = event.at("tid");
    if (event.at("ph") == "M") {
      threads[thread] = event.at("args").at("name");
      continue;
    }
    EXPECT_EQ(event.at("ph"), "X");
    // Rounded to nanoseconds, an end may lie after the next begin by one.
    EXPECT_GE(event.at("ts").get<double>(), ends[thread] - 0.002);
    ends[thread] = event.at("ts").get<double>() + event.at("dur").get<double>();
    rollouts += event.at("name") == "Rollout<PointNavigation>" ? 1 : 0;
  }
  EXPECT_EQ(threads, (std::map<int, std::string>{{0, "thread 0"}, {1, "thread 1"}}));
  // Of two iterations, before and after each of two inner steps, for each of three tasks.
  EXPECT_EQ(rollouts, 2 * 3 * 3);
}

TEST_F(ProfileTest, NothingElseChanges) {
  train({}, "plain");
  train({"--timings", "--trace", "trace.json", "--profile", "1"}, "watched");
  EXPECT_EQ(newest_checkpoint_bytes(path("plain")), newest_checkpoint_bytes(path("watched")));
}

TEST_F(ProfileTest, IterationsThatAreNoneAreRefused) {
  for (const char* text : {"0", "3-2", "a", "2-", "-2", "2-3x", ""})
    EXPECT_THROW(read_iterations(text), InputError) << text;
  EXPECT_EQ(read_iterations("5").last, 5);
  EXPECT_EQ(read_iterations("5-8").first, 5);
  EXPECT_EQ(read_iterations("5-8").last, 8);
  EXPECT_THAT(refusal({"train", "tiny.json", "--profile", "8-5"}), HasSubstr("--profile: wanted iterations"));
  EXPECT_THAT(refusal({"train", "tiny.json", "--backend", "cpu", "--profile", "2"}),
              HasSubstr("--profile: wanted --trace, or a GPU"));
  EXPECT_THAT(refusal({"train", "tiny.json", "--trace", "trace.json", "--profile", "7-9"}),
              HasSubstr("from 1 to 6, found 7-9"));
  EXPECT_THAT(refusal({"train", "tiny.json", "--trace", "none/trace.json"}), HasSubstr("none"));
}

}  // namespace
}  // namespace innerloop
