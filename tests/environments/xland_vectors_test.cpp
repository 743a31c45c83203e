// Rooms of things against XLand-MiniGrid itself (data/make_xland_vectors.py): 100,800 steps of 1,008 rulesets of its
// benchmarks, from the same states, with everything that each step leads to.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "envs/xland.h"
#include "tests/support/environment_play.h"
#include "tests/support/paths.h"

namespace innerloop {
namespace {

using nlohmann::json;
using R = Pack<float, 1>;
using State = XLand::State<R>;

const json& vectors() {
  static const json file = [] {
    std::ifstream stream(source_folder() / "tests/data/xland_vectors.json");
    return json::parse(stream);
  }();
  return file;
}

// The script's generator.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : state_(seed) {}
  int below(int count) {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return static_cast<int>(((z ^ (z >> 31)) >> 48) % static_cast<std::uint64_t>(count));
  }

 private:
  std::uint64_t state_;
};

// One that the script's draw_episode starts with.
State draw_state(const XLand::Options& options, const TaskNumbers<R>& task, Generator& generator) {
  const int things = XLand::things(options);
  std::vector<int> cells;
  for (int row = 1; row < options.size - 1; ++row)
    for (int column = 1; column < options.size - 1; ++column) cells.push_back(32 * row + column);
  for (std::size_t i = 0; i <= static_cast<std::size_t>(things); ++i)
    std::swap(cells[i],
              cells[i + static_cast<std::size_t>(generator.below(static_cast<int>(cells.size() - i)))]);
  State state{};
  for (int i = 0; i < things; ++i) {
    state.tiles[i] = task[IntPack<R>(XLand::things_at(options) + i)];
    state.cells[i] = R(static_cast<float>(cells[static_cast<std::size_t>(i)]));
  }
  state.at = R(static_cast<float>(cells[static_cast<std::size_t>(things)]));
  state.direction = R(static_cast<float>(generator.below(4)));
  state.steps = R(static_cast<float>(generator.below(137)));
  const int carried = generator.below(2 * things);
  if (carried < things && Tiles::is_carried(static_cast<int>(state.tiles[carried].get(0))))
    state.cells[carried] = R(XLand::kHeld);
  return state;
}

using Numbers = std::vector<std::uint32_t>;

// What the script sums up of a step: agent, pocket, end, reward, the grid, what is seen.
Numbers numbers_of(const XLand::Options& options, const TaskNumbers<R>& task, const State& state,
                   const Outcome<R>& outcome) {
  const auto whole = [](R x) { return static_cast<int>(x.get(0)); };
  const int size = options.size, at = whole(state.at);
  int pocket = 0;
  std::vector<int> grid(static_cast<std::size_t>(size * size), Tiles::kFloor);
  for (int i = 0; i < size; ++i)
    for (const int cell : {i, size * (size - 1) + i, size * i, size * i + size - 1})
      grid[static_cast<std::size_t>(cell)] = Tiles::kWall;
  for (int i = 0; i < XLand::things(options); ++i) {
    const int tile = whole(state.tiles[i]), cell = whole(state.cells[i]);
    if (tile == 0) continue;
    if (cell == XLand::kHeld)
      pocket = tile;
    else
      grid[static_cast<std::size_t>(cell / 32 * size + cell % 32)] = tile;
  }
  Numbers numbers;
  const auto add = [&](int number) { numbers.push_back(static_cast<std::uint32_t>(number)); };
  const auto add_tile = [&](int tile) {
    add(Tiles::type_of(tile));
    add(Tiles::colour_of(tile));
  };
  add(at / 32);
  add(at % 32);
  add(whole(state.direction));
  add_tile(pocket);
  add(outcome.terminated.get(0) != 0);
  add(static_cast<int>(std::lround(1e4 * double{outcome.reward.get(0)})));
  for (const int tile : grid) add_tile(tile);
  std::array<int, 50> symbols = {};
  std::array<float, 4> seen = {};
  auto random = stream<R>(Purpose::observation, 0);
  const auto number = [&](int d, R x) { seen[static_cast<std::size_t>(d)] = x.get(0); };
  const auto symbol = [&](int p, IntPack<R> s) { symbols[static_cast<std::size_t>(p)] = s.get(0); };
  XLand::observe<R>(options, task, state, random, Sink(number, symbol));
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(seen[static_cast<std::size_t>(i)], i == whole(state.direction) ? 1.0f : 0.0f);
  for (const int each : symbols) add(each);
  return numbers;
}

std::uint32_t sum_of(const Numbers& numbers) {
  std::uint32_t sum = 0, weight = 0;
  for (const std::uint32_t number : numbers) sum += number * (weight += 2654435761u);
  return sum;
}

TEST(XLandVectors, AreTheSteps) {
  constexpr std::array kActions = {0, 0, 0, 1, 2, 3, 3, 4, 4, 5};
  const int episodes = vectors()["episodes"], steps = vectors()["steps"];
  int played = 0, reached = 0;
  std::uint64_t seed = 0;
  for (const json& group : vectors()["groups"]) {
    XLand::Options options{.size = group["size"]};
    for (const auto& [name, benchmark] : {std::pair("trivial", XLand::Benchmark::trivial),
                                          {"small", XLand::Benchmark::small},
                                          {"medium", XLand::Benchmark::medium}})
      if (group["benchmark"] == name) options.benchmark = benchmark;
    for (std::size_t i = 0; i < group["rulesets"].size(); ++i, ++seed) {
      std::vector<float> numbers = group["rulesets"][i];
      ASSERT_EQ(numbers.size(), XLand::task_numbers(options).size());
      EXPECT_FALSE(XLand::task_fault(options, numbers).has_value());
      const TaskNumbers<R> task(numbers.data(), 0);
      Generator generator(seed);
      for (int episode = 0; episode < episodes; ++episode) {
        State state = draw_state(options, task, generator);
        std::uint32_t sum = 0;
        for (int t = 0; t < steps; ++t, ++played) {
          const IntPack<R> action(kActions[static_cast<std::size_t>(generator.below(10))]);
          auto random = stream<R>(Purpose::environment, 0);
          const Outcome<R> outcome = XLand::step<R>(options, task, state, action, random);
          sum = sum * 16777619u + sum_of(numbers_of(options, task, state, outcome));
          reached += outcome.terminated.get(0) != 0;
        }
        ASSERT_EQ(sum, group["sums"][i][static_cast<std::size_t>(episode)].get<std::uint32_t>())
            << group["benchmark"] << " " << options.size << ", ruleset " << i << ", episode " << episode;
      }
    }
  }
  EXPECT_EQ(played, 100800);
  EXPECT_EQ(reached, vectors()["goals_reached"].get<int>());
  EXPECT_GT(reached, 400);
}

}  // namespace
}  // namespace innerloop
