// Sketches in pixels: the marks that every format of pictures draws, and how they look.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/pictures/sketch.h"
#include "kernels/environment/coloured_things.h"

namespace innerloop {

struct Colour {
  std::uint8_t red, green, blue;
  bool operator==(const Colour&) const = default;
};

struct InkLook {
  const char* name;
  Colour fill, stroke;
  double width;  // of the stroke, in pixels
};
/// How shapes of each ink look, in the order of Ink.
inline constexpr std::array<InkLook, 4 + kThingColours> kInkLooks{{
    {"scene", {0xe9, 0xe9, 0xe9}, {0xbb, 0xbb, 0xbb}, 1},
    {"goal", {0x8f, 0xd1, 0x9e}, {0x2f, 0x9e, 0x44}, 1.5},
    {"body", {0x18, 0x64, 0xab}, {0x18, 0x64, 0xab}, 2},
    {"part", {0xd9, 0x48, 0x0f}, {0xd9, 0x48, 0x0f}, 2},
    {"red", {0xe0, 0x31, 0x31}, {0xa6, 0x1e, 0x1e}, 1},
    {"green", {0x40, 0xc0, 0x57}, {0x2b, 0x8a, 0x3e}, 1},
    {"blue", {0x33, 0x9a, 0xf0}, {0x18, 0x64, 0xab}, 1},
    {"purple", {0x97, 0x58, 0xe0}, {0x5f, 0x3d, 0xc4}, 1},
    {"yellow", {0xff, 0xd4, 0x3b}, {0xc9, 0x91, 0x04}, 1},
    {"grey", {0x9a, 0xa0, 0xa6}, {0x5f, 0x66, 0x6d}, 1},
    {"black", {0x34, 0x38, 0x3c}, {0x10, 0x12, 0x14}, 1},
    {"orange", {0xfd, 0x8c, 0x1f}, {0xb8, 0x55, 0x00}, 1},
    {"white", {0xff, 0xff, 0xff}, {0x66, 0x6b, 0x70}, 1},
    {"brown", {0x9c, 0x63, 0x3a}, {0x65, 0x3c, 0x1e}, 1},
    {"pink", {0xf9, 0xa0, 0xc3}, {0xc2, 0x3a, 0x77}, 1},
}};
inline constexpr const InkLook& look_of(Ink ink) { return kInkLooks[static_cast<std::size_t>(ink)]; }
/// Of the way through an episode's states; of the edge about a panel.
inline constexpr InkLook kTraceLook{"trace", {}, {0x74, 0xa9, 0xd8}, 1.2};
inline constexpr InkLook kFrameLook{"frame", {}, {0xdd, 0xdd, 0xdd}, 1};

/// Where a window of the plane lies in a picture.
struct View {
  Window window;
  double scale = 1, left = 0, top = 0;  // pixels a unit; of the upper left corner, in pixels

  double width() const { return window.width() * scale; }
  double height() const { return window.height() * scale; }
  PlanePoint at(const PlanePoint& place) const {
    return {left + (place.x - window.left) * scale, top + (window.top - place.y) * scale};
  }
};

struct Mark {
  enum class Kind { line, circle, polygon };
  Kind kind;
  Ink ink;
  std::vector<double> numbers;  // x y of both ends; x y of the centre and the radius; or x y of each corner
};

/// The marks of the sketch's shapes of these inks, ink by ink. An arrow is a line and a head. Circles are large enough to be
/// seen.
std::vector<Mark> marks_of(const Sketch& sketch, std::span<const Ink> inks, const View& view);

/// What stands still in an episode, and what moves.
inline constexpr std::array kStillInks{Ink::scene, Ink::goal};
inline constexpr std::array<Ink, 2 + kThingColours> kMovingInks = [] {
  std::array<Ink, 2 + kThingColours> inks{};
  for (int colour = 1; colour <= kThingColours; ++colour)
    inks[static_cast<std::size_t>(colour - 1)] = coloured_ink(colour);
  inks[kThingColours] = Ink::body;
  inks[kThingColours + 1] = Ink::part;
  return inks;
}();

}  // namespace innerloop
