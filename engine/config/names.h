// The names of a registry's types, as messages have them.
#pragma once

#include <string>
#include <vector>

#include "kernels/options/type_list.h"

namespace innerloop {

/// `"adam", "adamw" or "sgd"`.
std::string one_of_names(const std::vector<std::string>& names);

/// The names of those types of a list for which `fits.template operator()<Type>()` is true.
template <class List, class Fits>
std::vector<std::string> names_where(const Fits& fits) {
  std::vector<std::string> names;
  for_each_type(List{}, [&]<class Type>() {
    if (fits.template operator()<Type>()) names.emplace_back(Type::name);
  });
  return names;
}

/// The name of the type whose options a variant over the list has in use.
template <class... Types, class Variant>
std::string name_in(TypeList<Types...>, const Variant& variant) {
  const char* names[] = {Types::name...};
  return names[variant.index()];
}

}  // namespace innerloop
