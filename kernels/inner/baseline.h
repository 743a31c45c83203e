// The linear feature baseline (Duan et al. 2016): V(s, t) = w·[o, o², t/100, (t/100)², (t/100)³, 1], o clipped to ±10.
//
// It is fitted to the returns of each task's own batch by least squares with a ridge of 1e-5; where the system is singular
// the ridge grows tenfold, up to five times. The normal equations are summed and solved in double, since features are often
// collinear.
#pragma once

#include "kernels/lanes/maths.h"
#include "kernels/networks/shape.h"

namespace innerloop {

FN constexpr int baseline_features(int observation_size) { return 2 * observation_size + 4; }

// Feature i for a pack of rows; `observations` points at the rows of dimension 0.
template <class L, class T>
FN L baseline_feature(int i, int observation_size, const T* observations, long stride, L elapsed, int count) {
  if (i < 2 * observation_size) {
    const int d = i < observation_size ? i : i - observation_size;
    const L o = max(min(load_first<L>(observations + d * stride, count), L(10)), L(-10));
    return i < observation_size ? o : o * o;
  }
  const L t = elapsed * L(T(0.01));
  const int power = i - 2 * observation_size;
  return power == 0 ? t : power == 1 ? t * t : power == 2 ? t * t * t : L(1);
}

template <class T>
struct BaselineBuffers {
  static constexpr int kRows = 128;     // rows whose features are held at once
  static constexpr int kFitChains = 8;  // a sum's chains, closed by a fixed tree
  // The features' distance: with it the chains of four of them are in different banks of shared memory.
  static constexpr int kStride = kRows + kFitChains;

  T* features;     // [feature + 1][kStride], the last is the return
  double* sums;    // [pair][kFitChains]
  double* system;  // [feature][feature + 1]
  double* factor;  // [feature][feature + 1]
  T* weights;      // [feature]

  FN static BaselineBuffers take(Scratch& scratch, int observation_size) {
    const int n = baseline_features(observation_size);
    BaselineBuffers b;
    b.features = scratch.take<T>(static_cast<long>(n + 1) * kStride);
    b.sums = scratch.take<double>(static_cast<long>(n) * (n + 3) / 2 * kFitChains);
    b.system = scratch.take<double>(static_cast<long>(n) * (n + 1));
    b.factor = scratch.take<double>(static_cast<long>(n) * (n + 1));
    b.weights = scratch.take<T>(n);
    return b;
  }
};

// Solves (system + ridge) w = right side by Cholesky, with one thread. The last column of `system` is the right side.
template <class T>
FN void solve_ridge(int n, const double* system, double* factor, T* weights) {
  using One = Pack<double, 1>;
  const int stride = n + 1;
  double ridge = 1e-5;
  bool solved = false;
  for (int attempt = 0; attempt < 6 && !solved; ++attempt, ridge *= 10) {
    solved = true;
    for (int i = 0; i < n && solved; ++i) {
      for (int j = 0; j <= i; ++j) {
        double sum = system[i * stride + j] + (i == j ? ridge : 0);
        for (int k = 0; k < j; ++k)
          sum = fma(One(-factor[i * stride + k]), One(factor[j * stride + k]), One(sum)).get(0);
        if (i != j) {
          factor[i * stride + j] = sum / factor[j * stride + j];
        } else if (sum > 0) {
          factor[i * stride + i] = sqrt(One(sum)).get(0);
        } else {
          solved = false;  // also where it is not a number
        }
      }
    }
  }
  for (int i = 0; i < n; ++i) {
    double sum = system[i * stride + n];
    for (int k = 0; k < i; ++k)
      sum = fma(One(-factor[i * stride + k]), One(factor[k * stride + n]), One(sum)).get(0);
    factor[i * stride + n] = solved ? sum / factor[i * stride + i] : 0;
  }
  for (int i = n - 1; i >= 0; --i) {
    double sum = factor[i * stride + n];
    for (int k = i + 1; k < n; ++k)
      sum = fma(One(-factor[k * stride + i]), One(factor[k * stride + n]), One(sum)).get(0);
    factor[i * stride + n] = solved ? sum / factor[i * stride + i] : 0;
    weights[i] = static_cast<T>(factor[i * stride + n]);
  }
}

// Fits the weights. Row arrays are those of one task; `returns` and `elapsed` are [row]. Syncs.
template <class Team>
TEAM_FN void fit_baseline(const Team& team, int rows, int observation_size,
                          const typename Team::Scalar* observations, long stride,
                          const typename Team::Scalar* valid, const typename Team::Scalar* returns,
                          const typename Team::Scalar* elapsed,
                          const BaselineBuffers<typename Team::Scalar>& b) {
  using T = typename Team::Scalar;
  using L = typename Team::Lane;
  constexpr int kRows = BaselineBuffers<T>::kRows, kStride = BaselineBuffers<T>::kStride,
                kSums = BaselineBuffers<T>::kFitChains;
  constexpr int lanes = L::lanes < kSums ? L::lanes : kSums, packs = kSums / lanes;
  using F = Pack<T, lanes>;
  using D = Pack<double, lanes>;
  const int n = baseline_features(observation_size), pairs = n * (n + 3) / 2;
  for (int i = team.rank(); i < pairs * kSums; i += team.size()) b.sums[i] = 0;
  for (int first = 0; first < rows; first += kRows) {
    const int count = min_of(kRows, rows - first);
    // Rows that do not count have all features 0.
    for (int i = team.rank(); i < (n + 1) * (kRows / L::lanes); i += team.size()) {
      const int feature = i / (kRows / L::lanes), r = i % (kRows / L::lanes) * L::lanes;
      L x(0);
      if (r < count) {
        const int row = first + r, left = count - r;
        x = feature == n ? load_first<L>(returns + row, left)
                         : baseline_feature<L>(feature, observation_size, observations + row, stride,
                                               load_first<L>(elapsed + row, left), left);
        x = select(load_first<L>(valid + row, left) > L(0), x, L(0));
      }
      store(b.features + feature * kStride + r, x);
    }
    team.sync();
    // The pairs are (i, j) with j <= i, and (i, n), the right side. A thread takes a pack of a pair's chains.
    for (int at = team.rank(); at < n * (n + 1) * packs; at += team.size()) {
      const int i = at / packs / (n + 1), j = at / packs % (n + 1), chain = at % packs * lanes;
      if (j > i && j != n) continue;
      double* sums = b.sums + (i * (i + 3) / 2 + (j == n ? i + 1 : j)) * kSums + chain;
      const T *x = b.features + i * kStride, *y = b.features + j * kStride;
      D sum = load<D>(sums);
      for (int r = chain; r < round_up(count, kSums); r += kSums)
        sum = fma(convert<double>(load<F>(x + r)), convert<double>(load<F>(y + r)), sum);
      store(sums, sum);
    }
    team.sync();
  }
  for (int at = team.rank(); at < n * (n + 1); at += team.size()) {
    const int i = at / (n + 1), j = at % (n + 1);
    if (j > i && j != n) continue;
    const double* c = b.sums + (i * (i + 3) / 2 + (j == n ? i + 1 : j)) * kSums;
    b.system[i * (n + 1) + j] = ((c[0] + c[4]) + (c[2] + c[6])) + ((c[1] + c[5]) + (c[3] + c[7]));
  }
  team.sync();
  if (team.rank() == 0) solve_ridge(n, b.system, b.factor, b.weights);
  team.sync();
}

}  // namespace innerloop
