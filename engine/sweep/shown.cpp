#include "engine/sweep/shown.h"

#include <algorithm>
#include <cmath>

#include "engine/report/chart.h"
#include "engine/text/columns.h"

namespace innerloop {
namespace {

std::string last_part(const std::string& key) { return key.substr(key.rfind('.') + 1); }

bool have_same_value(const std::string& key, const PointResult& a, const PointResult& b) {
  const Json *of_a = value_at(a.point, key), *of_b = value_at(b.point, key);
  return of_a == nullptr || of_b == nullptr ? of_a == of_b : *of_a == *of_b;
}

}  // namespace

std::vector<const PointResult*> comparable(const std::vector<const PointResult*>& points) {
  std::vector<const PointResult*> all;
  for (const PointResult* each : points)
    if (each->complete && std::isfinite(each->mean.value)) all.push_back(each);
  return all;
}

std::vector<std::string> varied_keys(const std::vector<std::string>& keys,
                                     const std::vector<const PointResult*>& points) {
  std::vector<std::string> varied;
  for (const std::string& key : keys)
    if (!std::ranges::all_of(
            points, [&](const PointResult* each) { return have_same_value(key, *each, *points.front()); }))
      varied.push_back(key);
  return varied;
}

std::string short_key(const std::string& key, const std::vector<std::string>& keys) {
  const bool alone = std::ranges::count(keys, last_part(key), last_part) == 1;
  return alone ? last_part(key) : key;
}

std::vector<ShownPoint> shown_points(const std::vector<std::string>& keys,
                                     const std::vector<const PointResult*>& ranked) {
  const std::size_t count = std::min<std::size_t>(ranked.size(), kChartColours);
  const std::vector<const PointResult*> best(ranked.begin(),
                                             ranked.begin() + static_cast<std::ptrdiff_t>(count));
  const std::vector<std::string> varied = varied_keys(keys, best);
  std::vector<ShownPoint> shown;
  for (const PointResult* each : best) {
    std::string name = std::to_string(each->point.number);
    const char* between = ": ";
    for (const std::string& key : varied) {
      const Json* value = value_at(each->point, key);
      if (value == nullptr) continue;
      // A name says by itself what it is of, and drawn numbers are longer than a legend has room for.
      name += between + (value->is_string() ? "" : short_key(key, keys) + " ") +
              (value->is_number() ? short_number(value->get<double>()) : value_text(*value));
      between = ", ";
    }
    shown.push_back({each, name});
  }
  return shown;
}

std::vector<double> numbers_at(const std::string& key, const std::vector<const PointResult*>& points) {
  std::vector<double> numbers;
  for (const PointResult* each : points) {
    const Json* value = value_at(each->point, key);
    if (value == nullptr || !value->is_number()) return {};
    numbers.push_back(value->get<double>());
  }
  return numbers;
}

std::string short_number(double number) { return number_cell("%.4g", number); }

Shades::Shades(std::vector<double> scores) {
  std::ranges::sort(scores);
  const std::size_t quarter = scores.size() / 4;
  const double lower = scores[quarter], upper = scores[scores.size() - 1 - quarter];
  const double fence = lower - 1.5 * (upper - lower);
  // Where most scores are equal no distance says what is far.
  cuts_ = upper > lower && scores.front() < fence;
  low_ = cuts_ ? fence : scores.front();
  high_ = scores.back();
}

double Shades::place(double score) const {
  return high_ > low_ ? std::clamp((score - low_) / (high_ - low_), 0.0, 1.0) : 1;
}

int Shades::shade(double score) const {
  return std::min(static_cast<int>(kShades * place(score)), kShades - 1);
}

}  // namespace innerloop
