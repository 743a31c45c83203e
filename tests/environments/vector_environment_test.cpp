// Environments that are stepped with given actions.
#include "engine/environments/vector_environment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "engine/device/host_kernel_set.h"
#include "engine/error.h"
#include "engine/evaluation/curve.h"
#include "engine/learned/policy.h"
#include "engine/stages/batches.h"
#include "envs/cartpole.h"
#include "tests/support/environment_play.h"
#include "tests/support/reference.h"

namespace innerloop {
namespace {

using One = Pack<float, 1>;

Config config_of(const std::string& environment) {
  return parse_config(R"({"environment": )" + environment + "}", "test");
}
const char* const kCartPole = R"({"name": "cartpole"})";

DeviceOptions on_cpu(int threads = 1, const std::string& instructions = "") {
  return {.backend = Backend::cpu, .threads = threads, .instructions = instructions};
}

// What one environment did, step by step, in the middle of others.
struct Moment {
  std::vector<float> seen;
  float reward = 0;
  bool terminated = false, truncated = false;
  bool operator==(const Moment&) const = default;
};
using Story = std::vector<Moment>;

std::vector<float> seen_by(const SeenRows<float>& rows, int env, int numbers) {
  return {rows.numbers + env * numbers, rows.numbers + (env + 1) * numbers};
}

// An action that depends on what was seen alone, so that it is the same wherever the environment is.
int push_of(const std::vector<float>& seen) { return std::sin(1000.0f * seen[0]) > 0 ? 1 : 0; }

// Episodes of CartPole, each from what was first seen of it on, in any mode.
std::vector<Story> episodes(int env, int envs, Autoreset autoreset, int threads,
                            const std::string& instructions = "") {
  const Config config = config_of(kCartPole);
  Device device(on_cpu(threads, instructions));
  VectorEnvironment vector(config, {.envs = envs, .horizon = 30, .autoreset = autoreset}, device);
  vector.reset(7);
  std::vector<Story> stories(1);
  const auto look = [&] { stories.back().push_back({seen_by(vector.seen(), env, 4)}); };
  look();
  std::vector<std::uint8_t> over(static_cast<std::size_t>(envs));
  while (stories.size() <= 12) {
    for (int e = 0; e < envs; ++e) vector.choices()[e] = push_of(seen_by(vector.seen(), e, 4));
    const bool ended = over[static_cast<std::size_t>(env)] != 0;
    vector.step();
    for (int e = 0; e < envs; ++e)
      over[static_cast<std::size_t>(e)] = vector.terminated()[e] | vector.truncated()[e];
    const bool ends = over[static_cast<std::size_t>(env)] != 0;
    if (autoreset == Autoreset::next_step && ended) {
      EXPECT_EQ(vector.rewards()[env], 0);
      EXPECT_FALSE(ends);
      stories.emplace_back();
      look();
      continue;
    }
    Moment now{
        seen_by(autoreset == Autoreset::same_step && ends ? vector.last_seen() : vector.seen(), env, 4),
        vector.rewards()[env], vector.terminated()[env] != 0, vector.truncated()[env] != 0};
    stories.back().push_back(now);
    if (autoreset == Autoreset::disabled && std::ranges::find(over, 1) != over.end()) vector.reset(over);
    if (ends && autoreset != Autoreset::next_step) {
      stories.emplace_back();
      look();
    }
  }
  stories.pop_back();
  return stories;
}

TEST(VectorEnvironment, AnEnvironmentDependsNeitherOnOthersNorOnWhenEpisodesStart) {
  const std::vector<Story> alone = episodes(0, 1, Autoreset::next_step, 1);
  int terminated = 0, truncated = 0;
  for (const Story& story : alone) {
    terminated += story.back().terminated;
    truncated += story.back().truncated;
    EXPECT_LE(story.size(), 31u);
  }
  EXPECT_GT(terminated, 0);
  EXPECT_GT(truncated, 0);
  for (const Autoreset autoreset : {Autoreset::next_step, Autoreset::same_step, Autoreset::disabled})
    for (const int threads : {1, 3}) {
      SCOPED_TRACE(testing::Message() << static_cast<int>(autoreset) << ' ' << threads);
      EXPECT_EQ(episodes(0, 300, autoreset, threads), alone);
      EXPECT_EQ(episodes(131, 300, autoreset, threads), episodes(131, 132, Autoreset::next_step, 1));
    }
  for (const HostKernelSet& set : host_kernel_sets())
    EXPECT_EQ(episodes(0, 17, Autoreset::same_step, 1, std::string(set.name)), alone);
  EXPECT_NE(episodes(1, 2, Autoreset::next_step, 1), alone);
}

// Against the environment's own functions, one after the other.
TEST(VectorEnvironment, StepsAsTheEnvironmentSays) {
  const Config config = config_of(kCartPole);
  Device device(on_cpu());
  constexpr int kEnvs = 21;
  VectorEnvironment vector(config, {.envs = kEnvs, .horizon = 12, .autoreset = Autoreset::same_step}, device);
  vector.reset(3);
  struct Plain {
    CartPole::Task<One> task;
    CartPole::State<One> state;
    int episode = 0, elapsed = 0;
  };
  std::vector<Plain> plain(kEnvs);
  const auto random = [](int env, const Plain& its, Purpose purpose) {
    using U = UintPack<One>;
    return Random<One>({3, 0xFFFFFFFEu}, U(static_cast<std::uint32_t>(env)),
                       U(static_cast<std::uint32_t>(its.episode)), U(static_cast<std::uint32_t>(its.elapsed)),
                       purpose, 0);
  };
  const auto start = [&](int env) {
    Plain& its = plain[static_cast<std::size_t>(env)];
    auto stream = random(env, its, Purpose::reset);
    its.state = CartPole::reset<One>({}, its.task, stream);
  };
  const auto seen = [](const CartPole::State<One>& s) {
    return std::vector<float>{s.position.get(0), s.velocity.get(0), s.angle.get(0),
                              s.angular_velocity.get(0)};
  };
  for (int env = 0; env < kEnvs; ++env) {
    const std::vector<float>& task = vector.tasks()[static_cast<std::size_t>(env)];
    plain[static_cast<std::size_t>(env)].task = {task[0], task[1], task[2], task[3], task[4]};
    start(env);
    EXPECT_EQ(seen_by(vector.seen(), env, 4), seen(plain[static_cast<std::size_t>(env)].state));
  }
  for (int t = 0; t < 100; ++t) {
    for (int env = 0; env < kEnvs; ++env) vector.choices()[env] = (t * 5 + env * 3) % 7 < 4;
    vector.step();
    for (int env = 0; env < kEnvs; ++env) {
      SCOPED_TRACE(testing::Message() << "environment " << env << " step " << t);
      Plain& its = plain[static_cast<std::size_t>(env)];
      auto stream = random(env, its, Purpose::environment);
      const auto outcome =
          CartPole::step<One>({}, its.task, its.state, IntPack<One>((t * 5 + env * 3) % 7 < 4), stream);
      const bool terminated = outcome.terminated.get(0) != 0, truncated = !terminated && ++its.elapsed == 12;
      ASSERT_EQ(vector.rewards()[env], outcome.reward.get(0));
      ASSERT_EQ(vector.terminated()[env] != 0, terminated);
      ASSERT_EQ(vector.truncated()[env] != 0, truncated);
      if (terminated || truncated) {
        ASSERT_EQ(seen_by(vector.last_seen(), env, 4), seen(its.state));
        ++its.episode;
        its.elapsed = 0;
        start(env);
      }
      ASSERT_EQ(seen_by(vector.seen(), env, 4), seen(its.state));
    }
  }
}

// A reset without a seed goes on with the next episodes of the same tasks; one with a seed begins anew.
TEST(VectorEnvironment, ResetsGoOnOrStartAnew) {
  const Config config = config_of(kCartPole);
  Device device(on_cpu());
  VectorEnvironment vector(config, {.envs = 5}, device);
  vector.reset(3);
  const std::vector<float> first(vector.seen().numbers, vector.seen().numbers + 20);
  const TaskTable tasks = vector.tasks();
  vector.reset();
  const std::vector<float> second(vector.seen().numbers, vector.seen().numbers + 20);
  EXPECT_EQ(vector.tasks(), tasks);
  for (std::size_t i = 0; i < 20; ++i) EXPECT_NE(first[i], second[i]) << i;
  vector.reset(3);
  EXPECT_EQ(std::vector<float>(vector.seen().numbers, vector.seen().numbers + 20), first);
  const std::vector<std::uint8_t> mask = {0, 1, 0, 0, 0};
  vector.reset(mask);
  for (std::size_t i = 0; i < 20; ++i)
    EXPECT_EQ(vector.seen().numbers[i], (i / 4 == 1 ? second : first)[i]) << i;
  vector.reset(4);
  EXPECT_NE(vector.tasks(), tasks);
}

TEST(VectorEnvironment, GivenTasksArePlayedFromTheNextReset) {
  const Config config = config_of(R"({"name": "point_navigation"})");
  Device device(on_cpu());
  VectorEnvironment vector(config, {.envs = 3, .horizon = 1, .autoreset = Autoreset::disabled}, device);
  vector.set_tasks({{0.5f, 0.25f}});
  vector.reset(1);
  EXPECT_EQ(vector.tasks(), (TaskTable(3, {0.5f, 0.25f})));
  const std::vector<std::uint8_t> mask = {0, 1, 1};
  vector.set_tasks({{1, 0}, {0, 1}, {0.125f, 1}}, mask);
  EXPECT_EQ(vector.tasks(), (TaskTable(3, {0.5f, 0.25f})));
  vector.reset(std::vector<std::uint8_t>{1, 1, 0});
  EXPECT_EQ(vector.tasks(), (TaskTable{{0.5f, 0.25f}, {0, 1}, {0.5f, 0.25f}}));
  // The reward of a step that stays at the origin is the goal's distance, the wrong way.
  std::fill_n(vector.actions(), 6, 0.0f);
  vector.step();
  EXPECT_NEAR(vector.rewards()[0], -std::hypot(0.5, 0.25), 1e-6);
  EXPECT_NEAR(vector.rewards()[1], -1, 1e-6);
  EXPECT_NEAR(vector.rewards()[2], -std::hypot(0.5, 0.25), 1e-6);
  vector.reset(9);  // with the task that waited
  EXPECT_EQ(vector.tasks(), (TaskTable{{0.5f, 0.25f}, {0, 1}, {0.125f, 1}}));
  vector.set_tasks({});
  vector.reset(9);
  EXPECT_EQ(vector.tasks(), sample_tasks(config, 3, 9, TaskSplit::train, device));
}

TEST(VectorEnvironment, SampledTasksAreThoseOfTrainingAndOfEvaluation) {
  Config config = config_of(kCartPole);
  Device device(on_cpu());
  BufferPlan plan;
  InnerLoopSizes sizes;
  sizes.tasks = 6;
  sizes.envs = 2;
  sizes.steps = 1;
  sizes.lr = {0.1};
  Batches batches(inner_loop_setup(config), sizes, device, plan);
  const auto memory = device.allocate(plan.total_bytes());
  plan.bind(memory.get());
  batches.prepare();
  batches.set_key({config.seed, 0});
  batches.draw_tasks();
  EXPECT_EQ(sample_tasks(config, 6, config.seed, TaskSplit::train, device), batches.tasks().all());
  batches.set_key({config.evaluation.seed, kEvaluationIteration});
  batches.draw_tasks();
  EXPECT_EQ(sample_tasks(config, 6, config.evaluation.seed, TaskSplit::held_out, device),
            batches.tasks().all());
  config.held_out_tasks = {{1, 1, 1, 1, 1}, {2, 2, 2, 2, 2}};
  EXPECT_EQ(sample_tasks(config, 1, 5, TaskSplit::held_out, device), (TaskTable{{1, 1, 1, 1, 1}}));
  EXPECT_THROW(sample_tasks(config, 3, 5, TaskSplit::held_out, device), InputError);
}

TEST(VectorEnvironment, GoesOnFromAState) {
  for (const char* const environment : {kCartPole, R"({"name": "bandit"})", R"({"name": "tabular_mdp"})"}) {
    const Config config = config_of(environment);
    Device device(on_cpu());
    const VectorOptions options = {.envs = 19, .horizon = 9};
    VectorEnvironment first(config, options, device), second(config, options, device);
    const auto play = [&](VectorEnvironment& vector, int from, int to) {
      std::vector<float> all;
      for (int t = from; t < to; ++t) {
        for (int e = 0; e < 19; ++e) vector.choices()[e] = (t + e) % 2;
        vector.step();
        all.insert(all.end(), vector.rewards(), vector.rewards() + 19);
        const int numbers = 19 * vector.info().observation.numbers;
        all.insert(all.end(), vector.seen().numbers, vector.seen().numbers + numbers);
      }
      return all;
    };
    first.reset(11);
    play(first, 0, 13);
    const VectorEnvironment::State state = first.state();
    second.set_state(state);
    EXPECT_EQ(second.state(), state);
    const int numbers = 19 * first.info().observation.numbers;
    EXPECT_EQ(std::vector<float>(second.seen().numbers, second.seen().numbers + numbers),
              std::vector<float>(first.seen().numbers, first.seen().numbers + numbers));
    EXPECT_EQ(play(second, 13, 40), play(first, 13, 40)) << environment;
    VectorEnvironment small(config, {.envs = 2}, device);
    EXPECT_THROW(small.set_state(state), InputError);
  }
}

// What a policy does in a rollout is what it does step by step, and with the numbers that it has anywhere else.
TEST(VectorEnvironment, ARolloutIsStepsOfThePolicy) {
  for (const char* const environment :
       {kCartPole, R"({"name": "pendulum"})", R"({"name": "tabular_mdp"})", R"({"name": "bandit"})"}) {
    SCOPED_TRACE(environment);
    const Config config = parse_config(
        std::string(R"({"policy": {"hidden": [19, 7]}, "environment": )") + environment + "}", "test");
    const PolicyShape shape = policy_shape(config);
    std::mt19937_64 random(5);
    std::vector<float> params(static_cast<std::size_t>(shape.parameters()));
    for (float& x : params) x = static_cast<float>(0.5 * normal(random));
    constexpr int kEnvs = 150, kSteps = 25;
    for (const Autoreset autoreset : {Autoreset::next_step, Autoreset::same_step}) {
      const VectorOptions options = {.envs = kEnvs, .horizon = 9, .autoreset = autoreset};
      Device device(on_cpu(2)), one(on_cpu(1, "portable"));
      VectorEnvironment whole(config, options, device), stepwise(config, options, one);
      whole.reset(3);
      stepwise.reset(3);
      const auto rollout = whole.rollout(config, params, kSteps, false);
      const int numbers = whole.info().observation.numbers, size = whole.info().action_size;
      const auto same = [](const auto* a, const auto* b, int count) {
        return std::equal(a, a + count, b, b + count);
      };
      for (int t = 0; t < kSteps; ++t) {
        SCOPED_TRACE(t);
        // A rollout of a single step, on another set of kernels.
        const auto step = stepwise.rollout(config, params, 1, false);
        ASSERT_TRUE(same(step.seen.numbers, rollout.seen.numbers + t * kEnvs * numbers, kEnvs * numbers));
        ASSERT_TRUE(same(step.log_probs, rollout.log_probs + t * kEnvs, kEnvs));
        ASSERT_TRUE(same(step.rewards, rollout.rewards + t * kEnvs, kEnvs));
        ASSERT_TRUE(same(step.truncated, rollout.truncated + t * kEnvs, kEnvs));
        if (step.choices != nullptr) {
          ASSERT_TRUE(same(step.choices, rollout.choices + t * kEnvs * size, kEnvs * size));
        } else {
          ASSERT_TRUE(same(step.actions, rollout.actions + t * kEnvs * size, kEnvs * size));
        }
        if (autoreset == Autoreset::same_step && step.truncated[0] != 0) {
          ASSERT_TRUE(same(step.last_seen.numbers, rollout.last_seen.numbers + t * kEnvs * numbers, numbers));
        }
      }
      EXPECT_EQ(whole.state(), stepwise.state());
      // The plain network: means, or probabilities.
      const Vector theta(params.begin(), params.end());
      for (int e = 0; e < kEnvs; ++e) {
        const float* seen = rollout.seen.numbers + e * numbers;
        const Vector outputs = reference::forward(shape, theta, Vector(seen, seen + numbers)).back();
        Vector action;
        if (rollout.choices != nullptr)
          action.push_back(rollout.choices[e * size]);
        else
          action.assign(rollout.actions + e * size, rollout.actions + (e + 1) * size);
        EXPECT_NEAR(rollout.log_probs[e], reference::log_prob(shape, theta, outputs, action), 2e-5);
      }
      // The likeliest is no worse than what is drawn, and the same again.
      const VectorEnvironment::State state = whole.state();
      const auto first = whole.rollout(config, params, 3, true);
      whole.set_state(state);
      const auto again = whole.rollout(config, params, 3, true);
      EXPECT_TRUE(same(first.rewards, again.rewards, 3 * kEnvs));
      EXPECT_TRUE(same(first.seen.numbers, again.seen.numbers, 4 * kEnvs * numbers));
    }
  }
}

std::string message_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const InputError& error) {
    return error.what();
  }
  return "nothing was wrong";
}

TEST(VectorEnvironment, SaysWhatIsWrong) {
  const Config config = config_of(kCartPole);
  Device device(on_cpu());
  VectorEnvironment vector(config, {.envs = 2, .horizon = 1, .autoreset = Autoreset::disabled}, device);
  EXPECT_EQ(message_of([&] { vector.step(); }), "reset: wanted a seed before anything else, found none");
  EXPECT_EQ(message_of([&] { vector.reset(); }), "reset: wanted a seed before anything else, found none");
  vector.reset(1);
  vector.choices()[1] = 2;
  EXPECT_EQ(message_of([&] { vector.step(); }), "actions[1]: wanted a choice from 0 to 1, found 2");
  vector.choices()[1] = -1;
  EXPECT_EQ(message_of([&] { vector.step(); }), "actions[1]: wanted a choice from 0 to 1, found -1");
  vector.choices()[1] = 0;
  vector.step();
  EXPECT_EQ(message_of([&] { vector.step(); }),
            "step: wanted episodes that go on, found that of environment 0 over; reset it with "
            "options={\"reset_mask\": ...}, or let episodes start by themselves");
  const std::vector<std::uint8_t> none = {0, 0}, three = {1, 1, 1};
  EXPECT_EQ(message_of([&] { vector.reset(none); }),
            "reset_mask: wanted at least one environment to reset, found none");
  EXPECT_EQ(message_of([&] { vector.reset(three); }), "mask: wanted one for each of 2 environments, found 3");
  EXPECT_EQ(message_of([&] { vector.set_tasks(TaskTable(3)); }),
            "tasks: wanted one, or one for each of 2 environments, found 3");
  EXPECT_EQ(message_of([&] { vector.set_tasks({{1, 2}}); }), "tasks[0]: wanted 5 numbers, found 2");
  const std::vector<float> few(3);
  EXPECT_EQ(message_of([&] { vector.rollout(config, few, 1, false); }),
            "rollout: wanted the 4610 parameters of the policy, found 3");
  EXPECT_EQ(
      message_of([&] { vector.rollout(config_of(R"({"name": "pendulum"})"), few, 1, false); }),
      "rollout: wanted a policy that sees and does what \"cartpole\" has, found one of \"pendulum\" with 3 "
      "numbers seen and 1 put out");
}

}  // namespace
}  // namespace innerloop
