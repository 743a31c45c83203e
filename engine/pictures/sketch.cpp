#include "engine/pictures/sketch.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace innerloop {

void Window::take(const PlanePoint& place, double radius) {
  left = std::min(left, place.x - radius);
  right = std::max(right, place.x + radius);
  bottom = std::min(bottom, place.y - radius);
  top = std::max(top, place.y + radius);
}

void Window::join(const Window& other) {
  take({other.left, other.bottom});
  take({other.right, other.top});
}

Window with_edges(Window window) {
  if (!(window.width() > 0 && window.height() > 0)) {
    if (!(window.width() >= 0)) window.take({0, 0});
    window.take({window.left - 1, window.bottom - 1});
    window.take({window.right + 1, window.top + 1});
  }
  const double edge = 0.03 * std::max(window.width(), window.height());
  window.take({window.left - edge, window.bottom - edge});
  window.take({window.right + edge, window.top + edge});
  return window;
}

void Sketch::polygon(const std::vector<std::array<double, 2>>& corners, Ink ink) {
  SketchShape shape{SketchShape::Kind::polygon, ink, {}};
  for (const auto& [x, y] : corners) shape.places.push_back({x, y});
  add(std::move(shape));
}

void Sketch::trace(double x, double y) {
  if (std::isfinite(x) && std::isfinite(y)) trace_ = {x, y};
}

void Sketch::frame(double x0, double y0, double x1, double y1) {
  for (const double x : {x0, y0, x1, y1})
    if (!std::isfinite(x)) return;
  frame_.emplace();
  frame_->take({x0, y0});
  frame_->take({x1, y1});
}

void Sketch::shift(double x, double y) {
  const auto shift_place = [&](PlanePoint& place) { place = {place.x + x, place.y + y}; };
  for (SketchShape& shape : shapes_) std::ranges::for_each(shape.places, shift_place);
  if (trace_) shift_place(*trace_);
  if (frame_) *frame_ = {frame_->left + x, frame_->bottom + y, frame_->right + x, frame_->top + y};
}

void Sketch::add(SketchShape shape) {
  for (const PlanePoint& place : shape.places)
    if (!std::isfinite(place.x) || !std::isfinite(place.y)) return;
  if (std::isfinite(shape.radius)) shapes_.push_back(std::move(shape));
}

Window Sketch::window() const {
  Window window;
  if (frame_)
    window = *frame_;
  else
    add_to(window);
  return with_edges(window);
}

void Sketch::add_to(Window& window) const {
  if (frame_) window.join(*frame_);
  if (trace_) window.take(*trace_);
  for (const SketchShape& shape : shapes_)
    for (const PlanePoint& place : shape.places) window.take(place, shape.radius);
}

}  // namespace innerloop
