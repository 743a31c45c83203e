// What plants have in common: set points for thirds of an episode, a clock that their equipment ages by, noisy sensors.
#pragma once

#include "kernels/lanes/array.h"
#include "kernels/lanes/maths.h"
#include "kernels/lanes/random.h"
#include "kernels/options/options.h"

namespace innerloop {

enum class PlantClock { episode, trial };

template <class Fields>
void describe_clock(Fields& field, PlantClock& clock) {
  field("clock", clock,
        Choices{Choice{"episode", "each episode starts with new equipment"},
                Choice{"trial", "it ages through all episodes of a trial"}},
        "what drifts and faults count their time from");
}

template <class Fields>
void describe_noise(Fields& field, float& noise) {
  field("noise", noise, between(0, 0.1), "standard deviation of what is measured, as a part of it");
}

// What a sensor shows of x.
template <class Real>
FN Real measured(Real x, float noise, Random<Real>& random) {
  return fma(x * Real(noise), random.normal(), x);
}

// Of three set points the one that holds after so many of an episode's steps; the last one stays.
template <class Real>
FN Real set_point(const Array<Real, 3>& targets, Real steps, int episode) {
  const int steps_of_each = episode / 3;
  const Real third(static_cast<typename Real::value_type>(steps_of_each));
  return select(steps < third, targets[0], select(steps < Real(2) * third, targets[1], targets[2]));
}

}  // namespace innerloop
