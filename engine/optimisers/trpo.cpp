#include "engine/optimisers/trpo.h"

#include "engine/device/launch.h"

namespace innerloop {
namespace {

enum Scalar : int { kResidualSquare, kScale, kBefore, kNorm, kKl, kScalars };

}  // namespace

Trpo::Trpo(const TrpoOptions& options, float decay, int parameters, Device& device, BufferPlan& plan,
           TrustRegionObjective& objective)
    : options_(options), parameters_(parameters), device_(device), objective_(objective) {
  schedule_.decay = decay;
  plan.add(&x_, "trpo.solution", "[parameter]", {parameters});
  plan.add(&residual_, "trpo.residual", "[parameter]", {parameters});
  plan.add(&direction_, "trpo.direction", "[parameter]", {parameters});
  plan.add(&product_, "trpo.product", "[parameter]", {parameters});
  plan.add(&candidate_, "trpo.candidate", "[parameter]", {parameters});
  plan.add(&values_, "trpo.values", "[value]", {kPassValues});
  plan.add(&scalars_, "trpo.scalars", "[scalar]", {kScalars});
  plan.add(&searching_, "trpo.searching", "[1]", {1});
}

void Trpo::update(float* params, const float* gradient, const int*) {
  objective_.evaluate(params, values_, nullptr);

  ConjugateGradient<float> solve;
  solve.size = parameters_;
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
  search.size = parameters_;
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
  report.gradient_norm = scalars[kNorm];
  report.extra.emplace_back("kl", scalars[kKl]);
}

}  // namespace innerloop
