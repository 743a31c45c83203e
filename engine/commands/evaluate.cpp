#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/checkpoint.h"
#include "engine/commands/commands.h"
#include "engine/commands/device_flags.h"
#include "engine/config.h"
#include "engine/evaluation_report.h"
#include "engine/run_folder.h"

namespace innerloop {
namespace {

struct Flags {
  std::string run, task;
  std::vector<int> steps;
  DeviceOptions device;
};

void evaluate(const Flags& flags) {
  const RunFolder run = open_run_folder(flags.run);
  Config config = read_config(run.config());
  if (!flags.steps.empty()) config.evaluation.inner_steps = std::ranges::max(flags.steps);
  const std::vector<float> task = flags.task.empty() ? std::vector<float>{} : parse_task(flags.task, config);
  const Checkpoint checkpoint = read_newest_checkpoint(run.path);
  const std::vector<float> params = checkpoint_params(checkpoint, config);
  Device device(flags.device);
  std::cout << "device: " << device.description() << "\n" << std::flush;
  const auto report = evaluation_report(config, device, params, checkpoint.iteration, task);
  write_json(run.evaluation(), report);
  std::cout << evaluation_table(report, config);
}

}  // namespace

void add_evaluate(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("evaluate", "adapts a run's newest checkpoint to held-out tasks");
  auto flags = std::make_shared<Flags>();
  command.add_option("RUN", flags->run, "the run's folder; evaluation.json is written there")->required();
  command.add_option("--task", flags->task,
                     R"(one task in their place, as in '{"goal_x": 0.3, "goal_y": -0.2}')");
  command.add_option("--steps", flags->steps, "gradient steps of adaptation; of several the most")
      ->check(CLI::Range(0, kMaxInnerSteps))
      ->type_size(1)
      ->allow_extra_args(false);
  add_device_flags(command, flags->device);
  command.callback([flags] { evaluate(*flags); });
}

}  // namespace innerloop
