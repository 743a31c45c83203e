// Rooms of things: the plain program of their definition, a grid of tiles, plays the same; rulesets are drawn as the
// benchmarks' are, and what nobody could fulfil is refused.
#include "envs/xland.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/support/environment_play.h"

namespace innerloop {
namespace {

using Options = XLand::Options;
using Benchmark = XLand::Benchmark;

constexpr Benchmark kBenchmarks[] = {Benchmark::trivial, Benchmark::small, Benchmark::medium};

// A room as its definition has it: a grid, and rules that look at it and change it.
class Room {
 public:
  Room(const Options& options, const std::vector<int>& task) : options_(options), task_(task) {}

  template <class State>
  void set(const State& state, int lane) {
    const auto whole = [&](auto x) { return static_cast<int>(x.get(lane)); };
    grid.assign(std::size_t{34} * 32, Tiles::kFloor);
    for (int row = 0; row < options_.size; ++row)
      for (int column = 0; column < options_.size; ++column)
        if (row == 0 || column == 0 || row == options_.size - 1 || column == options_.size - 1)
          tile(32 * row + column) = Tiles::kWall;
    pocket = 0;
    for (int i = 0; i < XLand::things(options_); ++i) {
      if (whole(state.tiles[i]) == 0) continue;
      (whole(state.cells[i]) == XLand::kHeld ? pocket : tile(whole(state.cells[i]))) = whole(state.tiles[i]);
    }
    at = whole(state.at);
    direction = whole(state.direction);
  }

  // Whether the goal is reached.
  bool step(int action) {
    const int front = at + kWays[direction];
    if (action == 0 && (tile(front) == Tiles::kFloor || Tiles::type_of(tile(front)) == Tiles::goal))
      at = front;
    if (action == 1) direction = (direction + 1) % 4;
    if (action == 2) direction = (direction + 3) % 4;
    if (action == 3 && pocket == 0 && Tiles::is_carried(tile(front))) {
      pocket = tile(front);
      tile(front) = Tiles::kFloor;
    }
    if (action == 4 && pocket != 0 && tile(front) == Tiles::kFloor) {
      tile(front) = pocket;
      pocket = 0;
    }
    for (int k = 0; k < XLand::rules(options_); ++k) {
      const int* const rule = &task_[static_cast<std::size_t>(3 + 4 * k)];
      apply(rule[0], rule[1], rule[2], rule[3], action, front);
    }
    return is_reached(task_[0], task_[1], task_[2], action, front);
  }

  int& tile(int cell) { return grid[static_cast<std::size_t>(cell)]; }

  std::vector<int> grid;
  int at = 0, direction = 0, pocket = 0;
  int fired = 0;

 private:
  static constexpr int kWays[] = {-32, 1, 32, -1};

  void apply(int kind, int a, int b, int product, int action, int front) {
    const auto become = [&](int& which) {
      which = product;
      ++fired;
    };
    if (kind == 1 && action == 3 && pocket == a) become(pocket);
    for (int way = 0; way < 4; ++way) {
      const bool asks_agent = (kind == 2 && action == 0) || (kind == 8 + way && (action == 0 || action == 4));
      if (asks_agent && tile(at + kWays[way]) == a) become(tile(at + kWays[way]));
    }
    if (action != 4 || kind < 3 || kind > 7) return;
    const int placed = tile(front);
    for (int way = 0; way < 4; ++way) {
      int& other = tile(front + kWays[way]);
      const bool b_is_there = kind == 3 || kind == 4 + way,
                 a_is_there = kind == 3 || kind == 4 + (way + 2) % 4;
      if ((placed == a && other == b && b_is_there) || (placed == b && other == a && a_is_there)) {
        become(other);
        tile(front) = Tiles::kFloor;
      }
    }
  }
  bool is_reached(int kind, int a, int b, int action, int front) {
    if (kind == 1) return action == 3 && pocket == a;
    bool reached = false;
    for (int way = 0; way < 4; ++way) {
      const int beside_agent = tile(at + kWays[way]), placed = tile(front),
                other = action == 4 ? tile(front + kWays[way]) : 0;
      reached = reached || (kind == 3 && action == 0 && beside_agent == a) ||
                (kind == 11 + way && (action == 0 || action == 4) && beside_agent == a) ||
                (action == 4 && (kind == 4 || kind == 7 + way) && placed == a && other == b) ||
                (action == 4 && (kind == 4 || kind == 7 + (way + 2) % 4) && placed == b && other == a);
    }
    return reached;
  }

  const Options options_;
  const std::vector<int>& task_;
};

template <class R>
std::vector<int> numbers_of(const XLand::Task<R>& task, int lane) {
  std::vector<int> numbers;
  for (const R& number : task.number.items) numbers.push_back(static_cast<int>(number.get(lane)));
  return numbers;
}

// What is in the view's cell, turned as the agent is.
int in_view(const Room& room, const Options& options, int row, int column) {
  constexpr int dx[] = {0, 1, 0, -1}, dy[] = {-1, 0, 1, 0};
  const int ahead = 4 - row, right = column - 2, side = (room.direction + 1) % 4;
  const int x = room.at % 32 + ahead * dx[room.direction] + right * dx[side],
            y = room.at / 32 + ahead * dy[room.direction] + right * dy[side];
  const bool inside = x >= 0 && y >= 0 && x < options.size && y < options.size;
  return inside ? room.grid[static_cast<std::size_t>(32 * y + x)] : 0;
}

template <class R>
class XLandSteps : public testing::Test {};
using Widths = testing::Types<Floats, Doubles>;
TYPED_TEST_SUITE(XLandSteps, Widths);

TYPED_TEST(XLandSteps, AreThoseOfAGrid) {
  using R = TypeParam;
  for (const Benchmark benchmark : kBenchmarks) {
    const Options options{.benchmark = benchmark, .size = 7};
    int reached = 0, fired = 0, moved = 0;
    play<XLand, R>(
        options, 6, 300, 1,
        [&](int, int t, const auto& task, const auto& before, const auto& action, const auto& after,
            const Outcome<R>& outcome) {
          std::vector<typename R::value_type> memory;
          const TaskNumbers<R> taken = as_taken<XLand, R>(task, memory);
          std::vector<IntPack<R>> symbols(50);
          const auto symbol = [&](int p, IntPack<R> s) { symbols[static_cast<std::size_t>(p)] = s; };
          const auto number = [](int, R) {};
          auto random = stream<R>(Purpose::observation, 0);
          XLand::observe<R>(options, taken, after, random, Sink(number, symbol));
          for (int lane = 0; lane < R::lanes; ++lane) {
            const std::vector<int> numbers = numbers_of(task, lane);
            Room room(options, numbers), found(options, numbers);
            room.set(before, lane);
            const bool is_end = room.step(action.get(lane));
            found.set(after, lane);
            ASSERT_EQ(room.grid, found.grid);
            ASSERT_EQ(room.at, found.at);
            ASSERT_EQ(room.direction, found.direction);
            ASSERT_EQ(room.pocket, found.pocket);
            ASSERT_EQ(outcome.terminated.get(lane) != 0, is_end);
            ASSERT_EQ(after.steps.get(lane), t + 1);
            expect_close<R>(outcome.reward.get(lane), is_end ? 1 - 0.9 * (t + 1) / 147 : 0);
            for (int cell = 0; cell < 25; ++cell) {
              const int tile = in_view(room, options, cell / 5, cell % 5);
              ASSERT_EQ(symbols[static_cast<std::size_t>(2 * cell)].get(lane), Tiles::type_of(tile));
              ASSERT_EQ(symbols[static_cast<std::size_t>(2 * cell + 1)].get(lane), Tiles::colour_of(tile));
            }
            reached += is_end;
            fired += room.fired;
            moved += room.at != static_cast<int>(before.at.get(lane));
          }
        });
    EXPECT_GT(reached, 30);
    EXPECT_EQ(fired > 40, benchmark != Benchmark::trivial) << fired;
    EXPECT_GT(moved, 1000);
  }
}

TEST(XLand, BitsDoNotDependOnTheWidth) {
  for (const Benchmark benchmark : kBenchmarks)
    expect_the_same_bits<XLand>({.benchmark = benchmark, .size = 7});
}

// Each cell as often, no two things in one.
TEST(XLand, ThingsLieInDifferentCells) {
  using R = Pack<float, 1>;
  for (const int size : {7, 9, 25}) {
    const Options options{.benchmark = Benchmark::medium, .size = size};
    const int cells = (size - 2) * (size - 2), rounds = 40 * cells;
    std::map<int, int> agents, things;
    std::array<int, 4> directions = {};
    std::vector<float> memory;
    const TaskNumbers<R> task = as_taken<XLand, R>(draw<XLand, R>(options, 0), memory);
    for (int i = 0; i < rounds; ++i) {
      const auto state = reset<XLand, R>(options, task, static_cast<std::uint32_t>(i));
      std::set<int> taken = {static_cast<int>(state.at.get(0))};
      ++agents[*taken.begin()];
      for (const R& cell : state.cells.items) taken.insert(static_cast<int>(cell.get(0)));
      ASSERT_EQ(taken.size(), 17u);
      for (const int cell : taken)
        ASSERT_TRUE(cell / 32 > 0 && cell % 32 > 0 && cell / 32 < size - 1 && cell % 32 < size - 1) << cell;
      ++things[static_cast<int>(state.cells[3].get(0))];
      ++directions[static_cast<std::size_t>(state.direction.get(0))];
    }
    for (const auto& count : {agents, things}) {
      ASSERT_EQ(static_cast<int>(count.size()), cells);
      double chi_squared = 0;
      for (const auto& [cell, times] : count) chi_squared += (times - 40.0) * (times - 40.0) / 40;
      EXPECT_NEAR(chi_squared, cells - 1, 5 * std::sqrt(2.0 * (cells - 1)));
    }
    for (const int times : directions) EXPECT_NEAR(times, rounds / 4.0, 5 * std::sqrt(rounds * 3 / 16.0));
  }
}

// Of 20,000 rulesets: all can be fulfilled, and they are what the benchmarks' generator makes, whose first 20,000 have these
// shares (examples/xland_rulesets.py, with seed 42).
TEST(XLand, RulesetsAreThoseOfTheBenchmarks) {
  using R = Pack<float, 1>;
  struct Shares {
    double rules, things, pairs;  // on average, on average, share of goals of two tiles
  };
  const std::map<Benchmark, Shares> wanted = {{Benchmark::trivial, {0, 4.4592, 0.4592}},
                                              {Benchmark::small, {2.0169, 5.378, 0.4586}},
                                              {Benchmark::medium, {4.5216, 7.0073, 0.4502}}};
  for (const auto& [benchmark, shares] : wanted) {
    const Options options{.benchmark = benchmark};
    constexpr int kCount = 20000;
    double rules = 0, things = 0, pairs = 0, vanish = 0;
    std::map<int, int> goals, kinds;
    for (int i = 0; i < kCount; ++i) {
      const auto task = draw<XLand, R>(options, static_cast<std::uint32_t>(i));
      const std::vector<int> numbers = numbers_of(task, 0);
      const std::size_t count = XLand::task_numbers(options).size();
      std::vector<float> known;
      for (std::size_t n = 0; n < count; ++n) known.push_back(static_cast<float>(numbers[n]));
      const auto fault = XLand::task_fault(options, known);
      ASSERT_FALSE(fault) << fault->number << fault->wanted << fault->found;
      for (std::size_t n = count; n < numbers.size(); ++n) ASSERT_EQ(numbers[n], 0);
      ++goals[numbers[0]];
      pairs += numbers[2] != 0;
      for (int k = 0; k < XLand::rules(options); ++k) {
        const int kind = numbers[static_cast<std::size_t>(3 + 4 * k)];
        rules += kind != 0;
        vanish += numbers[static_cast<std::size_t>(3 + 4 * k + 3)] == Tiles::kFloor;
        ++kinds[kind];
      }
      for (int k = 0; k < XLand::things(options); ++k)
        things += numbers[static_cast<std::size_t>(XLand::things_at(options) + k)] != 0;
    }
    EXPECT_NEAR(rules / kCount, shares.rules, 0.05);
    EXPECT_NEAR(things / kCount, shares.things, 0.1);
    EXPECT_NEAR(pairs / kCount, shares.pairs, 0.02);
    EXPECT_EQ(goals.size(), 11u);
    if (benchmark == Benchmark::trivial) continue;
    // A rule beside makes nothing of things once in 59 times, and there are 1 and 1.5 of them on average.
    EXPECT_NEAR(vanish, benchmark == Benchmark::small ? 340 : 520, 100);
    ASSERT_EQ(kinds.size(), 12u);
    for (int kind = 1; kind <= 11; ++kind)
      EXPECT_NEAR(kinds[kind], rules / 11, 6 * std::sqrt(rules / 11)) << kind;
  }
}

TEST(XLand, RefusesWhatCannotBeFulfilled) {
  const Options options{.benchmark = Benchmark::small};
  const int ball = Tiles::number(Tiles::ball, 1), key = Tiles::number(Tiles::key, 3),
            star = Tiles::number(Tiles::star, 9), target = Tiles::number(Tiles::goal, 2);
  // The star, made of a ball beside a key, is to be held.
  std::vector<float> good(3 + 4 * 4 + 10);
  const auto put = [](std::vector<float>& task, std::size_t at, std::initializer_list<int> numbers) {
    for (const int number : numbers) task[at++] = static_cast<float>(number);
  };
  put(good, 0, {1, star, 0, 3, ball, key, star});
  put(good, 19, {ball, key, target});
  ASSERT_FALSE(XLand::task_fault(options, good).has_value());
  const auto expect_fault = [&](std::size_t at, std::initializer_list<int> numbers, const std::string& number,
                                const std::string& wanted, const std::string& found) {
    std::vector<float> task = good;
    put(task, at, numbers);
    const auto fault = XLand::task_fault(options, task);
    ASSERT_TRUE(fault.has_value()) << number;
    EXPECT_EQ(fault->number, number);
    EXPECT_EQ(fault->wanted, wanted);
    EXPECT_EQ(fault->found, found);
  };
  const std::string thing = "the tile of a thing", had = "a tile that lies about or that rules can make";
  expect_fault(0, {5}, "goal", "1, 3, 4 or 7 to 14, the goals of the benchmarks", "5");
  expect_fault(1, {target}, "goal_a", "the tile of a thing that can be carried", "74 (green goal)");
  expect_fault(1, {0}, "goal_a", "the tile of a thing that can be carried", "0 (nothing)");
  expect_fault(2, {key}, "goal_b", "0, as it is about one tile", "87 (blue key)");
  expect_fault(0, {4, star, 0}, "goal_b", thing, "0 (nothing)");
  expect_fault(0, {3, Tiles::kWall}, "goal_a", thing, "30 (grey wall)");
  expect_fault(1, {star + 1}, "goal_a", had, "154 (brown star)");
  expect_fault(0, {4, star, star + 1}, "goal_b", had, "154 (brown star)");
  expect_fault(4, {Tiles::kFloor}, "rule_0_a", thing, "19 (black floor)");
  expect_fault(3, {1}, "rule_0_b", "0, as it is about one tile", "87 (blue key)");
  expect_fault(6, {0}, "rule_0_product", "the tile of a thing, or that of floor, 19", "0 (nothing)");
  expect_fault(6, {Tiles::kFloor}, "goal_a", had, "153 (white star)");
  expect_fault(7, {2, Tiles::number(Tiles::door, 2), 0, ball}, "rule_1_a", thing, "110 (green door)");
  expect_fault(20, {0}, "goal_a", had, "153 (white star)");
  expect_fault(21, {Tiles::number(Tiles::ball, 0)}, "thing_2", "0 or the tile of a thing", "36 (ball)");
}

TEST(XLand, SaysWhatIsSeen) {
  std::vector<std::int32_t> symbols(50);
  const std::vector<float> numbers = {0, 1, 0, 0};
  const auto put = [&](int row, int column, int tile) {
    symbols[static_cast<std::size_t>(2 * (5 * row + column))] = Tiles::type_of(tile);
    symbols[static_cast<std::size_t>(2 * (5 * row + column) + 1)] = Tiles::colour_of(tile);
  };
  put(4, 2, Tiles::number(Tiles::goal, 2));
  put(4, 1, Tiles::number(Tiles::key, 3));
  put(2, 2, Tiles::number(Tiles::ball, 1));
  put(0, 4, Tiles::number(Tiles::hex, 11));
  put(1, 1, Tiles::kWall);
  EXPECT_EQ(XLand::say({}, {numbers, symbols}),
            "looking right, green goal here, blue key 1 to the left, red ball 2 ahead, pink hex 4 ahead 2 to "
            "the right");
}

}  // namespace
}  // namespace innerloop
