// How steps read in a terminal: what an environment may say in its own header, on the host alone.
//
//   static std::string say(const Options&, Seen)                               what was seen
//   static std::string say_action(const Options&, std::span<const float>)      what was done, as a batch keeps it
//   static std::optional<TaskFault> task_fault(const Options&, std::span<const float>)   of a given task (TaskFault says)
//   static int state_number(const Options&, const State<Pack<float, 1>>&)      what hand-written learners call a state
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "kernels/lanes/pack.h"
#include "kernels/options/task_numbers.h"

namespace innerloop {

/// What was seen in one step.
struct Seen {
  std::span<const float> numbers;
  std::span<const std::int32_t> symbols = {};
};

template <class E>
concept SaysWhatIsSeen = requires(const typename E::Options& options, Seen seen) {
  { E::say(options, seen) } -> std::same_as<std::string>;
};
template <class E>
concept SaysWhatIsDone = requires(const typename E::Options& options, std::span<const float> action) {
  { E::say_action(options, action) } -> std::same_as<std::string>;
};
template <class E>
concept ChecksTasks = requires(const typename E::Options& options, std::span<const float> task) {
  { E::task_fault(options, task) } -> std::same_as<std::optional<TaskFault>>;
};
/// Environments without a number for each state have no hand-written learners.
template <class E>
concept HasStateNumbers = requires(const typename E::Options& options,
                                   const typename E::template State<Pack<float, 1>>& state) {
  { E::state_number(options, state) } -> std::same_as<int>;
};

}  // namespace innerloop
