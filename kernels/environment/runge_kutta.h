// The classical Runge-Kutta method of fourth order, for plants whose states are a few numbers.
#pragma once

#include "kernels/lanes/array.h"
#include "kernels/lanes/maths.h"

namespace innerloop {

// The state `step` later, of x' = slope(x) with what else slope depends on held still.
template <class Real, int N, class Slope>
FN Array<Real, N> runge_kutta(const Array<Real, N>& x, Real step, const Slope& slope) {
  const auto moved = [&](const Array<Real, N>& along, Real by) FN_LAMBDA {
    Array<Real, N> to;
    UNROLL
    for (int i = 0; i < N; ++i) to[i] = fma(along[i], by, x[i]);
    return to;
  };
  const Real half = Real(0.5f) * step;
  const Array<Real, N> first = slope(x), second = slope(moved(first, half)),
                       third = slope(moved(second, half)), fourth = slope(moved(third, step));
  Array<Real, N> mean;
  UNROLL
  for (int i = 0; i < N; ++i)
    mean[i] = (first[i] + Real(2) * (second[i] + third[i]) + fourth[i]) * constant<Real>(1.0 / 6);
  return moved(mean, step);
}

}  // namespace innerloop
