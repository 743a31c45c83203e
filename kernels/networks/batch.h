// What passes over trajectories read and write: parameters, the batch of trajectories and its statistics, activations
// that are kept, and the sums that a pass leaves.
#pragma once

#include <cstdint>

#include "kernels/networks/shape.h"

namespace innerloop {

// The flat parameters of each task; stride 0 shares one vector.
template <class T>
struct Parameters {
  const T* data = nullptr;  // [task][P]
  long task_stride = 0;

  FN const T* of(int task) const { return data + task * task_stride; }
};

// What enters a network, row by row. The rows of a task are padded to `row_stride` so that whole packs of them can be read;
// those that do not count, and the padding, pass through the network too: what they hold is finite.
template <class T>
struct InputRows {
  int rows = 0;              // of each task
  int size = 0;              // numbers a row
  long row_stride = 0;       // padded(rows)
  const T* data = nullptr;   // [task][size][row_stride]
  const T* valid = nullptr;  // [task][row_stride]  1 where the row counts, else 0
  int symbol_places = 0;
  const std::int32_t* symbols = nullptr;  // [task][symbol_places][row_stride]; null where there are none

  FN const T* of(int task) const { return data + static_cast<long>(task) * size * row_stride; }
  // From a row of a task on.
  FN SeenSymbols<T> symbols_of(int task, int row) const {
    if (symbols == nullptr) return {};
    return {symbols + static_cast<long>(task) * symbol_places * row_stride + row, row_stride};
  }
};

// Trajectories of all tasks drawn with one set of parameters. Row r = step · envs + env; each quantity of a task is
// contiguous over its rows, and padded to `row_stride` so that whole packs of rows can be read. Padding is not valid.
// What rows that are not valid hold does not matter, but their observations are finite: they pass through the network.
template <class T>
struct Batch {
  int horizon = 0, envs = 0;
  int observation_size = 0, action_size = 0;  // action_size: of a discrete action, an index a group
  int symbol_places = 0;                      // symbols seen beside the observation's numbers
  // Where an episode that is cut off is worth what a baseline makes of what it led to (AtTimeLimit::bootstrap): observations
  // and symbols, and the values of trials, have the rows of step `horizon`, too, which the last step leads to, before the next
  // episode starts; and `terminated` is kept.
  bool looks_beyond = false;
  // Further steps' rows behind that, for what time limits cut off before the last step (kernels/trials/play.h).
  int limits = 0;
  long row_stride = 0;        // padded(seen_rows())
  T* observations = nullptr;  // [task][observation_size][row_stride]
  T* actions = nullptr;       // [task][action_size][row_stride]  as sampled
  T* outputs = nullptr;       // [task][outputs][row_stride]  means or logits as drawn; null: not kept
  T* log_probs = nullptr;     // [task][row_stride]
  T* rewards = nullptr;       // [task][row_stride]
  T* valid = nullptr;         // [task][row_stride]  1 where the sample counts, else 0; of trials a weight
  T* ends = nullptr;          // [task][row_stride]  1 where an episode ends with this step, else 0
  T* terminated =
      nullptr;  // [task][row_stride]  1 where nothing follows its end: by itself, not by a time limit; null: not kept
  std::int32_t* symbols = nullptr;  // [task][symbol_places][row_stride]; null where there are none
  // [task][words][row_stride]  Bit c % 32 of word c / 32 is 1 where choice c of the action was allowed, counted through all
  // groups; null: all were.
  std::uint32_t* allowed = nullptr;
  // What each step leads to, before the next episode starts: [task][numbers of the environment's observation][row_stride]
  // and [task][symbol_places][row_stride]. Null: not kept.
  T* next_observations = nullptr;
  std::int32_t* next_symbols = nullptr;
  T* advantages = nullptr;  // [task][row_stride]  DiCE: w_t, see advantages.h
  T* credits = nullptr;     // [task][row_stride]  DiCE: weight on ∇lp; null for other estimators
  T* statistics = nullptr;  // [task][kStatistics]

  FN int rows() const { return horizon * envs; }
  FN int seen_steps() const { return horizon + (looks_beyond ? 1 : 0) + limits; }
  FN int seen_rows() const { return seen_steps() * envs; }
  FN InputRows<T> inputs() const {
    return {rows(), observation_size, row_stride, observations, valid, symbol_places, symbols};
  }
};

// Batch::statistics. A trajectory's return is that of its first episode: what comes after it, where episodes restart, is cut
// off by the horizon and no whole episode. Sums are long: each is there as a number and the rest that a float leaves of it.
enum Statistic : int {
  kMeanReturn,  // of the first episodes
  kReturnSum,   // of the first episodes, and its rest
  kReturnRest,
  kStepSum,  // steps of the first episodes
  kStepRest,
  kSamples,  // that count, of all episodes
  kSampleRest,
  kStatistics
};

// A long sum among a task's statistics.
template <class T>
double long_sum(const T* statistics, Statistic sum) {
  return static_cast<double>(statistics[sum]) + static_cast<double>(statistics[sum + 1]);
}

// Sums over the samples of a chunk, beside the gradient.
enum PassValue : int { kSurrogate, kDivergence, kPassValues };

// Activations of the hidden layers that a team keeps from a rollout for the passes that follow. On the CPU a thread
// carries a task through all stages, so it has one slot; on a GPU nothing is kept (null) and passes recompute.
template <class T>
struct Kept {
  T* data = nullptr;  // [slot][row][hidden_size], layer by layer: [slot][layer][row][padded(width)]
  long slot_stride = 0;

  FN T* layer(const PolicyShape& shape, int slot, int hidden_layer, long rows) const {
    if (data == nullptr) return nullptr;
    long at = 0;
    for (int l = 1; l < hidden_layer; ++l) at += rows * padded(shape.width[l]);
    return data + slot * slot_stride + at;
  }
};
// What was kept for a team. Where nothing ever is, the compiler sees that.
template <class Team, class T>
FN Kept<T> kept_for(const Kept<T>& kept) {
  if constexpr (Team::keeps)
    return kept;
  else
    return {};
}

}  // namespace innerloop
