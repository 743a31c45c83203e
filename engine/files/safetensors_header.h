// The JSON header of a safetensors file: what it says of each tensor, read and checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/files/safetensors.h"

// The JSON header of a safetensors file; shared by its reader and its writer.
namespace innerloop {

// Where the header keeps the checksum of our files: it begins with this text and then eight hexadecimal
// digits.
constexpr std::string_view kChecksumStart = R"({"__metadata__":{"checksum":"crc32c:)";
constexpr std::size_t kChecksumDigits = 8;

// One tensor as its header entry claims it, checked for form only.
struct TensorEntry {
  std::string name;
  std::optional<std::string> dtype;
  std::optional<std::vector<std::uint64_t>> shape;
  std::optional<std::vector<std::uint64_t>> data_offsets;  // [begin, end) in the data section, bytes
};

struct SafetensorsHeader {
  std::vector<TensorEntry> tensors;
  Metadata metadata;
};

/// Reads the header `text` of the file called `file`: JSON of exactly the format's form, each name once.
/// Memory is within a small multiple of the text's, whatever it says.
/// @throws InputError where it is not of that form.
SafetensorsHeader parse_safetensors_header(std::string_view text, const std::string& file);

/// `text` as a JSON string for messages; a long one is cut short.
std::string json_quoted(std::string_view text);

}  // namespace innerloop
