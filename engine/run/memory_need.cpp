#include "engine/run/memory_need.h"

#include "engine/algorithms/algorithm.h"
#include "engine/config/config.h"
#include "engine/device/state_copy.h"
#include "engine/error.h"
#include "engine/evaluation/curve.h"

namespace innerloop {

std::int64_t MemoryNeed::total_bytes() const {
  std::int64_t total = 0;
  for (const auto& [name, plan] : parts)
    if (__builtin_add_overflow(total, plan.total_bytes(), &total)) return INT64_MAX;
  return total;
}

MemoryNeed memory_need(const Config& config, Device& device, const std::string& source) try {
  const auto learner = Algorithm::create(config, device);
  return {{{"training", learner->plan()},
           {"state before the iteration", StateCopy(learner->state()).plan()},
           {"evaluation", CurveEvaluator::create(config, device)->plan()}}};
} catch (const InputError& error) {
  throw InputError(source + ": " + error.what());
}

void check_fits(const MemoryNeed& need, const Device& device, const std::string& source) {
  const std::int64_t wanted = need.total_bytes(), had = device.available_bytes();
  if (wanted <= had) return;
  throw InputError(source + ": wanted a config that fits in memory, found one of " + std::to_string(wanted) +
                   " bytes (" + readable_bytes(wanted) + ") where " + std::to_string(had) + " (" +
                   readable_bytes(had) + ") are free; `innerloop plan` shows what for");
}

}  // namespace innerloop
