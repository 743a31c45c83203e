// The inner step sizes of a config as the kernels take them (kernels/inner/step_size.h): which are learned, which parameters
// they are for, and where they start.
#pragma once

#include <vector>

#include "engine/config/config.h"
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

/// The learned numbers as training starts: [set][number]; empty where none is learned.
std::vector<float> initial_step_sizes(const Config& config, const PolicyShape& shape);

}  // namespace innerloop
