// RL² on an environment that uses the whole contract (tests/support/workshop.h): 600 symbols through an embedding, masks, a
// state in memory, a record of the trial.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/device/simd/kernels.h"
#include "engine/learned/trial_policy.h"
#include "kernels/environment/draw_tasks.h"
#include "kernels/memories/inputs.h"
#include "kernels/trials/step.h"
#include "tests/support/buffers.h"
#include "tests/support/trial_problem.h"
#include "tests/support/workshop.h"

namespace innerloop {
namespace {

struct Narrow {
  static constexpr int bytes = 16, tile_rows = 2, tile_vectors = 2;
};

constexpr int kTasks = 9, kEach = 4, kEnvs = kTasks * kEach, kSteps = 30, kEpisode = 15;

// What algorithm `rl2` does in an iteration, with one update.
template <class Memory>
class Training {
 public:
  explicit Training(bool separate_value) {
    MemoryPolicy<Memory> policy = policy_with<Memory>(policy_inputs<Workshop>(options_), 18);
    add_embedding(policy, Workshop::kSymbols, Workshop::kKinds, 20);
    policy.separate_value = separate_value;
    PolicyShape& actor = policy.actor =
        policy_of({policy.hidden, action_outputs<Workshop>(options_)}, HeadKind::grouped);
    actor.groups = 2;
    actor.group_size[0] = 4;
    actor.group_size[1] = options_.tools;
    learned = learned_trial_policy(TrialPolicy(policy), 0);
    EXPECT_EQ(learned.size(), policy.parameters());
    params = memory_.hold("params", learned.initial(3));
    prepare_trials(policy);
    prepare_rollout(policy);
    prepare_learning(policy);
  }

  // The mean return of a trial; adds the rows of an embedding that were looked up.
  double iterate(std::vector<bool>& seen) {
    key_->iteration += 1;
    play();
    learn();
    const Batch<float>& batch = step_.trials.batch;
    double sum = 0;
    for (int r = 0; r < batch.rows(); ++r) {
      sum += batch.rewards[r];
      for (int place = 0; place < batch.symbol_places; ++place)
        seen[static_cast<std::size_t>(place * Workshop::kKinds +
                                      batch.symbols[place * batch.row_stride + r])] = true;
    }
    return sum / kEnvs;
  }
  // Of the last iteration's, at the parameters that played: [kTrialValues] sums.
  const float* values() const { return gradient_.values; }

  Learned learned;
  float* params = nullptr;

 private:
  template <class Op>
  void run(const Op& op, int tasks = 1) const {
    run_kernel<Op>(set_, op, tasks);
  }
  template <class Op>
  void run_on_workshop(const Op& op, int tasks) const {
    static constexpr auto kernels = host_kernels_of<SimdTeam<Narrow>>(TypeList<Op>{});
    run_kernel<Op>(kernels, op, tasks);
  }
  float* zeros(const char* name, long count) {
    float* const numbers = memory_.blank(name, count);
    std::fill_n(numbers, count, 0.0f);
    return numbers;
  }

  void prepare_trials(const MemoryPolicy<Memory>& policy) {
    Trials<float>& t = step_.trials;
    Batch<float>& b = t.batch;
    b.horizon = kSteps;
    b.envs = kEnvs;
    b.observation_size = policy.numbers();
    b.action_size = 2;
    b.symbol_places = policy.symbols;
    b.row_stride = padded(b.rows());
    const auto rows = [&](int each) { return memory_.blank("rows", each * b.row_stride); };
    b.observations = rows(b.observation_size);
    b.actions = rows(2);
    b.log_probs = rows(1);
    b.rewards = rows(1);
    b.ends = rows(1);
    b.advantages = rows(1);
    b.symbols = memory_.blank<std::int32_t>("symbols", policy.symbols * b.row_stride);
    b.allowed = memory_.blank<std::uint32_t>("allowed", action_words<Workshop>(options_) * b.row_stride);
    t.values = rows(1);
    t.targets = rows(1);
    t.episode_steps = kEpisode;
  }
  void prepare_rollout(const MemoryPolicy<Memory>& policy) {
    key_ = reinterpret_cast<RandomKey*>(memory_.hold<std::uint32_t>("key", std::vector<std::uint32_t>{5, 0}));
    draw_ = {options_, key_, memory_.blank("tasks", kEnvs * kTaskSize<Workshop>), kEach};
    const long weights = weights_size<float, Memory>(policy.memory, false);
    float* const of_memories = memory_.blank("weights", policy.networks() * weights);
    for (int n = 0; n < policy.networks(); ++n) {
      Scratch at(of_memories + n * weights);
      load_[n] = {policy.memory, Memory::template take_weights<float>(at, policy.memory, false),
                  params + n * policy.network_parameters()};
    }
    Scratch counted;
    take_heads<float>(counted, policy);
    Scratch at(memory_.blank("heads", counted.used() / 4));
    load_heads_ = {policy, take_heads<float>(at, policy), params + policy.memory_parameters()};
    inputs_.shape = policy;
    inputs_.trials = step_.trials;
    inputs_.envs = kEnvs;
    inputs_.embedding = params + policy.embedding_offset();
    inputs_.network_stride = policy.network_parameters();
    inputs_.rows = {kEnvs, 1};
    inputs_.inputs = memory_.blank("inputs", long{policy.networks()} * kEnvs * padded(policy.inputs));
    step_.shape = policy;
    step_.params = params;
    step_.weights = of_memories;
    step_.inputs = inputs_.inputs;
    states_ = long{2} * policy.networks() * kEnvs * Memory::state_size(policy.memory);
    step_.states = memory_.blank("states", states_);
    env_.shape = policy;
    env_.trials = step_.trials;
    env_.tasks = draw_.tasks;
    env_.options = options_;
    env_.key = key_;
    env_.envs_per_task = kEach;
    env_.heads = load_heads_.weights;
    env_.between = memory_.blank("between", tiles() * env_.tile_numbers(options_));
  }
  void prepare_learning(const MemoryPolicy<Memory>& policy) {
    advantages_.trials = step_.trials;
    advantages_.scale = {zeros("mean", kSteps), memory_.hold("deviation", std::vector<double>{1}),
                         zeros("updates", 1)};
    advantages_.discount = 0.9f;
    advantages_.gae_lambda = 0.9f;
    advantages_.sums = zeros("sums", kSteps * TrialAdvantages<float>::kSums);
    advantages_.advantages = zeros("scale", 2);
    gradient_.shape = policy;
    gradient_.trials = step_.trials;
    std::vector<int> order(kEnvs);
    for (std::size_t e = 0; e < order.size(); ++e) order[e] = static_cast<int>(e * 5 % kEnvs);
    gradient_.order = memory_.hold<int>("order", order);
    gradient_.envs = kEnvs;
    gradient_.clip = 0.2f;
    gradient_.value_weight = 0.5f;
    gradient_.params = params;
    gradient_.partial = memory_.blank("partial", long{tiles()} * policy.parameters());
    gradient_.values = memory_.blank("values", long{tiles()} * kTrialValues);
    mean_ = memory_.blank("gradient", policy.parameters());
    sum_.tasks = tiles();
    sum_.size = policy.parameters();
    sum_.x = gradient_.partial;
    sum_.scale = 1.0f / (kSteps * kEnvs);
    sum_.out = mean_;
    outer_.size = policy.parameters();
    outer_.params = params;
    outer_.gradient = mean_;
    outer_.first_moment = zeros("first_moment", outer_.size);
    outer_.second_moment = zeros("second_moment", outer_.size);
    outer_.powers = powers_;
    outer_.lr = 0.02f;
    outer_.beta1 = 0.9f;
    outer_.beta2 = 0.99f;
    outer_.epsilon = 1e-7f;
    outer_.norm = zeros("norm", 1);
  }

  void play() {
    run_on_workshop(draw_, kTasks);
    for (int n = 0; n < step_.shape.networks(); ++n) run(load_[n]);
    run(load_heads_);
    std::fill_n(step_.states, states_, 0.0f);
    env_.step = -1;
    run_on_workshop(env_, tiles());
    for (int t = 0; t < kSteps; ++t) {
      inputs_.step = step_.step = env_.step = t;
      run(inputs_, tiles());
      run(step_, tiles());
      for (int n = 0; n < step_.shape.networks(); ++n) env_.memory[n] = step_.head_inputs(n);
      run_on_workshop(env_, tiles());
    }
  }
  void learn() {
    using Phase = TrialAdvantages<float>::Phase;
    for (const Phase phase : {Phase::estimate, Phase::sum, Phase::scale, Phase::normalise}) {
      advantages_.phase = phase;
      run(advantages_);
    }
    run(gradient_, tiles());
    run(sum_);
    run(outer_);
  }
  int tiles() const { return step_.trials.tiles(); }

  const Workshop::Options options_{.shelves = 40, .tools = 4};
  const HostKernelSet set_ = host_kernel_sets().back();
  Buffers memory_{1};
  RandomKey* key_ = nullptr;
  DrawTasks<float, Workshop> draw_;
  LoadMemory<float, Memory> load_[2];
  LoadHeads<float> load_heads_;
  GatherInputs<float> inputs_;
  StepMemory<float, Memory> step_;
  TrialStep<float, Workshop> env_;
  TrialAdvantages<float> advantages_;
  TrialGradient<float, Memory> gradient_;
  SumOverTasks<float> sum_;
  OuterStep<float> outer_;
  double powers_[2] = {1, 1};
  long states_ = 0;
  float* mean_ = nullptr;
};

template <class Memory>
void expect_learns(bool separate_value) {
  Training<Memory> training(separate_value);
  const std::vector<float> start(training.params, training.params + training.learned.size());
  std::vector<bool> seen(std::size_t{Workshop::kSymbols} * Workshop::kKinds);
  double first = 0, last = 0;
  constexpr int kIterations = 40, kCounted = 10;
  for (int i = 0; i < kIterations; ++i) {
    const double trial_return = training.iterate(seen);
    if (i < kCounted) first += trial_return / kCounted;
    if (i >= kIterations - kCounted) last += trial_return / kCounted;
    // The gradient goes forward through what was played: each ratio is 1 to rounding.
    for (int tile = 0; tile < 2; ++tile)
      ASSERT_NEAR(training.values()[tile * kTrialValues + kTrialDivergence], 0, 1e-4) << i;
  }
  EXPECT_GT(last, first + 4);
  // Of each network no rows have moved but those that were seen, and nearly all of those: the clock, up to 200, saturates gates
  // so far that a row which was seen late in one trial alone has a gradient of exactly 0.
  for (const char* name : {"embedding", "value.embedding"}) {
    const LearnedBlock* const block = training.learned.find(name);
    EXPECT_EQ(block != nullptr, separate_value || name[0] != 'v');
    if (block == nullptr) continue;
    const std::int64_t width = block->shape[2];
    std::vector<bool> moved(seen.size());
    for (std::int64_t p = 0; p < block->size(); ++p) {
      const std::int64_t at = block->offset + p;
      EXPECT_TRUE(std::isfinite(training.params[at]));
      if (training.params[at] != start[static_cast<std::size_t>(at)])
        moved[static_cast<std::size_t>(p / width)] = true;
    }
    for (std::size_t row = 0; row < seen.size(); ++row) EXPECT_TRUE(seen[row] || !moved[row]) << name << row;
    EXPECT_GE(std::ranges::count(moved, true), 0.98 * std::ranges::count(seen, true)) << name;
    EXPECT_GT(std::ranges::count(moved, false), 0) << name;
  }
}

TEST(TrainedWorkshop, AGruLearns) { expect_learns<Gru>(false); }
TEST(TrainedWorkshop, AnLstmWithAValueNetworkLearns) { expect_learns<Lstm>(true); }

}  // namespace
}  // namespace innerloop
