// Environments as images, from their numbers alone.
#include "engine/evaluation/tiles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <string>

#include "engine/error.h"
#include "engine/pictures/marks.h"
#include "kernels/environment/draw_tasks.h"
#include "kernels/environment/episode.h"
#include "tests/support/tiny_run.h"

namespace innerloop {
namespace {

constexpr int kWidth = 48, kHeight = 32;
constexpr std::size_t kBytes = 3 * kWidth * kHeight;

TEST(Tiles, OfEveryFamilyShowItsStates) {
  using Alone = Pack<float, 1>;
  for_each_type(Environments{}, [&]<class Env>() {
    const typename Env::Options options{};
    const auto random_of = [](std::uint32_t number, Purpose purpose) {
      using Word = UintPack<Alone>;
      return Random<Alone>({3, 4}, Word(number), Word(0u), Word(0u), purpose, 0);
    };
    TaskTable tasks;
    std::vector<float> states, actions;
    const std::size_t numbers = Env::task_numbers(options).size();
    for (std::uint32_t i = 0; i < 3; ++i) {
      typename Env::template Task<Alone> task;
      Random<Alone> random = random_of(i, Purpose::task);
      draw_task<Env>(options, random, task);
      std::vector<float> all(static_cast<std::size_t>(kTaskSize<Env>)),
          room(static_cast<std::size_t>(episode_size<Env>(options)));
      scatter_fields<Alone>(task, [&](int f, Alone x) { all[static_cast<std::size_t>(f)] = x.get(0); });
      const auto loaded = load_task<Env, Alone>(all.data());
      Episode<Env, Alone> episode(options, loaded, room.data(), 1);
      episode.begin(random_of(i, Purpose::trial), random_of(i, Purpose::reset));
      episode.save();
      all.resize(numbers);
      tasks.push_back(all);
      states.insert(states.end(), room.begin(), room.end());
      actions.insert(actions.end(), Env::Action::size, 0.0f);
    }
    const std::vector<std::uint8_t> tiles = environment_tiles(options, tasks, states, {}, kWidth, kHeight);
    ASSERT_EQ(tiles.size(), 3 * kBytes) << Env::name;
    // Something is drawn, the same each time, and each environment where it is asked for.
    EXPECT_GT(std::ranges::count_if(tiles, [](std::uint8_t byte) { return byte < 200; }), 30) << Env::name;
    EXPECT_EQ(environment_tiles(options, tasks, states, {}, kWidth, kHeight), tiles) << Env::name;
    const std::size_t size = states.size() / 3;
    const std::vector<float> last_state(states.end() - static_cast<std::ptrdiff_t>(size), states.end());
    EXPECT_EQ(environment_tiles(options, {tasks.back()}, last_state, {}, kWidth, kHeight),
              std::vector(tiles.end() - kBytes, tiles.end()))
        << Env::name;
    // Of some nothing of a task can be seen before its first step.
    const std::string name = Env::name;
    if (name != "t_maze" && name != "episodic_two_step" && name != "contextual_choice" && name != "hopper" &&
        name != "walker") {
      EXPECT_NE(std::vector(tiles.begin(), tiles.begin() + kBytes),
                std::vector(tiles.end() - kBytes, tiles.end()))
          << name;
    }
    // An action that is no number is none.
    actions[0] = actions[Env::Action::size] = actions[2 * Env::Action::size] = NAN;
    EXPECT_EQ(environment_tiles(options, tasks, states, actions, kWidth, kHeight), tiles) << Env::name;
  });
}

TEST(Tiles, OfABanditShowWhatWasPulled) {
  const Bandit::Options bandit{.arms = 3};
  const std::vector<float> task = {0.2f, 0.9f, 0.5f};
  const auto pulled = [&](float arm) {
    return environment_tiles(bandit, {task}, {}, std::vector{arm}, kWidth, kHeight);
  };
  EXPECT_NE(pulled(0), pulled(2));
  EXPECT_NE(pulled(0), pulled(NAN));
}

// What moves stays in one scale: a cart to the right is as far to the right in the image.
TEST(Tiles, HaveOneScaleWhereverAStateIs) {
  const std::vector<float> task = {1.0f, 0.1f, 0.5f, 10.0f, 9.8f};
  const auto centre = [&](float position) {
    const std::vector<std::uint8_t> tile =
        environment_tiles(CartPole::Options{}, {task}, std::vector{position, 0.0f, 0.0f, 0.0f}, {}, 100, 60);
    double sum = 0, count = 0;
    const Colour body = look_of(Ink::body).fill;
    for (std::size_t at = 0; at < tile.size(); at += 3)
      if (Colour{tile[at], tile[at + 1], tile[at + 2]} == body) {
        sum += static_cast<double>(at / 3 % 100);
        ++count;
      }
    EXPECT_GT(count, 5);
    return sum / count;
  };
  EXPECT_NEAR(centre(1) - centre(0), centre(2) - centre(1), 1.5);
  EXPECT_GT(centre(1) - centre(0), 10);
}

TEST(Tiles, OfSizesThatDoNotFitAreRefused) {
  const CartPole::Options cartpole;
  const std::vector<float> task(5, 1.0f), state(4, 0.0f);
  EXPECT_EQ(message_of<std::invalid_argument>(
                [&] { environment_tiles(cartpole, {task}, std::vector(5, 0.0f), {}, 8, 8); }),
            "states: wanted 4 numbers, found 5");
  EXPECT_EQ(message_of<std::invalid_argument>(
                [&] { environment_tiles(cartpole, {task}, state, std::vector(2, 0.0f), 8, 8); }),
            "actions: wanted 1 numbers, found 2");
  EXPECT_THROW(environment_tiles(cartpole, {task}, state, {}, 0, 8), std::invalid_argument);
  EXPECT_TRUE(environment_tiles(cartpole, {}, {}, {}, 8, 8).empty());
}

}  // namespace
}  // namespace innerloop
