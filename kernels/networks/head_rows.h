// What the formulas of a policy's head read: its constants, and a pack of rows. All quantities are [quantity][row].
#pragma once

#include <cstdint>

#include "kernels/environment/mask_words.h"
#include "kernels/lanes/maths.h"
#include "kernels/networks/shape.h"

namespace innerloop {

// What a head needs beside the rows' own numbers, prepared once a team.
template <class T>
struct HeadConstants {
  int outputs;
  T* log_std;       // [outputs]  floored
  T* std;           // [outputs]
  T* inverse_std;   // [outputs]
  T* follows;       // [outputs]  1 where log_std follows its parameter, 0 at the floor
  T squash;         // actions lie within ± it (gaussian_head.h); 0: they are not squashed
  int groups;       // of choices; 0: the actions are numbers
  int* group_size;  // [groups]
};

template <class T>
FN HeadConstants<T> take_head_constants(Scratch& scratch, const PolicyShape& shape) {
  const int n = shape.outputs();
  return {n,
          scratch.take<T>(n),
          scratch.take<T>(n),
          scratch.take<T>(n),
          scratch.take<T>(n),
          static_cast<T>(shape.squash),
          shape.choice_groups(),
          scratch.take<int>(shape.choice_groups())};
}

// Syncs.
template <class Team, class T>
TEAM_FN void load_head_constants(const Team& team, const PolicyShape& shape, const T* log_std_parameters,
                                 const HeadConstants<T>& head) {
  if (shape.head == HeadKind::gaussian)
    for (int o = team.rank(); o < head.outputs; o += team.size()) {
      using One = Pack<T, 1>;
      const T parameter = log_std_parameters[o], floor = static_cast<T>(shape.min_log_std);
      const T log_std = parameter > floor ? parameter : floor;
      head.log_std[o] = log_std;
      head.std[o] = exp(One(log_std)).get(0);
      head.inverse_std[o] = exp(One(-log_std)).get(0);
      head.follows[o] = parameter > floor ? T(1) : T(0);
    }
  for (int g = team.rank(); g < head.groups; g += team.size())
    head.group_size[g] = shape.head == HeadKind::grouped ? shape.group_size[g] : head.outputs;
  team.sync();
}

// One pack of rows: what it points at is the pack's first row.
template <class T>
struct HeadRows {
  const T* outputs;  // [output][output_stride]
  long output_stride;
  const T* actions;  // [dimension or group][action_stride]; of a group the index of the choice
  long action_stride;
  // Which choices were allowed (mask_words.h). Null: all were.
  const std::uint32_t* allowed = nullptr;  // [word][allowed_stride]
  long allowed_stride = 0;
  int first_choice = 0;  // the number of output 0 among all choices
};

}  // namespace innerloop
