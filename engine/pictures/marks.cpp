#include "engine/pictures/marks.h"

#include <algorithm>
#include <cmath>

namespace innerloop {
namespace {

constexpr double kHead = 6, kLeastRadius = 1.5;  // of an arrow's head, of a circle

Mark arrow_head(const PlanePoint& from, const PlanePoint& to, Ink ink) {
  const double x = to.x - from.x, y = to.y - from.y, length = std::hypot(x, y);
  const double along_x = length > 0 ? kHead * x / length : 0, along_y = length > 0 ? kHead * y / length : 0;
  return {Mark::Kind::polygon,
          ink,
          {to.x, to.y, to.x - along_x - 0.5 * along_y, to.y - along_y + 0.5 * along_x,
           to.x - along_x + 0.5 * along_y, to.y - along_y - 0.5 * along_x}};
}

}  // namespace

std::vector<Mark> marks_of(const Sketch& sketch, std::span<const Ink> inks, const View& view) {
  using Kind = SketchShape::Kind;
  std::vector<Mark> marks;
  for (const Ink ink : inks)
    for (const SketchShape& shape : sketch.shapes()) {
      if (shape.ink != ink) continue;
      Mark mark{shape.kind == Kind::polygon  ? Mark::Kind::polygon
                : shape.kind == Kind::circle ? Mark::Kind::circle
                                             : Mark::Kind::line,
                ink,
                {}};
      for (const PlanePoint& place : shape.places) {
        const PlanePoint pixel = view.at(place);
        mark.numbers.insert(mark.numbers.end(), {pixel.x, pixel.y});
      }
      if (shape.kind == Kind::circle)
        mark.numbers.push_back(std::max(kLeastRadius, shape.radius * view.scale));
      marks.push_back(std::move(mark));
      if (shape.kind == Kind::arrow)
        marks.push_back(arrow_head(view.at(shape.places[0]), view.at(shape.places[1]), ink));
    }
  return marks;
}

}  // namespace innerloop
