#include "engine/benchmark/benchmark.h"

#include <fnmatch.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "engine/algorithms/meta_learner.h"
#include "engine/algorithms/ppo.h"
#include "engine/benchmark/grid_gradient.h"
#include "engine/benchmark/stages.h"
#include "engine/benchmark/timing.h"
#include "engine/config/config.h"
#include "engine/error.h"
#include "engine/run/build_info.h"
#include "engine/run/machine_info.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

// The sizes at which all kernels are compared.
constexpr int kTasks = 40, kManyTasks = 1000, kEnvs = 20, kHorizon = 100;

struct Benchmark {
  std::string name;
  bool one_thread;
  std::function<BenchmarkResult(Device&)> run;
};

// Greatest resident memory of the process since it was last forgotten, where Linux tells it.
void forget_peak_memory() { std::ofstream("/proc/self/clear_refs") << "5"; }
std::int64_t peak_memory() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1024;
  return 0;
}

// Widths of a policy's hidden layers.
using Widths = std::vector<int>;
const Widths kReference = {64, 64};

Config config_for(const std::string& environment, const Widths& hidden, const std::string& algorithm,
                  int inner_steps, int tasks) {
  nlohmann::ordered_json config;
  config["tasks_per_iteration"] = tasks;
  config["envs_per_task"] = kEnvs;
  config["horizon"] = kHorizon;
  config["environment"]["name"] = environment;
  // All trajectories are of full length.
  if (environment == "point_navigation") config["environment"]["end_at_goal"] = false;
  config["policy"]["hidden"] = hidden;
  config["policy"]["name"] = "mlp";
  config["algorithm"]["name"] = algorithm;
  config["algorithm"]["inner_steps"] = inner_steps;
  return parse_config(json_text(config), "benchmark");
}

BenchmarkResult result_for(const Config& config, int inner_steps) {
  BenchmarkResult result;
  result.tasks = config.tasks_per_iteration;
  result.envs_per_task = config.envs_per_task;
  result.horizon = config.horizon;
  result.inner_steps = inner_steps;
  result.env_steps = static_cast<double>(result.tasks) * result.envs_per_task * result.horizon;
  return result;
}

using Work = std::function<void(KernelBench&)>;
using Count = std::function<OperationCount(const PolicyShape&)>;

std::function<BenchmarkResult(Device&)> kernel(const std::string& environment, const Widths& hidden,
                                               const Work& work, const Count& count, int inner_steps = 0) {
  return [=](Device& device) {
    const Config config = config_for(environment, hidden, "maml", 1, kTasks);
    KernelBench bench(config, device);
    BenchmarkResult result = result_for(config, inner_steps);
    result.operations = count(bench.shape()) * result.env_steps;
    result.seconds = median_seconds([&] { work(bench); });
    return result;
  };
}

std::function<BenchmarkResult(Device&)> grid_gradient(bool symbols) {
  return [=](Device& device) {
    constexpr int tasks = 8;
    GridGradient bench(symbols, tasks, kEnvs * kHorizon, device);
    BenchmarkResult result;
    result.tasks = tasks;
    result.envs_per_task = kEnvs;
    result.horizon = kHorizon;
    result.env_steps = static_cast<double>(tasks) * kEnvs * kHorizon;
    result.operations = gradient_operations(bench.shape(), false) * result.env_steps;
    result.seconds = median_seconds([&] { bench.run(); });
    return result;
  };
}

std::function<BenchmarkResult(Device&)> meta_iteration(const std::string& algorithm, int inner_steps,
                                                       int tasks, Precision precision = Precision::float32) {
  return [=](Device& device) {
    Config config = config_for("point_navigation", kReference, algorithm, inner_steps, tasks);
    config.precision = precision;
    const auto learner = MetaLearner::create(config, device);
    learner->allocate();
    BenchmarkResult result = result_for(config, inner_steps);
    result.operations = maml_operations(learner->inner_loop().shape(), inner_steps, algorithm == "maml",
                                        device.keeps_activations()) *
                        result.env_steps;
    result.env_steps *= inner_steps + 1;
    std::uint32_t iteration = 0;
    result.seconds = median_seconds([&] { learner->iterate(iteration++); });
    return result;
  };
}

// RL²'s trials as its peer is measured: a bandit with five arms, or ten episodes of ten steps in an MDP.
struct TrialSizes {
  std::string environment;
  int steps, hidden, count;

  std::string name() const {
    return "gru-" + std::to_string(hidden) + "/" + environment + "-" + std::to_string(steps);
  }
};

Config trial_config(const TrialSizes& sizes) {
  nlohmann::ordered_json config;
  config["tasks_per_iteration"] = sizes.count;
  config["envs_per_task"] = 1;
  config["horizon"] = sizes.environment == "bandit" ? 1 : 10;
  config["at_episode_end"] = "restart";
  config["environment"]["name"] = sizes.environment;
  config["policy"] = {{"name", "gru"}, {"hidden", sizes.hidden}};
  config["algorithm"] = {{"name", "rl2"}, {"trial_length", sizes.steps}, {"epochs", 1}, {"minibatches", 4}};
  return parse_config(json_text(config), "benchmark");
}

enum class TrialPart { play, learn, iteration };

std::function<BenchmarkResult(Device&)> trials(const TrialSizes& sizes, TrialPart part) {
  return [=](Device& device) {
    const Config config = trial_config(sizes);
    Ppo learner(config, device);
    learner.allocate();
    learner.iterate(0);
    BenchmarkResult result = result_for(config, 0);
    result.horizon = sizes.steps;
    result.env_steps = static_cast<double>(sizes.count) * sizes.steps;
    const TrialPolicy& policy = learner.loop().policy();
    OperationCount operations;
    if (part != TrialPart::learn) operations = operations + trial_rollout_operations(policy);
    if (part != TrialPart::play) operations = operations + trial_gradient_operations(policy);
    result.operations = operations * result.env_steps;
    std::uint32_t iteration = 1;
    result.seconds = median_seconds([&] {
      if (part == TrialPart::play) learner.play();
      if (part == TrialPart::learn) learner.learn(0);
      if (part == TrialPart::iteration) learner.iterate(iteration++);
      device.finish();
    });
    return result;
  };
}

// Kernels come twice: on all threads, and on one where there are several.
std::vector<Benchmark> all_benchmarks(bool several_threads, bool keeps_activations, bool has_tensor_cores) {
  std::vector<Benchmark> benchmarks;
  const auto add_kernel = [&](const std::string& name, const std::function<BenchmarkResult(Device&)>& run) {
    benchmarks.push_back({name, false, run});
    if (several_threads) benchmarks.push_back({name + "/one-thread", true, run});
  };
  const std::string main = "point_navigation";
  const Count nothing = [](const PolicyShape&) { return OperationCount{}; };
  for (const std::string environment : {"point_navigation", "cartpole", "bandit"})
    add_kernel("rollout/mlp-2x64/" + environment,
               kernel(
                   environment, kReference, [](KernelBench& b) { b.rollout(); }, rollout_operations));
  // Without hidden layers (one unit, where symbols have to enter): what random numbers, sampling, log-probabilities and
  // dynamics take.
  for_each_type(Environments{}, [&]<class Env>() {
    add_kernel(std::string("env_steps/") + Env::name,
               kernel(
                   Env::name, Env::observation({}).symbols > 0 ? Widths{1} : Widths{},
                   [](KernelBench& b) { b.rollout(); }, nothing));
  });
  add_kernel("advantages/linear", kernel(
                                      main, kReference, [](KernelBench& b) { b.advantages(); }, nothing));
  for (const bool kept : {true, false}) {
    if (kept && !keeps_activations) continue;
    const std::string how = kept ? "/kept" : "/recomputed";
    add_kernel("inner_step/mlp-2x64" + how,
               kernel(
                   main, kReference, [kept](KernelBench& b) { b.inner_step(kept); },
                   [kept](const PolicyShape& shape) { return gradient_operations(shape, kept); }, 1));
    add_kernel("hessian_vector/mlp-2x64" + how,
               kernel(
                   main, kReference, [kept](KernelBench& b) { b.hessian_vector(kept); },
                   [kept](const PolicyShape& shape) { return hessian_vector_operations(shape, kept); }, 1));
  }
  add_kernel("gradient/grid-5x5x2/symbols", grid_gradient(true));
  add_kernel("gradient/grid-5x5x2/one-hot", grid_gradient(false));
  const TrialSizes large{"bandit", 100, 128, 256};
  add_kernel("trial_rollout/" + large.name(), trials(large, TrialPart::play));
  add_kernel("trial_update/" + large.name(), trials(large, TrialPart::learn));
  for (const int tasks : {kTasks, kManyTasks})
    for (const int inner_steps : {1, 3})
      for (const std::string algorithm : {"maml", "fomaml"})
        benchmarks.push_back({"meta_iteration/" + algorithm + "/K" + std::to_string(inner_steps) + "/tasks-" +
                                  std::to_string(tasks),
                              false, meta_iteration(algorithm, inner_steps, tasks)});
  if (has_tensor_cores)
    for (const auto& [name, precision] : {std::pair{"tf32", Precision::tf32}, {"bf16", Precision::bf16}})
      benchmarks.push_back({"meta_iteration/maml/K1/tasks-" + std::to_string(kManyTasks) + "/" + name, false,
                            meta_iteration("maml", 1, kManyTasks, precision)});
  for (const TrialSizes& sizes : {TrialSizes{"bandit", 10, 32, 256},
                                  {"bandit", 100, 128, 256},
                                  {"bandit", 100, 128, 4096},
                                  {"tabular_mdp", 100, 128, 256},
                                  {"tabular_mdp", 100, 128, 4096},
                                  {"bandit", 100, 512, 256}})
    benchmarks.push_back({"meta_iteration/rl2/" + sizes.name() + "/trials-" + std::to_string(sizes.count),
                          false, trials(sizes, TrialPart::iteration)});
  return benchmarks;
}

bool fits(const std::string& name, const std::string& filter) {
  if (filter.find_first_of("*?[") == std::string::npos) return name.find(filter) != std::string::npos;
  return fnmatch(filter.c_str(), name.c_str(), 0) == 0;
}

}  // namespace

BenchmarkReport run_benchmarks(const DeviceOptions& options, const std::string& filter,
                               const std::function<void(const BenchmarkResult&)>& on_result) {
  Device device(options);
  const bool several = !device.is_cuda() && device.threads() > 1;
  std::vector<Benchmark> benchmarks =
      all_benchmarks(several, device.keeps_activations(), device.has_tensor_cores());
  std::string names;
  for (const Benchmark& benchmark : benchmarks) names += "\n  " + benchmark.name;
  std::erase_if(benchmarks, [&](const Benchmark& benchmark) { return !fits(benchmark.name, filter); });
  if (benchmarks.empty())
    throw InputError("bench: wanted a part of a benchmark's name, or a pattern with * or ?, found \"" +
                     filter + "\"; there are" + names);

  BenchmarkReport report;
  report.backend = device.is_cuda() ? "cuda" : "cpu";
  report.instructions = device.instructions();
  report.gpu = device.name();
  report.threads = device.threads();
  report.peak = measure_fma_peak(device);
  std::optional<Device> single;
  if (several) {
    DeviceOptions one = options;
    one.threads = 1;
    single.emplace(one);
  }
  if (!device.is_cuda()) report.peak_per_thread = several ? measure_fma_peak(*single) : report.peak;
  for (const Benchmark& benchmark : benchmarks) {
    forget_peak_memory();
    BenchmarkResult result = benchmark.run(benchmark.one_thread ? *single : device);
    result.name = benchmark.name;
    result.threads = benchmark.one_thread ? 1 : report.threads;
    result.peak = benchmark.one_thread ? report.peak_per_thread : report.peak;
    result.memory_bytes = peak_memory();
    report.results.push_back(result);
    if (on_result) on_result(report.results.back());
  }
  return report;
}

std::string benchmark_table_head() {
  char line[160];
  std::snprintf(line, sizeof(line), "%-52s %10s %14s %9s %9s %9s", "benchmark", "ms", "env steps/s",
                "GFLOP/s", "of peak", "MiB");
  return line;
}

std::string benchmark_table_line(const BenchmarkResult& result) {
  char line[200], rate[40] = "        -         -";
  const double speed = result.operations.done / result.seconds;
  if (speed > 0) std::snprintf(rate, sizeof(rate), "%9.1f %8.1f%%", speed / 1e9, 100 * speed / result.peak);
  std::snprintf(line, sizeof(line), "%-52s %10.3f %14.0f %s %9.1f", result.name.c_str(), 1e3 * result.seconds,
                result.env_steps / result.seconds, rate,
                static_cast<double>(result.memory_bytes) / (1 << 20));
  return line;
}

std::string benchmark_table_foot(const BenchmarkReport& report) {
  char text[200];
  std::snprintf(text, sizeof(text), "Peak of fused multiply-adds: %.1f GFLOP/s (%s, %s)", report.peak / 1e9,
                report.backend.c_str(),
                report.gpu.empty() ? report.instructions.c_str() : report.gpu.c_str());
  std::string foot = text;
  if (report.peak_per_thread > 0 && report.threads > 1) {
    std::snprintf(text, sizeof(text), ", of one thread of %d: %.1f", report.threads,
                  report.peak_per_thread / 1e9);
    foot += text;
  }
  return foot;
}

namespace {

using Json = nlohmann::ordered_json;

Json positive(double number) { return number > 0 ? Json(number) : Json(nullptr); }

Json to_json(const BenchmarkResult& r) {
  const double done = r.operations.done / r.seconds, nominal = r.operations.nominal / r.seconds;
  return {{"name", r.name},
          {"threads", r.threads},
          {"tasks", r.tasks},
          {"envs_per_task", r.envs_per_task},
          {"horizon", r.horizon},
          {"inner_steps", r.inner_steps},
          {"seconds", r.seconds},
          {"env_steps_per_second", r.env_steps / r.seconds},
          {"gflops", positive(done / 1e9)},
          {"fraction_of_peak", positive(done / r.peak)},
          {"nominal_gflops", positive(nominal / 1e9)},
          {"nominal_fraction_of_peak", positive(nominal / r.peak)},
          {"peak_memory_bytes", r.memory_bytes > 0 ? Json(r.memory_bytes) : Json(nullptr)}};
}

}  // namespace

Json to_json(const BenchmarkReport& report) {
  Json machine = {{"processor", processor_name()},
                  {"gpu", report.gpu.empty() ? Json(nullptr) : Json(report.gpu)},
                  {"threads", report.threads},
                  {"backend", report.backend},
                  {"instruction_set", report.instructions},
                  {"fma_peak_gflops_per_thread", positive(report.peak_per_thread / 1e9)},
                  {"fma_peak_gflops", positive(report.peak / 1e9)},
                  {"commit", build_commit()},
                  {"compiler", build_compiler()}};
  Json results = Json::array();
  for (const BenchmarkResult& result : report.results) results.push_back(to_json(result));
  return {{"machine", std::move(machine)}, {"results", std::move(results)}};
}

}  // namespace innerloop
