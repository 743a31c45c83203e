// Numbers of the engine as NumPy arrays.
#pragma once

#include <nanobind/ndarray.h>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "bindings/exports.h"
#include "engine/config/environment_info.h"

namespace innerloop {

/// Read-only, one-dimensional.
template <class T>
using Numbers = nb::ndarray<nb::numpy, const T, nb::ndim<1>, nb::c_contig>;

/// The vector as an array that owns it.
template <class T>
Numbers<T> array_of(std::vector<T> numbers) {
  auto held = std::make_unique<std::vector<T>>(std::move(numbers));
  const std::vector<T>& kept = *held;
  const nb::capsule owner(held.get(),
                          [](void* vector) noexcept { delete static_cast<std::vector<T>*>(vector); });
  held.release();
  return Numbers<T>(kept.data(), {kept.size()}, owner);
}

/// `size` numbers at `data`, which live as long as `owner`.
template <class T>
Numbers<T> view_of(const T* data, std::size_t size, nb::handle owner) {
  return Numbers<T>(data, {size}, owner);
}

/// Tasks, [task][number].
using Table = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
inline TaskTable table_of(const Table& numbers) {
  TaskTable table;
  for (std::size_t row = 0; row < numbers.shape(0); ++row)
    table.emplace_back(numbers.data() + row * numbers.shape(1),
                       numbers.data() + (row + 1) * numbers.shape(1));
  return table;
}

}  // namespace innerloop
