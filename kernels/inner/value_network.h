// A value network as the baseline of advantages: every task has its own, fitted to the returns of each of its batches.
//
// V(s, t) = μ + δ·f(s, t/horizon; φ), with the mean μ and the deviation δ of the batch's returns-to-go R, and t the steps
// since the episode began. Steps φ ← φ + η·∇ mean(−½(z − f)²) fit f to the standardised returns z = (R − μ)/δ, which are 0
// where the returns are equal up to rounding (kernels/lanes/extent.h).
#pragma once

#include "kernels/inner/pass.h"
#include "kernels/inner/returns.h"

namespace innerloop {

// What each task's network is fitted to.
template <class T>
struct ValueData {
  T* inputs = nullptr;   // [task][observation_size + 1][row_stride]  s, and t/horizon
  T* targets = nullptr;  // [task][row_stride]  z
  T* scale = nullptr;    // [task][2]  μ, δ

  // What it is fitted to.
  FN InputRows<T> rows(const Batch<T>& batch) const { return first_rows(batch, batch.rows()); }
  // All that it gives a value to: where the batch looks beyond its last step, what that leads to as well.
  FN InputRows<T> seen_rows(const Batch<T>& batch) const { return first_rows(batch, batch.seen_rows()); }

 private:
  FN InputRows<T> first_rows(const Batch<T>& batch, int rows) const {
    return {rows,        batch.observation_size + 1, batch.row_stride, inputs,
            batch.valid, batch.symbol_places,        batch.symbols};
  }
};

template <class T>
struct ValueTargets {
  // Reads observations, rewards, valid, ends, and terminated where it looks beyond; writes the number of samples in statistics.
  Batch<T> batch;
  T discount = 1;
  ValueData<T> out;

  template <class Team>
  FN long scratch_bytes() const {
    Scratch scratch;
    scratch.take<T>(2 * kChains);
    return scratch.used();
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const {
    using L = typename Team::Lane;
    T* const chains = scratch.take<T>(2 * kChains);
    const int rows = batch.rows(), size = batch.observation_size;
    const long stride = batch.row_stride, at = place.task * stride;
    const T *valid = batch.valid + at, *ends = batch.ends + at;
    const T* const from = batch.observations + at * size;
    T *const to = out.inputs + at * (size + 1), *const targets = out.targets + at;
    for_cells(team, size, batch.seen_rows(),
              [&](int d, int row) FN_LAMBDA { to[d * stride + row] = from[d * stride + row]; });
    const L step(T(1) / static_cast<T>(batch.horizon));
    struct Carry {
      L sum;
    };
    scan_forth<Team, Carry>(team, batch.horizon, batch.envs, [&](int row, int count, Carry& time) FN_LAMBDA {
      store_first(to + size * stride + row, time.sum, count);
      if (batch.looks_beyond && row >= rows - batch.envs)
        store_first(to + size * stride + row + batch.envs, time.sum + step, count);
      time.sum = select(load_first<L>(ends + row, count) > L(0), L(0), time.sum + step);
    });
    returns_to_go(team, batch, place.task, discount, chains, targets);
    const auto mean_of = [&](T samples, const auto& value) FN_LAMBDA {
      const T sum = sum_rows(team, rows, chains, [&](int r) FN_LAMBDA {
        return select(load<L>(valid + r) > L(0), value(load<L>(targets + r)), L(0));
      });
      return samples > T(0) ? sum / samples : T(0);
    };
    const T samples = sum_rows(team, rows, chains, [&](int r) FN_LAMBDA { return load<L>(valid + r); });
    const T mean = mean_of(samples, [](L x) FN_LAMBDA { return x; });
    const T variance = mean_of(samples, [&](L x) FN_LAMBDA { return (x - L(mean)) * (x - L(mean)); });
    const T deviation = sqrt(Pack<T, 1>(variance)).get(0) + T(1e-8);
    const auto counts = [&](int r) FN_LAMBDA { return load<L>(valid + r) > L(0); };
    const auto target = [&](int r) FN_LAMBDA { return load<L>(targets + r); };
    const L has_spread(extent_of_rows(team, rows, chains, counts, target).has_spread() ? T(1) : T(0));
    team.sync();
    for (int r = team.rank() * L::lanes; r < rows; r += team.size() * L::lanes)
      store_first(targets + r,
                  select(counts(r) & (has_spread > L(0)), (target(r) - L(mean)) / L(deviation), L(0)),
                  rows - r);
    if (team.rank() == 0) {
      batch.statistics[static_cast<long>(place.task) * kStatistics + kSamples] = samples;
      out.scale[2L * place.task] = mean;
      out.scale[2L * place.task + 1] = deviation;
    }
  }
};

// The objective −½(z − f)², whose derivative at f is z − f.
template <class T>
struct ValueError : ObjectiveBase {
  const T* targets = nullptr;  // [task][row_stride]  z
  long row_stride = 0;

  template <class L>
  FN void seed(const PassRows<L>& at, const Prepared&) const {
    at.seed(0, load<L>(at.of(targets, row_stride)) - at.output(0));
  }
};

template <class T>
using ValueGradient = NetworkPass<T, ValueError<T>>;

// Computes V of every sample.
template <class T>
struct ValuesOfSamples {
  PolicyShape shape;
  Parameters<T> params;      // φ
  InputRows<T> inputs;       // of ValueData
  const T* scale = nullptr;  // [task][2]
  T* values = nullptr;       // [task][row_stride]
  int block_rows = kBlockRows;

  FN int parts() const { return chunks(inputs.rows); }
  template <class Team>
  FN long scratch_bytes() const {
    Scratch scratch;
    take_weights<T>(scratch, shape, false);
    take_block_buffers<T>(scratch, shape, block_rows, false);
    return scratch.used();
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const {
    using L = typename Team::Lane;
    Weights<T> weights = take_weights<T>(scratch, shape, false);
    const auto buffers = take_block_buffers<T>(scratch, shape, block_rows, false);
    const T* const phi = params.of(place.task);
    if (shape.symbols > 0) weights.symbols = {phi + shape.symbol_offset()};
    load_weights(team, shape, ValuesAt<T>{phi}, weights);
    const L mean(scale[2L * place.task]), deviation(scale[2L * place.task + 1]);
    T* const to = values + static_cast<long>(place.task) * inputs.row_stride;
    const int end = min_of(inputs.rows, (place.part + 1) * kChunkRows);
    for (int row = place.part * kChunkRows; row < end; row += block_rows) {
      const int rows = min_of(block_rows, end - row);
      Block<T> block;
      forward_block(team, shape, weights, inputs, {}, place, buffers, row, rows, block);
      for (int r = team.rank() * L::lanes; r < rows; r += team.size() * L::lanes)
        store_first(to + row + r, fma(deviation, load<L>(block.outputs + r), mean), rows - r);
      team.sync();
    }
  }
};

}  // namespace innerloop
