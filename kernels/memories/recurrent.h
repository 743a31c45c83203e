// What memories with gates have in common: a step and the way back are matrix products, and then one pass over each row's
// numbers, or the other way round.
#pragma once

#include "kernels/memories/memory.h"
#include "kernels/networks/gradient_sums.h"

namespace innerloop {

// The team functions of a memory that names its products (kernels/memories/memory.h).
template <class Memory>
struct Recurrent {
  using Shape = MemoryShape;

  // Sums that enter a row's gates, each with a bias.
  FN static int sums_size(const Shape& s) { return 4 * padded(s.hidden); }

  // Syncs.
  template <class Team, class Weights>
  TEAM_FN static void step(const Team& team, const Shape& s, const Weights& w,
                           const MemoryStep<typename Team::Scalar>& now) {
    Memory::step_products(s, w, now, multiply_on(team));
    team.sync();
    Memory::activate(team, s, now);
    team.sync();
  }
  // Syncs.
  template <class Team, class Weights>
  TEAM_FN static void back(const Team& team, const Shape& s, const Weights& w,
                           const MemoryBack<typename Team::Scalar>& now) {
    Memory::slopes(team, s, now);
    team.sync();
    Memory::back_products(s, w, now, multiply_on(team));
    team.sync();
  }
  // Does not sync.
  template <class Team, class Sums>
  TEAM_FN static void add_gradient(const Team& team, const Shape& s,
                                   const MemoryRows<typename Team::Scalar>& rows, const Sums& sums) {
    Memory::gradient_products(s, rows, sums, multiply_on(team));
    add_columns(team, rows.rows, sums_size(s), sums.bias, rows.back, Memory::back_size(s));
  }

 protected:
  // at(row, column) for each vector of `rows` rows of `width` numbers.
  template <class Team, class At>
  FN static void for_row_vectors(const Team& team, int rows, int width, const At& at) {
    using V = typename Team::Vector;
    for_cells(team, rows, width / V::lanes,
              [&](int row, int vector) FN_LAMBDA { at(row, vector * V::lanes); });
  }

 private:
  template <class Team>
  struct Multiply {
    using T = typename Team::Scalar;
    const Team& team;

    template <class Terms>
    TEAM_FN void operator()(int rows, int columns, const Terms& terms, Start<T> start, T* to,
                            int to_stride) const {
      product<typename Team::Vector>(team, rows, columns, terms, start, to, to_stride);
    }
  };
  template <class Team>
  FN static Multiply<Team> multiply_on(const Team& team) {
    return {team};
  }
};

}  // namespace innerloop
