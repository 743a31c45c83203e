#include "engine/pictures/letters.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace innerloop {
namespace {

// Strokes through points, each a digit for x and one for y, which goes down from 0, a capital's top, to 6, the foot, and 8.
struct Letter {
  char letter;
  const char* strokes;
};
constexpr std::array kLetters{
    Letter{'0', "103041453616050110"},
    Letter{'1', "112026 1636"},
    Letter{'2', "01103041420646"},
    Letter{'3', "0110304142334445361605 1333"},
    Letter{'4', "36300444"},
    Letter{'5', "400003334445361605"},
    Letter{'6', "413010010516364544331304"},
    Letter{'7', "004016"},
    Letter{'8', "13020110304142334445361605041333"},
    Letter{'9', "051636454130100102133342"},
    Letter{'a', "12324346 441405163645"},
    Letter{'b', "0006 0312324345361605"},
    Letter{'c', "4332120305163645"},
    Letter{'d', "4046 4332120305163645"},
    Letter{'e', "04444332120305163645"},
    Letter{'f', "30201116 0232"},
    Letter{'g', "4247381807 4332120305163645"},
    Letter{'h', "0006 0312324346"},
    Letter{'i', "2226 2020"},
    Letter{'j', "22271808 2020"},
    Letter{'k', "0006 3205 1436"},
    Letter{'l', "2026"},
    Letter{'m', "0206 03122326 23324346"},
    Letter{'n', "0206 0312324346"},
    Letter{'o', "120305163645433212"},
    Letter{'p', "0208 0312324345361605"},
    Letter{'q', "4248 4332120305163645"},
    Letter{'r', "0206 031232"},
    Letter{'s', "4212031434453606"},
    Letter{'t', "10152636 0232"},
    Letter{'u', "0205163645 4246"},
    Letter{'v', "022642"},
    Letter{'w', "0216233642"},
    Letter{'x', "0246 4206"},
    Letter{'y', "0226 4218"},
    Letter{'z', "02420646"},
    Letter{'_', "0747"},
    Letter{'.', "2626"},
    Letter{',', "2617"},
    Letter{':', "2323 2626"},
    Letter{'-', "1434"},
    Letter{'+', "0444 2226"},
    Letter{'=', "0343 0545"},
    Letter{'>', "024406"},
    Letter{'/', "4006"},
    Letter{'(', "30212536"},
    Letter{')', "10212516"},
};
constexpr double kUnits = 6, kPitch = 5.5;  // a capital's height; from letter to letter

}  // namespace

void write_text(Raster& to, double x, double y, double height, std::string_view text, Colour colour,
                bool bold) {
  const double unit = height / kUnits, width = (bold ? 1.1 : 0.75) * unit;
  for (const char c : text) {
    const auto small = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const auto known = std::ranges::find(kLetters, small, &Letter::letter);
    if (known != kLetters.end()) {
      const PlanePoint* before = nullptr;
      PlanePoint last{}, point{};
      for (const char* at = known->strokes; *at != '\0';) {
        if (*at == ' ') {
          before = nullptr;
          ++at;
          continue;
        }
        point = {x + (at[0] - '0') * unit, y + (at[1] - '0' - kUnits) * unit};
        if (before != nullptr) to.line(last, point, width, colour);
        last = point;
        before = &last;
        at += 2;
      }
    }
    // The bytes of one character leave one gap.
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) x += kPitch * unit;
  }
}

}  // namespace innerloop
