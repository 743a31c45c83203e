#include "engine/run/resume.h"

#include <cstdio>
#include <utility>
#include <variant>

#include "engine/error.h"

namespace innerloop {

Resume read_resume(const std::filesystem::path& folder, std::span<const std::string> overrides) {
  for (const std::string& each : overrides)
    if (!each.starts_with("iterations="))
      throw InputError("--set " + each +
                       ": wanted iterations=N, as a run is resumed with its own config, found \"" + each +
                       "\"");
  const RunFolder run = open_run_folder(folder);
  RunLock lock(run.path);
  const Config own = read_config(run.config());
  const Config config = read_config(run.config(), overrides);
  if (config.iterations < own.iterations)
    throw InputError("--set " + overrides.back() + ": wanted at least the " + std::to_string(own.iterations) +
                     " iterations of " + run.config().string() + ", found " +
                     std::to_string(config.iterations));
  return {run, std::move(lock), config, read_newest_checkpoint(run.path), own.iterations};
}

namespace {

constexpr auto is_linear = [](const auto& outer) {
  if constexpr (requires { outer.schedule; })
    return outer.schedule == OuterSchedule::linear;
  else
    return false;
};

}  // namespace

std::string schedule_note(const Resume& resume) {
  const std::int64_t done = resume.checkpoint.iteration;
  if (resume.config.iterations == resume.iterations_before || done == 0) return "";
  const auto factor = [](double iterations_done, int iterations) { return 1 - iterations_done / iterations; };
  const auto line = [&](const std::string& option) {
    char factors[160];
    std::snprintf(factors, sizeof factors, "%.3g of the whole, where iteration %lld of %d took %.3g",
                  factor(static_cast<double>(done), resume.config.iterations), static_cast<long long>(done),
                  resume.iterations_before, factor(static_cast<double>(done - 1), resume.iterations_before));
    return option + " \"linear\" falls over all " + std::to_string(resume.config.iterations) +
           " iterations from now on: the next one takes " + factors + "\n";
  };
  std::string note;
  if (std::visit(is_linear, resume.config.outer)) note += line("/outer/schedule");
  const PpoUpdateOptions* ppo = find_ppo_options(resume.config);
  if (ppo != nullptr && ppo->entropy_schedule == WeightSchedule::linear)
    note += line("/algorithm/entropy_schedule");
  return note;
}

}  // namespace innerloop
