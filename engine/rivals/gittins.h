// Gittins' index: what an arm is worth, all that may still be learned about it counted in.
#pragma once

#include <vector>

namespace innerloop {

/// The indices of Bernoulli arms whose probability has a Beta(a, b) posterior, a and b from 1 on.
///
/// An arm's index is the certain reward a pull for which one would just leave it for good (Gittins 1979). For each of
/// many such rewards the best times to leave are found by backward induction over all (a, b) (Gittins, Glazebrook and
/// Weber 2011); the index lies where going on stops being better, between two of them linearly. To 1e-4.
class GittinsTable {
 public:
  /// For 0 < discount < 1 and up to `pulls` pulls of an arm. Takes pulls² numbers of memory, and below a second for 500.
  GittinsTable(double discount, int pulls);

  /// @pre a, b ≥ 1 and a + b ≤ pulls + 2.
  double index(int a, int b) const { return index_[at(a, b)]; }

 private:
  // Row by row of the triangle: by a + b, then by a.
  static std::size_t at(int a, int b) {
    const auto seen = static_cast<std::size_t>(a + b - 2);
    return seen * (seen + 1) / 2 + static_cast<std::size_t>(a - 1);
  }

  std::vector<double> index_;
};

}  // namespace innerloop
