#include "engine/optimisers/trpo.h"

#include "engine/device/launch.h"

namespace innerloop {
namespace {

enum Scalar : int { kResidualSquare, kScale, kBefore, kNorm, kKl, kScalars };

}  // namespace

Trpo::Trpo(const TrpoOptions& options, float schedule, const Target& target, Device& device, BufferPlan& plan,
           TrustRegionObjective& objective)
    : OuterOptimiser(target), options_(options), device_(device), objective_(objective) {
  schedule_.decay = schedule;
  plan.add(&x_, named("trpo.solution"), "[parameter]", {size()});
  plan.add(&residual_, named("trpo.residual"), "[parameter]", {size()});
  plan.add(&direction_, named("trpo.direction"), "[parameter]", {size()});
  plan.add(&product_, named("trpo.product"), "[parameter]", {size()});
  plan.add(&candidate_, named("trpo.candidate"), "[parameter]", {size()});
  plan.add(&values_, named("trpo.values"), "[value]", {kPassValues});
  plan.add(&scalars_, named("trpo.scalars"), "[scalar]", {kScalars});
  plan.add(&searching_, named("trpo.searching"), "[1]", {1});
}

void Trpo::step(float* params, const float* gradient, const int*) {
  objective_.evaluate(params, values_, nullptr);

  ConjugateGradient<float> solve;
  solve.size = static_cast<int>(size());
  solve.b = gradient;
  solve.product = product_;
  solve.damping = static_cast<float>(options_.cg_damping);
  solve.x = x_;
  solve.residual = residual_;
  solve.direction = direction_;
  solve.residual_square = scalars_ + kResidualSquare;
  device_.once(StartConjugateGradient<float>{solve});
  for (int i = 0; i < options_.cg_iterations; ++i) {
    objective_.curvature_product(direction_, product_);
    device_.once(ConjugateGradientStep<float>{solve});
  }
  objective_.curvature_product(x_, product_);

  LineSearch<float> search;
  search.size = static_cast<int>(size());
  search.params = params;
  search.gradient = gradient;
  search.x = x_;
  search.product = product_;
  search.damping = static_cast<float>(options_.cg_damping);
  search.max_kl = static_cast<float>(options_.max_kl);
  search.schedule = schedule_;
  search.ratio = static_cast<float>(options_.backtrack_ratio);
  search.candidate = candidate_;
  search.values = values_;
  search.scale = scalars_ + kScale;
  search.before = scalars_ + kBefore;
  search.norm = scalars_ + kNorm;
  search.kl = scalars_ + kKl;
  search.searching = searching_;
  device_.once(StartLineSearch<float>{search});
  for (int i = 0; i <= options_.max_backtracks; ++i) {
    device_.once(LineSearchCandidate<float>{search, searching_});
    objective_.evaluate(candidate_, values_, searching_);
    device_.once(LineSearchDecision<float>{search, searching_});
  }
}

void Trpo::report(IterationReport& report) const {
  float scalars[kScalars];
  device_.read(scalars_, scalars);
  report_norm(report, scalars[kNorm]);
  report.extra.emplace_back(named("kl"), scalars[kKl]);
}

}  // namespace innerloop
