#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "engine/files/atomic_file.h"
#include "engine/files/crc32c.h"
#include "engine/files/safetensors_header.h"
#include "engine/text/json.h"

static_assert(std::endian::native == std::endian::little,
              "the format's numbers are little endian, as is memory");

namespace innerloop {
namespace {

void check(const Tensor& tensor) {
  std::size_t size = dtype_size(tensor.dtype);
  for (const std::int64_t extent : tensor.shape) size *= static_cast<std::size_t>(extent);
  if (size == tensor.data.size()) return;
  throw std::invalid_argument("tensor " + json_quoted(tensor.name) + ": wanted the " + std::to_string(size) +
                              " bytes of " + to_string(tensor.shape) + ", found " +
                              std::to_string(tensor.data.size()));
}

std::string header_text(const std::vector<Tensor>& tensors, const Metadata& metadata) {
  nlohmann::ordered_json header;
  header["__metadata__"]["checksum"] = "crc32c:" + std::string(kChecksumDigits, '0');
  for (const auto& [key, value] : metadata) {
    if (key == "checksum")
      throw std::invalid_argument("metadata: wanted no \"checksum\", which is the writer's");
    header["__metadata__"][key] = value;
  }
  std::size_t offset = 0;
  for (const Tensor& tensor : tensors) {
    check(tensor);
    if (header.contains(tensor.name))
      throw std::invalid_argument("two tensors are called " + json_quoted(tensor.name));
    header[tensor.name] = {{"dtype", dtype_name(tensor.dtype)},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, offset + tensor.data.size()}}};
    offset += tensor.data.size();
  }
  std::string text = json_text(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the data begins at a multiple of 8
  return text;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, std::span<const Tensor> tensors,
                       const Metadata& metadata) {
  std::vector<Tensor> sorted(tensors.begin(), tensors.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const Tensor& a, const Tensor& b) {
    return dtype_size(a.dtype) > dtype_size(b.dtype);
  });
  std::string header = header_text(sorted, metadata);
  const std::uint64_t header_size = header.size();

  std::vector<std::span<const std::byte>> pieces = {std::as_bytes(std::span(&header_size, 1)),
                                                    std::as_bytes(std::span(header))};
  for (const Tensor& tensor : sorted) pieces.push_back(tensor.data);

  Crc32c checksum;
  for (const auto& piece : pieces) checksum.add(piece);
  std::array<char, kChecksumDigits + 1> digits;
  std::snprintf(digits.data(), digits.size(), "%08x", checksum.value());
  header.replace(kChecksumStart.size(), kChecksumDigits,
                 digits.data());  // in place: `pieces` still point at it

  write_file_atomically(path, pieces);
}

}  // namespace innerloop
