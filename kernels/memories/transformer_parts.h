// What a transformer does between its products and its attention, as parts of a pass over rows (kernels/memories/one_team.h).
// Rows lie one behind the other, a trial's together. All widths are multiples of 16. Each syncs.
#pragma once

#include "kernels/lanes/cells.h"
#include "kernels/lanes/maths.h"
#include "kernels/networks/network.h"

namespace innerloop {

// Which place of its trial a row has: of a step the same for all, of whole trials one after the other.
struct RowPlaces {
  int first;
  int period;  // rows of a trial; 1: a step's

  FN int of(int row) const { return first + row - quotient(row, period) * period; }
};

// to[row] += table[place]
template <class T>
struct AddPlaces {
  int width;
  RowPlaces places;
  const T* table;  // [place][width]
  T* to;           // [row][width]

  template <class Team>
  TEAM_FN void operator()(const Team& team, int first, int count) const {
    for_cells(team, count, width, [&](int row, int i) FN_LAMBDA {
      T* const at = to + static_cast<long>(first + row) * width + i;
      *at = *at + table[static_cast<long>(places.of(first + row)) * width + i];
    });
    team.sync();
  }
};

// One token's row of each trial, or all of a trial's: to[row] = tokens + own[row].
template <class T>
struct PutTokens {
  int width;        // numbers of a row of `to`
  const T* tokens;  // [width]
  const T* own;     // what each row's task adds, `stride` apart; null: nothing
  int own_stride;
  T* to;
  long to_stride;

  template <class Team>
  TEAM_FN void operator()(const Team& team, int first, int count) const {
    for_cells(team, count, width, [&](int row, int i) FN_LAMBDA {
      const T added = own == nullptr ? T(0) : own[static_cast<long>(first + row) * own_stride + i];
      to[(first + row) * to_stride + i] = tokens[i] + added;
    });
    team.sync();
  }
};

// Turns queries and keys by the angles of their place among a trial's rows (Su et al. 2021), back where `turn` is −1.
template <class T>
struct TurnRows {
  int width, heads;
  RowPlaces places;
  const T* table;  // [place][head]  sines, then cosines
  T turn;
  T* qkv;  // [row][3·width]

  template <class Team>
  TEAM_FN void operator()(const Team& team, int first, int count) const {
    using One = Pack<T, 1>;
    const int size = width / heads, half = size / 2;
    for_cells(team, count, width, [&](int row, int i) FN_LAMBDA {
      // Of the 2·width numbers of q and k, half are the first of a pair.
      const int head = quotient(i, half), of = i - head * half;
      T* const at = qkv + static_cast<long>(first + row) * 3 * width + head * size + of;
      const T* const angle = table + static_cast<long>(places.of(first + row)) * size + of;
      const One sine = One(angle[0]) * One(turn), cosine(angle[half]), a(at[0]), b(at[half]);
      at[0] = fma(-b, sine, a * cosine).get(0);
      at[half] = fma(a, sine, b * cosine).get(0);
    });
    team.sync();
  }
};

// What is done with each number of rows: to = x + to, where a sublayer joins the stream; to = x; to = act(to), and on the way
// back to = to·act′, by what act gave, in x.
template <class T>
struct EachNumber {
  enum class What { add, copy, activate, slope };
  What what;
  int width;
  const T* x;  // [row][width]
  T* to;       // [row][width]
  Activation activation = Activation::relu;

  template <class Team>
  TEAM_FN void operator()(const Team& team, int first, int count) const {
    using V = typename Team::Vector;
    const long from = static_cast<long>(first) * width, end = from + static_cast<long>(count) * width;
    const auto each = [&](const auto& value) FN_LAMBDA {
      for (long i = from + static_cast<long>(team.rank()) * V::lanes; i < end;
           i += static_cast<long>(team.size()) * V::lanes)
        store_aligned(to + i, value(i));
    };
    if (what == What::add)
      each([&](long i) FN_LAMBDA { return load_aligned<V>(x + i) + load_aligned<V>(to + i); });
    if (what == What::copy) each([&](long i) FN_LAMBDA { return load_aligned<V>(x + i); });
    if (what == What::activate || what == What::slope)
      with_activation(activation, [&](auto function) FN_LAMBDA {
        if (what == What::activate)
          each([&](long i) FN_LAMBDA { return function.value(load_aligned<V>(to + i)); });
        else
          each([&](long i)
                   FN_LAMBDA { return load_aligned<V>(to + i) * function.slope(load_aligned<V>(x + i)); });
      });
    team.sync();
  }
};

}  // namespace innerloop
