// Tasks, episodes and trials of each environment.
#include "tests/support/operation_cases/cases.h"

namespace innerloop::cases {
namespace {

// A policy that takes in the family's symbols, too.
template <class Env>
PolicyShape seeing_symbols(PolicyShape shape, const typename Env::Options& options) {
  shape.symbols = Env::observation(options).symbols;
  shape.kinds = Env::observation(options).kinds;
  return shape;
}

// Numbers of tasks, one behind the other: any, but those that the family draws where it goes by whole numbers alone.
template <class Env>
std::vector<double> task_numbers(const typename Env::Options& options, long count, Buffers& memory) {
  using One = Pack<float, 1>;
  std::vector<double> numbers;
  for (long i = 0; i < count; ++i) {
    typename Env::template Task<One> task{};
    if constexpr (std::is_same_v<Env, XLand>) {
      using Word = UintPack<One>;
      Random<One> random({5, 3}, Word(static_cast<std::uint32_t>(i)), Word(0u), Word(0u), Purpose::task, 0);
      draw_task<Env>(options, random, task);
    }
    scatter_fields<One>(task, [&](int, One x) {
      numbers.push_back(std::is_same_v<Env, XLand> ? double{x.get(0)} : 0.2 + 0.7 * uniform(memory.random()));
    });
  }
  return numbers;
}

struct OfEnvironments : Cases {
  void given_tasks() {
    add("DrawGivenTasks", "three_of_five_numbers", [t = tasks](Buffers& memory) {
      return DrawGivenTasks<float>{key(memory), memory.normals("given", 3 * 5),    3,
                                   5,           memory.blank("tasks", 2L * t * 5), 2};
    });
  }
  template <class Env>
  void environment(const std::string& form, const typename Env::Options& options) {
    const std::string name = std::string(Env::name) + "_" + form;
    add("DrawTasks", name, [=, t = tasks](Buffers& memory) {
      return DrawTasks<float, Env>{options, key(memory),
                                   memory.blank("tasks", static_cast<long>(t) * kTaskSize<Env>)};
    });
    add("DrawTasks", name + "_copies", [=, t = tasks](Buffers& memory) {
      return DrawTasks<float, Env>{options, key(memory), memory.blank("tasks", 2L * t * kTaskSize<Env>), 2};
    });
    struct Form {
      const char* name;
      bool restart, deterministic, kept, shared, beyond;
    };
    for (const Form f :
         {Form{"stop", false, false, true, false, false}, Form{"restart", true, false, false, true, true},
          Form{"deterministic", true, true, false, false, false}})
      add("Rollout", name + "_" + f.name, [=, t = tasks, small = size == CaseSize::small](Buffers& memory) {
        const int outputs = action_outputs<Env>(options);
        const HeadKind head = HeadOf<Env>::kind;
        const std::vector<int> widths =
            f.deterministic && Env::observation(options).symbols == 0
                ? std::vector<int>{Env::observation(options).numbers, outputs}
                : std::vector<int>{Env::observation(options).numbers, 19, 18, outputs};
        const PolicyShape mlp = seeing_symbols<Env>(policy_of(widths, head), options);
        const Problem p{mlp.layers > 1 ? with_context(mlp) : mlp, t, small ? 3 : 25, small ? 9 : 13,
                        f.beyond};
        Rollout<float, Env> op;
        op.shape = p.shape;
        op.params = p.params(memory, "params", f.shared);
        op.batch = p.batch(memory);
        // What the random trajectories hold is no rollout's result.
        const auto forget = [&](float* numbers, int each) {
          std::fill_n(numbers, static_cast<long>(p.tasks) * each * op.batch.row_stride, NAN);
        };
        forget(op.batch.observations, op.batch.observation_size);
        forget(op.batch.actions, op.batch.action_size);
        forget(op.batch.outputs, outputs);
        for (float* numbers : {op.batch.log_probs, op.batch.rewards, op.batch.valid, op.batch.ends})
          forget(numbers, 1);
        if (f.beyond) forget(op.batch.terminated, 1);
        // Alike in every environment, and on a GPU a kernel of its own.
        if (f.kept && std::is_same_v<Env, PointNavigation>) op.kept = p.kept(memory);
        op.options = options;
        op.key = key(memory);
        // The tasks' numbers are of the size that the options say.
        op.tasks = memory.hold("tasks", task_numbers<Env>(options, t, memory));
        op.inner_step = 2;
        op.restart = f.restart;
        op.deterministic = f.deterministic;
        op.tile_envs = small ? 9 : 5;
        return op;
      });
    step_environments<Env>(name + "_begin", options, Autoreset::next_step, true);
    step_environments<Env>(name + "_next_step", options, Autoreset::next_step, false);
    step_environments<Env>(name + "_same_step", options, Autoreset::same_step, false);
    step_environments<Env>(name + "_disabled", options, Autoreset::disabled, false);
    choose_actions<Env>(name + "_drawn", options, false);
    choose_actions<Env>(name + "_likeliest", options, true);
    trial_step<Env>(name + "_begin", options, -1);
    trial_step<Env>(name, options, 2);
    trial_step<Env>(name + "_deterministic", options, 2, {.deterministic = true});
    const int last = size == CaseSize::full ? 8 : 2;
    trial_step<Env>(name + "_last", options, last, {.looks_beyond = true});
    trial_step<Env>(name + "_beyond", options, last + 1, {.looks_beyond = true});
    const TrialStepForm goes_on{.looks_beyond = true, .goes_on = true};
    trial_step<Env>(name + "_begin_going_on", options, -1, goes_on);
    trial_step<Env>(name + "_going_on", options, 0, goes_on);
    trial_step<Env>(name + "_last_going_on", options, size == CaseSize::full ? 8 : 1, goes_on);
  }

  // Whole packs: states are left of lanes without an environment too.
  template <class Env>
  void step_environments(const std::string& name, const typename Env::Options& options, Autoreset autoreset,
                         bool begins) {
    const int envs = size == CaseSize::full ? 48 : 16;
    all.push_back(make_case("StepEnvironments", name, size == CaseSize::full ? 2 : 1, [=](Buffers& memory) {
      const auto numbers = [&](const char* what, int count, auto draw) {
        std::vector<double> drawn(static_cast<std::size_t>(count));
        for (double& x : drawn) x = draw();
        return memory.hold(what, drawn);
      };
      const auto counts = [&](const char* what, int below) {
        std::vector<int> drawn(static_cast<std::size_t>(envs * Env::Action::size));
        for (int& x : drawn) x = static_cast<int>(uniform(memory.random()) * below);
        return memory.hold<std::int32_t>(what, drawn);
      };
      const auto some = [&] { return 0.2 + 0.7 * uniform(memory.random()); };
      StepEnvironments<float, Env> op;
      op.envs = envs;
      op.tile_envs = 32;
      op.horizon = 5;
      op.autoreset = autoreset;
      op.options = options;
      op.key = key(memory);
      op.tasks = memory.hold("tasks", task_numbers<Env>(options, envs, memory));
      op.state = numbers("state", envs * episode_size<Env>(options), some);
      op.episode = counts("episode", 9);
      op.elapsed = counts("elapsed", 5);
      op.over = counts("over", 2);
      if (begins) op.begins = reinterpret_cast<Begin*>(counts("begins", 3));
      // One choice beyond the last, which is taken for it.
      if constexpr (Env::Action::discrete)
        op.choices = counts("choices", Env::action_sizes(options)[0] + 1);
      else
        op.actions = memory.normals("actions", long{envs} * Env::Action::size);
      op.seen.numbers = memory.blank("seen", long{envs} * Env::observation(options).numbers);
      op.last_seen.numbers = memory.blank("last_seen", long{envs} * Env::observation(options).numbers);
      if (const int symbols = Env::observation(options).symbols; symbols > 0) {
        op.seen.symbols = memory.blank<std::int32_t>("symbols", long{envs} * symbols);
        op.last_seen.symbols = memory.blank<std::int32_t>("last_symbols", long{envs} * symbols);
      }
      op.rewards = memory.blank("rewards", envs);
      op.terminated = memory.blank<std::uint8_t>("terminated", envs);
      op.truncated = memory.blank<std::uint8_t>("truncated", envs);
      return op;
    }));
  }

  template <class Env>
  void choose_actions(const std::string& name, const typename Env::Options& options, bool deterministic) {
    const int envs = size == CaseSize::full ? 41 : 9;
    all.push_back(make_case("ChooseActions", name, size == CaseSize::full ? 3 : 1, [=](Buffers& memory) {
      const int numbers = Env::observation(options).numbers, outputs = action_outputs<Env>(options);
      ChooseActions<float, typename Env::Action> op;
      op.shape = with_context(
          seeing_symbols<Env>(policy_of({numbers, 19, 18, outputs}, HeadOf<Env>::kind), options));
      op.params = {memory.normals("params", op.shape.parameters(), 0.3), 0};
      op.size = Env::observation(options);
      op.envs = envs;
      op.tile_envs = 16;
      op.key = key(memory);
      const std::vector<int> counts(static_cast<std::size_t>(padded(envs)), 3);
      op.episode = memory.hold<std::int32_t>("episode", counts);
      op.elapsed = memory.hold<std::int32_t>("elapsed", counts);
      op.seen.numbers = memory.normals("seen", long{envs} * numbers);
      if (const int symbols = op.shape.symbols; symbols > 0) {
        std::vector<int> seen(static_cast<std::size_t>(envs * symbols));
        for (int& symbol : seen) symbol = static_cast<int>(uniform(memory.random()) * op.shape.kinds);
        op.seen.symbols = memory.hold<std::int32_t>("symbols", seen);
      }
      op.deterministic = deterministic;
      if constexpr (Env::Action::discrete)
        op.choices = memory.blank<std::int32_t>("choices", long{envs} * Env::Action::size);
      else
        op.actions = memory.blank("actions", long{envs} * Env::Action::size);
      op.log_probs = memory.blank("log_probs", envs);
      return op;
    }));
  }

  struct TrialStepForm {
    bool deterministic = false, looks_beyond = false;
    bool goes_on =
        false;  // with what time limits cut off; a third of the environments is at an episode's limit, another at its start
  };

  // A step of a memory whose rows' states are 32 numbers.
  template <class Env>
  void trial_step(const std::string& name, const typename Env::Options& options, int step,
                  TrialStepForm form = {}) {
    const int tiles = size == CaseSize::full ? 2 : 1;
    all.push_back(make_case("TrialStep", name, tiles, [=, size = size](Buffers& memory) {
      const HeadKind head = HeadOf<Env>::kind;
      TrialStep<float, Env> op;
      MemoryPolicy<Gru> policy =
          memory_policy<Gru>(head, policy_inputs<Env>(options), action_outputs<Env>(options));
      if (const Observation seen = Env::observation(options); seen.symbols > 0) {
        policy.symbols = seen.symbols;
        policy.kinds = seen.kinds;
        policy.embedding = policy.memory.learned = 8;
        policy.inputs = policy.memory.inputs += 8;
      }
      op.shape = policy;
      Scratch counted;
      take_heads<float>(counted, op.shape);
      Scratch at(memory.normals("heads", counted.used() / 4, 0.4));
      op.heads = take_heads<float>(at, op.shape);
      op.trials = trials(memory, op.shape, size, false, form.looks_beyond);
      // Whole packs: states are left of lanes without an environment too.
      op.trials.batch.envs = size == CaseSize::full ? 48 : 16;
      op.trials.batch.horizon = size == CaseSize::full ? 9 : 4;
      if (form.looks_beyond)
        op.trials.episode_steps = op.trials.batch.horizon = size == CaseSize::full ? 9 : form.goes_on ? 2 : 3;
      op.options = options;
      op.key = key(memory);
      op.envs_per_task = 2;
      op.memory[0] = {memory.normals("states", static_cast<long>(op.trials.batch.envs) * 32), 32};
      op.step = step;
      op.deterministic = form.deterministic;
      // States that a step has left are positive and below 1.
      std::vector<double> between(static_cast<std::size_t>(op.trials.tiles() * op.tile_numbers(options)));
      for (double& x : between) x = 0.2 + 0.7 * uniform(memory.random());
      const auto numbers = static_cast<std::size_t>(op.tile_numbers(options));
      for (std::size_t e = 0; form.goes_on && e < between.size() / numbers * kTrialTile; ++e) {
        const std::size_t elapsed = e / kTrialTile * numbers +
                                    static_cast<std::size_t>(episode_size<Env>(options)) * kTrialTile +
                                    e % kTrialTile;
        between[elapsed] = e % 3 == 0 ? 0 : e % 3 == 1 ? 1 : op.trials.episode_steps - 1;
      }
      op.between = memory.hold("between", between);
      op.tasks = memory.hold("tasks", task_numbers<Env>(options, padded(op.trials.batch.envs), memory));
      if (!form.goes_on) return op;
      op.goes_on = true;
      op.trials.batch.limits = op.trials.limit_steps();
      if (kTaskInMemory<Env>)
        op.own_tasks =
            memory.hold("own_tasks", task_numbers<Env>(options, padded(op.trials.batch.envs), memory));
      return op;
    }));
  }
};

}  // namespace

std::vector<OperationCase> environments(CaseSize size) {
  OfEnvironments c{{{}, size}};
  using Point = PointNavigation;
  c.given_tasks();
  c.environment<Point>("square", {});
  c.environment<Point>("corner", {Point::Layout::corner, Point::Reward::sparse, 1.0f, false});
  c.environment<Bandit>("bernoulli", {});
  c.environment<Bandit>("gaussian", {7, Bandit::Reward::gaussian});
  c.environment<CartPole>("default", {});
  c.environment<WindNavigation>("sparse", {});
  c.environment<WindNavigation>("dense", {.reward = WindNavigation::Reward::dense});
  c.environment<GridNavigation>("default", {});
  c.environment<TabularMdp>("default", {});
  c.environment<Pendulum>("default", {});
  c.environment<MountainCar>("default", {});
  c.environment<Acrobot>("default", {});
  c.environment<TMaze>("beside", {.start = TMaze::Start::beside});
  c.environment<KeyDoor>("default", {});
  c.environment<DarkRoom>("default", {});
  c.environment<BarcodeBandit>("default", {});
  c.environment<EpisodicTwoStep>("default", {});
  c.environment<ContextualChoice>("default", {});
  c.environment<Cstr>("trial_clock", {.set_points = Cstr::SetPoints::drawn, .clock = PlantClock::trial});
  c.environment<FourTank>("default", {});
  c.environment<DcDrive>("default", {});
  c.environment<Distillation>("default", {});
  c.environment<ToolCalls>("stale",
                           {.types = 4, .tools = 5, .schema = ToolCalls::Schema::stale, .change_until = 4});
  c.environment<Alchemy>("default", {});
  c.environment<MazeNavigation>("window", {.view = MazeNavigation::View::window});
  c.environment<HalfCheetah>("default", {});
  c.environment<Hopper>("default", {});
  c.environment<Walker>("noisy", {.goal = PlanarGoal::direction, .angle_noise = 0.01f, .speed_noise = 0.1f});
  c.environment<ArmReach>("default", {});
  c.environment<ArmPush>("default", {});
  c.environment<XLand>("small", {.benchmark = XLand::Benchmark::small, .size = 7});
  return std::move(c.all);
}

}  // namespace innerloop::cases
