// Advantages of one batch, per task: returns-to-go, baseline, generalised advantage estimation (Schulman et al. 2016),
// normalisation; and the task's statistics. Advantages that are equal up to rounding become 0 (kernels/lanes/extent.h).
//
// An episode's value after its last step is 0, at the time limit too, unless the batch looks beyond it: where an episode is
// cut off there, it is worth what the baseline gives to what its last step led to (Pardo et al. 2018). For DiCE the
// "advantage" of a step is w_t = (γλ)^t δ_t, whose sum from t on is (γλ)^t times the advantage: Loaded DiCE's γ^t r_t less its
// baseline, with what follows a cut as a part of the last reward. It is scaled by the spread of those sums, not centred, since
// a step's weight is the sum of what follows it.
#pragma once

#include "kernels/inner/baseline.h"
#include "kernels/inner/returns.h"

namespace innerloop {

template <class T>
struct Advantages {
  // Reads observations, rewards, valid, ends, and terminated where it looks beyond; writes advantages, credits, statistics.
  Batch<T> batch;
  T discount = 1, gae_lambda = 1;
  bool linear_baseline = true;
  const T* values =
      nullptr;  // [task][row_stride]  the baseline where there is one already; null: there is none
  bool normalize = true;
  bool dice = false;

  template <class Team>
  FN long scratch_bytes() const {
    Scratch scratch;
    Buffers::take(scratch, batch);
    return scratch.used();
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const;

 private:
  struct Buffers {
    T* elapsed;           // [row]  steps since the episode began; before, 1 in a trajectory's first episode
    T* chains;            // [2][kChains]
    double* long_chains;  // [kChains]
    BaselineBuffers<T> baseline;

    FN static Buffers take(Scratch& scratch, const Batch<T>& batch) {
      Buffers b;
      b.elapsed = scratch.take<T>(batch.row_stride + kChains);
      b.chains = scratch.take<T>(2 * kChains);
      b.long_chains = scratch.take<double>(kChains);
      b.baseline = BaselineBuffers<T>::take(scratch, batch.observation_size);
      return b;
    }
  };

  // Leaves the batch's statistics of a task. Syncs.
  template <class Team>
  TEAM_FN void take_statistics(const Team& team, int task, const Buffers& b) const;
};

template <class T>
template <class Team>
TEAM_FN void Advantages<T>::take_statistics(const Team& team, int task, const Buffers& b) const {
  using L = typename Team::Lane;
  const int rows = batch.rows();
  const long at = static_cast<long>(task) * batch.row_stride;
  const T *rewards = batch.rewards + at, *valid = batch.valid + at, *ends = batch.ends + at;
  T* const first = b.elapsed;
  struct Going {
    L on{1};
  };
  scan_forth<Team, Going>(team, batch.horizon, batch.envs, [&](int row, int count, Going& going) FN_LAMBDA {
    store_first(first + row, going.on, count);
    going.on = select(load_first<L>(ends + row, count) > L(0), L(0), going.on);
  });
  const auto counts = [&](int r) FN_LAMBDA { return load<L>(valid + r) > L(0); };
  const auto in_first = [&](int r, L x)
                            FN_LAMBDA { return select(counts(r) & (load<L>(first + r) > L(0)), x, L(0)); };
  const auto reward = [&](int r) FN_LAMBDA { return in_first(r, load<L>(rewards + r)); };
  const auto long_sum = [&](const auto& value)
                            FN_LAMBDA { return sum_rows(team, rows, b.long_chains, value); };
  const T total = sum_rows(team, rows, b.chains, reward);
  const double returns = long_sum(reward),
               steps = long_sum([&](int r) FN_LAMBDA { return in_first(r, L(1)); }),
               samples = long_sum([&](int r) FN_LAMBDA { return select(counts(r), L(1), L(0)); });
  if (team.rank() == 0) {
    T* const statistics = batch.statistics + static_cast<long>(task) * kStatistics;
    const auto put = [&](Statistic sum, double x) FN_LAMBDA {
      statistics[sum] = static_cast<T>(x);
      statistics[sum + 1] = static_cast<T>(x - static_cast<double>(statistics[sum]));
    };
    statistics[kMeanReturn] = total / static_cast<T>(batch.envs);
    put(kReturnSum, returns);
    put(kStepSum, steps);
    put(kSamples, samples);
  }
  team.sync();
}

template <class T>
template <class Team>
TEAM_FN void Advantages<T>::operator()(const Team& team, const Place& place, Scratch scratch) const {
  using L = typename Team::Lane;
  const Buffers b = Buffers::take(scratch, batch);
  const int rows = batch.rows(), horizon = batch.horizon, envs = batch.envs;
  const long at = static_cast<long>(place.task) * batch.row_stride;
  const T* observations = batch.observations + at * batch.observation_size;
  const T *rewards = batch.rewards + at, *valid = batch.valid + at, *ends = batch.ends + at,
          *stops = stops_of(batch, place.task);
  T* advantages = batch.advantages + at;
  T* credits = dice ? batch.credits + at : advantages;

  struct Carry {
    L elapsed, value, sum;
  };
  const auto counts_at = [&](int r) FN_LAMBDA { return load<L>(valid + r) > L(0); };
  take_statistics(team, place.task, b);
  const T samples = batch.statistics[static_cast<long>(place.task) * kStatistics + kSamples];

  const L gamma(discount);
  if (linear_baseline) {
    scan_forth<Team, Carry>(team, horizon, envs, [&](int row, int count, Carry& carry) FN_LAMBDA {
      store_first(b.elapsed + row, carry.elapsed, count);
      if (batch.looks_beyond && row >= rows - envs)
        store_first(b.elapsed + row + envs, carry.elapsed + L(1), count);
      carry.elapsed = select(load_first<L>(ends + row, count) > L(0), L(0), carry.elapsed + L(1));
    });
    // The returns-to-go wait in `advantages` until the baseline is fitted.
    returns_to_go(team, batch, place.task, discount, b.chains, advantages);
    team.sync();
    fit_baseline(team, rows, batch.observation_size, observations, batch.row_stride, valid, advantages,
                 b.elapsed, b.baseline);
  }
  const int features = linear_baseline ? baseline_features(batch.observation_size) : 0;
  const L decay(discount * gae_lambda);
  // From the value beyond the last step, where the batch looks there.
  const int seen_steps = batch.looks_beyond ? horizon + 1 : horizon;
  scan_back<Team, Carry>(team, seen_steps, envs, [&](int row, int count, Carry& carry) FN_LAMBDA {
    L value(0);
    if (values != nullptr) value = load_first<L>(values + at + row, count);
    if (features > 0) {
      const L elapsed = load_first<L>(b.elapsed + row, count);
      for (int i = 0; i < features; ++i)
        value = fma(baseline_feature<L>(i, batch.observation_size, observations + row, batch.row_stride,
                                        elapsed, count),
                    L(b.baseline.weights[i]), value);
    }
    if (row >= rows) {
      carry.value = value;
      return;
    }
    const auto end = load_first<L>(stops + row, count) > L(0);
    const auto counts = load_first<L>(valid + row, count) > L(0);
    const L delta = fma(gamma, select(end, L(0), carry.value), load_first<L>(rewards + row, count)) - value;
    carry.value = select(counts, value, L(0));
    carry.sum = select(counts, fma(decay, select(end, L(0), carry.sum), delta), L(0));
    store_first(advantages + row, dice ? select(counts, delta, L(0)) : carry.sum, count);
  });
  team.sync();
  if (dice) {
    // δ_t becomes w_t = (γλ)^t δ_t, on the way forth; credits are the sums of w from t on, on the way back.
    struct Power {
      L factor{1};
    };
    scan_forth<Team, Power>(team, horizon, envs, [&](int row, int count, Power& power) FN_LAMBDA {
      store_first(advantages + row, power.factor * load_first<L>(advantages + row, count), count);
      power.factor = select(load_first<L>(ends + row, count) > L(0), L(1), power.factor * decay);
    });
    scan_back<Team, Carry>(team, horizon, envs, [&](int row, int count, Carry& carry) FN_LAMBDA {
      const auto end = load_first<L>(ends + row, count) > L(0);
      carry.sum = select(end, L(0), carry.sum) + load_first<L>(advantages + row, count);
      store_first(credits + row, carry.sum, count);
    });
  }
  if (!normalize || !(samples > T(0))) return;
  const auto credit_at = [&](int r) FN_LAMBDA { return load<L>(credits + r); };
  const T mean = sum_rows(team, rows, b.chains,
                          [&](int r) FN_LAMBDA { return select(counts_at(r), credit_at(r), L(0)); }) /
                 samples;
  const T variance = sum_rows(team, rows, b.chains,
                              [&](int r) FN_LAMBDA {
                                const L off = credit_at(r) - L(mean);
                                return select(counts_at(r), off * off, L(0));
                              }) /
                     samples;
  const bool has_spread = extent_of_rows(team, rows, b.chains, counts_at, credit_at).has_spread();
  const L scale(has_spread ? T(1) / (sqrt(Pack<T, 1>(variance)).get(0) + T(1e-8)) : T(0));
  const L centre(dice ? T(0) : mean);
  team.sync();
  for (int r = team.rank() * L::lanes; r < rows; r += team.size() * L::lanes) {
    const auto counts = load<L>(valid + r) > L(0);
    if (dice) store_first(credits + r, load<L>(credits + r) * scale, rows - r);
    store_first(advantages + r, select(counts, (load<L>(advantages + r) - centre) * scale, L(0)), rows - r);
  }
}

}  // namespace innerloop
