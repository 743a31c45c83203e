#include "engine/algorithms/sac.h"

#include <cmath>

#include "engine/device/planned_buffers.h"
#include "engine/learned/create.h"
#include "engine/statistics/estimates.h"

namespace innerloop {

std::unique_ptr<Sac> make_algorithm(const SacOptions& options, const Config& config, Device& device) {
  return std::make_unique<Sac>(options, config, device);
}

Sac::Sac(const SacOptions& options, const Config& config, Device& device)
    : seed_(config.seed),
      count_(options.soft.updates),
      device_(device),
      learned_(create_learned(config)),
      loop_(trial_setup(config), config.tasks_per_iteration, config.envs_per_task, true, device, plan_),
      updates_(config, learned_, {}, device, plan_) {}

void Sac::allocate() {
  memory_ = allocate_planned(device_, plan_, "this config");
  loop_.prepare();
  updates_.prepare(seed_, loop_.key());
  device_.finish();
}

IterationReport Sac::iterate(std::uint32_t iteration) {
  loop_.set_key({seed_, iteration});
  device_.replay(recording_, [this] { enqueue(); });
  return report();
}

void Sac::enqueue() {
  loop_.play(params());
  updates_.store(loop_);
  for (int number = 0; number < count_; ++number) {
    updates_.draw(number);
    updates_.learn_critics({});
    updates_.learn_actor({});
  }
}

IterationReport Sac::report() const {
  IterationReport report;
  const TrialLoop::Returns returns = loop_.returns();
  for (const std::vector<float>& of_episode : returns.of_episode)
    report.returns.push_back(mean_of(of_episode).mean);
  for (const float steps : returns.trial_lengths) report.env_steps += static_cast<std::int64_t>(steps);
  updates_.report(report);
  return report;
}

}  // namespace innerloop
