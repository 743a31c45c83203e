// Text on an image, in thin strokes: enough for titles and captions where no font is at hand.
#pragma once

#include <string_view>

#include "engine/pictures/raster.h"

namespace innerloop {

/// Draws `text` from (x, y) on, the foot of its first letter, with capitals `height` pixels high. Capitals look like small
/// letters; characters that it does not know leave a gap.
void write_text(Raster& to, double x, double y, double height, std::string_view text, Colour colour,
                bool bold = false);

}  // namespace innerloop
