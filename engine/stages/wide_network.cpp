#include "engine/stages/wide_network.h"

#include "engine/device/launch.h"
#include "engine/stages/layered_run.h"

namespace innerloop {
namespace {

// One that takes a step after the other, each of all environments: rows are [step][env].
template <class Memory>
class RecurrentNetwork : public WideNetwork {
 public:
  RecurrentNetwork(const MemoryPolicy<Memory>& policy, const WideNetworkSetup& setup)
      : shape_(policy.memory),
        width_(padded(policy.hidden)),
        weights_(setup.weights),
        number_(setup.number),
        envs_(std::min(setup.envs, kMostEnvs)),
        steps_(setup.steps),
        device_(setup.device) {
    BufferPlan& plan = setup.plan;
    const std::int64_t together = envs_;
    Scratch counted;
    Memory::template take_sums<float>(counted, shape_);
    sums_size_ = counted.used() / static_cast<long>(sizeof(float));
    plan.add(&states_, "gradient_states", "[step][env][unit]",
             {steps_ + 1, together, Memory::state_size(shape_)});
    plan.add(&kept_, "gradient_gates", "[step][env][gate]", {rows(envs_), Memory::kept_size(shape_)});
    plan.add(&back_, "gates_gradient", "[step][env][gate]", {rows(envs_), Memory::back_size(shape_)});
    plan.add(&state_, "state_gradient", "[env][unit]", {together, Memory::state_size(shape_)});
    plan.add(&sums_, "weights_gradient", "[number]", {sums_size_});
    plan.add(&ones_, "ones", "[row]", {rows(envs_)});
  }

  int most_envs() const override { return envs_; }
  int rows(int envs) const override { return steps_ * envs; }
  RowOrder order(int envs) const override { return {envs, 1}; }
  RowOrder input_order(int envs) const override { return {envs, 1}; }

  void begin(const float*) override {
    fill_memory(device_, sums_, sums_size_, 0.0f);
    fill_memory(device_, ones_, rows(envs_), 1.0f);
  }

  // The memory before each step, and after the last.
  HeadInputs<float> forward(const float* inputs, int envs) override {
    const std::ptrdiff_t state = state_size(envs);
    const int input_size = padded(shape_.inputs);
    WideMemory<float, Memory> op;
    op.phase = WideMemory<float, Memory>::Phase::activate;
    op.shape = shape_;
    fill_memory(device_, states_, state, 0.0f);
    for (int t = 0; t < steps_; ++t) {
      op.step = {envs,
                 {inputs + std::ptrdiff_t{t} * envs * input_size, input_size, 1},
                 states_ + t * state,
                 kept_of(t, envs),
                 states_ + (t + 1) * state};
      Memory::step_products(shape_, weights(), op.step, multiply_on(device_));
      device_.once(op);
    }
    return {states_ + state, Memory::state_size(shape_)};
  }

  void back(const float* inputs, int envs, int heads, const float* by_heads, int stride,
            const float* head_weights, int window) override {
    const auto multiply = multiply_on(device_);
    const std::ptrdiff_t state = state_size(envs);
    const int size = Memory::state_size(shape_);
    WideMemory<float, Memory> op;
    op.phase = WideMemory<float, Memory>::Phase::slopes;
    op.shape = shape_;
    for (int t = steps_; t-- > 0;) {
      // The gradient ends at a window's border.
      if (t + 1 == steps_ || (window > 0 && (t + 1) % window == 0)) fill_memory(device_, state_, state, 0.0f);
      multiply(envs, width_,
               Array<Term<float>, 1>{
                   {{{by_heads + std::ptrdiff_t{t} * envs, 1, stride}, {head_weights, width_}, heads}}},
               Start<float>{state_, size}, state_, size);
      op.back = {envs, states_ + t * state, kept_of(t, envs), state_,
                 back_ + std::ptrdiff_t{t} * envs * Memory::back_size(shape_)};
      device_.once(op);
      Memory::back_products(shape_, weights(), op.back, multiply);
    }
    const auto sums = this->sums();
    Memory::gradient_products(shape_, MemoryRows<float>{rows(envs), inputs, states_, back_, kept_}, sums,
                              multiply);
    const int biases = Memory::sums_size(shape_);
    multiply(
        1, biases,
        Array<Term<float>, 1>{{{{ones_, rows(envs), 1}, {back_, Memory::back_size(shape_)}, rows(envs)}}},
        Start<float>{sums.bias, biases}, sums.bias, biases);
  }

  void input_gradient(int envs, const float* zero, float* to) override {
    Memory::input_products(shape_, weights(), MemoryInputs<float>{rows(envs), back_, zero, to},
                           multiply_on(device_));
  }

  void store(float* gradient) override {
    device_.once(StoreMemory<float, Memory>{shape_, sums(), gradient, sharing_teams(device_)});
  }

 private:
  // Enough that products are large.
  static constexpr int kMostEnvs = 256;

  typename Memory::template Weights<float> weights() const {
    return weights_.template of<Memory>(shape_, number_);
  }
  typename Memory::template Sums<float> sums() const {
    Scratch at(sums_);
    return Memory::template take_sums<float>(at, shape_);
  }
  std::ptrdiff_t state_size(int envs) const { return std::ptrdiff_t{envs} * Memory::state_size(shape_); }
  float* kept_of(int step, int envs) const {
    return kept_ + std::ptrdiff_t{step} * envs * Memory::kept_size(shape_);
  }

  const typename Memory::Shape shape_;
  const int width_;
  const MemoryWeights& weights_;
  const int number_, envs_, steps_;
  Device& device_;
  float* states_ = nullptr;  // [step + 1][env][state_size]  before each step, and after the last
  float* kept_ = nullptr;    // [step][env][kept_size]
  float* back_ = nullptr;    // [step][env][back_size]
  float* state_ = nullptr;   // [env][state_size]  the gradient by the memory's state
  std::int64_t sums_size_ = 0;
  float* sums_ = nullptr;
  float* ones_ = nullptr;  // [row]
};

// One that takes whole trials: rows are [env][row of the trial], a prompt's before the steps'.
template <class Memory>
class PassNetwork : public WideNetwork {
 public:
  PassNetwork(const MemoryPolicy<Memory>& policy, const WideNetworkSetup& setup)
      : shape_(policy.memory),
        normalised_(policy.normalised()),
        weights_(setup.weights),
        number_(setup.number),
        envs_(std::clamp(kMostRows / (setup.steps + prompt()), 1, setup.envs)),
        steps_(setup.steps),
        device_(setup.device) {
    Scratch counted;
    take(counted);
    plan_numbers(setup.plan, &numbers_, "gradient_pass", counted);
    Scratch sums;
    Memory::template take_sums<float>(sums, shape_);
    sums_size_ = plan_numbers(setup.plan, &sums_, "weights_gradient", sums);
    setup.plan.add(&ones_, "ones", "[1, −1][row]", {2, rows(envs_)});
  }

  int most_envs() const override { return envs_; }
  int rows(int envs) const override { return envs * of_trial(); }
  RowOrder order(int) const override { return {1, of_trial(), prompt()}; }
  RowOrder input_order(int) const override { return {1, steps_}; }

  void begin(const float* params) override {
    fill_memory(device_, sums_, sums_size_, 0.0f);
    fill_memory(device_, ones_, rows(envs_), 1.0f);
    fill_memory(device_, ones_ + rows(envs_), rows(envs_), -1.0f);
    if (normalised_ > 0)
      run().rows(LoadNorm<float>{normalised_, params + Memory::parameters(shape_), buffers().norm}, 1);
  }

  HeadInputs<float> forward(const float* inputs, int envs) override {
    const Buffers b = buffers();
    Memory::forward_by(run(), shape_, weights(), {envs, steps_}, inputs, nullptr, b.trials);
    if (normalised_ == 0) return {b.trials.pass.leaving, shape_.hidden};
    run().rows(NormaliseRows<float>{normalised_, b.norm, b.trials.pass.leaving, shape_.hidden}, rows(envs));
    return {b.norm.outputs, shape_.hidden};
  }

  void back(const float* inputs, int envs, int heads, const float* by_heads, int stride,
            const float* head_weights, int) override {
    const Buffers b = buffers();
    const int width = shape_.hidden;
    float* const by_outputs = normalised_ > 0 ? b.norm.by_outputs : b.state;
    run().multiply(rows(envs), width, {by_heads, 1, stride}, {head_weights, width}, heads,
                   {weights().zero, 0}, by_outputs, width);
    if (normalised_ > 0) {
      fill_memory(device_, b.state, std::int64_t{rows(envs)} * width, 0.0f);
      run().rows(BackThroughNorm<float>{normalised_, b.norm, b.state, width}, rows(envs));
      run().add_columns(rows(envs), width, b.norm.bias_sum, b.norm.by_outputs, width);
      run().add_columns(rows(envs), width, b.norm.gain_sum, b.norm.outputs, width);
    }
    Memory::backward_by(run(), shape_, weights(), {envs, steps_}, inputs, b.trials, b.state, sums());
  }

  void input_gradient(int envs, const float*, float* to) override {
    Memory::input_gradient_by(run(), shape_, weights(), rows(envs), buffers().state, to);
  }

  void store(float* gradient) override {
    device_.once(StoreMemory<float, Memory>{shape_, sums(), gradient, sharing_teams(device_)});
    if (normalised_ > 0)
      run().rows(StoreNorm<float>{normalised_, buffers().norm, gradient + Memory::parameters(shape_)}, 1);
  }

 private:
  // Enough that products are large, and few enough that what is kept of them fits.
  static constexpr int kMostRows = 4096;

  struct Buffers {
    typename Memory::template Trial<float> trials;
    LayerNorm<float> norm;  // behind the last layer
    float* state;           // [row][hidden]  the gradient by the rows of a layer
  };
  Buffers take(Scratch& scratch) const {
    const int rows = padded(this->rows(envs_));
    Buffers b;
    b.trials = Memory::template take_trials<float>(scratch, shape_, envs_);
    b.norm = LayerNorm<float>::take(scratch, normalised_, rows, true);
    b.state = scratch.take<float>(std::int64_t{rows} * shape_.hidden);
    return b;
  }
  Buffers buffers() const {
    Scratch at(numbers_);
    return take(at);
  }
  static std::int64_t plan_numbers(BufferPlan& plan, float** to, const char* name, const Scratch& counted) {
    const std::int64_t count = counted.used() / static_cast<long>(sizeof(float));
    plan.add(to, name, "[number]", {count});
    return count;
  }

  int prompt() const {
    if constexpr (kHasPrompt<Memory>) return Memory::prompt_rows(shape_);
    return 0;
  }
  int of_trial() const { return prompt() + steps_; }
  LayeredRun run() const { return LayeredRun(device_, ones_, rows(envs_)); }
  typename Memory::template Weights<float> weights() const {
    return weights_.template of<Memory>(shape_, number_);
  }
  typename Memory::template Sums<float> sums() const {
    Scratch at(sums_);
    return Memory::template take_sums<float>(at, shape_);
  }

  const typename Memory::Shape shape_;
  const int normalised_;  // numbers behind the last layer; 0: none
  const MemoryWeights& weights_;
  const int number_, envs_, steps_;
  Device& device_;
  float* numbers_ = nullptr;
  std::int64_t sums_size_ = 0;
  float* sums_ = nullptr;
  float* ones_ = nullptr;  // [1, −1][row]
};

}  // namespace

std::unique_ptr<WideNetwork> create_wide_network(const WideNetworkSetup& setup) {
  std::unique_ptr<WideNetwork> network;
  with_wide_memory(setup.policy, [&]<class Memory>(const MemoryPolicy<Memory>& policy) {
    if constexpr (kMakesPasses<Memory>)
      network = std::make_unique<PassNetwork<Memory>>(policy, setup);
    else
      network = std::make_unique<RecurrentNetwork<Memory>>(policy, setup);
  });
  return network;
}

}  // namespace innerloop
