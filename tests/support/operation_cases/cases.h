// What the files of cases share: how a case is made, and the problems that policies' and trials' operations work on.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "engine/device/launch.h"
#include "tests/support/device_copies.h"
#include "tests/support/operation_cases.h"
#include "tests/support/trajectories.h"

namespace innerloop::cases {

// Runs all parts of all tasks; a slot a task. What an operation finds in its scratch memory is NaN.
template <class Op>
void run_all(const HostKernelSet& set, const Op& op, int tasks) {
  const HostKernel<Op>& kernel = set.of<Op>();
  Buffers scratch(0);
  const long bytes = kernel.scratch_bytes(op);
  char* memory = scratch.blank<char>("scratch", bytes);
  for (int task = 0; task < tasks; ++task)
    for (int part = 0; part < parts_of(op); ++part) {
      std::memset(memory, 0xFF, static_cast<std::size_t>(bytes));
      kernel.run(op, {task, part, task}, memory);
    }
}

// `prepare(memory)` makes the operation, on memory that it fills.
template <class Prepare>
OperationCase make_case(std::string family, std::string form, int tasks, const Prepare& prepare) {
  using Op = std::remove_const_t<decltype(prepare(std::declval<Buffers&>()))>;
  OperationCase made{typeid(Op),
                     std::move(family),
                     std::move(form),
                     [tasks, prepare](const HostKernelSet& set) {
                       Buffers memory(1);
                       const auto op = prepare(memory);
                       run_all(set, op, tasks);
                       return memory.content();
                     },
                     {},
                     {}};
  if constexpr (!kContains<HostOnlyOperations<float>, Op>)
    made.run_on = [tasks, prepare](Device& device) {
      Buffers memory(1);
      const auto op = prepare(memory);
      const DeviceCopies copies(device, memory);
      device.per_task(copies.moved(op), tasks);
      copies.bring_back();
      return memory.content();
    };
  if constexpr (requires(Buffers & memory) { prepare(memory).block_rows; })
    made.run_in_blocks = [tasks, prepare](const HostKernelSet& set, int block_rows) {
      Buffers memory(1);
      auto op = prepare(memory);
      op.block_rows = block_rows;
      run_all(set, op, tasks);
      return memory.content();
    };
  return made;
}

inline PolicyShape with_context(PolicyShape shape, ContextInput input = ContextInput::concatenate) {
  shape.context = 2;
  shape.context_input = input;
  return shape;
}

// Sees six symbols of four kinds beside its numbers, and makes a choice out of each of two groups.
inline PolicyShape of_grid() {
  PolicyShape shape = policy_of({3, 19, 17, 5}, HeadKind::grouped);
  shape.symbols = 6;
  shape.kinds = 4;
  shape.groups = 2;
  shape.group_size[0] = 2;
  shape.group_size[1] = 3;
  return shape;
}
inline PolicyShape squashed(PolicyShape shape) {
  shape.squash = 2;
  return shape;
}

// What a policy's operations work on.
struct Problem {
  PolicyShape shape;
  int tasks, horizon, envs;
  bool looks_beyond = false;

  Problem beyond() const {
    Problem p = *this;
    p.looks_beyond = true;
    return p;
  }
  Parameters<float> params(Buffers& memory, const std::string& name, bool shared = false) const {
    return {memory.normals(name, static_cast<long>(shared ? 1 : tasks) * shape.parameters(), 0.3),
            shared ? 0L : shape.parameters()};
  }
  Batch<float> batch(Buffers& memory) const {
    auto& random = memory.random();
    Trajectories t = random_trajectories(shape, tasks, horizon, envs, 0.1, random, looks_beyond);
    for (double& x : t.log_probs) x = -2 + 0.5 * normal(random);
    for (double& x : t.actions)
      x = shape.head == HeadKind::gaussian ? normal(random) : std::floor(uniform(random) * shape.outputs());
    for (double& x : t.outputs) x = 0.3 * normal(random);
    Batch<float> b;
    b.horizon = horizon;
    b.envs = envs;
    b.observation_size = t.observation_size;
    b.action_size = t.action_size;
    b.looks_beyond = looks_beyond;
    b.row_stride = t.row_stride;
    if (looks_beyond) b.terminated = memory.hold("terminated", t.terminated);
    b.observations = memory.hold("observations", t.observations);
    b.actions = memory.hold("actions", t.actions);
    b.outputs = memory.hold("outputs", t.outputs);
    b.log_probs = memory.hold("log_probs", t.log_probs);
    b.rewards = memory.hold("rewards", t.rewards);
    b.valid = memory.hold("valid", t.valid);
    b.ends = memory.hold("ends", t.ends);
    b.advantages = memory.hold("advantages", t.advantages);
    b.credits = memory.hold("credits", t.credits);
    b.statistics = memory.hold("statistics", t.statistics);
    if (shape.head == HeadKind::grouped)
      for (long i = 0; i < tasks * b.action_size * b.row_stride; ++i)
        b.actions[i] =
            static_cast<float>(static_cast<int>(i) * 7 % shape.group_size[i / b.row_stride % b.action_size]);
    if (shape.head == HeadKind::grouped) {
      // The first choice of each group, and those that were made.
      std::vector<std::uint32_t> allowed(static_cast<std::size_t>(tasks * b.row_stride));
      for (std::size_t i = 0; i < allowed.size(); ++i) {
        const std::size_t stride = static_cast<std::size_t>(b.row_stride), task = i / stride,
                          row = i % stride;
        int first = 0;
        for (int g = 0; g < shape.groups; first += shape.group_size[g++])
          allowed[i] |= (1u | 1u << static_cast<int>(b.actions[(task * shape.groups + g) * stride + row]))
                        << first;
      }
      b.allowed = memory.hold<std::uint32_t>("allowed", allowed);
    }
    if (shape.symbols > 0) {
      b.symbol_places = shape.symbols;
      std::vector<int> symbols(static_cast<std::size_t>(tasks * shape.symbols * b.row_stride));
      for (int& symbol : symbols) symbol = static_cast<int>(uniform(random) * shape.kinds);
      b.symbols = memory.hold<std::int32_t>("symbols", symbols);
    }
    return b;
  }
  Kept<float> kept(Buffers& memory) const {
    const long stride = static_cast<long>(horizon) * envs * shape.hidden_size();
    return {memory.normals("kept", tasks * stride, 0.4), stride};
  }
  float* partial(Buffers& memory) const {
    return memory.blank("partial",
                        static_cast<long>(tasks) * ceil_div(horizon * envs, kChunkRows) * shape.parameters());
  }
  long rows_stride() const { return padded((horizon + looks_beyond) * envs); }
};

struct MemoryForm {
  bool layer_norm = false;
  bool separate_value = false;
  int embedding = 0;  // of six symbols of four kinds
};

struct Cases {
  std::vector<OperationCase> all;
  CaseSize size;
  int tasks = size == CaseSize::full ? 2 : 1;
  // Two chunks, or two blocks. The rows are no multiple of 16, and the environments none of 8: else a step's rows would
  // be the same lanes' as another's, and hide races.
  int long_horizon = size == CaseSize::full ? 25 : 11, long_envs = size == CaseSize::full ? 21 : 7;
  Problem deep{policy_of({5, 19, 21, 3}, HeadKind::gaussian), tasks, long_horizon, long_envs};
  Problem relu{with_context(policy_of({4, 18, 6}, HeadKind::categorical, Activation::relu)), tasks, 11, 7};
  Problem film{with_context(policy_of({5, 19, 3}, HeadKind::gaussian), ContextInput::film), tasks, 11, 7};
  Problem plain{policy_of({3, 2}, HeadKind::gaussian), tasks, 11, 7};
  Problem logits{policy_of({3, 5}, HeadKind::categorical), tasks, 11, 7};
  Problem grid{of_grid(), tasks, long_horizon, long_envs};
  Problem bounded{squashed(policy_of({3, 18, 2}, HeadKind::gaussian)), tasks, 11, 7};

  template <class Prepare>
  void add(const std::string& family, const std::string& form, const Prepare& prepare) {
    all.push_back(make_case(family, form, tasks, prepare));
  }
  template <class Prepare>
  void add_once(const std::string& family, const std::string& form, const Prepare& prepare) {
    all.push_back(make_case(family, form, 1, prepare));
  }

  // Trials whose environments are a tile and a part of one (small: less than one), of no multiple of 16.
  template <class Kind>
  static MemoryPolicy<Kind> memory_policy(HeadKind head, int numbers, int actions, MemoryForm form = {}) {
    MemoryPolicy<Kind> policy;
    if (form.embedding > 0) {
      policy.symbols = 6;
      policy.kinds = 4;
      policy.embedding = form.embedding;
    }
    const int inputs = policy.inputs = form.embedding + numbers;
    policy.hidden = head == HeadKind::gaussian ? 19 : 5;
    if constexpr (std::is_same_v<Kind, Feedforward>) {
      MlpOptions options;
      options.hidden = {18, policy.hidden};
      policy.memory = Feedforward::shape_of(options, inputs);
    } else if constexpr (std::is_same_v<Kind, Transformer>) {
      const bool gaussian = head == HeadKind::gaussian;
      TransformerOptions options;
      options.hidden = policy.hidden = gaussian ? 32 : 16;
      options.heads = gaussian ? 2 : 1;
      options.feedforward = 48;
      options.positions = gaussian ? Positions::rotary : Positions::learned;
      options.gated = gaussian;
      options.tokens = gaussian ? 2 : 0;
      policy.memory = Transformer::shape_of(options, inputs);
      policy.memory.steps = 18;  // more than a trial of any case has
    } else if constexpr (std::is_same_v<Kind, Episodic>) {
      EpisodicOptions options;
      options.hidden = policy.hidden;
      options.entries = 5;
      options.nearest = head == HeadKind::gaussian ? 2 : 1;
      policy.memory = Episodic::shape_of(options, inputs);
      policy.memory.key_first = form.embedding;
      policy.memory.key_count = 2;
    } else if constexpr (std::is_same_v<Kind, Belief>) {
      BeliefOptions options;
      options.latent = head == HeadKind::gaussian ? 3 : 9;
      options.encoder = 17;
      options.decoder_hidden = {6};
      options.hidden = {18, policy.hidden};
      policy.memory = Belief::shape_of(options, inputs);
      Belief::set_environment(policy.memory, 2, actions, 0);
    } else {
      policy.memory = {inputs, policy.hidden};
    }
    policy.memory.learned = form.embedding;
    policy.layer_norm = form.layer_norm;
    policy.separate_value = form.separate_value;
    policy.actor = policy_of({policy.hidden, actions}, head);
    return policy;
  }
  static Trials<float> trials(Buffers& memory, const MemoryPolicyShape& shape, CaseSize size, bool drawn,
                              bool looks_beyond = false) {
    Trials<float> t;
    Batch<float>& b = t.batch;
    b.horizon = size == CaseSize::full ? 11 : 6;
    b.envs = size == CaseSize::full ? 43 : 9;
    b.observation_size = shape.numbers();
    b.action_size = shape.actor.head == HeadKind::gaussian ? shape.actions() : 1;
    b.looks_beyond = looks_beyond;
    b.row_stride = padded(b.seen_rows());
    t.episode_steps = looks_beyond ? b.horizon : 3;
    const auto rows = [&](const char* name, int each) {
      return drawn ? memory.normals(name, each * b.row_stride) : memory.blank(name, each * b.row_stride);
    };
    b.observations = rows("inputs", b.observation_size);
    b.actions = rows("actions", b.action_size);
    b.log_probs = rows("log_probs", 1);
    b.rewards = rows("rewards", 1);
    b.ends = rows("ends", 1);
    if (looks_beyond) b.terminated = rows("terminated", 1);
    b.advantages = rows("advantages", 1);
    t.values = rows("values", 1);
    t.targets = rows("targets", 1);
    if (drawn && shape.actor.head == HeadKind::categorical)
      for (int r = 0; r < b.rows(); ++r) b.actions[r] = static_cast<float>(r * 7 % shape.actions());
    if (shape.symbols > 0) {
      b.symbol_places = shape.symbols;
      std::vector<int> symbols(static_cast<std::size_t>(shape.symbols * b.row_stride));
      for (int& symbol : symbols) symbol = static_cast<int>(uniform(memory.random()) * shape.kinds);
      b.symbols = memory.hold<std::int32_t>("symbols", symbols);
    }
    return t;
  }
  // `count` of the environments.
  static const int* order(Buffers& memory, int count, int envs) {
    std::vector<int> order;
    for (int e = 0; e < count; ++e) order.push_back((e * 5 + 2) % envs);
    return memory.hold<int>("order", order);
  }
  template <class Kind>
  static float* memory_params(Buffers& memory, const MemoryPolicy<Kind>& policy) {
    return memory.normals("params", policy.parameters(), 0.4);
  }
  static const RandomKey* key(Buffers& memory) {
    return reinterpret_cast<RandomKey*>(memory.hold<std::uint32_t>("key", std::vector<std::uint32_t>{5, 3}));
  }
};

/// The cases of each file.
std::vector<OperationCase> inner(CaseSize size);
std::vector<OperationCase> steps(CaseSize size);
std::vector<OperationCase> outer(CaseSize size);
std::vector<OperationCase> memories(CaseSize size);
std::vector<OperationCase> trials(CaseSize size);
std::vector<OperationCase> passes(CaseSize size);
std::vector<OperationCase> critics(CaseSize size);
std::vector<OperationCase> environments(CaseSize size);

}  // namespace innerloop::cases
