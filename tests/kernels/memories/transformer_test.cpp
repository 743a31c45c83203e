// The transformer: its gradient against finite differences of the plain reference, a rollout's steps against the whole pass.
#include <gtest/gtest.h>

#include "engine/device/simd/kernels.h"
#include "kernels/memories/step.h"
#include "tests/support/buffers.h"
#include "tests/support/trial_problem.h"

namespace innerloop {
namespace {

struct Form {
  Positions positions = Positions::learned;
  bool gated = false;
  int hidden = 16, layers = 1, heads = 1, feedforward = 16;
  Activation activation = Activation::tanh;
  int tokens = 0;
};
std::string named(const Form& f) {
  const char* const positions[] = {"learned", "sinusoidal", "rotary"};
  return std::string(positions[static_cast<int>(f.positions)]) + (f.gated ? "_gated" : "") + "_" +
         std::to_string(f.hidden) + "_" + std::to_string(f.layers) + "_" + std::to_string(f.heads) +
         (f.tokens > 0 ? "_tokens" : "");
}

MemoryPolicy<Transformer> policy_of_form(const Form& f, int inputs) {
  TransformerOptions options;
  options.hidden = f.hidden;
  options.layers = f.layers;
  options.heads = f.heads;
  options.feedforward = f.feedforward;
  options.positions = f.positions;
  options.gated = f.gated;
  options.activation = f.activation;
  options.tokens = f.tokens;
  MemoryPolicy<Transformer> policy;
  policy.memory = Transformer::shape_of(options, inputs);
  policy.inputs = inputs;
  policy.hidden = f.hidden;
  return policy;
}
TrialProblem problem_of(const MemoryPolicy<Transformer>& policy, int envs, int steps,
                        HeadKind head = HeadKind::categorical) {
  TrialProblem p = random_trial_problem_of(TrialPolicy(policy), 3, head, envs, steps, 3);
  for (double& x : p.theta) x *= 0.7;
  return p;
}
double objective(const TrialProblem& p, const Vector& theta) { return reference::trial_objective(p, theta); }

// The gradient along some directions, each through every parameter: what all differences would find, for a large network.
void expect_slopes(const TrialProblem& p, const std::string& name) {
  const Vector gradient = kernel_trial_gradient(p).gradient;
  std::mt19937_64 random(11);
  for (int i = 0; i < 4; ++i) {
    const Vector direction = random_vector(p.parameters(), 1 / std::sqrt(p.parameters()), random);
    constexpr double h = 1e-5;
    Vector up = p.theta, down = p.theta;
    for (std::size_t j = 0; j < up.size(); ++j) {
      up[j] += h * direction[j];
      down[j] -= h * direction[j];
    }
    const double slope = (objective(p, up) - objective(p, down)) / (2 * h);
    const double found = std::inner_product(gradient.begin(), gradient.end(), direction.begin(), 0.0);
    EXPECT_NEAR(found, slope, 1e-6 * std::max(1.0, std::abs(slope))) << name << " direction " << i;
  }
}

TEST(Transformer, GradientIsTheFiniteDifferenceOfEachParameter) {
  for (const Positions positions : {Positions::learned, Positions::sinusoidal, Positions::rotary})
    for (const bool gated : {false, true}) {
      const Form form{.positions = positions, .gated = gated, .tokens = gated ? 0 : 2};
      const TrialProblem p = problem_of(policy_of_form(form, 2), 1, 3);
      const Vector differences =
          central_differences([&](const Vector& theta) { return objective(p, theta); }, p.theta, 1e-5);
      EXPECT_LT(relative_error(kernel_trial_gradient(p).gradient, differences), 1e-6) << named(form);
    }
}

// What inner steps climb: each environment's own prompt, at one that is not the learned one.
TEST(Transformer, GradientByPromptsIsTheFiniteDifferenceOfEachNumber) {
  for (const Positions positions : {Positions::learned, Positions::sinusoidal, Positions::rotary})
    for (const bool separate : {false, true}) {
      MemoryPolicy<Transformer> policy =
          policy_of_form({.positions = positions, .gated = separate, .layers = 2, .tokens = 2}, 2);
      policy.layer_norm = true;
      policy.separate_value = separate;
      TrialProblem p = problem_of(policy, 2, 4, HeadKind::gaussian);
      std::mt19937_64 random(5);
      p.prompts = random_vector(2 * 2 * 16, 0.5, random);
      const TrialGradientResult found = kernel_trial_gradient(p);
      TrialProblem moved = p;
      const Vector differences = central_differences(
          [&](const Vector& prompts) {
            moved.prompts = prompts;
            return objective(moved, p.theta);
          },
          p.prompts, 1e-5);
      EXPECT_LT(relative_error(found.by_prompts, differences), 1e-6) << separate;
      expect_slopes(p, "with prompts");
    }
}

// The prompt is there from the first step on, and what one environment's adds is of no matter to another.
TEST(Transformer, PromptsChangeTheirOwnTrialsFromTheFirstStepOn) {
  TrialProblem p = problem_of(policy_of_form({.tokens = 2}, 3), 2, 4);
  p.prompts = Vector(2 * 2 * 16, 0.0);
  p.weights = Vector(p.advantages.size(), 0.0);
  p.weights[p.row(0, 0)] = 1;
  const Vector none = kernel_trial_gradient(p).values;
  p.prompts.back() = 1;  // of the second environment
  EXPECT_EQ(kernel_trial_gradient(p).values, none);
  p.prompts.front() = 1;
  EXPECT_NE(kernel_trial_gradient(p).values, none);
}

// Several heads and layers, more steps than look back together, more environments than a tile has.
TEST(Transformer, GradientOfALongTrialIsTheSlopeAlongDirections) {
  for (const Positions positions : {Positions::learned, Positions::sinusoidal, Positions::rotary})
    for (const bool gated : {false, true}) {
      const Form form{positions, gated, 32, 2, 2, 48};
      expect_slopes(problem_of(policy_of_form(form, 3), 2, 37), named(form));
    }
  expect_slopes(problem_of(policy_of_form({.hidden = 64, .layers = 1, .heads = 2}, 3), 2, 17), "heads of 32");
  expect_slopes(problem_of(policy_of_form({}, 3), 11, 5, HeadKind::gaussian), "two tiles");
  expect_slopes(problem_of(policy_of_form({.activation = Activation::relu}, 3), 3, 5), "relu");
}

TEST(Transformer, GradientOfTwoNormalisedNetworksWithSymbolsIsTheSlopeAlongDirections) {
  for (const bool separate : {false, true})
    for (const bool normalised : {false, true}) {
      MemoryPolicy<Transformer> policy = policy_of_form({.hidden = 32, .heads = 2}, 2);
      add_embedding(policy, 3, 4, 18);
      policy.separate_value = separate;
      policy.layer_norm = normalised;
      expect_slopes(problem_of(policy, 3, 6), "symbols");
    }
}

// One token later changes nothing before it, bit for bit: nothing leaks from the future.
TEST(Transformer, GradientKnowsNoFuture) {
  TrialProblem p = problem_of(policy_of_form({.hidden = 32, .layers = 2, .heads = 2}, 3), 1, 20);
  p.weights = Vector(p.advantages.size(), 0.0);
  for (int t = 0; t < 9; ++t) p.weights[p.row(t, 0)] = 1;
  const TrialGradientResult before = kernel_trial_gradient(p);
  for (int i = 0; i < 3; ++i)
    for (int t = 9; t < 20; ++t) p.inputs[static_cast<std::size_t>((i * p.steps + t) * p.envs)] += 1;
  const TrialGradientResult after = kernel_trial_gradient(p);
  EXPECT_EQ(before.gradient, after.gradient);
  EXPECT_EQ(before.values, after.values);
  p.inputs[static_cast<std::size_t>(8)] += 1;
  EXPECT_NE(kernel_trial_gradient(p).values, before.values);
}

// Which environments stand beside each other in a minibatch is of no matter to any of them.
TEST(Transformer, GradientIsTheSumOverEnvironmentsInAnyOrder) {
  TrialProblem p = problem_of(policy_of_form({}, 3), 9, 6);
  const Vector whole = kernel_trial_gradient(p).gradient;
  std::reverse(p.order.begin(), p.order.end());
  EXPECT_LT(relative_error(kernel_trial_gradient(p).gradient, whole), 1e-12);
}

using Double = SimdTeam<Portable, double>;
template <class Team, class Op>
constexpr HostKernel<Op> kernel{&TeamRun<Team, Op>::run, &scratch_bytes_of<Team, Op>};

// Step by step by the operation of a rollout, whose trace starts as NaN: what the formula gives for the whole trial. A second
// trial on the same memory begins as the first one did, bit for bit.
TEST(Transformer, StepsWithACacheAreTheWholeCausalPass) {
  for (const Positions positions : {Positions::learned, Positions::sinusoidal, Positions::rotary})
    for (const bool gated : {false, true}) {
      constexpr int kSteps = 21, kEnvs = 35, kInputs = 4;
      std::mt19937_64 random(3);
      StepMemory<double, Transformer> op;
      constexpr int kTokens = 3;
      op.shape = policy_of_form({positions, gated, 32, 2, 2, 16, Activation::tanh, kTokens}, kInputs);
      op.shape.memory.steps = kSteps;
      const Vector theta = random_vector(op.shape.memory_parameters(), 0.4, random);
      Batch<double>& batch = op.trials.batch;
      batch.horizon = kSteps;
      batch.envs = kEnvs;
      batch.row_stride = padded(kSteps * kEnvs);
      Buffers memory(1);
      batch.observations = memory.hold<double>(
          "inputs", random_vector(kInputs * static_cast<int>(batch.row_stride), 1, random));
      LoadMemory<double, Transformer> load{op.shape.memory};
      Scratch at(memory.blank<double>("weights", weights_size<double, Transformer>(op.shape.memory, false)));
      load.weights = Transformer::take_weights<double>(at, op.shape.memory, false);
      load.params = theta.data();
      run_kernel(kernel<Double, LoadMemory<double, Transformer>>, load, 1);
      op.weights = load.weights.params;
      op.states = memory.blank<double>("states", 2L * kEnvs * 32);
      const long trace = op.trials.tiles() * op.tile_trace();
      op.trace = memory.blank<double>("trace", trace);
      std::fill_n(op.trace, trace, NAN);
      const Vector prompts = random_vector(kEnvs * kTokens * 32, 0.4, random);
      if (!gated) op.prompts = prompts.data();
      Vector first;
      for (int trial = 0; trial < 2; ++trial)
        for (op.step = 0; op.step < kSteps; ++op.step) {
          run_kernel(kernel<Double, StepMemory<double, Transformer>>, op, op.trials.tiles());
          const HeadInputs<double> found = op.head_inputs(0);
          if (op.step == 0 && trial == 0) first.assign(found.rows, found.rows + 32L * kEnvs);
          if (trial == 1) {
            EXPECT_EQ(first, Vector(found.rows, found.rows + 32L * kEnvs));
            break;
          }
          for (const int e : {0, 17, 34}) {
            std::vector<Vector> inputs;
            for (int t = 0; t <= op.step; ++t) {
              inputs.emplace_back();
              for (int i = 0; i < kInputs; ++i)
                inputs.back().push_back(batch.observations[i * batch.row_stride + t * kEnvs + e]);
            }
            const Vector wanted =
                reference::TransformerReference(op.shape.memory, theta)
                    .outputs(inputs, gated ? Vector()
                                           : Vector(prompts.begin() + e * kTokens * 32,
                                                    prompts.begin() + (e + 1) * kTokens * 32))
                    .back();
            for (int i = 0; i < 32; ++i)
              ASSERT_NEAR(found.rows[e * found.row_size + i], wanted[static_cast<std::size_t>(i)], 1e-11)
                  << op.step;
          }
        }
    }
}

}  // namespace
}  // namespace innerloop
