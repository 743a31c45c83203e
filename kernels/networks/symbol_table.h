// Which symbols rows see, and how many there are (symbols.h).
#pragma once

#include <cstdint>

#include "kernels/lanes/fn.h"

namespace innerloop {

// The symbols that some rows see.
template <class T>
struct SeenSymbols {
  const std::int32_t* data = nullptr;  // [place][place_stride]; null: there are none
  long place_stride = 0;

  FN int of(int place, int row) const { return data[place * place_stride + row]; }
};

// How many there are, and how wide the rows of weights are.
struct SymbolTable {
  int places = 0, kinds = 0;
  int width = 0;     // of what is read of a row
  int row_size = 0;  // from one row to the next

  FN long row(int place, int symbol) const { return (static_cast<long>(place) * kinds + symbol) * row_size; }
};

}  // namespace innerloop
