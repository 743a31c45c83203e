// Text in HTML and SVG.
#pragma once

#include <string>
#include <string_view>

namespace innerloop {

/// `text` as it may stand between tags and in quoted attributes. Bytes that are no UTF-8, and control
/// characters, which no document may hold, become U+FFFD.
std::string markup_text(std::string_view text);

}  // namespace innerloop
