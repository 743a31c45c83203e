// The config of an experiment: what it may say, how it is read and shown.
//
// Every option is described once, in its struct's `describe` (kernels/options/options.h); its default is the
// initialiser. An environment's options are described in its own header and come here through
// engine/config/environment_options.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/config/algorithm_options.h"
#include "engine/config/environment_info.h"
#include "engine/config/environment_options.h"
#include "engine/config/outer_options.h"
#include "kernels/memories/options.h"
#include "kernels/options/choices.h"
#include "kernels/options/options.h"
#include "kernels/options/type_list.h"

namespace innerloop {

/// How a trained policy is measured on held-out tasks.
struct EvaluationOptions {
  int every = 0;
  int tasks = 120;
  int envs_per_task = 40;
  int horizon = 0;
  int inner_steps = 3;
  std::vector<double> inner_lr;
  bool deterministic = false;
  std::uint32_t seed = 1000003;

  bool operator==(const EvaluationOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, EvaluationOptions& o) {
    field("every", o.every, between(0, 1e9),
          "iterations between evaluations while training; 0: only at the end");
    field("tasks", o.tasks, between(1, kMaxTasks), "held-out tasks");
    field("envs_per_task", o.envs_per_task, between(1, kMaxEnvsPerTask),
          "trajectories of a task at each step");
    field("horizon", o.horizon, between(0, kMaxHorizon),
          "steps of a trajectory, in place of training's; of a trial, whose steps stay as many, the most of "
          "an episode; "
          "0: training's");
    field("inner_steps", o.inner_steps, between(0, kMaxInnerSteps), "gradient steps of adaptation");
    field("inner_lr", o.inner_lr, one_or_many(above(0), 0, kMaxInnerSteps),
          "step size, or one for each inner step; empty: the algorithm's, its last one for the steps beyond");
    field("deterministic", o.deterministic,
          "measure by the mean or the likeliest action; adaptation's own trajectories are sampled all the "
          "same");
    field("seed", o.seed, between(0, 4294967295.0),
          "seed of the held-out tasks; not the training's, so that every run meets the same ones");
  }
};

/// Tasks of a file (engine/config/tasks.h) in place of drawn ones.
struct TasksOptions {
  std::string file;
  std::string checksum;

  bool operator==(const TasksOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, TasksOptions& o) {
    field("file", o.file,
          "a JSON file of tasks, `{\"train\": […], \"held_out\": […]}`, its path as seen from the config's "
          "folder; each task is an object of its numbers by name, as `--task` takes it, or a list of them; "
          "empty: tasks are drawn from the environment's family");
    field("checksum", o.checksum,
          "CRC-32C of that file, eight hexadecimal digits, by which a run knows it again; empty: any file "
          "will do");
  }
};

struct CheckpointOptions {
  int every = 50;
  int keep = 3;

  bool operator==(const CheckpointOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, CheckpointOptions& o) {
    field("every", o.every, between(0, 1e9), "iterations between checkpoints; 0: only at the end");
    field("keep", o.keep, between(1, 1e9), "how many of the newest checkpoints are kept");
  }
};

struct Config {
  std::uint32_t seed = 1;
  int iterations = 200;
  int tasks_per_iteration = 40;
  int envs_per_task = 20;
  int horizon = 100;
  Precision precision = Precision::float32;
  AtEpisodeEnd at_episode_end = AtEpisodeEnd::stop;
  AtTimeLimit at_time_limit = AtTimeLimit::zero;
  EnvironmentOptions environment;
  TasksOptions tasks;
  OptionsVariant<Policies> policy;
  OptionsVariant<Algorithms> algorithm;
  OptionsVariant<OuterOptimisers> outer;
  EvaluationOptions evaluation;
  CheckpointOptions checkpoint;
  // What tasks.file holds; empty where tasks are drawn.
  TaskTable train_tasks, held_out_tasks;

  bool operator==(const Config&) const = default;

  template <class Fields>
  static void describe(Fields& field, Config& c) {
    field("seed", c.seed, between(0, 4294967295.0), "seed of everything that is drawn at random");
    field("iterations", c.iterations, between(1, 1e9), "meta-iterations: updates of the meta-parameters");
    field("tasks_per_iteration", c.tasks_per_iteration, between(1, kMaxTasks),
          "tasks drawn for each meta-iteration");
    field("envs_per_task", c.envs_per_task, between(1, kMaxEnvsPerTask),
          "trajectories of a task before each inner step, and after the last");
    field("horizon", c.horizon, between(1, kMaxHorizon), "steps of a trajectory");
    field("precision", c.precision,
          Choices{Choice{"float32", "the same bits on every machine"},
                  Choice{"tf32", "numbers rounded to 11 bits, for a GPU's tensor cores"},
                  Choice{"bf16", "the same with 8 bits"}},
          "of the products of matrices; what is not float32 wants a GPU to train on, and on a CPU a trained "
          "agent goes on in float32");
    field("at_episode_end", c.at_episode_end,
          Choices{Choice{"stop", "the rest of the trajectory does not count"},
                  Choice{"restart",
                         "a new episode of the same task starts; learned from are all, while returns and "
                         "lengths are those of the "
                         "first episode of each trajectory, as the horizon cuts the last one off"}},
          "when an episode ends before the horizon");
    field("at_time_limit", c.at_time_limit,
          Choices{
              Choice{"zero", "nothing: the limit is a part of the task"},
              Choice{"bootstrap",
                     "what the baseline, the value head of `ppo` or the critics of `sac` and `pearl` give to "
                     "what is seen there: the task goes on"}},
          "what the rewards are worth that would follow where the horizon cuts an episode off; what else an "
          "episode may be "
          "worth beyond its last step is in the table at the end of docs/config.md");
    field("environment", c.environment, OneOf<Environments>{}, "the family that tasks are drawn from");
    field("tasks", c.tasks, "tasks of a file, in place of tasks drawn from the family");
    field("policy", c.policy, OneOf<Policies>{}, "what chooses the actions");
    field("algorithm", c.algorithm, OneOf<Algorithms>{},
          "how a task is learned, and how learning is learned");
    field("outer", c.outer, OneOf<OuterOptimisers>{}, "what takes the step along the meta-gradient");
    field("evaluation", c.evaluation, "measuring on held-out tasks");
    field("checkpoint", c.checkpoint, "saving what is needed to go on");
  }
};

/// Reads the config at `path`, and the tasks' file that it names; `overrides` are of the form `path=value`
/// (engine/options/source.h), applied in order. In what is read, tasks.file is absolute and tasks.checksum the file's.
/// @throws InputError with file, JSON pointer, wanted and found, or naming the override at fault.
Config read_config(const std::filesystem::path& path, std::span<const std::string> overrides = {});

/// As read_config, for a text; in messages `source_name` stands for the file, and `flag` before an override.
Config parse_config(std::string_view text, std::string_view source_name,
                    std::span<const std::string> overrides = {}, std::string_view flag = "--set ");

/// The whole config, every default filled in. Reading it back gives an equal Config.
nlohmann::ordered_json to_json(const Config& config);

/// The same, headed by the "$schema" of a file in configs/, which needs no network and is of this very version.
nlohmann::ordered_json shown_json(const Config& config);

/// A JSON Schema (draft 2020-12) of the config file.
nlohmann::ordered_json json_schema();

/// Every option with its type, range, default and meaning: docs/config.md.
std::string options_markdown();

/// Things that a config can name, each with its meaning.
struct Listing {
  std::string title;  // "environments", "algorithms", …
  std::vector<std::pair<std::string, std::string>> entries;
};
/// What `innerloop list` prints: environments, policies, algorithms, estimators, optimisers.
std::vector<Listing> listings();

/// How the algorithm's policies are measured on held-out tasks.
EvaluationProtocol evaluation_protocol(const Config& config);

/// Whether the policy is one with a memory.
bool has_memory(const Config& config);
/// Whether that is a belief, which is learned apart from the policy.
bool has_belief(const Config& config);
/// Numbers that the policy takes in beside symbols: what it sees, and with most memories what else a trial brings
/// (kernels/trials/play.h).
int policy_inputs(const Config& config);

/// Whether the algorithm plays trials, and has no inner loop.
bool plays_trials(const Config& config);
/// The options of soft actor-critic's updates; null where the algorithm makes none. soft_options is for where there are some.
const SoftUpdateOptions* find_soft_options(const Config& config);
const SoftUpdateOptions& soft_options(const Config& config);
/// Of algorithm `pearl`: episodes of a trial that are exploration. @pre it is that
int context_episodes(const Config& config);
/// The options of PPO's updates on trials; null where the algorithm makes none. ppo_options is for where there are some.
const PpoUpdateOptions* find_ppo_options(const Config& config);
const PpoUpdateOptions& ppo_options(const Config& config);
/// Steps of a trial: a horizon where the algorithm has no option for it.
int trial_length(const Config& config);
/// Steps of each environment in a training iteration: a trial's, unless the algorithm says otherwise.
int rollout_steps(const Config& config);
/// The same with evaluation.horizon as its horizon, if it has one: what evaluations, pictures and rivals play.
Config for_evaluation(Config config);
/// Whether training goes on with the episodes in which the last iteration ended.
bool episodes_go_on(const Config& config);
/// Episodes that a trial is of, after which nothing counts; 0 where it is a number of steps.
int trial_episodes(const Config& config);

/// The options of the inner loop; null where the algorithm has none. inner_loop is for where there is one.
const InnerLoopOptions* find_inner_loop(const Config& config);
const InnerLoopOptions& inner_loop(const Config& config);

/// The gradient steps by which the algorithm learns a task, of a policy in its inner loop or of a transformer's tokens: how
/// many in training, and their sizes as the config has them. Nothing where it learns a task otherwise.
struct InnerSteps {
  int count = 0;
  std::vector<double> lr;
};
std::optional<InnerSteps> find_inner_steps(const Config& config);

/// The step size of each of the algorithm's inner steps: [inner_steps]. @pre it has inner steps
std::vector<double> inner_lr_of_steps(const Config& config);

/// The step size of each of the evaluation's inner steps: [evaluation.inner_steps].
std::vector<double> evaluation_lr_of_steps(const Config& config);

/// The names in use: "point_navigation", "maml", "mlp", …
std::string environment_name(const Config& config);
std::string algorithm_name(const Config& config);
std::string policy_name(const Config& config);

}  // namespace innerloop
