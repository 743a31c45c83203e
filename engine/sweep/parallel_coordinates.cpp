#include "engine/sweep/parallel_coordinates.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/report/drawing.h"
#include "engine/sweep/metric.h"
#include "engine/text/markup.h"

namespace innerloop {
namespace {

// In the drawing's units.
constexpr double kAcross = 1160, kNarrowest = 760, kHeight = 420, kFirst = 40, kLast = 1040, kTop = 52,
                 kBottom = 396, kMetricWidth = 14;
constexpr std::size_t kFewValues = 8, kMostLabels = 16, kLabelColumns = 16, kManyLines = 150;
constexpr double kAboveMissing = 0.12;  // where values begin on an axis that some points have none on

// A key's axis, from 0, below, to 1.
struct KeyAxis {
  struct Tick {
    double place;
    std::string label;
  };
  std::vector<Tick> ticks;
  std::vector<double> places;  // [point]
};

// Many different numbers.
KeyAxis axis_of_numbers(const std::vector<double>& numbers) {
  const double low = std::ranges::min(numbers), high = std::ranges::max(numbers);
  KeyAxis axis;
  if (low > 0 && high >= 10 * low) {
    const auto place = [&](double number) { return std::log(number / low) / std::log(high / low); };
    for (const double tick : logarithmic_ticks(low, high))
      axis.ticks.push_back({place(tick), short_number(tick)});
    for (const double number : numbers) axis.places.push_back(place(number));
    return axis;
  }
  const Axis plain = make_axis(low, high, 6, false, false);
  for (const double tick : plain.ticks()) axis.ticks.push_back({plain.place(tick), plain.label(tick)});
  for (const double number : numbers) axis.places.push_back(plain.place(number));
  return axis;
}

// Values at equal distances, in the order of `labels`; `of` has each point's place there.
KeyAxis axis_of_values(const std::vector<std::string>& labels, const std::vector<std::size_t>& of) {
  KeyAxis axis;
  const auto place = [&](std::size_t value) {
    return labels.size() == 1 ? 0.5 : static_cast<double>(value) / static_cast<double>(labels.size() - 1);
  };
  const std::size_t every = (labels.size() + kMostLabels - 1) / kMostLabels;
  for (std::size_t value = 0; value < labels.size(); value += every)
    axis.ticks.push_back({place(value), labels[value]});
  for (const std::size_t value : of) axis.places.push_back(place(value));
  return axis;
}

KeyAxis axis_of_few(const std::vector<double>& numbers) {
  std::map<double, std::size_t> values;
  for (const double number : numbers) values[number] = 0;
  std::vector<std::string> labels;
  for (auto& [number, place] : values) {
    place = labels.size();
    labels.push_back(short_number(number));
  }
  std::vector<std::size_t> of;
  of.reserve(numbers.size());
  for (const double number : numbers) of.push_back(values[number]);
  return axis_of_values(labels, of);
}

// In the order in which they are met.
KeyAxis axis_of_texts(const std::vector<std::string>& texts) {
  std::vector<std::string> labels;
  std::vector<std::size_t> of;
  for (const std::string& text : texts) {
    const auto found = std::ranges::find(labels, text);
    of.push_back(static_cast<std::size_t>(found - labels.begin()));
    if (found == labels.end()) labels.push_back(text);
  }
  return axis_of_values(labels, of);
}

KeyAxis axis_of_key(const std::string& key, const std::vector<const PointResult*>& points) {
  std::vector<const PointResult*> there;
  std::vector<std::string> texts;
  for (const PointResult* each : points)
    if (const Json* value = value_at(each->point, key)) {
      there.push_back(each);
      texts.push_back(value_text(*value));
    }
  const std::vector<double> numbers = numbers_at(key, there);
  const std::map<double, int> different = [&] {
    std::map<double, int> all;
    for (const double number : numbers) all[number] = 0;
    return all;
  }();
  KeyAxis axis = numbers.empty()                  ? axis_of_texts(texts)
                 : different.size() <= kFewValues ? axis_of_few(numbers)
                                                  : axis_of_numbers(numbers);
  if (there.size() == points.size()) return axis;
  const auto raised = [](double place) { return kAboveMissing + (1 - kAboveMissing) * place; };
  for (KeyAxis::Tick& tick : axis.ticks) tick.place = raised(tick.place);
  axis.ticks.push_back({0, "–"});
  std::vector<double> places;
  places.reserve(points.size());
  auto next = axis.places.begin();
  for (const PointResult* each : points)
    places.push_back(value_at(each->point, key) == nullptr ? 0 : raised(*next++));
  axis.places = std::move(places);
  return axis;
}

double down_at(double place) { return kBottom - (kBottom - kTop) * place; }

// The metric's axis is the scale of the colours.
std::string metric_axis(const Metric& metric, const Shades& shades) {
  std::string svg;
  const double height = (kBottom - kTop) / kShades;
  for (int shade = 0; shade < kShades; ++shade)
    svg +=
        drawn_box("s" + std::to_string(shade), kLast, kBottom - (shade + 1) * height, kMetricWidth, height);
  if (shades.high() == shades.low())
    return svg +
           drawn_text("tick", kLast + kMetricWidth + 8, kTop, short_number(score_of(metric, shades.high())));
  const Axis axis = make_axis(shades.low(), shades.high(), 6, false, false);
  for (const double tick : axis.ticks())
    svg += drawn_text("tick", kLast + kMetricWidth + 8, down_at(shades.place(tick)),
                      short_number(score_of(metric, tick)));
  return svg;
}

}  // namespace

Figure parallel_coordinates(const Metric& metric, const std::vector<std::string>& keys,
                            const std::vector<const PointResult*>& points) {
  std::vector<double> scores;
  scores.reserve(points.size());
  for (const PointResult* each : points) scores.push_back(score_of(metric, each->mean.value));
  const Shades shades(scores);
  std::vector<KeyAxis> axes;
  axes.reserve(keys.size());
  for (const std::string& key : keys) axes.push_back(axis_of_key(key, points));
  const auto across = [&](std::size_t axis) {
    return kFirst + (kLast - kFirst) * static_cast<double>(axis) / static_cast<double>(axes.size());
  };

  // The better lies over the worse.
  std::vector<std::size_t> order(points.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return scores[i]; });
  std::string svg = std::string("<g class=\"paths") + (points.size() > kManyLines ? " many" : "") + "\">\n";
  for (const std::size_t i : order) {
    std::string places;
    for (std::size_t axis = 0; axis < axes.size(); ++axis)
      places += units(across(axis)) + "," + units(down_at(axes[axis].places[i])) + " ";
    places += units(kLast) + "," + units(down_at(shades.place(scores[i])));
    svg += "<polyline class=\"" + (points[i]->best ? "best" : "s" + std::to_string(shades.shade(scores[i]))) +
           "\" points=\"" + places + "\"><title>" +
           markup_text(point_text(points[i]->point) + ": " + short_number(points[i]->mean.value)) +
           "</title></polyline>\n";
  }
  svg += "</g>\n<g class=\"over\">\n";
  const auto title_columns = static_cast<std::size_t>((across(1) - across(0)) / 8);
  for (std::size_t axis = 0; axis < axes.size(); ++axis) {
    svg += drawn_line("axis", across(axis), kTop, across(axis), kBottom);
    for (const KeyAxis::Tick& tick : axes[axis].ticks)
      svg += drawn_line("axis", across(axis) - 4, down_at(tick.place), across(axis), down_at(tick.place)) +
             drawn_text("tick", across(axis) + 6, down_at(tick.place), shortened(tick.label, kLabelColumns));
    svg += drawn_text(axis == 0 ? "" : "x", across(axis) - (axis == 0 ? kFirst - 2 : 0), 24,
                      shortened(short_key(keys[axis], keys), title_columns));
  }
  svg +=
      metric_axis(metric, shades) + drawn_text("end", kAcross - 2, 24, shortened(metric.path, 36)) + "</g>\n";
  return figure_of(
      "Every point, through its values to what it reached",
      drawing_of("parallel coordinates", kAcross, kHeight, kNarrowest, svg),
      std::string("Each line is a point; the best is the thick one. Under the pointer a line tells its "
                  "values.") +
          (shades.cuts() ? " Points far below the others all end at the foot of the last axis." : ""));
}

}  // namespace innerloop
