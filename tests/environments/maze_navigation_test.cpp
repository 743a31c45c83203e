// Mazes: each is a tree of its rooms, each tree is as likely, and walking and looking go by its walls.
#include "envs/maze_navigation.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/environment_play.h"

namespace innerloop {
namespace {

using Options = MazeNavigation::Options;
using R = Pack<float, 1>;

// A maze as rows of text, made from a task's numbers.
class Maze {
 public:
  Maze(const Options& options, std::uint32_t task) : options(options), numbers(kTaskSize<MazeNavigation>) {
    scatter_fields<R>(draw<MazeNavigation, R>(options, task),
                      [&](int i, R x) { numbers[static_cast<std::size_t>(i)] = x.get(0); });
    const int side = (options.size - 1) / 2;
    free.assign(static_cast<std::size_t>(options.size * options.size), false);
    for (int room = 0; room < side * side; ++room) {
      const int x = 2 * (room % side) + 1, y = 2 * (room / side) + 1;
      at(x, y) = true;
      if (number(2 * room) != 0) at(x + 1, y) = true;
      if (number(2 * room + 1) != 0) at(x, y + 1) = true;
    }
    goal_x = 2 * number(2 * side * side) + 1;
    goal_y = 2 * number(2 * side * side + 1) + 1;
  }
  std::vector<bool>::reference at(int x, int y) {
    return free[static_cast<std::size_t>(y * options.size + x)];
  }
  bool is_free(int x, int y) const {
    return x >= 0 && y >= 0 && x < options.size && y < options.size &&
           free[static_cast<std::size_t>(y * options.size + x)];
  }
  int number(int i) const { return static_cast<int>(numbers[static_cast<std::size_t>(i)]); }
  TaskNumbers<R> task() const { return {numbers.data(), 0}; }
  // Steps from the start to each cell, −1 for none.
  std::vector<int> distances() const {
    const int size = options.size;
    std::vector<int> steps(free.size(), -1), next = {size + 1};
    steps[static_cast<std::size_t>(next[0])] = 0;
    for (std::size_t i = 0; i < next.size(); ++i)
      for (const int way : {1, -1, size, -size}) {
        const int to = next[i] + way;
        if (!free[static_cast<std::size_t>(to)] || steps[static_cast<std::size_t>(to)] >= 0) continue;
        steps[static_cast<std::size_t>(to)] = steps[static_cast<std::size_t>(next[i])] + 1;
        next.push_back(to);
      }
    return steps;
  }

  Options options;
  std::vector<float> numbers;
  std::vector<bool> free;
  int goal_x, goal_y;
};

TEST(MazeNavigation, MazesAreTreesWithTheGoalFarAway) {
  for (const int size : {5, 7, 9, 15})
    for (std::uint32_t i = 0; i < 60; ++i) {
      const Maze maze({.size = size}, i);
      const int side = (size - 1) / 2;
      EXPECT_EQ(std::ranges::count(maze.free, true), 2 * side * side - 1);
      const std::vector<int> steps = maze.distances();
      int farthest = 0;
      for (std::size_t cell = 0; cell < steps.size(); ++cell) {
        EXPECT_EQ(steps[cell] >= 0, maze.free[cell]);
        farthest = std::max(farthest, steps[cell]);
      }
      const int goal = steps[static_cast<std::size_t>(maze.goal_y * size + maze.goal_x)];
      EXPECT_GE(goal, std::min(size, farthest));
      EXPECT_FALSE(MazeNavigation::task_fault(
          maze.options, std::span(maze.numbers).first(static_cast<std::size_t>(2 * side * side + 2))));
    }
}

// 3 x 3 rooms have 192 spanning trees (Kirchhoff).
TEST(MazeNavigation, EachTreeIsAsLikely) {
  std::map<std::vector<float>, int> count;
  constexpr int kTasks = 19200;
  for (std::uint32_t i = 0; i < kTasks; ++i) {
    const Maze maze({}, i);
    ++count[{maze.numbers.begin(), maze.numbers.begin() + 18}];
  }
  ASSERT_EQ(count.size(), 192u);
  double chi_squared = 0;
  for (const auto& [doors, times] : count) chi_squared += (times - 100.0) * (times - 100.0) / 100;
  EXPECT_NEAR(chi_squared, 191, 5 * std::sqrt(2 * 191.0));
}

TEST(MazeNavigation, WalksAndLooksByItsWalls) {
  constexpr int dx[] = {0, 1, 0, -1}, dy[] = {1, 0, -1, 0};
  int walked = 0, blocked = 0, arrived = 0;
  for (std::uint32_t i = 0; i < 40; ++i) {
    const Maze maze({.size = 9, .view = MazeNavigation::View::window}, i);
    auto random = stream<R>(Purpose::reset, i);
    auto state = MazeNavigation::reset<R>(maze.options, maze.task(), random);
    int x = 1, y = 1, direction = 0;
    for (std::uint32_t t = 0; t < 300; ++t) {
      const std::vector<R> numbers = seen<MazeNavigation, R>(maze.options, maze.task(), state, random);
      ASSERT_EQ(MazeNavigation::state_number(maze.options, state), (direction * 9 + y) * 9 + x);
      ASSERT_EQ(numbers[0].get(0), static_cast<float>(x) / 4 - 1);
      ASSERT_EQ(numbers[1].get(0), static_cast<float>(y) / 4 - 1);
      ASSERT_EQ(numbers[2].get(0), dx[direction]);
      ASSERT_EQ(numbers[3].get(0), dy[direction]);
      const int right = (direction + 1) % 4;
      const auto is_wall = [&](int ahead, int aside) {
        return !maze.is_free(x + ahead * dx[direction] + aside * dx[right],
                             y + ahead * dy[direction] + aside * dy[right]);
      };
      ASSERT_EQ(numbers[4].get(0) != 0, is_wall(1, 0));
      ASSERT_EQ(numbers[5].get(0) != 0, is_wall(0, -1));
      ASSERT_EQ(numbers[6].get(0) != 0, is_wall(0, 1));
      for (int cell = 0; cell < 25; ++cell)
        ASSERT_EQ(numbers[static_cast<std::size_t>(7 + cell)].get(0) != 0,
                  is_wall(2 - cell / 5, cell % 5 - 2));

      const auto action = act<MazeNavigation, R>(maze.options, i, t, 1);
      const bool is_free = !is_wall(1, 0);
      const Outcome<R> outcome = MazeNavigation::step<R>(maze.options, maze.task(), state, action, random);
      if (action.get(0) == 0 && is_free) {
        x += dx[direction];
        y += dy[direction];
        ++walked;
      }
      blocked += action.get(0) == 0 && !is_free;
      if (action.get(0) == 1) direction = (direction + 3) % 4;
      if (action.get(0) == 2) direction = (direction + 1) % 4;
      const bool there = x == maze.goal_x && y == maze.goal_y;
      ASSERT_EQ(outcome.terminated.get(0) != 0, there);
      ASSERT_EQ(outcome.reward.get(0), (there ? 1.0f : 0.0f) - 0.01f);
      arrived += there;
    }
  }
  for (int number : {walked, blocked, arrived}) EXPECT_GT(number, 10);
}

TEST(MazeNavigation, RefusesMazesWithoutAWay) {
  Maze maze({}, 3);
  const auto fault = [&] {
    return MazeNavigation::task_fault(maze.options, std::span(maze.numbers).first(20));
  };
  ASSERT_FALSE(fault());
  const std::vector<float> good = maze.numbers;
  maze.numbers[2 * 2] = 1;
  EXPECT_EQ(fault()->number, "right_of_2_0");
  maze.numbers = good;
  maze.numbers[2 * 7 + 1] = 1;
  EXPECT_EQ(fault()->number, "above_1_2");
  maze.numbers = good;
  maze.numbers[0] = maze.numbers[1] = 0;
  EXPECT_EQ(fault()->number, "goal_x");
  maze.numbers = good;
  maze.numbers[18] = maze.numbers[19] = 0;
  EXPECT_EQ(fault()->wanted, "a room that doors lead to, and not the start");
}

}  // namespace
}  // namespace innerloop
