// Training with products by tensor cores: near float32's, the same each time, and to agents that are no worse.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "engine/algorithm.h"
#include "engine/error.h"
#include "engine/evaluation_report.h"
#include "engine/policy_layout.h"
#include "tests/cuda/cuda_device.h"
#include "tests/tiny_run.h"

namespace innerloop {
namespace {

struct Case {
  const char* name;
  std::vector<std::string> overrides;
};
const Case kCases[] = {
    {"Maml", {"policy.hidden=[36,20]", "algorithm.inner_steps=2"}},
    {"Trpo", {"policy.hidden=[36,20]", R"(outer={"name":"trpo","cg_iterations":3})"}},
    {"Memory",
     {"at_episode_end=restart", R"(policy={"name":"gru","hidden":18})",
      R"(algorithm={"name":"rl2","trial_length":10,"epochs":1,"minibatches":2})"}},
    // Its products are cuBLAS's.
    {"WideMemory",
     {"at_episode_end=restart", R"(policy={"name":"lstm","hidden":257})",
      R"(algorithm={"name":"rl2","trial_length":10,"epochs":1,"minibatches":2})"}},
};

class PrecisionOnCuda : public testing::TestWithParam<std::tuple<Case, const char*>> {};

// SGD's steps and continuous actions carry a difference no further.
TEST_P(PrecisionOnCuda, TrainsNearFloat32AndTheSameEachTime) {
  const auto& [options, precision] = GetParam();
  const auto learned = [&](const std::string& name) {
    std::vector<std::string> overrides = {R"(outer={"name":"sgd","lr":0.5})", "precision=" + name};
    overrides.insert(overrides.end(), options.overrides.begin(), options.overrides.end());
    const Config config = tiny_config(overrides);
    Device device(kCuda);
    const auto learner = Algorithm::create(config, device);
    learner->allocate();
    for (std::uint32_t i = 1; i <= 2; ++i) learner->iterate(i);
    std::vector<float> params(static_cast<std::size_t>(learner->parameters()));
    device.copy_to_host(params.data(), learner->params(), learner->parameters() * 4);
    return params;
  };
  const std::vector<float> found = learned(precision), wanted = learned("float32"),
                           start = initial_parameters(tiny_config(options.overrides));
  EXPECT_EQ(found, learned(precision));
  double moved = 0, off = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    moved += std::pow(wanted[i] - start[i], 2);
    off += std::pow(found[i] - wanted[i], 2);
  }
  const double roundoff = std::string(precision) == "tf32" ? 0x1p-11 : 0x1p-8;
  RecordProperty("off", std::to_string(std::sqrt(off / moved) / roundoff));
  std::printf("%s %s off %.3f u\n", options.name, precision, std::sqrt(off / moved) / roundoff);
  EXPECT_LT(std::sqrt(off / moved), 20 * roundoff);
  EXPECT_GT(std::sqrt(off / moved), roundoff / 20);
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
    const auto learner = Algorithm::create(config, device);
    learner->allocate();
    for (int i = 1; i <= iterations; ++i) learner->iterate(static_cast<std::uint32_t>(i));
    std::vector<float> params(static_cast<std::size_t>(learner->parameters()));
    device.copy_to_host(params.data(), learner->params(), learner->parameters() * 4);
    return evaluation_report(config, device, params, iterations)["curve"][1]["mean_return"].get<double>();
  };
  const double untrained = returned("float32", 0), wanted = returned("float32", 15);
  std::printf("untrained %.2f float32 %.2f\n", untrained, wanted);
  for (const char* precision : {"tf32", "bf16"}) {
    const double found = returned(precision, 15);
    std::printf("%s %.2f\n", precision, found);
    EXPECT_NEAR(found, wanted, 0.1 * (wanted - untrained)) << precision << ", untrained " << untrained;
  }
}

// On a GPU whose tensor cores are older, as on a CPU, it is float32.
TEST(PrecisionOnCuda, IsThereOnThisDevice) { EXPECT_TRUE(Device(kCuda).has_tensor_cores()); }

}  // namespace
}  // namespace innerloop
