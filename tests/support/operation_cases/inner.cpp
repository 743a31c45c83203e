// Gradients, curvature, advantages and value networks of the inner steps.
#include "tests/support/operation_cases/cases.h"

namespace innerloop::cases {
namespace {

struct OfInner : Cases {
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
      bool linear, normalize, dice, beyond;
    };
    for (const Form form :
         {Form{"linear_normalised", true, true, false, false}, Form{"raw", false, false, false, false},
          Form{"dice", true, true, true, false}, Form{"dice_without_baseline", false, true, true, false},
          Form{"linear_beyond", true, true, false, true}, Form{"dice_beyond", true, false, true, true}})
      add("Advantages", form.name, [form, p = form.beyond ? deep.beyond() : deep](Buffers& memory) {
        Advantages<float> op;
        op.batch = p.batch(memory);
        op.discount = 0.97f;
        op.gae_lambda = 0.9f;
        op.linear_baseline = form.linear;
        op.normalize = form.normalize;
        op.dice = form.dice;
        return op;
      });
    for (const bool beyond : {false, true})
      add("Advantages", beyond ? "of_values_beyond" : "of_values",
          [p = beyond ? deep.beyond() : deep](Buffers& memory) {
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
    for (const bool beyond : {false, true})
      add("ValueTargets", beyond ? "beyond" : "one", [=, p = beyond ? deep.beyond() : deep](Buffers& memory) {
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
      add("ValuesOfSamples", shared ? "shared_beyond" : "own",
          [=, p = shared ? deep.beyond() : deep](Buffers& memory) {
            const Problem value{policy_of({p.shape.inputs() + 1, 18, 1}, HeadKind::gaussian), p.tasks,
                                p.horizon, p.envs};
            const ValueData<float> of = data(memory, p, true);
            ValuesOfSamples<float> op;
            op.shape = value.shape;
            op.params = value.params(memory, "params", shared);
            op.inputs = of.seen_rows(p.batch(memory));
            op.scale = of.scale;
            op.values = memory.blank("values", p.tasks * p.rows_stride());
            return op;
          });
  }
};

}  // namespace

std::vector<OperationCase> inner(CaseSize size) {
  OfInner c{{{}, size}};
  c.gradients();
  c.curvatures<HessianVector<float>>("HessianVector");
  c.curvatures<FisherVector<float>>("FisherVector");
  c.tangents();
  c.advantages();
  c.values();
  return std::move(c.all);
}

}  // namespace innerloop::cases
