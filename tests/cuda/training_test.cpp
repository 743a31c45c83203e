// Training on the CUDA device leaves the bits that training on the CPU leaves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/resume.h"
#include "tests/tiny_run.h"

namespace innerloop {
namespace {

using Overrides = std::vector<std::string>;

const DeviceOptions kCuda = {.backend = Backend::cuda, .threads = 0, .instructions = ""};

struct Variant {
  const char* name;
  Overrides overrides;
};

// 3 iterations with their metrics, an evaluation among them.
void expect_the_same_run_on_both(const Overrides& overrides) {
  Overrides all = {"iterations=3", "evaluation.every=2"};
  all.insert(all.end(), overrides.begin(), overrides.end());
  const Config config = tiny_config(all);
  const TemporaryFolder folder;
  const RunFolder cpu = train_tiny(folder.path() / "cpu", config),
                  cuda = train_tiny(folder.path() / "cuda", config, kCuda);
  ASSERT_NE(newest_checkpoint_bytes(cpu.path), "");
  EXPECT_EQ(timeless_metrics(cpu.path), timeless_metrics(cuda.path));
  EXPECT_EQ(newest_checkpoint_bytes(cpu.path), newest_checkpoint_bytes(cuda.path));
}

const Variant kEnvironments[] = {
    {"Square", {R"(environment={"name":"point_navigation"})"}},
    {"Bandit", {R"(environment={"name":"bandit"})", "horizon=1", "envs_per_task=9"}},
    {"Cartpole", {R"(environment={"name":"cartpole"})", "horizon=12"}},
};

const Variant kAlgorithms[] = {
    {"MamlAdam", {"algorithm.inner_steps=1"}},
    {"MamlOf3StepsTrpo", {"algorithm.inner_steps=3", R"(outer={"name":"trpo","cg_iterations":3})"}},
    {"MamlRatioSgd", {"algorithm.estimator=ratio", R"(outer={"name":"sgd","lr":0.5})"}},
    {"MamlDice", {"algorithm.estimator=dice"}},
    {"Fomaml", {"algorithm={\"name\":\"fomaml\",\"inner_steps\":2,\"estimator\":\"clipped\"}"}},
    {"Reptile", {R"(algorithm={"name":"reptile","inner_steps":2})"}},
    {"Emaml", {R"(algorithm={"name":"emaml","inner_steps":2})"}},
    {"Promp", {R"(algorithm={"name":"promp","inner_steps":2,"epochs":2,"adaptive_kl":true})"}},
};

class EveryAlgorithmOnCuda : public testing::TestWithParam<std::tuple<Variant, Variant>> {};

TEST_P(EveryAlgorithmOnCuda, LeavesTheCheckpointOfTheCpu) {
  Overrides overrides = std::get<0>(GetParam()).overrides;
  const Overrides& algorithm = std::get<1>(GetParam()).overrides;
  overrides.insert(overrides.end(), algorithm.begin(), algorithm.end());
  expect_the_same_run_on_both(overrides);
}

INSTANTIATE_TEST_SUITE_P(, EveryAlgorithmOnCuda,
                         testing::Combine(testing::ValuesIn(kEnvironments), testing::ValuesIn(kAlgorithms)),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param).name) + std::get<1>(test.param).name;
                         });

// What the runs above do not have.
const Variant kForms[] = {
    // Two chunks of rows, and rollouts in two tiles of environments.
    {"ManyEnvironments", {"envs_per_task=40", "horizon=15", "tasks_per_iteration=2", "evaluation.every=0"}},
    {"NoHiddenLayer", {"policy.hidden=[]"}},
    {"Relu", {"policy.activation=relu"}},
    {"Semicircle", {R"(environment={"name":"point_navigation","layout":"semicircle","reward":"sparse"})"}},
    {"Corner", {R"(environment={"name":"point_navigation","layout":"corner","reward":"sparse_potential"})"}},
    {"Gaussian", {R"(environment={"name":"bandit","arms":7,"reward":"gaussian"})", "at_episode_end=restart"}},
    {"Restart", {R"(environment={"name":"cartpole"})", "horizon=20", "at_episode_end=restart"}},
    {"GaeWithoutBaseline",
     {"algorithm.gae_lambda=0.9", "algorithm.baseline=none", "algorithm.normalize_advantages=false"}},
    {"GradientClipping", {"outer.max_gradient_norm=0.01"}},
    {"Deterministic", {"evaluation.deterministic=true"}},
    // Scratch memory of more than a block's shared memory.
    {"WideNetwork", {"policy.hidden=[256,256]", "iterations=1", "evaluation.every=0"}},
};

class EveryFormOnCuda : public testing::TestWithParam<Variant> {};

TEST_P(EveryFormOnCuda, LeavesTheCheckpointOfTheCpu) { expect_the_same_run_on_both(GetParam().overrides); }

INSTANTIATE_TEST_SUITE_P(, EveryFormOnCuda, testing::ValuesIn(kForms),
                         [](const auto& test) { return test.param.name; });

// Goes on with the run in `path` for 3 more iterations.
void resume_on(const DeviceOptions& options, const std::filesystem::path& path) {
  const Resume from = read_resume(path, Overrides{"iterations=6"});
  Device device(options);
  Trainer trainer(from.config, device);
  trainer.restore(from.checkpoint);
  std::ostringstream progress;
  trainer.train(from.folder, progress, false);
}

TEST(ResumeOnCuda, GoesOnWithTheBitsOfTheOtherBackend) {
  const TemporaryFolder folder;
  const std::string whole = newest_checkpoint_bytes(train_tiny(folder.path() / "whole", tiny_config()).path);
  const Config half = tiny_config({"iterations=3"});
  const RunFolder to_cuda = train_tiny(folder.path() / "to_cuda", half);
  resume_on(kCuda, to_cuda.path);
  EXPECT_EQ(newest_checkpoint_bytes(to_cuda.path), whole);
  const RunFolder to_cpu = train_tiny(folder.path() / "to_cpu", half, kCuda);
  resume_on(kOneThread, to_cpu.path);
  EXPECT_EQ(newest_checkpoint_bytes(to_cpu.path), whole);
}

}  // namespace
}  // namespace innerloop
