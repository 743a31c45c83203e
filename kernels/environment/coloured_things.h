// The tiles of MiniGrid and XLand-MiniGrid: a type and a colour, counted as one number, type · 12 + colour, as the latter's
// registry of tiles has them.
#pragma once

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "kernels/environment/sketch.h"
#include "kernels/lanes/fn.h"

namespace innerloop {

// The ink of a colour from 1, red, to 11, pink: things that their colours tell apart move, and lie below bodies.
inline constexpr int kThingColours = 11;
constexpr Ink coloured_ink(int colour) { return static_cast<Ink>(static_cast<int>(Ink::part) + colour); }

struct Tiles {
  static constexpr int kTypes = 13, kColours = 12;
  enum Type { none, floor, wall, ball, square, pyramid, goal, key, locked_door, door, open_door, hex, star };

  static constexpr int kNothing = 0, kFloor = floor * kColours + 7, kWall = wall * kColours + 6,
                       kLast = kTypes * kColours - 1;

  FN static constexpr int number(int type, int colour) { return type * kColours + colour; }
  static int type_of(int tile) { return tile / kColours; }
  static int colour_of(int tile) { return tile % kColours; }

  /// Types of what lies about; all but `goal` can be carried.
  static bool is_thing(int tile) {
    const int type = type_of(tile);
    return colour_of(tile) > 0 && ((type >= ball && type <= key) || type == hex || type == star);
  }
  static bool is_carried(int tile) { return is_thing(tile) && type_of(tile) != goal; }

  /// As "red ball".
  static std::string name(int tile) {
    constexpr const char* types[kTypes] = {"nothing",   "floor", "wall", "ball",        "square",
                                           "pyramid",   "goal",  "key",  "locked door", "door",
                                           "open door", "hex",   "star"};
    constexpr const char* colours[kColours] = {"",     "red",   "green",  "blue",  "purple", "yellow",
                                               "grey", "black", "orange", "white", "brown",  "pink"};
    const std::string type = types[type_of(tile)];
    return colour_of(tile) == 0 ? type : colours[colour_of(tile)] + (" " + type);
  }

  /// Draws a thing about (x, y), `size` wide and high.
  template <class Canvas>
  static void draw(Canvas& canvas, int tile, double x, double y, double size) {
    constexpr double kTurn = 2 * 3.14159265358979323846;
    const Ink ink = coloured_ink(colour_of(tile));
    const auto place = [&](double along, double up) {
      return std::array<double, 2>{x + size * along, y + size * up};
    };
    // A polygon whose corners are by turns at the one radius and at the other, the first one upwards.
    const auto round = [&](int corners, double radius, double other) {
      std::vector<std::array<double, 2>> at;
      for (int i = 0; i < corners; ++i) {
        const double turn = kTurn * i / corners, r = i % 2 == 0 ? radius : other;
        at.push_back(place(r * std::sin(turn), r * std::cos(turn)));
      }
      canvas.polygon(at, ink);
    };
    switch (type_of(tile)) {
      case ball:
        canvas.circle(x, y, 0.38 * size, ink);
        break;
      case square:
        canvas.rectangle(x - 0.33 * size, y - 0.33 * size, x + 0.33 * size, y + 0.33 * size, ink);
        break;
      case pyramid:
        canvas.polygon({place(0, 0.4), place(0.43, -0.36), place(-0.43, -0.36)}, ink);
        break;
      case key:
        canvas.polygon({place(-0.06, 0.05), place(0.06, 0.05), place(0.06, -0.2), place(0.24, -0.2),
                        place(0.24, -0.29), place(0.06, -0.29), place(0.06, -0.35), place(0.19, -0.35),
                        place(0.19, -0.44), place(-0.06, -0.44)},
                       ink);
        canvas.circle(x, y + 0.22 * size, 0.19 * size, ink);
        break;
      case hex:
        round(6, 0.43, 0.43);
        break;
      case star:
        round(10, 0.46, 0.19);
        break;
      default:  // what is walked on fills its cell
        canvas.rectangle(x - 0.48 * size, y - 0.48 * size, x + 0.48 * size, y + 0.48 * size, ink);
    }
  }
};

}  // namespace innerloop
