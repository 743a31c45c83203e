// What share of the scores' variance a key explains.
#include "engine/statistics/importance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace innerloop {
namespace {

using testing::ElementsAre;

std::optional<double> effect(const std::vector<std::size_t>& groups, const std::vector<double>& scores) {
  return main_effect(groups, scores);
}

std::map<std::size_t, int> sizes_of(const std::vector<std::size_t>& groups) {
  std::map<std::size_t, int> sizes;
  for (const std::size_t group : groups) ++sizes[group];
  return sizes;
}

TEST(Groups, HoldPointsWithTheSameValue) {
  const std::vector<std::string> values = {"maml", "promp", "maml", "fomaml"};
  EXPECT_THAT(groups_of(values), ElementsAre(0, 1, 0, 2));
  const std::vector<double> numbers = {3, 1, 3, 0.1, 1};
  EXPECT_THAT(groups_of(numbers), ElementsAre(2, 1, 2, 0, 1));
}

TEST(Groups, OfManyNumbersAreBinsOfAboutEquallyManyPoints) {
  std::vector<double> numbers, logarithms;
  for (int i = 0; i < 45; ++i) numbers.push_back(std::exp(0.1 * (i * 19 % 45)));
  for (const double number : numbers) logarithms.push_back(std::log(number));
  const auto groups = groups_of(numbers);
  EXPECT_EQ(groups, groups_of(logarithms));
  const auto sizes = sizes_of(groups);
  EXPECT_EQ(sizes.size(), 8u);
  for (const auto& [group, count] : sizes) EXPECT_TRUE(count == 5 || count == 6) << group << ": " << count;
  for (std::size_t i = 0; i < numbers.size(); ++i)
    for (std::size_t j = 0; j < numbers.size(); ++j)
      EXPECT_TRUE(numbers[i] > numbers[j] || groups[i] <= groups[j]) << i << " " << j;
}

TEST(Groups, OfFewPointsWithManyNumbersHaveFivePointsEach) {
  std::vector<double> numbers(17);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<double>(i);
  EXPECT_EQ(sizes_of(groups_of(numbers)).size(), 3u);
  numbers.resize(9);
  EXPECT_EQ(sizes_of(groups_of(numbers)).size(), 2u);
  numbers.resize(8);
  EXPECT_EQ(sizes_of(groups_of(numbers)).size(), 8u);  // not more than eight different ones
}

TEST(Groups, KeepEqualNumbersTogether) {
  std::vector<double> numbers(30, 20.0);
  for (std::size_t i = 0; i < 12; ++i) numbers[i] = static_cast<double>(i);
  const auto groups = groups_of(numbers);
  std::set<std::size_t> of_twenties;
  for (std::size_t i = 0; i < numbers.size(); ++i)
    if (numbers[i] == 20) of_twenties.insert(groups[i]);
  EXPECT_EQ(of_twenties.size(), 1u);
  EXPECT_EQ(sizes_of(groups)[groups.back()], 18);  // and the others are in bins before them
  EXPECT_EQ(sizes_of(groups).size(), 4u);
}

TEST(MainEffect, IsOneOfAKeyThatDecidesAndZeroOfOneThatDoesNot) {
  EXPECT_DOUBLE_EQ(effect({0, 0, 1, 1, 2, 2}, {1, 1, 5, 5, -2, -2}).value(), 1);
  EXPECT_DOUBLE_EQ(effect({0, 0, 1, 1}, {1, 3, 1, 3}).value(), 0);  // below 0 before it is cut off
}

// By hand: SS_total 20, SS_within 4, so that (16 − 1 · 4 / 2) / 20.
TEST(MainEffect, TakesOffWhatChanceExplains) {
  EXPECT_DOUBLE_EQ(effect({0, 0, 1, 1}, {0, 2, 4, 6}).value(), (16 - 2.0) / 20);
}

// Scores that have nothing to do with the key: the plain share of variance is 99 / 199 in the mean, this one about 0.
TEST(MainEffect, DoesNotFavourKeysWithManyValues) {
  std::vector<std::size_t> groups;
  for (std::size_t i = 0; i < 200; ++i) groups.push_back(i % 100);
  std::vector<double> scores;
  std::uint64_t state = 1;
  for (int i = 0; i < 200; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    scores.push_back(static_cast<double>(state >> 40));
  }
  EXPECT_LT(effect(groups, scores).value(), 0.25);
}

TEST(MainEffect, HasNoAnswerWhereThereIsNoQuestion) {
  EXPECT_FALSE(effect({0, 0, 0}, {1, 2, 3}));                // one group
  EXPECT_FALSE(effect({0, 1, 2}, {1, 2, 3}));                // nothing within groups
  EXPECT_FALSE(effect({0, 0, 1, 1}, {0.1, 0.1, 0.1, 0.1}));  // nothing to explain
  EXPECT_FALSE(effect({}, {}));
}

}  // namespace
}  // namespace innerloop
