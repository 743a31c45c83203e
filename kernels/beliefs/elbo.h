// The gradient of the evidence lower bound that a belief is learned by (VariBAD, Zintgraf et al. 2020), to be climbed. Of a
// trial with the beliefs q_0, …, q_{T−1} that its steps act on, the prior q_0 among them, and with z_t = μ_t + σ_t∘ε_t:
//
//   −Σ_t Σ_i loss(decoder(z_t), step i) − w·Σ_t KL(q_t ‖ q_{t−1}),   q_{−1} = N(0, I)
//
// Each latent variable tells of the whole trial, of what has been and of what is to come; i runs over all steps, or over some
// that stand for all (draw.h). The loss of decoder `reward` is the squared error of the step's reward. Of `cells` it is the
// cross entropy of whether a cell pays more than 0: as the decoder does not see the step, it is evaluated once for each latent
// variable, and the loss is Σ over the cells of n₁·softplus(−l) + n₀·softplus(l), with the trial's visits to each that paid and
// that did not. The divergence's gradient goes into both of its beliefs.
//
// One team per tile of trials: forth through the encoder, all latent variables through the decoder, back through time. A
// tile's gradient is one partial sum; SumOverTasks adds them up.
#pragma once

#include "kernels/beliefs/draw.h"
#include "kernels/memories/belief.h"
#include "kernels/products/called_product.h"

namespace innerloop {

// Sums over trials: Σ_t Σ_i of the losses, and Σ_t of the divergences.
enum BeliefValue : int { kReconstruction, kBeliefDivergence, kBeliefValues };

template <class T>
struct BeliefGradient {
  Belief::Shape shape;
  BeliefBatch<T> batch;
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
  static constexpr int kBlock = 64;    // rows that go through the decoder together
  static constexpr int kTogether = 8;  // steps whose rows go into the encoder's gradient with one product

  FN int steps() const { return batch.ring.steps; }
  // How often each latent variable goes through the decoder.
  FN int decodes() const { return shape.decoded == Decoder::cells ? 1 : batch.decodes(); }
  FN int moments_size() const { return padded(shape.moments()); }
  FN int latent_size() const { return padded(shape.latent); }
  FN int outputs_size() const { return padded(shape.decoder_outputs()); }

  // Of both networks, and the sums of their gradient.
  struct Networks {
    Gru::Weights<T> encoder;
    Belief::Moments<T> moments;
    T* moments_transposed;  // [moments][Gru::state_size]
    Feedforward::Weights<T> decoder;
    T* output;             // [width][padded(outputs)]
    T* output_bias;        // [padded(outputs)]
    T* output_transposed;  // [outputs][padded(width)]
    Gru::Sums<T> encoder_sums;
    Belief::Moments<T> moments_sums;
    Feedforward::Sums<T> decoder_sums;
    T *output_sum, *output_bias_sum;

    template <class Team>
    HOST_CALL static Networks take(Scratch& scratch, const Belief::Shape& s) {
      const long outputs = padded(s.decoder_outputs()), last = s.decoder.hidden;
      Networks n;
      n.encoder = Gru::take_weights<T>(scratch, s.encoder, true);
      n.moments = Belief::Moments<T>::take(scratch, s);
      n.moments_transposed = scratch.take<T>(static_cast<long>(s.moments()) * Gru::state_size(s.encoder));
      n.decoder = Feedforward::take_weights<T>(scratch, s.decoder, true);
      n.output = scratch.take<T>(last * outputs);
      n.output_bias = scratch.take<T>(outputs);
      n.output_transposed =
          scratch.take<T>(static_cast<long>(s.decoder_outputs()) * padded(s.decoder.hidden));
      n.encoder_sums = Gru::take_sums<T>(scratch, s.encoder);
      n.moments_sums = Belief::Moments<T>::take(scratch, s);
      n.decoder_sums = Feedforward::take_sums<T>(scratch, s.decoder);
      n.output_sum = scratch.take<T>(last * outputs);
      n.output_bias_sum = scratch.take<T>(outputs);
      return n;
    }
  };
  // Of a tile's trials; a row is a trial at a step.
  struct Rows {
    T* inputs;       // [step][row][padded(inputs)]
    T* states;       // [step][row][Gru::state_size]  the unit's, after each step has been taken in
    T* kept;         // [step][row][Gru::kept_size]
    T* state;        // [row][Gru::state_size]  the gradient by the unit's state
    T* back;         // [kTogether · row][Gru::back_size]
    T* moments;      // [step][row][padded(moments)]
    T* by_moments;   // likewise
    T* latents;      // [step][row][padded(latent)]
    T* by_latents;   // likewise
    T* divergences;  // likewise
    T* told;  // `reward`: [decode][row] the steps' rewards; `cells`: [paid, not][row][padded(cells)] visits
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
      r.told = scratch.take<T>(kTile * (s.decoded == Decoder::cells ? 2L * op.outputs_size() : op.decodes()));
      r.divergence_sums = scratch.take<T>(op.latent_size());
      return r;
    }
  };
  // Of some rows on their way through the decoder.
  struct Block {
    T* inputs;     // [row][padded(decoder inputs)]
    T* kept;       // [row][Feedforward::kept_size]
    T* hidden;     // [row][padded(width)]  of the last hidden layer
    T* by_hidden;  // likewise
    T* back;       // [row][Feedforward::back_size]
    T* outputs;    // [row][padded(outputs)]  and then the objective's gradient by them
    T* losses;     // likewise
    T* by_inputs;  // [row][padded(latent)]
    T* loss_sums;  // [padded(outputs)]

    template <class Team>
    HOST_CALL static Block take(Scratch& scratch, const BeliefGradient& op) {
      const Feedforward::Shape& d = op.shape.decoder;
      constexpr long rows = kBlock;
      Block b;
      b.inputs = scratch.take<T>(rows * padded(d.inputs));
      b.kept = scratch.take<T>(rows * Feedforward::kept_size(d));
      b.hidden = scratch.take<T>(rows * padded(d.hidden));
      b.by_hidden = scratch.take<T>(rows * padded(d.hidden));
      b.back = scratch.take<T>(rows * Feedforward::back_size(d));
      b.outputs = scratch.take<T>(rows * op.outputs_size());
      b.losses = scratch.take<T>(rows * op.outputs_size());
      b.by_inputs = scratch.take<T>(rows * op.latent_size());
      b.loss_sums = scratch.take<T>(op.outputs_size());
      return b;
    }
  };
  struct Buffers {
    Networks networks;
    Rows rows;
    Block block;

    template <class Team>
    HOST_CALL static Buffers take(Scratch& scratch, const BeliefGradient& op) {
      Buffers b;
      b.networks = Networks::template take<Team>(scratch, op.shape);
      b.rows = Rows::template take<Team>(scratch, op);
      b.block = Block::template take<Team>(scratch, op);
      return b;
    }
  };

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
  TEAM_FN void tell(const Team& team, const Rows& r, const Tile& tile) const;
  template <class Team>
  TEAM_FN void encode(const Team& team, const Buffers& b, const Tile& tile) const;
  template <class Team>
  TEAM_FN void decode(const Team& team, const Buffers& b, const Tile& tile, int step, int steps, int decode,
                      int decodes) const;
  template <class Team>
  TEAM_FN void losses_of(const Team& team, const Buffers& b, const Tile& tile, int block_rows, int decode,
                         int decodes) const;
  template <class Team>
  TEAM_FN void by_moments(const Team& team, const Rows& r, const Tile& tile) const;
  template <class Team>
  TEAM_FN void back(const Team& team, const Buffers& b, const Tile& tile) const;
  template <class Team>
  TEAM_FN void write(const Team& team, const Buffers& b, int tile) const;
};

// All weights, what the encoder takes in, and what is to be told; clears the sums. Syncs.
template <class T>
template <class Team>
TEAM_FN void BeliefGradient<T>::prepare(const Team& team, const Buffers& b, const Tile& tile) const {
  const Networks& n = b.networks;
  const Rows& r = b.rows;
  const int outputs = shape.decoder_outputs(), wide = outputs_size(), last = shape.decoder.hidden,
            units = shape.encoder.hidden, state = Gru::state_size(shape.encoder), size = padded(shape.inputs);
  Belief::load_moments(team, shape, params, n.moments);
  const T* const moments = params + Belief::moments_offset(shape);
  for_cells(team, shape.moments(), state, [&](int o, int i) FN_LAMBDA {
    n.moments_transposed[o * state + i] = i < units ? moments[i * shape.moments() + o] : T(0);
  });
  const T* const output = params + Belief::outputs_offset(shape);
  for_cells(team, last + 1, wide, [&](int i, int o) FN_LAMBDA {
    (i < last ? n.output[i * wide + o] : n.output_bias[o]) = o < outputs ? output[i * outputs + o] : T(0);
  });
  for_cells(team, outputs, padded(last), [&](int o, int i) FN_LAMBDA {
    n.output_transposed[o * padded(last) + i] = i < last ? output[i * outputs + o] : T(0);
  });
  Gru::clear_sums(team, shape.encoder, n.encoder_sums);
  Feedforward::clear_sums(team, shape.decoder, n.decoder_sums);
  fill(team, n.moments_sums.weight, static_cast<long>(units) * moments_size(), T(0));
  fill(team, n.moments_sums.bias, moments_size(), T(0));
  fill(team, n.output_sum, static_cast<long>(last) * wide, T(0));
  fill(team, n.output_bias_sum, wide, T(0));
  fill(team, b.block.losses, static_cast<long>(kBlock) * wide, T(0));
  fill(team, b.block.loss_sums, wide, T(0));
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
  Gru::load_weights(team, shape.encoder, params, n.encoder);
  Feedforward::load_weights(team, shape.decoder, params + Belief::decoder_offset(shape), n.decoder);
  tell(team, r, tile);
}

// The rewards of the decoded steps, or the visits to each cell. Syncs.
template <class T>
template <class Team>
TEAM_FN void BeliefGradient<T>::tell(const Team& team, const Rows& r, const Tile& tile) const {
  if (shape.decoded == Decoder::reward) {
    for_cells(team, decodes(), tile.rows, [&](int number, int row) FN_LAMBDA {
      r.told[number * tile.rows + row] =
          trial_at(tile, row, batch.step_of(tile.first + row, number))[batch.ring.inputs];
    });
    return team.sync();
  }
  const int size = outputs_size();
  fill(team, r.told, 2L * tile.rows * size, T(0));
  team.sync();
  const T half = static_cast<T>(shape.side - 1) * T(0.5);
  const auto place = [&](T x) FN_LAMBDA { return static_cast<int>((x + T(1)) * half + T(0.5)); };
  for (int row = team.rank(); row < tile.rows; row += team.size())
    for (int step = 0; step < steps(); ++step) {
      const T* const at = trial_at(tile, row, step) + batch.ring.inputs;  // reward, x, y
      const int cell = place(at[2]) * shape.side + place(at[1]);
      r.told[((at[0] > T(0) ? 0 : tile.rows) + row) * size + cell] += T(1);
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
    Gru::step(team, shape.encoder, b.networks.encoder,
              {tile.rows,
               {r.inputs + static_cast<long>(t) * tile.rows * size, size, 1},
               r.states + (t - 1) * state,
               r.kept + t * kept,
               r.states + t * state});
  product<typename Team::Vector>(team, steps() * tile.rows, moments,
                                 Array<Term<T>, 1>{{{{r.states, Gru::state_size(shape.encoder), 1},
                                                     {b.networks.moments.weight, moments},
                                                     shape.encoder.hidden}}},
                                 Start<T>{b.networks.moments.bias, 0}, r.moments, moments);
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

// The latent variables of some steps, each at some of the steps that it is to tell of, forth and back through the decoder.
// Syncs.
template <class T>
template <class Team>
TEAM_FN void BeliefGradient<T>::decode(const Team& team, const Buffers& b, const Tile& tile, int step,
                                       int steps, int decode, int decodes) const {
  using V = typename Team::Vector;
  const Networks& n = b.networks;
  const Block& k = b.block;
  const Feedforward::Shape& d = shape.decoder;
  // A row of the block: [step][decode][row].
  const int of_step = decodes * tile.rows, count = steps * of_step, inputs = padded(d.inputs),
            width = padded(d.hidden), wide = outputs_size(), latent = latent_size(),
            outputs = shape.decoder_outputs();
  const long first = static_cast<long>(step) * tile.rows;  // of the latent variables
  for_cells(team, count, d.inputs, [&](int at, int i) FN_LAMBDA {
    const int row = at % tile.rows;
    T x;
    if (i < shape.latent)
      x = b.rows.latents[(first + at / of_step * tile.rows + row) * latent + i];
    else
      x = trial_at(
          tile, row,
          batch.step_of(tile.first + row,
                        decode + at % of_step / tile.rows))[batch.ring.inputs + 1 + i - shape.latent];
    k.inputs[static_cast<long>(at) * inputs + i] = x;
  });
  team.sync();
  Feedforward::step(team, d, n.decoder, {count, {k.inputs, inputs, 1}, nullptr, k.kept, k.hidden});
  product<V>(team, count, wide, Array<Term<T>, 1>{{{{k.hidden, width, 1}, {n.output, wide}, d.hidden}}},
             Start<T>{n.output_bias, 0}, k.outputs, wide);
  team.sync();
  losses_of(team, b, tile, count, decode, decodes);
  add_columns(team, count, outputs, k.loss_sums, k.losses, wide);
  add_columns(team, count, outputs, n.output_bias_sum, k.outputs, wide);
  product<V>(team, d.hidden, wide, Array<Term<T>, 1>{{{{k.hidden, 1, width}, {k.outputs, wide}, count}}},
             Start<T>{n.output_sum, wide}, n.output_sum, wide);
  product<V>(team, count, width,
             Array<Term<T>, 1>{{{{k.outputs, wide, 1}, {n.output_transposed, width}, outputs}}},
             Start<T>{n.decoder.zero, 0}, k.by_hidden, width);
  team.sync();
  Feedforward::back(team, d, n.decoder, {count, nullptr, k.kept, k.by_hidden, k.back});
  Feedforward::add_gradient(team, d, {count, k.inputs, nullptr, k.back, k.kept}, n.decoder_sums);
  Feedforward::input_gradient(team, d, n.decoder, {count, k.back, n.decoder.zero, k.by_inputs});
  for_cells(team, steps * tile.rows, shape.latent, [&](int at, int i) FN_LAMBDA {
    const T* from = k.by_inputs + (static_cast<long>(at / tile.rows) * of_step + at % tile.rows) * latent + i;
    T sum = b.rows.by_latents[(first + at) * latent + i];
    for (int of = 0; of < decodes; ++of, from += static_cast<long>(tile.rows) * latent) sum += *from;
    b.rows.by_latents[(first + at) * latent + i] = sum;
  });
  team.sync();
}

// The losses of a block's rows, and the objective's gradient in place of the outputs. Syncs.
template <class T>
template <class Team>
TEAM_FN void BeliefGradient<T>::losses_of(const Team& team, const Buffers& b, const Tile& tile,
                                          int block_rows, int decode, int decodes) const {
  using V = typename Team::Vector;
  const int wide = outputs_size();
  T *const outputs = b.block.outputs, *const losses = b.block.losses;
  if (shape.decoded == Decoder::cells) {
    for_cells(team, block_rows, wide / V::lanes, [&](int at, int vector) FN_LAMBDA {
      const long place = static_cast<long>(at) * wide + vector * V::lanes;
      const T* const visits = b.rows.told + static_cast<long>(at % tile.rows) * wide + vector * V::lanes;
      const V l = load_aligned<V>(outputs + place), paid = load_aligned<V>(visits),
              unpaid = load_aligned<V>(visits + static_cast<long>(tile.rows) * wide);
      const V softplus = max(l, V(0)) + log(V(1) + exp(-abs(l)));
      store_aligned(losses + place, fma(paid + unpaid, softplus, -(paid * l)));
      store_aligned(outputs + place, fma(-(paid + unpaid), sigmoid(l), paid));
    });
    return team.sync();
  }
  for (int at = team.rank(); at < block_rows; at += team.size()) {
    const int number = decode + at / tile.rows % decodes;
    const T weight = static_cast<T>(batch.piece(number)),
            error = outputs[static_cast<long>(at) * wide] - b.rows.told[number * tile.rows + at % tile.rows];
    losses[static_cast<long>(at) * wide] = weight * (error * error);
    outputs[static_cast<long>(at) * wide] = T(-2) * weight * error;
  }
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
  const Networks& n = b.networks;
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
    Gru::back(team, shape.encoder, n.encoder,
              {rows, before, r.kept + t * kept, r.state,
               r.back + static_cast<long>(place) * rows * Gru::back_size(shape.encoder)});
    if (place != 0) continue;
    const int together = min_of(kTogether, steps() - t);
    Gru::add_gradient(team, shape.encoder,
                      {together * rows, r.inputs + first * inputs, before, r.back, r.kept + t * kept},
                      n.encoder_sums);
    team.sync();
  }
  team.sync();
}

// The flat gradient and the values. Does not sync.
template <class T>
template <class Team>
TEAM_FN void BeliefGradient<T>::write(const Team& team, const Buffers& b, int tile) const {
  const Networks& n = b.networks;
  T* const to = partial + static_cast<long>(tile) * Belief::belief_parameters(shape);
  Gru::store_gradient(team, shape.encoder, n.encoder_sums, to);
  Feedforward::store_gradient(team, shape.decoder, n.decoder_sums, to + Belief::decoder_offset(shape));
  // A bias is its weights' last row.
  const auto dense = [&](int in, int out, const T* weight, const T* bias, T* gradient) FN_LAMBDA {
    for_cells(team, in + 1, out, [&](int i, int o) FN_LAMBDA {
      gradient[i * out + o] = i < in ? weight[i * padded(out) + o] : bias[o];
    });
  };
  dense(shape.encoder.hidden, shape.moments(), n.moments_sums.weight, n.moments_sums.bias,
        to + Belief::moments_offset(shape));
  dense(shape.decoder.hidden, shape.decoder_outputs(), n.output_sum, n.output_bias_sum,
        to + Belief::outputs_offset(shape));
  if (team.rank() != 0) return;
  const auto total = [](const T* sums, int count) FN_LAMBDA {
    T sum = 0;
    for (int i = 0; i < count; ++i) sum += sums[i];
    return sum;
  };
  T* const of_tile = values + static_cast<long>(tile) * kBeliefValues;
  of_tile[kReconstruction] = total(b.block.loss_sums, shape.decoder_outputs());
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
  const int all = decodes(), each = min_of(all, kBlock / kTile), together = all == 1 ? kBlock / kTile : 1;
  for (int step = 0; step < steps(); step += together)
    for (int number = 0; number < all; number += each)
      decode(team, b, tile, step, min_of(together, steps() - step), number, min_of(each, all - number));
  by_moments(team, b.rows, tile);
  back(team, b, tile);
  write(team, b, place.task);
}

}  // namespace innerloop
