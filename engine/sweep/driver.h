// Trains the runs of a sweep, several side by side, each in a process of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>

#include "engine/device/device.h"
#include "engine/sweep/points.h"
#include "engine/sweep/sweep.h"
#include "engine/sweep/sweep_folder.h"

namespace innerloop {

/// A part of the points: those whose number leaves the rest `index` − 1 when it is divided by `count`.
struct Shard {
  std::size_t index = 1, count = 1;

  bool has(std::size_t point) const { return point % count == index - 1; }
};

/// "3/8". @throws InputError for anything else than two numbers from 1 on, the first not above the second.
Shard parse_shard(const std::string& text);

/// What of a sweep this process trains.
struct Part {
  Shard shard;
  int until = 0;      // iterations, whatever halving says; 0: as it says
  bool retry = true;  // runs that failed in an earlier start

  bool is_whole() const { return shard.count == 1 && until == 0; }
};

struct SweepEnd {
  bool interrupted = false;
  std::size_t failed = 0;  // runs that failed now, other than by diverging
  std::size_t left = 0;    // runs of the shard that nobody has trained to their end: the budget, an interrupt
};

/// Trains the run of `point` with `seed` until so many iterations are done, unless another process has it: what each child of
/// run_sweep does, and says in a word. @throws InputError where the sweep has no such run; as train_point
std::string train_run(const Sweep& sweep, const Points& points, const SweepFolder& folder, std::size_t point,
                      std::uint32_t seed, int iterations, const DeviceOptions& device);

/// Trains what is left to be trained, with a line on `out` for each run that comes to a stop, and what failed at the end.
/// Runs that another process has in hand are left to it; waits for these. An interrupt (engine/run/interrupt.h) stops all
/// runs after their iteration, with checkpoints. Each run is a
/// child, `innerloop sweep FOLDER --run …`.
/// @throws InputError where the metric is one that a run does not have, which ends the sweep, nothing being lost.
SweepEnd run_sweep(const Sweep& sweep, const Points& points, const SweepFolder& folder, const Part& part,
                   const DeviceOptions& device, std::ostream& out);

}  // namespace innerloop
