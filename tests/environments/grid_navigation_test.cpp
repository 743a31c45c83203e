// The grid against a plain loop, written from its definition.
#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "envs/grid_navigation.h"
#include "tests/support/environment_play.h"

namespace innerloop {
namespace {

using Cell = std::pair<int, int>;

// As every coordinate must be a whole number.
template <class R>
Cell cell_of(const R& x, const R& y, int lane) {
  const Cell cell = {static_cast<int>(x.get(lane)), static_cast<int>(y.get(lane))};
  EXPECT_EQ(cell.first, x.get(lane));
  EXPECT_EQ(cell.second, y.get(lane));
  return cell;
}

Cell moved(Cell from, int action, int size) {
  const Cell moves[] = {{0, 0}, {0, 1}, {1, 0}, {0, -1}, {-1, 0}};
  const Cell to = {from.first + moves[action].first, from.second + moves[action].second};
  const bool inside = to.first >= 0 && to.first < size && to.second >= 0 && to.second < size;
  return inside ? to : from;
}

template <class R>
void expect_the_plain_loop(int size) {
  int rewarded = 0, steps = 0;
  auto check = [&](int, int t, const auto& task, const auto& before, const auto& action, const auto& after,
                   const auto& outcome) {
    for (int lane = 0; lane < R::lanes; ++lane) {
      const Cell from = cell_of(before.x, before.y, lane), to = cell_of(after.x, after.y, lane);
      EXPECT_TRUE(t > 0 || from == Cell(0, 0));
      EXPECT_EQ(to, moved(from, action.get(lane), size));
      const bool there = to == cell_of(task.goal_x, task.goal_y, lane);
      expect_close<R>(outcome.reward.get(lane), there ? 1 : -0.1);
      EXPECT_EQ(outcome.terminated.get(lane), 0);
      rewarded += there;
      ++steps;
    }
  };
  play<GridNavigation, R>({size}, 13, 50, 1.0, check);
  EXPECT_GE(steps, 10000);
  EXPECT_GT(rewarded, 100);
}

TEST(GridNavigation, EqualsThePlainLoop) {
  for (const int size : {5, 3, 7}) {
    expect_the_plain_loop<Floats>(size);
    expect_the_plain_loop<Doubles>(size);
  }
}

TEST(GridNavigation, BitsDoNotDependOnTheWidth) { expect_the_same_bits<GridNavigation>({.size = 9}); }

// Every cell but the four about the start, each as often as the others.
TEST(GridNavigation, GoalsAreUniformOverTheOtherCells) {
  for (const int size : {3, 5, 8}) {
    const int cells = size * size - 4, each = 1000;
    std::map<Cell, int> count;
    for (int i = 0; i < cells * each; i += Floats::lanes) {
      const auto task = draw<GridNavigation, Floats>({size}, static_cast<std::uint32_t>(i));
      for (int lane = 0; lane < Floats::lanes; ++lane) ++count[cell_of(task.goal_x, task.goal_y, lane)];
    }
    EXPECT_EQ(static_cast<int>(count.size()), cells);
    for (const auto& [cell, times] : count) {
      EXPECT_TRUE(std::max(cell.first, cell.second) > 1 && std::max(cell.first, cell.second) < size);
      EXPECT_NEAR(times, each, 150) << cell.first << ' '
                                    << cell.second;  // more than four standard deviations
    }
  }
}

TEST(GridNavigation, CoordinatesAreSeenFromMinusOneToOne) {
  using R = Pack<float, 1>;
  for (const int size : {5, 9}) {
    const auto low = seen<GridNavigation, R>({size}, {R(0), R(static_cast<float>(size - 1))});
    EXPECT_EQ(low[0].get(0), -1);
    EXPECT_EQ(low[1].get(0), 1);
  }
  const auto middle = seen<GridNavigation, R>({5}, {R(2), R(1)});
  EXPECT_EQ(middle[0].get(0), 0);
  EXPECT_EQ(middle[1].get(0), -0.5f);
}

}  // namespace
}  // namespace innerloop
