// The files that a run writes while it trains: metrics.jsonl, TensorBoard's events, checkpoints.
#pragma once

#include <cstdint>
#include <ostream>

#include "engine/run/metrics_log.h"
#include "engine/run/run_folder.h"
#include "engine/run/tensorboard.h"
#include "engine/run/trainer.h"

namespace innerloop {

class RunFiles {
 public:
  /// Opens those of `run`. At iteration 0 it writes a checkpoint, so that a run can go on that is killed before its first one
  /// is due. `trainer` has to live as long as this. @throws RunError when the disk is full.
  RunFiles(const RunFolder& run, Trainer& trainer);

  /// A step of the trainer's, its metrics, and a checkpoint when it is due or the last.
  /// @throws GradientNotFinite, naming the checkpoint of the iteration before, which it writes. RunError when the disk is full.
  StepReport step();
  /// Writes the checkpoint of where the trainer is, unless it is there.
  void save();

  Trainer& trainer() { return trainer_; }

 private:
  const RunFolder run_;
  Trainer& trainer_;
  MetricsLog metrics_;
  TensorBoardLog tensorboard_;
  std::int64_t saved_ = -1;  // the iteration of the newest checkpoint that this wrote
};

enum class End { complete, interrupted };

/// Steps until the end, with progress on `out`. An interrupt (engine/run/interrupt.h) ends it after the iteration, with a
/// checkpoint. @throws as RunFiles::step
End train(RunFiles& files, std::ostream& out, bool terminal);

}  // namespace innerloop
