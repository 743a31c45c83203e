// Training with products by tensor cores: near float32's, the same each time, and to agents that are no worse.
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "engine/evaluation/report.h"
#include "tests/cuda/cuda_device.h"
#include "tests/support/tiny_run.h"

namespace innerloop {
namespace {

// cuBLAS may do products in the precision that it is allowed, or better.
enum class Products { ours, of_cublas };

struct Case {
  const char* name;
  Products products;
  std::vector<std::string> overrides;
  // Of a product, that training may be off by: more where more products follow each other.
  double roundoffs = 3;
};
const Case kCases[] = {
    {"Maml", Products::ours, {"policy.hidden=[36,20]", "algorithm.inner_steps=2"}},
    {"Trpo", Products::ours, {"policy.hidden=[36,20]", R"(outer={"name":"trpo","cg_iterations":3})"}},
    {"Memory",
     Products::ours,
     {"at_episode_end=restart", R"(policy={"name":"gru","hidden":18})",
      R"(algorithm={"name":"rl2","trial_length":10,"epochs":1,"minibatches":2})"}},
    {"WideMemory",
     Products::of_cublas,
     {"at_episode_end=restart", R"(policy={"name":"lstm","hidden":257})",
      R"(algorithm={"name":"rl2","trial_length":10,"epochs":1,"minibatches":2})"}},
    {"WideTransformer",
     Products::of_cublas,
     {"at_episode_end=restart",
      R"(outer={"name":"sgd","lr":0.02})",  // with which it does not run away
      R"(policy={"name":"transformer","hidden":272,"heads":17,"layers":1,"feedforward":32})",
      R"(algorithm={"name":"rl2","trial_length":10,"epochs":1,"minibatches":2})"},
     8},
};

class PrecisionOnCuda : public testing::TestWithParam<std::tuple<Case, const char*>> {};

// SGD's steps and continuous actions carry a difference no further.
TEST_P(PrecisionOnCuda, TrainsNearFloat32AndTheSameEachTime) {
  const auto& [options, precision] = GetParam();
  const auto config = [&](const std::string& name) {
    std::vector<std::string> overrides = {R"(outer={"name":"sgd","lr":0.5})", "precision=" + name};
    overrides.insert(overrides.end(), options.overrides.begin(), options.overrides.end());
    return tiny_config(overrides);
  };
  const std::vector<float> start = learned(config("float32"), 0, kCuda),
                           wanted = learned(config("float32"), 2, kCuda),
                           found = learned(config(precision), 2, kCuda);
  EXPECT_EQ(found, learned(config(precision), 2, kCuda));
  const double roundoff = std::string(precision) == "tf32" ? 0x1p-11 : 0x1p-8;
  const double off = distance(found, wanted) / distance(wanted, start);
  EXPECT_LT(off, options.roundoffs * roundoff);
  if (options.products == Products::ours) {
    EXPECT_GT(off, roundoff / 4);
  }
}

INSTANTIATE_TEST_SUITE_P(, PrecisionOnCuda,
                         testing::Combine(testing::ValuesIn(kCases), testing::Values("tf32", "bf16")),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param).name) + "_" + std::get<1>(test.param);
                         });

// 2D navigation, after a gradient step.
TEST(LearningOnCuda, IsUnharmedByTensorCores) {
  const auto returned = [](const std::string& precision, int iterations) {
    const Config config =
        tiny_config({"precision=" + precision, "tasks_per_iteration=20", "envs_per_task=10", "horizon=20",
                     "environment.end_at_goal=false", "policy.hidden=[32,32]", "algorithm.inner_steps=1",
                     "outer.lr=0.02", "evaluation.tasks=40", "evaluation.envs_per_task=10"});
    Device device(kCuda);
    const auto report = evaluation_of(config, device, learned(config, iterations, kCuda), iterations).report;
    return report["curve"][1]["mean_return"].get<double>();
  };
  const double untrained = returned("float32", 0), wanted = returned("float32", 15);
  EXPECT_GT(wanted, untrained + 4);
  for (const char* precision : {"tf32", "bf16"}) {
    const double found = returned(precision, 15);
    EXPECT_NE(found, wanted) << precision;
    EXPECT_NEAR(found, wanted, 0.02 * (wanted - untrained)) << precision << ", untrained " << untrained;
  }
}

}  // namespace
}  // namespace innerloop
