// A list of types: what a registry is.
#pragma once

#include <cstddef>

namespace innerloop {

template <class... Types>
struct TypeList {
  static constexpr std::size_t size = sizeof...(Types);
};

/// Calls `visit.template operator()<Type>()` for each type of `List`, in order.
template <class... Types, class Visit>
constexpr void for_each_type(TypeList<Types...>, Visit&& visit) {
  (visit.template operator()<Types>(), ...);
}

namespace type_list_detail {
template <class A, class B>
struct Join;
template <class... A, class... B>
struct Join<TypeList<A...>, TypeList<B...>> {
  using type = TypeList<A..., B...>;
};
}  // namespace type_list_detail
template <class A, class B>
using Joined = typename type_list_detail::Join<A, B>::type;

}  // namespace innerloop
