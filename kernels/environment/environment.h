// What an environment is: a family of tasks with one set of dynamics, written once for every machine.
//
// An environment is a struct of static functions, templates over Real, a pack of numbers: 4, 8 or 16 environments side
// by side on a CPU, one on a GPU lane. They compute with packs alone (no `if` on data: select), call only functions of
// kernels/, and keep nothing between calls. How to write one: docs/adding-an-environment.md.
#pragma once

#include <concepts>
#include <type_traits>
#include <vector>

#include "kernels/lanes/array.h"
#include "kernels/lanes/pack.h"
#include "kernels/lanes/random.h"
#include "kernels/options/task_numbers.h"

namespace innerloop {

/// An action of N real numbers.
template <int N>
struct Continuous {
  static constexpr bool discrete = false;
  static constexpr int size = N;
  template <class Real>
  using Value = Array<Real, N>;
};

/// An action out of `action_count(options)`: its index, from 0.
struct Discrete {
  static constexpr bool discrete = true;
  template <class Real>
  using Value = IntPack<Real>;
};

/// A mask of 32-bit integers (a discrete action compared) as one of Reals, to select them with.
template <class Real>
FN Mask<Real> as_mask(IntPack<Real> mask) {
  return convert<typename Mask<Real>::value_type>(mask);
}

/// A task's numbers where they lie in memory, for a task too large to be held in registers: each lane reads the number at
/// an index of its own.
template <class Real>
class TaskNumbers {
  using T = typename Real::value_type;

 public:
  /// `lane_stride`: from one lane's task to the next one's; 0 where all lanes have the same task.
  FN TaskNumbers(const T* numbers, int lane_stride) : numbers_(numbers), lane_stride_(lane_stride) {}

  FN Real operator[](IntPack<Real> index) const {
    return pack_detail::lanewise<Real>(
        [this](int i) __attribute__((always_inline)) { return numbers_[i]; },
        index + lane_index<IntPack<Real>>() * IntPack<Real>(lane_stride_));
  }

 private:
  const T* numbers_;
  int lane_stride_;
};

/// What `reset` and `step` are handed of a task: a Task, or TaskNumbers where the environment says `task_in_memory`.
template <class E>
inline constexpr bool kTaskInMemory = requires {
  requires E::task_in_memory;
};
template <class E, class Real>
using TaskOf = std::conditional_t<kTaskInMemory<E>, TaskNumbers<Real>, typename E::template Task<Real>>;

/// Draws a task into its place.
template <class E, class Real>
FN void draw_task(const typename E::Options& options, Random<Real>& random,
                  typename E::template Task<Real>& task) {
  if constexpr (kTaskInMemory<E>)
    E::template draw<Real>(options, random, task);
  else
    task = E::template draw<Real>(options, random);
}

/// What a step brings.
template <class Real>
struct Outcome {
  Real reward;      // for what the step did, so computed after it
  Mask<Real> done;  // the episode ends with this step; the time limit is not the environment's business
};

/// The contract. Beside what is checked here:
/// - `name` and `meaning`: what the config and `innerloop list` call the family;
/// - `Options`, with operator==, and `describe(field, options)` (kernels/options/options.h); where options can contradict each
///   other, `validate(options, report)`;
/// - `Task<Real>`, drawn once and held for all episodes of a task, and `State<Real>` hold Reals only;
/// - `task_numbers(options)` (kernels/options/task_numbers.h) names the task's numbers that count, in the order of their fields;
/// - where a task is too large for registers, `static constexpr bool task_in_memory = true`; `draw` then takes as a third
///   argument the Task that it fills.
template <class E>
concept Environment = requires(const typename E::Options& options,
                               typename E::template State<Pack<float, 4>>& state,
                               const TaskOf<E, Pack<float, 4>>& task, Random<Pack<float, 4>>& random,
                               const typename E::Action::template Value<Pack<float, 4>>& action) {
  { E::action_count(options) } -> std::same_as<int>;
  { E::task_numbers(options) } -> std::same_as<std::vector<TaskNumber>>;
  requires kTaskInMemory<E> || requires {
    {
      E::template draw<Pack<float, 4>>(options, random)
      } -> std::same_as<typename E::template Task<Pack<float, 4>>>;
  };
  {
    E::template reset<Pack<float, 4>>(options, task, random)
    } -> std::same_as<typename E::template State<Pack<float, 4>>>;
  {
    E::template observe<Pack<float, 4>>(options, state)
    } -> std::same_as<Array<Pack<float, 4>, E::observation_size>>;
  {
    E::template step<Pack<float, 4>>(options, task, state, action, random)
    } -> std::same_as<Outcome<Pack<float, 4>>>;
};

}  // namespace innerloop
