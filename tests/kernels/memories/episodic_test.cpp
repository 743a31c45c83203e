// The episodic memory: its gradient against finite differences of the plain reference, and what it stores and recalls.
#include <gtest/gtest.h>

#include <map>

#include "engine/device/simd/kernels.h"
#include "kernels/memories/step.h"
#include "tests/support/buffers.h"
#include "tests/support/trial_problem.h"

namespace innerloop {
namespace {

constexpr int kBits = 3;  // of a context, the first inputs

MemoryPolicy<Episodic> policy_of_sizes(int inputs, int hidden, int entries = 8, int nearest = 1,
                                       bool resets = true) {
  MemoryPolicy<Episodic> policy = policy_with<Episodic>(inputs, hidden);
  policy.memory.key_count = kBits;
  policy.memory.entries = entries;
  policy.memory.nearest = nearest;
  policy.memory.resets = resets;
  return policy;
}

// Episodes of three steps, each with a context of its own out of a few; some show none.
TrialProblem problem_of(const MemoryPolicy<Episodic>& policy, int envs, int steps) {
  TrialProblem p = random_trial_problem_of(TrialPolicy(policy), 3, HeadKind::categorical, envs, steps, 3);
  std::mt19937_64 random(5);
  const auto at = [&](int i, int t, int e) -> double& {
    return p.inputs[static_cast<std::size_t>((i * p.steps + t) * p.envs + e)];
  };
  for (int e = 0; e < envs; ++e)
    for (int t = 0; t < steps; ++t) {
      const bool begins = t % 3 == 0;
      const int context = begins ? static_cast<int>(uniform(random) * 5) : -1;  // 0: none is shown
      for (int bit = 0; bit < kBits; ++bit) at(bit, t, e) = begins ? context >> bit & 1 : at(bit, t - 1, e);
      at(p.shape().numbers() - 1, t, e) = t > 0 && begins ? 1 : 0;
    }
  return p;
}

// What is stored is a constant: the reference recalls what it was with the problem's own θ.
double objective_with_constant_store(const TrialProblem& p, const Vector& theta, bool record) {
  reference::recalled().record = record;
  reference::recalled().next = 0;
  return reference::trial_objective(p, theta);
}
Vector differences_of(const TrialProblem& p) {
  reference::recalled().of_step.clear();
  objective_with_constant_store(p, p.theta, true);
  return central_differences(
      [&](const Vector& theta) { return objective_with_constant_store(p, theta, false); }, p.theta, 1e-6);
}

TEST(Episodic, GradientIsTheFiniteDifferenceWithWhatIsStoredAsAConstant) {
  for (const bool resets : {true, false})
    for (const int nearest : {1, 2}) {
      const TrialProblem p = problem_of(policy_of_sizes(kBits + 2, 5, 8, nearest, resets), 9, 14);
      const Vector found = kernel_trial_gradient(p).gradient, wanted = differences_of(p);
      EXPECT_LT(relative_error(found, wanted), 1e-7) << resets << nearest;
    }
  const TrialProblem wide = problem_of(policy_of_sizes(kBits + 2, 18), 2, 7),  // more units than a vector has
      many = problem_of(policy_of_sizes(kBits + 2, 3), 35, 7);  // more environments than a tile has
  EXPECT_LT(relative_error(kernel_trial_gradient(wide).gradient, differences_of(wide)), 1e-7);
  EXPECT_LT(relative_error(kernel_trial_gradient(many).gradient, differences_of(many)), 1e-7);
}

TEST(Episodic, GradientOfWindowsIsTheFiniteDifference) {
  for (const int window : {6, 3}) {
    TrialProblem p = problem_of(policy_of_sizes(kBits + 2, 5, 12, 1, false), 4, 12);
    const TrialGradientResult whole = kernel_trial_gradient(p);
    p.window = window;
    const TrialGradientResult cut = kernel_trial_gradient(p);
    EXPECT_LT(relative_error(cut.gradient, differences_of(p)), 1e-7) << window;
    EXPECT_GT(relative_error(cut.gradient, whole.gradient), 0.001) << window;
    EXPECT_LT(relative_error(cut.values, whole.values), 1e-12) << window;
  }
}

// What is recalled matters, and the gate of reinstatement learns.
TEST(Episodic, TheGateOfReinstatementHasAGradient) {
  const TrialProblem p = problem_of(policy_of_sizes(kBits + 2, 5), 9, 14);
  const Vector gradient = kernel_trial_gradient(p).gradient;
  double of_gate = 0;
  for (int i = 0; i < kBits + 2; ++i)
    for (int o = 0; o < 5; ++o) of_gate += std::abs(gradient[static_cast<std::size_t>((i * 5 + 4) * 5 + o)]);
  EXPECT_GT(of_gate, 1e-3);
}

// A memory in single precision, stepped by the operation of a rollout, whose store starts as NaN.
class Stepped {
 public:
  /// `blind`: the context is a key alone, and enters no gate.
  explicit Stepped(const MemoryPolicy<Episodic>& policy, bool blind = false) : policy_(policy) {
    std::mt19937_64 random(3);
    theta_ = random_vector(policy.memory_parameters(), 0.6, random);
    if (blind) std::fill_n(theta_.begin(), kBits * Episodic::kGates * policy.hidden, 0.0);
    params_ = converted<float>(theta_);
    LoadMemory<float, Episodic> load{policy.memory};
    Scratch at(memory_.blank("weights", weights_size<float, Episodic>(policy.memory, false)));
    load.weights = Episodic::take_weights<float>(at, policy.memory, false);
    load.params = params_.data();
    run_kernel(kernel<LoadMemory<float, Episodic>>, load, 1);
    op_.shape = policy;
    op_.weights = load.weights.input;
    Batch<float>& batch = op_.trials.batch;
    batch.envs = 1;
    batch.horizon = 60;
    batch.row_stride = 64;
    batch.observations = memory_.blank("inputs", policy.inputs * 64L);
    op_.states = memory_.blank("states", 2L * Episodic::state_size(policy.memory));
    const long trace = op_.tile_trace();
    op_.trace = memory_.blank("trace", trace);
    std::fill_n(op_.trace, trace, NAN);
    begin_trial();
  }
  /// The outputs after a step that shows a context.
  std::vector<float> step(int context, bool ended, float number = 0.5f) {
    float* const rows = op_.trials.batch.observations;
    for (int bit = 0; bit < kBits; ++bit) rows[bit * 64 + op_.step] = static_cast<float>(context >> bit & 1);
    rows[kBits * 64 + op_.step] = number;
    rows[(policy_.inputs - 1) * 64 + op_.step] = ended ? 1.0f : 0.0f;
    run_kernel(kernel<StepMemory<float, Episodic>>, op_, 1);
    const HeadInputs<float> outputs = op_.head_inputs(0);
    ++op_.step;
    return {outputs.rows, outputs.rows + policy_.hidden};
  }
  void begin_trial() {
    op_.step = 0;
    std::fill_n(op_.states, Episodic::state_size(policy_.memory), 0.0f);
  }

 private:
  template <class Op>
  static constexpr HostKernel<Op> kernel{&TeamRun<SimdTeam<Portable>, Op>::run,
                                         &scratch_bytes_of<SimdTeam<Portable>, Op>};

  MemoryPolicy<Episodic> policy_;
  Vector theta_;
  std::vector<float> params_;
  Buffers memory_{1};
  StepMemory<float, Episodic> op_;
};

TEST(Episodic, RecallsInALikeContextAloneAndForgetsWithTheTrial) {
  Stepped memory(policy_of_sizes(kBits + 2, 6));
  const std::vector<float> fresh = memory.step(5, false);
  memory.step(5, false, 2);
  const std::vector<float> other =
      memory.step(2, true);  // the first key is stored, and is the nearest one there is
  const std::vector<float> again = memory.step(5, true);
  EXPECT_NE(again, fresh);
  memory.begin_trial();
  EXPECT_EQ(memory.step(5, false), fresh);  // bit for bit
  memory.begin_trial();
  EXPECT_NE(memory.step(2, false), other);
}

// An episode does not find itself: what is read was written at the end of an earlier one.
TEST(Episodic, AnEpisodeFindsNothingOfItsOwn) {
  Stepped memory(policy_of_sizes(kBits + 2, 6)), blind(policy_of_sizes(kBits + 2, 6));
  for (int t = 0; t < 5; ++t) EXPECT_EQ(memory.step(3, false, 0.1f), blind.step(3, false, 0.1f));
  memory.step(3, true);
  Stepped none(policy_of_sizes(kBits + 2, 6));
  none.step(0, false);
  EXPECT_EQ(none.step(0, true), memory.step(0, true));  // where no context is seen, nothing is recalled
}

// Of two that are equally far the one stored last is recalled.
TEST(Episodic, TiesGoToTheLastStored) {
  const auto recalled = [&](int first, int second, int seen, int entries = 8) {
    Stepped memory(policy_of_sizes(kBits + 2, 6, entries), true);
    memory.step(first, false, 1);
    memory.step(second, true, -1);
    return memory.step(seen, true);
  };
  EXPECT_EQ(recalled(1, 2, 3), recalled(1, 2, 2));  // 3 is one bit away from 1 and from 2
  EXPECT_EQ(recalled(2, 1, 3), recalled(2, 1, 1));
  EXPECT_NE(recalled(1, 2, 3), recalled(1, 2, 1));
  EXPECT_EQ(recalled(1, 2, 3, 1), recalled(1, 2, 1, 1));  // there is room for the first alone
}

TEST(Episodic, TheSameContextRecallsItsLastEpisode) {
  Stepped memory(policy_of_sizes(kBits + 2, 6));
  memory.step(5, false, 1);
  const std::vector<float> second = memory.step(5, true, 1), third = memory.step(5, true, 1);
  EXPECT_NE(second, third);
  memory.step(2, true, 1);
  Stepped small(policy_of_sizes(kBits + 2, 6, 1));  // full after the first
  small.step(5, false, 1);
  EXPECT_EQ(small.step(5, true, 1), second);
  EXPECT_EQ(small.step(5, true, 1), second);
}

}  // namespace
}  // namespace innerloop
