// Choices that both the kernels and the config know by name.
#pragma once

namespace innerloop {

enum class Activation { tanh, relu };

/// The inner surrogate, a rule per trajectory.
enum class EstimatorName { reinforce, ratio, clipped, dice };

enum class BaselineName { none, linear };

/// What becomes of the rest of a trajectory when its episode ends before the horizon.
enum class AtEpisodeEnd { stop, restart };

enum class Precision { float32 };

}  // namespace innerloop
