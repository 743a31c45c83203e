// Memories that are too wide for one team: their products, and their trials beside those of a team. Their gradient without
// symbols is in rl2_test.cpp.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/config/environment_options.h"
#include "engine/device/launch.h"
#include "engine/device/planned_buffers.h"
#include "engine/learned/create.h"
#include "engine/learned/trial_policy.h"
#include "engine/stages/layered_gradient.h"
#include "engine/stages/trial_loop.h"
#include "tests/support/buffers.h"
#include "tests/support/played_trials.h"

namespace innerloop {
namespace {

// Blocks and a rest of rows, columns and depth; A as it is and transposed, a bias for all rows and C itself as the start.
TEST(MatrixProduct, IsTheChainOfFusedMultiplyAdds) {
  using Op = MatrixProduct<float>;
  const int rows = Op::kRows + 5, columns = Op::kColumns + 16, depths[] = {Op::kDepth + 3, 7};
  Buffers memory(3);
  const float* const left[] = {memory.normals("left", rows * depths[0]),
                               memory.normals("transposed", rows * depths[1])};
  const float* const right[] = {memory.normals("right", depths[0] * columns),
                                memory.normals("other", depths[1] * (columns + 16))};
  for (const bool in_place : {false, true}) {
    Buffers results(4);
    float* const to = results.normals("to", rows * (columns + 32));
    const std::vector<float> before(to, to + rows * (columns + 32));
    const float* const bias = results.normals("bias", columns);
    Op op;
    op.rows = rows;
    op.columns = columns;
    op.terms[0] = {{left[0], depths[0], 1}, {right[0], columns}, depths[0]};
    op.terms[1] = {{left[1], 1, rows}, {right[1], columns + 16}, depths[1]};
    op.term_count = 2;
    op.start = in_place ? Start<float>{to, columns + 32} : Start<float>{bias, 0};
    op.to = to;
    op.to_stride = columns + 32;
    for (const HostKernelSet& set : host_kernel_sets()) {
      std::ranges::copy(before, to);
      run_kernel<Op>(set, op, 1);
      for (int m = 0; m < rows; ++m)
        for (int n = 0; n < columns + 32; ++n) {
          const float old = before[static_cast<std::size_t>(m * (columns + 32) + n)];
          float wanted = in_place || n >= columns ? old : bias[n];
          if (n < columns) {
            for (int k = 0; k < depths[0]; ++k)
              wanted = std::fma(left[0][m * depths[0] + k], right[0][k * columns + n], wanted);
            for (int k = 0; k < depths[1]; ++k)
              wanted = std::fma(left[1][k * rows + m], right[1][k * (columns + 16) + n], wanted);
          }
          ASSERT_EQ(to[m * (columns + 32) + n], wanted) << set.name << ' ' << m << ' ' << n;
        }
    }
  }
}

// The same trials on two paths: what a wide policy did, and what teams do with the same parameters and tasks.
template <class Env>
void expect_trials_of_a_team(const Config& config, const typename Env::Options& options) {
  Device device({.backend = Backend::cpu, .threads = 2, .instructions = ""});
  BufferPlan plan;
  TrialLoop loop(trial_setup(config), config.tasks_per_iteration, config.envs_per_task, false, device, plan);
  ASSERT_TRUE(is_wide(loop.policy()));
  const Trials<float>& t = loop.trials();
  TrialRollout of_teams(config.environment, loop.policy(), loop.envs(), t.batch.horizon, false, device, plan);
  const auto memory = allocate_planned(device, plan, "the test");
  const std::vector<float> params = create_learned(config).initial(config.seed);
  const auto played = [&] {
    std::vector<float> all;
    const auto add = [&](const float* rows, int each) {
      for (int d = 0; d < each; ++d)
        all.insert(all.end(), rows + d * t.batch.row_stride, rows + d * t.batch.row_stride + t.batch.rows());
    };
    add(t.batch.observations, t.batch.observation_size);
    add(t.batch.actions, t.batch.action_size);
    for (const float* rows : {t.batch.log_probs, t.batch.rewards, t.batch.ends, t.values}) add(rows, 1);
    return all;
  };
  loop.set_key({config.seed, 3});
  loop.play(params.data());
  loop.play(params.data());  // nothing is left of the trials before
  device.finish();
  const std::vector<float> wide = played();
  std::vector<float> tasks;
  for (int e = 0; e < padded(loop.envs()); ++e) {
    std::vector<float> task = loop.task(std::min(e, loop.envs() - 1));
    task.resize(kTaskSize<Env>);
    tasks.insert(tasks.end(), task.begin(), task.end());
  }
  for (float* rows : {t.batch.log_probs, t.batch.rewards, t.batch.ends, t.values})
    std::fill_n(rows, t.batch.rows(), -7.0f);
  TrialPlay<float, Env> play;
  play.shape = loop.shape();
  play.trials = t;
  play.tasks = tasks.data();
  play.options = options;
  play.key = loop.key();
  play.envs_per_task = config.envs_per_task;
  of_teams.enqueue(play, params.data());
  device.finish();
  EXPECT_EQ(played(), wide);
}

TEST(WideMemory, PlaysTheTrialsOfATeamBitForBit) {
  for (const std::vector<std::string>& overrides : std::vector<std::vector<std::string>>{
           {R"(policy={"name": "gru", "hidden": 272})"},
           {R"(environment={"name": "bandit"})", "horizon=1", R"(policy={"name": "lstm", "hidden": 257})",
            "envs_per_task=8"},
           {R"(environment={"name": "cartpole"})", "horizon=30", "algorithm.trial_length=60",
            R"(policy={"name": "lstm", "hidden": 260})", "algorithm.value_network=separate"},
           {R"(environment={"name": "point_navigation"})", R"(policy={"name": "gru", "hidden": 300})",
            "algorithm.value_network=separate"},
           {R"(policy={"name": "transformer", "hidden": 272, "heads": 17, "layers": 1})"},
           {R"(environment={"name": "point_navigation"})", "algorithm.value_network=separate",
            R"(policy={"name": "transformer", "hidden": 288, "heads": 9, "layers": 2, "gated": true,)"
            R"( "positions": "rotary", "feedforward": 48})"},
           {R"(environment={"name": "bandit"})", "horizon=1", "envs_per_task=8",
            R"(policy={"name": "transformer", "hidden": 320, "tokens": 3, "positions": "sinusoidal"})"}}) {
    SCOPED_TRACE(overrides[0]);
    const Config config = trial_config(overrides);
    with_environment(config.environment, [&]<class Env>(const typename Env::Options& options) {
      expect_trials_of_a_team<Env>(config, options);
    });
  }
}

// Played on both paths, where the trials' symbols are there and the environment shows none of its own.
TEST(WideMemory, PlaysTrialsWithSymbolsOfATeamBitForBit) {
  using Env = GridNavigation;
  const Config config = trial_config({"algorithm.value_network=separate", "tasks_per_iteration=20"});
  TrialPolicy policy = trial_policy(config);
  add_embedding(policy, 5, 4, 19);
  const MemoryPolicyShape& shape = shape_of(policy);
  Device device({.backend = Backend::cpu, .threads = 2, .instructions = ""});
  Buffers memory(1);
  TrialPlay<float, Env> play;
  play.shape = shape;
  Trials<float>& t = play.trials;
  t.batch.horizon = 12;
  t.batch.envs = 40;
  t.batch.observation_size = shape.numbers();
  t.batch.action_size = 1;
  t.batch.row_stride = padded(t.batch.rows());
  t.batch.symbol_places = 5;
  std::vector<int> symbols(static_cast<std::size_t>(5 * t.batch.row_stride));
  for (int& symbol : symbols) symbol = static_cast<int>(memory.random()() % 4);
  t.batch.symbols = memory.hold<std::int32_t>("symbols", symbols);
  t.episode_steps = 5;
  play.key =
      reinterpret_cast<RandomKey*>(memory.hold<std::uint32_t>("key", std::vector<std::uint32_t>{5, 3}));
  std::vector<double> tasks(static_cast<std::size_t>(padded(t.batch.envs) * kTaskSize<Env>), 3);
  play.tasks = memory.hold("tasks", tasks);
  const float* const params = memory.normals("params", parameters_of(policy), 0.3);
  const auto played = [&](bool wide) {
    Buffers rows(1);
    t.batch.observations = rows.blank("numbers", t.batch.observation_size * t.batch.row_stride);
    for (float** row : {&t.batch.actions, &t.batch.log_probs, &t.batch.rewards, &t.batch.ends, &t.values})
      *row = rows.blank("row", t.batch.row_stride);
    BufferPlan plan;
    TrialRollout rollout(config.environment, policy, t.batch.envs, t.batch.horizon, wide, device, plan);
    const auto held = allocate_planned(device, plan, "the test");
    rollout.enqueue(play, params);
    device.finish();
    return rows.content();
  };
  const std::vector<BufferContent> of_teams = played(false);
  EXPECT_EQ(first_difference(of_teams, played(true)), "");
  t.batch.symbols[7] = (t.batch.symbols[7] + 1) % 4;
  EXPECT_NE(first_difference(of_teams, played(true)), "");
}

// More environments than are kept at a time, against a team's kernel in double.
template <class Memory>
void expect_gradient_of_a_team(MemoryPolicy<Memory> wide, int envs, int window = 0) {
  add_embedding(wide, 4, 3, 18);
  const bool separate_value = wide.separate_value;
  const TrialPolicy policy = wide;
  TrialProblem p = random_trial_problem_of(policy, 2, HeadKind::categorical, envs, 6, 4);
  p.order.resize(static_cast<std::size_t>(envs - 9));
  p.window = window;
  const TrialGradientResult wanted = kernel_trial_gradient(p);

  Buffers memory(1);
  const long stride = padded(p.rows());
  const auto rows = [&](const auto& numbers, auto zero) {
    const long quantities = static_cast<long>(numbers.size()) / p.rows();
    std::vector<decltype(zero)> to(static_cast<std::size_t>(quantities * stride));
    for (long q = 0; q < quantities; ++q)
      for (long r = 0; r < p.rows(); ++r)
        to[static_cast<std::size_t>(q * stride + r)] =
            static_cast<decltype(zero)>(numbers[static_cast<std::size_t>(q * p.rows() + r)]);
    return memory.hold<decltype(zero)>("rows", to);
  };
  TrialObjective<float> objective;
  objective.shape = shape_of(p.policy);
  Batch<float>& batch = objective.trials.batch;
  batch.horizon = p.steps;
  batch.envs = p.envs;
  batch.observation_size = p.shape().numbers();
  batch.action_size = 1;
  batch.symbol_places = p.shape().symbols;
  batch.row_stride = stride;
  batch.observations = rows(p.inputs, 0.0f);
  batch.symbols = rows(p.symbols, std::int32_t{0});
  batch.actions = rows(p.actions, 0.0f);
  batch.log_probs = rows(p.log_probs, 0.0f);
  batch.advantages = rows(p.advantages, 0.0f);
  objective.trials.values = rows(p.values, 0.0f);
  objective.trials.targets = rows(p.targets, 0.0f);
  objective.trials.episode_steps = 1;
  objective.order = memory.hold<int>("order", p.order);
  objective.envs = static_cast<int>(p.order.size());
  objective.clip = static_cast<float>(p.clip);
  objective.value_weight = static_cast<float>(p.value_weight);
  objective.entropy_weight = static_cast<float>(p.entropy_weight);
  const float* const params = memory.hold("params", p.theta);
  std::vector<float> gradient(p.theta.size(), NAN), values(kTrialValues, NAN);
  Device device({.backend = Backend::cpu, .threads = 2, .instructions = ""});
  BufferPlan plan;
  WideGradient wide_gradient(p.policy, p.steps, objective.envs, device, plan);
  const auto held = allocate_planned(device, plan, "the test");
  for (int time = 0; time < 2; ++time)  // nothing is left of the time before
    wide_gradient.enqueue(objective, window, params, gradient.data(), values.data());
  device.finish();
  const auto part = [&](const auto& numbers, const char* name) {
    const Learned learned = learned_trial_policy(p.policy, 0);
    const auto first = numbers.begin() + learned.find(name)->offset;
    return Vector(first, first + learned.find(name)->size());
  };
  EXPECT_LT(relative_error(to_double(values), wanted.values), 1e-5);
  EXPECT_LT(relative_error(to_double(gradient), wanted.gradient), 1e-5);
  for (const char* name : {"embedding", "value.embedding"}) {
    if (name[0] == 'v' && !separate_value) continue;
    EXPECT_LT(relative_error(part(gradient, name), part(wanted.gradient, name)), 1e-5) << name;
  }
}

// A transformer takes some 4,000 rows at a time.
TEST(WideGradient, OfTransformersIsThatOfATeam) {
  for (const Positions positions : {Positions::learned, Positions::sinusoidal, Positions::rotary}) {
    MemoryPolicy<Transformer> policy = policy_with<Transformer>(3, 16);
    policy.memory.positions = positions;
    policy.memory.gated = positions != Positions::sinusoidal;
    policy.memory.tokens = positions == Positions::rotary ? 0 : 2;
    policy.separate_value = positions == Positions::learned;
    policy.layer_norm = positions != Positions::sinusoidal;
    expect_gradient_of_a_team(policy, 800);
  }
}

TEST(WideGradient, WithSymbolsIsThatOfATeam) {
  const auto separate = [](auto policy) {
    policy.separate_value = true;
    return policy;
  };
  expect_gradient_of_a_team(policy_with<Gru>(3, 19), 270);
  expect_gradient_of_a_team(separate(policy_with<Gru>(3, 19)), 270, 3);
  expect_gradient_of_a_team(separate(policy_with<Lstm>(3, 19)), 270);
  expect_gradient_of_a_team(policy_with<Lstm>(3, 19), 270, 2);
}

}  // namespace
}  // namespace innerloop
