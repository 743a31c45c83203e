// What hand-written learners get where that is known: worked out, summed over all tasks, or computed by programs of the
// definitions alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

#include "engine/error.h"
#include "tests/rivals/played_rivals.h"

namespace innerloop {
namespace {

Config trials_of(const std::string& environment, int horizon, int episodes, int tasks) {
  return trial_config({"environment=" + environment, "horizon=" + std::to_string(horizon),
                       "algorithm.trial_length=" + std::to_string(horizon * episodes),
                       "evaluation={\"tasks\": " + std::to_string(tasks) + ", \"envs_per_task\": 1}"});
}

// The mean return of each episode over all goals of a square.
std::vector<double> over_all_goals(const std::string& name, const Config& config, int size,
                                   bool without_the_first_four = false) {
  std::vector<double> mean;
  int goals = 0;
  for (int x = 0; x < size; ++x)
    for (int y = 0; y < size; ++y) {
      if (without_the_first_four && x < 2 && y < 2) continue;
      const auto of_episode =
          play_by(name, config, {static_cast<float>(x), static_cast<float>(y)}).of_episode;
      mean.resize(of_episode.size());
      for (std::size_t e = 0; e < mean.size(); ++e) mean[e] += of_episode[e][0];
      ++goals;
    }
  for (double& of : mean) of /= goals;
  return mean;
}

// One trial for each goal: everything is exact. 14 of 21 cells one after the other, then the way that passes the others.
TEST(KnownReturns, OfTheGridsBayesOptimalWay) {
  const Config config = trials_of(R"({"name": "grid_navigation"})", 15, 4, 1);
  const std::vector<double> found = over_all_goals("bayes", config, 5, true);
  EXPECT_NEAR(found[0], 4.0, 1e-5);
  for (std::size_t e = 1; e < 4; ++e) EXPECT_NEAR(found[e], 11 + 1.0 / 14, 1e-5);
  EXPECT_NEAR(std::accumulate(found.begin(), found.end(), 0.0), 37.2143, 5e-5);
}

TEST(KnownReturns, OfTheGridsBayesOptimalWayAreMetInDrawnTrials) {
  const auto returns = play_by("bayes", trials_of(R"({"name": "grid_navigation"})", 15, 4, 4000));
  expect_known(returns.of_trial, 37.2143, 0, "trial");
  expect_known(returns.of_episode[0], 4.0, 0, "first episode");
}

// A goal that was drawn is one of 21 that may be the true one; on the way to it the true one may be passed.
TEST(KnownReturns, OfPosteriorSamplingRise) {
  const auto of =
      play_by("posterior_sampling", trials_of(R"({"name": "grid_navigation"})", 15, 8, 4000)).of_episode;
  double before = -1;
  for (const std::vector<float>& episode : of) {
    const Estimate found = mean_of(episode);
    EXPECT_GT(found.mean - found.ci95, before);
    before = found.mean;
  }
  EXPECT_LT(before, 10);
}

// 21 − distance for a goal elsewhere, 20 for one at the start. Of what is not known, no first episode can try more than a
// cell a step: (20 + 19 + … + 1) / 81.
TEST(KnownReturns, InTheDarkRoom) {
  const Config config = trials_of(R"({"name": "dark_room"})", 20, 6, 1);
  for (double of_episode : over_all_goals("oracle", config, 9)) EXPECT_NEAR(of_episode, 1340.0 / 81, 1e-5);
  const std::vector<double> search = over_all_goals("search", config, 9);
  EXPECT_NEAR(search[0], 210.0 / 81, 1e-5);
  const double computed[] = {2.593, 6.457, 10.556, 14.210, 16.543, 16.543};
  for (std::size_t e = 0; e < 6; ++e) EXPECT_NEAR(search[e], computed[e], 5e-4) << e;
}

// From the corner the search is a way through all cells: (100 + 99 + … + 1) / 100.
TEST(KnownReturns, InTheDarkRoomFromItsCorner) {
  const Config config = trials_of(R"({"name": "dark_room", "size": 10, "start": "corner"})", 100, 2, 1);
  const std::vector<double> search = over_all_goals("search", config, 10),
                            oracle = over_all_goals("oracle", config, 10);
  EXPECT_NEAR(search[0], 50.5, 1e-5);
  for (double of : {search[1], oracle[0], oracle[1]}) EXPECT_NEAR(of, 91.99, 1e-5);
}

TEST(KnownReturns, OfPosteriorSamplingInTheDarkRoom) {
  const auto of =
      play_by("posterior_sampling", trials_of(R"({"name": "dark_room"})", 20, 20, 3000)).of_episode;
  // One goal an episode; how much is seen on the way depends on which of the shortest ways is taken.
  const double computed[] = {0.25, 1.22, 2.06, 2.80, 3.48};
  for (std::size_t e = 0; e < 5; ++e)
    expect_known(of[e], computed[e], 0.1, "episode " + std::to_string(e + 1));
  expect_known(of[19], 10.8, 0.3, "episode 20");
}

// 500 calls. The oracle's are the sum over all 64³ and 81³ tasks of 501 / (steps of an attempt + the call that resets),
// rounded down; the others come from a chain of the walk's probabilities, and from a program of the same search.
TEST(KnownReturns, AreDoors) {
  struct Case {
    int size;
    double random, search, oracle;
  };
  for (const Case& of : {Case{8, 0.499, 43.3, 49.1600}, Case{9, 0.329, 37.6, 44.1328}}) {
    const Config config = trials_of(
        R"({"name": "key_door", "key_reward": 0, "size": )" + std::to_string(of.size) + "}", 100, 5, 3000);
    const std::string size = " of size " + std::to_string(of.size);
    expect_known(play_by("random", config).of_trial, of.random, 0.01, "random" + size);
    expect_known(play_by("search", config).of_trial, of.search, 0.1, "search" + size);
    expect_known(play_by("oracle", config).of_trial, of.oracle, 1e-4, "oracle" + size);
  }
}

// All tasks of a square of four cells.
TEST(KnownReturns, AreDoorsOfEveryTask) {
  const Config config = trials_of(R"({"name": "key_door", "key_reward": 0, "size": 2})", 60, 2, 1);
  for (int task = 0; task < 64; ++task) {
    const int start = task / 16, key = task / 4 % 4, door = task % 4;
    const auto steps = [](int from, int to) {
      return std::max(std::abs(from % 2 - to % 2) + std::abs(from / 2 - to / 2), 1);
    };
    std::vector<float> numbers;
    for (int cell : {start, key, door}) {
      numbers.push_back(static_cast<float>(cell % 2));
      numbers.push_back(static_cast<float>(cell / 2));
    }
    EXPECT_EQ(play_by("oracle", config, numbers).of_trial[0],
              121 / (steps(start, key) + steps(key, door) + 1))
        << task;
  }
}

// A start, a key and a door in one cell: a stay each, and the call that resets.
TEST(KnownReturns, WhereKeyAndDoorAreAtTheStart) {
  const Config config = trials_of(R"({"name": "key_door", "size": 3})", 60, 1, 1);
  EXPECT_EQ(play_by("oracle", config, {1, 1, 1, 1, 1, 1}).of_trial[0], 40);
  const Config at_once = trials_of(R"({"name": "key_door", "size": 3, "reset_call": false})", 60, 1, 1);
  EXPECT_EQ(play_by("oracle", at_once, {1, 1, 1, 1, 1, 1}).of_trial[0], 60);
}

TEST(KnownReturns, InTheMaze) {
  struct Case {
    int corridor;
    double random;
  };
  for (const Case& of : {Case{10, -0.967}, Case{20, -0.983}, Case{50, -0.993}, Case{100, -0.997}}) {
    const std::string name = R"({"name": "t_maze", "corridor": )" + std::to_string(of.corridor);
    const Config passive = trials_of(name + "}", of.corridor + 1, 1, 2000),
                 active = trials_of(name + R"(, "start": "beside"})", of.corridor + 3, 1, 2000);
    expect_known(play_by("random", passive).of_trial, of.random, 5e-4, name);
    for (const Config& config : {passive, active}) {
      const auto oracle = play_by("oracle", config).of_trial;
      EXPECT_EQ(oracle, std::vector<float>(oracle.size(), 1.0f)) << name;
      expect_known(play_by("guess", config).of_trial, 0.5, 0, name);
    }
  }
}

// Means of an episode of 10 pulls. A rule that recalls has each barcode's first presentation among ten.
TEST(KnownReturns, OfBarcodes) {
  const auto of = [](const std::string& name, const std::string& options, int episodes, int tasks) {
    std::vector<float> means =
        play_by(name, trials_of(R"({"name": "barcode_bandit")" + options + "}", 10, episodes, tasks))
            .of_trial;
    for (float& mean : means) mean /= static_cast<float>(episodes);
    return means;
  };
  expect_known(of("random", "", 100, 200), 1.8, 0, "random");
  expect_known(of("oracle", "", 100, 200), 9.0, 0, "oracle");
  expect_known(of("recall", "", 100, 600), 8.440, 5e-4, "recall");
  expect_known(of("no_recall", "", 100, 300), 4.436, 5e-3, "no recall");
  expect_known(of("recall", R"(, "presentations": 1)", 10, 2000), 4.442, 5e-3, "recall, first presentations");
  expect_known(of("recall", R"(, "presentations": 2)", 20, 2000), (4.442 + 8.158) / 2, 5e-3,
               "recall, first two");
  expect_known(of("no_recall", R"(, "arms": 5)", 50, 600), 6.607, 5e-4, "5 arms");
  expect_known(of("no_recall", R"(, "arms": 3)", 30, 600), 7.761, 5e-4, "3 arms");
}

TEST(KnownReturns, OfTwoSteps) {
  const Config config = trials_of(R"({"name": "episodic_two_step"})", 2, 100, 2000);
  const auto half = [&](const std::string& name, std::size_t first) {
    const TrialLoop::Returns returns = play_by(name, config);
    std::vector<float> means(returns.of_trial.size());
    for (std::size_t e = first; e < first + 50; ++e)
      for (std::size_t i = 0; i < means.size(); ++i) means[i] += returns.of_episode[e][i] / 50;
    return means;
  };
  for (const std::size_t first : {0u, 50u}) expect_known(half("random", first), 0.5, 0, "random");
  expect_known(half("recall", 0), 0.702, 5e-4, "uncued");
  expect_known(half("recall", 50), 0.801, 5e-4, "cued");
  const Estimate without = mean_of(half("no_recall", 50));
  EXPECT_GT(without.mean, 0.67);
  EXPECT_LT(without.mean, 0.70);
}

TEST(KnownReturns, OfChoicesInContexts) {
  const auto of = [](const std::string& name, std::size_t episode, const std::string& options = "") {
    return play_by(name, trials_of(R"({"name": "contextual_choice")" + options + "}", 10, 100, 60))
        .of_episode[episode];
  };
  expect_known(of("random", 7), 5, 0, "random");
  for (const std::size_t episode : {0u, 49u}) {
    expect_known(of("recall", episode), 7.5, 0, "a context's first time");
    expect_known(of("no_recall", 50 + episode), 7.5, 0, "no recall");
    const std::vector<float> again = of("recall", 50 + episode);
    EXPECT_EQ(again, std::vector<float>(again.size(), 10.0f));
  }
  const std::vector<float> known = of("oracle", 0);
  EXPECT_EQ(known, std::vector<float>(known.size(), 10.0f));
  expect_known(of("recall", 0, R"(, "pay": "each_guess")"), 7.5, 0, "paid at once");
}

TEST(KnownReturns, OfTheGridAreOfOneSize) {
  const auto refusal = [](const Config& config) {
    try {
      prepare_rivals(config, {"bayes"});
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refusal(trials_of(R"({"name": "grid_navigation", "size": 6})", 15, 4, 1)),
            "/environment/size: wanted 5 with --baseline bayes, whose ways are of that grid, found 6");
  EXPECT_EQ(refusal(trials_of(R"({"name": "grid_navigation"})", 14, 4, 1)),
            "/horizon: wanted 15 with --baseline bayes, whose ways take as many steps, found 14");
}

}  // namespace
}  // namespace innerloop
