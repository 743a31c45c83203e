// A belief about a task as PEARL infers it (Rakelly et al. 2019): each step of a context gives a Gaussian factor, and the
// belief is their product; without a context it is N(0, I), which is no factor. With w_n = 1/σ²_n and σ²_n = softplus(·), at
// least 1e-7:
//
//   σ² = 1/Σ_n w_n,   μ = σ²·Σ_n w_n μ_n,   z = μ + σ∘ε
//
// Two running sums a number are all that is kept of a context, in whatever order its steps come. The objective, climbed, is the
// critics' (soft_actor_critic.h), whose gradient comes through z, and
//
//   −w · mean over tasks of KL(N(μ, σ²) ‖ N(0, I))
//
// The published code sums the divergence over the tasks of an update: its weight times their number is w.
#pragma once

#include "kernels/critics/context.h"

namespace innerloop {

// Inputs as ContextSteps has them; outputs are the means, then what becomes variances.
struct TaskEncoder {
  PerceptronShape net;
  ContextSteps steps;
  int latent = 0;

  FN int sums_size() const { return 2 * padded(latent); }
};

template <class T>
struct TaskFactor {
  using One = Pack<T, 1>;

  static constexpr double kLeastVariance = 1e-7;

  FN static One variance(One raw) {
    const One softplus = max(raw, One(0)) + log(One(T(1)) + exp(-abs(raw)));
    return max(softplus, One(static_cast<T>(kLeastVariance)));
  }
  // Of softplus by its argument, 0 where the variance is held.
  FN static One slope(One raw) {
    return select(variance(raw) > One(static_cast<T>(kLeastVariance)), sigmoid(raw), One(0));
  }
};

// Forth and back through the encoder, for a tile (place.task) of a task's context.
template <class T>
struct EncodeContext {
  // sum: Σ w and Σ w·μ over a tile's factors. gradient: from ∂/∂(μ, σ²) of the tasks to the encoder's parameters.
  enum class Phase { sum, gradient };
  Phase phase = Phase::sum;
  TaskEncoder encoder;
  ContextBatch<T> contexts;
  const T* params = nullptr;       // the encoder's own
  const RandomKey* key = nullptr;  // of which the iteration counts
  T* sums = nullptr;               // [tile][w, w·μ][padded(latent)]
  const T* beliefs = nullptr;      // [task][μ, σ²][padded(latent)]
  const T* by_beliefs = nullptr;   // likewise
  T* partial = nullptr;            // [tile][encoder parameters]
  const int* enabled = nullptr;

  static constexpr int kTile = 64;

  FN int tiles_of_task() const { return ceil_div(contexts.steps, kTile); }
  FN int tiles() const { return contexts.tasks * tiles_of_task(); }
  FN int parts() const { return 1; }
  template <class Team>
  FN long scratch_bytes() const {
    Scratch scratch;
    Buffers::template take<Team>(scratch, *this);
    return scratch.used();
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const {
    const Buffers b = Buffers::template take<Team>(scratch, *this);
    const int task = place.task / tiles_of_task(), first = place.task % tiles_of_task() * kTile,
              left = contexts.count[task] - first, rows = left < 0 ? 0 : min_of(left, kTile);
    b.net.load(team, params);
    if (phase == Phase::gradient) b.sums.clear(team);
    const float radius = encoder.steps.radius(key->iteration);
    const int* const drawn = contexts.drawn + static_cast<long>(task) * contexts.steps + first;
    for_cells(team, rows, encoder.steps.inputs(), [&](int row, int i) FN_LAMBDA {
      const T* const step = contexts.ring.at(contexts.of[task], drawn[row]);
      b.rows.inputs[row * encoder.net.inputs_size() + i] =
          encoder.steps
              .template input<One>(contexts.ring, i, radius, [&](int k) FN_LAMBDA { return step[k]; })
              .get(0);
    });
    team.sync();
    forward(team, b.net, rows, b.rows);
    if (phase == Phase::sum)
      return add_factors(team, b, rows, sums + static_cast<long>(place.task) * encoder.sums_size());
    seed(team, b, rows, task);
    backward(team, b.net, rows, b.rows);
    b.sums.add(team, rows, b.rows);
    b.sums.store(team, partial + static_cast<long>(place.task) * encoder.net.parameters());
  }

 private:
  using One = Pack<T, 1>;
  struct Buffers {
    Perceptron<T> net;
    PerceptronRows<T> rows;
    PerceptronSums<T> sums;

    template <class Team>
    HOST_CALL static Buffers take(Scratch& scratch, const EncodeContext& op) {
      const bool way_back = op.phase == Phase::gradient;
      Buffers b{};
      b.net = Perceptron<T>::template take<Team>(scratch, op.encoder.net, way_back);
      b.rows = PerceptronRows<T>::template take<Team>(scratch, op.encoder.net, kTile, way_back);
      if (way_back) b.sums = PerceptronSums<T>::template take<Team>(scratch, op.encoder.net);
      return b;
    }
  };

  template <class Team>
  TEAM_FN void add_factors(const Team& team, const Buffers& b, int rows, T* to) const {
    const int latent = encoder.latent, wide = padded(latent), apart = encoder.net.outputs_size();
    for (int d = team.rank(); d < wide; d += team.size()) {
      One precision(0), weighed(0);
      for (int row = 0; row < rows && d < latent; ++row) {
        const T* const own = b.rows.outputs + row * apart + d;
        const One w = One(T(1)) / TaskFactor<T>::variance(One(own[latent]));
        precision = precision + w;
        weighed = fma(w, One(own[0]), weighed);
      }
      to[d] = precision.get(0);
      to[wide + d] = weighed.get(0);
    }
  }
  // The gradient in place of the outputs. Syncs.
  template <class Team>
  TEAM_FN void seed(const Team& team, const Buffers& b, int rows, int task) const {
    const int latent = encoder.latent, wide = padded(latent), apart = encoder.net.outputs_size();
    for_cells(team, rows, latent, [&](int row, int d) FN_LAMBDA {
      T* const own = b.rows.outputs + row * apart + d;
      const T *const q = beliefs + static_cast<long>(task) * 2 * wide + d, *const by =
                                                                               by_beliefs +
                                                                               static_cast<long>(task) * 2 *
                                                                                   wide +
                                                                               d;
      const One raw(own[latent]), w = One(T(1)) / TaskFactor<T>::variance(raw), variance(q[wide]);
      const One by_mean = One(by[0]) * variance;  // ∂/∂(Σ w·μ)
      const One by_w = by_mean * (One(own[0]) - One(q[0])) - One(by[wide]) * variance * variance;
      own[0] = (by_mean * w).get(0);
      own[latent] = (-(w * w) * by_w * TaskFactor<T>::slope(raw)).get(0);
    });
    team.sync();
  }
};

// Beliefs and latent variables of the tasks of an update from the tiles' sums, and the way back from the gradient by the latent
// variables.
template <class T>
struct FormBeliefs {
  enum class Phase { form, back };
  Phase phase = Phase::form;
  ContextBatch<T> contexts;
  int sum_tiles = 0;             // of a task
  const T* sums = nullptr;       // [task][tile][w, w·μ][padded(latent)]
  T* beliefs = nullptr;          // [task][μ, σ²][padded(latent)]
  T* latents = nullptr;          // [task][padded(latent)]
  T* divergence = nullptr;       // [1]  summed over tasks
  int critic_tiles = 0;          // of a task
  const T* by_latent = nullptr;  // [task][tile][padded(latent)]
  T scale = 1;                   // of those, to make sums over rows means
  T kl_weight = 0;
  T* by_beliefs = nullptr;  // [task][μ, σ²][padded(latent)]
  const int* enabled = nullptr;

  FN int parts() const { return 1; }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place&, Scratch) const {
    const int latent = contexts.latent, wide = padded(latent);
    for_cells(team, contexts.tasks, wide, [&](int task, int d) FN_LAMBDA {
      if (phase == Phase::form)
        form(task, d, wide, d < latent);
      else
        back(task, d, wide, d < latent);
    });
    if (phase == Phase::back) return;
    team.sync();
    if (team.rank() != 0) return;
    One sum(0);
    for (int task = 0; task < contexts.tasks; ++task)
      for (int d = 0; d < latent; ++d) {
        const T* const q = beliefs + static_cast<long>(task) * 2 * wide + d;
        sum = sum + One(T(0.5)) * (One(q[wide]) + One(q[0]) * One(q[0]) - One(T(1)) - log(One(q[wide])));
      }
    *divergence = sum.get(0);
  }

 private:
  using One = Pack<T, 1>;

  FN void form(int task, int d, int wide, bool there) const {
    T precision = 0, weighed = 0;
    for (int tile = 0; tile < sum_tiles; ++tile) {
      const T* const from = sums + (static_cast<long>(task) * sum_tiles + tile) * 2 * wide + d;
      precision += from[0];
      weighed += from[wide];
    }
    // Without a context it is the prior.
    const bool any = there && contexts.count[task] > 0;
    const One variance = any ? One(T(1)) / One(precision) : One(T(1)),
              mean = any ? variance * One(weighed) : One(0);
    T* const q = beliefs + static_cast<long>(task) * 2 * wide + d;
    q[0] = mean.get(0);
    q[wide] = variance.get(0);
    latents[static_cast<long>(task) * wide + d] =
        there ? fma(sqrt(variance), One(contexts.noise[static_cast<long>(task) * wide + d]), mean).get(0)
              : T(0);
  }
  FN void back(int task, int d, int wide, bool there) const {
    T by_z = 0;
    for (int tile = 0; tile < critic_tiles; ++tile)
      by_z += by_latent[(static_cast<long>(task) * critic_tiles + tile) * wide + d];
    const T* const q = beliefs + static_cast<long>(task) * 2 * wide + d;
    T* const by = by_beliefs + static_cast<long>(task) * 2 * wide + d;
    if (!there || contexts.count[task] == 0) {
      by[0] = by[wide] = T(0);
      return;
    }
    const One z = One(scale * by_z), weight(kl_weight / static_cast<T>(contexts.tasks)), variance(q[wide]),
              noise(contexts.noise[static_cast<long>(task) * wide + d]), half(T(0.5));
    by[0] = (z - weight * One(q[0])).get(0);
    by[wide] =
        (half * z * noise / sqrt(variance) - half * weight * (One(T(1)) - One(T(1)) / variance)).get(0);
  }
};

}  // namespace innerloop
