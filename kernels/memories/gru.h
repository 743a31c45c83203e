// The gated recurrent unit (Cho et al. 2014), in the form of cuDNN and PyTorch: with the inputs x and the state h
//
//   r = σ(b_r + x·W_r + h·U_r)    z = σ(b_z + x·W_z + h·U_z)    m = c + h·U_n    n = tanh(b_n + x·W_n + r∘m)
//   h' = n + z∘(h − n)
//
// Flat parameters: W [inputs][3·hidden] (r, z, n), U [hidden][3·hidden], b [3·hidden], c [hidden]. In scratch memory the
// gates lie side by side, each padded: W and U [row][3][padded(hidden)], and r, z, m, n of a row [4][padded(hidden)]. A
// row's end is an odd number of cache lines from the next one's: products go down columns, and with a power of two the lines
// of a column would share a few sets of the cache and drive each other out.
#pragma once

#include "kernels/lanes/maths.h"
#include "kernels/memories/recurrent.h"

namespace innerloop {

struct Gru : Recurrent<Gru, 3> {
  FN static int parameters(const Shape& s) { return (s.inputs + s.hidden) * 3 * s.hidden + 4 * s.hidden; }
  static void describe_parameters(const Shape& s, const auto& add) {
    describe_gates(s, "gru", add);
    add({"gru.bias", {3 * s.hidden}});
    add({"gru.candidate_bias", {s.hidden}});
  }
  FN static int candidate_bias_offset(const Shape& s) { return bias_offset(s) + 3 * s.hidden; }

  FN static int outputs(const Shape& s) { return padded(s.hidden); }
  FN static int state_size(const Shape& s) { return odd_lines(padded(s.hidden)); }
  FN static int kept_size(const Shape& s) { return odd_lines(4 * padded(s.hidden)); }  // r, z, m, n
  FN static int back_size(const Shape& s) { return kept_size(s); }  // ∂ by what enters r, z, m, n
  // The row of both weight matrices and of their sums.
  FN static int gates_size(const Shape& s) { return odd_lines(3 * padded(s.hidden)); }

  template <class T>
  struct Weights {
    T* input;       // [inputs][gates_size]: [3][padded(hidden)], then filling
    T* recurrent;   // [hidden][gates_size]
    T* bias;        // [4][padded(hidden)]  b_r, b_z, c, b_n
    T* transposed;  // [3][padded(hidden)][state_size]  of `recurrent`; null: no way back
    T* learned;     // [3][padded(hidden)][padded(learned)]  of the learned inputs' part of `input`; likewise
  };
  template <class T>
  FN static Weights<T> take_weights(Scratch& scratch, const Shape& s, bool way_back) {
    const long width = padded(s.hidden), gates = gates_size(s);
    Weights<T> w;
    w.input = scratch.take<T>(gates * s.inputs);
    w.recurrent = scratch.take<T>(gates * s.hidden);
    w.bias = scratch.take<T>(4 * width);
    w.transposed = way_back ? scratch.take<T>(3 * width * state_size(s)) : nullptr;
    w.learned = way_back ? scratch.take<T>(3 * width * padded(s.learned)) : nullptr;
    return w;
  }

  // Syncs.
  template <class Team>
  TEAM_FN static void load_weights(const Team& team, const Shape& s, const typename Team::Scalar* params,
                                   const Weights<typename Team::Scalar>& w) {
    using T = typename Team::Scalar;
    const int hidden = s.hidden, width = padded(hidden), gates = gates_size(s), back = state_size(s);
    const T *recurrent = params + recurrent_offset(s), *bias = params + bias_offset(s),
            *candidate = params + candidate_bias_offset(s);
    for (int gate = 0; gate < 3; ++gate) {
      const auto copy = [&](const T* from, int rows, T* to) FN_LAMBDA {
        for_cells(team, rows, width, [&](int i, int o) FN_LAMBDA {
          to[i * gates + gate * width + o] = o < hidden ? from[(i * 3 + gate) * hidden + o] : T(0);
        });
      };
      copy(params, s.inputs, w.input);
      copy(recurrent, hidden, w.recurrent);
      if (w.transposed == nullptr) continue;
      const auto transpose = [&](const T* from, int rows, int row_size, T* to) FN_LAMBDA {
        for_cells(team, width, padded(rows), [&](int o, int i) FN_LAMBDA {
          to[(gate * width + o) * row_size + i] =
              o < hidden && i < rows ? from[(i * 3 + gate) * hidden + o] : T(0);
        });
      };
      transpose(recurrent, hidden, back, w.transposed);
      transpose(params, s.learned, padded(s.learned), w.learned);
    }
    for_cells(team, 4, width, [&](int gate, int o) FN_LAMBDA {
      const T* from = gate == 2 ? candidate : bias + (gate == 3 ? 2 : gate) * hidden;
      w.bias[gate * width + o] = o < hidden ? from[o] : T(0);
    });
    team.sync();
  }

  FN static RowSizes own_rows(const Shape& s) {
    return {padded(s.inputs), state_size(s), kept_size(s), back_size(s)};
  }

  template <class T, class Multiply>
  FN static void step_products(const Shape& s, const Weights<T>& w, const MemoryStep<T>& now,
                               const Multiply& multiply) {
    step_products(s, w, now, multiply, own_rows(s));
  }
  template <class T, class Multiply>
  FN static void step_products(const Shape& s, const Weights<T>& w, const MemoryStep<T>& now,
                               const Multiply& multiply, const RowSizes& sizes) {
    const int width = padded(s.hidden), gates = gates_size(s), row_size = sizes.kept;
    const Left<T> before{now.before, sizes.state, 1};
    // Columns of `gate` and what follows, of both weight matrices.
    const auto by_input = [&](int gate) FN_LAMBDA {
      return Term<T>{now.inputs, {w.input + gate * width, gates}, s.inputs};
    };
    const auto by_state = [&](int gate) FN_LAMBDA {
      return Term<T>{before, {w.recurrent + gate * width, gates}, s.hidden};
    };
    T* const kept = now.kept;
    multiply(now.rows, 2 * width, Array<Term<T>, 2>{{by_input(0), by_state(0)}}, Start<T>{w.bias, 0}, kept,
             row_size);
    multiply(now.rows, width, Array<Term<T>, 1>{{by_state(2)}}, Start<T>{w.bias + 2 * width, 0},
             kept + 2 * width, row_size);
    multiply(now.rows, width, Array<Term<T>, 1>{{by_input(2)}}, Start<T>{w.bias + 3 * width, 0},
             kept + 3 * width, row_size);
  }

  // Does not sync.
  template <class Team>
  TEAM_FN static void activate(const Team& team, const Shape& s,
                               const MemoryStep<typename Team::Scalar>& now) {
    activate(team, s, now, own_rows(s));
  }
  template <class Team>
  TEAM_FN static void activate(const Team& team, const Shape& s, const MemoryStep<typename Team::Scalar>& now,
                               const RowSizes& sizes) {
    using T = typename Team::Scalar;
    using V = typename Team::Vector;
    const int width = padded(s.hidden);
    for_row_vectors(team, now.rows, width, [&](int row, int i) FN_LAMBDA {
      T* const gate = now.kept + static_cast<long>(row) * sizes.kept + i;
      const long at = static_cast<long>(row) * sizes.state + i;
      const V r = sigmoid(load_aligned<V>(gate)), z = sigmoid(load_aligned<V>(gate + width));
      const V n = tanh(fma(r, load_aligned<V>(gate + 2 * width), load_aligned<V>(gate + 3 * width)));
      store_aligned(gate, r);
      store_aligned(gate + width, z);
      store_aligned(gate + 3 * width, n);
      store_aligned(now.after + at, fma(z, load_aligned<V>(now.before + at) - n, n));
    });
  }

  // Does not sync.
  template <class Team>
  TEAM_FN static void slopes(const Team& team, const Shape& s, const MemoryBack<typename Team::Scalar>& now) {
    using T = typename Team::Scalar;
    using V = typename Team::Vector;
    const int width = padded(s.hidden), size = state_size(s), row_size = kept_size(s);
    for_row_vectors(team, now.rows, width, [&](int row, int i) FN_LAMBDA {
      const T* const gate = now.kept + static_cast<long>(row) * row_size + i;
      T* const to = now.back + static_cast<long>(row) * row_size + i;
      const long at = static_cast<long>(row) * size + i;
      const V r = load_aligned<V>(gate), z = load_aligned<V>(gate + width),
              m = load_aligned<V>(gate + 2 * width), n = load_aligned<V>(gate + 3 * width);
      const V d = load_aligned<V>(now.state + at), one(1);
      const V by_n = d * (one - z) * fma(-n, n, one);
      store_aligned(to, by_n * m * (r * (one - r)));
      store_aligned(to + width, d * (load_aligned<V>(now.before + at) - n) * (z * (one - z)));
      store_aligned(to + 2 * width, by_n * r);
      store_aligned(to + 3 * width, by_n);
      store_aligned(now.state + at, d * z);
    });
  }

  template <class T, class Multiply>
  FN static void back_products(const Shape& s, const Weights<T>& w, const MemoryBack<T>& now,
                               const Multiply& multiply) {
    const int width = padded(s.hidden), size = state_size(s);
    multiply(now.rows, width,
             Array<Term<T>, 1>{{{{now.back, back_size(s), 1}, {w.transposed, size}, 3 * width}}},
             Start<T>{now.state, size}, now.state, size);
  }

  template <class T, class Multiply>
  FN static void input_products(const Shape& s, const Weights<T>& w, const MemoryInputs<T>& now,
                                const Multiply& multiply) {
    const int width = padded(s.hidden), inputs = padded(s.learned), row_size = back_size(s);
    // No input enters m.
    const auto by_gates = [&](int from, int gate, int gates) FN_LAMBDA {
      return Term<T>{
          {now.back + from * width, row_size, 1}, {w.learned + gate * width * inputs, inputs}, gates * width};
    };
    multiply(now.rows, inputs, Array<Term<T>, 2>{{by_gates(0, 0, 2), by_gates(3, 2, 1)}},
             Start<T>{now.zero, 0}, now.gradient, inputs);
  }

  // All but the biases' part.
  template <class T, class Multiply>
  FN static void gradient_products(const Shape& s, const MemoryRows<T>& rows, const Sums<T>& sums,
                                   const Multiply& multiply) {
    const int width = padded(s.hidden), gates = gates_size(s), row_size = back_size(s);
    // sum[i][columns from `gate` on] += Σ over the rows of left[row][i] · back[row][columns from `from` on].
    const auto add = [&](const T* left, int left_width, int count, int from, int gate, int columns,
                         T* sum) FN_LAMBDA {
      T* const to = sum + gate * width;
      multiply(count, columns,
               Array<Term<T>, 1>{{{{left, 1, left_width}, {rows.back + from * width, row_size}, rows.rows}}},
               Start<T>{to, gates}, to, gates);
    };
    const int input_width = padded(s.inputs);
    add(rows.inputs, input_width, s.inputs, 0, 0, 2 * width, sums.input);
    add(rows.inputs, input_width, s.inputs, 3, 2, width, sums.input);
    add(rows.before, state_size(s), s.hidden, 0, 0, 3 * width, sums.recurrent);
  }
  // Writes the memory's part of the flat gradient. The caller has synced.
  template <class Team>
  TEAM_FN static void store_gradient(const Team& team, const Shape& s,
                                     const Sums<typename Team::Scalar>& sums,
                                     typename Team::Scalar* gradient) {
    using T = typename Team::Scalar;
    const int hidden = s.hidden, width = padded(hidden), gates = gates_size(s);
    T *recurrent = gradient + recurrent_offset(s), *bias = gradient + bias_offset(s),
      *candidate = gradient + candidate_bias_offset(s);
    for (int gate = 0; gate < 3; ++gate) {
      const auto copy = [&](const T* from, int rows, T* to) FN_LAMBDA {
        for_cells(team, rows, hidden, [&](int i, int o) FN_LAMBDA {
          to[(i * 3 + gate) * hidden + o] = from[i * gates + gate * width + o];
        });
      };
      copy(sums.input, s.inputs, gradient);
      copy(sums.recurrent, hidden, recurrent);
    }
    for_cells(team, 4, hidden, [&](int gate, int o) FN_LAMBDA {
      T* to = gate == 2 ? candidate : bias + (gate == 3 ? 2 : gate) * hidden;
      to[o] = sums.bias[gate * width + o];
    });
  }

 private:
  FN static int odd_lines(int padded_numbers) { return padded_numbers | 16; }
};

}  // namespace innerloop
