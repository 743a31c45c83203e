// Strict JSON: what nlohmann's parser lets pass without a word is refused here.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace innerloop {

using Json = nlohmann::ordered_json;

/// Parses `text`, named `source` in messages. The order of keys is kept.
/// @throws InputError on a syntax error (with line and column), a key given twice, NaN or infinity, invalid
/// UTF-8 and more than 32 levels of nesting.
Json parse_json(std::string_view text, std::string_view source);

/// The value as a message shows what it found: `"0.1" (string)`, `[1,2] (list)`, `null`; long ones are cut.
std::string found_value(const Json& value);

/// `pointer` (RFC 6901) with one more token, escaped.
std::string pointer_to(std::string_view pointer, std::string_view token);

}  // namespace innerloop
