// Declare, then allocate once: every buffer of a run, with its shape, before anything runs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace innerloop {

class BufferPlan {
 public:
  struct Buffer {
    std::string name;
    std::string shape;  // "[task][step·env]"
    std::vector<std::int64_t> sizes;
    std::int64_t element_bytes;
    std::int64_t bytes;   // of the numbers
    std::int64_t offset;  // in the one allocation
  };

  /// Declares a buffer; once `bind` was called, *pointer points to it. `pointer` must stay where it is until then.
  /// @throws InputError where the sizes multiply to more than 2^62 bytes, naming the buffer.
  template <class T>
  void add(T** pointer, std::string name, std::string shape, std::vector<std::int64_t> sizes) {
    declare(reinterpret_cast<void**>(pointer), std::move(name), std::move(shape), std::move(sizes),
            sizeof(T));
  }

  const std::vector<Buffer>& buffers() const { return buffers_; }

  /// Bytes of the whole allocation, padding between buffers included.
  std::int64_t total_bytes() const { return total_; }

  /// Lets the declared pointers point into `memory`, of total_bytes().
  void bind(void* memory);

  /// The table that `innerloop plan` prints: name, shape, sizes, bytes; the total at the end.
  std::string table() const;

 private:
  void declare(void** pointer, std::string name, std::string shape, std::vector<std::int64_t> sizes,
               std::int64_t element_bytes);

  std::vector<Buffer> buffers_;
  std::vector<void**> pointers_;
  std::int64_t total_ = 0;
};

/// "1.4 GiB", "312 B".
std::string readable_bytes(std::int64_t bytes);

}  // namespace innerloop
