// What a memory takes in of trials: their numbers, and before these, where the environment shows symbols, an embedding of them.
//
// The embedding is the sum over the places of a row of weights for each, by the symbol that is there: E [place][kind][number],
// the last of a network's parameters (kernels/networks/symbols.h says why the rows stay there). A memory knows nothing of it
// but that the first of its inputs are learned, and what their gradient is.
#pragma once

#include "kernels/memories/policy.h"
#include "kernels/networks/gradient_sums.h"
#include "kernels/networks/symbols.h"

namespace innerloop {

// One step of environments: of order[0], …, or where that is null, of those from `first` on.
template <class T>
struct StepRows {
  const Batch<T>& batch;
  int step;
  int rows;
  const int* order;
  int first = 0;

  // Where a row lies in the batch.
  FN long at(int row) const {
    return static_cast<long>(step) * batch.envs + (order != nullptr ? order[row] : first + row);
  }
  // The symbol that it sees at a place.
  FN int of(int place, int row) const { return batch.symbols[place * batch.row_stride + at(row)]; }
};

// All steps of one environment.
template <class T>
struct TrialRows {
  const Batch<T>& batch;
  int env;
  int rows;

  FN long at(int row) const { return static_cast<long>(row) * batch.envs + env; }
  FN int of(int place, int row) const { return batch.symbols[place * batch.row_stride + at(row)]; }
};

// What a network takes in of `rows`, StepRows or TrialRows: [row][padded(inputs)], in scratch memory. `embedding`: E; `zero`:
// [padded(embedding)]. Syncs.
template <class Team, class Rows>
TEAM_FN void take_in(const Team& team, const MemoryPolicyShape& shape, const Rows& rows,
                     const typename Team::Scalar* embedding, const typename Team::Scalar* zero,
                     typename Team::Scalar* to) {
  const int size = padded(shape.inputs);
  if (shape.embedding > 0) {
    look_up_symbols(team, shape.embedding_table(), rows.rows, rows,
                    SymbolWeights<typename Team::Scalar>{embedding}, zero, to, size);
    team.sync();  // the last vector of an embedding reaches into the numbers
  }
  for_cells(team, shape.numbers(), rows.rows, [&](int i, int row) FN_LAMBDA {
    to[row * size + shape.embedding + i] = rows.batch.observations[i * rows.batch.row_stride + rows.at(row)];
  });
  team.sync();
}

// The inputs row by row, for those that want them so. place.task: the tile; place.part: the set, and the step.
template <class T>
struct GatherInputs {
  MemoryPolicyShape shape;
  Trials<T> trials;
  const int* order = nullptr;    // [env]  which environments; null: as they lie
  int envs = 0;                  // how many
  int step = 0, steps = 1;       // the first one, and how many
  const T* embedding = nullptr;  // E of the first network; null where there are no symbols
  long network_stride = 0;       // from there to the next network's
  RowOrder rows{};               // where a step's row of an environment goes, counted from `step` on
  T* inputs = nullptr;           // [set][row][padded(inputs)]

  FN int tiles() const { return ceil_div(envs, kTrialTile); }
  FN int parts() const { return shape.input_sets() * steps; }
  template <class Team>
  FN long scratch_bytes() const {
    Scratch scratch;
    Buffers::take(scratch, shape);
    return scratch.used();
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const {
    using V = typename Team::Vector;
    const Buffers b = Buffers::take(scratch, shape);
    const int set = place.part / steps, of = place.part % steps, first = place.task * kTrialTile,
              size = padded(shape.inputs), count = min_of(kTrialTile, envs - first);
    fill(team, b.zero, padded(shape.embedding), T(0));
    fill(team, b.inputs, static_cast<long>(count) * size, T(0));
    team.sync();
    take_in(team, shape,
            StepRows<T>{trials.batch, step + of, count, order != nullptr ? order + first : nullptr, first},
            embedding + set * network_stride, b.zero, b.inputs);
    T* const to = inputs + static_cast<long>(set) * steps * envs * size;
    for_cells(team, count, size / V::lanes, [&](int row, int vector) FN_LAMBDA {
      const int i = vector * V::lanes;
      store_aligned(to + rows.at(of, first + row) * size + i, load_aligned<V>(b.inputs + row * size + i));
    });
  }

 private:
  struct Buffers {
    T* zero;    // [padded(embedding)]
    T* inputs;  // [row][padded(inputs)]

    FN static Buffers take(Scratch& scratch, const MemoryPolicyShape& shape) {
      return {scratch.take<T>(padded(shape.embedding)),
              scratch.take<T>(static_cast<long>(kTrialTile) * padded(shape.inputs))};
    }
  };
};

// Adds the gradient of an embedding, from that of what it became. place.part: the place.
template <class T>
struct AddEmbeddingGradient {
  MemoryPolicyShape shape;
  Trials<T> trials;
  const int* order = nullptr;  // [env]  which environments
  int envs = 0;                // how many
  RowOrder rows{};             // where a step's row of an environment lies
  const T* by = nullptr;       // [row][padded(embedding)]
  T* gradient = nullptr;       // [place][kind][embedding]

  FN int parts() const { return shape.symbols; }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    SymbolTable one = shape.embedding_table();
    one.places = 1;
    Batch<T> batch = trials.batch;
    batch.symbols += place.part * batch.row_stride;
    const int size = padded(shape.embedding);
    for (int step = 0; step < batch.horizon; ++step)
      add_symbol_gradient(team, one, envs, StepRows<T>{batch, step, envs, order},
                          by + rows.at(step, 0) * size, rows.by_env * size,
                          gradient + shape.embedding_table().row(place.part, 0));
  }
};

}  // namespace innerloop
