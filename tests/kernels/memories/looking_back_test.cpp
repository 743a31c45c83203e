// A memory with a trace, through the operations that every memory goes through: causal attention (examples/causal_attention.h).
#include <gtest/gtest.h>

#include "engine/device/simd/kernels.h"
#include "envs/grid_navigation.h"
#include "kernels/memories/step.h"
#include "kernels/trials/step.h"
#include "tests/examples/causal_attention.h"
#include "tests/support/buffers.h"
#include "tests/support/trial_problem.h"

namespace innerloop {

namespace reference {

// The outputs of all steps up to the last of `inputs`, from the formula, without a trace.
Vector last_of_whole_pass(const MemorySizes& s, const Vector& theta, const std::vector<Vector>& inputs) {
  const auto part = [&](const Vector& x, int which) {
    Vector y;
    for (int o = 0; o < s.hidden; ++o) {
      double sum = theta[static_cast<std::size_t>((s.inputs * 4 + which) * s.hidden + o)];
      for (int i = 0; i < s.inputs; ++i)
        sum +=
            x[static_cast<std::size_t>(i)] * theta[static_cast<std::size_t>((i * 4 + which) * s.hidden + o)];
      y.push_back(sum);
    }
    return y;
  };
  const Vector q = part(inputs.back(), 0);
  Vector h = part(inputs.back(), 3), weights;
  double total = 0;
  for (const Vector& x : inputs) {
    const Vector k = part(x, 1);
    weights.push_back(std::exp(std::inner_product(q.begin(), q.end(), k.begin(), 0.0) / std::sqrt(s.hidden)));
    total += weights.back();
  }
  for (std::size_t j = 0; j < inputs.size(); ++j) {
    const Vector v = part(inputs[j], 2);
    for (std::size_t i = 0; i < h.size(); ++i) h[i] += weights[j] / total * v[i];
  }
  for (double& x : h) x = std::tanh(x);
  return h;
}

}  // namespace reference

// The state is h, and behind it what the memory has looked at: for each step k and v. A later step's gradient goes through
// them, but where a window began they are constants.
Vector memory_step(const MemoryPolicy<CausalAttention>& p, const Vector& theta, const Vector& x,
                   Vector state) {
  const MemorySizes& s = p.memory;
  const auto n = static_cast<std::size_t>(s.hidden);
  Vector parts(4 * n);
  for (std::size_t c = 0; c < 4 * n; ++c) {
    parts[c] = theta[static_cast<std::size_t>(s.inputs) * 4 * n + c];
    for (std::size_t i = 0; i < x.size(); ++i) parts[c] += x[i] * theta[i * 4 * n + c];
  }
  state.resize(std::max(state.size(), n));
  state.insert(state.end(), parts.begin() + s.hidden, parts.begin() + 3 * s.hidden);
  Vector weights;
  double total = 0;
  for (std::size_t at = n; at < state.size(); at += 2 * n) {
    double score = 0;
    for (std::size_t i = 0; i < n; ++i) score += parts[i] * state[at + i];
    weights.push_back(std::exp(score / std::sqrt(s.hidden)));
    total += weights.back();
  }
  for (std::size_t i = 0; i < n; ++i) {
    double sum = parts[3 * n + i];
    for (std::size_t j = 0; j < weights.size(); ++j) sum += weights[j] / total * state[n + j * 2 * n + n + i];
    state[i] = std::tanh(sum);
  }
  return state;
}

namespace {

using Problem = TrialProblemOf<MemoryPolicy<CausalAttention>>;
using Double = SimdTeam<Portable, double>;

template <class Team, class Op>
constexpr HostKernel<Op> kernel{&TeamRun<Team, Op>::run, &scratch_bytes_of<Team, Op>};

Vector kernel_gradient(const Problem& p) {
  return kernel_trial_gradient_of(p, p.policy, kernel<Double, TrialGradient<double, CausalAttention>>)
      .gradient;
}
Vector differences_of(const Problem& p) {
  return central_differences([&](const Vector& theta) { return reference::trial_objective(p, theta); },
                             p.theta, 1e-6);
}
Problem random_problem(int hidden, int envs, int steps, HeadKind head = HeadKind::categorical) {
  return random_trial_problem_of(policy_with<CausalAttention>(4, hidden), 3, head, envs, steps, 3);
}

// Step by step with the trace, by the operation of a rollout: what the formula gives for the whole trial.
TEST(LookingBack, StepsWithATraceAreTheWholeCausalPass) {
  constexpr int kSteps = 9, kEnvs = 37, kInputs = 4, kHidden = 5;
  std::mt19937_64 random(3);
  StepMemory<double, CausalAttention> op;
  op.shape = policy_with<CausalAttention>(kInputs, kHidden);
  const Vector theta = random_vector(op.shape.memory_parameters(), 0.8, random);
  Batch<double>& batch = op.trials.batch;
  batch.horizon = kSteps;
  batch.envs = kEnvs;
  batch.row_stride = padded(kSteps * kEnvs);
  Buffers memory(1);
  batch.observations =
      memory.hold<double>("inputs", random_vector(kInputs * static_cast<int>(batch.row_stride), 1, random));
  LoadMemory<double, CausalAttention> load{op.shape.memory};
  Scratch at(memory.blank<double>("weights", weights_size<double, CausalAttention>(op.shape.memory, false)));
  load.weights = CausalAttention::take_weights<double>(at, op.shape.memory, false);
  load.params = theta.data();
  run_kernel(kernel<Double, LoadMemory<double, CausalAttention>>, load, 1);
  op.weights = load.weights.weight;
  op.states = memory.blank<double>("states", 2L * kEnvs * padded(kHidden));
  op.trace = memory.blank<double>("trace", op.trials.tiles() * op.tile_trace());
  for (op.step = 0; op.step < kSteps; ++op.step) {
    run_kernel(kernel<Double, StepMemory<double, CausalAttention>>, op, op.trials.tiles());
    const HeadInputs<double> found = op.head_inputs(0);
    for (int e = 0; e < kEnvs; ++e) {
      std::vector<Vector> inputs;
      for (int t = 0; t <= op.step; ++t) {
        inputs.emplace_back();
        for (int i = 0; i < kInputs; ++i)
          inputs.back().push_back(batch.observations[i * batch.row_stride + t * kEnvs + e]);
      }
      const Vector wanted = reference::last_of_whole_pass(op.shape.memory, theta, inputs);
      for (int i = 0; i < kHidden; ++i)
        ASSERT_NEAR(found.rows[e * found.row_size + i], wanted[static_cast<std::size_t>(i)], 1e-12)
            << op.step;
    }
  }
}

// More environments than a tile has, more units than a vector.
TEST(LookingBack, GradientIsTheFiniteDifferenceThroughTheWholeTrial) {
  for (const HeadKind head : {HeadKind::categorical, HeadKind::gaussian}) {
    const Problem wide = random_problem(5, 35, 5, head), high = random_problem(18, 3, 5, head);
    EXPECT_LT(relative_error(kernel_gradient(wide), differences_of(wide)), 1e-7);
    EXPECT_LT(relative_error(kernel_gradient(high), differences_of(high)), 1e-7);
  }
}

TEST(LookingBack, GradientEndsAtAWindowsBorder) {
  for (const int window : {6, 4, 1}) {
    Problem p = random_problem(5, 4, 12);
    const Vector whole = kernel_gradient(p);
    p.window = window;
    const Vector cut = kernel_gradient(p);
    EXPECT_LT(relative_error(cut, differences_of(p)), 1e-7) << window;
    EXPECT_GT(relative_error(cut, whole), 0.01) << window;
  }
}

TEST(LookingBack, GradientOfTwoNormalisedNetworksIsTheFiniteDifference) {
  for (const int window : {0, 3}) {
    Problem p = random_problem(5, 6, 6);
    p.shape().separate_value = p.shape().layer_norm = true;
    std::mt19937_64 random(8);
    p.theta = random_vector(p.parameters(), 0.4, random);
    p.window = window;
    EXPECT_LT(relative_error(kernel_gradient(p), differences_of(p)), 1e-7) << window;
  }
}

TEST(LookingBack, GradientWithSymbolsIsTheFiniteDifference) {
  for (const int window : {0, 3}) {
    MemoryPolicy<CausalAttention> policy = policy_with<CausalAttention>(2, 5);
    add_embedding(policy, 3, 4, 6);
    Problem p = random_trial_problem_of(policy, 3, HeadKind::categorical, 5, 6, 3);
    p.window = window;
    EXPECT_LT(relative_error(kernel_gradient(p), differences_of(p)), 1e-7) << window;
  }
}

// A trial that is played: the policy's log-probabilities and values are those of the reference on what it took in.
TEST(LookingBack, PlaysTrials) {
  using Team = SimdTeam<Portable>;
  using Env = GridNavigation;
  constexpr int kSteps = 12, kEnvs = 35, kHidden = 5;
  const Env::Options options;
  std::mt19937_64 random(3);
  Buffers memory(2);
  Problem p;
  p.policy = policy_with<CausalAttention>(policy_inputs<Env>(options), kHidden);
  p.policy.actor = policy_of({kHidden, action_outputs<Env>(options)}, HeadKind::categorical);
  p.envs = kEnvs;
  p.steps = kSteps;
  std::vector<float> params = converted<float>(random_vector(p.parameters(), 0.5, random));
  p.theta = to_double(params);

  TrialStep<float, Env> env;
  env.shape = p.policy;
  Batch<float>& batch = env.trials.batch;
  batch.horizon = kSteps;
  batch.envs = kEnvs;
  batch.observation_size = p.policy.inputs;
  batch.row_stride = padded(p.rows());
  env.trials.episode_steps = 5;
  batch.observations = memory.blank("inputs", batch.observation_size * batch.row_stride);
  for (float** row : {&batch.actions, &batch.log_probs, &batch.rewards, &batch.ends, &env.trials.values})
    *row = memory.blank("row", batch.row_stride);
  const RandomKey key{7, 1};
  env.key = &key;
  env.options = options;
  std::vector<double> tasks(static_cast<std::size_t>(padded(kEnvs) * kTaskSize<Env>));
  for (double& x : tasks) x = std::floor(uniform(random) * 4);
  env.tasks = memory.hold("tasks", tasks);
  const auto take_heads_at = [&](Scratch at) { return take_heads<float>(at, p.policy); };
  Scratch counted;
  take_heads<float>(counted, p.policy);
  env.heads = take_heads_at(Scratch(memory.blank("heads", counted.used() / 4)));
  env.between = memory.blank("between", env.trials.tiles() * env.tile_numbers(options));
  run_kernel(kernel<Team, LoadHeads<float>>,
             LoadHeads<float>{p.policy, env.heads, params.data() + p.policy.memory_parameters()}, 1);

  StepMemory<float, CausalAttention> step;
  step.shape = p.policy;
  step.trials = env.trials;
  Scratch at(memory.blank("weights", weights_size<float, CausalAttention>(p.policy.memory, false)));
  LoadMemory<float, CausalAttention> load{p.policy.memory};
  load.weights = CausalAttention::take_weights<float>(at, p.policy.memory, false);
  load.params = params.data();
  run_kernel(kernel<Team, LoadMemory<float, CausalAttention>>, load, 1);
  step.weights = load.weights.weight;
  step.states = memory.blank("states", 2L * kEnvs * padded(kHidden));
  step.trace = memory.blank("trace", env.trials.tiles() * step.tile_trace());

  const int tiles = env.trials.tiles();
  env.step = -1;
  run_kernel(kernel<Team, TrialStep<float, Env>>, env, tiles);
  for (int t = 0; t < kSteps; ++t) {
    step.step = env.step = t;
    run_kernel(kernel<Team, StepMemory<float, CausalAttention>>, step, tiles);
    env.memory[0] = step.head_inputs(0);
    run_kernel(kernel<Team, TrialStep<float, Env>>, env, tiles);
  }

  for (int i = 0; i < p.policy.inputs; ++i)
    p.inputs.insert(p.inputs.end(), batch.observations + i * batch.row_stride,
                    batch.observations + i * batch.row_stride + p.rows());
  p.actions.assign(batch.actions, batch.actions + p.rows());
  for (int e = 0; e < kEnvs; ++e) {
    std::vector<Vector> h;
    for (int t = 0; t < kSteps; ++t) {
      Vector x;
      for (int i = 0; i < p.policy.inputs; ++i) x.push_back(p.input(i, t, e));
      h = reference::memories_step(p.policy, p.theta, x, h);
      const reference::HeadOutputs outputs = reference::head_outputs(p.policy, p.theta, h);
      ASSERT_NEAR(batch.log_probs[t * kEnvs + e],
                  reference::of_actor(p, outputs.actor, outputs.log_std, t, e).first, 1e-4);
      ASSERT_NEAR(env.trials.values[t * kEnvs + e], outputs.value, 1e-4);
    }
  }
}

}  // namespace
}  // namespace innerloop
