// The memories that there are, and the options of the policies that have them.
#pragma once

#include <optional>
#include <vector>

#include "kernels/networks/shape.h"
#include "kernels/options/choices.h"
#include "kernels/options/options.h"
#include "kernels/options/type_list.h"

namespace innerloop {

struct Feedforward;
struct Gru;
struct Lstm;
struct Episodic;
struct Transformer;
struct Belief;
using MemoryTypes = TypeList<Feedforward, Gru, Lstm, Episodic, Transformer, Belief>;

/// The options of a policy, which has that memory where it plays trials.
template <class Memory>
struct PolicyOptions;

template <class Fields>
void describe_squash(Fields& field, std::optional<double>& squash) {
  field("squash", squash, above(0),
        "real-valued actions are this times tanh of what the Gaussian draws, so they lie within ± it; their "
        "entropy is by quadrature; batches keep what was drawn; null: what it draws");
}

template <class Fields>
void describe_embedding(Fields& field, int& embedding) {
  field(
      "embedding", embedding, between(1, 256),
      "of algorithms `rl2` and `ppo`, where the environment shows symbols: numbers that these become before "
      "the policy takes them in, the sum of a learned row for the symbol at each place");
}

/// A multilayer perceptron with a categorical or a Gaussian head, as the environment's actions need.
template <>
struct PolicyOptions<Feedforward> {
  using Options = PolicyOptions;
  using Memory = Feedforward;  // of algorithm `ppo`
  static constexpr auto name = "mlp";
  static constexpr auto meaning =
      "multilayer perceptron; categorical head, or Gaussian with its own log std; of algorithm `ppo` one for "
      "the value too";
  static constexpr bool has_memory = false;
  static constexpr int kMaxWidth = 256;

  std::vector<int> hidden = {64, 64};
  Activation activation = Activation::tanh;
  int embedding = 64;
  double initial_log_std = 0;
  double min_log_std = -13.815510557964274;  // log(1e-6)
  std::optional<double> squash;

  bool operator==(const PolicyOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, PolicyOptions& o) {
    field("hidden", o.hidden, list_of(between(1, kMaxWidth), 0, kMaxLayers - 1),
          "width of each hidden layer");
    field("activation", o.activation, Choices{"tanh", "relu"}, "after each hidden layer");
    describe_embedding(field, o.embedding);
    field("initial_log_std", o.initial_log_std, between(-20, 5),
          "where the Gaussian head's log standard deviation starts; it is learned, and adapted by the inner "
          "steps");
    field("min_log_std", o.min_log_std, between(-20, 5),
          "floor of the log standard deviation (log 1e-6); where it starts at its floor it stays there");
    describe_squash(field, o.squash);
  }
};
using MlpOptions = PolicyOptions<Feedforward>;

/// What policies with a memory have in common.
struct RecurrentOptions {
  static constexpr bool has_memory = true;
  static constexpr int kMaxHidden = 1024;
  // Up to so many units a team holds the whole memory (engine/stages/layered_weights.h has the wider ones).
  static constexpr int kMaxTeamHidden = MlpOptions::kMaxWidth;

  int hidden = 64;
  int embedding = 64;
  bool layer_norm = false;
  double initial_log_std = 0;
  double min_log_std = -13.815510557964274;  // log(1e-6)
  std::optional<double> squash;

  bool operator==(const RecurrentOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, RecurrentOptions& o) {
    field("hidden", o.hidden, between(1, kMaxHidden),
          "units: numbers of the memory; beyond 256 all environments step together, on a GPU by cuBLAS");
    describe_embedding(field, o.embedding);
    field(
        "layer_norm", o.layer_norm,
        "layer normalisation: the heads read the memory's units less their mean and over their standard "
        "deviation in each step, times a gain plus a bias that are learned; the memory itself goes on as it "
        "is");
    field("initial_log_std", o.initial_log_std, between(-20, 5),
          "where the Gaussian head's log standard deviation starts");
    field("min_log_std", o.min_log_std, between(-20, 5),
          "floor of the log standard deviation (log 1e-6); where it starts at its floor it stays there");
    describe_squash(field, o.squash);
  }
};

/// A gated recurrent unit with a head for the actions and one for the value.
template <>
struct PolicyOptions<Gru> : RecurrentOptions {
  using Options = PolicyOptions;
  using Memory = Gru;
  static constexpr auto name = "gru";
  static constexpr auto meaning =
      "gated recurrent unit, a memory of algorithm `rl2`; heads as of `mlp`, and for the value";
  bool operator==(const PolicyOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, PolicyOptions& o) {
    RecurrentOptions::describe(field, o);
  }
};
using GruOptions = PolicyOptions<Gru>;

/// A long short-term memory with the same heads.
template <>
struct PolicyOptions<Lstm> : RecurrentOptions {
  using Options = PolicyOptions;
  using Memory = Lstm;
  static constexpr auto name = "lstm";
  static constexpr auto meaning =
      "long short-term memory, a memory of algorithm `rl2`; heads as of `mlp`, and for the value";
  bool operator==(const PolicyOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, PolicyOptions& o) {
    RecurrentOptions::describe(field, o);
  }
};
using LstmOptions = PolicyOptions<Lstm>;

/// A long short-term memory that recalls its states of earlier episodes by the context that is seen, with the same heads.
template <>
struct PolicyOptions<Episodic> : RecurrentOptions {
  using Options = PolicyOptions;
  using Memory = Episodic;
  static constexpr auto name = "episodic";
  static constexpr auto meaning =
      "long short-term memory that recalls what it was in like contexts, a memory of algorithm `rl2`; heads "
      "as of `mlp`, and "
      "for the value";

  int entries = 100;
  int nearest = 1;
  bool resets = true;

  bool operator==(const PolicyOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, PolicyOptions& o) {
    RecurrentOptions::describe(field, o);
    field("entries", o.entries, between(1, 4096),
          "episodes of a trial that are stored, each the cell's state at its end under the context that was "
          "seen; what comes "
          "behind them is not");
    field("nearest", o.nearest, between(1, 64),
          "stored episodes that are recalled together, weighed by the distances of their contexts");
    field("resets", o.resets,
          "the memory's state starts anew with each episode, and only what is stored goes on");
  }

  template <class Report>
  static void validate(const PolicyOptions& o, Report& report) {
    if (o.hidden > kMaxTeamHidden) report("hidden", "at most 256 with policy episodic");
    if (o.nearest > o.entries) report("nearest", "at most entries");
  }
};
using EpisodicOptions = PolicyOptions<Episodic>;

/// How a transformer knows where in a trial a step is.
enum class Positions : int { learned, sinusoidal, rotary };

/// A causal transformer over the steps of a trial, with the same heads.
template <>
struct PolicyOptions<Transformer> {
  using Options = PolicyOptions;
  using Memory = Transformer;
  static constexpr auto name = "transformer";
  static constexpr auto meaning =
      "causal transformer over the steps of a trial, a memory of algorithm `rl2`; heads as of `mlp`, and for "
      "the value";
  static constexpr bool has_memory = true;
  static constexpr bool layer_norm = true;  // behind the last layer, before the heads
  static constexpr int kMaxSteps = 8192;    // of a trial
  static constexpr int kMaxTokens = 256;

  int hidden = 64;
  int layers = 2;
  int heads = 4;
  int feedforward = 256;
  Activation activation = Activation::relu;
  Positions positions = Positions::learned;
  int tokens = 0;
  bool gated = false;
  int embedding = 64;
  double initial_log_std = 0;
  double min_log_std = -13.815510557964274;  // log(1e-6)
  std::optional<double> squash;

  bool operator==(const PolicyOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, PolicyOptions& o) {
    field(
        "hidden", o.hidden, between(16, RecurrentOptions::kMaxHidden),
        "numbers of the stream that goes through the layers, 16 or a multiple for each head; beyond 256 all "
        "environments go through them together, on a GPU by cuBLAS");
    field("layers", o.layers, between(1, 16), "of an attention and two layers of a perceptron each");
    field("heads", o.heads, between(1, 32), "of each attention");
    field("feedforward", o.feedforward, between(16, 4 * RecurrentOptions::kMaxHidden),
          "units between a layer's two of the perceptron, a multiple of 16");
    field("activation", o.activation, Choices{"tanh", "relu"}, "of these");
    field("positions", o.positions,
          Choices{Choice{"learned", "a vector is learned for each step"},
                  Choice{"sinusoidal", "sines and cosines of its number are added (Vaswani et al. 2017)"},
                  Choice{"rotary", "queries and keys are turned by it (Su et al. 2021)"}},
          "where in a trial a step is");
    field("tokens", o.tokens, between(0, kMaxTokens),
          "learned rows before a trial's first step, which all steps look back at: a prompt, which algorithm "
          "`prompt_tuning` adapts to a task");
    field("gated", o.gated,
          "gates in place of residual connections, which are nearly closed at the start (GTrXL, Parisotto et "
          "al. 2020)");
    describe_embedding(field, o.embedding);
    field("initial_log_std", o.initial_log_std, between(-20, 5),
          "where the Gaussian head's log standard deviation starts");
    field("min_log_std", o.min_log_std, between(-20, 5),
          "floor of the log standard deviation (log 1e-6); where it starts at its floor it stays there");
    describe_squash(field, o.squash);
  }

  template <class Report>
  static void validate(const PolicyOptions& o, Report& report) {
    if (o.hidden % (16 * o.heads) != 0) report("hidden", "each head has 16 numbers or a multiple of 16");
    if (o.feedforward % 16 != 0) report("feedforward", "a multiple of 16");
  }
};
using TransformerOptions = PolicyOptions<Transformer>;

/// What a belief is asked to tell of a trial.
enum class Decoder : int { reward, cells };

/// A belief about the task, which an encoder makes of a trial's steps, and a perceptron that acts on it.
template <>
struct PolicyOptions<Belief> {
  using Options = PolicyOptions;
  using Memory = Belief;
  static constexpr auto name = "belief";
  static constexpr auto meaning =
      "belief about the task, a memory of algorithm `varibad`: a Gaussian that a gated recurrent unit makes "
      "of a trial's steps; "
      "a perceptron of it and the observation has heads as of `mlp`, and for the value";
  static constexpr bool has_memory = true;
  static constexpr bool has_belief = true;
  static constexpr int embedding = 0;  // it takes in no symbols
  static constexpr int kMaxCells = 1024;

  int latent = 5;
  int encoder = 64;
  Decoder decoder = Decoder::reward;
  std::vector<int> decoder_hidden = {32, 32};
  bool decode_state = false;
  std::vector<int> state_decoder_hidden = {32, 32};
  std::vector<int> hidden = {64, 64};
  Activation activation = Activation::tanh;
  double initial_log_std = 0;
  double min_log_std = -13.815510557964274;  // log(1e-6)
  std::optional<double> squash;

  bool operator==(const PolicyOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, PolicyOptions& o) {
    field("latent", o.latent, between(1, 64), "numbers of the latent variable that stands for a task");
    field("encoder", o.encoder, between(1, MlpOptions::kMaxWidth), "units of the recurrent unit");
    field(
        "decoder", o.decoder,
        Choices{Choice{"reward", "a step's reward, from the latent variable and what the step led to"},
                Choice{"cells",
                       "of an environment whose observation is a cell of a grid and whose reward depends on "
                       "that alone: for "
                       "each cell the probability that it pays more than 0, from the latent variable alone"}},
        "what is learned to be told from the latent variable, so that the belief is one about the task");
    field("decoder_hidden", o.decoder_hidden, list_of(between(1, MlpOptions::kMaxWidth), 1, kMaxLayers - 1),
          "width of each of the decoder's hidden layers, ReLU");
    field(
        "decode_state", o.decode_state,
        "a second decoder is learned beside it, of what a step led to: the next observation, from the latent "
        "variable, the observation and the action; for tasks that differ in their dynamics");
    field("state_decoder_hidden", o.state_decoder_hidden,
          list_of(between(1, MlpOptions::kMaxWidth), 1, kMaxLayers - 1),
          "with decode_state: width of each of that decoder's hidden layers, ReLU");
    field("hidden", o.hidden, list_of(between(1, MlpOptions::kMaxWidth), 1, kMaxLayers - 1),
          "width of each of the policy's hidden layers, which take in the belief's means and log variances "
          "and the observation");
    field("activation", o.activation, Choices{"tanh", "relu"}, "after each of the policy's hidden layers");
    field("initial_log_std", o.initial_log_std, between(-20, 5),
          "where the Gaussian head's log standard deviation starts");
    field("min_log_std", o.min_log_std, between(-20, 5),
          "floor of the log standard deviation (log 1e-6); where it starts at its floor it stays there");
    describe_squash(field, o.squash);
  }
};
using BeliefOptions = PolicyOptions<Belief>;

namespace options_detail {
template <class List>
struct PoliciesWith;
template <class... Memories>
struct PoliciesWith<TypeList<Memories...>> {
  using type = TypeList<PolicyOptions<Memories>...>;
};
}  // namespace options_detail
/// In the order of the memories.
using Policies = options_detail::PoliciesWith<MemoryTypes>::type;

}  // namespace innerloop
