// One run of a sweep, as far as it is to go for now.
#pragma once

#include <string>

#include "engine/config/config.h"
#include "engine/device/device.h"
#include "engine/run/run_folder.h"
#include "engine/sweep/sweep.h"
#include "engine/sweep/sweep_folder.h"

namespace innerloop {

/// Trains `run` until `iterations` of its config's are done, from its newest checkpoint or from the start, evaluates it and
/// writes what came of it: the same bits however often it was stopped on the way, here or by a signal
/// (engine/run/interrupt.h). False: it was. What fails is an outcome too.
/// @throws InputError where the run's folder is of another config; RunError where even the outcome cannot be written.
bool train_point(const Config& config, const std::string& source, const RunFolder& run, int iterations,
                 const DeviceOptions& device, const Metric& metric);

}  // namespace innerloop
