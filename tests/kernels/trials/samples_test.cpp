// Minibatches of single steps, in double.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "kernels/trials/samples.h"
#include "tests/support/trial_problem.h"

namespace innerloop {
namespace {

TEST(GatherSamples, CopiesEachRowAsAWhole) {
  constexpr int kSteps = 7, kEnvs = 45, kRows = kSteps * kEnvs, kMany = 280, kNumbers = 3;
  // Each number is its row's, and says which of its numbers it is.
  const auto table = [](int each, int stride, double first) {
    Vector numbers(static_cast<std::size_t>(each * stride), NAN);
    for (int i = 0; i < each; ++i)
      for (int r = 0; r < kRows; ++r)
        numbers[static_cast<std::size_t>(i * stride + r)] = first + i + r * 0.001;
    return numbers;
  };
  const int stride = padded(kRows), to_stride = padded(kMany);
  Vector seen = table(kNumbers, stride, 10), did = table(2, stride, 20), log_probs = table(1, stride, 30),
         advantages = table(1, stride, 40), targets = table(1, stride, 50), values = table(1, stride, 60);
  std::vector<std::int32_t> symbols(static_cast<std::size_t>(stride));
  std::iota(symbols.begin(), symbols.end(), 0);
  std::vector<std::uint32_t> allowed(static_cast<std::size_t>(2 * stride));
  std::iota(allowed.begin(), allowed.end(), 0u);
  const auto room = [&](int each) { return Vector(static_cast<std::size_t>(each * to_stride), NAN); };
  Vector seen_there = room(kNumbers), did_there = room(2), log_probs_there = room(1),
         advantages_there = room(1), targets_there = room(1), values_there = room(1);
  std::vector<std::int32_t> symbols_there(static_cast<std::size_t>(to_stride));
  std::vector<std::uint32_t> allowed_there(static_cast<std::size_t>(2 * to_stride));

  std::vector<int> order(kRows);
  std::iota(order.begin(), order.end(), 0);
  std::mt19937_64 random(3);
  std::ranges::shuffle(order, random);
  GatherSamples<double> op;
  const auto fill_in = [](Trials<double>& t, int steps, int envs, long row_stride) {
    t.batch.horizon = steps;
    t.batch.envs = envs;
    t.batch.observation_size = kNumbers;
    t.batch.action_size = 2;
    t.batch.symbol_places = 1;
    t.batch.row_stride = row_stride;
  };
  fill_in(op.from, kSteps, kEnvs, stride);
  fill_in(op.to, 8, kMany / 8, to_stride);
  const auto point = [](Trials<double>& t, Vector& o, Vector& a, Vector& l, Vector& adv, Vector& target,
                        Vector& v, std::int32_t* s, std::uint32_t* may) {
    t.batch.observations = o.data();
    t.batch.actions = a.data();
    t.batch.log_probs = l.data();
    t.batch.advantages = adv.data();
    t.targets = target.data();
    t.values = v.data();
    t.batch.symbols = s;
    t.batch.allowed = may;
  };
  point(op.from, seen, did, log_probs, advantages, targets, values, symbols.data(), allowed.data());
  point(op.to, seen_there, did_there, log_probs_there, advantages_there, targets_there, values_there,
        symbols_there.data(), allowed_there.data());
  op.order = order.data();
  op.action_words = 2;
  run_kernel<GatherSamples<double>>(double_trial_kernels(), op, 1);

  const auto expect_gathered = [&](const auto& from, const auto& to, int each) {
    for (int i = 0; i < each; ++i)
      for (int r = 0; r < kMany; ++r)
        ASSERT_EQ(to[static_cast<std::size_t>(i * to_stride + r)],
                  from[static_cast<std::size_t>(i * stride + order[static_cast<std::size_t>(r)])])
            << i << ", " << r;
  };
  expect_gathered(seen, seen_there, kNumbers);
  expect_gathered(did, did_there, 2);
  expect_gathered(log_probs, log_probs_there, 1);
  expect_gathered(advantages, advantages_there, 1);
  expect_gathered(targets, targets_there, 1);
  expect_gathered(values, values_there, 1);
  expect_gathered(symbols, symbols_there, 1);
  expect_gathered(allowed, allowed_there, 2);
}

}  // namespace
}  // namespace innerloop
