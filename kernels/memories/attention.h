// Causal attention with several heads (Vaswani et al. 2017). Step i of a trial looks at the steps j ≤ i:
//
//   a_ij = softmax over j ≤ i of (q_i·k_j / √n)        o_i = Σ_j a_ij v_j
//
// in each head, on its own n numbers of q, k and v. Those of a step lie side by side, [q, k, v][width], and a head's side by
// side in each. All sums over j are in its order, so that a step which is made with what earlier ones left has the same bits as
// the pass over a whole trial.
#pragma once

#include "kernels/lanes/cells.h"
#include "kernels/lanes/chains.h"
#include "kernels/lanes/maths.h"
#include "kernels/products/called_product.h"

namespace innerloop {

struct AttentionShape {
  int width = 16;  // of all heads together
  int heads = 1;   // whose numbers are a multiple of 16
  int steps = 1;   // the most that a trial has

  FN int head_size() const { return width / heads; }
  // The steps of a row of transposed keys.
  FN int columns() const { return padded(steps); }
};

namespace attention_detail {
// Steps of a trial that look back together, so that what they look at is loaded once for all of them.
template <class Team>
inline constexpr int kTogether = Team::exact_tiles ? 16 : 64;

template <class T>
FN T score_scale(const AttentionShape& s) {
  return T(1) / sqrt(Pack<T, 1>(static_cast<T>(s.head_size()))).get(0);
}

// calls at(j, vector) for the vectors of 16 numbers from j on.
template <class V, class At>
FN void for_vectors_of_chains(const At& at) {
  UNROLL
  for (int p = 0; p < kChains / V::lanes; ++p) at(p, p * V::lanes);
}

// Scores become weights: the softmax of the first `visible` ones, and 0 behind them up to the next multiple of 16.
template <class Team>
TEAM_FN void soften(typename Team::Scalar* scores, int visible, int end, typename Team::Scalar scale) {
  using T = typename Team::Scalar;
  using V = typename Team::Vector;
  constexpr int parts = kChains / V::lanes;
  V lane;
  for (int i = 0; i < V::lanes; ++i) lane.set(i, static_cast<T>(i));
  const T lowest = static_cast<T>(-3e38);
  V most[parts], sum[parts];
  for (int p = 0; p < parts; ++p) {
    most[p] = V(lowest);
    sum[p] = V(T(0));
  }
  for (int j = 0; j < end; j += kChains)
    for_vectors_of_chains<V>([&](int p, int at) FN_LAMBDA {
      const V score = load_aligned<V>(scores + j + at) * V(scale);
      most[p] = max(select(lane < V(static_cast<T>(visible - j - at)), score, V(lowest)), most[p]);
    });
  T largest = lowest;
  for (int p = 0; p < parts; ++p)
    for (int i = 0; i < V::lanes; ++i) largest = most[p].get(i) > largest ? most[p].get(i) : largest;
  for (int j = 0; j < end; j += kChains)
    for_vectors_of_chains<V>([&](int p, int at) FN_LAMBDA {
      const V weight = exp(load_aligned<V>(scores + j + at) * V(scale) - V(largest));
      const V seen = select(lane < V(static_cast<T>(visible - j - at)), weight, V(T(0)));
      store_aligned(scores + j + at, seen);
      sum[p] = sum[p] + seen;
    });
  alignas(64) T chains[kChains];
  for_vectors_of_chains<V>([&](int p, int at) FN_LAMBDA { store_aligned(chains + at, sum[p]); });
  const V share(T(1) / close_chains(chains));
  for (int j = 0; j < end; j += V::lanes) store_aligned(scores + j, load_aligned<V>(scores + j) * share);
}

// Calls at(head, row) for each.
template <class Team, class At>
FN void for_heads(const Team& team, const AttentionShape& s, int rows, const At& at) {
  for (int i = team.rank(); i < s.heads * rows; i += team.size())
    at(quotient(i, rows), i - quotient(i, rows) * rows);
}
}  // namespace attention_detail

// Numbers that an attention keeps of a row's trial: its keys, transposed, and its values.
FN long attention_trace(const AttentionShape& s) { return 2L * s.width * s.columns(); }
// The part of a row's trace that is values, [step][width]; before it are keys [width][columns].
template <class T>
FN T* values_of(const AttentionShape& s, T* trace) {
  return trace + static_cast<long>(s.width) * s.columns();
}

// Numbers of scores of `rows` rows at one step.
FN long step_scores(const AttentionShape& s, int rows) {
  return static_cast<long>(rows) * s.heads * s.columns();
}

// Step t of `rows` rows, each of another trial. qkv: [row][3·width]; trace: those of the rows, `trace_stride` apart, which get
// the step's keys and values; scores: room for step_scores; out: [row][width]. Syncs.
template <class Team>
TEAM_FN void look_back(const Team& team, const AttentionShape& s, int rows, int t,
                       const typename Team::Scalar* qkv, typename Team::Scalar* trace, long trace_stride,
                       typename Team::Scalar* scores, typename Team::Scalar* out) {
  using namespace attention_detail;
  using T = typename Team::Scalar;
  using V = typename Team::Vector;
  constexpr int together = Team::exact_tiles ? 4 : 1;
  const int width = s.width, columns = s.columns(), size = s.head_size(), end = padded(t + 1);
  for_cells(team, rows, width, [&](int row, int d) FN_LAMBDA {
    T* const own = trace + row * trace_stride;
    own[static_cast<long>(d) * columns + t] = qkv[row * 3 * width + width + d];
    values_of(s, own)[static_cast<long>(t) * width + d] = qkv[row * 3 * width + 2 * width + d];
  });
  team.sync();
  for_cells(team, rows * s.heads, ceil_div(end, V::lanes * together), [&](int of, int group) FN_LAMBDA {
    const int row = quotient(of, s.heads), head = of - row * s.heads, first = group * V::lanes * together;
    const T *const q = qkv + row * 3 * width + head * size, *const keys =
                                                                trace + row * trace_stride +
                                                                static_cast<long>(head) * size * columns +
                                                                first;
    V sum[together];
    UNROLL
    for (int j = 0; j < together; ++j) sum[j] = V(T(0));
    for (int d = 0; d < size; ++d) UNROLL
    for (int j = 0; j < together; ++j)
      if (first + j * V::lanes < end)
        sum[j] = fma(V(q[d]), load_aligned<V>(keys + static_cast<long>(d) * columns + j * V::lanes), sum[j]);
    UNROLL
    for (int j = 0; j < together; ++j)
      if (first + j * V::lanes < end)
        store_aligned(scores + static_cast<long>(of) * columns + first + j * V::lanes, sum[j]);
  });
  team.sync();
  const T scale = score_scale<T>(s);
  for_heads(team, s, rows, [&](int head, int row) FN_LAMBDA {
    soften<Team>(scores + (static_cast<long>(row) * s.heads + head) * columns, t + 1, end, scale);
  });
  team.sync();
  for_cells(team, rows, ceil_div(width, V::lanes * together), [&](int row, int group) FN_LAMBDA {
    const int first = group * V::lanes * together;
    const T* const values = values_of(s, trace + row * trace_stride) + first;
    V sum[together];
    UNROLL
    for (int i = 0; i < together; ++i) sum[i] = V(T(0));
    const T* weights[together];
    UNROLL
    for (int i = 0; i < together; ++i) {
      const int head = quotient(min_of(first + i * V::lanes, width - 1), size);
      weights[i] = scores + (static_cast<long>(row) * s.heads + head) * columns;
    }
    for (int j = 0; j <= t; ++j) UNROLL
    for (int i = 0; i < together; ++i)
      if (first + i * V::lanes < width)
        sum[i] = fma(V(weights[i][j]), load_aligned<V>(values + static_cast<long>(j) * width + i * V::lanes),
                     sum[i]);
    UNROLL
    for (int i = 0; i < together; ++i)
      if (first + i * V::lanes < width) store_aligned(out + row * width + first + i * V::lanes, sum[i]);
  });
  team.sync();
}

// The pass over a whole trial: what it and the way back need beside q, k and v, in scratch memory.
template <class T>
struct AttentionRows {
  T* keys;    // [width][columns]
  T* values;  // [width][columns]
  T* out;     // [step][width]
};
// For `trials` of them, one behind the other, of `rows` rows together.
template <class T>
FN AttentionRows<T> take_attention_rows(Scratch& scratch, const AttentionShape& s, int trials, int rows) {
  const long size = static_cast<long>(trials) * s.width * s.columns();
  return {scratch.take<T>(size), scratch.take<T>(size), scratch.take<T>(static_cast<long>(rows) * s.width)};
}

// Where sums start, of scores and of a head's numbers.
FN int zeros(const AttentionShape& s) { return s.columns() > s.head_size() ? s.columns() : s.head_size(); }

// Room that all attentions of a trial share.
template <class T>
struct AttentionRoom {
  T* weights;  // [head][kTogether][columns]
  T* slopes;   // likewise
  T* zero;     // [columns or head_size, whichever is more]
};
template <class Team>
FN AttentionRoom<typename Team::Scalar> take_attention_room(Scratch& scratch, const AttentionShape& s) {
  using T = typename Team::Scalar;
  const long size = static_cast<long>(s.heads) * attention_detail::kTogether<Team> * s.columns();
  return {scratch.take<T>(size), scratch.take<T>(size), scratch.take<T>(zeros(s))};
}

namespace attention_detail {
// The weights of the `rows` steps from `first` on, [head][row][columns]. Syncs.
template <class Team>
TEAM_FN void weigh(const Team& team, const AttentionShape& s, int first, int rows,
                   const typename Team::Scalar* qkv, const AttentionRows<typename Team::Scalar>& b,
                   const AttentionRoom<typename Team::Scalar>& room) {
  using T = typename Team::Scalar;
  const int size = s.head_size(), columns = s.columns(), end = padded(first + rows);
  const long of_head = static_cast<long>(kTogether<Team>) * columns;
  for (int h = 0; h < s.heads; ++h)
    multiply(team, rows, end,
             Left<T>{qkv + static_cast<long>(first) * 3 * s.width + h * size, 3 * s.width, 1},
             Right<T>{b.keys + static_cast<long>(h) * size * columns, columns}, size, Start<T>{room.zero, 0},
             room.weights + h * of_head, columns);
  team.sync();
  const T scale = score_scale<T>(s);
  for_heads(team, s, rows, [&](int head, int row) FN_LAMBDA {
    soften<Team>(room.weights + head * of_head + static_cast<long>(row) * columns, first + row + 1, end,
                 scale);
  });
  team.sync();
}
}  // namespace attention_detail

// All `steps` steps of one trial, from qkv [step][3·width] to b.out. Syncs.
template <class Team>
TEAM_CALL void attend(const Team& team, const AttentionShape& s, int steps, const typename Team::Scalar* qkv,
                      const AttentionRows<typename Team::Scalar>& b,
                      const AttentionRoom<typename Team::Scalar>& room) {
  using namespace attention_detail;
  using T = typename Team::Scalar;
  const int width = s.width, columns = s.columns(), size = s.head_size(), second = 2 * width;
  for_cells(team, width, columns, [&](int d, int t) FN_LAMBDA {
    const T* const own = qkv + static_cast<long>(t) * 3 * width + d;
    b.keys[static_cast<long>(d) * columns + t] = t < steps ? own[width] : T(0);
    b.values[static_cast<long>(d) * columns + t] = t < steps ? own[second] : T(0);
  });
  for (int i = team.rank(); i < zeros(s); i += team.size()) room.zero[i] = T(0);
  team.sync();
  for (int first = 0; first < steps; first += kTogether<Team>) {
    const int rows = min_of(kTogether<Team>, steps - first);
    weigh(team, s, first, rows, qkv, b, room);
    for (int h = 0; h < s.heads; ++h)
      multiply(team, rows, size,
               Left<T>{room.weights + static_cast<long>(h) * kTogether<Team> * columns, columns, 1},
               Right<T>{qkv + 2 * width + h * size, 3 * width}, first + rows, Start<T>{room.zero, 0},
               b.out + static_cast<long>(first) * width + h * size, width);
    team.sync();
  }
}

// The way back: from ∂/∂out [step][width] to ∂/∂qkv [step][3·width]. The weights are computed anew. Syncs.
template <class Team>
TEAM_CALL void attend_back(const Team& team, const AttentionShape& s, int steps,
                           const typename Team::Scalar* qkv, const AttentionRows<typename Team::Scalar>& b,
                           const AttentionRoom<typename Team::Scalar>& room,
                           const typename Team::Scalar* by_out, typename Team::Scalar* by_qkv) {
  using namespace attention_detail;
  using T = typename Team::Scalar;
  using V = typename Team::Vector;
  const int width = s.width, columns = s.columns(), size = s.head_size();
  const long of_head = static_cast<long>(kTogether<Team>) * columns;
  const T scale = score_scale<T>(s);
  for (long i = team.rank(); i < static_cast<long>(steps) * 3 * width; i += team.size()) by_qkv[i] = T(0);
  for (int i = team.rank(); i < zeros(s); i += team.size()) room.zero[i] = T(0);
  team.sync();
  for (int first = 0; first < steps; first += kTogether<Team>) {
    const int rows = min_of(kTogether<Team>, steps - first), seen = first + rows, end = padded(seen);
    const long at = static_cast<long>(first) * width;
    weigh(team, s, first, rows, qkv, b, room);
    for (int h = 0; h < s.heads; ++h)
      multiply(team, rows, end, Left<T>{by_out + at + h * size, width, 1},
               Right<T>{b.values + static_cast<long>(h) * size * columns, columns}, size,
               Start<T>{room.zero, 0}, room.slopes + h * of_head, columns);
    team.sync();
    // ∂/∂score = a·(∂/∂a − Σ a·∂/∂a), and Σ a·∂/∂a = o·∂/∂o.
    for_heads(team, s, rows, [&](int head, int row) FN_LAMBDA {
      const T *const out = b.out + at + static_cast<long>(row) * width + head * size,
                     *const by = by_out + at + static_cast<long>(row) * width + head * size;
      V mean[kChains / V::lanes];
      for_vectors_of_chains<V>([&](int p, int) FN_LAMBDA { mean[p] = V(T(0)); });
      for (int d = 0; d < size; d += kChains)
        for_vectors_of_chains<V>([&](int p, int i) FN_LAMBDA {
          mean[p] = fma(load_aligned<V>(out + d + i), load_aligned<V>(by + d + i), mean[p]);
        });
      alignas(64) T chains[kChains];
      for_vectors_of_chains<V>([&](int p, int i) FN_LAMBDA { store_aligned(chains + i, mean[p]); });
      const V all(close_chains(chains));
      const long of = head * of_head + static_cast<long>(row) * columns;
      for (int j = 0; j < end; j += V::lanes) {
        const V slope = load_aligned<V>(room.slopes + of + j),
                weight = load_aligned<V>(room.weights + of + j);
        store_aligned(room.slopes + of + j, weight * (slope - all) * V(scale));
      }
    });
    team.sync();
    for (int h = 0; h < s.heads; ++h) {
      const T *const slopes = room.slopes + h * of_head, *const weights = room.weights + h * of_head,
                     *const own = qkv + h * size;
      T* const to = by_qkv + h * size;
      const long row = static_cast<long>(first) * 3 * width;
      multiply(team, rows, size, Left<T>{slopes, columns, 1}, Right<T>{own + width, 3 * width}, seen,
               Start<T>{room.zero, 0}, to + row, 3 * width);
      multiply(team, seen, size, Left<T>{slopes, 1, columns}, Right<T>{own + row, 3 * width}, rows,
               Start<T>{to + width, 3 * width}, to + width, 3 * width);
      multiply(team, seen, size, Left<T>{weights, 1, columns}, Right<T>{by_out + at + h * size, width}, rows,
               Start<T>{to + 2 * width, 3 * width}, to + 2 * width, 3 * width);
    }
    team.sync();
  }
}

// As parts of a pass (kernels/memories/one_team.h). Each syncs.
template <class T>
struct LookBack {
  AttentionShape shape;
  int t;
  const T* qkv;  // [row][3·width]
  T* trace;      // of the first row, `trace_stride` from one to the next
  long trace_stride;
  T* scores;  // room for step_scores of all rows
  T* out;     // [row][width]

  template <class Team>
  TEAM_FN void operator()(const Team& team, int first, int count) const {
    const long at = static_cast<long>(first) * shape.width;
    look_back(team, shape, count, t, qkv + 3 * at, trace + first * trace_stride, trace_stride,
              scores + step_scores(shape, first), out + at);
  }
};
// Trials of `steps` rows, one behind the other.
template <class T>
struct Attend {
  AttentionShape shape;
  int steps;
  const T* qkv;  // [trial][step][3·width]
  AttentionRows<T> rows;

  FN const AttentionShape& attention() const { return shape; }
  FN long at(int trial) const { return static_cast<long>(trial) * steps * shape.width; }
  FN AttentionRows<T> of(int trial) const {
    const long seen = static_cast<long>(trial) * shape.width * shape.columns();
    return {rows.keys + seen, rows.values + seen, rows.out + at(trial)};
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, int trial, const AttentionRoom<T>& room) const {
    attend(team, shape, steps, qkv + 3 * at(trial), of(trial), room);
  }
};
template <class T>
struct AttendBack {
  Attend<T> forth;
  const T* by_out;  // [trial][step][width]
  T* by_qkv;        // [trial][step][3·width]

  FN const AttentionShape& attention() const { return forth.shape; }
  template <class Team>
  TEAM_FN void operator()(const Team& team, int trial, const AttentionRoom<T>& room) const {
    const long at = forth.at(trial);
    attend_back(team, forth.shape, forth.steps, forth.qkv + 3 * at, forth.of(trial), room, by_out + at,
                by_qkv + 3 * at);
  }
};

}  // namespace innerloop
