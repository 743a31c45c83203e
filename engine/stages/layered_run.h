// The pass of a memory that is too wide for one team (kernels/memories/one_team.h): its products and its parts one after the
// other, each for the rows of all environments.
#pragma once

#include "engine/device/launch.h"
#include "engine/stages/layered_weights.h"

namespace innerloop {

class LayeredRun {
 public:
  using Scalar = float;

  /// `ones`: [2][most_rows], 1 and then −1, for sums over rows; null: none are made.
  explicit LayeredRun(Device& device, const float* ones = nullptr, int most_rows = 0)
      : device_(device), ones_(ones), most_rows_(most_rows) {}

  template <class Part>
  void rows(const Part& part, int rows) const {
    device_.once(OfRows<float, Part>{part, rows});
  }
  /// Each team has room of its own.
  template <class Part>
  void trials(const Part& part, int trials, const AttentionRoom<float>&) const {
    device_.once(OfTrials<float, Part>{part, trials});
  }
  void multiply(int rows, int columns, const Left<float>& left, const Right<float>& right, int depth,
                const Start<float>& start, float* to, int to_stride) const {
    multiply_on(device_)(rows, columns, Array<Term<float>, 1>{{{left, right, depth}}}, start, to, to_stride);
  }
  void add_columns(int rows, int columns, float* to, const float* x, int row_size) const {
    add_columns_times(ones_, rows, columns, to, x, row_size);
  }
  void subtract_columns(int rows, int columns, float* from, const float* x, int row_size) const {
    add_columns_times(ones_ + most_rows_, rows, columns, from, x, row_size);
  }
  /// Operations are enqueued one after the other.
  void sync() const {}

 private:
  void add_columns_times(const float* factors, int rows, int columns, float* to, const float* x,
                         int row_size) const {
    multiply(1, columns, {factors, most_rows_, 1}, {x, row_size}, rows, {to, columns}, to, columns);
  }

  Device& device_;
  const float* const ones_;
  const int most_rows_;
};

}  // namespace innerloop
