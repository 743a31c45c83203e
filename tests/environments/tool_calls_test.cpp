// Tools: sessions and the worth of tasks against a program of the definition (data/make_tool_vectors.py), what is drawn, what
// is shown, and what changes within a trial.
#include "envs/tool_calls.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/environment_play.h"
#include "tests/support/paths.h"

namespace innerloop {
namespace {

using nlohmann::json;
using Options = ToolCalls::Options;
using Schema = ToolCalls::Schema;
using R = Pack<float, 1>;

const json& vectors() {
  static const json file = [] {
    std::ifstream stream(source_folder() / "tests/data/tool_vectors.json");
    return json::parse(stream);
  }();
  return file;
}

std::vector<float> drawn(const Options& options, std::uint32_t task) {
  std::vector<float> numbers(static_cast<std::size_t>(kTaskSize<ToolCalls>));
  auto random = stream<R>(Purpose::task, task);
  ToolCalls::Task<R> of;
  ToolCalls::draw<R>(options, random, of);
  scatter_fields<R>(of, [&](int i, R x) { numbers[static_cast<std::size_t>(i)] = x.get(0); });
  return numbers;
}

struct Tool {
  int needs, gives, loses;
  float cost, failure;
};

// A session of one task.
class Session {
 public:
  Session(const Options& options, std::vector<float> task) : options_(options), numbers_(std::move(task)) {
    numbers_.resize(static_cast<std::size_t>(kTaskSize<ToolCalls>));
  }
  void start(std::uint32_t number) {
    auto random = stream<R>(Purpose::reset, number);
    state = ToolCalls::reset<R>(options_, task(), trial, random);
  }
  Outcome<R> call(int tool, std::uint32_t number = 0) {
    auto random = stream<R>(Purpose::environment, 0, number);
    return ToolCalls::step<R>(options_, task(), trial, state, IntPack<R>(tool), random);
  }
  std::vector<float> seen() const {
    std::vector<float> numbers(static_cast<std::size_t>(ToolCalls::observation(options_).numbers), -1.0f);
    const auto see = [&](int d, R x) { numbers.at(static_cast<std::size_t>(d)) = x.get(0); };
    auto random = stream<R>(Purpose::observation, 0);
    ToolCalls::observe<R>(options_, task(), trial, state, random, Sink(see, [](int, auto) {}));
    return numbers;
  }
  Tool tool(int k) const { return tool_at(k * ToolCalls::parts(options_)); }
  Tool tool_at(int first) const {
    return {number(first), number(first + 1), number(first + 2), real(first + 3), real(first + 4)};
  }
  int number(int i) const { return static_cast<int>(real(i)); }
  float real(int i) const { return numbers_[static_cast<std::size_t>(i)]; }
  int held() const { return static_cast<int>(state.held.get(0)); }
  int result() const { return static_cast<int>(state.result.get(0)); }

  ToolCalls::State<R> state = {R(0), R(0), R(0)};
  ToolCalls::Trial<R> trial = {R(0)};

 private:
  TaskNumbers<R> task() const { return {numbers_.data(), 0}; }

  const Options options_;
  std::vector<float> numbers_;
};

TEST(ToolCalls, SessionsAreThoseOfTheDefinition) {
  int calls = 0, solved = 0;
  for (const json& of : vectors()["tasks"])
    for (const auto& [goal, rows] : of["sessions"].items()) {
      Session session({}, of["task"].get<std::vector<float>>());
      session.state.goal = R(std::stof(goal));
      for (const json& row : rows) {
        const Outcome<R> outcome = session.call(row[0]);
        ASSERT_EQ(session.held(), row[1]) << row;
        ASSERT_EQ(session.result(), row[2]) << row;
        ASSERT_NEAR(outcome.reward.get(0), row[3].get<double>(), 1e-6);
        ASSERT_EQ(outcome.terminated.get(0) != 0, row[4] != 0);
        ++calls;
        solved += row[4] != 0;
      }
    }
  EXPECT_GT(calls, 500);
  EXPECT_GT(solved, 5);
}

// The types before a tool's own in some order are enough: so each can be had, were nothing lost.
TEST(ToolCalls, EachTypeCanBeHad) {
  double needs_two = 0, loses = 0, needs_any = 0, reliable = 0, tools = 0;
  for (std::uint32_t task = 0; task < 2000; ++task) {
    const Session session({}, drawn({}, task));
    int had = 0;
    for (int round = 0; round < 6; ++round)
      for (int k = 0; k < 10; ++k)
        if (const Tool tool = session.tool(k); (tool.needs & had) == tool.needs) had |= 1 << tool.gives;
    ASSERT_EQ(had, 63) << task;
    int first = -1;
    for (int k = 0; k < 10; ++k) {
      const Tool tool = session.tool(k);
      const int count = std::popcount(static_cast<unsigned>(tool.needs));
      ASSERT_LE(count, 2);
      ASSERT_EQ(tool.loses & ~tool.needs, 0);
      ASSERT_LE(std::popcount(static_cast<unsigned>(tool.loses)), 1);
      ASSERT_TRUE(tool.cost >= 0.02f && tool.cost <= 0.1f);
      ASSERT_TRUE(tool.failure == 0 || (tool.failure >= 0.1f && tool.failure <= 0.4f));
      if (count == 0) first = tool.gives;
      needs_any += count > 0;
      needs_two += count == 2;
      loses += tool.loses != 0;
      reliable += tool.failure == 0;
      ++tools;
    }
    for (int i = 0; i < 3; ++i) ASSERT_NE(session.number(50 + i), first) << "a goal is one of the last types";
  }
  EXPECT_EQ(needs_any, 0.9 * tools);
  // Four tools in the order and, of four others, those that draw two types.
  EXPECT_NEAR(needs_two / tools, (2 + 2 * 5.0 / 6) / 10, 0.012);
  EXPECT_NEAR(loses / needs_any, 0.25, 0.012);
  EXPECT_NEAR(reliable / tools, 0.5, 0.015);
}

TEST(ToolCalls, GoalsAreEachAsOften) {
  Session session({}, drawn({}, 5));
  std::vector<int> count(6);
  for (std::uint32_t i = 0; i < 3000; ++i) {
    session.start(i);
    ++count[static_cast<std::size_t>(session.state.goal.get(0))];
  }
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(count[static_cast<std::size_t>(session.number(50 + i))], 1000, 130);
}

TEST(ToolCalls, CallsFailAsOftenAsTheTaskSays) {
  for (const ToolCalls::Errors errors : {ToolCalls::Errors::told, ToolCalls::Errors::alike}) {
    const Options options = {.types = 2, .tools = 2, .errors = errors};
    // One tool gives type 0 in 7 of 10 calls, the other makes type 1 of it.
    Session session(options, {0, 0, 0, 0.5f, 0.3f, 1, 1, 1, 0.25f, 0, 1});
    int failed = 0;
    for (std::uint32_t i = 0; i < 4000; ++i) {
      session.start(i);
      EXPECT_EQ(session.call(1, i).reward.get(0), -0.25f);
      ASSERT_EQ(session.result(), 3);
      EXPECT_EQ(session.call(0, i).reward.get(0), -0.5f);
      const bool fails = session.held() == 0;
      ASSERT_EQ(session.result(), !fails ? 1 : errors == ToolCalls::Errors::told ? 4 : 3);
      failed += fails;
      if (fails) continue;
      const Outcome<R> outcome = session.call(1, i);
      ASSERT_EQ(session.held(), 2) << "it loses what it needs";
      ASSERT_EQ(outcome.reward.get(0), 0.75f);
      ASSERT_NE(outcome.terminated.get(0), 0);
    }
    EXPECT_NEAR(failed / 4000.0, 0.3, 0.03);
  }
}

TEST(ToolCalls, AShownSchemaIsEachToolsOwn) {
  for (const Schema schema : {Schema::shown, Schema::stale}) {
    const Options options = {.schema = schema, .staleness = 0};
    Session session(options, drawn(options, 9));
    session.start(0);
    const std::vector<float> seen = session.seen();
    ASSERT_EQ(seen.size(), 16u + 180u);
    for (std::size_t k = 0; k < 10; ++k) {
      const Tool tool = session.tool(static_cast<int>(k));
      for (std::size_t type = 0; type < 6; ++type) {
        const std::size_t at = 16 + 18 * k + type;
        EXPECT_EQ(seen[at], tool.needs >> type & 1);
        EXPECT_EQ(seen[at + 6], tool.gives == static_cast<int>(type) ? 1 : 0);
        EXPECT_EQ(seen[at + 12], tool.loses >> type & 1);
      }
    }
  }
}

TEST(ToolCalls, StaleDocumentsAreWrongAsOftenAsIsSaid) {
  const Options options = {.schema = Schema::stale, .staleness = 0.3f};
  int wrong_needs = 0, wrong_gives = 0;
  for (std::uint32_t task = 0; task < 1000; ++task) {
    const Session session(options, drawn(options, task));
    for (int k = 0; k < 10; ++k) {
      const Tool tool = session.tool(k);
      const int needs = session.number(7 * k + 5), gives = session.number(7 * k + 6);
      ASSERT_FALSE(needs != tool.needs && gives != tool.gives);
      wrong_needs += needs != tool.needs;
      wrong_gives += gives != tool.gives;
    }
  }
  EXPECT_NEAR(wrong_needs / 1e4, 0.15, 0.015);
  EXPECT_NEAR(wrong_gives / 1e4, 0.15, 0.015);
}

// The change is drawn; from its episode on, and not before, its tool is the new one, of the same kind of use.
TEST(ToolCalls, OneToolBecomesAnotherWithinATrial) {
  int changed_schemas = 0;
  std::vector<int> after(6);
  for (std::uint32_t task = 0; task < 300; ++task)
    for (const Schema schema : {Schema::shown, Schema::stale}) {
      const Options options = {.schema = schema, .staleness = 0, .change_until = 6};
      Session session(options, drawn(options, task));
      const int at = 10 * ToolCalls::parts(options) + 3, tool = session.number(at),
                episodes = session.number(at + 1);
      ASSERT_TRUE(episodes >= 1 && episodes <= 5);
      ++after[static_cast<std::size_t>(episodes)];
      session.start(0);
      const std::vector<float> first = session.seen();
      for (int episode = 1; episode <= 6; ++episode) {
        if (episode > 1) session.start(static_cast<std::uint32_t>(episode));
        const Tool now = episode > episodes ? session.tool_at(at + 2) : session.tool(tool);
        session.state.held = R(static_cast<float>(63 & ~(1 << now.gives)));
        session.state.goal = R(static_cast<float>(now.gives));
        const float reward = session.call(tool, 7).reward.get(0);
        const int given = 1 << now.gives;
        if (now.failure == 0 && ((now.loses | now.needs) & given) == 0) {
          ASSERT_EQ(reward, 1 - now.cost) << task << ", episode " << episode;
        }
        std::vector<float> seen = session.seen();
        std::copy(first.begin(), first.begin() + 16, seen.begin());
        if (schema == Schema::stale || episode <= episodes) {
          ASSERT_EQ(seen, first);
        } else {
          changed_schemas += seen != first;
        }
      }
    }
  EXPECT_GT(changed_schemas, 500);
  for (int i = 1; i < 6; ++i) EXPECT_NEAR(after[static_cast<std::size_t>(i)], 120, 50);
}

TEST(ToolCalls, SayWhatIsGoingOn) {
  Session session({}, drawn({}, 5));
  session.start(1);
  session.state = {R(5), R(3), R(3)};
  const std::vector<float> seen = session.seen();
  EXPECT_EQ(ToolCalls::say({}, {seen}), "has 0 2, wants 3, missing");
  EXPECT_EQ(ToolCalls::state_number({}, session.state), (3 * 6 + 3) * 64 + 5);
}

}  // namespace
}  // namespace innerloop
