#include "engine/run/batch_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "engine/learned/create.h"
#include "tests/support/tiny_run.h"

namespace innerloop {
namespace {

using testing::Each;
using testing::Eq;

// The batch of a run's iteration `done` + 1, and the checkpoints around it.
struct Dumped {
  explicit Dumped(const std::vector<std::string>& overrides, int done = 1) : config(tiny_config(overrides)) {
    Device device(kOneThread);
    Trainer trainer(config, device);
    trainer.dump_batch(done + 1, folder.path() / "batch.safetensors");
    run = create_run_folder(folder.path() / "run", to_json(config));
    std::ostringstream progress;
    train_into(run, trainer, progress);
    file.emplace(TensorFile::read(folder.path() / "batch.safetensors"));
  }
  std::vector<float> floats(const std::string& name, const Shape& shape) const {
    return file->values<float>(name, shape);
  }
  std::vector<float> params_of_checkpoint(int iteration) const {
    return TensorFile::read(checkpoint_file(run.path, iteration)).values<float>("params", {parameters()});
  }
  std::int64_t parameters() const { return create_learned(config).size(); }

  TemporaryFolder folder;
  Config config;
  RunFolder run;
  std::optional<TensorFile> file;
};

const std::string kKeepAll = R"(checkpoint={"every":1,"keep":9})";

TEST(BatchFile, HoldsExactlyTheDocumentedTensors) {
  const Dumped batch({});
  std::map<std::string, Shape> wanted = {
      {"params", {43}}, {"outer_gradient", {3, 43}}, {"meta_gradient", {43}}, {"tasks", {3, 2}}};
  std::map<std::string, DType> types;
  for (const std::string k : {"inner.0.", "inner.1.", "inner.2."}) {
    wanted[k + "params"] = {3, 43};
    wanted[k + "observations"] = wanted[k + "actions"] = {3, 4, 5, 2};
    for (const std::string name : {"log_probs", "rewards", "advantages", "valid", "episode_ends"})
      wanted[k + name] = {3, 4, 5};
    types[k + "valid"] = types[k + "episode_ends"] = DType::U8;
  }
  std::map<std::string, Shape> found;
  for (const Tensor& tensor : batch.file->tensors()) {
    found[tensor.name] = tensor.shape;
    EXPECT_EQ(tensor.dtype, types.contains(tensor.name) ? types[tensor.name] : DType::F32) << tensor.name;
  }
  EXPECT_EQ(found, wanted);
  EXPECT_EQ(parse_config(batch.file->metadata("config"), "metadata"), batch.config);
  EXPECT_EQ(batch.file->metadata("task_names"), R"(["goal_x","goal_y"])");
  const auto layout = nlohmann::json::parse(batch.file->metadata("layout"));
  EXPECT_EQ(layout[0].dump(), R"({"name":"layer0.weight","offset":0,"shape":[2,5]})");
  EXPECT_EQ(layout.back().dump(), R"({"name":"log_std","offset":41,"shape":[2]})");
}

TEST(BatchFile, HoldsTheLearnedStepSizesBehindThePolicysParameters) {
  const Dumped batch(
      {R"(algorithm={"name":"meta_sgd","inner_steps":2,"learned_lr":"layer","learned_lr_per_step":true})",
       kKeepAll});
  const std::vector<float> params = batch.floats("params", {43 + 2 * 4});
  EXPECT_EQ(params, batch.params_of_checkpoint(1));
  (void)batch.floats("meta_gradient", {43 + 2 * 4});
  (void)batch.floats("inner.2.params", {3, 43});
  const auto layout = nlohmann::json::parse(batch.file->metadata("layout"));
  EXPECT_EQ(layout.back(),
            nlohmann::json::parse(R"({"name": "log_inner_lr", "offset": 43, "shape": [2, 4]})"));
  for (std::size_t i = 43; i < params.size(); ++i) {
    EXPECT_NEAR(params[i], std::log(0.1), 0.05);  // one step of Adam from the start
    EXPECT_NE(params[i], std::log(0.1f));
  }
}

TEST(BatchFile, HoldsTheMultipliersNetworkBehindTheStepSizes) {
  const Dumped batch({R"(algorithm={"name":"alfa","inner_steps":2})", kKeepAll});
  const std::vector<float> params = batch.floats("params", {43 + 4 + 2 * (8 * 8 + 8)});
  EXPECT_EQ(params, batch.params_of_checkpoint(1));
  (void)batch.floats("meta_gradient", {43 + 4 + 2 * (8 * 8 + 8)});
  (void)batch.floats("inner.2.params", {3, 43});
  const auto layout = nlohmann::json::parse(batch.file->metadata("layout"));
  std::vector<std::string> last;
  for (std::size_t i = layout.size() - 5; i < layout.size(); ++i) last.push_back(layout[i].dump());
  EXPECT_THAT(last, testing::ElementsAre(R"({"name":"log_inner_lr","offset":43,"shape":[1,4]})",
                                         R"({"name":"multipliers.hidden_weight","offset":47,"shape":[8,8]})",
                                         R"({"name":"multipliers.hidden_bias","offset":111,"shape":[8]})",
                                         R"({"name":"multipliers.output_weight","offset":119,"shape":[8,8]})",
                                         R"({"name":"multipliers.output_bias","offset":183,"shape":[8]})"));
  for (std::size_t i = 183; i < params.size(); ++i) EXPECT_NEAR(params[i], 1, 0.05);  // one step of Adam
}

TEST(BatchFile, DiscreteActionsAreWholeNumbers) {
  const Dumped batch({R"(environment={"name":"bandit","arms":4})", "horizon=1"});
  const auto actions = batch.file->values<std::int32_t>("inner.1.actions", {3, 4, 1});
  EXPECT_THAT(actions, Each(testing::AllOf(testing::Ge(0), testing::Lt(4))));
  EXPECT_GT(std::set<int>(actions.begin(), actions.end()).size(), 1u);
  EXPECT_EQ(batch.file->metadata("task_names"), R"(["arm_0","arm_1","arm_2","arm_3"])");
}

// The transposed axes show themselves in the environment: s′ = s + clip(scale·a), r = −‖s′ − goal‖.
TEST(BatchFile, StepsFollowFromOneAnotherAlongTheTrajectories) {
  const Dumped batch({});
  const auto tasks = batch.floats("tasks", {3, 2});
  for (const std::string k : {"inner.0.", "inner.1.", "inner.2."}) {
    const auto at = batch.floats(k + "observations", {3, 4, 5, 2}),
               act = batch.floats(k + "actions", {3, 4, 5, 2});
    const auto rewards = batch.floats(k + "rewards", {3, 4, 5});
    const auto ends = batch.file->values<std::uint8_t>(k + "episode_ends", {3, 4, 5});
    EXPECT_THAT(batch.file->values<std::uint8_t>(k + "valid", {3, 4, 5}), Each(Eq(1)));
    for (std::size_t row = 0; row < 3 * 4 * 5; ++row) {
      double squared = 0;
      for (std::size_t axis = 0; axis < 2; ++axis) {
        const float here = at[row * 2 + axis];
        if (row % 5 == 0) {
          EXPECT_EQ(here, 0);
        }
        const float next = here + std::clamp(0.1f * act[row * 2 + axis], -0.1f, 0.1f);
        if (row % 5 != 4) {
          EXPECT_NEAR(at[row * 2 + 2 + axis], next, 1e-6);
        }
        squared += std::pow(next - tasks[row / 20 * 2 + axis], 2);
      }
      EXPECT_NEAR(rewards[row], -std::sqrt(squared), 1e-5);
      EXPECT_EQ(ends[row], row % 5 == 4);
    }
  }
}

TEST(BatchFile, ParametersAreThoseBeforeTheUpdateAndOfEachInnerStep) {
  const Dumped batch({kKeepAll});
  const auto params = batch.floats("params", {43});
  EXPECT_EQ(params, batch.params_of_checkpoint(1));
  const auto first = batch.floats("inner.0.params", {3, 43}),
             second = batch.floats("inner.1.params", {3, 43});
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i], params[i % 43]);
  EXPECT_NE(first, second);
  EXPECT_NE(std::vector<float>(second.begin(), second.begin() + 43),
            std::vector<float>(second.end() - 43, second.end()));
}

// Plain gradient ascent: the meta-gradient is what moved the parameters.
TEST(BatchFile, TheMetaGradientIsTheOneThatTheUpdateUsed) {
  const Dumped batch({kKeepAll, R"(outer={"name":"sgd","lr":0.5})"});
  const auto before = batch.params_of_checkpoint(1), after = batch.params_of_checkpoint(2);
  const auto gradient = batch.floats("meta_gradient", {43});
  for (std::size_t i = 0; i < gradient.size(); ++i) EXPECT_FLOAT_EQ(after[i], before[i] + 0.5f * gradient[i]);
}

TEST(BatchFile, OfFirstOrderIsTheMeanOfTheOuterGradients) {
  const Dumped batch({"algorithm.name=fomaml"});
  const auto outer = batch.floats("outer_gradient", {3, 43}), meta = batch.floats("meta_gradient", {43});
  for (std::size_t i = 0; i < meta.size(); ++i)
    EXPECT_NEAR(meta[i], (outer[i] + outer[43 + i] + outer[86 + i]) / 3, 1e-6);
}

// ProMP takes several steps on its data; the file holds the first, where the parameters are those of the data.
TEST(BatchFile, OfPrompHasTheFirstEpochsGradient) {
  const std::string outer = R"(outer={"name":"sgd","lr":0.5})";
  const Dumped many({kKeepAll, outer, R"(algorithm={"name":"promp","epochs":3})"});
  const auto before = many.params_of_checkpoint(1);
  EXPECT_EQ(many.floats("params", {43}), before);
  Device device(kOneThread);
  const Config once = tiny_config({outer, R"(algorithm={"name":"promp","epochs":1})"});
  Trainer trainer(once, device);
  trainer.dump_batch(1, many.folder.path() / "once");
  Trainer same(tiny_config({outer, R"(algorithm={"name":"promp","epochs":3})"}), device);
  same.dump_batch(1, many.folder.path() / "three");
  std::ostringstream progress;
  train_into(create_run_folder(many.folder.path() / "r1", to_json(once)), trainer, progress);
  train_into(create_run_folder(many.folder.path() / "r3", to_json(once)), same, progress);
  const auto gradient = [&](const char* name) {
    return TensorFile::read(many.folder.path() / name).values<float>("meta_gradient", {43});
  };
  EXPECT_EQ(gradient("once"), gradient("three"));
}

TEST(BatchFile, WritingOneDoesNotChangeTheRun) {
  const TemporaryFolder folder;
  const Dumped batch({});
  const RunFolder plain = train_tiny(folder.path() / "plain", tiny_config());
  EXPECT_EQ(newest_checkpoint_bytes(batch.run.path), newest_checkpoint_bytes(plain.path));
}

}  // namespace
}  // namespace innerloop
