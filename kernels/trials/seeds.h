// The gradient of PPO's objective at all rows of trials at once, for a policy whose memory is too wide for a team: all but
// the memory's part (kernels/memories/layered.h) and the products.
#pragma once

#include "kernels/trials/objective.h"

namespace innerloop {

template <class T>
struct TrialSeeds : TrialObjective<T> {
  // seed: each row's quantities, once the memory's states are there. sum: the quantities over the rows, added to `sums`.
  // store: the heads' gradient, and the values.
  enum class Phase { seed, sum, store };
  Phase phase = Phase::seed;
  const T* params = nullptr;     // the heads' own
  RowOrder rows_at{};            // where a step's row of an environment lies
  int row_count = 0;             // of all rows, with those between, which stay as they are
  HeadInputs<T> memory[2] = {};  // what the heads read of each network, in these rows
  T* seeds = nullptr;            // [quantity][row_stride]  0 behind the last row, and between
  int row_stride = 0;
  T* sums = nullptr;             // [quantity]
  const T* head_sums = nullptr;  // [head][padded(hidden)]
  T* gradient = nullptr;         // the heads' own
  T* values = nullptr;           // [kTrialValues]
  const int* enabled = nullptr;

  FN int parts() const {
    if (phase == Phase::sum) return Objective::quantities(this->shape);
    return phase == Phase::store ? 1 : this->trials.batch.horizon * this->tiles();
  }
  template <class Team>
  FN long scratch_bytes() const {
    Scratch scratch;
    if (phase == Phase::seed) Rows::take(scratch, this->shape);
    if (phase == Phase::sum) scratch.take<T>(kChains);
    return scratch.used();
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const {
    const MemoryPolicyShape& shape = this->shape;
    if (phase == Phase::sum) return sum_rows_of(team, place.part, scratch.take<T>(kChains));
    if (phase == Phase::store) {
      const int numbers = shape.heads() + shape.actions();
      store_heads_gradient(
          team, shape, head_sums, [&](int quantity) FN_LAMBDA { return sums[quantity]; }, gradient);
      for (int v = team.rank(); v < kTrialValues; v += team.size()) values[v] = sums[numbers + v];
      return;
    }
    const int step = place.part / this->tiles(), tile = place.part % this->tiles();
    seed(team, Rows::take(scratch, shape), tile, step);
  }

 private:
  using Objective = TrialObjective<T>;
  using Rows = typename Objective::Rows;

  template <class Team>
  TEAM_FN void seed(const Team& team, const Rows& b, int tile, int step) const {
    const MemoryPolicyShape& shape = this->shape;
    const int rows = this->rows_of(tile), first = tile * kTrialTile, *const of = this->order + first;
    this->prepare_rows(team, shape, b, params);
    const long at = static_cast<long>(step) * this->trials.batch.envs;
    this->gather_drawn(team, shape, b, rows, [&](int row) FN_LAMBDA { return at + of[row]; });
    for (int n = 0; n < shape.networks(); ++n)
      forward_heads(team, shape, n, b.heads, rows,
                    {memory[n].rows + rows_at.at(step, first) * memory[n].row_size,
                     rows_at.by_env * memory[n].row_size},
                    b.outputs, Objective::kStride);
    this->seed_rows(team, shape, b, rows, this->entropy_weight_now());
    team.sync();
    for_cells(team, Objective::quantities(shape), rows, [&](int q, int row) FN_LAMBDA {
      seeds[static_cast<long>(q) * row_stride + rows_at.at(step, first + row)] =
          b.seeds[q * Objective::kStride + row];
    });
  }

  template <class Team>
  TEAM_FN void sum_rows_of(const Team& team, int quantity, T* chains) const {
    fill(team, chains, kChains, T(0));
    team.sync();
    add_rows(team, row_count, 1, seeds + static_cast<long>(quantity) * row_stride, row_stride, chains);
    team.sync();
    if (team.rank() == 0) sums[quantity] += close_chains(chains);
  }
};

}  // namespace innerloop
