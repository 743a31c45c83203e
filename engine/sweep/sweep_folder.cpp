#include "engine/sweep/sweep_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <sstream>
#include <system_error>
#include <utility>

#include "engine/error.h"
#include "engine/files/atomic_file.h"
#include "engine/files/file_status.h"
#include "engine/files/output_file.h"
#include "engine/files/text_file.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

constexpr std::size_t kMostPointBytes = 1 << 30;
constexpr const char* kStatus[] = {"done", "diverged", "failed"};

std::filesystem::path outcome_file(const RunFolder& run) { return run.path / "outcome.json"; }

void make_folders(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw_system_error(path, "make the folder", error.value());
}

std::string points_text(const Sweep& sweep, const Points& points) {
  std::string text;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Point point = points.at(i);
    Json line = {{"point", i}, {"config", sweep.configs[point.config].name}, {"set", Json::object()}};
    for (const Assignment& each : point.set) line["set"][each.path] = each.value;
    text += json_text(line) + "\n";
  }
  return text;
}

// The first line in which one text does not go on as the other does; none where one is the other's beginning.
std::optional<std::pair<std::string, std::string>> difference(const std::string& a, const std::string& b) {
  std::istringstream of_a(a), of_b(b);
  std::string line_a, line_b;
  while (std::getline(of_a, line_a) && std::getline(of_b, line_b))
    if (line_a != line_b) return std::pair{line_a, line_b};
  return std::nullopt;
}

int open_lock(const SweepFolder& folder) {
  const std::filesystem::path file = folder.path / "lock";
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0) throw_system_error(file, "open", errno);
  return descriptor;
}

// Of one byte of the file, held by what opened it and not by the process: a fork's parent does not keep it.
struct flock byte_lock(std::size_t run) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(run);
  lock.l_len = 1;
  return lock;
}

}  // namespace

RunFolder SweepFolder::run(std::size_t point, std::uint32_t seed) const {
  char name[64];
  std::snprintf(name, sizeof name, "%04zu-s%u", point, seed);
  return {path / "runs" / name};
}

std::filesystem::path default_sweep_folder(const std::filesystem::path& sweep) {
  return std::filesystem::path("sweeps") / sweep.stem();
}

SweepFolder open_sweep_folder(const std::filesystem::path& path, const Sweep& sweep, const Points& points,
                              bool resume) {
  SweepFolder folder{path};
  const std::string text = points_text(sweep, points);
  if (const auto status = status_of(path); std::filesystem::exists(status)) {
    if (!std::filesystem::is_directory(status))
      throw InputError(path.string() + ": wanted a place for the sweep's folder, found something else");
    if (!resume)
      throw InputError(path.string() +
                       ": wanted a folder that does not exist yet, found one (--resume goes on with it)");
    if (std::filesystem::exists(status_of(folder.points()))) {
      const std::string before =
          read_text_file(folder.points(), kMostPointBytes, [&](const std::string& found) {
            throw InputError(folder.points().string() + ": wanted the points of a sweep, found " + found);
          });
      if (const auto other = difference(before, text))
        throw InputError(path.string() + ": wanted a folder of this very sweep, found one of another: its " +
                         other->first + " would be " + other->second);
      // A sweep that was made shorter keeps the points that it had.
      if (before.size() > text.size()) {
        write_json(folder.sweep(), to_json(sweep));
        return folder;
      }
    }
  }
  make_folders(path / "runs");
  write_json(folder.sweep(), to_json(sweep));
  write_file_atomically(folder.points(), text);
  return folder;
}

const char* RunOutcome::status_name() const { return kStatus[static_cast<int>(status)]; }

std::optional<RunOutcome> read_outcome(const RunFolder& run) {
  const Json json = read_json(outcome_file(run));
  if (json.is_null()) return std::nullopt;
  const auto refuse = [&] {
    throw InputError(outcome_file(run).string() + ": wanted what came of a run, found " + found_value(json));
  };
  RunOutcome outcome;
  try {
    const auto status = json.at("status").get<std::string>();
    std::size_t index = 0;
    while (index < std::size(kStatus) && status != kStatus[index]) ++index;
    if (index == std::size(kStatus)) refuse();
    outcome.status = static_cast<RunOutcome::Status>(index);
    outcome.iteration = json.at("iteration").get<int>();
    outcome.message = json.value("message", "");
    for (const Json& stop : json.at("stops"))
      outcome.stops.push_back({stop.at("iteration").get<int>(),
                               stop.at("metric").is_number() ? stop.at("metric").get<double>() : NAN});
  } catch (const Json::exception&) {
    refuse();
  }
  return outcome;
}

bool has_all_outcomes(const SweepFolder& folder, const Sweep& sweep, const Points& points) {
  for (std::size_t point = 0; point < points.size(); ++point)
    for (const std::uint32_t seed : sweep.seeds)
      if (!std::filesystem::exists(outcome_file(folder.run(point, seed)))) return false;
  return true;
}

void write_outcome(const RunFolder& run, const RunOutcome& outcome) {
  Json json = {{"status", outcome.status_name()}, {"iteration", outcome.iteration}};
  if (!outcome.message.empty()) json["message"] = outcome.message;
  json["stops"] = Json::array();
  for (const RunOutcome::Stop& stop : outcome.stops)
    json["stops"].push_back(
        {{"iteration", stop.iteration}, {"metric", std::isfinite(stop.metric) ? Json(stop.metric) : Json()}});
  make_folders(run.path);
  write_json(outcome_file(run), json);
}

std::optional<RunClaim> RunClaim::take(const SweepFolder& folder, std::size_t run) {
  RunClaim claim(open_lock(folder));
  struct flock lock = byte_lock(run);
  if (::fcntl(claim.descriptor_, F_OFD_SETLK, &lock) == 0) return claim;
  if (errno != EAGAIN && errno != EACCES) throw_system_error(folder.path / "lock", "lock", errno);
  return std::nullopt;
}

bool RunClaim::is_taken(const SweepFolder& folder, std::size_t run) {
  const RunClaim reader(open_lock(folder));
  struct flock lock = byte_lock(run);
  return ::fcntl(reader.descriptor_, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

RunClaim::RunClaim(RunClaim&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

RunClaim::~RunClaim() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace innerloop
