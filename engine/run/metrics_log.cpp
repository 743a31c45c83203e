#include "engine/run/metrics_log.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "engine/error.h"
#include "engine/files/file_status.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

// The metrics of a line; none where it is damaged.
std::optional<nlohmann::ordered_json> logged_metrics(const std::string& line) {
  auto metrics = nlohmann::ordered_json::parse(line, nullptr, false);
  if (!metrics.is_object() || !metrics.contains("iteration") || !metrics["iteration"].is_number_integer())
    return std::nullopt;
  return metrics;
}

// Of line `number`, from 1. @throws InputError where it is damaged.
nlohmann::ordered_json wanted_metrics(const std::string& line, const std::filesystem::path& path,
                                      int number) {
  auto metrics = logged_metrics(line);
  if (!metrics)
    throw InputError(path.string() + ": line " + std::to_string(number) +
                     ": wanted an object with a whole number \"iteration\", found none");
  return *std::move(metrics);
}

// Whether there is such a file. @throws InputError where it is none, or cannot be read.
bool has_metrics(const std::filesystem::path& path) {
  const auto status = status_of(path);
  if (!std::filesystem::exists(status)) return false;
  if (!std::filesystem::is_regular_file(status))
    throw InputError(path.string() + ": wanted a file, found something else");
  if (const std::string why = hindrance_to_read(path); !why.empty())
    throw InputError(path.string() + ": wanted a file that can be read, found " + why);
  return true;
}

}  // namespace

void MetricsLog::write(const nlohmann::ordered_json& metrics) { file_.write(json_text(metrics) + "\n"); }

void cut_metrics(const std::filesystem::path& path, std::int64_t iteration) {
  if (!has_metrics(path)) return;
  std::ifstream file(path, std::ios::binary);
  std::string line;
  std::uintmax_t kept = 0;  // bytes
  std::optional<std::int64_t> last;
  // Nothing was synced after the checkpoint's own line, so damage beyond it is the trace of a crash, not an
  // error.
  for (int number = 1; last != iteration && std::getline(file, line) && !file.eof(); ++number) {
    const auto found = wanted_metrics(line, path, number)["iteration"].get<std::int64_t>();
    if (found > iteration) break;
    last = found;
    kept += line.size() + 1;
  }
  if (file.bad()) throw RunError(path.string() + ": wanted to read it, found an error of the disk");
  std::error_code error;
  std::filesystem::resize_file(path, kept, error);
  if (error) throw_system_error(path, "cut it after " + std::to_string(kept) + " bytes", error.value());
}

void read_metrics(const std::filesystem::path& path,
                  const std::function<void(const nlohmann::ordered_json&)>& each) {
  if (!has_metrics(path)) return;
  std::ifstream file(path, std::ios::binary);
  std::string line;
  for (int number = 1; std::getline(file, line) && !file.eof(); ++number)
    each(wanted_metrics(line, path, number));
  if (file.bad()) throw RunError(path.string() + ": wanted to read it, found an error of the disk");
}

std::optional<nlohmann::ordered_json> last_metrics(const std::filesystem::path& path) {
  constexpr std::streamoff kLongestLines =
      1 << 18;  // bytes: of two lines, as the last may not have its end yet
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = file.tellg();
  if (size <= 0) return std::nullopt;
  std::string end(static_cast<std::size_t>(std::min(size, kLongestLines)), '\0');
  file.seekg(-static_cast<std::streamoff>(end.size()), std::ios::end);
  file.read(end.data(), static_cast<std::streamsize>(end.size()));
  end.resize(static_cast<std::size_t>(file.gcount()));
  const std::size_t last = end.rfind('\n');
  if (last == std::string::npos || last == 0) return std::nullopt;
  const std::size_t before = end.rfind('\n', last - 1);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  return logged_metrics(end.substr(begin, last - begin));
}

}  // namespace innerloop
