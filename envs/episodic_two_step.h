// The two-step task with cues: what a choice led to, and what that paid, comes back when its context is shown again. Ritter et
// al. 2018.
#pragma once

#include <string>
#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/environment/sketch.h"
#include "kernels/environment/words.h"
#include "kernels/lanes/maths.h"
#include "kernels/options/options.h"

namespace innerloop {

// A trial is 100 choices, an episode of two steps each: the choice, which pays at once, and a look at the state it led to, with
// a context beside it, whose action is not looked at. Before the choices 50 to 74 a context is shown that was seen in one of
// 0 to 24, before 75 to 99 one of 25 to 49: if the choice leads to the state that it led to then, it pays what it paid then.
struct EpisodicTwoStep {
  static constexpr const char* name = "episodic_two_step";
  static constexpr const char* meaning =
      "choices between two states, of which contexts call back what they paid";

  static constexpr int kBits = 10, kUncued = 50, kChoices = 100;

  struct Options {
    float common = 0.9f;
    float high = 0.9f;
    float change = 0.1f;
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("common", o.common, between(0, 1),
          "probability that action i leads to state i, and not to the other");
    field("high", o.high, between(0, 1),
          "probability that the better state pays 1; the other one does with what is left to 1");
    field("change", o.change, between(0, 1),
          "probability, before each choice, that the other state becomes the better");
  }

  using Action = Discrete<>;

  template <class Real>
  struct Task {
    Array<Real, kUncued> code;  // of the context of each uncued choice: its bits, as a number above 0
    Array<Real, kUncued> cue;   // of each cued choice: whose context is shown
  };
  static constexpr bool task_in_memory = true;
  template <class Real>
  struct State {
    Real place;   // 0 before the choice, then the state it led to, 1 or 2
    Real choice;  // its number in the trial
  };
  // What each uncued choice led to, and what it paid, a bit each, in numbers that floats hold exactly.
  static constexpr int kWordBits = 17, kWords = 3;
  template <class Real>
  struct Trial {
    Real episodes;  // that have begun
    Real better;    // the better state, 1 or 2
    Array<Real, kWords> second, paid;
  };

  static std::vector<TaskNumber> task_numbers(const Options&) {
    std::vector<TaskNumber> numbers;
    numbers.reserve(std::size_t{2} * kUncued);
    for (int i = 0; i < kUncued; ++i)
      numbers.push_back({"code_" + std::to_string(i), between(1, (1 << kBits) - 1), true});
    for (int i = 0; i < kUncued; ++i)
      numbers.push_back({"cue_" + std::to_string(kUncued + i), between(0, kUncued - 1), true});
    return numbers;
  }
  FN static Observation observation(const Options&) { return {.numbers = 4 + kBits}; }
  FN static ContextPart context(const Options&) { return {.first = 4, .count = kBits}; }
  FN static Array<int, 1> action_sizes(const Options&) { return {2}; }

  /// Contexts drawn until all differ, and for each cued choice any of the half that it may call back.
  template <class Real>
  FN static void draw(const Options&, Random<Real>& random, Task<Real>& task) {
    using T = typename Real::value_type;
    const auto below = [&](int count) FN_LAMBDA {
      return static_cast<int>(random.uniform().get(0) * static_cast<T>(count));
    };
    for (int i = 0; i < kUncued;) {
      task.code[i] = Real(static_cast<T>(1 + below((1 << kBits) - 1)));
      bool is_new = true;
      for (int other = 0; other < i; ++other)
        is_new = is_new && task.code[other].get(0) != task.code[i].get(0);
      i += is_new ? 1 : 0;
    }
    constexpr int kHalf = kUncued / 2;
    for (int i = 0; i < kUncued; ++i) {
      const int first = i < kHalf ? 0 : kHalf;
      task.cue[i] = Real(static_cast<T>(first + below(kHalf)));
    }
  }

  template <class Real>
  FN static Trial<Real> begin(const Options&, const TaskNumbers<Real>&, Random<Real>& random) {
    Trial<Real> trial;
    trial.episodes = Real(0);
    trial.better = select(random.uniform() < Real(0.5f), Real(1), Real(2));
    for (int word = 0; word < kWords; ++word) trial.second[word] = trial.paid[word] = Real(0);
    return trial;
  }

  template <class Real>
  FN static State<Real> reset(const Options& o, const TaskNumbers<Real>&, Trial<Real>& trial,
                              Random<Real>& random) {
    const Mask<Real> anew = trial.episodes == Real(kChoices);
    for (int word = 0; word < kWords; ++word) {
      trial.second[word] = select(anew, Real(0), trial.second[word]);
      trial.paid[word] = select(anew, Real(0), trial.paid[word]);
    }
    const Real number = select(anew, Real(0), trial.episodes);
    trial.episodes = number + Real(1);
    trial.better = select(random.uniform() < Real(o.change), Real(3) - trial.better, trial.better);
    return {Real(0), number};
  }

  /// 1 at the place, the start first; the choice's number as a part of the 100; then the context's bits, the lowest first: of a
  /// cued choice in both steps, of an uncued one in the second alone, before it zeros.
  template <class Real, class See>
  FN static void observe(const Options&, const TaskNumbers<Real>& task, const Trial<Real>&,
                         const State<Real>& state, Random<Real>&, const See& see) {
    using T = typename Real::value_type;
    using Int = IntPack<Real>;
    for (int place = 0; place < 3; ++place)
      see(place, select(state.place == Real(static_cast<T>(place)), Real(1), Real(0)));
    see(3, state.choice / Real(kChoices));
    const Mask<Real> shown = is_cued(state) | (state.place != Real(0));
    const Int code = convert<std::int32_t>(select(shown, task[called_back(task, state)], Real(0)));
    for (int bit = 0; bit < kBits; ++bit) see(4 + bit, convert<T>((code >> bit) & Int(1)));
  }

  template <class Real>
  FN static Outcome<Real> step(const Options& o, const TaskNumbers<Real>& task, Trial<Real>& trial,
                               State<Real>& state, const IntPack<Real>& action, Random<Real>& random) {
    using T = typename Real::value_type;
    using Int = IntPack<Real>;
    const Mask<Real> chooses = state.place == Real(0), cued = is_cued(state);
    const Real wanted = convert<T>(action) + Real(1);
    const Real to = select(random.uniform() < Real(o.common), wanted, Real(3) - wanted);
    const Real chance = select(to == trial.better, Real(o.high), Real(1) - Real(o.high));
    const Real fresh = select(random.uniform() < chance, Real(1), Real(0));

    const Int of = called_back(task, state), bit = of - of / Int(kWordBits) * Int(kWordBits);
    Real before(0), paid_before(0);
    for (int word = 0; word < kWords; ++word) {
      const Mask<Real> here = as_mask<Real>(of / Int(kWordBits) == Int(word));
      before = select(here, bit_of<Real>(trial.second[word], bit) + Real(1), before);
      paid_before = select(here, bit_of<Real>(trial.paid[word], bit), paid_before);
      const Mask<Real> writes = here & chooses & ~cued;
      trial.second[word] = trial.second[word] + select(writes, (to - Real(1)) * power<Real>(bit), Real(0));
      trial.paid[word] = trial.paid[word] + select(writes, fresh * power<Real>(bit), Real(0));
    }
    const Real reward = select(cued & (to == before), paid_before, fresh);
    state.place = select(chooses, to, state.place);
    return {select(chooses, reward, Real(0)), ~chooses};
  }

  static std::string say(const Options&, Seen seen) {
    std::string said = seen.numbers[0] > 0 ? "start" : seen.numbers[1] > 0 ? "state 1" : "state 2";
    bool shown = false;
    for (float bit : seen.numbers.subspan(4)) shown = shown || bit > 0;
    if (!shown) return said;
    said += ' ';
    for (float bit : seen.numbers.subspan(4)) said += bit > 0 ? '|' : '.';
    return said;
  }
  static std::string say_action(const Options&, std::span<const float> action) {
    return action[0] > 0 ? "to state 2" : "to state 1";
  }
  /// The place, 0 to 2.
  static int state_number(const Options&, const State<Pack<float, 1>>& state) {
    return static_cast<int>(state.place.get(0));
  }

  /// The start below two states, the better of which is the goal; a bar tells how far the trial is.
  template <class Canvas>
  static void sketch(const Options&, const TaskNumbers<Pack<float, 1>>&, const Trial<Pack<float, 1>>& trial,
                     const State<Pack<float, 1>>& state, std::span<const float>, Canvas& canvas) {
    const int place = static_cast<int>(state.place.get(0));
    canvas.frame(-2, -1, 2, 2);
    canvas.line(-2, -0.8, -2 + 4 * state.choice.get(0) / kChoices, -0.8, Ink::part);
    for (int at = 0; at < 3; ++at) {
      const double x = at == 0 ? 0 : 2 * at - 3, y = at == 0 ? 0 : 1.2;
      canvas.circle(x, y, 0.4, at == static_cast<int>(trial.better.get(0)) ? Ink::goal : Ink::scene);
      if (at != place) continue;
      canvas.circle(x, y, 0.2, Ink::body);
      canvas.trace(x, y);
    }
  }

 private:
  template <class Real>
  FN static Mask<Real> is_cued(const State<Real>& state) {
    return state.choice >= Real(kUncued);
  }
  // The uncued choice whose context belongs to this one: itself, or the one that the cue calls back.
  template <class Real>
  FN static IntPack<Real> called_back(const TaskNumbers<Real>& task, const State<Real>& state) {
    const IntPack<Real> number = convert<std::int32_t>(state.choice);
    // A cued choice's number is its cue's place, too: before the cues there are as many codes as uncued choices.
    return select(convert<std::int32_t>(is_cued(state)), convert<std::int32_t>(task[number]), number);
  }
  template <class Real>
  FN static Real power(IntPack<Real> bit) {
    return pack_detail::lanewise<Real>(
        [](std::int32_t b) FN_LAMBDA { return static_cast<typename Real::value_type>(1 << b); }, bit);
  }
  template <class Real>
  FN static Real bit_of(Real word, IntPack<Real> bit) {
    return pack_detail::lanewise<Real>(
        [](auto number, std::int32_t b) FN_LAMBDA {
          return static_cast<typename Real::value_type>((static_cast<std::int32_t>(number) >> b) & 1);
        },
        word, bit);
  }
};

static_assert(Environment<EpisodicTwoStep>);

}  // namespace innerloop
