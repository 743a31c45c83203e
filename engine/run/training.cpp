#include "engine/run/training.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/error.h"
#include "engine/files/atomic_file.h"
#include "engine/run/machine_info.h"
#include "engine/run/memory_need.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

MachineFacts facts_of(const Device& device) {
  return {.backend = device.is_cuda() ? "cuda" : "cpu",
          .instruction_set = device.instructions(),
          .gpu = device.name(),
          .threads = device.threads()};
}

// What a run's start has written; null where it cannot be told, which is no reason not to go on.
nlohmann::ordered_json machine_before(const std::filesystem::path& path) {
  std::ifstream file(path);
  return nlohmann::ordered_json::parse(file, nullptr, false);
}

void check_precision(const Config& config, const Device& device, const std::string& source) {
  if (config.precision != Precision::float32 && !device.has_tensor_cores())
    throw InputError(
        source +
        ": /precision: wanted \"float32\", or a GPU with tensor cores (compute capability 8.0 or "
        "later), found " +
        json_text(to_json(config)["precision"]) + " on " + device.description());
}

// The device, once it is known to be able to train the config.
Device& checked(Device& device, const Config& config, const std::string& source) {
  check_precision(config, device, source);
  check_fits(memory_need(config, device, source), device, source);
  return device;
}

}  // namespace

Training::Training(const Config& config, const std::string& source, const DeviceOptions& options)
    : device_(options), trainer_(config, checked(device_, config, source)) {}

Training::Training(Resume resume, const DeviceOptions& options)
    : resume_(std::move(resume)),
      device_(options),
      trainer_(resume_->config, checked(device_, resume_->config, resume_->folder.config().string())),
      lock_(std::move(resume_->lock)) {
  trainer_.restore(resume_->checkpoint);
}

void Training::write_into(const RunFolder& run) {
  const std::int64_t iteration = trainer_.counts().iteration;
  if (resume_) {
    remove_temporary_files(run.path);
    cut_metrics(run.metrics(), iteration);
    write_json(run.config(), to_json(config()));
    write_json(run.machine(),
               resumed_machine_info(facts_of(device_), iteration, machine_before(run.machine())));
  } else {
    lock_.emplace(run.path);
    write_json(run.machine(), machine_info(facts_of(device_)));
  }
  files_.emplace(run, trainer_);
}

void Training::close() {
  files_.reset();
  lock_.reset();
}

}  // namespace innerloop
