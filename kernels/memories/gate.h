// The gate that GTrXL has in place of a residual connection (Parisotto et al. 2020, "Stabilizing transformers for reinforcement
// learning"): a gated recurrent unit between the stream x and what a sublayer made of it, y.
//
//   u = max(y, 0)     r = σ(W_r u + U_r x)     z = σ(W_z u + U_z x − b)     h = tanh(W_h u + U_h (r∘x))
//   out = x + z∘(h − x)
//
// With b = 2 at the start a block begins near the identity. Flat parameters: W [width][r, z, h], U [width][r, z],
// U_h [width][width], b [width]; `width` is a multiple of 16.
#pragma once

#include "kernels/lanes/cells.h"
#include "kernels/lanes/maths.h"
#include "kernels/networks/gradient_sums.h"
#include "kernels/products/called_product.h"

namespace innerloop {

struct GateShape {
  int width = 16;

  FN int by_state() const { return 3 * width * width; }               // where U is
  FN int by_reset() const { return by_state() + 2 * width * width; }  // where U_h is
  FN int bias() const { return by_reset() + width * width; }
  FN int parameters() const { return bias() + width; }
};

// What a gate keeps of its rows.
template <class T>
struct GateRows {
  T* made;   // [row][width]  y, then u
  T* gates;  // [row][3·width]  r, z, h
  T* reset;  // [row][width]  r∘x
};
template <class T>
FN GateRows<T> take_gate_rows(Scratch& scratch, const GateShape& s, int rows) {
  const long size = static_cast<long>(rows) * s.width;
  return {scratch.take<T>(size), scratch.take<T>(3 * size), scratch.take<T>(size)};
}

namespace gate_detail {
// at(row, i) for each vector of rows of `width` numbers.
template <class Team, class At>
FN void for_row_vectors(const Team& team, int rows, int width, const At& at) {
  using V = typename Team::Vector;
  for_cells(team, rows, width / V::lanes, [&](int row, int vector) FN_LAMBDA { at(row, vector * V::lanes); });
}
}  // namespace gate_detail

// out[row] of x[row] and what was made of it, in b.made. `zero`: [3·width]. Syncs.
template <class Team>
TEAM_CALL void pass_gate(const Team& team, const GateShape& s, const typename Team::Scalar* params, int rows,
                         const typename Team::Scalar* x, const typename Team::Scalar* zero,
                         const GateRows<typename Team::Scalar>& b, typename Team::Scalar* out) {
  using T = typename Team::Scalar;
  using V = typename Team::Vector;
  const int width = s.width;
  const auto made = Left<T>{b.made, width, 1};
  gate_detail::for_row_vectors(team, rows, width, [&](int row, int i) FN_LAMBDA {
    T* const at = b.made + static_cast<long>(row) * width + i;
    store_aligned(at, max(load_aligned<V>(at), V(T(0))));
  });
  team.sync();
  multiply(team, rows, 2 * width, made, Right<T>{params, 3 * width}, width, Start<T>{zero, 0}, b.gates,
           3 * width);
  team.sync();
  multiply(team, rows, 2 * width, Left<T>{x, width, 1}, Right<T>{params + s.by_state(), 2 * width}, width,
           Start<T>{b.gates, 3 * width}, b.gates, 3 * width);
  team.sync();
  gate_detail::for_row_vectors(team, rows, width, [&](int row, int i) FN_LAMBDA {
    T* const gate = b.gates + static_cast<long>(row) * 3 * width + i;
    const long at = static_cast<long>(row) * width + i;
    const V r = sigmoid(load_aligned<V>(gate));
    store_aligned(gate, r);
    store_aligned(gate + width,
                  sigmoid(load_aligned<V>(gate + width) - load_aligned<V>(params + s.bias() + i)));
    store_aligned(b.reset + at, r * load_aligned<V>(x + at));
  });
  team.sync();
  multiply(team, rows, width, made, Right<T>{params + 2 * width, 3 * width}, width, Start<T>{zero, 0},
           b.gates + 2 * width, 3 * width);
  team.sync();
  multiply(team, rows, width, Left<T>{b.reset, width, 1}, Right<T>{params + s.by_reset(), width}, width,
           Start<T>{b.gates + 2 * width, 3 * width}, b.gates + 2 * width, 3 * width);
  team.sync();
  gate_detail::for_row_vectors(team, rows, width, [&](int row, int i) FN_LAMBDA {
    T* const gate = b.gates + static_cast<long>(row) * 3 * width + i;
    const long at = static_cast<long>(row) * width + i;
    const V h = tanh(load_aligned<V>(gate + 2 * width)), entering = load_aligned<V>(x + at);
    store_aligned(gate + 2 * width, h);
    store_aligned(out + at, fma(load_aligned<V>(gate + width), h - entering, entering));
  });
  team.sync();
}

// The weights of the way back: W, U and U_h transposed, where they lie in the flat vector: [3·width][width], [2·width][width],
// [width][width].
template <class T>
struct GateBack {
  const T* transposed;
  const T* zero;  // [3·width]
  T* by_gates;    // [row][3·width]
  T* by_reset;    // [row][width]
};

// From ∂/∂out to ∂/∂x, both in `state`, and ∂/∂y in `by_made`; adds to the parameters' gradient `sums`. Syncs.
template <class Team>
TEAM_CALL void back_through_gate(const Team& team, const GateShape& s,
                                 const GateBack<typename Team::Scalar>& w, int rows,
                                 const typename Team::Scalar* x, const GateRows<typename Team::Scalar>& b,
                                 typename Team::Scalar* state, typename Team::Scalar* by_made,
                                 typename Team::Scalar* sums) {
  using T = typename Team::Scalar;
  using V = typename Team::Vector;
  const int width = s.width;
  const V one(T(1));
  gate_detail::for_row_vectors(team, rows, width, [&](int row, int i) FN_LAMBDA {
    const T* const gate = b.gates + static_cast<long>(row) * 3 * width + i;
    T* const by = w.by_gates + static_cast<long>(row) * 3 * width + i;
    const long at = static_cast<long>(row) * width + i;
    const V z = load_aligned<V>(gate + width), h = load_aligned<V>(gate + 2 * width),
            d = load_aligned<V>(state + at);
    store_aligned(by + width, d * (h - load_aligned<V>(x + at)) * (z * (one - z)));
    store_aligned(by + 2 * width, d * z * fma(-h, h, one));
    store_aligned(state + at, d * (one - z));
  });
  team.sync();
  multiply(team, rows, width, Left<T>{w.by_gates + 2 * width, 3 * width, 1},
           Right<T>{w.transposed + s.by_reset(), width}, width, Start<T>{w.zero, 0}, w.by_reset, width);
  team.sync();
  gate_detail::for_row_vectors(team, rows, width, [&](int row, int i) FN_LAMBDA {
    const long at = static_cast<long>(row) * width + i;
    const V r = load_aligned<V>(b.gates + static_cast<long>(row) * 3 * width + i),
            by = load_aligned<V>(w.by_reset + at);
    store_aligned(w.by_gates + static_cast<long>(row) * 3 * width + i,
                  by * load_aligned<V>(x + at) * (r * (one - r)));
    store_aligned(state + at, fma(by, r, load_aligned<V>(state + at)));
  });
  team.sync();
  multiply(team, rows, width, Left<T>{w.by_gates, 3 * width, 1}, Right<T>{w.transposed + s.by_state(), width},
           2 * width, Start<T>{state, width}, state, width);
  multiply(team, rows, width, Left<T>{w.by_gates, 3 * width, 1}, Right<T>{w.transposed, width}, 3 * width,
           Start<T>{w.zero, 0}, by_made, width);
  multiply(team, width, 3 * width, Left<T>{b.made, 1, width}, Right<T>{w.by_gates, 3 * width}, rows,
           Start<T>{sums, 3 * width}, sums, 3 * width);
  T* const by_state = sums + s.by_state();
  multiply(team, width, 2 * width, Left<T>{x, 1, width}, Right<T>{w.by_gates, 3 * width}, rows,
           Start<T>{by_state, 2 * width}, by_state, 2 * width);
  T* const by_reset = sums + s.by_reset();
  multiply(team, width, width, Left<T>{b.reset, 1, width}, Right<T>{w.by_gates + 2 * width, 3 * width}, rows,
           Start<T>{by_reset, width}, by_reset, width);
  // b enters z with a minus.
  for (int i = team.rank(); i < width; i += team.size()) {
    T sum = sums[s.bias() + i];
    for (int row = 0; row < rows; ++row)
      sum = sum - w.by_gates[static_cast<long>(row) * 3 * width + width + i];
    sums[s.bias() + i] = sum;
  }
  team.sync();
  gate_detail::for_row_vectors(team, rows, width, [&](int row, int i) FN_LAMBDA {
    const long at = static_cast<long>(row) * width + i;
    store_aligned(by_made + at,
                  select(load_aligned<V>(b.made + at) > V(T(0)), load_aligned<V>(by_made + at), V(T(0))));
  });
  team.sync();
}

}  // namespace innerloop
