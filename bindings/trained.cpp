#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <array>
#include <nlohmann/json.hpp>

#include "bindings/arrays.h"
#include "engine/config/environment_info.h"
#include "engine/config/tasks.h"
#include "engine/device/device.h"
#include "engine/evaluation/played_trial.h"
#include "engine/evaluation/report.h"
#include "engine/evaluation/step_evaluator.h"
#include "engine/files/atomic_file.h"
#include "engine/learned/create.h"
#include "engine/report/page.h"
#include "engine/run/adapted_policy.h"
#include "engine/run/checkpoint.h"
#include "engine/run/evaluation_files.h"
#include "engine/run/memory_need.h"
#include "engine/run/run_folder.h"
#include "engine/run/trained_run.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

using Release = nb::call_guard<nb::gil_scoped_release>;
using Text = std::optional<std::string>;

std::vector<float> task_of(const Text& text, const Config& config) {
  return text ? parse_task(*text, config) : std::vector<float>{};
}

TrainedRun trained_run(const Config& config, std::int64_t iteration, const Numbers<float>& params) {
  return {.folder = {},
          .config = config,
          .iteration = iteration,
          .params = {params.data(), params.data() + params.size()}};
}

// The texts of evaluation.json and of evaluation_tasks.json.
std::pair<std::string, std::string> evaluation(const TrainedRun& run, const Text& task,
                                               const DeviceOptions& options) {
  Device device(options);
  const Evaluation evaluation =
      evaluation_of(run.config, device, run.params, run.iteration, task_of(task, run.config));
  return {json_text(evaluation.report, 2), json_text(evaluation.by_task)};
}

AdaptedPolicy adapted(const TrainedRun& run, const Text& task, std::optional<std::uint32_t> seed, int steps,
                      const DeviceOptions& options) {
  check_learns_by_steps(run, "adapt");
  const Config config = adaptation_config(run.config, steps, seed);
  Device device(options);
  const auto evaluator =
      StepEvaluator::create(config, device, seed ? seeded_task(config, *seed) : task_of(task, config));
  evaluator->allocate();
  return adapt(*evaluator, run.params, run.iteration);
}

std::vector<PlayedStep> played(const TrainedRun& run, const Text& task, const DeviceOptions& options) {
  check_plays_trials(run, "play");
  Device device(options);
  return play_trial(run.config, device, run.params, task_of(task, run.config)).steps;
}

// What a policy in another language has to know of the config's environment.
std::string policy_facts(const Config& config) {
  const EnvironmentInfo info = environment_info(config);
  constexpr std::array heads = {"gaussian", "categorical", "grouped"};
  return json_text(
      nlohmann::ordered_json{{"observation", info.observation.numbers},
                             {"symbols", info.observation.symbols},
                             {"inputs", policy_inputs(config)},
                             {"head", heads.at(static_cast<std::size_t>(info.head))},
                             {"groups", info.group_sizes},
                             {"actions", info.action_count},
                             {"steps", plays_trials(config) ? trial_length(config) : config.horizon},
                             {"layout", layout_json(create_learned(config))}});
}

std::string plan(const Config& config, const std::string& source, const DeviceOptions& options) {
  Device device(options);
  const MemoryNeed need = memory_need(config, device, source);
  nlohmann::ordered_json parts = nlohmann::ordered_json::object();
  for (const auto& [name, plan] : need.parts) {
    parts[name] = nlohmann::ordered_json::array();
    for (const BufferPlan::Buffer& buffer : plan.buffers())
      parts[name].push_back(
          {{"name", buffer.name}, {"axes", buffer.shape}, {"shape", buffer.sizes}, {"bytes", buffer.bytes}});
  }
  return json_text(nlohmann::ordered_json{{"device", device.description()},
                                          {"bytes", need.total_bytes()},
                                          {"available_bytes", device.available_bytes()},
                                          {"parts", parts}});
}

}  // namespace

void export_trained(nb::module_& m) {
  nb::class_<TrainedRun>(m, "TrainedRun")
      .def(
          "__init__",
          [](TrainedRun* self, const Config& config, std::int64_t iteration, const Numbers<float>& params) {
            new (self) TrainedRun(trained_run(config, iteration, params));
          },
          nb::arg("config"), nb::arg("iteration"), nb::arg("params"))
      .def_static(
          "open", [](const std::filesystem::path& path) { return open_trained_run(path); }, nb::arg("path"),
          Release())
      .def_ro("config", &TrainedRun::config)
      .def_ro("iteration", &TrainedRun::iteration)
      .def_prop_ro(
          "params", [](const TrainedRun& run) { return array_of(run.params); }, nb::rv_policy::automatic)
      .def(
          "with_tasks",
          [](const TrainedRun& run, const Table& tasks) {
            TrainedRun other = run;
            other.config.held_out_tasks = table_of(tasks);
            other.config.evaluation.tasks = static_cast<int>(tasks.shape(0));
            return other;
          },
          nb::arg("tasks"))
      .def("evaluation", &evaluation, nb::arg("task").none(), nb::arg("device"), Release())
      .def("played", &played, nb::arg("task").none(), nb::arg("device"), Release())
      .def("adapted", &adapted, nb::arg("task").none(), nb::arg("seed").none(), nb::arg("steps"),
           nb::arg("device"), Release());
  nb::class_<PlayedStep>(m, "PlayedStep")
      .def_ro("saw", &PlayedStep::saw)
      .def_ro("did", &PlayedStep::did)
      .def_ro("got", &PlayedStep::got)
      .def_ro("ended", &PlayedStep::ended);
  nb::class_<AdaptedPolicy>(m, "AdaptedPolicy")
      .def_prop_ro(
          "params", [](const AdaptedPolicy& policy) { return array_of(policy.params); },
          nb::rv_policy::automatic)
      .def(
          "task_json",
          [](const AdaptedPolicy& policy, const Config& config) {
            return json_text(task_json(policy.task, config));
          },
          nb::arg("config"))
      .def_ro("returns", &AdaptedPolicy::returns)
      .def_ro("iteration", &AdaptedPolicy::iteration)
      .def(
          "write",
          [](const AdaptedPolicy& policy, const std::filesystem::path& path, const Config& config) {
            write_adapted_policy(path, policy, config);
          },
          nb::arg("path"), nb::arg("config"), Release());
  m.def(
      "evaluation_table",
      [](const std::string& report) { return evaluation_table(nlohmann::ordered_json::parse(report)); },
      nb::arg("report"));
  m.def("policy_facts", &policy_facts, nb::arg("config"));
  m.def(
      "write_results",
      [](const std::filesystem::path& run, const std::string& evaluation, const std::string& by_task) {
        const RunFolder folder{run};
        write_evaluation(folder,
                         {nlohmann::ordered_json::parse(evaluation), nlohmann::ordered_json::parse(by_task)});
        write_file_atomically(folder.report(), report_page({run}));
      },
      nb::arg("run"), nb::arg("evaluation"), nb::arg("by_task"), Release());
  m.def("plan", &plan, nb::arg("config"), nb::arg("source"), nb::arg("device"), Release());
  m.def(
      "checkpoint_file",
      [](const std::filesystem::path& run, std::int64_t iteration) {
        return checkpoint_file(run, iteration);
      },
      nb::arg("run"), nb::arg("iteration"));
}

}  // namespace innerloop
