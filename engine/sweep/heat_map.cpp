#include "engine/sweep/heat_map.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/report/drawing.h"
#include "engine/statistics/importance.h"
#include "engine/sweep/metric.h"
#include "engine/text/columns.h"
#include "engine/text/markup.h"

namespace innerloop {
namespace {

// In the drawing's units.
constexpr double kCellHeight = 38, kNarrowestCell = 66, kWidestCell = 104, kRoom = 600, kTickLetter = 7.4;
constexpr double kAbove = 8, kBelow = 52, kFurtherLine = 16, kTitleWidth = 34, kBeside = 12;
constexpr int kFirstStrong = 4;  // the shades from which on a cell's number has the colour of the page

// What the values of a key are put into: [bin] the least and the greatest number in it.
struct Bins {
  std::vector<std::size_t> of;  // [point]
  std::vector<std::pair<double, double>> ends;

  explicit Bins(const std::vector<double>& numbers) {
    // By numbers, which some of the bins may lack.
    std::map<std::size_t, std::pair<double, double>> found;
    const std::vector<std::size_t> groups = groups_of(std::span<const double>(numbers));
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const auto at = found.try_emplace(groups[i], numbers[i], numbers[i]).first;
      at->second = {std::min(at->second.first, numbers[i]), std::max(at->second.second, numbers[i])};
    }
    for (const auto& [group, its] : found) ends.push_back(its);
    for (const std::size_t group : groups)
      of.push_back(static_cast<std::size_t>(std::distance(found.begin(), found.find(group))));
  }
  bool is_value(std::size_t bin) const { return ends[bin].first == ends[bin].second; }
  // Values are all there; of a bin's ends three digits do.
  std::string low(std::size_t bin) const {
    return number_cell(is_value(bin) ? "%.6g" : "%.3g", ends[bin].first);
  }
  std::string high(std::size_t bin) const { return number_cell("%.3g", ends[bin].second); }
  std::string text(std::size_t bin) const { return is_value(bin) ? low(bin) : low(bin) + " to " + high(bin); }
  bool are_values() const {
    for (std::size_t bin = 0; bin < ends.size(); ++bin)
      if (!is_value(bin)) return false;
    return true;
  }
};

struct HeatCell {
  double sum = 0;
  std::size_t points = 0;

  double mean() const { return sum / static_cast<double>(points); }
};

// How these numbers, of which there is one at least, are shown: all with as many decimals as give the one in the middle four
// digits, so that a look compares them.
std::string form_of(std::vector<double> numbers) {
  for (double& number : numbers) number = std::abs(number);
  std::ranges::sort(numbers);
  const double middle = numbers[numbers.size() / 2];
  const int digits = middle == 0 ? 1 : static_cast<int>(std::floor(std::log10(middle))) + 1;
  if (numbers.back() >= 1e5 || digits < -3) return "%.3g";
  return "%." + std::to_string(std::max(0, 4 - digits)) + "f";
}

double effect_of(const Metric& metric, const std::string& key,
                 const std::vector<const PointResult*>& points) {
  std::vector<double> scores;
  scores.reserve(points.size());
  for (const PointResult* each : points) scores.push_back(score_of(metric, each->mean.value));
  const std::vector<double> numbers = numbers_at(key, points);
  return main_effect(groups_of(std::span<const double>(numbers)), scores).value_or(-1);
}

}  // namespace

std::vector<std::string> keys_of_heat_map(const Metric& metric, const std::vector<std::string>& keys,
                                          const std::vector<const PointResult*>& points) {
  std::vector<std::string> numeric;
  for (const std::string& key : varied_keys(keys, points))
    if (!numbers_at(key, points).empty()) numeric.push_back(key);
  if (numeric.size() < 2) return {};
  std::vector<std::string> best = numeric;
  std::ranges::stable_sort(best, std::greater(),
                           [&](const std::string& key) { return effect_of(metric, key, points); });
  std::erase_if(numeric, [&](const std::string& key) { return key != best[0] && key != best[1]; });
  return numeric;
}

Figure heat_map(const Metric& metric, const std::string& x_key, const std::string& y_key,
                const std::vector<const PointResult*>& points) {
  const Bins x(numbers_at(x_key, points)), y(numbers_at(y_key, points));
  std::map<std::pair<std::size_t, std::size_t>, HeatCell> cells;
  for (std::size_t i = 0; i < points.size(); ++i) {
    HeatCell& cell = cells[{x.of[i], y.of[i]}];
    cell.sum += points[i]->mean.value;
    ++cell.points;
  }
  std::vector<double> scores;
  scores.reserve(cells.size());
  for (const auto& [place, cell] : cells) scores.push_back(score_of(metric, cell.mean()));
  const Shades shades(scores);
  const std::string form = form_of(scores);

  std::size_t longest = 0;
  for (std::size_t row = 0; row < y.ends.size(); ++row) longest = std::max(longest, columns_in(y.text(row)));
  const auto columns = static_cast<double>(x.ends.size()), rows = static_cast<double>(y.ends.size());
  const double left = kTitleWidth + kTickLetter * static_cast<double>(longest);
  const double width = std::clamp((kRoom - left) / columns, kNarrowestCell, kWidestCell);
  const double bottom = kAbove + rows * kCellHeight, right = left + columns * width;
  const double height = bottom + kBelow + (x.are_values() ? 0 : 2 * kFurtherLine);
  const auto across = [&](std::size_t column) { return left + static_cast<double>(column) * width; };
  const auto down = [&](std::size_t row) { return bottom - static_cast<double>(row + 1) * kCellHeight; };

  std::string svg;
  for (std::size_t row = 0; row < y.ends.size(); ++row)
    svg += drawn_text("tick end", left - 8, down(row) + kCellHeight / 2, y.text(row));
  for (std::size_t column = 0; column < x.ends.size(); ++column) {
    const double middle = across(column) + width / 2;
    svg += drawn_text("x tick", middle, bottom + 14, x.low(column));
    if (!x.is_value(column))
      svg += drawn_text("x tick", middle, bottom + 14 + kFurtherLine, "to") +
             drawn_text("x tick", middle, bottom + 14 + 2 * kFurtherLine, x.high(column));
  }
  const std::string title = metric.path + " over " + x_key + " and " + y_key;
  std::string best;
  for (const auto& [place, cell] : cells) {
    const auto [column, row] = place;
    const double score = score_of(metric, cell.mean());
    const int shade = shades.shade(score);
    const std::string number = number_cell(form.c_str(), cell.mean());
    svg += std::string("<g class=\"cell") + (shade >= kFirstStrong ? " strong" : "") + "\"><title>" +
           markup_text(x_key + " " + x.text(column) + ", " + y_key + " " + y.text(row) + ": " + number +
                       ", of " + std::to_string(cell.points) + (cell.points > 1 ? " points" : " point")) +
           "</title>" +
           drawn_box("s" + std::to_string(shade), across(column) + 1, down(row) + 1, width - 2,
                     kCellHeight - 2) +
           drawn_text("number", across(column) + width / 2, down(row) + kCellHeight / 2, number) + "</g>\n";
    if (score == shades.high())
      best += drawn_box("best", across(column) + 1, down(row) + 1, width - 2, kCellHeight - 2);
  }
  svg += best + drawn_text("x title ink", (left + right) / 2, height - 12, x_key) +
         "<text class=\"y title\" transform=\"translate(14 " + units((kAbove + bottom) / 2) +
         ") rotate(-90)\">" + markup_text(y_key) + "</text>\n";
  return figure_of(title, drawing_of(title, right + kBeside, height, 0.7 * (right + kBeside), svg),
                   "Each number is the mean over the points with these values, whatever else they differ in; "
                   "framed: the best.");
}

}  // namespace innerloop
