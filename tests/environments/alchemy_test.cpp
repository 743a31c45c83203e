// Alchemy against its definition: which chemistries there are, what potions and the cauldron do, and how stones look.
#include "envs/alchemy.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/support/environment_play.h"

namespace innerloop {
namespace {

using R = Pack<float, 1>;
using Task = Alchemy::Task<R>;
using State = Alchemy::State<R>;

std::vector<int> requirements(const Task& task) {
  std::vector<int> required;
  for (int i = 0; i < 6; ++i) required.push_back(static_cast<int>(task.required[i].get(0)));
  return required;
}

// 1, 12, 48 and 48 graphs with 0 to 3 requirements; each number as often, and each of its graphs.
TEST(Alchemy, HasA109Graphs) {
  std::map<std::vector<int>, int> count;
  constexpr int kTasks = 40000;
  for (std::uint32_t i = 0; i < kTasks; ++i) ++count[requirements(draw<Alchemy, R>({}, i))];
  std::map<int, std::vector<int>> of;
  for (const auto& [required, times] : count)
    of[6 - static_cast<int>(std::ranges::count(required, 0))].push_back(times);
  ASSERT_EQ(of.size(), 4u);
  const std::size_t graphs[] = {1, 12, 48, 48};
  for (int number = 0; number < 4; ++number) {
    ASSERT_EQ(of[number].size(), graphs[number]);
    const double each = kTasks / 4.0 / static_cast<double>(graphs[number]);
    for (int times : of[number]) EXPECT_NEAR(times, each, 5 * std::sqrt(each)) << number;
  }
}

TEST(Alchemy, HasEveryMapOfPotionsAndStones) {
  std::set<std::vector<float>> potions, stones;
  for (std::uint32_t i = 0; i < 3000; ++i) {
    const Task task = draw<Alchemy, R>({}, i);
    std::vector<float> numbers;
    scatter_fields<R>(task, [&](int, R x) { numbers.push_back(x.get(0)); });
    EXPECT_FALSE(Alchemy::task_fault({}, numbers));
    potions.insert({numbers.begin() + 6, numbers.begin() + 12});
    stones.insert({numbers.begin() + 12, numbers.end()});
  }
  EXPECT_EQ(potions.size(), 48u);
  EXPECT_EQ(stones.size(), 32u);
}

TEST(Alchemy, StartsWithTwelvePotionsAndThreeStones) {
  std::vector<double> colours(6), signs(9);
  constexpr int kEpisodes = 4000;
  for (std::uint32_t i = 0; i < kEpisodes; ++i) {
    const State state = reset<Alchemy, R>({}, {}, i);
    double all = 0;
    for (int c = 0; c < 6; ++c) {
      colours[static_cast<std::size_t>(c)] += state.potions[c].get(0) / kEpisodes;
      all += state.potions[c].get(0);
    }
    ASSERT_EQ(all, 12);
    for (int k = 0; k < 9; ++k) {
      ASSERT_EQ(std::abs(state.corners[k].get(0)), 1);
      signs[static_cast<std::size_t>(k)] += state.corners[k].get(0) / kEpisodes;
    }
  }
  for (double of : colours) EXPECT_NEAR(of, 2, 0.12);
  for (double of : signs) EXPECT_NEAR(of, 0, 0.08);
}

// Random actions beside a plain program of the same rules.
TEST(Alchemy, StepsAreThoseOfTheDefinition) {
  int moved = 0, blocked = 0, empty = 0, jackpots = 0, negative = 0;
  for (std::uint32_t game = 0; game < 400; ++game) {
    const Task task = draw<Alchemy, R>({}, game);
    State state = reset<Alchemy, R>({}, task, game);
    int corner[3][3], used[3] = {}, potions[6];
    for (int k = 0; k < 9; ++k) corner[k / 3][k % 3] = static_cast<int>(state.corners[k].get(0));
    for (int c = 0; c < 6; ++c) potions[c] = static_cast<int>(state.potions[c].get(0));
    for (std::uint32_t t = 0; t < 30; ++t) {
      const auto chosen = act<Alchemy, R>({}, game, t, 1);
      const double reward = step_once<Alchemy, R>({}, task, state, chosen).reward.get(0);
      double wanted = 0;
      const int action = chosen.get(0), s = (action - 1) / 7, choice = (action - 1) % 7;
      if (action > 0 && choice == 6 && used[s] == 0) {
        const int sum = corner[s][0] + corner[s][1] + corner[s][2];
        wanted = sum == 3 ? 15 : sum;
        used[s] = 1;
        jackpots += sum == 3;
        negative += sum < 0;
      } else if (action > 0 && choice < 6 && used[s] == 0 && potions[choice] > 0) {
        --potions[choice];
        const int axis = static_cast<int>(task.axes[choice / 2].get(0)),
                  to = static_cast<int>(task.directions[choice / 2].get(0)) * (choice % 2 == 1 ? 1 : -1);
        constexpr int others[3][2] = {{1, 2}, {0, 2}, {0, 1}};
        bool is_there = true;
        for (int other = 0; other < 2; ++other) {
          const int required = static_cast<int>(task.required[2 * axis + other].get(0));
          is_there = is_there && (required == 0 || required == corner[s][others[axis][other]]);
        }
        (is_there ? moved : blocked) += corner[s][axis] != to;
        if (is_there) corner[s][axis] = to;
      } else if (action > 0 && choice < 6 && used[s] == 0) {
        ++empty;
      }
      ASSERT_EQ(reward, wanted);
      for (int k = 0; k < 9; ++k) ASSERT_EQ(state.corners[k].get(0), corner[k / 3][k % 3]);
      for (int c = 0; c < 6; ++c) ASSERT_EQ(state.potions[c].get(0), potions[c]);
      for (int stone = 0; stone < 3; ++stone) ASSERT_EQ(state.used[stone].get(0), used[stone]);
    }
  }
  for (int number : {moved, blocked, empty, jackpots, negative}) EXPECT_GT(number, 50);
}

// Turned about z: [[1, 1, 0], [−1, 1, 0], [0, 0, 1]] times what is seen is the corner, but for the flips.
TEST(Alchemy, StonesAreSeenTurnedAndFlipped) {
  for (int rotation = 0; rotation < 4; ++rotation)
    for (std::uint32_t i = 0; i < 20; ++i) {
      Task task = draw<Alchemy, R>({}, i);
      task.rotation = R(static_cast<float>(rotation));
      State state = reset<Alchemy, R>({}, task, i);
      state.used[1] = R(1);
      const std::vector<R> numbers = seen<Alchemy, R>({}, task, state, stream<R>(Purpose::observation, 0));
      std::vector<double> seen;
      for (const R& x : numbers) seen.push_back(x.get(0));
      std::set<double> shown(seen.begin(), seen.begin() + 3);
      for (double x : shown) EXPECT_TRUE(x == -1 || x == 0 || x == 1);
      double straight[3] = {seen[0], seen[1], seen[2]};
      if (rotation > 0) {
        constexpr int others[3][2] = {{1, 2}, {0, 2}, {0, 1}};
        const int a = others[rotation - 1][0], b = others[rotation - 1][1];
        straight[a] = seen[static_cast<std::size_t>(a)] + seen[static_cast<std::size_t>(b)];
        straight[b] = seen[static_cast<std::size_t>(b)] - seen[static_cast<std::size_t>(a)];
      }
      double sum = 0;
      for (int axis = 0; axis < 3; ++axis) {
        EXPECT_EQ(straight[axis] * task.stone_flips[axis].get(0), state.corners[axis].get(0));
        sum += state.corners[axis].get(0);
      }
      EXPECT_NEAR(seen[3], sum / 3, 1e-6);
      for (std::size_t d = 5; d < 9; ++d) EXPECT_EQ(seen[d], 0) << "a used stone";
      EXPECT_EQ(seen[9], 1);
      for (int c = 0; c < 6; ++c)
        EXPECT_EQ(seen[static_cast<std::size_t>(15 + c)], state.potions[c].get(0) / 4);
    }
}

TEST(Alchemy, RefusesTasksWithoutAChemistry) {
  std::vector<float> task = {0, 0, 0, 0, 0, 0, 0, 1, 2, 1, -1, 1, 1, 1, -1, 0};
  EXPECT_FALSE(Alchemy::task_fault({}, task));
  task[8] = 1;
  EXPECT_EQ(Alchemy::task_fault({}, task)->number, "axis_2");
  task[8] = 2;
  task[13] = 0;
  EXPECT_EQ(Alchemy::task_fault({}, task)->number, "stone_flip_y");
}

}  // namespace
}  // namespace innerloop
