// What is learned as named blocks (engine/learned/learned.h).
#include "engine/learned/learned.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "kernels/lanes/random.h"

namespace innerloop {
namespace {

using testing::Each;
using testing::ElementsAre;

Learned two_networks() {
  Learned learned;
  learned.add("actor.", {{"weight", {2, 3}, true, InitialNumbers::glorot(2, 3)}, {"bias", {3}}});
  learned.add("critic.", {{"weight", {3, 1}, true, InitialNumbers::glorot(3, 1)},
                          {"bias", {1}, false, InitialNumbers::constant(0.5f)}});
  return learned;
}

TEST(Learned, BlocksLieOneBehindTheOther) {
  const Learned learned = two_networks();
  std::vector<std::string> names;
  std::int64_t next = 0;
  for (const LearnedBlock& block : learned.blocks()) {
    names.push_back(block.name);
    EXPECT_EQ(block.offset, next);
    next += block.size();
  }
  EXPECT_THAT(names, ElementsAre("actor.weight", "actor.bias", "critic.weight", "critic.bias"));
  EXPECT_EQ(learned.size(), 13);
  EXPECT_EQ(learned.find("critic.weight")->offset, 9);
  EXPECT_EQ(learned.find("weight"), nullptr);
}

TEST(Learned, ARangeIsWhereANetworkLies) {
  Learned learned = two_networks();
  EXPECT_EQ(learned.range("actor.").size, 9);
  EXPECT_EQ(learned.range("critic.").offset, 9);
  EXPECT_EQ(learned.range("critic.").size, 4);
  EXPECT_EQ(learned.range("").size, learned.size());
  EXPECT_EQ(learned.range("nobody").size, 0);
  learned.add("actor.", {{"log_std", {3}}});
  EXPECT_THROW((void)learned.range("actor."), std::logic_error);
}

TEST(Learned, RefusesWhatCannotBe) {
  Learned learned = two_networks();
  EXPECT_THROW(learned.add("critic.", {{"bias", {1}}}), std::logic_error);
  EXPECT_THROW(learned.add("a.", {{"x", {5}, false, InitialNumbers::of_pieces({1, 2})}}), std::logic_error);
  EXPECT_THROW(learned.add("b.", {{"x", {3, 4}, false, InitialNumbers::orthogonal(1)}}), std::logic_error);
}

TEST(Learned, StartsAsItsBlocksSay) {
  Learned learned;
  learned.add("", {{"zero", {2}},
                   {"pieces", {6}, false, InitialNumbers::of_pieces({1, 2, 3})},
                   {"uniform", {100}, false, InitialNumbers::glorot(3, 3, 0.1f)}});
  const std::vector<float> numbers = learned.initial(7);
  EXPECT_EQ(std::vector<float>(numbers.begin(), numbers.begin() + 8),
            (std::vector<float>{0, 0, 1, 1, 2, 2, 3, 3}));
  const auto [least, most] = std::minmax_element(numbers.begin() + 8, numbers.end());
  EXPECT_NEAR(*least, -0.1, 0.01);
  EXPECT_NEAR(*most, 0.1, 0.01);
  EXPECT_NE(numbers, learned.initial(8));
}

TEST(Learned, AGateStartsAsAnOrthogonalMatrix) {
  Learned learned;
  learned.add("", {{"gates", {4, 8}, false, InitialNumbers::orthogonal(2)}});
  const std::vector<float> numbers = learned.initial(7);
  for (std::size_t gate = 0; gate < 2; ++gate)
    for (std::size_t i = 0; i < 4; ++i)
      for (std::size_t j = 0; j < 4; ++j) {
        double dot = 0;
        for (std::size_t o = 0; o < 4; ++o)
          dot += numbers[(i * 2 + gate) * 4 + o] * numbers[(j * 2 + gate) * 4 + o];
        EXPECT_NEAR(dot, i == j ? 1 : 0, 1e-6);
      }
}

TEST(Learned, DrawsTheLastBlocksAfterAllOthers) {
  const ParameterBlock first{"first", {3}, false, InitialNumbers::glorot(1, 1)};
  ParameterBlock extra{"extra", {5}, false, InitialNumbers::glorot(1, 1)};
  extra.drawn_last = true;
  const ParameterBlock second{"second", {4}, false, InitialNumbers::glorot(1, 1)};
  Learned without, with;
  without.add("", {first, second});
  with.add("", {first, extra, second});
  const std::vector<float> plain = without.initial(3), all = with.initial(3);
  EXPECT_TRUE(std::equal(plain.begin(), plain.begin() + 3, all.begin()));
  EXPECT_TRUE(std::equal(plain.begin() + 3, plain.end(), all.begin() + 8));
  // The number of a draw is its step.
  using One = Pack<float, 1>;
  Random<One> random({3, 0}, 0u, 0u, 7u, Purpose::initial_parameters, 0);
  const float bound = std::sqrt(3.0f);
  EXPECT_EQ(all[3], random.uniform(One(-bound), One(bound)).get(0));
}

TEST(Learned, OnlyWeightsDecay) {
  const Learned learned = two_networks();
  const std::vector<float> all = learned.decay(learned.range(""), 0.25);
  EXPECT_EQ(all.size(), 13u);
  EXPECT_THAT(std::vector<float>(all.begin(), all.begin() + 6), Each(0.25f));
  EXPECT_THAT(learned.decay(learned.range("critic."), 0.5), ElementsAre(0.5f, 0.5f, 0.5f, 0));
}

}  // namespace
}  // namespace innerloop
