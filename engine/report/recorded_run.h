// What a run's folder has recorded, as a report shows it.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "engine/options/json.h"

namespace innerloop {

/// metrics.jsonl in columns, a number an iteration; NaN where the file has none or null.
struct TrainingCourse {
  std::vector<double> iteration, seconds, env_steps;  // seconds and steps so far
  std::vector<double> first_return,
      last_return;  // before and after adaptation; of the first and the last episode
  std::vector<double> first_evaluated, last_evaluated;  // the same on the held-out tasks
  std::vector<double> first_ci95, last_ci95;  // half widths of their intervals, where there are some
  std::vector<std::pair<std::string, std::vector<double>>>
      others;           // what else is a single number, by its key
  bool adapts = false;  // whether first and last return are two
};

struct NewestCheckpoint {
  std::string iteration;  // "100"; empty where there is none
  std::string checksum;   // "crc32c:89abcdef"; or why there is none
};

struct RecordedRun {
  std::filesystem::path folder;
  Json config;               // an object
  Json machine, evaluation;  // objects, or null where the run has no such file
  Json tasks;                // evaluation_tasks.json, likewise
  TrainingCourse course;     // at least one iteration
  NewestCheckpoint checkpoint;

  std::string name() const { return folder.string(); }
  std::string environment() const { return named("environment"); }
  std::string algorithm() const { return named("algorithm"); }

 private:
  std::string named(const char* option) const;
};

/// Reads the run `folder`, which may still be trained, of this version or another.
/// @throws InputError where there is no run, none of its iterations is done, or one of its files is damaged.
RecordedRun read_recorded_run(const std::filesystem::path& folder);

/// The number that `value` is, NaN where it is none.
double number_of(const Json& value);
/// The number at `key`, NaN where there is none.
double number_at(const Json& object, const std::string& key);
/// The same as text; "-" where there is none.
std::string text_at(const Json& object, const std::string& key);

}  // namespace innerloop
