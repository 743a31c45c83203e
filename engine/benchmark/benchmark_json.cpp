#include <nlohmann/json.hpp>

#include "engine/benchmark/benchmark.h"
#include "engine/run/build_info.h"
#include "engine/run/machine_info.h"

namespace innerloop {
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
