// A network of hidden layers and a linear one on top, forth and back for some rows: critics, the policies that they teach, and
// what decodes a belief.
//
// Flat parameters: the hidden layers' (kernels/memories/feedforward.h), then output.weight [hidden][outputs] and output.bias
// [outputs]. In scratch memory rows are padded. The gradient is asked for by the first `hidden.learned` inputs.
#pragma once

#include "kernels/lanes/cells.h"
#include "kernels/memories/feedforward.h"
#include "kernels/products/called_product.h"

namespace innerloop {

struct PerceptronShape {
  Feedforward::Shape hidden;
  int outputs = 0;  // 0: there is no such network

  bool operator==(const PerceptronShape&) const = default;

  FN int output_offset() const { return Feedforward::parameters(hidden); }
  FN int parameters() const { return outputs == 0 ? 0 : output_offset() + (hidden.hidden + 1) * outputs; }
  FN int inputs_size() const { return padded(hidden.inputs); }
  FN int outputs_size() const { return padded(outputs); }
};

// Its weights in scratch memory.
template <class T>
struct Perceptron {
  PerceptronShape shape;
  Feedforward::Weights<T> hidden;
  T* output;       // [hidden][padded(outputs)]
  T* output_bias;  // [padded(outputs)]
  T* transposed;   // [outputs][padded(hidden)]; without a way back null

  template <class Team>
  HOST_CALL static Perceptron take(Scratch& scratch, const PerceptronShape& s, bool way_back) {
    Perceptron p;
    p.shape = s;
    p.hidden = Feedforward::take_weights<T>(scratch, s.hidden, way_back);
    p.output = scratch.take<T>(static_cast<long>(s.hidden.hidden) * s.outputs_size());
    p.output_bias = scratch.take<T>(s.outputs_size());
    p.transposed =
        way_back ? scratch.take<T>(static_cast<long>(s.outputs) * padded(s.hidden.hidden)) : nullptr;
    return p;
  }

  // From the flat parameters; without a `way_back` what that needs stays as it is. The caller has synced where the room was
  // read before. Syncs.
  template <class Team>
  TEAM_FN void load(const Team& team, const T* params, bool way_back = true) const {
    const int units = shape.hidden.hidden, outputs = shape.outputs, wide = shape.outputs_size();
    Feedforward::Weights<T> own = hidden;
    if (!way_back) own.transposed = nullptr;
    Feedforward::load_weights(team, shape.hidden, params, own);
    const T* const from = params + shape.output_offset();
    for_cells(team, units + 1, wide, [&](int i, int o) FN_LAMBDA {
      (i < units ? output[i * wide + o] : output_bias[o]) = o < outputs ? from[i * outputs + o] : T(0);
    });
    if (transposed != nullptr && way_back)
      for_cells(team, outputs, padded(units), [&](int o, int i) FN_LAMBDA {
        transposed[o * padded(units) + i] = i < units ? from[i * outputs + o] : T(0);
      });
    team.sync();
  }
};

// What rows leave on their way through a network.
template <class T>
struct PerceptronRows {
  T* inputs;     // [row][padded(inputs)]
  T* kept;       // [row][Feedforward::kept_size]
  T* top;        // [row][padded(hidden)]  of the last hidden layer
  T* outputs;    // [row][padded(outputs)]
  T* by_top;     // [row][padded(hidden)]; without a way back null, as what follows
  T* back;       // [row][Feedforward::back_size]
  T* by_inputs;  // [row][padded(learned)]

  template <class Team>
  HOST_CALL static PerceptronRows take(Scratch& scratch, const PerceptronShape& s, int rows, bool way_back) {
    const long n = rows, units = padded(s.hidden.hidden);
    PerceptronRows r;
    r.inputs = scratch.take<T>(n * s.inputs_size());
    r.kept = scratch.take<T>(n * Feedforward::kept_size(s.hidden));
    r.top = scratch.take<T>(n * units);
    r.outputs = scratch.take<T>(n * s.outputs_size());
    r.by_top = way_back ? scratch.take<T>(n * units) : nullptr;
    r.back = way_back ? scratch.take<T>(n * Feedforward::back_size(s.hidden)) : nullptr;
    r.by_inputs = way_back ? scratch.take<T>(n * padded(s.hidden.learned)) : nullptr;
    return r;
  }
};

// From the rows' inputs to their outputs. Syncs.
template <class Team>
TEAM_FN void forward(const Team& inlining, const Perceptron<typename Team::Scalar>& net, int rows,
                     const PerceptronRows<typename Team::Scalar>& r) {
  using T = typename Team::Scalar;
  const CallsProducts<Team> team(inlining);
  const PerceptronShape& s = net.shape;
  const int units = padded(s.hidden.hidden), wide = s.outputs_size();
  Feedforward::step(team, s.hidden, net.hidden,
                    {rows, {r.inputs, s.inputs_size(), 1}, nullptr, r.kept, r.top});
  product<typename Team::Vector>(
      team, rows, wide, Array<Term<T>, 1>{{{{r.top, units, 1}, {net.output, wide}, s.hidden.hidden}}},
      Start<T>{net.output_bias, 0}, r.outputs, wide);
  team.sync();
}

// From ∂/∂outputs, which stand in their place ([row][padded(outputs)], what pads them 0), to ∂/∂(the learned inputs), where
// that is asked for. Syncs.
template <class Team>
TEAM_FN void backward(const Team& inlining, const Perceptron<typename Team::Scalar>& net, int rows,
                      const PerceptronRows<typename Team::Scalar>& r, bool by_inputs = true) {
  using T = typename Team::Scalar;
  const CallsProducts<Team> team(inlining);
  const PerceptronShape& s = net.shape;
  const int units = padded(s.hidden.hidden), wide = s.outputs_size();
  product<typename Team::Vector>(
      team, rows, units, Array<Term<T>, 1>{{{{r.outputs, wide, 1}, {net.transposed, units}, s.outputs}}},
      Start<T>{net.hidden.zero, 0}, r.by_top, units);
  team.sync();
  Feedforward::back(team, s.hidden, net.hidden, {rows, nullptr, r.kept, r.by_top, r.back});
  if (by_inputs && s.hidden.learned > 0)
    Feedforward::input_gradient(team, s.hidden, net.hidden, {rows, r.back, net.hidden.zero, r.by_inputs});
}

// The sums of a network's gradient over rows.
template <class T>
struct PerceptronSums {
  PerceptronShape shape;
  Feedforward::Sums<T> hidden;
  T *output, *output_bias;  // as in Perceptron

  template <class Team>
  HOST_CALL static PerceptronSums take(Scratch& scratch, const PerceptronShape& s) {
    PerceptronSums sums;
    sums.shape = s;
    sums.hidden = Feedforward::take_sums<T>(scratch, s.hidden);
    sums.output = scratch.take<T>(static_cast<long>(s.hidden.hidden) * s.outputs_size());
    sums.output_bias = scratch.take<T>(s.outputs_size());
    return sums;
  }
  // Syncs.
  template <class Team>
  TEAM_FN void clear(const Team& team) const {
    Feedforward::clear_sums(team, shape.hidden, hidden);
    fill(team, output, static_cast<long>(shape.hidden.hidden) * shape.outputs_size(), T(0));
    fill(team, output_bias, shape.outputs_size(), T(0));
    team.sync();
  }
  // After backward(). Syncs.
  template <class Team>
  TEAM_FN void add(const Team& inlining, int rows, const PerceptronRows<T>& r) const {
    const CallsProducts<Team> team(inlining);
    const int units = padded(shape.hidden.hidden), wide = shape.outputs_size();
    product<typename Team::Vector>(team, shape.hidden.hidden, wide,
                                   Array<Term<T>, 1>{{{{r.top, 1, units}, {r.outputs, wide}, rows}}},
                                   Start<T>{output, wide}, output, wide);
    add_columns(team, rows, shape.outputs, output_bias, r.outputs, wide);
    Feedforward::add_gradient(team, shape.hidden, {rows, r.inputs, nullptr, r.back, r.kept}, hidden);
    team.sync();
  }
  // The flat gradient. Does not sync.
  template <class Team>
  TEAM_FN void store(const Team& team, T* gradient) const {
    const int units = shape.hidden.hidden, outputs = shape.outputs, wide = shape.outputs_size();
    Feedforward::store_gradient(team, shape.hidden, hidden, gradient);
    T* const to = gradient + shape.output_offset();
    for_cells(team, units + 1, outputs, [&](int i, int o) FN_LAMBDA {
      to[i * outputs + o] = i < units ? output[i * wide + o] : output_bias[o];
    });
  }
};

}  // namespace innerloop
