// MAML with K exact second-order steps (Finn et al. 2017), Meta-SGD (Li et al. 2017), first-order MAML, E-MAML (Stadie
// et al. 2018), and plain training on all tasks, which is K = 0.
#pragma once

#include "engine/algorithms/meta_learner.h"

namespace innerloop {

/// max mean_i S(θ_K; D_K), with the adapted policies' entropy where it has a weight.
/// Meta-SGD learns the step sizes too (InnerLoop does); FOMAML leaves out the way back
/// through the inner steps; E-MAML adds, for each batch before adaptation, the
/// log-likelihood of its actions times how well the task went afterwards.
class Maml : public MetaLearner, private TrustRegionObjective {
 public:
  struct Variant {
    bool first_order = false;
    double exploration_weight = 0;  // E-MAML; 0: none
  };
  Maml(const Variant& variant, const Config& config, Device& device);

 private:
  void enqueue() override;
  bool second_order() const { return !first_order_; }
  void curvature_product(const float* direction, float* product) override;
  void evaluate(const float* params, float* values, const int* enabled) override;

  const bool first_order_;
  const float exploration_weight_;
  const InnerLoop::Term outer_term_;
  float* back_ = nullptr;     // [task][P]  v_k
  float* forward_ = nullptr;  // [task][P]  TRPO: u_k
  float* credit_ = nullptr;   // [task]     E-MAML
  float* none_ = nullptr;     // [1]  0: divergences are measured, not climbed
};

// The inner loop reads from their options (engine/config/algorithm_options.h) what each of these asks of it.
std::unique_ptr<Maml> make_algorithm(const MamlOptions&, const Config& config, Device& device);
std::unique_ptr<Maml> make_algorithm(const MetaSgdOptions&, const Config& config, Device& device);
std::unique_ptr<Maml> make_algorithm(const AlfaOptions&, const Config& config, Device& device);
std::unique_ptr<Maml> make_algorithm(const CaviaOptions&, const Config& config, Device& device);
std::unique_ptr<Maml> make_algorithm(const PretrainingOptions&, const Config& config, Device& device);
std::unique_ptr<Maml> make_algorithm(const FomamlOptions&, const Config& config, Device& device);
std::unique_ptr<Maml> make_algorithm(const EmamlOptions& options, const Config& config, Device& device);

}  // namespace innerloop
