// A memory that looks back: causal attention with one head. With the inputs x_t of a trial's steps
//
//   q_t, k_t, v_t, u_t = b + x_t·W     a_tj = softmax over j ≤ t of (q_t·k_j / √hidden)     h_t = tanh(u_t + Σ_j a_tj v_j)
//
// Its trace is k and v of each step; there is no state but h, which no step reads. Flat parameters: W [inputs][4·hidden]
// (q, k, v, u), b [4·hidden]. In scratch memory the four lie side by side, each padded.
#pragma once

#include "kernels/lanes/maths.h"
#include "kernels/memories/memory.h"
#include "kernels/networks/gradient_sums.h"

namespace innerloop {

struct CausalAttention {
  using Shape = MemorySizes;

  static void describe_parameters(const Shape& s, const auto& add) {
    add(ParameterBlock{
        "attention.weight", {s.inputs, 4 * s.hidden}, true, InitialNumbers::glorot(s.inputs, 4 * s.hidden)});
    add(ParameterBlock{"attention.bias", {4 * s.hidden}});
  }
  static Shape shape_of(const RecurrentOptions& options, int inputs) { return {inputs, options.hidden}; }
  static ProductOperations operations(const Shape& s) {
    const double of_inputs = 2.0 * s.inputs * 4 * s.hidden;
    return {of_inputs, 2.0 * (s.inputs - s.learned) * 4 * s.hidden};
  }
  FN static int widest(const Shape& s) { return 4 * padded(s.hidden); }
  FN static int parameters(const Shape& s) { return (s.inputs + 1) * 4 * s.hidden; }
  FN static int outputs(const Shape& s) { return padded(s.hidden); }
  FN static int state_size(const Shape& s) { return padded(s.hidden); }
  FN static int kept_size(const Shape& s) { return 5 * padded(s.hidden); }  // q, k, v, u, h
  FN static int back_size(const Shape& s) { return 4 * padded(s.hidden); }  // ∂ by q, k, v, u
  FN static long trace_size(const Shape& s, int steps) { return 2L * steps * padded(s.hidden); }  // k, v

  template <class T>
  struct Weights {
    T* weight;   // [inputs][4][padded(hidden)]
    T* bias;     // [4][padded(hidden)]
    T* learned;  // [4][padded(hidden)][padded(learned)]  of the learned inputs' weights; null: no way back
  };
  template <class T>
  using Sums = Weights<T>;

  template <class T>
  FN static Weights<T> take_weights(Scratch& scratch, const Shape& s, bool way_back) {
    const long width = 4L * padded(s.hidden);
    Weights<T> w;
    w.weight = scratch.take<T>(width * s.inputs);
    w.bias = scratch.take<T>(width);
    w.learned = way_back ? scratch.take<T>(width * padded(s.learned)) : nullptr;
    return w;
  }
  // Syncs.
  template <class Team>
  TEAM_FN static void load_weights(const Team& team, const Shape& s, const typename Team::Scalar* params,
                                   const Weights<typename Team::Scalar>& w) {
    const int hidden = s.hidden, width = padded(hidden);
    for_cells(team, s.inputs + 1, 4 * width, [&](int i, int column) FN_LAMBDA {
      const int part = column / width, o = column % width;
      auto* const to = i < s.inputs ? w.weight + i * 4 * width : w.bias;
      to[column] = o < hidden ? params[(i * 4 + part) * hidden + o] : 0;
    });
    if (w.learned != nullptr)
      for_cells(team, 4 * width, padded(s.learned), [&](int column, int i) FN_LAMBDA {
        const int part = column / width, o = column % width;
        w.learned[column * padded(s.learned) + i] =
            o < hidden && i < s.learned ? params[(i * 4 + part) * hidden + o] : 0;
      });
    team.sync();
  }

  // Syncs.
  template <class Team>
  TEAM_FN static void step(const Team& team, const Shape& s, const Weights<typename Team::Scalar>& w,
                           const MemoryStep<typename Team::Scalar>& now) {
    using T = typename Team::Scalar;
    const int width = padded(s.hidden), kept = kept_size(s);
    product<typename Team::Vector>(team, now.rows, 4 * width,
                                   Array<Term<T>, 1>{{{now.inputs, {w.weight, 4 * width}, s.inputs}}},
                                   {w.bias, 0}, now.kept, kept);
    team.sync();
    for (int row = team.rank(); row < now.rows; row += team.size()) {
      T *const own = now.kept + static_cast<long>(row) * kept, *const h =
                                                                   now.after + static_cast<long>(row) * width;
      T* const trace = now.trace + (static_cast<long>(now.t) * now.rows + row) * trace_size(s, 1);
      for (int i = 0; i < 2 * width; ++i) trace[i] = own[width + i];
      for (int i = 0; i < width; ++i) h[i] = own[3 * width + i];
      const Look<T> look(s, own, now.trace, row, now.rows, now.t);
      for (int j = 0; j <= now.t; ++j) {
        const T a = look.weight(j);
        for (int i = 0; i < width; ++i) h[i] = sum(a, look.at(j)[width + i], h[i]);
      }
      for (int i = 0; i < width; ++i) own[4 * width + i] = h[i] = tanh(Pack<T, 1>(h[i])).get(0);
    }
    team.sync();
  }

  // Syncs.
  template <class Team>
  TEAM_FN static void back(const Team& team, const Shape& s, const Weights<typename Team::Scalar>&,
                           const MemoryBack<typename Team::Scalar>& now) {
    using T = typename Team::Scalar;
    const int width = padded(s.hidden);
    for (int row = team.rank(); row < now.rows; row += team.size()) {
      const T* const own = now.kept + static_cast<long>(row) * kept_size(s);
      T *const state = now.state + static_cast<long>(row) * width, *const to =
                                                                       now.back +
                                                                       static_cast<long>(row) * 4 * width;
      T *const by_q = to, *const by_u = to + 3 * width;
      const auto gradient = [&](int j) {
        return now.trace_gradient + (static_cast<long>(j - now.first) * now.rows + row) * trace_size(s, 1);
      };
      for (int i = 0; i < width; ++i) {
        const T h = own[4 * width + i];
        by_u[i] = state[i] * sum(-h, h, T(1));
        by_q[i] = state[i] = 0;
      }
      const Look<T> look(s, own, now.trace, row, now.rows, now.t);
      T mean = 0;  // Σ_j a_j ∂/∂a_j
      for (int j = 0; j <= now.t; ++j) mean = sum(look.weight(j), dot(width, by_u, look.at(j) + width), mean);
      for (int j = 0; j <= now.t; ++j) {
        const T a = look.weight(j), by_score = a * (dot(width, by_u, look.at(j) + width) - mean) * look.scale;
        for (int i = 0; i < width; ++i) by_q[i] = sum(by_score, look.at(j)[i], by_q[i]);
        if (j < now.first) continue;
        for (int i = 0; i < width; ++i) {
          gradient(j)[i] = sum(by_score, own[i], gradient(j)[i]);
          gradient(j)[width + i] = sum(a, by_u[i], gradient(j)[width + i]);
        }
      }
      for (int i = 0; i < 2 * width; ++i) to[width + i] = gradient(now.t)[i];  // complete
    }
    team.sync();
  }

  // Syncs.
  template <class Team>
  TEAM_FN static void input_gradient(const Team& team, const Shape& s,
                                     const Weights<typename Team::Scalar>& w,
                                     const MemoryInputs<typename Team::Scalar>& now) {
    using T = typename Team::Scalar;
    const int inputs = padded(s.learned), width = back_size(s);
    product<typename Team::Vector>(team, now.rows, inputs,
                                   Array<Term<T>, 1>{{{{now.back, width, 1}, {w.learned, inputs}, width}}},
                                   {now.zero, 0}, now.gradient, inputs);
    team.sync();
  }

  template <class T>
  FN static Sums<T> take_sums(Scratch& scratch, const Shape& s) {
    return take_weights<T>(scratch, s, false);
  }
  // Does not sync.
  template <class Team>
  TEAM_FN static void clear_sums(const Team& team, const Shape& s, const Sums<typename Team::Scalar>& sums) {
    fill(team, sums.weight, 4L * padded(s.hidden) * s.inputs, 0);
    fill(team, sums.bias, 4L * padded(s.hidden), 0);
  }
  // Does not sync.
  template <class Team>
  TEAM_FN static void add_gradient(const Team& team, const Shape& s,
                                   const MemoryRows<typename Team::Scalar>& rows,
                                   const Sums<typename Team::Scalar>& sums) {
    using T = typename Team::Scalar;
    const int width = 4 * padded(s.hidden);
    product<typename Team::Vector>(
        team, s.inputs, width,
        Array<Term<T>, 1>{{{{rows.inputs, 1, padded(s.inputs)}, {rows.back, width}, rows.rows}}},
        {sums.weight, width}, sums.weight, width);
    add_columns(team, rows.rows, width, sums.bias, rows.back, width);
  }
  // The caller has synced.
  template <class Team>
  TEAM_FN static void store_gradient(const Team& team, const Shape& s,
                                     const Sums<typename Team::Scalar>& sums,
                                     typename Team::Scalar* gradient) {
    const int hidden = s.hidden, width = padded(hidden);
    for_cells(team, s.inputs + 1, 4 * hidden, [&](int i, int column) FN_LAMBDA {
      const auto* const from = i < s.inputs ? sums.weight + i * 4 * width : sums.bias;
      gradient[i * 4 * hidden + column] = from[column / hidden * width + column % hidden];
    });
  }

 private:
  template <class T>
  FN static T sum(T a, T b, T c) {
    return fma(Pack<T, 1>(a), Pack<T, 1>(b), Pack<T, 1>(c)).get(0);
  }
  template <class T>
  FN static T dot(int width, const T* a, const T* b) {
    T total = 0;
    for (int i = 0; i < width; ++i) total = sum(a[i], b[i], total);
    return total;
  }

  // How a row's step t attends to the steps up to it.
  template <class T>
  struct Look {
    const int width, row, rows;
    const T *q, *trace;
    T scale, most, total;

    FN Look(const Shape& s, const T* kept, const T* all, int of_row, int of_rows, int t)
        : width(padded(s.hidden)), row(of_row), rows(of_rows), q(kept), trace(all) {
      scale = T(1) / sqrt(Pack<T, 1>(static_cast<T>(s.hidden))).get(0);
      most = score(0);
      for (int j = 1; j <= t; ++j) most = score(j) > most ? score(j) : most;
      total = 0;
      for (int j = 0; j <= t; ++j) total = total + unnormalised(j);
    }
    // k and v of step j.
    FN const T* at(int j) const { return trace + (static_cast<long>(j) * rows + row) * 2 * width; }
    FN T score(int j) const { return dot(width, q, at(j)) * scale; }
    FN T unnormalised(int j) const { return exp(Pack<T, 1>(score(j) - most)).get(0); }
    FN T weight(int j) const { return unnormalised(j) / total; }
  };
};

}  // namespace innerloop
