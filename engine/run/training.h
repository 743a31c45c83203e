// A training run from its checks to its files, for whoever steps it: the command line, the Python package.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "engine/config/config.h"
#include "engine/device/device.h"
#include "engine/run/resume.h"
#include "engine/run/run_files.h"
#include "engine/run/run_folder.h"
#include "engine/run/trainer.h"

namespace innerloop {

class Training {
 public:
  /// A new run of `config`, whose messages begin with `source`. Checks all that can be wrong, and writes nothing.
  /// @throws InputError where the device is not there, or cannot do what the config asks for, or its memory is too small.
  Training(const Config& config, const std::string& source, const DeviceOptions& options);
  /// The same for a run that goes on. @throws InputError also where its checkpoint is not of its config.
  Training(Resume resume, const DeviceOptions& options);

  /// From now on step() writes what comes of it into `run`: a new folder with its config.json, or the one that is resumed.
  /// Writes machine.json. @throws RunError when the disk is full.
  void write_into(const RunFolder& run);
  /// Lets go of that folder: others may train in it, and step() writes no more.
  void close();
  /// The files in it; null before write_into and after close.
  RunFiles* files() { return files_ ? &*files_ : nullptr; }

  /// An iteration, with its files where there are some. @pre !trainer().complete() @throws as RunFiles::step
  StepReport step() { return files_ ? files_->step() : trainer_.step(); }

  /// What goes on; null where the run is a new one.
  const Resume* resumed() const { return resume_ ? &*resume_ : nullptr; }
  const Config& config() const { return trainer_.config(); }
  Device& device() { return device_; }
  Trainer& trainer() { return trainer_; }

 private:
  std::optional<Resume> resume_;
  Device device_;
  Trainer trainer_;
  std::optional<RunLock> lock_;
  std::optional<RunFiles> files_;
};

}  // namespace innerloop
