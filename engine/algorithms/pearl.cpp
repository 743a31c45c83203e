#include "engine/algorithms/pearl.h"

#include <cmath>

#include "engine/config/environment_info.h"
#include "engine/device/launch.h"
#include "engine/device/planned_buffers.h"
#include "engine/error.h"
#include "engine/learned/create.h"
#include "engine/statistics/estimates.h"

namespace innerloop {
namespace {

// It keys the drawing of the training tasks; no iteration of training or evaluation has it.
constexpr std::uint32_t kTrainTasksIteration = 0xFFFFFFFEu;

// A file's, or as many as the options say.
int train_tasks_of(const PearlOptions& options, const Config& config) {
  if (config.train_tasks.empty()) return options.train_tasks;
  const int count = static_cast<int>(config.train_tasks.size());
  if (count % config.tasks_per_iteration != 0)
    throw InputError("/tasks/file: wanted a multiple of tasks_per_iteration, " +
                     std::to_string(config.tasks_per_iteration) + ", of training tasks, found " +
                     std::to_string(count));
  return count;
}

}  // namespace

std::unique_ptr<Pearl> make_algorithm(const PearlOptions& options, const Config& config, Device& device) {
  return std::make_unique<Pearl>(options, config, device);
}

Pearl::Pearl(const PearlOptions& options, const Config& config, Device& device)
    : seed_(config.seed),
      options_(options),
      device_(device),
      learned_(create_learned(config)),
      given_(config.train_tasks),
      train_tasks_(train_tasks_of(options, config)),
      loop_(trial_setup(config), config.tasks_per_iteration, config.envs_per_task, true, device, plan_),
      table_(config.environment, environment_info(config), train_tasks_, 1, {}, device, plan_),
      updates_(config, learned_, {train_tasks_, options.meta_batch}, device, plan_) {
  const SoftActor actor = soft_actor(config);
  choose_.all = train_tasks_;
  choose_.tasks = config.tasks_per_iteration;
  choose_.size = loop_.task_size();
  choose_.copies = config.envs_per_task;
  plan_.add(&choose_.played, "played", "[task]", {choose_.tasks});

  ContextBatch<float> contexts;
  contexts.ring.tasks = train_tasks_;
  contexts.ring.capacity = context_episodes(config) * config.horizon * config.envs_per_task;
  contexts.ring.observed = actor.nets.observed;
  contexts.ring.actions = actor.nets.actions;
  contexts.tasks = options.meta_batch;
  contexts.steps = options.context;
  contexts.latent = options.latent;
  explored_.first_steps = context_episodes(config) * config.horizon;
  encode_.encoder = actor.encoder;
  encode_.contexts = contexts;
  form_.sum_tiles = encode_.tiles_of_task();
  form_.critic_tiles = updates_.tiles_of_task();
  form_.scale = 1.0f / static_cast<float>(updates_.batch().rows());
  form_.kl_weight = static_cast<float>(options.kl_weight);

  const std::int64_t tasks = options.meta_batch, wide = padded(options.latent);
  ContextBatch<float>& c = encode_.contexts;
  plan_.add(&c.ring.rows, "contexts", "[task][step][number]",
            {c.ring.tasks, c.ring.capacity, c.ring.row_size()});
  plan_.add(&c.ring.place, "contexts.place", "[task][next, steps]", {c.ring.tasks, 2});
  plan_.add(&c.drawn, "contexts.drawn", "[task][step]", {tasks, c.steps});
  plan_.add(&c.count, "contexts.count", "[task]", {tasks});
  plan_.add(&c.noise, "contexts.noise", "[task][number]", {tasks, wide});
  plan_.add(&encode_.sums, "encoder.sums", "[tile][sum][number]", {encode_.tiles(), 2, wide});
  plan_.add(&encode_.partial, "encoder.partial_gradients", "[tile][parameter]",
            {encode_.tiles(), actor.encoder.net.parameters()});
  plan_.add(&form_.beliefs, "beliefs", "[task][mean, variance][number]", {tasks, 2, wide});
  plan_.add(&form_.by_beliefs, "beliefs.gradient", "[task][mean, variance][number]", {tasks, 2, wide});
  plan_.add(&form_.latents, "latents", "[task][number]", {tasks, wide});
  plan_.add(&form_.divergence, "beliefs.divergence", "[1]", {1});
  plan_.add(&by_latent_, "latents.partial_gradients", "[tile][number]",
            {tasks * updates_.tiles_of_task(), wide});
  optimiser_ = OuterOptimiser::create(config.outer, learned_,
                                      OuterOptimiser::Target{learned_.range(kEncoderPrefix), kEncoderPrefix},
                                      config.iterations, device, plan_);
}

void Pearl::allocate() {
  memory_ = allocate_planned(device_, plan_, "this config");
  loop_.prepare();
  choose_.key = loop_.key();
  choose_.given = table_.numbers();
  choose_.numbers = loop_.take_over_tasks();
  encode_.contexts.of = updates_.batch().of;
  explored_.replay = encode_.contexts.ring;
  explored_.trials = loop_.trials();
  explored_.envs_per_task = loop_.envs_per_task();
  explored_.played = choose_.played;
  explored_.clears = true;
  form_.contexts = encode_.contexts;
  encode_.params = updates_.params();
  encode_.key = loop_.key();
  form_.sums = encode_.sums;
  form_.by_latent = by_latent_;
  encode_.beliefs = form_.beliefs;
  encode_.by_beliefs = form_.by_beliefs;
  encode_.enabled = form_.enabled = updates_.open();
  updates_.prepare(seed_, loop_.key());
  optimiser_->prepare(loop_.key());
  if (given_.empty()) {
    loop_.set_key({seed_, kTrainTasksIteration});
    table_.draw(loop_.key());
  } else {
    table_.fix(given_);
  }
  device_.finish();
}

IterationReport Pearl::iterate(std::uint32_t iteration) {
  loop_.set_key({seed_, iteration});
  device_.replay(recording_, [this] { enqueue(); });
  return report();
}

void Pearl::enqueue() {
  play();
  for (int number = 0; number < options_.soft.updates; ++number) update(number);
}

void Pearl::play() {
  device_.once(choose_);
  loop_.play(params());
  updates_.store(loop_, choose_.played);
  explored_.phase = StoreSteps<float>::Phase::store;
  device_.per_task(explored_, loop_.trials().tiles());
  explored_.phase = StoreSteps<float>::Phase::advance;
  device_.once(explored_);
}

void Pearl::update(int number) {
  using Encode = EncodeContext<float>::Phase;
  using Form = FormBeliefs<float>::Phase;
  updates_.draw(number);
  DrawContexts<float> draw{encode_.contexts, loop_.key(), number};
  draw.enabled = updates_.open();
  device_.per_task(draw, options_.meta_batch);
  encode_.phase = Encode::sum;
  device_.per_task(encode_, encode_.tiles());
  form_.phase = Form::form;
  device_.once(form_);
  updates_.learn_critics({form_.latents, by_latent_});
  form_.phase = Form::back;
  device_.once(form_);
  encode_.phase = Encode::gradient;
  device_.per_task(encode_, encode_.tiles());
  SumOverTasks<float> sum;
  sum.tasks = encode_.tiles();
  sum.size = encode_.encoder.net.parameters();
  sum.x = encode_.partial;
  sum.out = updates_.gradient();
  sum.enabled = updates_.open();
  device_.once(sum);
  optimiser_->update(updates_.params(), updates_.gradient(), updates_.open());
  updates_.learn_actor({form_.latents, nullptr});
}

std::vector<StateTensor> Pearl::state() const {
  std::vector<StateTensor> tensors = updates_.state();
  add_replay(tensors, "contexts", encode_.contexts.ring);
  for (const StateTensor& own : optimiser_->state()) tensors.push_back(own);
  return tensors;
}

IterationReport Pearl::report() const {
  IterationReport report;
  const TrialLoop::Returns returns = loop_.returns();
  for (const std::vector<float>& of_episode : returns.of_episode)
    report.returns.push_back(mean_of(of_episode).mean);
  for (const float steps : returns.trial_lengths) report.env_steps += static_cast<std::int64_t>(steps);
  optimiser_->report(report);
  updates_.report(report);
  const double divergence = double{device_.read(form_.divergence)} / options_.meta_batch;
  report.extra.emplace_back("belief_kl", divergence);
  report.gradient_finite = report.gradient_finite && std::isfinite(divergence);
  return report;
}

}  // namespace innerloop
