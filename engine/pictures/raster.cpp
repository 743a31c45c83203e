#include "engine/pictures/raster.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace innerloop {
namespace {

// The rows and columns of an image that a polygon touches.
struct Box {
  int left, top, right, bottom;  // up to, but without the last two
  bool empty() const { return left >= right || top >= bottom; }
  int stride() const { return right - left + 2; }
};

Box box_of(std::span<const PlanePoint> corners, int width, int height) {
  const auto [left, right] = std::ranges::minmax(corners, {}, &PlanePoint::x);
  const auto [top, bottom] = std::ranges::minmax(corners, {}, &PlanePoint::y);
  const auto within = [](double x, int size) {
    return static_cast<int>(std::clamp(x, 0.0, static_cast<double>(size)));
  };
  return {within(std::floor(left.x), width), within(std::floor(top.y), height),
          within(std::ceil(right.x), width), within(std::ceil(bottom.y), height)};
}

// Adds what an edge changes in one row, through which it goes from x0 to x1 and down by `down` of the row's height: the pixels
// that it crosses by the area to its right, and the pixel behind them by the rest.
void add_edge_in_row(double* row, double x0, double x1, double down) {
  if (x0 > x1) std::swap(x0, x1);
  const double first = std::floor(x0);
  const int from = static_cast<int>(first), to = static_cast<int>(std::ceil(x1));
  if (to <= from + 1) {
    const double left = 0.5 * (x0 + x1) - first;
    row[from] += down * (1 - left);
    row[from + 1] += down * left;
    return;
  }
  // From x0 to x1 what is covered grows evenly, up to `down`.
  const double slope = down / (x1 - x0);
  double area_before = 0;
  for (int x = from; x < to; ++x) {
    const double in = std::max(x0, static_cast<double>(x)), out = std::min(x1, x + 1.0);
    const double area = slope * (0.5 * ((in - x0) + (out - x0)) * (out - in) + (out - x0) * (x + 1.0 - out));
    row[x] += area - area_before;
    area_before = area;
  }
  row[to] += down - area_before;
}

// An edge of a polygon, within the box; `covered` is of the box.
void add_edge(PlanePoint from, PlanePoint to, const Box& box, double* covered) {
  const double width = box.right - box.left, height = box.bottom - box.top;
  from = {from.x - box.left, from.y - box.top};
  to = {to.x - box.left, to.y - box.top};
  if (from.y == to.y) return;
  const double sign = from.y < to.y ? 1 : -1;
  if (from.y > to.y) std::swap(from, to);
  const double slope = (to.x - from.x) / (to.y - from.y);
  const auto x_at = [&](double y) { return from.x + slope * (y - from.y); };
  const double top = std::max(from.y, 0.0), bottom = std::min(to.y, height);
  for (int row = static_cast<int>(top); row < bottom; ++row) {
    double y = std::max(top, static_cast<double>(row));
    const double end = std::min(bottom, row + 1.0);
    // Beyond the left edge it covers all to its right, beyond the right one nothing: it goes along these edges there.
    std::array<double, 4> stops{y, end, end, end};
    int count = 1;
    if (from.x != to.x)
      for (const double side : {slope > 0 ? 0.0 : width, slope > 0 ? width : 0.0}) {
        const double crossing = from.y + (side - from.x) / slope;
        if (crossing > stops[static_cast<std::size_t>(count - 1)] && crossing < end)
          stops[static_cast<std::size_t>(count++)] = crossing;
      }
    stops[static_cast<std::size_t>(count)] = end;
    for (int i = 0; i < count; ++i) {
      const double y0 = stops[static_cast<std::size_t>(i)], y1 = stops[static_cast<std::size_t>(i + 1)];
      add_edge_in_row(covered + std::ptrdiff_t{row} * box.stride(), std::clamp(x_at(y0), 0.0, width),
                      std::clamp(x_at(y1), 0.0, width), sign * (y1 - y0));
    }
  }
}

// The angle between the corners of a polygon that looks like a circle.
double corner_angle(double radius) {
  return 0.5 * std::numbers::pi / std::clamp(std::floor(2 + 2 * std::sqrt(std::abs(radius))), 4.0, 64.0);
}

// The half circle about an end of a line, from `from` on.
void add_end(std::vector<PlanePoint>& to, const PlanePoint& centre, double radius, double from) {
  const double step = corner_angle(radius);
  for (int i = 0; i <= std::lround(std::numbers::pi / step); ++i)
    to.push_back(
        {centre.x + radius * std::cos(from + i * step), centre.y + radius * std::sin(from + i * step)});
}

}  // namespace

Raster::Raster(int width, int height, Colour background) : width_(width), height_(height) {
  bytes_.resize(3 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  for (std::size_t i = 0; i < bytes_.size(); i += 3) {
    bytes_[i] = background.red;
    bytes_[i + 1] = background.green;
    bytes_[i + 2] = background.blue;
  }
}

void Raster::polygon(std::span<const PlanePoint> corners, Colour colour, double opacity) {
  constexpr double kFar = 1e9;  // further numbers are as good as not finite
  for (const PlanePoint& corner : corners)
    if (!(std::abs(corner.x) < kFar && std::abs(corner.y) < kFar)) return;
  if (corners.empty()) return;
  const Box box = box_of(corners, width_, height_);
  if (box.empty()) return;
  covered_.assign(static_cast<std::size_t>(box.stride()) * static_cast<std::size_t>(box.bottom - box.top), 0);
  for (std::size_t i = 0; i < corners.size(); ++i)
    add_edge(corners[i], corners[(i + 1) % corners.size()], box, covered_.data());
  for (int y = box.top; y < box.bottom; ++y) {
    const double* change = covered_.data() + std::ptrdiff_t{y - box.top} * box.stride();
    std::uint8_t* byte = bytes_.data() + 3 * (std::ptrdiff_t{y} * width_ + box.left);
    double covered = 0;
    for (int x = box.left; x < box.right; ++x) {
      covered += *change++;
      const double share = std::min(std::abs(covered), 1.0) * opacity;
      for (const std::uint8_t of : {colour.red, colour.green, colour.blue}) {
        *byte = static_cast<std::uint8_t>(std::lround(*byte + share * (of - *byte)));
        ++byte;
      }
    }
  }
}

void Raster::circle(const PlanePoint& centre, double radius, Colour colour, double opacity) {
  if (!(radius > 0)) return;
  // The polygon has the circle's area.
  const double step = corner_angle(radius), out = radius * std::sqrt(step / std::sin(step));
  const long count = std::lround(2 * std::numbers::pi / step);
  std::vector<PlanePoint> corners;
  corners.reserve(static_cast<std::size_t>(count));
  for (long i = 0; i < count; ++i)
    corners.push_back({centre.x + out * std::cos(static_cast<double>(i) * step),
                       centre.y + out * std::sin(static_cast<double>(i) * step)});
  polygon(corners, colour, opacity);
}

void Raster::line(const PlanePoint& from, const PlanePoint& to, double width, Colour colour, double opacity) {
  const double angle = std::atan2(to.y - from.y, to.x - from.x);
  std::vector<PlanePoint> corners;
  add_end(corners, to, width / 2, angle - std::numbers::pi / 2);
  add_end(corners, from, width / 2, angle + std::numbers::pi / 2);
  polygon(corners, colour, opacity);
}

void Raster::mark(const Mark& mark, double opacity) {
  const InkLook& look = look_of(mark.ink);
  const std::vector<double>& n = mark.numbers;
  if (mark.kind == Mark::Kind::circle) {
    circle({n[0], n[1]}, n[2] + look.width / 2, look.stroke, opacity);
    circle({n[0], n[1]}, n[2] - look.width / 2, look.fill, opacity);
    return;
  }
  std::vector<PlanePoint> corners;
  for (std::size_t i = 0; i < n.size(); i += 2) corners.push_back({n[i], n[i + 1]});
  if (mark.kind == Mark::Kind::polygon) polygon(corners, look.fill, opacity);
  for (std::size_t i = 0; i + (mark.kind == Mark::Kind::line) < corners.size(); ++i)
    line(corners[i], corners[(i + 1) % corners.size()], look.width, look.stroke, opacity);
}

}  // namespace innerloop
