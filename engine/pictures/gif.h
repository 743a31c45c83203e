// Moving pictures as GIF (GIF89a).
#pragma once

#include <functional>
#include <string>

#include "engine/pictures/picture.h"
#include "engine/pictures/raster.h"

namespace innerloop {

/// The frames, all of one size of at most 65535 pixels a side, each shown for as long, again and again. Of more
/// than 255 colours those of the fewest pixels are shown as the nearest others. `frame` is asked twice for each, in order.
/// @pre there is a frame
std::string gif(int frames, double frame_seconds, const std::function<Raster(int)>& frame);

/// A picture of episodes as they go on.
std::string gif_picture(const Picture& picture);

}  // namespace innerloop
