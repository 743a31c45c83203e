// The whole meta-objective on fixed data, in plain loops and by the kernels:
// θ ↦ mean over tasks of S_out(θ_K; D_K) + Σ_k (score·mean lp(θ_k; D_k) − penalty_k·KL(drawn ‖ θ_k; D_k)),
// θ_{k+1} = θ_k + α_k∘∇S_in(θ_k; D_k), where α may depend on numbers that are learned with θ, and where a step may be
// several updates on the same data; or θ_{k+1} = b∘θ_k + a∘α_k∘∇S_in, a and b from a network that is learned too.
#pragma once

#include <functional>

#include "engine/learned/step_sizes.h"
#include "tests/support/kernels.h"
#include "tests/support/reference.h"

namespace innerloop {

struct MetaProblem {
  PolicyShape shape;
  int tasks = 0, steps = 0;  // steps: K
  int epochs = 1;            // E: updates of a step; from the second on by ratios to what drew the data
  EstimatorName estimator = EstimatorName::reinforce;
  double clip = 0.2;
  double entropy = 0;  // weight of it in S_in
  Vector inner_lr;     // [K]
  Vector theta;  // [P], and behind it the learned step sizes and multipliers (engine/learned/step_sizes.h)
  StepSizeLayout sizes;          // without sets: none is learned, and α_k is inner_lr
  MultiplierLayout multipliers;  // without layers: a and b are 1
  Vector adapted;                // [P]  1 where inner steps adapt; empty: everywhere
  reference::Term outer = {.estimator = EstimatorName::ratio};
  Vector score;                            // [task], E-MAML; empty: none
  Vector penalty;                          // [K], ProMP; empty: none
  std::vector<Trajectories> data;          // [K + 1]
  std::vector<std::vector<Vector>> drawn;  // [K + 1][task]: θ_k that drew D_k

  /// What update n of all K·E climbs, and on which step's data.
  EstimatorName estimator_of(int n) const {
    return n % epochs > 0 && estimator == EstimatorName::reinforce ? EstimatorName::ratio : estimator;
  }
  int step_of(int n) const { return n / epochs; }
  reference::Term inner_term(int n = 0) const {
    return {.estimator = estimator_of(n), .clip = clip, .entropy = entropy};
  }
  /// What step k adds to the objective, at θ_k.
  reference::Term added_term(int k, int task) const {
    reference::Term term{.weight = 0};
    if (!score.empty()) term.score = score[static_cast<std::size_t>(task)];
    if (!penalty.empty()) {
      term.divergence = -penalty[static_cast<std::size_t>(k)];
      term.drawn = drawn[static_cast<std::size_t>(k)][static_cast<std::size_t>(task)];
    }
    return term;
  }
  const Trajectories& batch(int k) const { return data[static_cast<std::size_t>(k)]; }
  double lr(int k) const { return inner_lr[static_cast<std::size_t>(k)]; }
};

struct MetaProblemSizes {
  int tasks = 2, steps = 1, horizon = 7, envs = 3;
  double ending = 0.2;
};

namespace reference {
/// The step size that parameter i has in inner step k, where `theta` ends in the learned ones.
inline double step_size(const MetaProblem& p, int k, std::size_t i, const Vector& theta) {
  const double adapted = p.adapted.empty() ? 1 : p.adapted[i];
  if (p.sizes.sets == 0) return adapted * p.lr(k);
  std::size_t number = i;
  if (!p.sizes.one_each)
    for (number = 0; static_cast<std::size_t>(p.sizes.first[number + 1]) <= i;) ++number;
  const auto set = static_cast<std::size_t>(std::min(k, p.sizes.sets - 1) * p.sizes.numbers);
  const double learned = theta[static_cast<std::size_t>(p.shape.parameters()) + set + number];
  return adapted * (p.sizes.positive ? std::exp(learned) : learned);
}

/// a and b of each parameter, where `theta` ends in the network that makes them.
struct Multipliers {
  Vector of_gradient, of_theta;
};
inline Multipliers multipliers(const MetaProblem& p, const Vector& theta, const Vector& gradient) {
  const auto size = static_cast<std::size_t>(p.shape.parameters());
  Multipliers all{Vector(size, 1), Vector(size, 1)};
  const auto layers = static_cast<std::size_t>(p.multipliers.layers), units = 2 * layers;
  if (layers == 0) return all;
  Vector x(units);
  const auto for_layer = [&](std::size_t n, const auto& at) {
    for (int i = p.multipliers.first[n]; i < p.multipliers.first[n + 1]; ++i) at(static_cast<std::size_t>(i));
  };
  for (std::size_t n = 0; n < layers; ++n) {
    const double count = p.multipliers.first[n + 1] - p.multipliers.first[n];
    for_layer(n, [&](std::size_t i) {
      x[n] += gradient[i] / count;
      x[layers + n] += theta[i] / count;
    });
  }
  const double* weight = theta.data() + size + static_cast<std::size_t>(p.sizes.learned());
  for (const bool hidden : {true, false}) {
    Vector next(weight + units * units, weight + units * units + units);
    for (std::size_t i = 0; i < units; ++i)
      for (std::size_t o = 0; o < units; ++o) next[o] += x[i] * *weight++;
    weight += units;
    for (double& sum : next)
      if (hidden) sum = std::max(sum, 0.0);
    x = next;
  }
  for (std::size_t n = 0; n < layers; ++n)
    for_layer(n, [&](std::size_t i) {
      all.of_gradient[i] = x[n];
      all.of_theta[i] = x[layers + n];
    });
  return all;
}

inline Vector inner_step(const MetaProblem& p, int k, int task, Vector theta) {
  for (int n = k * p.epochs; n < (k + 1) * p.epochs; ++n) {
    const Vector gradient = evaluate(p.shape, p.batch(k), task, theta, p.inner_term(n), true).gradient;
    const Multipliers by = multipliers(p, theta, gradient);
    for (std::size_t i = 0; i < static_cast<std::size_t>(p.shape.parameters()); ++i)
      theta[i] = by.of_theta[i] * theta[i] + by.of_gradient[i] * step_size(p, k, i, theta) * gradient[i];
  }
  return theta;
}

/// θ_K of a task.
inline Vector adapted(const MetaProblem& p, int task, Vector theta) {
  for (int k = 0; k < p.steps; ++k) theta = inner_step(p, k, task, theta);
  return theta;
}

inline double meta_objective(const MetaProblem& p, const Vector& start) {
  double sum = 0;
  for (int task = 0; task < p.tasks; ++task) {
    Vector theta = start;
    for (int k = 0; k < p.steps; ++k) {
      if (!p.score.empty() || !p.penalty.empty())
        sum += evaluate(p.shape, p.batch(k), task, theta, p.added_term(k, task), false).total;
      theta = inner_step(p, k, task, theta);
    }
    sum += evaluate(p.shape, p.batch(p.steps), task, theta, p.outer, false).total;
  }
  return sum / p.tasks;
}
}  // namespace reference

/// A problem whose data is drawn with θ_0 … θ_K. `away` moves the θ that draws each batch from the θ_k of the
/// objective: 0 is on-policy. `prepare` may change the inner steps before anything is drawn.
inline MetaProblem random_meta_problem(
    const PolicyShape& shape, EstimatorName estimator, const MetaProblemSizes& sizes, double away,
    std::uint64_t seed, const std::function<void(MetaProblem&)>& prepare = [](MetaProblem&) {}) {
  std::mt19937_64 random(seed);
  MetaProblem p;
  p.shape = shape;
  p.tasks = sizes.tasks;
  p.steps = sizes.steps;
  p.estimator = estimator;
  // DiCE's weights are sums over an episode.
  const double lr = estimator == EstimatorName::dice ? 0.1 : 0.3;
  for (int k = 0; k < sizes.steps; ++k) p.inner_lr.push_back(lr / (1 + k));
  p.theta = random_vector(shape.parameters(), 0.5, random);
  prepare(p);
  std::vector<Vector> theta(static_cast<std::size_t>(sizes.tasks), p.theta);
  for (int k = 0; k <= sizes.steps; ++k) {
    p.data.push_back(
        random_trajectories(shape, sizes.tasks, sizes.horizon, sizes.envs, sizes.ending, random));
    p.drawn.emplace_back();
    for (int task = 0; task < sizes.tasks; ++task) {
      Vector& at = theta[static_cast<std::size_t>(task)];
      Vector drawing = at;
      for (double& x : drawing) x += away * normal(random);
      reference::draw_actions(shape, drawing, task, p.data.back(), random);
      p.drawn.back().push_back(drawing);
      if (k < sizes.steps) at = reference::inner_step(p, k, task, at);
    }
  }
  return p;
}

/// The stages of engine/stages/inner_loop.cpp, in the number type T; each is of one update.
template <class T>
class KernelStages {
 public:
  explicit KernelStages(const MetaProblem& problem) : p_(problem) {
    for (const Trajectories& t : problem.data) batches_.push_back(std::make_unique<BatchMemory<T>>(t));
    chunks_ = chunks(batch(0).rows());
    partial_.assign(static_cast<std::size_t>(p_.tasks * chunks_ * p_.shape.parameters()), T(NAN));
    values_.assign(static_cast<std::size_t>(p_.tasks * chunks_ * kPassValues), T(NAN));
    set_step_sizes();
  }

  // Vectors of all tasks are [task][P]; those of length P are shared by the tasks.
  using Numbers = std::vector<T>;

  /// What update n makes of θ, for each task.
  Numbers inner_update(int n, const Numbers& theta) {
    const int k = p_.step_of(n);
    auto op = gradient_at(k, theta);
    op.objective.estimator = p_.estimator_of(n);
    op.objective.clip = static_cast<T>(p_.clip);
    op.objective.entropy_weight = static_cast<T>(p_.entropy);
    run_all(op, p_.tasks);
    Numbers& gradient = inner_gradients_[static_cast<std::size_t>(n)];
    gradient.assign(static_cast<std::size_t>(p_.tasks * p_.shape.parameters()), T(NAN));
    if (p_.multipliers.layers == 0) return applied(k, &theta, step_size(k), gradient.data());
    gradient = applied(k, nullptr);
    Numbers out(gradient.size(), T(NAN));
    run_all(MultiplyStep<T>{multiplied(n, theta), out.data()}, p_.tasks);
    return out;
  }
  /// ∇ of the outer surrogate on D_K.
  Numbers outer_gradient(const Numbers& theta) {
    auto op = gradient_at(p_.steps, theta);
    op.objective.estimator = p_.outer.estimator;
    op.objective.surrogate_weight = static_cast<T>(p_.outer.weight);
    op.objective.clip = static_cast<T>(p_.outer.clip);
    op.objective.entropy_weight = static_cast<T>(p_.outer.entropy);
    run_all(op, p_.tasks);
    return applied(p_.steps, nullptr);
  }
  /// base + ∇ of E-MAML's and ProMP's terms of step k.
  Numbers add_terms(int k, const Numbers& theta, const Numbers& base) {
    const Numbers score = converted<T>(p_.score);
    T penalty = 0;
    Numbers drawn;
    for (const Vector& d : p_.drawn[static_cast<std::size_t>(k)])
      drawn.insert(drawn.end(), d.begin(), d.begin() + p_.shape.parameters());
    auto op = gradient_at(k, theta);
    op.objective.surrogate_weight = 0;
    if (!score.empty()) op.objective.score_weight = score.data();
    if (!p_.penalty.empty()) {
      penalty = static_cast<T>(-p_.penalty[static_cast<std::size_t>(k)]);
      op.objective.divergence_weight = &penalty;
      op.objective.drawn_params = {drawn.data(), p_.shape.parameters()};
    }
    run_all(op, p_.tasks);
    return applied(k, &base);
  }
  /// v + H·(α_k∘v) of update n, and v at the learned step sizes and multipliers. First order: H counts as 0.
  Numbers through_update(int n, const Numbers& theta, const Numbers& v, bool second_order = true) {
    const int k = p_.step_of(n);
    if (p_.multipliers.layers > 0) return through_multiplied(n, theta, v, second_order);
    add_step_size_gradient(n, v);
    if (!second_order) return v;
    hessian_product(n, theta, {parameters(v), step_size(k)});
    return applied(k, &v);
  }
  /// u + α_k∘(H·u) of update n, and what a move of the learned step sizes along `direction` adds.
  Numbers along_update(int n, const Numbers& theta, const Numbers& u, const Numbers& direction) {
    const int k = p_.step_of(n);
    hessian_product(n, theta, {parameters(u), {}});
    const bool multiplies = p_.multipliers.layers > 0;
    Numbers moved = multiplies ? applied(k, nullptr) : applied(k, &u, step_size(k));
    Numbers at_sizes = inner_gradients_[static_cast<std::size_t>(n)];
    if (multiplies) {
      MultiplyStepTangent<T> op;
      op.step = multiplied(n, theta);
      op.theta_moved = parameters(u);
      op.gradient_moved = moved.data();
      op.network_moved = direction.data() + p_.shape.parameters() + p_.sizes.learned();
      op.at_sizes = at_sizes.data();
      op.out = moved.data();
      run_all(op, p_.tasks);
    }
    if (p_.sizes.sets == 0) return moved;
    StepSizeTangent<T> op;
    op.layout = p_.sizes;
    op.step = k;
    op.direction = direction.data() + p_.shape.parameters();
    op.slope = slope(k);
    op.gradient = at_sizes.data();
    op.base = {moved.data(), p_.shape.parameters()};
    op.out = moved.data();
    run_all(op, p_.tasks);
    return moved;
  }
  void add_step_size_gradient(int n, const Numbers& v) {
    if (p_.sizes.sets == 0) return;
    const int k = p_.step_of(n);
    StepSizeGradient<T> op;
    op.layout = p_.sizes;
    op.step = k;
    op.v = v.data();
    op.slope = slope(k);
    op.gradient = inner_gradients_[static_cast<std::size_t>(n)].data();
    op.out = step_size_gradient_.data();
    op.add = (n + 1) % p_.epochs != 0 || (p_.sizes.sets == 1 && k + 1 < p_.steps);
    run_all(op, p_.tasks);
  }
  /// Leaves partial sums of H·direction, H of update n.
  void hessian_product(int n, const Numbers& theta, const Direction<T>& direction) {
    HessianVector<T> op;
    op.shape = p_.shape;
    op.params = parameters(theta);
    op.batch = batch(p_.step_of(n));
    op.direction = direction;
    op.estimator = p_.estimator_of(n);
    op.clip = static_cast<T>(p_.clip);
    op.entropy_weight = static_cast<T>(p_.entropy);
    op.partial = partial_.data();
    Numbers tangents(static_cast<std::size_t>(p_.tasks * op.batch.row_stride)), score(tangents.size());
    if (p_.estimator == EstimatorName::dice) {
      run_all(TangentLogProb<T>{p_.shape, op.params, op.batch, {}, op.direction, tangents.data()}, p_.tasks);
      run_all(DiceCurvature<T>{op.batch, tangents.data(), score.data()}, p_.tasks);
      op.score = score.data();
    }
    run_all(op, p_.tasks);
  }
  /// F·v, F the curvature of the mean KL on D_k.
  Numbers fisher_product(int k, const Numbers& theta, const Numbers& v) {
    FisherVector<T> op;
    op.shape = p_.shape;
    op.params = parameters(theta);
    op.batch = batch(k);
    op.direction = {parameters(v), {}};
    op.partial = partial_.data();
    run_all(op, p_.tasks);
    return applied(k, nullptr);
  }
  /// And of what through_step left at the learned step sizes.
  Numbers mean_over_tasks(const Numbers& x) {
    Numbers out(p_.theta.size());
    SumOverTasks<T> op;
    op.tasks = p_.tasks;
    op.size = p_.shape.parameters();
    op.x = x.data();
    op.scale = T(1) / static_cast<T>(p_.tasks);
    op.out = out.data();
    op.tasks_own = p_.shape.context;
    run_all(op, 1);
    op.tasks_own = 0;
    op.size = p_.sizes.learned();
    op.x = step_size_gradient_.data();
    op.out = out.data() + p_.shape.parameters();
    run_all(op, 1);
    op.out += op.size;
    op.size = p_.multipliers.learned();
    op.x = multiplier_gradient_.data();
    run_all(op, 1);
    return out;
  }
  /// Value of the term at θ on D_k: mean surrogate and mean KL(drawn ‖ θ), over samples and tasks.
  Numbers values(int k, const Numbers& theta, const reference::Term& term) {
    const T none = 0;
    Numbers drawn;
    for (const Vector& d : p_.drawn[static_cast<std::size_t>(k)])
      drawn.insert(drawn.end(), d.begin(), d.begin() + p_.shape.parameters());
    auto op = gradient_at(k, theta);
    op.objective.estimator = term.estimator;
    op.objective.clip = static_cast<T>(term.clip);
    op.objective.entropy_weight = static_cast<T>(term.entropy);
    op.objective.divergence_weight = &none;
    op.objective.drawn_params = {drawn.data(), p_.shape.parameters()};
    op.partial = nullptr;
    op.values = values_.data();
    run_all(op, p_.tasks);
    Numbers out(kPassValues);
    run_all(MeanValues<T>{p_.tasks, chunks_, kPassValues, values_.data(), batch(k).statistics, out.data()},
            1);
    return out;
  }

  /// θ_0, and what it is after each of the K·E updates.
  std::vector<Numbers> chain() {
    const auto policy_end = p_.theta.begin() + p_.shape.parameters();
    std::vector<Numbers> theta = {converted<T>(Vector(p_.theta.begin(), policy_end))};
    for (int n = 0; n < p_.steps * p_.epochs; ++n) theta.push_back(inner_update(n, theta.back()));
    return theta;
  }
  Numbers meta_gradient(bool second_order = true) {
    const std::vector<Numbers> theta = chain();
    Numbers v = outer_gradient(theta.back());
    for (int n = p_.steps * p_.epochs; n-- > 0;) {
      const Numbers& at = theta[static_cast<std::size_t>(n)];
      v = through_update(n, at, v, second_order);
      if (n % p_.epochs == 0 && (!p_.score.empty() || !p_.penalty.empty()))
        v = add_terms(p_.step_of(n), at, v);
    }
    return mean_over_tasks(v);
  }

 private:
  const Batch<T>& batch(int k) const { return batches_[static_cast<std::size_t>(k)]->batch(); }
  Parameters<T> parameters(const Numbers& x) const {
    const long size = p_.shape.parameters();
    return {x.data(), static_cast<long>(x.size()) == size ? 0 : size};
  }
  PolicyGradient<T> gradient_at(int k, const Numbers& theta) {
    PolicyGradient<T> op;
    op.shape = p_.shape;
    op.params = parameters(theta);
    op.inputs = batch(k).inputs();
    op.objective.batch = batch(k);
    op.partial = partial_.data();
    return op;
  }
  MultipliedStep<T> multiplied(int n, const Numbers& theta) const {
    return {p_.multipliers, network_.data(), parameters(theta),
            inner_gradients_[static_cast<std::size_t>(n)].data(), step_size(p_.step_of(n))};
  }
  Numbers through_multiplied(int n, const Numbers& theta, const Numbers& v, bool second_order) {
    Numbers at_sizes(v.size(), T(NAN)), at_gradient(v.size(), T(NAN)), out = v;
    MultiplyStepBack<T> op;
    op.step = multiplied(n, theta);
    op.v = out.data();
    op.at_network = multiplier_gradient_.data();
    op.add = n + 1 != p_.steps * p_.epochs;
    op.at_sizes = at_sizes.data();
    op.at_gradient = at_gradient.data();
    op.out = out.data();
    run_all(op, p_.tasks);
    add_step_size_gradient(n, at_sizes);
    if (!second_order) return out;
    hessian_product(n, theta, {parameters(at_gradient), {}});
    return applied(p_.step_of(n), &out);
  }
  StepSize<T> step_size(int k) const {
    const long at = static_cast<long>(k) * p_.shape.parameters();
    return {step_sizes_.data() + at, 1};
  }
  const T* slope(int k) const { return p_.sizes.positive ? step_size(k).data : adapted_.data(); }
  void set_step_sizes() {
    const auto parameters = static_cast<std::size_t>(p_.shape.parameters());
    inner_gradients_.resize(static_cast<std::size_t>(p_.steps * p_.epochs));
    adapted_ = p_.adapted.empty() ? Numbers(parameters, 1) : converted<T>(p_.adapted);
    step_sizes_.clear();
    for (int k = 0; k < p_.steps; ++k)
      for (const T adapted : adapted_) step_sizes_.push_back(adapted * static_cast<T>(p_.lr(k)));
    const auto sizes_end = p_.theta.begin() + p_.shape.parameters() + p_.sizes.learned();
    network_ = converted<T>(Vector(sizes_end, p_.theta.end()));
    multiplier_gradient_.assign(static_cast<std::size_t>(p_.tasks * p_.multipliers.learned()), T(NAN));
    if (p_.sizes.sets == 0) return;
    const Numbers learned = converted<T>(Vector(p_.theta.begin() + p_.shape.parameters(), sizes_end));
    run_all(SetStepSizes<T>{p_.sizes, learned.data(), adapted_.data(), step_sizes_.data()}, 1);
    step_size_gradient_.assign(static_cast<std::size_t>(p_.tasks * p_.sizes.learned()), T(NAN));
  }
  Numbers applied(int k, const Numbers* base, StepSize<T> step = {}, T* gradient = nullptr) {
    Numbers out(static_cast<std::size_t>(p_.tasks * p_.shape.parameters()));
    ApplyGradient<T> op;
    op.parameters = p_.shape.parameters();
    op.chunks = chunks_;
    op.partial = partial_.data();
    op.statistics = batch(k).statistics;
    if (base != nullptr) op.base = parameters(*base);
    op.step = step;
    op.out = out.data();
    op.gradient = gradient;
    run_all(op, p_.tasks);
    return out;
  }

  const MetaProblem& p_;
  std::vector<std::unique_ptr<BatchMemory<T>>> batches_;
  int chunks_ = 0;
  Numbers partial_, values_;
  Numbers step_sizes_, adapted_;           // [K][P], [P]
  std::vector<Numbers> inner_gradients_;   // [K·E] of [task][P]
  Numbers step_size_gradient_;             // [task][set][number]
  Numbers network_, multiplier_gradient_;  // [number], [task][number]
};

/// TRPO's F·direction, F = Jᵀ·M·J with J the derivative of θ_K by all that is learned and M the metric of the adapted
/// policy, as engine/algorithms/maml.cpp puts it together.
template <class T>
Vector kernel_curvature_product(const MetaProblem& p, const Vector& direction) {
  KernelStages<T> kernels(p);
  const auto theta = kernels.chain();
  const auto along = converted<T>(direction);
  auto u = std::vector<T>(along.begin(), along.begin() + p.shape.parameters());
  const int updates = p.steps * p.epochs;
  for (int n = 0; n < updates; ++n) u = kernels.along_update(n, theta[static_cast<std::size_t>(n)], u, along);
  u = kernels.fisher_product(p.steps, theta.back(), u);
  for (int n = updates; n-- > 0;) u = kernels.through_update(n, theta[static_cast<std::size_t>(n)], u);
  return to_double(kernels.mean_over_tasks(u));
}

template <class T>
Vector kernel_meta_gradient(const MetaProblem& problem, bool second_order = true) {
  return to_double(KernelStages<T>(problem).meta_gradient(second_order));
}

}  // namespace innerloop
