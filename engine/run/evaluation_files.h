// What a run's evaluation leaves in its folder.
#pragma once

#include "engine/evaluation/report.h"
#include "engine/run/run_folder.h"

namespace innerloop {

/// Writes evaluation.json and evaluation_tasks.json, the latter with a line for each task.
/// @throws RunError as write_file_atomically.
void write_evaluation(const RunFolder& run, const Evaluation& evaluation);

}  // namespace innerloop
