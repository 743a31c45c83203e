// Steps environments with given actions, for those who bring a policy of their own; and starts them.
//
// Environment e has a task of its own. Its random numbers are keyed by (e, episode, step of the episode), so that what it does
// depends neither on how many there are beside it nor on when the next episode starts.
#pragma once

#include <cstdint>

#include "kernels/environment/episode.h"
#include "kernels/lanes/random.h"
#include "kernels/lanes/team.h"

namespace innerloop {

// When the next episode starts of an environment whose episode has ended (Gymnasium's AutoresetMode).
enum class Autoreset {
  next_step,  // with the next step, whose action is not looked at and whose reward is 0
  same_step,  // at once: what is seen is the next episode's, and what the last one led to is kept beside it
  disabled    // when it is asked for: until then the environment stands still
};

// What is asked of an environment in place of a step.
enum class Begin : std::int32_t { nothing, episode, trial };

// What was seen: [env][number] and [env][symbol]. Null where there is no room.
template <class T>
struct SeenRows {
  T* numbers = nullptr;
  std::int32_t* symbols = nullptr;
};

template <class T, class Env>
struct StepEnvironments {
  // Arrays of [padded(envs)] have environments in whole packs; those past the last one play along unseen.
  int envs = 0;
  int tile_envs = 0;  // environments a team steps, whole packs
  int horizon = 0;    // an episode's time limit in steps; 0: none
  Autoreset autoreset = Autoreset::next_step;
  typename Env::Options options;
  const RandomKey* key = nullptr;
  const T* tasks = nullptr;  // [kTaskSize][padded(envs)]; of a task in memory [padded(envs)][kTaskSize]
  T* state = nullptr;        // [episode_size][padded(envs)]
  std::int32_t* episode = nullptr;        // [padded(envs)]  its number
  std::int32_t* elapsed = nullptr;        // [padded(envs)]  its steps so far
  std::int32_t* over = nullptr;           // [padded(envs)]  1 where it has ended and no other has started
  const Begin* begins = nullptr;          // [padded(envs)]  what to start in place of a step; null: a step
  const T* actions = nullptr;             // [envs][Action::size]  of real numbers
  const std::int32_t* choices = nullptr;  // [envs][Action::size]  of discrete ones; out of range: the nearest
  SeenRows<T> seen;
  SeenRows<T> last_seen;               // Autoreset::same_step: written where an episode ended
  T* rewards = nullptr;                // [envs]
  std::uint8_t* terminated = nullptr;  // [envs]  1 where the episode ended by itself
  std::uint8_t* truncated = nullptr;   // [envs]  1 where the time limit ended it
  std::uint8_t* allowed =
      nullptr;  // [envs][action_outputs]  1 where the choice may be taken next; null: not told

  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    using L = typename Team::Lane;
    const int first = place.task * tile_envs, last = min_of(first + tile_envs, envs);
    for (int e = first + team.rank() * L::lanes; e < last; e += team.size() * L::lanes) {
      if (begins != nullptr)
        begin<Team>(e);
      else
        step<Team>(e);
    }
  }

 private:
  FN int stride() const { return padded(envs); }

  template <class L>
  FN Random<L> random(int e, IntPack<L> its_episode, IntPack<L> its_step, Purpose purpose) const {
    using U = UintPack<L>;
    return Random<L>(*key, lane_index<U>() + U(static_cast<std::uint32_t>(e)),
                     bits_as<std::uint32_t>(its_episode), bits_as<std::uint32_t>(its_step), purpose, 0);
  }

  template <class L>
  FN TaskOf<Env, L> task_of(int e) const {
    if constexpr (kTaskInMemory<Env>)
      return TaskNumbers<L>(tasks + static_cast<long>(e) * kTaskSize<Env>, kTaskSize<Env>);
    else
      return gather_fields<L, TaskOf<Env, L>>(
          [&](int i) FN_LAMBDA { return load<L>(tasks + static_cast<long>(i) * stride() + e); });
  }

  // Actions of environments past the last one are the last one's.
  template <class L>
  FN typename Env::Action::template Value<L> action_of(int e) const {
    constexpr int kSize = Env::Action::size;
    const IntPack<L> row =
        min(lane_index<IntPack<L>>() + IntPack<L>(e), IntPack<L>(envs - 1)) * IntPack<L>(kSize);
    typename Env::Action::template Value<L> action;
    if constexpr (Env::Action::discrete) {
      const auto sizes = Env::action_sizes(options);
      for (int group = 0; group < kSize; ++group) {
        const IntPack<L> chosen = pack_detail::lanewise<IntPack<L>>(
            [this, group](int at) FN_LAMBDA { return choices[at + group]; }, row);
        chosen_in<L>(action, group) = min(max(chosen, IntPack<L>(0)), IntPack<L>(sizes[group] - 1));
      }
    } else {
      for (int d = 0; d < kSize; ++d)
        action[d] = pack_detail::lanewise<L>([this, d](int at) FN_LAMBDA { return actions[at + d]; }, row);
    }
    return action;
  }

  // 1 where the mask is set, a byte each.
  template <class M>
  FN static void store_flags(std::uint8_t* to, M mask, int count) {
    alignas(64) typename M::value_type lanes[M::lanes];
    store_aligned(lanes, mask);
    for (int lane = 0; lane < count; ++lane) to[lane] = static_cast<std::uint8_t>(lanes[lane] & 1);
  }

  // Writes what the lanes of `which` see, and among them those of environments.
  template <class L, class Team>
  FN void observe(const Episode<Env, L, Team>& its, int e, Random<L> noise, const SeenRows<T>& to,
                  Mask<L> which) const {
    const Observation size = Env::observation(options);
    const int count = min_of(L::lanes, envs - e);
    // Lane by lane from memory: out of a register each would take several instructions.
    const auto put = [&](auto* rows, int each, int at, auto x) FN_LAMBDA {
      alignas(64) typename decltype(x)::value_type lanes[L::lanes];
      store_aligned(lanes, x);
      auto* const to_row = rows + static_cast<long>(e) * each + at;
      for (int lane = 0; lane < count; ++lane)
        if (which.get(lane) != 0) to_row[static_cast<long>(lane) * each] = lanes[lane];
    };
    const auto number = [&](int d, L x) FN_LAMBDA { put(to.numbers, size.numbers, d, x); };
    const auto symbol = [&](int p, IntPack<L> s) FN_LAMBDA { put(to.symbols, size.symbols, p, s); };
    its.observe(noise, Sink(number, symbol));
  }

  // What is seen and allowed before the next step.
  template <class L, class Team>
  FN void look(const Episode<Env, L, Team>& its, int e, IntPack<L> number, IntPack<L> steps) const {
    observe(its, e, random<L>(e, number, steps, Purpose::observation), seen, Mask<L>(-1));
    if constexpr (kHasAllowed<Env>) {
      if (allowed == nullptr) return;
      const int choices_of_all = action_outputs<Env>(options), count = min_of(L::lanes, envs - e);
      its.allowed([&](int word, UintPack<L> bits) FN_LAMBDA {
        for (int lane = 0; lane < count; ++lane)
          for (int c = word * 32; c < min_of(word * 32 + 32, choices_of_all); ++c)
            allowed[static_cast<long>(e + lane) * choices_of_all + c] = bits.get(lane) >> (c % 32) & 1u;
      });
    }
  }

  template <class Team, class L = typename Team::Lane>
  FN void begin(int e) const {
    using I = IntPack<L>;
    const I asked = load<I>(reinterpret_cast<const std::int32_t*>(begins) + e);
    const Mask<L> starting = as_mask<L>(asked != I(static_cast<std::int32_t>(Begin::nothing))),
                  new_trial = as_mask<L>(asked == I(static_cast<std::int32_t>(Begin::trial)));
    const TaskOf<Env, L> task = task_of<L>(e);
    Episode<Env, L, Team> its(options, task, state + e, stride());
    its.read();
    const I number = load<I>(episode + e) - (asked != I(static_cast<std::int32_t>(Begin::nothing))),
            steps = select(starting, I(0), load<I>(elapsed + e));
    its.begin(new_trial, starting, random<L>(e, number, I(0), Purpose::trial),
              random<L>(e, number, I(0), Purpose::reset));
    store(episode + e, number);
    store(elapsed + e, steps);
    store(over + e, select(starting, I(0), load<I>(over + e)));
    its.save();
    look(its, e, number, steps);
  }

  template <class Team, class L = typename Team::Lane>
  FN void step(int e) const {
    using I = IntPack<L>;
    const int count = min_of(L::lanes, envs - e);
    I number = load<I>(episode + e), steps = load<I>(elapsed + e);
    const I was_over = load<I>(over + e) != I(0);
    const Mask<L> waits = as_mask<L>(was_over), moves = ~waits;
    const TaskOf<Env, L> task = task_of<L>(e);
    Episode<Env, L, Team> its(options, task, state + e, stride(), moves);
    its.read();
    const Episode<Env, L, Team> before = its;
    const Outcome<L> outcome = its.step(action_of<L>(e), random<L>(e, number, steps, Purpose::environment));
    its.stand_still(moves, Mask<L>(0), before, random<L>(e, number, steps, Purpose::reset));
    steps = steps + select(was_over, I(0), I(1));
    const Mask<L> terminates = moves & outcome.terminated,
                  truncates =
                      horizon == 0 ? Mask<L>(0) : moves & ~terminates & as_mask<L>(steps >= I(horizon)),
                  ends = terminates | truncates;
    store_first(rewards + e, select(moves, outcome.reward, L(0)), count);
    store_flags(terminated + e, terminates, count);
    store_flags(truncated + e, truncates, count);
    if (autoreset == Autoreset::same_step && any(ends))
      observe(its, e, random<L>(e, number, steps, Purpose::observation), last_seen, ends);
    const Mask<L> starting = autoreset == Autoreset::same_step   ? ends
                             : autoreset == Autoreset::next_step ? waits
                                                                 : Mask<L>(0);
    if (any(starting)) {
      const I starts_now = convert<std::int32_t>(starting);
      number = number - starts_now;
      steps = select(starts_now, I(0), steps);
      its.restart(starting, random<L>(e, number, I(0), Purpose::reset));
    }
    const Mask<L> now_over = autoreset == Autoreset::same_step   ? Mask<L>(0)
                             : autoreset == Autoreset::next_step ? ends
                                                                 : ends | waits;
    store(episode + e, number);
    store(elapsed + e, steps);
    store(over + e, convert<std::int32_t>(now_over) & I(1));
    its.save();
    look(its, e, number, steps);
  }
};

}  // namespace innerloop
