#include "engine/run/tensorboard.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>
#include <vector>

#include "engine/files/crc32c.h"
#include "engine/files/file_status.h"

namespace innerloop {
namespace {

// Protocol buffers: a field is its key (number × 8 + kind) and then its value; texts and messages have their
// length in front. Numbers are little endian, as is memory here.
constexpr int kVarint = 0, kFixed64 = 1, kLengthThenBytes = 2, kFixed32 = 5;

template <class T>
std::string memory_of(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

std::string key(int field, int kind) { return varint(static_cast<std::uint64_t>(field * 8 + kind)); }

std::string text(int field, std::string_view value) {
  return (key(field, kLengthThenBytes) + varint(value.size())).append(value);
}

std::string event(double wall_time, std::int64_t step, const std::string& what) {
  return key(1, kFixed64) + memory_of(wall_time) + key(2, kVarint) +
         varint(static_cast<std::uint64_t>(step)) + what;
}

std::uint32_t masked_crc(std::string_view bytes) {
  const std::uint32_t crc = crc32c(std::as_bytes(std::span(bytes)));
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// TensorBoard reads a folder's files in the order of their names, so a later one must have a later time.
OutputFile make_file(const std::filesystem::path& folder) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  for (auto time = static_cast<std::int64_t>(now());; ++time) {
    const auto path = folder / ("events.out.tfevents." + std::to_string(time) + "." + host.data());
    if (!std::filesystem::exists(status_of(path))) return OutputFile(path, OutputFile::Mode::create_new);
  }
}

}  // namespace

std::string scalar_event(double wall_time, std::int64_t step, std::span<const Scalar> scalars) {
  std::string summary;
  for (const auto& [tag, value] : scalars) {
    summary += text(1, text(1, tag) + key(2, kFixed32) + memory_of(static_cast<float>(value)));
  }
  return event(wall_time, step, text(5, summary));
}

std::string tensorboard_record(std::string_view event) {
  const std::string length = memory_of(static_cast<std::uint64_t>(event.size()));
  return (length + memory_of(masked_crc(length))).append(event) + memory_of(masked_crc(event));
}

TensorBoardLog::TensorBoardLog(const std::filesystem::path& folder, std::int64_t first_iteration)
    : file_(make_file(folder)) {
  const std::string file_version = text(3, "brain.Event:2");
  const std::string session_log = text(7, key(1, kVarint) + varint(1));  // status START
  file_.write(tensorboard_record(event(now(), 0, file_version)) +
              tensorboard_record(event(now(), first_iteration, session_log)));
}

void TensorBoardLog::write(const nlohmann::ordered_json& metrics) {
  std::vector<Scalar> scalars;
  for (const auto& [name, value] : metrics.items()) {
    if (name == "iteration") continue;
    if (value.is_number()) scalars.emplace_back(name, value.get<double>());
    if (!value.is_array()) continue;
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (value[i].is_number()) scalars.emplace_back(name + "/" + std::to_string(i), value[i].get<double>());
    }
  }
  const std::int64_t step = metrics.at("iteration").get<std::int64_t>();
  file_.write(tensorboard_record(scalar_event(now(), step, scalars)));
}

}  // namespace innerloop
