#include "engine/algorithms/varibad.h"

#include "engine/device/launch.h"

namespace innerloop {

std::unique_ptr<Varibad> make_algorithm(const VaribadOptions& options, const Config& config, Device& device) {
  return std::make_unique<Varibad>(options, config, device);
}

Varibad::Varibad(const VaribadOptions& options, const Config& config, Device& device)
    : Ppo(config, device), options_(options), size_(learned_.range(kBeliefPrefix).size) {
  const Belief::Shape shape = std::get<MemoryPolicy<Belief>>(loop_.policy()).memory;
  gradient_.shape = shape;
  gradient_.state_weight = static_cast<float>(options.state_loss_weight);
  gradient_.kl_weight = static_cast<float>(options.kl_weight);
  BeliefBatch<float>& batch = gradient_.batch;
  batch.ring = {.capacity = options.belief_capacity,
                .steps = loop_.trials().batch.horizon,
                .inputs = shape.inputs,
                .observed = shape.observed,
                .actions = shape.decoded_actions()};
  batch.trials = options.belief_trials;
  batch.latent = shape.latent;
  batch.decode_steps = options.decode_steps;

  const std::int64_t trials = batch.trials, steps = batch.ring.steps, tiles = gradient_.tiles();
  plan_.add(&batch.ring.rows, "belief.trials", "[trial][step][number]",
            {options.belief_capacity, steps, batch.ring.row_size()});
  plan_.add(&batch.ring.place, "belief.place", "[next, trials]", {2});
  plan_.add(&batch.drawn, "belief.drawn", "[trial]", {trials});
  plan_.add(&batch.noise, "belief.noise", "[trial][number][step]",
            {trials, shape.latent, padded(batch.ring.steps)});
  if (batch.decode_steps > 0)
    plan_.add(&batch.decoded, "belief.decoded", "[trial][step]", {trials, batch.decode_steps});
  plan_.add(&gradient_.partial, "belief.partial_gradients", "[tile][parameter]", {tiles, size_});
  plan_.add(&values_, "belief.values", "[update][tile][value]",
            {options.belief_updates, tiles, kBeliefValues});
  plan_.add(&mean_gradient_, "belief.gradient", "[parameter]", {size_});
  AdamOptions adam;
  adam.lr = options.belief_lr;
  adam.max_gradient_norm = options.belief_max_gradient_norm;
  optimiser_ = OuterOptimiser::create(adam, learned_, kBeliefPrefix, config.iterations, device, plan_);
}

void Varibad::prepare() {
  gradient_.params = params_;
  optimiser_->prepare(loop_.key());
}

void Varibad::learn_more() {
  StoreTrials<float> store;
  store.ring = gradient_.batch.ring;
  store.trials = loop_.trials();
  store.actor = loop_.shape().actor;
  device_.per_task(store, loop_.trials().tiles());
  store.phase = StoreTrials<float>::Phase::advance;
  device_.once(store);
  for (int update = 0; update < options_.belief_updates; ++update) {
    device_.once(DrawBeliefBatch<float>{gradient_.batch, loop_.key(), update});
    gradient_.values = values_ + std::ptrdiff_t{update} * gradient_.tiles() * kBeliefValues;
    device_.per_task(gradient_, gradient_.tiles());
    SumOverTasks<float> mean;
    mean.tasks = gradient_.tiles();
    mean.size = static_cast<int>(size_);
    mean.x = gradient_.partial;
    mean.scale = 1.0f / static_cast<float>(gradient_.batch.trials);
    mean.out = mean_gradient_;
    device_.once(mean);
    optimiser_->update(params_, mean_gradient_);
  }
}

std::vector<StateTensor> Varibad::own_state() const {
  const TrialRing<float>& ring = gradient_.batch.ring;
  const std::vector<std::int64_t> shape = {ring.capacity, ring.steps, ring.row_size()};
  std::vector<StateTensor> tensors = {{"belief.trials", DType::F32, shape, ring.rows,
                                       shape[0] * shape[1] * shape[2] * std::int64_t{sizeof(float)}},
                                      {"belief.place", DType::I32, {2}, ring.place, 2 * sizeof(int)}};
  for (const StateTensor& of_optimiser : optimiser_->state()) tensors.push_back(of_optimiser);
  return tensors;
}

void Varibad::add_to(IterationReport& report) const {
  if (options_.belief_updates == 0) return;
  optimiser_->report(report);
  const std::int64_t count = std::int64_t{options_.belief_updates} * gradient_.tiles();
  const std::vector<float> values = device_.read(values_, count * kBeliefValues);
  double sums[kBeliefValues] = {};
  for (std::int64_t i = 0; i < count * kBeliefValues; ++i)
    sums[i % kBeliefValues] += values[static_cast<std::size_t>(i)];
  const double trials = options_.belief_updates * static_cast<double>(gradient_.batch.trials);
  report.extra.emplace_back("reconstruction", sums[kReconstruction] / trials);
  if (gradient_.shape.decodes_state())
    report.extra.emplace_back("state_reconstruction", sums[kStateReconstruction] / trials);
  report.extra.emplace_back("belief_kl", sums[kBeliefDivergence] / trials);
}

}  // namespace innerloop
