#include "engine/pictures/svg.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <tuple>

#include "engine/text/markup.h"

namespace innerloop {
namespace {

constexpr int kGhosts = 8;  // states before the last one that a still picture shows

std::string number(double pixels, const char* form = "%.2f") {
  char text[32];
  std::snprintf(text, sizeof text, form, pixels);
  return text;
}
std::string colour(const Colour& colour) {
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", colour.red, colour.green, colour.blue);
  return text;
}

// The colours of things are there where the picture has some.
std::string style(const Picture& picture) {
  std::array<bool, kInkLooks.size()> used = {};
  std::ranges::fill_n(used.begin(), static_cast<int>(Ink::part) + 1, true);
  for (const PictureRow& row : picture.rows)
    for (const PicturePanel& panel : row.panels)
      for (const Sketch& state : panel.states)
        for (const SketchShape& shape : state.shapes()) used[static_cast<std::size_t>(shape.ink)] = true;
  std::string css =
      "text{font:12px "
      "sans-serif;fill:#222}text.title{font-weight:bold}text.caption{fill:#666;font-size:11px}";
  const auto strokes = [](const InkLook& look) {
    return "stroke:" + colour(look.stroke) + ";stroke-width:" + number(look.width, "%g") + "}";
  };
  for (std::size_t i = 0; i < kInkLooks.size(); ++i) {
    const InkLook& look = kInkLooks[i];
    if (used[i]) css += "." + std::string(look.name) + "{fill:" + colour(look.fill) + ";" + strokes(look);
  }
  for (const InkLook& look : {kTraceLook, kFrameLook})
    css += "." + std::string(look.name) + "{fill:none;" + strokes(look);
  return css + "line,polyline,polygon{stroke-linecap:round;stroke-linejoin:round}";
}

std::string written_text(const PictureText& text) {
  return std::string("<text class=\"") + (text.kind == PictureText::Kind::title ? "title" : "caption") +
         "\" x=\"" + number(text.x) + "\" y=\"" + number(text.y) + "\">" + markup_text(text.text) +
         "</text>\n";
}

// One mark's numbers, as the attributes of its element are made of them.
struct Attribute {
  const char* name;
  int first, count;
};
struct Element {
  const char* name;
  std::vector<Attribute> attributes;
};
Element element_of(const Mark& mark) {
  switch (mark.kind) {
    case Mark::Kind::line:
      return {"line", {{"x1", 0, 1}, {"y1", 1, 1}, {"x2", 2, 1}, {"y2", 3, 1}}};
    case Mark::Kind::circle:
      return {"circle", {{"cx", 0, 1}, {"cy", 1, 1}, {"r", 2, 1}}};
    default:
      return {"polygon", {{"points", 0, static_cast<int>(mark.numbers.size())}}};
  }
}
std::string value_of(const Attribute& attribute, const Mark& mark, const char* form) {
  std::string value;
  for (int i = 0; i < attribute.count; ++i)
    value += (i == 0       ? ""
              : i % 2 == 1 ? ","
                           : " ") +
             number(mark.numbers[static_cast<std::size_t>(attribute.first + i)], form);
  return value;
}
std::string animation(const std::string& attribute, const std::string& values, const Film& film,
                      bool in_jumps = false) {
  return "<animate attributeName=\"" + attribute + "\" dur=\"" + number(film.seconds()) +
         "s\" repeatCount=\"indefinite\"" + (in_jumps ? " calcMode=\"discrete\"" : "") + " values=\"" +
         values + "\"/>";
}

// The mark, and `inside` its element.
std::string element(const Mark& mark, const std::string& inside = "") {
  const Element of = element_of(mark);
  std::string svg = std::string("<") + of.name + " class=\"" + look_of(mark.ink).name + "\"";
  for (const Attribute& each : of.attributes)
    svg += std::string(" ") + each.name + "=\"" + value_of(each, mark, "%.2f") + "\"";
  return svg + (inside.empty() ? "/>\n" : ">" + inside + "</" + of.name + ">\n");
}

std::string elements(const Sketch& state, std::span<const Ink> inks, const View& view) {
  std::string svg;
  for (const Mark& mark : marks_of(state, inks, view)) svg += element(mark);
  return svg;
}

std::vector<PlanePoint> way_of(const PicturePanel& panel, const View& view) {
  std::vector<PlanePoint> places;
  for (const Sketch& state : panel.states)
    if (state.trace()) places.push_back(view.at(*state.trace()));
  return places;
}
std::string polyline(const std::vector<PlanePoint>& places, const std::string& attributes,
                     const std::string& inside) {
  if (places.empty()) return "";
  std::string points;
  for (const PlanePoint& place : places)
    points += (points.empty() ? "" : " ") + number(place.x, "%.1f") + "," + number(place.y, "%.1f");
  return "<polyline class=\"trace\"" + attributes + " points=\"" + points +
         (inside.empty() ? "\"/>\n" : "\">" + inside + "</polyline>\n");
}

std::string still_states(const PicturePanel& panel, const View& view) {
  std::string svg = polyline(way_of(panel, view), "", "");
  const int before = static_cast<int>(panel.states.size()) - 1, ghosts = std::min(kGhosts, before);
  for (int g = 0; g < ghosts; ++g)
    svg += "<g opacity=\"" + number(0.1 + 0.25 * g / kGhosts) + "\">\n" +
           elements(panel.states[static_cast<std::size_t>(g * before / ghosts)], kMovingInks, view) +
           "</g>\n";
  return svg + elements(panel.states.back(), kMovingInks, view);
}

// The way as it grows: the dash that is as long as all of it comes in from its end.
std::string growing_way(const PicturePanel& panel, const View& view, const Film& film) {
  const std::vector<PlanePoint> places = way_of(panel, view);
  if (places.size() != panel.states.size()) return polyline(places, "", "");
  std::vector<double> length{0};
  for (std::size_t i = 1; i < places.size(); ++i)
    length.push_back(length.back() +
                     std::hypot(places[i].x - places[i - 1].x, places[i].y - places[i - 1].y));
  if (!(length.back() > 0)) return "";
  std::string values;
  for (int frame = 0; frame < film.frames(); ++frame)
    values += (frame == 0 ? "" : ";") +
              number(1000 * (1 - length[film.state_at(frame, panel)] / length.back()), "%.0f");
  return polyline(places, " opacity=\"0.3\"", "") + polyline(places,
                                                             " pathLength=\"1000\" stroke-dasharray=\"1000\"",
                                                             animation("stroke-dashoffset", values, film));
}

// A mark through all frames: states that have it no more, or not yet, do not show it.
std::string moving_mark(const std::vector<const Mark*>& frames, const Film& film) {
  const Mark* last = frames.back();
  for (auto at = frames.rbegin(); last == nullptr; ++at) last = *at;
  std::string inside;
  if (std::ranges::count(frames, nullptr) > 0) {
    std::string values;
    for (const Mark* mark : frames)
      values += std::string(values.empty() ? "" : ";") + (mark == nullptr ? "hidden" : "visible");
    inside += animation("visibility", values, film, true);
  }
  for (const Attribute& each : element_of(*last).attributes) {
    const auto first = std::ranges::find_if(frames, [](const Mark* mark) { return mark != nullptr; });
    const Mark* shown = *first;
    std::string values;
    bool moves = false;
    const std::string start = value_of(each, *shown, "%.1f");
    for (const Mark* mark : frames) {
      if (mark != nullptr) shown = mark;
      const std::string value = value_of(each, *shown, "%.1f");
      moves = moves || value != start;
      values += (values.empty() ? "" : ";") + value;
    }
    if (moves) inside += animation(each.name, values, film);
  }
  return element(*last, inside);
}

std::string moving_states(const PicturePanel& panel, const View& view, const Film& film) {
  // Marks of two states are one and the same thing where they are alike in all but their numbers, one after the other.
  using Key = std::tuple<Ink, Mark::Kind, std::size_t, int>;
  std::vector<std::vector<Mark>> marks;
  std::map<Key, std::vector<const Mark*>> moving;
  std::vector<Key> order;
  marks.reserve(static_cast<std::size_t>(film.frames()));
  for (int frame = 0; frame < film.frames(); ++frame) {
    marks.push_back(marks_of(panel.states[film.state_at(frame, panel)], kMovingInks, view));
    for (const Mark& mark : marks.back()) {
      Key key{mark.ink, mark.kind, mark.numbers.size(), 0};
      while (moving.contains(key) && moving[key][static_cast<std::size_t>(frame)] != nullptr)
        ++std::get<3>(key);
      if (!moving.contains(key)) {
        moving[key].resize(static_cast<std::size_t>(film.frames()), nullptr);
        order.push_back(key);
      }
      moving[key][static_cast<std::size_t>(frame)] = &mark;
    }
  }
  std::string svg = growing_way(panel, view, film);
  for (const Key& key : order) svg += moving_mark(moving[key], film);
  return svg;
}

}  // namespace

std::string svg_picture(const Picture& given, bool still) {
  const Picture picture = with_fixed_frames(given);
  const PictureLayout layout = lay_out(picture);
  const Film film = film_of(picture);
  const std::string size = "width=\"" + number(layout.width) + "\" height=\"" + number(layout.height) + "\"";
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" " + size + " viewBox=\"0 0 " +
                    number(layout.width) + " " + number(layout.height) + "\">\n<style>" + style(picture) +
                    "</style>\n<rect " + size + " fill=\"#fff\"/>\n";
  for (const PictureText& text : layout.texts) svg += written_text(text);
  for (const auto& [panel, view] : layout.panels) {
    svg += "<g class=\"panel\">\n<rect class=\"frame\" x=\"" + number(view.left) + "\" y=\"" +
           number(view.top) + "\" width=\"" + number(view.width()) + "\" height=\"" + number(view.height()) +
           "\"/>\n";
    if (!panel->states.empty())
      svg += elements(panel->states.back(), kStillInks, view) +
             (still ? still_states(*panel, view) : moving_states(*panel, view, film));
    svg += "</g>\n";
  }
  return svg + "</svg>\n";
}

}  // namespace innerloop
