// The types of numbers that our files hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace innerloop {

enum class DType { F32, F64, I32, I64, U8, U32, U64 };

/// "F32", as in the file.
std::string_view dtype_name(DType dtype);
/// Bytes of one element.
std::size_t dtype_size(DType dtype);

template <class T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, float>)
    return DType::F32;
  else if constexpr (std::is_same_v<T, double>)
    return DType::F64;
  else if constexpr (std::is_same_v<T, std::int32_t>)
    return DType::I32;
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return DType::I64;
  else if constexpr (std::is_same_v<T, std::uint8_t>)
    return DType::U8;
  else if constexpr (std::is_same_v<T, std::uint32_t>)
    return DType::U32;
  else {
    static_assert(std::is_same_v<T, std::uint64_t>, "a type that our files hold");
    return DType::U64;
  }
}

}  // namespace innerloop
