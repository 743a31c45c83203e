// A random Markov decision process of a few states and actions. Duan et al. 2016 (RL²), section 3.2.
#pragma once

#include <cmath>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/environment/sketch.h"
#include "kernels/environment/words.h"
#include "kernels/lanes/maths.h"
#include "kernels/options/options.h"

namespace innerloop {

struct TabularMdp {
  static constexpr const char* name = "tabular_mdp";
  static constexpr const char* meaning = "a small Markov decision process of random transitions and rewards";

  static constexpr int kMaxStates = 16, kMaxActions = 8;
  static constexpr int kMaxNumbers = kMaxStates * kMaxActions * (kMaxStates + 1);

  struct Options {
    int states = 10;
    int actions = 5;
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("states", o.states, between(2, kMaxStates), "number of states; an episode starts in state 0");
    field("actions", o.actions, between(2, kMaxActions), "number of actions");
  }

  using Action = Discrete<>;

  /// First P(s'|s, a), at (s · actions + a) · states + s'; then the mean rewards R(s, a), at s · actions + a behind them;
  /// then zeros.
  template <class Real>
  struct Task {
    Array<Real, kMaxNumbers> number;
  };
  static constexpr bool task_in_memory = true;
  template <class Real>
  struct State {
    Real number;
  };

  /// p_s_a_s' and reward_s_a. The last state's probability is what the others' leave to 1.
  static std::vector<TaskNumber> task_numbers(const Options& o) {
    std::vector<TaskNumber> numbers;
    const auto of = [&](int pair) {
      return "_" + std::to_string(pair / o.actions) + "_" + std::to_string(pair % o.actions);
    };
    for (int pair = 0; pair < pairs(o); ++pair)
      for (int s = 0; s < o.states; ++s)
        numbers.push_back({"p" + of(pair) + "_" + std::to_string(s), between(0, 1)});
    for (int pair = 0; pair < pairs(o); ++pair) numbers.push_back({"reward" + of(pair)});
    return numbers;
  }
  /// The probabilities of a state and an action sum to 1, but for what decimals round away.
  static std::optional<TaskFault> task_fault(const Options& o, std::span<const float> task) {
    for (int pair = 0; pair < pairs(o); ++pair) {
      double sum = 0;
      for (int s = 0; s < o.states; ++s) sum += task[static_cast<std::size_t>(pair * o.states + s)];
      if (std::abs(sum - 1) <= 1.001e-3) continue;
      char found[32];
      std::snprintf(found, sizeof found, "%.6g", sum);
      const std::string first =
          "p_" + std::to_string(pair / o.actions) + "_" + std::to_string(pair % o.actions) + "_";
      return TaskFault{first + "0",
                       first + "0 to " + first + std::to_string(o.states - 1) + " that sum to 1, to 0.001",
                       std::string("a sum of ") + found};
    }
    return std::nullopt;
  }
  FN static Observation observation(const Options&) { return {.numbers = kMaxStates}; }
  FN static Array<int, 1> action_sizes(const Options& o) { return {o.actions}; }

  /// Each P(·|s, a) ~ Dirichlet(1, …, 1), that is exponential numbers divided by their sum; each R(s, a) ~ N(1, 1).
  template <class Real>
  FN static void draw(const Options& o, Random<Real>& random, Task<Real>& task) {
    for (int pair = 0; pair < pairs(o); ++pair) {
      Real* p = &task.number[pair * o.states];
      Real sum(0);
      for (int s = 0; s < o.states; ++s) {
        p[s] = -log(Real(1) - random.uniform());
        sum = sum + p[s];
      }
      for (int s = 0; s < o.states; ++s) p[s] = p[s] / sum;
    }
    const int rewards = pairs(o) * o.states, end = rewards + pairs(o);
    for (int i = rewards; i < end; ++i) task.number[i] = Real(1) + random.normal();
    for (int i = end; i < kMaxNumbers; ++i) task.number[i] = Real(0);
  }

  template <class Real>
  FN static State<Real> reset(const Options&, const TaskNumbers<Real>&, Random<Real>&) {
    return {Real(0)};
  }

  /// 1 at the state's number, 0 elsewhere.
  template <class Real, class See>
  FN static void observe(const Options&, const TaskNumbers<Real>&, const State<Real>& state, Random<Real>&,
                         const See& see) {
    for (int s = 0; s < kMaxStates; ++s)
      see(s, select(state.number == Real(static_cast<typename Real::value_type>(s)), Real(1), Real(0)));
  }

  /// The reward is normal about R(s, a) of the state that is left, standard deviation 1.
  template <class Real>
  FN static Outcome<Real> step(const Options& o, const TaskNumbers<Real>& task, State<Real>& state,
                               const IntPack<Real>& action, Random<Real>& random) {
    using Int = IntPack<Real>;
    const Int pair = convert<std::int32_t>(state.number) * Int(o.actions) + action;
    // The first state whose cumulated probability exceeds u; the last where rounding leaves none.
    const Real u = random.uniform();
    Real next(0), cumulated(0);
    for (int s = 0; s + 1 < o.states; ++s) {
      cumulated = cumulated + task[pair * Int(o.states) + Int(s)];
      next = next + select(u >= cumulated, Real(1), Real(0));
    }
    state.number = next;
    return {task[pair + Int(pairs(o) * o.states)] + random.normal(), Mask<Real>(0)};
  }

  static std::string say(const Options&, Seen seen) {
    return "state " + std::to_string(std::ranges::max_element(seen.numbers) - seen.numbers.begin());
  }
  static int state_number(const Options&, const State<Pack<float, 1>>& state) {
    return static_cast<int>(state.number.get(0));
  }

  /// The states in a circle, and the way between them; the one of the best mean reward is the goal's. Within it the actions
  /// in a row, with the one that led here.
  template <class Canvas>
  static void sketch(const Options& o, const TaskNumbers<Pack<float, 1>>& task,
                     const State<Pack<float, 1>>& state, std::span<const float> action, Canvas& canvas) {
    const auto reward = [&](int pair) {
      return task[IntPack<Pack<float, 1>>(pairs(o) * o.states + pair)].get(0);
    };
    int best = 0;
    for (int pair = 1; pair < pairs(o); ++pair)
      if (reward(pair) > reward(best)) best = pair;
    const int here = static_cast<int>(state.number.get(0));
    for (int s = 0; s < o.states; ++s) {
      const double turn = 2 * 3.14159265358979323846 * s / o.states, x = std::sin(turn), y = std::cos(turn);
      canvas.circle(x, y, 0.1, s == best / o.actions ? Ink::goal : Ink::scene);
      if (s != here) continue;
      canvas.circle(x, y, 0.06, Ink::body);
      canvas.trace(x, y);
    }
    for (int a = 0; a < o.actions; ++a) {
      const double x = 0.18 * (a - 0.5 * (o.actions - 1));
      canvas.circle(x, 0, 0.06, Ink::scene);
      if (!action.empty() && a == static_cast<int>(action[0])) canvas.circle(x, 0, 0.06, Ink::part);
    }
  }

 private:
  // Of a state and an action.
  FN static int pairs(const Options& o) { return o.states * o.actions; }
};

static_assert(Environment<TabularMdp>);

}  // namespace innerloop
