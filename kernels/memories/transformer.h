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
#include "kernels/memories/transformer_parts.h"
#include "kernels/options/type_list.h"

namespace innerloop {

// The tokens among the parameters' blocks.
inline constexpr const char* kPromptBlock = "transformer.tokens";

struct Transformer {
  static constexpr bool takes_whole_trials = true, makes_passes = true;
  template <class T>
  using RowParts = TypeList<LoadNorm<T>, NormaliseRows<T>, BackThroughNorm<T>, StoreNorm<T>, AddPlaces<T>,
                            PutTokens<T>, TurnRows<T>, EachNumber<T>, GateRow<T>, LookBack<T>>;
  template <class T>
  using TrialParts = TypeList<Attend<T>, AttendBack<T>>;

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
    constexpr int rows = 16;  // with as many numbers each as the rows of any multiple of 16
    take_pass<float>(counted, s, rows, 0);
    counted.take<float>(step_scores(s.attention(), rows));
    return static_cast<int>(counted.used() / static_cast<long>(sizeof(float)) / rows);
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

  // Syncs. `kept` has room for a multiple of 16 rows.
  template <class Team>
  TEAM_FN static void step(const Team& team, const Shape& s, const Weights<typename Team::Scalar>& w,
                           const MemoryStep<typename Team::Scalar>& now) {
    step_by(OneTeam<Team>(team), s, w, now);
  }
  // By whoever makes passes (kernels/memories/one_team.h).
  template <class Run>
  TEAM_FN static void step_by(const Run& run, const Shape& s, const Weights<typename Run::Scalar>& w,
                              const MemoryStep<typename Run::Scalar>& now);

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
  // What a pass keeps over rows, one behind the other: of whole trials for all layers; of one step of several trials, which
  // goes nowhere but forth, for a layer at a time.
  template <class T>
  struct Pass {
    Scratch layers;
    long layer_bytes;
    T* leaving;  // [row][hidden]
    T* mean;     // [row]
    int rows;    // that there is room for
    int trials;  // 0: a step's
  };
  template <class T>
  struct Trial {
    Pass<T> pass;
    AttentionRoom<T> room;  // of a team that makes the pass by itself
    T *by_qkv, *by_grown;   // [row][3·hidden], [row][feedforward]
    T *by_rows, *by_out;    // [row][hidden]
    T* slope;               // [row]
  };
  template <class Team>
  HOST_CALL static Trial<typename Team::Scalar> take_trial(Scratch& scratch, const Shape& s) {
    auto b = take_trials<typename Team::Scalar>(scratch, s, 1);
    b.room = take_attention_room<Team>(scratch, s.attention());
    return b;
  }
  template <class T>
  FN static Trial<T> take_trials(Scratch& scratch, const Shape& s, int trials) {
    const int rows = padded(trials * s.rows());
    const long size = static_cast<long>(rows) * s.hidden;
    Trial<T> b;
    b.pass = take_pass<T>(scratch, s, rows, trials);
    b.room = {};
    b.by_qkv = scratch.take<T>(3 * size);
    b.by_grown = scratch.take<T>(static_cast<long>(rows) * s.feedforward);
    b.by_rows = scratch.take<T>(size);
    b.by_out = scratch.take<T>(size);
    b.slope = scratch.take<T>(rows);
    return b;
  }
  // Some trials of so many steps each.
  struct WholeTrials {
    int count, steps;
  };
  // All steps of trials, behind their tokens: what the heads read is in b.pass.leaving, [trial][row][hidden], from row
  // prompt_rows on. inputs: [trial][step][padded(inputs)]; own_prompt: [trial][prompt_numbers], what a trial's task adds to the
  // tokens, or null. Syncs.
  template <class Run>
  TEAM_FN static void forward_by(const Run& run, const Shape& s, const Weights<typename Run::Scalar>& w,
                                 WholeTrials trials, const typename Run::Scalar* inputs,
                                 const typename Run::Scalar* own_prompt,
                                 const Trial<typename Run::Scalar>& b);
  // From ∂/∂leaving, `state`, adds the trials' part to the sums; `state` becomes ∂/∂(the first layer's rows). Without
  // `of_matrices` the sums of the matrices stay as they are. Syncs.
  template <class Run>
  TEAM_FN static void backward_by(const Run& run, const Shape& s, const Weights<typename Run::Scalar>& w,
                                  WholeTrials trials, const typename Run::Scalar* inputs,
                                  const Trial<typename Run::Scalar>& b, typename Run::Scalar* state,
                                  const Sums<typename Run::Scalar>& sums, bool of_matrices = true);
  // The same for one trial, by a team.
  template <class Team>
  TEAM_FN static void forward(const Team& team, const Shape& s, const Weights<typename Team::Scalar>& w,
                              int steps, const typename Team::Scalar* inputs,
                              const typename Team::Scalar* own_prompt,
                              const Trial<typename Team::Scalar>& b) {
    forward_by(OneTeam<Team>(team), s, w, {1, steps}, inputs, own_prompt, b);
  }
  template <class Team>
  TEAM_FN static void backward(const Team& team, const Shape& s, const Weights<typename Team::Scalar>& w,
                               int steps, const typename Team::Scalar* inputs,
                               const Trial<typename Team::Scalar>& b, typename Team::Scalar* state,
                               const Sums<typename Team::Scalar>& sums, bool of_matrices = true) {
    backward_by(OneTeam<Team>(team), s, w, {1, steps}, inputs, b, state, sums, of_matrices);
  }
  // From `rows` of `state` ∂/∂(the learned inputs), [row][padded(learned)]. Syncs.
  template <class Run>
  TEAM_FN static void input_gradient_by(const Run& run, const Shape& s,
                                        const Weights<typename Run::Scalar>& w, int rows,
                                        const typename Run::Scalar* state, typename Run::Scalar* gradient) {
    using T = typename Run::Scalar;
    const int inputs = padded(s.learned);
    run.multiply(rows, inputs, Left<T>{state, s.hidden, 1}, Right<T>{w.learned, inputs}, s.hidden,
                 Start<T>{w.zero, 0}, gradient, inputs);
    run.sync();
  }
  template <class Team>
  TEAM_FN static void input_gradient(const Team& team, const Shape& s,
                                     const Weights<typename Team::Scalar>& w, int steps,
                                     const typename Team::Scalar* state, typename Team::Scalar* gradient) {
    input_gradient_by(OneTeam<Team>(team), s, w, steps, state, gradient);
  }

 private:
  template <class T>
  FN static LayerRows<T> take_layer(Scratch& scratch, const Shape& s, int rows, int trials) {
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
    b.attention = take_attention_rows<T>(scratch, s.attention(), trials, rows);
    b.middle = scratch.take<T>(size);
    b.grown = scratch.take<T>(static_cast<long>(rows) * s.feedforward);
    if (s.gated) {
      b.gate = take_gate_rows<T>(scratch, s.gate(), rows);
      b.second_gate = take_gate_rows<T>(scratch, s.gate(), rows);
    }
    return b;
  }
  template <class T>
  FN static Pass<T> take_pass(Scratch& scratch, const Shape& s, int rows, int trials) {
    Pass<T> b;
    b.rows = rows;
    b.trials = trials;
    b.leaving = scratch.take<T>(static_cast<long>(rows) * s.hidden);
    b.mean = scratch.take<T>(rows);
    b.layers = scratch;
    const long before = scratch.used();
    take_layer<T>(scratch, s, rows, trials);
    b.layer_bytes = scratch.used() - before;
    if (trials > 0) scratch.take<char>((s.layers - 1) * b.layer_bytes);
    return b;
  }
  template <class T>
  FN static LayerRows<T> rows_of_layer(const Shape& s, const Pass<T>& pass, int number) {
    Scratch at = pass.layers;
    if (pass.trials > 0) at.take<char>(number * pass.layer_bytes);
    return take_layer<T>(at, s, pass.rows, pass.trials);
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
  template <class Run>
  TEAM_FN static void apply(const Run& run, const Dense& d, const Weights<typename Run::Scalar>& w, int rows,
                            const Left<typename Run::Scalar>& x, typename Run::Scalar* to) {
    using T = typename Run::Scalar;
    run.multiply(rows, d.out, x, Right<T>{w.params + d.at, d.out}, d.in, Start<T>{w.params + d.bias(), 0}, to,
                 d.out);
  }
  // Adds a matrix's gradient to the sums, where it is wanted, and writes ∂/∂(its inputs). Does not sync.
  template <class Run>
  TEAM_FN static void apply_back(const Run& run, const Dense& d, const Weights<typename Run::Scalar>& w,
                                 int rows, const typename Run::Scalar* x, const typename Run::Scalar* by,
                                 const Sums<typename Run::Scalar>& sums, bool of_matrices,
                                 typename Run::Scalar* by_x) {
    using T = typename Run::Scalar;
    if (of_matrices) add_dense(run, d, rows, x, d.in, by, sums);
    run.multiply(rows, d.in, Left<T>{by, d.out, 1}, Right<T>{w.transposed + d.at, d.in}, d.out,
                 Start<T>{w.zero, 0}, by_x, d.in);
  }
  template <class Run>
  TEAM_FN static void add_dense(const Run& run, const Dense& d, int rows, const typename Run::Scalar* x,
                                int x_size, const typename Run::Scalar* by,
                                const Sums<typename Run::Scalar>& sums) {
    using T = typename Run::Scalar;
    T* const to = sums.params + d.at;
    run.multiply(d.in, d.out, Left<T>{x, 1, x_size}, Right<T>{by, d.out}, rows, Start<T>{to, d.out}, to,
                 d.out);
    run.add_columns(rows, d.out, sums.params + d.bias(), by, d.out);
  }

  // Calls with(first step, its row, how many) for steps whose rows lie together: of all trials where no tokens are between
  // them, else of one after the other.
  template <class With>
  FN static void for_steps(const Shape& s, WholeTrials trials, const With& with) {
    if (s.tokens == 0) return with(0L, 0L, trials.count * trials.steps);
    for (int trial = 0; trial < trials.count; ++trial)
      with(static_cast<long>(trial) * trials.steps,
           static_cast<long>(trial) * (s.tokens + trials.steps) + s.tokens, trials.steps);
  }

  // The steps' rows that enter the first layer. Syncs.
  template <class Run>
  TEAM_FN static void embed(const Run& run, const Shape& s, const Weights<typename Run::Scalar>& w, int rows,
                            const Left<typename Run::Scalar>& inputs, RowPlaces places_of_rows,
                            typename Run::Scalar* to) {
    using T = typename Run::Scalar;
    apply(run, embedding(s), w, rows, inputs, to);
    run.sync();
    if (s.positions == Positions::rotary) return;
    const T* const table = s.positions == Positions::learned ? w.params + places(s) : w.table;
    run.rows(AddPlaces<T>{s.hidden, places_of_rows, table, to}, rows);
  }
  // Syncs.
  template <class Run>
  TEAM_FN static void turn(const Run& run, const Shape& s, const Weights<typename Run::Scalar>& w, int rows,
                           RowPlaces places_of_rows, typename Run::Scalar way, typename Run::Scalar* qkv) {
    if (s.positions != Positions::rotary) return;
    run.rows(TurnRows<typename Run::Scalar>{s.hidden, s.heads, places_of_rows, w.table, way, qkv}, rows);
  }

  // A layer's queries, keys and values. Syncs.
  template <class Run>
  TEAM_FN static void enter_layer(const Run& run, const Shape& s, const Weights<typename Run::Scalar>& w,
                                  const Layer& layer, int rows, RowPlaces places_of_rows,
                                  const Pass<typename Run::Scalar>& pass,
                                  const LayerRows<typename Run::Scalar>& b) {
    using T = typename Run::Scalar;
    run.rows(
        NormaliseRows<T>{s.hidden, norm_at(s, w, layer.norm, pass.mean, b.variance, b.normalised, b.outputs),
                         b.entering, s.hidden},
        rows);
    apply(run, layer.qkv, w, rows, {b.outputs, s.hidden, 1}, b.qkv);
    run.sync();
    turn(run, s, w, rows, places_of_rows, 1, b.qkv);
  }
  // From what the attention saw to the rows behind the layer. Syncs.
  template <class Run>
  TEAM_FN static void leave_layer(const Run& run, const Shape& s, const Weights<typename Run::Scalar>& w,
                                  const Layer& layer, int rows, const Pass<typename Run::Scalar>& pass,
                                  const LayerRows<typename Run::Scalar>& b, typename Run::Scalar* leaving);
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

template <class Run>
TEAM_FN void Transformer::leave_layer(const Run& run, const Shape& s, const Weights<typename Run::Scalar>& w,
                                      const Layer& layer, int rows, const Pass<typename Run::Scalar>& pass,
                                      const LayerRows<typename Run::Scalar>& b,
                                      typename Run::Scalar* leaving) {
  using T = typename Run::Scalar;
  using What = typename EachNumber<T>::What;
  // What a sublayer made joins the stream.
  const auto join = [&](const Dense& d, const Left<T>& x, int gate, const GateRows<T>& rows_of_gate,
                        const T* stream, T* to) FN_LAMBDA {
    apply(run, d, w, rows, x, s.gated ? rows_of_gate.made : to);
    run.sync();
    if (s.gated)
      pass_gate(run, s.gate(), w.params + gate, rows, stream, w.zero, rows_of_gate, to);
    else
      run.rows(EachNumber<T>{What::add, s.hidden, stream, to}, rows);
  };
  join(layer.out, {b.attention.out, s.hidden, 1}, layer.gate, b.gate, b.entering, b.middle);
  run.rows(NormaliseRows<T>{s.hidden,
                            norm_at(s, w, layer.second_norm, pass.mean, b.second_variance, b.second,
                                    b.second_outputs),
                            b.middle, s.hidden},
           rows);
  apply(run, layer.up, w, rows, {b.second_outputs, s.hidden, 1}, b.grown);
  run.sync();
  run.rows(EachNumber<T>{What::activate, s.feedforward, nullptr, b.grown, s.activation}, rows);
  join(layer.down, {b.grown, s.feedforward, 1}, layer.second_gate, b.second_gate, b.middle, leaving);
}

template <class Run>
TEAM_FN void Transformer::step_by(const Run& run, const Shape& s, const Weights<typename Run::Scalar>& w,
                                  const MemoryStep<typename Run::Scalar>& now) {
  using T = typename Run::Scalar;
  Scratch scratch(now.kept);
  const Pass<T> pass = take_pass<T>(scratch, s, padded(now.rows), 0);
  const AttentionShape attention = s.attention();
  T* const scores = scratch.take<T>(step_scores(attention, padded(now.rows)));
  const LayerRows<T> b = rows_of_layer(s, pass, 0);  // of every layer
  // The tokens go before the first step, one after the other.
  for (int place = now.t == 0 ? 0 : s.tokens + now.t; place <= s.tokens + now.t; ++place) {
    if (place < s.tokens) {
      const int first = place * s.hidden;
      run.rows(PutTokens<T>{s.hidden, w.params + prompt(s) + first,
                            now.prompts == nullptr ? nullptr : now.prompts + first, prompt_numbers(s),
                            b.entering, s.hidden},
               now.rows);
    } else {
      embed(run, s, w, now.rows, now.inputs, {now.t, 1}, b.entering);
    }
    for (int l = 0; l < s.layers; ++l) {
      const Layer layer = Transformer::layer(s, l);
      enter_layer(run, s, w, layer, now.rows, {place, 1}, pass, b);
      run.rows(LookBack<T>{attention, place, b.qkv, now.trace + l * attention_trace(attention),
                           trace_size(s, now.steps), scores, b.attention.out},
               now.rows);
      leave_layer(run, s, w, layer, now.rows, pass, b, b.entering);
    }
  }
  run.rows(EachNumber<T>{EachNumber<T>::What::copy, s.hidden, b.entering, now.after}, now.rows);
}

template <class Run>
TEAM_FN void Transformer::forward_by(const Run& run, const Shape& s, const Weights<typename Run::Scalar>& w,
                                     WholeTrials trials, const typename Run::Scalar* inputs,
                                     const typename Run::Scalar* own_prompt,
                                     const Trial<typename Run::Scalar>& b) {
  using T = typename Run::Scalar;
  const int of_trial = s.tokens + trials.steps, rows_there = trials.count * of_trial, in = padded(s.inputs);
  T* const entering = rows_of_layer(s, b.pass, 0).entering;
  if (s.tokens > 0)
    run.rows(PutTokens<T>{prompt_numbers(s), w.params + prompt(s), own_prompt, prompt_numbers(s), entering,
                          static_cast<long>(of_trial) * s.hidden},
             trials.count);
  for_steps(s, trials, [&](long first_step, long first_row, int steps) FN_LAMBDA {
    embed(run, s, w, steps, {inputs + first_step * in, in, 1}, {0, trials.steps},
          entering + first_row * s.hidden);
  });
  for (int l = 0; l < s.layers; ++l) {
    const Layer layer = Transformer::layer(s, l);
    const LayerRows<T> rows = rows_of_layer(s, b.pass, l);
    enter_layer(run, s, w, layer, rows_there, {0, of_trial}, b.pass, rows);
    run.trials(Attend<T>{s.attention(), of_trial, rows.qkv, rows.attention}, trials.count, b.room);
    leave_layer(run, s, w, layer, rows_there, b.pass, rows,
                l + 1 < s.layers ? rows_of_layer(s, b.pass, l + 1).entering : b.pass.leaving);
  }
}

template <class Run>
TEAM_FN void Transformer::backward_by(const Run& run, const Shape& s, const Weights<typename Run::Scalar>& w,
                                      WholeTrials trials, const typename Run::Scalar* inputs,
                                      const Trial<typename Run::Scalar>& b, typename Run::Scalar* state,
                                      const Sums<typename Run::Scalar>& sums, bool of_matrices) {
  using T = typename Run::Scalar;
  const int of_trial = s.tokens + trials.steps, rows_there = trials.count * of_trial, in = padded(s.inputs);
  for (int l = s.layers; l-- > 0;) {
    const Layer layer = Transformer::layer(s, l);
    const LayerRows<T> rows = rows_of_layer(s, b.pass, l);
    // ∂/∂(what a sublayer made): that of the stream itself, or through the gate, with by_qkv and by_out as its room.
    const auto part = [&](int gate, const GateRows<T>& rows_of_gate, const T* stream) FN_LAMBDA -> const T* {
      if (!s.gated) return state;
      back_through_gate(run, s.gate(), GateBack<T>{w.transposed + gate, w.zero, b.by_qkv, b.by_out},
                        rows_there, stream, rows_of_gate, state, b.by_rows, sums.params + gate);
      return b.by_rows;
    };
    const auto back_through = [&](int at, T* variance, T* normalised, T* outputs) FN_LAMBDA {
      LayerNorm<T> norm = norm_at(s, w, at, b.pass.mean, variance, normalised, outputs);
      norm.by_outputs = b.by_rows;
      norm.slope = b.slope;
      run.rows(BackThroughNorm<T>{s.hidden, norm, state, s.hidden}, rows_there);
      run.add_columns(rows_there, s.hidden, sums.params + at + s.hidden, b.by_rows, s.hidden);
      run.add_columns(rows_there, s.hidden, sums.params + at, outputs, s.hidden);
      run.sync();
    };
    const T* by = part(layer.second_gate, rows.second_gate, rows.middle);
    apply_back(run, layer.down, w, rows_there, rows.grown, by, sums, of_matrices, b.by_grown);
    run.sync();
    run.rows(EachNumber<T>{EachNumber<T>::What::slope, s.feedforward, rows.grown, b.by_grown, s.activation},
             rows_there);
    apply_back(run, layer.up, w, rows_there, rows.second_outputs, b.by_grown, sums, of_matrices, b.by_rows);
    run.sync();
    back_through(layer.second_norm, rows.second_variance, rows.second, rows.second_outputs);
    by = part(layer.gate, rows.gate, rows.entering);
    apply_back(run, layer.out, w, rows_there, rows.attention.out, by, sums, of_matrices, b.by_out);
    run.sync();
    run.trials(AttendBack<T>{{s.attention(), of_trial, rows.qkv, rows.attention}, b.by_out, b.by_qkv},
               trials.count, b.room);
    turn(run, s, w, rows_there, {0, of_trial}, -1, b.by_qkv);
    apply_back(run, layer.qkv, w, rows_there, rows.outputs, b.by_qkv, sums, of_matrices, b.by_rows);
    run.sync();
    back_through(layer.norm, rows.variance, rows.normalised, rows.outputs);
  }
  if (of_matrices)
    for_steps(s, trials, [&](long first_step, long first_row, int steps) FN_LAMBDA {
      add_dense(run, embedding(s), steps, inputs + first_step * in, in, state + first_row * s.hidden, sums);
    });
  // A trial's row of each place or token, of all trials.
  const int trial_size = of_trial * s.hidden;
  if (s.learned_places() > 0)
    run.add_columns(trials.count, trials.steps * s.hidden, sums.params + places(s), state + prompt_numbers(s),
                    trial_size);
  if (s.tokens > 0)
    run.add_columns(trials.count, prompt_numbers(s), sums.params + prompt(s), state, trial_size);
  run.sync();
}

}  // namespace innerloop
