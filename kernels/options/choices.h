// Choices that both the kernels and the config know by name.
#pragma once

namespace innerloop {

enum class Activation { tanh, relu };

// The inner surrogate, a rule per trajectory.
enum class EstimatorName { reinforce, ratio, clipped, dice };

enum class BaselineName { none, linear, network };

// How a context enters the policy: as further inputs, or by scaling and shifting the first hidden layer (FiLM).
enum class ContextInput { concatenate, film };

// What becomes of the rest of a trajectory when its episode ends before the horizon.
enum class AtEpisodeEnd { stop, restart };

// What the value is taken to be where an episode is cut off: nothing, or what the baseline gives to what is seen there.
enum class AtTimeLimit { zero, bootstrap };

// How products of matrices are computed. With tf32 and bf16, tensor cores multiply numbers that were rounded to 11 or 8
// significant bits, and add up in float32.
enum class Precision { float32, tf32, bf16 };

}  // namespace innerloop
