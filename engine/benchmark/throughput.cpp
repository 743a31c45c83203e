#include "engine/benchmark/throughput.h"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/algorithms/meta_learner.h"
#include "engine/benchmark/stages.h"
#include "engine/benchmark/timing.h"
#include "engine/device/buffer_plan.h"
#include "engine/error.h"
#include "engine/report/chart.h"
#include "engine/report/frame.h"
#include "engine/run/build_info.h"
#include "engine/run/machine_info.h"
#include "engine/run/memory_need.h"
#include "engine/text/json.h"
#include "engine/text/markup.h"

namespace innerloop {
namespace {

using Json = nlohmann::ordered_json;

Config sized(const Config& config, const Throughput& size) {
  std::vector<std::string> set = {
      "tasks_per_iteration=" + std::to_string(size.tasks), "envs_per_task=" + std::to_string(size.envs),
      "algorithm.inner_steps=" + std::to_string(size.inner_steps), "evaluation.every=0"};
  const Json all = to_json(config);
  const std::size_t layers = all["policy"]["hidden"].is_array() ? all["policy"]["hidden"].size() : 1;
  set.push_back("policy.hidden=" + json_text(Json(std::vector<int>(layers, size.width))));
  // A list of step sizes has one for each step.
  if (all["algorithm"]["inner_lr"].is_array())
    set.push_back("algorithm.inner_lr=" + json_text(all["algorithm"]["inner_lr"][0]));
  return parse_config(json_text(all), "bench", set, "bench --sweep: ");
}

void measure(const Config& config, Throughput& result, Device& device) {
  const double steps = static_cast<double>(result.tasks) * result.envs * config.horizon;
  const MemoryNeed need = memory_need(config, device, "bench");
  result.memory_bytes = need.total_bytes();
  try {
    check_fits(need, device, "bench");
    {
      KernelBench bench(config, device);
      result.playing = steps / median_seconds([&] { bench.rollout(); });
    }
    const auto learner = MetaLearner::create(config, device);
    learner->allocate();
    std::uint32_t iteration = 0;
    result.learning =
        steps * (result.inner_steps + 1) / median_seconds([&] { learner->iterate(iteration++); });
  } catch (const InputError&) {
    // It does not fit: a result, too.
  }
}

Json number_or_null(const std::optional<double>& number) { return number ? Json(*number) : Json(nullptr); }

std::string million(const std::optional<double>& number) {
  char text[32];
  std::snprintf(text, sizeof text, "%14.3f", number.value_or(NAN) / 1e6);
  return number ? text : "             -";
}

}  // namespace

std::vector<Throughput> measure_throughput(const Config& config, const ThroughputGrid& grid, Device& device,
                                           const std::function<void(const Throughput&)>& on_result) {
  if (find_inner_loop(config) == nullptr)
    throw InputError("bench --sweep: wanted an algorithm that learns by gradient steps, found \"" +
                     algorithm_name(config) + "\"");
  std::vector<Throughput> results;
  for (const int width : grid.widths)
    for (const int inner_steps : grid.inner_steps)
      for (const int envs : grid.envs)
        for (const int tasks : grid.tasks) {
          Throughput& result = results.emplace_back();
          result.tasks = tasks;
          result.envs = envs;
          result.width = width;
          result.inner_steps = inner_steps;
          measure(sized(config, result), result, device);
          if (on_result) on_result(result);
        }
  return results;
}

std::string throughput_table_head() {
  return "width  inner steps  tasks  envs per task  M steps/s playing  learning      MiB";
}

std::string throughput_table_line(const Throughput& r) {
  char line[160];
  std::snprintf(line, sizeof line, "%5d  %11d  %5d  %13d  %17s  %8s  %7.1f", r.width, r.inner_steps, r.tasks,
                r.envs, million(r.playing).substr(5).c_str(), million(r.learning).substr(6).c_str(),
                static_cast<double>(r.memory_bytes) / (1 << 20));
  return line;
}

Json throughput_json(const Config& config, const std::vector<Throughput>& results, const Device& device) {
  Json all = Json::array();
  for (const Throughput& r : results)
    all.push_back({{"tasks", r.tasks},
                   {"envs_per_task", r.envs},
                   {"width", r.width},
                   {"inner_steps", r.inner_steps},
                   {"env_steps_per_second", number_or_null(r.playing)},
                   {"learning_env_steps_per_second", number_or_null(r.learning)},
                   {"memory_bytes", r.memory_bytes}});
  return {{"machine",
           {{"processor", processor_name()},
            {"gpu", device.name().empty() ? Json(nullptr) : Json(device.name())},
            {"threads", device.threads()},
            {"backend", device.is_cuda() ? "cuda" : "cpu"},
            {"instruction_set", device.instructions()},
            {"commit", build_commit()},
            {"compiler", build_compiler()}}},
          {"config", to_json(config)},
          {"results", all}};
}

std::string throughput_page(const Config& config, const std::vector<Throughput>& results,
                            const Device& device) {
  std::vector<Chart> charts;
  for (const Throughput& r : results) {
    const std::string title = "Hidden layers of " + std::to_string(r.width);
    if (charts.empty() || charts.back().title != title) {
      charts.push_back({});
      charts.back().title = title;
      charts.back().x_title = "environments side by side";
      charts.back().powers_of_ten = true;
      charts.back().y_title = "million steps a second";
    }
    std::vector<ChartSeries>& series = charts.back().series;
    const std::string of = std::to_string(r.inner_steps) +
                           (r.inner_steps == 1 ? " inner step, " : " inner steps, ") +
                           std::to_string(r.envs) + " environments a task";
    if (series.empty() || series.back().of != of) {
      const int colour = static_cast<int>(series.size() / 2);
      series.push_back({of, "playing alone", colour, ChartSeries::Kind::dashed});
      series.push_back({of, "learning", colour, ChartSeries::Kind::line});
    }
    const double x = std::log10(static_cast<double>(r.tasks) * r.envs);
    series[series.size() - 2].points.push_back({x, r.playing.value_or(NAN) / 1e6});
    series.back().points.push_back({x, r.learning.value_or(NAN) / 1e6});
  }
  Figures figures;
  const std::string what = algorithm_name(config) + " on " + environment_name(config);
  const std::string body =
      "<h1>" + markup_text("Throughput of " + what) + "</h1>\n" + page_note(device.description()) +
      figures.add(charts) +
      page_note("Solid: whole meta-iterations, all of their rollouts counted; dashed: rollouts alone.");
  return page_of("innerloop bench", body, figures);
}

}  // namespace innerloop
