// What is said of an operation that was handed a wrong number, and that right ones pass.
#include "engine/device/check_shapes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "engine/device/launch.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/trajectories.h"

namespace innerloop {
namespace {

// Never read: what is checked are the addresses.
alignas(64) float numbers[64];

Batch<float> batch() {
  Batch<float> b;
  b.horizon = 8;
  b.envs = 5;
  b.observation_size = 3;
  b.action_size = 2;
  b.row_stride = 48;
  b.observations = numbers;
  return b;
}

PolicyGradient<float> policy_gradient() {
  PolicyGradient<float> op;
  op.shape = policy_of({3, 18, 2}, HeadKind::gaussian);
  op.params = {numbers, op.shape.parameters()};
  op.objective.batch = batch();
  op.inputs = op.objective.batch.inputs();
  return op;
}

TrialGradient<float, Gru> trial_gradient() {
  TrialGradient<float, Gru> op;
  op.shape.inputs = op.shape.memory.inputs = 3;
  op.shape.hidden = op.shape.memory.hidden = 7;
  op.shape.actor = policy_of({7, 2}, HeadKind::gaussian);
  op.trials.batch = batch();
  op.trials.episode_steps = 4;
  op.trials.values = numbers;
  return op;
}

ValueGradient<float> value_gradient() {
  ValueGradient<float> op;
  op.shape = policy_of({3, 1}, HeadKind::gaussian);
  op.params = {numbers, 0};
  op.inputs = batch().inputs();
  op.objective.row_stride = op.inputs.row_stride;
  return op;
}

MatrixProduct<float> matrix_product() {
  MatrixProduct<float> op;
  op.rows = 3;
  op.columns = 32;
  op.terms[0] = {{numbers, 5, 1}, {numbers, 32}, 5};
  op.term_count = 1;
  op.start = {numbers, 0};
  op.to = numbers;
  op.to_stride = 48;
  return op;
}

template <class Op>
void check(const Op& op, int tasks = 4) {
  if constexpr (std::is_same_v<Op, MatrixProduct<float>>)
    check_shapes(op);
  else
    check_shapes(op, tasks);
}

// What is said of `op` once it was spoilt.
template <class Op, class Spoil>
std::string said_of(Op op, const Spoil& spoil) {
  spoil(op);
  return message_of<std::logic_error>([&] { check(op); });
}

TEST(CheckShapes, RightOnesPass) {
  EXPECT_NO_THROW(check(policy_gradient()));
  EXPECT_NO_THROW(check(trial_gradient()));
  EXPECT_NO_THROW(check(value_gradient()));
  EXPECT_NO_THROW(check(matrix_product()));
  EXPECT_NO_THROW(check(FmaPeak<float>{}));  // shares nothing
  EXPECT_NO_THROW(check(policy_gradient(), 0));
}

TEST(CheckShapes, SaysWhatWasWantedAndFound) {
  EXPECT_EQ(said_of(trial_gradient(), [](auto& op) { op.trials.batch.row_stride = 12; }),
            "TrialGradient: wanted row_stride a multiple of 16 and at least the rows, "
            "found row_stride 12 for 40 rows");
  EXPECT_EQ(said_of(trial_gradient(), [](auto& op) { op.trials.batch.row_stride = 32; }),
            "TrialGradient: wanted row_stride a multiple of 16 and at least the rows, "
            "found row_stride 32 for 40 rows");
  EXPECT_EQ(said_of(trial_gradient(), [](auto& op) { op.trials.episode_steps = 0; }),
            "TrialGradient: wanted episode_steps at least 1, found 0");
  EXPECT_EQ(said_of(trial_gradient(), [](auto& op) { op.trials.batch.limits = 1; }),
            "TrialGradient: wanted limits at least 0, and 0 unless it looks beyond the last step, found 1");
  EXPECT_EQ(said_of(trial_gradient(), [](auto& op) { op.trials.batch.observation_size = 4; }),
            "TrialGradient: wanted as many numbers and symbols a row as the policy takes in, "
            "found 4 and 0 for 3 and 0");
  EXPECT_EQ(
      said_of(trial_gradient(), [](auto& op) { op.shape.symbols = 2; }),
      "TrialGradient: wanted an embedding where there are symbols, and else none, found 0 for 2 symbols");
  EXPECT_EQ(said_of(trial_gradient(),
                    [](auto& op) {
                      op.shape.symbols = 2;
                      op.shape.embedding = 4;
                    }),
            "TrialGradient: wanted inputs of at least the embedding's, found 3 for 4");
  EXPECT_EQ(said_of(trial_gradient(),
                    [](auto& op) {
                      op.shape.symbols = 2;
                      op.shape.embedding = 1;
                    }),
            "TrialGradient: wanted the memory's learned inputs to be the embedding, found 0 for 1");
  EXPECT_EQ(
      said_of(trial_gradient(), [](auto& op) { op.shape.memory.hidden = 6; }),
      "TrialGradient: wanted the memory's inputs and hidden to be the policy's, found 3 and 6 for 3 and 7");
  EXPECT_EQ(said_of(trial_gradient(), [](auto& op) { op.shape.actor.width[0] = 6; }),
            "TrialGradient: wanted an actor of one layer that reads hidden, found 1 layers that read 6 of 7");
  EXPECT_EQ(said_of(Advantages<float>{},
                    [](auto& op) {
                      op.batch = batch();
                      op.batch.envs = 0;
                    }),
            "Advantages: wanted envs at least 1, found 0");
}

TEST(CheckShapes, TasksAreDrawnFromWhatIsThere) {
  const float numbers[] = {1, 2};
  DrawGivenTasks<float> op;
  op.given = numbers;
  op.count = 2;
  EXPECT_NO_THROW(check(op));
  EXPECT_EQ(said_of(op, [](auto& of) { of.given = nullptr; }),
            "DrawGivenTasks: wanted the given tasks, found a null pointer");
  EXPECT_EQ(said_of(op, [](auto& of) { of.count = 0; }),
            "DrawGivenTasks: wanted at least 1 given task, found 0");
}

TEST(CheckShapes, LooksIntoNetworksAndTheirObjectives) {
  EXPECT_EQ(said_of(policy_gradient(), [](auto& op) { op.shape.layers = 18; }),
            "NetworkPass of PolicyObjective: wanted layers from 1 to 17, found 18");
  EXPECT_EQ(said_of(policy_gradient(), [](auto& op) { op.shape.width[1] = 0; }),
            "NetworkPass of PolicyObjective: wanted widths at least 1, found width 0 of layer 1");
  EXPECT_EQ(said_of(policy_gradient(), [](auto& op) { op.params.data = nullptr; }),
            "NetworkPass of PolicyObjective: wanted params, found a null pointer");
  EXPECT_EQ(said_of(policy_gradient(), [](auto& op) { op.kept.data = numbers + 1; }),
            "NetworkPass of PolicyObjective: wanted kept activations aligned to 64 bytes, "
            "found 4 bytes past that");
  EXPECT_EQ(said_of(policy_gradient(), [](auto& op) { op.objective.batch.symbol_places = 2; }),
            "NetworkPass of PolicyObjective: wanted symbols for the symbol_places, found a null pointer");
  EXPECT_EQ(said_of(value_gradient(), [](auto& op) { op.objective.row_stride = 0; }),
            "NetworkPass of ValueError: wanted row_stride a multiple of 16 and at least the rows, "
            "found row_stride 0 for 40 rows");
}

TEST(CheckShapes, KnowsProducts) {
  EXPECT_EQ(said_of(matrix_product(), [](auto& op) { op.columns = 20; }),
            "MatrixProduct: wanted columns a multiple of 16, found 20");
  EXPECT_EQ(
      said_of(matrix_product(), [](auto& op) { op.to_stride = 16; }),
      "MatrixProduct: wanted to_stride a multiple of 16 and at least the columns, found 16 for 32 columns");
  EXPECT_EQ(said_of(matrix_product(), [](auto& op) { op.terms[0].right.data = numbers + 2; }),
            "MatrixProduct: wanted the right side aligned to 64 bytes, found 8 bytes past that");
}

// Every way to a device leads past the checks.
TEST(CheckShapes, StandBeforeEachDevice) {
  Device device({.backend = Backend::cpu, .threads = 1, .instructions = ""});
  Advantages<float> op;
  op.batch = batch();
  EXPECT_EQ(message_of<std::logic_error>([&] { device.per_task(op, -1); }),
            "Advantages: wanted tasks at least 0, found -1");
  op.batch.horizon = 0;
  const std::string wanted = "Advantages: wanted horizon at least 1, found 0";
  EXPECT_EQ(message_of<std::logic_error>([&] { device.per_task(op, 1); }), wanted);
  EXPECT_EQ(message_of<std::logic_error>([&] { device.once(op); }), wanted);
  MatrixProduct<float> product = matrix_product();
  product.term_count = 3;
  EXPECT_EQ(message_of<std::logic_error>([&] { device.multiply(product); }),
            "MatrixProduct: wanted one or two terms, found 3");
}

}  // namespace
}  // namespace innerloop
