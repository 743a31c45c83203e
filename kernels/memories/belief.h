// A belief about the task of a trial, and a perceptron that acts on it (VariBAD, Zintgraf et al. 2020).
//
// A gated recurrent unit (gru.h) takes in what the steps of a trial bring; from its state h a Gaussian's moments follow, and
// with the observation o they are what the perceptron (feedforward.h) takes in:
//
//   q_t = N(μ, diag σ²),   (μ, log σ²) = b + h_t·M,   h_0 = 0        the heads read perceptron(μ, log σ², o_t)
//
// At a trial's first step the unit takes in nothing, so that q_0, a prior, is b. The belief is a constant for the policy's
// gradient: `back` ends at the perceptron, and the gradient of all that makes the belief is 0. That, and the decoders of
// rewards and of next states that it has for the purpose, are learned apart from the policy (kernels/beliefs/elbo.h).
//
// Flat parameters: the unit's, M [units][2·latent], b [2·latent]; of each decoder the hidden layers', and the weight
// [width][outputs] and bias [outputs] of its last one; the perceptron's.
#pragma once

#include <string>

#include "kernels/memories/feedforward.h"
#include "kernels/memories/gru.h"
#include "kernels/memories/perceptron.h"
#include "kernels/products/called_product.h"

namespace innerloop {

inline constexpr const char* kBeliefPrefix = "belief.";

struct Belief {
  struct Shape : MemorySizes {
    int latent = 1;
    int observed = 0;  // numbers of the observation: the first of the inputs
    Gru::Shape encoder;
    Decoder decoded = Decoder::reward;
    int side = 0;  // of decoder `cells`: cells along each side of the grid
    // Of what they take in, the latent variable comes first.
    PerceptronShape decoder;        // then, of `reward`, what a step led to
    PerceptronShape state_decoder;  // then the observation and the action; without outputs: there is none
    Feedforward::Shape policy;

    bool operator==(const Shape&) const = default;

    FN int moments() const { return 2 * latent; }
    FN bool decodes_state() const { return state_decoder.outputs > 0; }
    // Numbers of the action that is decoded with; they are among the inputs, too.
    FN int decoded_actions() const {
      return decodes_state() ? state_decoder.hidden.inputs - latent - observed : 0;
    }
  };

  static Shape shape_of(const BeliefOptions& options, int inputs) {
    Shape s;
    s.inputs = inputs;
    s.hidden = options.hidden.back();
    s.latent = options.latent;
    s.encoder.inputs = inputs;
    s.encoder.hidden = options.encoder;
    s.decoded = options.decoder;
    const auto decoder = [&](const std::vector<int>& hidden, int outputs) {
      PerceptronShape d{Feedforward::shape_of(hidden, Activation::relu, options.latent), outputs};
      d.hidden.learned = options.latent;
      return d;
    };
    s.decoder = decoder(options.decoder_hidden, 1);
    if (options.decode_state) s.state_decoder = decoder(options.state_decoder_hidden, 1);
    s.policy = Feedforward::shape_of(options.hidden, options.activation, s.moments());
    return s;
  }
  // Tells it what the inputs are: `observed` numbers of the observation, `actions` of the action, and the side of a grid, or 0.
  static void set_environment(Shape& s, int observed, int actions, int side) {
    s.observed = observed;
    s.policy.inputs = s.moments() + observed;
    if (s.decoded == Decoder::reward) {
      s.decoder.hidden.inputs = s.latent + observed;
    } else {
      s.side = side;
      s.decoder.outputs = side * side;
    }
    if (!s.decodes_state()) return;
    s.state_decoder.hidden.inputs = s.latent + observed + actions;
    s.state_decoder.outputs = observed;
  }

  FN static int moments_offset(const Shape& s) { return Gru::parameters(s.encoder); }
  FN static int decoder_offset(const Shape& s) {
    return moments_offset(s) + (s.encoder.hidden + 1) * s.moments();
  }
  FN static int state_decoder_offset(const Shape& s) { return decoder_offset(s) + s.decoder.parameters(); }
  // How many parameters the belief has, before the policy's.
  FN static int belief_parameters(const Shape& s) {
    return state_decoder_offset(s) + s.state_decoder.parameters();
  }
  FN static int parameters(const Shape& s) {
    return belief_parameters(s) + Feedforward::parameters(s.policy);
  }

  // Those of the belief have names of their own, by which their optimiser finds them. They do not decay with the policy's.
  static void describe_parameters(const Shape& s, const auto& add) {
    const auto add_belief = [&](ParameterBlock block, const std::string& of = "") {
      block.name = kBeliefPrefix + of + block.name;
      block.decays = false;
      add(std::move(block));
    };
    Gru::describe_parameters(s.encoder, add_belief);
    const auto add_decoder = [&](const PerceptronShape& decoder, const std::string& of) {
      const int last = decoder.hidden.hidden, outputs = decoder.outputs;
      Feedforward::describe_parameters(decoder.hidden,
                                       [&](ParameterBlock block) { add_belief(std::move(block), of); });
      add_belief({"weight", {last, outputs}, false, InitialNumbers::glorot(last, outputs)}, of);
      add_belief({"bias", {outputs}}, of);
    };
    const int units = s.encoder.hidden, moments = s.moments();
    add_belief({"moments.weight", {units, moments}, false, InitialNumbers::glorot(units, moments)});
    add_belief({"moments.bias", {moments}});
    add_decoder(s.decoder, "decoder.");
    if (s.decodes_state()) add_decoder(s.state_decoder, "state_decoder.");
    Feedforward::describe_parameters(s.policy, add);
  }
  static ProductOperations operations(const Shape& s) {
    const double encoder = Gru::operations(s.encoder).step + 2.0 * s.encoder.hidden * s.moments();
    // The way back ends at the perceptron.
    const double policy = Feedforward::operations(s.policy).step;
    return {encoder + policy, encoder + Feedforward::operations(s.policy).of_inputs};
  }
  FN static int widest(const Shape& s) {
    const int encoder = Gru::widest(s.encoder), policy = Feedforward::widest(s.policy);
    return encoder > policy ? encoder : policy;
  }

  // A row's state is the perceptron's outputs, and then the unit's state.
  FN static int outputs(const Shape& s) { return padded(s.hidden); }
  FN static int state_size(const Shape& s) { return padded(s.hidden) + Gru::state_size(s.encoder); }
  // A row keeps what the perceptron takes in, its layers' outputs, and the unit's gates, which are no use to the way back.
  FN static int features_size(const Shape& s) { return padded(s.policy.inputs); }
  FN static int gates_place(const Shape& s) { return features_size(s) + Feedforward::kept_size(s.policy); }
  FN static int kept_size(const Shape& s) { return gates_place(s) + Gru::kept_size(s.encoder); }
  FN static int back_size(const Shape& s) { return Feedforward::back_size(s.policy); }
  FN static RowSizes own_rows(const Shape& s) {
    return {kept_size(s), state_size(s), kept_size(s), back_size(s)};
  }

  // What makes the moments of the unit's state.
  template <class T>
  struct Moments {
    T* weight;  // [units][padded(moments)]
    T* bias;    // [padded(moments)]

    FN static Moments take(Scratch& scratch, const Shape& s) {
      const long width = padded(s.moments());
      Moments m;
      m.weight = scratch.take<T>(s.encoder.hidden * width);
      m.bias = scratch.take<T>(width);
      return m;
    }
  };
  // Does not sync. `params`: the memory's own.
  template <class Team>
  TEAM_FN static void load_moments(const Team& team, const Shape& s, const typename Team::Scalar* params,
                                   const Moments<typename Team::Scalar>& m) {
    using T = typename Team::Scalar;
    const int units = s.encoder.hidden, moments = s.moments(), width = padded(moments);
    const T* const weight = params + moments_offset(s);
    // The bias is the weights' last row.
    for_cells(team, units + 1, width, [&](int i, int o) FN_LAMBDA {
      T* const row = i < units ? m.weight + i * width : m.bias;
      row[o] = o < moments ? weight[i * moments + o] : T(0);
    });
  }

  template <class T>
  struct Weights {
    Gru::Weights<T> encoder;
    Moments<T> moments;
    Feedforward::Weights<T> policy;
  };
  template <class T>
  FN static Weights<T> take_weights(Scratch& scratch, const Shape& s, bool way_back) {
    Weights<T> w;
    w.encoder = Gru::take_weights<T>(scratch, s.encoder, false);
    w.moments = Moments<T>::take(scratch, s);
    w.policy = Feedforward::take_weights<T>(scratch, s.policy, way_back);
    return w;
  }
  // Syncs.
  template <class Team>
  TEAM_FN static void load_weights(const Team& team, const Shape& s, const typename Team::Scalar* params,
                                   const Weights<typename Team::Scalar>& w) {
    load_moments(team, s, params, w.moments);
    Gru::load_weights(team, s.encoder, params, w.encoder);
    Feedforward::load_weights(team, s.policy, params + belief_parameters(s), w.policy);
  }

  // Syncs.
  template <class Team>
  TEAM_FN static void step(const Team& inlining, const Shape& s, const Weights<typename Team::Scalar>& w,
                           const MemoryStep<typename Team::Scalar>& now) {
    using T = typename Team::Scalar;
    const CallsProducts<Team> team(inlining);
    const RowSizes sizes = own_rows(s);
    const int own = padded(s.hidden), moments = padded(s.moments());
    T* const unit = now.after + own;
    if (now.t == 0) {
      for_cells(team, now.rows, Gru::state_size(s.encoder),
                [&](int row, int i) FN_LAMBDA { unit[static_cast<long>(row) * sizes.state + i] = T(0); });
    } else {
      const MemoryStep<T> of_unit{now.rows, now.inputs, now.before + own, now.kept + gates_place(s), unit};
      Gru::step(team, s.encoder, w.encoder, of_unit, sizes);
    }
    team.sync();
    product<typename Team::Vector>(
        team, now.rows, moments,
        Array<Term<T>, 1>{{{{unit, sizes.state, 1}, {w.moments.weight, moments}, s.encoder.hidden}}},
        Start<T>{w.moments.bias, 0}, now.kept, sizes.kept);
    team.sync();  // the last vector of the moments reaches into the observation
    for_cells(team, s.observed, now.rows, [&](int i, int row) FN_LAMBDA {
      now.kept[static_cast<long>(row) * sizes.kept + s.moments() + i] =
          now.inputs.data[static_cast<long>(row) * now.inputs.row_stride +
                          static_cast<long>(i) * now.inputs.depth_stride];
    });
    team.sync();
    Feedforward::step(team, s.policy, w.policy,
                      {now.rows, {now.kept, sizes.kept, 1}, nullptr, now.kept + features_size(s), now.after},
                      sizes);
  }

  // Syncs.
  template <class Team>
  TEAM_FN static void back(const Team& team, const Shape& s, const Weights<typename Team::Scalar>& w,
                           const MemoryBack<typename Team::Scalar>& now) {
    // Nothing has reached the unit's part of the state's gradient, which stays 0.
    Feedforward::back(CallsProducts<Team>(team), s.policy, w.policy,
                      {now.rows, nullptr, now.kept + features_size(s), now.state, now.back}, own_rows(s));
  }

  // It has no learned inputs. Does not sync.
  template <class Team>
  TEAM_FN static void input_gradient(const Team&, const Shape&, const Weights<typename Team::Scalar>&,
                                     const MemoryInputs<typename Team::Scalar>&) {}

  template <class T>
  using Sums = Feedforward::Sums<T>;
  template <class T>
  FN static Sums<T> take_sums(Scratch& scratch, const Shape& s) {
    return Feedforward::take_sums<T>(scratch, s.policy);
  }
  // Does not sync.
  template <class Team>
  TEAM_FN static void clear_sums(const Team& team, const Shape& s, const Sums<typename Team::Scalar>& sums) {
    Feedforward::clear_sums(team, s.policy, sums);
  }
  // Does not sync.
  template <class Team>
  TEAM_FN static void add_gradient(const Team& team, const Shape& s,
                                   const MemoryRows<typename Team::Scalar>& rows,
                                   const Sums<typename Team::Scalar>& sums) {
    Feedforward::add_gradient(CallsProducts<Team>(team), s.policy,
                              {rows.rows, rows.kept, nullptr, rows.back, rows.kept + features_size(s)}, sums,
                              own_rows(s));
  }
  // The caller has synced.
  template <class Team>
  TEAM_FN static void store_gradient(const Team& team, const Shape& s,
                                     const Sums<typename Team::Scalar>& sums,
                                     typename Team::Scalar* gradient) {
    fill(team, gradient, belief_parameters(s), typename Team::Scalar(0));
    Feedforward::store_gradient(team, s.policy, sums, gradient + belief_parameters(s));
  }
};

}  // namespace innerloop
