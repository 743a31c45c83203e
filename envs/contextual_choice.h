// Choices by noisy evidence, each in a context of its own that comes back once: who remembers it knows the answer before any
// evidence is there. After the first task of Lu, Chen, Norman and others' study of episodic memory (dnd-lstm).
#pragma once

#include <string>
#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/environment/sketch.h"
#include "kernels/environment/words.h"
#include "kernels/lanes/maths.h"
#include "kernels/options/options.h"

namespace innerloop {

// An episode is some guesses at one context's answer; a trial is an episode in each context, and then one again in each, in
// another order.
struct ContextualChoice {
  static constexpr const char* name = "contextual_choice";
  static constexpr const char* meaning = "guesses by noisy evidence, in contexts that come back once";

  static constexpr int kSize = 32, kMaxContexts = 50;

  enum class Pay { at_the_end, each_guess };

  struct Options {
    int contexts = 50;
    int guesses = 10;
    int noise_steps = 5;
    Pay pay = Pay::at_the_end;
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("contexts", o.contexts, between(1, kMaxContexts),
          "number of contexts: a trial is twice as many episodes, and a longer one starts anew");
    field("guesses", o.guesses, between(1, 1000), "steps after which an episode ends by itself");
    field("noise_steps", o.noise_steps, between(0, 1000),
          "steps at first in which the evidence is noise alone");
    field("pay", o.pay,
          Choices{
              Choice{"at_the_end", "the last step pays 1 for each right guess of the episode"},
              Choice{"each_guess",
                     "1 for a right one: a memory that takes in rewards knows the answer from the first on"}},
          "when guesses are paid for");
  }

  using Action = Discrete<>;  // 0: −1, 1: +1

  template <class Real>
  struct Task {
    Array<Real, kMaxContexts * kSize> context;  // one behind the other
    Array<Real, kMaxContexts> answer;           // of each: −1 or 1
    Array<Real, kMaxContexts> order;            // in which they come back
  };
  static constexpr bool task_in_memory = true;
  template <class Real>
  struct State {
    Real context, steps, right;  // its number; guesses so far, and those that were right
  };
  template <class Real>
  struct Trial {
    Real episodes;  // that have begun
  };

  /// What is used of the task. Behind them are zeros.
  static std::vector<TaskNumber> task_numbers(const Options& o) {
    std::vector<TaskNumber> numbers;
    numbers.reserve(std::size_t{kMaxContexts} * (kSize + 2));
    for (int i = 0; i < kMaxContexts * kSize; ++i)
      numbers.push_back({"context_" + std::to_string(i / kSize) + "_" + std::to_string(i % kSize)});
    for (int i = 0; i < kMaxContexts; ++i)
      numbers.push_back({"answer_" + std::to_string(i), between(-1, 1), true});
    for (int i = 0; i < kMaxContexts; ++i)
      numbers.push_back({"order_" + std::to_string(i), between(0, o.contexts - 1), true});
    return numbers;
  }
  FN static Observation observation(const Options&) { return {.numbers = 2 * kSize}; }
  FN static ContextPart context(const Options&) { return {.first = kSize, .count = kSize}; }
  FN static Array<int, 1> action_sizes(const Options&) { return {2}; }

  /// Contexts of standard normal numbers, answers that are as likely, and a shuffle.
  template <class Real>
  FN static void draw(const Options& o, Random<Real>& random, Task<Real>& task) {
    using T = typename Real::value_type;
    for (int i = 0; i < kMaxContexts * kSize; ++i)
      task.context[i] = i < o.contexts * kSize ? random.normal() : Real(0);
    for (int i = 0; i < kMaxContexts; ++i) {
      task.answer[i] = i < o.contexts ? select(random.uniform() < Real(0.5f), Real(-1), Real(1)) : Real(0);
      task.order[i] = Real(static_cast<T>(i < o.contexts ? i : 0));
    }
    for (int i = o.contexts - 1; i > 0; --i) {
      const int other = static_cast<int>(random.uniform().get(0) * static_cast<T>(i + 1));
      const Real number = task.order[i];
      task.order[i] = task.order[other];
      task.order[other] = number;
    }
  }

  template <class Real>
  FN static Trial<Real> begin(const Options&, const TaskNumbers<Real>&, Random<Real>&) {
    return {Real(0)};
  }

  template <class Real>
  FN static State<Real> reset(const Options& o, const TaskNumbers<Real>& task, Trial<Real>& trial,
                              Random<Real>&) {
    const Real contexts(static_cast<typename Real::value_type>(o.contexts));
    const Real number = select(trial.episodes == contexts + contexts, Real(0), trial.episodes);
    trial.episodes = number + Real(1);
    const Real again = max(number - contexts, Real(0));
    const Real shuffled = task[convert<std::int32_t>(again) + IntPack<Real>(kMaxContexts * (kSize + 1))];
    return {select(number < contexts, number, shuffled), Real(0), Real(0)};
  }

  /// The evidence, normal about the answer in each number and about 0 at first, standard deviation 1; then the context.
  template <class Real, class See>
  FN static void observe(const Options& o, const TaskNumbers<Real>& task, const Trial<Real>&,
                         const State<Real>& state, Random<Real>& random, const See& see) {
    using Int = IntPack<Real>;
    using T = typename Real::value_type;
    const Real about =
        select(state.steps < Real(static_cast<T>(o.noise_steps)), Real(0), answer(task, state));
    for (int d = 0; d < kSize; ++d) see(d, about + random.normal());
    const Int first = convert<std::int32_t>(state.context) * Int(kSize);
    for (int d = 0; d < kSize; ++d) see(kSize + d, task[first + Int(d)]);
  }

  template <class Real>
  FN static Outcome<Real> step(const Options& o, const TaskNumbers<Real>& task, Trial<Real>&,
                               State<Real>& state, const IntPack<Real>& action, Random<Real>&) {
    using T = typename Real::value_type;
    const Mask<Real> up = as_mask<Real>(action == IntPack<Real>(1));
    const Real right = select(select(up, Real(1), Real(-1)) == answer(task, state), Real(1), Real(0));
    state.steps = state.steps + Real(1);
    state.right = state.right + right;
    const Mask<Real> last = state.steps >= Real(static_cast<T>(o.guesses));
    return {o.pay == Pay::each_guess ? right : select(last, state.right, Real(0)), last};
  }

  static std::string say_action(const Options&, std::span<const float> action) {
    return action[0] > 0 ? "+1" : "-1";
  }
  /// The context's number.
  static int state_number(const Options&, const State<Pack<float, 1>>& state) {
    return static_cast<int>(state.context.get(0));
  }

  /// The contexts in a circle, with the present one; the answer above or below the middle is the goal, the guess the body.
  template <class Canvas>
  static void sketch(const Options& o, const TaskNumbers<Pack<float, 1>>& task, const Trial<Pack<float, 1>>&,
                     const State<Pack<float, 1>>& state, std::span<const float> action, Canvas& canvas) {
    for (int i = 0; i < o.contexts; ++i) {
      const double turn = 2 * 3.14159265358979323846 * i / o.contexts, x = std::sin(turn), y = std::cos(turn);
      canvas.circle(x, y, 0.03, Ink::scene);
      if (i == static_cast<int>(state.context.get(0))) canvas.circle(x, y, 0.06, Ink::part);
    }
    canvas.circle(0, 0.3 * answer(task, state).get(0), 0.12, Ink::goal);
    if (!action.empty()) canvas.circle(0, action[0] > 0 ? 0.3 : -0.3, 0.06, Ink::body);
  }

 private:
  template <class Real>
  FN static Real answer(const TaskNumbers<Real>& task, const State<Real>& state) {
    return task[convert<std::int32_t>(state.context) + IntPack<Real>(kMaxContexts * kSize)];
  }
};

static_assert(Environment<ContextualChoice>);

}  // namespace innerloop
