// A sweep: the many configs that one file makes of few, each to be trained with several seeds. What the file may say, and
// how it is read; docs/sweeps.md tells it to people.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "engine/options/json.h"
#include "kernels/options/options.h"

namespace innerloop {

/// What one number of several is taken of a run's metrics.
enum class MetricOver { last, best, mean, area };
enum class Goal { maximize, minimize };

/// The number that says how good a run is.
struct Metric {
  std::string path = "evaluation.curve.-1.mean_return";
  MetricOver over = MetricOver::last;
  Goal goal = Goal::maximize;
  bool normalise = false;

  bool operator==(const Metric&) const = default;

  template <class Fields>
  static void describe(Fields& field, Metric& m) {
    field(
        "path", m.path,
        "a number of a run's evaluation.json (`evaluation.curve.1.mean_return`: after one step) or of a line "
        "of its metrics.jsonl (`metrics.gradient_norm`); keys and places of lists between dots, -1 is a "
        "list's last place");
    field("over", m.over,
          Choices{Choice{"last", "that of the last iteration that has one"}, Choice{"best", "the best one"},
                  Choice{"mean", "their mean"},
                  Choice{"area", "the area under them over the env steps, divided by these"}},
          "which of the iterations' numbers counts where `path` is one of metrics.jsonl");
    field("goal", m.goal, Choices{"maximize", "minimize"}, "whether a large number is good, or a small one");
    field("normalise", m.normalise,
          "tell returns of trials also as a share of what there is to gain, 0 for random actions and 1 for "
          "the `oracle` that knows the task, on the same held-out tasks");
  }
};

/// Asynchronous successive halving (Li et al. 2020, "A system for massively parallel hyperparameter tuning"): points stop
/// after `first`, `first`·`factor`, … iterations, and only the best of each stop go on.
struct Halving {
  int first = 0;
  int factor = 3;

  bool operator==(const Halving&) const = default;

  template <class Fields>
  static void describe(Fields& field, Halving& h) {
    field("first", h.first, between(0, 1e9),
          "iterations before the first stop; 0: every point is trained to its end");
    field("factor", h.factor, between(2, 1000),
          "one in so many points goes on from a stop, for so many times the iterations");
  }
};

/// When no further run starts.
struct Budget {
  int runs = 0;
  double hours = 0;

  bool operator==(const Budget&) const = default;

  template <class Fields>
  static void describe(Fields& field, Budget& b) {
    field("runs", b.runs, between(0, 1e9),
          "runs that are trained, those of an earlier start included; 0: all of them");
    field("hours", b.hours, at_least(0), "after which the command starts no further run; 0: no limit");
  }
};

enum class SearchName { random, tpe, gp, cmaes };

/// Who chooses the values of what is drawn.
struct Search {
  SearchName name = SearchName::random;

  bool operator==(const Search&) const = default;

  template <class Fields>
  static void describe(Fields& field, Search& s) {
    field(
        "name", s.name,
        Choices{Choice{"random", "they are drawn, each for itself"}, Choice{"tpe", "Optuna's TPESampler"},
                Choice{"gp", "Optuna's GPSampler"}, Choice{"cmaes", "Optuna's CmaEsSampler"}},
        "who chooses the values under `random`; Optuna, from what earlier points have reached, is the Python "
        "package's: `pip install innerloop[sweep]`");
  }
};

enum class EngineName { local, ray };

/// Who starts the runs.
struct Engine {
  EngineName name = EngineName::local;
  std::string address;

  bool operator==(const Engine&) const = default;

  template <class Fields>
  static void describe(Fields& field, Engine& e) {
    field("name", e.name,
          Choices{Choice{"local", "this machine"},
                  Choice{"ray", "Ray Tune, on a cluster whose nodes share the sweep's folder"}},
          "who starts the runs; Ray is the Python package's: `pip install innerloop[ray]`");
    field("address", e.address, "of a Ray cluster; empty: one of this machine's own");
  }
};

/// What is described as a config's options are. `config`, `set`, `points`, `grid`, `random`, `when` and `seeds` have forms of
/// their own.
struct SweepOptions {
  int samples = 1;
  std::uint32_t sweep_seed = 1;
  int jobs = 1;
  int threads = 1;
  std::vector<int> devices;
  Metric metric;
  Halving halving;
  Budget budget;
  Search search;
  Engine engine;

  bool operator==(const SweepOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, SweepOptions& o) {
    field("samples", o.samples, between(1, 1e6), "draws of `random` for each point of the grid");
    field("sweep_seed", o.sweep_seed, between(0, 4294967295.0), "seed of these draws");
    field("jobs", o.jobs, between(1, 1024), "runs side by side, each a process");
    field("threads", o.threads, between(0, 1024), "of each run; 0: one for each core that it may use");
    field("devices", o.devices, list_of(between(0, 1023), 0, 1024),
          "the GPUs that the jobs take in turns, by number; empty: what `--device` says");
    field("metric", o.metric, "how good a run is");
    field("halving", o.halving, "stopping the worse points early");
    field("budget", o.budget, "an end before all points are trained");
    field("search", o.search, "how what is drawn is chosen");
    field("engine", o.engine, "what starts the runs");
  }
};

/// An option of the config, by its dotted path as `--set` takes it, and a value.
struct Assignment {
  std::string path;
  Json value;
};
using Assignments = std::vector<Assignment>;

/// An option that takes each of these values.
struct GridAxis {
  std::string path;
  std::vector<Json> values;
};

/// An option that is drawn.
struct Draw {
  enum class Kind { uniform, log_uniform, integer, choice };
  std::string path;
  Kind kind = Kind::choice;
  double low = 0, high = 0, step = 1;
  std::vector<Json> choices;
};

/// What is varied beside the rest where all of these options have these values.
struct When {
  Assignments conditions;
  Assignments set;
  std::vector<GridAxis> grid;
  std::vector<Draw> random;
};

/// One of the configs that are varied.
struct BaseConfig {
  std::string name;    // its path as the sweep names it, or "config"
  std::string source;  // what messages call it
  Json document;
};

struct Sweep {
  std::string source;  // what messages call it: its path
  std::vector<BaseConfig> configs;
  Assignments set;
  std::vector<Assignments> points;  // each is combined with the whole grid; none: the grid alone
  std::vector<GridAxis> grid;
  std::vector<Draw> random;
  std::vector<When> when;
  std::vector<std::uint32_t> seeds = {1};
  SweepOptions options;
};

/// Reads the sweep at `path`. Paths of configs are as seen from its folder.
/// @throws InputError with file, JSON pointer, wanted and found, in a config that it names too. Points are not looked at yet.
Sweep read_sweep(const std::filesystem::path& path);

/// As read_sweep, for a text; `source` stands for the file in messages, and configs are looked for in its folder.
Sweep parse_sweep(std::string_view text, const std::filesystem::path& source);

/// The sweep with its configs in it and every default filled in. Reading it back gives the same points.
Json to_json(const Sweep& sweep);

/// A JSON Schema (draft 2020-12) of the sweep file.
Json sweep_schema();

/// The options of the file with types, ranges and defaults, as Markdown.
std::string sweep_options_markdown();

/// The value in `document` at a dotted path; null where there is none.
const Json* find_at(const Json& document, std::string_view path);

/// A value as a table shows it: 0.1, maml, [64,64]; a group as its name and what else it says: "promp clip_range=0.2".
std::string value_text(const Json& value);

}  // namespace innerloop
