// Plays an environment without a policy, for tests that compare it with plain loops: packs of tasks side by side, and
// actions drawn as a wild policy would.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/environment/episode.h"
#include "kernels/inner/rollout.h"
#include "kernels/options/options.h"

namespace innerloop {

inline constexpr RandomKey kKey = {5, 2};

// A stream for tasks `first`, `first` + 1, … one a lane.
template <class R>
Random<R> stream(Purpose purpose, std::uint32_t first, std::uint32_t step = 0) {
  using U = UintPack<R>;
  const U index = U(first) + lane_index<U>();
  return {kKey, index, index, U(step), purpose, 0};
}

// Not inlined, as others below: many tests call them, and they are long.
template <class E, class R>
[[gnu::noinline]] auto draw(const typename E::Options& options, std::uint32_t first) {
  // One at a time, as the contract says.
  using One = Pack<typename R::value_type, 1>;
  std::vector<R> numbers(static_cast<std::size_t>(kTaskSize<E>));
  for (int lane = 0; lane < R::lanes; ++lane) {
    auto random = stream<One>(Purpose::task, first + static_cast<std::uint32_t>(lane));
    typename E::template Task<One> task;
    draw_task<E>(options, random, task);
    scatter_fields<One>(task,
                        [&](int i, One x) { numbers[static_cast<std::size_t>(i)].set(lane, x.get(0)); });
  }
  return gather_fields<R, typename E::template Task<R>>(
      [&](int i) { return numbers[static_cast<std::size_t>(i)]; });
}

template <class E, class R>
[[gnu::noinline]] auto reset(const typename E::Options& options, const TaskOf<E, R>& task,
                             std::uint32_t first) {
  auto random = stream<R>(Purpose::reset, first);
  return E::template reset<R>(options, task, random);
}

// Tasks as the environment takes them, one a lane; `memory` holds those that stay in memory.
template <class E, class R>
TaskOf<E, R> as_taken(const typename E::template Task<R>& task, std::vector<typename R::value_type>& memory) {
  if constexpr (kTaskInMemory<E>) {
    memory.resize(static_cast<std::size_t>(R::lanes * kTaskSize<E>));
    scatter_fields<R>(task, [&](int i, R x) {
      for (int lane = 0; lane < R::lanes; ++lane)
        memory[static_cast<std::size_t>(lane * kTaskSize<E> + i)] = x.get(lane);
    });
    return {memory.data(), kTaskSize<E>};
  } else {
    return task;
  }
}

// What a wild policy would do: normal numbers of the given size, or any of the actions.
template <class E, class R>
[[gnu::noinline]] auto act(const typename E::Options& options, std::uint32_t first, std::uint32_t step,
                           double size) {
  auto random = stream<R>(Purpose::action, first, step);
  typename E::Action::template Value<R> action;
  if constexpr (E::Action::discrete) {
    const auto bits = random.bits();
    for (int lane = 0; lane < R::lanes; ++lane)
      action.set(lane,
                 static_cast<int>(bits.get(lane) % static_cast<std::uint32_t>(E::action_sizes(options)[0])));
  } else {
    for (int i = 0; i < E::Action::size; ++i) action[i] = constant<R>(size) * random.normal();
  }
  return action;
}

// The numbers that are seen, in order; of an environment without a trial's record.
template <class E, class R>
[[gnu::noinline]] std::vector<R> seen(const typename E::Options& options, const TaskOf<E, R>& task,
                                      const StateOf<E, R>& state, Random<R> random) {
  std::vector<R> numbers(static_cast<std::size_t>(E::observation(options).numbers));
  const auto number = [&](int d, R x) { numbers[static_cast<std::size_t>(d)] = x; };
  E::template observe<R>(options, task, state, random, Sink(number, number));
  return numbers;
}
// Of one that depends on the state alone.
template <class E, class R>
std::vector<R> seen(const typename E::Options& options, const StateOf<E, R>& state) {
  std::vector<typename R::value_type> memory(static_cast<std::size_t>(R::lanes * kTaskSize<E>));
  return seen<E, R>(options, as_taken<E, R>({}, memory), state, stream<R>(Purpose::observation, 0));
}

// Plays 16 · `groups` tasks for `steps` steps and hands each step's task, states, action and outcome to `check`.
template <class E, class R, class Check>
void play(const typename E::Options& options, int groups, int steps, double action_size, Check check) {
  for (int first = 0; first < 16 * groups; first += R::lanes) {
    const auto task = draw<E, R>(options, first);
    std::vector<typename R::value_type> memory;
    const TaskOf<E, R> taken = as_taken<E, R>(task, memory);
    auto state = reset<E, R>(options, taken, first);
    for (int t = 0; t < steps; ++t) {
      const auto before = state;
      const auto action = act<E, R>(options, first, t, action_size);
      auto random = stream<R>(Purpose::environment, first, t);
      const Outcome<R> outcome = E::template step<R>(options, taken, state, action, random);
      check(first, t, task, before, action, state, outcome);
    }
  }
}

// Float to `kFloat`, double to 1e-12, relative to numbers of size 1 and more.
template <class R>
void expect_close(double found, double wanted, double float_bound = 1e-6) {
  const bool is_float = std::is_same_v<typename R::value_type, float>;
  EXPECT_NEAR(found, wanted, (is_float ? float_bound : 1e-12) * std::max(1.0, std::abs(wanted)));
}

using Floats = Pack<float, 4>;
using Doubles = Pack<double, 4>;

// Parts of bits_of_a_game: with them in one function GCC 12 breaks off (connect_traces). A step, which begins an episode anew
// now and then; and what is seen then.
template <class E, class R>
[[gnu::noinline]] Outcome<R> step_game(Episode<E, R>& episode, const typename E::Options& options,
                                       std::uint32_t first, std::uint32_t t) {
  constexpr int kEpisode = 17;
  if (t % kEpisode == kEpisode - 1) episode.restart(Mask<R>(-1), stream<R>(Purpose::reset, first, t));
  return episode.step(act<E, R>(options, first, t, 1.0), stream<R>(Purpose::environment, first, t));
}

template <class E, class R>
[[gnu::noinline]] std::vector<R> seen_in_game(const Episode<E, R>& episode,
                                              const typename E::Options& options, std::uint32_t first,
                                              std::uint32_t t) {
  std::vector<R> numbers(static_cast<std::size_t>(E::observation(options).numbers));
  const auto see = [&](int i, const auto& x) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(x)>, R>)
      numbers[static_cast<std::size_t>(i)] = x;
  };
  episode.observe(stream<R>(Purpose::observation, first, t), Sink(see, see));
  return numbers;
}

template <class E, int N>
std::vector<std::uint32_t> bits_of_a_game(const typename E::Options& options) {
  using R = Pack<float, N>;
  constexpr int kSteps = 50;
  const int size = E::observation(options).numbers + 2;
  std::vector<std::uint32_t> bits(static_cast<std::size_t>(16 * kSteps * size));
  for (std::uint32_t first = 0; first < 16; first += N) {
    std::vector<float> memory, between(static_cast<std::size_t>(episode_size<E>(options)) * N);
    const TaskOf<E, R> task = as_taken<E, R>(draw<E, R>(options, first), memory);
    Episode<E, R> episode(options, task, between.data(), N);
    episode.begin(stream<R>(Purpose::trial, first), stream<R>(Purpose::reset, first));
    for (std::uint32_t t = 0; t < kSteps; ++t) {
      const Outcome<R> outcome = step_game<E, R>(episode, options, first, t);
      const auto put = [&](int i, const auto& x) {
        for (int lane = 0; lane < N; ++lane)
          bits[((first + static_cast<std::uint32_t>(lane)) * kSteps + t) * static_cast<std::size_t>(size) +
               static_cast<std::size_t>(i)] = std::bit_cast<std::uint32_t>(x.get(lane));
      };
      put(0, outcome.reward);
      put(1, outcome.terminated);
      int i = 2;
      for (const R& x : seen_in_game<E, R>(episode, options, first, t)) put(i++, x);
    }
  }
  return bits;
}

// Packs of 1, 4, 8 and 16 play the same game.
template <class E>
void expect_the_same_bits(const typename E::Options& options) {
  const auto one = bits_of_a_game<E, 1>(options);
  EXPECT_EQ(one, (bits_of_a_game<E, 4>(options)));
  EXPECT_EQ(one, (bits_of_a_game<E, 8>(options)));
  EXPECT_EQ(one, (bits_of_a_game<E, 16>(options)));
}

struct Spread {
  double mean = 0, low = 1e9, high = -1e9;
};
// The spread of the lanes of `number(i)`: 40,000 numbers, those of tasks i, i + 1, … at each call.
inline Spread spread(const std::function<Floats(std::uint32_t)>& number) {
  Spread s;
  constexpr int kCount = 40000;
  for (std::uint32_t i = 0; i < kCount; i += Floats::lanes) {
    const Floats values = number(i);
    for (int lane = 0; lane < Floats::lanes; ++lane) {
      const double v = values.get(lane);
      s.mean += v / kCount;
      s.low = std::min(s.low, v);
      s.high = std::max(s.high, v);
    }
  }
  return s;
}

// The spread of a field of the states in which episodes start.
template <class E>
Spread start_of(auto field) {
  return spread([&](auto i) { return reset<E, Floats>({}, draw<E, Floats>({}, i), i).*field; });
}

// One step of one environment, which `state` takes.
template <class E, class R = Pack<double, 1>>
Outcome<R> step_once(const typename E::Options& options, const typename E::template Task<R>& task,
                     typename E::template State<R>& state,
                     const typename E::Action::template Value<R>& action) {
  auto random = stream<R>(Purpose::environment, 0);
  return E::template step<R>(options, task, state, action, random);
}

// The mean of 40,000 uniforms has a standard error of 0.0015 of the width.
inline void expect_uniform(const Spread& s, double low, double high) {
  const double width = high - low;
  EXPECT_NEAR(s.mean, (low + high) / 2, 0.008 * width);
  EXPECT_GE(s.low, low - 1e-6);
  EXPECT_LE(s.high, high + 1e-6);
  EXPECT_LT(s.low, low + 0.002 * width);
  EXPECT_GT(s.high, high - 0.002 * width);
}

}  // namespace innerloop
