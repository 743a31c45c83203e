// From options to the optimiser that they are for. Options that no overload of make takes do not compile.
#include <cmath>
#include <stdexcept>
#include <variant>

#include "engine/optimisers/first_order.h"
#include "engine/optimisers/trpo.h"

namespace innerloop {
namespace {

// Everything that optimisers are made from beside their options.
struct Maker {
  const Learned& learned;
  const OuterOptimiser::Target target;
  const int iterations;
  Device& device;
  BufferPlan& plan;
  TrustRegionObjective* const objective;

  using Made = std::unique_ptr<OuterOptimiser>;

  // Which part of the whole step each iteration takes away.
  float falling(OuterSchedule schedule) const {
    return schedule == OuterSchedule::linear ? 1.0f / static_cast<float>(iterations) : 0.0f;
  }
  Made adam(const AdamOptions& o, std::vector<float> decays) const {
    return std::make_unique<FirstOrder>(o, std::move(decays), falling(o.schedule), target, device, plan);
  }

  Made operator()(const AdamOptions& o) const { return adam(o, {}); }
  Made operator()(const AdamWOptions& o) const { return adam(o, learned.decay(target.part, o.weight_decay)); }
  Made operator()(const SgdOptions& o) const {
    return std::make_unique<FirstOrder>(o, falling(o.schedule), target, device, plan);
  }
  Made operator()(const TrpoOptions& o) const {
    if (objective == nullptr)
      throw std::logic_error("optimiser \"trpo\": wanted an objective that gives its curvature, found none");
    return std::make_unique<Trpo>(o, falling(o.schedule), target, device, plan, *objective);
  }
};

}  // namespace

std::unique_ptr<OuterOptimiser> OuterOptimiser::create(const OptionsVariant<OuterOptimisers>& options,
                                                       const Learned& learned, const std::string& prefix,
                                                       int iterations, Device& device, BufferPlan& plan,
                                                       TrustRegionObjective* objective) {
  const Target target{learned.range(prefix), prefix};
  if (target.part.size == 0)
    throw std::logic_error("optimiser: wanted blocks whose names begin with \"" + prefix + "\", found none");
  return create(options, learned, target, iterations, device, plan, objective);
}

std::unique_ptr<OuterOptimiser> OuterOptimiser::create(const OptionsVariant<OuterOptimisers>& options,
                                                       const Learned& learned, const Target& target,
                                                       int iterations, Device& device, BufferPlan& plan,
                                                       TrustRegionObjective* objective) {
  return std::visit(Maker{learned, target, iterations, device, plan, objective}, options);
}

void OuterOptimiser::report_norm(IterationReport& report, double norm) const {
  report.gradient_norm = std::hypot(report.gradient_norm, norm);
  if (!prefix_.empty()) report.extra.emplace_back(named("gradient_norm"), norm);
}

}  // namespace innerloop
