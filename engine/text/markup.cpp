#include "engine/text/markup.h"

#include "engine/text/json.h"

namespace innerloop {
namespace {

constexpr const char* kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// The JSON library knows which bytes are UTF-8.
std::string good_utf8(std::string_view text) {
  const nlohmann::json json = std::string(text);
  return nlohmann::json::parse(json_text(json));
}

}  // namespace

std::string markup_text(std::string_view text) {
  std::string safe;
  for (const char c : good_utf8(text)) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default: {
        const auto byte = static_cast<unsigned char>(c);
        const bool control = (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F;
        safe += control ? std::string(kReplacement) : std::string(1, c);
      }
    }
  }
  return safe;
}

}  // namespace innerloop
