// Advantages of trials, and what the value head is to learn: generalised advantage estimation (Schulman et al. 2016) that
// runs on through the ends of episodes, since what is learned in one pays in the next, or, where nothing is learned of a task,
// ends with them; nothing follows the trial's end, unless the batch looks beyond it: then an episode that is cut off there is
// worth what the value head gives to what its last step led to (Pardo et al. 2018), and one that its time limit cuts off before
// likewise. Targets are advantages and values together, so that they have that too.
//
// The value head learns targets less their running mean at that step of the trial, over a running deviation of all steps:
// returns-to-go of a trial fall from step to step by far more than they differ between trials, and a head that had to
// follow them would tell one trial from another late. Where episodes are worth something beyond their time limit they do not
// fall, and what a policy without a memory sees tells no step from another: then all steps have one mean.
#pragma once

#include "kernels/memories/policy.h"
#include "kernels/networks/row_sums.h"

namespace innerloop {

// What the values are scaled with; part of the learner's state.
template <class T>
struct ValueScale {
  T* mean = nullptr;                        // [step]
  T* deviation = nullptr;                   // [1]  starts at 1
  T* updates = nullptr;                     // [1]  iterations that went into them, counted up to 1 / kSlowest
  static constexpr double kSlowest = 0.02;  // what an iteration counts at least: before, all count alike
};

template <class T>
struct TrialAdvantages {
  // estimate: advantages and targets of each trial, raw. sum: of each step, over the trials. scale: moves the value's
  // scale, and finds the advantages'. normalise: advantages to mean 0 and standard deviation 1, targets to the scale; what is
  // equal up to rounding (kernels/lanes/extent.h) to 0.
  enum class Phase { estimate, sum, scale, normalise };
  Phase phase = Phase::estimate;
  Trials<T> trials;
  ValueScale<T> scale;
  T discount = 1, gae_lambda = 1;
  bool ends_with_episode =
      false;  // must be where the batch looks beyond; episodes are as long as trials then, or it has limits
  bool one_mean = false;  // of all steps' targets, in place of one for each step
  T* sums = nullptr;      // [step][kSums]
  T* advantages =
      nullptr;  // [3]  all advantages' mean, 1 / standard deviation, and the weight of a sample that counts
  const int* enabled = nullptr;

  enum Sum : int {
    kMeanAdvantage,
    kSquareAdvantage,
    kMeanTarget,
    kSquareTarget,
    kLeastAdvantage,
    kMostAdvantage,
    kCount,  // trials that count there
    kSums
  };

  FN int parts() const {
    return phase == Phase::estimate ? trials.tiles() : phase == Phase::scale ? 1 : trials.batch.horizon;
  }
  template <class Team>
  FN long scratch_bytes() const {
    return 2L * kChains * static_cast<long>(sizeof(T));
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const {
    if (phase == Phase::estimate)
      estimate(team, place.part);
    else if (phase == Phase::sum)
      sum_step(team, place.part, scratch.take<T>(2 * kChains));
    else if (phase == Phase::scale)
      move_scale(team);
    else
      normalise(team, place.part);
  }

 private:
  template <class Team>
  TEAM_FN void estimate(const Team& team, int tile) const {
    using L = typename Team::Lane;
    const Batch<T>& batch = trials.batch;
    const int first = tile * kTrialTile, end = min_of(batch.envs, first + kTrialTile);
    const L gamma(discount), decay(discount * gae_lambda), deviation(*scale.deviation);
    const T* const stops = batch.looks_beyond ? batch.terminated : batch.ends;
    for (int e = first + team.rank() * L::lanes; e < end; e += team.size() * L::lanes) {
      if (some_count()) mark_counted<L>(e, end - e);
      L next(0), sum(0);
      if (batch.looks_beyond)
        next = fma(load_first<L>(trials.values + batch.rows() + e, end - e), deviation,
                   L(scale.mean[batch.horizon - 1]));
      for (int t = batch.horizon; t-- > 0;) {
        const int r = t * batch.envs + e, count = end - e;
        if (ends_with_episode) {
          const L goes_on = L(1) - load_first<L>(stops + r, count);
          next = next * goes_on;
          sum = sum * goes_on;
          if (batch.limits > 0) {
            const auto cut_off = (load_first<L>(batch.ends + r, count) * goes_on) > L(0);
            const L beyond = fma(load_first<L>(trials.values + trials.limit_step(t) * batch.envs + e, count),
                                 deviation, L(scale.mean[batch.horizon - 1]));
            next = select(cut_off, beyond, next);
            sum = select(cut_off, L(0), sum);
          }
        }
        const L value = fma(load_first<L>(trials.values + r, count), deviation, L(scale.mean[t]));
        const L delta = fma(gamma, next, load_first<L>(batch.rewards + r, count)) - value;
        sum = fma(decay, sum, delta);
        next = value;
        if (some_count()) {
          const auto counts = load_first<L>(batch.valid + r, count) > L(0);
          sum = select(counts, sum, L(0));
          next = select(counts, next, L(0));
        }
        store_first(batch.advantages + r, sum, count);
        store_first(trials.targets + r, sum + next, count);
      }
    }
  }

  // Whether a trial is a number of episodes.
  FN bool some_count() const { return trials.counted_episodes > 0; }

  // 1 in `valid` up to the end of the last episode that counts.
  template <class L>
  FN void mark_counted(int e, int count) const {
    const Batch<T>& batch = trials.batch;
    L left(static_cast<T>(trials.counted_episodes));
    for (int t = 0; t < batch.horizon; ++t) {
      const int r = t * batch.envs + e;
      store_first(batch.valid + r, select(left > L(0), L(1), L(0)), count);
      left = left - load_first<L>(batch.ends + r, count);
    }
  }

  // Mean over the trials, and the sum of squares about it; of equal numbers it is 0.
  template <class Team>
  TEAM_FN void sum_step(const Team& team, int t, T* chains) const {
    using L = typename Team::Lane;
    const int envs = trials.batch.envs;
    const T* const valid = trials.batch.valid + static_cast<long>(t) * envs;
    const auto counts = [&](int e) FN_LAMBDA {
      const auto there = lane_index<L>() < L(static_cast<T>(envs - e));
      return some_count() ? there & (load_first<L>(valid + e, envs - e) > L(0)) : there;
    };
    const T trials_there = some_count()
                               ? sum_rows(team, envs, chains,
                                          [&](int e) FN_LAMBDA { return load_first<L>(valid + e, envs - e); })
                               : static_cast<T>(envs);
    const auto sums_of = [&](const T* numbers, T* to) FN_LAMBDA {
      const auto at = [&](int e) FN_LAMBDA { return load_first<L>(numbers + e, envs - e); };
      const T sum = sum_rows(team, envs, chains, at);
      const T mean = trials_there > T(0) ? sum / trials_there : T(0);
      const T square = sum_rows(team, envs, chains, [&](int e) FN_LAMBDA {
        const L off = at(e) - L(mean);
        return select(counts(e), off * off, L(0));
      });
      const Extent<T> extent = extent_of_rows(team, envs, chains, counts, at);
      if (team.rank() == 0) {
        to[0] = extent.has_spread() || !(trials_there > T(0)) ? mean : extent.largest;
        to[1] = extent.has_spread() ? square : T(0);
      }
      return extent;
    };
    T* const to = sums + t * kSums;
    const Extent<T> extent =
        sums_of(trials.batch.advantages + static_cast<long>(t) * envs, to + kMeanAdvantage);
    sums_of(trials.targets + static_cast<long>(t) * envs, to + kMeanTarget);
    if (team.rank() != 0) return;
    to[kLeastAdvantage] = extent.smallest;
    to[kMostAdvantage] = extent.largest;
    to[kCount] = trials_there;
  }

  template <class Team>
  TEAM_FN void move_scale(const Team& team) const {
    using One = Pack<T, 1>;
    if (team.rank() != 0) return;
    const T steps = static_cast<T>(trials.batch.horizon), envs = static_cast<T>(trials.batch.envs);
    T samples = steps * envs;
    if (some_count()) {
      samples = 0;
      for (int t = 0; t < trials.batch.horizon; ++t) samples = samples + sums[t * kSums + kCount];
    }
    // A step's mean over this is its part of the mean of all samples.
    const auto part_of = [&](const T* of) FN_LAMBDA { return some_count() ? samples / of[kCount] : steps; };
    const T done = *scale.updates + T(1);
    const T slowest = static_cast<T>(ValueScale<T>::kSlowest);
    const T rate = done * slowest < T(1) ? T(1) / done : slowest;
    T mean = 0, mean_target = 0, square = 0, target = 0;
    Extent<T> extent;
    for (int t = 0; t < trials.batch.horizon; ++t) {
      const T* of = sums + t * kSums;
      if (!(of[kCount] > T(0))) continue;
      mean = mean + of[kMeanAdvantage] / part_of(of);
      mean_target = mean_target + of[kMeanTarget] / part_of(of);
      extent.take({sums[t * kSums + kLeastAdvantage], sums[t * kSums + kMostAdvantage]});
    }
    for (int t = 0; t < trials.batch.horizon; ++t) {
      const T* of = sums + t * kSums;
      const T off = of[kMeanAdvantage] - mean, count = of[kCount];
      if (!(count > T(0))) continue;
      square = square + (of[kSquareAdvantage] + count * off * off);
      const T wanted = one_mean ? mean_target : of[kMeanTarget];
      const T moved = scale.mean[t] + rate * (wanted - scale.mean[t]), rest = of[kMeanTarget] - moved;
      target = target + (of[kSquareTarget] + count * rest * rest);
      scale.mean[t] = moved;
    }
    const T spread = sqrt(One(target / samples)).get(0);
    *scale.deviation = *scale.deviation + rate * (spread - *scale.deviation);
    *scale.updates = done * slowest < T(1) ? done : T(1) / slowest;
    if (some_count()) advantages[2] = steps * envs / samples;
    advantages[0] = mean;
    advantages[1] = extent.has_spread() ? T(1) / (sqrt(One(square / samples)).get(0) + T(1e-8)) : T(0);
  }

  template <class Team>
  TEAM_FN void normalise(const Team& team, int t) const {
    using L = typename Team::Lane;
    const int envs = trials.batch.envs;
    // A deviation of nothing (all trials pay alike), or of what rounding makes of it, leaves targets of nothing.
    const Extent<T> about{scale.mean[t] - *scale.deviation, scale.mean[t] + *scale.deviation};
    const L centre(advantages[0]), factor(advantages[1]), mean(scale.mean[t]),
        target(about.has_spread() ? T(1) / (*scale.deviation + T(1e-8)) : T(0));
    for (int e = team.rank() * L::lanes; e < envs; e += team.size() * L::lanes) {
      const long r = static_cast<long>(t) * envs + e;
      T *const advantage = trials.batch.advantages + r, *const wanted = trials.targets + r;
      store_first(advantage, (load_first<L>(advantage, envs - e) - centre) * factor, envs - e);
      store_first(wanted, (load_first<L>(wanted, envs - e) - mean) * target, envs - e);
      if (!some_count()) continue;
      // The weights of all samples have mean 1, so that what is summed and divided by all rows is a mean over those that count.
      T* const valid = trials.batch.valid + r;
      const auto counts = load_first<L>(valid, envs - e) > L(0);
      for (T* const numbers : {advantage, wanted})
        store_first(numbers, select(counts, load_first<L>(numbers, envs - e), L(0)), envs - e);
      store_first(valid, select(counts, L(advantages[2]), L(0)), envs - e);
    }
  }
};

// What each episode of each trial brought, and the whole trial in row `episodes`. Episodes beyond the listed ones, which
// there are where some end early, count in the whole alone, unless a trial is a number of episodes.
template <class T>
struct EpisodeReturns {
  Trials<T> trials;
  T* returns = nullptr;  // [episodes + 1][env]
  T* lengths = nullptr;  // [episodes + 1][env]
  const int* enabled = nullptr;

  FN int parts() const { return trials.tiles(); }
  template <class Team>
  FN long scratch_bytes() const {
    return 0;
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    const Batch<T>& batch = trials.batch;
    const int end = min_of(batch.envs, (place.part + 1) * kTrialTile), listed = trials.episodes();
    for (int e = place.part * kTrialTile + team.rank(); e < end; e += team.size()) {
      const auto put = [&](int row, double sum, int steps) FN_LAMBDA {
        returns[static_cast<long>(row) * batch.envs + e] = static_cast<T>(sum);
        lengths[static_cast<long>(row) * batch.envs + e] = static_cast<T>(steps);
      };
      double all = 0, sum = 0;  // right to a float's last digit for trials of any length
      int episode = 0, start = 0;
      int steps = 0;
      for (int t = 0; t < batch.horizon; ++t) {
        if (trials.counted_episodes > 0 && episode == trials.counted_episodes) break;
        ++steps;
        const long r = static_cast<long>(t) * batch.envs + e;
        sum += static_cast<double>(batch.rewards[r]);
        all += static_cast<double>(batch.rewards[r]);
        if (!(batch.ends[r] > T(0))) continue;
        if (episode < listed) put(episode, sum, t + 1 - start);
        ++episode;
        start = t + 1;
        sum = 0;
      }
      put(listed, all, steps);
    }
  }
};

}  // namespace innerloop
