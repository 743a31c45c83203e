#include "engine/config/rules.h"

#include <string>
#include <utility>
#include <variant>

#include "engine/config/environment_info.h"
#include "engine/config/names.h"
#include "engine/options/visitors.h"

namespace innerloop {
namespace {

template <class Options, class Variant>
bool is(const Variant& variant) {
  return std::holds_alternative<Options>(variant);
}

// What `validate` of a named type (kernels/options/options.h) is handed.
struct ValidityReport {
  const OptionSource& source;
  std::string pointer;
  Json options;

  void operator()(const char* option, const char* reason) const {
    source.refuse(pointer_to(pointer, option),
                  "a value that fits the other options (" + std::string(reason) + ")",
                  found_value(options[option]));
  }
};

std::string numbers(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " number" : " numbers");
}

void check_step_sizes(const Config& config, const OptionSource& source) {
  auto check = [&](const char* pointer, std::size_t count, int steps) {
    if (count > 1 && count != static_cast<std::size_t>(steps)) {
      source.refuse(pointer, "one number, or one for each of the " + std::to_string(steps) + " inner steps",
                    numbers(count));
    }
  };
  check("/evaluation/inner_lr", config.evaluation.inner_lr.size(), config.evaluation.inner_steps);
  const std::optional<InnerSteps> inner = find_inner_steps(config);
  if (!inner) return;
  // Where training takes no inner step they are the evaluation's.
  check("/algorithm/inner_lr", inner->lr.size(),
        inner->count == 0 ? config.evaluation.inner_steps : inner->count);
}

void check_learned_step_sizes(const Config& config, const OptionSource& source) {
  const InnerLoopOptions* inner = find_inner_loop(config);
  if (inner == nullptr || inner->learned_lr == LearnedLr::none) return;
  if (inner->inner_lr.size() > 1 && !inner->learned_lr_per_step)
    source.refuse("/algorithm/inner_lr", "one number to start from, as learned_lr_per_step is false",
                  numbers(inner->inner_lr.size()));
  if (!config.evaluation.inner_lr.empty())
    source.refuse("/evaluation/inner_lr", "none, as the step sizes are learned",
                  numbers(config.evaluation.inner_lr.size()));
}

void check_adapted_layers(const Config& config, const OptionSource& source) {
  const InnerLoopOptions* inner = find_inner_loop(config);
  if (inner == nullptr) return;
  const std::vector<int>& layers = inner->adapted_layers;
  const int head = static_cast<int>(std::get<MlpOptions>(config.policy).hidden.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string pointer = "/algorithm/adapted_layers/" + std::to_string(i);
    if (layers[i] > head)
      source.refuse(pointer, "a layer of the policy, from 0 to the head, " + std::to_string(head),
                    std::to_string(layers[i]));
    if (i > 0 && layers[i] <= layers[i - 1])
      source.refuse(pointer, "each layer once, in rising order", std::to_string(layers[i]));
  }
  if (!layers.empty() && inner->multipliers)
    source.refuse("/algorithm/adapted_layers",
                  "none with multipliers, which change the parameters of every layer",
                  numbers(layers.size()));
}

void check_context(const Config& config, const OptionSource& source) {
  const InnerLoopOptions* inner = find_inner_loop(config);
  if (inner != nullptr && inner->context_size > 0 && std::get<MlpOptions>(config.policy).hidden.empty())
    source.refuse("/policy/hidden", "a hidden layer with algorithm \"cavia\", for the context to enter",
                  "none");
}

// Symbols of what is seen, which a first hidden layer looks up.
void check_symbols(const Config& config, const OptionSource& source) {
  if (environment_info(config).observation.symbols == 0) return;
  const std::string with = " with an environment that shows symbols, ";
  if (const auto* mlp = std::get_if<MlpOptions>(&config.policy); mlp != nullptr && mlp->hidden.empty())
    source.refuse("/policy/hidden", "a hidden layer" + with + "for them to enter", "none");
  const InnerLoopOptions* inner = find_inner_loop(config);
  if (inner != nullptr && inner->baseline == BaselineName::network && inner->value_hidden.empty())
    source.refuse("/algorithm/value_hidden", "a hidden layer" + with + "for them to enter", "none");
  if (inner != nullptr && inner->context_size > 0 && inner->context_input == ContextInput::film)
    source.refuse("/algorithm/context_input",
                  "\"concatenate\"" + with + "whose rows of weights \"film\" does not scale", "\"film\"");
}

void check_outer(const Config& config, const OptionSource& source) {
  if (!is<TrpoOptions>(config.outer)) return;
  const InnerLoopOptions* inner = find_inner_loop(config);
  if (inner != nullptr && inner->baseline == BaselineName::network)
    source.refuse("/algorithm/baseline",
                  "\"none\" or \"linear\" with outer \"trpo\", whose natural gradient is the policy's alone",
                  "\"network\"");
  std::visit(
      [&]<class Options>(const Options&) {
        if constexpr (requires { Options::why_no_trpo; })
          source.refuse("/outer/name",
                        "\"adam\", \"adamw\" or \"sgd\" with algorithm \"" + std::string(Options::name) +
                            "\", " + Options::why_no_trpo,
                        "\"trpo\"");
      },
      config.algorithm);
}

// The policy that an algorithm calls for, and how it learns a task.
void check_policy_kind(const Config& config, const OptionSource& source) {
  std::visit(
      [&]<class Options>(const Options&) {
        using Learning = typename Options::Learning;
        constexpr bool needs_belief = requires { Learning::needs_belief; };
        constexpr bool needs_prompt = requires { Learning::needs_prompt; };
        const auto fits = []<class Policy>() {
          constexpr bool is_belief = requires { Policy::has_belief; };
          constexpr bool has_prompt = requires(const Policy& policy) { policy.tokens; };
          return Policy::has_memory == Learning::needs_memory && is_belief == needs_belief &&
                 (has_prompt || !needs_prompt);
        };
        if (std::visit([&]<class Policy>(const Policy&) { return fits.template operator()<Policy>(); },
                       config.policy))
          return;
        source.refuse("/policy/name",
                      one_of_names(names_where<Policies>(fits)) + " with algorithm \"" + Options::name +
                          "\", which " + Learning::how,
                      "\"" + policy_name(config) + "\"");
      },
      config.algorithm);
  const auto* mlp = std::get_if<MlpOptions>(&config.policy);
  if (plays_trials(config) && mlp != nullptr && mlp->hidden.empty())
    source.refuse("/policy/hidden",
                  "a hidden layer with algorithm \"" + algorithm_name(config) + "\", for its heads to read",
                  "none");
}

void check_trials(const Config& config, const OptionSource& source) {
  const PpoUpdateOptions* ppo = find_ppo_options(config);
  if (ppo == nullptr) return;
  const std::string with = " with algorithm \"" + algorithm_name(config) + "\", ";
  const int length = trial_length(config);
  const std::int64_t longest = std::int64_t{trial_episodes(config)} * config.horizon;
  if (longest > 0 && length > longest)
    source.refuse("/algorithm/trial_length",
                  "at most the " + std::to_string(longest) + " steps that trial_episodes × horizon may take",
                  std::to_string(length));
  const std::int64_t envs = std::int64_t{config.tasks_per_iteration} * config.envs_per_task;
  const auto* plain = std::get_if<PpoOptions>(&config.algorithm);
  if (plain != nullptr && plain->rollout_steps > 0 && !episodes_go_on(config))
    source.refuse("/algorithm/rollout_steps",
                  "0 with at_iteration_end \"restart\", of which an iteration is one horizon long",
                  std::to_string(plain->rollout_steps));
  if (plain != nullptr && plain->minibatches_of == MinibatchesOf::samples) {
    const std::int64_t samples = envs * rollout_steps(config);
    if (samples % ppo->minibatches != 0)
      source.refuse("/algorithm/minibatches",
                    "a number that divides the " + std::to_string(samples) + " samples of an iteration",
                    std::to_string(ppo->minibatches));
  } else if (envs % ppo->minibatches != 0)
    source.refuse("/algorithm/minibatches",
                  "a number that divides the " + std::to_string(envs) +
                      " environments (tasks_per_iteration × envs_per_task)",
                  std::to_string(ppo->minibatches));
  if (ppo->window > 0 && length % ppo->window != 0)
    source.refuse("/algorithm/window",
                  "a number that divides the " + std::to_string(length) + " steps of a trial, or 0",
                  std::to_string(ppo->window));
  if (std::holds_alternative<EpisodicOptions>(config.policy) &&
      environment_info(config).observation.numbers == 0)
    source.refuse("/policy/name",
                  "another one than \"episodic\" with an environment that shows symbols alone, which has no "
                  "numbers to recall by",
                  "\"episodic\"");
  if (const auto* transformer = std::get_if<TransformerOptions>(&config.policy)) {
    if (ppo->window > 0)
      source.refuse("/algorithm/window",
                    "0 with policy \"transformer\", whose gradient goes through the whole trial",
                    std::to_string(ppo->window));
    if (length > transformer->kMaxSteps)
      source.refuse("/algorithm/trial_length",
                    "at most " + std::to_string(transformer->kMaxSteps) +
                        " steps with policy \"transformer\", which looks back at all of them",
                    std::to_string(length));
  }
  if (ppo->value_network == ValueNetwork::separate && ppo->value_weight == 0)
    source.refuse("/algorithm/value_network",
                  "\"shared\" with value_weight 0, which lets no value network learn", "\"separate\"");
}

// What a prompt's inner steps adapt, and what they compare.
void check_prompt(const Config& config, const OptionSource& source) {
  const auto* transformer = std::get_if<TransformerOptions>(&config.policy);
  if (!is<PromptTuningOptions>(config.algorithm) || transformer == nullptr) return;
  const std::string with = " with algorithm \"prompt_tuning\", ";
  if (transformer->tokens == 0)
    source.refuse("/policy/tokens", "at least 1" + with + "whose inner steps adapt them", "0");
  if (transformer->hidden > RecurrentOptions::kMaxTeamHidden)
    source.refuse("/policy/hidden",
                  "at most " + std::to_string(RecurrentOptions::kMaxTeamHidden) + with +
                      "whose trials' gradients each team takes by itself",
                  std::to_string(transformer->hidden));
  const auto check_trials = [&](const char* option, int found) {
    if (found < 2)
      source.refuse(option, "at least 2" + with + "whose advantages compare a task's trials",
                    std::to_string(found));
  };
  check_trials("/envs_per_task", config.envs_per_task);
  check_trials("/evaluation/envs_per_task", config.evaluation.envs_per_task);
}

// What all trials have in common, whatever learns from them.
void check_played(const Config& config, const OptionSource& source) {
  if (!plays_trials(config)) return;
  const std::string with = " with algorithm \"" + algorithm_name(config) + "\", ";
  const int length = trial_length(config);
  if (length % config.horizon != 0)
    source.refuse("/algorithm/trial_length",
                  "a multiple of the horizon, " + std::to_string(config.horizon) +
                      ", so that a trial is whole episodes",
                  std::to_string(length));
  if (for_evaluation(config).horizon != config.horizon) {
    const int evaluated = trial_length(for_evaluation(config));
    if (evaluated % config.evaluation.horizon != 0)
      source.refuse("/evaluation/horizon",
                    "a number that divides the " + std::to_string(evaluated) + " steps of a trial, or 0",
                    std::to_string(config.evaluation.horizon));
  }
  if (config.at_episode_end != AtEpisodeEnd::restart)
    source.refuse("/at_episode_end", "\"restart\"" + with + "whose trials go on with the next episode",
                  "\"stop\"");
  if (!config.evaluation.inner_lr.empty() && !find_inner_steps(config))
    source.refuse("/evaluation/inner_lr", "no step sizes" + with + "which takes no gradient steps",
                  numbers(config.evaluation.inner_lr.size()));
}

// What soft actor-critic learns from, and can learn to do.
void check_soft(const Config& config, const OptionSource& source) {
  const SoftUpdateOptions* soft = find_soft_options(config);
  const auto* mlp = std::get_if<MlpOptions>(&config.policy);
  if (soft == nullptr || mlp == nullptr) return;
  const std::string with = " with algorithm \"" + algorithm_name(config) + "\", ";
  const EnvironmentInfo environment = environment_info(config);
  if (environment.head != HeadKind::gaussian)
    source.refuse("/environment/name",
                  "an environment whose actions are numbers" + with + "whose critics are climbed along them",
                  "\"" + environment.name + "\", whose actions are choices");
  if (environment.observation.symbols > 0)
    source.refuse("/environment/name",
                  "an environment without symbols" + with + "which takes in numbers alone",
                  "\"" + environment.name + "\"");
  if (!mlp->squash)
    source.refuse("/policy/squash", "a number" + with + "whose actions are within bounds", "null");
  if (config.precision != Precision::float32)
    source.refuse("/precision", "\"float32\"" + with + "whose critics differ by little",
                  config.precision == Precision::tf32 ? "\"tf32\"" : "\"bf16\"");
  const bool each = is<PearlOptions>(config.algorithm);  // task has a ring
  const std::int64_t steps =
      std::int64_t{each ? 1 : config.tasks_per_iteration} * config.envs_per_task * trial_length(config);
  if (soft->capacity < steps)
    source.refuse("/algorithm/capacity",
                  "at least the " + std::to_string(steps) + " steps of " +
                      (each ? "a task in an iteration (" : "an iteration (tasks_per_iteration × ") +
                      "envs_per_task × steps of a trial)",
                  std::to_string(soft->capacity));
}

// What a belief takes in and tells of, and what it is learned from.
void check_belief(const Config& config, const OptionSource& source) {
  const auto* policy = std::get_if<BeliefOptions>(&config.policy);
  const auto* options = std::get_if<VaribadOptions>(&config.algorithm);
  if (policy == nullptr || options == nullptr) return;
  const EnvironmentInfo environment = environment_info(config);
  if (environment.observation.symbols > 0)
    source.refuse("/environment/name",
                  "an environment without symbols with policy \"belief\", which takes in numbers alone",
                  "\"" + environment.name + "\"");
  if (policy->decoder == Decoder::cells) {
    if (environment.grid_side == 0)
      source.refuse(
          "/policy/decoder",
          "\"reward\" with environment \"" + environment.name + "\", whose observation is no cell of a grid",
          "\"cells\"");
    const int cells = environment.grid_side * environment.grid_side;
    if (cells > policy->kMaxCells)
      source.refuse("/policy/decoder",
                    "\"reward\" with more than " + std::to_string(policy->kMaxCells) +
                        " cells, of which there are " + std::to_string(cells),
                    "\"cells\"");
    if (options->decode_steps > 0 && !policy->decode_state)
      source.refuse("/algorithm/decode_steps", "0 with decoder \"cells\", which tells of all steps at once",
                    std::to_string(options->decode_steps));
  }
  if (options->decode_steps > options->trial_length)
    source.refuse("/algorithm/decode_steps",
                  "at most the " + std::to_string(options->trial_length) + " steps of a trial",
                  std::to_string(options->decode_steps));
  if (options->ppo.value_network == ValueNetwork::separate)
    source.refuse("/algorithm/value_network", "\"shared\" with policy \"belief\", of which there is one",
                  "\"separate\"");
  const std::int64_t trials = std::int64_t{config.tasks_per_iteration} * config.envs_per_task;
  const std::string of_iteration =
      " the " + std::to_string(trials) + " trials of an iteration (tasks_per_iteration × envs_per_task)";
  if (options->belief_trials > trials)
    source.refuse("/algorithm/belief_trials", "at most" + of_iteration,
                  std::to_string(options->belief_trials));
  if (options->belief_capacity < trials)
    source.refuse("/algorithm/belief_capacity", "at least" + of_iteration,
                  std::to_string(options->belief_capacity));
}

// What PEARL explores, and what it keeps of that.
void check_contexts(const Config& config, const OptionSource& source) {
  const auto* pearl = std::get_if<PearlOptions>(&config.algorithm);
  if (pearl == nullptr) return;
  const int episodes = pearl->trial_length / config.horizon;
  const auto check_episodes = [&](const char* option, int found) {
    if (found > episodes)
      source.refuse("/algorithm/" + std::string(option),
                    "at most the " + std::to_string(episodes) + " episodes of a trial",
                    std::to_string(found));
  };
  check_episodes("context_episodes", pearl->context_episodes);
  check_episodes("prior_episodes", pearl->prior_episodes);
  const std::int64_t kept = std::int64_t{context_episodes(config)} * config.horizon * config.envs_per_task;
  if (pearl->context > kept)
    source.refuse(
        "/algorithm/context",
        "at most the " + std::to_string(kept) +
            " steps that are kept of a task's exploration (context_episodes × horizon × envs_per_task)",
        std::to_string(pearl->context));
  if (config.tasks.file.empty() && pearl->train_tasks % config.tasks_per_iteration != 0)
    source.refuse("/algorithm/train_tasks",
                  "a multiple of tasks_per_iteration, " + std::to_string(config.tasks_per_iteration) +
                      ", so that all have their turns",
                  std::to_string(pearl->train_tasks));
}

void check_time_limit(const Config& config, const OptionSource& source) {
  if (config.at_time_limit == AtTimeLimit::zero) return;
  const auto refuse = [&](const std::string& with) {
    source.refuse("/at_time_limit", "\"zero\" with " + with, "\"bootstrap\"");
  };
  std::visit(
      [&]<class Options>(const Options&) {
        if constexpr (Options::Learning::needs_memory)
          refuse(
              std::string("algorithm \"") + Options::name +
              "\", whose trials go on through the ends of episodes, and are all that their memory lives for");
      },
      config.algorithm);
  const InnerLoopOptions* inner = find_inner_loop(config);
  if (inner == nullptr) return;
  if (inner->baseline == BaselineName::none) refuse("baseline \"none\", which gives no value");
  if (inner->discount >= 1)
    source.refuse("/algorithm/discount",
                  "below 1 with at_time_limit \"bootstrap\", so that what goes on without end has a value",
                  "1");
}

void check_estimator(const Config& config, const OptionSource& source) {
  const InnerLoopOptions* inner = find_inner_loop(config);
  if (inner == nullptr) return;
  const EstimatorName estimator = inner->estimator;
  if (estimator == EstimatorName::dice && inner->inner_epochs > 1)
    source.refuse("/algorithm/inner_epochs",
                  "1 with estimator \"dice\", which weighs whole trajectories by the policy that drew them",
                  std::to_string(inner->inner_epochs));
  bool has_ratio = estimator == EstimatorName::ratio || estimator == EstimatorName::clipped;
  if (is<PrompOptions>(config.algorithm) && !has_ratio) {
    source.refuse("/algorithm/estimator",
                  "\"ratio\" or \"clipped\" with algorithm \"promp\", whose later epochs "
                  "weigh the data by the ratio to the policy that drew it",
                  estimator == EstimatorName::dice ? "\"dice\"" : "\"reinforce\"");
  }
}

// What the named types find wrong in their own options.
template <class... Types, class... Options>
void check_validity(TypeList<Types...>, const std::variant<Options...>& variant, const std::string& pointer,
                    const OptionSource& source) {
  auto validate = [&]<class Type>(const auto* options) {
    if constexpr (requires { &Type::template validate<ValidityReport>; }) {
      if (!options) return;
      ValidityReport report{source, pointer, write_options<Type>(*options)};
      Type::validate(*options, report);
    }
  };
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (validate.template operator()<Types>(std::get_if<I>(&variant)), ...);
  }
  (std::index_sequence_for<Types...>{});
}

void check_policy(const Config& config, const OptionSource& source) {
  std::visit(
      [&](const auto& policy) {
        if (policy.initial_log_std < policy.min_log_std)
          source.refuse("/policy/initial_log_std",
                        "at least min_log_std, " + shown_number(policy.min_log_std),
                        shown_number(policy.initial_log_std));
        if (policy.squash && environment_info(config).head != HeadKind::gaussian)
          source.refuse("/policy/squash", "null with an environment whose actions are choices",
                        shown_number(*policy.squash));
        if constexpr (std::is_base_of_v<RecurrentOptions, std::remove_cvref_t<decltype(policy)>>) {
          if (policy.layer_norm && policy.hidden == 1)
            source.refuse("/policy/layer_norm",
                          "false with 1 hidden unit, of which normalisation would leave nothing", "true");
          if (policy.layer_norm && policy.hidden > RecurrentOptions::kMaxTeamHidden)
            source.refuse(
                "/policy/layer_norm",
                "false with more than " + std::to_string(RecurrentOptions::kMaxTeamHidden) + " hidden units",
                "true");
        }
      },
      config.policy);
}

}  // namespace

std::string doubt_about(const Config& config) {
  const EnvironmentInfo environment = environment_info(config);
  if (!environment.pays_alike || evaluation_protocol(config) != EvaluationProtocol::over_episodes ||
      trial_episodes(config) > 0)
    return "";
  return "/algorithm/trial_episodes: every step of " + environment.name +
         " pays the same, so that a trial of " + std::to_string(trial_length(config)) +
         " steps brings the same whatever is done: nothing can be learned without a number of episodes";
}

void check_rules(const Config& config, const OptionSource& source) {
  check_policy_kind(config, source);
  check_played(config, source);
  check_trials(config, source);
  check_prompt(config, source);
  check_soft(config, source);
  check_contexts(config, source);
  check_belief(config, source);
  check_step_sizes(config, source);
  check_learned_step_sizes(config, source);
  check_adapted_layers(config, source);
  check_context(config, source);
  check_symbols(config, source);
  check_outer(config, source);
  check_time_limit(config, source);
  check_estimator(config, source);
  check_policy(config, source);
  check_validity(Environments{}, config.environment, "/environment", source);
  check_validity(Policies{}, config.policy, "/policy", source);
  check_validity(Algorithms{}, config.algorithm, "/algorithm", source);
  check_validity(OuterOptimisers{}, config.outer, "/outer", source);
}

}  // namespace innerloop
