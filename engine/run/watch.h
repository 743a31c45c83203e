// Looking on at a run that another process trains.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <ostream>

namespace innerloop {

struct WatchOptions {
  bool terminal = false;                               // else plain lines, as Progress prints them
  std::function<bool()> stops = [] { return false; };  // asked between looks
  std::chrono::milliseconds every{200};                // how often the files are looked at
};

/// Shows on `out` how far the run `folder` is, until it is complete, and then its evaluation: true. False
/// when `stops` came first. A run that has not begun is waited for, and one that was interrupted until it
/// goes on. Nothing in the folder is touched.
/// @throws InputError where the run's files are damaged.
bool watch_run(const std::filesystem::path& folder, std::ostream& out, const WatchOptions& options);

}  // namespace innerloop
