// ∇S(θ; D) of each task, for S = mean over valid samples of a surrogate and of the policy's entropy, plus what ProMP and
// E-MAML add to it.
//
// One team per (task, chunk of rows) writes a partial sum; apply_gradient.h adds them up and divides by the number of
// samples. Formulas: estimators.h, head.h.
#pragma once

#include "kernels/inner/apply_gradient.h"
#include "kernels/inner/estimators.h"
#include "kernels/inner/pass.h"

namespace innerloop {

template <class T>
struct PolicyGradient {
  using Follower = ApplyGradient<T>;

  PolicyShape shape;
  Parameters<T> params;  // θ at which the gradient is taken
  Batch<T> batch;
  Kept<T> kept;  // hidden layers of θ on the batch, or null: computed anew

  EstimatorName estimator = EstimatorName::reinforce;
  T surrogate_weight = 1;                // 0: no surrogate
  T clip = 0;                            // ε of `clipped`
  T entropy_weight = 0;                  // β: weight of the entropy, a part of the surrogate's value
  const T* score_weight = nullptr;       // [task], weight on every sample's lp (E-MAML); null: none
  const T* divergence_weight = nullptr;  // [1], weight on KL(as drawn ‖ θ) (ProMP); null: none
  Parameters<T> drawn_params;            // θ that drew the batch, for that KL

  T* partial = nullptr;  // [slot][chunk][P]; null: only the values are wanted
  T* values = nullptr;   // [task][chunk][kPassValues]; null: not wanted
  const int* enabled = nullptr;

  FN int parts() const { return chunks(batch); }
  template <class Team>
  FN long scratch_bytes() const;
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const;
};

namespace policy_gradient_detail {
template <class T>
struct Buffers {
  Weights<T> weights;
  HeadConstants<T> head, drawn_head;
  GradientSums<T> sums;
  BlockBuffers<T> block;
  BackBuffers<T> back;
  ContextGradient<T> context;
  T* seeds;  // [2·outputs + kPassValues][kBlockRows]: ∂S/∂output, ∂S/∂log_std, values

  FN Buffers(Scratch& scratch, const PolicyShape& shape, bool kept)
      : weights(take_weights<T>(scratch, shape, true)),
        head(take_head_constants<T>(scratch, shape)),
        drawn_head(take_head_constants<T>(scratch, shape)),
        sums(take_gradient_sums<T>(scratch, shape, kPassValues)),
        block(take_block_buffers<T>(scratch, shape, kBlockRows, kept)),
        back(take_back_buffers<T>(scratch, shape, kBlockRows, kept)),
        context(take_context_gradient<T>(scratch, shape)),
        seeds(scratch.take<T>(static_cast<long>(kBlockRows) * sums.row_quantities)) {}
};

// ∂S/∂output and ∂S/∂log_std of each row, and the values. Does not sync.
template <class Team>
TEAM_FN void seed_rows(const Team& team, const PolicyGradient<typename Team::Scalar>& op, int task, int row,
                       const Block<typename Team::Scalar>& block,
                       const Buffers<typename Team::Scalar>& buffers) {
  using T = typename Team::Scalar;
  using L = typename Team::Lane;
  constexpr int stride = kBlockRows;
  const int outputs = op.shape.outputs();
  const Batch<T>& batch = op.batch;
  const long base = static_cast<long>(task) * batch.row_stride + row;
  with_head(op.shape.head, [&](auto head) FN_LAMBDA {
    using Head = decltype(head);
    for (int r = team.rank() * L::lanes; r < round_up(block.rows, kChains); r += team.size() * L::lanes) {
      const auto valid = load<L>(batch.valid + base + r) > L(0);
      const HeadRows<T> rows = head_rows(batch, block, task, row, r);
      L weight(0), surrogate(0), divergence(0);
      if (op.surrogate_weight != T(0)) {
        if (op.estimator == EstimatorName::dice) {
          weight = load<L>(batch.credits + base + r);
          surrogate = load<L>(batch.advantages + base + r);
        } else {
          const L advantage = load<L>(batch.advantages + base + r);
          const L log_prob = Head::template log_prob<L>(buffers.head, rows);
          const L ratio = op.estimator == EstimatorName::reinforce
                              ? L(1)
                              : exp(log_prob - load<L>(batch.log_probs + base + r));
          with_estimator(op.estimator, [&](auto rule) FN_LAMBDA {
            weight = rule.gradient_weight(advantage, ratio, L(op.clip));
            surrogate = rule.value(advantage, log_prob, ratio, L(op.clip));
          });
        }
        weight = weight * op.surrogate_weight;
        surrogate = surrogate * op.surrogate_weight;
      }
      if (op.score_weight != nullptr) {
        weight = weight + L(op.score_weight[task]);
        surrogate = fma(Head::template log_prob<L>(buffers.head, rows), L(op.score_weight[task]), surrogate);
      }
      Head::gradient(buffers.head, rows, weight, [&](int o, L by_output, L by_std) FN_LAMBDA {
        store(buffers.seeds + o * stride + r, select(valid, by_output, L(0)));
        store(buffers.seeds + (outputs + o) * stride + r, select(valid, by_std, L(0)));
      });
      if (op.entropy_weight != T(0)) {
        surrogate = fma(Head::template entropy<L>(buffers.head, rows), L(op.entropy_weight), surrogate);
        Head::entropy_gradient(buffers.head, rows, L(op.entropy_weight),
                               [&](int o, L by_output, L by_std) FN_LAMBDA {
                                 T* output = buffers.seeds + o * stride + r;
                                 T* std = buffers.seeds + (outputs + o) * stride + r;
                                 store(output, load<L>(output) + select(valid, by_output, L(0)));
                                 store(std, load<L>(std) + select(valid, by_std, L(0)));
                               });
      }
      if (op.divergence_weight != nullptr) {
        const T* drawn = batch.outputs + static_cast<long>(task) * outputs * batch.row_stride + row + r;
        divergence =
            Head::template divergence<L>(buffers.head, buffers.drawn_head, rows, drawn, batch.row_stride);
        Head::divergence_gradient(buffers.head, buffers.drawn_head, rows, drawn, batch.row_stride,
                                  L(op.divergence_weight[0]), [&](int o, L by_output, L by_std) FN_LAMBDA {
                                    T* output = buffers.seeds + o * stride + r;
                                    T* std = buffers.seeds + (outputs + o) * stride + r;
                                    store(output, load<L>(output) + select(valid, by_output, L(0)));
                                    store(std, load<L>(std) + select(valid, by_std, L(0)));
                                  });
      }
      store(buffers.seeds + (2 * outputs + kSurrogate) * stride + r, select(valid, surrogate, L(0)));
      store(buffers.seeds + (2 * outputs + kDivergence) * stride + r, select(valid, divergence, L(0)));
    }
  });
}
}  // namespace policy_gradient_detail

// For product(): stores sums times the slope of the activation whose values are `hidden`; both [row][stride].
template <class Team>
struct TimesSlope {
  using V = typename Team::Vector;
  Activation activation;
  const typename Team::Scalar* hidden;
  typename Team::Scalar* to;
  int stride;

  FN void operator()(int m, int n, V sum) const {
    const int i = m * stride + n;
    const V h = load_aligned<V>(hidden + i);
    with_activation(activation,
                    [&](auto act) FN_LAMBDA { store_in_scratch<Team>(to + i, sum * act.slope(h)); });
  }
};

// From ∂/∂output of each row ([output][output_stride]) to the weights' gradient, block by block. Syncs.
template <class Team>
TEAM_FN void backward_block(const Team& team, const PolicyShape& shape,
                            const Weights<typename Team::Scalar>& w,
                            const Block<typename Team::Scalar>& block,
                            const typename Team::Scalar* output_seeds,
                            const BackBuffers<typename Team::Scalar>& back,
                            const typename Team::Scalar* zeros,
                            const GradientSums<typename Team::Scalar>& sums) {
  using T = typename Team::Scalar;
  using V = typename Team::Vector;
  const int head = shape.layers - 1;
  // Layer `head`'s gradient is [output][row]; the layers below it have theirs row by row, [row][padded(width)].
  Left<T> gradient{output_seeds, 1, block.output_stride};
  add_products(team, shape.outputs(), shape.width[head], sums.weight[head],
               Array<Term<T>, 1>{{{{output_seeds, block.output_stride, 1},
                                   {block.hidden[head], padded(shape.width[head])},
                                   block.rows}}});
  for (int l = head; l > 0; --l) {
    const int in = shape.width[l], stride = padded(in);
    T* to = back.at(block, l);
    const T* hidden = block.hidden[l];
    team.sync();  // the layer has served: its place is taken
    product<V>(team, block.rows, stride,
               Array<Term<T>, 1>{{{gradient, {w.transposed[l], stride}, shape.width[l + 1]}}}, {zeros, 0},
               TimesSlope<Team>{shape.activation, hidden, to, stride});
    team.sync();
    const Left<T> entering = block.entering(shape, l - 1);
    add_products(
        team, shape.width[l - 1], in, sums.weight[l - 1],
        Array<Term<T>, 1>{
            {{{entering.data, entering.depth_stride, entering.row_stride}, {to, stride}, block.rows}}});
    add_columns(team, block.rows, in, sums.bias[l - 1], to, padded(in));
    gradient = {to, stride, 1};
  }
  team.sync();
}

template <class T>
template <class Team>
FN long PolicyGradient<T>::scratch_bytes() const {
  Scratch scratch;
  policy_gradient_detail::Buffers<T>(scratch, shape, kept.data != nullptr);
  return scratch.used();
}

template <class T>
template <class Team>
TEAM_FN void PolicyGradient<T>::operator()(const Team& team, const Place& place, Scratch scratch) const {
  const Kept<T> layers = kept_for<Team>(kept);
  const policy_gradient_detail::Buffers<T> b(scratch, shape, layers.data != nullptr);
  const T* theta = params.of(place.task);
  const auto value = [&](int p) FN_LAMBDA { return theta[p]; };
  load_weights(team, shape, value, b.weights);
  add_context(team, shape, value, b.weights);
  load_head_constants(team, shape, b.weights.log_std, b.head);
  if (divergence_weight != nullptr)
    load_head_constants(team, shape, drawn_params.of(place.task) + shape.log_std_offset(), b.drawn_head);
  fill(team, b.block.zeros, padded(shape.widest()), T(0));
  clear(team, shape, b.sums);
  const int end = min_of(batch.rows(), (place.part + 1) * kChunkRows);
  for (int row = place.part * kChunkRows; row < end; row += kBlockRows) {
    const int rows = min_of(kBlockRows, end - row);
    Block<T> block;
    forward_block(team, shape, b.weights, batch, layers, place, b.block, row, rows, block);
    policy_gradient_detail::seed_rows(team, *this, place.task, row, block, b);
    team.sync();
    add_rows(team, rows, b.sums.row_quantities, b.seeds, kBlockRows, b.sums.rows);
    if (partial != nullptr)
      backward_block(team, shape, b.weights, block, b.seeds, b.back, b.block.zeros, b.sums);
    team.sync();
  }
  const long chunk = static_cast<long>(place.slot) * parts() + place.part;
  if (partial != nullptr) {
    store_gradient(team, shape, b.sums, partial + chunk * shape.parameters());
    store_context_gradient(team, shape, value, b.context, partial + chunk * shape.parameters());
  }
  if (values != nullptr)
    for (int i = team.rank(); i < kPassValues; i += team.size())
      values[(static_cast<long>(place.task) * parts() + place.part) * kPassValues + i] =
          close_chains(b.sums.rows + (2 * shape.outputs() + i) * kChains);
}

}  // namespace innerloop
