#include "engine/files/crc32c.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string_view>
#include <vector>

namespace innerloop {
namespace {

std::vector<std::byte> counting(int first, int step) {
  std::vector<std::byte> bytes;
  for (int i = 0; i < 32; ++i) bytes.push_back(static_cast<std::byte>(first + step * i));
  return bytes;
}

TEST(Crc32c, GivesThePublishedValues) {  // RFC 3720, B.4, and the catalogues' check value
  EXPECT_EQ(crc32c(std::as_bytes(std::span(std::string_view("123456789")))), 0xE3069283u);
  EXPECT_EQ(crc32c(counting(0, 0)), 0x8A9136AAu);
  EXPECT_EQ(crc32c(counting(0xFF, 0)), 0x62A8AB43u);
  EXPECT_EQ(crc32c(counting(0, 1)), 0x46DD794Eu);
  EXPECT_EQ(crc32c(counting(31, -1)), 0x113FDB5Cu);
  EXPECT_EQ(crc32c({}), 0u);
}

TEST(Crc32c, DoesNotDependOnThePieces) {
  const std::vector<std::byte> bytes = counting(7, 5);
  const std::span<const std::byte> all(bytes);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    Crc32c checksum;
    checksum.add(all.first(cut));
    checksum.add(all.subspan(cut));
    EXPECT_EQ(checksum.value(), crc32c(all)) << cut;
  }
}

}  // namespace
}  // namespace innerloop
