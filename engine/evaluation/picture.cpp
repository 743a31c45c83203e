#include "engine/evaluation/picture.h"

#include <algorithm>
#include <cmath>

#include "engine/evaluation/tables.h"

namespace innerloop {
namespace {

// All in pixels.
constexpr double kPanel = 150, kGap = 12, kLine = 18, kMargin = 16, kHead = 6;
constexpr double kCaption = 130, kLeast = 620;  // room for a caption; for a title
constexpr int kGhosts = 8;                      // states before the last one that are shown
constexpr const char* kStyle =
    "text{font:12px sans-serif;fill:#222}text.title{font-weight:bold}text.caption{fill:#666;font-size:11px}"
    ".scene{fill:#e9e9e9;stroke:#bbb;stroke-width:1}.goal{fill:#8fd19e;stroke:#2f9e44;stroke-width:1.5}"
    ".body{fill:#1864ab;stroke:#1864ab;stroke-width:2}.part{fill:#d9480f;stroke:#d9480f;stroke-width:2}"
    ".trace{fill:none;stroke:#74a9d8;stroke-width:1.2}.frame{fill:none;stroke:#ddd}"
    "line,polyline,path{stroke-linecap:round;stroke-linejoin:round}";

std::string number(double pixels) { return number_cell("%.2f", pixels); }

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text)
    safe += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  return safe;
}

std::string text_at(double x, double y, const std::string& kind, const std::string& text) {
  return "<text class=\"" + kind + "\" x=\"" + number(x) + "\" y=\"" + number(y) + "\">" + escaped(text) +
         "</text>\n";
}

// What all panels show of an environment's plane.
struct Window {
  double left = INFINITY, bottom = INFINITY, right = -INFINITY, top = -INFINITY;

  void take(const PlanePoint& place, double radius = 0) {
    left = std::min(left, place.x - radius);
    right = std::max(right, place.x + radius);
    bottom = std::min(bottom, place.y - radius);
    top = std::max(top, place.y + radius);
  }
  double width() const { return right - left; }
  double height() const { return top - bottom; }
};

Window window_of(const std::vector<PictureRow>& rows) {
  Window window;
  for (const PictureRow& row : rows)
    for (const PicturePanel& panel : row.panels)
      for (const Sketch& state : panel.states) {
        if (state.trace()) window.take(*state.trace());
        for (const SketchShape& shape : state.shapes())
          for (const PlanePoint& place : shape.places) window.take(place, shape.radius);
      }
  if (!(window.width() > 0 && window.height() > 0)) {  // nothing, or all of it in a line
    if (!(window.width() >= 0)) window.take({0, 0});
    window.take({window.left - 1, window.bottom - 1});
    window.take({window.right + 1, window.top + 1});
  }
  const double edge = 0.03 * std::max(window.width(), window.height());
  window.take({window.left - edge, window.bottom - edge});
  window.take({window.right + edge, window.top + edge});
  return window;
}

// One panel's pixels.
class Panel {
 public:
  Panel(const Window& window, double scale, double left, double top)
      : window_(window), scale_(scale), left_(left), top_(top) {}

  std::string of(const PicturePanel& panel) const {
    std::string svg = "<g class=\"panel\">\n<rect class=\"frame\" x=\"" + number(left_) + "\" y=\"" +
                      number(top_) + "\" width=\"" + number(window_.width() * scale_) + "\" height=\"" +
                      number(window_.height() * scale_) + "\"/>\n";
    if (!panel.states.empty()) {
      const Sketch& last = panel.states.back();
      for (const Ink ink : {Ink::scene, Ink::goal}) svg += shapes(last, ink);
      svg += way(panel.states);
      const int before = static_cast<int>(panel.states.size()) - 1, ghosts = std::min(kGhosts, before);
      for (int g = 0; g < ghosts; ++g)
        svg += "<g opacity=\"" + number(0.1 + 0.25 * g / kGhosts) + "\">\n" +
               moving(panel.states[static_cast<std::size_t>(g * before / ghosts)]) + "</g>\n";
      svg += moving(last);
    }
    return svg + "</g>\n" +
           text_at(left_, top_ + window_.height() * scale_ + 0.75 * kLine, "caption", panel.caption);
  }

 private:
  PlanePoint at(const PlanePoint& place) const {
    return {left_ + (place.x - window_.left) * scale_, top_ + (window_.top - place.y) * scale_};
  }
  std::string pair(const PlanePoint& pixel) const { return number(pixel.x) + "," + number(pixel.y); }
  std::string pairs(const std::vector<PlanePoint>& places) const {
    std::string text;
    for (const PlanePoint& place : places) text += (text.empty() ? "" : " ") + pair(at(place));
    return text;
  }

  std::string line(const SketchShape& shape, const std::string& kind) const {
    const PlanePoint from = at(shape.places[0]), to = at(shape.places[1]);
    const double x = to.x - from.x, y = to.y - from.y, length = std::hypot(x, y);
    std::string svg = "<line" + kind + " x1=\"" + number(from.x) + "\" y1=\"" + number(from.y) + "\" x2=\"" +
                      number(to.x) + "\" y2=\"" + number(to.y) + "\"/>\n";
    if (shape.kind == SketchShape::Kind::line || length == 0) return svg;
    const double along_x = kHead * x / length, along_y = kHead * y / length;
    const PlanePoint left = {to.x - along_x - 0.5 * along_y, to.y - along_y + 0.5 * along_x},
                     right = {to.x - along_x + 0.5 * along_y, to.y - along_y - 0.5 * along_x};
    return svg + "<polygon" + kind + " points=\"" + pair(to) + " " + pair(left) + " " + pair(right) +
           "\"/>\n";
  }

  std::string one(const SketchShape& shape) const {
    constexpr const char* kinds[] = {"scene", "goal", "body", "part"};
    const std::string kind = std::string(" class=\"") + kinds[static_cast<int>(shape.ink)] + "\"";
    if (shape.kind == SketchShape::Kind::polygon)
      return "<polygon" + kind + " points=\"" + pairs(shape.places) + "\"/>\n";
    if (shape.kind != SketchShape::Kind::circle) return line(shape, kind);
    const PlanePoint centre = at(shape.places[0]);
    return "<circle" + kind + " cx=\"" + number(centre.x) + "\" cy=\"" + number(centre.y) + "\" r=\"" +
           number(std::max(1.5, shape.radius * scale_)) + "\"/>\n";
  }

  std::string shapes(const Sketch& state, Ink ink) const {
    std::string svg;
    for (const SketchShape& shape : state.shapes())
      if (shape.ink == ink) svg += one(shape);
    return svg;
  }
  std::string moving(const Sketch& state) const {
    return shapes(state, Ink::body) + shapes(state, Ink::part);
  }

  std::string way(const std::vector<Sketch>& states) const {
    std::vector<PlanePoint> places;
    for (const Sketch& state : states)
      if (state.trace()) places.push_back(*state.trace());
    return places.empty() ? "" : "<polyline class=\"trace\" points=\"" + pairs(places) + "\"/>\n";
  }

  const Window& window_;
  const double scale_, left_, top_;
};

}  // namespace

std::string svg_picture(const std::string& title, const std::vector<PictureRow>& rows) {
  const Window window = window_of(rows);
  const double scale = kPanel / std::max(window.width(), window.height()), width = window.width() * scale,
               height = window.height() * scale, pitch = std::max(width, kCaption) + kGap;
  std::size_t columns = 0;
  std::string panels;
  double y = kMargin + kLine;
  for (const PictureRow& row : rows) {
    columns = std::max(columns, row.panels.size());
    panels += text_at(kMargin, y + 0.75 * kLine, "title", row.title);
    y += kLine + 4;
    for (std::size_t column = 0; column < row.panels.size(); ++column)
      panels += Panel(window, scale, kMargin + static_cast<double>(column) * pitch, y).of(row.panels[column]);
    y += height + kLine + kGap;
  }
  const double all = std::max(kLeast, 2 * kMargin + static_cast<double>(columns) * pitch - kGap);
  const std::string size = "width=\"" + number(all) + "\" height=\"" + number(y) + "\"";
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" " + size + " viewBox=\"0 0 " + number(all) + " " +
         number(y) + "\">\n<style>" + kStyle + "</style>\n<rect " + size + " fill=\"#fff\"/>\n" +
         text_at(kMargin, kMargin + 0.4 * kLine, "title", title) + panels + "</svg>\n";
}

}  // namespace innerloop
