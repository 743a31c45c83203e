// JSON as text.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace innerloop {

/// The value in one line, or with so many columns of `indent` a level. Names of files need not be UTF-8: bytes that are none
/// become U+FFFD, where nlohmann's own `dump` would throw.
template <class Json>
std::string json_text(const Json& value, int indent = -1) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace innerloop
