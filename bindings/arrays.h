// Numbers of the engine as NumPy arrays.
#pragma once

#include <nanobind/ndarray.h>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "bindings/exports.h"

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

}  // namespace innerloop
