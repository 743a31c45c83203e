// The gradients of soft actor-critic, to be climbed: of its first version (Haarnoja et al. 2018, arXiv 1801.01290), which has a
// network for the states' values and its target, and of its second one (arXiv 1812.05905), whose targets are of both critics
// and whose temperature is learned. Both take the smaller of two critics.
//
// An action is a = tanh u, u = μ(s) + σ(s)∘ε, log σ held within [min_log_std, 2]; log π(a|s) is the density of a. The critics
// see a, whatever the environment makes of it. With c the reward's scale, d = 1 where nothing follows, and barred networks
// targets:
//
//   version 2   y = c·r + γ(1 − d)·(min_i Q̄_i(s′, a′) − α log π(a′|s′)),   a′ ~ π(s′)
//   version 1   y = c·r + γ(1 − d)·V̄(s′),   α = 1
//   critics     −Σ_i mean (Q_i(s, a) − y)²
//   policy      mean (min_i Q_i(s, a⁺) − α log π(a⁺|s)) − w·mean over rows and dimensions of (μ² + (log σ)²),   a⁺ ~ π(s)
//   values      −mean (V(s) − (min_i Q_i(s, a⁺) − log π(a⁺|s)))², what is in the inner brackets a constant
//   temperature mean (log π(a⁺|s) + H)·log α, the first factor a constant and H the wanted entropy
//
// Of an algorithm that knows a task by a latent variable z, all networks see it; the critics alone hand back its gradient.
//
// What is learned: the policy's parameters, then the values' network or log α, then the two critics'. The targets are two
// critics' or the values' network's. One team per tile of a task's rows; a tile's gradient is one partial sum.
#pragma once

#include "kernels/critics/replay.h"
#include "kernels/memories/perceptron.h"
#include "kernels/networks/gaussian_head.h"

namespace innerloop {

// Shapes, and where the parameters lie. Inputs are the action (of the critics), the latent variable, the observation.
struct SoftNetworks {
  PerceptronShape policy, critic, value;  // the value's has 0 outputs in version 2
  int actions = 0, latent = 0, observed = 0;
  float min_log_std = -20;

  static constexpr float kMaxLogStd = 2;

  FN bool has_value() const { return value.outputs > 0; }
  FN int value_at() const { return policy.parameters(); }
  FN int temperature_at() const { return value_at(); }
  FN int critics_at() const { return value_at() + (has_value() ? value.parameters() : 1); }
  FN int critic_at(int i) const { return critics_at() + i * critic.parameters(); }
  FN int parameters() const { return critic_at(2); }
  FN int targets() const { return has_value() ? value.parameters() : 2 * critic.parameters(); }
};

// Sums over rows.
enum SoftValue : int { kCriticLoss, kCriticMean, kLogProb, kValueLoss, kSoftValues };

// What both gradients are computed from.
template <class T>
struct SoftObjective {
  SoftNetworks nets;
  ReplayBatch<T> batch;
  const T* latents = nullptr;  // [task][padded(latent)]
  const T* params = nullptr;   // [nets.parameters()]

  static constexpr int kTile = 64;  // rows of a partial sum

  FN int tiles_of_task() const { return ceil_div(batch.steps, kTile); }
  FN int tiles() const { return batch.tasks * tiles_of_task(); }

 protected:
  using One = Pack<T, 1>;
  struct Tile {
    int task, first, rows;  // `first` among all rows
    int number;
  };
  FN Tile tile_of(int tile) const {
    const int task = tile / tiles_of_task(), begin = tile % tiles_of_task() * kTile;
    return {task, task * batch.steps + begin, min_of(kTile, batch.steps - begin), tile};
  }
  FN T temperature() const {
    return nets.has_value() ? T(1) : exp(One(params[nets.temperature_at()])).get(0);
  }

  // What a policy and its actions leave for a row.
  struct Drawn {
    T* action;    // [row][action]  tanh u
    T* log_prob;  // [row]

    FN static Drawn take(Scratch& scratch, const SoftNetworks& nets) {
      return {scratch.take<T>(static_cast<long>(kTile) * nets.actions), scratch.take<T>(kTile)};
    }
  };

  // Number `i` of the latent variable and the observation at `observed`.
  FN T seen(const Tile& tile, int row, int observed, int i) const {
    if (i < nets.latent) return latents[static_cast<long>(tile.task) * padded(nets.latent) + i];
    return batch.row(tile.first + row)[observed + i - nets.latent];
  }
  // Syncs.
  template <class Team>
  TEAM_FN void gather_seen(const Team& team, const Tile& tile, int observed, const PerceptronShape& shape,
                           T* inputs) const {
    for_cells(team, tile.rows, nets.latent + nets.observed, [&](int row, int i) FN_LAMBDA {
      inputs[row * shape.inputs_size() + i] = seen(tile, row, observed, i);
    });
    team.sync();
  }
  // With actions before it: of the row, or of `drawn`. Syncs.
  template <class Team>
  TEAM_FN void gather_acted(const Team& team, const Tile& tile, int observed, const T* drawn,
                            T* inputs) const {
    const int actions = nets.actions;
    for_cells(team, tile.rows, nets.critic.hidden.inputs, [&](int row, int i) FN_LAMBDA {
      T x;
      if (i >= actions)
        x = seen(tile, row, observed, i - actions);
      else if (drawn != nullptr)
        x = drawn[row * actions + i];
      else
        x = tanh(One(batch.row(tile.first + row)[batch.replay.drawn_at() + i])).get(0);
      inputs[row * nets.critic.inputs_size() + i] = x;
    });
    team.sync();
  }

  FN One log_std_of(One raw) const {
    return clamp(raw, One(static_cast<T>(nets.min_log_std)), One(T(SoftNetworks::kMaxLogStd)));
  }
  // Draws an action for each row from the policy's outputs, with the noise number `which`. Syncs.
  template <class Team>
  TEAM_FN void draw(const Team& team, const Tile& tile, const T* outputs, int which, const Drawn& to) const {
    const int actions = nets.actions, wide = nets.policy.outputs_size();
    for (int row = team.rank(); row < tile.rows; row += team.size()) {
      const T *const own = outputs + row * wide, *const noise = batch.noise_of(tile.first + row, which);
      One sum(0);
      for (int j = 0; j < actions; ++j) {
        const One e(noise[j]), log_std = log_std_of(One(own[actions + j]));
        const One u = fma(exp(log_std), e, One(own[j]));
        to.action[row * actions + j] = tanh(u).get(0);
        sum = sum + fma(e * One(T(-0.5)), e, -(log_std + One(static_cast<T>(kHalfLog2Pi)))) -
              log_slope_of_tanh(u);
      }
      to.log_prob[row] = sum.get(0);
    }
    team.sync();
  }

 private:
  // log(1 − tanh²u), in the form that loses nothing where tanh u is near ±1.
  FN static One log_slope_of_tanh(One u) {
    const One size = max(u, -u), softplus = log(One(T(1)) + exp(size * One(T(-2))));
    return fma(One(T(-2)), size + softplus, One(static_cast<T>(2 * kLog2)));
  }
};

// Of the critics, and of the latent variable that they see.
template <class T>
struct CriticGradient : SoftObjective<T> {
  const T* targets = nullptr;  // [nets.targets()]
  T discount = 0, reward_scale = 1;
  T* partial = nullptr;    // [tile][2 · critic parameters]
  T* by_latent = nullptr;  // [tile][padded(latent)]; null: nobody asks
  T* values = nullptr;     // [tile][kSoftValues]  critics' loss, and their mean; the others' are 0
  const int* enabled = nullptr;

  FN int parts() const { return 1; }
  template <class Team>
  FN long scratch_bytes() const {
    return placed_bytes<Buffers, Team>(*this);
  }
  // place.task: the tile.
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const;

 private:
  using Base = SoftObjective<T>;
  using typename Base::Drawn;
  using typename Base::One;
  using typename Base::Tile;

  // Of the critics, and of what tells what follows: the policy with the targets, or the values' target.
  struct Buffers {
    Perceptron<T> critic;
    PerceptronSums<T> sums;
    PerceptronRows<T> rows;
    Perceptron<T> ahead;
    PerceptronRows<T> ahead_rows;
    Drawn drawn;
    T* target;     // [row]
    T* loss_sums;  // [row][loss, critic]

    template <class Team>
    HOST_CALL static Buffers take(Scratch& scratch, const CriticGradient& op) {
      const PerceptronShape& ahead = op.nets.has_value() ? op.nets.value : op.nets.policy;
      Buffers b;
      b.critic = Perceptron<T>::template take<Team>(scratch, op.nets.critic, true);
      b.sums = PerceptronSums<T>::template take<Team>(scratch, op.nets.critic);
      b.rows = PerceptronRows<T>::template take<Team>(scratch, op.nets.critic, Base::kTile, true);
      b.ahead = Perceptron<T>::template take<Team>(scratch, ahead, false);
      b.ahead_rows = PerceptronRows<T>::template take<Team>(scratch, ahead, Base::kTile, false);
      b.drawn = Drawn::take(scratch, op.nets);
      b.target = scratch.take<T>(Base::kTile);
      b.loss_sums = scratch.take<T>(2L * Base::kTile);
      return b;
    }
  };

  template <class Team>
  TEAM_FN void find_targets(const Team& team, const Buffers& b, const Tile& tile) const;
  template <class Team>
  TEAM_FN void learn(const Team& team, const Buffers& b, const Tile& tile, int i) const;
  template <class Team>
  TEAM_FN void write_values(const Team& team, const Buffers& b, const Tile& tile) const;
};

// Of what is worth learning from the critics: the policy, and the values or the temperature.
template <class T>
struct ActorGradient : SoftObjective<T> {
  T wanted_entropy = 0;  // H
  T regularisation = 0;  // w
  T* partial = nullptr;  // [tile][nets.critics_at()]
  T* values = nullptr;   // [tile][kSoftValues]  log-probability, and the values' loss; the others' are 0
  const int* enabled = nullptr;

  FN int parts() const { return 1; }
  template <class Team>
  FN long scratch_bytes() const {
    return placed_bytes<Buffers, Team>(*this);
  }
  // place.task: the tile.
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const;

 private:
  using Base = SoftObjective<T>;
  using typename Base::Drawn;
  using typename Base::One;
  using typename Base::Tile;

  struct Buffers {
    Perceptron<T> policy;
    PerceptronSums<T> policy_sums;
    PerceptronRows<T> policy_rows;
    Perceptron<T> critic;
    PerceptronRows<T> critic_rows;
    Drawn drawn;
    T* worth;      // [row]  the smaller critic's
    T* by_action;  // [row][action]  its gradient
    Perceptron<T> value;
    PerceptronSums<T> value_sums;
    PerceptronRows<T> value_rows;
    T* losses;  // [row]

    template <class Team>
    HOST_CALL static Buffers take(Scratch& scratch, const ActorGradient& op) {
      const SoftNetworks& nets = op.nets;
      Buffers b{};
      b.policy = Perceptron<T>::template take<Team>(scratch, nets.policy, true);
      b.policy_sums = PerceptronSums<T>::template take<Team>(scratch, nets.policy);
      b.policy_rows = PerceptronRows<T>::template take<Team>(scratch, nets.policy, Base::kTile, true);
      b.critic = Perceptron<T>::template take<Team>(scratch, nets.critic, true);
      b.critic_rows = PerceptronRows<T>::template take<Team>(scratch, nets.critic, Base::kTile, true);
      b.drawn = Drawn::take(scratch, nets);
      b.worth = scratch.take<T>(Base::kTile);
      b.by_action = scratch.take<T>(static_cast<long>(Base::kTile) * nets.actions);
      b.losses = scratch.take<T>(Base::kTile);
      if (!nets.has_value()) return b;
      b.value = Perceptron<T>::template take<Team>(scratch, nets.value, true);
      b.value_sums = PerceptronSums<T>::template take<Team>(scratch, nets.value);
      b.value_rows = PerceptronRows<T>::template take<Team>(scratch, nets.value, Base::kTile, true);
      return b;
    }
  };

  template <class Team>
  TEAM_FN void act(const Team& team, const Buffers& b, const Tile& tile) const;
  template <class Team>
  TEAM_FN void judge(const Team& team, const Buffers& b, const Tile& tile, int i) const;
  template <class Team>
  TEAM_FN void learn_policy(const Team& team, const Buffers& b, const Tile& tile, T* gradient) const;
  template <class Team>
  TEAM_FN void learn_value(const Team& team, const Buffers& b, const Tile& tile, T* gradient) const;
  template <class Team>
  TEAM_FN void write_values(const Team& team, const Buffers& b, const Tile& tile, T* gradient) const;
};

// y of each row. Syncs.
template <class T>
template <class Team>
TEAM_FN void CriticGradient<T>::find_targets(const Team& team, const Buffers& b, const Tile& tile) const {
  const SoftNetworks& nets = this->nets;
  const int next = this->batch.replay.next_at(), wide = nets.critic.outputs_size();
  b.ahead.load(team, nets.has_value() ? targets : this->params);
  this->gather_seen(team, tile, next, b.ahead.shape, b.ahead_rows.inputs);
  forward(team, b.ahead, tile.rows, b.ahead_rows);
  if (nets.has_value()) {
    const int apart = nets.value.outputs_size();
    for (int row = team.rank(); row < tile.rows; row += team.size())
      b.target[row] = b.ahead_rows.outputs[row * apart];
  } else {
    this->draw(team, tile, b.ahead_rows.outputs, 0, b.drawn);
    this->gather_acted(team, tile, next, b.drawn.action, b.rows.inputs);
    for (int i = 0; i < 2; ++i) {
      b.critic.load(team, targets + i * nets.critic.parameters(), false);
      forward(team, b.critic, tile.rows, b.rows);
      for (int row = team.rank(); row < tile.rows; row += team.size()) {
        const T worth = b.rows.outputs[row * wide];
        b.target[row] = i == 0 || worth < b.target[row] ? worth : b.target[row];
      }
      team.sync();
    }
    const T temperature = this->temperature();
    for (int row = team.rank(); row < tile.rows; row += team.size())
      b.target[row] = b.target[row] - temperature * b.drawn.log_prob[row];
  }
  team.sync();
  for (int row = team.rank(); row < tile.rows; row += team.size()) {
    const T* const step = this->batch.row(tile.first + row);
    const T follows = discount * (T(1) - step[this->batch.replay.end_at()]);
    b.target[row] = reward_scale * step[this->batch.replay.reward_at()] + follows * b.target[row];
  }
  team.sync();
}

// Critic i on the rows whose inputs are there. Syncs.
template <class T>
template <class Team>
TEAM_FN void CriticGradient<T>::learn(const Team& team, const Buffers& b, const Tile& tile, int i) const {
  const SoftNetworks& nets = this->nets;
  const int wide = nets.critic.outputs_size(), latent = padded(nets.latent),
            learned = padded(nets.critic.hidden.learned);
  b.critic.load(team, this->params + nets.critic_at(i));
  b.sums.clear(team);
  forward(team, b.critic, tile.rows, b.rows);
  for (int row = team.rank(); row < tile.rows; row += team.size()) {
    const T worth = b.rows.outputs[row * wide], error = worth - b.target[row];
    b.rows.outputs[row * wide] = T(-2) * error;
    b.loss_sums[2 * row] = (i == 0 ? T(0) : b.loss_sums[2 * row]) + error * error;
    b.loss_sums[2 * row + 1] = (i == 0 ? T(0) : b.loss_sums[2 * row + 1]) + T(0.5) * worth;
  }
  team.sync();
  backward(team, b.critic, tile.rows, b.rows, by_latent != nullptr);
  b.sums.add(team, tile.rows, b.rows);
  b.sums.store(team, partial + (2L * tile.number + i) * nets.critic.parameters());
  if (by_latent != nullptr)
    for (int d = team.rank(); d < latent; d += team.size()) {
      T sum = 0;
      for (int row = 0; row < tile.rows && d < nets.latent; ++row)
        sum += b.rows.by_inputs[row * learned + nets.actions + d];
      T& to = by_latent[static_cast<long>(tile.number) * latent + d];
      to = i == 0 ? sum : to + sum;
    }
  team.sync();
}

// Does not sync.
template <class T>
template <class Team>
TEAM_FN void CriticGradient<T>::write_values(const Team& team, const Buffers& b, const Tile& tile) const {
  if (team.rank() != 0) return;
  T* const to = values + static_cast<long>(tile.number) * kSoftValues;
  for (int v = 0; v < kSoftValues; ++v) to[v] = T(0);
  for (int row = 0; row < tile.rows; ++row) {
    to[kCriticLoss] += b.loss_sums[2 * row];
    to[kCriticMean] += b.loss_sums[2 * row + 1];
  }
}

template <class T>
template <class Team>
TEAM_FN void CriticGradient<T>::operator()(const Team& team, const Place& place, Scratch scratch) const {
  const Tile tile = this->tile_of(place.task);
  const Buffers& b = placed<Buffers>(team, scratch, *this);
  find_targets(team, b, tile);
  this->gather_acted(team, tile, 0, nullptr, b.rows.inputs);
  for (int i = 0; i < 2; ++i) learn(team, b, tile, i);
  write_values(team, b, tile);
}

// An action for each row. Syncs.
template <class T>
template <class Team>
TEAM_FN void ActorGradient<T>::act(const Team& team, const Buffers& b, const Tile& tile) const {
  b.policy.load(team, this->params);
  this->gather_seen(team, tile, 0, b.policy.shape, b.policy_rows.inputs);
  forward(team, b.policy, tile.rows, b.policy_rows);
  this->draw(team, tile, b.policy_rows.outputs, 1, b.drawn);
  this->gather_acted(team, tile, 0, b.drawn.action, b.critic_rows.inputs);
}

// What critic i makes of the drawn actions, and its gradient by them, where it is the smaller one. Syncs.
template <class T>
template <class Team>
TEAM_FN void ActorGradient<T>::judge(const Team& team, const Buffers& b, const Tile& tile, int i) const {
  const SoftNetworks& nets = this->nets;
  const int wide = nets.critic.outputs_size(), actions = nets.actions,
            learned = padded(nets.critic.hidden.learned);
  b.critic.load(team, this->params + nets.critic_at(i));
  forward(team, b.critic, tile.rows, b.critic_rows);
  for (int row = team.rank(); row < tile.rows; row += team.size()) {
    // Which rows it is the smaller one of, for when its gradient is there.
    const T worth = b.critic_rows.outputs[row * wide];
    const bool smaller = i == 0 || worth < b.worth[row];
    b.losses[row] = smaller ? T(1) : T(0);
    b.worth[row] = smaller ? worth : b.worth[row];
    b.critic_rows.outputs[row * wide] = T(1);
  }
  team.sync();
  backward(team, b.critic, tile.rows, b.critic_rows);
  for_cells(team, tile.rows, actions, [&](int row, int j) FN_LAMBDA {
    if (b.losses[row] != T(0)) b.by_action[row * actions + j] = b.critic_rows.by_inputs[row * learned + j];
  });
  team.sync();
}

// Syncs.
template <class T>
template <class Team>
TEAM_FN void ActorGradient<T>::learn_policy(const Team& team, const Buffers& b, const Tile& tile,
                                            T* gradient) const {
  const SoftNetworks& nets = this->nets;
  const int actions = nets.actions, wide = nets.policy.outputs_size();
  const One temperature(this->temperature()), weight(T(-2) * regularisation / static_cast<T>(actions));
  // The objective's gradient in place of the policy's outputs.
  for_cells(team, tile.rows, actions, [&](int row, int j) FN_LAMBDA {
    T* const mean = b.policy_rows.outputs + row * wide + j;
    T* const raw = mean + actions;
    const One a(b.drawn.action[row * actions + j]), e(this->batch.noise_of(tile.first + row, 1)[j]),
        log_std = this->log_std_of(One(*raw));
    const One by_u = One(b.by_action[row * actions + j]) * fma(-a, a, One(T(1))) - temperature * (a + a);
    const One by_log_std = fma(by_u, exp(log_std) * e, temperature + weight * log_std);
    *mean = fma(weight, One(*mean), by_u).get(0);
    *raw = log_std.get(0) == *raw ? by_log_std.get(0) : T(0);
  });
  b.policy_sums.clear(team);
  backward(team, b.policy, tile.rows, b.policy_rows);
  b.policy_sums.add(team, tile.rows, b.policy_rows);
  b.policy_sums.store(team, gradient);
  team.sync();
}

// Syncs.
template <class T>
template <class Team>
TEAM_FN void ActorGradient<T>::learn_value(const Team& team, const Buffers& b, const Tile& tile,
                                           T* gradient) const {
  const int wide = this->nets.value.outputs_size();
  b.value.load(team, this->params + this->nets.value_at());
  b.value_sums.clear(team);
  this->gather_seen(team, tile, 0, b.value.shape, b.value_rows.inputs);
  forward(team, b.value, tile.rows, b.value_rows);
  for (int row = team.rank(); row < tile.rows; row += team.size()) {
    T* const value = b.value_rows.outputs + row * wide;
    const T error = *value - (b.worth[row] - b.drawn.log_prob[row]);
    *value = T(-2) * error;
    b.losses[row] = error * error;
  }
  team.sync();
  backward(team, b.value, tile.rows, b.value_rows);
  b.value_sums.add(team, tile.rows, b.value_rows);
  b.value_sums.store(team, gradient);
}

// And the temperature's gradient. Does not sync.
template <class T>
template <class Team>
TEAM_FN void ActorGradient<T>::write_values(const Team& team, const Buffers& b, const Tile& tile,
                                            T* gradient) const {
  if (team.rank() != 0) return;
  const bool has_value = this->nets.has_value();
  T* const to = values + static_cast<long>(tile.number) * kSoftValues;
  for (int v = 0; v < kSoftValues; ++v) to[v] = T(0);
  for (int row = 0; row < tile.rows; ++row) {
    to[kLogProb] += b.drawn.log_prob[row];
    if (has_value) to[kValueLoss] += b.losses[row];
  }
  if (!has_value)
    gradient[this->nets.temperature_at()] = to[kLogProb] + static_cast<T>(tile.rows) * wanted_entropy;
}

template <class T>
template <class Team>
TEAM_FN void ActorGradient<T>::operator()(const Team& team, const Place& place, Scratch scratch) const {
  const Tile tile = this->tile_of(place.task);
  const SoftNetworks& nets = this->nets;
  T* const gradient = partial + static_cast<long>(tile.number) * nets.critics_at();
  const Buffers& b = placed<Buffers>(team, scratch, *this);
  act(team, b, tile);
  for (int i = 0; i < 2; ++i) judge(team, b, tile, i);
  learn_policy(team, b, tile, gradient);
  if (nets.has_value()) learn_value(team, b, tile, gradient + nets.value_at());
  team.sync();
  write_values(team, b, tile, gradient);
}

// target += rate · (followed − target)
template <class T>
struct TrackTarget {
  const T* followed = nullptr;  // [size]
  T* target = nullptr;          // [size]
  int size = 0;
  T rate = 1;  // 1: a copy
  const int* enabled = nullptr;

  static constexpr int kPartSize = 1024;

  FN int parts() const { return ceil_div(size, kPartSize); }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    using One = Pack<T, 1>;
    const int end = min_of(size, (place.part + 1) * kPartSize);
    for (int i = place.part * kPartSize + team.rank(); i < end; i += team.size())
      target[i] =
          rate == T(1) ? followed[i] : fma(One(rate), One(followed[i] - target[i]), One(target[i])).get(0);
  }
};

}  // namespace innerloop
