// Memories that are too wide for one team: their products, and their trials beside those of a team. Their gradient is in
// rl2_test.cpp.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/config/environment_options.h"
#include "engine/device/launch.h"
#include "engine/device/planned_buffers.h"
#include "engine/learned/create.h"
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
            "algorithm.value_network=separate"}}) {
    SCOPED_TRACE(overrides[0]);
    const Config config = trial_config(overrides);
    with_environment(config.environment, [&]<class Env>(const typename Env::Options& options) {
      expect_trials_of_a_team<Env>(config, options);
    });
  }
}

}  // namespace
}  // namespace innerloop
