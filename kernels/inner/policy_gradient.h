// ∇S(θ; D) of each task, for S = mean over valid samples of a surrogate and of the policy's entropy, plus what ProMP and
// E-MAML add to it. The formulas are in estimators.h and head.h.
#pragma once

#include "kernels/inner/estimators.h"
#include "kernels/inner/pass.h"

namespace innerloop {

template <class T>
struct PolicyObjective : ObjectiveBase {
  Batch<T> batch;

  EstimatorName estimator = EstimatorName::reinforce;
  T surrogate_weight = 1;                // 0: no surrogate
  T clip = 0;                            // ε of `clipped`
  T entropy_weight = 0;                  // β: weight of the entropy, a part of the surrogate's value
  const T* score_weight = nullptr;       // [task], weight on every sample's lp (E-MAML); null: none
  const T* divergence_weight = nullptr;  // [1], weight on KL(as drawn ‖ θ) (ProMP); null: none
  Parameters<T> drawn_params;            // θ that drew the batch, for that KL

  static constexpr int kValues = kPassValues;

  struct Prepared {
    HeadConstants<T> drawn_head;
  };
  FN static Prepared take(Scratch& scratch, const PolicyShape& shape) {
    return {take_head_constants<T>(scratch, shape)};
  }
  template <class Team>
  FN void prepare(const Team& team, const PolicyShape& shape, int task, const Prepared& prepared) const {
    if (divergence_weight != nullptr)
      load_head_constants(team, shape, drawn_params.of(task) + shape.log_std_offset(), prepared.drawn_head);
  }

  template <class L>
  FN void seed(const PassRows<L>& at, const Prepared& prepared) const {
    with_head(at.head_kind, [&](auto head) FN_LAMBDA { seed_head<decltype(head)>(at, prepared); });
  }

 private:
  template <class Head, class L>
  FN void seed_head(const PassRows<L>& at, const Prepared& prepared) const {
    const auto of_rows = [&](const T* numbers)
                             FN_LAMBDA { return load<L>(at.of(numbers, batch.row_stride)); };
    const HeadRows<T> rows =
        at.with_actions(batch.actions, batch.row_stride, batch.action_size, batch.allowed);
    L weight(0), surrogate(0), divergence(0);
    if (surrogate_weight != T(0)) {
      if (estimator == EstimatorName::dice) {
        weight = of_rows(batch.credits);
        surrogate = of_rows(batch.advantages);
      } else {
        const L advantage = of_rows(batch.advantages);
        const L log_prob = Head::template log_prob<L>(at.head, rows);
        const L ratio =
            estimator == EstimatorName::reinforce ? L(1) : exp(log_prob - of_rows(batch.log_probs));
        with_estimator(estimator, [&](auto rule) FN_LAMBDA {
          weight = rule.gradient_weight(advantage, ratio, L(clip));
          surrogate = rule.value(advantage, log_prob, ratio, L(clip));
        });
      }
      weight = weight * surrogate_weight;
      surrogate = surrogate * surrogate_weight;
    }
    if (score_weight != nullptr) {
      const L score(score_weight[at.task]);
      weight = weight + score;
      surrogate = fma(Head::template log_prob<L>(at.head, rows), score, surrogate);
    }
    const auto add = [&](int o, L by_output, L by_std) FN_LAMBDA { at.add_seed(o, by_output, by_std); };
    Head::gradient(at.head, rows, weight,
                   [&](int o, L by_output, L by_std) FN_LAMBDA { at.seed(o, by_output, by_std); });
    if (entropy_weight != T(0)) {
      surrogate = fma(Head::template entropy<L>(at.head, rows), L(entropy_weight), surrogate);
      Head::entropy_gradient(at.head, rows, L(entropy_weight), add);
    }
    if (divergence_weight != nullptr) {
      const T* drawn = at.of(batch.outputs, batch.row_stride, at.head.outputs);
      divergence = Head::template divergence<L>(at.head, prepared.drawn_head, rows, drawn, batch.row_stride);
      Head::divergence_gradient(at.head, prepared.drawn_head, rows, drawn, batch.row_stride,
                                L(divergence_weight[0]), add);
    }
    at.value(kSurrogate, surrogate);
    at.value(kDivergence, divergence);
  }
};

template <class T>
using PolicyGradient = NetworkPass<T, PolicyObjective<T>>;

}  // namespace innerloop
