// The safetensors format: 8 bytes of header length (little endian), a JSON header that names each tensor's
// type, shape and place, and then the tensors' bytes, row-major, without gaps. Python's `safetensors` reads
// and writes it.
//
// Our files carry a CRC-32C of the whole file, lengths, names, padding and all, as the first entry of the
// header's metadata ("checksum": "crc32c:89abcdef"; those eight digits count as zeros), so every changed byte
// is found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/error.h"
#include "engine/files/dtype.h"

namespace innerloop {

using Shape = std::vector<std::int64_t>;

/// "[3, 4]"; "[]" is a single number.
std::string to_string(const Shape& shape);

// A view: someone else owns the bytes.
struct Tensor {
  std::string name;
  DType dtype;
  Shape shape;
  std::span<const std::byte> data;  // row-major, product of shape × dtype_size bytes

  template <class T>
  static Tensor of(std::string name, Shape shape, std::span<const T> values) {
    return {std::move(name), dtype_of<T>(), std::move(shape), std::as_bytes(values)};
  }
};

using Metadata = std::map<std::string, std::string>;

/// Writes `tensors` and `metadata` as the file `path`, atomically. The order in the file is by element size,
/// largest first, so that each tensor is aligned.
/// @throws RunError when the disk is full or the like, and std::invalid_argument for a tensor whose bytes are not those
/// of its shape, a name twice or the metadata "checksum".
void write_safetensors(const std::filesystem::path& path, std::span<const Tensor> tensors,
                       const Metadata& metadata);

// There is no such file, or it cannot be read: nothing is known of what it holds, so that it is not called damaged.
class UnreadableFile : public InputError {
 public:
  using InputError::InputError;
};

// A file in memory.
class TensorFile {
 public:
  enum class Checksum {
    required,    // files that this program wrote
    if_present,  // files that other programs may have written
  };

  /// Reads and checks all of `path`. Takes no more memory than the file's size and its header. Throws
  /// UnreadableFile for one that is missing, not a regular file or not to be read, InputError for one that is cut off, damaged
  /// or against the format.
  static TensorFile read(const std::filesystem::path& path, Checksum checksum = Checksum::required);

  const std::filesystem::path& path() const { return path_; }
  /// In the order of their bytes in the file.
  const std::vector<Tensor>& tensors() const { return tensors_; }
  /// Without the checksum.
  const Metadata& metadata() const { return metadata_; }
  /// The checksum that the header states, "crc32c:89abcdef"; empty where it states none.
  const std::string& checksum() const { return checksum_; }

  /// The metadata's value for `key`; InputError when there is none.
  const std::string& metadata(const std::string& key) const;
  /// The tensor of that name; InputError when there is none.
  const Tensor& tensor(std::string_view name) const;
  /// The same; InputError unless it has this type and shape.
  const Tensor& tensor(std::string_view name, DType dtype, const Shape& shape) const;
  /// A copy of that tensor's elements, row-major.
  template <class T>
  std::vector<T> values(std::string_view name, const Shape& shape) const {
    const Tensor& found = tensor(name, dtype_of<T>(), shape);
    std::vector<T> values(found.data.size() / sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), found.data.data(), found.data.size());
    return values;
  }

 private:
  TensorFile() = default;

  std::filesystem::path path_;
  std::unique_ptr<std::byte[]> bytes_;  // the data section; `tensors_` point into it
  std::vector<Tensor> tensors_;
  Metadata metadata_;
  std::string checksum_;
};

}  // namespace innerloop
