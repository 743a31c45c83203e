// An environment that uses the whole contract at once: a walk along shelves whose 200 numbers lie in memory, seen as 600
// symbols and two noisy numbers, with two groups of choices of which some are not allowed, and a clock that a trial keeps.
#pragma once

#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/environment/sketch.h"
#include "kernels/lanes/maths.h"
#include "kernels/options/options.h"

namespace innerloop {

struct Workshop {
  static constexpr const char* name = "workshop";
  static constexpr const char* meaning = "shelves, tools and a clock that goes wrong";
  static constexpr int kSymbols = 600, kKinds = 5;

  struct Options {
    int shelves = 199;
    int tools = 3;
    bool operator==(const Options&) const = default;
  };
  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("shelves", o.shelves, between(40, 199), "shelves in a row");
    field("tools", o.tools, between(3, 40), "tools; the first does nothing, the last empties a full shelf");
  }

  using Action = Discrete<2>;  // a move: stay, 1 on, 2 on, 1 back; and a tool
  static constexpr bool state_in_memory = true, has_allowed = true;

  template <class Real>
  struct Task {
    Real bonus;
  };
  template <class Real>
  struct Trial {
    Real clock, drift;
  };

  static std::vector<TaskNumber> task_numbers(const Options&) { return {{"bonus"}}; }
  FN static Observation observation(const Options&) {
    return {.numbers = 2, .symbols = kSymbols, .kinds = kKinds};
  }
  FN static Array<int, 2> action_sizes(const Options& o) { return {4, o.tools}; }
  // The place, then each shelf's content.
  FN static int state_size(const Options& o) { return 1 + o.shelves; }

  template <class Real>
  FN static Task<Real> draw(const Options&, Random<Real>& random) {
    Real bonus(0);
    while (bonus.get(0) < 0.25f) bonus = random.uniform();
    return {bonus};
  }
  template <class Real>
  FN static Trial<Real> begin(const Options&, const Task<Real>&, Random<Real>& random) {
    return {Real(0), random.uniform()};
  }
  template <class Real>
  FN static void reset(const Options& o, const Task<Real>&, Trial<Real>& trial, Random<Real>& random,
                       const StateNumbers<Real>& state) {
    trial.clock = trial.clock + Real(100);
    for (int i = 0; i < 1 + o.shelves; ++i) state.set(i, Real(0));
    const Real shelves(static_cast<typename Real::value_type>(o.shelves));
    state.set(convert<std::int32_t>(random.uniform() * shelves) + IntPack<Real>(1), Real(3));
  }
  template <class Real, class See>
  FN static void observe(const Options& o, const Task<Real>&, const Trial<Real>& trial,
                         const StateNumbers<Real>& state, Random<Real>& random, const See& see) {
    see(0, trial.clock + random.uniform());
    see(1, state[0] + random.uniform());
    for (int p = 0; p < kSymbols; ++p) see.symbol(p, convert<std::int32_t>(state[1 + p % o.shelves]));
  }
  template <class Real>
  FN static Mask<Real> allowed(const Options& o, const Task<Real>&, const Trial<Real>&,
                               const StateNumbers<Real>& state, int group, int choice) {
    if (group == 0) return choice == 3 ? state[0] > Real(0) : Mask<Real>(-1);
    return choice == o.tools - 1 ? here(state) > Real(0) : Mask<Real>(-1);
  }
  template <class Real>
  FN static Outcome<Real> step(const Options& o, const Task<Real>& task, Trial<Real>& trial,
                               const StateNumbers<Real>& state, const Array<IntPack<Real>, 2>& action,
                               Random<Real>& random) {
    using Int = IntPack<Real>;
    using T = typename Real::value_type;
    trial.clock = trial.clock + Real(1) + trial.drift;
    const Real content = here(state);
    const Mask<Real> puts = as_mask<Real>(action[1] == Int(1)) & (content < Real(T(kKinds - 1))),
                     empties = as_mask<Real>(action[1] == Int(o.tools - 1));
    state.set(place(state), select(empties, Real(0), select(puts, content + Real(1), content)));
    const Real by = select(as_mask<Real>(action[0] == Int(3)), Real(-1), convert<T>(action[0]));
    state.set(0, min(state[0] + by, Real(T(o.shelves - 1))));
    return {select(empties, content, Real(0)) * task.bonus + random.uniform(), state[0] > Real(6)};
  }

  // The shelves, who stands before one, and the clock.
  template <class Canvas>
  static void sketch(const Options& o, const Task<Pack<float, 1>>&, const Trial<Pack<float, 1>>& trial,
                     const StateNumbers<Pack<float, 1>>& state, std::span<const float> action,
                     Canvas& canvas) {
    canvas.rectangle(0, 0, o.shelves, 1, Ink::scene);
    canvas.circle(state[0].get(0), 0.5, 0.5, action.empty() ? Ink::goal : Ink::body);
    canvas.line(0, 2, trial.clock.get(0), 2, Ink::part);
  }

 private:
  template <class Real>
  FN static IntPack<Real> place(const StateNumbers<Real>& state) {
    return convert<std::int32_t>(state[0]) + IntPack<Real>(1);
  }
  template <class Real>
  FN static Real here(const StateNumbers<Real>& state) {
    return state[place(state)];
  }
};

static_assert(Environment<Workshop>);

}  // namespace innerloop
