#include "engine/run/watch.h"

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "engine/evaluation/report.h"
#include "engine/files/file_status.h"
#include "engine/options/json.h"
#include "engine/run/metrics_log.h"
#include "engine/run/progress.h"
#include "engine/run/run_folder.h"
#include "engine/text/shell.h"

namespace innerloop {
namespace {

std::int64_t iterations_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

// "maml", of the option "algorithm".
std::string chosen_name(const Json& config, const char* option) {
  const Json::json_pointer name(std::string("/") + option + "/name");
  return config.contains(name) && config[name].is_string() ? config[name].get<std::string>() : "-";
}

class Watch {
 public:
  Watch(const std::filesystem::path& folder, std::ostream& out, const WatchOptions& options)
      : run_{folder}, out_(out), options_(options) {}

  bool until_complete() {
    if (!has_begun()) out_ << run_.path.string() << ": waiting for it to begin\n" << std::flush;
    while (!has_begun())
      if (!wait()) return false;
    head();
    while (done_ < total_) {
      look();
      if (done_ < total_ && !wait()) return false;
    }
    progress_.reset();
    return shows_evaluation();
  }

 private:
  bool has_begun() const { return std::filesystem::is_regular_file(status_of(run_.config())); }

  // False: it is to stop.
  bool wait() const {
    if (options_.stops()) return false;
    std::this_thread::sleep_for(options_.every);
    return true;
  }

  // A run that goes on may have become longer.
  void read_total() {
    const auto written = std::filesystem::last_write_time(run_.config());
    if (written == config_written_) return;
    config_written_ = written;
    config_ = read_json(run_.config());
    total_ = iterations_of(config_, "iterations");
    if (total_ <= 0)
      throw InputError(run_.config().string() + ": /iterations: wanted a number above 0, found none");
    begin_progress();
  }

  void begin_progress() { progress_.emplace(out_, options_.terminal, done_, total_); }

  void head() {
    if (const auto last = last_metrics(run_.metrics())) done_ = iterations_of(*last, "iteration");
    read_total();
    out_ << chosen_name(config_, "algorithm") << " on " << chosen_name(config_, "environment") << ", "
         << done_ << " of " << total_ << " iterations done\n";
    if (done_ < total_ && !is_trained(run_.path))
      out_ << "No process trains it; waiting for: innerloop train --resume --out "
           << shell_word(run_.path.string()) << "\n";
    out_ << std::flush;
  }

  void look() {
    read_total();
    const std::optional<Json> last = last_metrics(run_.metrics());
    if (!last || iterations_of(*last, "iteration") == done_) return;
    const std::int64_t before = std::exchange(done_, iterations_of(*last, "iteration"));
    if (done_ < before) begin_progress();  // resumed from an earlier checkpoint
    std::vector<double> returns;
    for (const Json& each : last->value("returns", Json::array()))
      returns.push_back(each.is_number() ? each.get<double>() : NAN);
    const Json& rate = last->value("env_steps_per_second", Json(0));
    progress_->update(done_, returns, rate.is_number() ? rate.get<double>() : 0);
  }

  // The evaluation comes after the last iteration; unless a process that trained the run has ended before it.
  bool shows_evaluation() const {
    bool told = false;
    for (;;) {
      const bool trained = is_trained(run_.path);  // asked first: what it has written, it has written by now
      const Json evaluation = read_json(run_.evaluation());
      if (!evaluation.is_null() && iterations_of(evaluation, "iteration") == done_) {
        out_ << "\n" << evaluation_table(evaluation) << std::flush;
        return true;
      }
      if (!trained) {
        out_ << "Complete, but not evaluated: innerloop evaluate " << shell_word(run_.path.string()) << "\n"
             << std::flush;
        return true;
      }
      if (!told) out_ << "Evaluating on held-out tasks\n" << std::flush;
      told = true;
      if (!wait()) return false;
    }
  }

  const RunFolder run_;
  std::ostream& out_;
  const WatchOptions& options_;
  Json config_;
  std::filesystem::file_time_type config_written_{};
  std::int64_t total_ = 0, done_ = 0;
  std::optional<Progress> progress_;
};

}  // namespace

bool watch_run(const std::filesystem::path& folder, std::ostream& out, const WatchOptions& options) {
  return Watch(folder, out, options).until_complete();
}

}  // namespace innerloop
