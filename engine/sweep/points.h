// The points of a sweep: what each sets in which config. A function of the sweep and of the point's number alone.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "engine/config/config.h"
#include "engine/sweep/sweep.h"

namespace innerloop {

struct Point {
  std::size_t number = 0;
  std::size_t config = 0;  // which of the sweep's
  Assignments set;         // all of it, in the order in which it is applied
  Assignments values;      // of that, what the sweep varies: [key] of keys that the point has
};

class Points {
 public:
  /// Lists them: for each config and each of `points` every combination of the grid's values, the last axis fastest; then,
  /// `samples` times, the draws. A sweep with more samples has the same points first.
  /// @throws InputError, naming the sweep, for a condition that never holds or that names an option which is drawn.
  explicit Points(const Sweep& sweep);

  std::size_t size() const { return cells_.size() + (samples_ - 1) * drawn_.size(); }
  /// @pre number < size()
  Point at(std::size_t number) const;
  /// What varies, in the order of the file: "config" where there are several, then paths.
  const std::vector<std::string>& keys() const { return keys_; }
  /// The cell of the grid that a point is a draw of, from 0: points of one cell differ in drawn numbers alone.
  std::size_t cell_of(std::size_t number) const;

 private:
  struct Cell {
    std::size_t config;
    Assignments set;
    std::vector<std::string> varied;  // paths in `set` that are a grid's
    std::vector<const Draw*> draws;
  };

  void expand(Cell cell, std::size_t when);
  bool holds(const Cell& cell, const Assignments& conditions) const;
  void add_key(const std::string& key);

  const Sweep& sweep_;
  std::size_t samples_ = 1;
  std::vector<Cell> cells_;
  std::vector<std::size_t> drawn_;  // the cells that have draws
  std::vector<bool> held_;          // [when]  whether it held for any cell
  std::vector<std::string> keys_;
};

/// What the point has at one of Points::keys(); null where it has nothing there.
const Json* value_at(const Point& point, const std::string& key);

/// What a draw gives for point `number`: by Philox4x32-10 from (sweep_seed, path, number), so that neither other options nor
/// more samples change it. Numbers are rounded to six digits.
Json drawn_value(const Draw& draw, std::uint32_t sweep_seed, std::size_t number);

/// The config of a point, with this seed. @throws InputError that names the sweep, the point and the pointer.
Config config_of(const Sweep& sweep, const Point& point, std::uint32_t seed);

/// "point 12 (algorithm.inner_lr=0.3)", for messages.
std::string point_text(const Point& point);

/// Reads the config of every point. @throws InputError at the first one that is none.
void check_points(const Sweep& sweep, const Points& points);

}  // namespace innerloop
