#include "tests/support/operation_cases.h"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "engine/device/launch.h"
#include "tests/support/device_copies.h"
#include "tests/support/trajectories.h"

namespace innerloop {
namespace {

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

PolicyShape with_context(PolicyShape shape, ContextInput input = ContextInput::concatenate) {
  shape.context = 2;
  shape.context_input = input;
  return shape;
}

// Sees six symbols of four kinds beside its numbers, and makes a choice out of each of two groups.
PolicyShape of_grid() {
  PolicyShape shape = policy_of({3, 19, 17, 5}, HeadKind::grouped);
  shape.symbols = 6;
  shape.kinds = 4;
  shape.groups = 2;
  shape.group_size[0] = 2;
  shape.group_size[1] = 3;
  return shape;
}
PolicyShape squashed(PolicyShape shape) {
  shape.squash = 2;
  return shape;
}

// What a policy's operations work on.
struct Problem {
  PolicyShape shape;
  int tasks, horizon, envs;

  Parameters<float> params(Buffers& memory, const std::string& name, bool shared = false) const {
    return {memory.normals(name, static_cast<long>(shared ? 1 : tasks) * shape.parameters(), 0.3),
            shared ? 0L : shape.parameters()};
  }
  Batch<float> batch(Buffers& memory) const {
    auto& random = memory.random();
    Trajectories t = random_trajectories(shape, tasks, horizon, envs, 0.1, random);
    for (double& x : t.log_probs) x = -2 + 0.5 * normal(random);
    for (double& x : t.actions)
      x = shape.head == HeadKind::gaussian ? normal(random) : std::floor(uniform(random) * shape.outputs());
    for (double& x : t.outputs) x = 0.3 * normal(random);
    Batch<float> b;
    b.horizon = horizon;
    b.envs = envs;
    b.observation_size = t.observation_size;
    b.action_size = t.action_size;
    b.row_stride = t.row_stride;
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
  long rows_stride() const { return padded(horizon * envs); }
};

struct MemoryForm {
  bool layer_norm = false;
  bool separate_value = false;
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

  void gradients() {
    const auto gradient = [](Buffers& memory, const Problem& p, EstimatorName estimator, bool shared) {
      PolicyGradient<float> op;
      op.shape = p.shape;
      op.params = p.params(memory, "params", shared);
      op.objective.batch = p.batch(memory);
      op.inputs = op.objective.batch.inputs();
      op.objective.estimator = estimator;
      op.objective.clip = 0.2f;
      op.partial = p.partial(memory);
      op.values = memory.blank("values", static_cast<long>(p.tasks) * chunks(op.inputs.rows) * kPassValues);
      return op;
    };
    add("PolicyGradient", "reinforce_with_score", [=, p = deep](Buffers& memory) {
      auto op = gradient(memory, p, EstimatorName::reinforce, false);
      op.objective.score_weight = memory.normals("score", p.tasks);
      op.objective.entropy_weight = 0.3f;
      return op;
    });
    add("PolicyGradient", "ratio_with_divergence_kept", [=, p = deep](Buffers& memory) {
      auto op = gradient(memory, p, EstimatorName::ratio, true);
      op.kept = p.kept(memory);
      op.objective.divergence_weight = memory.hold("weight", std::vector<double>{-0.3});
      op.objective.drawn_params = p.params(memory, "drawn");
      return op;
    });
    add("PolicyGradient", "clipped_relu_categorical", [=, p = relu](Buffers& memory) {
      auto op = gradient(memory, p, EstimatorName::clipped, false);
      op.objective.divergence_weight = memory.hold("weight", std::vector<double>{-0.3});
      op.objective.drawn_params = p.params(memory, "drawn");
      return op;
    });
    add("PolicyGradient", "ratio_film",
        [=, p = film](Buffers& memory) { return gradient(memory, p, EstimatorName::ratio, false); });
    add("PolicyGradient", "dice_no_hidden_layer", [=, p = logits](Buffers& memory) {
      auto op = gradient(memory, p, EstimatorName::dice, true);
      op.objective.entropy_weight = 0.3f;
      return op;
    });
    add("PolicyGradient", "ratio_symbols_groups", [=, p = grid](Buffers& memory) {
      auto op = gradient(memory, p, EstimatorName::ratio, false);
      op.objective.entropy_weight = 0.3f;
      op.objective.divergence_weight = memory.hold("weight", std::vector<double>{-0.3});
      op.objective.drawn_params = p.params(memory, "drawn");
      return op;
    });
    add("PolicyGradient", "clipped_squashed", [=, p = bounded](Buffers& memory) {
      auto op = gradient(memory, p, EstimatorName::clipped, false);
      op.objective.entropy_weight = 0.3f;
      return op;
    });
    add("PolicyGradient", "values_alone", [=, p = plain](Buffers& memory) {
      auto op = gradient(memory, p, EstimatorName::ratio, false);
      op.partial = nullptr;
      return op;
    });
  }

  template <class Op>
  static Op curvature(Buffers& memory, const Problem& p, EstimatorName estimator) {
    Op op;
    op.shape = p.shape;
    op.params = p.params(memory, "params");
    op.batch = p.batch(memory);
    op.direction.vector = p.params(memory, "direction");
    op.estimator = estimator;
    op.clip = 0.2f;
    op.score = memory.normals("score", p.tasks * p.rows_stride());
    op.partial = p.partial(memory);
    return op;
  }
  template <class Op>
  void curvatures(const std::string& family) {
    add(family, "reinforce", [p = deep](Buffers& memory) {
      auto op = curvature<Op>(memory, p, EstimatorName::reinforce);
      op.direction.scale = {memory.normals("scale", p.shape.parameters()), 1};
      return op;
    });
    add(family, "ratio_kept", [p = deep](Buffers& memory) {
      auto op = curvature<Op>(memory, p, EstimatorName::ratio);
      op.kept = p.kept(memory);
      return op;
    });
    add(family, "clipped_relu_categorical",
        [p = relu](Buffers& memory) { return curvature<Op>(memory, p, EstimatorName::clipped); });
    add(family, "ratio_film",
        [p = film](Buffers& memory) { return curvature<Op>(memory, p, EstimatorName::ratio); });
    add(family, "ratio_symbols_groups", [p = grid](Buffers& memory) {
      auto op = curvature<Op>(memory, p, EstimatorName::ratio);
      op.direction.scale = {memory.normals("scale", p.shape.parameters()), 1};
      op.entropy_weight = 0.3f;
      return op;
    });
    add(family, "ratio_squashed", [p = bounded](Buffers& memory) {
      auto op = curvature<Op>(memory, p, EstimatorName::ratio);
      op.entropy_weight = 0.3f;
      return op;
    });
    add(family, "dice_no_hidden_layer", [p = logits](Buffers& memory) {
      auto op = curvature<Op>(memory, p, EstimatorName::dice);
      op.entropy_weight = 0.3f;
      return op;
    });
    add(family, "ratio_no_hidden_layer",
        [p = plain](Buffers& memory) { return curvature<Op>(memory, p, EstimatorName::ratio); });
  }
  void tangents() {
    const auto tangent = [](Buffers& memory, const Problem& p) {
      TangentLogProb<float> op;
      op.shape = p.shape;
      op.params = p.params(memory, "params");
      op.batch = p.batch(memory);
      op.direction.vector = p.params(memory, "direction");
      op.direction.scale = {memory.hold("scale", std::vector<double>{0.1}), 0};
      op.tangents = memory.blank("tangents", p.tasks * p.rows_stride());
      return op;
    };
    add("TangentLogProb", "gaussian", [=, p = deep](Buffers& memory) { return tangent(memory, p); });
    add("TangentLogProb", "symbols_groups", [=, p = grid](Buffers& memory) { return tangent(memory, p); });
    add("TangentLogProb", "film", [=, p = film](Buffers& memory) { return tangent(memory, p); });
    add("TangentLogProb", "categorical", [=, p = relu](Buffers& memory) { return tangent(memory, p); });
    add("DiceCurvature", "dice", [p = deep](Buffers& memory) {
      const long numbers = p.tasks * p.rows_stride();
      return DiceCurvature<float>{p.batch(memory), memory.normals("tangents", numbers),
                                  memory.blank("scores", numbers)};
    });
  }

  void advantages() {
    struct Form {
      const char* name;
      bool linear, normalize, dice;
    };
    for (const Form form : {Form{"linear_normalised", true, true, false}, Form{"raw", false, false, false},
                            Form{"dice", true, true, true}, Form{"dice_without_baseline", false, true, true}})
      add("Advantages", form.name, [form, p = deep](Buffers& memory) {
        Advantages<float> op;
        op.batch = p.batch(memory);
        op.discount = 0.97f;
        op.gae_lambda = 0.9f;
        op.linear_baseline = form.linear;
        op.normalize = form.normalize;
        op.dice = form.dice;
        return op;
      });
    add("Advantages", "of_values", [p = deep](Buffers& memory) {
      Advantages<float> op;
      op.batch = p.batch(memory);
      op.discount = 0.97f;
      op.gae_lambda = 0.9f;
      op.linear_baseline = false;
      op.values = memory.normals("values", p.tasks * p.rows_stride());
      return op;
    });
  }

  void values() {
    const auto data = [](Buffers& memory, const Problem& p, bool filled) {
      const long rows = p.tasks * p.rows_stride(), inputs = p.shape.inputs() + 1;
      const auto numbers = [&](const char* name, long count) {
        return filled ? memory.normals(name, count) : memory.blank(name, count);
      };
      return ValueData<float>{numbers("inputs", rows * inputs), numbers("targets", rows),
                              numbers("scale", 2L * p.tasks)};
    };
    add("ValueTargets", "one", [=, p = deep](Buffers& memory) {
      return ValueTargets<float>{p.batch(memory), 0.97f, data(memory, p, false)};
    });
    add("ValueGradient", "one", [=, p = deep](Buffers& memory) {
      const Problem value{policy_of({p.shape.inputs() + 1, 18, 1}, HeadKind::gaussian), p.tasks, p.horizon,
                          p.envs};
      const ValueData<float> of = data(memory, p, true);
      ValueGradient<float> op;
      op.shape = value.shape;
      op.params = value.params(memory, "params");
      op.inputs = of.rows(p.batch(memory));
      op.objective.targets = of.targets;
      op.objective.row_stride = op.inputs.row_stride;
      op.partial = value.partial(memory);
      return op;
    });
    for (const bool shared : {false, true})
      add("ValuesOfSamples", shared ? "shared" : "own", [=, p = deep](Buffers& memory) {
        const Problem value{policy_of({p.shape.inputs() + 1, 18, 1}, HeadKind::gaussian), p.tasks, p.horizon,
                            p.envs};
        const ValueData<float> of = data(memory, p, true);
        ValuesOfSamples<float> op;
        op.shape = value.shape;
        op.params = value.params(memory, "params", shared);
        op.inputs = of.rows(p.batch(memory));
        op.scale = of.scale;
        op.values = memory.blank("values", p.tasks * p.rows_stride());
        return op;
      });
  }

  void sums() {
    const int parameters = size == CaseSize::full ? ApplyGradient<float>::kPartParameters + 37 : 37;
    for (const bool plain_sum : {false, true})
      add("ApplyGradient", plain_sum ? "sum" : "step", [=, t = tasks](Buffers& memory) {
        ApplyGradient<float> op;
        op.parameters = parameters;
        op.chunks = 3;
        op.partial = memory.normals("partial", static_cast<long>(t) * op.chunks * parameters);
        op.statistics =
            memory.hold("statistics", std::vector<double>(static_cast<std::size_t>(t * kStatistics), 7.0));
        op.out = memory.blank("out", static_cast<long>(t) * parameters);
        if (plain_sum) return op;
        op.base = {memory.normals("base", parameters), 0};
        op.step = {memory.normals("step", parameters), 1};
        op.gradient = memory.blank("gradient", static_cast<long>(t) * parameters);
        return op;
      });
    for (const int count : {1, 7, 12})
      add_once("SumOverTasks", "of_" + std::to_string(count), [count](Buffers& memory) {
        const int numbers = SumOverTasks<float>::kPartSize + 37;
        SumOverTasks<float> op;
        op.tasks = count;
        op.size = numbers;
        op.x = memory.normals("x", static_cast<long>(count) * numbers);
        op.scale = 1.0f / static_cast<float>(count);
        op.minus = count == 7 ? memory.normals("minus", numbers) : nullptr;
        op.tasks_own = count == 12 ? 40 : 0;
        op.out = memory.blank("out", numbers);
        return op;
      });
    add_once("AdaptationCredit", "of_tasks", [](Buffers& memory) {
      return AdaptationCredit<float>{9, memory.normals("statistics", 9 * kStatistics), 0.7f,
                                     memory.blank("credit", 9)};
    });
    for (const bool added : {false, true})
      add_once("MeanValues", added ? "added" : "put", [added](Buffers& memory) {
        const long values = 3;
        return MeanValues<float>{5,
                                 2,
                                 static_cast<int>(values),
                                 memory.normals("x", 5 * 2 * values),
                                 memory.normals("statistics", 5 * kStatistics, 50),
                                 memory.normals("out", values),
                                 nullptr,
                                 added};
      });
  }

  void step_sizes() {
    StepSizeLayout each;
    each.parameters = size == CaseSize::full ? StepSizeLayout::kPartParameters + 37 : 37;
    each.steps = 3;
    each.sets = 2;
    each.numbers = each.parameters;
    each.one_each = true;
    StepSizeLayout shared = each;
    shared.one_each = false;
    shared.positive = false;
    shared.numbers = 3;
    const int first[] = {0, 5, each.parameters - 9, each.parameters};
    std::copy(std::begin(first), std::end(first), shared.first);
    for (const auto& [name, layout] : {std::pair{"one_each", each}, {"shared", shared}}) {
      add_once("SetStepSizes", name, [layout = layout](Buffers& memory) {
        return SetStepSizes<float>{
            layout, memory.normals("learned", layout.learned()), memory.normals("mask", layout.parameters),
            memory.blank("sizes", static_cast<long>(layout.steps) * layout.parameters)};
      });
      for (const bool added : {false, true})
        add("StepSizeGradient", std::string(name) + (added ? "_added" : "_put"),
            [layout = layout, added, t = tasks](Buffers& memory) {
              const long numbers = static_cast<long>(t) * layout.parameters;
              return StepSizeGradient<float>{layout,
                                             added ? 2 : 0,
                                             memory.normals("v", numbers),
                                             memory.normals("slope", layout.parameters),
                                             memory.normals("gradient", numbers),
                                             memory.normals("out", static_cast<long>(t) * layout.learned()),
                                             added};
            });
      add("StepSizeTangent", name, [layout = layout, t = tasks](Buffers& memory) {
        const long numbers = static_cast<long>(t) * layout.parameters;
        return StepSizeTangent<float>{layout,
                                      1,
                                      memory.normals("direction", layout.learned()),
                                      memory.normals("slope", layout.parameters),
                                      memory.normals("gradient", numbers),
                                      {memory.normals("base", layout.parameters), 0},
                                      memory.blank("out", numbers)};
      });
    }
  }

  void step_multipliers() {
    MultiplierLayout layout;
    layout.parameters = 133;
    layout.layers = 3;
    const int first[] = {0, 5, 124, layout.parameters};
    std::copy(std::begin(first), std::end(first), layout.first);
    const long numbers = static_cast<long>(tasks) * layout.parameters;
    const auto step = [=](Buffers& memory, bool shared) {
      MultipliedStep<float> at;
      at.layout = layout;
      at.network = memory.normals("network", layout.learned(), 0.5);
      at.theta = {memory.normals("theta", shared ? layout.parameters : numbers),
                  shared ? 0L : static_cast<long>(layout.parameters)};
      at.gradient = memory.normals("gradient", numbers);
      at.size = {memory.normals("size", shared ? 1 : layout.parameters), shared ? 0 : 1};
      return at;
    };
    for (const bool shared : {true, false}) {
      const std::string form = shared ? "shared" : "of_each";
      add("MultiplyStep", form, [=](Buffers& memory) {
        return MultiplyStep<float>{step(memory, shared), memory.blank("out", numbers)};
      });
      add("MultiplyStepBack", form, [=, t = tasks](Buffers& memory) {
        MultiplyStepBack<float> op;
        op.step = step(memory, shared);
        op.v = op.out = memory.normals("v", numbers);
        op.at_network = memory.normals("at_network", static_cast<long>(t) * layout.learned());
        op.add = shared;
        op.at_sizes = memory.blank("at_sizes", numbers);
        op.at_gradient = memory.blank("at_gradient", numbers);
        return op;
      });
      add("MultiplyStepTangent", form, [=](Buffers& memory) {
        MultiplyStepTangent<float> op;
        op.step = step(memory, shared);
        float* moved = memory.normals("theta_moved", numbers);
        op.theta_moved = {moved, layout.parameters};
        op.gradient_moved = shared ? nullptr : memory.normals("gradient_moved", numbers);
        op.network_moved = memory.normals("network_moved", layout.learned());
        op.at_sizes = memory.blank("at_sizes", numbers);
        op.out = shared ? memory.blank("out", numbers) : moved;
        return op;
      });
    }
  }

  void outer() {
    constexpr int kSize = 339;
    for (const char* form : {"adam", "adam_clipped", "adamw", "sgd", "momentum", "nesterov", "not_finite"})
      add_once("OuterStep", form, [form = std::string(form)](Buffers& memory) {
        OuterStep<float> op;
        const bool momentum = form == "momentum" || form == "nesterov";
        op.kind = form == "sgd" || momentum ? OuterStep<float>::Kind::sgd : OuterStep<float>::Kind::adam;
        op.size = kSize;
        op.params = memory.normals("params", kSize);
        float* gradient = memory.normals("gradient", kSize);
        if (form == "not_finite") gradient[kSize / 2] = INFINITY;
        op.gradient = gradient;
        op.first_moment = memory.normals("first", kSize);
        float* second = memory.normals("second", kSize);
        for (int i = 0; i < kSize; ++i) second[i] = second[i] * second[i];
        op.second_moment = second;
        op.powers = memory.hold<double>("powers", std::vector<double>{0.9, 0.999});
        if (momentum) op.velocity = memory.normals("velocity", kSize);
        if (form == "adamw") op.decay = memory.normals("decay", kSize);
        op.momentum = 0.8f;
        op.nesterov = form == "nesterov";
        op.lr = 0.01f;
        op.beta1 = 0.9f;
        op.beta2 = 0.999f;
        op.epsilon = 1e-8f;
        op.max_norm = form == "adam" ? 0.0f : 0.5f;
        op.norm = memory.blank("norm", 1);
        return op;
      });
    const auto solver = [](Buffers& memory) {
      ConjugateGradient<float> s;
      s.size = kSize;
      s.b = memory.normals("b", kSize);
      s.x = memory.normals("x", kSize);
      s.residual = memory.normals("residual", kSize);
      s.direction = memory.normals("direction", kSize);
      // So that the curvature is positive.
      s.product = memory.hold("product", std::vector<float>(s.direction, s.direction + kSize));
      s.damping = 0.1f;
      s.residual_square = memory.hold("square", std::vector<double>{300});
      return s;
    };
    add_once("StartConjugateGradient", "one",
             [solver](Buffers& memory) { return StartConjugateGradient<float>{solver(memory)}; });
    add_once("ConjugateGradientStep", "one",
             [solver](Buffers& memory) { return ConjugateGradientStep<float>{solver(memory)}; });
    const auto search = [](Buffers& memory, double surrogate) {
      LineSearch<float> s;
      s.size = kSize;
      s.params = memory.normals("params", kSize);
      s.gradient = memory.normals("gradient", kSize);
      const float* x = memory.normals("x", kSize);
      s.x = x;
      s.product = memory.hold("product", std::vector<float>(x, x + kSize));
      s.damping = 0.1f;
      s.max_kl = 0.01f;
      s.ratio = 0.5f;
      s.candidate = memory.normals("candidate", kSize);
      s.values = memory.hold("values", std::vector<double>{surrogate, 0.005});
      s.scale = memory.hold("scale", std::vector<double>{0.3});
      s.before = memory.hold("before", std::vector<double>{0});
      s.norm = memory.blank("norm", 1);
      s.kl = memory.hold("kl", std::vector<double>{0});
      s.searching = memory.hold<int>("searching", std::vector<int>{1});
      return s;
    };
    add_once("StartLineSearch", "one",
             [search](Buffers& memory) { return StartLineSearch<float>{search(memory, 1)}; });
    add_once("LineSearchCandidate", "one",
             [search](Buffers& memory) { return LineSearchCandidate<float>{search(memory, 1)}; });
    for (const bool taken : {true, false})
      add_once("LineSearchDecision", taken ? "taken" : "refused",
               [=](Buffers& memory) { return LineSearchDecision<float>{search(memory, taken ? 1 : -1)}; });
  }

  void small_ones() {
    // KL divergences far below the target, near it and far above it.
    add_once("AdaptPenalties", "of_steps", [](Buffers& memory) {
      const std::vector<double> divergences{0.001, 0.01, 0.1};
      std::vector<double> values(divergences.size() * kPassValues, 7.0);
      for (std::size_t k = 0; k < divergences.size(); ++k)
        values[k * kPassValues + kDivergence] = divergences[k];
      AdaptPenalties<float> op;
      op.steps = static_cast<int>(divergences.size());
      op.target = 0.01f;
      op.values = memory.hold("values", values);
      op.penalties = memory.hold("penalties", std::vector<double>{-0.5, -0.6, -0.7});
      return op;
    });
    add_once("SetKey", "one", [](Buffers& memory) {
      return SetKey<float>{{5, 3}, reinterpret_cast<RandomKey*>(memory.blank<std::uint32_t>("key", 2))};
    });
  }
  // A term whose depth is more than one block's, with A transposed, and one that is less; C has two rows of blocks, and (full
  // problems) two columns of them.
  void matrix_products() {
    using Op = MatrixProduct<float>;
    const int rows = Op::kRows + 5, columns = size == CaseSize::full ? Op::kColumns + 16 : 16;
    for (const int terms : {1, 2})
      add_once("MatrixProduct", terms == 1 ? "one_term" : "two_terms", [=](Buffers& memory) {
        const int deep = Op::kDepth + 3, shallow = 7, row_stride = padded(rows);
        const auto right = [&](const char* name, int depth) {
          return Right<float>{memory.normals(name, static_cast<long>(depth) * columns), columns};
        };
        Op op;
        op.rows = rows;
        op.columns = columns;
        op.term_count = terms;
        op.terms[0] = {{memory.normals("a", static_cast<long>(deep) * row_stride), 1, row_stride},
                       right("b", deep),
                       deep};
        if (terms == 2)
          op.terms[1] = {{memory.normals("c", static_cast<long>(rows) * shallow), shallow, 1},
                         right("d", shallow),
                         shallow};
        op.start = {memory.normals("bias", columns), 0};
        op.to = memory.blank("to", static_cast<long>(rows) * columns);
        op.to_stride = columns;
        return op;
      });
  }

  // Trials whose environments are a tile and a part of one (small: less than one), of no multiple of 16.
  template <class Kind>
  static MemoryPolicy<Kind> memory_policy(HeadKind head, int inputs, int actions, MemoryForm form = {}) {
    MemoryPolicy<Kind> policy;
    policy.inputs = inputs;
    policy.hidden = head == HeadKind::gaussian ? 19 : 5;
    if constexpr (std::is_same_v<Kind, Feedforward>) {
      MlpOptions options;
      options.hidden = {18, policy.hidden};
      policy.memory = Feedforward::shape_of(options, inputs);
    } else {
      policy.memory = {inputs, policy.hidden};
    }
    policy.layer_norm = form.layer_norm;
    policy.separate_value = form.separate_value;
    policy.actor = policy_of({policy.hidden, actions}, head);
    return policy;
  }
  static Trials<float> trials(Buffers& memory, const MemoryPolicyShape& shape, CaseSize size, bool drawn) {
    Trials<float> t;
    Batch<float>& b = t.batch;
    b.horizon = size == CaseSize::full ? 11 : 6;
    b.envs = size == CaseSize::full ? 43 : 9;
    b.observation_size = shape.inputs;
    b.action_size = shape.actor.head == HeadKind::gaussian ? shape.actions() : 1;
    b.row_stride = padded(b.rows());
    t.episode_steps = 3;
    const auto rows = [&](const char* name, int each) {
      return drawn ? memory.normals(name, each * b.row_stride) : memory.blank(name, each * b.row_stride);
    };
    b.observations = rows("inputs", b.observation_size);
    b.actions = rows("actions", b.action_size);
    b.log_probs = rows("log_probs", 1);
    b.rewards = rows("rewards", 1);
    b.ends = rows("ends", 1);
    b.advantages = rows("advantages", 1);
    t.values = rows("values", 1);
    t.targets = rows("targets", 1);
    if (drawn && shape.actor.head == HeadKind::categorical)
      for (int r = 0; r < b.rows(); ++r) b.actions[r] = static_cast<float>(r * 7 % shape.actions());
    return t;
  }
  template <class Kind>
  static float* memory_params(Buffers& memory, const MemoryPolicy<Kind>& policy) {
    return memory.normals("params", policy.parameters(), 0.4);
  }
  // A window of 3 does not divide the full case's 11 steps; 1 does.
  template <class Kind>
  void trial_gradients(MemoryForm form, const std::string& name) {
    for (const HeadKind head : {HeadKind::gaussian, HeadKind::categorical}) {
      const auto shape = memory_policy<Kind>(head, 4, 3, form);
      const int tiles = size == CaseSize::full ? 2 : 1;
      const bool gaussian = head == HeadKind::gaussian;
      all.push_back(make_case("TrialGradient", name + (gaussian ? "_gaussian" : "_categorical"), tiles,
                              [=, size = size](Buffers& memory) {
                                TrialGradient<float, Kind> op;
                                op.shape = shape;
                                op.params = memory_params(memory, shape);
                                op.trials = trials(memory, shape, size, true);
                                op.envs = op.trials.batch.envs - 1;
                                std::vector<int> order;
                                for (int e = 0; e < op.envs; ++e)
                                  order.push_back((e * 5 + 2) % op.trials.batch.envs);
                                op.order = memory.hold<int>("order", order);
                                op.clip = 0.2f;
                                op.value_weight = 0.5f;
                                op.value_clip = gaussian ? 0.4f : 0.0f;
                                op.entropy_weight = 0.03f;
                                op.entropy_schedule = {key(memory), 0.1f};
                                op.window = gaussian ? 0 : size == CaseSize::full ? 1 : 3;
                                op.partial =
                                    memory.blank("partial", static_cast<long>(tiles) * op.shape.parameters());
                                op.values =
                                    memory.blank("values_sums", static_cast<long>(tiles) * kTrialValues);
                                return op;
                              }));
    }
  }
  template <class Kind>
  void wide_memory(const std::string& name) {
    using Op = WideMemory<float, Kind>;
    typename Kind::Shape shape;
    shape.inputs = 4;
    shape.hidden = 19;
    const std::pair<const char*, typename Op::Phase> phases[] = {
        {"activate", Op::Phase::activate}, {"slopes", Op::Phase::slopes}, {"store", Op::Phase::store}};
    for (const auto& [of, phase] : phases)
      add_once("WideMemory", name + "_" + of, [=, phase = phase](Buffers& memory) {
        const int rows = 2 * Op::kRows + 3;
        const auto numbers = [&](const char* buffer, int each) {
          return memory.normals(buffer, static_cast<long>(rows) * each);
        };
        const auto scratch = [&](const char* buffer, const auto& take) {
          Scratch counted;
          take(counted);
          Scratch at(memory.normals(buffer, counted.used() / 4));
          return take(at);
        };
        Op op;
        op.phase = phase;
        op.shape = shape;
        op.teams = 3;
        op.gradient = memory.blank("gradient", Kind::parameters(shape));
        op.sums = scratch("sums", [&](Scratch& at) { return Kind::template take_sums<float>(at, shape); });
        float *const before = numbers("before", Kind::state_size(shape)), *const kept = numbers(
                                                                              "kept", Kind::kept_size(shape));
        op.step = {rows, {}, before, kept, numbers("after", Kind::state_size(shape))};
        op.back = {rows, before, kept, numbers("state", Kind::state_size(shape)),
                   numbers("back", Kind::back_size(shape))};
        return op;
      });
  }
  template <class Kind>
  void load_memory(const std::string& name) {
    for (const bool way_back : {false, true})
      add_once("LoadMemory", name + (way_back ? "_way_back" : ""), [=](Buffers& memory) {
        const auto policy = memory_policy<Kind>(HeadKind::gaussian, 4, 3);
        LoadMemory<float, Kind> op;
        op.shape = policy.memory;
        op.params = memory.normals("params", Kind::parameters(op.shape));
        Scratch at(memory.blank("weights", weights_size<float, Kind>(op.shape, way_back)));
        op.weights = Kind::template take_weights<float>(at, op.shape, way_back);
        op.teams = 3;
        return op;
      });
  }
  void load_heads() {
    for (const HeadKind head : {HeadKind::gaussian, HeadKind::categorical})
      add_once("LoadHeads", head == HeadKind::gaussian ? "gaussian" : "categorical", [=](Buffers& memory) {
        LoadHeads<float> op;
        op.shape = memory_policy<Gru>(head, 4, 3);
        op.params = memory.normals("heads", op.shape.head_parameters());
        Scratch counted;
        take_heads<float>(counted, op.shape);
        Scratch at(memory.blank("weights", counted.used() / 4));
        op.weights = take_heads<float>(at, op.shape);
        return op;
      });
  }
  // An even step and an odd one.
  template <class Kind>
  void step_memory(MemoryForm form, const std::string& name) {
    for (const int step : {0, 3}) {
      const auto policy =
          memory_policy<Kind>(step == 0 ? HeadKind::gaussian : HeadKind::categorical, 4, 3, form);
      const int tiles = size == CaseSize::full ? 2 : 1;
      all.push_back(make_case(
          "StepMemory", name + "_" + std::to_string(step), tiles, [=, size = size](Buffers& memory) {
            StepMemory<float, Kind> op;
            op.shape = policy;
            op.trials = trials(memory, policy, size, true);
            op.params = memory_params(memory, policy);
            op.step = step;
            const long networks = policy.networks(), envs = op.trials.batch.envs,
                       weights = weights_size<float, Kind>(policy.memory, false);
            op.weights = memory.normals("weights", networks * weights, 0.4);
            op.states = memory.normals("states", networks * 2 * envs * Kind::state_size(policy.memory), 0.5);
            if (policy.layer_norm)
              op.normalised = memory.blank("normalised", networks * envs * padded(policy.hidden));
            return op;
          }));
    }
  }
  void trial_seeds() {
    using Op = TrialSeeds<float>;
    const std::pair<const char*, Op::Phase> phases[] = {{"gather", Op::Phase::gather},
                                                        {"seed", Op::Phase::seed},
                                                        {"sum", Op::Phase::sum},
                                                        {"store", Op::Phase::store}};
    for (const auto& [name, phase] : phases)
      add_once("TrialSeeds", name, [=, phase = phase, size = size](Buffers& memory) {
        Op op;
        op.phase = phase;
        op.shape = memory_policy<Gru>(HeadKind::gaussian, 4, 3);
        const int hidden = padded(op.shape.hidden), heads = op.shape.heads();
        op.trials = trials(memory, op.shape, size, true);
        op.envs = op.trials.batch.envs - 2;
        std::vector<int> order;
        for (int e = 0; e < op.envs; ++e) order.push_back((e * 5 + 2) % op.trials.batch.envs);
        op.order = memory.hold<int>("order", order);
        op.clip = 0.2f;
        op.value_weight = 0.5f;
        op.entropy_weight = 0.03f;
        op.params = memory.normals("heads", op.shape.head_parameters(), 0.4);
        op.state_size = hidden;
        op.memory[0] = memory.normals("states", static_cast<long>(op.rows()) * hidden, 0.5);
        op.inputs = memory.blank("gathered", static_cast<long>(op.rows()) * padded(4));
        op.row_stride = padded(op.rows());
        const int quantities = Op::quantities(op.shape);
        op.seeds = memory.normals("seeds", static_cast<long>(quantities) * op.row_stride);
        // Behind the last row there are zeros where they are summed.
        for (int q = 0; q < quantities; ++q)
          std::fill(op.seeds + q * op.row_stride + op.rows(), op.seeds + (q + 1) * op.row_stride, 0.0f);
        op.sums = memory.normals("sums", quantities);
        op.head_sums = memory.normals("head_sums", static_cast<long>(heads) * hidden);
        op.gradient = memory.blank("gradient", op.shape.head_parameters());
        op.values = memory.blank("values_sums", kTrialValues);
        return op;
      });
  }
  void trial_passes() {
    wide_memory<Gru>("gru");
    wide_memory<Lstm>("lstm");
    trial_seeds();
    load_memory<Gru>("gru");
    load_memory<Lstm>("lstm");
    load_memory<Feedforward>("feedforward");
    load_heads();
    step_memory<Gru>({}, "gru");
    step_memory<Lstm>({}, "lstm");
    step_memory<Feedforward>({}, "feedforward");
    step_memory<Gru>({true, true}, "gru_normalised_separate");
    step_memory<Lstm>({true}, "lstm_normalised");
    step_memory<Feedforward>({false, true}, "feedforward_separate");
    add_once("FillMemory", "shared", [](Buffers& memory) {
      return FillMemory<float>{memory.blank("numbers", 1000), 1000, 0.5f, 3};
    });
    trial_gradients<Gru>({}, "gru");
    trial_gradients<Lstm>({}, "lstm");
    trial_gradients<Feedforward>({}, "feedforward");
    trial_gradients<Gru>({true}, "gru_normalised");
    trial_gradients<Lstm>({true}, "lstm_normalised");
    trial_gradients<Gru>({true, true}, "gru_normalised_separate");
    trial_gradients<Lstm>({false, true}, "lstm_separate");
    trial_gradients<Feedforward>({false, true}, "feedforward_separate");
    using Phase = TrialAdvantages<float>::Phase;
    const std::pair<const char*, Phase> phases[] = {{"estimate", Phase::estimate},
                                                    {"sum", Phase::sum},
                                                    {"scale", Phase::scale},
                                                    {"normalise", Phase::normalise}};
    for (const auto& [name, phase] : phases)
      add_once("TrialAdvantages", name, [=, phase = phase, size = size](Buffers& memory) {
        TrialAdvantages<float> op;
        op.phase = phase;
        op.trials = trials(memory, memory_policy<Gru>(HeadKind::categorical, 4, 3), size, true);
        const long steps = op.trials.batch.horizon;
        op.scale = {memory.normals("mean", steps), memory.hold("deviation", std::vector<double>{1.7}),
                    memory.hold("updates", std::vector<double>{3})};
        op.discount = 0.97f;
        op.gae_lambda = 0.9f;
        op.sums = memory.hold("sums", std::vector<double>(static_cast<std::size_t>(steps) * 4, 0.6));
        op.advantages = memory.hold("advantage_scale", std::vector<double>{0.2, 1.3});
        return op;
      });
    add_once("EpisodeReturns", "of_trials", [size = size](Buffers& memory) {
      EpisodeReturns<float> op;
      op.trials = trials(memory, memory_policy<Gru>(HeadKind::categorical, 4, 3), size, true);
      const long numbers = (op.trials.episodes() + 1) * static_cast<long>(op.trials.batch.envs);
      op.returns = memory.blank("returns", numbers);
      op.lengths = memory.blank("lengths", numbers);
      return op;
    });
    const auto gate = [](Buffers& memory) {
      return UpdateGate<float>{memory.normals("values", 5 * kTrialValues),
                               memory.hold<int>("open", std::vector<int>{1}),
                               memory.hold("updates", std::vector<double>{2})};
    };
    add_once("StartUpdates", "gate", [=](Buffers& memory) { return StartUpdates<float>{gate(memory)}; });
    add_once("DecideUpdate", "gate", [=](Buffers& memory) {
      DecideUpdate<float> op{gate(memory)};
      op.minibatch = 1;
      op.tiles = 3;
      op.rows = 20;
      op.sums = memory.hold("sums", std::vector<double>(3 * kTrialValues, 0.7));
      op.target_kl = 0.1f;
      return op;
    });
    add_once("AverageUpdates", "gate", [=](Buffers& memory) {
      return AverageUpdates<float>{gate(memory), 5, memory.blank("mean_values", kTrialValues)};
    });
    add_once("ShuffleTrials", "draw", [](Buffers& memory) {
      using Op = ShuffleTrials<float>;
      Op op;
      op.key = key(memory);
      op.envs = Op::kPartEnvs + 7;
      op.epochs = 2;
      op.numbers = memory.blank<std::uint32_t>("numbers", static_cast<long>(op.epochs) * op.envs);
      return op;
    });
  }

  static const RandomKey* key(Buffers& memory) {
    return reinterpret_cast<RandomKey*>(memory.hold<std::uint32_t>("key", std::vector<std::uint32_t>{5, 3}));
  }
  template <class Env>
  void environment(const std::string& form, const typename Env::Options& options) {
    const std::string name = std::string(Env::name) + "_" + form;
    add("DrawTasks", name, [=, t = tasks](Buffers& memory) {
      return DrawTasks<float, Env>{options, key(memory),
                                   memory.blank("tasks", static_cast<long>(t) * kTaskSize<Env>)};
    });
    struct Form {
      const char* name;
      bool restart, deterministic, kept, shared;
    };
    for (const Form f : {Form{"stop", false, false, true, false}, Form{"restart", true, false, false, true},
                         Form{"deterministic", true, true, false, false}})
      add("Rollout", name + "_" + f.name, [=, t = tasks, small = size == CaseSize::small](Buffers& memory) {
        const int outputs = action_outputs<Env>(options);
        const HeadKind head = HeadOf<Env>::kind;
        const std::vector<int> widths =
            f.deterministic ? std::vector<int>{Env::observation(options).numbers, outputs}
                            : std::vector<int>{Env::observation(options).numbers, 19, 18, outputs};
        const PolicyShape mlp = policy_of(widths, head);
        const Problem p{mlp.layers > 1 ? with_context(mlp) : mlp, t, small ? 3 : 25, small ? 9 : 13};
        Rollout<float, Env> op;
        op.shape = p.shape;
        op.params = p.params(memory, "params", f.shared);
        op.batch = p.batch(memory);
        // What the random trajectories hold is no rollout's result.
        const auto forget = [&](float* numbers, int each) {
          std::fill_n(numbers, static_cast<long>(p.tasks) * each * op.batch.row_stride, NAN);
        };
        forget(op.batch.observations, op.batch.observation_size);
        forget(op.batch.actions, op.batch.action_size);
        forget(op.batch.outputs, outputs);
        for (float* numbers : {op.batch.log_probs, op.batch.rewards, op.batch.valid, op.batch.ends})
          forget(numbers, 1);
        // Alike in every environment, and on a GPU a kernel of its own.
        if (f.kept && std::is_same_v<Env, PointNavigation>) op.kept = p.kept(memory);
        op.options = options;
        op.key = key(memory);
        // The tasks' numbers are of the size that the options say.
        std::vector<double> tasks(static_cast<std::size_t>(t * kTaskSize<Env>));
        for (double& x : tasks) x = 0.2 + 0.7 * uniform(memory.random());
        op.tasks = memory.hold("tasks", tasks);
        op.inner_step = 2;
        op.restart = f.restart;
        op.deterministic = f.deterministic;
        op.tile_envs = small ? 9 : 5;
        return op;
      });
    trial_step<Env>(name + "_begin", options, -1, false);
    trial_step<Env>(name, options, 2, false);
    trial_step<Env>(name + "_deterministic", options, 2, true);
  }
  // A step of a memory whose rows' states are 32 numbers.
  template <class Env>
  void trial_step(const std::string& name, const typename Env::Options& options, int step,
                  bool deterministic) {
    const int tiles = size == CaseSize::full ? 2 : 1;
    all.push_back(make_case("TrialStep", name, tiles, [=, size = size](Buffers& memory) {
      const HeadKind head = HeadOf<Env>::kind;
      TrialStep<float, Env> op;
      op.shape = memory_policy<Gru>(head, policy_inputs<Env>(options), action_outputs<Env>(options));
      Scratch counted;
      take_heads<float>(counted, op.shape);
      Scratch at(memory.normals("heads", counted.used() / 4, 0.4));
      op.heads = take_heads<float>(at, op.shape);
      op.trials = trials(memory, op.shape, size, false);
      // Whole packs: states are left of lanes without an environment too.
      op.trials.batch.envs = size == CaseSize::full ? 48 : 16;
      op.trials.batch.horizon = size == CaseSize::full ? 9 : 4;
      op.options = options;
      op.key = key(memory);
      op.envs_per_task = 2;
      op.memory[0] = {memory.normals("states", static_cast<long>(op.trials.batch.envs) * 32), 32};
      op.step = step;
      op.deterministic = deterministic;
      // States that a step has left are positive and below 1.
      std::vector<double> between(static_cast<std::size_t>(op.trials.tiles() * op.tile_numbers(options)));
      for (double& x : between) x = 0.2 + 0.7 * uniform(memory.random());
      op.between = memory.hold("between", between);
      std::vector<double> tasks(static_cast<std::size_t>(padded(op.trials.batch.envs) * kTaskSize<Env>));
      for (double& x : tasks) x = 0.2 + 0.7 * uniform(memory.random());
      op.tasks = memory.hold("tasks", tasks);
      return op;
    }));
  }
};

}  // namespace

std::vector<OperationCase> operation_cases(CaseSize size) {
  Cases cases{.all = {}, .size = size};
  cases.gradients();
  cases.curvatures<HessianVector<float>>("HessianVector");
  cases.curvatures<FisherVector<float>>("FisherVector");
  cases.tangents();
  cases.advantages();
  cases.values();
  cases.sums();
  cases.step_sizes();
  cases.step_multipliers();
  cases.outer();
  cases.small_ones();
  cases.matrix_products();
  cases.trial_passes();
  using Point = PointNavigation;
  cases.environment<Point>("square", {});
  cases.environment<Point>("corner", {Point::Layout::corner, Point::Reward::sparse, 1.0f, false});
  cases.environment<Bandit>("bernoulli", {});
  cases.environment<Bandit>("gaussian", {7, Bandit::Reward::gaussian});
  cases.environment<CartPole>("default", {});
  cases.environment<WindNavigation>("sparse", {});
  cases.environment<WindNavigation>("dense", {.reward = WindNavigation::Reward::dense});
  cases.environment<GridNavigation>("default", {});
  cases.environment<TabularMdp>("default", {});
  cases.environment<Pendulum>("default", {});
  cases.environment<MountainCar>("default", {});
  cases.environment<Acrobot>("default", {});
  return std::move(cases.all);
}

}  // namespace innerloop
