// Tasks and states as numbers in memory: an aggregate of packs is its fields in order.
#pragma once

#include "kernels/environment/environment.h"

namespace innerloop {

// Aggregates of packs, field by field; an empty one has no field.
template <class L, class Fields>
inline constexpr int kFields = std::is_empty_v<Fields> ? 0 : sizeof(Fields) / sizeof(L);
template <class L, class Fields, class Get>
FN Fields gather_fields(const Get& get) {
  Fields fields;
  if constexpr (kFields < L, Fields >> 0) {
    L field[kFields<L, Fields>];
    UNROLL
    for (int i = 0; i < kFields<L, Fields>; ++i) field[i] = get(i);
    memcpy(static_cast<void*>(&fields), field, sizeof(Fields));
  }
  return fields;
}
template <class L, class Fields, class Set>
FN void scatter_fields(const Fields& fields, const Set& set) {
  if constexpr (kFields < L, Fields >> 0) {
    L field[kFields<L, Fields>];
    memcpy(static_cast<void*>(field), &fields, sizeof(Fields));
    UNROLL
    for (int i = 0; i < kFields<L, Fields>; ++i) set(i, field[i]);
  }
}

// Numbers of a task: its struct's fields, in order.
template <class Env>
inline constexpr int kTaskSize = kFields<Pack<float, 1>, typename Env::template Task<Pack<float, 1>>>;
// Numbers of a trial's record.
template <class Env>
inline constexpr int kTrialSize = kFields<Pack<float, 1>, TrialOf<Env, Pack<float, 1>>>;
// Numbers of a state.
template <class Env>
FN int state_size(const typename Env::Options& options) {
  if constexpr (kStateInMemory<Env>)
    return Env::state_size(options);
  else
    return kFields<Pack<float, 1>, StateOf<Env, Pack<float, 1>>>;
}

// A task, the same on every lane, as the environment takes it.
template <class Env, class L>
FN TaskOf<Env, L> load_task(const typename L::value_type* numbers) {
  if constexpr (kTaskInMemory<Env>)
    return {numbers, 0};
  else
    return gather_fields<L, TaskOf<Env, L>>([&](int i) FN_LAMBDA { return L(numbers[i]); });
}

}  // namespace innerloop
