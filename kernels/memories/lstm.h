// The long short-term memory (Hochreiter and Schmidhuber 1997) with a forget gate (Gers et al. 2000), in the form of cuDNN
// and PyTorch but with one bias: with the inputs x and the state h, c
//
//   i = σ(b_i + x·W_i + h·U_i)    f = σ(b_f + x·W_f + h·U_f)    g = tanh(b_g + x·W_g + h·U_g)    o = σ(b_o + x·W_o + h·U_o)
//   c' = f∘c + i∘g                h' = o∘tanh(c')
//
// Flat parameters: W [inputs][4·hidden] (i, f, g, o), U [hidden][4·hidden], b [4·hidden]. In scratch memory the gates lie
// side by side, each padded: W and U [row][4][padded(hidden)]; a row's state is h and c, [2][padded(hidden)], and what it
// keeps i, f, g, o and tanh(c'), [5][padded(hidden)].
#pragma once

#include "kernels/lanes/maths.h"
#include "kernels/memories/recurrent.h"

namespace innerloop {

struct Lstm : Recurrent<Lstm, 4> {
  FN static int parameters(const Shape& s) { return (s.inputs + s.hidden + 1) * 4 * s.hidden; }

  // The forget gate's bias starts at 1 (Jozefowicz et al. 2015).
  static void describe_parameters(const Shape& s, const auto& add) {
    describe_gates(s, "lstm", add);
    add({"lstm.bias", {4 * s.hidden}, false, InitialNumbers::of_pieces({0, 1, 0, 0})});
  }

  FN static int outputs(const Shape& s) { return padded(s.hidden); }
  FN static int state_size(const Shape& s) { return 2 * padded(s.hidden); }  // h, c
  FN static int kept_size(const Shape& s) { return 5 * padded(s.hidden); }   // i, f, g, o, tanh(c')
  FN static int back_size(const Shape& s) { return 4 * padded(s.hidden); }   // ∂ by what enters i, f, g, o
  FN static int gates_size(const Shape& s) { return 4 * padded(s.hidden); }  // a row of both weight matrices

  template <class T>
  struct Weights {
    T* input;       // [inputs][4][padded(hidden)]
    T* recurrent;   // [hidden][4][padded(hidden)]
    T* bias;        // [4][padded(hidden)]
    T* transposed;  // [4][padded(hidden)][padded(hidden)]  of `recurrent`; null: no way back
    T* learned;     // [4][padded(hidden)][padded(learned)]  of the learned inputs' part of `input`; likewise
  };
  template <class T>
  FN static Weights<T> take_weights(Scratch& scratch, const Shape& s, bool way_back) {
    const long gates = 4L * padded(s.hidden);
    Weights<T> w;
    w.input = scratch.take<T>(gates * s.inputs);
    w.recurrent = scratch.take<T>(gates * s.hidden);
    w.bias = scratch.take<T>(gates);
    w.transposed = way_back ? scratch.take<T>(gates * padded(s.hidden)) : nullptr;
    w.learned = way_back ? scratch.take<T>(gates * padded(s.learned)) : nullptr;
    return w;
  }

  // Syncs.
  template <class Team>
  TEAM_FN static void load_weights(const Team& team, const Shape& s, const typename Team::Scalar* params,
                                   const Weights<typename Team::Scalar>& w) {
    using T = typename Team::Scalar;
    const int hidden = s.hidden, width = padded(hidden);
    const T* const recurrent = params + recurrent_offset(s);
    for (int gate = 0; gate < 4; ++gate) {
      const auto copy = [&](const T* from, int rows, T* to) FN_LAMBDA {
        for_cells(team, rows, width, [&](int i, int o) FN_LAMBDA {
          to[(i * 4 + gate) * width + o] = o < hidden ? from[(i * 4 + gate) * hidden + o] : T(0);
        });
      };
      copy(params, s.inputs, w.input);
      copy(recurrent, hidden, w.recurrent);
      copy(params + bias_offset(s), 1, w.bias);
      if (w.transposed == nullptr) continue;
      const auto transpose = [&](const T* from, int rows, T* to) FN_LAMBDA {
        for_cells(team, width, padded(rows), [&](int o, int i) FN_LAMBDA {
          to[(gate * width + o) * padded(rows) + i] =
              o < hidden && i < rows ? from[(i * 4 + gate) * hidden + o] : T(0);
        });
      };
      transpose(recurrent, hidden, w.transposed);
      transpose(params, s.learned, w.learned);
    }
    team.sync();
  }

  template <class T, class Multiply>
  FN static void step_products(const Shape& s, const Weights<T>& w, const MemoryStep<T>& now,
                               const Multiply& multiply) {
    const int gates = 4 * padded(s.hidden);
    const Array<Term<T>, 2> terms{{{now.inputs, {w.input, gates}, s.inputs},
                                   {{now.before, state_size(s), 1}, {w.recurrent, gates}, s.hidden}}};
    multiply(now.rows, gates, terms, Start<T>{w.bias, 0}, now.kept, kept_size(s));
  }

  // Does not sync. In the padding c' is ½·0 + ½·tanh(0) = 0, and so is h'.
  template <class Team>
  TEAM_FN static void activate(const Team& team, const Shape& s,
                               const MemoryStep<typename Team::Scalar>& now) {
    using T = typename Team::Scalar;
    using V = typename Team::Vector;
    const int width = padded(s.hidden);
    for_row_vectors(team, now.rows, width, [&](int row, int column) FN_LAMBDA {
      T* const gate = now.kept + static_cast<long>(row) * kept_size(s) + column;
      const long at = static_cast<long>(row) * state_size(s) + column;
      const V i = sigmoid(load_aligned<V>(gate)), f = sigmoid(load_aligned<V>(gate + width)),
              g = tanh(load_aligned<V>(gate + 2 * width)), o = sigmoid(load_aligned<V>(gate + 3 * width));
      const V cell = fma(f, load_aligned<V>(now.before + at + width), i * g), squashed = tanh(cell);
      store_aligned(gate, i);
      store_aligned(gate + width, f);
      store_aligned(gate + 2 * width, g);
      store_aligned(gate + 3 * width, o);
      store_aligned(gate + 4 * width, squashed);
      store_aligned(now.after + at, o * squashed);
      store_aligned(now.after + at + width, cell);
    });
  }

  // Does not sync.
  template <class Team>
  TEAM_FN static void slopes(const Team& team, const Shape& s, const MemoryBack<typename Team::Scalar>& now) {
    using T = typename Team::Scalar;
    using V = typename Team::Vector;
    const int width = padded(s.hidden), state = state_size(s);
    for_row_vectors(team, now.rows, width, [&](int row, int column) FN_LAMBDA {
      const T* const gate = now.kept + static_cast<long>(row) * kept_size(s) + column;
      T* const to = now.back + static_cast<long>(row) * back_size(s) + column;
      const long at = static_cast<long>(row) * state + column;
      const V i = load_aligned<V>(gate), f = load_aligned<V>(gate + width),
              g = load_aligned<V>(gate + 2 * width), o = load_aligned<V>(gate + 3 * width),
              squashed = load_aligned<V>(gate + 4 * width);
      const V by_h = load_aligned<V>(now.state + at), one(1);
      const V by_cell = fma(by_h * o, fma(-squashed, squashed, one), load_aligned<V>(now.state + at + width));
      store_aligned(to, by_cell * g * (i * (one - i)));
      store_aligned(to + width, by_cell * load_aligned<V>(now.before + at + width) * (f * (one - f)));
      store_aligned(to + 2 * width, by_cell * i * fma(-g, g, one));
      store_aligned(to + 3 * width, by_h * squashed * (o * (one - o)));
      store_aligned(now.state + at, V(0));
      store_aligned(now.state + at + width, by_cell * f);
    });
  }

  template <class T, class Multiply>
  FN static void back_products(const Shape& s, const Weights<T>& w, const MemoryBack<T>& now,
                               const Multiply& multiply) {
    const int width = padded(s.hidden), gates = back_size(s), state = state_size(s);
    multiply(now.rows, width, Array<Term<T>, 1>{{{{now.back, gates, 1}, {w.transposed, width}, gates}}},
             Start<T>{now.state, state}, now.state, state);
  }

  template <class T, class Multiply>
  FN static void input_products(const Shape& s, const Weights<T>& w, const MemoryInputs<T>& now,
                                const Multiply& multiply) {
    const int inputs = padded(s.learned), gates = back_size(s);
    multiply(now.rows, inputs, Array<Term<T>, 1>{{{{now.back, gates, 1}, {w.learned, inputs}, gates}}},
             Start<T>{now.zero, 0}, now.gradient, inputs);
  }

  // All but the biases' part.
  template <class T, class Multiply>
  FN static void gradient_products(const Shape& s, const MemoryRows<T>& rows, const Sums<T>& sums,
                                   const Multiply& multiply) {
    const int gates = back_size(s);
    // sum[i][·] += Σ over the rows of left[row][i] · back[row][·].
    const auto add = [&](const T* left, int left_width, int count, T* sum) FN_LAMBDA {
      multiply(count, gates, Array<Term<T>, 1>{{{{left, 1, left_width}, {rows.back, gates}, rows.rows}}},
               Start<T>{sum, gates}, sum, gates);
    };
    add(rows.inputs, padded(s.inputs), s.inputs, sums.input);
    add(rows.before, state_size(s), s.hidden, sums.recurrent);
  }
  // Writes the memory's part of the flat gradient. The caller has synced.
  template <class Team>
  TEAM_FN static void store_gradient(const Team& team, const Shape& s,
                                     const Sums<typename Team::Scalar>& sums,
                                     typename Team::Scalar* gradient) {
    using T = typename Team::Scalar;
    const int hidden = s.hidden, width = padded(hidden);
    for (int gate = 0; gate < 4; ++gate) {
      const auto copy = [&](const T* from, int rows, T* to) FN_LAMBDA {
        for_cells(team, rows, hidden, [&](int i, int o) FN_LAMBDA {
          to[(i * 4 + gate) * hidden + o] = from[(i * 4 + gate) * width + o];
        });
      };
      copy(sums.input, s.inputs, gradient);
      copy(sums.recurrent, hidden, gradient + recurrent_offset(s));
      copy(sums.bias, 1, gradient + bias_offset(s));
    }
  }
};

}  // namespace innerloop
