// Who makes a memory's pass over rows. Such a pass is a list of matrix products and of parts between them, each a struct with
//
//   part(team, first, count)           the rows from `first` on
//
// or, where rows of a trial look at each other,
//
//   part(team, trial, room)            all rows of a trial
//
// One team makes all of it by itself, with what it needs near by. Where the weights are too many for that, the engine makes a
// product or a part after the other, each for the rows of all environments (engine/stages/layered_run.h).
#pragma once

#include "kernels/networks/gradient_sums.h"
#include "kernels/products/called_product.h"

namespace innerloop {

template <class Team>
class OneTeam {
 public:
  using Scalar = typename Team::Scalar;

  FN explicit OneTeam(const Team& team) : team_(team) {}

  // Whether these sync, the part says.
  template <class Part>
  TEAM_FN void rows(const Part& part, int rows) const {
    part(team_, 0, rows);
  }
  template <class Part, class Room>
  TEAM_FN void trials(const Part& part, int trials, const Room& room) const {
    for (int trial = 0; trial < trials; ++trial) part(team_, trial, room);
  }
  // to[m][n] = start[m][n] + Σ_k left[m][k]·right[k][n]. Does not sync.
  TEAM_FN void multiply(int rows, int columns, const Left<Scalar>& left, const Right<Scalar>& right,
                        int depth, const Start<Scalar>& start, Scalar* to, int to_stride) const {
    innerloop::multiply(team_, rows, columns, left, right, depth, start, to, to_stride);
  }
  // to[n] += Σ over the rows of x[row][n], rows `row_size` numbers apart. Does not sync.
  TEAM_FN void add_columns(int rows, int columns, Scalar* to, const Scalar* x, int row_size) const {
    innerloop::add_columns(team_, rows, columns, to, x, row_size);
  }
  TEAM_FN void subtract_columns(int rows, int columns, Scalar* from, const Scalar* x, int row_size) const {
    for (int i = team_.rank(); i < columns; i += team_.size()) {
      Scalar sum = from[i];
      for (int row = 0; row < rows; ++row) sum = sum - x[static_cast<long>(row) * row_size + i];
      from[i] = sum;
    }
  }
  FN void sync() const { team_.sync(); }

 private:
  const Team team_;
};

}  // namespace innerloop
