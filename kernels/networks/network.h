// The network inside a team: weights in scratch memory, forward pass, backward pass, and the tangents of both.
//
// A block of rows passes through together. Hidden layers are row-major, [row][padded(width)]; the head's outputs and
// everything that belongs to single rows are [quantity][row], so that the head's formulas run over packs of rows.
#pragma once

#include "kernels/lanes/array.h"
#include "kernels/lanes/cells.h"
#include "kernels/lanes/maths.h"
#include "kernels/networks/shape.h"
#include "kernels/networks/symbols.h"
#include "kernels/products/dot_products.h"
#include "kernels/products/product.h"

namespace innerloop {

// Copies of the weights for the products; padding is zero. Null where no product asks for one.
template <class T>
struct Weights {
  T* weight[kMaxLayers];      // [in][padded(out)]; null for a narrow head
  T* transposed[kMaxLayers];  // [out][padded(in)]; for the way back, and always for a narrow head
  T* bias[kMaxLayers];        // [padded(out)]
  T* log_std;                 // [outputs]
  SymbolWeights<T> symbols;   // the first layer's, not copied: whoever loads the weights says where they are
};

template <class T>
FN Weights<T> take_weights(Scratch& scratch, const PolicyShape& shape, bool way_back) {
  Weights<T> w;
  for (int l = 0; l < shape.layers; ++l) {
    const int in = shape.width[l], out = shape.width[l + 1];
    const bool narrow = l + 1 == shape.layers && shape.narrow_head();
    w.weight[l] = narrow ? nullptr : scratch.take<T>(static_cast<long>(in) * padded(out));
    w.transposed[l] =
        narrow || (way_back && l > 0) ? scratch.take<T>(static_cast<long>(out) * padded(in)) : nullptr;
    w.bias[l] = scratch.take<T>(padded(out));
  }
  w.log_std = scratch.take<T>(shape.outputs());
  return w;
}

// The parameters as they lie, for what is handed value(p).
template <class T>
struct ValuesAt {
  const T* numbers;

  FN T operator()(int p) const { return numbers[p]; }
};

// Fills `w` with value(p) for each parameter p. Syncs.
template <class Team, class Value>
TEAM_FN void load_weights(const Team& team, const PolicyShape& shape, const Value& value,
                          const Weights<typename Team::Scalar>& w) {
  using T = typename Team::Scalar;
  for (int l = 0; l < shape.layers; ++l) {
    const int in = shape.width[l], out = shape.width[l + 1], stride = padded(out),
              at = shape.weight_offset(l), first = w.weight[l] == nullptr ? in : 0;
    // The bias follows the weights: row `in`.
    const auto row = [&](int i) FN_LAMBDA {
      return i == in ? w.bias[l] : w.weight[l] + static_cast<long>(i) * stride;
    };
    for_cells(team, in + 1 - first, out,
              [&](int i, int o) FN_LAMBDA { row(first + i)[o] = value(at + (first + i) * out + o); });
    for_cells(team, in + 1 - first, stride - out,
              [&](int i, int o) FN_LAMBDA { row(first + i)[out + o] = 0; });
  }
  if (shape.head == HeadKind::gaussian)
    for (int o = team.rank(); o < shape.outputs(); o += team.size())
      w.log_std[o] = value(shape.log_std_offset() + o);
  team.sync();
  for (int l = 0; l < shape.layers; ++l) {
    T* const transposed = w.transposed[l];
    if (transposed == nullptr) continue;
    const int in = shape.width[l], out = shape.width[l + 1], stride = padded(in);
    for_cells(team, out, in, [&](int row, int i) FN_LAMBDA {
      // Threads take a diagonal: along a row or a column half of the accesses would meet in one bank of shared memory.
      const int o = team.size() == 1 ? row : (row + i) % out;
      transposed[static_cast<long>(o) * stride + i] = w.weight[l] == nullptr
                                                          ? value(shape.weight_offset(l) + i * out + o)
                                                          : w.weight[l][i * padded(out) + o];
    });
    for_cells(team, out, stride - in,
              [&](int o, int i) FN_LAMBDA { transposed[static_cast<long>(o) * stride + in + i] = 0; });
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
  T* head_rows;  // [row][padded(outputs)], on the way of a wide head's outputs
  SeenSymbols<T> symbols;

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

// A product that the head adds up: rows from below, and the weights of whoever they meet.
template <class T>
struct HeadTerm {
  Left<T> left;
  const T* weight;      // [in][padded(outputs)], of Weights
  const T* transposed;  // [outputs][padded(in)], of Weights
  int depth;            // in, or 0: a term that is not there
};

// bias + Σ of the terms for the head's outputs of a block, stored [output][row]. Syncs.
template <class Team, int Terms>
TEAM_FN void head_product(const Team& team, const PolicyShape& shape,
                          const Block<typename Team::Scalar>& block, const typename Team::Scalar* bias,
                          const Array<HeadTerm<typename Team::Scalar>, Terms>& terms,
                          typename Team::Scalar* to) {
  using T = typename Team::Scalar;
  const int outputs = shape.outputs(), stride = padded(outputs);
  if (shape.narrow_head()) {
    Array<DotTerm<T>, Terms> dots;
    UNROLL
    for (int t = 0; t < Terms; ++t)
      dots[t] = {terms[t].left.data, terms[t].left.row_stride, terms[t].transposed, padded(terms[t].depth)};
    dot_products<true>(team, block.rows, outputs, dots, bias, to, block.output_stride);
    team.sync();
    return;
  }
  Array<Term<T>, Terms> products;
  UNROLL
  for (int t = 0; t < Terms; ++t) products[t] = {terms[t].left, {terms[t].weight, stride}, terms[t].depth};
  product<typename Team::Vector>(team, block.rows, stride, products, {bias, 0}, block.head_rows, stride);
  team.sync();
  for (int r = team.rank(); r < block.rows; r += team.size())
    for (int o = 0; o < outputs; ++o)
      to[static_cast<long>(o) * block.output_stride + r] = block.head_rows[r * stride + o];
  team.sync();
}

// Where the sums of layer l start: at its bias, or at what the symbols bring, which takes the layer's place. Syncs if there
// are any.
template <class Team>
FN Start<typename Team::Scalar> start_of_layer(const Team& team, const PolicyShape& shape, int l,
                                               const SymbolWeights<typename Team::Scalar>& symbols,
                                               const typename Team::Scalar* bias,
                                               const Block<typename Team::Scalar>& block,
                                               typename Team::Scalar* to) {
  if (l > 0 || shape.symbols == 0) return {bias, 0};
  const int stride = padded(shape.width[1]);
  look_up_symbols(team, shape.symbol_table(), block.rows, block.symbols, symbols, bias, to, stride);
  team.sync();
  return {to, stride};
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
    const Start<T> start = start_of_layer(team, shape, l, w.symbols, w.bias[l], block, to);
    product<V>(team, block.rows, stride, terms, start, to, stride);
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
  const Array<HeadTerm<T>, 1> terms{
      {{block.entering(shape, l), w.weight[l], w.transposed[l], shape.width[l]}}};
  head_product(team, shape, block, w.bias[l], terms, block.outputs);
}

}  // namespace innerloop
