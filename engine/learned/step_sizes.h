// The inner step sizes of a config as the kernels take them (kernels/inner/step_size.h): which are learned, which parameters
// they are for, and where they start.
#pragma once

#include <vector>

#include "engine/config/config.h"
#include "engine/learned/learned.h"
#include "kernels/inner/step_multipliers.h"
#include "kernels/inner/step_size.h"
#include "kernels/networks/shape.h"

namespace innerloop {

/// For `steps` inner steps of a policy of that shape: training's or an evaluation's.
StepSizeLayout step_size_layout(const InnerLoopOptions& options, const PolicyShape& shape, int steps);

/// Of the network that multiplies step sizes and parameters, where there is one.
MultiplierLayout multiplier_layout(const InnerLoopOptions& options, const PolicyShape& shape);

/// Whether inner steps adapt all parameters.
bool adapts_all(const InnerLoopOptions& options, const PolicyShape& shape);

/// 1 where inner steps adapt the parameter, else 0: [P].
std::vector<float> adapted_parameters(const InnerLoopOptions& options, const PolicyShape& shape);

/// Step sizes that are not learned, `lr` [step] and the last one beyond: [step], or where some parameters are not adapted
/// [step][P].
std::vector<float> fixed_step_sizes(const InnerLoopOptions& options, const PolicyShape& shape,
                                    const std::vector<double>& lr);

/// "log_inner_lr" or "inner_lr": the block of the learned numbers.
const char* step_size_block(const InnerLoopOptions& options);

/// The learned numbers, "log_inner_lr" or "inner_lr" [set, number] (kernels/inner/step_size.h), which start at the step sizes
/// that the config says; no block where none is learned.
std::vector<ParameterBlock> step_size_blocks(const Config& config, const PolicyShape& shape);

/// "hidden_weight" [unit, unit], "hidden_bias" [unit], "output_weight" and "output_bias" of the network that multiplies
/// (kernels/inner/step_multipliers.h), as it starts: its outputs are 1. No block where there is none.
std::vector<ParameterBlock> multiplier_blocks(const Config& config, const PolicyShape& shape);

}  // namespace innerloop
