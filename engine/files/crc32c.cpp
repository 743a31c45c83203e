#include "engine/files/crc32c.h"

#include <array>

namespace innerloop {
namespace {

using Table = std::array<std::uint32_t, 256>;

// table[k][b]: what byte b does to the state when k more bytes follow it, so that eight bytes are taken at
// once.
constexpr std::array<Table, 8> make_tables() {
  std::array<Table, 8> tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t state = byte;
    for (int bit = 0; bit < 8; ++bit) state = (state >> 1) ^ ((state & 1) ? 0x82F63B78u : 0u);
    tables[0][byte] = state;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}

constexpr std::array<Table, 8> kTables = make_tables();

}  // namespace

void Crc32c::add(std::span<const std::byte> bytes) {
  const auto* next = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t left = bytes.size();
  std::uint32_t state = state_;
  for (; left >= 8; left -= 8, next += 8) {
    std::uint32_t combined = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      combined ^= kTables[7 - i][next[i] ^ ((state >> (8 * i)) & 0xFF)];
      combined ^= kTables[3 - i][next[i + 4]];
    }
    state = combined;
  }
  for (; left > 0; --left, ++next) state = (state >> 8) ^ kTables[0][(state ^ *next) & 0xFF];
  state_ = state;
}

std::uint32_t crc32c(std::span<const std::byte> bytes) {
  Crc32c checksum;
  checksum.add(bytes);
  return checksum.value();
}

}  // namespace innerloop
