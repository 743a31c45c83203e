// Steps along a gradient, with step sizes and multipliers that are learned.
#include "tests/support/operation_cases/cases.h"

namespace innerloop::cases {
namespace {

struct OfSteps : Cases {
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
};

}  // namespace

std::vector<OperationCase> steps(CaseSize size) {
  OfSteps c{{{}, size}};
  c.sums();
  c.step_sizes();
  c.step_multipliers();
  return std::move(c.all);
}

}  // namespace innerloop::cases
