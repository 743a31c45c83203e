#include "engine/files/safetensors.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <limits>
#include <new>
#include <optional>

#include "engine/error.h"
#include "engine/files/crc32c.h"
#include "engine/files/file_status.h"
#include "engine/files/safetensors_header.h"

namespace innerloop {
namespace {

struct DTypeFacts {
  DType dtype;
  std::string_view name;
  std::size_t size;
};

constexpr std::array kDTypes = {DTypeFacts{DType::F32, "F32", 4}, DTypeFacts{DType::F64, "F64", 8},
                                DTypeFacts{DType::I32, "I32", 4}, DTypeFacts{DType::I64, "I64", 8},
                                DTypeFacts{DType::U8, "U8", 1},   DTypeFacts{DType::U32, "U32", 4},
                                DTypeFacts{DType::U64, "U64", 8}};

constexpr std::uint64_t kHeaderLimit = 16 << 20;  // bytes; ours are a few thousand

// A tensor's claim about itself, with `data` still to come: its place in the data section instead.
struct Placed {
  Tensor tensor;
  std::uint64_t begin, end;  // bytes
};

std::string bytes(std::uint64_t count) { return std::to_string(count) + (count == 1 ? " byte" : " bytes"); }

template <class Value>
const Value& field(const std::optional<Value>& value, const char* name, const std::string& where) {
  if (!value) throw InputError(where + "wanted \"" + name + "\", found none");
  return *value;
}

DType parse_dtype(const std::string& name, const std::string& where) {
  for (const DTypeFacts& facts : kDTypes) {
    if (facts.name == name) return facts.dtype;
  }
  throw InputError(where + "wanted the dtype F32, F64, I32, I64, U8, U32 or U64, found " + json_quoted(name));
}

Placed place(const TensorEntry& entry, const std::string& file) {
  const std::string where = file + ": tensor " + json_quoted(entry.name) + ": ";
  Placed placed{{entry.name, parse_dtype(field(entry.dtype, "dtype", where), where), {}, {}}, 0, 0};

  std::uint64_t size = dtype_size(placed.tensor.dtype);
  for (const std::uint64_t extent : field(entry.shape, "shape", where)) {
    // A zero among large extents must not hide what would overflow without it.
    if (extent > 0 && size > std::numeric_limits<std::int64_t>::max() / extent) {
      throw InputError(where + "wanted a shape of less than 2^63 bytes, found " + bytes(size) + " times " +
                       std::to_string(extent));
    }
    size *= std::max<std::uint64_t>(extent, 1);
    placed.tensor.shape.push_back(static_cast<std::int64_t>(extent));
  }
  for (const std::int64_t extent : placed.tensor.shape) {
    if (extent == 0) size = 0;
  }

  const auto& offsets = field(entry.data_offsets, "data_offsets", where);
  if (offsets.size() != 2 || offsets[0] > offsets[1]) {
    throw InputError(where + "wanted two data_offsets, the begin and the end, found " +
                     (offsets.size() == 2 ? std::to_string(offsets[0]) + " and " + std::to_string(offsets[1])
                                          : std::to_string(offsets.size())));
  }
  placed.begin = offsets[0];
  placed.end = offsets[1];
  if (placed.end - placed.begin != size) {
    throw InputError(where + "wanted the " + bytes(size) + " of " +
                     std::string(dtype_name(placed.tensor.dtype)) + " " + to_string(placed.tensor.shape) +
                     ", found data_offsets for " + bytes(placed.end - placed.begin));
  }
  return placed;
}

// All tensors in the order of their bytes, which must fill the data section without a gap.
std::vector<Placed> place_all(const SafetensorsHeader& header, std::uint64_t data_size,
                              const std::string& file) {
  std::vector<Placed> all;
  for (const TensorEntry& entry : header.tensors) all.push_back(place(entry, file));
  std::stable_sort(all.begin(), all.end(), [](const Placed& a, const Placed& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  std::uint64_t end = 0;
  for (const Placed& placed : all) {
    if (placed.begin != end) {
      throw InputError(file + ": tensor " + json_quoted(placed.tensor.name) +
                       ": wanted it to begin where the one before " + "ends, at byte " + std::to_string(end) +
                       " of the data, found " + std::to_string(placed.begin));
    }
    end = placed.end;
  }
  if (end != data_size) {
    throw InputError(file + ": wanted " + bytes(end) + " of data, found " + bytes(data_size));
  }
  return all;
}

// The checksum that the header states, taken out of `metadata`; the header's digits become the zeros they
// counted as.
std::optional<std::uint32_t> take_checksum(std::string& header, Metadata& metadata, const std::string& file) {
  const auto entry = metadata.find("checksum");
  if (entry == metadata.end()) return std::nullopt;
  const std::string stated = entry->second;
  metadata.erase(entry);
  const std::string_view text = header;
  std::uint32_t checksum = 0;
  bool readable = text.starts_with(kChecksumStart) && text.size() > kChecksumStart.size() + kChecksumDigits;
  if (readable) {
    const char* digits = text.data() + kChecksumStart.size();
    const auto [end, error] = std::from_chars(digits, digits + kChecksumDigits, checksum, 16);
    readable = error == std::errc() && end == digits + kChecksumDigits && *end == '"' &&
               std::all_of(digits, end, [](char digit) { return digit < 'A' || digit > 'F'; });
  }
  if (!readable) {
    throw InputError(
        file + ": metadata: wanted the checksum \"crc32c:\" and 8 digits at the header's start, found " +
        json_quoted(stated) + ": the file is damaged, or another program wrote it");
  }
  header.replace(kChecksumStart.size(), kChecksumDigits, kChecksumDigits, '0');
  return checksum;
}

void read_bytes(std::ifstream& stream, std::byte* to, std::uint64_t count, const std::string& file) {
  stream.read(reinterpret_cast<char*>(to), static_cast<std::streamsize>(count));
  if (stream) return;
  throw InputError(file + ": wanted " + bytes(count) + " more, found " +
                   bytes(static_cast<std::uint64_t>(stream.gcount())));
}

}  // namespace

std::string_view dtype_name(DType dtype) { return kDTypes[static_cast<std::size_t>(dtype)].name; }

std::size_t dtype_size(DType dtype) { return kDTypes[static_cast<std::size_t>(dtype)].size; }

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (const std::int64_t extent : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  return text + "]";
}

TensorFile TensorFile::read(const std::filesystem::path& path, Checksum wanted_checksum) {
  const std::string file = path.string();
  const auto status = status_of(path);
  if (!std::filesystem::exists(status)) throw UnreadableFile(file + ": wanted a file, found none");
  if (!std::filesystem::is_regular_file(status))
    throw UnreadableFile(file + ": wanted a file, found something else");
  if (const std::string why = hindrance_to_read(path); !why.empty())
    throw UnreadableFile(file + ": wanted a file that can be read, found " + why);
  std::ifstream stream(path, std::ios::binary | std::ios::ate);
  const auto file_size = static_cast<std::uint64_t>(stream.tellg());
  stream.seekg(0);

  std::uint64_t header_size = 0;
  if (file_size < sizeof header_size) {
    throw InputError(file + ": wanted at least the 8 bytes of the header's length, found " +
                     bytes(file_size));
  }
  read_bytes(stream, reinterpret_cast<std::byte*>(&header_size), sizeof header_size, file);
  const std::uint64_t most = std::min(kHeaderLimit, file_size - sizeof header_size);
  if (header_size > most) {
    throw InputError(file + ": header length: wanted at most " + std::to_string(most) + ", found " +
                     std::to_string(header_size));
  }
  std::string header(header_size, '\0');
  read_bytes(stream, reinterpret_cast<std::byte*>(header.data()), header_size, file);

  TensorFile result;
  result.path_ = path;
  SafetensorsHeader parsed = parse_safetensors_header(header, file);
  const std::uint64_t data_size = file_size - sizeof header_size - header_size;
  std::vector<Placed> placed = place_all(parsed, data_size, file);
  result.metadata_ = std::move(parsed.metadata);
  if (result.metadata_.contains("checksum")) result.checksum_ = result.metadata_["checksum"];
  const auto stated = take_checksum(header, result.metadata_, file);
  if (!stated && wanted_checksum == Checksum::required) {
    throw InputError(
        file + ": metadata: wanted a \"checksum\", found none: the file is damaged, or another program " +
        "wrote it");
  }

  try {
    result.bytes_ = std::make_unique_for_overwrite<std::byte[]>(data_size);
  } catch (const std::bad_alloc&) {
    throw InputError(file + ": wanted " + bytes(data_size) + " of memory for its data, found less");
  }
  read_bytes(stream, result.bytes_.get(), data_size, file);
  const std::span<const std::byte> data(result.bytes_.get(), data_size);
  if (stated) {
    Crc32c checksum;
    checksum.add(std::as_bytes(std::span(&header_size, 1)));
    checksum.add(std::as_bytes(std::span(header)));
    checksum.add(data);
    if (checksum.value() != *stated) {
      throw InputError(
          file + ": wanted the checksum that its header states, found another one: the file is damaged, " +
          "or another program changed it");
    }
  }
  for (Placed& one : placed) {
    one.tensor.data = data.subspan(one.begin, one.end - one.begin);
    result.tensors_.push_back(std::move(one.tensor));
  }
  return result;
}

const std::string& TensorFile::metadata(const std::string& key) const {
  const auto entry = metadata_.find(key);
  if (entry == metadata_.end())
    throw InputError(path_.string() + ": metadata: wanted " + json_quoted(key) + ", found none");
  return entry->second;
}

const Tensor& TensorFile::tensor(std::string_view name) const {
  for (const Tensor& tensor : tensors_) {
    if (tensor.name == name) return tensor;
  }
  throw InputError(path_.string() + ": wanted a tensor " + json_quoted(name) + ", found none");
}

const Tensor& TensorFile::tensor(std::string_view name, DType dtype, const Shape& shape) const {
  const Tensor& found = tensor(name);
  if (found.dtype == dtype && found.shape == shape) return found;
  throw InputError(path_.string() + ": tensor " + json_quoted(name) + ": wanted " +
                   std::string(dtype_name(dtype)) + " " + to_string(shape) + ", found " +
                   std::string(dtype_name(found.dtype)) + " " + to_string(found.shape));
}

}  // namespace innerloop
