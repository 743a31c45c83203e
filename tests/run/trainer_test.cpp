#include "engine/run/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <utility>

#include "engine/device/host_kernel_set.h"
#include "engine/error.h"
#include "engine/learned/create.h"
#include "engine/run/interrupt.h"
#include "tests/run/resumed_run.h"

namespace innerloop {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

struct LearnerCase {
  const char* name;
  std::vector<std::string> overrides;  // of the tiny config
};

class EveryLearner : public testing::TestWithParam<LearnerCase> {};

TEST_P(EveryLearner, ResumedGivesTheBitsOfAnUninterruptedRun) {
  const TemporaryFolder folder;
  std::vector<std::string> overrides = GetParam().overrides;
  overrides.push_back("iterations=20");
  const RunFolder whole = train_tiny(folder.path() / "whole", tiny_config(overrides));
  overrides.back() = "iterations=7";
  const RunFolder parts = train_tiny(folder.path() / "parts", tiny_config(overrides));
  EXPECT_NE(newest_checkpoint_bytes(whole.path), newest_checkpoint_bytes(parts.path));
  resume(parts.path, 20);
  EXPECT_EQ(newest_checkpoint_bytes(whole.path), newest_checkpoint_bytes(parts.path));
  EXPECT_EQ(timeless_metrics(whole.path), timeless_metrics(parts.path));
}

TEST_P(EveryLearner, EveryThreadCountAndInstructionSetGivesTheSameBits) {
  const TemporaryFolder folder;
  std::vector<std::string> overrides = GetParam().overrides;
  overrides.insert(overrides.end(), {"iterations=20", "evaluation.every=0"});
  const Config config = tiny_config(overrides);
  const std::string one = newest_checkpoint_bytes(train_tiny(folder.path() / "one", config).path);
  ASSERT_NE(one, "");
  for (const HostKernelSet& set : host_kernel_sets()) {
    const DeviceOptions options = {.backend = Backend::cpu, .threads = 2, .instructions = set.name};
    EXPECT_EQ(newest_checkpoint_bytes(train_tiny(folder.path() / set.name, config, options).path), one)
        << set.name;
  }
}

const LearnerCase kLearners[] = {
    {"Maml", {}},
    {"MamlTrpo", {R"(outer={"name":"trpo"})"}},
    {"MamlDice", {"algorithm.estimator=dice"}},
    {"Fomaml", {"algorithm.name=fomaml"}},
    {"Emaml", {"algorithm.name=emaml"}},
    {"Reptile", {"algorithm.name=reptile", R"(outer={"name":"sgd","lr":0.5})"}},
    {"Promp", {R"(algorithm={"name":"promp","inner_steps":2,"adaptive_kl":true})"}},
    {"Bandit", {R"(environment={"name":"bandit"})", "horizon=1"}},
    {"Cartpole", {R"(environment={"name":"cartpole"})", "at_episode_end=restart"}},
    {"MetaSgd", {R"(algorithm={"name":"meta_sgd","inner_steps":2,"learned_lr_per_step":true})"}},
    {"MetaSgdTrpo", {R"(algorithm={"name":"meta_sgd","inner_steps":2})", R"(outer={"name":"trpo"})"}},
    {"PrompLayerLr", {R"(algorithm={"name":"promp","inner_steps":2,"learned_lr":"layer"})"}},
    {"FomamlScalarLr", {R"(algorithm={"name":"fomaml","learned_lr":"scalar","learned_lr_sign":"free"})"}},
    {"Anil", {R"(algorithm={"name":"maml","adapted_layers":[2]})"}},
    {"Cavia", {R"(algorithm={"name":"cavia","inner_steps":2})"}},
    // 35 trials: a tile and a part of one, in minibatches of 7.
    {"Rl2",
     {R"(environment={"name":"tabular_mdp"})", "at_episode_end=restart", "tasks_per_iteration=35",
      "envs_per_task=1", R"(policy={"name":"gru","hidden":18})",
      R"(algorithm={"name":"rl2","trial_length":15,"epochs":2,"minibatches":5})"}},
    {"Rl2Point",
     {"at_episode_end=restart", "tasks_per_iteration=20", R"(policy={"name":"gru","hidden":5})",
      R"(algorithm={"name":"rl2","trial_length":10,"epochs":1,"minibatches":2})"}},
    {"MetaSgdAdamW",
     {R"(algorithm={"name":"meta_sgd","inner_steps":2})", R"(outer={"name":"adamw","weight_decay":0.3})"}},
    {"ReptileMomentum",
     {"algorithm.name=reptile", R"(outer={"name":"sgd","lr":0.2,"momentum":0.9,"max_gradient_norm":0.1})"}},
    {"PrompNesterov",
     {R"(algorithm={"name":"promp","inner_steps":2})",
      R"(outer={"name":"sgd","momentum":0.5,"nesterov":true})"}},
    {"Rl2AdamW",
     {"at_episode_end=restart", "tasks_per_iteration=20", R"(policy={"name":"gru","hidden":5})",
      R"(outer={"name":"adamw"})",
      R"(algorithm={"name":"rl2","trial_length":10,"epochs":1,"minibatches":2})"}},
    {"MamlEntropy",
     {R"(environment={"name":"cartpole"})", "algorithm.entropy_weight=0.2",
      "algorithm.outer_entropy_weight=0.1"}},
    {"Pretraining", {R"(algorithm={"name":"pretraining"})"}},
    {"Rl2TargetKl",
     {"at_episode_end=restart", "tasks_per_iteration=20", R"(policy={"name":"gru","hidden":5})",
      R"(algorithm={"name":"rl2","trial_length":10,"minibatches":2,"target_kl":0.002,)"
      R"("value_clip":0.2})"}},
    {"Rl2Lstm",
     {R"(environment={"name":"tabular_mdp"})", "at_episode_end=restart", "tasks_per_iteration=35",
      "envs_per_task=1", R"(policy={"name":"lstm","hidden":18})",
      R"(algorithm={"name":"rl2","trial_length":15,"epochs":2,"minibatches":5})"}},
    {"Rl2Window",
     {"at_episode_end=restart", "tasks_per_iteration=20", R"(policy={"name":"gru","hidden":5})",
      R"(algorithm={"name":"rl2","trial_length":20,"minibatches":2,"window":4})"}},
    {"Ppo",
     {R"(environment={"name":"cartpole"})", "at_episode_end=restart", "horizon=20", "tasks_per_iteration=35",
      "envs_per_task=1", R"(algorithm={"name":"ppo","epochs":2,"minibatches":5,"window":5})"}},
    {"PpoLongEpisodes",
     {R"(environment={"name":"cartpole"})", "at_episode_end=restart", "at_time_limit=bootstrap", "horizon=20",
      "tasks_per_iteration=35", "envs_per_task=1",
      R"(algorithm={"name":"ppo","rollout_steps":6,"epochs":2,"minibatches":5})"}},
    {"PpoSamples",
     {R"(environment={"name":"tabular_mdp"})", "at_episode_end=restart", "horizon=10",
      "tasks_per_iteration=7", "envs_per_task=5",
      R"(algorithm={"name":"ppo","rollout_steps":7,"epochs":2,"minibatches":5,)"
      R"("minibatches_of":"samples"})"}},
    {"PpoRestart",
     {R"(environment={"name":"cartpole"})", "at_episode_end=restart", "horizon=20", "tasks_per_iteration=35",
      "envs_per_task=1",
      R"(algorithm={"name":"ppo","epochs":2,"minibatches":5,"at_iteration_end":"restart"})"}},
    {"PpoPoint",
     {"at_episode_end=restart", "tasks_per_iteration=20",
      R"(policy={"name":"mlp","hidden":[18],"activation":"relu"})",
      R"(algorithm={"name":"ppo","epochs":1,"minibatches":2})"}},
    {"MamlEpochs", {R"(algorithm={"name":"maml","inner_steps":2,"inner_epochs":2,"estimator":"clipped"})"}},
    {"CaviaFilm", {R"(algorithm={"name":"cavia","inner_steps":2,"context_input":"film"})"}},
    {"Rl2LayerNorm",
     {R"(environment={"name":"tabular_mdp"})", "at_episode_end=restart", "tasks_per_iteration=35",
      "envs_per_task=1", R"(policy={"name":"gru","hidden":18,"layer_norm":true})",
      R"(algorithm={"name":"rl2","trial_length":15,"epochs":2,"minibatches":5})"}},
    {"Rl2SeparateValue",
     {"at_episode_end=restart", "tasks_per_iteration=20",
      R"(policy={"name":"lstm","hidden":5,"layer_norm":true})",
      R"(algorithm={"name":"rl2","trial_length":10,"epochs":1,"minibatches":2,"window":5,)"
      R"("value_network":"separate"})"}},
    {"PpoSeparateValue",
     {"at_episode_end=restart", "tasks_per_iteration=20", R"(policy={"name":"mlp","hidden":[18]})",
      R"(algorithm={"name":"ppo","minibatches":2,"value_network":"separate"})"}},
    {"Rl2Transformer",
     {R"(environment={"name":"tabular_mdp"})", "at_episode_end=restart", "tasks_per_iteration=35",
      "envs_per_task=1", R"(policy={"name":"transformer","hidden":32,"heads":2,"feedforward":48})",
      R"(algorithm={"name":"rl2","trial_length":20,"epochs":2,"minibatches":5})"}},
    {"Rl2Episodic",
     {R"(environment={"name":"barcode_bandit"})", "horizon=2", "at_episode_end=restart",
      "tasks_per_iteration=20", R"(policy={"name":"episodic","hidden":18,"nearest":2})",
      R"(algorithm={"name":"rl2","trial_length":40,"epochs":2,"minibatches":2,"window":8})"}},
    {"Rl2GatedTransformer",
     {"at_episode_end=restart", "tasks_per_iteration=20",
      R"(policy={"name":"transformer","hidden":16,"heads":1,"layers":1,"feedforward":16,"gated":true,)"
      R"("positions":"rotary"})",
      R"(algorithm={"name":"rl2","trial_length":10,"minibatches":2,"value_network":"separate"})"}},
    {"Rl2WideTransformer",
     {R"(environment={"name":"bandit"})", "horizon=1", "at_episode_end=restart", "tasks_per_iteration=4",
      "envs_per_task=1",
      R"(policy={"name":"transformer","hidden":272,"heads":17,"layers":1,"feedforward":16})",
      R"(algorithm={"name":"rl2","trial_length":5,"epochs":1,"minibatches":2})"}},
    {"PromptTuning",
     {"at_episode_end=restart", "tasks_per_iteration=7", "envs_per_task=5",
      R"(policy={"name":"transformer","hidden":16,"heads":1,"layers":1,"feedforward":16,"tokens":3})",
      R"(algorithm={"name":"prompt_tuning","trial_length":10,"inner_steps":2,"minibatches":5,)"
      R"("value_network":"separate"})"}},
    {"Varibad",
     {R"(environment={"name":"grid_navigation"})", "at_episode_end=restart", "tasks_per_iteration=20",
      "envs_per_task=1",
      R"(policy={"name":"belief","latent":3,"encoder":18,"decoder":"cells","decoder_hidden":[9],"hidden":[17,5]})",
      R"(algorithm={"name":"varibad","trial_length":15,"epochs":2,"minibatches":2,"belief_trials":11,)"
      R"("belief_capacity":50})"}},
    {"VaribadPoint",
     {"at_episode_end=restart", "tasks_per_iteration=20",
      R"(policy={"name":"belief","encoder":7,"hidden":[17]})", R"(outer={"name":"adamw"})",
      R"(algorithm={"name":"varibad","trial_length":10,"minibatches":2,"window":5,"belief_trials":9,"decode_steps":4,)"
      R"("belief_capacity":100})"}},
    {"VaribadStates",
     {R"(environment={"name":"wind_navigation"})", "at_episode_end=restart", "tasks_per_iteration=20",
      R"(policy={"name":"belief","encoder":7,"hidden":[17],"decode_state":true,"state_decoder_hidden":[18],)"
      R"("squash":0.1})",
      R"(algorithm={"name":"varibad","trial_length":10,"minibatches":2,"belief_trials":9,"decode_steps":4,)"
      R"("belief_capacity":100,"state_loss_weight":0.5})"}},
    {"Sac",
     {R"(environment={"name":"pendulum"})", "at_episode_end=restart", "at_time_limit=bootstrap",
      "tasks_per_iteration=20", "envs_per_task=2", R"(policy={"name":"mlp","hidden":[18,5],"squash":2})",
      R"(algorithm={"name":"sac","updates":4,"batch":70,"capacity":900,"first_steps":300,"critic_hidden":[17]})"}},
    {"SacValueNetwork",
     {R"(environment={"name":"pendulum"})", "at_episode_end=restart", "at_time_limit=bootstrap",
      "tasks_per_iteration=20", "envs_per_task=2", R"(policy={"name":"mlp","hidden":[18,5],"squash":2})",
      R"(algorithm={"name":"sac","updates":4,"batch":70,"capacity":450,"first_steps":300,"critic_hidden":[17],)"
      R"("version":"value_network","regularisation":0.01})"}},
    {"Pearl",
     {R"(environment={"name":"point_navigation","layout":"semicircle"})", "at_episode_end=restart",
      "at_time_limit=bootstrap", "tasks_per_iteration=20", "envs_per_task=2",
      R"(policy={"name":"mlp","hidden":[18,5],"squash":1})",
      R"(algorithm={"name":"pearl","trial_length":15,"train_tasks":40,"latent":3,"encoder_hidden":[9],"meta_batch":3,)"
      R"("context":25,"sparse_within":0.5,"updates":4,"batch":70,"capacity":75,"critic_hidden":[17]})"}},
    {"PearlTargets",
     {R"(environment={"name":"point_navigation","layout":"semicircle"})", "at_episode_end=restart",
      "at_time_limit=bootstrap", "tasks_per_iteration=3", "envs_per_task=2",
      R"(policy={"name":"mlp","hidden":[18,5],"squash":1})",
      R"(algorithm={"name":"pearl","trial_length":15,"train_tasks":9,"latent":3,"encoder_hidden":[9],"meta_batch":3,)"
      R"("context":17,"sparse_within":0.5,"updates":4,"batch":70,"capacity":75,"critic_hidden":[17],)"
      R"("version":"twin_targets","next_state":false,"context_episodes":2,"prior_episodes":2})"}},
    {"Alfa", {R"(algorithm={"name":"alfa","inner_steps":2,"learned_lr_per_step":true})"}},
    {"AlfaTrpo",
     {R"(algorithm={"name":"alfa","inner_steps":2,"learned_lr":"none"})", R"(outer={"name":"trpo"})"}},
    {"FomamlAlfa", {R"(algorithm={"name":"fomaml","inner_epochs":2,"multipliers":true})"}},
    {"MamlValueNetwork",
     {R"(algorithm={"name":"maml","inner_steps":2,"baseline":"network","value_hidden":[5]})"}},
};

INSTANTIATE_TEST_SUITE_P(Trainer, EveryLearner, testing::ValuesIn(kLearners),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Trainer, TheStateChangesEveryIteration) {
  const TemporaryFolder folder;
  const RunFolder run =
      train_tiny(folder.path() / "run", tiny_config({"checkpoint={\"every\":1,\"keep\":9}"}));
  ASSERT_THAT(list_checkpoints(run.path), ElementsAre(0, 1, 2, 3, 4, 5, 6));
  for (int i = 1; i <= 6; ++i)
    EXPECT_NE(TensorFile::read(checkpoint_file(run.path, i)).values<float>("params", {43}),
              TensorFile::read(checkpoint_file(run.path, i - 1)).values<float>("params", {43}));
}

TEST(Trainer, KeepsTheNewestCheckpointsAndTheLast) {
  const TemporaryFolder folder;
  const RunFolder run = train_tiny(folder.path() / "run", tiny_config({"iterations=5"}));
  EXPECT_THAT(list_checkpoints(run.path), ElementsAre(4, 5));
}

TEST(Trainer, MetricsHaveALineAnIterationWithTheirKeys) {
  const TemporaryFolder folder;
  const RunFolder run =
      train_tiny(folder.path() / "run", tiny_config({R"(environment={"name":"cartpole"})"}));
  std::istringstream text(read_text(run.metrics()));
  std::int64_t iteration = 0, env_steps = 0;
  for (std::string line; std::getline(text, line);) {
    const auto metrics = nlohmann::json::parse(line);
    EXPECT_EQ(metrics["iteration"], ++iteration);
    EXPECT_EQ(metrics["env_steps"], env_steps += 3 * 3 * 4 * 5);  // no pole falls within 5 steps
    EXPECT_EQ(metrics["returns"], nlohmann::json({5, 5, 5}));
    EXPECT_GT(metrics["seconds"], 0);
    EXPECT_GT(metrics["env_steps_per_second"], 0);
    EXPECT_GT(metrics["gradient_norm"], 0);
    EXPECT_EQ(metrics.contains("evaluation_returns"), iteration % 3 == 0) << line;
  }
  EXPECT_EQ(iteration, 6);
}

TEST(Trainer, AnInterruptInTheLastIterationIsOne) {
  const TemporaryFolder folder;
  const Config config = tiny_config({"iterations=1"});
  Device device(kOneThread);
  Trainer trainer(config, device);
  std::ostringstream progress;
  catch_interrupts();
  std::raise(SIGINT);
  EXPECT_EQ(train_into(create_run_folder(folder.path() / "run", to_json(config)), trainer, progress),
            End::interrupted);
  EXPECT_EQ(list_checkpoints(folder.path() / "run").back(), 1);
  catch_interrupts();  // forgets this one
  release_interrupts();
}

TEST(Trainer, EvaluatingWhileTrainingChangesNothing) {
  const TemporaryFolder folder;
  const RunFolder often = train_tiny(folder.path() / "often", tiny_config({"evaluation.every=1"}));
  const RunFolder never = train_tiny(folder.path() / "never", tiny_config({"evaluation.every=0"}));
  const auto params = [](const RunFolder& run) {
    return TensorFile::read(checkpoint_file(run.path, 6)).values<float>("params", {43});
  };
  EXPECT_EQ(params(often), params(never));
}

// Trains until a gradient is not finite, and gives the message and θ of the checkpoint that is left.
std::pair<std::string, std::vector<float>> train_until_not_finite(const std::filesystem::path& path,
                                                                  const Config& config, std::int64_t last) {
  Device device(kOneThread);
  Trainer trainer(config, device);
  const RunFolder run = create_run_folder(path, to_json(config));
  std::ostringstream progress;
  const std::string message = message_of<RunError>([&] { train_into(run, trainer, progress); });
  EXPECT_EQ(list_checkpoints(run.path).back(), last);
  EXPECT_EQ(timeless_metrics(run.path).size(), static_cast<std::size_t>(last));
  return {message, TensorFile::read(checkpoint_file(run.path, last)).values<float>("params", {43})};
}

// After an outer step of this size the network's outputs overflow.
const std::vector<std::string> kExplodes = {R"(outer={"name":"sgd","lr":1e30})", "policy.activation=relu",
                                            "checkpoint.every=0", "evaluation.every=0"};

TEST(Trainer, AGradientThatIsNotFiniteEndsTheRunAndLeavesTheStateBeforeIt) {
  const TemporaryFolder folder;
  const auto [message, params] = train_until_not_finite(folder.path() / "run", tiny_config(kExplodes), 1);
  EXPECT_THAT(message, AllOf(HasSubstr("iteration 2: wanted a finite meta-gradient"), HasSubstr("of tasks 0"),
                             HasSubstr("1.safetensors")));
  std::vector<std::string> one = kExplodes;
  one.push_back("iterations=1");
  const RunFolder good = train_tiny(folder.path() / "good", tiny_config(one));
  EXPECT_EQ(params, TensorFile::read(checkpoint_file(good.path, 1)).values<float>("params", {43}));
}

TEST(Trainer, AnEpochWhoseGradientIsNotFiniteLeavesTheStateBeforeItsIteration) {
  const TemporaryFolder folder;
  std::vector<std::string> promp = kExplodes;
  promp.push_back(R"(algorithm={"name":"promp","epochs":2})");
  const Config config = tiny_config(promp);
  const auto [message, params] = train_until_not_finite(folder.path() / "run", config, 0);
  EXPECT_THAT(message, HasSubstr("iteration 1: wanted a finite meta-gradient"));
  EXPECT_EQ(params, create_learned(config).initial(config.seed));
}

TEST(Resume, RefusesACheckpointOfAnotherArchitecture) {
  const TemporaryFolder folder;
  const RunFolder run = train_tiny(folder.path() / "run", tiny_config());
  const auto refusal = [&](const std::vector<std::string>& overrides) {
    Device device(kOneThread);
    Trainer trainer(tiny_config(overrides), device);
    const std::vector<float> before = trainer.params();
    const std::string message =
        message_of<InputError>([&] { trainer.restore(read_newest_checkpoint(run.path)); });
    EXPECT_EQ(trainer.params(), before);
    EXPECT_THAT(message, HasSubstr("6.safetensors: "));
    return message;
  };
  EXPECT_THAT(refusal({"policy.hidden=[5,4]"}),
              AllOf(HasSubstr("\"params\""), HasSubstr("[43]"), HasSubstr("[51]")));
  EXPECT_THAT(refusal({R"(outer={"name":"sgd"})"}), HasSubstr("\"adam."));
  EXPECT_THAT(refusal({R"(outer={"name":"sgd","momentum":0.9})"}), HasSubstr("\"sgd.velocity\""));
  EXPECT_THAT(refusal({R"(algorithm={"name":"promp"})"}), HasSubstr("\"promp.penalties\""));
  // Hidden layers of 3 and 5 units have 43 parameters too.
  EXPECT_THAT(refusal({"policy.hidden=[3,5]"}),
              AllOf(HasSubstr("layer0"), HasSubstr("wanted"), HasSubstr("found")));
}

TEST(Resume, RefusesARunThatIsBeingTrained) {
  const TemporaryFolder folder;
  const RunFolder run = train_tiny(folder.path() / "run", tiny_config());
  {
    const RunLock training(run.path);
    EXPECT_EQ(message_of<InputError>([&] { read_resume(run.path, {}); }),
              run.path.string() + ": wanted a run that no process trains, found one that trains it");
  }
  EXPECT_EQ(read_resume(run.path, {}).checkpoint.iteration, 6);
}

TEST(Resume, TakesLongerIterationsAndNothingElse) {
  const TemporaryFolder folder;
  const RunFolder run = train_tiny(folder.path() / "run", tiny_config());
  const auto refusal = [&](const std::string& override_text) {
    return message_of<InputError>([&] { read_resume(run.path, std::vector<std::string>{override_text}); });
  };
  EXPECT_EQ(refusal("iterations=5"),
            "--set iterations=5: wanted at least the 6 iterations of " + run.config().string() + ", found 5");
  EXPECT_THAT(refusal("seed=2"), HasSubstr("--set seed=2: wanted iterations=N"));
  EXPECT_EQ(read_resume(run.path, std::vector<std::string>{"iterations=9"}).config,
            tiny_config({"iterations=9"}));
}

// A linear schedule falls over all iterations: those of a longer run are longer again.
TEST(Resume, TellsWhatALongerRunMakesOfItsSchedules) {
  const TemporaryFolder folder;
  const RunFolder linear = train_tiny(folder.path() / "linear", tiny_config({"outer.schedule=linear"})),
                  constant = train_tiny(folder.path() / "constant", tiny_config());
  const auto note = [](const RunFolder& run, const std::string& iterations) {
    return schedule_note(read_resume(run.path, std::vector<std::string>{"iterations=" + iterations}));
  };
  EXPECT_EQ(note(linear, "12"),
            "/outer/schedule \"linear\" falls over all 12 iterations from now on: the next one takes 0.5 of "
            "the whole, "
            "where iteration 6 of 6 took 0.167\n");
  EXPECT_EQ(note(linear, "6"), "");
  EXPECT_EQ(note(constant, "12"), "");
}

}  // namespace
}  // namespace innerloop
