// An environment that uses the whole contract (tests/support/workshop.h), played by both kinds of rollout in packs of 4 and
// of 16, against a plain loop for each environment alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <vector>

#include "engine/device/simd/kernels.h"
#include "kernels/environment/draw_tasks.h"
#include "kernels/environment/step_environments.h"
#include "kernels/inner/rollout.h"
#include "kernels/trials/step.h"
#include "tests/support/kernels.h"
#include "tests/support/workshop.h"

namespace innerloop {
namespace {

using One = Pack<float, 1>;

// Packs as wide as AVX-512's, for any processor.
struct Wide {
  static constexpr int bytes = 64, tile_rows = 2, tile_vectors = 2;
};
struct Narrow {
  static constexpr int bytes = 16, tile_rows = 2, tile_vectors = 2;
};

constexpr int kHorizon = 40;
constexpr RandomKey kDrawing = {5, 9};
const Workshop::Options kOptions = {.shelves = 199, .tools = 33};  // 37 choices: two words

struct Numbers {
  Batch<float> batch;
  std::vector<float> observations, actions, outputs, log_probs, rewards, valid, ends, terminated, next,
      values;
  std::vector<std::int32_t> symbols, next_symbols;
  std::vector<std::uint32_t> allowed;

  Numbers(int tasks, int envs, int observation_size) {
    batch.horizon = kHorizon;
    batch.envs = envs;
    batch.observation_size = observation_size;
    batch.action_size = 2;
    batch.symbol_places = Workshop::kSymbols;
    batch.looks_beyond = true;
    batch.row_stride = padded(batch.seen_rows());
    const auto room = [&](auto& numbers, int each) {
      numbers.resize(static_cast<std::size_t>(tasks * each * batch.row_stride + 16));
      return numbers.data();
    };
    batch.observations = room(observations, observation_size);
    batch.actions = room(actions, 2);
    batch.log_probs = room(log_probs, 1);
    batch.rewards = room(rewards, 1);
    batch.valid = room(valid, 1);
    batch.ends = room(ends, 1);
    batch.terminated = room(terminated, 1);
    batch.symbols = room(symbols, Workshop::kSymbols);
    batch.allowed = room(allowed, action_words<Workshop>(kOptions));
    batch.next_observations = room(next, observation_size);
    batch.next_symbols = room(next_symbols, Workshop::kSymbols);
    room(values, 1);
  }
  template <class T>
  T at(const std::vector<T>& numbers, int each, int task, int number, int row) const {
    return numbers[static_cast<std::size_t>((static_cast<long>(task) * each + number) * batch.row_stride +
                                            row)];
  }
};

// The workshop in plain numbers.
struct Plain {
  float bonus = 0, clock = 0, drift = 0, place = 0;
  std::array<float, 200> shelf{};

  void reset(float uniform) {
    clock += 100;
    place = 0;
    shelf.fill(0);
    shelf[static_cast<std::size_t>(uniform * 199)] = 3;
  }
  float& here() { return shelf[static_cast<std::size_t>(place)]; }
  bool may(int choice) {
    if (choice == 3) return place > 0;
    return choice == 36 ? here() > 0 : true;
  }
  // The reward, but for its noise.
  float step(int move, int tool) {
    clock = clock + 1 + drift;
    const float content = here();
    if (tool == 1 && content < 4) here() = content + 1;
    if (tool == 32) here() = 0;
    place += move == 3 ? -1.0f : static_cast<float>(move);
    return tool == 32 ? content * bonus : 0;
  }
};

float uniform(int task, int env, int step, Purpose purpose, int inner_step, int number = 0) {
  using U = UintPack<One>;
  Random<One> random(kDrawing, U(static_cast<std::uint32_t>(task)), U(static_cast<std::uint32_t>(env)),
                     U(static_cast<std::uint32_t>(step)), purpose, static_cast<std::uint32_t>(inner_step));
  float drawn = 0;
  for (int i = 0; i <= number; ++i) drawn = random.uniform().get(0);
  return drawn;
}

struct Counts {
  int terminated = 0, emptied = 0, refused = 0;
};

// Plays what environment `env` (number `within` of task `task`) did again; its numbers are those of task `part` of the batch.
void expect_the_plain_game(const Numbers& n, int part, int env, int task, int within, int inner_step,
                           float bonus, int episode_steps, bool batch_ends, bool restarts, Counts& counts) {
  Plain plain;
  plain.bonus = bonus;
  plain.drift = uniform(task, within, 0, Purpose::trial, inner_step);
  plain.reset(uniform(task, within, 0, Purpose::reset, inner_step));
  const int size = n.batch.observation_size, words = action_words<Workshop>(kOptions);
  const auto expect_seen = [&](const auto& numbers, const auto& symbols, int row, int step, Purpose purpose) {
    EXPECT_EQ(n.at(numbers, size, part, 0, row),
              plain.clock + uniform(task, within, step, purpose, inner_step));
    EXPECT_EQ(n.at(numbers, size, part, 1, row),
              plain.place + uniform(task, within, step, purpose, inner_step, 1));
    for (int p = 0; p < Workshop::kSymbols; ++p)
      ASSERT_EQ(n.at(symbols, Workshop::kSymbols, part, p, row),
                plain.shelf[static_cast<std::size_t>(p % 199)]);
  };
  int elapsed = 0;
  bool alive = true;
  for (int t = 0; t < kHorizon; ++t) {
    SCOPED_TRACE(testing::Message() << "task " << task << " environment " << within << " step " << t);
    const int row = t * n.batch.envs + env;
    if (!alive) {
      EXPECT_EQ(n.at(n.valid, 1, part, 0, row), 0);
      EXPECT_EQ(n.at(n.rewards, 1, part, 0, row), 0);
      EXPECT_EQ(n.at(n.terminated, 1, part, 0, row), 0);
      for (int d = 0; d < 2; ++d) EXPECT_TRUE(std::isfinite(n.at(n.observations, size, part, d, row)));
      continue;
    }
    expect_seen(n.observations, n.symbols, row, t, Purpose::observation);
    for (int choice = 0; choice < 37; ++choice) {
      const bool may = (n.at(n.allowed, words, part, choice / 32, row) >> (choice % 32) & 1u) != 0;
      EXPECT_EQ(may, plain.may(choice)) << choice;
      counts.refused += !may;
    }
    const int move = static_cast<int>(n.at(n.actions, 2, part, 0, row)),
              tool = static_cast<int>(n.at(n.actions, 2, part, 1, row));
    EXPECT_TRUE(plain.may(move) && plain.may(4 + tool)) << move << ' ' << tool;
    counts.emptied += tool == 32;
    const float reward = plain.step(move, tool) + uniform(task, within, t, Purpose::environment, inner_step);
    const bool terminated = plain.place > 6, last = t + 1 == kHorizon,
               limit = ++elapsed == episode_steps || (batch_ends && last);
    EXPECT_EQ(n.at(n.rewards, 1, part, 0, row), reward);
    EXPECT_EQ(n.at(n.terminated, 1, part, 0, row), terminated);
    EXPECT_EQ(n.at(n.ends, 1, part, 0, row), terminated || limit);
    counts.terminated += terminated;
    // What a step leads to is seen before the next episode starts.
    const bool over = terminated || limit;
    expect_seen(n.next, n.next_symbols, row, t + 1,
                over || last ? Purpose::last_observation : Purpose::observation);
    if (last) expect_seen(n.observations, n.symbols, row + n.batch.envs, t + 1, Purpose::last_observation);
    if (!over) continue;
    alive = restarts;
    elapsed = 0;
    plain.reset(uniform(task, within, t + 1, Purpose::reset, inner_step));
  }
}

template <class Team>
class WholeContract : public testing::Test {
 protected:
  // Like a run's; the bonus of each task is drawn by a loop, or from a list.
  static std::vector<float> tasks(int count, const std::vector<float>& given = {}) {
    std::vector<float> numbers(static_cast<std::size_t>(count + 16));
    constexpr auto kernels =
        host_kernels_of<Team>(TypeList<DrawTasks<float, Workshop>, DrawGivenTasks<float>>{});
    const auto run = [&]<class Op>(const Op& op) { run_kernel<Op>(kernels, op, count); };
    if (given.empty())
      run(DrawTasks<float, Workshop>{kOptions, &kDrawing, numbers.data()});
    else
      run(DrawGivenTasks<float>{&kDrawing, given.data(), static_cast<int>(given.size()), 1, numbers.data()});
    for (int task = 0; task < count; ++task) EXPECT_GE(numbers[static_cast<std::size_t>(task)], 0.25f);
    return numbers;
  }
  static void shape_head(PolicyShape& shape) {
    shape.head = HeadKind::grouped;
    shape.groups = 2;
    shape.group_size[0] = 4;
    shape.group_size[1] = kOptions.tools;
  }
};
using Teams = testing::Types<SimdTeam<Narrow>, SimdTeam<Wide>>;
TYPED_TEST_SUITE(WholeContract, Teams);

const std::vector<float> kGiven = {0.5f, 2, 3};

TYPED_TEST(WholeContract, EachGivenTaskIsDrawnAsOftenAsAnother) {
  constexpr int kTasks = 3000;
  const std::vector<float> tasks = this->tasks(kTasks, kGiven);
  for (const float given : kGiven)
    EXPECT_NEAR(std::count(tasks.begin(), tasks.begin() + kTasks, given), kTasks / 3, 4 * 26);
}

TYPED_TEST(WholeContract, InnerLoopRolloutsPlayThePlainGame) {
  constexpr int kTasks = 2, kEnvs = 9;
  PolicyShape shape = policy_of({2, 8, 37}, HeadKind::grouped);
  this->shape_head(shape);
  shape.symbols = Workshop::kSymbols;
  shape.kinds = Workshop::kKinds;
  std::vector<float> theta(static_cast<std::size_t>(shape.parameters()));
  std::mt19937_64 random(4);
  for (float& x : theta) x = static_cast<float>(0.05 * normal(random));
  constexpr auto kernels = host_kernels_of<TypeParam>(TypeList<Rollout<float, Workshop>>{});
  for (const bool restart : {false, true}) {
    const std::vector<float> tasks = this->tasks(kTasks, restart ? kGiven : std::vector<float>{});
    Numbers n(kTasks, kEnvs, 2);
    Rollout<float, Workshop> op;
    op.shape = shape;
    op.params = {theta.data(), 0};
    op.batch = n.batch;
    op.tasks = tasks.data();
    op.options = kOptions;
    op.key = &kDrawing;
    op.inner_step = 3;
    op.restart = restart;
    op.tile_envs = 5;
    run_kernel<Rollout<float, Workshop>>(kernels, op, kTasks);
    Counts counts;
    for (int task = 0; task < kTasks; ++task)
      for (int env = 0; env < kEnvs; ++env)
        expect_the_plain_game(n, task, env, task, env, 3, tasks[static_cast<std::size_t>(task)], kHorizon,
                              true, restart, counts);
    EXPECT_GT(counts.terminated, 10);
    EXPECT_GT(counts.refused, 10);
  }
}

TYPED_TEST(WholeContract, TrialsPlayThePlainGame) {
  constexpr int kTasks = 3, kEach = 4, kEnvs = kTasks * kEach, kEpisode = 11;
  std::vector<float> of_task = this->tasks(kTasks), tasks(padded(kEnvs));
  for (std::size_t env = 0; env < kEnvs; ++env) tasks[env] = of_task[env / kEach];
  TrialStep<float, Workshop> op;
  op.shape.hidden = 16;
  op.shape.inputs = policy_inputs<Workshop>(kOptions);
  op.shape.actor = policy_of({16, 37}, HeadKind::grouped);
  this->shape_head(op.shape.actor);
  std::mt19937_64 random(4);
  const auto normals = [&](long count) {
    std::vector<float> numbers(static_cast<std::size_t>(count));
    for (float& x : numbers) x = static_cast<float>(0.3 * normal(random));
    return numbers;
  };
  Scratch counted;
  take_heads<float>(counted, op.shape);
  const std::vector<float> memory = normals(padded(kEnvs) * 16L);
  std::vector<float> heads = normals(counted.used() / 4 + 16);
  const auto unaligned = reinterpret_cast<std::uintptr_t>(heads.data()) % 64 / sizeof(float);
  Scratch at(heads.data() + (16 - unaligned) % 16);
  Numbers n(1, kEnvs, op.shape.inputs);
  op.trials.batch = n.batch;
  op.trials.episode_steps = kEpisode;
  op.trials.values = n.values.data();
  op.tasks = tasks.data();
  op.options = kOptions;
  op.key = &kDrawing;
  op.envs_per_task = kEach;
  op.heads = take_heads<float>(at, op.shape);
  op.memory[0] = {memory.data(), 16};
  std::vector<float> between(static_cast<std::size_t>(op.trials.tiles() * op.tile_numbers(kOptions)), NAN);
  op.between = between.data();
  constexpr auto kernels = host_kernels_of<TypeParam>(TypeList<TrialStep<float, Workshop>>{});
  for (op.step = -1; op.step <= kHorizon; ++op.step) run_kernel<TrialStep<float, Workshop>>(kernels, op, 1);
  Counts counts;
  for (int env = 0; env < kEnvs; ++env)
    expect_the_plain_game(n, 0, env, env / kEach, env % kEach, 0, tasks[static_cast<std::size_t>(env)],
                          kEpisode, false, true, counts);
  EXPECT_GT(counts.terminated, 10);
  EXPECT_GT(counts.refused, 10);
  // The policy takes in both groups' choices, the reward, and whether the episode ended.
  const int size = op.shape.inputs;
  for (int row = 0; row < kHorizon * kEnvs; ++row) {
    const auto input = [&](int i) { return n.at(n.observations, size, 0, i, row + kEnvs); };
    for (int choice = 0; choice < 37; ++choice)
      ASSERT_EQ(input(2 + choice), choice < 4 ? n.at(n.actions, 2, 0, 0, row) == choice
                                              : n.at(n.actions, 2, 0, 1, row) == choice - 4);
    ASSERT_EQ(input(39), n.at(n.rewards, 1, 0, 0, row));
    ASSERT_EQ(input(40), n.at(n.ends, 1, 0, 0, row));
  }
}

// A canvas that keeps where things are.
struct Marks {
  double hand = -1, clock = -1;
  Ink ink = Ink::scene;
  void line(double, double, double x, double, Ink) { clock = x; }
  void circle(double x, double, double, Ink its) {
    hand = x;
    ink = its;
  }
  void rectangle(double, double, double, double, Ink) {}
};

TEST(Sketches, AStateInMemoryAndATrialsRecordAreDrawn) {
  static_assert(Sketches<Workshop>);
  std::vector<float> numbers(static_cast<std::size_t>(episode_size<Workshop>(kOptions)));
  const Workshop::Task<One> task = {One(1)};
  Episode<Workshop, One> episode(kOptions, task, numbers.data(), 1);
  using U = UintPack<One>;
  const Random<One> random(kDrawing, U(0u), U(0u), U(0u), Purpose::reset, 0);
  episode.begin(random, random);
  Marks marks;
  episode.sketch(std::span<const float>{}, marks);
  EXPECT_EQ(marks.hand, 0);
  EXPECT_EQ(marks.clock, 100);
  EXPECT_EQ(marks.ink, Ink::goal);
  episode.step(Array<IntPack<One>, 2>{IntPack<One>(2), IntPack<One>(0)}, random);
  const std::vector<float> did = {2, 0};
  episode.sketch(std::span(did), marks);
  EXPECT_EQ(marks.hand, 2);
  EXPECT_GT(marks.clock, 100);
  EXPECT_EQ(marks.ink, Ink::body);
}

// Environments that are stepped with given choices, some of which reach beyond the last and are taken for it.
TYPED_TEST(WholeContract, GivenChoicesArePlayed) {
  constexpr int kEnvs = 37, kLimit = 9;
  constexpr auto kernels = host_kernels_of<TypeParam>(TypeList<StepEnvironments<float, Workshop>>{});
  const std::vector<float> tasks = this->tasks(padded(kEnvs));
  std::vector<float> state(static_cast<std::size_t>(episode_size<Workshop>(kOptions) * padded(kEnvs)));
  std::vector<std::int32_t> counts(3 * padded(kEnvs)), choices(2 * kEnvs),
      symbols(kEnvs * Workshop::kSymbols);
  std::vector<float> seen(2 * kEnvs), rewards(kEnvs);
  std::vector<std::uint8_t> terminated(kEnvs), truncated(kEnvs), allowed(37 * kEnvs);
  std::vector<Begin> begins(padded(kEnvs), Begin::trial);
  std::fill_n(counts.begin(), padded(kEnvs), -1);
  StepEnvironments<float, Workshop> op;
  op.envs = kEnvs;
  op.tile_envs = 16;
  op.horizon = kLimit;
  op.options = kOptions;
  op.key = &kDrawing;
  op.tasks = tasks.data();
  op.state = state.data();
  op.episode = counts.data();
  op.elapsed = op.episode + padded(kEnvs);
  op.over = op.elapsed + padded(kEnvs);
  op.choices = choices.data();
  op.seen = {seen.data(), symbols.data()};
  op.rewards = rewards.data();
  op.terminated = terminated.data();
  op.truncated = truncated.data();
  op.allowed = allowed.data();
  const auto run = [&] { run_kernel<StepEnvironments<float, Workshop>>(kernels, op, ceil_div(kEnvs, 16)); };
  op.begins = begins.data();
  run();

  struct Played : Plain {
    int episode = 0, elapsed = 0;
    bool over = false;
  };
  std::vector<Played> plain(kEnvs);
  const auto drawn = [](int e, const Played& its, Purpose purpose, int number = 0) {
    return uniform(e, its.episode, its.elapsed, purpose, 0, number);
  };
  const auto expect_seen = [&](int e) {
    Played& its = plain[static_cast<std::size_t>(e)];
    EXPECT_EQ(op.seen.numbers[2 * e], its.clock + drawn(e, its, Purpose::observation));
    EXPECT_EQ(op.seen.numbers[2 * e + 1], its.place + drawn(e, its, Purpose::observation, 1));
    for (int p = 0; p < Workshop::kSymbols; ++p)
      ASSERT_EQ(op.seen.symbols[e * Workshop::kSymbols + p], its.shelf[static_cast<std::size_t>(p % 199)]);
    for (int choice = 0; choice < 37; ++choice)
      EXPECT_EQ(op.allowed[e * 37 + choice] != 0, its.may(choice)) << choice;
  };
  const auto begin = [&](int e) {
    Played& its = plain[static_cast<std::size_t>(e)];
    its.bonus = tasks[static_cast<std::size_t>(e)];
    its.clock = 0;
    its.drift = drawn(e, its, Purpose::trial);
    its.reset(drawn(e, its, Purpose::reset));
  };
  for (int e = 0; e < kEnvs; ++e) {
    begin(e);
    expect_seen(e);
  }
  op.begins = nullptr;
  Counts counted;
  for (int t = 0; t < 60; ++t) {
    SCOPED_TRACE(testing::Message() << "step " << t);
    for (int e = 0; e < kEnvs; ++e) {
      Played& its = plain[static_cast<std::size_t>(e)];
      const int move = (e + t) % 5 == 0 && its.place > 0 ? 3 : (e * t) % 3;
      choices[static_cast<std::size_t>(2 * e)] = move;
      choices[static_cast<std::size_t>(2 * e + 1)] = its.here() > 0 && t % 2 == 0 ? 40 : 1;
    }
    run();
    for (int e = 0; e < kEnvs; ++e) {
      SCOPED_TRACE(testing::Message() << "environment " << e);
      Played& its = plain[static_cast<std::size_t>(e)];
      float reward = 0;
      bool ends = false, limit = false;
      if (its.over) {
        ++its.episode;
        its.elapsed = 0;
        its.reset(drawn(e, its, Purpose::reset));
      } else {
        const int move = choices[static_cast<std::size_t>(2 * e)],
                  tool = std::min(choices[static_cast<std::size_t>(2 * e + 1)], kOptions.tools - 1);
        counted.emptied += tool == 32;
        reward = its.step(move, tool) + drawn(e, its, Purpose::environment);
        ends = its.place > 6;
        limit = ++its.elapsed >= kLimit && !ends;
        counted.terminated += ends;
        counted.refused += limit;
      }
      its.over = ends || limit;
      ASSERT_EQ(rewards[static_cast<std::size_t>(e)], reward);
      ASSERT_EQ(terminated[static_cast<std::size_t>(e)] != 0, ends);
      ASSERT_EQ(truncated[static_cast<std::size_t>(e)] != 0, limit);
      expect_seen(e);
    }
    // In the middle some begin a trial, and others an episode.
    if (t != 30) continue;
    for (int e = 0; e < padded(kEnvs); ++e) begins[static_cast<std::size_t>(e)] = static_cast<Begin>(e % 3);
    op.begins = begins.data();
    run();
    op.begins = nullptr;
    for (int e = 0; e < kEnvs; ++e) {
      Played& its = plain[static_cast<std::size_t>(e)];
      if (e % 3 != 0) {
        ++its.episode;
        its.elapsed = 0;
        its.over = false;
      }
      if (e % 3 == 1) its.reset(drawn(e, its, Purpose::reset));
      if (e % 3 == 2) begin(e);
      expect_seen(e);
    }
  }
  EXPECT_GT(counted.terminated, 20);
  EXPECT_GT(counted.refused, 20);
  EXPECT_GT(counted.emptied, 20);
}

}  // namespace
}  // namespace innerloop
