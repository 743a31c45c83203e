// The pieces of drawings for a page, as SVG: places are in the drawing's units, pixels where it is shown in its own size.
#pragma once

#include <cstddef>
#include <string>

namespace innerloop {

/// A place or a length.
std::string units(double place);

/// The whole `<svg>`. Where a screen has no room for it, it is made smaller down to `narrowest`, from where on it is scrolled.
std::string drawing_of(const std::string& title, double width, double height, double narrowest,
                       const std::string& content);

/// A text with the style's classes `kind` ("tick", "x title", …), the middle of its line at `y`.
std::string drawn_text(const char* kind, double x, double y, const std::string& words);

std::string drawn_line(const char* kind, double x1, double y1, double x2, double y2);
std::string drawn_box(const std::string& kind, double x, double y, double width, double height);

/// A text of at most so many columns, which ends in "…" where it was longer.
std::string shortened(const std::string& text, std::size_t columns);

}  // namespace innerloop
