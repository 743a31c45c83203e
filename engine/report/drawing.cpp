#include "engine/report/drawing.h"

#include "engine/text/columns.h"
#include "engine/text/markup.h"

namespace innerloop {

std::string units(double place) { return number_cell("%.1f", place); }

std::string drawing_of(const std::string& title, double width, double height, double narrowest,
                       const std::string& content) {
  return "<svg viewBox=\"0 0 " + units(width) + " " + units(height) + "\" style=\"max-width:" + units(width) +
         "px;min-width:" + units(narrowest) + "px\" role=\"img\" aria-label=\"" + markup_text(title) +
         "\">\n" + content + "</svg>\n";
}

std::string drawn_text(const char* kind, double x, double y, const std::string& words) {
  return std::string("<text class=\"") + kind + "\" x=\"" + units(x) + "\" y=\"" + units(y) +
         "\" dy=\"0.35em\">" + markup_text(words) + "</text>\n";
}

std::string drawn_line(const char* kind, double x1, double y1, double x2, double y2) {
  return std::string("<line class=\"") + kind + "\" x1=\"" + units(x1) + "\" y1=\"" + units(y1) + "\" x2=\"" +
         units(x2) + "\" y2=\"" + units(y2) + "\"/>\n";
}

std::string drawn_box(const std::string& kind, double x, double y, double width, double height) {
  return "<rect class=\"" + kind + "\" x=\"" + units(x) + "\" y=\"" + units(y) + "\" width=\"" +
         units(width) + "\" height=\"" + units(height) + "\"/>\n";
}

std::string shortened(const std::string& text, std::size_t columns) {
  if (columns_in(text) <= columns) return text;
  std::string begin;
  for (std::size_t i = 0; i < text.size(); ++i) {
    // A character's further bytes belong to it.
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (begins && columns_in(begin) + 1 >= columns) break;
    begin += text[i];
  }
  return begin + "…";
}

}  // namespace innerloop
