// A step of the policy that soft actor-critic learns, for a tile of environments: it draws the actions itself, as its standard
// deviation is the observation's. The environments' part of a step (kernels/trials/step.h) takes them for means that nothing is
// drawn about: its head is the identity.
#pragma once

#include "kernels/critics/soft_actor_critic.h"
#include "kernels/memories/load.h"

namespace innerloop {

// A policy of so many actions whose head puts out what it reads: MemoryHeads of a team's own [actions].
template <class T>
struct IdentityHeads {
  MemoryPolicyShape shape;
  MemoryHeads<T> heads{};

  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place&, Scratch) const {
    for_cells(team, shape.heads(), padded(shape.hidden), [&](int o, int i) FN_LAMBDA {
      heads.transposed[o * padded(shape.hidden) + i] = o == i && o < shape.actions() ? T(1) : T(0);
    });
    fill(team, heads.bias, shape.heads(), T(0));
    fill(team, heads.log_std, shape.actions(), T(0));
  }
};

// place.task: the tile.
template <class T>
struct ActSoftly {
  SoftNetworks nets;
  Trials<T> trials;
  const T* params = nullptr;  // [policy's parameters]
  const RandomKey* key = nullptr;
  int envs_per_task = 1;       // environment e plays task e / envs_per_task
  bool deterministic = false;  // the mean
  int step = 0;
  const T* latents = nullptr;  // [env][latent], latent_stride numbers apart
  int latent_stride = 0;
  T* drawn = nullptr;  // [env][padded(action)]  before it is squashed

  FN int parts() const { return 1; }
  template <class Team>
  FN long scratch_bytes() const {
    Scratch scratch;
    Buffers::template take<Team>(scratch, nets);
    return scratch.used();
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const {
    const Buffers b = Buffers::template take<Team>(scratch, nets);
    const Batch<T>& batch = trials.batch;
    const int first = place.task * kTrialTile, envs = min_of(kTrialTile, batch.envs - first),
              inputs = nets.policy.inputs_size(), wide = nets.policy.outputs_size(),
              apart = padded(nets.actions);
    const T* const seen = batch.observations + static_cast<long>(step) * batch.envs + first;
    b.policy.load(team, params);
    for_cells(team, nets.latent + nets.observed, envs, [&](int i, int e) FN_LAMBDA {
      b.rows.inputs[e * inputs + i] = i < nets.latent
                                          ? latents[static_cast<long>(first + e) * latent_stride + i]
                                          : seen[(i - nets.latent) * batch.row_stride + e];
    });
    team.sync();
    forward(team, b.policy, envs, b.rows);
    for (int e = team.rank(); e < envs; e += team.size()) {
      const int env = first + e;
      const auto word = [](int x) FN_LAMBDA { return UintPack<One>(static_cast<std::uint32_t>(x)); };
      Random<One> random(*key, word(env / envs_per_task), word(env % envs_per_task), word(step),
                         Purpose::action, 0);
      const T* const own = b.rows.outputs + e * wide;
      for (int j = 0; j < apart; ++j) {
        One u(0);
        if (j < nets.actions) {
          const One log_std = clamp(One(own[nets.actions + j]), One(static_cast<T>(nets.min_log_std)),
                                    One(T(SoftNetworks::kMaxLogStd)));
          u = deterministic ? One(own[j]) : fma(exp(log_std), random.normal(), One(own[j]));
        }
        drawn[static_cast<long>(env) * apart + j] = u.get(0);
      }
    }
  }

 private:
  using One = Pack<T, 1>;
  struct Buffers {
    Perceptron<T> policy;
    PerceptronRows<T> rows;

    template <class Team>
    HOST_CALL static Buffers take(Scratch& scratch, const SoftNetworks& nets) {
      Buffers b;
      b.policy = Perceptron<T>::template take<Team>(scratch, nets.policy, false);
      b.rows = PerceptronRows<T>::template take<Team>(scratch, nets.policy, kTrialTile, false);
      return b;
    }
  };
};

}  // namespace innerloop
