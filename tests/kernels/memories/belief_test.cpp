// The belief as a memory: the policy's gradient against finite differences of the plain reference, and what it starts from.
#include <gtest/gtest.h>

#include "engine/device/simd/kernels.h"
#include "kernels/beliefs/trial_beliefs.h"
#include "kernels/memories/step.h"
#include "tests/support/buffers.h"
#include "tests/support/trial_problem.h"

namespace innerloop {
namespace {

using Double = SimdTeam<Portable, double>;
template <class Op>
constexpr HostKernel<Op> kernel{&TeamRun<Double, Op>::run, &scratch_bytes_of<Double, Op>};

TrialProblem problem_of(int envs, int steps, HeadKind head) {
  return random_trial_problem(5, 6, 3, head, envs, steps, 3, &trial_policy_with<Belief>);
}
int belief_parameters(const TrialProblem& p) {
  return Belief::belief_parameters(std::get<MemoryPolicy<Belief>>(p.policy).memory);
}

// Of the policy's parameters it is the finite difference, and of all that makes the belief it is 0, whatever the window.
TEST(Belief, PolicyGradientIsTheFiniteDifferenceAndLeavesTheBelief) {
  for (const HeadKind head : {HeadKind::categorical, HeadKind::gaussian})
    for (const int window : {0, 2}) {
      TrialProblem p = problem_of(35, 6, head);
      const auto first = belief_parameters(p);
      const Vector of_policy(p.theta.begin() + first, p.theta.end());
      const auto objective = [&](const Vector& policy) {
        Vector theta = p.theta;
        std::copy(policy.begin(), policy.end(), theta.begin() + first);
        return reference::trial_objective(p, theta);
      };
      p.window = window;
      const Vector gradient = kernel_trial_gradient(p).gradient;
      EXPECT_EQ(Vector(gradient.begin(), gradient.begin() + first), Vector(static_cast<std::size_t>(first)));
      EXPECT_LT(relative_error(Vector(gradient.begin() + first, gradient.end()),
                               central_differences(objective, of_policy, 1e-5)),
                1e-6)
          << window;
    }
}

// Step by step by the operation of a rollout: the reference's belief and outputs. What trials had before leaves nothing: a
// second one on the same memory, whatever its first inputs bring from the last one, begins with the prior, bit for bit.
TEST(Belief, OnlineBeliefIsTheEncodedTrialAndEveryTrialBeginsWithThePrior) {
  constexpr int kSteps = 9, kEnvs = 35, kInputs = 5, kHidden = 6;
  std::mt19937_64 random(3);
  StepMemory<double, Belief> op;
  op.shape = policy_with<Belief>(kInputs, kHidden);
  const Belief::Shape& shape = op.shape.memory;
  const Vector theta = random_vector(op.shape.memory_parameters(), 0.4, random);
  Batch<double>& batch = op.trials.batch;
  batch.horizon = kSteps;
  batch.envs = kEnvs;
  batch.row_stride = padded(kSteps * kEnvs);
  Buffers memory(1);
  const int numbers = kInputs * static_cast<int>(batch.row_stride);
  batch.observations = memory.hold<double>("inputs", random_vector(numbers, 1, random));
  LoadMemory<double, Belief> load{shape};
  double* const weights = memory.blank<double>("weights", weights_size<double, Belief>(shape, false));
  Scratch at(weights);
  load.weights = Belief::take_weights<double>(at, shape, false);
  load.params = theta.data();
  run_kernel(kernel<LoadMemory<double, Belief>>, load, 1);
  op.weights = weights;
  const int size = Belief::state_size(shape), own = padded(kHidden);
  op.states = memory.blank<double>("states", 2L * kEnvs * size);
  Vector prior_state;
  for (int trial = 0; trial < 2; ++trial) {
    std::vector<Vector> states(kEnvs);
    for (op.step = 0; op.step < kSteps; ++op.step) {
      run_kernel(kernel<StepMemory<double, Belief>>, op, op.trials.tiles());
      const double* const found = op.before(0, op.step + 1);
      for (int e = 0; e < kEnvs; ++e) {
        Vector x;
        for (int i = 0; i < kInputs; ++i)
          x.push_back(batch.observations[i * batch.row_stride + op.step * kEnvs + e]);
        Vector& state = states[static_cast<std::size_t>(e)];
        state = reference::memory_step(op.shape, theta, x, state);
        for (int i = 0; i < kHidden; ++i)
          ASSERT_NEAR(found[e * size + i], state[static_cast<std::size_t>(i)], 1e-12) << op.step;
        for (int i = 0; i < shape.encoder.hidden; ++i) {
          ASSERT_NEAR(found[e * size + own + i], state[static_cast<std::size_t>(kHidden + i)], 1e-12)
              << op.step;
          if (op.step == 0) {
            ASSERT_EQ(found[e * size + own + i], 0.0);
          }
        }
      }
    }
    const Vector next = random_vector(numbers, 1, random);
    std::copy(next.begin(), next.end(), batch.observations);
  }
}

// What is told of played trials is what their steps acted on: the reference's moments, of the first environments alone.
TEST(Belief, ToldBeliefsAreThoseOfTheSteps) {
  constexpr int kSteps = 9, kEnvs = 40, kTold = 35, kInputs = 5, kHidden = 6;
  std::mt19937_64 random(4);
  const MemoryPolicy<Belief> policy = policy_with<Belief>(kInputs, kHidden);
  const Belief::Shape& shape = policy.memory;
  const Vector theta = random_vector(policy.memory_parameters(), 0.4, random);
  TrialBeliefs<double> op;
  op.shape = shape;
  op.envs = kTold;
  op.params = theta.data();
  Batch<double>& batch = op.trials.batch;
  batch.horizon = kSteps;
  batch.envs = kEnvs;
  batch.row_stride = padded(kSteps * kEnvs);
  Buffers memory(1);
  batch.observations =
      memory.hold<double>("inputs", random_vector(kInputs * static_cast<int>(batch.row_stride), 1, random));
  op.beliefs = memory.blank<double>("beliefs", long{kSteps} * kTold * shape.moments());
  run_kernel(kernel<TrialBeliefs<double>>, op, op.tiles());
  for (int e = 0; e < kTold; ++e) {
    Vector unit(static_cast<std::size_t>(shape.encoder.hidden));
    for (int t = 0; t < kSteps; ++t) {
      Vector x;
      for (int i = 0; i < kInputs; ++i) x.push_back(batch.observations[i * batch.row_stride + t * kEnvs + e]);
      if (t > 0) unit = reference::gru_step(shape.encoder, theta, x, unit);
      const Vector wanted = reference::belief_moments(shape, theta, unit);
      for (int i = 0; i < shape.moments(); ++i)
        ASSERT_NEAR(op.beliefs[(t * kTold + e) * shape.moments() + i], wanted[static_cast<std::size_t>(i)],
                    1e-12)
            << e << " " << t;
    }
  }
}

}  // namespace
}  // namespace innerloop
