// The options of each outer optimiser. The meta-gradient points where the objective grows.
#pragma once

#include <optional>

#include "kernels/options/options.h"
#include "kernels/options/type_list.h"

namespace innerloop {

/// Over config.iterations.
enum class OuterSchedule { constant, linear };

constexpr Choices kOuterSchedules{Choice{"constant", "all steps alike"},
                                  Choice{"linear",
                                         "from the whole length to almost none in the last iteration; a run "
                                         "that `--resume` lengthens goes on as one of "
                                         "the new length, with longer steps than those it had come to"}};

struct AdamOptions {
  using Options = AdamOptions;
  static constexpr auto name = "adam";
  static constexpr auto meaning = "steps scaled by running moments of the meta-gradient";
  double lr = 1e-3;
  OuterSchedule schedule = OuterSchedule::constant;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  std::optional<double> max_gradient_norm;
  bool operator==(const AdamOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, AdamOptions& o) {
    field("lr", o.lr, above(0), "step size");
    field("schedule", o.schedule, kOuterSchedules, "of the step size over the iterations");
    field("beta1", o.beta1, from_to_below(0, 1), "decay of the first moment");
    field("beta2", o.beta2, from_to_below(0, 1), "decay of the second moment");
    field("epsilon", o.epsilon, above(0), "added to the root of the second moment");
    field("max_gradient_norm", o.max_gradient_norm, above(0),
          "a longer meta-gradient is scaled to this; null: never");
  }
};

struct AdamWOptions : AdamOptions {
  using Options = AdamWOptions;
  static constexpr auto name = "adamw";
  static constexpr auto meaning = "Adam that also shrinks the weights, apart from their moments";
  double weight_decay = 0.01;
  bool operator==(const AdamWOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, AdamWOptions& o) {
    AdamOptions::describe(field, o);
    field("weight_decay", o.weight_decay, at_least(0),
          "λ: a step takes lr·λ of each weight away, schedule included; biases, log_std and learned step "
          "sizes do not decay; 0: adam");
  }
};

struct SgdOptions {
  using Options = SgdOptions;
  static constexpr auto name = "sgd";
  static constexpr auto meaning = "plain steps along the meta-gradient; Reptile as published, lr is its ε";
  double lr = 0.1;
  OuterSchedule schedule = OuterSchedule::constant;
  double momentum = 0;
  bool nesterov = false;
  std::optional<double> max_gradient_norm;
  bool operator==(const SgdOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, SgdOptions& o) {
    field("lr", o.lr, above(0), "step size");
    field("schedule", o.schedule, kOuterSchedules, "of the step size over the iterations");
    field("momentum", o.momentum, from_to_below(0, 1),
          "μ: steps go along w ← μ·w + meta-gradient (heavy ball); 0: along the meta-gradient");
    field("nesterov", o.nesterov, "with momentum: steps go along meta-gradient + μ·w");
    field("max_gradient_norm", o.max_gradient_norm, above(0),
          "a longer meta-gradient is scaled to this; null: never");
  }
  template <class Report>
  static void validate(const SgdOptions& o, Report& report) {
    if (o.nesterov && o.momentum == 0) report("nesterov", "without momentum it changes nothing");
  }
};

struct TrpoOptions {
  using Options = TrpoOptions;
  static constexpr auto name = "trpo";
  static constexpr auto meaning = "the longest natural-gradient step that keeps the mean KL divergence small";
  double max_kl = 0.01;
  OuterSchedule schedule = OuterSchedule::constant;
  int cg_iterations = 10;
  double cg_damping = 0.01;
  double backtrack_ratio = 0.8;
  int max_backtracks = 15;
  bool operator==(const TrpoOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, TrpoOptions& o) {
    field("max_kl", o.max_kl, above(0), "mean KL divergence of the adapted policies that a step may cause");
    field("schedule", o.schedule, kOuterSchedules,
          "of the step's length over the iterations; max_kl falls with its square");
    field("cg_iterations", o.cg_iterations, between(1, 1000), "steps of conjugate gradient");
    field("cg_damping", o.cg_damping, at_least(0), "added to the curvature's diagonal");
    field("backtrack_ratio", o.backtrack_ratio, strictly_between(0, 1),
          "the line search shortens the step by this");
    field("max_backtracks", o.max_backtracks, between(0, 1000), "how often, before the step is given up");
  }
};

using OuterOptimisers = TypeList<AdamOptions, AdamWOptions, SgdOptions, TrpoOptions>;

}  // namespace innerloop
