#include "engine/device/buffer_plan.h"

#include <algorithm>
#include <cstdio>
#include <sstream>

#include "engine/error.h"
#include "engine/text/columns.h"

namespace innerloop {
namespace {

constexpr std::int64_t kMost = std::int64_t{1} << 62;
// Whole packs of rows are read at the end of a buffer, too.
constexpr std::int64_t kSlack = 256;

std::string sizes_text(const std::vector<std::int64_t>& sizes) {
  std::string text;
  for (std::int64_t size : sizes) text += (text.empty() ? "" : " × ") + std::to_string(size);
  return text;
}

}  // namespace

void BufferPlan::declare(void** pointer, std::string name, std::string shape, std::vector<std::int64_t> sizes,
                         std::int64_t element_bytes) {
  std::int64_t bytes = element_bytes;
  bool overflow = false;
  for (std::int64_t size : sizes)
    overflow = overflow || __builtin_mul_overflow(bytes, size, &bytes) || bytes > kMost;
  if (overflow || total_ > kMost - bytes)
    throw InputError("buffer " + name + " " + shape + " = " + sizes_text(sizes) +
                     ": wanted a size that fits in memory, found more than 2^62 bytes");
  buffers_.push_back({std::move(name), std::move(shape), std::move(sizes), element_bytes, bytes, total_});
  pointers_.push_back(pointer);
  total_ += (bytes + kSlack + 255) / 256 * 256;
}

void BufferPlan::bind(void* memory) {
  for (std::size_t i = 0; i < buffers_.size(); ++i)
    *pointers_[i] = static_cast<char*>(memory) + buffers_[i].offset;
}

std::string BufferPlan::table() const {
  std::size_t columns[3] = {6, 5, 4};
  for (const Buffer& buffer : buffers_) {
    columns[0] = std::max(columns[0], columns_in(buffer.name));
    columns[1] = std::max(columns[1], columns_in(buffer.shape));
    columns[2] = std::max(columns[2], columns_in(sizes_text(buffer.sizes)));
  }
  std::ostringstream out;
  out << filled("buffer", columns[0]) << "  " << filled("shape", columns[1]) << "  "
      << filled("size", columns[2]) << "  " << filled_left("bytes", 14) << "\n";
  for (const Buffer& buffer : buffers_)
    out << filled(buffer.name, columns[0]) << "  " << filled(buffer.shape, columns[1]) << "  "
        << filled(sizes_text(buffer.sizes), columns[2]) << "  "
        << filled_left(std::to_string(buffer.bytes), 14) << "\n";
  out << filled("total", columns[0] + columns[1] + columns[2] + 4) << "  "
      << filled_left(std::to_string(total_), 14) << "  (" << readable_bytes(total_) << ")\n";
  return out.str();
}

std::string readable_bytes(std::int64_t bytes) {
  const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes);
  int unit = 0;
  for (; value >= 1024 && unit < 6; ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof(text), unit == 0 || value >= 100 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  return text;
}

}  // namespace innerloop
