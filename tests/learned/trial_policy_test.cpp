// The parameters of a policy of trials as named blocks (engine/learned/trial_policy.h) and as the kernels find them
// (kernels/memories/policy.h).
#include "engine/learned/trial_policy.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/trial_problem.h"

namespace innerloop {
namespace {

MemoryPolicy<Gru> policy_with_symbols() {
  MemoryPolicy<Gru> policy = policy_with<Gru>(3, 5);
  add_embedding(policy, 6, 7, 4);
  policy.layer_norm = policy.separate_value = true;
  policy.actor = policy_of({5, 2}, HeadKind::gaussian);
  return policy;
}

TEST(TrialPolicyBlocks, LieWhereTheKernelsLookForThem) {
  const MemoryPolicy<Gru> policy = policy_with_symbols();
  const Learned learned = learned_trial_policy(policy, -0.5);
  const auto offset = [&](const char* name) { return learned.find(name)->offset; };
  EXPECT_EQ(offset("gru.input_weight"), 0);
  EXPECT_EQ(learned.find("gru.input_weight")->shape, (std::vector<std::int64_t>{4 + 3, 15}));
  EXPECT_EQ(offset("layer_norm.gain"), Gru::parameters(policy.memory));
  EXPECT_EQ(offset("embedding"), policy.embedding_offset());
  EXPECT_EQ(learned.find("embedding")->shape, (std::vector<std::int64_t>{6, 7, 4}));
  EXPECT_TRUE(learned.find("embedding")->decays);
  EXPECT_EQ(offset("value.gru.input_weight"), policy.network_parameters());
  EXPECT_EQ(offset("value.embedding"), policy.network_parameters() + policy.embedding_offset());
  EXPECT_EQ(offset("actor.weight"), policy.memory_parameters());
  EXPECT_EQ(learned.size(), policy.parameters());
}

TEST(TrialPolicyBlocks, AnEmbeddingStartsAsIfEachSymbolWereAnInput) {
  const Learned learned = learned_trial_policy(policy_with_symbols(), 0);
  const std::vector<float> numbers = learned.initial(1);
  for (const char* name : {"embedding", "value.embedding"}) {
    const LearnedBlock& block = *learned.find(name);
    float most = 0;
    for (std::int64_t i = 0; i < block.size(); ++i)
      most = std::max(most, std::abs(numbers[static_cast<std::size_t>(block.offset + i)]));
    EXPECT_NEAR(most, std::sqrt(6.0f / (6 + 4)), 0.02) << name;
  }
}

TEST(TrialPolicyBlocks, WithoutSymbolsThereIsNoEmbedding) {
  MemoryPolicy<Gru> policy = policy_with<Gru>(3, 5);
  policy.actor = policy_of({5, 2}, HeadKind::gaussian);
  EXPECT_EQ(learned_trial_policy(policy, 0).find("embedding"), nullptr);
}

}  // namespace
}  // namespace innerloop
