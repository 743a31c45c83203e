// Training, iteration by iteration. What is written of it is engine/run/run_files.h's, its start engine/run/training.h's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "engine/algorithms/algorithm.h"
#include "engine/config/config.h"
#include "engine/device/device.h"
#include "engine/device/state_copy.h"
#include "engine/error.h"
#include "engine/evaluation/curve.h"
#include "engine/run/checkpoint.h"
#include "engine/run/profiler.h"
#include "engine/stages/iteration_report.h"

namespace innerloop {

/// What came of an iteration.
struct StepReport {
  RunCounts counts;           // with this one
  double seconds = 0;         // that it took
  IterationReport iteration;  // what it did
  std::vector<double>
      evaluation_returns;  // mean return of each point of the curve, if an evaluation was due; else empty
  std::vector<double> evaluation_ci95;  // half widths of their intervals over tasks; NaN of a single task
  std::vector<Timings::Sum> timings;    // what the iteration's seconds went into, if a profiler takes them

  double env_steps_per_second() const { return static_cast<double>(iteration.env_steps) / seconds; }
};

/// As a line of metrics.jsonl: docs/files.md.
nlohmann::ordered_json metrics_json(const StepReport& report);

/// The gradient of an iteration is not finite; the trainer is as it was before this iteration.
struct GradientNotFinite : RunError {
  using RunError::RunError;
};

class Trainer {
 public:
  /// Allocates everything and starts at iteration 0.
  /// @throws InputError with the bytes wanted and had, where they do not fit.
  Trainer(const Config& config, Device& device);

  /// Goes on from a checkpoint in place of iteration 0. @throws InputError when it is of another architecture.
  void restore(const Checkpoint& checkpoint);

  /// Iteration `iteration`, from 1, is to be written as `file` (engine/run/batch_file.h).
  /// @throws InputError when training will not come by it, or `file` cannot be a file.
  void dump_batch(std::int64_t iteration, const std::filesystem::path& file);

  /// From now on `profiler`, which has to live as long as this, looks at iterations.
  void look_on(Profiler& profiler) { profiler_ = &profiler; }

  /// Whether no iteration is left.
  bool complete() const { return counts_.iteration >= config_.iterations; }
  /// One iteration, and an evaluation where it is due. @pre !complete()
  /// @throws GradientNotFinite naming iteration and tasks.
  StepReport step();

  const Config& config() const { return config_; }
  const RunCounts& counts() const { return counts_; }
  const Learned& learned() const { return learner_->learned(); }
  /// Everything that the next iteration depends on.
  std::vector<StateTensor> state() const { return learner_->state(); }
  /// All that is learned, [M], copied; and where it lies on the device.
  std::vector<float> params() const;
  const float* device_params() const { return learner_->params(); }
  /// Writes the checkpoint of where training is into the run's folder, and deletes those that are not kept.
  void save(const std::filesystem::path& run) const;

 private:
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
  Profiler* profiler_ = nullptr;
};

}  // namespace innerloop
