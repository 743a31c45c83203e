// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78), the checksum of iSCSI, TensorFlow's records and our
// checkpoints. It finds every error that lies within 32 neighbouring bits, so every changed byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace innerloop {

class Crc32c {
 public:
  /// Takes the next bytes in; pieces of any length give the same value as the whole.
  void add(std::span<const std::byte> bytes);
  /// The checksum of all bytes so far; 0 of none.
  std::uint32_t value() const { return ~state_; }

 private:
  std::uint32_t state_ = ~0u;
};

/// The checksum of `bytes`.
std::uint32_t crc32c(std::span<const std::byte> bytes);

}  // namespace innerloop
