// Training on the CUDA device leaves the bits that training on the CPU leaves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/error.h"
#include "engine/evaluation/report.h"
#include "engine/learned/create.h"
#include "tests/cuda/cuda_device.h"
#include "tests/run/resumed_run.h"

namespace innerloop {
namespace {

using Overrides = std::vector<std::string>;

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
    {"Cavia", {R"(algorithm={"name":"cavia","inner_steps":2,"inner_lr":0.8})"}},
    {"CaviaFilm", {R"(algorithm={"name":"cavia","inner_steps":2,"inner_lr":0.8,"context_input":"film"})"}},
    {"Epochs", {R"(algorithm={"name":"maml","inner_steps":2,"inner_epochs":2,"estimator":"clipped"})"}},
    {"Alfa", {R"(algorithm={"name":"alfa","inner_steps":2,"inner_epochs":2})"}},
    {"AlfaTrpo",
     {R"(algorithm={"name":"alfa","inner_steps":2})", R"(outer={"name":"trpo","cg_iterations":3})"}},
    {"ValueNetwork",
     {R"(algorithm={"name":"maml","inner_steps":2,"baseline":"network","value_hidden":[6]})"}},
    {"Pretraining", {R"(algorithm={"name":"pretraining","inner_lr":0.5})"}},
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
    // More blocks than a GPU has multiprocessors: their tiles are others than those of few.
    {"ManyTasks",
     {"tasks_per_iteration=160", "envs_per_task=9", "horizon=2", "policy.hidden=[36]", "iterations=1",
      "evaluation.every=0"}},
    {"NoHiddenLayer", {"policy.hidden=[]"}},
    {"Relu", {"policy.activation=relu"}},
    {"Semicircle", {R"(environment={"name":"point_navigation","layout":"semicircle","reward":"sparse"})"}},
    {"Corner", {R"(environment={"name":"point_navigation","layout":"corner","reward":"sparse_potential"})"}},
    {"Gaussian", {R"(environment={"name":"bandit","arms":7,"reward":"gaussian"})", "at_episode_end=restart"}},
    {"Restart", {R"(environment={"name":"cartpole"})", "horizon=20", "at_episode_end=restart"}},
    {"GaeWithoutBaseline",
     {"algorithm.gae_lambda=0.9", "algorithm.baseline=none", "algorithm.normalize_advantages=false"}},
    {"GradientClipping", {"outer.max_gradient_norm=0.01"}},
    {"AdamW", {R"(outer={"name":"adamw","weight_decay":0.3})"}},
    {"Entropy",
     {R"(environment={"name":"cartpole"})", "horizon=12", "algorithm.entropy_weight=0.1",
      "algorithm.outer_entropy_weight=0.1"}},
    {"Nesterov", {R"(outer={"name":"sgd","momentum":0.9,"nesterov":true})"}},
    {"Deterministic", {"evaluation.deterministic=true"}},
    {"Rl2Lstm",
     {R"(environment={"name":"tabular_mdp"})", "at_episode_end=restart", "envs_per_task=12",
      R"(policy={"name":"lstm","hidden":18})",
      R"(algorithm={"name":"rl2","trial_length":15,"epochs":2,"minibatches":2})"}},
    {"Rl2LayerNorm",
     {"at_episode_end=restart", R"(policy={"name":"gru","hidden":18,"layer_norm":true})",
      R"(algorithm={"name":"rl2","trial_length":10,"epochs":1,"minibatches":2})"}},
    {"Rl2SeparateValue",
     {"at_episode_end=restart", R"(policy={"name":"lstm","hidden":5,"layer_norm":true})",
      R"(algorithm={"name":"rl2","trial_length":10,"epochs":1,"minibatches":2,"value_network":"separate"})"}},
    {"Rl2Transformer",
     {R"(environment={"name":"tabular_mdp"})", "at_episode_end=restart", "envs_per_task=12",
      R"(policy={"name":"transformer","hidden":32,"heads":2,"feedforward":48})",
      R"(algorithm={"name":"rl2","trial_length":20,"epochs":2,"minibatches":2})"}},
    {"Rl2Episodic",
     {R"(environment={"name":"barcode_bandit"})", "horizon=2", "at_episode_end=restart",
      R"(policy={"name":"episodic","hidden":18,"nearest":2})",
      R"(algorithm={"name":"rl2","trial_length":40,"epochs":2,"minibatches":2,"window":8})"}},
    {"Rl2GatedTransformer",
     {"at_episode_end=restart",
      R"(policy={"name":"transformer","hidden":16,"heads":1,"layers":1,"feedforward":16,"gated":true,)"
      R"("positions":"rotary"})",
      R"(algorithm={"name":"rl2","trial_length":10,"epochs":1,"minibatches":2,"value_network":"separate"})"}},
    {"PromptTuning",
     {"at_episode_end=restart",
      R"(policy={"name":"transformer","hidden":16,"heads":1,"layers":1,"feedforward":16,"tokens":3})",
      R"(algorithm={"name":"prompt_tuning","trial_length":10,"inner_steps":2,"epochs":1,"minibatches":2})"}},
    {"Varibad",
     {R"(environment={"name":"grid_navigation"})", "at_episode_end=restart",
      R"(policy={"name":"belief","latent":3,"encoder":18,"decoder":"cells","decoder_hidden":[9],"hidden":[17,5]})",
      R"(algorithm={"name":"varibad","trial_length":15,"epochs":2,"minibatches":2,"belief_trials":11,)"
      R"("belief_capacity":200})"}},
    {"VaribadPoint",
     {"at_episode_end=restart", R"(policy={"name":"belief","encoder":7,"hidden":[17]})",
      R"(algorithm={"name":"varibad","trial_length":10,"minibatches":2,"belief_trials":9,"decode_steps":4,)"
      R"("belief_capacity":200})"}},
    {"VaribadStates",
     {R"(environment={"name":"wind_navigation"})", "at_episode_end=restart",
      R"(policy={"name":"belief","encoder":7,"hidden":[17],"decode_state":true,"state_decoder_hidden":[18],)"
      R"("squash":0.1})",
      R"(algorithm={"name":"varibad","trial_length":10,"minibatches":2,"belief_trials":9,"decode_steps":4,)"
      R"("belief_capacity":200,"state_loss_weight":0.5})"}},
    {"Sac",
     {R"(environment={"name":"pendulum"})", "at_episode_end=restart", "at_time_limit=bootstrap",
      "tasks_per_iteration=20", "envs_per_task=2", R"(policy={"name":"mlp","hidden":[18,5],"squash":2})",
      R"(algorithm={"name":"sac","updates":4,"batch":70,"capacity":9000,"first_steps":300,"critic_hidden":[17]})"}},
    {"SacValueNetwork",
     {R"(environment={"name":"pendulum"})", "at_episode_end=restart", "at_time_limit=bootstrap",
      "tasks_per_iteration=20", "envs_per_task=2", R"(policy={"name":"mlp","hidden":[18,5],"squash":2})",
      R"(algorithm={"name":"sac","updates":4,"batch":70,"capacity":9000,"first_steps":300,"critic_hidden":[17],)"
      R"("version":"value_network"})"}},
    {"Pearl",
     {R"(environment={"name":"point_navigation","layout":"semicircle"})", "at_episode_end=restart",
      "at_time_limit=bootstrap", "tasks_per_iteration=20", "envs_per_task=2",
      R"(policy={"name":"mlp","hidden":[18,5],"squash":1})",
      R"(algorithm={"name":"pearl","trial_length":15,"train_tasks":40,"latent":3,"encoder_hidden":[9],"meta_batch":3,)"
      R"("context":25,"sparse_within":0.5,"updates":4,"batch":70,"capacity":75,"critic_hidden":[17]})"}},
    {"PpoSeparateValue",
     {"at_episode_end=restart", R"(policy={"name":"mlp","hidden":[18]})",
      R"(algorithm={"name":"ppo","epochs":2,"minibatches":2,"value_network":"separate"})"}},
    {"Rl2Window",
     {"at_episode_end=restart", R"(policy={"name":"gru","hidden":5})",
      R"(algorithm={"name":"rl2","trial_length":10,"epochs":1,"minibatches":2,"window":2})"}},
    {"Ppo",
     {R"(environment={"name":"cartpole"})", "horizon=12", "at_episode_end=restart",
      R"(algorithm={"name":"ppo","epochs":2,"minibatches":2})"}},
    {"PpoLongEpisodes",
     {R"(environment={"name":"cartpole"})", "horizon=12", "at_episode_end=restart", "at_time_limit=bootstrap",
      R"(algorithm={"name":"ppo","rollout_steps":7,"epochs":2,"minibatches":2,"minibatches_of":"samples"})"}},
    {"PpoTasksInMemory",
     {R"(environment={"name":"tabular_mdp"})", "horizon=10", "at_episode_end=restart",
      R"(algorithm={"name":"ppo","rollout_steps":7,"epochs":1,"minibatches":2})"}},
    {"Rl2TargetKl",
     {"at_episode_end=restart", R"(policy={"name":"gru","hidden":5})",
      R"(algorithm={"name":"rl2","trial_length":10,"minibatches":2,"target_kl":0.002,"value_clip":0.2})"}},
    // Scratch memory of more than a block's shared memory.
    {"WideNetwork", {"policy.hidden=[256,256]", "iterations=1", "evaluation.every=0"}},
};

class EveryFormOnCuda : public testing::TestWithParam<Variant> {};

TEST_P(EveryFormOnCuda, LeavesTheCheckpointOfTheCpu) { expect_the_same_run_on_both(GetParam().overrides); }

INSTANTIATE_TEST_SUITE_P(, EveryFormOnCuda, testing::ValuesIn(kForms),
                         [](const auto& test) { return test.param.name; });

// cuBLAS adds in another order than the CPU, and in the same one each time. SGD's steps and continuous actions carry a
// difference no further, as long as the steps are such that training does not run away; Adam's first steps are as large for a
// gradient of almost 0 as for any other.
TEST(WideMemoryOnCuda, LearnsWhatTheCpuLearnsAndTheSameEachTime) {
  struct Case {
    std::string policy, of_memory, lr;
  };
  const std::string separate = R"(,"value_network":"separate")";
  for (const Case& wide :
       {Case{R"({"name":"gru","hidden":272})", separate + R"(,"window":5)", "0.5"},
        Case{R"({"name":"lstm","hidden":257})", separate + R"(,"window":5)", "0.5"},
        Case{R"({"name":"transformer","hidden":272,"heads":17,"layers":1,"feedforward":32})", "", "0.02"},
        Case{R"({"name":"transformer","hidden":288,"heads":9,"layers":2,"feedforward":48,"tokens":2,)"
             R"("gated":true,"positions":"rotary"})",
             separate, "0.02"}}) {
    const Config config = tiny_config(
        {"at_episode_end=restart", "policy=" + wide.policy,
         R"(algorithm={"name":"rl2","trial_length":10,"epochs":1,"minibatches":2)" + wide.of_memory + "}",
         R"(outer={"name":"sgd","lr":)" + wide.lr + "}"});
    const std::vector<float> cuda = learned(config, 3, kCuda), cpu = learned(config, 3, kOneThread);
    EXPECT_EQ(cuda, learned(config, 3, kCuda));
    const double moved = distance(cpu, create_learned(config).initial(config.seed));
    EXPECT_GT(moved, 0);
    EXPECT_LT(distance(cuda, cpu) / moved, 1e-5) << wide.policy;
  }
}

TEST(ResumeOnCuda, GoesOnWithTheBitsOfTheOtherBackend) {
  const TemporaryFolder folder;
  const std::string whole = newest_checkpoint_bytes(train_tiny(folder.path() / "whole", tiny_config()).path);
  const Config half = tiny_config({"iterations=3"});
  const RunFolder to_cuda = train_tiny(folder.path() / "to_cuda", half);
  resume(to_cuda.path, 6, kCuda);
  EXPECT_EQ(newest_checkpoint_bytes(to_cuda.path), whole);
  const RunFolder to_cpu = train_tiny(folder.path() / "to_cpu", half, kCuda);
  resume(to_cpu.path, 6);
  EXPECT_EQ(newest_checkpoint_bytes(to_cpu.path), whole);
}

TEST(EvaluationOnCuda, GivesTheReportOfTheCpu) {
  const Config config = tiny_config({"evaluation.tasks=5", "evaluation.inner_steps=2"});
  Device cpu(kOneThread), cuda(kCuda);
  const std::vector<float> params = create_learned(config).initial(8);
  for (const std::vector<float>& task : {std::vector<float>{}, std::vector<float>{0.3f, -0.4f}}) {
    const Evaluation on_cuda = evaluation_of(config, cuda, params, 3, task),
                     on_cpu = evaluation_of(config, cpu, params, 3, task);
    EXPECT_EQ(on_cuda.report, on_cpu.report);
    EXPECT_EQ(on_cuda.by_task, on_cpu.by_task);
  }
}

TEST(BatchFileOnCuda, HoldsTheIterationOfTheCpu) {
  const TemporaryFolder folder;
  const auto dumped = [&](const std::string& name, const DeviceOptions& options) {
    const Config config = tiny_config({"iterations=2", "algorithm.estimator=dice"});
    Device device(options);
    Trainer trainer(config, device);
    trainer.dump_batch(2, folder.path() / name);
    std::ostringstream progress;
    train_into(create_run_folder(folder.path() / (name + ".run"), to_json(config)), trainer, progress);
    return read_text(folder.path() / name);
  };
  const std::string cpu = dumped("cpu", kOneThread);
  EXPECT_NE(cpu, "");
  EXPECT_EQ(dumped("cuda", kCuda), cpu);
}

// After an outer step of this size the network's outputs overflow. The epochs before have changed θ: it is put back.
TEST(GradientOnCuda, ThatIsNotFiniteEndsTheRunAsOnTheCpu) {
  const TemporaryFolder folder;
  const Config config = tiny_config({R"(outer={"name":"sgd","lr":1e30})", "policy.activation=relu",
                                     "evaluation.every=0", R"(algorithm={"name":"promp","epochs":2})"});
  const auto train = [&](const std::string& name, const DeviceOptions& options) {
    Device device(options);
    Trainer trainer(config, device);
    const RunFolder run = create_run_folder(folder.path() / name, to_json(config));
    std::ostringstream progress;
    const std::string message = message_of<RunError>([&] { train_into(run, trainer, progress); });
    EXPECT_THAT(message, testing::HasSubstr("wanted a finite meta-gradient"));
    return message.substr(0, message.find("; the state")) + newest_checkpoint_bytes(run.path);
  };
  EXPECT_EQ(train("cuda", kCuda), train("cpu", kOneThread));
}

}  // namespace
}  // namespace innerloop
