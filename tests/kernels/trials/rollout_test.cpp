// Trials as they are played: what the policy takes in and remembers, and where episodes and tasks begin and end.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/played_trials.h"

namespace innerloop {
namespace {

const std::vector<std::vector<std::string>> kFamilies = {
    {},
    {R"(environment={"name": "bandit", "arms": 3})", "horizon=1", "algorithm.trial_length=9"},
    {R"(environment={"name": "tabular_mdp"})", "tasks_per_iteration=37", "envs_per_task=1",
     "policy.hidden=17", "algorithm.minibatches=1"},
    {R"(environment={"name": "point_navigation"})", "policy.initial_log_std=-0.5"},
    {R"(environment={"name": "cartpole"})", "horizon=30", "algorithm.trial_length=60"},
    {R"(policy={"name": "lstm", "hidden": 7})"},
    {R"(environment={"name": "point_navigation"})", R"(policy={"name": "lstm", "hidden": 18})"},
    {R"(policy={"name": "transformer", "hidden": 32, "heads": 2, "feedforward": 16})"},
    {R"(environment={"name": "point_navigation"})",
     R"(policy={"name": "transformer", "hidden": 16, "heads": 1, "feedforward": 16, "gated": true, "positions": "rotary"})"},
    {R"(policy={"name": "episodic", "hidden": 7})"},
    {R"(policy={"name": "belief", "encoder": 7, "hidden": [18, 6]})",
     R"(algorithm={"name": "varibad", "trial_length": 20, "minibatches": 2, "belief_trials": 4})"},
    {"policy.layer_norm=true"},
    {R"(environment={"name": "point_navigation"})",
     R"(policy={"name": "lstm", "hidden": 18, "layer_norm": true})"},
    {"algorithm.value_network=separate"},
    {R"(policy={"name": "lstm", "hidden": 18, "layer_norm": true})", "algorithm.value_network=separate"}};

// The same without a memory, of one episode unless the task ends it.
const std::vector<std::vector<std::string>> kWithoutMemory = {
    {R"(policy={"name": "mlp", "hidden": [9, 6]})", R"(algorithm={"name": "ppo", "minibatches": 2})"},
    {R"(environment={"name": "cartpole"})", "horizon=60", R"(policy={"name": "mlp", "activation": "relu"})",
     R"(algorithm={"name": "ppo", "minibatches": 2})"},
    {R"(policy={"name": "mlp", "hidden": [9, 6]})",
     R"(algorithm={"name": "ppo", "minibatches": 2, "value_network": "separate"})"}};

TEST(TrialRollout, ThePolicyTakesInItsLastActionTheRewardAndWhetherAnEpisodeEnded) {
  for (const auto& family : kFamilies) {
    const PlayedTrials p(trial_config(family));
    const int actions = p.shape.actions(), first = p.shape.inputs - actions - 2;
    const bool discrete = p.shape.actor.head == HeadKind::categorical;
    const auto input = [&](int i, int t, int e) {
      return p.at(p.inputs[static_cast<std::size_t>(first + i)], t, e);
    };
    for (int e = 0; e < p.envs; ++e)
      for (int t = 0; t < p.steps; ++t) {
        for (int a = 0; a < actions; ++a) {
          double last = 0;
          if (t > 0)
            last = discrete ? p.at(p.actions[0], t - 1, e) == a
                            : p.at(p.actions[static_cast<std::size_t>(a)], t - 1, e);
          EXPECT_EQ(input(a, t, e), last);
        }
        EXPECT_EQ(input(actions, t, e), t > 0 ? p.at(p.rewards, t - 1, e) : 0);
        EXPECT_EQ(input(actions + 1, t, e), t > 0 ? p.at(p.ends, t - 1, e) : 0);
      }
  }
}

TEST(TrialRollout, WithoutAMemoryThePolicyTakesInTheObservationAlone) {
  for (const auto& family : kWithoutMemory) {
    const Config config = trial_config(family);
    const PlayedTrials p(config);
    EXPECT_EQ(p.shape.inputs, environment_name(config) == "cartpole" ? 4 : 2);
    EXPECT_EQ(p.inputs.size(), static_cast<std::size_t>(p.shape.inputs));
    EXPECT_EQ(p.steps, config.horizon);
  }
}

// The reference's memory runs from the trial's first step to its last, whatever ends in between.
TEST(TrialRollout, TheMemoryGoesOnThroughTheEndsOfEpisodes) {
  std::vector<std::vector<std::string>> families = kFamilies;
  families.insert(families.end(), kWithoutMemory.begin(), kWithoutMemory.end());
  for (const auto& family : families) {
    const PlayedTrials p(trial_config(family));
    const TrialProblem reference = p.problem();
    for (int e = 0; e < p.envs; ++e) {
      std::vector<Vector> h;
      for (int t = 0; t < p.steps; ++t) {
        Vector x;
        for (int i = 0; i < p.shape.inputs; ++i) x.push_back(reference.input(i, t, e));
        h = reference::memories_step(reference.policy, p.theta, x, h);
        const reference::HeadOutputs outputs = reference::head_outputs(reference.policy, p.theta, h);
        ASSERT_NEAR(p.at(p.log_probs, t, e),
                    reference::of_actor(reference, outputs.actor, outputs.log_std, t, e).first, 2e-4);
        ASSERT_NEAR(p.at(p.values, t, e), outputs.value, 1e-4);
      }
    }
  }
}

// Beyond the last step there is what it leads to and its value, and no next episode; all else is as with the other value of the
// time limit.
TEST(TrialRollout, LooksBeyondTheLastStep) {
  for (std::vector<std::string> family : kWithoutMemory) {
    const PlayedTrials without(trial_config(family));
    family.push_back("at_time_limit=bootstrap");
    const Config config = trial_config(family);
    const PlayedTrials p(config);
    const auto as_without = [&](const Vector& numbers, const Vector& wanted) {
      EXPECT_EQ(Vector(numbers.begin(), numbers.begin() + p.steps * p.envs),
                Vector(wanted.begin(), wanted.begin() + p.steps * p.envs));
    };
    as_without(p.rewards, without.rewards);
    as_without(p.values, without.values);
    as_without(p.actions[0], without.actions[0]);
    for (int e = 0; e < p.envs; ++e) {
      Vector x;
      for (const Vector& input : p.inputs) x.push_back(p.at(input, p.steps, e));
      const auto h = reference::memories_step(p.policy, p.theta, x, {});
      EXPECT_NEAR(p.at(p.values, p.steps, e), reference::head_outputs(p.policy, p.theta, h).value, 1e-4);
      if (environment_name(config) != "cartpole") continue;
      // Its place moves by its speed, whether or not the pole falls.
      EXPECT_NEAR(x[0], p.at(p.inputs[0], p.steps - 1, e) + 0.02 * p.at(p.inputs[1], p.steps - 1, e), 1e-6);
    }
  }
}

TEST(TrialRollout, EpisodesEndAtTheHorizonAndTheNextStartsWhereTheyDo) {
  const PlayedTrials p(trial_config());
  for (int e = 0; e < p.envs; ++e)
    for (int t = 0; t < p.steps; ++t) {
      EXPECT_EQ(p.at(p.ends, t, e), t % 5 == 4);
      if (t % 5 != 0) continue;
      for (int d = 0; d < 2; ++d)
        EXPECT_EQ(p.at(p.inputs[static_cast<std::size_t>(d)], t, e),
                  p.at(p.inputs[static_cast<std::size_t>(d)], 0, 0));
    }
}

// A pole that falls ends the episode before its horizon; the trial is as long all the same.
TEST(TrialRollout, AnEpisodeThatEndsEarlyIsFollowedByTheNext) {
  const PlayedTrials p(
      trial_config({R"(environment={"name": "cartpole"})", "horizon=30", "algorithm.trial_length=60"}));
  int early = 0;
  for (int e = 0; e < p.envs; ++e) {
    int elapsed = 0;
    for (int t = 0; t < p.steps; ++t) {
      ++elapsed;
      EXPECT_EQ(p.at(p.rewards, t, e), 1);
      EXPECT_LE(elapsed, 30);
      if (elapsed == 1) {
        for (int d = 0; d < 4; ++d)
          EXPECT_LT(std::abs(p.at(p.inputs[static_cast<std::size_t>(d)], t, e)), 0.0501);
      }
      if (p.at(p.ends, t, e) > 0) {
        early += elapsed < 30;
        elapsed = 0;
      }
    }
  }
  EXPECT_GT(early, 5);
}

// In the grid +1 is paid in one cell alone: the goal, the same in all episodes and for all environments of a task.
TEST(TrialRollout, TheTaskLastsForTheTrial) {
  const PlayedTrials p(trial_config({"horizon=20", "algorithm.trial_length=200", "tasks_per_iteration=30"}));
  std::vector<std::pair<double, double>> goals(30, {NAN, NAN});
  int found = 0, others = 0;
  for (int e = 0; e < p.envs; ++e)
    for (int t = 0; t + 1 < p.steps; ++t) {
      if (p.at(p.rewards, t, e) < 1 || p.at(p.ends, t, e) > 0) continue;
      const std::pair<double, double> cell{p.at(p.inputs[0], t + 1, e), p.at(p.inputs[1], t + 1, e)};
      auto& goal = goals[static_cast<std::size_t>(e / 2)];
      if (std::isnan(goal.first)) goal = cell;
      EXPECT_EQ(cell, goal) << e << ", step " << t;
      ++found;
    }
  for (const auto& goal : goals) others += !std::isnan(goal.first) && goal != goals[0];
  EXPECT_GT(found, 30);
  EXPECT_GT(others, 10);
}

TEST(TrialRollout, ReturnsAreTheSumsOfEpisodesAndOfTheTrial) {
  for (const auto& family : kFamilies) {
    const Config config = trial_config(family);
    const PlayedTrials p(config);
    const auto listed = static_cast<std::size_t>(p.steps / config.horizon);
    ASSERT_EQ(p.returns.of_episode.size(), listed);
    for (int e = 0; e < p.envs; ++e) {
      std::vector<double> returns = {0}, lengths = {0};
      double all = 0;
      for (int t = 0; t < p.steps; ++t) {
        returns.back() += p.at(p.rewards, t, e);
        lengths.back() += 1;
        all += p.at(p.rewards, t, e);
        if (p.at(p.ends, t, e) > 0) {
          returns.push_back(0);
          lengths.push_back(0);
        }
      }
      const auto env = static_cast<std::size_t>(e);
      for (std::size_t episode = 0; episode < listed; ++episode) {
        EXPECT_NEAR(p.returns.of_episode[episode][env], returns[episode], 1e-4);
        EXPECT_EQ(p.returns.lengths[episode][env], lengths[episode]);
      }
      EXPECT_NEAR(p.returns.of_trial[env], all, 1e-3);
    }
  }
}

}  // namespace
}  // namespace innerloop
