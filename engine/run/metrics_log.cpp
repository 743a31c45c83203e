#include "engine/run/metrics_log.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "engine/error.h"
#include "engine/files/file_status.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

std::optional<std::int64_t> logged_iteration(const std::string& line) {
  const auto metrics = nlohmann::json::parse(line, nullptr, false);
  if (!metrics.is_object() || !metrics.contains("iteration")) return std::nullopt;
  const auto& iteration = metrics["iteration"];
  if (!iteration.is_number_integer()) return std::nullopt;
  return iteration.get<std::int64_t>();
}

}  // namespace

void MetricsLog::write(const nlohmann::ordered_json& metrics) { file_.write(json_text(metrics) + "\n"); }

void cut_metrics(const std::filesystem::path& path, std::int64_t iteration) {
  const auto status = status_of(path);
  if (!std::filesystem::exists(status)) return;
  if (!std::filesystem::is_regular_file(status))
    throw InputError(path.string() + ": wanted a file, found something else");
  if (const std::string why = hindrance_to_read(path); !why.empty())
    throw InputError(path.string() + ": wanted a file that can be read, found " + why);
  std::ifstream file(path, std::ios::binary);
  std::string line;
  std::uintmax_t kept = 0;  // bytes
  std::optional<std::int64_t> last;
  // Nothing was synced after the checkpoint's own line, so damage beyond it is the trace of a crash, not an
  // error.
  for (int number = 1; last != iteration && std::getline(file, line) && !file.eof(); ++number) {
    const auto found = logged_iteration(line);
    if (!found) {
      throw InputError(path.string() + ": line " + std::to_string(number) +
                       ": wanted an object with a whole number \"iteration\", found none");
    }
    if (*found > iteration) break;
    last = found;
    kept += line.size() + 1;
  }
  if (file.bad()) throw RunError(path.string() + ": wanted to read it, found an error of the disk");
  std::error_code error;
  std::filesystem::resize_file(path, kept, error);
  if (error) throw_system_error(path, "cut it after " + std::to_string(kept) + " bytes", error.value());
}

}  // namespace innerloop
