// Memories: their weights, their steps, and gradients back through trials.
#include "tests/support/belief_problem.h"
#include "tests/support/operation_cases/cases.h"

namespace innerloop::cases {
namespace {

struct OfMemories : Cases {
  // A window of 3 does not divide the full case's 11 steps; 1 does.
  template <class Kind>
  void trial_gradients(MemoryForm form, const std::string& name) {
    for (const HeadKind head : {HeadKind::gaussian, HeadKind::categorical}) {
      const auto shape = memory_policy<Kind>(head, 4, 3, form);
      const int tiles = size == CaseSize::full ? 2 : 1;
      const bool gaussian = head == HeadKind::gaussian;
      all.push_back(make_case("TrialGradient", name + (gaussian ? "_gaussian" : "_categorical"), tiles,
                              [=, size = size](Buffers& memory) {
                                TrialGradient<float, Kind> op;
                                op.shape = shape;
                                op.params = memory_params(memory, shape);
                                op.trials = trials(memory, shape, size, true);
                                op.envs = op.trials.batch.envs - 1;
                                op.order = order(memory, op.envs, op.trials.batch.envs);
                                op.clip = 0.2f;
                                op.value_weight = 0.5f;
                                op.value_clip = gaussian ? 0.4f : 0.0f;
                                op.entropy_weight = 0.03f;
                                op.entropy_schedule = {key(memory), 0.1f};
                                op.window = gaussian ? 0 : size == CaseSize::full ? 1 : 3;
                                op.partial =
                                    memory.blank("partial", static_cast<long>(tiles) * op.shape.parameters());
                                op.values =
                                    memory.blank("values_sums", static_cast<long>(tiles) * kTrialValues);
                                if constexpr (kHasPrompt<Kind>) add_prompts(memory, op);
                                return op;
                              }));
    }
  }
  template <class Kind>
  static void add_prompts(Buffers& memory, TrialGradient<float, Kind>& op) {
    const long numbers = prompt_numbers<Kind>(op.shape.memory) * static_cast<long>(op.trials.batch.envs);
    if (numbers == 0) return;
    op.prompts = memory.normals("prompts", numbers, 0.4);
    op.by_prompts = memory.blank("by_prompts", numbers);
  }
  // What an inner step of prompts asks for.
  void prompt_gradient() {
    all.push_back(make_case("TrialGradient", "transformer_prompts_alone", 1, [size = size](Buffers& memory) {
      TrialGradient<float, Transformer> op;
      op.shape = memory_policy<Transformer>(HeadKind::gaussian, 4, 3, {true});
      op.params = memory_params(memory, op.shape);
      op.trials = trials(memory, op.shape, size, true);
      op.envs = 5;
      op.order = order(memory, op.envs, op.trials.batch.envs);
      op.clip = 1;
      add_prompts(memory, op);
      return op;
    }));
  }

  template <class Kind>
  void wide_memory(const std::string& name) {
    using Op = WideMemory<float, Kind>;
    typename Kind::Shape shape;
    shape.inputs = 4;
    shape.hidden = 19;
    const std::pair<const char*, typename Op::Phase> phases[] = {{"activate", Op::Phase::activate},
                                                                 {"slopes", Op::Phase::slopes}};
    for (const auto& [of, phase] : phases)
      add_once("WideMemory", name + "_" + of, [=, phase = phase](Buffers& memory) {
        const int rows = 2 * Op::kRows + 3;
        const auto numbers = [&](const char* buffer, int each) {
          return memory.normals(buffer, static_cast<long>(rows) * each);
        };
        Op op;
        op.phase = phase;
        op.shape = shape;
        float *const before = numbers("before", Kind::state_size(shape)), *const kept = numbers(
                                                                              "kept", Kind::kept_size(shape));
        op.step = {rows, {}, before, kept, numbers("after", Kind::state_size(shape))};
        op.back = {rows, before, kept, numbers("state", Kind::state_size(shape)),
                   numbers("back", Kind::back_size(shape))};
        return op;
      });
  }

  template <class Kind>
  void store_memory(const std::string& name) {
    add_once("StoreMemory", name, [](Buffers& memory) {
      StoreMemory<float, Kind> op;
      op.shape = memory_policy<Kind>(HeadKind::gaussian, 4, 3).memory;
      Scratch counted;
      Kind::template take_sums<float>(counted, op.shape);
      Scratch at(memory.normals("sums", counted.used() / 4));
      op.sums = Kind::template take_sums<float>(at, op.shape);
      op.gradient = memory.blank("gradient", Kind::parameters(op.shape));
      op.teams = 3;
      return op;
    });
  }

  template <class Kind>
  void load_memory(const std::string& name) {
    for (const bool way_back : {false, true})
      add_once("LoadMemory", name + (way_back ? "_way_back" : ""), [=](Buffers& memory) {
        const auto policy = memory_policy<Kind>(HeadKind::gaussian, 4, 3, {false, false, way_back ? 17 : 0});
        LoadMemory<float, Kind> op;
        op.shape = policy.memory;
        op.params = memory.normals("params", Kind::parameters(op.shape));
        Scratch at(memory.blank("weights", weights_size<float, Kind>(op.shape, way_back)));
        op.weights = Kind::template take_weights<float>(at, op.shape, way_back);
        op.teams = 3;
        return op;
      });
  }

  void load_heads() {
    for (const HeadKind head : {HeadKind::gaussian, HeadKind::categorical})
      add_once("LoadHeads", head == HeadKind::gaussian ? "gaussian" : "categorical", [=](Buffers& memory) {
        LoadHeads<float> op;
        op.shape = memory_policy<Gru>(head, 4, 3);
        op.params = memory.normals("heads", op.shape.head_parameters());
        Scratch counted;
        take_heads<float>(counted, op.shape);
        Scratch at(memory.blank("weights", counted.used() / 4));
        op.weights = take_heads<float>(at, op.shape);
        return op;
      });
  }

  // Of a rollout's step, and of all steps of a minibatch; with symbols and without.
  void inputs() {
    const std::pair<const char*, MemoryForm> forms[] = {
        {"numbers", {}}, {"symbols", {false, false, 19}}, {"symbols_separate", {false, true, 5}}};
    for (const auto& [name, form] : forms)
      for (const bool all_steps : {false, true}) {
        const auto policy = memory_policy<Gru>(HeadKind::gaussian, 4, 3, form);
        all.push_back(make_case("GatherInputs", std::string(name) + (all_steps ? "_minibatch" : "_step"),
                                size == CaseSize::full ? 2 : 1, [=, size = size](Buffers& memory) {
                                  GatherInputs<float> op;
                                  op.shape = policy;
                                  op.trials = trials(memory, policy, size, true);
                                  op.envs = op.trials.batch.envs - (all_steps ? 2 : 0);
                                  op.order =
                                      all_steps ? order(memory, op.envs, op.trials.batch.envs) : nullptr;
                                  op.step = all_steps ? 0 : 3;
                                  op.steps = all_steps ? op.trials.batch.horizon : 1;
                                  op.embedding = memory_params(memory, policy) + policy.embedding_offset();
                                  op.network_stride = policy.network_parameters();
                                  op.rows = all_steps ? RowOrder{1, op.steps} : RowOrder{op.envs, 1};
                                  op.inputs = memory.blank("taken_in", static_cast<long>(op.parts()) *
                                                                           op.envs * padded(policy.inputs));
                                  return op;
                                }));
      }
    add_once("AddEmbeddingGradient", "minibatch", [=, size = size](Buffers& memory) {
      AddEmbeddingGradient<float> op;
      op.shape = memory_policy<Gru>(HeadKind::gaussian, 4, 3, {false, false, 19});
      op.trials = trials(memory, op.shape, size, true);
      op.envs = op.trials.batch.envs - 2;
      op.order = order(memory, op.envs, op.trials.batch.envs);
      const int steps = op.trials.batch.horizon;
      op.rows = {1, steps + 2, 2};  // behind two rows of something else each
      op.by = memory.normals("by", static_cast<long>(steps + 2) * op.envs * padded(19));
      op.gradient = memory.normals("gradient", op.shape.embedding_parameters());
      return op;
    });
  }

  // The ring's next trial lies before its end, so that some go to its beginning.
  static TrialRing<float> ring(Buffers& memory, int capacity, int steps, int there, int actions = 0) {
    TrialRing<float> ring{
        .capacity = capacity, .steps = steps, .inputs = 6, .observed = 2, .actions = actions};
    ring.rows = memory.normals("ring", static_cast<long>(capacity) * steps * ring.row_size());
    ring.place = memory.hold<int>("place", std::vector<int>{capacity - 5, there});
    return ring;
  }
  void beliefs() {
    const bool full = size == CaseSize::full;
    for (const auto phase : {StoreTrials<float>::Phase::store, StoreTrials<float>::Phase::advance}) {
      const bool stores = phase == StoreTrials<float>::Phase::store;
      all.push_back(make_case("StoreTrials", stores ? "store" : "advance", stores && full ? 2 : 1,
                              [=, size = size](Buffers& memory) {
                                const auto policy = memory_policy<Belief>(HeadKind::gaussian, 6, 3);
                                StoreTrials<float> op;
                                op.phase = phase;
                                op.trials = trials(memory, policy, size, true);
                                Batch<float>& batch = op.trials.batch;
                                batch.next_observations = memory.normals("next", 2 * batch.row_stride);
                                op.ring = ring(memory, batch.envs + 3, batch.horizon, batch.envs);
                                return op;
                              }));
    }
    for (const HeadKind head : {HeadKind::gaussian, HeadKind::categorical}) {
      const bool gaussian = head == HeadKind::gaussian;
      all.push_back(make_case("StoreTrials", gaussian ? "squashed_actions" : "choices", full ? 2 : 1,
                              [=, size = size](Buffers& memory) {
                                auto policy = memory_policy<Belief>(head, 6, 3);
                                policy.actor.squash = gaussian ? 0.5f : 0;
                                StoreTrials<float> op;
                                op.actor = policy.actor;
                                op.trials = trials(memory, policy, size, true);
                                Batch<float>& batch = op.trials.batch;
                                batch.next_observations = memory.normals("next", 2 * batch.row_stride);
                                op.ring = ring(memory, batch.envs + 3, batch.horizon, batch.envs, 3);
                                return op;
                              }));
    }
    all.push_back(make_case("TrialBeliefs", "of_some", full ? 2 : 1, [=, size = size](Buffers& memory) {
      const auto policy = memory_policy<Belief>(HeadKind::gaussian, 6, 3);
      TrialBeliefs<float> op;
      op.shape = policy.memory;
      op.trials = trials(memory, policy, size, true);
      op.envs = op.trials.batch.envs - 2;
      op.params = memory_params(memory, policy);
      op.beliefs =
          memory.blank("beliefs", static_cast<long>(op.trials.batch.horizon) * op.envs * op.shape.moments());
      return op;
    }));
    for (const int decode_steps : {0, 4})
      add_once("DrawBeliefBatch", decode_steps > 0 ? "some_steps" : "all_steps", [=](Buffers& memory) {
        DrawBeliefBatch<float> op;
        op.key = key(memory);
        op.update = 1;
        BeliefBatch<float>& batch = op.batch;
        batch.ring = ring(memory, 30, 7, 25);
        batch.trials = 11;
        batch.latent = 3;
        batch.decode_steps = decode_steps;
        batch.drawn = memory.blank<int>("drawn", batch.trials);
        batch.noise = memory.blank("noise", 11L * 3 * padded(7));
        if (decode_steps > 0) batch.decoded = memory.blank<int>("decoded", 11L * decode_steps);
        return op;
      });
    const std::pair<const char*, BeliefForm> forms[] = {
        {"reward", {.latent = 2, .encoder = 17, .decoder_hidden = {18, 3}, .steps = 11, .trials = 11}},
        {"reward_of_some", {.decode_steps = 5}},
        {"cells", {.decoder = Decoder::cells, .latent = 9, .side = 5, .steps = 13, .trials = 11}},
        {"cells_and_states",
         {.decoder = Decoder::cells, .decode_steps = 5, .state_decoder_hidden = {18, 3}}}};
    for (const auto& [name, form] : forms)
      all.push_back(
          make_case("BeliefGradient", name, form.trials > 8 ? 2 : 1, [form = form](Buffers& memory) {
            return belief_gradient_of<float>(random_belief_problem(form), memory);
          }));
  }

  // An even step and an odd one.
  template <class Kind>
  void step_memory(MemoryForm form, const std::string& name) {
    for (const int step : {0, 3}) {
      const auto policy =
          memory_policy<Kind>(step == 0 ? HeadKind::gaussian : HeadKind::categorical, 4, 3, form);
      const int tiles = size == CaseSize::full ? 2 : 1;
      all.push_back(make_case(
          "StepMemory", name + "_" + std::to_string(step), tiles, [=, size = size](Buffers& memory) {
            StepMemory<float, Kind> op;
            op.shape = policy;
            op.trials = trials(memory, policy, size, true);
            op.params = memory_params(memory, policy);
            op.step = step;
            const long networks = policy.networks(), envs = op.trials.batch.envs,
                       weights = weights_size<float, Kind>(policy.memory, false);
            op.weights = memory.normals("weights", networks * weights, 0.4);
            op.states = memory.normals("states", networks * 2 * envs * Kind::state_size(policy.memory), 0.5);
            if (policy.embedding > 0)
              op.inputs = memory.normals("taken_in", networks * envs * padded(policy.inputs));
            if (policy.layer_norm)
              op.normalised = memory.blank("normalised", networks * envs * padded(policy.hidden));
            if constexpr (kLooksBack<Kind>)
              op.trace = memory.normals("trace", networks * op.trials.tiles() * op.tile_trace());
            if (const long numbers = prompt_numbers<Kind>(policy.memory); numbers > 0)
              op.prompts = memory.normals("prompts", envs * numbers, 0.4);
            if constexpr (std::is_same_v<Kind, Episodic>)  // episodes that are stored already
              for (long row = 0; row < networks * 2 * envs; ++row)
                op.states[row * Kind::state_size(policy.memory) + Kind::count_at(policy.memory)] =
                    static_cast<float>(row % 5);
            return op;
          }));
    }
  }
};

}  // namespace

std::vector<OperationCase> memories(CaseSize size) {
  OfMemories c{{{}, size}};
  c.wide_memory<Gru>("gru");
  c.wide_memory<Lstm>("lstm");
  c.store_memory<Gru>("gru");
  c.store_memory<Lstm>("lstm");
  c.store_memory<Transformer>("transformer");
  c.load_memory<Gru>("gru");
  c.load_memory<Lstm>("lstm");
  c.load_memory<Feedforward>("feedforward");
  c.load_memory<Episodic>("episodic");
  c.load_memory<Transformer>("transformer");
  c.load_memory<Belief>("belief");
  c.load_heads();
  c.step_memory<Gru>({}, "gru");
  c.step_memory<Lstm>({}, "lstm");
  c.step_memory<Feedforward>({}, "feedforward");
  c.step_memory<Gru>({true, true}, "gru_normalised_separate");
  c.step_memory<Lstm>({true}, "lstm_normalised");
  c.step_memory<Feedforward>({false, true}, "feedforward_separate");
  c.step_memory<Episodic>({true, true}, "episodic_normalised_separate");
  c.step_memory<Transformer>({true, true}, "transformer_normalised_separate");
  c.step_memory<Belief>({}, "belief");
  c.inputs();
  c.step_memory<Gru>({false, true, 19}, "gru_symbols_separate");
  c.step_memory<Lstm>({false, false, 5}, "lstm_symbols");
  c.step_memory<Feedforward>({false, false, 5}, "feedforward_symbols");
  c.trial_gradients<Gru>({}, "gru");
  c.trial_gradients<Lstm>({}, "lstm");
  c.trial_gradients<Feedforward>({}, "feedforward");
  c.trial_gradients<Gru>({true}, "gru_normalised");
  c.trial_gradients<Lstm>({true}, "lstm_normalised");
  c.trial_gradients<Gru>({true, true}, "gru_normalised_separate");
  c.trial_gradients<Lstm>({false, true}, "lstm_separate");
  c.trial_gradients<Feedforward>({false, true}, "feedforward_separate");
  c.trial_gradients<Gru>({true, true, 19}, "gru_symbols_separate");
  c.trial_gradients<Lstm>({false, false, 5}, "lstm_symbols");
  c.trial_gradients<Feedforward>({false, true, 17}, "feedforward_symbols_separate");
  c.trial_gradients<Episodic>({}, "episodic");
  c.trial_gradients<Episodic>({false, true, 19}, "episodic_symbols_separate");
  c.trial_gradients<Transformer>({true}, "transformer_normalised");
  c.prompt_gradient();
  c.trial_gradients<Belief>({}, "belief");
  c.trial_gradients<Transformer>({true, true, 19}, "transformer_symbols_separate");
  c.beliefs();
  return std::move(c.all);
}

}  // namespace innerloop::cases
