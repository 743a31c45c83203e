// A training run: meta-iterations with their metrics, evaluations and checkpoints.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <vector>

#include "engine/algorithms/algorithm.h"
#include "engine/config/config.h"
#include "engine/device/device.h"
#include "engine/device/state_copy.h"
#include "engine/evaluation/curve.h"
#include "engine/run/checkpoint.h"
#include "engine/run/run_folder.h"

namespace innerloop {

class Trainer {
 public:
  /// Allocates everything and starts at iteration 0.
  /// @throws InputError with the bytes wanted and had, where they do not fit.
  Trainer(const Config& config, Device& device);

  /// Goes on from a checkpoint in place of iteration 0. @throws InputError when it is of another architecture.
  void restore(const Checkpoint& checkpoint);

  /// Iteration `iteration`, from 1, is to be written as `file` (engine/run/batch_file.h).
  /// @throws InputError when `train` will not come by it, or `file` cannot be a file.
  void dump_batch(std::int64_t iteration, const std::filesystem::path& file);

  enum class End { complete, interrupted };
  /// Runs the iterations that are left, and writes metrics and checkpoints into `run`; progress goes to `out`. An
  /// interrupt (engine/run/interrupt.h) ends it after the iteration, with a checkpoint.
  /// @throws RunError when a gradient is not finite, naming iteration and tasks; the newest checkpoint is then that of
  /// the iteration before. RunError too when the disk is full.
  End train(const RunFolder& run, std::ostream& out, bool terminal);

  const RunCounts& counts() const { return counts_; }
  /// θ, [P].
  std::vector<float> params() const;

 private:
  IterationReport iterate();
  void save(const RunFolder& run, const std::vector<StateTensor>& state) const;

  struct Dump {
    std::int64_t iteration;
    std::filesystem::path file;
  };

  const Config config_;
  Device& device_;
  std::unique_ptr<Algorithm> learner_;
  std::unique_ptr<StateCopy> last_;            // the state before the iteration
  std::unique_ptr<CurveEvaluator> evaluator_;  // while `evaluation.every` asks for it
  RunCounts counts_;
  std::optional<Dump> dump_;
};

}  // namespace innerloop
