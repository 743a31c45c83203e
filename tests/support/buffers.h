// Named buffers of numbers for one run of an operation, and what is in them afterwards.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace innerloop {

/// What a buffer holds, as 32-bit words.
struct BufferContent {
  std::string name;
  std::vector<std::uint32_t> words;
};

class Buffers {
 public:
  struct Buffer {
    std::string name;
    std::size_t bytes;
    std::shared_ptr<void> memory;
  };

  explicit Buffers(std::uint64_t seed) : random_(seed) {}

  std::mt19937_64& random() { return random_; }

  /// `count` numbers of type T whose bytes are 0xFF (NaN) until something is written, aligned to 64 bytes.
  template <class T = float>
  T* blank(const std::string& name, long count) {
    const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(T);
    void* memory = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
    std::memset(memory, 0xFF, bytes);
    buffers_.push_back({name, bytes, {memory, std::free}});
    return static_cast<T*>(memory);
  }
  /// These numbers.
  template <class T = float, class Numbers>
  T* hold(const std::string& name, const Numbers& numbers) {
    T* to = blank<T>(name, static_cast<long>(numbers.size()));
    for (std::size_t i = 0; i < numbers.size(); ++i) to[i] = static_cast<T>(numbers[i]);
    return to;
  }
  /// Normal numbers of this standard deviation.
  float* normals(const std::string& name, long count, double deviation = 1) {
    float* to = blank(name, count);
    std::normal_distribution<double> normal(0, deviation);
    for (long i = 0; i < count; ++i) to[i] = static_cast<float>(normal(random_));
    return to;
  }

  const std::vector<Buffer>& buffers() const { return buffers_; }
  std::vector<BufferContent> content() const {
    std::vector<BufferContent> all;
    for (const Buffer& buffer : buffers_) {
      BufferContent content{buffer.name, std::vector<std::uint32_t>(buffer.bytes / 4)};
      std::memcpy(content.words.data(), buffer.memory.get(), content.words.size() * 4);
      all.push_back(std::move(content));
    }
    return all;
  }

 private:
  std::mt19937_64 random_;
  std::vector<Buffer> buffers_;
};

/// The first difference, in words; empty if there is none. Any NaN equals any other.
inline std::string first_difference(const std::vector<BufferContent>& wanted,
                                    const std::vector<BufferContent>& found) {
  if (wanted.size() != found.size()) return "another number of buffers";
  const auto is_nan = [](std::uint32_t word) { return (word & 0x7FFFFFFFu) > 0x7F800000u; };
  for (std::size_t b = 0; b < wanted.size(); ++b) {
    const auto &x = wanted[b].words, &y = found[b].words;
    if (x.size() != y.size()) return wanted[b].name + ": another size";
    for (std::size_t i = 0; i < x.size(); ++i)
      if (x[i] != y[i] && !(is_nan(x[i]) && is_nan(y[i]))) {
        float a, b_;
        std::memcpy(&a, &x[i], 4);
        std::memcpy(&b_, &y[i], 4);
        return wanted[b].name + "[" + std::to_string(i) + "]: wanted " + std::to_string(a) + " (" +
               std::to_string(x[i]) + "), found " + std::to_string(b_) + " (" + std::to_string(y[i]) + ")";
      }
  }
  return "";
}

}  // namespace innerloop
