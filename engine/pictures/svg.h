// Pictures of episodes as SVG.
#pragma once

#include <string>

#include "engine/pictures/picture.h"

namespace innerloop {

/// An SVG document: of each episode the last state and the way to it. Where it is `still`, some of the states before stand
/// there faintly. Else it moves, in every viewer that knows SMIL, as browsers do also of a page's images; others show how it
/// ends.
std::string svg_picture(const Picture& picture, bool still);

}  // namespace innerloop
