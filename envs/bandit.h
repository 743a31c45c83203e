// A bandit with several arms; each pull is an episode of one step. Duan et al. 2016 (RL²), appendix.
#pragma once

#include <string>
#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/environment/sketch.h"
#include "kernels/environment/words.h"
#include "kernels/options/options.h"

namespace innerloop {

struct Bandit {
  static constexpr const char* name = "bandit";
  static constexpr const char* meaning = "arms of unknown mean reward; an episode is one pull";

  enum class Reward { bernoulli, gaussian };
  static constexpr int kMaxArms = 50;

  struct Options {
    int arms = 5;
    Reward reward = Reward::bernoulli;
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("arms", o.arms, between(2, kMaxArms), "number of arms");
    field("reward", o.reward,
          Choices{Choice{"bernoulli", "1 with the arm's probability, else 0"},
                  Choice{"gaussian", "normal about the arm's mean, standard deviation 1"}},
          "what a pull pays; the arms' probabilities or means are uniform in [0, 1]");
  }

  using Action = Discrete<>;

  template <class Real>
  struct Task {
    Array<Real, kMaxArms> arm;  // probability or mean; 0 beyond the last arm
  };
  template <class Real>
  struct State {};

  static std::vector<TaskNumber> task_numbers(const Options& o) {
    const Range range = o.reward == Reward::bernoulli ? between(0, 1) : any_number();
    std::vector<TaskNumber> numbers;
    numbers.reserve(static_cast<std::size_t>(o.arms));
    for (int i = 0; i < o.arms; ++i) numbers.push_back({"arm_" + std::to_string(i), range});
    return numbers;
  }
  FN static Observation observation(const Options&) { return {.numbers = 1}; }
  FN static Array<int, 1> action_sizes(const Options& o) { return {o.arms}; }

  template <class Real>
  FN static Task<Real> draw(const Options& options, Random<Real>& random) {
    Task<Real> task;
    for (int i = 0; i < kMaxArms; ++i) task.arm[i] = i < options.arms ? random.uniform() : Real(0);
    return task;
  }

  template <class Real>
  FN static State<Real> reset(const Options&, const Task<Real>&, Random<Real>&) {
    return {};
  }

  /// There is nothing to see: always 0.
  template <class Real, class See>
  FN static void observe(const Options&, const Task<Real>&, const State<Real>&, Random<Real>&,
                         const See& see) {
    see(0, Real(0));
  }

  template <class Real>
  FN static Outcome<Real> step(const Options& options, const Task<Real>& task, State<Real>&,
                               const IntPack<Real>& action, Random<Real>& random) {
    Real arm(0);
    for (int i = 0; i < options.arms; ++i)
      arm = select(as_mask<Real>(action == IntPack<Real>(i)), task.arm[i], arm);
    const Mask<Real> done(-1);
    if (options.reward == Reward::gaussian) return {arm + random.normal(), done};
    return {select(random.uniform() < arm, Real(1), Real(0)), done};
  }

  static std::string say(const Options&, Seen) { return "-"; }
  static std::string say_action(const Options&, std::span<const float> action) {
    return "arm " + std::to_string(std::lround(action[0]));
  }
  /// What hand-written learners call a state.
  static int state_number(const Options&, const State<Pack<float, 1>>&) { return 0; }

  /// A bar for each arm, as high as its mean, the best the goal's; the pulled one is marked.
  template <class Canvas>
  static void sketch(const Options& o, const Task<Pack<float, 1>>& task, const State<Pack<float, 1>>&,
                     std::span<const float> action, Canvas& canvas) {
    const double top = 0.6 * o.arms;
    int best = 0;
    for (int i = 1; i < o.arms; ++i)
      if (task.arm[i].get(0) > task.arm[best].get(0)) best = i;
    canvas.frame(0, 0, o.arms, top);
    for (int i = 0; i < o.arms; ++i)
      canvas.rectangle(i + 0.1, 0, i + 0.9, top * task.arm[i].get(0), i == best ? Ink::goal : Ink::scene);
    if (action.empty()) return;
    const int pulled = static_cast<int>(action[0]);
    canvas.rectangle(pulled + 0.3, 0, pulled + 0.7, top * task.arm[pulled].get(0), Ink::body);
  }
};

static_assert(Environment<Bandit>);

}  // namespace innerloop
