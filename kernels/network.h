// The network inside a team: weights in scratch memory, forward pass, backward pass, and the tangents of both.
//
// A block of rows passes through together. Hidden layers are row-major, [row][padded(width)]; the head's outputs and
// everything that belongs to single rows are [quantity][row], so that the head's formulas run over packs of rows.
#pragma once

#include "kernels/array.h"
#include "kernels/maths.h"
#include "kernels/policy.h"
#include "kernels/product.h"

namespace innerloop {

// Copies of the weights for the products; padding is zero.
template <class T>
struct Weights {
  T* weight[kMaxLayers];      // [in][padded(out)]
  T* transposed[kMaxLayers];  // [out][padded(in)]
  T* bias[kMaxLayers];        // [padded(out)]
  T* log_std;                 // [outputs]
};

template <class T>
FN Weights<T> take_weights(Scratch& scratch, const PolicyShape& shape, bool transposed) {
  Weights<T> w;
  for (int l = 0; l < shape.layers; ++l) {
    const int in = shape.width[l], out = shape.width[l + 1];
    w.weight[l] = scratch.take<T>(static_cast<long>(in) * padded(out));
    w.transposed[l] = transposed && l > 0 ? scratch.take<T>(static_cast<long>(out) * padded(in)) : nullptr;
    w.bias[l] = scratch.take<T>(padded(out));
  }
  w.log_std = scratch.take<T>(shape.outputs());
  return w;
}

// Fills `w` with value(p) for each parameter p. Syncs.
template <class Team, class Value>
TEAM_FN void load_weights(const Team& team, const PolicyShape& shape, const Value& value,
                          const Weights<typename Team::Scalar>& w) {
  using T = typename Team::Scalar;
  for (int l = 0; l < shape.layers; ++l) {
    const int in = shape.width[l], out = shape.width[l + 1], stride = padded(out),
              at = shape.weight_offset(l);
    // The bias follows the weights: row `in`.
    for (int i = team.rank(); i <= in; i += team.size()) {
      T* row = i < in ? w.weight[l] + static_cast<long>(i) * stride : w.bias[l];
      for (int o = 0; o < out; ++o) row[o] = value(at + i * out + o);
      for (int o = out; o < stride; ++o) row[o] = 0;
    }
  }
  if (shape.head == HeadKind::gaussian)
    for (int o = team.rank(); o < shape.outputs(); o += team.size())
      w.log_std[o] = value(shape.log_std_offset() + o);
  team.sync();
  for (int l = 1; l < shape.layers; ++l) {
    if (w.transposed[l] == nullptr) continue;
    const int in = shape.width[l], stride = padded(in);
    for (int o = team.rank(); o < shape.width[l + 1]; o += team.size()) {
      T* row = w.transposed[l] + static_cast<long>(o) * stride;
      for (int i = 0; i < in; ++i) row[i] = w.weight[l][i * padded(shape.width[l + 1]) + o];
      for (int i = in; i < stride; ++i) row[i] = 0;
    }
  }
  team.sync();
}

// Rows of one block: where its inputs and hidden layers are.
template <class T>
struct Block {
  int rows;
  Left<T> inputs;         // [row][input] by strides
  T* hidden[kMaxLayers];  // hidden[l], 1 <= l < layers: [row][padded(width[l])]
  T* outputs;             // [output][output_stride]
  int output_stride;
  T* head_rows;  // [row][padded(outputs)], on the outputs' way

  // The numbers that enter layer l.
  FN Left<T> entering(const PolicyShape& shape, int l) const {
    return l == 0 ? inputs : Left<T>{hidden[l], padded(shape.width[l]), 1};
  }
};

// Activations: value, and the slope from the value h.
struct Tanh {
  template <class P>
  FN static P value(P x) {
    return tanh(x);
  }
  template <class P>
  FN static P slope(P h) {
    return fma(-h, h, P(1));
  }
  // Derivative of the slope, by ḣ: −2hḣ.
  template <class P>
  FN static P slope_tangent(P h, P moved) {
    return (h * P(-2)) * moved;
  }
};
struct Relu {
  template <class P>
  FN static P value(P x) {
    return max(x, P(0));
  }
  template <class P>
  FN static P slope(P h) {
    return select(h > P(0), P(1), P(0));
  }
  template <class P>
  FN static P slope_tangent(P, P) {
    return P(0);
  }
};
template <class F>
FN void with_activation(Activation activation, const F& f) {
  if (activation == Activation::tanh)
    f(Tanh{});
  else
    f(Relu{});
}

// at(i) for each vector i, i + lanes, … of `count` numbers.
template <class Team, class At>
FN void for_vectors(const Team& team, int count, const At& at) {
  using V = typename Team::Vector;
  for (int i = team.rank() * V::lanes; i < count; i += team.size() * V::lanes) at(i);
}

// Σ of the terms for the head's outputs of a block, stored [output][row]. Few outputs use narrow vectors. Syncs.
template <class Team, class Terms>
TEAM_FN void head_product(const Team& team, const PolicyShape& shape,
                          const Block<typename Team::Scalar>& block, const typename Team::Scalar* bias,
                          const Terms& terms, typename Team::Scalar* to) {
  using T = typename Team::Scalar;
  const int outputs = shape.outputs(), stride = padded(outputs);
  if (Team::Vector::lanes > 4 && outputs <= 4)
    product<Pack<T, 4>, 1>(team, block.rows, outputs, terms, {bias, 0}, block.head_rows, stride);
  else
    product<typename Team::Vector>(team, block.rows, stride, terms, {bias, 0}, block.head_rows, stride);
  team.sync();
  for (int r = team.rank(); r < block.rows; r += team.size())
    for (int o = 0; o < outputs; ++o)
      to[static_cast<long>(o) * block.output_stride + r] = block.head_rows[r * stride + o];
  team.sync();
}

// Hidden layers of a block. Syncs.
template <class Team>
TEAM_FN void forward_hidden(const Team& team, const PolicyShape& shape,
                            const Weights<typename Team::Scalar>& w,
                            const Block<typename Team::Scalar>& block) {
  using T = typename Team::Scalar;
  using V = typename Team::Vector;
  for (int l = 0; l + 1 < shape.layers; ++l) {
    const int stride = padded(shape.width[l + 1]);
    const Array<Term<T>, 1> terms{{{block.entering(shape, l), {w.weight[l], stride}, shape.width[l]}}};
    T* to = block.hidden[l + 1];
    product<V>(team, block.rows, stride, terms, {w.bias[l], 0}, to, stride);
    team.sync();
    with_activation(shape.activation, [&](auto activation) FN_LAMBDA {
      for_vectors(team, block.rows * stride,
                  [&](int i) FN_LAMBDA { store_aligned(to + i, activation.value(load_aligned<V>(to + i))); });
    });
    team.sync();
  }
}

// The head's outputs of a block, from its last hidden layer. Syncs.
template <class Team>
TEAM_FN void forward_head(const Team& team, const PolicyShape& shape, const Weights<typename Team::Scalar>& w,
                          const Block<typename Team::Scalar>& block) {
  using T = typename Team::Scalar;
  const int l = shape.layers - 1;
  const Array<Term<T>, 1> terms{
      {{block.entering(shape, l), {w.weight[l], padded(shape.outputs())}, shape.width[l]}}};
  head_product(team, shape, block, w.bias[l], terms, block.outputs);
}

}  // namespace innerloop
