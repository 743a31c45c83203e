#include "engine/text/columns.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <span>

namespace innerloop {
namespace {

struct Letters {
  std::uint32_t first, last;
};

constexpr std::array kJoined = {Letters{0x300, 0x36F}, Letters{0x200B, 0x200D}, Letters{0x20D0, 0x20FF},
                                Letters{0xFE00, 0xFE0F}};
constexpr std::array kWide = {Letters{0x1100, 0x115F}, Letters{0x2E80, 0xA4CF},   Letters{0xAC00, 0xD7A3},
                              Letters{0xF900, 0xFAFF}, Letters{0xFE30, 0xFE6F},   Letters{0xFF00, 0xFF60},
                              Letters{0xFFE0, 0xFFE6}, Letters{0x1F300, 0x1FAFF}, Letters{0x20000, 0x3FFFD}};

bool is_in(std::span<const Letters> all, std::uint32_t letter) {
  return std::ranges::any_of(all, [&](Letters each) { return each.first <= letter && letter <= each.last; });
}

// The first character of `text`, which it is cut off; a byte that begins none is one of its own.
std::uint32_t take_letter(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t size = byte(0) < 0xC0 ? 1 : byte(0) < 0xE0 ? 2 : byte(0) < 0xF0 ? 3 : 4;
  std::uint32_t letter = size == 1 ? byte(0) : byte(0) & (0xFFu >> (size + 1));
  std::size_t taken = 1;
  for (; taken < std::min(size, text.size()) && (byte(taken) & 0xC0) == 0x80; ++taken)
    letter = letter << 6 | (byte(taken) & 0x3Fu);
  text.remove_prefix(taken);
  return letter;
}

}  // namespace

std::size_t columns_in(std::string_view text) {
  std::size_t count = 0;
  while (!text.empty()) {
    const std::uint32_t letter = take_letter(text);
    count += is_in(kJoined, letter) ? 0 : is_in(kWide, letter) ? 2 : 1;
  }
  return count;
}

std::string filled(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, columns_in(text)), ' ');
}

std::string filled_left(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, columns_in(text)), ' ') + text;
}

std::string number_cell(const char* form, double value) {
  char text[48];
  std::snprintf(text, sizeof text, form, std::isnan(value) ? NAN : value);  // without the sign it may have
  return text;
}

}  // namespace innerloop
