// Soft actor-critic: its rings of steps, gradients and targets, and how its policy acts.
#include "tests/support/context_problem.h"
#include "tests/support/operation_cases/cases.h"
#include "tests/support/soft_problem.h"

namespace innerloop::cases {
namespace {

struct OfCritics : Cases {
  std::vector<std::pair<const char*, SoftForm>> forms() const {
    const int steps = size == CaseSize::full ? 70 : 11;
    return {{"targets", {.steps = steps, .hidden = {19, 18}, .critic_hidden = {17, 5}}},
            {"value_relu",
             {.has_value = true,
              .latent = 3,
              .tasks = size == CaseSize::full ? 2 : 1,
              .steps = steps,
              .activation = Activation::relu}}};
  }
  void gradients() {
    for (const auto& [name, form] : forms()) {
      const SoftProblem p = random_soft_problem(form);
      const int tiles = p.tasks * ceil_div(p.steps, SoftObjective<float>::kTile);
      all.push_back(make_case("CriticGradient", name, tiles,
                              [p](Buffers& memory) { return critic_gradient_of<float>(p, memory); }));
      all.push_back(make_case("ActorGradient", name, tiles,
                              [p](Buffers& memory) { return actor_gradient_of<float>(p, memory); }));
    }
    for (const float rate : {0.3f, 1.0f})
      add_once("TrackTarget", rate == 1 ? "copy" : "move", [=](Buffers& memory) {
        return TrackTarget<float>{memory.normals("followed", 2500), memory.normals("target", 2500), 2500,
                                  rate};
      });
  }

  // The rings' next step lies before their end, so that some go to their beginning.
  static Replay<float> replay(Buffers& memory, int tasks, int capacity) {
    Replay<float> replay{.tasks = tasks, .capacity = capacity, .observed = 4, .actions = 3};
    replay.rows = memory.normals("replay", static_cast<long>(tasks) * capacity * replay.row_size());
    std::vector<int> place;
    for (int task = 0; task < tasks; ++task) place.insert(place.end(), {capacity - 3 - task, capacity});
    replay.place = memory.hold<int>("place", place);
    return replay;
  }
  static Trials<float> played(Buffers& memory, CaseSize size) {
    const auto policy = memory_policy<Feedforward>(HeadKind::gaussian, 4, 3);
    Trials<float> played = trials(memory, policy, size, true, true);
    played.batch.next_observations = memory.normals("next", 4 * played.batch.row_stride);
    return played;
  }
  void replays() {
    for (const auto phase : {StoreSteps<float>::Phase::store, StoreSteps<float>::Phase::advance}) {
      const bool stores = phase == StoreSteps<float>::Phase::store;
      all.push_back(make_case("StoreSteps", stores ? "store" : "advance", stores ? played_tiles() : 1,
                              [size = size, phase](Buffers& memory) {
                                StoreSteps<float> op;
                                op.phase = phase;
                                op.trials = played(memory, size);
                                const Batch<float>& batch = op.trials.batch;
                                op.replay = replay(memory, 1, batch.horizon * batch.envs + 7);
                                op.envs_per_task = batch.envs;
                                op.wanted = 5;
                                op.open = memory.blank<int>("open", 1);
                                return op;
                              }));
    }
    add_once("DrawReplay", "tasks", [](Buffers& memory) {
      DrawReplay<float> op;
      op.batch.replay = replay(memory, 5, 90);
      op.batch.tasks = 3;
      op.batch.steps = 37;
      op.batch.of = memory.blank<int>("of", 3);
      op.batch.drawn = memory.blank<int>("drawn", op.batch.rows());
      op.batch.noise = memory.blank("noise", 6L * op.batch.rows());
      op.key = key(memory);
      op.update = 2;
      return op;
    });
  }

  void beliefs() {
    const bool full = size == CaseSize::full;
    const ContextProblem p =
        random_context_problem({.latent = 5,
                                .tasks = full ? 3 : 1,
                                .steps = full ? 70 : 9,
                                .count = full ? std::vector<int>{70, 0, 13} : std::vector<int>{},
                                .next_state = full,
                                .within = 0.6f,
                                .from = 1.1f,
                                .shrinks = 7,
                                .iteration = 2,
                                .hidden = {19, 18}});
    const int tiles = p.tasks * ceil_div(p.steps, EncodeContext<float>::kTile);
    // What other operations leave for this one.
    const auto operations = [p](Buffers& memory) {
      ContextOperations<float> ops = context_operations_of<float>(p, memory);
      const long numbers = p.tasks * 2L * padded(p.encoder.latent);
      ops.form.sums = memory.normals("tile_sums", ops.encode.tiles() * 2L * padded(p.encoder.latent));
      for (long i = 0; i < ops.encode.tiles() * 2L * padded(p.encoder.latent); ++i) {
        float& sum = const_cast<float*>(ops.form.sums)[i];  // precisions, which are above 0
        sum = 0.1f + sum * sum;
      }
      ops.form.beliefs = memory.normals("q", numbers);
      for (long i = 0; i < numbers; ++i)
        ops.form.beliefs[i] = 0.1f + ops.form.beliefs[i] * ops.form.beliefs[i];
      ops.form.by_beliefs = memory.normals("by_q", numbers);
      ops.form.critic_tiles = 2;
      ops.form.by_latent = memory.normals("by_latent", numbers);
      ops.encode.beliefs = ops.form.beliefs;
      ops.encode.by_beliefs = ops.form.by_beliefs;
      return ops;
    };
    for (const auto phase : {EncodeContext<float>::Phase::sum, EncodeContext<float>::Phase::gradient})
      all.push_back(make_case("EncodeContext", phase == EncodeContext<float>::Phase::sum ? "sum" : "gradient",
                              tiles, [=](Buffers& memory) {
                                EncodeContext<float> op = operations(memory).encode;
                                op.phase = phase;
                                return op;
                              }));
    for (const auto phase : {FormBeliefs<float>::Phase::form, FormBeliefs<float>::Phase::back})
      add_once("FormBeliefs", phase == FormBeliefs<float>::Phase::form ? "form" : "back",
               [=](Buffers& memory) {
                 FormBeliefs<float> op = operations(memory).form;
                 op.phase = phase;
                 return op;
               });
    all.push_back(make_case("DrawContexts", "tasks", 3, [](Buffers& memory) {
      DrawContexts<float> op;
      ContextBatch<float>& c = op.contexts;
      c.ring = replay(memory, 3, 40);
      c.tasks = 3;
      c.steps = 17;
      c.latent = 5;
      c.of = memory.hold<int>("of", std::vector<int>{2, 0, 2});
      c.drawn = memory.blank<int>("drawn", 3 * 17);
      c.count = memory.blank<int>("count", 3);
      c.noise = memory.blank("noise", 3 * padded(5));
      op.key = key(memory);
      return op;
    }));
    add_once("ChooseTasks", "turns", [](Buffers& memory) {
      ChooseTasks<float> op;
      op.key = key(memory);
      op.all = 12;
      op.tasks = 3;
      op.size = 5;
      op.copies = 2;
      op.given = memory.normals("given", 12 * 5);
      op.numbers = memory.blank("numbers", 3 * 2 * 5);
      op.played = memory.blank<int>("played", 3);
      return op;
    });
    add_once("ShowRewards", "sparse", [](Buffers& memory) {
      ShowRewards<float> op;
      op.steps.within = 0.5f;
      op.rewards = memory.normals("rewards", 1500);
      op.shown = memory.blank("shown", 1500);
      op.count = 1500;
      return op;
    });
    for (const int step : {0, 1, 4})
      all.push_back(make_case(
          "InferTask", "step_" + std::to_string(step), played_tiles(), [size = size, step](Buffers& memory) {
            InferTask<float> op;
            op.trials = played(memory, size);
            const Batch<float>& batch = op.trials.batch;
            for (long row = 0; row < batch.row_stride; ++row) batch.ends[row] = row % 3 == 0 ? 1.0f : 0.0f;
            op.encoder.steps = {
                .actions = 3, .observed = 4, .next_state = true, .within = 0.5f, .from = 1.3f, .shrinks = 9};
            op.encoder.latent = 5;
            op.encoder.net = perceptron_of({19, 18}, Activation::relu, op.encoder.steps.inputs(), 0, 10);
            op.params = memory.normals("params", op.encoder.net.parameters(), 0.4);
            op.key = key(memory);
            op.envs_per_task = 3;
            op.prior_episodes = 2;
            op.step = step;
            const long numbers = static_cast<long>(batch.envs) * InferredSize::of(5);
            op.inferred = memory.normals("inferred", numbers);
            op.told_envs = batch.envs - 1;
            op.beliefs = memory.blank("beliefs", (step + 1L) * op.told_envs * 2 * 5);
            for (long i = 0; i < numbers; ++i) op.inferred[i] = 0.1f + op.inferred[i] * op.inferred[i];
            for (int env = 0; env < batch.envs; ++env)
              op.of(env)[3 * padded(5)] = static_cast<float>(env % 4);
            return op;
          }));
  }
  int played_tiles() const {
    Buffers memory(1);
    return played(memory, size).tiles();
  }

  void acting() {
    add_once("IdentityHeads", "gaussian", [](Buffers& memory) {
      IdentityHeads<float> op;
      op.shape = memory_policy<Feedforward>(HeadKind::gaussian, 4, 3);
      Scratch counted;
      take_heads<float>(counted, op.shape);
      Scratch at(memory.blank("weights", counted.used() / 4));
      op.heads = take_heads<float>(at, op.shape);
      return op;
    });
    for (const bool deterministic : {false, true}) {
      all.push_back(
          make_case("ActSoftly", deterministic ? "mean" : "drawn", played_tiles(),
                    [size = size, deterministic](Buffers& memory) {
                      ActSoftly<float> op;
                      op.nets = soft_networks_of({.actions = 3, .hidden = {19, 18}});
                      op.nets.observed = 4;
                      op.nets.latent = deterministic ? 0 : 5;
                      op.nets.policy = perceptron_of({19, 18}, Activation::tanh, op.nets.latent + 4, 0, 6);
                      op.trials = played(memory, size);
                      op.latents = memory.normals("latents", op.trials.batch.envs * 20L);
                      op.latent_stride = 20;
                      op.params = memory.normals("params", op.nets.policy.parameters(), 0.4);
                      op.key = key(memory);
                      op.envs_per_task = 3;
                      op.deterministic = deterministic;
                      op.step = 2;
                      op.drawn = memory.blank("drawn", op.trials.batch.envs * 16L);
                      return op;
                    }));
    }
  }
};

}  // namespace

std::vector<OperationCase> critics(CaseSize size) {
  OfCritics c{{{}, size}};
  c.gradients();
  c.replays();
  c.beliefs();
  c.acting();
  return c.all;
}

}  // namespace innerloop::cases
