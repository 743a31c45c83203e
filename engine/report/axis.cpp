#include "engine/report/axis.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "engine/text/columns.h"

namespace innerloop {
namespace {

// The least of 1, 2 and 5 times a power of ten that is not below `distance`.
double round_step(double distance) {
  const double power = std::pow(10.0, std::floor(std::log10(distance)));
  for (const double times : {1.0, 2.0, 5.0})
    if (times * power >= distance * (1 - 1e-9)) return times * power;
  return 10 * power;
}

}  // namespace

std::vector<double> Axis::ticks() const {
  std::vector<double> all;
  constexpr double kRounding = 1e-6;
  for (double i = std::ceil(low / step - kRounding); i <= high / step + kRounding; ++i)
    all.push_back(i == 0 ? 0 : i * step);  // never -0
  return all;
}

std::string Axis::label(double tick) const {
  const double largest = std::max(std::abs(low), std::abs(high));
  if (largest >= 1e13 || step < 1e-4) return number_cell("%.3g", tick);
  std::pair<double, const char*> unit = {1, ""};
  for (const auto& larger : {std::pair{1e3, " k"}, {1e6, " M"}, {1e9, " G"}, {1e12, " T"}})
    if (largest >= 10 * larger.first || (largest >= larger.first && step >= larger.first)) unit = larger;
  const int decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step / unit.first) + 1e-9)));
  constexpr std::array forms = {"%.0f", "%.1f", "%.2f", "%.3f", "%.4f"};
  return number_cell(forms[static_cast<std::size_t>(std::min(decimals, 4))], tick / unit.first) +
         (tick == 0 ? "" : unit.second);
}

Axis make_axis(double low, double high, int ticks, bool rounded, bool whole) {
  const double least = std::max(1e-9 * std::max(std::abs(low), std::abs(high)), 1e-30);
  if (high - low < least) {  // one number
    const double around = low == 0 ? 1 : 0.1 * std::abs(low);
    low -= around;
    high += around;
  }
  Axis axis{low, high, round_step((high - low) / ticks)};
  if (whole) axis.step = std::max(axis.step, 1.0);
  if (rounded) {
    axis.low = axis.step * std::floor(low / axis.step + 1e-6);
    axis.high = axis.step * std::ceil(high / axis.step - 1e-6);
  }
  return axis;
}

std::vector<double> logarithmic_ticks(double low, double high) {
  const bool few = high / low < 300;
  std::vector<double> ticks;
  for (int power = static_cast<int>(std::floor(std::log10(low))); std::pow(10.0, power) <= high; ++power)
    for (const double times : {1.0, 2.0, 5.0})
      if (const double tick = times * std::pow(10.0, power);
          (few || times == 1) && tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9))
        ticks.push_back(tick);
  return ticks.size() > 1 ? ticks : make_axis(low, high, 4, false, false).ticks();
}

}  // namespace innerloop
