// The whole meta-objective on fixed data, in plain loops and by the kernels:
// θ ↦ mean over tasks of S_out(θ_K; D_K) + Σ_k (score·mean lp(θ_k; D_k) − penalty_k·KL(drawn ‖ θ_k; D_k)),
// θ_{k+1} = θ_k + α∇S_in(θ_k; D_k).
#pragma once

#include "tests/support/kernels.h"
#include "tests/support/reference.h"

namespace innerloop {

struct MetaProblem {
  PolicyShape shape;
  int tasks = 0, steps = 0;  // steps: K
  EstimatorName estimator = EstimatorName::reinforce;
  double clip = 0.2;
  Vector inner_lr;  // [K]
  Vector theta;     // [P]
  reference::Term outer = {.estimator = EstimatorName::ratio};
  Vector score;                            // [task], E-MAML; empty: none
  Vector penalty;                          // [K], ProMP; empty: none
  std::vector<Trajectories> data;          // [K + 1]
  std::vector<std::vector<Vector>> drawn;  // [K + 1][task]: θ_k that drew D_k

  reference::Term inner_term() const { return {.estimator = estimator, .clip = clip}; }
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
inline Vector inner_step(const MetaProblem& p, int k, int task, Vector theta) {
  const Vector gradient = evaluate(p.shape, p.batch(k), task, theta, p.inner_term(), true).gradient;
  for (std::size_t i = 0; i < theta.size(); ++i) theta[i] += p.lr(k) * gradient[i];
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
/// objective: 0 is on-policy.
inline MetaProblem random_meta_problem(const PolicyShape& shape, EstimatorName estimator,
                                       const MetaProblemSizes& sizes, double away, std::uint64_t seed) {
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

/// The stages of engine/inner_loop.cpp, in the number type T.
template <class T>
class KernelStages {
 public:
  explicit KernelStages(const MetaProblem& problem) : p_(problem) {
    for (const Trajectories& t : problem.data) batches_.push_back(std::make_unique<BatchMemory<T>>(t));
    chunks_ = chunks(batch(0));
    partial_.assign(static_cast<std::size_t>(p_.tasks * chunks_ * p_.shape.parameters()), T(NAN));
    values_.assign(static_cast<std::size_t>(p_.tasks * chunks_ * kPassValues), T(NAN));
  }

  // Vectors of all tasks are [task][P]; those of length P are shared by the tasks.
  using Numbers = std::vector<T>;

  /// θ_{k+1} of each task.
  Numbers inner_step(int k, const Numbers& theta) {
    auto op = gradient_at(k, theta);
    op.estimator = p_.estimator;
    op.clip = static_cast<T>(p_.clip);
    run_all(op, p_.tasks);
    return applied(k, &theta, static_cast<T>(p_.lr(k)));
  }
  /// ∇ of the outer surrogate on D_K.
  Numbers outer_gradient(const Numbers& theta) {
    auto op = gradient_at(p_.steps, theta);
    op.estimator = p_.outer.estimator;
    op.surrogate_weight = static_cast<T>(p_.outer.weight);
    op.clip = static_cast<T>(p_.outer.clip);
    run_all(op, p_.tasks);
    return applied(p_.steps, nullptr, 1);
  }
  /// base + ∇ of E-MAML's and ProMP's terms of step k.
  Numbers add_terms(int k, const Numbers& theta, const Numbers& base) {
    const Numbers score = converted<T>(p_.score);
    T penalty = 0;
    Numbers drawn;
    for (const Vector& d : p_.drawn[static_cast<std::size_t>(k)])
      drawn.insert(drawn.end(), d.begin(), d.end());
    auto op = gradient_at(k, theta);
    op.surrogate_weight = 0;
    if (!score.empty()) op.score_weight = score.data();
    if (!p_.penalty.empty()) {
      penalty = static_cast<T>(-p_.penalty[static_cast<std::size_t>(k)]);
      op.divergence_weight = &penalty;
      op.drawn_params = {drawn.data(), p_.shape.parameters()};
    }
    run_all(op, p_.tasks);
    return applied(k, &base, 1);
  }
  /// v + H_k·(α_k v).
  Numbers through_step(int k, const Numbers& theta, const Numbers& v) {
    const T lr = static_cast<T>(p_.lr(k));
    HessianVector<T> op;
    op.shape = p_.shape;
    op.params = parameters(theta);
    op.batch = batch(k);
    op.direction = {parameters(v), {&lr, 0}};
    op.estimator = p_.estimator;
    op.clip = static_cast<T>(p_.clip);
    op.partial = partial_.data();
    Numbers tangents(static_cast<std::size_t>(p_.tasks * op.batch.row_stride)), score(tangents.size());
    if (p_.estimator == EstimatorName::dice) {
      run_all(TangentLogProb<T>{p_.shape, op.params, op.batch, {}, op.direction, tangents.data()}, p_.tasks);
      run_all(DiceCurvature<T>{op.batch, tangents.data(), score.data()}, p_.tasks);
      op.score = score.data();
    }
    run_all(op, p_.tasks);
    return applied(k, &v, 1);
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
    return applied(k, nullptr, 1);
  }
  Numbers mean_over_tasks(const Numbers& x) {
    Numbers out(static_cast<std::size_t>(p_.shape.parameters()));
    SumOverTasks<T> op;
    op.tasks = p_.tasks;
    op.size = p_.shape.parameters();
    op.x = x.data();
    op.scale = T(1) / static_cast<T>(p_.tasks);
    op.out = out.data();
    run_all(op, 1);
    return out;
  }
  /// Value of the term at θ on D_k: mean surrogate and mean KL(drawn ‖ θ), over samples and tasks.
  Numbers values(int k, const Numbers& theta, const reference::Term& term) {
    const T none = 0;
    Numbers drawn;
    for (const Vector& d : p_.drawn[static_cast<std::size_t>(k)])
      drawn.insert(drawn.end(), d.begin(), d.end());
    auto op = gradient_at(k, theta);
    op.estimator = term.estimator;
    op.clip = static_cast<T>(term.clip);
    op.divergence_weight = &none;
    op.drawn_params = {drawn.data(), p_.shape.parameters()};
    op.partial = nullptr;
    op.values = values_.data();
    run_all(op, p_.tasks);
    Numbers out(kPassValues);
    run_all(MeanValues<T>{p_.tasks, chunks_, kPassValues, values_.data(), op.batch.statistics, out.data()},
            1);
    return out;
  }

  /// θ_0 … θ_K.
  std::vector<Numbers> chain() {
    std::vector<Numbers> theta = {converted<T>(p_.theta)};
    for (int k = 0; k < p_.steps; ++k) theta.push_back(inner_step(k, theta.back()));
    return theta;
  }
  Numbers meta_gradient(bool second_order = true) {
    const std::vector<Numbers> theta = chain();
    Numbers v = outer_gradient(theta.back());
    for (int k = p_.steps; k-- > 0;) {
      const Numbers& at = theta[static_cast<std::size_t>(k)];
      if (second_order) v = through_step(k, at, v);
      if (!p_.score.empty() || !p_.penalty.empty()) v = add_terms(k, at, v);
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
    op.batch = batch(k);
    op.partial = partial_.data();
    return op;
  }
  Numbers applied(int k, const Numbers* base, T step) {
    Numbers out(static_cast<std::size_t>(p_.tasks * p_.shape.parameters()));
    ApplyGradient<T> op;
    op.parameters = p_.shape.parameters();
    op.chunks = chunks_;
    op.partial = partial_.data();
    op.statistics = batch(k).statistics;
    if (base != nullptr) op.base = parameters(*base);
    op.step = {&step, 0};
    op.out = out.data();
    run_all(op, p_.tasks);
    return out;
  }

  const MetaProblem& p_;
  std::vector<std::unique_ptr<BatchMemory<T>>> batches_;
  int chunks_ = 0;
  Numbers partial_, values_;
};

template <class T>
Vector kernel_meta_gradient(const MetaProblem& problem, bool second_order = true) {
  return to_double(KernelStages<T>(problem).meta_gradient(second_order));
}

}  // namespace innerloop
