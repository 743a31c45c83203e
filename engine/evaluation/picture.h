// Episodes side by side in one picture, as SVG.
#pragma once

#include <string>
#include <vector>

#include "engine/evaluation/sketches.h"

namespace innerloop {

/// One episode: its last state, the way to it, and faintly some of the states before.
struct PicturePanel {
  std::vector<Sketch> states;
  std::string caption;
};

struct PictureRow {
  std::string title;
  std::vector<PicturePanel> panels;
};

/// An SVG document of all rows, one below the other and all panels in one scale.
std::string svg_picture(const std::string& title, const std::vector<PictureRow>& rows);

}  // namespace innerloop
