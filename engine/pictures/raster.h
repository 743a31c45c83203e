// An image of pixels, and shapes on it whose edges are smooth: each pixel takes as much of a colour as the shape covers of it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/pictures/marks.h"

namespace innerloop {

class Raster {
 public:
  /// @pre width and height are 1 or more
  Raster(int width, int height, Colour background);

  int width() const { return width_; }
  int height() const { return height_; }
  /// [height][width][3]  red, green, blue, from the top left on
  const std::vector<std::uint8_t>& bytes() const { return bytes_; }

  /// Places are in pixels, y downwards, (0, 0) the image's upper left corner. What lies outside of it, or has a number that is
  /// not finite, is left out. `opacity`: from 0 to 1.
  /// @pre the polygon's edges do not cross each other
  void polygon(std::span<const PlanePoint> corners, Colour colour, double opacity = 1);
  void circle(const PlanePoint& centre, double radius, Colour colour, double opacity = 1);
  /// With round ends.
  void line(const PlanePoint& from, const PlanePoint& to, double width, Colour colour, double opacity = 1);
  /// Fill and stroke, as its ink looks.
  void mark(const Mark& mark, double opacity = 1);

 private:
  int width_, height_;
  std::vector<std::uint8_t> bytes_;
  std::vector<double>
      covered_;  // [row][column + 2]  of a polygon: how what it covers changes to the next pixel
};

}  // namespace innerloop
