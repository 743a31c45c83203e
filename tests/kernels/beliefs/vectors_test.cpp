// The kernel in double against the lower bound's gradients that JAX's autograd found in float64
// (data/make_belief_vectors.py).
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/device/simd/kernels.h"
#include "tests/support/belief_problem.h"
#include "tests/support/paths.h"

namespace innerloop {
namespace {

using nlohmann::json;
using Double = SimdTeam<Portable, double>;
using Gradient = BeliefGradient<double>;
constexpr HostKernel<Gradient> kKernel{&TeamRun<Double, Gradient>::run, &scratch_bytes_of<Double, Gradient>};

BeliefProblem problem_of(const json& file, const json& of_case) {
  BeliefOptions options;
  options.decoder = of_case["decoder"] == "cells" ? Decoder::cells : Decoder::reward;
  options.latent = file["latent"];
  options.encoder = file["encoder"];
  options.decoder_hidden = file["decoder_hidden"].get<std::vector<int>>();
  options.decode_state = of_case["decode_state"];
  options.state_decoder_hidden = file["state_decoder_hidden"].get<std::vector<int>>();
  const int observed = file["observed"], actions = file["actions"];
  BeliefProblem p;
  p.shape = Belief::shape_of(options, observed + actions + 2);
  Belief::set_environment(p.shape, observed, actions, file["side"]);
  p.steps = file["steps"];
  p.trials = p.capacity = file["trials"];
  p.kl_weight = file["kl_weight"];
  p.state_weight = file["state_weight"];
  p.theta = of_case["theta"].get<Vector>();
  p.ring = of_case["trials"].get<Vector>();
  for (int trial = 0; trial < p.trials; ++trial) p.drawn.push_back(trial);
  // [trial][step][number] to [trial][number][padded(steps)].
  const auto noise = of_case["noise"].get<Vector>();
  p.noise.resize(static_cast<std::size_t>(p.trials * p.shape.latent * padded(p.steps)));
  for (int trial = 0; trial < p.trials; ++trial)
    for (int t = 0; t < p.steps; ++t)
      for (int d = 0; d < p.shape.latent; ++d)
        p.noise[static_cast<std::size_t>((trial * p.shape.latent + d) * padded(p.steps) + t)] =
            noise[static_cast<std::size_t>((trial * p.steps + t) * p.shape.latent + d)];
  return p;
}

TEST(BeliefVectors, AreTheKernelsGradients) {
  std::ifstream stream(source_folder() / "tests/data/belief_vectors.json");
  const json file = json::parse(stream);
  int compared = 0;
  for (const json& of_case : file["cases"]) {
    const BeliefProblem p = problem_of(file, of_case);
    ASSERT_EQ(static_cast<int>(p.theta.size()), Belief::belief_parameters(p.shape));
    Buffers memory(1);
    const Gradient op = belief_gradient_of<double>(p, memory);
    run_kernel(kKernel, op, op.tiles());
    EXPECT_LT(
        relative_error(Vector(op.partial, op.partial + p.theta.size()), of_case["gradient"].get<Vector>()),
        1e-9)
        << of_case["decoder"];
    EXPECT_NEAR(reference::belief_objective(p, p.theta), of_case["objective"].get<double>(), 1e-9);
    ++compared;
  }
  EXPECT_EQ(compared, 3);
}

}  // namespace
}  // namespace innerloop
