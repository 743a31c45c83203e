#include "engine/benchmark/benchmark.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "engine/error.h"

namespace innerloop {
namespace {

PolicyShape two_hidden_layers() {
  PolicyShape shape;
  shape.layers = 3;
  const int widths[] = {2, 64, 64, 3};
  for (int i = 0; i < 4; ++i) shape.width[i] = widths[i];
  return shape;
}

constexpr double kFirst = 2 * 2 * 64, kMiddle = 2 * 64 * 64, kHead = 2 * 64 * 3,
                 kForward = kFirst + kMiddle + kHead;

DeviceOptions one_thread() {
  DeviceOptions options;
  options.backend = Backend::cpu;
  options.threads = 1;
  return options;
}

TEST(OperationCounts, AreThoseOfTheProductsLayerByLayer) {
  const PolicyShape shape = two_hidden_layers();
  EXPECT_EQ(rollout_operations(shape).done, kForward);
  // Weights of every layer, inputs of all but the first; the forward pass, or its head alone, once more.
  EXPECT_EQ(gradient_operations(shape, false).done, kForward + kForward + kMiddle + kHead);
  EXPECT_EQ(gradient_operations(shape, true).done, kHead + kForward + kMiddle + kHead);
  // A product of the first layer: one tangent forward, one weight gradient. Of the others: 2 + 3 + 2.
  EXPECT_EQ(hessian_vector_operations(shape, true).done, kHead + 2 * kFirst + 7 * (kMiddle + kHead));
  EXPECT_EQ(hessian_vector_operations(shape, false).done, kForward + 2 * kFirst + 7 * (kMiddle + kHead));
}

TEST(OperationCounts, OneInnerStepIsFourteenForwardPassesNominally) {
  const PolicyShape shape = two_hidden_layers();
  EXPECT_EQ(maml_operations(shape, 1, true, true).nominal, 14 * kForward);
  EXPECT_EQ(maml_operations(shape, 1, false, true).nominal, 8 * kForward);
  EXPECT_EQ(maml_operations(shape, 3, true, true).nominal, (4 * (1 + 3) + 3 * 6) * kForward);
}

TEST(OperationCounts, OfTrialsAreThoseOfTheGruAndItsTwoHeads) {
  MemoryPolicy<Gru> shape;
  shape.memory = {8, 128};
  shape.hidden = 128;
  shape.actor.layers = 1;
  shape.actor.width[0] = 128;
  shape.actor.width[1] = 5;
  constexpr double kInput = 2 * 8 * 384, kRecurrent = 2 * 128 * 384, kHeads = 2 * 128 * 6;
  EXPECT_EQ(trial_rollout_operations(shape).done, kInput + kRecurrent + kHeads);
  // Forward, and back to the weights and to what is no input.
  EXPECT_EQ(trial_gradient_operations(shape).done, 2 * kInput + 3 * kRecurrent + 3 * kHeads);
}

TEST(Benchmark, UnknownNameIsRefusedWithTheNamesThereAre) {
  try {
    run_benchmarks(one_thread(), "no_such");
    FAIL() << "wanted an InputError";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("found \"no_such\""));
    EXPECT_THAT(error.what(), testing::HasSubstr("\n  rollout/mlp-2x64/point_navigation"));
    EXPECT_THAT(error.what(), testing::HasSubstr("\n  meta_iteration/maml/K1/tasks-40"));
  }
}

TEST(Benchmark, JsonHasTheDocumentedKeysAndNullWhereNothingIsCounted) {
  BenchmarkReport report;
  report.backend = "cpu";
  report.threads = 2;
  report.peak_per_thread = 100e9;
  report.peak = 200e9;
  BenchmarkResult counted{.name = "rollout/x",
                          .threads = 2,
                          .tasks = 40,
                          .envs_per_task = 20,
                          .horizon = 100,
                          .seconds = 0.5,
                          .env_steps = 1000,
                          .operations = {50e9, 25e9},
                          .peak = 200e9};
  BenchmarkResult uncounted = counted;
  uncounted.operations = {};
  report.results = {counted, uncounted};
  const auto json = to_json(report);
  EXPECT_EQ(json["machine"]["threads"], 2);
  EXPECT_EQ(json["machine"]["backend"], "cpu");
  EXPECT_EQ(json["machine"]["fma_peak_gflops_per_thread"], 100.0);
  EXPECT_EQ(json["machine"]["fma_peak_gflops"], 200.0);
  const auto& first = json["results"][0];
  EXPECT_EQ(first["name"], "rollout/x");
  EXPECT_EQ(first["tasks"], 40);
  EXPECT_EQ(first["envs_per_task"], 20);
  EXPECT_EQ(first["horizon"], 100);
  EXPECT_EQ(first["inner_steps"], 0);
  EXPECT_EQ(first["seconds"], 0.5);
  EXPECT_EQ(first["env_steps_per_second"], 2000.0);
  EXPECT_EQ(first["gflops"], 100.0);
  EXPECT_EQ(first["fraction_of_peak"], 0.5);
  EXPECT_EQ(first["nominal_fraction_of_peak"], 0.25);
  EXPECT_TRUE(json["results"][1]["gflops"].is_null());
  EXPECT_TRUE(json["results"][1]["fraction_of_peak"].is_null());
}

TEST(Benchmark, RunsWhatTheFilterNames) {
  const BenchmarkReport report = run_benchmarks(one_thread(), "env_steps/cart*");
  ASSERT_EQ(report.results.size(), 1u);
  EXPECT_EQ(report.results[0].name, "env_steps/cartpole");
  EXPECT_GT(report.results[0].seconds, 0);
  EXPECT_EQ(report.results[0].env_steps, 40 * 20 * 100);
  EXPECT_GT(report.peak, 0);
}

}  // namespace
}  // namespace innerloop
