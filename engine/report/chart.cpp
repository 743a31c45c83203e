#include "engine/report/chart.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/report/drawing.h"
#include "engine/text/columns.h"
#include "engine/text/markup.h"

namespace innerloop {
namespace {

// In the drawing's units, which are pixels where it is shown in its own size.
struct Area {
  double width, height, left, right, top, bottom;
};
constexpr Area kLarge = {640, 360, 68, 624, 12, 312}, kSmall = {400, 240, 62, 390, 10, 194},
               kPlane = {640, 470, 68, 488, 12, 422}, kComparison = {640, 470, 68, 624, 12, 422};
constexpr double kShadesLeft = 520, kShadesWidth = 14;                 // where a plane's scale of colours is
constexpr double kDot = 3.2, kPlaneDot = 5, kWholeDot = 40, kCap = 4;  // radii; the third that of all tasks

using Kind = ChartSeries::Kind;

bool is_drawn(const ChartPoint& point) { return std::isfinite(point.x) && std::isfinite(point.y); }
bool has_band(const ChartPoint& point) { return point.high > point.low; }
bool has_bar(const ChartPoint& point) { return point.around > 0 && !has_band(point); }

const Area& area_of(const Chart& chart) {
  if (chart.form == ChartForm::comparison) return kComparison;
  if (chart.form == ChartForm::plane) return kPlane;
  return chart.small ? kSmall : kLarge;
}

class Drawing {
 public:
  explicit Drawing(const Chart& chart) : chart_(chart), at_(area_of(chart)) {
    double left = INFINITY, right = -INFINITY, bottom = INFINITY, top = -INFINITY;
    for (const ChartSeries& series : chart.series)
      for (const ChartPoint& point : series.points) {
        if (!is_drawn(point)) continue;
        left = std::min(left, point.x);
        right = std::max(right, point.x);
        const double around = point.around > 0 ? point.around : 0;
        bottom = std::min({bottom, point.y - around, has_band(point) ? point.low : point.y});
        top = std::max({top, point.y + around, has_band(point) ? point.high : point.y});
      }
    empty_ = !(left <= right && std::isfinite(bottom) && std::isfinite(top));
    if (empty_) return;
    if (chart.form != ChartForm::curves) {
      if (chart.form == ChartForm::comparison) {
        left = bottom = std::min(left, bottom);
        right = top = std::max(right, top);
      }
      // Large dots keep clear of the edges.
      const double beside = 0.06 * (right - left), above = 0.06 * (top - bottom);
      x_ = make_axis(left - beside, right + beside, 6, false, false);
      y_ = make_axis(bottom - above, top + above, 6, false, false);
      return;
    }
    // What is counted from 0 on is shown from there; the points at the ends keep clear of the edges.
    if (!chart.powers_of_ten && left > 0 && left < 0.2 * right) left = 0;
    const double edge = 0.015 * (right - left);
    x_ = make_axis(left == 0 && !chart.whole_x ? left : left - edge, right + edge, chart.small ? 5 : 8, false,
                   chart.whole_x);
    y_ = make_axis(bottom, top, chart.small ? 4 : 6, true, false);
  }

  bool is_empty() const { return empty_; }
  // Two places across, or down, and the values there.
  Json across() const { return {at_.left, at_.right, x_.low, x_.high}; }
  Json down() const { return {at_.bottom, at_.top, y_.low, y_.high}; }

  std::string svg() const {
    std::string svg = "<svg viewBox=\"0 0 " + units(at_.width) + " " + units(at_.height) +
                      "\" role=\"img\" aria-label=\"" + markup_text(chart_.title) + "\">\n" + axes();
    if (chart_.form == ChartForm::comparison)
      svg += "<line class=\"axis\" x1=\"" + units(at_.left) + "\" x2=\"" + units(at_.right) + "\" y1=\"" +
             units(at_.bottom) + "\" y2=\"" + units(at_.top) + "\"/>\n";
    if (chart_.form == ChartForm::plane) svg += scale();
    for (const ChartSeries& series : chart_.series) svg += curve(series);
    // The script tells of dots nothing but what they tell themselves.
    if (chart_.form != ChartForm::curves) return svg + "</svg>\n";
    return svg + "<line class=\"pointer\" y1=\"" + units(at_.top) + "\" y2=\"" + units(at_.bottom) +
           "\"/>\n</svg>\n";
  }

 private:
  std::string across(double x) const { return units(at_.left + (at_.right - at_.left) * x_.place(x)); }
  std::string down(double y) const { return units(at_.bottom - (at_.bottom - at_.top) * y_.place(y)); }
  std::string pair(double x, double y) const { return across(x) + "," + down(y) + " "; }

  static std::string text(const char* kind, const std::string& place, const std::string& words) {
    return std::string("<text class=\"") + kind + "\" " + place + ">" + markup_text(words) + "</text>\n";
  }

  std::string axes() const {
    std::string svg;
    for (const double tick : y_.ticks()) {
      svg += "<line class=\"grid\" x1=\"" + units(at_.left) + "\" x2=\"" + units(at_.right) + "\" y1=\"" +
             down(tick) + "\" y2=\"" + down(tick) + "\"/>\n" +
             text("y tick", "x=\"" + units(at_.left - 8) + "\" y=\"" + down(tick) + "\" dy=\"0.35em\"",
                  y_.label(tick));
    }
    const auto x_tick = [&](double x, const std::string& label) {
      svg += "<line class=\"axis\" x1=\"" + across(x) + "\" x2=\"" + across(x) + "\" y1=\"" +
             units(at_.bottom) + "\" y2=\"" + units(at_.bottom + 5) + "\"/>\n" +
             text("x tick", "x=\"" + across(x) + "\" y=\"" + units(at_.bottom + 18) + "\"", label);
    };
    if (chart_.powers_of_ten)
      for (const double tick : logarithmic_ticks(std::pow(10.0, x_.low), std::pow(10.0, x_.high)))
        x_tick(std::log10(tick), Axis{0, tick, tick}.label(tick));
    else
      for (const double tick : x_.ticks()) x_tick(tick, x_.label(tick));
    return svg + "<line class=\"axis\" x1=\"" + units(at_.left) + "\" x2=\"" + units(at_.right) + "\" y1=\"" +
           units(at_.bottom) + "\" y2=\"" + units(at_.bottom) + "\"/>\n" +
           text("x title",
                "x=\"" + units((at_.left + at_.right) / 2) + "\" y=\"" + units(at_.height - 8) + "\"",
                chart_.x_title) +
           text("y title",
                "transform=\"translate(14 " + units((at_.top + at_.bottom) / 2) + ") rotate(-90)\"",
                chart_.y_title);
  }

  // A plane's colours from the least value, below, to the greatest.
  std::string scale() const {
    std::string svg = "<g class=\"shades\">\n";
    const double height = (at_.bottom - at_.top) / kShades;
    for (int shade = 0; shade < kShades; ++shade)
      svg += "<rect class=\"v" + std::to_string(shade) + "\" x=\"" + units(kShadesLeft) + "\" y=\"" +
             units(at_.bottom - (shade + 1) * height) + "\" width=\"" + units(kShadesWidth) + "\" height=\"" +
             units(height) + "\"/>\n";
    for (int edge = 0; edge <= kShades; ++edge)
      svg += text(
          "tick",
          "x=\"" + units(kShadesLeft + kShadesWidth + 8) + "\" y=\"" + units(at_.bottom - edge * height) +
              "\" dy=\"0.35em\"",
          number_cell("%.3g", chart_.shades.low + (chart_.shades.high - chart_.shades.low) * edge / kShades));
    return svg + "</g>\n";
  }

  double radius(const ChartPoint& point) const {
    if (chart_.form == ChartForm::plane) return kPlaneDot;
    return std::max(kDot, kWholeDot * std::sqrt(point.share));
  }

  std::string dot(const ChartPoint& point) const {
    std::string shade;
    if (chart_.form == ChartForm::plane && std::isfinite(point.value)) {
      const int place = static_cast<int>(kShades * chart_.shades.place(point.value));
      shade = "class=\"v" + std::to_string(std::clamp(place, 0, kShades - 1)) + "\" ";
    }
    const std::string circle = "<circle " + shade + "cx=\"" + across(point.x) + "\" cy=\"" + down(point.y) +
                               "\" r=\"" + units(radius(point)) + "\"";
    return circle +
           (point.title.empty() ? "/>\n" : "><title>" + markup_text(point.title) + "</title></circle>\n");
  }

  std::string band(const ChartSeries& series) const {
    std::string above, below;
    for (const ChartPoint& point : series.points) {
      if (!is_drawn(point) || !has_band(point)) continue;
      above += pair(point.x, point.high);
      below.insert(0, pair(point.x, point.low));
    }
    return above.empty() ? "" : "<polygon class=\"band\" points=\"" + above + below + "\"/>\n";
  }

  // Pieces without what is not finite.
  std::string lines(const ChartSeries& series) const {
    std::string svg, points;
    const auto end = [&] {
      if (!points.empty()) svg += "<polyline points=\"" + points + "\"/>\n";
      points.clear();
    };
    for (const ChartPoint& point : series.points) {
      if (is_drawn(point))
        points += pair(point.x, point.y);
      else
        end();
    }
    end();
    return svg;
  }

  std::string bar(const ChartPoint& point) const {
    const std::string low = down(point.y - point.around), high = down(point.y + point.around);
    const double x = at_.left + (at_.right - at_.left) * x_.place(point.x);
    const std::string cap = units(x - kCap) + " ", to = "H" + units(x + kCap);
    return "<path d=\"M" + cap + high + to + "M" + cap + low + to + "M" + units(x) + " " + low + "V" + high +
           "\"/>\n";
  }

  std::string curve(const ChartSeries& series) const {
    constexpr const char* kinds[] = {"line", "dashed", "dotted", "dots", "rings"};
    const bool has_line = series.kind < Kind::dots;
    std::string svg = "<g class=\"series c" + std::to_string(series.colour % kChartColours) + " " +
                      kinds[static_cast<int>(series.kind)] + "\" data-of=\"" + markup_text(series.of) +
                      "\">\n" + band(series) + (has_line ? lines(series) : "");
    const bool has_dots =
        !has_line || series.points.size() == 1 || std::ranges::any_of(series.points, has_bar);
    for (const ChartPoint& point : series.points) {
      if (!is_drawn(point)) continue;
      if (has_bar(point)) svg += bar(point);
      if (has_dots) svg += dot(point);
    }
    return svg + "</g>\n";
  }

  const Chart& chart_;
  const Area& at_;
  Axis x_, y_;
  bool empty_;
};

// One entry for all series of the same: a button, by which the script hides them.
std::string legend(const Chart& chart) {
  if (chart.form == ChartForm::plane) return "";
  std::string entries;
  std::map<std::string, bool> has_entry;
  for (const ChartSeries& series : chart.series) {
    if (has_entry[series.of]) continue;
    has_entry[series.of] = true;
    entries += "<li><button type=\"button\" data-of=\"" + markup_text(series.of) +
               "\"><svg viewBox=\"0 0 26 10\" class=\"series c" +
               std::to_string(series.colour % kChartColours) +
               (series.kind == Kind::dotted ? " dotted" : "") + "\">" +
               (series.kind == Kind::dots ? "<circle cx=\"13\" cy=\"5\" r=\"3.2\"/>"
                                          : "<polyline points=\"0,5 26,5\"/>") +
               "</svg>" + markup_text(series.of) + "</button></li>\n";
  }
  return "<ul class=\"legend\">\n" + entries + "</ul>\n";
}

}  // namespace

std::string chart_figure(const Chart& chart) {
  const Drawing drawing(chart);
  return std::string("<figure") + (chart.form == ChartForm::curves ? "" : " class=\"tasks\"") +
         ">\n<figcaption>" + markup_text(chart.title) + "</figcaption>\n" + legend(chart) +
         (drawing.is_empty() ? "<p class=\"note\">No finite number to show.</p>\n" : drawing.svg()) +
         "</figure>\n";
}

Json chart_numbers(const Chart& chart) {
  const Drawing drawing(chart);
  Json numbers = {{"title", chart.title}, {"x_title", chart.x_title}, {"series", Json::array()}};
  if (chart.powers_of_ten) numbers["powers_of_ten"] = true;
  numbers["x"] = drawing.across();
  numbers["y"] = drawing.down();
  for (const ChartSeries& series : chart.series) {
    Json each = {{"of", series.of},
                 {"label", series.label},
                 {"colour", series.colour % kChartColours},
                 {"x", Json::array()},
                 {"y", Json::array()}};
    for (const ChartPoint& point : series.points) {
      each["x"].push_back(point.x);
      each["y"].push_back(point.y);
      if (point.around > 0) each["around"].push_back(point.around);
      if (has_band(point)) {
        each["low"].push_back(point.low);
        each["high"].push_back(point.high);
      }
      if (chart.form == ChartForm::plane) each["value"].push_back(point.value);
    }
    for (const char* key : {"around", "low", "high"})
      if (each.contains(key) && each[key].size() < each["x"].size()) each.erase(key);
    numbers["series"].push_back(std::move(each));
  }
  return numbers;
}

}  // namespace innerloop
