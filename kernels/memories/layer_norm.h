// Layer normalisation (Ba, Kiros and Hinton 2016) of what the heads read of a memory. With the mean μ and the variance
// σ² of a row's `hidden` numbers h, a gain g and a bias b that are learned:
//
//   x = (h − μ) / √(σ² + 10⁻⁵)        y = g∘x + b
//
// The heads read y; the memory goes on with h itself. Flat parameters: g [hidden], b [hidden].
#pragma once

#include "kernels/lanes/maths.h"
#include "kernels/networks/gradient_sums.h"
#include "kernels/products/dot_products.h"

namespace innerloop {

// All rows are [row][padded(hidden)], with zeros in the padding.
template <class T>
struct LayerNorm {
  T *gain, *bias;
  T* average;          // 1 / hidden
  T* zero;             // one row of zeros
  T* normalised;       // x
  T* outputs;          // y; squares and products on the way
  T *mean, *variance;  // [rows]
  // For the way back.
  T* by_outputs;           // ∂/∂y
  T* slope;                // [rows]
  T *gain_sum, *bias_sum;  // of the gradient

  static constexpr double kFloor = 1e-5;  // of the variance

  FN static int parameters(int hidden) { return 2 * hidden; }

  // The same for the rows from one on.
  FN LayerNorm from(int row, int width) const {
    const long at = static_cast<long>(row) * width;
    LayerNorm n = *this;
    n.normalised += at;
    n.outputs += at;
    n.mean += row;
    n.variance += row;
    n.by_outputs += at;
    n.slope += row;
    return n;
  }

  // Room for up to `rows` rows, a multiple of 16; none where nothing is normalised (hidden 0).
  FN static LayerNorm take(Scratch& scratch, int hidden, int rows, bool way_back) {
    LayerNorm n = {};
    if (hidden == 0) return n;
    const long width = padded(hidden);
    n.gain = scratch.take<T>(width);
    n.bias = scratch.take<T>(width);
    n.average = scratch.take<T>(width);
    n.zero = scratch.take<T>(width);
    n.normalised = scratch.take<T>(rows * width);
    n.outputs = scratch.take<T>(rows * width);
    n.mean = scratch.take<T>(rows);
    n.variance = scratch.take<T>(rows);
    if (!way_back) return n;
    n.by_outputs = scratch.take<T>(rows * width);
    n.slope = scratch.take<T>(rows);
    n.gain_sum = scratch.take<T>(width);
    n.bias_sum = scratch.take<T>(width);
    return n;
  }
};

namespace layer_norm_detail {
// at(row, column, place) for each vector of `rows` rows of `width` numbers.
template <class Team, class At>
FN void for_vectors(const Team& team, int rows, int width, const At& at) {
  using V = typename Team::Vector;
  for_cells(team, rows, width / V::lanes, [&](int row, int vector) FN_LAMBDA {
    at(row, vector * V::lanes, static_cast<long>(row) * width + vector * V::lanes);
  });
}

// to[row] = Σ_i of x[row][i] · weight[i].
template <class Team>
TEAM_FN void weighted_sums(const Team& team, const LayerNorm<typename Team::Scalar>& n, int rows, int width,
                           const typename Team::Scalar* x, int row_size, const typename Team::Scalar* weight,
                           typename Team::Scalar* to) {
  const Array<DotTerm<typename Team::Scalar>, 1> terms{{{x, row_size, weight, width}}};
  dot_products(team, rows, 1, terms, n.zero, to, 0);
}

// 1 / √(σ² + 10⁻⁵)
template <class T>
FN T scale_of(const LayerNorm<T>& n, int row) {
  return T(1) / sqrt(Pack<T, 1>(n.variance[row] + static_cast<T>(LayerNorm<T>::kFloor))).get(0);
}
}  // namespace layer_norm_detail

// From the flat parameters; clears the sums. Syncs.
template <class Team>
TEAM_FN void load_layer_norm(const Team& team, int hidden, const typename Team::Scalar* params,
                             const LayerNorm<typename Team::Scalar>& n) {
  using T = typename Team::Scalar;
  for (int i = team.rank(); i < padded(hidden); i += team.size()) {
    const bool real = i < hidden;
    n.gain[i] = real ? params[i] : T(0);
    n.bias[i] = real ? params[hidden + i] : T(0);
    n.average[i] = real ? T(1) / static_cast<T>(hidden) : T(0);
    n.zero[i] = T(0);
    if (n.gain_sum != nullptr) n.gain_sum[i] = n.bias_sum[i] = T(0);
  }
  team.sync();
}

// x and y of `rows` rows of a memory ([row][state_size]). Syncs.
template <class Team>
TEAM_FN void normalise_rows(const Team& team, int hidden, const LayerNorm<typename Team::Scalar>& n, int rows,
                            const typename Team::Scalar* states, int state_size) {
  using namespace layer_norm_detail;
  using T = typename Team::Scalar;
  using V = typename Team::Vector;
  const int width = padded(hidden);
  weighted_sums(team, n, rows, width, states, state_size, n.average, n.mean);
  team.sync();
  for_vectors(team, rows, width, [&](int row, int i, long at) FN_LAMBDA {
    const V h = load_aligned<V>(states + static_cast<long>(row) * state_size + i);
    const V off = select(load_aligned<V>(n.average + i) > V(0), h - V(n.mean[row]), V(0));
    store_aligned(n.normalised + at, off);
    store_aligned(n.outputs + at, off * off);
  });
  team.sync();
  weighted_sums(team, n, rows, width, n.outputs, width, n.average, n.variance);
  team.sync();
  for_vectors(team, rows, width, [&](int row, int i, long at) FN_LAMBDA {
    const V x = load_aligned<V>(n.normalised + at) * V(scale_of<T>(n, row));
    store_aligned(n.normalised + at, x);
    store_aligned(n.outputs + at, fma(load_aligned<V>(n.gain + i), x, load_aligned<V>(n.bias + i)));
  });
  team.sync();
}

// The way back for the rows that were normalised last: from ∂/∂y (in by_outputs) it adds ∂/∂h to `state`
// ([row][state_size]). With u = g∘∂y it is (u − mean(u) − x·mean(u∘x)) / √(σ² + 10⁻⁵). What each row adds to the gradient of
// the bias is in by_outputs then, and of the gain in outputs. Does not sync.
template <class Team>
TEAM_FN void back_through_rows(const Team& team, int hidden, const LayerNorm<typename Team::Scalar>& n,
                               int rows, typename Team::Scalar* state, int state_size) {
  using namespace layer_norm_detail;
  using T = typename Team::Scalar;
  using V = typename Team::Vector;
  const int width = padded(hidden);
  for_vectors(team, rows, width, [&](int, int, long at) FN_LAMBDA {
    store_aligned(n.outputs + at, load_aligned<V>(n.by_outputs + at) * load_aligned<V>(n.normalised + at));
  });
  team.sync();
  weighted_sums(team, n, rows, width, n.by_outputs, width, n.gain, n.mean);
  weighted_sums(team, n, rows, width, n.outputs, width, n.gain, n.slope);
  team.sync();
  const T share = T(1) / static_cast<T>(hidden);
  for_vectors(team, rows, width, [&](int row, int i, long at) FN_LAMBDA {
    const V u = load_aligned<V>(n.gain + i) * load_aligned<V>(n.by_outputs + at);
    const V rest = fma(load_aligned<V>(n.normalised + at), V(n.slope[row] * share), V(n.mean[row] * share));
    const V by_h = select(load_aligned<V>(n.average + i) > V(0), (u - rest) * V(scale_of<T>(n, row)), V(0));
    T* const to = state + static_cast<long>(row) * state_size + i;
    store_aligned(to, load_aligned<V>(to) + by_h);
  });
}

// The same, and the gradients of gain and bias are added to their sums. Syncs.
template <class Team>
TEAM_FN void back_through_layer_norm(const Team& team, int hidden, const LayerNorm<typename Team::Scalar>& n,
                                     int rows, typename Team::Scalar* state, int state_size) {
  const int width = padded(hidden);
  back_through_rows(team, hidden, n, rows, state, state_size);
  add_columns(team, rows, width, n.bias_sum, n.by_outputs, width);
  add_columns(team, rows, width, n.gain_sum, n.outputs, width);
  team.sync();
}

// As parts of a pass over rows (kernels/memories/one_team.h). All but BackThroughNorm sync.
template <class T>
struct LoadNorm {
  int hidden;
  const T* params;
  LayerNorm<T> norm;

  template <class Team>
  TEAM_FN void operator()(const Team& team, int, int) const {
    load_layer_norm(team, hidden, params, norm);
  }
};
template <class T>
struct StoreNorm {
  int hidden;
  LayerNorm<T> norm;
  T* gradient;

  template <class Team>
  TEAM_FN void operator()(const Team& team, int, int) const {
    store_layer_norm_gradient(team, hidden, norm, gradient);
    team.sync();
  }
};
template <class T>
struct NormaliseRows {
  int hidden;
  LayerNorm<T> norm;
  const T* states;  // [row][state_size]
  int state_size;

  template <class Team>
  TEAM_FN void operator()(const Team& team, int first, int count) const {
    normalise_rows(team, hidden, norm.from(first, padded(hidden)), count,
                   states + static_cast<long>(first) * state_size, state_size);
  }
};
template <class T>
struct BackThroughNorm {
  int hidden;
  LayerNorm<T> norm;
  T* state;  // [row][state_size]
  int state_size;

  template <class Team>
  TEAM_FN void operator()(const Team& team, int first, int count) const {
    back_through_rows(team, hidden, norm.from(first, padded(hidden)), count,
                      state + static_cast<long>(first) * state_size, state_size);
  }
};

// Writes the flat gradient. The caller has synced.
template <class Team>
TEAM_FN void store_layer_norm_gradient(const Team& team, int hidden,
                                       const LayerNorm<typename Team::Scalar>& n,
                                       typename Team::Scalar* gradient) {
  for (int i = team.rank(); i < hidden; i += team.size()) {
    gradient[i] = n.gain_sum[i];
    gradient[hidden + i] = n.bias_sum[i];
  }
}

}  // namespace innerloop
