// The baseline `network`: what it is fitted to, its values (kernels/inner/value_network.h), and how learners use them, against
// plain loops.
#include <gtest/gtest.h>

#include "engine/learned/policy.h"
#include "tests/support/learner.h"

namespace innerloop {
namespace {

// What a value network is fitted to, as trajectories whose action is the return, with mean 0 and deviation 1.
struct PlainData {
  Trajectories t;
  Vector mean, deviation;  // [task]
};

PlainData plain_data(const Trajectories& from, double discount) {
  PlainData d{empty_trajectories(from.observation_size + 1, 1, 1, from.tasks, from.horizon, from.envs,
                                 from.looks_beyond),
              {},
              {}};
  d.t.valid = d.t.advantages = from.valid;
  d.t.ends = from.ends;
  d.t.statistics = from.statistics;
  for (int task = 0; task < from.tasks; ++task) {
    double* const returns = d.t.of(d.t.actions, task);
    double mean = 0, variance = 0;
    for (int env = 0; env < from.envs; ++env) {
      int elapsed = 0;
      for (int step = 0; step < from.horizon + from.looks_beyond; ++step) {
        const int r = from.row(env, step);
        for (int i = 0; i < from.observation_size; ++i)
          d.t.observations[d.t.index(from.observation_size + 1, task, i, r)] = from.observation(task, r)[i];
        d.t.observations[d.t.index(from.observation_size + 1, task, from.observation_size, r)] =
            static_cast<double>(elapsed) / from.horizon;
        // The step beyond the last is the same episode's.
        elapsed = step + 1 < from.horizon && from.of(from.ends, task)[r] > 0 ? 0 : elapsed + 1;
      }
    }
    std::ranges::copy(reference::returns_to_go(from, task, discount), returns);
    const auto for_samples = [&](const auto& at) {
      for (int r = 0; r < from.rows(); ++r)
        if (from.of(from.valid, task)[r] > 0) at(r);
    };
    for_samples([&](int r) { mean += returns[r] / from.samples(task); });
    for_samples([&](int r) { variance += std::pow(returns[r] - mean, 2) / from.samples(task); });
    d.mean.push_back(mean);
    d.deviation.push_back(std::sqrt(variance) + 1e-8);
    for_samples([&](int r) { returns[r] = (returns[r] - mean) / d.deviation.back(); });
  }
  return d;
}

Vector plain_fit(const PolicyShape& shape, const PlainData& data, int task, Vector phi, int steps,
                 double lr) {
  for (int i = 0; i < steps; ++i) {
    const Vector gradient = reference::evaluate(shape, data.t, task, phi, {}, true).gradient;
    for (int p = 0; p < shape.log_std_offset(); ++p)
      phi[static_cast<std::size_t>(p)] += lr * gradient[static_cast<std::size_t>(p)];
  }
  return phi;
}

// The value of each row of a task.
Vector plain_values(const PolicyShape& shape, const PlainData& data, int task, const Vector& phi) {
  Vector values;
  const auto of = static_cast<std::size_t>(task);
  for (int r = 0; r < data.t.rows() + data.t.looks_beyond * data.t.envs; ++r)
    values.push_back(data.mean[of] +
                     data.deviation[of] *
                         reference::forward(shape, phi, data.t.observation(task, r)).back()[0]);
  return values;
}

// Generalised advantage estimates, normalised.
Vector plain_advantages(const Trajectories& t, int task, const Vector& values, double discount,
                        double lambda) {
  Vector advantages(static_cast<std::size_t>(t.row_stride));
  double mean = 0, variance = 0;
  for (int env = 0; env < t.envs; ++env) {
    double sum = 0, next = 0;
    for (int step = t.horizon; step-- > 0;) {
      const int r = t.row(env, step);
      if (t.of(t.valid, task)[r] == 0) continue;
      if (t.of(t.ends, task)[r] > 0) sum = next = 0;
      if (t.looks_beyond && step + 1 == t.horizon && t.of(t.terminated, task)[r] == 0)
        next = values[static_cast<std::size_t>(r + t.envs)];
      const double value = values[static_cast<std::size_t>(r)];
      sum = t.of(t.rewards, task)[r] + discount * next - value + discount * lambda * sum;
      next = value;
      advantages[static_cast<std::size_t>(r)] = sum;
      mean += sum / t.samples(task);
    }
  }
  for (int r = 0; r < t.rows(); ++r)
    if (t.of(t.valid, task)[r] > 0)
      variance += std::pow(advantages[static_cast<std::size_t>(r)] - mean, 2) / t.samples(task);
  for (int r = 0; r < t.rows(); ++r)
    if (t.of(t.valid, task)[r] > 0)
      advantages[static_cast<std::size_t>(r)] =
          (advantages[static_cast<std::size_t>(r)] - mean) / (std::sqrt(variance) + 1e-8);
  return advantages;
}

template <class T>
void expect_targets_and_values(int horizon, int envs, double ending, double tolerance, bool looks_beyond) {
  std::mt19937_64 random(7);
  const Trajectories t = random_trajectories(policy_of({3, 2}, HeadKind::gaussian), 3, horizon, envs, ending,
                                             random, looks_beyond);
  const PolicyShape shape = policy_of({4, 18, 1}, HeadKind::gaussian);
  const PlainData wanted = plain_data(t, 0.9);
  const BatchMemory<T> memory(t);
  const auto numbers = [&](int size) {
    return std::vector<T>(static_cast<std::size_t>(t.tasks * size * t.row_stride));
  };
  std::vector<T> inputs = numbers(4), targets = numbers(1), values = numbers(1),
                 scale(static_cast<std::size_t>(2 * t.tasks)),
                 phi = converted<T>(random_vector(t.tasks * shape.parameters(), 0.5, random));
  const ValueData<T> data{inputs.data(), targets.data(), scale.data()};
  run_all(ValueTargets<T>{memory.batch(), static_cast<T>(0.9), data}, t.tasks);
  ValuesOfSamples<T> op;
  op.shape = shape;
  op.params = {phi.data(), shape.parameters()};
  op.inputs = data.seen_rows(memory.batch());
  op.scale = scale.data();
  op.values = values.data();
  run_all(op, t.tasks);
  EXPECT_LT(relative_error(to_double(inputs), wanted.t.observations), tolerance);
  for (int task = 0; task < t.tasks; ++task) {
    const auto own = [&](const std::vector<T>& x, long size) {
      return to_double(std::vector<T>(x.begin() + task * size, x.begin() + (task + 1) * size));
    };
    const Vector values_of = plain_values(shape, wanted, task, own(phi, shape.parameters()));
    for (std::size_t r = static_cast<std::size_t>(t.rows()); r < values_of.size(); ++r)
      EXPECT_NEAR(own(values, t.row_stride)[r], values_of[r], tolerance * 100);
    for (int r = 0; r < t.rows(); ++r) {
      if (t.of(t.valid, task)[r] == 0) continue;
      const auto at = static_cast<std::size_t>(r);
      EXPECT_NEAR(own(targets, t.row_stride)[at], wanted.t.of(wanted.t.actions, task)[r], tolerance * 10);
      EXPECT_NEAR(own(values, t.row_stride)[at], values_of[at], tolerance * 100);
    }
  }
}

TEST(ValueNetwork, TargetsAndValuesAreThePlainReferences) {
  for (const bool looks_beyond : {false, true}) {
    for (const double ending : {0.0, 0.05, 1.0}) {
      expect_targets_and_values<double>(43, 7, ending, 1e-12, looks_beyond);
      expect_targets_and_values<float>(43, 7, ending, 1e-6, looks_beyond);
    }
    expect_targets_and_values<double>(90, 7, 0.05, 1e-12, looks_beyond);  // two chunks
  }
}

Config with_network(std::vector<std::string> more = {}) {
  more.insert(more.begin(),
              {"algorithm.baseline=network", "algorithm.value_hidden=[5]", "algorithm.value_steps=3",
               "algorithm.value_lr=0.2", "algorithm.gae_lambda=0.9"});
  return small_config(more);
}

Vector tail(const Vector& v, std::int64_t count) { return Vector(v.end() - count, v.end()); }

const std::vector<std::vector<std::string>> kTasks = {
    {},
    {"environment={\"name\": \"cartpole\"}", "at_episode_end=stop", "horizon=30"},
    {"environment={\"name\": \"bandit\"}", "at_episode_end=restart", "algorithm.value_hidden=[]"},
    {"at_time_limit=bootstrap"},
    {"environment={\"name\": \"cartpole\"}", "at_time_limit=bootstrap", "at_episode_end=restart",
     "horizon=80"},
    {"algorithm.name=fomaml"},
    {"algorithm.name=emaml"},
    {"algorithm.name=reptile", "outer={\"name\":\"sgd\",\"lr\":0.5}"}};

// Each batch's network goes on from where the one before left it, and the first from the learned start.
TEST(ValueNetwork, AdvantagesAreWhatItsValuesLeave) {
  for (const auto& task_options : kTasks) {
    const Config config = with_network(task_options);
    Learner learner(config, 3);
    const PolicyShape shape = value_shape(config);
    const InnerLoopOptions& options = inner_loop(config);
    const Vector start = tail(learner.params_before(), shape.parameters());
    Vector mean(start.size());
    for (int task = 0; task < learner.tasks(); ++task) {
      Vector phi = start;
      for (int k = 0; k <= learner.steps(); ++k) {
        const Trajectories t = learner.data(k);
        const PlainData data = plain_data(t, options.discount);
        phi = plain_fit(shape, data, task, phi, options.value_steps, options.value_lr);
        const Vector wanted = plain_advantages(t, task, plain_values(shape, data, task, phi),
                                               options.discount, options.gae_lambda);
        Vector found(t.of(t.advantages, task), t.of(t.advantages, task) + t.row_stride);
        EXPECT_LT(relative_error(found, wanted), 1e-3) << k << ", task " << task;
      }
      for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += (phi[i] - start[i]) / learner.tasks();
    }
    EXPECT_LT(relative_error(tail(learner.meta_gradient(), shape.parameters()), mean), 1e-3);
    EXPECT_NE(tail(learner.params(), shape.parameters()), start);
  }
}

// A speed of up to 8 is observed: steps of 0.3 grow without bound.
TEST(ValueNetwork, ItsDefaultsFitBoundedlyWhereObservationsAreLarge) {
  const Config config = small_config({R"(environment={"name": "pendulum", "max_torque": [8, 8]})",
                                      R"(algorithm={"name": "maml", "baseline": "network"})",
                                      "policy.initial_log_std=1", "horizon=200", "envs_per_task=20"});
  Learner learner(config);
  const PolicyShape shape = value_shape(config);
  const InnerLoopOptions& options = inner_loop(config);
  const PlainData data = plain_data(learner.data(0), options.discount);
  for (int task = 0; task < learner.tasks(); ++task) {
    const auto unexplained = [&](const Vector& phi) {
      double sum = 0;
      for (int r = 0; r < data.t.rows(); ++r)
        sum += std::pow(data.t.of(data.t.actions, task)[r] -
                            reference::forward(shape, phi, data.t.observation(task, r)).back()[0],
                        2);
      return sum / data.t.rows();
    };
    const Vector start = tail(learner.params_before(), shape.parameters());
    const Vector fitted = plain_fit(shape, data, task, start, options.value_steps, options.value_lr);
    EXPECT_LT(unexplained(fitted), 0.95 * unexplained(start));
    EXPECT_LT(unexplained(fitted), 1);  // the returns' own variance
  }
}

TEST(ValueNetwork, ThePolicyStillClimbsItsMetaObjective) {
  const Config config = with_network();
  Learner learner(config, 2);
  const MetaProblem p = learner.problem();
  Vector found = learner.meta_gradient(),
         wanted = central_differences([&](const Vector&theta) { return reference::meta_objective(p, theta); },
                                      p.theta, 1e-6);
  for (Vector* v : {&found, &wanted}) v->resize(static_cast<std::size_t>(p.shape.parameters()));
  EXPECT_LT(relative_error(found, wanted), 1e-4);
}

TEST(ValueNetwork, EveryOptionChangesTheAdvantages) {
  const auto advantages = [](const std::vector<std::string>& more) {
    Learner learner(with_network(more));
    return learner.data(0).advantages;
  };
  const Vector base = advantages({});
  for (const std::string other :
       {"algorithm.baseline=linear", "algorithm.baseline=none", "algorithm.value_hidden=[6]",
        "algorithm.value_steps=4", "algorithm.value_lr=0.21", "at_time_limit=bootstrap"})
    EXPECT_GT(relative_error(advantages({other}), base), 1e-3) << other;
}

}  // namespace
}  // namespace innerloop
