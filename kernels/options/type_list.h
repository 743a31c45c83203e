// A list of types: what a registry is.
#pragma once

#include <cstddef>
#include <type_traits>

namespace innerloop {

template <class... Types>
struct TypeList {
  static constexpr std::size_t size = sizeof...(Types);
};

// Calls `visit.template operator()<Type>()` for each type of `List`, in order.
template <class... Types, class Visit>
constexpr void for_each_type(TypeList<Types...>, Visit&& visit) {
  (visit.template operator()<Types>(), ...);
}

namespace type_list_detail {
template <class... Lists>
struct Join {
  using type = TypeList<>;
};
template <class... A>
struct Join<TypeList<A...>> {
  using type = TypeList<A...>;
};
template <class... A, class... B, class... Others>
struct Join<TypeList<A...>, TypeList<B...>, Others...> : Join<TypeList<A..., B...>, Others...> {};
}  // namespace type_list_detail
// All types of the lists, in order.
template <class... Lists>
using Joined = typename type_list_detail::Join<Lists...>::type;

namespace type_list_detail {
template <class Kept, class... Types>
struct Distinct {
  using type = Kept;
};
template <class... Kept, class Type, class... Others>
struct Distinct<TypeList<Kept...>, Type, Others...>
    : Distinct<
          std::conditional_t<(std::is_same_v<Kept, Type> || ...), TypeList<Kept...>, TypeList<Kept..., Type>>,
          Others...> {};
}  // namespace type_list_detail
// The types, in order, each where it comes first.
template <class... Types>
using Distinct = typename type_list_detail::Distinct<TypeList<>, Types...>::type;

// Whether the type is in the list.
template <class List, class Type>
inline constexpr bool kContains = false;
template <class... Types, class Type>
inline constexpr bool kContains<TypeList<Types...>, Type> = (std::is_same_v<Types, Type> || ...);

}  // namespace innerloop
