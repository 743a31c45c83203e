// A memory with a trace computes the same bits on every team, and without races where ThreadSanitizer watches.
#include <gtest/gtest.h>

#include "kernels/memories/step.h"
#include "kernels/trials/gradient.h"
#include "tests/examples/causal_attention.h"
#include "tests/support/buffers.h"
#include "tests/support/reference.h"
#include "tests/teams/fiber_crew.h"
#include "tests/teams/lane_kernels.h"
#include "tests/teams/thread_crew.h"

namespace innerloop {
namespace {

using Step = StepMemory<float, CausalAttention>;
using Gradient = TrialGradient<float, CausalAttention>;
using Lanes = LaneTeam<float>;

MemoryPolicy<CausalAttention> policy() {
  MemoryPolicy<CausalAttention> policy;
  policy.memory = {4, 19};
  policy.inputs = 4;
  policy.hidden = 19;
  policy.layer_norm = policy.separate_value = true;
  policy.actor = policy_of({19, 3}, HeadKind::gaussian);
  return policy;
}

// A tile and a part of one.
Trials<float> trials(Buffers& memory) {
  Trials<float> t;
  t.batch.horizon = 6;
  t.batch.envs = 43;
  t.batch.observation_size = 4;
  t.batch.action_size = 3;
  t.batch.row_stride = padded(t.batch.rows());
  t.episode_steps = 3;
  t.batch.observations = memory.normals("inputs", 4 * t.batch.row_stride);
  t.batch.actions = memory.normals("actions", 3 * t.batch.row_stride);
  for (float** rows : {&t.batch.log_probs, &t.batch.advantages, &t.values, &t.targets})
    *rows = memory.normals("rows", t.batch.row_stride);
  return t;
}

template <class Op>
void run(void (*kernel)(const Op&, const Place&, void*), const Op& op, int tasks) {
  Buffers scratch(0);
  char* const at = scratch.blank<char>("scratch", scratch_bytes_of<Lanes>(op));
  for (int task = 0; task < tasks; ++task)
    for (int part = 0; part < parts_of(op); ++part) kernel(op, {task, part, task}, at);
}

std::vector<BufferContent> steps(void (*kernel)(const Step&, const Place&, void*)) {
  Buffers memory(1);
  Step op;
  op.shape = policy();
  op.trials = trials(memory);
  const long networks = op.shape.networks(), envs = op.trials.batch.envs;
  op.params = memory.normals("params", op.shape.parameters(), 0.4);
  op.weights =
      memory.normals("weights", networks * weights_size<float, CausalAttention>(op.shape.memory, false), 0.4);
  op.states = memory.blank("states", networks * 2 * envs * padded(19));
  op.normalised = memory.blank("normalised", networks * envs * padded(19));
  op.trace = memory.blank("trace", networks * op.trials.tiles() * op.tile_trace());
  for (op.step = 0; op.step < op.trials.batch.horizon; ++op.step) run(kernel, op, op.trials.tiles());
  return memory.content();
}

std::vector<BufferContent> gradient(void (*kernel)(const Gradient&, const Place&, void*)) {
  Buffers memory(1);
  Gradient op;
  op.shape = policy();
  op.trials = trials(memory);
  op.params = memory.normals("params", op.shape.parameters(), 0.4);
  op.envs = op.trials.batch.envs - 1;
  std::vector<int> order;
  for (int e = 0; e < op.envs; ++e) order.push_back((e * 5 + 2) % op.trials.batch.envs);
  op.order = memory.hold<int>("order", order);
  op.clip = 0.2f;
  op.value_weight = 0.5f;
  op.window = 3;
  op.partial = memory.blank("partial", static_cast<long>(op.tiles()) * op.shape.parameters());
  op.values = memory.blank("values", static_cast<long>(op.tiles()) * kTrialValues);
  run(kernel, op, op.tiles());
  return memory.content();
}

void expect_the_same_bits_on(Crew& crew) {
  lane_crew = &crew;
  using Simd = SimdTeam<Portable>;
  EXPECT_EQ(first_difference(steps(&TeamRun<Simd, Step>::run), steps(&TeamRun<Lanes, Step>::run)), "");
  EXPECT_EQ(
      first_difference(gradient(&TeamRun<Simd, Gradient>::run), gradient(&TeamRun<Lanes, Gradient>::run)),
      "");
}

TEST(LookingBack, EqualsTheSimdTeamOn8Fibers) {
  FiberCrew crew(8);
  expect_the_same_bits_on(crew);
}
TEST(LookingBack, EqualsTheSimdTeamOn32FibersInAnyOrder) {
  FiberCrew crew(32, FiberCrew::Order::random);
  expect_the_same_bits_on(crew);
}
TEST(LookingBack, EqualsTheSimdTeamOn3Threads) {
  ThreadCrew crew(3);
  expect_the_same_bits_on(crew);
}

}  // namespace
}  // namespace innerloop
