#include "engine/sweep/driver.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <deque>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "engine/run/interrupt.h"
#include "engine/run/progress.h"
#include "engine/sweep/child.h"
#include "engine/sweep/halving.h"
#include "engine/sweep/metric.h"
#include "engine/sweep/train_point.h"

namespace innerloop {
namespace {

constexpr auto kStopped = "stopped", kElsewhere = "elsewhere", kDone = "done";
constexpr int kPollMilliseconds = 100;

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// A run's number among all of the sweep.
std::size_t number_of(std::size_t point, std::uint32_t seed) {
  constexpr std::size_t kMostSeeds = std::size_t{1} << 20;
  return point * kMostSeeds + seed % kMostSeeds;
}

class Driver {
 public:
  Driver(const Sweep& sweep, const Points& points, const SweepFolder& folder, const Part& part,
         const DeviceOptions& device, std::ostream& out)
      : sweep_(sweep), points_(points), folder_(folder), device_(device), out_(out) {
    device_.threads = sweep.options.threads;
    for (std::size_t point = 0; point < points.size(); ++point)
      if (part.shard.has(point)) mine_.push_back(point);
    for (const std::size_t point : mine_) {
      const int iterations = config_of(sweep, points.at(point), sweep.seeds.front()).iterations;
      stops_.push_back(part.until > 0 ? std::vector{std::min(part.until, iterations)}
                                      : stops_of(sweep.options.halving, iterations));
    }
    progress_.resize(mine_.size());
    for (std::size_t place = 0; place < mine_.size(); ++place) look_back(place, part.retry);
    busy_.resize(static_cast<std::size_t>(sweep.options.jobs));
  }

  SweepEnd run() {
    block_child_signals();
    while (true) {
      reap();
      look_elsewhere();
      if (interrupted() || !refused_.empty()) break;
      start_what_can_be();
      if (jobs_.empty() && elsewhere_.empty() && queue_.empty()) break;
      wait_for_children(kPollMilliseconds);
    }
    return stop();
  }

 private:
  struct Run {
    std::size_t place;  // in mine_
    std::uint32_t seed;
    std::size_t stop;
  };
  struct Job {
    Run run;
    std::size_t slot;
    Clock::time_point start;
    Child child;
  };

  std::size_t runs() const { return mine_.size() * sweep_.seeds.size(); }
  RunFolder folder_of(const Run& run) const { return folder_.run(mine_[run.place], run.seed); }
  int iterations(const Run& run) const { return stops_[run.place][run.stop]; }
  std::string name(const Run& run) const { return folder_of(run).path.filename().string(); }
  std::size_t number(const Run& run) const { return number_of(mine_[run.place], run.seed); }

  // What earlier starts have done. What failed then may be tried again; what diverged would do so again.
  void look_back(std::size_t place, bool retry) {
    bool begun = false;
    for (const std::uint32_t seed : sweep_.seeds) {
      const RunFolder run = folder_.run(mine_[place], seed);
      const std::optional<RunOutcome> outcome = read_outcome(run);
      if (!outcome) continue;
      begun = true;
      const bool again_now = retry && outcome->status == RunOutcome::Status::failed;
      if (!again_now && outcome->is_over(stops_[place].back())) ++told_;
      if (again_now) {
        RunOutcome again = *outcome;
        again.status = RunOutcome::Status::done;
        again.iteration = again.stops.empty() ? 0 : again.stops.back().iteration;
        again.message.clear();
        write_outcome(run, again);
      }
    }
    started_ += begun ? sweep_.seeds.size() : 0;
    while (take_score(place)) {
    }
    progress_[place].asked = progress_[place].scores.size();
    // A point that was killed on its way is sent again to where it was going.
    if (begun && progress_[place].scores.empty()) begun_.push_back(place);
  }

  // The point's score at its next stop, once all of its runs have come to it. False: not yet, or there is none.
  bool take_score(std::size_t place) {
    PointProgress& progress = progress_[place];
    if (progress.scores.size() == stops_[place].size()) return false;
    const int iterations = stops_[place][progress.scores.size()];
    double sum = 0;
    for (const std::uint32_t seed : sweep_.seeds) {
      const std::optional<RunOutcome> outcome = read_outcome(folder_.run(mine_[place], seed));
      if (!outcome) return false;
      double metric = std::numeric_limits<double>::quiet_NaN();
      for (const RunOutcome::Stop& stop : outcome->stops)
        if (stop.iteration == iterations) metric = stop.metric;
      if (std::isnan(metric) && !outcome->is_over(iterations)) return false;
      sum += metric;
    }
    progress.scores.push_back(
        score_of(sweep_.options.metric, sum / static_cast<double>(sweep_.seeds.size())));
    return true;
  }

  bool may_start() const {
    const Budget& budget = sweep_.options.budget;
    return budget.runs == 0 || started_ + sweep_.seeds.size() <= static_cast<std::size_t>(budget.runs);
  }

  // The next run that nobody has done; none for now.
  std::optional<Run> next() {
    if (queue_.empty()) {
      const double hours = sweep_.options.budget.hours;
      if (hours > 0 && seconds_since(start_) > hours * 3600) return std::nullopt;
      std::size_t most = 0;
      for (const auto& stops : stops_) most = std::max(most, stops.size());
      const std::optional<Errand> errand = next_errand(progress_, most, sweep_.options.halving.factor);
      if (!errand) return std::nullopt;
      PointProgress& progress = progress_[errand->point];
      if (errand->stop == 0 && std::erase(begun_, errand->point) == 0) {
        if (!may_start()) return std::nullopt;
        started_ += sweep_.seeds.size();
      }
      progress.asked = errand->stop + 1;
      for (const std::uint32_t seed : sweep_.seeds) queue_.push_back({errand->point, seed, errand->stop});
    }
    const Run run = queue_.front();
    queue_.pop_front();
    return run;
  }

  void start_what_can_be() {
    while (jobs_.size() < busy_.size()) {
      const std::optional<Run> run = next();
      if (!run) return;
      const std::optional<RunOutcome> outcome = read_outcome(folder_of(*run));
      if (outcome && outcome->is_over(iterations(*run)))
        take_score(run->place);
      else if (RunClaim::is_taken(folder_, number(*run)))
        elsewhere_.push_back(*run);
      else
        start(*run);
    }
  }

  void start(const Run& run) {
    std::size_t slot = 0;
    while (busy_[slot]) ++slot;
    busy_[slot] = true;
    DeviceOptions device = device_;
    const std::vector<int>& devices = sweep_.options.devices;
    if (!devices.empty()) device.device = devices[slot % devices.size()];
    jobs_.push_back({run, slot, Clock::now(), Child(arguments_of(run, device))});
  }

  // What has this program do the run alone.
  std::vector<std::string> arguments_of(const Run& run, const DeviceOptions& device) const {
    constexpr const char* kBackends[] = {"auto", "cpu", "cuda"};
    std::vector<std::string> arguments = {"sweep",     folder_.path.string(),
                                          "--run",     std::to_string(mine_[run.place]),
                                          "--seed",    std::to_string(run.seed),
                                          "--until",   std::to_string(iterations(run)),
                                          "--backend", kBackends[static_cast<int>(device.backend)]};
    if (device.device > 0) arguments.insert(arguments.end(), {"--device", std::to_string(device.device)});
    if (device.threads > 0) arguments.insert(arguments.end(), {"--threads", std::to_string(device.threads)});
    if (!device.instructions.empty())
      arguments.insert(arguments.end(), {"--instructions", device.instructions});
    return arguments;
  }

  void reap() {
    for (std::size_t i = 0; i < jobs_.size();) {
      const std::optional<Child::End> end = jobs_[i].child.end();
      if (!end) {
        ++i;
        continue;
      }
      busy_[jobs_[i].slot] = false;
      take_end(jobs_[i], *end);
      jobs_.erase(jobs_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  void take_end(const Job& job, const Child::End& end) {
    using How = Child::End::How;
    const Run& run = job.run;
    if (end.how == How::finished && end.message == kElsewhere) {
      elsewhere_.push_back(run);
    } else if (end.how == How::finished) {
      if (end.message == kDone) tell(run, seconds_since(job.start));
    } else if (end.how == How::refused) {
      refused_ = end.message;
    } else if (!interrupted()) {
      RunOutcome outcome = read_outcome(folder_of(run)).value_or(RunOutcome());
      outcome.status = RunOutcome::Status::failed;
      outcome.message = end.how == How::killed ? "its process was ended by " + end.message : end.message;
      try {
        write_outcome(folder_of(run), outcome);
        tell(run, seconds_since(job.start));
      } catch (const RunError& error) {  // the disk is full: no other run could say what came of it
        refused_ = outcome.message;
      }
    }
  }

  void tell(const Run& run, double seconds) {
    take_score(run.place);
    const std::optional<RunOutcome> outcome = read_outcome(folder_of(run));
    if (!outcome) return;
    const Point point = points_.at(mine_[run.place]);
    std::string values;
    for (const Assignment& each : point.values) values += " " + each.path + "=" + value_text(each.value);
    if (iterations(run) != stops_[run.place].back())
      values += " after " + std::to_string(iterations(run)) + " iterations";
    char result[64];
    if (outcome->status == RunOutcome::Status::done)
      std::snprintf(result, sizeof result, "%.6g",
                    outcome->stops.empty() ? NAN : outcome->stops.back().metric);
    else
      std::snprintf(result, sizeof result, "%s",
                    outcome->status == RunOutcome::Status::diverged ? "diverged" : "failed");
    if (outcome->status == RunOutcome::Status::failed)
      failures_.push_back(name(run) + ": " + outcome->message);
    out_ << name(run) << values << ": " << result << " in " << human_time(seconds);
    if (sweep_.options.halving.first == 0) out_ << " (" << ++told_ << " of " << runs() << ")";
    out_ << std::endl;
  }

  void look_elsewhere() {
    std::vector<Run> others = std::exchange(elsewhere_, {});
    for (const Run& run : others) {
      const std::optional<RunOutcome> outcome = read_outcome(folder_of(run));
      if (outcome && outcome->is_over(iterations(run)))
        take_score(run.place);
      else if (RunClaim::is_taken(folder_, number(run)))
        elsewhere_.push_back(run);
      else
        queue_.push_back(run);  // whoever had it is gone
    }
  }

  SweepEnd stop() {
    for (const Job& job : jobs_) job.child.interrupt();
    for (Job& job : jobs_) take_end(job, job.child.wait());
    jobs_.clear();
    if (!refused_.empty()) throw InputError(refused_);
    SweepEnd end{interrupted(), failures_.size(), 0};
    for (std::size_t place = 0; place < mine_.size(); ++place)
      for (const std::uint32_t seed : sweep_.seeds) {
        const std::optional<RunOutcome> outcome = read_outcome(folder_.run(mine_[place], seed));
        if (!outcome || (!outcome->is_over(stops_[place].back()) && progress_[place].scores.empty()))
          ++end.left;
      }
    for (const std::string& failure : failures_) out_ << "failed: " << failure << "\n";
    out_ << std::flush;
    return end;
  }

  const Sweep& sweep_;
  const Points& points_;
  const SweepFolder& folder_;
  DeviceOptions device_;
  std::ostream& out_;
  const Clock::time_point start_ = Clock::now();
  std::vector<std::size_t> mine_;        // the points of this shard
  std::vector<std::vector<int>> stops_;  // [place in mine_]
  std::vector<PointProgress> progress_;  // likewise
  std::vector<std::size_t> begun_;       // places of points that an earlier start has begun
  std::size_t started_ = 0, told_ = 0;   // runs
  std::deque<Run> queue_;
  std::vector<Job> jobs_;
  std::vector<bool> busy_;  // [slot]
  std::vector<Run> elsewhere_;
  std::vector<std::string> failures_;
  std::string refused_;  // why the sweep cannot go on
};

}  // namespace

Shard parse_shard(const std::string& text) {
  Shard shard;
  const char* const end = text.data() + text.size();
  const auto [slash, first] = std::from_chars(text.data(), end, shard.index);
  const auto [last, second] = slash == end ? std::from_chars_result{end, std::errc::invalid_argument}
                                           : std::from_chars(slash + 1, end, shard.count);
  if (first != std::errc() || second != std::errc() || *slash != '/' || last != end || shard.index < 1 ||
      shard.index > shard.count)
    throw InputError("--shard: wanted a part as 3/8, the first number from 1 to the second, found \"" + text +
                     "\"");
  return shard;
}

std::string train_run(const Sweep& sweep, const Points& points, const SweepFolder& folder, std::size_t number,
                      std::uint32_t seed, int iterations, const DeviceOptions& device) {
  if (number >= points.size() || std::ranges::find(sweep.seeds, seed) == sweep.seeds.end())
    throw InputError("--run: wanted a point below " + std::to_string(points.size()) +
                     " with one of the sweep's seeds, found point " + std::to_string(number) + " with seed " +
                     std::to_string(seed));
  const auto claim = RunClaim::take(folder, number_of(number, seed));
  if (!claim) return kElsewhere;
  const RunFolder run = folder.run(number, seed);
  const std::optional<RunOutcome> outcome = read_outcome(run);
  if (outcome && outcome->is_over(iterations)) return kDone;
  const Point point = points.at(number);
  return train_point(config_of(sweep, point, seed), sweep.source + ": " + point_text(point), run, iterations,
                     device, sweep.options.metric)
             ? kDone
             : kStopped;
}

SweepEnd run_sweep(const Sweep& sweep, const Points& points, const SweepFolder& folder, const Part& part,
                   const DeviceOptions& device, std::ostream& out) {
  return Driver(sweep, points, folder, part, device, out).run();
}

}  // namespace innerloop
