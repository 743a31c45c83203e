#include "engine/sweep/estimate.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "engine/device/buffer_plan.h"
#include "engine/error.h"
#include "engine/run/memory_need.h"
#include "engine/run/training.h"
#include "engine/sweep/child.h"

namespace innerloop {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kSecondsOfACell = 0.5;

DeviceOptions device_of(const Sweep& sweep, DeviceOptions device) {
  device.threads = sweep.options.threads;
  if (!sweep.options.devices.empty()) device.device = sweep.options.devices.front();
  return device;
}

std::int64_t bytes_of(const Sweep& sweep, const Point& point, Device& device) {
  const Config config = config_of(sweep, point, sweep.seeds.front());
  const std::string source = sweep.source + ": " + point_text(point);
  const MemoryNeed need = memory_need(config, device, source);
  check_fits(need, device, source);
  return need.total_bytes();
}

void check_memory(const Sweep& sweep, const Points& points, const DeviceOptions& options) {
  Device device(device_of(sweep, options));
  // Jobs that are on one device at a time.
  const std::size_t devices = std::max<std::size_t>(1, sweep.options.devices.size());
  const std::size_t sharing = (static_cast<std::size_t>(sweep.options.jobs) + devices - 1) / devices;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Point point = points.at(i);
    const std::int64_t bytes = bytes_of(sweep, point, device);
    const std::int64_t all = bytes * static_cast<std::int64_t>(sharing);
    if (all > device.available_bytes())
      throw InputError(sweep.source + ": " + point_text(point) + ": wanted " + std::to_string(bytes) +
                       " bytes (" + readable_bytes(bytes) + ") for each of " + std::to_string(sharing) +
                       " jobs, found " + std::to_string(device.available_bytes()) + " (" +
                       readable_bytes(device.available_bytes()) + ") in all");
  }
}

void check_halving(const Sweep& sweep, const Points& points) {
  if (sweep.options.halving.first == 0) return;
  int iterations = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const int its = config_of(sweep, points.at(i), sweep.seeds.front()).iterations;
    if (iterations != 0 && its != iterations)
      throw InputError(sweep.source + ": " + point_text(points.at(i)) + ": wanted the " +
                       std::to_string(iterations) +
                       " iterations of the points before, as halving compares points after as many, found " +
                       std::to_string(its));
    iterations = its;
  }
  if (sweep.options.halving.first >= iterations)
    throw InputError(sweep.source + ": /halving/first: wanted fewer than the points' " +
                     std::to_string(iterations) + " iterations, found " +
                     std::to_string(sweep.options.halving.first));
}

}  // namespace

void check_sweep(const Sweep& sweep, const Points& points, const DeviceOptions& device) {
  check_halving(sweep, points);
  const int runs = sweep.options.budget.runs;
  if (runs > 0 && static_cast<std::size_t>(runs) < sweep.seeds.size())
    throw InputError(sweep.source + ": /budget/runs: wanted at least the " +
                     std::to_string(sweep.seeds.size()) + " runs of one point, one for each seed, found " +
                     std::to_string(runs));
  Child child([&] {
    check_memory(sweep, points, device);
    return std::string();
  });
  const Child::End end = child.wait();
  if (end.how == Child::End::How::refused) throw InputError(end.message);
  if (end.how != Child::End::How::finished) throw RunError(end.message);
}

SweepNeed estimate(const Sweep& sweep, const Points& points, const DeviceOptions& options) {
  check_halving(sweep, points);
  SweepNeed need;
  need.points = points.size();
  need.runs = points.size() * sweep.seeds.size();
  std::map<std::size_t, double> seconds_of_iteration;  // [cell]
  double seconds = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Point point = points.at(i);
    const Config config = config_of(sweep, point, sweep.seeds.front());
    const std::size_t cell = points.cell_of(i);
    if (!seconds_of_iteration.contains(cell)) {
      Training training(config, sweep.source + ": " + point_text(point), device_of(sweep, options));
      need.largest_bytes = std::max(need.largest_bytes, bytes_of(sweep, point, training.device()));
      const auto start = Clock::now();
      double spent = 0;
      int done = 0;
      while (spent < kSecondsOfACell && !training.trainer().complete()) {
        training.step();
        ++done;
        spent = std::chrono::duration<double>(Clock::now() - start).count();
      }
      seconds_of_iteration[cell] = spent / done;
    }
    seconds += seconds_of_iteration[cell] * config.iterations * static_cast<double>(sweep.seeds.size());
  }
  need.hours = seconds / 3600 / sweep.options.jobs;
  return need;
}

}  // namespace innerloop
