// What an update of a belief draws at random: trials of the ring, the latent variables' noise, and the steps that these are to
// tell of.
#pragma once

#include "kernels/beliefs/ring.h"
#include "kernels/lanes/random.h"

namespace innerloop {

// What an update learns from.
template <class T>
struct BeliefBatch {
  TrialRing<T> ring;
  int trials = 0;          // how many
  int latent = 0;          // numbers of a latent variable
  int decode_steps = 0;    // steps of a trial that each latent variable is to tell of; 0: all
  int* drawn = nullptr;    // [trial]  its place in the ring
  T* noise = nullptr;      // [trial][number][padded(steps)]  normal
  int* decoded = nullptr;  // [trial][decode_steps]  which steps; null: all

  FN int decodes() const { return decode_steps > 0 ? decode_steps : ring.steps; }
  // A trial's steps are cut into as many pieces as are decoded, and one is drawn from each: it stands for all of its piece.
  FN int piece_begin(int number) const {
    return static_cast<int>(static_cast<long>(number) * ring.steps / decodes());
  }
  FN int piece(int number) const { return piece_begin(number + 1) - piece_begin(number); }
  FN int step_of(int trial, int number) const {
    return decode_steps > 0 ? decoded[static_cast<long>(trial) * decode_steps + number] : number;
  }
  FN const T* noise_of(int trial, int number) const {
    return noise + (static_cast<long>(trial) * latent + number) * padded(ring.steps);
  }
};

// @pre the ring has as many trials
template <class T>
struct DrawBeliefBatch {
  BeliefBatch<T> batch;
  const RandomKey* key = nullptr;
  int update = 0;  // of the iteration

  FN int parts() const { return 1; }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place&, Scratch) const {
    if (team.rank() == 0) draw_trials();
    draw_noise(team);
    if (batch.decode_steps > 0)
      for_cells(team, batch.trials, batch.decode_steps, [&](int trial, int number) FN_LAMBDA {
        batch.decoded[static_cast<long>(trial) * batch.decode_steps + number] =
            batch.piece_begin(number) + below(batch.piece(number), trial, number, Purpose::decoded_steps);
      });
  }

 private:
  // 0 … count − 1
  FN int below(int count, int trial, int number, Purpose purpose) const {
    using One = Pack<T, 1>;
    using U = UintPack<One>;
    const auto word = [](int x) FN_LAMBDA { return U(static_cast<std::uint32_t>(x)); };
    const std::uint32_t bits =
        Random<One>(*key, word(update), word(trial), word(number), purpose, 0).bits().get(0);
    return static_cast<int>((std::uint64_t{bits} * static_cast<std::uint64_t>(count)) >> 32);
  }

  // Every set of so many trials with the same probability (Floyd; Bentley and Floyd 1987).
  FN void draw_trials() const {
    const int there = batch.ring.place[1];
    for (int i = 0; i < batch.trials; ++i) {
      const int last = there - batch.trials + i, drawn = below(last + 1, i, 0, Purpose::kept_trials);
      bool taken = false;
      for (int j = 0; j < i; ++j) taken = taken || batch.drawn[j] == drawn;
      batch.drawn[i] = taken ? last : drawn;
    }
  }

  template <class Team>
  TEAM_FN void draw_noise(const Team& team) const {
    using L = typename Team::Lane;
    using U = UintPack<L>;
    const int steps = padded(batch.ring.steps);
    for_cells(team, batch.trials, steps / L::lanes, [&](int trial, int pack) FN_LAMBDA {
      const int t = pack * L::lanes;
      Random<L> random(*key, U(static_cast<std::uint32_t>(update)), U(static_cast<std::uint32_t>(trial)),
                       lane_index<U>() + U(static_cast<std::uint32_t>(t)), Purpose::latent, 0);
      for (int d = 0; d < batch.latent; ++d)
        store_aligned(batch.noise + (static_cast<long>(trial) * batch.latent + d) * steps + t,
                      random.normal());
    });
  }
};

}  // namespace innerloop
