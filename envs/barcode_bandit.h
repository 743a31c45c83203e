// A bandit that comes back: barcodes tell which of some arms pays, and each is shown several times. Ritter et al. 2018.
#pragma once

#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/environment/sketch.h"
#include "kernels/environment/words.h"
#include "kernels/options/options.h"

namespace innerloop {

// An episode is some pulls, as many as the horizon, with one barcode in sight; a trial is a bag of such episodes, in which each
// barcode is presented as often as the others, in any order.
struct BarcodeBandit {
  static constexpr const char* name = "barcode_bandit";
  static constexpr const char* meaning =
      "arms of which barcodes, shown again and again, tell the one that pays";

  static constexpr int kBits = 10, kMaxArms = 10, kMaxPresentations = 10;

  struct Options {
    int arms = 10;
    int presentations = 10;
    float best = 0.9f;
    float others = 0.1f;
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("arms", o.arms, between(2, kMaxArms),
          "number of arms, and of barcodes, each of which has an arm of its own");
    field("presentations", o.presentations, between(1, kMaxPresentations),
          "episodes with each barcode: a trial is arms × presentations episodes, and a longer one starts the "
          "bag anew");
    field("best", o.best, between(0, 1), "probability that the barcode's arm pays 1");
    field("others", o.others, between(0, 1), "that of any other arm");
  }

  using Action = Discrete<>;

  template <class Real>
  struct Task {
    Array<Real, kMaxArms> code;                       // of each barcode: its bits, as a number above 0
    Array<Real, kMaxArms> arm;                        // of each barcode: the arm that pays
    Array<Real, kMaxArms * kMaxPresentations> order;  // of each episode: its barcode's number
  };
  static constexpr bool task_in_memory = true;
  template <class Real>
  struct State {
    Real barcode;  // its number
  };
  template <class Real>
  struct Trial {
    Real episodes;  // that have begun
  };

  static std::vector<TaskNumber> task_numbers(const Options& o) {
    std::vector<TaskNumber> numbers;
    const auto add = [&](const char* of, int count, Range range) {
      for (int i = 0; i < count; ++i) numbers.push_back({of + std::to_string(i), range, true});
    };
    // Unused places of the arrays count, too: 0 there.
    const Range code = between(0, (1 << kBits) - 1), arm = between(0, o.arms - 1);
    add("code_", kMaxArms, code);
    add("arm_", kMaxArms, arm);
    add("order_", kMaxArms * kMaxPresentations, arm);
    return numbers;
  }
  /// Barcodes have a bit that is set and differ, as their arms do.
  static std::optional<TaskFault> task_fault(const Options& o, std::span<const float> task) {
    for (int i = 0; i < o.arms; ++i) {
      const auto fault = [&](const char* of, int at, const std::string& wanted) {
        return TaskFault{of + std::to_string(i), wanted,
                         std::to_string(std::lround(task[static_cast<std::size_t>(at)]))};
      };
      const auto same = [&](int a, int b) {
        return task[static_cast<std::size_t>(a)] == task[static_cast<std::size_t>(b)];
      };
      if (task[static_cast<std::size_t>(i)] == 0) return fault("code_", i, "a barcode above 0");
      for (int other = 0; other < i; ++other) {
        if (same(i, other)) return fault("code_", i, "another barcode than code_" + std::to_string(other));
        if (same(kMaxArms + i, kMaxArms + other))
          return fault("arm_", kMaxArms + i, "another arm than arm_" + std::to_string(other));
      }
    }
    return std::nullopt;
  }
  FN static Observation observation(const Options&) { return {.numbers = kBits}; }
  FN static ContextPart context(const Options&) { return {.first = 0, .count = kBits}; }
  FN static Array<int, 1> action_sizes(const Options& o) { return {o.arms}; }

  /// Barcodes drawn until all differ, a shuffle of the arms, and one of the bag.
  template <class Real>
  FN static void draw(const Options& o, Random<Real>& random, Task<Real>& task) {
    using T = typename Real::value_type;
    const auto below = [&](int count) FN_LAMBDA {
      return static_cast<int>(random.uniform().get(0) * static_cast<T>(count));
    };
    const auto shuffle = [&](Real* numbers, int count) FN_LAMBDA {
      for (int i = count - 1; i > 0; --i) {
        const int other = below(i + 1);
        const Real number = numbers[i];
        numbers[i] = numbers[other];
        numbers[other] = number;
      }
    };
    for (int i = 0; i < kMaxArms; ++i) task.code[i] = task.arm[i] = Real(0);
    for (int i = 0; i < kMaxArms * kMaxPresentations; ++i) task.order[i] = Real(0);
    for (int i = 0; i < o.arms;) {
      task.code[i] = Real(static_cast<T>(1 + below((1 << kBits) - 1)));
      bool is_new = true;
      for (int other = 0; other < i; ++other)
        is_new = is_new && task.code[other].get(0) != task.code[i].get(0);
      i += is_new ? 1 : 0;
    }
    for (int i = 0; i < o.arms; ++i) task.arm[i] = Real(static_cast<T>(i));
    shuffle(&task.arm[0], o.arms);
    for (int i = 0; i < episodes(o); ++i) task.order[i] = Real(static_cast<T>(i % o.arms));
    shuffle(&task.order[0], episodes(o));
  }

  template <class Real>
  FN static Trial<Real> begin(const Options&, const TaskNumbers<Real>&, Random<Real>&) {
    return {Real(0)};
  }

  template <class Real>
  FN static State<Real> reset(const Options& o, const TaskNumbers<Real>& task, Trial<Real>& trial,
                              Random<Real>&) {
    const Real bag(static_cast<typename Real::value_type>(episodes(o)));
    const Real number = select(trial.episodes == bag, Real(0), trial.episodes);
    trial.episodes = number + Real(1);
    return {task[convert<std::int32_t>(number) + IntPack<Real>(2 * kMaxArms)]};
  }

  /// The barcode's bits, the lowest one first.
  template <class Real, class See>
  FN static void observe(const Options&, const TaskNumbers<Real>& task, const Trial<Real>&,
                         const State<Real>& state, Random<Real>&, const See& see) {
    using T = typename Real::value_type;
    using Int = IntPack<Real>;
    const Int code = convert<std::int32_t>(task[convert<std::int32_t>(state.barcode)]);
    for (int bit = 0; bit < kBits; ++bit) see(bit, convert<T>((code >> bit) & Int(1)));
  }

  template <class Real>
  FN static Outcome<Real> step(const Options& o, const TaskNumbers<Real>& task, Trial<Real>&,
                               State<Real>& state, const IntPack<Real>& action, Random<Real>& random) {
    using T = typename Real::value_type;
    const Real good = task[convert<std::int32_t>(state.barcode) + IntPack<Real>(kMaxArms)];
    const Real chance = select(convert<T>(action) == good, Real(o.best), Real(o.others));
    return {select(random.uniform() < chance, Real(1), Real(0)), Mask<Real>(0)};
  }

  static std::string say(const Options&, Seen seen) {
    std::string bits;
    for (float bit : seen.numbers) bits += bit > 0 ? '|' : '.';
    return bits;
  }
  static std::string say_action(const Options&, std::span<const float> action) {
    return "arm " + std::to_string(std::lround(action[0]));
  }
  /// The barcode's number.
  static int state_number(const Options&, const State<Pack<float, 1>>& state) {
    return static_cast<int>(state.barcode.get(0));
  }

  /// The barcode, and under it the arms, of which its own is the goal's; the pulled one is marked.
  template <class Canvas>
  static void sketch(const Options& o, const TaskNumbers<Pack<float, 1>>& task, const Trial<Pack<float, 1>>&,
                     const State<Pack<float, 1>>& state, std::span<const float> action, Canvas& canvas) {
    const auto number = [&](int at) {
      return static_cast<int>(
          task[IntPack<Pack<float, 1>>(at + static_cast<int>(state.barcode.get(0)))].get(0));
    };
    canvas.frame(0, 0, kMaxArms, 5);
    for (int bit = 0; bit < kBits; ++bit) {
      canvas.line(bit + 0.5, 3, bit + 0.5, 3.3, Ink::scene);
      if ((number(0) >> bit) % 2 == 1) canvas.rectangle(bit + 0.2, 3, bit + 0.8, 4.5, Ink::part);
    }
    for (int arm = 0; arm < o.arms; ++arm) {
      canvas.rectangle(arm + 0.1, 0.5, arm + 0.9, 2, arm == number(kMaxArms) ? Ink::goal : Ink::scene);
      if (!action.empty() && arm == static_cast<int>(action[0]))
        canvas.circle(arm + 0.5, 1.25, 0.25, Ink::body);
    }
  }

 private:
  // Of a bag.
  FN static int episodes(const Options& o) { return o.arms * o.presentations; }
};

static_assert(Environment<BarcodeBandit>);

}  // namespace innerloop
