#include "engine/sweep/points.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "engine/error.h"
#include "engine/files/crc32c.h"
#include "engine/options/check.h"
#include "engine/text/json.h"
#include "kernels/lanes/random.h"

namespace innerloop {
namespace {

std::vector<std::string> overrides_of(const Assignments& set) {
  std::vector<std::string> overrides;
  for (const Assignment& each : set) overrides.push_back(each.path + "=" + json_text(each.value));
  return overrides;
}

double rounded(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", number);
  return std::strtod(text, nullptr);
}

// The part of `path` behind `group` where it leads into it, empty where they are the same; none where it does not.
std::optional<std::string_view> path_within(std::string_view path, std::string_view group) {
  if (!path.starts_with(group)) return std::nullopt;
  path.remove_prefix(group.size());
  if (path.empty()) return path;
  if (path.front() != '.') return std::nullopt;
  return path.substr(1);
}

bool draws(const std::vector<const Draw*>& draws, const std::string& path) {
  return std::ranges::any_of(draws, [&](const Draw* draw) {
    return path_within(path, draw->path) || path_within(draw->path, path);
  });
}

}  // namespace

Json drawn_value(const Draw& draw, std::uint32_t sweep_seed, std::size_t number) {
  using Word = Pack<std::uint32_t, 1>;
  const auto low = static_cast<std::uint32_t>(number),
             high = static_cast<std::uint32_t>(std::uint64_t{number} >> 32);
  const std::uint32_t path = crc32c(std::as_bytes(std::span(draw.path)));
  const Array<Word, 4> words = philox<Word>({{Word(low), Word(high), Word(0), Word(0)}}, sweep_seed, path);
  const std::uint64_t bits = std::uint64_t{words[0].get(0)} << 32 | words[1].get(0);
  const double uniform = static_cast<double>(bits >> 11) * 0x1p-53;  // [0, 1)
  const auto place = [&](double count) { return std::min(std::floor(uniform * count), count - 1); };
  switch (draw.kind) {
    case Draw::Kind::uniform:
      return rounded(draw.low + uniform * (draw.high - draw.low));
    case Draw::Kind::log_uniform:
      return rounded(draw.low * std::pow(draw.high / draw.low, uniform));
    case Draw::Kind::integer:
      return static_cast<std::int64_t>(draw.low +
                                       draw.step * place(std::floor((draw.high - draw.low) / draw.step) + 1));
    case Draw::Kind::choice:
      break;
  }
  return draw.choices[static_cast<std::size_t>(place(static_cast<double>(draw.choices.size())))];
}

Points::Points(const Sweep& sweep)
    : sweep_(sweep),
      samples_(static_cast<std::size_t>(sweep.options.samples)),
      held_(sweep.when.size(), false) {
  if (sweep.configs.size() > 1) add_key("config");
  std::vector<const Draw*> draws;
  for (const Assignments& together : sweep.points)
    for (const Assignment& each : together) add_key(each.path);
  for (const GridAxis& axis : sweep.grid) add_key(axis.path);
  for (const Draw& draw : sweep.random) {
    add_key(draw.path);
    draws.push_back(&draw);
  }
  const std::vector<Assignments> none(1);
  for (std::size_t config = 0; config < sweep.configs.size(); ++config)
    for (const Assignments& together : sweep.points.empty() ? none : sweep.points) {
      Cell cell = {config, sweep.set, {}, draws};
      for (const Assignment& each : together) {
        cell.set.push_back(each);
        cell.varied.push_back(each.path);
      }
      expand(std::move(cell), 0);
    }
  for (std::size_t i = 0; i < sweep.when.size(); ++i) {
    if (!held_[i])
      throw InputError(sweep.source + ": /when/" + std::to_string(i) +
                       "/if: wanted what holds for at least one point, found none where " +
                       json_text(to_json(sweep)["when"][i]["if"]) + " does");
  }
  for (std::size_t cell = 0; cell < cells_.size(); ++cell)
    if (!cells_[cell].draws.empty()) drawn_.push_back(cell);
  if (drawn_.empty() && samples_ > 1)
    throw InputError(sweep.source + ": /samples: wanted 1 where nothing is drawn, found " +
                     std::to_string(samples_));
}

void Points::add_key(const std::string& key) {
  if (std::ranges::find(keys_, key) == keys_.end()) keys_.push_back(key);
}

bool Points::holds(const Cell& cell, const Assignments& conditions) const {
  return std::ranges::all_of(conditions, [&](const Assignment& condition) {
    if (draws(cell.draws, condition.path))
      throw InputError(sweep_.source + ": /when: wanted a condition on what is set or in the grid, found \"" +
                       condition.path + "\", which is drawn");
    bool is_of_file = true;
    for (std::size_t i = cell.set.size(); i-- > 0 && is_of_file;) {
      const Assignment& set = cell.set[i];
      const auto within = path_within(condition.path, set.path);
      if (!within) continue;
      const Json* found = within->empty() ? &set.value : find_at(set.value, *within);
      if (found != nullptr) return *found == condition.value;
      is_of_file = false;  // the group that was set has the option's default
    }
    // What the file names is not looked up in a whole config, which further cases may have yet to make valid.
    if (is_of_file)
      if (const Json* found = find_at(sweep_.configs[cell.config].document, condition.path))
        return *found == condition.value;
    const Json config =
        to_json(config_of(sweep_, {cells_.size(), cell.config, cell.set, {}}, sweep_.seeds.front()));
    const Json* found = find_at(config, condition.path);
    return found != nullptr && *found == condition.value;
  });
}

// Takes the grid (`when` 0) or that of the case when − 1 into the cell, and goes on to the next case.
void Points::expand(Cell cell, std::size_t when) {
  const std::vector<GridAxis>* axes = &sweep_.grid;
  if (when > 0) {
    const When& its = sweep_.when[when - 1];
    if (holds(cell, its.conditions)) {
      held_[when - 1] = true;
      cell.set.insert(cell.set.end(), its.set.begin(), its.set.end());
      for (const Draw& draw : its.random) {
        add_key(draw.path);
        cell.draws.push_back(&draw);
      }
      axes = &its.grid;
      for (const GridAxis& axis : *axes) add_key(axis.path);
    } else {
      axes = nullptr;
    }
  }
  std::vector<Cell> all = {std::move(cell)};
  if (axes != nullptr) {
    for (const GridAxis& axis : *axes) {
      std::vector<Cell> longer;
      for (const Cell& each : all) {
        for (const Json& value : axis.values) {
          Cell& next = longer.emplace_back(each);
          next.set.push_back({axis.path, value});
          next.varied.push_back(axis.path);
        }
      }
      all = std::move(longer);
    }
  }
  for (Cell& each : all) {
    for (const Draw* draw : each.draws)
      for (const std::string& path : each.varied)
        if (path_within(path, draw->path))
          throw InputError(sweep_.source + ": wanted an option in the grid or drawn, found \"" + path +
                           "\" in the grid and \"" + draw->path + "\" drawn");
    if (when < sweep_.when.size())
      expand(std::move(each), when + 1);
    else
      cells_.push_back(std::move(each));
  }
}

std::size_t Points::cell_of(std::size_t number) const {
  return number < cells_.size() ? number : drawn_[(number - cells_.size()) % drawn_.size()];
}

Point Points::at(std::size_t number) const {
  const Cell& cell = cells_[cell_of(number)];
  Point point{number, cell.config, cell.set, {}};
  if (sweep_.configs.size() > 1) point.values.push_back({"config", sweep_.configs[cell.config].name});
  for (const std::string& path : cell.varied)
    for (std::size_t i = cell.set.size(); i-- > 0;)
      if (cell.set[i].path == path) {
        point.values.push_back(cell.set[i]);
        break;
      }
  for (const Draw* draw : cell.draws) {
    point.set.push_back({draw->path, drawn_value(*draw, sweep_.options.sweep_seed, number)});
    point.values.push_back(point.set.back());
  }
  return point;
}

const Json* value_at(const Point& point, const std::string& key) {
  const auto found = std::ranges::find(point.values, key, &Assignment::path);
  return found == point.values.end() ? nullptr : &found->value;
}

std::string point_text(const Point& point) {
  std::string values;
  for (const Assignment& each : point.values)
    values += (values.empty() ? " (" : ", ") + each.path + "=" + value_text(each.value);
  return "point " + std::to_string(point.number) + values + (values.empty() ? "" : ")");
}

Config config_of(const Sweep& sweep, const Point& point, std::uint32_t seed) {
  Assignments set = point.set;
  set.push_back({"seed", seed});
  const BaseConfig& base = sweep.configs[point.config];
  try {
    return parse_config(json_text(base.document), base.source, overrides_of(set), "");
  } catch (const InputError& error) {
    throw InputError(sweep.source + ": " + point_text(point) + ": " + error.what());
  }
}

void check_points(const Sweep& sweep, const Points& points) {
  for (std::size_t i = 0; i < points.size(); ++i) config_of(sweep, points.at(i), sweep.seeds.front());
}

}  // namespace innerloop
