// What is done with played trials, whatever the memory.
#include "tests/support/operation_cases/cases.h"

namespace innerloop::cases {
namespace {

struct OfTrials : Cases {
  void trial_seeds() {
    using Op = TrialSeeds<float>;
    const std::tuple<const char*, Op::Phase, bool> forms[] = {{"seed", Op::Phase::seed, false},
                                                              {"seed_trials", Op::Phase::seed, true},
                                                              {"sum", Op::Phase::sum, false},
                                                              {"store", Op::Phase::store, false}};
    for (const auto& [name, phase, trials_together] : forms)
      add_once(
          "TrialSeeds", name, [=, phase = phase, together = trials_together, size = size](Buffers& memory) {
            Op op;
            op.phase = phase;
            op.shape = memory_policy<Gru>(HeadKind::gaussian, 4, 3);
            const int hidden = padded(op.shape.hidden), heads = op.shape.heads();
            op.trials = trials(memory, op.shape, size, true);
            op.envs = op.trials.batch.envs - 2;
            op.order = order(memory, op.envs, op.trials.batch.envs);
            op.clip = 0.2f;
            op.value_weight = 0.5f;
            op.entropy_weight = 0.03f;
            op.params = memory.normals("heads", op.shape.head_parameters(), 0.4);
            // Trials one behind the other begin with two rows of something else.
            const int steps = op.trials.batch.horizon;
            op.rows_at = together ? RowOrder{1, steps + 2, 2} : RowOrder{op.envs, 1};
            op.row_count = op.envs * (together ? steps + 2 : steps);
            op.memory[0] = {memory.normals("states", static_cast<long>(op.row_count) * hidden, 0.5), hidden};
            op.row_stride = padded(op.row_count);
            const int quantities = Op::quantities(op.shape);
            op.seeds = memory.normals("seeds", static_cast<long>(quantities) * op.row_stride);
            // Behind the last row there are zeros where they are summed.
            for (int q = 0; q < quantities; ++q)
              std::fill(op.seeds + q * op.row_stride + op.row_count, op.seeds + (q + 1) * op.row_stride,
                        0.0f);
            op.sums = memory.normals("sums", quantities);
            op.head_sums = memory.normals("head_sums", static_cast<long>(heads) * hidden);
            op.gradient = memory.blank("gradient", op.shape.head_parameters());
            op.values = memory.blank("values_sums", kTrialValues);
            return op;
          });
  }

  void going_on() {
    for (const bool back : {false, true})
      all.push_back(make_case("CarryEpisodes", back ? "back" : "out", 2, [=](Buffers& memory) {
        constexpr int kEnvs = 43, kSize = 5;
        return CarryEpisodes<float>{kEnvs, kSize, back, memory.normals("between", 2L * kSize * kTrialTile),
                                    memory.normals("carried", long{kSize} * kEnvs)};
      }));
    add_once("FinishedReturns", "of_trials", [size = size](Buffers& memory) {
      FinishedReturns<float> op;
      op.trials = trials(memory, memory_policy<Gru>(HeadKind::categorical, 4, 3), size, true);
      const long envs = op.trials.batch.envs;
      op.open = memory.normals("open", kOpenEpisode * envs);
      for (long e = 0; e < envs; ++e) op.open[kOpenSteps * envs + e] = static_cast<float>(e % 4);
      op.finished = memory.blank("finished", kFinishedSums * envs);
      return op;
    });
    add_once("GatherSamples", "of_trials", [size = size](Buffers& memory) {
      const auto policy = memory_policy<Gru>(HeadKind::categorical, 4, 3);
      GatherSamples<float> op;
      op.from = trials(memory, policy, size, true);
      op.to = trials(memory, policy, size, false);
      op.to.batch.horizon = 3;
      op.to.batch.envs = 14;
      op.order = order(memory, op.to.batch.rows(), op.from.batch.rows());
      return op;
    });
    add_once("TrialAdvantages", "estimate_limits", [size = size](Buffers& memory) {
      TrialAdvantages<float> op;
      op.trials = trials(memory, memory_policy<Gru>(HeadKind::categorical, 4, 3), size, true, true);
      Batch<float>& b = op.trials.batch;
      op.trials.episode_steps = 4;
      b.horizon -= op.trials.limit_steps();
      b.limits = op.trials.limit_steps();
      for (int r = 0; r < b.rows(); ++r) {
        b.ends[r] = r % 5 < 2 ? 1.0f : 0.0f;
        b.terminated[r] = r % 5 < 1 ? 1.0f : 0.0f;
      }
      op.ends_with_episode = op.one_mean = true;
      op.scale = {memory.normals("mean", b.horizon), memory.hold("deviation", std::vector<double>{1.7}),
                  memory.hold("updates", std::vector<double>{3})};
      op.discount = 0.97f;
      op.gae_lambda = 0.9f;
      op.sums = memory.hold(
          "sums",
          std::vector<double>(static_cast<std::size_t>(b.horizon) * TrialAdvantages<float>::kSums, 0.6));
      op.advantages = memory.hold("advantage_scale", std::vector<double>{0.2, 1.3});
      return op;
    });
  }

  void prompts() {
    constexpr int kTasks = 2, kEach = 4, kNumbers = 37;
    add_once("TaskAdvantages", "of_tasks", [size = size](Buffers& memory) {
      TaskAdvantages<float> op;
      op.trials = trials(memory, memory_policy<Gru>(HeadKind::categorical, 4, 3), size, true);
      op.envs_per_task = kEach;
      op.trials.batch.envs = kTasks * kEach;
      op.discount = 0.97f;
      return op;
    });
    add_once("AdaptPrompts", "of_tasks", [](Buffers& memory) {
      AdaptPrompts<float> op;
      op.tasks = kTasks;
      op.envs_per_task = kEach;
      op.steps = 11;
      op.numbers = kNumbers;
      op.step_size = 0.7f;
      op.gradient = memory.normals("gradient", long{kTasks} * kEach * kNumbers);
      op.prompts = memory.normals("prompts", long{kTasks} * kEach * kNumbers);
      return op;
    });
  }

  void played_trials() {
    trial_seeds();
    add_once("FillMemory", "shared", [](Buffers& memory) {
      return FillMemory<float>{memory.blank("numbers", 1000), 1000, 0.5f, 3};
    });
    using Phase = TrialAdvantages<float>::Phase;
    struct Form {
      const char* name;
      Phase phase;
      bool beyond;
    };
    for (const Form form :
         {Form{"estimate", Phase::estimate, false}, Form{"sum", Phase::sum, false},
          Form{"scale", Phase::scale, false}, Form{"normalise", Phase::normalise, false},
          Form{"estimate_beyond", Phase::estimate, true}, Form{"scale_beyond", Phase::scale, true}})
      add_once("TrialAdvantages", form.name, [=, size = size](Buffers& memory) {
        TrialAdvantages<float> op;
        op.phase = form.phase;
        op.trials = trials(memory, memory_policy<Gru>(HeadKind::categorical, 4, 3), size, true, form.beyond);
        op.ends_with_episode = op.one_mean = form.beyond;
        const long steps = op.trials.batch.horizon;
        op.scale = {memory.normals("mean", steps), memory.hold("deviation", std::vector<double>{1.7}),
                    memory.hold("updates", std::vector<double>{3})};
        op.discount = 0.97f;
        op.gae_lambda = 0.9f;
        op.sums = memory.hold(
            "sums",
            std::vector<double>(static_cast<std::size_t>(steps) * TrialAdvantages<float>::kSums, 0.6));
        op.advantages = memory.hold("advantage_scale", std::vector<double>{0.2, 1.3});
        return op;
      });
    add_once("EpisodeReturns", "of_trials", [size = size](Buffers& memory) {
      EpisodeReturns<float> op;
      op.trials = trials(memory, memory_policy<Gru>(HeadKind::categorical, 4, 3), size, true);
      const long numbers = (op.trials.episodes() + 1) * static_cast<long>(op.trials.batch.envs);
      op.returns = memory.blank("returns", numbers);
      op.lengths = memory.blank("lengths", numbers);
      return op;
    });
    going_on();
    prompts();
    const auto gate = [](Buffers& memory) {
      return UpdateGate<float>{memory.normals("values", 5 * kTrialValues),
                               memory.hold<int>("open", std::vector<int>{1}),
                               memory.hold("updates", std::vector<double>{2})};
    };
    add_once("StartUpdates", "gate", [=](Buffers& memory) { return StartUpdates<float>{gate(memory)}; });
    for (const auto& [form, sum] : {std::pair{"gate", 0.7}, {"gate_without_a_number", double{NAN}}})
      add_once("DecideUpdate", form, [=, sum = sum](Buffers& memory) {
        DecideUpdate<float> op{gate(memory)};
        op.minibatch = 1;
        op.tiles = 3;
        op.rows = 20;
        op.sums = memory.hold("sums", std::vector<double>(3 * kTrialValues, sum));
        op.target_kl = 0.1f;
        return op;
      });
    add_once("AverageUpdates", "gate", [=](Buffers& memory) {
      return AverageUpdates<float>{gate(memory), 5, memory.blank("mean_values", kTrialValues)};
    });
    add_once("ShuffleTrials", "draw", [](Buffers& memory) {
      using Op = ShuffleTrials<float>;
      Op op;
      op.key = key(memory);
      op.envs = Op::kPartEnvs + 7;
      op.epochs = 2;
      op.numbers = memory.blank<std::uint32_t>("numbers", static_cast<long>(op.epochs) * op.envs);
      return op;
    });
  }
};

}  // namespace

std::vector<OperationCase> trials(CaseSize size) {
  OfTrials c{{{}, size}};
  c.played_trials();
  return std::move(c.all);
}

}  // namespace innerloop::cases
