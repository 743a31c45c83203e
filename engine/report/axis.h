// The axes of charts: what they span, where their ticks are and what stands beside these.
#pragma once

#include <string>
#include <vector>

namespace innerloop {

/// What an axis spans, at least one number and more, and the distance of its ticks: 1, 2 or 5 times a power
/// of ten.
struct Axis {
  double low = 0, high = 1, step = 1;

  /// From `low` to `high`.
  std::vector<double> ticks() const;
  /// "-40", "0.25", "1.5 M": as exact as the step is.
  std::string label(double tick) const;
  /// Where `value` lies, 0 at `low` and 1 at `high`.
  double place(double value) const { return (value - low) / (high - low); }
};

/// An axis for finite values from `low` to `high` with about `ticks` of them. `rounded`: it ends at ticks;
/// `whole`: none lies between whole numbers.
Axis make_axis(double low, double high, int ticks, bool rounded, bool whole);

/// Where an axis of logarithms has ticks for numbers from `low` > 0 to `high`: at powers of ten and, where these are few, at 2
/// and 5 times them; where even these are fewer than two, as make_axis.
std::vector<double> logarithmic_ticks(double low, double high);

}  // namespace innerloop
