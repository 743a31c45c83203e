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
#include "kernels/memories/one_team.h"

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

// What a gate does between its products, row by row. Syncs.
template <class T>
struct GateRow {
  // Forth: u of y; r, z and r∘x of their products; h and out of its product. Back: z's and h's slopes; r's; ∂/∂y of ∂/∂u.
  enum class Phase { rectify, reset, leave, enter_back, reset_back, rectify_back };
  Phase phase = Phase::rectify;
  int width = 0;
  const T* bias = nullptr;  // b
  const T* x = nullptr;     // [row][width]
  GateRows<T> kept{};
  T* out = nullptr;       // [row][width]
  T* by_gates = nullptr;  // [row][3·width]
  T* by_reset = nullptr;  // [row][width]
  T* state = nullptr;     // [row][width]  ∂/∂out, becomes ∂/∂x
  T* by_made = nullptr;   // [row][width]

  template <class Team>
  TEAM_FN void operator()(const Team& team, int first, int count) const {
    using V = typename Team::Vector;
    const V one(T(1));
    for_cells(team, count, width / V::lanes, [&](int row_of_part, int vector) FN_LAMBDA {
      const int i = vector * V::lanes;
      const long row = first + row_of_part, at = row * width + i, gates_at = row * 3 * width + i;
      T *const made = kept.made + at, *const gate = kept.gates + gates_at;
      if (phase == Phase::rectify) store_aligned(made, max(load_aligned<V>(made), V(T(0))));
      if (phase == Phase::reset) {
        const V r = sigmoid(load_aligned<V>(gate));
        store_aligned(gate, r);
        store_aligned(gate + width, sigmoid(load_aligned<V>(gate + width) - load_aligned<V>(bias + i)));
        store_aligned(kept.reset + at, r * load_aligned<V>(x + at));
      }
      if (phase == Phase::leave) {
        const V h = tanh(load_aligned<V>(gate + 2 * width)), entering = load_aligned<V>(x + at);
        store_aligned(gate + 2 * width, h);
        store_aligned(out + at, fma(load_aligned<V>(gate + width), h - entering, entering));
      }
      if (phase == Phase::enter_back) {
        const V z = load_aligned<V>(gate + width), h = load_aligned<V>(gate + 2 * width),
                d = load_aligned<V>(state + at);
        T* const by = by_gates + gates_at;
        store_aligned(by + width, d * (h - load_aligned<V>(x + at)) * (z * (one - z)));
        store_aligned(by + 2 * width, d * z * fma(-h, h, one));
        store_aligned(state + at, d * (one - z));
      }
      if (phase == Phase::reset_back) {
        const V r = load_aligned<V>(gate), by = load_aligned<V>(by_reset + at);
        store_aligned(by_gates + gates_at, by * load_aligned<V>(x + at) * (r * (one - r)));
        store_aligned(state + at, fma(by, r, load_aligned<V>(state + at)));
      }
      if (phase == Phase::rectify_back)
        store_aligned(by_made + at,
                      select(load_aligned<V>(made) > V(T(0)), load_aligned<V>(by_made + at), V(T(0))));
    });
    team.sync();
  }
};

// out[row] of x[row] and what was made of it, in b.made. `zero`: [3·width]. `run`: who makes the pass
// (kernels/memories/one_team.h). Syncs.
template <class Run>
TEAM_CALL void pass_gate(const Run& run, const GateShape& s, const typename Run::Scalar* params, int rows,
                         const typename Run::Scalar* x, const typename Run::Scalar* zero,
                         const GateRows<typename Run::Scalar>& b, typename Run::Scalar* out) {
  using T = typename Run::Scalar;
  using Phase = typename GateRow<T>::Phase;
  const int width = s.width;
  const auto made = Left<T>{b.made, width, 1};
  GateRow<T> row;
  row.width = width;
  row.bias = params + s.bias();
  row.x = x;
  row.kept = b;
  row.out = out;
  const auto go = [&](Phase phase) FN_LAMBDA {
    row.phase = phase;
    run.rows(row, rows);
  };
  go(Phase::rectify);
  run.multiply(rows, 2 * width, made, Right<T>{params, 3 * width}, width, Start<T>{zero, 0}, b.gates,
               3 * width);
  run.sync();
  run.multiply(rows, 2 * width, Left<T>{x, width, 1}, Right<T>{params + s.by_state(), 2 * width}, width,
               Start<T>{b.gates, 3 * width}, b.gates, 3 * width);
  run.sync();
  go(Phase::reset);
  run.multiply(rows, width, made, Right<T>{params + 2 * width, 3 * width}, width, Start<T>{zero, 0},
               b.gates + 2 * width, 3 * width);
  run.sync();
  run.multiply(rows, width, Left<T>{b.reset, width, 1}, Right<T>{params + s.by_reset(), width}, width,
               Start<T>{b.gates + 2 * width, 3 * width}, b.gates + 2 * width, 3 * width);
  run.sync();
  go(Phase::leave);
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
template <class Run>
TEAM_CALL void back_through_gate(const Run& run, const GateShape& s, const GateBack<typename Run::Scalar>& w,
                                 int rows, const typename Run::Scalar* x,
                                 const GateRows<typename Run::Scalar>& b, typename Run::Scalar* state,
                                 typename Run::Scalar* by_made, typename Run::Scalar* sums) {
  using T = typename Run::Scalar;
  using Phase = typename GateRow<T>::Phase;
  const int width = s.width;
  GateRow<T> row;
  row.width = width;
  row.x = x;
  row.kept = b;
  row.by_gates = w.by_gates;
  row.by_reset = w.by_reset;
  row.state = state;
  row.by_made = by_made;
  const auto go = [&](Phase phase) FN_LAMBDA {
    row.phase = phase;
    run.rows(row, rows);
  };
  go(Phase::enter_back);
  run.multiply(rows, width, Left<T>{w.by_gates + 2 * width, 3 * width, 1},
               Right<T>{w.transposed + s.by_reset(), width}, width, Start<T>{w.zero, 0}, w.by_reset, width);
  run.sync();
  go(Phase::reset_back);
  run.multiply(rows, width, Left<T>{w.by_gates, 3 * width, 1}, Right<T>{w.transposed + s.by_state(), width},
               2 * width, Start<T>{state, width}, state, width);
  run.multiply(rows, width, Left<T>{w.by_gates, 3 * width, 1}, Right<T>{w.transposed, width}, 3 * width,
               Start<T>{w.zero, 0}, by_made, width);
  run.multiply(width, 3 * width, Left<T>{b.made, 1, width}, Right<T>{w.by_gates, 3 * width}, rows,
               Start<T>{sums, 3 * width}, sums, 3 * width);
  T* const by_state = sums + s.by_state();
  run.multiply(width, 2 * width, Left<T>{x, 1, width}, Right<T>{w.by_gates, 3 * width}, rows,
               Start<T>{by_state, 2 * width}, by_state, 2 * width);
  T* const by_reset = sums + s.by_reset();
  run.multiply(width, width, Left<T>{b.reset, 1, width}, Right<T>{w.by_gates + 2 * width, 3 * width}, rows,
               Start<T>{by_reset, width}, by_reset, width);
  // b enters z with a minus.
  run.subtract_columns(rows, width, sums + s.bias(), w.by_gates + width, 3 * width);
  run.sync();
  go(Phase::rectify_back);
}

}  // namespace innerloop
