// A long short-term memory that recalls what it was in like contexts: the episodic LSTM (Ritter et al. 2018, "Been there, done
// that: meta-learning with episodic recall"). Beside the gates of kernels/memories/lstm.h there is one of reinstatement, q:
//
//   c' = f∘c + i∘g + q∘tanh(m)        h' = o∘tanh(c')
//
// m is what was stored under the keys nearest to the context that is seen: the cell states of earlier episodes of the trial,
// weighed by 1/(d² + 10⁻³), d the Euclidean distance of the keys; of keys equally far the one stored last counts as nearer.
// Where no context is seen (all of its numbers are 0), or nothing is stored yet, m is 0. When an episode in which a context was
// seen has ended, c is stored under it, as long as there is room. A trial starts with nothing stored. What is stored is a
// constant for the gradient, and stays as it is: a window of a trial that is played once more finds what it found before.
//
// Flat parameters: W [inputs][5·hidden] (i, f, g, o, q), U [hidden][5·hidden], b [5·hidden]. In scratch memory the gates lie
// side by side, each padded.
#pragma once

#include "kernels/lanes/maths.h"
#include "kernels/memories/memory.h"
#include "kernels/networks/gradient_sums.h"

namespace innerloop {

struct Episodic {
  struct Shape : MemorySizes {
    int key_first = 0, key_count = 1;  // the inputs that are the context
    int entries = 1, nearest = 1;
    bool resets = true;  // h and c with each episode

    bool operator==(const Shape&) const = default;

    // Whether an episode has ended is the last input.
    FN int ended() const { return inputs - 1; }
    FN int columns() const { return padded(entries); }
  };
  static constexpr int kGates = 5;

  static Shape shape_of(const EpisodicOptions& options, int inputs) {
    Shape s;
    s.inputs = inputs;
    s.hidden = options.hidden;
    s.entries = options.entries;
    s.nearest = options.nearest;
    s.resets = options.resets;
    return s;
  }
  // The forget gate's bias starts at 1 (Jozefowicz et al. 2015).
  static void describe_parameters(const Shape& s, const auto& add) {
    const int columns = kGates * s.hidden;
    add(ParameterBlock{
        "episodic.input_weight", {s.inputs, columns}, true, InitialNumbers::glorot(s.inputs, columns)});
    add(ParameterBlock{
        "episodic.recurrent_weight", {s.hidden, columns}, true, InitialNumbers::orthogonal(kGates)});
    add(ParameterBlock{"episodic.bias", {columns}, false, InitialNumbers::of_pieces({0, 1, 0, 0, 0})});
  }
  static ProductOperations operations(const Shape& s) {
    const double of_each = 2.0 * kGates * s.hidden;
    return {(s.inputs + s.hidden) * of_each, (s.inputs - s.learned) * of_each};
  }
  FN static int parameters(const Shape& s) { return (s.inputs + s.hidden + 1) * kGates * s.hidden; }
  FN static int widest(const Shape& s) { return gates_size(s); }
  FN static int gates_size(const Shape& s) { return kGates * padded(s.hidden); }
  FN static int outputs(const Shape& s) { return padded(s.hidden); }
  // h and c; the context that was seen last in the episode; how many are stored.
  FN static int key_at(const Shape& s) { return 2 * padded(s.hidden); }
  FN static int count_at(const Shape& s) { return key_at(s) + padded(s.key_count); }
  FN static int state_size(const Shape& s) { return count_at(s) + 16; }
  // The gates, tanh(c'), tanh(m); h and c that the step went on from; distances.
  FN static int squashed_at(const Shape& s) { return gates_size(s); }
  FN static int recalled_at(const Shape& s) { return squashed_at(s) + padded(s.hidden); }
  FN static int carried_at(const Shape& s) { return recalled_at(s) + padded(s.hidden); }
  FN static int distances_at(const Shape& s) { return carried_at(s) + 2 * padded(s.hidden); }
  FN static int kept_size(const Shape& s) { return distances_at(s) + s.columns(); }
  FN static int back_size(const Shape& s) { return gates_size(s); }
  // A row's keys [number][columns], and behind them what is stored under each, [entry][padded(hidden)]: for all of a trial.
  FN static long trace_size(const Shape& s, int) {
    return static_cast<long>(s.columns()) * (s.key_count + padded(s.hidden));
  }

  template <class T>
  struct Weights {
    T* input;       // [inputs][5][padded(hidden)]
    T* recurrent;   // [hidden][5][padded(hidden)]
    T* bias;        // [5][padded(hidden)]
    T* transposed;  // [5][padded(hidden)][padded(hidden)]  of `recurrent`; null: no way back
    T* learned;     // [5][padded(hidden)][padded(learned)]  of the learned inputs' part of `input`; likewise
  };
  template <class T>
  FN static Weights<T> take_weights(Scratch& scratch, const Shape& s, bool way_back) {
    const long gates = gates_size(s);
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
    const int hidden = s.hidden, width = padded(hidden), columns = gates_size(s);
    const T* const recurrent = params + static_cast<long>(s.inputs) * kGates * hidden;
    const T* const bias = recurrent + static_cast<long>(hidden) * kGates * hidden;
    const auto copy = [&](const T* from, int rows, T* to) FN_LAMBDA {
      for_cells(team, rows, columns, [&](int i, int column) FN_LAMBDA {
        const int gate = column / width, o = column % width;
        to[i * columns + column] = o < hidden ? from[(i * kGates + gate) * hidden + o] : T(0);
      });
    };
    const auto transpose = [&](const T* from, int rows, T* to) FN_LAMBDA {
      for_cells(team, columns, padded(rows), [&](int column, int i) FN_LAMBDA {
        const int gate = column / width, o = column % width;
        to[column * padded(rows) + i] =
            o < hidden && i < rows ? from[(i * kGates + gate) * hidden + o] : T(0);
      });
    };
    copy(params, s.inputs, w.input);
    copy(recurrent, hidden, w.recurrent);
    copy(bias, 1, w.bias);
    if (w.transposed != nullptr) {
      transpose(recurrent, hidden, w.transposed);
      transpose(params, s.learned, w.learned);
    }
    team.sync();
  }

  // Syncs.
  template <class Team>
  TEAM_FN static void step(const Team& team, const Shape& s, const Weights<typename Team::Scalar>& w,
                           const MemoryStep<typename Team::Scalar>& now) {
    using T = typename Team::Scalar;
    using V = typename Team::Vector;
    const int width = padded(s.hidden), gates = gates_size(s), kept = kept_size(s);
    for (int row = team.rank(); row < now.rows; row += team.size()) recall<Team>(s, now, row);
    team.sync();
    product<V>(team, now.rows, gates,
               Array<Term<T>, 2>{{{now.inputs, {w.input, gates}, s.inputs},
                                  {{now.kept + carried_at(s), kept, 1}, {w.recurrent, gates}, s.hidden}}},
               Start<T>{w.bias, 0}, now.kept, kept);
    team.sync();
    for_cells(team, now.rows, width / V::lanes, [&](int row, int vector) FN_LAMBDA {
      const int column = vector * V::lanes;
      T* const own = now.kept + static_cast<long>(row) * kept + column;
      T* const after = now.after + static_cast<long>(row) * state_size(s) + column;
      const V i = sigmoid(load_aligned<V>(own)), f = sigmoid(load_aligned<V>(own + width)),
              g = tanh(load_aligned<V>(own + 2 * width)), o = sigmoid(load_aligned<V>(own + 3 * width)),
              q = sigmoid(load_aligned<V>(own + 4 * width)), recalled = load_aligned<V>(own + recalled_at(s));
      const V cell = fma(f, load_aligned<V>(own + carried_at(s) + width), fma(q, recalled, i * g)),
              squashed = tanh(cell);
      store_aligned(own, i);
      store_aligned(own + width, f);
      store_aligned(own + 2 * width, g);
      store_aligned(own + 3 * width, o);
      store_aligned(own + 4 * width, q);
      store_aligned(own + squashed_at(s), squashed);
      store_aligned(after, o * squashed);
      store_aligned(after + width, cell);
    });
    team.sync();
  }

  // Syncs.
  template <class Team>
  TEAM_FN static void back(const Team& team, const Shape& s, const Weights<typename Team::Scalar>& w,
                           const MemoryBack<typename Team::Scalar>& now) {
    using T = typename Team::Scalar;
    using V = typename Team::Vector;
    const int width = padded(s.hidden), gates = gates_size(s), kept = kept_size(s), state = state_size(s);
    for_cells(team, now.rows, width / V::lanes, [&](int row, int vector) FN_LAMBDA {
      const int column = vector * V::lanes;
      const T* const own = now.kept + static_cast<long>(row) * kept + column;
      T* const to = now.back + static_cast<long>(row) * gates + column;
      T* const by_state = now.state + static_cast<long>(row) * state + column;
      const V i = load_aligned<V>(own), f = load_aligned<V>(own + width),
              g = load_aligned<V>(own + 2 * width), o = load_aligned<V>(own + 3 * width),
              q = load_aligned<V>(own + 4 * width), squashed = load_aligned<V>(own + squashed_at(s));
      const V by_h = load_aligned<V>(by_state), one(T(1));
      const V by_cell = fma(by_h * o, fma(-squashed, squashed, one), load_aligned<V>(by_state + width));
      store_aligned(to, by_cell * g * (i * (one - i)));
      store_aligned(to + width, by_cell * load_aligned<V>(own + carried_at(s) + width) * (f * (one - f)));
      store_aligned(to + 2 * width, by_cell * i * fma(-g, g, one));
      store_aligned(to + 3 * width, by_h * squashed * (o * (one - o)));
      store_aligned(to + 4 * width, by_cell * load_aligned<V>(own + recalled_at(s)) * (q * (one - q)));
      store_aligned(by_state, V(T(0)));
      store_aligned(by_state + width, by_cell * f);
    });
    team.sync();
    product<V>(team, now.rows, width,
               Array<Term<T>, 1>{{{{now.back, gates, 1}, {w.transposed, width}, gates}}},
               Start<T>{now.state, state}, now.state, state);
    team.sync();
    // A step that began an episode went on from nothing.
    for_cells(team, now.rows, 2 * width, [&](int row, int i) FN_LAMBDA {
      if (now.kept[static_cast<long>(row) * kept + distances_at(s)] < T(0))
        now.state[static_cast<long>(row) * state + i] = T(0);
    });
    team.sync();
  }

  // Syncs.
  template <class Team>
  TEAM_FN static void input_gradient(const Team& team, const Shape& s,
                                     const Weights<typename Team::Scalar>& w,
                                     const MemoryInputs<typename Team::Scalar>& now) {
    using T = typename Team::Scalar;
    const int inputs = padded(s.learned), gates = gates_size(s);
    product<typename Team::Vector>(team, now.rows, inputs,
                                   Array<Term<T>, 1>{{{{now.back, gates, 1}, {w.learned, inputs}, gates}}},
                                   Start<T>{now.zero, 0}, now.gradient, inputs);
    team.sync();
  }

  template <class T>
  struct Sums {
    T* input;      // as in Weights
    T* recurrent;  // "
    T* bias;       // "
  };
  template <class T>
  FN static Sums<T> take_sums(Scratch& scratch, const Shape& s) {
    const Weights<T> same = take_weights<T>(scratch, s, false);
    return {same.input, same.recurrent, same.bias};
  }
  // Does not sync.
  template <class Team>
  TEAM_FN static void clear_sums(const Team& team, const Shape& s, const Sums<typename Team::Scalar>& sums) {
    const long gates = gates_size(s);
    fill(team, sums.input, gates * s.inputs, 0);
    fill(team, sums.recurrent, gates * s.hidden, 0);
    fill(team, sums.bias, gates, 0);
  }
  // Does not sync.
  template <class Team>
  TEAM_FN static void add_gradient(const Team& team, const Shape& s,
                                   const MemoryRows<typename Team::Scalar>& rows,
                                   const Sums<typename Team::Scalar>& sums) {
    using T = typename Team::Scalar;
    const int gates = gates_size(s);
    // sum[i][·] += Σ over the rows of left[row][i] · back[row][·].
    const auto add = [&](const T* left, int row_size, int count, T* sum) FN_LAMBDA {
      product<typename Team::Vector>(
          team, count, gates, Array<Term<T>, 1>{{{{left, 1, row_size}, {rows.back, gates}, rows.rows}}},
          Start<T>{sum, gates}, sum, gates);
    };
    add(rows.inputs, padded(s.inputs), s.inputs, sums.input);
    add(rows.kept + carried_at(s), kept_size(s), s.hidden, sums.recurrent);
    add_columns(team, rows.rows, gates, sums.bias, rows.back, gates);
  }
  // The caller has synced.
  template <class Team>
  TEAM_FN static void store_gradient(const Team& team, const Shape& s,
                                     const Sums<typename Team::Scalar>& sums,
                                     typename Team::Scalar* gradient) {
    using T = typename Team::Scalar;
    const int hidden = s.hidden, width = padded(hidden), gates = gates_size(s), columns = kGates * hidden;
    const auto copy = [&](const T* from, int rows, T* to) FN_LAMBDA {
      for_cells(team, rows, columns, [&](int i, int column) FN_LAMBDA {
        to[i * columns + column] = from[i * gates + column / hidden * width + column % hidden];
      });
    };
    copy(sums.input, s.inputs, gradient);
    copy(sums.recurrent, hidden, gradient + static_cast<long>(s.inputs) * columns);
    copy(sums.bias, 1, gradient + static_cast<long>(s.inputs + hidden) * columns);
  }

 private:
  // What a row goes on from, and what it recalls; stores what an episode leaves that has ended. One thread does it.
  template <class Team>
  TEAM_FN static void recall(const Shape& s, const MemoryStep<typename Team::Scalar>& now, int row) {
    using T = typename Team::Scalar;
    using V = typename Team::Vector;
    const int width = padded(s.hidden), columns = s.columns();
    const long state = static_cast<long>(row) * state_size(s);
    const T* const before = now.before + state;
    T *const after = now.after + state, *const own = now.kept + static_cast<long>(row) * kept_size(s);
    T *const keys = now.trace + row * trace_size(s, now.steps), *const stored =
                                                                    keys +
                                                                    static_cast<long>(s.key_count) * columns;
    const auto input = [&](int i) FN_LAMBDA {
      return now.inputs.data[static_cast<long>(row) * now.inputs.row_stride +
                             static_cast<long>(i) * now.inputs.depth_stride];
    };
    const bool ended = input(s.ended()) != T(0);
    T count = before[count_at(s)];

    const auto is_context = [&](const auto& key) FN_LAMBDA {
      bool any = false;
      for (int i = 0; i < s.key_count; ++i) any = any || key(i) != T(0);
      return any;
    };
    const auto last = [&](int i) FN_LAMBDA { return before[key_at(s) + i]; };
    const auto seen = [&](int i) FN_LAMBDA { return input(s.key_first + i); };

    if (ended && count < T(static_cast<T>(s.entries)) && is_context(last)) {
      const int place = static_cast<int>(count);
      // Keys are read in whole vectors, so that the first of 16 makes room for all of them.
      if (place % kChains == 0)
        for (int i = 0; i < s.key_count; ++i)
          for (int j = 0; j < kChains; ++j) keys[static_cast<long>(i) * columns + place + j] = T(0);
      for (int i = 0; i < s.key_count; ++i) keys[static_cast<long>(i) * columns + place] = last(i);
      for (int i = 0; i < width; ++i) stored[static_cast<long>(place) * width + i] = before[width + i];
      count = count + T(1);
    }
    const bool shows = is_context(seen), starts = ended && s.resets;
    for (int i = 0; i < padded(s.key_count); ++i) {
      const T kept_key = ended ? T(0) : before[key_at(s) + i];
      after[key_at(s) + i] = i >= s.key_count ? T(0) : shows ? seen(i) : kept_key;
    }
    for (int i = 0; i < 16; ++i) after[count_at(s) + i] = i == 0 ? count : T(0);
    for (int i = 0; i < 2 * width; ++i) own[carried_at(s) + i] = starts ? T(0) : before[i];
    T* const recalled = own + recalled_at(s);
    for (int i = 0; i < width; ++i) recalled[i] = T(0);
    if (shows && count > T(0)) {
      T* const distances = own + distances_at(s);
      T total = T(0);
      const int there = static_cast<int>(count), wanted = min_of(s.nearest, there);
      for (int j = 0; j < there; j += V::lanes) {
        V sum(T(0));
        for (int i = 0; i < s.key_count; ++i) {
          const V off = load_aligned<V>(keys + static_cast<long>(i) * columns + j) - V(seen(i));
          sum = fma(off, off, sum);
        }
        store_aligned(distances + j, sum);
      }
      for (int k = 0; k < wanted; ++k) {
        int nearest = there - 1;
        while (distances[nearest] < T(0)) --nearest;
        for (int j = nearest; j-- > 0;)
          if (distances[j] >= T(0) && distances[j] < distances[nearest]) nearest = j;
        const T weight = T(1) / (distances[nearest] + static_cast<T>(1e-3));
        distances[nearest] = T(-1);  // it is taken
        total = total + weight;
        for (int i = 0; i < width; i += V::lanes)
          store_aligned(recalled + i,
                        fma(V(weight), load_aligned<V>(stored + static_cast<long>(nearest) * width + i),
                            load_aligned<V>(recalled + i)));
      }
      for (int i = 0; i < width; i += V::lanes)
        store_aligned(recalled + i, tanh(load_aligned<V>(recalled + i) / V(total)));
    }
    // The way back asks for it.
    own[distances_at(s)] = starts ? T(-1) : T(1);
  }
};

}  // namespace innerloop
