// Sorting on a device: what Device::sort is handed.
#pragma once

#include <cstdint>

namespace innerloop {

/// Rows of keys, in device memory. Sorting writes for each row which places the keys had, from the smallest key to the
/// largest; equal keys stay in their order.
struct RowsToSort {
  int rows = 0, count = 0;
  std::uint32_t* keys = nullptr;  // [row][count]  used up
  int* places = nullptr;          // [row][count]
};

namespace cuda {
struct Stream;
/// By Thrust, on the stream; scratch memory is the stream's, so that a graph may hold it.
void sort(Stream& stream, const RowsToSort& rows);
}  // namespace cuda

}  // namespace innerloop
