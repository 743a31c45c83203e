// Posterior sampling in a trial (PEARL, Rakelly et al. 2019): an environment's latent variable is drawn when the trial begins,
// from N(0, I), and again whenever an episode has ended: still from N(0, I) for some first episodes, and then from what has
// been inferred from all steps of the trial so far, each once.
#pragma once

#include "kernels/critics/task_belief.h"
#include "kernels/memories/policy.h"

namespace innerloop {

// Of each environment, [number][padded(latent)]: Σ w, Σ w·μ, the latent variable; and [1] the episodes that have ended.
struct InferredSize {
  FN static int of(int latent) { return 3 * padded(latent) + 16; }
};

// Before a step, for a tile of environments (place.task): takes in the step before it.
template <class T>
struct InferTask {
  TaskEncoder encoder;
  Trials<T> trials;
  const T* params = nullptr;  // the encoder's own
  const RandomKey* key = nullptr;
  int envs_per_task = 1;   // environment e plays task e / envs_per_task
  int prior_episodes = 1;  // that act on N(0, I)
  int step = 0;
  T* inferred = nullptr;  // [env][InferredSize]
  // What has been inferred before each step, of the first environments: [step][env][mean, log variance][number]; null: it is
  // not kept.
  T* beliefs = nullptr;
  int told_envs = 0;

  FN int parts() const { return 1; }
  FN T* of(int env) const { return inferred + static_cast<long>(env) * InferredSize::of(encoder.latent); }
  FN T* latents() const { return inferred + 2 * padded(encoder.latent); }
  template <class Team>
  FN long scratch_bytes() const {
    Scratch scratch;
    Buffers::template take<Team>(scratch, encoder);
    return scratch.used();
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const {
    const Buffers b = Buffers::template take<Team>(scratch, encoder);
    const int first = place.task * kTrialTile, envs = min_of(kTrialTile, trials.batch.envs - first);
    if (step > 0) take_in(team, b, first, envs);
    for (int e = team.rank(); e < envs; e += team.size()) {
      draw(b, e, first + e);
      if (beliefs != nullptr && first + e < told_envs) keep(first + e);
    }
  }

 private:
  using One = Pack<T, 1>;
  struct Buffers {
    Perceptron<T> net;
    PerceptronRows<T> rows;

    template <class Team>
    HOST_CALL static Buffers take(Scratch& scratch, const TaskEncoder& encoder) {
      Buffers b;
      b.net = Perceptron<T>::template take<Team>(scratch, encoder.net, false);
      b.rows = PerceptronRows<T>::template take<Team>(scratch, encoder.net, kTrialTile, false);
      return b;
    }
  };

  // Syncs.
  template <class Team>
  TEAM_FN void take_in(const Team& team, const Buffers& b, int first, int envs) const {
    const Batch<T>& batch = trials.batch;
    const long row = static_cast<long>(step - 1) * batch.envs + first, stride = batch.row_stride;
    const Replay<T> shape{.observed = encoder.steps.observed, .actions = encoder.steps.actions};
    const float radius = encoder.steps.radius(key->iteration);
    b.net.load(team, params);
    for_cells(team, encoder.steps.inputs(), envs, [&](int i, int e) FN_LAMBDA {
      const auto at = [&](int k) FN_LAMBDA {
        const T* column = batch.rewards;
        if (k < shape.drawn_at())
          column = batch.observations + k * stride;
        else if (k < shape.next_at())
          column = batch.actions + (k - shape.drawn_at()) * stride;
        else if (k < shape.reward_at())
          column = batch.next_observations + (k - shape.next_at()) * stride;
        return column[row + e];
      };
      b.rows.inputs[e * encoder.net.inputs_size() + i] =
          encoder.steps.template input<One>(shape, i, radius, at).get(0);
    });
    team.sync();
    forward(team, b.net, envs, b.rows);
  }

  // Without a step of the trial yet it is N(0, I).
  FN void keep(int env) const {
    const int latent = encoder.latent, wide = padded(latent);
    const T* const own = of(env);
    T* const to = beliefs + (static_cast<long>(step) * told_envs + env) * 2 * latent;
    for (int d = 0; d < latent; ++d) {
      const One w(own[d]);
      to[d] = step == 0 ? T(0) : (One(T(1)) / w * One(own[wide + d])).get(0);
      to[latent + d] = step == 0 ? T(0) : (-log(w)).get(0);
    }
  }

  FN void draw(const Buffers& b, int e, int env) const {
    const int latent = encoder.latent, wide = padded(latent);
    T* const own = of(env);
    T& episodes = own[3L * wide];
    if (step == 0) {
      episodes = T(0);
      for (int d = 0; d < 2 * wide; ++d) own[d] = T(0);
    } else {
      const T* const out = b.rows.outputs + e * encoder.net.outputs_size();
      for (int d = 0; d < latent; ++d) {
        const One w = One(T(1)) / TaskFactor<T>::variance(One(out[latent + d]));
        own[d] = (One(own[d]) + w).get(0);
        own[wide + d] = fma(w, One(out[d]), One(own[wide + d])).get(0);
      }
      const bool ended = trials.batch.ends[static_cast<long>(step - 1) * trials.batch.envs + env] != T(0);
      if (!ended) return;
      episodes += T(1);
    }
    const auto word = [](int x) FN_LAMBDA { return UintPack<One>(static_cast<std::uint32_t>(x)); };
    Random<One> random(*key, word(env / envs_per_task), word(env % envs_per_task), word(step),
                       Purpose::latent, 0);
    const bool prior = step == 0 || episodes < static_cast<T>(prior_episodes);
    for (int d = 0; d < wide; ++d) {
      One z(0);
      if (d < latent) {
        z = random.normal();
        const One variance = One(T(1)) / One(prior ? T(1) : own[d]);
        if (!prior) z = fma(sqrt(variance), z, variance * One(own[wide + d]));
      }
      own[2 * wide + d] = z.get(0);
    }
  }
};

}  // namespace innerloop
