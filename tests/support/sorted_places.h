// Keys sorted by a device, and by the rule itself.
#pragma once

#include <random>
#include <vector>

#include "engine/device/device.h"
#include "engine/device/sort.h"

namespace innerloop {

/// Keys below `kinds`, so that some are equal.
inline std::vector<std::uint32_t> random_keys(std::size_t count, std::uint32_t kinds) {
  std::mt19937 random(1);
  std::vector<std::uint32_t> keys(count);
  for (std::uint32_t& key : keys) key = random() % kinds;
  return keys;
}

/// Memory of a device for some rows, which are sorted as often as wanted.
class SortedPlaces {
 public:
  SortedPlaces(Device& device, int rows, int count)
      : device_(device),
        bytes_(std::int64_t{rows} * count * std::int64_t{sizeof(std::uint32_t)}),
        keys_(device.allocate(bytes_)),
        places_(device.allocate(bytes_)),
        rows_{rows, count, static_cast<std::uint32_t*>(keys_.get()), static_cast<int*>(places_.get())} {}

  std::vector<int> sort(const std::vector<std::uint32_t>& keys) {
    device_.write(rows_.keys, keys);
    device_.replay(recording_, [this] { device_.sort(rows_); });
    return device_.read(rows_.places, static_cast<std::int64_t>(keys.size()));
  }

 private:
  Device& device_;
  std::int64_t bytes_;
  std::shared_ptr<void> keys_, places_;
  RowsToSort rows_;
  Recording recording_;
};

/// The place of a key in the order is how many are smaller, or equal and before it.
inline std::vector<int> places_by_rank(const std::vector<std::uint32_t>& keys, int rows) {
  const std::size_t count = keys.size() / static_cast<std::size_t>(rows);
  std::vector<int> places(keys.size());
  for (std::size_t first = 0; first < keys.size(); first += count)
    for (std::size_t i = 0; i < count; ++i) {
      std::size_t rank = 0;
      for (std::size_t other = 0; other < count; ++other)
        rank +=
            keys[first + other] < keys[first + i] || (keys[first + other] == keys[first + i] && other < i);
      places[first + rank] = static_cast<int>(i);
    }
  return places;
}

}  // namespace innerloop
