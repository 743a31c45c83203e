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

// An action of N real numbers. `size` is how many numbers a batch keeps of an action: here N, of discrete ones an index a
// group.
template <int N>
struct Continuous {
  static constexpr bool discrete = false;
  static constexpr int size = N;
  template <class Real>
  using Value = Array<Real, N>;
};

// `Groups` choices at once, each out of a group of its own: the indices, from 0, below `action_sizes(options)`. One group's
// action is its index alone.
template <int Groups = 1>
struct Discrete {
  static constexpr bool discrete = true;
  static constexpr int size = Groups;
  template <class Real>
  using Value = std::conditional_t<Groups == 1, IntPack<Real>, Array<IntPack<Real>, Groups>>;
};

// The index that a discrete action has in a group.
template <class Real, class Action>
FN auto& chosen_in(Action& action, int group) {
  if constexpr (std::is_same_v<std::remove_const_t<Action>, IntPack<Real>>)
    return action;
  else
    return action[group];
}

// What is seen of an environment: real numbers, and symbols, each of which is one of `kinds`, from 0.
struct Observation {
  int numbers = 0;
  int symbols = 0;
  int kinds = 0;  // of each symbol; 0 where there are none
};

// The part of what is seen that says which context the environment is in: `count` of its numbers, from number `first` on. A
// memory that looks for like contexts takes its keys from there.
struct ContextPart {
  int first = 0;
  int count = 0;  // 0: the environment has none
};

// A mask of 32-bit integers (a discrete action compared) as one of Reals, to select them with.
template <class Real>
FN Mask<Real> as_mask(IntPack<Real> mask) {
  return convert<typename Mask<Real>::value_type>(mask);
}

// A task's numbers where they lie in memory, for a task too large to be held in registers: each lane reads the number at
// an index of its own.
template <class Real>
class TaskNumbers {
  using T = typename Real::value_type;

 public:
  // `lane_stride`: from one lane's task to the next one's; 0 where all lanes have the same task.
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

// A state's numbers where they lie in memory, for a state too large for registers: number i of a lane is at
// numbers[i · stride + lane]. Lanes outside the mask keep what they have.
template <class Real>
class StateNumbers {
  using T = typename Real::value_type;

 public:
  FN StateNumbers(T* numbers, int stride, Mask<Real> writes)
      : numbers_(numbers), stride_(stride), writes_(writes) {}

  // The same numbers; only these lanes write.
  FN StateNumbers only(Mask<Real> lanes) const { return {numbers_, stride_, lanes}; }

  FN Real operator[](int index) const { return load<Real>(numbers_ + static_cast<long>(index) * stride_); }
  // Each lane reads the number at an index of its own.
  FN Real operator[](IntPack<Real> index) const {
    return pack_detail::lanewise<Real>(
        [this](int i) __attribute__((always_inline)) { return numbers_[i]; }, places(index));
  }
  FN void set(int index, Real x) const {
    T* const at = numbers_ + static_cast<long>(index) * stride_;
    store(at, select(writes_, x, load<Real>(at)));
  }
  // Each lane writes the number at an index of its own.
  FN void set(IntPack<Real> index, Real x) const {
    const IntPack<Real> place = places(index);
    for (int lane = 0; lane < Real::lanes; ++lane)
      if (writes_.get(lane) != 0) numbers_[place.get(lane)] = x.get(lane);
  }

 private:
  FN IntPack<Real> places(IntPack<Real> index) const {
    return index * IntPack<Real>(stride_) + lane_index<IntPack<Real>>();
  }

  T* numbers_;
  int stride_;
  Mask<Real> writes_;
};

// What the functions are handed of a task: a Task, or TaskNumbers where the environment says `task_in_memory`.
template <class E>
inline constexpr bool kTaskInMemory = requires {
  requires E::task_in_memory;
};
template <class E, class Real>
using TaskOf = std::conditional_t<kTaskInMemory<E>, TaskNumbers<Real>, typename E::template Task<Real>>;

namespace environment_detail {
template <class E, class Real>
struct StateType {
  using type = StateNumbers<Real>;
};
template <class E, class Real>
requires requires { typename E::template State<Real>; }
struct StateType<E, Real> {
  using type = typename E::template State<Real>;
};

template <class E, class Real>
struct TrialType {
  struct type {};
};
template <class E, class Real>
requires requires { typename E::template Trial<Real>; }
struct TrialType<E, Real> {
  using type = typename E::template Trial<Real>;
};

struct AnySink {
  template <class Real>
  FN void operator()(int, Real) const {}
  template <class Symbol>
  FN void symbol(int, Symbol) const {}
};
}  // namespace environment_detail

// Likewise of a state: a State, or StateNumbers where the environment says `state_in_memory`.
template <class E>
inline constexpr bool kStateInMemory = requires {
  requires E::state_in_memory;
};
template <class E, class Real>
using StateOf = typename environment_detail::StateType<E, Real>::type;

// The record that a trial keeps beside its task; one without fields where the environment has none.
template <class E>
inline constexpr bool kHasTrial = requires {
  typename E::template Trial<Pack<float, 4>>;
};
template <class E, class Real>
using TrialOf = typename environment_detail::TrialType<E, Real>::type;

// Whether some choices are not allowed in some states.
template <class E>
inline constexpr bool kHasAllowed = requires {
  requires E::has_allowed;
};

// Numbers that a policy puts out for an action: one a dimension, or one a choice, group by group.
template <class E>
FN int action_outputs(const typename E::Options& options) {
  if constexpr (E::Action::discrete) {
    const Array<int, E::Action::size> sizes = E::action_sizes(options);
    int all = 0;
    for (int group = 0; group < E::Action::size; ++group) all += sizes[group];
    return all;
  } else {
    return E::Action::size;
  }
}

// Draws a task into its place.
template <class E, class Real>
FN void draw_task(const typename E::Options& options, Random<Real>& random,
                  typename E::template Task<Real>& task) {
  if constexpr (kTaskInMemory<E>)
    E::template draw<Real>(options, random, task);
  else
    task = E::template draw<Real>(options, random);
}

// What an environment calls its context; none where it says nothing of one.
template <class E>
FN ContextPart context_of(const typename E::Options& options) {
  if constexpr (requires { E::context(options); })
    return E::context(options);
  else
    return {};
}

template <class E>
inline constexpr bool kPaysAlike = requires {
  requires E::pays_alike;
};

// What a step brings.
template <class Real>
struct Outcome {
  Real reward;            // for what the step did, so computed after it
  Mask<Real> terminated;  // the episode ends with this step by itself; a time limit is its runner's business
};

namespace environment_detail {
// The functions that an episode calls; Trial is one type, or none.
template <class E, class Real, class... Trial>
concept Plays = requires(const typename E::Options& options, const TaskOf<E, Real>& task, Trial&... trial,
                         StateOf<E, Real>& state, Random<Real>& random, const AnySink& see,
                         const typename E::Action::template Value<Real>& action) {
  E::template observe<Real>(options, task, trial..., state, random, see);
  { E::template step<Real>(options, task, trial..., state, action, random) } -> std::same_as<Outcome<Real>>;
  requires kStateInMemory<E> || requires {
    { E::template reset<Real>(options, task, trial..., random) } -> std::same_as<StateOf<E, Real>>;
  };
  requires !kStateInMemory<E> || requires {
    E::template reset<Real>(options, task, trial..., random, state);
    { E::state_size(options) } -> std::same_as<int>;
  };
  requires !kHasAllowed<E> || requires {
    { E::template allowed<Real>(options, task, trial..., state, 0, 0) } -> std::same_as<Mask<Real>>;
  };
};
}  // namespace environment_detail

// The contract. Beside what is checked here:
// - `name` and `meaning`: what the config and `innerloop list` call the family;
// - `Options`, with operator==, and `describe(field, options)` (kernels/options/options.h); where options can contradict each
//   other, `validate(options, report)`;
// - `Task<Real>`, drawn once and held for all episodes of a task, and `State<Real>` hold Reals only;
// - `task_numbers(options)` (kernels/options/task_numbers.h) names the task's numbers that count, in the order of their fields;
// - `draw` runs alone, for one task at a time (Real has one lane), so loops that depend on what was drawn are fine there,
//   and so is `if` on `number.get(0)`: maps may be carved. All others compute many environments at once;
// - where a task is too large for registers, `static constexpr bool task_in_memory = true`; `draw` then takes as a third
//   argument the Task that it fills;
// - `observe` hands each number d of `observation(options)` to `see(d, x)`, and each symbol p, an IntPack, to
//   `see.symbol(p, s)`, in every state. Its random numbers (noise of sensors) are no other function's.
//
// What it may have beside:
// - `static constexpr bool state_in_memory = true` and `state_size(options)` in place of `State<Real>`: the functions take
//   StateNumbers<Real>. `reset` takes it as its last argument and sets each number; `step` changes it in place;
// - `Trial<Real>`, a record of Reals that a trial keeps through its episodes, beside the task: what `begin(options, task,
//   random)` returns when the trial begins. All other functions then take it behind the task; `reset` and `step` may change
//   it, `observe` and `allowed` may not. Where trajectories are drawn for an inner loop (kernels/inner/rollout.h), a batch of
//   them is one trial of each environment;
// - `static constexpr bool has_allowed = true` and `allowed<Real>(options, task, state, group, choice)`, of discrete actions:
//   the lanes on which the choice may be taken. One choice of each group may be, in every state;
// - `static ContextPart context(options)` where contexts are shown that come back: which of the numbers seen they are, the
//   first or the last ones, next to each other. All of them are 0 where no context is shown, and only there;
// - `static constexpr bool pays_alike = true` where every step pays the same, so that only the length of an episode counts;
// - words and a picture for people, on the host alone: kernels/environment/words.h, kernels/environment/sketch.h.
template <class E>
concept Environment = requires(const typename E::Options& options, const TaskOf<E, Pack<float, 4>>& task,
                               Random<Pack<float, 4>>& random) {
  { E::observation(options) } -> std::same_as<Observation>;
  { E::task_numbers(options) } -> std::same_as<std::vector<TaskNumber>>;
  requires kTaskInMemory<E> || requires {
    {
      E::template draw<Pack<float, 4>>(options, random)
      } -> std::same_as<typename E::template Task<Pack<float, 4>>>;
  };
  requires !E::Action::discrete || requires {
    { E::action_sizes(options) } -> std::same_as<Array<int, E::Action::size>>;
  };
  requires kHasTrial<E> || environment_detail::Plays<E, Pack<float, 4>>;
  requires !kHasTrial<E> ||
      (environment_detail::Plays<E, Pack<float, 4>, TrialOf<E, Pack<float, 4>>> && requires {
        {
          E::template begin<Pack<float, 4>>(options, task, random)
          } -> std::same_as<TrialOf<E, Pack<float, 4>>>;
      });
};

}  // namespace innerloop
