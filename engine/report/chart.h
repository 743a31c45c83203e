// Curves over numbers, and dots for tasks, as SVG for a page whose style has their colours (engine/report/style.h).
#pragma once

#include <string>
#include <vector>

#include "engine/options/json.h"
#include "engine/report/axis.h"

namespace innerloop {

struct ChartPoint {
  double x, y;  // a point that is not finite interrupts the line
  double around =
      0;  // half the height of an interval around it, where that is above 0: a bar, unless it has a
  double low = 0, high = 0;  // band behind it, from low to high, where these differ
  double value = 0;          // in a plane: what its colour shows; NaN: it has its series'
  std::string title = {};    // of a dot: what is told of it under the pointer
  double share = 0;          // of a dot: how many of its series' tasks lie there, from 0 to 1; its area
};

struct ChartSeries {
  enum class Kind { line, dashed, dotted, dots, rings };  // the last two without a line
  std::string of;     // whose curve it is: what the legend has, once for all series of the same
  std::string label;  // what its numbers are
  int colour = 0;     // its place in the style's list
  Kind kind = Kind::line;
  std::vector<ChartPoint> points = {};
};

/// `comparison`: dots, both axes alike, with the line where x equals y. `plane`: dots whose colours show their
/// values, and no legend but the scale of these.
enum class ChartForm { curves, comparison, plane };

struct Chart {
  std::string title, x_title, y_title;
  bool whole_x = false;        // no tick between whole numbers
  bool small = false;          // for three beside each other
  bool powers_of_ten = false;  // x is a logarithm; ticks and what the pointer tells are numbers
  std::vector<ChartSeries> series = {};
  ChartForm form = ChartForm::curves;
  Axis shades = {};  // what the colours of a plane span
};

/// How many colours the style has for series; those after the last begin again. And how many for values.
inline constexpr int kChartColours = 7, kShades = 7;

/// A `<figure>`: title, legend and drawing. Where no point is finite it says so.
std::string chart_figure(const Chart& chart);

/// What the page's script shows of the chart under the pointer: its numbers, and where they lie in the
/// drawing. In the same order as the figures.
Json chart_numbers(const Chart& chart);

}  // namespace innerloop
