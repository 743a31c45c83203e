// How actions are drawn from what a policy puts out (kernels/networks/sampler.h).
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/networks/sampler.h"

namespace innerloop {
namespace {

using L = Pack<float, 4>;

Random<L> random_of(std::uint32_t step) {
  return {{3, 1}, UintPack<L>(0u), lane_index<UintPack<L>>(), UintPack<L>(step), Purpose::action, 0};
}

// Logits of six choices, the same on all lanes; the lanes differ in what is allowed.
struct Choices {
  const std::vector<float> logits = {0.5f, 2.0f, -1.0f, 0.0f, 1.0f, 1.5f};
  std::vector<float> lanes;
  std::vector<std::uint32_t> allowed = {0b111111u, 0b011101u, 0b001000u, 0b010100u};

  Choices() {
    for (const float logit : logits) lanes.insert(lanes.end(), 4, logit);
  }
  HeadRows<float> rows(bool masked) const {
    HeadRows<float> rows{lanes.data(), 4, nullptr, 0};
    if (masked) rows.allowed = allowed.data();
    return rows;
  }
  bool is_allowed(int lane, std::size_t choice) const {
    return (allowed[static_cast<std::size_t>(lane)] >> choice & 1u) != 0;
  }
};

TEST(Sampler, DrawsAllowedChoicesAsOftenAsTheirProbabilitiesSay) {
  const Choices choices;
  constexpr int draws = 20000;
  std::vector<std::vector<double>> share(4, std::vector<double>(6));
  for (std::uint32_t i = 0; i < draws; ++i) {
    Random<L> random = random_of(i);
    const L chosen = draw_choice<AllowedChoices>(choices.rows(true), 6, random, false);
    for (int lane = 0; lane < 4; ++lane)
      share[static_cast<std::size_t>(lane)][static_cast<std::size_t>(chosen.get(lane))] += 1.0 / draws;
  }
  for (int lane = 0; lane < 4; ++lane) {
    double total = 0;
    for (std::size_t c = 0; c < 6; ++c)
      if (choices.is_allowed(lane, c)) total += std::exp(static_cast<double>(choices.logits[c]));
    for (std::size_t c = 0; c < 6; ++c) {
      const double found = share[static_cast<std::size_t>(lane)][c];
      if (!choices.is_allowed(lane, c)) {
        EXPECT_EQ(found, 0) << lane << ' ' << c;
        continue;
      }
      const double p = std::exp(static_cast<double>(choices.logits[c])) / total;
      EXPECT_NEAR(found, p, 4 * std::sqrt(p * (1 - p) / draws) + 1e-9) << lane << ' ' << c;
    }
  }
}

TEST(Sampler, TakesTheLikeliestChoiceThatIsAllowed) {
  const Choices choices;
  Random<L> random = random_of(0);
  const L all = draw_choice<AllChoices>(choices.rows(false), 6, random, true),
          allowed = draw_choice<AllowedChoices>(choices.rows(true), 6, random, true);
  const float wanted[] = {1, 4, 3, 4};
  for (int lane = 0; lane < 4; ++lane) {
    EXPECT_EQ(all.get(lane), 1);
    EXPECT_EQ(allowed.get(lane), wanted[lane]);
  }
}

TEST(Sampler, WithoutAMaskAGroupIsDrawnAsOneChoice) {
  const Choices choices;
  for (std::uint32_t i = 0; i < 100; ++i) {
    Random<L> one = random_of(i), other = random_of(i);
    const L alone = draw_choice<AllChoices>(choices.rows(false), 6, one, false),
            group = draw_choice<AllowedChoices>(choices.rows(false), 6, other, false);
    for (int lane = 0; lane < 4; ++lane) EXPECT_EQ(alone.get(lane), group.get(lane));
  }
}

// Where rounding leaves no choice below u, the last allowed one is taken.
TEST(Sampler, IsNeverBeyondTheLastAllowedChoice) {
  const Choices choices;
  const L last = AllowedChoices::not_beyond_allowed(choices.rows(true), 6, L(5));
  const float wanted[] = {5, 4, 3, 4};
  for (int lane = 0; lane < 4; ++lane) EXPECT_EQ(last.get(lane), wanted[lane]);
}

TEST(Sampler, SquashedActionsAreTanhOfWhatTheGaussianDraws) {
  float deviations[] = {0.5f, 3.0f};
  const std::vector<float> means = {0.1f, -0.2f, 0.3f, 5.0f, 1.0f, 0.0f, -1.0f, -7.0f};
  const HeadRows<float> rows{means.data(), 4, nullptr, 0};
  HeadConstants<float> head{};
  head.outputs = 2;
  head.std = deviations;
  for (const bool deterministic : {false, true}) {
    Random<L> one = random_of(7), other = random_of(7);
    head.squash = 0;
    const Sampler<Continuous<2>, GaussianHead, L, float> plain(head, rows, one, deterministic);
    head.squash = 2;
    const Sampler<Continuous<2>, GaussianHead, L, float> squashed(head, rows, other, deterministic);
    float stored[8];
    squashed.store_action(stored, 4, 4);
    for (int d = 0; d < 2; ++d)
      for (int lane = 0; lane < 4; ++lane) {
        EXPECT_EQ(stored[d * 4 + lane], plain.action[d].get(lane));
        EXPECT_NEAR(squashed.action[d].get(lane),
                    2 * std::tanh(static_cast<double>(plain.action[d].get(lane))), 1e-6);
        EXPECT_LE(std::abs(squashed.action[d].get(lane)), 2);
      }
  }
}

}  // namespace
}  // namespace innerloop
