// The algorithms as a whole: what a learner hands to its outer optimiser, against finite differences of the plain
// meta-objective on the trajectories that it drew.
#include <gtest/gtest.h>

#include <functional>

#include "engine/learned/create.h"
#include "engine/learned/policy.h"
#include "tests/support/learner.h"
#include "tests/support/plain_outer.h"

namespace innerloop {
namespace {

Vector differences_of(const MetaProblem& p) {
  return central_differences([&](const Vector& theta) { return reference::meta_objective(p, theta); },
                             p.theta, 1e-6);
}

const std::vector<std::vector<std::string>> kEnvironments = {
    {"environment={\"name\": \"point_navigation\"}"},
    {"environment={\"name\": \"point_navigation\", \"layout\": \"corner\"}", "policy.hidden=[]"},
    {"environment={\"name\": \"bandit\"}", "at_episode_end=restart"},
    {"environment={\"name\": \"bandit\"}", "at_episode_end=stop", "envs_per_task=17"},
    {"environment={\"name\": \"cartpole\"}", "at_episode_end=restart", "horizon=30", "policy.hidden=[5, 4]"},
    {"environment={\"name\": \"cartpole\"}", "at_episode_end=stop", "horizon=30", "policy.activation=relu"}};

Config config_of(std::vector<std::string> overrides, const std::vector<std::string>& environment) {
  overrides.insert(overrides.begin(), environment.begin(), environment.end());
  return small_config(overrides);
}

TEST(Algorithms, MamlClimbsItsMetaObjective) {
  for (const auto& environment : kEnvironments)
    for (const std::string estimator : {"reinforce", "ratio", "clipped", "dice"}) {
      Learner learner(config_of({"algorithm.estimator=" + estimator}, environment), 2);
      const MetaProblem p = learner.problem();
      EXPECT_LT(relative_error(learner.meta_gradient(), differences_of(p)), 1e-4)
          << estimator << ", " << environment[0];
      for (int task = 0; task < p.tasks; ++task)
        EXPECT_LT(relative_error(learner.drawn(2, task), reference::adapted(p, task, p.theta)), 1e-5);
    }
}

const std::vector<std::vector<std::string>> kStepSizes = {
    {"algorithm.learned_lr=parameter", "algorithm.learned_lr_per_step=true"},
    {"algorithm.learned_lr=layer", "algorithm.inner_lr=0.4"},
    {"algorithm.learned_lr=scalar", "algorithm.inner_lr=0.4", "algorithm.learned_lr_sign=free"},
    {"algorithm.learned_lr=parameter", "algorithm.inner_lr=0.4", "algorithm.adapted_layers=[0]"},
    {"algorithm.adapted_layers=[0]"}};

TEST(Algorithms, WithLearnedStepSizesAndAdaptedLayersMamlClimbsItsMetaObjective) {
  for (const auto& environment : kEnvironments)
    for (const auto& step_sizes : kStepSizes) {
      // All tasks' parameters move with a shared step size: a ReLU's kink is easily met by the difference.
      std::vector<std::string> overrides = step_sizes;
      overrides.push_back("policy.activation=tanh");
      Learner learner(config_of(overrides, environment), 3);
      const MetaProblem p = learner.problem();
      EXPECT_LT(relative_error(learner.meta_gradient(), differences_of(p)), 1e-4)
          << step_sizes[0] << ", " << environment[0];
      for (int task = 0; task < p.tasks; ++task) {
        Vector adapted = reference::adapted(p, task, p.theta);
        adapted.resize(static_cast<std::size_t>(p.shape.parameters()));
        EXPECT_LT(relative_error(learner.drawn(2, task), adapted), 1e-5);
      }
    }
}

// Where training starts they are inner_lr: the first adaptation is that of fixed step sizes.
TEST(Algorithms, LearnedStepSizesStartAtTheInnerLr) {
  Learner fixed(small_config()),
      each(small_config({"algorithm.name=meta_sgd", "algorithm.learned_lr_per_step=true"}));
  for (int task = 0; task < 3; ++task)
    EXPECT_LT(relative_error(each.drawn(2, task), fixed.drawn(2, task)), 1e-5);
  EXPECT_EQ(each.params().size(), 3 * fixed.params().size());
}

TEST(Algorithms, OnlyTheAdaptedLayersMoveInTheInnerLoop) {
  for (const std::string name : {"maml", "fomaml", "emaml", "reptile", "meta_sgd"}) {
    Learner learner(small_config({"policy.hidden=[6, 5]", "algorithm.name=" + name,
                                  "algorithm.adapted_layers=[2]", "algorithm.inner_lr=0.5"}));
    const PolicyShape shape = learner.inner().shape();
    const auto head = static_cast<std::size_t>(shape.weight_offset(2));
    for (int task = 0; task < 3; ++task) {
      const Vector before = learner.params_before(), after = learner.drawn(2, task);
      for (std::size_t i = 0; i < after.size(); ++i)
        EXPECT_EQ(after[i] != before[i], i >= head) << name << ' ' << i;
    }
  }
}

// First order: step size k is credited with v_{k+1}∘g_k, where v is the gradient at the adapted parameters.
TEST(Algorithms, FomamlLearnsStepSizesToo) {
  Learner learner(small_config({"algorithm.name=fomaml", "algorithm.learned_lr=parameter",
                                "algorithm.learned_lr_per_step=true", "algorithm.learned_lr_sign=free"}),
                  2);
  const MetaProblem p = learner.problem();
  const auto size = static_cast<std::size_t>(p.shape.parameters());
  Vector wanted(p.theta.size());
  for (int task = 0; task < p.tasks; ++task) {
    const Vector v =
        reference::evaluate(p.shape, p.batch(2), task, reference::adapted(p, task, p.theta), p.outer, true)
            .gradient;
    Vector theta = p.theta;
    for (std::size_t k = 0; k < 2; ++k) {
      const int step = static_cast<int>(k);
      const Vector g =
          reference::evaluate(p.shape, p.batch(step), task, theta, p.inner_term(), true).gradient;
      for (std::size_t i = 0; i < size; ++i) wanted[(k + 1) * size + i] += v[i] * g[i] / p.tasks;
      theta = reference::inner_step(p, step, task, theta);
    }
    for (std::size_t i = 0; i < size; ++i) wanted[i] += v[i] / p.tasks;
  }
  EXPECT_LT(relative_error(learner.meta_gradient(), wanted), 1e-4);
}

// Where it has a weight, the policy's entropy is a part of the inner objective, of the outer one, or of both.
const std::vector<std::vector<std::string>> kEntropies = {
    {"algorithm.entropy_weight=0.5"},
    {"algorithm.outer_entropy_weight=0.4"},
    {"algorithm.entropy_weight=0.3", "algorithm.outer_entropy_weight=0.2"}};

TEST(Algorithms, MamlClimbsEntropiesToo) {
  for (const auto& environment : {kEnvironments[0], kEnvironments[3], kEnvironments[4]})
    for (const auto& entropy : kEntropies)
      for (const std::string algorithm :
           {R"({"name": "maml", "inner_steps": 2, "estimator": "reinforce"})",
            R"({"name": "maml", "inner_steps": 3, "estimator": "dice"})",
            R"({"name": "meta_sgd", "inner_steps": 2, "learned_lr": "layer", "estimator": "ratio"})",
            R"({"name": "promp", "inner_steps": 2, "epochs": 1})"}) {
        std::vector<std::string> overrides = {"algorithm=" + algorithm, "policy.activation=tanh"};
        overrides.insert(overrides.end(), entropy.begin(), entropy.end());
        Learner learner(config_of(overrides, environment), 2);
        MetaProblem p = learner.problem();
        if (algorithm.find("promp") != algorithm.npos) {
          p.outer.estimator = EstimatorName::clipped;
          p.outer.clip = 0.3;
        }
        EXPECT_LT(relative_error(learner.meta_gradient(), differences_of(p)), 1e-4)
            << algorithm << entropy[0] << environment[0];
        p.entropy = p.outer.entropy = 0;
        EXPECT_GT(relative_error(learner.meta_gradient(), differences_of(p)), 1e-3)
            << algorithm << entropy[0] << environment[0];
      }
}

// A weight so large that, in some of the environments, the step makes policies more random at the surrogate's cost: the
// line search has to see both.
TEST(Algorithms, TrposLineSearchValuesTheOuterEntropy) {
  int paid = 0;
  for (const auto& environment : kEnvironments) {
    Learner learner(config_of({"algorithm.outer_entropy_weight=50", "policy.initial_log_std=-1",
                               "outer={\"name\": \"trpo\", \"max_kl\": 0.003}"},
                              environment),
                    3);
    MetaProblem p = learner.problem();
    const Vector after = learner.params();
    EXPECT_GT(reference::meta_objective(p, after), reference::meta_objective(p, p.theta)) << environment[0];
    p.outer.entropy = 0;
    paid += reference::meta_objective(p, after) < reference::meta_objective(p, p.theta);
  }
  EXPECT_GT(paid, 2);
}

TEST(Algorithms, ReptileAndFomamlClimbEntropiesToo) {
  for (const auto& environment : kEnvironments) {
    Learner reptile(config_of({"algorithm.name=reptile", "algorithm.entropy_weight=0.5"}, environment), 2);
    const MetaProblem p = reptile.problem();
    Vector move(p.theta.size());
    for (int task = 0; task < p.tasks; ++task) {
      const Vector adapted = reference::adapted(p, task, p.theta);
      for (std::size_t i = 0; i < move.size(); ++i) move[i] += (adapted[i] - p.theta[i]) / p.tasks;
    }
    EXPECT_LT(relative_error(reptile.meta_gradient(), move), 1e-4) << environment[0];

    Learner fomaml(config_of({"algorithm.name=fomaml", "algorithm.entropy_weight=0.5",
                              "algorithm.outer_entropy_weight=0.4"},
                             environment),
                   2);
    const MetaProblem q = fomaml.problem();
    Vector mean(q.theta.size());
    for (int task = 0; task < q.tasks; ++task) {
      const Vector g =
          reference::evaluate(q.shape, q.batch(2), task, reference::adapted(q, task, q.theta), q.outer, true)
              .gradient;
      for (std::size_t i = 0; i < g.size(); ++i) mean[i] += g[i] / q.tasks;
    }
    EXPECT_LT(relative_error(fomaml.meta_gradient(), mean), 1e-4) << environment[0];
  }
}

TEST(Algorithms, FomamlTakesTheGradientAtTheAdaptedParameters) {
  for (const auto& environment : kEnvironments) {
    Learner learner(config_of({"algorithm.name=fomaml"}, environment));
    const MetaProblem p = learner.problem();
    Vector mean(p.theta.size());
    for (int task = 0; task < p.tasks; ++task) {
      const Vector g =
          reference::evaluate(p.shape, p.batch(2), task, reference::adapted(p, task, p.theta), p.outer, true)
              .gradient;
      for (std::size_t i = 0; i < g.size(); ++i) mean[i] += g[i] / p.tasks;
    }
    EXPECT_LT(relative_error(learner.meta_gradient(), mean), 1e-4);
    EXPECT_GT(relative_error(differences_of(p), mean), 1e-3);  // what MAML would have climbed
  }
}

TEST(Algorithms, ReptileMovesTowardsTheMeanOfTheAdaptedParameters) {
  for (const auto& environment : kEnvironments) {
    Learner learner(
        config_of({"algorithm.name=reptile", "outer={\"name\": \"sgd\", \"lr\": 0.25}"}, environment));
    const MetaProblem p = learner.problem();
    Vector move(p.theta.size()), target = p.theta;
    for (int task = 0; task < p.tasks; ++task) {
      const Vector adapted = reference::adapted(p, task, p.theta);
      for (std::size_t i = 0; i < move.size(); ++i) move[i] += (adapted[i] - p.theta[i]) / p.tasks;
    }
    for (std::size_t i = 0; i < move.size(); ++i) target[i] += 0.25 * move[i];
    EXPECT_LT(relative_error(learner.meta_gradient(), move), 1e-4);
    EXPECT_LT(relative_error(learner.params(), target), 1e-6);
  }
}

// Mean KL from the policies that drew D_K to those adapted from θ.
double divergence(const MetaProblem& p, const Vector& theta) {
  double sum = 0;
  for (int task = 0; task < p.tasks; ++task) {
    const reference::Term kl{
        .weight = 0, .divergence = 1, .drawn = p.drawn.back()[static_cast<std::size_t>(task)]};
    sum += reference::evaluate(p.shape, p.batch(p.steps), task, reference::adapted(p, task, theta), kl, false)
               .total;
  }
  return sum / p.tasks;
}

const std::vector<std::string> kEpochs = {
    R"({"name": "maml", "inner_steps": 2, "inner_epochs": 3})",
    R"({"name": "maml", "inner_steps": 1, "inner_epochs": 2, "estimator": "clipped", "clip_epsilon": 0.02})",
    R"({"name": "meta_sgd", "inner_steps": 2, "inner_epochs": 2, "learned_lr_per_step": true})",
    R"({"name": "meta_sgd", "inner_steps": 2, "inner_epochs": 2, "learned_lr": "layer", "estimator": "ratio"})",
    R"({"name": "promp", "inner_steps": 2, "inner_epochs": 2, "epochs": 1, "inner_lr": 0.4})"};

TEST(Algorithms, ClimbTheirMetaObjectivesThroughSeveralUpdatesOnABatch) {
  for (const auto& environment : {kEnvironments[0], kEnvironments[3], kEnvironments[4]})
    for (const std::string& algorithm : kEpochs)
      for (const std::string outer : {"adam", "trpo"}) {
        const bool promp = algorithm.find("promp") != algorithm.npos;
        if (promp && outer == "trpo") continue;
        Learner learner(config_of({"algorithm=" + algorithm, "policy.activation=tanh",
                                   "outer={\"name\": \"" + outer + "\"}"},
                                  environment),
                        2);
        MetaProblem p = learner.problem();
        if (promp) p.outer = {.estimator = EstimatorName::clipped, .clip = 0.3};
        EXPECT_LT(relative_error(learner.meta_gradient(), differences_of(p)), 1e-4)
            << algorithm << environment[0];
        for (int task = 0; task < p.tasks; ++task) {
          Vector adapted = reference::adapted(p, task, p.theta);
          adapted.resize(static_cast<std::size_t>(p.shape.parameters()));
          EXPECT_LT(relative_error(learner.drawn(p.steps, task), adapted), 1e-5);
        }
      }
}

// At the later outer steps the updates between two batches are trials, too.
TEST(Algorithms, PrompTakesItsLaterOuterStepsThroughSeveralUpdatesOnABatch) {
  const std::vector<std::string> promp = {
      R"(algorithm={"name": "promp", "inner_steps": 2, "inner_lr": 0.3, "inner_epochs": 2, "kl_penalty": 0.5})",
      "outer.lr=0.05"};
  auto shorter = promp, whole = promp;
  whole.push_back("algorithm.epochs=3");
  shorter.push_back("algorithm.epochs=2");
  Learner learner(config_of(whole, kEnvironments[0]));
  MetaProblem p = learner.problem();
  p.outer = {.estimator = EstimatorName::clipped, .clip = 0.3};
  p.penalty = {0.5, 0.5};
  p.theta = Learner(config_of(shorter, kEnvironments[0])).params();
  EXPECT_LT(relative_error(learner.meta_gradient(), differences_of(p)), 1e-4);
}

// First order: where the adapted parameters are is all that it needs to know of the updates.
TEST(Algorithms, FomamlAndReptileTakeSeveralUpdatesOnABatch) {
  for (const auto& environment : kEnvironments)
    for (const std::string estimator : {"reinforce", "ratio", "clipped"}) {
      const auto updated = [&](const std::string& name) {
        return config_of({"algorithm.name=" + name, "algorithm.inner_epochs=3", "algorithm.clip_epsilon=0.05",
                          "algorithm.estimator=" + estimator},
                         environment);
      };
      Learner fomaml(updated("fomaml"), 2);
      MetaProblem p = fomaml.problem();
      Vector mean(p.theta.size());
      for (int task = 0; task < p.tasks; ++task) {
        const Vector g = reference::evaluate(p.shape, p.batch(2), task, reference::adapted(p, task, p.theta),
                                             p.outer, true)
                             .gradient;
        for (std::size_t i = 0; i < g.size(); ++i) mean[i] += g[i] / p.tasks;
      }
      EXPECT_LT(relative_error(fomaml.meta_gradient(), mean), 1e-4) << estimator << environment[0];

      Learner reptile(updated("reptile"), 2);
      p = reptile.problem();
      Vector move(p.theta.size());
      for (int task = 0; task < p.tasks; ++task) {
        const Vector adapted = reference::adapted(p, task, p.theta);
        for (std::size_t i = 0; i < move.size(); ++i) move[i] += (adapted[i] - p.theta[i]) / p.tasks;
      }
      EXPECT_LT(relative_error(reptile.meta_gradient(), move), 1e-4) << estimator << environment[0];
    }
}

// MAML with K = 0: each task's own batch at θ, and no other.
TEST(Algorithms, PretrainingClimbsTheMeanReturnOfAllTasksWithoutAnInnerStep) {
  for (const auto& environment : kEnvironments)
    for (const std::string entropy : {"0", "0.3"})
      for (const std::string outer : {"adam", "trpo"}) {
        Learner learner(
            config_of({R"(algorithm={"name": "pretraining"})", "outer={\"name\": \"" + outer + "\"}",
                       "algorithm.outer_entropy_weight=" + entropy},
                      environment),
            2);
        const MetaProblem p = learner.problem();
        ASSERT_EQ(p.data.size(), 1u);
        EXPECT_EQ(learner.report().returns.size(), 1u);
        EXPECT_LT(relative_error(learner.meta_gradient(), differences_of(p)), 1e-4)
            << outer << environment[0];
        Vector mean(p.theta.size());
        for (int task = 0; task < p.tasks; ++task) {
          const Vector own = reference::evaluate(p.shape, p.batch(0), task, p.theta, p.outer, true).gradient;
          for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += own[i] / p.tasks;
        }
        EXPECT_LT(relative_error(learner.meta_gradient(), mean), 1e-4);
        if (outer == "trpo") {
          const double moved = divergence(p, learner.params());
          EXPECT_LT(moved, 0.01 * 1.001);
          EXPECT_GT(moved, 0.001);
          EXPECT_GT(reference::meta_objective(p, learner.params()), reference::meta_objective(p, p.theta));
        }
      }
}

// What an episode is worth beyond its last step (docs/config.md): nothing where it ends by itself, and by the option what the
// baseline gives where the time limit or the batch's end cuts it off.
TEST(Algorithms, WithAnInnerLoopAskTheOptionForWhatIsCutOffAndNothingElse) {
  const auto differs = [](const std::string& name, const std::vector<std::string>& environment) {
    const auto learned = [&](const std::string& at_limit) {
      return Learner(config_of({"algorithm={\"name\": \"" + name + "\"}", "at_time_limit=" + at_limit},
                               environment))
          .params();
    };
    return learned("zero") != learned("bootstrap");
  };
  int algorithms = 0;
  for_each_type(Algorithms{}, [&]<class Options>() {
    if constexpr (!Options::Learning::plays_trials) {
      ++algorithms;
      const std::string name = Options::name, cartpole = "environment={\"name\": \"cartpole\"}";
      EXPECT_FALSE(differs(name, {R"(environment={"name": "bandit"})", "at_episode_end=restart"})) << name;
      EXPECT_FALSE(differs(name, {cartpole, "horizon=300"})) << name << " where all poles fall";
      EXPECT_TRUE(differs(name, {cartpole, "horizon=4"})) << name << " at the time limit";
      EXPECT_TRUE(differs(name, {cartpole, "horizon=300", "at_episode_end=restart"}))
          << name << " in the middle";
    }
  });
  EXPECT_EQ(algorithms, 9);
}

TEST(Algorithms, EmamlAddsTheCreditOfWhatWasDoneBeforeAdaptation) {
  for (const auto& environment : kEnvironments) {
    Learner learner(config_of({"algorithm.name=emaml", "algorithm.exploration_weight=0.7",
                               "algorithm.entropy_weight=0.2"},
                              environment),
                    2);
    MetaProblem p = learner.problem();
    double mean = 0, variance = 0;
    const auto mean_return = [&](int task) {
      return p.batch(2).statistics[static_cast<std::size_t>(task * kStatistics + kMeanReturn)];
    };
    for (int task = 0; task < p.tasks; ++task) mean += mean_return(task) / p.tasks;
    for (int task = 0; task < p.tasks; ++task) variance += std::pow(mean_return(task) - mean, 2) / p.tasks;
    for (int task = 0; task < p.tasks; ++task)
      p.score.push_back(0.7 * (mean_return(task) - mean) / (std::sqrt(variance) + 1e-8));
    EXPECT_LT(relative_error(learner.meta_gradient(), differences_of(p)), 1e-4);
  }
}

// At the second outer step θ is no longer what drew the data: ratios, clipping and penalties all differ from nothing.
TEST(Algorithms, PrompClimbsItsClippedObjectiveLessThePenaltiesAtEveryOuterStep) {
  for (const auto& environment : kEnvironments)
    for (const auto& [epochs, step_sizes] : std::vector<std::pair<int, std::string>>{
             {1, "none"}, {2, "none"}, {3, "none"}, {1, "layer"}, {3, "parameter"}}) {
      const std::vector<std::string> promp = {
          "algorithm={\"name\": \"promp\", \"inner_steps\": 2, \"inner_lr\": 0.3, "
          "\"estimator\": \"ratio\", \"kl_penalty\": 0.5, \"clip_range\": 0.05}",
          "outer.lr=0.05", "algorithm.learned_lr=" + step_sizes};
      auto shorter = promp, whole = promp;
      whole.push_back("algorithm.epochs=" + std::to_string(epochs));
      Learner learner(config_of(whole, environment));
      MetaProblem p = learner.problem();
      p.outer = {.estimator = EstimatorName::clipped, .clip = 0.05};
      p.penalty = {0.5, 0.5};
      if (epochs > 1) {
        shorter.push_back("algorithm.epochs=" + std::to_string(epochs - 1));
        p.theta = Learner(config_of(shorter, environment)).params();
      }
      EXPECT_LT(relative_error(learner.meta_gradient(), differences_of(p)), 1e-4)
          << epochs << ", " << environment[0];
    }
}

TEST(Algorithms, TrpoImprovesTheObjectiveWithinItsRegion) {
  for (const auto& environment : kEnvironments)
    for (const std::string algorithm : {"maml", "emaml", "meta_sgd"}) {
      const std::string entropy = algorithm == "maml" ? "0" : "0.3";
      Learner learner(config_of(
          {"algorithm.name=" + algorithm, "algorithm.inner_lr=0.4", "algorithm.entropy_weight=" + entropy,
           "algorithm.outer_entropy_weight=" + entropy, "outer={\"name\": \"trpo\", \"max_kl\": 0.003}"},
          environment));
      MetaProblem p = learner.problem();
      const Vector after = learner.params();
      const double moved = divergence(p, after);
      double reported = -1;
      for (const auto& [name, value] : learner.report().extra)
        if (name == "kl") reported = value;
      EXPECT_LT(moved, 0.003 * 1.001);
      EXPECT_GT(moved, 0.0003);
      EXPECT_NEAR(reported, moved, 1e-5) << environment[0];
      if (algorithm != "emaml") {
        EXPECT_LT(relative_error(learner.meta_gradient(), differences_of(p)), 1e-4);
        EXPECT_GT(reference::meta_objective(p, after), reference::meta_objective(p, p.theta));
      }
    }
}

// Some learn step sizes, and some have a log_std: both are far from 0, so that a decay of them would show.
const std::vector<std::vector<std::string>> kLearners = {
    {"algorithm.learned_lr=layer", "algorithm.inner_lr=0.4"},
    {"algorithm.name=fomaml"},
    {"algorithm.name=emaml", R"(environment={"name": "bandit"})", "horizon=1"},
    {"algorithm.name=reptile", "policy.initial_log_std=0.5"},
    {R"(algorithm={"name": "promp", "epochs": 1})"},
    {R"(algorithm={"name": "meta_sgd", "learned_lr_sign": "free"})"}};

TEST(Algorithms, AdamWShrinksWeightsAndNothingElse) {
  for (const auto& overrides : kLearners) {
    const Config config =
        config_of(overrides, {R"(outer={"name": "adamw", "lr": 0.05, "weight_decay": 0.5})"});
    Learner learner(config, 0);
    PlainAdam plain;
    const Learned learned = create_learned(config);
    for (const LearnedBlock& entry : learned.blocks())
      for (std::int64_t i = 0; i < entry.shape[0] * (entry.shape.size() > 1 ? entry.shape[1] : 1); ++i)
        plain.decay.push_back(entry.name.starts_with("layer") && entry.shape.size() == 2 ? 0.5 : 0);
    for (int i = 0; i < 4; ++i) {
      Vector wanted = learner.params();
      learner.iterate();
      plain.step(wanted, learner.meta_gradient(), 0.05);
      EXPECT_LT(relative_error(learner.params(), wanted), 1e-6) << overrides[0] << ' ' << i;
    }
  }
}

TEST(Algorithms, SgdHasMomentum) {
  for (const auto& overrides : kLearners)
    for (const bool nesterov : {false, true}) {
      Learner learner(config_of(overrides, {R"(outer={"name": "sgd", "lr": 0.3, "momentum": 0.7})",
                                            std::string("outer.nesterov=") + (nesterov ? "true" : "false")}),
                      0);
      PlainMomentum plain{0.7, nesterov};
      for (int i = 0; i < 4; ++i) {
        Vector wanted = learner.params();
        learner.iterate();
        plain.step(wanted, learner.meta_gradient(), 0.3);
        EXPECT_LT(relative_error(learner.params(), wanted), 1e-6) << overrides[0] << ' ' << i;
      }
    }
}

// Without decay AdamW is Adam, and without momentum SGD is what it was: not a bit differs, and no state is kept.
TEST(Algorithms, NoDecayAndNoMomentumChangeNothing) {
  const auto after = [](const std::string& outer) { return Learner(small_config({outer}), 3).params(); };
  EXPECT_EQ(after(R"(outer={"name": "adamw", "weight_decay": 0})"), after(R"(outer={"name": "adam"})"));
  EXPECT_NE(after(R"(outer={"name": "adamw"})"), after(R"(outer={"name": "adam"})"));
  EXPECT_EQ(after(R"(outer={"name": "sgd", "momentum": 0})"), after(R"(outer={"name": "sgd"})"));
  EXPECT_NE(after(R"(outer={"name": "sgd", "momentum": 0.1})"), after(R"(outer={"name": "sgd"})"));
}

// The first of four steps is whole, the second three quarters as long.
TEST(Algorithms, LinearScheduleShortensEachStep) {
  for (const std::string outer : {"sgd", "momentum", "adam", "adamw", "trpo"}) {
    const std::string optimiser = outer == "momentum" ? R"(outer={"name": "sgd", "momentum": 0.9})"
                                                      : "outer={\"name\": \"" + outer + "\"}";
    Learner constant(small_config({optimiser})),
        linear(small_config({"iterations=4", optimiser, "outer.schedule=linear"}));
    const Vector start = constant.params();
    EXPECT_EQ(linear.params(), start) << outer;
    constant.iterate();
    linear.iterate();
    const Vector longer = constant.params(), shorter = linear.params();
    if (outer == "trpo") {
      const double kl = linear.report().extra[0].second;
      EXPECT_LE(kl, 0.01 * 0.75 * 0.75);
      EXPECT_GT(kl, 0.01 * 0.75 * 0.75 / 4);
      EXPECT_GT(constant.report().extra[0].second, kl);
    } else {
      for (std::size_t i = 0; i < start.size(); ++i)
        EXPECT_NEAR(shorter[i] - start[i], 0.75 * (longer[i] - start[i]), 1e-6) << outer;
      EXPECT_GT(relative_error(longer, start), 1e-3) << outer;
    }
  }
}

// The direction nears F⁻¹g, the one that gains most for its KL: each step of conjugate gradient makes it better, and the
// first one, the plain gradient, is the worst.
TEST(Algorithms, TrpoGainsMoreWithEachStepOfConjugateGradient) {
  for (const std::string learned_lr : {"none", "layer"}) {
    double gained = 0;
    for (const int iterations : {1, 3, 6, 10}) {
      Learner learner(small_config({"algorithm.inner_lr=0.4", "algorithm.learned_lr=" + learned_lr,
                                    "outer={\"name\": \"trpo\", \"max_kl\": 1e-5}",
                                    "outer.cg_iterations=" + std::to_string(iterations)}));
      const MetaProblem p = learner.problem();
      const Vector after = learner.params();
      const double gain = (reference::meta_objective(p, after) - reference::meta_objective(p, p.theta)) /
                          std::sqrt(divergence(p, after));
      EXPECT_GT(gain, gained * 1.02) << iterations << ' ' << learned_lr;
      gained = gain;
    }
  }
}

// x = (F + damping)⁻¹·b, F given by its products.
Vector solve(const std::function<Vector(const Vector&)>& product, double damping, Vector b) {
  const std::size_t n = b.size();
  std::vector<Vector> rows;  // F is symmetric
  for (std::size_t i = 0; i < n; ++i) {
    Vector unit(n);
    unit[i] = 1;
    rows.push_back(product(unit));
    rows.back()[i] += damping;
  }
  for (std::size_t i = 0; i < n; ++i)  // positive definite: no pivot is 0
    for (std::size_t j = 0; j < n; ++j) {
      if (j == i) continue;
      const double factor = rows[j][i] / rows[i][i];
      for (std::size_t k = i; k < n; ++k) rows[j][k] -= factor * rows[i][k];
      b[j] -= factor * b[i];
    }
  for (std::size_t i = 0; i < n; ++i) b[i] /= rows[i][i];
  return b;
}

TEST(Algorithms, TrpoStepsAlongTheNaturalGradientOfAllThatIsLearned) {
  for (const std::string option : {"learned_lr=none", "learned_lr=scalar", "learned_lr=layer",
                                   "adapted_layers=[0]", "outer_entropy_weight=0.7"}) {
    Learner learner(small_config({"algorithm.inner_lr=0.8", "algorithm." + option,
                                  "outer={\"name\": \"trpo\", \"max_kl\": 1e-5, \"cg_iterations\": 100}"}));
    const MetaProblem p = learner.problem();
    const Vector wanted = solve([&](const Vector& u) { return kernel_curvature_product<double>(p, u); }, 0.01,
                                kernel_meta_gradient<double>(p));
    Vector step = learner.params();
    double along = 0, wanted_square = 0;
    for (std::size_t i = 0; i < step.size(); ++i) {
      step[i] -= p.theta[i];
      along += step[i] * wanted[i];
      wanted_square += wanted[i] * wanted[i];
    }
    Vector scaled = wanted;
    for (double& x : scaled) x *= along / wanted_square;
    EXPECT_LT(relative_error(step, scaled), 0.01) << option;
  }
}

// With much of it the curvature no longer matters: (F + damping)⁻¹g is along g.
TEST(Algorithms, TrposDampingTurnsTheStepTowardsTheGradient) {
  double cosine[2];
  for (const int damped : {0, 1}) {
    Learner learner(small_config({"outer={\"name\": \"trpo\", \"max_kl\": 1e-5}",
                                  damped ? "outer.cg_damping=1000" : "outer.cg_damping=1e-5"}));
    const Vector after = learner.params(), before = learner.params_before(), g = learner.meta_gradient();
    double along = 0, step = 0, gradient = 0;
    for (std::size_t i = 0; i < g.size(); ++i) {
      along += (after[i] - before[i]) * g[i];
      step += (after[i] - before[i]) * (after[i] - before[i]);
      gradient += g[i] * g[i];
    }
    cosine[damped] = along / std::sqrt(step * gradient);
  }
  EXPECT_LT(cosine[0], 0.9);
  EXPECT_GT(cosine[1], 0.99);
}

// A standard deviation that is not to be learned: no step of any kind moves it, and the rest goes on.
TEST(Algorithms, ALogStdThatStartsAtItsFloorStaysThere) {
  for (const std::string more :
       {"algorithm.name=maml", "algorithm.name=meta_sgd", "algorithm.name=emaml", "algorithm.name=reptile",
        R"(outer={"name": "trpo"})", R"(outer={"name": "adamw", "weight_decay": 0.5})",
        "algorithm.entropy_weight=0.1"}) {
    const Config config = small_config(
        {"policy.initial_log_std=-0.7", "policy.min_log_std=-0.7", "algorithm.inner_lr=0.5", more});
    Learner learner(config, 3);
    const PolicyShape shape = policy_shape(config);
    const Vector params = learner.params();
    EXPECT_NE(params.front(), learner.params_before().front()) << more;
    for (int o = 0; o < shape.outputs(); ++o)
      EXPECT_EQ(params[static_cast<std::size_t>(shape.log_std_offset() + o)], -0.7f) << more;
  }
}

}  // namespace
}  // namespace innerloop
