// The buffers of a case on a device, for operations made on the host.
#pragma once

#include <cstring>
#include <type_traits>

#include "engine/device/device.h"
#include "tests/support/buffers.h"

namespace innerloop {

class DeviceCopies {
 public:
  /// Copies what is in `memory` now, a buffer at a time, so that none lies beside another.
  DeviceCopies(Device& device, const Buffers& memory) : device_(device) {
    for (const Buffers::Buffer& host : memory.buffers()) {
      const auto bytes = static_cast<std::int64_t>(host.bytes);
      copies_.push_back({host, device.allocate(bytes)});
      device.write(static_cast<char*>(copies_.back().memory.get()),
                   std::span(static_cast<const char*>(host.memory.get()), host.bytes));
    }
  }

  /// `op`, plain data, with every pointer into the buffers replaced by one into their copies.
  template <class Op>
  Op moved(const Op& op) const {
    static_assert(std::is_trivially_copyable_v<Op>);
    Op to = op;
    char* words = reinterpret_cast<char*>(&to);
    for (std::size_t at = 0; at + sizeof(char*) <= sizeof(Op); at += alignof(char*)) {
      const char* pointer;
      std::memcpy(&pointer, words + at, sizeof(pointer));
      for (const Copy& copy : copies_) {
        const char* begin = static_cast<const char*>(copy.host.memory.get());
        if (pointer < begin || pointer >= begin + copy.host.bytes) continue;
        const char* there = static_cast<const char*>(copy.memory.get()) + (pointer - begin);
        std::memcpy(words + at, &there, sizeof(there));
      }
    }
    return to;
  }

  /// Copies everything back to where it came from. Waits.
  void bring_back() const {
    for (const Copy& copy : copies_)
      device_.read(static_cast<const char*>(copy.memory.get()),
                   std::span(static_cast<char*>(copy.host.memory.get()), copy.host.bytes));
  }

 private:
  struct Copy {
    Buffers::Buffer host;
    std::shared_ptr<void> memory;
  };
  Device& device_;
  std::vector<Copy> copies_;
};

}  // namespace innerloop
