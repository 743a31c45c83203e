// The options of each algorithm, and beside them what else is said of it: how its policies learn a task (`Learning`), and
// where it cannot be climbed by TRPO the reason (`why_no_trpo`).
#pragma once

#include <optional>
#include <vector>

#include "kernels/options/choices.h"
#include "kernels/options/options.h"
#include "kernels/options/type_list.h"

namespace innerloop {

inline constexpr int kMaxInnerSteps = 255;  // the inner step has 8 bits in the random numbers' counters
inline constexpr int kMaxTasks = 1 << 24;
inline constexpr int kMaxEnvsPerTask = 1 << 20;
inline constexpr int kMaxHorizon = 1 << 20;
inline constexpr int kMaxHiddenLayers = 16;
inline constexpr int kMaxContext = 256;
inline constexpr int kMaxInnerEpochs = 100;
inline constexpr int kMaxValueWidth = 256;

/// Which step sizes are learned: one number for all parameters, or for each layer, or for each parameter.
enum class LearnedLr { none, scalar, layer, parameter };
enum class LearnedLrSign { positive, free };

/// The inner loop, which every algorithm has that plays no trials: how a task's parameters are adapted to it.
struct InnerLoopOptions {
  int inner_steps = 1;
  std::vector<double> inner_lr = {0.1};
  LearnedLr learned_lr = LearnedLr::none;
  bool learned_lr_per_step = false;
  LearnedLrSign learned_lr_sign = LearnedLrSign::positive;
  bool multipliers = false;
  std::vector<int> adapted_layers = {};
  int inner_epochs = 1;
  EstimatorName estimator = EstimatorName::reinforce;
  double clip_epsilon = 0.2;
  double entropy_weight = 0.0;
  double outer_entropy_weight = 0.0;
  double discount = 0.99;
  double gae_lambda = 1.0;
  BaselineName baseline = BaselineName::linear;
  std::vector<int> value_hidden = {32};
  int value_steps = 20;
  double value_lr = 0.05;
  bool normalize_advantages = true;
  // Numbers that inner steps adapt in place of the policy (kernels/networks/context.h); 0: none. Cavia's options describe both.
  int context_size = 0;
  ContextInput context_input = ContextInput::concatenate;

  bool operator==(const InnerLoopOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, InnerLoopOptions& o) {
    field("inner_steps", o.inner_steps, between(1, kMaxInnerSteps), "gradient steps of adaptation to a task");
    describe_step_size(field, o);
    field("learned_lr", o.learned_lr,
          Choices{Choice{"none", "they stay as they are"}, Choice{"scalar", "one number for all parameters"},
                  Choice{"layer", "a number for each layer's weights and biases, and one for log_std"},
                  Choice{"parameter", "a number for each parameter"}},
          "step sizes that are learned with the policy, starting at inner_lr (Meta-SGD)");
    field("learned_lr_per_step", o.learned_lr_per_step,
          "of `learned_lr`: each inner step has its own; steps beyond training's take the last one's");
    field("learned_lr_sign", o.learned_lr_sign,
          Choices{Choice{"positive", "the logarithm is learned"}, Choice{"free", "the number itself"}},
          "of `learned_lr`: whether a step size may become negative");
    field("multipliers", o.multipliers,
          "every inner step multiplies the step size and the parameters of each layer by what a small "
          "network makes of the layers' mean gradients and parameters; it is learned with the policy, and "
          "starts with ones (ALFA)");
    describe_objective(field, o);
  }
  template <class Fields>
  static void describe_step_size(Fields& field, InnerLoopOptions& o) {
    field("inner_lr", o.inner_lr, one_or_many(above(0), 1, kMaxInnerSteps),
          "step size, or one for each inner step");
  }
  /// What an inner step adapts, and what it climbs.
  template <class Fields>
  static void describe_objective(Fields& field, InnerLoopOptions& o) {
    field("adapted_layers", o.adapted_layers, list_of(between(0, kMaxHiddenLayers), 0, kMaxHiddenLayers + 1),
          "numbers of the layers that inner steps adapt, from 0; the last is the head, with log_std, and "
          "alone it makes ANIL; empty: all");
    field("inner_epochs", o.inner_epochs, between(1, kMaxInnerEpochs),
          "gradient steps on the batch of each inner step; from the second on, samples are weighed by their "
          "ratio to the policy that drew them, as in estimator `ratio` or `clipped`");
    field("estimator", o.estimator,
          Choices{
              Choice{"reinforce", "advantage × log-probability, as MAML was published"},
              Choice{"ratio", "advantage × probability ratio, whose curvature has low variance (LVC, ProMP)"},
              Choice{"clipped", "the ratio, clipped to 1 ± clip_epsilon (PPO)"},
              Choice{"dice", "every earlier action weighs every later reward (DiCE)"}},
          "the inner steps' objective");
    field("clip_epsilon", o.clip_epsilon, strictly_between(0, 1), "of estimator `clipped`");
    field("entropy_weight", o.entropy_weight, at_least(0),
          "β: the inner steps climb β × the policy's mean entropy at the visited states, too");
    field("outer_entropy_weight", o.outer_entropy_weight, at_least(0),
          "β: weight of the adapted policies' mean entropy in the outer objective");
    field("discount", o.discount, between(0, 1), "γ: what a reward is worth one step later");
    field("gae_lambda", o.gae_lambda, between(0, 1),
          "λ of generalised advantage estimation; 1: returns less baseline");
    field("baseline", o.baseline,
          Choices{Choice{"none", "nothing is subtracted"},
                  Choice{"linear", "features of observation and time, fitted on each task's batch"},
                  Choice{"network",
                         "a network of observation and time, fitted on each task's batches by gradient "
                         "steps, from a start that is learned with the policy"}},
          "what is subtracted from the returns");
    field("value_hidden", o.value_hidden, list_of(between(1, kMaxValueWidth), 0, kMaxHiddenLayers),
          "of baseline `network`: width of each hidden layer, tanh");
    field("value_steps", o.value_steps, between(1, kMaxInnerEpochs),
          "of baseline `network`: gradient steps on each batch");
    field("value_lr", o.value_lr, above(0),
          "of baseline `network`: their size, where the returns of a batch have mean 0 and standard "
          "deviation 1; a wide network, or large observations, want small ones");
    field("normalize_advantages", o.normalize_advantages,
          "to mean 0 and standard deviation 1 in each task; those that differ by rounding alone become 0; "
          "where a baseline fits almost exactly, its small error is scaled to 1 too");
  }
};

/// How a trained policy shows on held-out tasks what it has learned.
enum class EvaluationProtocol {
  after_inner_steps,  // its return after 0, 1, … gradient steps on a task
  over_episodes,      // its return in the first, second, … episode of a trial
  first_episode       // its return in the first episode: it learns nothing of a task
};

/// How the policies of an algorithm learn a task: what its options name as `Learning`. `how` is the end of "algorithm x,
/// which …". Where trials are played the options have a PpoUpdateOptions `ppo` or a SoftUpdateOptions `soft`, and else an
/// InnerLoopOptions `inner`; where the policy has a memory, the `trial_length`, too, where a trial may be a number of episodes,
/// `trial_episodes`, and where trials are played before each of some inner steps, `inner_steps` and `inner_lr`.
/// `at_own_end`, `at_time_limit` and `at_last_step` say what an episode is worth beyond its last step (options_markdown).
struct LearnsByInnerSteps {
  static constexpr auto how = "learns a task by gradient steps";
  static constexpr auto at_own_end = "0";
  static constexpr auto at_time_limit =
      "`zero`: 0; `bootstrap`: what the baseline gives to what is seen there";
  static constexpr auto at_last_step =
      "the same as at the time limit, by the same option (where episodes `restart`)";
  static constexpr auto protocol = EvaluationProtocol::after_inner_steps;
  static constexpr bool plays_trials = false;
  static constexpr bool needs_memory = false;  // a policy with a memory, no other
};
struct LearnsByMemory {
  static constexpr auto how = "learns a task by the policy's memory";
  static constexpr auto at_own_end = "the trial goes on: the value head's at the next episode's start";
  static constexpr auto at_time_limit = "the same";
  static constexpr auto at_last_step = "0: the trial ends there, and the memory with it";
  static constexpr auto protocol = EvaluationProtocol::over_episodes;
  static constexpr bool plays_trials = true;
  static constexpr bool needs_memory = true;
};
struct LearnsByBelief : LearnsByMemory {
  static constexpr auto how = "learns a task by a belief about it";
  static constexpr bool needs_belief = true;
};
struct LearnsByPrompt : LearnsByMemory {
  static constexpr auto how = "learns a task by gradient steps of a transformer's tokens";
  static constexpr auto at_own_end = "the trial goes on: what its next episodes bring";
  static constexpr auto protocol = EvaluationProtocol::after_inner_steps;
  static constexpr bool needs_prompt = true;
};
struct LearnsNoTask {
  static constexpr auto how = "learns one policy for all tasks";
  static constexpr auto at_own_end = "0";
  static constexpr auto at_time_limit =
      "`zero`: 0; `bootstrap`: what the value head gives to what is seen there";
  static constexpr auto at_last_step =
      "what the value head gives to what is seen there, whatever the option says";
  static constexpr auto protocol = EvaluationProtocol::first_episode;
  static constexpr bool plays_trials = true;
  static constexpr bool needs_memory = false;
};
struct LearnsByReplay : LearnsNoTask {
  static constexpr auto at_time_limit = "`zero`: 0; `bootstrap`: what the targets give to what is seen there";
  static constexpr auto at_last_step =
      "what the targets give to what is seen there, unless it is the time limit";
};

struct LearnsByPosterior : LearnsByReplay {
  static constexpr auto how = "infers a task from exploration";
  static constexpr auto protocol = EvaluationProtocol::over_episodes;
};

struct MamlOptions {
  using Options = MamlOptions;
  using Learning = LearnsByInnerSteps;
  static constexpr auto name = "maml";
  static constexpr auto meaning = "exact gradient of the return after adaptation, through the inner steps";
  InnerLoopOptions inner;
  bool operator==(const MamlOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, MamlOptions& o) {
    InnerLoopOptions::describe(field, o.inner);
  }
};

struct MetaSgdOptions {
  using Options = MetaSgdOptions;
  using Learning = LearnsByInnerSteps;
  static constexpr auto name = "meta_sgd";
  static constexpr auto meaning = "MAML that learns the inner step sizes too, of each parameter unless told";
  InnerLoopOptions inner = {.learned_lr = LearnedLr::parameter};
  bool operator==(const MetaSgdOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, MetaSgdOptions& o) {
    InnerLoopOptions::describe(field, o.inner);
  }
  template <class Report>
  static void validate(const MetaSgdOptions& o, Report& report) {
    if (o.inner.learned_lr == LearnedLr::none)
      report("learned_lr", "without learned step sizes it is algorithm maml");
  }
};

struct AlfaOptions {
  using Options = AlfaOptions;
  using Learning = LearnsByInnerSteps;
  static constexpr auto name = "alfa";
  static constexpr auto meaning =
      "MAML whose inner steps a learned network fits to the task: it multiplies each layer's step size and "
      "parameters";
  InnerLoopOptions inner = {.learned_lr = LearnedLr::layer, .multipliers = true};
  bool operator==(const AlfaOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, AlfaOptions& o) {
    InnerLoopOptions::describe(field, o.inner);
  }
  template <class Report>
  static void validate(const AlfaOptions& o, Report& report) {
    if (!o.inner.multipliers) report("multipliers", "without them it is algorithm maml or meta_sgd");
  }
};

struct CaviaOptions {
  using Options = CaviaOptions;
  using Learning = LearnsByInnerSteps;
  static constexpr auto name = "cavia";
  static constexpr auto meaning =
      "MAML whose inner steps adapt a context alone, numbers that enter a policy that all tasks share";
  InnerLoopOptions inner = {.context_size = 5};
  bool operator==(const CaviaOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, CaviaOptions& o) {
    InnerLoopOptions::describe(field, o.inner);
    field("context_size", o.inner.context_size, between(1, kMaxContext),
          "numbers of the context, which starts at 0 for each task");
    field("context_input", o.inner.context_input,
          Choices{
              Choice{"concatenate", "further inputs of the first layer, with weights of their own"},
              Choice{"film", "scales and shifts each unit of the first hidden layer, before its activation"}},
          "how the context enters the policy");
  }
  template <class Report>
  static void validate(const CaviaOptions& o, Report& report) {
    if (!o.inner.adapted_layers.empty())
      report("adapted_layers", "cavia's inner steps adapt the context and no layer");
    if (o.inner.learned_lr == LearnedLr::layer)
      report("learned_lr", "cavia's inner steps adapt the context and no layer");
    if (o.inner.multipliers) report("multipliers", "cavia's inner steps adapt the context and no layer");
  }
};

struct FomamlOptions {
  using Options = FomamlOptions;
  using Learning = LearnsByInnerSteps;
  static constexpr auto name = "fomaml";
  static constexpr auto meaning = "first-order MAML: the inner steps' curvature counts as zero";
  InnerLoopOptions inner;
  bool operator==(const FomamlOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, FomamlOptions& o) {
    InnerLoopOptions::describe(field, o.inner);
  }
};

/// MAML whose training takes no inner step: inner_steps is 0, and the rest of `inner` is the evaluation's.
struct PretrainingOptions {
  using Options = PretrainingOptions;
  using Learning = LearnsByInnerSteps;
  static constexpr auto name = "pretraining";
  static constexpr auto meaning =
      "one policy for all tasks, trained without any inner step; evaluation adapts it as it does the others: "
      "what meta-learning has to beat";
  InnerLoopOptions inner = {.inner_steps = 0};
  bool operator==(const PretrainingOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, PretrainingOptions& o) {
    InnerLoopOptions::describe_step_size(field, o.inner);
    InnerLoopOptions::describe_objective(field, o.inner);
  }
};

struct ReptileOptions {
  using Options = ReptileOptions;
  using Learning = LearnsByInnerSteps;
  static constexpr auto name = "reptile";
  static constexpr auto meaning = "moves the meta-parameters towards the mean of the adapted ones";
  static constexpr auto why_no_trpo = "which has no outer surrogate to search along";
  InnerLoopOptions inner;
  bool operator==(const ReptileOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, ReptileOptions& o) {
    InnerLoopOptions::describe(field, o.inner);
  }
  template <class Report>
  static void validate(const ReptileOptions& o, Report& report) {
    if (o.inner.learned_lr != LearnedLr::none)
      report("learned_lr", "reptile takes no gradient through its inner steps");
    if (o.inner.multipliers) report("multipliers", "reptile takes no gradient through its inner steps");
    if (o.inner.outer_entropy_weight != 0)
      report("outer_entropy_weight", "reptile has no outer objective; entropy_weight is of its inner one");
  }
};

struct EmamlOptions {
  using Options = EmamlOptions;
  using Learning = LearnsByInnerSteps;
  static constexpr auto name = "emaml";
  static constexpr auto meaning =
      "MAML, which also credits the actions before adaptation with the return after it";
  InnerLoopOptions inner;
  double exploration_weight = 1.0;
  bool operator==(const EmamlOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, EmamlOptions& o) {
    InnerLoopOptions::describe(field, o.inner);
    field("exploration_weight", o.exploration_weight, at_least(0), "weight of that credit; 0: MAML");
  }
};

struct PrompOptions {
  using Options = PrompOptions;
  using Learning = LearnsByInnerSteps;
  static constexpr auto name = "promp";
  static constexpr auto meaning =
      "proximal meta-policy search: clipped outer steps on the same data, KL penalty";
  static constexpr auto why_no_trpo = "which bounds the KL divergence by clipping and a penalty itself";
  InnerLoopOptions inner = {.estimator = EstimatorName::ratio};
  double clip_range = 0.3;
  int epochs = 5;
  double kl_penalty = 5e-4;
  bool adaptive_kl = false;
  double kl_target = 0.01;
  bool operator==(const PrompOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, PrompOptions& o) {
    InnerLoopOptions::describe(field, o.inner);
    field("clip_range", o.clip_range, strictly_between(0, 1), "the outer ratio is clipped to 1 ± this");
    field("epochs", o.epochs, between(1, 1000), "outer steps on the data of one iteration");
    field("kl_penalty", o.kl_penalty, at_least(0),
          "η: weight of the KL divergence from the policy that drew each inner step's data");
    field("adaptive_kl", o.adaptive_kl, "halve or double η when the KL leaves kl_target by a factor of 1.5");
    field("kl_target", o.kl_target, above(0), "of `adaptive_kl`");
  }
};

/// A quantity that may fall over config.iterations.
enum class WeightSchedule { constant, linear };

/// Whether the value head reads the policy's memory or hidden layers, or has its own.
enum class ValueNetwork { shared, separate };

/// Proximal policy optimisation on trials, which algorithms without an inner loop have.
struct PpoUpdateOptions {
  double discount = 0.99;
  double gae_lambda = 0.9;
  int epochs = 4;
  int minibatches = 4;
  double clip_range = 0.2;
  double target_kl = 0.0;
  ValueNetwork value_network = ValueNetwork::shared;
  double value_weight = 0.5;
  double value_clip = 0.0;
  double entropy_weight = 0.01;
  WeightSchedule entropy_schedule = WeightSchedule::constant;
  int window = 0;
  bool operator==(const PpoUpdateOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, PpoUpdateOptions& o) {
    field("discount", o.discount, between(0, 1),
          "γ: what a reward is worth one step later; of `rl2` in whichever episode");
    field("gae_lambda", o.gae_lambda, between(0, 1),
          "λ of generalised advantage estimation; of `rl2` through the whole trial");
    field("epochs", o.epochs, between(1, 1000), "how often the trials of one iteration are gone through");
    field("minibatches", o.minibatches, between(1, 1 << 20),
          "updates of an epoch; each takes as many whole trials, in an order drawn anew; of `ppo` as "
          "minibatches_of says");
    field("clip_range", o.clip_range, strictly_between(0, 1), "the probability ratio is clipped to 1 ± this");
    field("target_kl", o.target_kl, at_least(0),
          "an iteration makes no further update once a minibatch's mean KL divergence from the policy that "
          "drew the trials is above this; 0: it makes all");
    field("value_network", o.value_network,
          Choices{Choice{"shared", "the value head reads the policy's memory, or its last hidden layer"},
                  Choice{"separate",
                         "those of a second network of the same form and inputs, for the value alone"}},
          "what the value is computed by");
    field("value_weight", o.value_weight, at_least(0), "weight of the value head's squared error");
    field("value_clip", o.value_clip, at_least(0),
          "the value head's output is clipped to ± this about what it was as drawn, where that makes its "
          "error larger; in standard deviations of the values; 0: it is not");
    field("entropy_weight", o.entropy_weight, at_least(0), "weight of the policy's entropy");
    field("entropy_schedule", o.entropy_schedule,
          Choices{Choice{"constant", "all iterations alike"},
                  Choice{"linear", "from the whole weight to almost none in the last iteration"}},
          "of entropy_weight over the iterations; in a lengthened run as the schedule of `outer`");
    field("window", o.window, between(0, kMaxHorizon),
          "steps, which divide a trial, that the gradient goes back through the memory; in training only so "
          "many are kept at a time; 0: the whole trial");
  }
};

struct Rl2Options {
  using Options = Rl2Options;
  using Learning = LearnsByMemory;
  static constexpr auto name = "rl2";
  static constexpr auto meaning =
      "RL²: a policy with a memory that lasts for several episodes of a task, trained by PPO; nothing is "
      "adapted by gradient";
  static constexpr auto why_no_trpo = "whose clipping bounds the update";
  int trial_length = 100;
  int trial_episodes = 0;
  PpoUpdateOptions ppo;
  bool operator==(const Rl2Options&) const = default;

  template <class Fields>
  static void describe(Fields& field, Rl2Options& o) {
    field(
        "trial_length", o.trial_length, between(1, kMaxHorizon),
        "steps of a trial, a multiple of the horizon; the task and the memory last for all of its episodes");
    field("trial_episodes", o.trial_episodes, between(0, kMaxHorizon),
          "episodes of a trial: what comes after the last one does not count, and trial_length, of at most "
          "so many horizons, bounds its steps; for tasks whose steps all pay the same, so that an episode's "
          "length alone counts; 0: a trial is its steps");
    PpoUpdateOptions::describe(field, o.ppo);
  }
};

/// What a policy with a memory takes in beside symbols: what is seen, or what a trial brings besides.
enum class TakesIn { observation, trial };
/// Which trials of an iteration PPO learns from: those before inner steps too, or the last ones alone.
enum class OuterTrials { all, adapted };

struct PromptTuningOptions {
  using Options = PromptTuningOptions;
  using Learning = LearnsByPrompt;
  static constexpr auto name = "prompt_tuning";
  static constexpr auto meaning =
      "cavia's loop with the tokens in front of a transformer's trials for the context: inner steps adapt "
      "these "
      "alone, and PPO trains everything (first order)";
  static constexpr auto why_no_trpo = "whose clipping bounds the update";
  int trial_length = 100;
  int inner_steps = 1;
  std::vector<double> inner_lr = {1.0};
  TakesIn takes_in = TakesIn::observation;
  OuterTrials outer_trials = OuterTrials::all;
  PpoUpdateOptions ppo;
  bool operator==(const PromptTuningOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, PromptTuningOptions& o) {
    field("trial_length", o.trial_length, between(1, kMaxHorizon),
          "steps of a trial, a multiple of the horizon; the memory lasts for all of its episodes, and what a "
          "task's inner steps add to the tokens for all trials of the task after them");
    field("inner_steps", o.inner_steps, between(1, kMaxInnerSteps),
          "gradient steps of a task's tokens, each on trials of its own");
    field(
        "inner_lr", o.inner_lr, one_or_many(above(0), 1, kMaxInnerSteps),
        "step size, or one for each inner step; what is climbed is the mean over a task's steps of advantage "
        "× log-probability, with advantages among the task's trials: returns less their mean at each step, "
        "with standard deviation 1");
    field(
        "takes_in", o.takes_in,
        Choices{Choice{"observation",
                       "what is seen alone, so that the tokens alone can tell one task from another"},
                Choice{"trial",
                       "the last action, the reward and whether an episode ended as well, as of `rl2`, whose "
                       "memory learns a task too"}},
        "what the policy takes in");
    field("outer_trials", o.outer_trials,
          Choices{
              Choice{"all",
                     "those before each inner step as well, as they are played: a policy that wanders before "
                     "it is adapted learns little of a task from its trials"},
              Choice{"adapted", "those after the last inner step"}},
          "what PPO learns from");
    PpoUpdateOptions::describe(field, o.ppo);
  }
};

/// What becomes of an unfinished episode where an iteration ends.
enum class AtIterationEnd { go_on, restart };
enum class MinibatchesOf { trajectories, samples };

struct PpoOptions {
  using Options = PpoOptions;
  using Learning = LearnsNoTask;
  static constexpr auto name = "ppo";
  static constexpr auto meaning =
      "proximal policy optimisation of one policy for all tasks, without meta-learning";
  static constexpr auto why_no_trpo = "whose clipping bounds the update";
  AtIterationEnd at_iteration_end = AtIterationEnd::go_on;
  int rollout_steps = 0;
  MinibatchesOf minibatches_of = MinibatchesOf::trajectories;
  PpoUpdateOptions ppo = {.gae_lambda = 0.95};
  bool operator==(const PpoOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, PpoOptions& o) {
    field(
        "at_iteration_end", o.at_iteration_end,
        Choices{
            Choice{"continue",
                   "the next iteration goes on with it, and with its task; the tasks of an iteration are of "
                   "the episodes that begin in it, and returns are those of the episodes that end in it"},
            Choice{"restart",
                   "it is left, and the next iteration begins anew; returns are those of each environment's "
                   "first episode"}},
        "what becomes of an episode that is in its middle when an iteration's steps are done");
    field("rollout_steps", o.rollout_steps, between(0, kMaxHorizon),
          "steps of each environment in an iteration, of at_iteration_end `continue`; episodes may be longer "
          "or "
          "shorter; 0: as many as the horizon");
    field("minibatches_of", o.minibatches_of,
          Choices{Choice{"trajectories", "all steps of some environments"},
                  Choice{"samples", "single steps, shuffled through all environments"}},
          "what minibatches are drawn from, anew in each epoch");
    PpoUpdateOptions::describe(field, o.ppo);
  }
};

/// Which soft actor-critic (kernels/critics/soft_actor_critic.h).
enum class SoftVersion { value_network, twin_targets };

/// Updates of soft actor-critic on the last steps, which are kept in a ring.
struct SoftUpdateOptions {
  static constexpr int kMaxKept = 1 << 26, kMaxUpdates = 1 << 16;

  SoftVersion version = SoftVersion::twin_targets;
  int updates = 100;
  int batch = 256;
  int capacity = 100000;
  int first_steps = 1000;
  std::vector<int> critic_hidden = {64, 64};
  double discount = 0.99;
  double target_rate = 0.005;
  double reward_scale = 1.0;
  double initial_temperature = 1.0;
  std::optional<double> target_entropy = {};
  double regularisation = 0.0;
  bool operator==(const SoftUpdateOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, SoftUpdateOptions& o) {
    field("version", o.version,
          Choices{Choice{"value_network",
                         "as first published: a network for the states' values and its target; the "
                         "temperature is 1, and reward_scale weighs the entropy"},
                  Choice{"twin_targets", "targets of both critics, and a temperature that is learned"}},
          "of soft actor-critic");
    field("updates", o.updates, between(1, kMaxUpdates), "updates of all networks in an iteration");
    field("batch", o.batch, between(1, 1 << 20), "steps that each is made on, drawn with replacement");
    field("capacity", o.capacity, between(1, kMaxKept),
          "how many of the last steps are kept; at least `batch`, and those of an iteration; checkpoints "
          "hold them");
    field("first_steps", o.first_steps, between(0, kMaxKept),
          "steps that are kept before anything is learned");
    field("critic_hidden", o.critic_hidden, list_of(between(1, kMaxValueWidth), 1, kMaxHiddenLayers),
          "width of each hidden layer of the critics, and of the values' network; their activation is the "
          "policy's");
    field("discount", o.discount, between(0, 1), "γ: what a reward is worth one step later");
    field("target_rate", o.target_rate, between(0, 1),
          "τ: how far the targets move towards what they follow after each update; 1: all the way");
    field("reward_scale", o.reward_scale, above(0), "the critics learn of rewards times this");
    field("initial_temperature", o.initial_temperature, above(0),
          "of version `twin_targets`: α, the entropy's weight, as it starts");
    field("target_entropy", o.target_entropy, any_number(),
          "of version `twin_targets`: the mean entropy of the actions, as tanh makes them, that the "
          "temperature is to bring about; null: minus the numbers of an action");
    field("regularisation", o.regularisation, at_least(0),
          "weight of the mean squares of the policy's means and log standard deviations");
  }
  template <class Report>
  static void validate(const SoftUpdateOptions& o, Report& report) {
    if (o.capacity < o.batch) report("capacity", "fewer steps than an update's batch");
    if (o.first_steps > o.capacity) report("first_steps", "more steps than are kept");
    if (o.version == SoftVersion::twin_targets) return;
    if (o.initial_temperature != 1)
      report("initial_temperature", "version value_network has the temperature 1, and a reward_scale");
    if (o.target_entropy) report("target_entropy", "version value_network learns no temperature");
  }
};

struct SacOptions {
  using Options = SacOptions;
  using Learning = LearnsByReplay;
  static constexpr auto name = "sac";
  static constexpr auto meaning =
      "soft actor-critic of one policy for all tasks, without meta-learning; it learns from all the last "
      "steps, again and again";
  static constexpr auto why_no_trpo = "whose several networks each have an optimiser of this kind";
  SoftUpdateOptions soft;
  bool operator==(const SacOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, SacOptions& o) {
    SoftUpdateOptions::describe(field, o.soft);
  }
  template <class Report>
  static void validate(const SacOptions& o, Report& report) {
    SoftUpdateOptions::validate(o.soft, report);
  }
};

/// PEARL: soft actor-critic of a policy that acts on a task's latent variable (kernels/critics/task_belief.h).
struct PearlOptions {
  using Options = PearlOptions;
  using Learning = LearnsByPosterior;
  static constexpr auto name = "pearl";
  static constexpr auto meaning =
      "PEARL: soft actor-critic of a policy that acts on a latent variable, drawn for each episode from what "
      "the episodes before have shown of the task; nothing is adapted by gradient";
  static constexpr auto why_no_trpo = "whose several networks each have an optimiser of this kind";
  static constexpr int kMaxLatent = 64, kMaxTrainTasks = 1 << 16;

  int trial_length = 400;
  int train_tasks = 80;
  int latent = 5;
  std::vector<int> encoder_hidden = {64, 64};
  std::optional<double> initial_variance;
  double kl_weight = 1.0;
  int meta_batch = 8;
  int context = 128;
  int context_episodes = 0;
  int prior_episodes = 1;
  bool next_state = true;
  std::optional<double> sparse_within, sparse_from;
  int sparse_iterations = 100;
  SoftUpdateOptions soft = {
      .version = SoftVersion::value_network, .batch = 128, .capacity = 10000, .first_steps = 0};
  bool operator==(const PearlOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, PearlOptions& o) {
    field("trial_length", o.trial_length, between(1, kMaxHorizon),
          "steps of a trial, a multiple of the horizon: the episodes of a task, in each of which the policy "
          "acts on one latent variable");
    field("train_tasks", o.train_tasks, between(1, kMaxTrainTasks),
          "tasks that are learned from, drawn once and for all, unless tasks.file has them; a multiple of "
          "tasks_per_iteration, which take turns. `capacity` and `first_steps` are of each of them");
    field("latent", o.latent, between(1, kMaxLatent), "numbers of a task's latent variable");
    field("encoder_hidden", o.encoder_hidden, list_of(between(1, kMaxValueWidth), 1, kMaxHiddenLayers),
          "width of each hidden layer of the network that takes in a context step by step");
    field("initial_variance", o.initial_variance, above(0),
          "σ² of each step's factor as training starts: with as much as a context has steps, beliefs start "
          "as wide as N(0, I); null: softplus(0) = 0.69, as published");
    field("kl_weight", o.kl_weight, at_least(0),
          "weight of the mean divergence of an update's beliefs from N(0, I); the published one is of their "
          "sum, meta_batch times the mean");
    field("meta_batch", o.meta_batch, between(1, 1 << 12),
          "tasks that an update is made on, drawn with replacement, with `batch` steps of each");
    field(
        "context", o.context, between(1, 1 << 16),
        "steps of each task's last exploration that its latent variable is inferred from in an update, drawn "
        "without replacement; at most those that are kept");
    field("context_episodes", o.context_episodes, between(0, kMaxHorizon),
          "first episodes of a trial that count as exploration, and are kept until the task is played again; "
          "0: all");
    field("prior_episodes", o.prior_episodes, between(1, kMaxHorizon),
          "first episodes of a trial that act on N(0, I), whatever they have shown");
    field("next_state", o.next_state,
          "a context's steps tell what they led to, without which dynamics cannot be inferred");
    field("sparse_within", o.sparse_within, above(0),
          "where rewards are minus a distance: contexts and returns have 1 less the distance, where it is at "
          "most this, and else 0; the critics learn from the rewards as they are; null: all have those");
    field("sparse_from", o.sparse_from, above(0),
          "with sparse_within: the same in contexts as training starts, from which it shrinks evenly, so "
          "that contexts hold finds before the policy has learned to make them; null: it is sparse_within "
          "throughout");
    field("sparse_iterations", o.sparse_iterations, between(1, 1 << 30),
          "with sparse_from: iterations over which it shrinks");
    SoftUpdateOptions::describe(field, o.soft);
  }
  template <class Report>
  static void validate(const PearlOptions& o, Report& report) {
    if (o.sparse_from && !o.sparse_within)
      report("sparse_from", "wants sparse_within beside it, to which it shrinks");
    else if (o.sparse_from && *o.sparse_from < *o.sparse_within)
      report("sparse_from", "has to be at least sparse_within, to which it shrinks");
    SoftUpdateOptions::validate(o.soft, report);
  }
};

/// How a belief is learned, beside the policy that acts on it (kernels/beliefs/elbo.h).
struct VaribadOptions {
  using Options = VaribadOptions;
  using Learning = LearnsByBelief;
  static constexpr auto name = "varibad";
  static constexpr auto meaning =
      "VariBAD: a belief about the task, learned by what it tells of a trial's rewards, and a policy of the "
      "belief and the "
      "observation, trained by PPO; nothing is adapted by gradient";
  static constexpr auto why_no_trpo = "whose clipping bounds the update";
  static constexpr int kMaxUpdates = 1000;
  static constexpr int kMaxKept = 1 << 24;

  int trial_length = 100;
  PpoUpdateOptions ppo = {.gae_lambda = 0.95};
  int belief_updates = 3;
  int belief_trials = 32;
  int belief_capacity = 4096;
  double belief_lr = 1e-3;
  std::optional<double> belief_max_gradient_norm;
  double kl_weight = 0.01;
  double state_loss_weight = 1;
  int decode_steps = 0;
  bool operator==(const VaribadOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, VaribadOptions& o) {
    field(
        "trial_length", o.trial_length, between(1, kMaxHorizon),
        "steps of a trial, a multiple of the horizon; the task and the belief last for all of its episodes");
    PpoUpdateOptions::describe(field, o.ppo);
    field("belief_updates", o.belief_updates, between(0, kMaxUpdates),
          "updates of the belief in an iteration, after the policy's; 0: it stays as it starts");
    field("belief_trials", o.belief_trials, between(1, 1 << 16),
          "trials that each is made on, drawn anew without replacement from the last ones; at most those of "
          "an iteration");
    field("belief_capacity", o.belief_capacity, between(1, kMaxKept),
          "how many of the last trials are kept for them; at least those of an iteration; checkpoints hold "
          "them");
    field("belief_lr", o.belief_lr, above(0), "step size of the belief's Adam");
    field("belief_max_gradient_norm", o.belief_max_gradient_norm, above(0),
          "a longer gradient of the belief's is scaled to this; null: never");
    field("kl_weight", o.kl_weight, at_least(0),
          "weight of the belief's divergence from the one a step before, the first one's from N(0, I)");
    field(
        "state_loss_weight", o.state_loss_weight, at_least(0),
        "with the policy's decode_state: weight of the squared error of next observations, a mean over their "
        "numbers, beside the rewards' loss");
    field("decode_steps", o.decode_steps, between(0, kMaxHorizon),
          "of decoder `reward` and of next states: steps of the trial, drawn from equal pieces of it, that "
          "stand for all where "
          "a belief's latent "
          "variable is to tell of it; 0: all, which takes the time of the trial's steps squared");
  }
};

using Algorithms = TypeList<MamlOptions, MetaSgdOptions, AlfaOptions, CaviaOptions, FomamlOptions,
                            PretrainingOptions, ReptileOptions, EmamlOptions, PrompOptions, Rl2Options,
                            VaribadOptions, PromptTuningOptions, PpoOptions, SacOptions, PearlOptions>;

}  // namespace innerloop
