// Mazes, rooms and families of recall against a program of their definitions (data/make_recall_vectors.py): every number of
// every step of a few trials.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "envs/barcode_bandit.h"
#include "envs/contextual_choice.h"
#include "envs/dark_room.h"
#include "envs/episodic_two_step.h"
#include "envs/key_door.h"
#include "envs/t_maze.h"
#include "kernels/environment/episode.h"
#include "tests/support/paths.h"

namespace innerloop {
namespace {

using nlohmann::json;

const json& vectors() {
  static const json file = [] {
    std::ifstream stream(source_folder() / "tests/data/recall_vectors.json");
    return json::parse(stream);
  }();
  return file;
}

// The options of a case; of a choice, its number.
struct ReadOptions {
  const json& from;
  template <class Option>
  requires(!std::is_enum_v<Option>) void operator()(const char* name, Option& option, const auto&...) const {
    option = from.at(name).get<Option>();
  }
  template <class Enum, std::size_t N>
  requires std::is_enum_v<Enum>
  void operator()(const char* name, Enum& option, const Choices<N>& choices, const char*) const {
    for (std::size_t i = 0; i < N; ++i)
      if (from.at(name) == choices.items[i].name) option = static_cast<Enum>(i);
  }
};

template <class Env, class R>
void expect_the_trial(const json& of, double bound) {
  using T = typename R::value_type;
  typename Env::Options options;
  ReadOptions read{of["environment"]};
  Env::describe(read, options);
  std::vector<T> numbers = of["task"].get<std::vector<T>>(),
                 between(static_cast<std::size_t>(episode_size<Env>(options)));
  ASSERT_EQ(numbers.size(), Env::task_numbers(options).size());
  numbers.resize(static_cast<std::size_t>(kTaskSize<Env>));
  const auto task = load_task<Env, R>(numbers.data());
  const RandomKey key = {vectors()["key"][0], vectors()["key"][1]};
  const auto at = [&](int step, Purpose purpose) {
    using U = UintPack<R>;
    return Random<R>(key, U(0), U(0), U(static_cast<std::uint32_t>(step)), purpose, 0);
  };
  Episode<Env, R> episode(options, task, between.data(), 1);
  episode.begin(at(0, Purpose::trial), at(0, Purpose::reset));
  int left = of["horizon"];
  for (int t = 0; t < static_cast<int>(of["rows"].size()); ++t) {
    const json& row = of["rows"][static_cast<std::size_t>(t)];
    if (left == 0) {
      episode.restart(Mask<R>(-1), at(t, Purpose::reset));
      left = of["horizon"];
    }
    const auto expect_seen = [&](Purpose purpose, int step, const json& wanted) {
      double seen = 0;
      int count = 0;
      const auto add = [&](int d, R x) {
        seen += std::sqrt(d + 2.0) * x.get(0);
        ++count;
      };
      episode.observe(at(step, purpose), Sink(add, [](int, auto) {}));
      ASSERT_EQ(count, Env::observation(options).numbers);
      ASSERT_NEAR(seen, wanted.get<double>(), bound) << of["environment"] << ", step " << t;
    };
    expect_seen(Purpose::observation, t, row[0]);
    const IntPack<R> action(of["actions"][static_cast<std::size_t>(t)].get<int>());
    const Outcome<R> outcome = episode.step(action, at(t, Purpose::environment));
    ASSERT_NEAR(outcome.reward.get(0), row[1].get<double>(), bound) << of["environment"] << ", step " << t;
    ASSERT_EQ(outcome.terminated.get(0) != 0, row[2] != 0) << of["environment"] << ", step " << t;
    if (row.size() == 4) expect_seen(Purpose::last_observation, t + 1, row[3]);
    left = row[2] != 0 ? 0 : left - 1;
  }
}

template <class Env>
class RecallVectors : public testing::Test {};
struct NameOf {
  template <class Env>
  static std::string GetName(int) {
    return Env::name;
  }
};
using Families = testing::Types<TMaze, KeyDoor, DarkRoom, BarcodeBandit, EpisodicTwoStep, ContextualChoice>;
TYPED_TEST_SUITE(RecallVectors, Families, NameOf);

TYPED_TEST(RecallVectors, AreTheSteps) {
  using Env = TypeParam;
  int cases = 0, rewards = 0;
  for (const json& of : vectors()["cases"]) {
    if (of["environment"]["name"] != Env::name) continue;
    expect_the_trial<Env, Pack<double, 1>>(of, 1e-10);
    expect_the_trial<Env, Pack<float, 1>>(of, 2e-5);
    ++cases;
    for (const json& row : of["rows"]) rewards += row[1] > 0;
  }
  EXPECT_GE(cases, 2);
  EXPECT_GE(rewards, 8);  // or there would be little to compare
}

}  // namespace
}  // namespace innerloop
