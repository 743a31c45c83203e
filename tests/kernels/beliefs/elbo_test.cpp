// The lower bound's gradient against finite differences of the plain reference, and its values.
#include "kernels/beliefs/elbo.h"

#include <gtest/gtest.h>

#include "engine/device/simd/kernels.h"
#include "tests/support/belief_problem.h"
#include "tests/support/buffers.h"

namespace innerloop {
namespace {

using Double = SimdTeam<Portable, double>;
template <class Op>
constexpr HostKernel<Op> kernel{&TeamRun<Double, Op>::run, &scratch_bytes_of<Double, Op>};

struct Found {
  Vector gradient, values;
};
Found found_of(const BeliefProblem& p) {
  Buffers memory(1);
  const BeliefGradient<double> op = belief_gradient_of<double>(p, memory);
  run_kernel(kernel<BeliefGradient<double>>, op, op.tiles());
  const auto size = p.theta.size();
  Found found{Vector(size), Vector(kBeliefValues)};
  for (std::size_t tile = 0; tile < static_cast<std::size_t>(op.tiles()); ++tile) {
    for (std::size_t i = 0; i < size; ++i) found.gradient[i] += op.partial[tile * size + i];
    for (std::size_t i = 0; i < kBeliefValues; ++i) found.values[i] += op.values[tile * kBeliefValues + i];
  }
  return found;
}

std::vector<BeliefForm> forms() {
  return {
      {},
      {.decode_steps = 3},
      {.decode_steps = 1},
      {.decoder_hidden = {5}, .steps = 1},
      {.latent = 2, .encoder = 17, .decoder_hidden = {18, 3, 4}, .steps = 11, .trials = 10},
      {.decoder = Decoder::cells},
      {.decoder = Decoder::cells, .latent = 9, .side = 5, .steps = 19, .trials = 9},
      {.state_decoder_hidden = {5}},
      {.latent = 2, .steps = 11, .trials = 10, .decode_steps = 4, .state_decoder_hidden = {18, 3}},
      {.decoder = Decoder::cells, .decode_steps = 3, .state_decoder_hidden = {4, 6}},
  };
}

TEST(BeliefGradient, IsTheFiniteDifferenceOfTheLowerBound) {
  int number = 0;
  for (const BeliefForm& form : forms()) {
    const BeliefProblem p = random_belief_problem(form);
    const Found found = found_of(p);
    const Vector differences = central_differences(
        [&](const Vector& theta) { return reference::belief_objective(p, theta); }, p.theta, 2e-7);
    EXPECT_LT(relative_error(found.gradient, differences), 1e-6) << "form " << number;
    const reference::BeliefSums sums = reference::belief_sums(p, p.theta);
    EXPECT_NEAR(found.values[kReconstruction], sums.reconstruction, 1e-10 * sums.reconstruction)
        << "form " << number;
    EXPECT_NEAR(found.values[kStateReconstruction], sums.state_reconstruction,
                1e-10 * sums.state_reconstruction)
        << "form " << number;
    EXPECT_NEAR(found.values[kBeliefDivergence], sums.divergence, 1e-10 * sums.divergence)
        << "form " << number;
    ++number;
  }
}

// The latent variable of every step tells of the whole trial, of what is to come too: the prior's alone has a loss for the
// last step's reward.
TEST(BeliefGradient, EveryBeliefTellsOfTheWholeTrial) {
  BeliefProblem p = random_belief_problem({.trials = 1});
  p.kl_weight = 0;
  const Found before = found_of(p);
  const int last = p.drawn[0] * p.steps + p.steps - 1;
  p.ring[static_cast<std::size_t>(last * p.row_size() + p.shape.inputs)] += 1;
  const Found after = found_of(p);
  const auto prior = static_cast<std::size_t>(Belief::decoder_offset(p.shape) - p.shape.moments());
  EXPECT_NE(before.gradient[prior], after.gradient[prior]);
  EXPECT_NE(before.values[kReconstruction], after.values[kReconstruction]);
}

// A piece's one step stands for all of it: where all rewards and places are the same, it makes no difference which are told.
TEST(BeliefGradient, DecodedStepsStandForAllSteps) {
  BeliefProblem p = random_belief_problem({.steps = 10, .trials = 2});
  for (int row = 1; row < p.capacity * p.steps; ++row)
    std::copy_n(p.ring.begin() + p.shape.inputs, 3, p.ring.begin() + row * p.row_size() + p.shape.inputs);
  const Found all = found_of(p);
  p.decode_steps = 4;
  p.decoded = {1, 2, 6, 9, 0, 4, 5, 7};
  const Found some = found_of(p);
  EXPECT_LT(relative_error(some.gradient, all.gradient), 1e-12);
  EXPECT_NEAR(some.values[kReconstruction], all.values[kReconstruction], 1e-10 * all.values[kReconstruction]);
}

}  // namespace
}  // namespace innerloop
