// PPO's gradient through a whole trial of a policy with a memory, against finite differences of the plain reference.
#include <gtest/gtest.h>

#include "tests/support/trial_problem.h"

namespace innerloop {
namespace {

Vector differences_of(const TrialProblem& p) {
  return central_differences([&](const Vector& theta) { return reference::trial_objective(p, theta); },
                             p.theta, 1e-6);
}

struct Sizes {
  int inputs, hidden, actions, envs, steps;
};

class TrialGradientTest : public testing::TestWithParam<std::tuple<HeadKind, PolicyOfSizes>> {
 protected:
  TrialProblem problem(const Sizes& s, std::uint64_t seed = 3) const {
    return random_trial_problem(s.inputs, s.hidden, s.actions, std::get<HeadKind>(GetParam()), s.envs,
                                s.steps, seed, kind());
  }
  static PolicyOfSizes kind() { return std::get<PolicyOfSizes>(GetParam()); }
};

// 37 environments are a tile of 32 and one of 5; 7 steps a product over 4 of them and one over 3.
TEST_P(TrialGradientTest, IsTheFiniteDifferenceThroughTheWholeTrial) {
  const TrialProblem p = problem({4, 5, 3, 37, 7});
  EXPECT_LT(relative_error(kernel_trial_gradient(p).gradient, differences_of(p)), 1e-7);
}

TEST_P(TrialGradientTest, IsTheFiniteDifferenceForMoreUnitsThanAVectorHas) {
  const TrialProblem p = problem({3, 18, 2, 3, 5});
  EXPECT_LT(relative_error(kernel_trial_gradient(p).gradient, differences_of(p)), 1e-7);
}

TEST_P(TrialGradientTest, IsTheFiniteDifferenceForASingleStep) {
  const TrialProblem p = problem({2, 3, 2, 2, 1});
  EXPECT_LT(relative_error(kernel_trial_gradient(p).gradient, differences_of(p)), 1e-7);
}

TEST_P(TrialGradientTest, TakesTheEnvironmentsOfItsMinibatchAlone) {
  TrialProblem p = problem({3, 5, 2, 9, 4});
  const Vector all = kernel_trial_gradient(p).gradient;
  p.order.resize(4);
  const Vector some = kernel_trial_gradient(p).gradient;
  EXPECT_LT(relative_error(some, differences_of(p)), 1e-7);
  EXPECT_GT(relative_error(some, all), 0.1);
}

// Each term of the objective matters to the gradient, and is right where the others are gone.
TEST_P(TrialGradientTest, OfEachTermAloneIsTheFiniteDifference) {
  for (const int term : {0, 1, 2}) {
    TrialProblem p = problem({3, 5, 2, 5, 4});
    const Vector whole = kernel_trial_gradient(p).gradient;
    if (term != 0) std::ranges::fill(p.advantages, 0);
    p.entropy_weight = term == 1 ? 0.7 : 0;
    p.value_weight = term == 2 ? 0.9 : 0;
    const Vector one = kernel_trial_gradient(p).gradient;
    EXPECT_LT(relative_error(one, differences_of(p)), 1e-7) << term;
    EXPECT_GT(relative_error(one, whole), 0.01) << term;
  }
}

TEST_P(TrialGradientTest, ClippingTakesGradientAway) {
  TrialProblem p = problem({3, 5, 2, 9, 4});
  const Vector clipped = kernel_trial_gradient(p).gradient;
  p.clip = 1e9;
  EXPECT_GT(relative_error(kernel_trial_gradient(p).gradient, clipped), 0.1);
}

// Windows of 6 steps end the gradient within a trial; 4 and 2 steps are two products of a window's rows.
TEST_P(TrialGradientTest, OfWindowsIsTheFiniteDifferenceWithTheMemoryConstantAtTheirBorders) {
  for (const int window : {6, 4, 1}) {
    TrialProblem p = problem({4, 5, 3, 37, 12});
    const TrialGradientResult whole = kernel_trial_gradient(p);
    p.window = window;
    const TrialGradientResult cut = kernel_trial_gradient(p);
    EXPECT_LT(relative_error(cut.gradient, differences_of(p)), 1e-7) << window;
    EXPECT_LT(relative_error(cut.values, whole.values), 1e-12) << window;  // the memory goes on
    if (std::holds_alternative<MemoryPolicy<Feedforward>>(p.policy))
      EXPECT_LT(relative_error(cut.gradient, whole.gradient), 1e-12) << window;
    else
      EXPECT_GT(relative_error(cut.gradient, whole.gradient), 0.01) << window;
  }
}

TEST_P(TrialGradientTest, OfOneWindowIsThatOfTheWholeTrial) {
  TrialProblem p = problem({3, 5, 2, 9, 6});
  const Vector whole = kernel_trial_gradient(p).gradient;
  p.window = 6;
  EXPECT_EQ(kernel_trial_gradient(p).gradient, whole);
}

TEST_P(TrialGradientTest, WithClippedValuesIsTheFiniteDifference) {
  TrialProblem p = problem({4, 5, 3, 37, 7});
  const Vector plain = kernel_trial_gradient(p).gradient;
  p.value_clip = 0.3;
  const Vector clipped = kernel_trial_gradient(p).gradient;
  EXPECT_LT(relative_error(clipped, differences_of(p)), 1e-7);
  EXPECT_GT(relative_error(clipped, plain), 0.01);
}

// Within the range about the values as drawn, nothing is clipped.
TEST_P(TrialGradientTest, AWideRangeOfValuesClipsNone) {
  TrialProblem p = problem({3, 5, 2, 9, 4});
  const TrialGradientResult plain = kernel_trial_gradient(p);
  p.value_clip = 1e9;
  const TrialGradientResult wide = kernel_trial_gradient(p);
  EXPECT_EQ(wide.gradient, plain.gradient);
  EXPECT_EQ(wide.values, plain.values);
}

// An embedding of 5 numbers and one of more than a vector has, symbols beside numbers and without, a trial and windows.
TEST_P(TrialGradientTest, WithSymbolsIsTheFiniteDifference) {
  for (const int window : {0, 5})
    for (const auto& [numbers, embedding, separate, normalised] :
         {std::tuple{2, 5, false, false}, std::tuple{0, 18, true, true}}) {
      TrialPolicy policy = kind()(numbers, 5);
      add_embedding(policy, 3, 4, embedding);
      shape_of(policy).separate_value = separate;
      shape_of(policy).layer_norm = normalised;
      TrialProblem p = random_trial_problem_of(policy, 2, std::get<HeadKind>(GetParam()), 4, 10, 3);
      p.window = window;
      p.order.resize(3);
      EXPECT_LT(relative_error(kernel_trial_gradient(p).gradient, differences_of(p)), 1e-7)
          << embedding << " numbers, window " << window;
    }
}

// More environments than a tile has: their partial sums.
TEST_P(TrialGradientTest, WithSymbolsOfTwoTilesIsTheFiniteDifference) {
  TrialPolicy policy = kind()(2, 3);
  add_embedding(policy, 2, 3, 4);
  const TrialProblem p = random_trial_problem_of(policy, 2, std::get<HeadKind>(GetParam()), 37, 5, 3);
  EXPECT_LT(relative_error(kernel_trial_gradient(p).gradient, differences_of(p)), 1e-7);
}

TEST_P(TrialGradientTest, ValuesAreTheReferences) {
  TrialProblem p = problem({4, 5, 3, 37, 7});
  p.value_clip = 0.3;
  const reference::TrialSums sums = reference::trial_sums(p, p.theta);
  const Vector values = kernel_trial_gradient(p).values;
  EXPECT_LT(relative_error(values, {sums.surrogate, sums.entropy, sums.value_loss, sums.divergence}), 1e-9);
}

// What lies behind the last episode of a trial has no weight, whatever it holds.
TEST_P(TrialGradientTest, OfWeightedSamplesIsTheFiniteDifference) {
  TrialProblem p = problem({4, 5, 3, 37, 7});
  const Vector plain = kernel_trial_gradient(p).gradient;
  p.weights = Vector(p.advantages.size(), 1.5);
  for (std::size_t i = 0; i < p.weights.size(); i += 3) p.weights[i] = 0;
  const TrialGradientResult found = kernel_trial_gradient(p);
  EXPECT_LT(relative_error(found.gradient, differences_of(p)), 1e-7);
  EXPECT_GT(relative_error(found.gradient, plain), 0.01);
  const reference::TrialSums sums = reference::trial_sums(p, p.theta);
  EXPECT_LT(relative_error(found.values, {sums.surrogate, sums.entropy, sums.value_loss, sums.divergence}),
            1e-9);
  for (std::size_t i = 0; i < p.weights.size(); i += 3) p.log_probs[i] = -1e9;  // an infinite ratio
  EXPECT_EQ(kernel_trial_gradient(p).gradient, found.gradient);
}

std::string case_name(const testing::TestParamInfo<std::tuple<HeadKind, PolicyOfSizes>>& info) {
  const char* memories[] = {"feedforward", "gru", "lstm"};
  return std::string(memories[std::get<PolicyOfSizes>(info.param)(1, 1).index()]) +
         (std::get<HeadKind>(info.param) == HeadKind::categorical ? "_categorical" : "_gaussian");
}
INSTANTIATE_TEST_SUITE_P(, TrialGradientTest,
                         testing::Combine(testing::Values(HeadKind::categorical, HeadKind::gaussian),
                                          testing::Values(&trial_policy_with<Gru>, &trial_policy_with<Lstm>,
                                                          &trial_policy_with<Feedforward>)),
                         case_name);

// Two heads, memories with units of more than a vector and of less, windows, more environments than a tile has.
TEST(TrialGradient, OfNormalisedOutputsIsTheFiniteDifference) {
  for (const PolicyOfSizes kind : {&trial_policy_with<Gru>, &trial_policy_with<Lstm>})
    for (const HeadKind head : {HeadKind::categorical, HeadKind::gaussian})
      for (const Sizes s : {Sizes{4, 5, 3, 37, 8}, Sizes{3, 18, 2, 3, 4}})
        for (const int window : {0, 2}) {
          TrialProblem p =
              random_trial_problem(s.inputs, s.hidden, s.actions, head, s.envs, s.steps, 7, kind);
          const Vector plain = kernel_trial_gradient(p).gradient;
          p.shape().layer_norm = true;
          const auto behind = p.theta.end() - p.shape().head_parameters();
          std::mt19937_64 random(8);
          Vector gain_and_bias = random_vector(2 * s.hidden, 0.5, random);
          for (int i = 0; i < s.hidden; ++i) gain_and_bias[static_cast<std::size_t>(i)] += 1;
          p.theta.insert(behind, gain_and_bias.begin(), gain_and_bias.end());
          p.window = window;
          const TrialGradientResult result = kernel_trial_gradient(p);
          EXPECT_LT(relative_error(result.gradient, differences_of(p)), 1e-7)
              << s.hidden << " units, window " << window;
          const reference::TrialSums sums = reference::trial_sums(p, p.theta);
          EXPECT_LT(
              relative_error(result.values, {sums.surrogate, sums.entropy, sums.value_loss, sums.divergence}),
              1e-9);
          Vector without = result.gradient;
          const auto at = without.end() - p.shape().head_parameters();
          without.erase(at - 2 * s.hidden, at);
          EXPECT_GT(relative_error(without, plain), 0.1);
        }
}

// The value's memory and the policy's: neither's gradient is of the other's terms.
TEST(TrialGradient, OfASeparateValueNetworkIsTheFiniteDifferenceAndDoesNotMix) {
  for (const PolicyOfSizes kind :
       {&trial_policy_with<Gru>, &trial_policy_with<Lstm>, &trial_policy_with<Feedforward>})
    for (const HeadKind head : {HeadKind::categorical, HeadKind::gaussian})
      for (const bool layer_norm : {false, true})
        for (const int window : {0, 3}) {
          TrialProblem p = window == 0 ? random_trial_problem(3, 5, 2, head, 37, 6, 7, kind)
                                       : random_trial_problem(3, 17, 2, head, 2, 6, 7, kind);
          p.shape().separate_value = true;
          p.shape().layer_norm = layer_norm;
          std::mt19937_64 random(8);
          p.theta = random_vector(p.parameters(), 0.4, random);
          p.window = window;
          p.value_clip = 0.3;
          const TrialGradientResult result = kernel_trial_gradient(p);
          EXPECT_LT(relative_error(result.gradient, differences_of(p)), 1e-7);
          const reference::TrialSums sums = reference::trial_sums(p, p.theta);
          EXPECT_LT(
              relative_error(result.values, {sums.surrogate, sums.entropy, sums.value_loss, sums.divergence}),
              1e-9);
          TrialProblem of_value = p;
          std::ranges::fill(of_value.advantages, 0);
          of_value.entropy_weight = 0;
          const Vector value = kernel_trial_gradient(of_value).gradient;
          TrialProblem of_policy = p;
          of_policy.value_weight = 0;
          const Vector policy = kernel_trial_gradient(of_policy).gradient;
          const int networks = memory_parameters(p.policy), head_numbers = p.shape().actor.parameters();
          for (int i = 0; i < p.parameters(); ++i) {
            const auto at = static_cast<std::size_t>(i);
            const bool is_policy = i < networks / 2 || (i >= networks && i < networks + head_numbers);
            EXPECT_EQ((is_policy ? value : policy)[at], 0) << i;
            EXPECT_EQ((is_policy ? policy : value)[at], result.gradient[at]) << i;
          }
        }
}

// A policy whose memory takes in one-hot codes of the symbols, with weights E·W, does the same; its gradient by these weights
// times Wᵀ is the embedding's.
TEST(TrialGradient, WithSymbolsIsThatOfOneHotCodes) {
  constexpr int kPlaces = 3, kKinds = 4, kEmbedding = 6, kNumbers = 2, kCodes = kPlaces * kKinds;
  for (const PolicyOfSizes kind : {&trial_policy_with<Gru>, &trial_policy_with<Lstm>}) {
    TrialPolicy policy = kind(kNumbers, 5);
    add_embedding(policy, kPlaces, kKinds, kEmbedding);
    const TrialProblem p = random_trial_problem_of(policy, 2, HeadKind::categorical, 9, 6, 3);
    TrialProblem coded = p;
    coded.policy = kind(kCodes + kNumbers, 5);
    shape_of(coded.policy).actor = p.shape().actor;
    coded.inputs.assign(static_cast<std::size_t>(kCodes * p.rows()), 0);
    for (int place = 0; place < kPlaces; ++place)
      for (int r = 0; r < p.rows(); ++r)
        coded.inputs[static_cast<std::size_t>(
            (place * kKinds + p.symbols[static_cast<std::size_t>(place * p.rows() + r)]) * p.rows() + r)] = 1;
    coded.inputs.insert(coded.inputs.end(), p.inputs.begin(), p.inputs.end());
    // W is the first of a memory's parameters, E the last.
    const int of_memory = memory_parameters(p.policy),
              columns = std::holds_alternative<MemoryPolicy<Gru>>(p.policy) ? 15 : 20;
    const auto e = p.theta.begin() + of_memory - p.shape().embedding_parameters();
    coded.theta.clear();
    for (int code = 0; code < kCodes; ++code)
      for (int c = 0; c < columns; ++c) {
        double sum = 0;
        for (int i = 0; i < kEmbedding; ++i)
          sum += e[code * kEmbedding + i] * p.theta[static_cast<std::size_t>(i * columns + c)];
        coded.theta.push_back(sum);
      }
    coded.theta.insert(coded.theta.end(), p.theta.begin() + kEmbedding * columns, e);
    coded.theta.insert(coded.theta.end(), p.theta.begin() + of_memory, p.theta.end());
    const TrialGradientResult found = kernel_trial_gradient(p), wanted = kernel_trial_gradient(coded);
    EXPECT_LT(relative_error(found.values, wanted.values), 1e-12);
    Vector by_rows, wanted_by_rows, rest(found.gradient.begin() + kEmbedding * columns, found.gradient.end());
    for (int code = 0; code < kCodes; ++code)
      for (int i = 0; i < kEmbedding; ++i) {
        by_rows.push_back(found.gradient[static_cast<std::size_t>(e - p.theta.begin()) + by_rows.size()]);
        double sum = 0;
        for (int c = 0; c < columns; ++c)
          sum += wanted.gradient[static_cast<std::size_t>(code * columns + c)] *
                 p.theta[static_cast<std::size_t>(i * columns + c)];
        wanted_by_rows.push_back(sum);
      }
    EXPECT_LT(relative_error(by_rows, wanted_by_rows), 1e-12);
    const auto at = rest.end() - (p.parameters() - of_memory);
    rest.erase(at - p.shape().embedding_parameters(), at);
    EXPECT_LT(relative_error(rest, {wanted.gradient.begin() + kCodes * columns, wanted.gradient.end()}),
              1e-12);
  }
}

TEST(TrialGradient, OfRectifiedLayersIsTheFiniteDifference) {
  TrialProblem p =
      random_trial_problem(4, 17, 3, HeadKind::categorical, 9, 5, 6, &trial_policy_with<Feedforward>);
  const Vector smooth = kernel_trial_gradient(p).gradient;
  std::get<MemoryPolicy<Feedforward>>(p.policy).memory.activation = Activation::relu;
  const Vector gradient = kernel_trial_gradient(p).gradient;
  EXPECT_LT(relative_error(gradient, differences_of(p)), 1e-7);
  EXPECT_GT(relative_error(gradient, smooth), 0.1);
}

// Blocks of several steps and of fewer at a span's end, windows of several blocks and of fewer, one tile and two, in spans.
TEST(TrialGradient, OfManyStepsWithoutAMemoryIsTheFiniteDifference) {
  struct Case {
    int envs, steps, tiles;
  };
  for (const Case& c : {Case{5, 110, 2}, Case{33, 19, 4}, Case{1, 40, 1}})
    for (const bool separate : {false, true}) {
      TrialProblem p = random_trial_problem(3, 5, 2, HeadKind::categorical, c.envs, c.steps, 7,
                                            &trial_policy_with<Feedforward>);
      p.shape().separate_value = separate;
      std::mt19937_64 random(8);
      p.theta = random_vector(p.parameters(), 0.4, random);
      TrialGradient<double, Feedforward> op;
      op.envs = c.envs;
      op.trials.batch.horizon = c.steps;
      EXPECT_EQ(op.tiles(), c.tiles);
      const TrialGradientResult result = kernel_trial_gradient(p);
      EXPECT_LT(relative_error(result.gradient, differences_of(p)), 1e-7) << c.envs;
      const reference::TrialSums sums = reference::trial_sums(p, p.theta);
      EXPECT_LT(
          relative_error(result.values, {sums.surrogate, sums.entropy, sums.value_loss, sums.divergence}),
          1e-9);
    }
}

// What is kept at a time does not grow with the trial.
TEST(TrialGradient, OfNoMemoryTakesTheSameMemoryForAnyTrial) {
  TrialGradient<double, Feedforward> op;
  op.shape = policy_with<Feedforward>(8, 32);
  op.shape.actor = policy_of({32, 3}, HeadKind::categorical);
  op.trials.batch.action_size = 1;
  op.envs = 64;
  using Team = SimdTeam<Portable, double>;
  op.trials.batch.horizon = 10;
  const long few = op.scratch_bytes<Team>();
  op.trials.batch.horizon = 1000;
  EXPECT_EQ(op.scratch_bytes<Team>(), few);
}

// A window's steps are all that is kept, and what the memory is at the borders.
TEST(TrialGradient, WindowsTakeLessMemory) {
  TrialGradient<double, Lstm> op;
  op.shape = policy_with<Lstm>(8, 32);
  op.shape.actor = policy_of({32, 3}, HeadKind::categorical);
  op.trials.batch.horizon = 1000;
  op.trials.batch.action_size = 1;
  using Team = SimdTeam<Portable, double>;
  const long whole = op.scratch_bytes<Team>();
  op.window = 50;
  EXPECT_LT(op.scratch_bytes<Team>(), whole / 8);
}

// Below the floor the standard deviation no longer follows its parameter, and neither does the entropy.
TEST(TrialGradient, RespectsTheFloorOfTheStandardDeviation) {
  TrialProblem p = random_trial_problem(3, 5, 2, HeadKind::gaussian, 5, 3, 4);
  p.shape().actor.min_log_std = 0.5f;
  const int at = memory_parameters(p.policy) + p.shape().actor.log_std_offset();
  p.theta[static_cast<std::size_t>(at)] = 0.4;
  p.theta[static_cast<std::size_t>(at + 1)] = 0.6;
  const Vector gradient = kernel_trial_gradient(p).gradient;
  EXPECT_EQ(gradient[static_cast<std::size_t>(at)], 0);
  EXPECT_NE(gradient[static_cast<std::size_t>(at + 1)], 0);
}

}  // namespace
}  // namespace innerloop
