// A causal transformer over the steps of a trial (Vaswani et al. 2017), with the layer normalisation before each sublayer
// (Xiong et al. 2020). With the inputs x_t and, by option, a place P_t of the step in the trial:
//
//   e = W x_t + b + P_t          then, layer by layer,    e ← e + W_o·attention(norm(e))    e ← e + W_2·act(W_1·norm(e))
//
// or, with gates, GTrXL's in place of each sum (kernels/memories/gate.h). By option learned tokens stand before the first step,
// as a prompt does before a text (Lester et al. 2021): rows of the stream that no input makes, which all steps look at. A step
// of a rollout keeps each layer's keys and values of the trial as its trace; the gradient takes a whole trial at once
// (kernels/trials/whole_gradient.h).
//
// Flat parameters: W [inputs][hidden], b; places [step][hidden] where they are learned; tokens [token][hidden]; of each layer
// the first norm's gain and bias, [q, k, v] weight [hidden][3·hidden] and bias, W_o and bias, the gate; the second norm, W_1
// [hidden][feedforward] and bias, W_2 and bias, the second gate. All rows are multiples of 16 numbers, so that they lie the
// same way in scratch memory.
#pragma once

#include <string>

#include "kernels/memories/attention.h"
#include "kernels/memories/gate.h"
#include "kernels/memories/layer_norm.h"
#include "kernels/memories/memory.h"
#include "kernels/products/called_product.h"

namespace innerloop {

// The tokens among the parameters' blocks.
inline constexpr const char* kPromptBlock = "transformer.tokens";

struct Transformer {
  static constexpr bool takes_whole_trials = true;

  struct Shape : MemorySizes {
    int layers = 1, heads = 1, feedforward = 16;
    int steps = 1;   // of a trial
    int tokens = 0;  // before its first step
    Activation activation = Activation::relu;
    Positions positions = Positions::learned;
    bool gated = false;

    bool operator==(const Shape&) const = default;

    // The most rows of a trial: tokens, then steps.
    FN int rows() const { return tokens + steps; }
    FN AttentionShape attention() const { return {hidden, heads, rows()}; }
    FN GateShape gate() const { return {hidden}; }
    FN int learned_places() const { return positions == Positions::learned ? steps * hidden : 0; }
    // Numbers of a row in the table of places that is computed: angles' sines and cosines.
    FN int table_width() const {
      return positions == Positions::sinusoidal ? hidden
             : positions == Positions::rotary   ? hidden / heads
                                                : 0;
    }
  };

  // A matrix [in][out] at a place of the parameters, and behind it a bias [out].
  struct Dense {
    int in, out, at;
    FN int bias() const { return at + in * out; }
    FN int end() const { return bias() + out; }
  };
  // Where a layer's parameters are.
  struct Layer {
    int norm, second_norm;  // gain and bias of each
    Dense qkv, out, up, down;
    int gate, second_gate;
    int end;
  };
  FN static Dense embedding(const Shape& s) { return {s.inputs, s.hidden, 0}; }
  FN static int places(const Shape& s) { return embedding(s).end(); }
  FN static int prompt(const Shape& s) { return places(s) + s.learned_places(); }
  FN static int prompt_numbers(const Shape& s) { return s.tokens * s.hidden; }
  FN static int prompt_rows(const Shape& s) { return s.tokens; }
  FN static int layers_begin(const Shape& s) { return prompt(s) + prompt_numbers(s); }
  FN static Layer layer_at(const Shape& s, int at) {
    const int width = s.hidden, gate = s.gated ? s.gate().parameters() : 0;
    Layer l;
    l.norm = at;
    l.qkv = {width, 3 * width, l.norm + 2 * width};
    l.out = {width, width, l.qkv.end()};
    l.gate = l.out.end();
    l.second_norm = l.gate + gate;
    l.up = {width, s.feedforward, l.second_norm + 2 * width};
    l.down = {s.feedforward, width, l.up.end()};
    l.second_gate = l.down.end();
    l.end = l.second_gate + gate;
    return l;
  }
  FN static Layer layer(const Shape& s, int number) {
    const int first = layers_begin(s), size = layer_at(s, first).end - first;
    return layer_at(s, first + number * size);
  }
  FN static int parameters(const Shape& s) { return layer(s, s.layers).norm; }

  static Shape shape_of(const TransformerOptions& options, int inputs);
  static void describe_parameters(const Shape& s, const auto& add);
  static ProductOperations operations(const Shape& s);
  FN static int widest(const Shape& s) { return s.feedforward > 3 * s.hidden ? s.feedforward : 3 * s.hidden; }
  FN static int outputs(const Shape& s) { return s.hidden; }
  FN static int state_size(const Shape& s) { return s.hidden; }
  FN static int kept_size(const Shape& s) {
    Scratch counted;
    take_pass<float>(counted, s, kRoundedRows, false);
    counted.take<float>(step_scores(s.attention(), kRoundedRows));
    return static_cast<int>(counted.used() / static_cast<long>(sizeof(float)) / kRoundedRows);
  }
  FN static long trace_size(const Shape& s, int) { return s.layers * attention_trace(s.attention()); }

  template <class T>
  struct Weights {
    T* params;      // as the flat vector
    T* transposed;  // the layers' matrices transposed, each where it lies; null: no way back
    T* learned;     // [hidden][padded(learned)]  of the learned inputs' weights; likewise
    T* table;       // [row][table_width]  sines, then cosines
    T* average;     // [hidden]  1 / hidden
    T* zero;        // [widest]
  };
  template <class T>
  FN static Weights<T> take_weights(Scratch& scratch, const Shape& s, bool way_back) {
    Weights<T> w;
    w.params = scratch.take<T>(parameters(s));
    w.transposed = way_back ? scratch.take<T>(parameters(s)) : nullptr;
    w.learned = way_back ? scratch.take<T>(static_cast<long>(s.hidden) * padded(s.learned)) : nullptr;
    w.table = scratch.take<T>(static_cast<long>(s.rows()) * s.table_width());
    w.average = scratch.take<T>(s.hidden);
    w.zero = scratch.take<T>(widest(s));
    return w;
  }
  template <class Team>
  TEAM_FN static void load_weights(const Team& team, const Shape& s, const typename Team::Scalar* params,
                                   const Weights<typename Team::Scalar>& w);

  // Syncs.
  template <class Team>
  TEAM_FN static void step(const Team& team, const Shape& s, const Weights<typename Team::Scalar>& w,
                           const MemoryStep<typename Team::Scalar>& now);

  template <class T>
  struct Sums {
    T* params;  // as the flat vector
  };
  template <class T>
  FN static Sums<T> take_sums(Scratch& scratch, const Shape& s) {
    return {scratch.take<T>(parameters(s))};
  }
  // Does not sync.
  template <class Team>
  TEAM_FN static void clear_sums(const Team& team, const Shape& s, const Sums<typename Team::Scalar>& sums) {
    fill(team, sums.params, parameters(s), 0);
  }
  // The caller has synced.
  template <class Team>
  TEAM_FN static void store_gradient(const Team& team, const Shape& s,
                                     const Sums<typename Team::Scalar>& sums,
                                     typename Team::Scalar* gradient) {
    for (int i = team.rank(); i < parameters(s); i += team.size()) gradient[i] = sums.params[i];
  }

  // What a layer makes of its rows.
  template <class T>
  struct LayerRows {
    T* entering;                    // [row][hidden]
    T *normalised, *second;         // [row][hidden]  of each norm
    T *outputs, *second_outputs;    // [row][hidden]  with gain and bias
    T *variance, *second_variance;  // [row]
    T* qkv;                         // [row][3·hidden]
    AttentionRows<T> attention;     // its `out` alone in a step
    T* middle;                      // [row][hidden]  behind the first sublayer
    T* grown;                       // [row][feedforward]
    GateRows<T> gate, second_gate;
  };
  // What a pass keeps over rows, of a trial's tokens and steps or of one of them in several trials: of all layers, or where it
  // goes nowhere but forth of one.
  template <class T>
  struct Pass {
    Scratch layers;
    long layer_bytes;
    T* leaving;  // [row][hidden]
    T* mean;     // [row]
    int rows;    // that there is room for
    bool keeps;
  };
  template <class T>
  struct Trial {
    Pass<T> pass;
    AttentionRoom<T> room;
    T *by_qkv, *by_grown;  // [row][3·hidden], [row][feedforward]
    T *by_rows, *by_out;   // [row][hidden]
    T* slope;              // [row]
  };
  template <class Team>
  HOST_CALL static Trial<typename Team::Scalar> take_trial(Scratch& scratch, const Shape& s) {
    using T = typename Team::Scalar;
    const long rows = padded(s.rows());
    Trial<T> b;
    b.pass = take_pass<T>(scratch, s, padded(s.rows()), true);
    b.room = take_attention_room<Team>(scratch, s.attention());
    b.by_qkv = scratch.take<T>(rows * 3 * s.hidden);
    b.by_grown = scratch.take<T>(rows * s.feedforward);
    b.by_rows = scratch.take<T>(rows * s.hidden);
    b.by_out = scratch.take<T>(rows * s.hidden);
    b.slope = scratch.take<T>(rows);
    return b;
  }
  // All steps of a trial, behind its tokens: what the heads read is in b.pass.leaving, from row prompt_rows on. inputs:
  // [step][padded(inputs)]; own_prompt: [prompt_numbers], what the task adds to the tokens, or null. Syncs.
  template <class Team>
  TEAM_FN static void forward(const Team& team, const Shape& s, const Weights<typename Team::Scalar>& w,
                              int steps, const typename Team::Scalar* inputs,
                              const typename Team::Scalar* own_prompt, const Trial<typename Team::Scalar>& b);
  // From ∂/∂leaving, `state`, adds the trial's part to the sums; `state` becomes ∂/∂(the first layer's rows). Without
  // `of_matrices` the sums of the matrices stay as they are. Syncs.
  template <class Team>
  TEAM_FN static void backward(const Team& team, const Shape& s, const Weights<typename Team::Scalar>& w,
                               int steps, const typename Team::Scalar* inputs,
                               const Trial<typename Team::Scalar>& b, typename Team::Scalar* state,
                               const Sums<typename Team::Scalar>& sums, bool of_matrices = true);
  // From `state` at the steps ∂/∂(the learned inputs), [step][padded(learned)]. Syncs.
  template <class Team>
  TEAM_FN static void input_gradient(const Team& team, const Shape& s,
                                     const Weights<typename Team::Scalar>& w, int steps,
                                     const typename Team::Scalar* state, typename Team::Scalar* gradient) {
    using T = typename Team::Scalar;
    const int inputs = padded(s.learned);
    multiply(team, steps, inputs, Left<T>{state, s.hidden, 1}, Right<T>{w.learned, inputs}, s.hidden,
             Start<T>{w.zero, 0}, gradient, inputs);
    team.sync();
  }

 private:
  static constexpr int kRoundedRows = 32;  // at most so many rows make a step, and a multiple of 16

  template <class T>
  FN static LayerRows<T> take_layer(Scratch& scratch, const Shape& s, int rows, bool keeps) {
    const long size = static_cast<long>(rows) * s.hidden;
    LayerRows<T> b;
    b.entering = scratch.take<T>(size);
    b.normalised = scratch.take<T>(size);
    b.second = scratch.take<T>(size);
    b.outputs = scratch.take<T>(size);
    b.second_outputs = scratch.take<T>(size);
    b.variance = scratch.take<T>(rows);
    b.second_variance = scratch.take<T>(rows);
    b.qkv = scratch.take<T>(3 * size);
    b.attention = {};
    if (keeps)
      b.attention = take_attention_rows<T>(scratch, s.attention());
    else
      b.attention.out = scratch.take<T>(size);
    b.middle = scratch.take<T>(size);
    b.grown = scratch.take<T>(static_cast<long>(rows) * s.feedforward);
    if (s.gated) {
      b.gate = take_gate_rows<T>(scratch, s.gate(), rows);
      b.second_gate = take_gate_rows<T>(scratch, s.gate(), rows);
    }
    return b;
  }
  template <class T>
  FN static Pass<T> take_pass(Scratch& scratch, const Shape& s, int rows, bool keeps) {
    Pass<T> b;
    b.rows = rows;
    b.keeps = keeps;
    b.leaving = scratch.take<T>(static_cast<long>(rows) * s.hidden);
    b.mean = scratch.take<T>(rows);
    b.layers = scratch;
    const long before = scratch.used();
    take_layer<T>(scratch, s, rows, keeps);
    b.layer_bytes = scratch.used() - before;
    if (keeps) scratch.take<char>((s.layers - 1) * b.layer_bytes);
    return b;
  }
  template <class T>
  FN static LayerRows<T> rows_of_layer(const Shape& s, const Pass<T>& pass, int number) {
    Scratch at = pass.layers;
    if (pass.keeps) at.take<char>(number * pass.layer_bytes);
    return take_layer<T>(at, s, pass.rows, pass.keeps);
  }

  // A norm at a place of the parameters, on rows that a layer keeps.
  template <class T>
  FN static LayerNorm<T> norm_at(const Shape& s, const Weights<T>& w, int at, T* mean, T* variance,
                                 T* normalised, T* outputs) {
    LayerNorm<T> n = {};
    n.gain = w.params + at;
    n.bias = n.gain + s.hidden;
    n.average = w.average;
    n.zero = w.zero;
    n.normalised = normalised;
    n.outputs = outputs;
    n.mean = mean;
    n.variance = variance;
    return n;
  }

  // Does not sync.
  template <class Team>
  TEAM_FN static void apply(const Team& team, const Dense& d, const Weights<typename Team::Scalar>& w,
                            int rows, const Left<typename Team::Scalar>& x, typename Team::Scalar* to) {
    using T = typename Team::Scalar;
    multiply(team, rows, d.out, x, Right<T>{w.params + d.at, d.out}, d.in, Start<T>{w.params + d.bias(), 0},
             to, d.out);
  }
  // Adds a matrix's gradient to the sums, where it is wanted, and writes ∂/∂(its inputs). Does not sync.
  template <class Team>
  TEAM_FN static void apply_back(const Team& team, const Dense& d, const Weights<typename Team::Scalar>& w,
                                 int rows, const typename Team::Scalar* x, const typename Team::Scalar* by,
                                 const Sums<typename Team::Scalar>& sums, bool of_matrices,
                                 typename Team::Scalar* by_x) {
    using T = typename Team::Scalar;
    if (of_matrices) add_dense(team, d, rows, x, d.in, by, sums);
    multiply(team, rows, d.in, Left<T>{by, d.out, 1}, Right<T>{w.transposed + d.at, d.in}, d.out,
             Start<T>{w.zero, 0}, by_x, d.in);
  }
  template <class Team>
  TEAM_FN static void add_dense(const Team& team, const Dense& d, int rows, const typename Team::Scalar* x,
                                int x_size, const typename Team::Scalar* by,
                                const Sums<typename Team::Scalar>& sums) {
    using T = typename Team::Scalar;
    T* const to = sums.params + d.at;
    multiply(team, d.in, d.out, Left<T>{x, 1, x_size}, Right<T>{by, d.out}, rows, Start<T>{to, d.out}, to,
             d.out);
    add_columns(team, rows, d.out, sums.params + d.bias(), by, d.out);
  }

  // to = x + what is there. Syncs.
  template <class Team>
  TEAM_FN static void add_stream(const Team& team, const Shape& s, int rows, const typename Team::Scalar* x,
                                 typename Team::Scalar* to) {
    using V = typename Team::Vector;
    for_vectors(team, static_cast<long>(rows) * s.hidden, [&](long i) FN_LAMBDA {
      store_aligned(to + i, load_aligned<V>(x + i) + load_aligned<V>(to + i));
    });
    team.sync();
  }
  template <class Team, class At>
  FN static void for_vectors(const Team& team, long count, const At& at) {
    using V = typename Team::Vector;
    for (long i = static_cast<long>(team.rank()) * V::lanes; i < count;
         i += static_cast<long>(team.size()) * V::lanes)
      at(i);
  }

  // The steps' rows that enter the first layer; row r is at step step_of(r). Syncs.
  template <class Team, class StepOf>
  TEAM_FN static void embed(const Team& team, const Shape& s, const Weights<typename Team::Scalar>& w,
                            int rows, const Left<typename Team::Scalar>& inputs, const StepOf& step_of,
                            typename Team::Scalar* to) {
    apply(team, embedding(s), w, rows, inputs, to);
    if (s.positions == Positions::rotary) return team.sync();
    team.sync();
    const auto* const table = s.positions == Positions::learned ? w.params + places(s) : w.table;
    for_cells(team, rows, s.hidden, [&](int row, int i) FN_LAMBDA {
      auto* const at = to + static_cast<long>(row) * s.hidden + i;
      *at = *at + table[static_cast<long>(step_of(row)) * s.hidden + i];
    });
    team.sync();
  }
  // One token's row of `rows` trials, or all of a trial's: numbers from `first` on of the prompt, `count` to a row, with what
  // each trial's task adds, [row][prompt_numbers]. Does not sync.
  template <class Team>
  TEAM_FN static void put_tokens(const Team& team, const Shape& s, const Weights<typename Team::Scalar>& w,
                                 int rows, int first, int count, const typename Team::Scalar* own,
                                 typename Team::Scalar* to) {
    using T = typename Team::Scalar;
    const T* const tokens = w.params + prompt(s) + first;
    for_cells(team, rows, count, [&](int row, int i) FN_LAMBDA {
      const T added = own == nullptr ? T(0) : own[static_cast<long>(row) * prompt_numbers(s) + first + i];
      to[static_cast<long>(row) * count + i] = tokens[i] + added;
    });
  }
  // Turns queries and keys by the angles of their place among a trial's rows (Su et al. 2021), back where `turn` is −1. Syncs.
  template <class Team, class PlaceOf>
  TEAM_FN static void rotate(const Team& team, const Shape& s, const Weights<typename Team::Scalar>& w,
                             int rows, const PlaceOf& place_of, typename Team::Scalar turn,
                             typename Team::Scalar* qkv) {
    using One = Pack<typename Team::Scalar, 1>;
    if (s.positions != Positions::rotary) return;
    const int size = s.hidden / s.heads, half = size / 2;
    for_cells(team, rows, s.hidden, [&](int row, int i) FN_LAMBDA {
      // Of the 2·hidden numbers of q and k, half are the first of a pair.
      const int head = quotient(i, half), of = i - head * half;
      auto* const at = qkv + static_cast<long>(row) * 3 * s.hidden + head * size + of;
      const auto* const angle = w.table + static_cast<long>(place_of(row)) * size + of;
      const One sine = One(angle[0]) * One(turn), cosine(angle[half]), a(at[0]), b(at[half]);
      at[0] = fma(-b, sine, a * cosine).get(0);
      at[half] = fma(a, sine, b * cosine).get(0);
    });
    team.sync();
  }

  // A layer's queries, keys and values. Syncs.
  template <class Team, class PlaceOf>
  TEAM_FN static void enter_layer(const Team& team, const Shape& s, const Weights<typename Team::Scalar>& w,
                                  const Layer& layer, int rows, const PlaceOf& place_of,
                                  const Pass<typename Team::Scalar>& pass,
                                  const LayerRows<typename Team::Scalar>& b) {
    normalise_rows(team, s.hidden, norm_at(s, w, layer.norm, pass.mean, b.variance, b.normalised, b.outputs),
                   rows, b.entering, s.hidden);
    apply(team, layer.qkv, w, rows, {b.outputs, s.hidden, 1}, b.qkv);
    team.sync();
    rotate(team, s, w, rows, place_of, 1, b.qkv);
  }
  // From what the attention saw to the rows behind the layer. Syncs.
  template <class Team>
  TEAM_FN static void leave_layer(const Team& team, const Shape& s, const Weights<typename Team::Scalar>& w,
                                  const Layer& layer, int rows, const Pass<typename Team::Scalar>& pass,
                                  const LayerRows<typename Team::Scalar>& b, typename Team::Scalar* leaving);
};

inline Transformer::Shape Transformer::shape_of(const TransformerOptions& options, int inputs) {
  Shape s;
  s.inputs = inputs;
  s.hidden = options.hidden;
  s.layers = options.layers;
  s.heads = options.heads;
  s.feedforward = options.feedforward;
  s.activation = options.activation;
  s.positions = options.positions;
  s.gated = options.gated;
  s.tokens = options.tokens;
  return s;
}

void Transformer::describe_parameters(const Shape& s, const auto& add) {
  const int width = s.hidden, twice = 2 * width, thrice = 3 * width;
  // What enters the stream starts smaller the more layers add to it (Radford et al. 2019).
  const float share = 1 / std::sqrt(2.0f * static_cast<float>(s.layers));
  add(ParameterBlock{
      "transformer.input_weight", {s.inputs, width}, true, InitialNumbers::glorot(s.inputs, width)});
  add(ParameterBlock{"transformer.input_bias", {width}});
  if (s.learned_places() > 0)
    add(ParameterBlock{
        "transformer.positions", {s.steps, width}, false, InitialNumbers::glorot(width, width)});
  if (s.tokens > 0)
    add(ParameterBlock{kPromptBlock, {s.tokens, width}, false, InitialNumbers::glorot(width, width)});
  for (int l = 0; l < s.layers; ++l) {
    const std::string name = "transformer.layer" + std::to_string(l) + ".";
    const auto dense = [&](const char* of, int in, int out, const InitialNumbers& initial) {
      add(ParameterBlock{name + of + "_weight", {in, out}, true, initial});
      add(ParameterBlock{name + of + "_bias", {out}});
    };
    const auto norm = [&](const char* of) {
      add(ParameterBlock{name + of + "_gain", {width}, false, InitialNumbers::constant(1)});
      add(ParameterBlock{name + of + "_bias", {width}});
    };
    const auto gate = [&](const char* of) {
      if (!s.gated) return;
      add(ParameterBlock{
          name + of + "_input_weight", {width, thrice}, true, InitialNumbers::glorot(width, width)});
      add(ParameterBlock{
          name + of + "_stream_weight", {width, twice}, true, InitialNumbers::glorot(width, width)});
      add(ParameterBlock{
          name + of + "_reset_weight", {width, width}, true, InitialNumbers::glorot(width, width)});
      add(ParameterBlock{name + of + "_bias", {width}, false, InitialNumbers::constant(2)});
    };
    norm("attention_norm");
    dense("qkv", width, thrice, InitialNumbers::glorot(width, width));
    dense("out", width, width, InitialNumbers::glorot(width, width, share));
    gate("attention_gate");
    norm("feedforward_norm");
    dense("up", width, s.feedforward, InitialNumbers::glorot(width, s.feedforward));
    dense("down", s.feedforward, width, InitialNumbers::glorot(s.feedforward, width, share));
    gate("feedforward_gate");
  }
}

inline ProductOperations Transformer::operations(const Shape& s) {
  // Half of a trial is visible on the mean.
  const double width = s.hidden, of_layer = width * (4 * width + 2.0 * s.feedforward + s.rows() + s.tokens) +
                                            (s.gated ? 12 : 0) * width * width;
  return {2 * (s.inputs * width + s.layers * of_layer), 2.0 * (s.inputs - s.learned) * width};
}

// Syncs.
template <class Team>
TEAM_FN void Transformer::load_weights(const Team& team, const Shape& s, const typename Team::Scalar* params,
                                       const Weights<typename Team::Scalar>& w) {
  using T = typename Team::Scalar;
  using One = Pack<T, 1>;
  for (int i = team.rank(); i < parameters(s); i += team.size()) w.params[i] = params[i];
  for (int i = team.rank(); i < s.hidden; i += team.size()) w.average[i] = T(1) / static_cast<T>(s.hidden);
  for (int i = team.rank(); i < widest(s); i += team.size()) w.zero[i] = T(0);
  // The angle of row t and number i of n is t·10000^(−i/n).
  const int half = s.table_width() / 2;
  for_cells(team, s.rows(), half, [&](int t, int i) FN_LAMBDA {
    const One rate = exp(One(static_cast<T>(-9.210340371976184) * static_cast<T>(i) / static_cast<T>(half)));
    One sine, cosine;
    sin_cos(One(static_cast<T>(t)) * rate, sine, cosine);
    w.table[static_cast<long>(t) * 2 * half + i] = sine.get(0);
    w.table[static_cast<long>(t) * 2 * half + half + i] = cosine.get(0);
  });
  if (w.transposed != nullptr) {
    const auto transpose = [&](int in, int out, int at) FN_LAMBDA {
      for_cells(team, out, in,
                [&](int o, int i) FN_LAMBDA { w.transposed[at + o * in + i] = params[at + i * out + o]; });
    };
    for (int l = 0; l < s.layers; ++l) {
      const Layer layer = Transformer::layer(s, l);
      const auto transpose_dense = [&](const Dense& d) FN_LAMBDA { transpose(d.in, d.out, d.at); };
      const auto transpose_gate = [&](int at) FN_LAMBDA {
        transpose(s.hidden, 3 * s.hidden, at);
        transpose(s.hidden, 2 * s.hidden, at + s.gate().by_state());
        transpose(s.hidden, s.hidden, at + s.gate().by_reset());
      };
      transpose_dense(layer.qkv);
      transpose_dense(layer.out);
      transpose_dense(layer.up);
      transpose_dense(layer.down);
      if (!s.gated) continue;
      transpose_gate(layer.gate);
      transpose_gate(layer.second_gate);
    }
    for_cells(team, s.hidden, padded(s.learned), [&](int o, int i) FN_LAMBDA {
      w.learned[o * padded(s.learned) + i] = i < s.learned ? params[i * s.hidden + o] : T(0);
    });
  }
  team.sync();
}

template <class Team>
TEAM_FN void Transformer::leave_layer(const Team& team, const Shape& s,
                                      const Weights<typename Team::Scalar>& w, const Layer& layer, int rows,
                                      const Pass<typename Team::Scalar>& pass,
                                      const LayerRows<typename Team::Scalar>& b,
                                      typename Team::Scalar* leaving) {
  using T = typename Team::Scalar;
  using V = typename Team::Vector;
  // What a sublayer made joins the stream.
  const auto join = [&](const Dense& d, const Left<T>& x, int gate, const GateRows<T>& rows_of_gate,
                        const T* stream, T* to) FN_LAMBDA {
    T* const made = s.gated ? rows_of_gate.made : to;
    apply(team, d, w, rows, x, made);
    team.sync();
    if (s.gated)
      pass_gate(team, s.gate(), w.params + gate, rows, stream, w.zero, rows_of_gate, to);
    else
      add_stream(team, s, rows, stream, to);
  };
  join(layer.out, {b.attention.out, s.hidden, 1}, layer.gate, b.gate, b.entering, b.middle);
  normalise_rows(team, s.hidden,
                 norm_at(s, w, layer.second_norm, pass.mean, b.second_variance, b.second, b.second_outputs),
                 rows, b.middle, s.hidden);
  apply(team, layer.up, w, rows, {b.second_outputs, s.hidden, 1}, b.grown);
  team.sync();
  with_activation(s.activation, [&](auto activation) FN_LAMBDA {
    for_vectors(team, static_cast<long>(rows) * s.feedforward, [&](long i) FN_LAMBDA {
      store_aligned(b.grown + i, activation.value(load_aligned<V>(b.grown + i)));
    });
  });
  team.sync();
  join(layer.down, {b.grown, s.feedforward, 1}, layer.second_gate, b.second_gate, b.middle, leaving);
}

template <class Team>
TEAM_FN void Transformer::step(const Team& team, const Shape& s, const Weights<typename Team::Scalar>& w,
                               const MemoryStep<typename Team::Scalar>& now) {
  using T = typename Team::Scalar;
  Scratch scratch(now.kept);
  const Pass<T> pass = take_pass<T>(scratch, s, kRoundedRows, false);
  const AttentionShape attention = s.attention();
  T* const scores = scratch.take<T>(step_scores(attention, kRoundedRows));
  const LayerRows<T> b = rows_of_layer(s, pass, 0);  // of every layer
  // The tokens go before the first step, one after the other.
  for (int place = now.t == 0 ? 0 : s.tokens + now.t; place <= s.tokens + now.t; ++place) {
    if (place < s.tokens) {
      put_tokens(team, s, w, now.rows, place * s.hidden, s.hidden, now.prompts, b.entering);
      team.sync();
    } else {
      embed(
          team, s, w, now.rows, now.inputs, [&](int) FN_LAMBDA { return now.t; }, b.entering);
    }
    for (int l = 0; l < s.layers; ++l) {
      const Layer layer = Transformer::layer(s, l);
      enter_layer(
          team, s, w, layer, now.rows, [&](int) FN_LAMBDA { return place; }, pass, b);
      look_back(team, attention, now.rows, place, b.qkv, now.trace + l * attention_trace(attention),
                trace_size(s, now.steps), scores, b.attention.out);
      leave_layer(team, s, w, layer, now.rows, pass, b, b.entering);
    }
  }
  for (long i = team.rank(); i < static_cast<long>(now.rows) * s.hidden; i += team.size())
    now.after[i] = b.entering[i];
  team.sync();
}

template <class Team>
TEAM_FN void Transformer::forward(const Team& team, const Shape& s, const Weights<typename Team::Scalar>& w,
                                  int steps, const typename Team::Scalar* inputs,
                                  const typename Team::Scalar* own_prompt,
                                  const Trial<typename Team::Scalar>& b) {
  using T = typename Team::Scalar;
  const auto itself = [](int row) FN_LAMBDA { return row; };
  const int rows_there = s.tokens + steps;
  T* const entering = rows_of_layer(s, b.pass, 0).entering;
  if (s.tokens > 0) put_tokens(team, s, w, 1, 0, prompt_numbers(s), own_prompt, entering);
  embed(team, s, w, steps, {inputs, padded(s.inputs), 1}, itself, entering + prompt_numbers(s));
  for (int l = 0; l < s.layers; ++l) {
    const Layer layer = Transformer::layer(s, l);
    const LayerRows<T> rows = rows_of_layer(s, b.pass, l);
    enter_layer(team, s, w, layer, rows_there, itself, b.pass, rows);
    attend(team, s.attention(), rows_there, rows.qkv, rows.attention, b.room);
    leave_layer(team, s, w, layer, rows_there, b.pass, rows,
                l + 1 < s.layers ? rows_of_layer(s, b.pass, l + 1).entering : b.pass.leaving);
  }
}

template <class Team>
TEAM_FN void Transformer::backward(const Team& team, const Shape& s, const Weights<typename Team::Scalar>& w,
                                   int steps, const typename Team::Scalar* inputs,
                                   const Trial<typename Team::Scalar>& b, typename Team::Scalar* state,
                                   const Sums<typename Team::Scalar>& sums, bool of_matrices) {
  using T = typename Team::Scalar;
  using V = typename Team::Vector;
  const auto itself = [](int row) FN_LAMBDA { return row; };
  const int rows_there = s.tokens + steps;
  for (int l = s.layers; l-- > 0;) {
    const Layer layer = Transformer::layer(s, l);
    const LayerRows<T> rows = rows_of_layer(s, b.pass, l);
    // ∂/∂(what a sublayer made): that of the stream itself, or through the gate, with by_qkv and by_out as its room.
    const auto part = [&](int gate, const GateRows<T>& rows_of_gate, const T* stream) FN_LAMBDA -> const T* {
      if (!s.gated) return state;
      back_through_gate(team, s.gate(), GateBack<T>{w.transposed + gate, w.zero, b.by_qkv, b.by_out},
                        rows_there, stream, rows_of_gate, state, b.by_rows, sums.params + gate);
      return b.by_rows;
    };
    const auto back_through_norm = [&](int at, T* variance, T* normalised, T* outputs) FN_LAMBDA {
      LayerNorm<T> norm = norm_at(s, w, at, b.pass.mean, variance, normalised, outputs);
      norm.by_outputs = b.by_rows;
      norm.slope = b.slope;
      norm.gain_sum = sums.params + at;
      norm.bias_sum = norm.gain_sum + s.hidden;
      back_through_layer_norm(team, s.hidden, norm, rows_there, state, s.hidden);
    };
    const T* by = part(layer.second_gate, rows.second_gate, rows.middle);
    apply_back(team, layer.down, w, rows_there, rows.grown, by, sums, of_matrices, b.by_grown);
    team.sync();
    with_activation(s.activation, [&](auto activation) FN_LAMBDA {
      for_vectors(team, static_cast<long>(rows_there) * s.feedforward, [&](long i) FN_LAMBDA {
        store_aligned(b.by_grown + i,
                      load_aligned<V>(b.by_grown + i) * activation.slope(load_aligned<V>(rows.grown + i)));
      });
    });
    team.sync();
    apply_back(team, layer.up, w, rows_there, rows.second_outputs, b.by_grown, sums, of_matrices, b.by_rows);
    team.sync();
    back_through_norm(layer.second_norm, rows.second_variance, rows.second, rows.second_outputs);
    by = part(layer.gate, rows.gate, rows.entering);
    apply_back(team, layer.out, w, rows_there, rows.attention.out, by, sums, of_matrices, b.by_out);
    team.sync();
    attend_back(team, s.attention(), rows_there, rows.qkv, rows.attention, b.room, b.by_out, b.by_qkv);
    rotate(team, s, w, rows_there, itself, -1, b.by_qkv);
    apply_back(team, layer.qkv, w, rows_there, rows.outputs, b.by_qkv, sums, of_matrices, b.by_rows);
    team.sync();
    back_through_norm(layer.norm, rows.variance, rows.normalised, rows.outputs);
  }
  const T* const of_steps = state + prompt_numbers(s);
  const auto add_rows_to = [&](int at, int count, const T* by) FN_LAMBDA {
    for_vectors(team, static_cast<long>(count) * s.hidden, [&](long i) FN_LAMBDA {
      T* const to = sums.params + at + i;
      store_aligned(to, load_aligned<V>(to) + load_aligned<V>(by + i));
    });
  };
  if (of_matrices) add_dense(team, embedding(s), steps, inputs, padded(s.inputs), of_steps, sums);
  if (s.learned_places() > 0) add_rows_to(places(s), steps, of_steps);
  add_rows_to(prompt(s), s.tokens, state);
  team.sync();
}

}  // namespace innerloop
