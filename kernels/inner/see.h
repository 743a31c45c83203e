// What is seen of a pack of environments, put into a batch of trajectories.
#pragma once

#include "kernels/environment/episode.h"
#include "kernels/networks/batch.h"

namespace innerloop {

// Writes what `count` lanes see at `row` of a task's rows, and hands each number to also(d, x). Where the row before did not
// end its episode, that is what it leads to. Symbols are stored where the batch has room for them.
template <class T, class Its, class L, class Also>
FN void see(const Batch<T>& batch, int task, long row, int count, const Its& episode, Random<L> random,
            const Also& also) {
  const long at = task * batch.row_stride, before = row - batch.envs;
  const bool follows = before >= 0 && batch.next_observations != nullptr;
  const Mask<L> ended = (follows ? load_first<L>(batch.ends + at + before, count) : L(0)) > L(0);
  T* const numbers = batch.observations + at * batch.observation_size;
  std::int32_t* const symbols = batch.symbols + at * batch.symbol_places;
  const auto number = [&](int d, L x) FN_LAMBDA {
    store_first(numbers + d * batch.row_stride + row, x, count);
    also(d, x);
    if (!follows) return;
    T* const next = batch.next_observations + (at * batch.observation_size + d * batch.row_stride + before);
    store_first(next, select(ended, load_first<L>(next, count), x), count);
  };
  const auto symbol = [&](int place, IntPack<L> s) FN_LAMBDA {
    store_first(symbols + place * batch.row_stride + row, s, count);
    if (!follows) return;
    std::int32_t* const next =
        batch.next_symbols + (at * batch.symbol_places + place * batch.row_stride + before);
    const IntPack<L> last = load_first<IntPack<L>>(next, count);
    store_first(next, select(convert<std::int32_t>(ended), last, s), count);
  };
  episode.observe(random, Sink(number, symbol));
}

// Rows of the batch that some lanes write to, others keep what they have.
template <class L>
struct MaskedRows {
  long row = 0;
  Mask<L> lanes{0};
};

// Writes what the step of `row` leads to, before the next episode starts, if the batch keeps that, and the lanes of `beyond`
// among the observations.
template <class T, class Its, class L>
FN void see_next(const Batch<T>& batch, int task, long row, int count, const Its& episode, Random<L> random,
                 const MaskedRows<L>& beyond = {}) {
  const bool keeps = batch.next_observations != nullptr, goes_beyond = any(beyond.lanes);
  if (!keeps && !goes_beyond) return;
  const long at = task * batch.row_stride;
  const auto put = [&](auto* next, auto* seen, int number, auto x, auto lanes) FN_LAMBDA {
    if (keeps) store_first(next + number * batch.row_stride + row, x, count);
    if (!goes_beyond) return;
    auto* const to = seen + number * batch.row_stride + beyond.row;
    store_first(to, select(lanes, x, load_first<decltype(x)>(to, count)), count);
  };
  T *const next = batch.next_observations + at * batch.observation_size, *const seen =
                                                                             batch.observations +
                                                                             at * batch.observation_size;
  std::int32_t *const next_symbols = batch.next_symbols + at * batch.symbol_places,
                      *const seen_symbols = batch.symbols + at * batch.symbol_places;
  const auto number = [&](int d, L x) FN_LAMBDA { put(next, seen, d, x, beyond.lanes); };
  const auto symbol = [&](int place, IntPack<L> s) FN_LAMBDA {
    put(next_symbols, seen_symbols, place, s, convert<std::int32_t>(beyond.lanes));
  };
  episode.observe(random, Sink(number, symbol));
}

}  // namespace innerloop
