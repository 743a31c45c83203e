// A pack of environments in the middle of their episodes: the one place that knows which parts of the contract an
// environment has (kernels/environment/environment.h). Rollouts and trials call all environments alike through it.
#pragma once

#include "kernels/environment/fields.h"
#include "kernels/environment/mask_words.h"

namespace innerloop {

// Numbers of an environment between two steps: its state's, then its trial's.
template <class Env>
FN int episode_size(const typename Env::Options& options) {
  return state_size<Env>(options) + kTrialSize<Env>;
}

// Words of the mask of what is allowed.
template <class Env>
FN int action_words(const typename Env::Options& options) {
  return mask_words(action_outputs<Env>(options));
}

// Where `observe` puts what is seen: numbers by number(d, x), symbols by symbol(p, s).
template <class Number, class Symbol>
class Sink {
 public:
  FN Sink(const Number& number, const Symbol& symbol) : number_(number), symbol_(symbol) {}

  template <class Real>
  FN void operator()(int d, Real x) const {
    number_(d, x);
  }
  template <class Int>
  FN void symbol(int place, Int s) const {
    symbol_(place, s);
  }

 private:
  const Number& number_;
  const Symbol& symbol_;
};

// The steps and the resets of a team are calls on a processor; its name in theirs keeps instruction sets apart.
template <class Env, class L, class Team = void>
class Episode {
  using T = typename L::value_type;
  using State = StateOf<Env, L>;
  using Trial = TrialOf<Env, L>;

 public:
  // Of environments whose numbers are at `numbers` and the lanes beside it, [episode_size][stride]. The lanes of `moving`
  // are those that may change.
  FN Episode(const typename Env::Options& options, const TaskOf<Env, L>& task, T* numbers, int stride,
             Mask<L> moving = Mask<L>(-1))
      : options_(options),
        task_(task),
        numbers_(numbers),
        stride_(stride),
        state_(state_at(numbers, stride, moving)) {}

  // Reads what the last save left; a trial that begins has nothing to read.
  FN void read() {
    if constexpr (!kStateInMemory<Env>)
      state_ =
          gather_fields<L, State>([&](int i) FN_LAMBDA { return load<L>(numbers_ + long{i} * stride_); });
    trial_ = gather_fields<L, Trial>([&](int i) FN_LAMBDA { return load<L>(trial_number(i)); });
  }
  FN void save() const {
    if constexpr (!kStateInMemory<Env>)
      scatter_fields<L>(state_, [&](int i, L x) FN_LAMBDA { store(numbers_ + long{i} * stride_, x); });
    scatter_fields<L>(trial_, [&](int i, L x) FN_LAMBDA { store(trial_number(i), x); });
  }

  // A trial begins, with its first episode.
  FN void begin(Random<L> trial_random, Random<L> reset_random) {
    if constexpr (kHasTrial<Env>) trial_ = Env::template begin<L>(options_, task_, trial_random);
    reset(state_, trial_, reset_random);
  }

  // The same where others go on: on the lanes of `trials` a trial begins, and on those of `lanes`, which has these, an
  // episode.
  FN void begin(Mask<L> trials, Mask<L> lanes, Random<L> trial_random, Random<L> reset_random) {
    if constexpr (kHasTrial<Env>)
      if (any(trials)) trial_ = chosen(trials, Env::template begin<L>(options_, task_, trial_random), trial_);
    restart(lanes, reset_random);
  }

  // Hands what is seen to `see`.
  template <class See>
  FN void observe(Random<L> random, const See& see) const {
    with_trial(trial_, [&](const auto&... trial) FN_LAMBDA {
      Env::template observe<L>(options_, task_, trial..., state_, random, see);
    });
  }

  template <class Action>
  HOST_CALL Outcome<L> step(const Action& action, Random<L> random) {
    return with_trial(trial_, [&](auto&... trial) FN_LAMBDA {
      return Env::template step<L>(options_, task_, trial..., state_, action, random);
    });
  }

  // Puts itself on a canvas (kernels/environment/sketch.h); `action` is what led to here. On the host, for one environment.
  template <class Action, class Canvas>
  void sketch(const Action& action, Canvas& canvas) const {
    with_trial(trial_,
               [&](const auto&... trial) { Env::sketch(options_, task_, trial..., state_, action, canvas); });
  }

  // On these lanes the next episode starts; the others stay as they are.
  FN void restart(Mask<L> lanes, Random<L> random) {
    Trial trial = trial_;
    if constexpr (kStateInMemory<Env>) {
      if (!any(lanes)) return;
      State state = state_.only(lanes);
      reset(state, trial, random);
    } else {
      State state;
      reset(state, trial, random);
      state_ = chosen(lanes, state, state_);
    }
    trial_ = chosen(lanes, trial, trial_);
  }

  // Where no episode follows, lanes outside `moves` stand still as in `before`, an episode before its last step: what they
  // observe stays finite. A state in memory has no before; its lanes that `ended` with this step stand at a start.
  FN void stand_still(Mask<L> moves, Mask<L> ended, const Episode& before, Random<L> random) {
    if constexpr (kStateInMemory<Env>)
      restart(ended, random);
    else
      state_ = chosen(moves, state_, before.state_);
    trial_ = chosen(moves, trial_, before.trial_);
  }

  // Calls put(word, bits) for each 32 choices, of all groups one behind the other: a bit is 1 where the choice is allowed.
  template <class Put>
  FN void allowed(const Put& put) const {
    const auto sizes = Env::action_sizes(options_);
    UintPack<L> word(0u);
    int number = 0;
    for (int group = 0; group < Env::Action::size; ++group)
      for (int choice = 0; choice < sizes[group]; ++choice, ++number) {
        const Mask<L> may = with_trial(trial_, [&](const auto&... trial) FN_LAMBDA {
          return Env::template allowed<L>(options_, task_, trial..., state_, group, choice);
        });
        word = word | (bits_as<std::uint32_t>(convert<std::int32_t>(may)) & UintPack<L>(1u << (number % 32)));
        if (number % 32 != 31) continue;
        put(number / 32, word);
        word = UintPack<L>(0u);
      }
    if (number % 32 != 0) put(number / 32, word);
  }

 private:
  FN static State state_at(T* numbers, int stride, Mask<L> moving) {
    if constexpr (kStateInMemory<Env>)
      return {numbers, stride, moving};
    else
      return {};
  }
  FN T* trial_number(int i) const { return numbers_ + long{state_size<Env>(options_) + i} * stride_; }

  template <class Its, class Call>
  FN static auto with_trial(Its& trial, const Call& call) {
    if constexpr (kHasTrial<Env>)
      return call(trial);
    else
      return call();
  }

  HOST_CALL void reset(State& state, Trial& its_trial, Random<L>& random) const {
    with_trial(its_trial, [&](auto&... trial) FN_LAMBDA {
      if constexpr (kStateInMemory<Env>)
        Env::template reset<L>(options_, task_, trial..., random, state);
      else
        state = Env::template reset<L>(options_, task_, trial..., random);
    });
  }

  // Field by field: a on these lanes, b elsewhere.
  template <class Fields>
  FN static Fields chosen(Mask<L> lanes, const Fields& a, const Fields& b) {
    L field[kFields<L, Fields> > 0 ? kFields<L, Fields> : 1];
    scatter_fields<L>(b, [&](int i, L x) FN_LAMBDA { field[i] = x; });
    scatter_fields<L>(a, [&](int i, L x) FN_LAMBDA { field[i] = select(lanes, x, field[i]); });
    return gather_fields<L, Fields>([&](int i) FN_LAMBDA { return field[i]; });
  }

  const typename Env::Options& options_;
  const TaskOf<Env, L>& task_;
  T* numbers_;
  int stride_;
  State state_;
  Trial trial_{};
};

}  // namespace innerloop
