// A state of an environment as shapes in its own plane: what its `sketch` puts on a canvas (kernels/environment/sketch.h).
#pragma once

#include <array>
#include <cmath>
#include <optional>
#include <vector>

#include "kernels/environment/sketch.h"

namespace innerloop {

struct PlanePoint {
  double x, y;  // in an environment's units, y upwards; or in pixels, y downwards
};

/// A part of the plane.
struct Window {
  double left = INFINITY, bottom = INFINITY, right = -INFINITY, top = -INFINITY;

  void take(const PlanePoint& place, double radius = 0);
  void join(const Window& other);
  double width() const { return right - left; }
  double height() const { return top - bottom; }
};

struct SketchShape {
  enum class Kind { line, arrow, circle, polygon };
  Kind kind;
  Ink ink;
  std::vector<PlanePoint> places;  // two ends, the centre, or the corners
  double radius = 0;
};

/// A canvas that keeps what is put on it, but for shapes with a number that is not finite.
class Sketch {
 public:
  void line(double x0, double y0, double x1, double y1, Ink ink) {
    add({SketchShape::Kind::line, ink, {{x0, y0}, {x1, y1}}});
  }
  void arrow(double x0, double y0, double x1, double y1, Ink ink) {
    add({SketchShape::Kind::arrow, ink, {{x0, y0}, {x1, y1}}});
  }
  void circle(double x, double y, double radius, Ink ink) {
    add({SketchShape::Kind::circle, ink, {{x, y}}, radius});
  }
  void rectangle(double x0, double y0, double x1, double y1, Ink ink) {
    add({SketchShape::Kind::polygon, ink, {{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}});
  }
  void polygon(const std::vector<std::array<double, 2>>& corners, Ink ink);
  void trace(double x, double y);
  void frame(double x0, double y0, double x1, double y1);

  const std::vector<SketchShape>& shapes() const { return shapes_; }
  const std::optional<PlanePoint>& trace() const { return trace_; }
  /// What a picture of this state alone shows: the frame, or where there is none all shapes. Wider and higher than 0.
  Window window() const;
  /// The frame and all shapes.
  void add_to(Window& window) const;
  /// What the environment wants to be seen of its plane, if it says.
  const std::optional<Window>& frame() const { return frame_; }
  /// Moves everything by so much.
  void shift(double x, double y);

 private:
  void add(SketchShape shape);

  std::vector<SketchShape> shapes_;
  std::optional<PlanePoint> trace_;
  std::optional<Window> frame_;
};

/// The window, or where it is a point or a line, or nothing, something about it; with a little room at its edges.
Window with_edges(Window window);

}  // namespace innerloop
