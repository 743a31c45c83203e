// A memory that remembers nothing: hidden layers of a perceptron, whose last one is what the heads read. In place of a state
// it has those outputs, which no step reads.
//
// Flat parameters, layer by layer: weight [in][out], bias [out]. In scratch memory rows are padded; what a row keeps is all
// layers' outputs side by side, [layer][padded(width)], and the gradients by what enters them lie alike.
#pragma once

#include <string>

#include "kernels/lanes/maths.h"
#include "kernels/memories/memory.h"
#include "kernels/networks/gradient_sums.h"

namespace innerloop {

struct Feedforward {
  static constexpr bool remembers_nothing = true;
  static constexpr int kLayers = kMaxLayers - 1;

  struct Shape : MemorySizes {
    int layers = 0;
    int width[kLayers] = {};  // the last one is `hidden`
    Activation activation = Activation::tanh;

    bool operator==(const Shape&) const = default;
  };

  static Shape shape_of(const MlpOptions& options, int inputs) {
    return shape_of(options.hidden, options.activation, inputs);
  }
  static Shape shape_of(const std::vector<int>& widths, Activation activation, int inputs) {
    Shape s;
    s.inputs = inputs;
    s.hidden = widths.back();
    s.layers = static_cast<int>(widths.size());
    for (int l = 0; l < s.layers; ++l) s.width[l] = widths[static_cast<std::size_t>(l)];
    s.activation = activation;
    return s;
  }
  static void describe_parameters(const Shape& s, const auto& add) {
    for (int l = 0; l < s.layers; ++l) {
      const std::string layer = "layer" + std::to_string(l);
      const int in = inputs(s, l), out = s.width[l];
      add({layer + ".weight", {in, out}, true, InitialNumbers::glorot(in, out)});
      add({layer + ".bias", {out}});
    }
  }
  static ProductOperations operations(const Shape& s) {
    ProductOperations count;
    for (int l = 0; l < s.layers; ++l) count.step += 2.0 * inputs(s, l) * s.width[l];
    count.of_inputs = 2.0 * (s.inputs - s.learned) * s.width[0];
    return count;
  }
  FN static int widest(const Shape& s) {
    int widest = 0;
    ROLLED
    for (int l = 0; l < s.layers; ++l) widest = s.width[l] > widest ? s.width[l] : widest;
    return widest;
  }

  // Numbers that enter a layer.
  FN static int inputs(const Shape& s, int layer) { return layer == 0 ? s.inputs : s.width[layer - 1]; }
  // The first of them, whose gradient is asked for.
  FN static int back_inputs(const Shape& s, int layer) { return layer == 0 ? s.learned : inputs(s, layer); }
  // Where a layer's outputs are in a row; of `layers`, how many numbers a row has.
  FN static int place(const Shape& s, int layer) {
    int at = 0;
    ROLLED
    for (int l = 0; l < layer; ++l) at += padded(s.width[l]);
    return at;
  }
  FN static int weight_offset(const Shape& s, int layer) {
    int at = 0;
    ROLLED
    for (int l = 0; l < layer; ++l) at += (inputs(s, l) + 1) * s.width[l];
    return at;
  }
  FN static int bias_offset(const Shape& s, int layer) {
    return weight_offset(s, layer) + inputs(s, layer) * s.width[layer];
  }
  FN static int parameters(const Shape& s) { return weight_offset(s, s.layers); }

  FN static int outputs(const Shape& s) { return padded(s.hidden); }
  FN static int state_size(const Shape& s) { return padded(s.hidden); }
  FN static int kept_size(const Shape& s) { return place(s, s.layers); }
  FN static int back_size(const Shape& s) { return place(s, s.layers); }

  // Where a layer's weights are in scratch memory; of `layers`, how many numbers they are.
  FN static long weight_place(const Shape& s, int layer) {
    long at = 0;
    ROLLED
    for (int l = 0; l < layer; ++l) at += static_cast<long>(inputs(s, l)) * padded(s.width[l]);
    return at;
  }
  // The same of the transposed weights.
  FN static long transposed_place(const Shape& s, int layer) {
    long at = 0;
    ROLLED
    for (int l = 0; l < layer; ++l) at += static_cast<long>(s.width[l]) * padded(back_inputs(s, l));
    return at;
  }

  // All layers' side by side: with a pointer for each, a GPU's threads would keep them in their slow local memory.
  template <class T>
  struct Weights {
    T* weight;      // [layer][in][padded(out)]
    T* bias;        // [layer][padded(out)]
    T* transposed;  // [layer][out][padded(back_inputs)]; without a way back null
    T* zero;        // [widest layer, padded]; without a way back null
  };
  template <class T>
  struct Sums {
    T* weight;  // as in Weights
    T* bias;    // "
  };

  template <class T>
  FN static Weights<T> take_weights(Scratch& scratch, const Shape& s, bool way_back) {
    Weights<T> w;
    w.weight = scratch.take<T>(weight_place(s, s.layers));
    w.bias = scratch.take<T>(place(s, s.layers));
    w.transposed = way_back ? scratch.take<T>(transposed_place(s, s.layers)) : nullptr;
    w.zero = way_back ? scratch.take<T>(padded(widest(s))) : nullptr;
    return w;
  }

  // Syncs.
  template <class Team>
  TEAM_FN static void load_weights(const Team& team, const Shape& s, const typename Team::Scalar* params,
                                   const Weights<typename Team::Scalar>& w) {
    using T = typename Team::Scalar;
    using V = typename Team::Vector;
    for (int l = 0; l < s.layers; ++l) {
      const int in = inputs(s, l), out = s.width[l], back = padded(back_inputs(s, l));
      const T *const weight = params + weight_offset(s, l), *const bias = params + bias_offset(s, l);
      T* const to = w.weight + weight_place(s, l);
      if (out == padded(out))  // the rows lie alike
        for (int i = team.rank() * V::lanes; i < in * out; i += team.size() * V::lanes)
          store_aligned(to + i, load<V>(weight + i));
      else
        for_cells(team, in, padded(out), [&](int i, int o) FN_LAMBDA {
          to[i * padded(out) + o] = o < out ? weight[i * out + o] : T(0);
        });
      for (int o = team.rank(); o < padded(out); o += team.size())
        w.bias[place(s, l) + o] = o < out ? bias[o] : T(0);
      if (w.transposed == nullptr) continue;
      T* const transposed = w.transposed + transposed_place(s, l);
      for_cells(team, out, back, [&](int o, int i) FN_LAMBDA {
        transposed[o * back + i] = i < back_inputs(s, l) ? weight[i * out + o] : T(0);
      });
    }
    if (w.zero != nullptr) fill(team, w.zero, padded(widest(s)), T(0));
    team.sync();
  }

  FN static RowSizes own_rows(const Shape& s) {
    return {padded(s.inputs), state_size(s), kept_size(s), back_size(s)};
  }

  // Syncs.
  template <class Team>
  TEAM_FN static void step(const Team& team, const Shape& s, const Weights<typename Team::Scalar>& w,
                           const MemoryStep<typename Team::Scalar>& now) {
    step(team, s, w, now, own_rows(s));
  }
  template <class Team>
  TEAM_FN static void step(const Team& team, const Shape& s, const Weights<typename Team::Scalar>& w,
                           const MemoryStep<typename Team::Scalar>& now, const RowSizes& sizes) {
    using T = typename Team::Scalar;
    using V = typename Team::Vector;
    const int kept = sizes.kept;
    for (int l = 0; l < s.layers; ++l) {
      const int width = padded(s.width[l]);
      const Left<T> entering = l == 0 ? now.inputs : Left<T>{now.kept + place(s, l - 1), kept, 1};
      T* const to = now.kept + place(s, l);
      const T* const weight = w.weight + weight_place(s, l);
      product<V>(team, now.rows, width, Array<Term<T>, 1>{{{entering, {weight, width}, inputs(s, l)}}},
                 {w.bias + place(s, l), 0}, to, kept);
      team.sync();
      const bool last = l + 1 == s.layers;
      with_activation(s.activation, [&](auto activation) FN_LAMBDA {
        for_cells(team, now.rows, width / V::lanes, [&](int row, int vector) FN_LAMBDA {
          T* const at = to + static_cast<long>(row) * kept + vector * V::lanes;
          const V h = activation.value(load_aligned<V>(at));
          store_aligned(at, h);
          if (last) store_aligned(now.after + static_cast<long>(row) * sizes.state + vector * V::lanes, h);
        });
      });
      team.sync();
    }
  }

  // Syncs.
  template <class Team>
  TEAM_FN static void back(const Team& team, const Shape& s, const Weights<typename Team::Scalar>& w,
                           const MemoryBack<typename Team::Scalar>& now) {
    back(team, s, w, now, own_rows(s));
  }
  template <class Team>
  TEAM_FN static void back(const Team& team, const Shape& s, const Weights<typename Team::Scalar>& w,
                           const MemoryBack<typename Team::Scalar>& now, const RowSizes& sizes) {
    using T = typename Team::Scalar;
    using V = typename Team::Vector;
    const int size = sizes.back;
    for (int l = s.layers; l-- > 0;) {
      const int width = padded(s.width[l]);
      const bool last = l + 1 == s.layers;
      if (!last) {
        const int above = s.width[l + 1];
        const T* const transposed = w.transposed + transposed_place(s, l + 1);
        product<V>(team, now.rows, width,
                   Array<Term<T>, 1>{{{{now.back + place(s, l + 1), size, 1}, {transposed, width}, above}}},
                   {w.zero, 0}, now.back + place(s, l), size);
        team.sync();
      }
      with_activation(s.activation, [&](auto activation) FN_LAMBDA {
        for_cells(team, now.rows, width / V::lanes, [&](int row, int vector) FN_LAMBDA {
          const long at = static_cast<long>(row) * size + place(s, l) + vector * V::lanes;
          T* const by_state = now.state + static_cast<long>(row) * sizes.state + vector * V::lanes;
          const V by_output = load_aligned<V>(last ? by_state : now.back + at);
          const T* const output =
              now.kept + static_cast<long>(row) * sizes.kept + place(s, l) + vector * V::lanes;
          store_aligned(now.back + at, by_output * activation.slope(load_aligned<V>(output)));
          if (last) store_aligned(by_state, V(0));
        });
      });
      team.sync();
    }
  }

  // Syncs.
  template <class Team>
  TEAM_FN static void input_gradient(const Team& team, const Shape& s,
                                     const Weights<typename Team::Scalar>& w,
                                     const MemoryInputs<typename Team::Scalar>& now) {
    using T = typename Team::Scalar;
    const int inputs = padded(s.learned);
    product<typename Team::Vector>(
        team, now.rows, inputs,
        Array<Term<T>, 1>{{{{now.back, back_size(s), 1}, {w.transposed, inputs}, s.width[0]}}}, {now.zero, 0},
        now.gradient, inputs);
    team.sync();
  }

  template <class T>
  FN static Sums<T> take_sums(Scratch& scratch, const Shape& s) {
    const Weights<T> same = take_weights<T>(scratch, s, false);
    return {same.weight, same.bias};
  }
  // Does not sync.
  template <class Team>
  TEAM_FN static void clear_sums(const Team& team, const Shape& s, const Sums<typename Team::Scalar>& sums) {
    fill(team, sums.weight, weight_place(s, s.layers), 0);
    fill(team, sums.bias, place(s, s.layers), 0);
  }
  // Does not sync.
  template <class Team>
  TEAM_FN static void add_gradient(const Team& team, const Shape& s,
                                   const MemoryRows<typename Team::Scalar>& rows,
                                   const Sums<typename Team::Scalar>& sums) {
    add_gradient(team, s, rows, sums, own_rows(s));
  }
  template <class Team>
  TEAM_FN static void add_gradient(const Team& team, const Shape& s,
                                   const MemoryRows<typename Team::Scalar>& rows,
                                   const Sums<typename Team::Scalar>& sums, const RowSizes& sizes) {
    using T = typename Team::Scalar;
    using V = typename Team::Vector;
    const int size = sizes.back;
    for (int l = 0; l < s.layers; ++l) {
      const int width = padded(s.width[l]);
      const Left<T> entering = l == 0 ? Left<T>{rows.inputs, 1, sizes.inputs}
                                      : Left<T>{rows.kept + place(s, l - 1), 1, sizes.kept};
      T* const sum = sums.weight + weight_place(s, l);
      product<V>(team, inputs(s, l), width,
                 Array<Term<T>, 1>{{{entering, {rows.back + place(s, l), size}, rows.rows}}}, {sum, width},
                 sum, width);
    }
    add_columns(team, rows.rows, back_size(s), sums.bias, rows.back, size);
  }
  // Writes the memory's part of the flat gradient. The caller has synced.
  template <class Team>
  TEAM_FN static void store_gradient(const Team& team, const Shape& s,
                                     const Sums<typename Team::Scalar>& sums,
                                     typename Team::Scalar* gradient) {
    using T = typename Team::Scalar;
    for (int l = 0; l < s.layers; ++l) {
      const int out = s.width[l];
      T *const weight = gradient + weight_offset(s, l), *const bias = gradient + bias_offset(s, l);
      const T* const from = sums.weight + weight_place(s, l);
      for_cells(team, inputs(s, l), out,
                [&](int i, int o) FN_LAMBDA { weight[i * out + o] = from[i * padded(out) + o]; });
      for (int o = team.rank(); o < out; o += team.size()) bias[o] = sums.bias[place(s, l) + o];
    }
  }
};

}  // namespace innerloop
