// Products of curvature with a vector, without ever forming a matrix (Pearlmutter 1994).
//
// HessianVector is H·u with H = ∇²S(θ; D) and u = α∘v, the exact second-order term of an inner step θ + α∘∇S. A tangent
// pass carries the derivative along u through the network; the backward pass then carries values and tangents together.
// FisherVector is F·u, where F is the curvature of the mean KL(π_θ ‖ ·) at θ (the metric of TRPO, Schulman et al. 2015).
// TangentLogProb is d = ∇lp·u of each sample, which DiCE first needs for whole trajectories.
#pragma once

#include "kernels/inner/apply_gradient.h"
#include "kernels/inner/estimators.h"
#include "kernels/inner/step_size.h"
#include "kernels/networks/blocks.h"
#include "kernels/networks/context.h"
#include "kernels/networks/head.h"
#include "kernels/products/called_product.h"

namespace innerloop {

// The direction u of each task: scale∘vector, or the vector alone where no scale is given.
template <class T>
struct Direction {
  Parameters<T> vector;
  StepSize<T> scale;

  struct OfTask {
    const T* vector;
    StepSize<T> scale;

    FN T operator()(int p) const { return scale.data == nullptr ? vector[p] : scale.of(p) * vector[p]; }
  };
  FN OfTask of(int task) const { return {vector.of(task), scale}; }
};

// Which curvature it is: of the objective, or of the mean KL divergence.
struct Hessian {};
struct Fisher {};

template <class T, class Kind>
struct CurvatureVector {
  using Follower = ApplyGradient<T>;

  PolicyShape shape;
  Parameters<T> params;
  Batch<T> batch;
  Kept<T> kept;
  Direction<T> direction;

  EstimatorName estimator = EstimatorName::reinforce;  // for the Hessian alone, as are the next three
  T clip = 0;
  T entropy_weight = 0;      // as in PolicyObjective
  const T* score = nullptr;  // [task][row_stride]  DiCE's weight on ∇lp (dice.h); null for other estimators

  T* partial = nullptr;  // [slot][chunk][P]
  int block_rows = kBlockRows;

  FN int parts() const { return chunks(batch.rows()); }
  template <class Team>
  FN long scratch_bytes() const;
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const;
};
template <class T>
using HessianVector = CurvatureVector<T, Hessian>;
template <class T>
using FisherVector = CurvatureVector<T, Fisher>;

template <class T>
struct TangentLogProb {
  PolicyShape shape;
  Parameters<T> params;
  Batch<T> batch;
  Kept<T> kept;
  Direction<T> direction;
  T* tangents = nullptr;  // [task][row_stride]
  int block_rows = kBlockRows;

  FN int parts() const { return chunks(batch.rows()); }
  template <class Team>
  FN long scratch_bytes() const;
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const;
};

namespace curvature_detail {
// The rows' own numbers for the head, from row r of a block that starts at `row`.
template <class T>
FN HeadRows<T> head_rows(const Batch<T>& batch, int outputs, const Block<T>& block, int task, int row,
                         int r) {
  HeadRows<T> rows{block.outputs + r, block.output_stride,
                   batch.actions + static_cast<long>(task) * batch.action_size * batch.row_stride + row + r,
                   batch.row_stride};
  if (batch.allowed == nullptr) return rows;
  rows.allowed = batch.allowed + static_cast<long>(task) * mask_words(outputs) * batch.row_stride + row + r;
  rows.allowed_stride = batch.row_stride;
  return rows;
}

// Tangents of a block along u: hidden layers and outputs, laid out like the block's own.
template <class T>
struct Tangents {
  T* hidden[kMaxLayers];
  T* outputs;
};

template <class T>
struct Buffers {
  Weights<T> weights, direction;
  HeadConstants<T> head;
  BlockBuffers<T> block;
  Tangents<T> tangents;

  FN Buffers(Scratch& scratch, const PolicyShape& shape, int block_rows, bool kept)
      : weights(take_weights<T>(scratch, shape, true)),
        direction(take_weights<T>(scratch, shape, true)),
        head(take_head_constants<T>(scratch, shape)),
        block(take_block_buffers<T>(scratch, shape, block_rows, kept)) {
    for (int l = 1; l < shape.layers; ++l)
      tangents.hidden[l] = scratch.take<T>(static_cast<long>(block_rows) * padded(shape.width[l]));
    tangents.outputs = scratch.take<T>(static_cast<long>(block_rows) * shape.outputs());
    if (shape.layers == 1) tangents.hidden[1] = tangents.outputs;  // stands in terms of depth 0
  }
};

template <class Team, class T = typename Team::Scalar>
TEAM_FN void load(const Team& team, const PolicyShape& shape, const T* theta,
                  const typename Direction<T>::OfTask& direction, Buffers<T>& b) {
  if (shape.symbols > 0) {
    const long at = shape.symbol_offset();
    const StepSize<T>& scale = direction.scale;
    b.weights.symbols = {theta + at};
    b.direction.symbols = {direction.vector + at,
                           scale.data == nullptr ? nullptr : scale.data + at * scale.stride, scale.stride};
  }
  const ValuesAt<T> value{theta};
  load_weights(team, shape, value, b.weights);
  load_weights(team, shape, direction, b.direction);
  add_context(team, shape, value, b.weights);
  add_context_tangent(team, shape, value, direction, b.direction);
  load_head_constants(team, shape, b.weights.log_std, b.head);
}

// Fills in the block of rows [row, row + rows) of a task, as forward_block does, and its tangent: the derivative of the
// forward pass along u, ḣ_l = act′(h_l) ∘ (ḣ_{l−1}·W + h_{l−1}·U + u_bias). Syncs.
template <class Team>
TEAM_FN void forward_and_tangent(const Team& team, const PolicyShape& shape,
                                 const Buffers<typename Team::Scalar>& b,
                                 const Batch<typename Team::Scalar>& batch,
                                 const Kept<typename Team::Scalar>& kept, const Place& place, int row,
                                 int rows, Block<typename Team::Scalar>& block) {
  using T = typename Team::Scalar;
  using V = typename Team::Vector;
  begin_block(team, shape, batch.inputs(), kept, place, b.block, row, rows, block);
  clear_rest(team, shape, rows, b.tangents.outputs, block.output_stride);
  const bool computed = kept.data == nullptr;
  const int head = shape.layers - 1;
  for (int l = 0; l < head; ++l) {
    const int in = shape.width[l], stride = padded(shape.width[l + 1]);
    const Right<T> weights{b.weights.weight[l], stride}, direction{b.direction.weight[l], stride};
    T *const hidden = block.hidden[l + 1], *const moved = b.tangents.hidden[l + 1];
    Start<T> bias{b.weights.bias[l], 0};
    if (computed) bias = start_of_layer(team, shape, l, b.weights.symbols, b.weights.bias[l], block, hidden);
    const Start<T> bias_moved =
        start_of_layer(team, shape, l, b.direction.symbols, b.direction.bias[l], block, moved);
    if (l == 0) {  // the inputs do not move along u
      if (computed)
        product<V>(team, rows, stride, Array<Term<T>, 1>{{{block.inputs, weights, in}}}, bias, hidden,
                   stride);
      product<V>(team, rows, stride, Array<Term<T>, 1>{{{block.inputs, direction, in}}}, bias_moved, moved,
                 stride);
    } else {
      const TangentTerm<T> term{
          block.entering(shape, l), {b.tangents.hidden[l], padded(in), 1}, weights, direction, in};
      if (computed)
        product_and_tangent<V>(team, rows, stride, term, bias, bias_moved,
                               [=](int m, int n, V sum, V tangent) FN_LAMBDA {
                                 store_in_scratch<Team>(hidden + m * stride + n, sum);
                                 store_in_scratch<Team>(moved + m * stride + n, tangent);
                               });
      else
        tangent_product<V>(team, rows, stride, term, bias_moved, StoreSums<Team>{opaque(moved), stride});
    }
    team.sync();
    with_activation(shape.activation, [&](auto activation) FN_LAMBDA {
      for_vectors(team, rows * stride, [&](int i) FN_LAMBDA {
        T *const at = hidden + i, *const moved_at = moved + i;
        V h = load_aligned<V>(at);
        if (computed) {
          h = activation.value(h);
          store_aligned(at, h);
        }
        store_aligned(moved_at, load_aligned<V>(moved_at) * activation.slope(h));
      });
    });
    team.sync();
  }
  forward_head(team, shape, b.weights, block);
  const int in = shape.width[head];
  const Left<T> moved{b.tangents.hidden[head > 0 ? head : 1], padded(in), 1};
  const Array<HeadTerm<T>, 2> terms{
      {{moved, b.weights.weight[head], b.weights.transposed[head], head > 0 ? in : 0},
       {block.entering(shape, head), b.direction.weight[head], b.direction.transposed[head], in}}};
  head_product(team, shape, block, b.direction.bias[head], terms, b.tangents.outputs);
}

// Seeds each row with the tangents of ∂S/∂output and ∂S/∂log_std and, for the Hessian, with ∂S/∂output itself.
// Does not sync.
template <class Team, class Kind>
TEAM_FN void seed_rows(const Team& team, const CurvatureVector<typename Team::Scalar, Kind>& op, int task,
                       int row, const Block<typename Team::Scalar>& block,
                       const Buffers<typename Team::Scalar>& b, typename Team::Scalar* tangent_seeds,
                       typename Team::Scalar* seeds) {
  using L = typename Team::Lane;
  const int stride = op.block_rows;
  const int outputs = op.shape.outputs();
  const auto& batch = op.batch;
  const long base = static_cast<long>(task) * batch.row_stride + row;
  with_head(op.shape.head, [&](auto head) FN_LAMBDA {
    using Head = decltype(head);
    for (int r = team.rank() * L::lanes; r < round_up(block.rows, kChains); r += team.size() * L::lanes) {
      const auto valid = innerloop::load<L>(batch.valid + base + r) > L(0);
      const auto rows = head_rows(batch, outputs, block, task, row, r);
      const auto* moved = b.tangents.outputs + r;
      if constexpr (std::is_same_v<Kind, Fisher>) {
        Head::metric(b.head, rows, moved, b.direction.log_std, L(1),
                     [&](int o, L by_output, L by_std) FN_LAMBDA {
                       store(tangent_seeds + o * stride + r, select(valid, by_output, L(0)));
                       store(tangent_seeds + (outputs + o) * stride + r, select(valid, by_std, L(0)));
                     });
      } else {
        L weight(0), score(0);
        if (op.estimator == EstimatorName::dice) {
          weight = innerloop::load<L>(batch.credits + base + r);
          score = innerloop::load<L>(op.score + base + r);
        } else {
          const L advantage = innerloop::load<L>(batch.advantages + base + r);
          L ratio(1);
          if (op.estimator != EstimatorName::reinforce)
            ratio = exp(Head::template log_prob<L>(b.head, rows) -
                        innerloop::load<L>(batch.log_probs + base + r));
          with_estimator(op.estimator, [&](auto rule) FN_LAMBDA {
            weight = rule.gradient_weight(advantage, ratio, L(op.clip));
            score = rule.curvature_weight(advantage, ratio, L(op.clip));
          });
          if (op.estimator != EstimatorName::reinforce)
            score = score * Head::template tangent<L>(b.head, rows, moved, b.direction.log_std);
        }
        Head::curvature(b.head, rows, moved, b.direction.log_std, weight, score,
                        [&](int o, L by_output, L by_std, L gradient) FN_LAMBDA {
                          store(tangent_seeds + o * stride + r, select(valid, by_output, L(0)));
                          store(tangent_seeds + (outputs + o) * stride + r, select(valid, by_std, L(0)));
                          store(seeds + o * stride + r, select(valid, gradient, L(0)));
                        });
        if (op.entropy_weight != 0)
          Head::entropy_curvature(b.head, rows, moved, b.direction.log_std, L(op.entropy_weight),
                                  [&](int o, L gradient, L tangent, L std_tangent) FN_LAMBDA {
                                    const auto add = [&](typename Team::Scalar* to, L x) FN_LAMBDA {
                                      store(to, innerloop::load<L>(to) + select(valid, x, L(0)));
                                    };
                                    add(seeds + o * stride + r, gradient);
                                    add(tangent_seeds + o * stride + r, tangent);
                                    add(tangent_seeds + (outputs + o) * stride + r, std_tangent);
                                  });
      }
    }
  });
}

// Goes back through a block with gradients and their tangents together. Only the tangents are summed and, where there is a
// context, the gradients at the first layer's bias and weights. Syncs.
// With G the gradient entering a layer from above and q = G·Wᵀ: G′ = q∘s, Ġ′ = (Ġ·Wᵀ + G·Uᵀ)∘s + q∘ṡ.
template <class Team>
TEAM_FN void backward_tangents(const Team& team, const PolicyShape& shape,
                               const Buffers<typename Team::Scalar>& b,
                               const Block<typename Team::Scalar>& block,
                               const typename Team::Scalar* tangent_seeds, const typename Team::Scalar* seeds,
                               const BackBuffers<typename Team::Scalar>& back,
                               const GradientSums<typename Team::Scalar>& sums,
                               const ContextCurvature<typename Team::Scalar>& context) {
  using T = typename Team::Scalar;
  using V = typename Team::Vector;
  const int seed_stride = block.output_stride;
  const int head = shape.layers - 1, last = padded(shape.width[head]);
  if (head == 0)
    add_products(
        team, shape.outputs(), shape.width[head], sums.weight[head],
        Array<Term<T>, 1>{{{{tangent_seeds, seed_stride, 1}, {block.hidden[head], last}, block.rows}}});
  else
    add_tangent_products(team, shape.outputs(), shape.width[head], sums.weight[head],
                         {{tangent_seeds, seed_stride, 1},
                          {seeds, seed_stride, 1},
                          {b.tangents.hidden[head], last},
                          {block.hidden[head], last},
                          block.rows});
  Left<T> gradient{seeds, 1, seed_stride}, tangent{tangent_seeds, 1, seed_stride};
  for (int l = head; l > 0; --l) {
    const int in = shape.width[l], out = shape.width[l + 1], stride = padded(in);
    const T* hidden = block.hidden[l];
    T* to = back.at(block, l);
    T* tangent_to = b.tangents.hidden[l];  // in its own place, as the gradient in the layer's
    const auto times_slopes = [=, name = shape.activation](int m, int n, V sum, V sum_tangent) FN_LAMBDA {
      const int i = m * stride + n;
      const V h = load_aligned<V>(hidden + i), moved = load_aligned<V>(tangent_to + i);
      with_activation(name, [&](auto activation) FN_LAMBDA {
        const V slope = activation.slope(h), by_slope = activation.slope_tangent(h, moved);
        store_in_scratch<Team>(tangent_to + i, fma(sum, by_slope, sum_tangent * slope));
        store_in_scratch<Team>(to + i, sum * slope);
      });
    };
    team.sync();  // the layer has served: its place is taken
    const Start<T> zeros{b.block.zeros, 0};
    product_and_tangent<V>(
        team, block.rows, stride,
        {gradient, tangent, {b.weights.transposed[l], stride}, {b.direction.transposed[l], stride}, out},
        zeros, zeros, times_slopes);
    team.sync();
    const Left<T> entering = block.entering(shape, l - 1);
    const Left<T> columns{entering.data, entering.depth_stride, entering.row_stride};
    if (l == 1)
      add_products(team, shape.inputs(), in, sums.weight[0],
                   Array<Term<T>, 1>{{{columns, {tangent_to, stride}, block.rows}}});
    else
      add_tangent_products(team, shape.width[l - 1], in, sums.weight[l - 1],
                           {columns,
                            {b.tangents.hidden[l - 1], 1, padded(shape.width[l - 1])},
                            {to, stride},
                            {tangent_to, stride},
                            block.rows});
    add_columns(team, block.rows, in, sums.bias[l - 1], tangent_to, padded(in));
    if (l == 1 && shape.symbols > 0)
      add_symbol_gradient(team, shape.symbol_table(), block.rows, block.symbols, tangent_to, stride,
                          sums.symbols);
    if (l == 1 && context.bias != nullptr) add_columns(team, block.rows, in, context.bias, to, padded(in));
    if (l == 1 && context.weight != nullptr)
      add_products(team, shape.inputs(), in, context.weight,
                   Array<Term<T>, 1>{{{columns, {to, stride}, block.rows}}});
    gradient = {to, stride, 1};
    tangent = {tangent_to, stride, 1};
  }
  team.sync();
}

template <class T>
struct BackwardBuffers {
  GradientSums<T> sums;
  T *tangent_seeds, *seeds;  // [2·outputs][block_rows], [outputs][block_rows]
  BackBuffers<T> back;
  ContextGradient<T> context;
  ContextCurvature<T> context_curvature;

  FN BackwardBuffers(Scratch& scratch, const PolicyShape& shape, int block_rows, bool kept)
      : sums(take_gradient_sums<T>(scratch, shape, 0)),
        tangent_seeds(scratch.take<T>(2L * shape.outputs() * block_rows)),
        seeds(scratch.take<T>(static_cast<long>(shape.outputs()) * block_rows)),
        back(take_back_buffers<T>(scratch, shape, block_rows, kept)),
        context(take_context_gradient<T>(scratch, shape)),
        context_curvature(take_context_curvature<T>(scratch, shape)) {}
};
}  // namespace curvature_detail

template <class T, class Kind>
template <class Team>
FN long CurvatureVector<T, Kind>::scratch_bytes() const {
  Scratch scratch;
  const bool keeps = kept.data != nullptr;
  curvature_detail::Buffers<T>(scratch, shape, block_rows, keeps);
  curvature_detail::BackwardBuffers<T>(scratch, shape, block_rows, keeps);
  return scratch.used();
}

template <class T, class Kind>
template <class Team>
TEAM_FN void CurvatureVector<T, Kind>::operator()(const Team& inlining, const Place& place,
                                                  Scratch scratch) const {
  const CallsProducts<Team> team(inlining);
  const Kept<T> layers = kept_for<Team>(kept);
  const bool keeps = layers.data != nullptr;
  curvature_detail::Buffers<T> b(scratch, shape, block_rows, keeps);
  curvature_detail::BackwardBuffers<T> backward(scratch, shape, block_rows, keeps);
  T* const to = partial + (static_cast<long>(place.slot) * parts() + place.part) * shape.parameters();
  if (shape.symbols > 0) backward.sums.symbols = to + shape.symbol_offset();
  curvature_detail::load(team, shape, params.of(place.task), direction.of(place.task), b);
  fill(team, b.block.zeros, padded(shape.widest()), T(0));
  if (shape.context > 0) fill(team, backward.context_curvature.bias, padded(shape.width[1]), T(0));
  if (shape.film())
    fill(team, backward.context_curvature.weight, static_cast<long>(shape.inputs()) * padded(shape.width[1]),
         T(0));
  clear(team, shape, backward.sums);
  int row = place.part * kChunkRows;
  for (int left = min_of(batch.rows() - row, kChunkRows); left > 0; left -= block_rows, row += block_rows) {
    const int rows = min_of(block_rows, left);
    Block<T> block;
    curvature_detail::forward_and_tangent(team, shape, b, batch, layers, place, row, rows, block);
    curvature_detail::seed_rows(team, *this, place.task, row, block, b, backward.tangent_seeds,
                                backward.seeds);
    team.sync();
    add_rows(team, rows, backward.sums.row_quantities, backward.tangent_seeds, block_rows,
             backward.sums.rows);
    if constexpr (std::is_same_v<Kind, Hessian>)
      curvature_detail::backward_tangents(team, shape, b, block, backward.tangent_seeds, backward.seeds,
                                          backward.back, backward.sums, backward.context_curvature);
    else
      backward_block(team, shape, b.weights, block, backward.tangent_seeds, backward.back, b.block.zeros,
                     backward.sums);
    team.sync();
  }
  const ValuesAt<T> value{params.of(place.task)};
  store_gradient(team, shape, backward.sums, to);
  store_context_gradient(team, shape, value, backward.context, to);
  if constexpr (std::is_same_v<Kind, Hessian>)
    add_context_curvature(team, shape, value, direction.of(place.task), backward.context,
                          backward.context_curvature, to);
}

template <class T>
template <class Team>
FN long TangentLogProb<T>::scratch_bytes() const {
  Scratch scratch;
  curvature_detail::Buffers<T>(scratch, shape, block_rows, kept.data != nullptr);
  return scratch.used();
}

template <class T>
template <class Team>
TEAM_FN void TangentLogProb<T>::operator()(const Team& inlining, const Place& place, Scratch scratch) const {
  const CallsProducts<Team> team(inlining);
  using L = typename Team::Lane;
  const Kept<T> layers = kept_for<Team>(kept);
  curvature_detail::Buffers<T> b(scratch, shape, block_rows, layers.data != nullptr);
  curvature_detail::load(team, shape, params.of(place.task), direction.of(place.task), b);
  int row = place.part * kChunkRows;
  for (int left = min_of(batch.rows() - row, kChunkRows); left > 0; left -= block_rows, row += block_rows) {
    const int rows = min_of(block_rows, left);
    Block<T> block;
    curvature_detail::forward_and_tangent(team, shape, b, batch, layers, place, row, rows, block);
    with_head(shape.head, [&](auto head) FN_LAMBDA {
      using Head = decltype(head);
      for (int r = team.rank() * L::lanes; r < rows; r += team.size() * L::lanes) {
        const L d = Head::template tangent<L>(
            b.head, curvature_detail::head_rows(batch, shape.outputs(), block, place.task, row, r),
            b.tangents.outputs + r, b.direction.log_std);
        store_first(tangents + static_cast<long>(place.task) * batch.row_stride + row + r, d, rows - r);
      }
    });
    team.sync();
  }
}

}  // namespace innerloop
