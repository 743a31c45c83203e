// Random numbers for hand-written learners, keyed by the engine's counters: they depend on no thread and no machine.
#pragma once

#include <cstdint>

#include "kernels/lanes/random.h"

namespace innerloop {

/// What a learner draws in one step of one trial: the stream that a policy would draw its action from.
class Draws {
 public:
  Draws(RandomKey key, std::uint32_t task, std::uint32_t env, std::uint32_t step);

  /// In [0, 1).
  double uniform();
  /// One of 0 … count − 1.
  int below(int count);
  /// Mean 0, standard deviation 1.
  double normal();
  /// Gamma(shape, 1), shape at least 1: of 1 a logarithm, else after Marsaglia and Tsang 2000.
  double gamma(double shape);
  /// Beta(a, b), both at least 1.
  double beta(double a, double b);

 private:
  Random<Pack<float, 1>> random_;
};

/// The natural logarithm in float precision, with the same bits on every machine.
double same_log(double x);

}  // namespace innerloop
