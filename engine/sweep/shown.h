// What the page of a sweep shows of its points, and how it calls them.
#pragma once

#include <string>
#include <vector>

#include "engine/sweep/points.h"
#include "engine/sweep/results.h"

namespace innerloop {

/// A point that has curves on the page; its place in the list is that of its colour.
struct ShownPoint {
  const PointResult* result;
  std::string name;  // "12: inner_lr 0.3, maml"
};

/// Those that can be compared: complete, with a mean that is finite. In the order of `points`.
std::vector<const PointResult*> comparable(const std::vector<const PointResult*>& points);

/// Of the keys those in whose values the points differ.
std::vector<std::string> varied_keys(const std::vector<std::string>& keys,
                                     const std::vector<const PointResult*>& points);

/// "inner_lr" of "algorithm.inner_lr"; the whole where another of the keys ends likewise.
std::string short_key(const std::string& key, const std::vector<std::string>& keys);

/// The first of `ranked`, as many as the style has colours, each called by its number and by what tells it from the others.
std::vector<ShownPoint> shown_points(const std::vector<std::string>& keys,
                                     const std::vector<const PointResult*>& ranked);

/// The numbers that the points have at `key`; empty where one of them has no number there.
std::vector<double> numbers_at(const std::string& key, const std::vector<const PointResult*>& points);

/// A number as a sentence or an axis shows it: 0.0001, -23.46, 1e-06.
std::string short_number(double number);

/// Seven colours for scores. The last is the best's; the first is for the worst and for all that lie so far from the others
/// (below the lower quartile by 1.5 times the distance of the quartiles, Tukey 1977) that they would leave no colours to these.
class Shades {
 public:
  /// @pre `scores` is not empty and finite.
  explicit Shades(std::vector<double> scores);

  double low() const { return low_; }
  double high() const { return high_; }
  bool cuts() const { return cuts_; }  // whether scores lie below `low`
  /// From 0, at `low` and below, to 1.
  double place(double score) const;
  /// From 0 to kShades − 1.
  int shade(double score) const;

 private:
  double low_, high_;
  bool cuts_;
};

}  // namespace innerloop
