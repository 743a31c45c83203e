// Trials that a belief is learned from as plain numbers in double, and the lower bound on them written from the formulas in
// kernels/beliefs/elbo.h.
#pragma once

#include "kernels/beliefs/elbo.h"
#include "tests/support/buffers.h"
#include "tests/support/trial_problem.h"

namespace innerloop {

struct BeliefProblem {
  Belief::Shape shape;
  int steps = 0, capacity = 0, trials = 0, decode_steps = 0;
  double state_weight = 0.7, kl_weight = 0.3;
  Vector theta;              // the belief's
  Vector ring;               // [trial][step][inputs, reward, observation, action]
  std::vector<int> drawn;    // [trial]
  std::vector<int> decoded;  // [trial][decode_steps]
  Vector noise;              // [trial][number][padded(steps)]

  int row_size() const { return shape.inputs + 1 + shape.observed + shape.decoded_actions(); }
  const double* at(int trial, int step) const {
    return ring.data() + (drawn[static_cast<std::size_t>(trial)] * steps + step) * row_size();
  }
};

struct BeliefForm {
  Decoder decoder = Decoder::reward;
  int latent = 3, encoder = 5, side = 3;
  std::vector<int> decoder_hidden = {4, 6};
  int steps = 7, trials = 3, decode_steps = 0;
  std::vector<int> state_decoder_hidden = {};  // empty: no such decoder
};

inline BeliefProblem random_belief_problem(const BeliefForm& form, std::uint64_t seed = 5) {
  constexpr int kObserved = 2, kActions = 2, kInputs = kObserved + kActions + 2;
  std::mt19937_64 random(seed);
  BeliefOptions options;
  options.decoder = form.decoder;
  options.latent = form.latent;
  options.encoder = form.encoder;
  options.decoder_hidden = form.decoder_hidden;
  options.decode_state = !form.state_decoder_hidden.empty();
  if (options.decode_state) options.state_decoder_hidden = form.state_decoder_hidden;
  options.hidden = {4};
  BeliefProblem p;
  p.shape = Belief::shape_of(options, kInputs);
  Belief::set_environment(p.shape, kObserved, kActions, form.decoder == Decoder::cells ? form.side : 0);
  p.steps = form.steps;
  p.trials = form.trials;
  p.capacity = form.trials + 4;
  p.decode_steps = form.decode_steps;
  p.theta = random_vector(Belief::belief_parameters(p.shape), 0.4, random);
  p.ring = random_vector(p.capacity * p.steps * p.row_size(), 1, random);
  if (form.decoder == Decoder::cells)
    for (int row = 0; row < p.capacity * p.steps; ++row)
      for (int i = 0; i < kObserved; ++i)
        p.ring[static_cast<std::size_t>(row * p.row_size() + kInputs + 1 + i)] =
            std::floor(uniform(random) * form.side) * 2 / (form.side - 1) - 1;
  p.drawn.resize(static_cast<std::size_t>(p.capacity));
  std::iota(p.drawn.begin(), p.drawn.end(), 0);
  std::shuffle(p.drawn.begin(), p.drawn.end(), random);
  p.drawn.resize(static_cast<std::size_t>(p.trials));
  p.noise = random_vector(p.trials * p.shape.latent * padded(p.steps), 1, random);
  for (int trial = 0; trial < p.trials; ++trial)
    for (int k = 0; k < p.decode_steps; ++k) {
      const int begin = k * p.steps / p.decode_steps, end = (k + 1) * p.steps / p.decode_steps;
      p.decoded.push_back(begin + static_cast<int>(uniform(random) * (end - begin)));
    }
  return p;
}

namespace reference {

struct BeliefSums {
  double reconstruction = 0, state_reconstruction = 0, divergence = 0;
};

inline BeliefSums belief_sums(const BeliefProblem& p, const Vector& theta) {
  const Belief::Shape& s = p.shape;
  const auto latent = static_cast<std::size_t>(s.latent);
  BeliefSums sums;
  for (int trial = 0; trial < p.trials; ++trial) {
    Vector unit(static_cast<std::size_t>(s.encoder.hidden)), before(2 * latent);  // N(0, I)
    for (int t = 0; t < p.steps; ++t) {
      if (t > 0) unit = gru_step(s.encoder, theta, Vector(p.at(trial, t), p.at(trial, t) + s.inputs), unit);
      const Vector q = belief_moments(s, theta, unit);
      Vector z(latent);
      for (std::size_t d = 0; d < latent; ++d) {
        const double m = before[d], variance = std::exp(before[latent + d]), own = std::exp(q[latent + d]);
        sums.divergence +=
            0.5 * (std::log(variance / own) - 1 + own / variance + std::pow(q[d] - m, 2) / variance);
        const auto at =
            (static_cast<std::size_t>(trial) * latent + d) * static_cast<std::size_t>(padded(p.steps));
        z[d] = q[d] + std::sqrt(own) * p.noise[at + static_cast<std::size_t>(t)];
      }
      before = q;
      const double *const decoder = theta.data() + Belief::decoder_offset(s),
                          *const state_decoder = theta.data() + Belief::state_decoder_offset(s);
      const int some = p.decode_steps > 0 ? p.decode_steps : p.steps;
      // Step `k` of those that stand for all, and how many it stands for.
      const auto step_of = [&](int k) {
        return p.decode_steps > 0 ? p.decoded[static_cast<std::size_t>(trial * some + k)] : k;
      };
      const auto piece = [&](int k) { return (k + 1) * p.steps / some - k * p.steps / some; };
      if (s.decoded == Decoder::reward)
        for (int k = 0; k < some; ++k) {
          const double *const row = p.at(trial, step_of(k)) + s.inputs, *const seen = row + 1;
          Vector x = z;
          x.insert(x.end(), seen, seen + s.observed);
          sums.reconstruction +=
              piece(k) * std::pow(layers_step(s.decoder.hidden, decoder, x, 1)[0] - row[0], 2);
        }
      else
        for (int i = 0; i < p.steps; ++i) {
          const double *const row = p.at(trial, i) + s.inputs, *const seen = row + 1;
          const auto place = [&](double x) {
            return static_cast<int>(std::lround((x + 1) / 2 * (s.side - 1)));
          };
          const double l = layers_step(
              s.decoder.hidden, decoder, z,
              s.side * s.side)[static_cast<std::size_t>(place(seen[1]) * s.side + place(seen[0]))];
          const double chance = 1 / (1 + std::exp(-l));
          sums.reconstruction -= row[0] > 0 ? std::log(chance) : std::log(1 - chance);
        }
      if (!s.decodes_state()) continue;
      for (int k = 0; k < some; ++k) {
        const double *const row = p.at(trial, step_of(k)), *const next = row + s.inputs + 1,
                            *const action = next + s.observed;
        Vector x = z;
        x.insert(x.end(), row, row + s.observed);
        x.insert(x.end(), action, action + s.decoded_actions());
        const Vector told = layers_step(s.state_decoder.hidden, state_decoder, x, s.observed);
        for (int o = 0; o < s.observed; ++o)
          sums.state_reconstruction +=
              piece(k) * std::pow(told[static_cast<std::size_t>(o)] - next[o], 2) / s.observed;
      }
    }
  }
  return sums;
}

/// What is climbed.
inline double belief_objective(const BeliefProblem& p, const Vector& theta) {
  const BeliefSums sums = belief_sums(p, theta);
  return -sums.reconstruction - p.state_weight * sums.state_reconstruction - p.kl_weight * sums.divergence;
}

}  // namespace reference

/// The operation on the problem's numbers, in `memory`.
template <class T>
BeliefGradient<T> belief_gradient_of(const BeliefProblem& p, Buffers& memory) {
  BeliefGradient<T> op;
  op.shape = p.shape;
  op.state_weight = static_cast<T>(p.state_weight);
  op.kl_weight = static_cast<T>(p.kl_weight);
  op.batch.ring.capacity = p.capacity;
  op.batch.ring.steps = p.steps;
  op.batch.ring.inputs = p.shape.inputs;
  op.batch.ring.observed = p.shape.observed;
  op.batch.ring.actions = p.shape.decoded_actions();
  op.batch.ring.rows = memory.hold<T>("ring", p.ring);
  op.batch.trials = p.trials;
  op.batch.latent = p.shape.latent;
  op.batch.decode_steps = p.decode_steps;
  op.batch.drawn = memory.hold<int>("drawn", p.drawn);
  if (p.decode_steps > 0) op.batch.decoded = memory.hold<int>("decoded", p.decoded);
  op.batch.noise = memory.hold<T>("noise", p.noise);
  op.params = memory.hold<T>("params", p.theta);
  op.partial = memory.blank<T>("partial", static_cast<long>(op.tiles()) * Belief::belief_parameters(p.shape));
  op.values = memory.blank<T>("values", static_cast<long>(op.tiles()) * kBeliefValues);
  return op;
}

}  // namespace innerloop
