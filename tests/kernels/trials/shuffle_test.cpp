// The order of the environments in the minibatches.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "kernels/trials/shuffle.h"
#include "tests/support/sorted_places.h"
#include "tests/support/trial_problem.h"

namespace innerloop {
namespace {

std::vector<int> order_of(RandomKey key, int envs, int epochs) {
  using Op = ShuffleTrials<double>;
  std::vector<std::uint32_t> numbers(static_cast<std::size_t>(envs * epochs));
  Op op;
  op.key = &key;
  op.envs = envs;
  op.epochs = epochs;
  op.numbers = numbers.data();
  run_kernel<Op>(double_trial_kernels(), op, 1);
  Device device({.backend = Backend::cpu, .threads = 1, .instructions = ""});
  return SortedPlaces(device, epochs, envs).sort(numbers);
}

TEST(ShuffleTrials, PutsEveryEnvironmentInOnePlaceOfEachEpoch) {
  constexpr int kMany = 300, kEpochs = 3;
  const std::vector<int> order = order_of({1, 2}, kMany, kEpochs);
  std::set<std::vector<int>> orders;
  for (int epoch = 0; epoch < kEpochs; ++epoch) {
    const std::vector<int> in_epoch(order.begin() + epoch * kMany, order.begin() + (epoch + 1) * kMany);
    EXPECT_FALSE(std::ranges::is_sorted(in_epoch));
    orders.insert(in_epoch);
    EXPECT_EQ(std::set<int>(in_epoch.begin(), in_epoch.end()).size(), std::size_t{kMany});
    EXPECT_EQ(*std::ranges::min_element(in_epoch), 0);
    EXPECT_EQ(*std::ranges::max_element(in_epoch), kMany - 1);
  }
  EXPECT_EQ(orders.size(), std::size_t{kEpochs});
  EXPECT_NE(order_of({1, 3}, kMany, kEpochs), order);
}

TEST(ShuffleTrials, MakesEveryOrderAboutAsOften) {
  std::map<std::vector<int>, int> counts;
  for (std::uint32_t iteration = 0; iteration < 600; ++iteration) ++counts[order_of({9, iteration}, 3, 1)];
  EXPECT_EQ(counts.size(), 6u);
  for (const auto& [order, count] : counts) EXPECT_NEAR(count, 100, 40);
}

}  // namespace
}  // namespace innerloop
