// The gradient of the evidence lower bound that a belief is learned by (VariBAD, Zintgraf et al. 2020), to be climbed. Of a
// trial with the beliefs q_0, …, q_{T−1} that its steps act on, the prior q_0 among them, and with z_t = μ_t + σ_t∘ε_t:
//
//   −Σ_t Σ_i loss(decoder(z_t), step i) − v·Σ_t Σ_i error(z_t, step i) − w·Σ_t KL(q_t ‖ q_{t−1}),   q_{−1} = N(0, I)
//
// Each latent variable tells of the whole trial, of what has been and of what is to come; i runs over all steps, or over some
// that stand for all (draw.h). The loss of decoder `reward` is the squared error of the step's reward. Of `cells` it is the
// cross entropy of whether a cell pays more than 0: as the decoder does not see the step, it is evaluated once for each latent
// variable, and the loss is Σ over the cells of n₁·softplus(−l) + n₀·softplus(l), with the trial's visits to each that paid and
// that did not. The error is there where next states are decoded: the squared one of what state_decoder(z_t, o_i, a_i) makes of
// the next observation, a mean over its numbers (lmzintgraf/varibad). The divergence's gradient goes into both of its beliefs.
//
// One team per tile of trials: forth through the encoder, all latent variables through the decoders, back through time. A
// tile's gradient is one partial sum; SumOverTasks adds them up.
#pragma once

#include "kernels/beliefs/draw.h"
#include "kernels/memories/belief.h"
#include "kernels/memories/perceptron.h"
#include "kernels/products/called_product.h"

namespace innerloop {

// Sums over trials: Σ_t Σ_i of the losses and of the states' errors, and Σ_t of the divergences.
enum BeliefValue : int { kReconstruction, kStateReconstruction, kBeliefDivergence, kBeliefValues };

template <class T>
struct BeliefGradient {
  Belief::Shape shape;
  BeliefBatch<T> batch;
  T state_weight = 0;         // v
  T kl_weight = 0;            // w
  const T* params = nullptr;  // the belief's own: the first of the policy's
  T* partial = nullptr;       // [tile][belief_parameters]
  T* values = nullptr;        // [tile][kBeliefValues]

  static constexpr int kTile = 8;  // trials of a partial sum

  FN int tiles() const { return ceil_div(batch.trials, kTile); }
  FN int parts() const { return 1; }
  template <class Team>
  FN long scratch_bytes() const {
    return placed_bytes<Buffers, Team>(*this);
  }
  // place.task: the tile.
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const;

 private:
  static constexpr int kBlock = 64;    // rows that go through a decoder together
  static constexpr int kTogether = 8;  // steps whose rows go into the encoder's gradient with one product

  FN int steps() const { return batch.ring.steps; }
  FN int moments_size() const { return padded(shape.moments()); }
  FN int latent_size() const { return padded(shape.latent); }

  // Of the encoder, and the sums of its gradient.
  struct Encoder {
    Gru::Weights<T> unit;
    Belief::Moments<T> moments;
    T* moments_transposed;  // [moments][Gru::state_size]
    Gru::Sums<T> unit_sums;
    Belief::Moments<T> moments_sums;

    template <class Team>
    HOST_CALL static Encoder take(Scratch& scratch, const Belief::Shape& s) {
      Encoder e;
      e.unit = Gru::take_weights<T>(scratch, s.encoder, true);
      e.moments = Belief::Moments<T>::take(scratch, s);
      e.moments_transposed = scratch.take<T>(static_cast<long>(s.moments()) * Gru::state_size(s.encoder));
      e.unit_sums = Gru::take_sums<T>(scratch, s.encoder);
      e.moments_sums = Belief::Moments<T>::take(scratch, s);
      return e;
    }
  };
  // A decoder, the sums of its gradient, and some rows on their way through it.
  struct Decoding {
    Perceptron<T> net;
    PerceptronSums<T> sums;
    PerceptronRows<T> rows;
    T* losses;     // [row][padded(outputs)]
    T* loss_sums;  // [padded(outputs)]
    int decodes;   // how often each latent variable goes through it
    bool cells;    // what it gives: of the cells, or else numbers of a step
    int told;      // then where these are in the trial's row, as many as it has outputs
    T weight;      // of their squared errors

    template <class Team>
    HOST_CALL static Decoding take(Scratch& scratch, const PerceptronShape& s) {
      Decoding d;
      d.net = Perceptron<T>::template take<Team>(scratch, s, true);
      d.sums = PerceptronSums<T>::template take<Team>(scratch, s);
      d.rows = PerceptronRows<T>::template take<Team>(scratch, s, kBlock, true);
      d.losses = scratch.take<T>(static_cast<long>(kBlock) * s.outputs_size());
      d.loss_sums = scratch.take<T>(s.outputs_size());
      return d;
    }
  };
  // Of a tile's trials; a row is a trial at a step.
  struct Rows {
    T* inputs;           // [step][row][padded(inputs)]
    T* states;           // [step][row][Gru::state_size]  the unit's, after each step has been taken in
    T* kept;             // [step][row][Gru::kept_size]
    T* state;            // [row][Gru::state_size]  the gradient by the unit's state
    T* back;             // [kTogether · row][Gru::back_size]
    T* moments;          // [step][row][padded(moments)]
    T* by_moments;       // likewise
    T* latents;          // [step][row][padded(latent)]
    T* by_latents;       // likewise
    T* divergences;      // likewise
    T* visits;           // of decoder `cells`: [paid, not][row][padded(cells)]
    T* divergence_sums;  // [padded(latent)]

    template <class Team>
    HOST_CALL static Rows take(Scratch& scratch, const BeliefGradient& op) {
      const Belief::Shape& s = op.shape;
      const long steps = op.steps(), rows = steps * kTile;
      Rows r;
      r.inputs = scratch.take<T>(rows * padded(s.inputs));
      r.states = scratch.take<T>(rows * Gru::state_size(s.encoder));
      r.kept = scratch.take<T>(rows * Gru::kept_size(s.encoder));
      r.state = scratch.take<T>(static_cast<long>(kTile) * Gru::state_size(s.encoder));
      r.back = scratch.take<T>(static_cast<long>(kTogether) * kTile * Gru::back_size(s.encoder));
      r.moments = scratch.take<T>(rows * op.moments_size());
      r.by_moments = scratch.take<T>(rows * op.moments_size());
      r.latents = scratch.take<T>(rows * op.latent_size());
      r.by_latents = scratch.take<T>(rows * op.latent_size());
      r.divergences = scratch.take<T>(rows * op.latent_size());
      r.visits = scratch.take<T>(s.decoded == Decoder::cells ? 2L * kTile * s.decoder.outputs_size() : 0);
      r.divergence_sums = scratch.take<T>(op.latent_size());
      return r;
    }
  };
  struct Buffers {
    Encoder encoder;
    Rows rows;
    Decoding decodings[2];

    template <class Team>
    HOST_CALL static Buffers take(Scratch& scratch, const BeliefGradient& op) {
      const Belief::Shape& s = op.shape;
      Buffers b{};
      b.encoder = Encoder::template take<Team>(scratch, s);
      b.rows = Rows::template take<Team>(scratch, op);
      Decoding& of_step = b.decodings[0] = Decoding::template take<Team>(scratch, s.decoder);
      of_step.cells = s.decoded == Decoder::cells;
      of_step.decodes = of_step.cells ? 1 : op.batch.decodes();
      of_step.told = op.batch.ring.inputs;
      of_step.weight = T(1);
      if (!s.decodes_state()) return b;
      Decoding& of_state = b.decodings[1] = Decoding::template take<Team>(scratch, s.state_decoder);
      of_state.cells = false;
      of_state.decodes = op.batch.decodes();
      of_state.told = op.batch.ring.next_at();
      of_state.weight = op.state_weight / static_cast<T>(s.observed);
      return b;
    }
  };
  FN int decodings() const { return shape.decodes_state() ? 2 : 1; }

  // The trials of a tile.
  struct Tile {
    int first, rows;
  };
  FN T* trial_at(const Tile& tile, int row, int step) const {
    return batch.ring.at(batch.drawn[tile.first + row], step);
  }

  template <class Team>
  TEAM_FN void prepare(const Team& team, const Buffers& b, const Tile& tile) const;
  template <class Team>
  TEAM_FN void count_visits(const Team& team, const Rows& r, const Tile& tile) const;
  template <class Team>
  TEAM_FN void encode(const Team& team, const Buffers& b, const Tile& tile) const;
  template <class Team>
  TEAM_FN void decode(const Team& team, const Decoding& k, const Rows& r, const Tile& tile, int step,
                      int steps, int decode, int decodes) const;
  template <class Team>
  TEAM_FN void losses_of(const Team& team, const Decoding& k, const Rows& r, const Tile& tile, int block_rows,
                         int decode, int decodes) const;
  template <class Team>
  TEAM_FN void by_moments(const Team& team, const Rows& r, const Tile& tile) const;
  template <class Team>
  TEAM_FN void back(const Team& team, const Buffers& b, const Tile& tile) const;
  template <class Team>
  TEAM_FN void write(const Team& team, const Buffers& b, int tile) const;
};

// All weights, what the encoder takes in, and the visits to cells; clears the sums. Syncs.
template <class T>
template <class Team>
TEAM_FN void BeliefGradient<T>::prepare(const Team& team, const Buffers& b, const Tile& tile) const {
  const Encoder& n = b.encoder;
  const Rows& r = b.rows;
  const int units = shape.encoder.hidden, state = Gru::state_size(shape.encoder), size = padded(shape.inputs);
  Belief::load_moments(team, shape, params, n.moments);
  const T* const moments = params + Belief::moments_offset(shape);
  for_cells(team, shape.moments(), state, [&](int o, int i) FN_LAMBDA {
    n.moments_transposed[o * state + i] = i < units ? moments[i * shape.moments() + o] : T(0);
  });
  Gru::clear_sums(team, shape.encoder, n.unit_sums);
  fill(team, n.moments_sums.weight, static_cast<long>(units) * moments_size(), T(0));
  fill(team, n.moments_sums.bias, moments_size(), T(0));
  const T* decoder = params + Belief::decoder_offset(shape);
  for (int d = 0; d < decodings(); ++d) {
    const Decoding& k = b.decodings[d];
    const int wide = k.net.shape.outputs_size();
    fill(team, k.losses, static_cast<long>(kBlock) * wide, T(0));
    fill(team, k.loss_sums, wide, T(0));
    k.sums.clear(team);
    k.net.load(team, decoder);
    decoder += k.net.shape.parameters();
  }
  const long rows = static_cast<long>(steps()) * tile.rows;
  fill(team, r.by_moments, rows * moments_size(), T(0));
  fill(team, r.by_latents, rows * latent_size(), T(0));
  fill(team, r.latents, rows * latent_size(), T(0));
  fill(team, r.divergences, rows * latent_size(), T(0));
  fill(team, r.divergence_sums, latent_size(), T(0));
  fill(team, r.states, static_cast<long>(tile.rows) * state, T(0));
  fill(team, r.state, static_cast<long>(tile.rows) * state, T(0));
  for (int step = 0; step < steps(); ++step)
    for_cells(team, tile.rows, size, [&](int row, int i) FN_LAMBDA {
      r.inputs[(static_cast<long>(step) * tile.rows + row) * size + i] =
          i < shape.inputs ? trial_at(tile, row, step)[i] : T(0);
    });
  Gru::load_weights(team, shape.encoder, params, n.unit);
  if (shape.decoded == Decoder::cells) count_visits(team, r, tile);
}

// Syncs.
template <class T>
template <class Team>
TEAM_FN void BeliefGradient<T>::count_visits(const Team& team, const Rows& r, const Tile& tile) const {
  const int size = shape.decoder.outputs_size();
  fill(team, r.visits, 2L * tile.rows * size, T(0));
  team.sync();
  const T half = static_cast<T>(shape.side - 1) * T(0.5);
  const auto place = [&](T x) FN_LAMBDA { return static_cast<int>((x + T(1)) * half + T(0.5)); };
  for (int row = team.rank(); row < tile.rows; row += team.size())
    for (int step = 0; step < steps(); ++step) {
      const T* const at = trial_at(tile, row, step) + batch.ring.inputs;  // reward, x, y
      const int cell = place(at[2]) * shape.side + place(at[1]);
      r.visits[((at[0] > T(0) ? 0 : tile.rows) + row) * size + cell] += T(1);
    }
  team.sync();
}

// The unit's states, the beliefs' moments, and the latent variables. Syncs.
template <class T>
template <class Team>
TEAM_FN void BeliefGradient<T>::encode(const Team& team, const Buffers& b, const Tile& tile) const {
  using One = Pack<T, 1>;
  const Rows& r = b.rows;
  const long state = static_cast<long>(tile.rows) * Gru::state_size(shape.encoder),
             kept = static_cast<long>(tile.rows) * Gru::kept_size(shape.encoder);
  const int size = padded(shape.inputs), moments = moments_size(), latent = latent_size();
  for (int t = 1; t < steps(); ++t)
    Gru::step(team, shape.encoder, b.encoder.unit,
              {tile.rows,
               {r.inputs + static_cast<long>(t) * tile.rows * size, size, 1},
               r.states + (t - 1) * state,
               r.kept + t * kept,
               r.states + t * state});
  product<typename Team::Vector>(team, steps() * tile.rows, moments,
                                 Array<Term<T>, 1>{{{{r.states, Gru::state_size(shape.encoder), 1},
                                                     {b.encoder.moments.weight, moments},
                                                     shape.encoder.hidden}}},
                                 Start<T>{b.encoder.moments.bias, 0}, r.moments, moments);
  team.sync();
  for_cells(team, steps() * tile.rows, shape.latent, [&](int at, int d) FN_LAMBDA {
    const int row = at % tile.rows, t = at / tile.rows;
    const T *const q = r.moments + static_cast<long>(at) * moments,
                   noise = batch.noise_of(tile.first + row, d)[t];
    r.latents[static_cast<long>(at) * latent + d] =
        fma(exp(One(T(0.5) * q[shape.latent + d])), One(noise), One(q[d])).get(0);
  });
  team.sync();
}

// The latent variables of some steps, each at some of the steps that it is to tell of, forth and back through a decoder.
// Syncs.
template <class T>
template <class Team>
TEAM_FN void BeliefGradient<T>::decode(const Team& team, const Decoding& k, const Rows& r, const Tile& tile,
                                       int step, int steps, int decode, int decodes) const {
  const TrialRing<T>& ring = batch.ring;
  const Feedforward::Shape& d = k.net.shape.hidden;
  // A row of the block: [step][decode][row].
  const int of_step = decodes * tile.rows, count = steps * of_step, inputs = padded(d.inputs),
            wide = k.net.shape.outputs_size(), latent = latent_size(), outputs = k.net.shape.outputs;
  const long first = static_cast<long>(step) * tile.rows;  // of the latent variables
  // The step's numbers that the decoder sees: what it led to, or the observation and the action.
  const bool of_state = k.told == ring.next_at();
  for_cells(team, count, d.inputs, [&](int at, int i) FN_LAMBDA {
    const int row = at % tile.rows, seen = i - shape.latent;
    T x;
    if (seen < 0) {
      x = r.latents[(first + at / of_step * tile.rows + row) * latent + i];
    } else {
      const int place = !of_state               ? ring.next_at() + seen
                        : seen < shape.observed ? seen
                                                : ring.action_at() + seen - shape.observed;
      x = trial_at(tile, row, batch.step_of(tile.first + row, decode + at % of_step / tile.rows))[place];
    }
    k.rows.inputs[static_cast<long>(at) * inputs + i] = x;
  });
  team.sync();
  forward(team, k.net, count, k.rows);
  losses_of(team, k, r, tile, count, decode, decodes);
  add_columns(team, count, outputs, k.loss_sums, k.losses, wide);
  backward(team, k.net, count, k.rows);
  k.sums.add(team, count, k.rows);
  for_cells(team, steps * tile.rows, shape.latent, [&](int at, int i) FN_LAMBDA {
    const T* from =
        k.rows.by_inputs + (static_cast<long>(at / tile.rows) * of_step + at % tile.rows) * latent + i;
    T sum = r.by_latents[(first + at) * latent + i];
    for (int of = 0; of < decodes; ++of, from += static_cast<long>(tile.rows) * latent) sum += *from;
    r.by_latents[(first + at) * latent + i] = sum;
  });
  team.sync();
}

// The losses of a block's rows, and the objective's gradient in place of the outputs. Syncs.
template <class T>
template <class Team>
TEAM_FN void BeliefGradient<T>::losses_of(const Team& team, const Decoding& k, const Rows& r,
                                          const Tile& tile, int block_rows, int decode, int decodes) const {
  using V = typename Team::Vector;
  const int wide = k.net.shape.outputs_size();
  T *const outputs = k.rows.outputs, *const losses = k.losses;
  if (k.cells) {
    for_cells(team, block_rows, wide / V::lanes, [&](int at, int vector) FN_LAMBDA {
      const long place = static_cast<long>(at) * wide + vector * V::lanes;
      const T* const visits = r.visits + static_cast<long>(at % tile.rows) * wide + vector * V::lanes;
      const V l = load_aligned<V>(outputs + place), paid = load_aligned<V>(visits),
              unpaid = load_aligned<V>(visits + static_cast<long>(tile.rows) * wide);
      const V softplus = max(l, V(0)) + log(V(1) + exp(-abs(l)));
      store_aligned(losses + place, fma(paid + unpaid, softplus, -(paid * l)));
      store_aligned(outputs + place, fma(-(paid + unpaid), sigmoid(l), paid));
    });
    return team.sync();
  }
  for_cells(team, block_rows, k.net.shape.outputs, [&](int at, int o) FN_LAMBDA {
    const int row = at % tile.rows, number = decode + at / tile.rows % decodes;
    const T piece = static_cast<T>(batch.piece(number)),
            told = trial_at(tile, row, batch.step_of(tile.first + row, number))[k.told + o],
            error = outputs[static_cast<long>(at) * wide + o] - told;
    losses[static_cast<long>(at) * wide + o] = piece * (error * error);
    outputs[static_cast<long>(at) * wide + o] = T(-2) * k.weight * piece * error;
  });
  team.sync();
}

// The objective's gradient by the beliefs' moments, and the divergences. Syncs.
template <class T>
template <class Team>
TEAM_FN void BeliefGradient<T>::by_moments(const Team& team, const Rows& r, const Tile& tile) const {
  using One = Pack<T, 1>;
  const int size = moments_size(), latent = latent_size(), count = shape.latent,
            last = (steps() - 1) * tile.rows;
  for_cells(team, steps() * tile.rows, count, [&](int at, int d) FN_LAMBDA {
    // The belief, the one before, and the one after it.
    const T *const q = r.moments + static_cast<long>(at) * size + d,
                   *const next = q + static_cast<long>(tile.rows) * size,
                   *const prior = q - static_cast<long>(tile.rows) * size;
    const bool is_first = at < tile.rows;
    const One m(q[0]), s(q[count]), m0(is_first ? T(0) : prior[0]), s0(is_first ? T(0) : prior[count]),
        half(T(0.5)), one(T(1));
    const One moved = m - m0, precision = exp(-s0), ratio = exp(s - s0);
    One by_mean = moved * precision, by_log = half * (ratio - one);
    r.divergences[static_cast<long>(at) * latent + d] =
        (half * (s0 - s - one + ratio + moved * moved * precision)).get(0);
    if (at < last) {
      const One moves = One(next[0]) - m, its_precision = exp(-s), its_ratio = exp(One(next[count]) - s);
      by_mean = by_mean - moves * its_precision;
      by_log = by_log + half * (one - its_ratio - moves * moves * its_precision);
    }
    const One by_latent(r.by_latents[static_cast<long>(at) * latent + d]),
        noise(batch.noise_of(tile.first + at % tile.rows, d)[at / tile.rows]), weight(-kl_weight);
    T* const to = r.by_moments + static_cast<long>(at) * size + d;
    to[0] = fma(weight, by_mean, by_latent).get(0);
    to[count] = fma(weight, by_log, by_latent * noise * half * exp(half * s)).get(0);
  });
  team.sync();
  add_columns(team, steps() * tile.rows, count, r.divergence_sums, r.divergences, latent);
}

// From there to the sums of the encoder's weights. Syncs.
template <class T>
template <class Team>
TEAM_FN void BeliefGradient<T>::back(const Team& team, const Buffers& b, const Tile& tile) const {
  using V = typename Team::Vector;
  const Encoder& n = b.encoder;
  const Rows& r = b.rows;
  const int state = Gru::state_size(shape.encoder), moments = moments_size(), rows = tile.rows,
            all = steps() * rows, inputs = padded(shape.inputs);
  const long kept = static_cast<long>(rows) * Gru::kept_size(shape.encoder);
  product<V>(team, shape.encoder.hidden, moments,
             Array<Term<T>, 1>{{{{r.states, 1, state}, {r.by_moments, moments}, all}}},
             Start<T>{n.moments_sums.weight, moments}, n.moments_sums.weight, moments);
  add_columns(team, all, shape.moments(), n.moments_sums.bias, r.by_moments, moments);
  for (int t = steps(); t-- > 1;) {  // of the first step the state is no one's but 0
    const long first = static_cast<long>(t) * rows;
    product<V>(
        team, rows, padded(shape.encoder.hidden),
        Array<Term<T>, 1>{
            {{{r.by_moments + first * moments, moments, 1}, {n.moments_transposed, state}, shape.moments()}}},
        Start<T>{r.state, state}, r.state, state);
    team.sync();
    const int place = (t - 1) % kTogether;
    const T* const before = r.states + (first - rows) * state;
    Gru::back(team, shape.encoder, n.unit,
              {rows, before, r.kept + t * kept, r.state,
               r.back + static_cast<long>(place) * rows * Gru::back_size(shape.encoder)});
    if (place != 0) continue;
    const int together = min_of(kTogether, steps() - t);
    Gru::add_gradient(team, shape.encoder,
                      {together * rows, r.inputs + first * inputs, before, r.back, r.kept + t * kept},
                      n.unit_sums);
    team.sync();
  }
  team.sync();
}

// The flat gradient and the values. Does not sync.
template <class T>
template <class Team>
TEAM_FN void BeliefGradient<T>::write(const Team& team, const Buffers& b, int tile) const {
  const Encoder& n = b.encoder;
  T* const to = partial + static_cast<long>(tile) * Belief::belief_parameters(shape);
  Gru::store_gradient(team, shape.encoder, n.unit_sums, to);
  // The bias is its weights' last row.
  const int units = shape.encoder.hidden, moments = shape.moments();
  T* const to_moments = to + Belief::moments_offset(shape);
  for_cells(team, units + 1, moments, [&](int i, int o) FN_LAMBDA {
    to_moments[i * moments + o] =
        i < units ? n.moments_sums.weight[i * moments_size() + o] : n.moments_sums.bias[o];
  });
  T* to_decoder = to + Belief::decoder_offset(shape);
  for (int d = 0; d < decodings(); ++d) {
    b.decodings[d].sums.store(team, to_decoder);
    to_decoder += b.decodings[d].net.shape.parameters();
  }
  if (team.rank() != 0) return;
  const auto total = [](const T* sums, int count) FN_LAMBDA {
    T sum = 0;
    for (int i = 0; i < count; ++i) sum += sums[i];
    return sum;
  };
  T* const of_tile = values + static_cast<long>(tile) * kBeliefValues;
  of_tile[kReconstruction] = total(b.decodings[0].loss_sums, shape.decoder.outputs);
  of_tile[kStateReconstruction] =
      shape.decodes_state() ? total(b.decodings[1].loss_sums, shape.observed) / static_cast<T>(shape.observed)
                            : T(0);
  of_tile[kBeliefDivergence] = total(b.rows.divergence_sums, shape.latent);
}

template <class T>
template <class Team>
TEAM_FN void BeliefGradient<T>::operator()(const Team& inlining, const Place& place, Scratch scratch) const {
  const CallsProducts<Team> team(inlining);
  const Tile tile{place.task * kTile, min_of(kTile, batch.trials - place.task * kTile)};
  const Buffers& b = placed<Buffers>(team, scratch, *this);
  prepare(team, b, tile);
  encode(team, b, tile);
  for (int d = 0; d < decodings(); ++d) {
    const Decoding& k = b.decodings[d];
    const int all = k.decodes, each = min_of(all, kBlock / kTile), together = all == 1 ? kBlock / kTile : 1;
    for (int step = 0; step < steps(); step += together)
      for (int number = 0; number < all; number += each)
        decode(inlining, k, b.rows, tile, step, min_of(together, steps() - step), number,
               min_of(each, all - number));
  }
  by_moments(team, b.rows, tile);
  back(team, b, tile);
  write(team, b, place.task);
}

}  // namespace innerloop
