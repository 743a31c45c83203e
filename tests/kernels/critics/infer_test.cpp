// Posterior sampling in a trial: what is taken in, when a latent variable is drawn and from what.
#include "kernels/critics/infer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/device/simd/kernels.h"
#include "tests/support/context_problem.h"
#include "tests/support/kernels.h"

namespace innerloop {
namespace {

using Double = SimdTeam<Portable, double>;
template <class Op>
constexpr HostKernel<Op> kernel{&TeamRun<Double, Op>::run, &scratch_bytes_of<Double, Op>};

constexpr int kSteps = 12, kEpisode = 3;

// Trials whose steps are those of a problem's replay: environment e at step t is row t of its ring of number e.
struct Trial {
  ContextProblem problem;
  Buffers memory{1};
  InferTask<double> op;
  RandomKey key{3, 4};

  explicit Trial(const ContextForm& form, int prior_episodes) : problem(random_context_problem(form)) {
    const Replay<double> shape = problem.shape();
    Batch<double>& batch = op.trials.batch;
    batch.horizon = kSteps;
    batch.envs = problem.rings;
    batch.row_stride = padded(kSteps * batch.envs);
    const auto column = [&](const char* name, int first, int count) {
      Vector numbers(static_cast<std::size_t>(count * batch.row_stride));
      for (int d = 0; d < count; ++d)
        for (int t = 0; t < kSteps; ++t)
          for (int e = 0; e < batch.envs; ++e)
            numbers[static_cast<std::size_t>(d * batch.row_stride + t * batch.envs + e)] =
                problem.replay[static_cast<std::size_t>((e * problem.capacity + t) * shape.row_size() +
                                                        first + d)];
      return memory.hold<double>(name, numbers);
    };
    batch.observations = column("seen", 0, shape.observed);
    batch.actions = column("actions", shape.drawn_at(), shape.actions);
    batch.next_observations = column("next", shape.next_at(), shape.observed);
    batch.rewards = column("rewards", shape.reward_at(), 1);
    Vector ends(static_cast<std::size_t>(batch.row_stride));
    for (int t = 0; t < kSteps; ++t)
      for (int e = 0; e < batch.envs; ++e)
        ends[static_cast<std::size_t>(t * batch.envs + e)] = (t + 1) % kEpisode == 0 ? 1 : 0;
    batch.ends = memory.hold<double>("ends", ends);
    op.encoder = problem.encoder;
    op.params = memory.hold<double>("params", problem.theta);
    op.key = &key;
    op.prior_episodes = prior_episodes;
    op.inferred = memory.blank<double>("inferred", batch.envs * InferredSize::of(problem.encoder.latent));
  }
  void take(int step) {
    op.step = step;
    run_kernel(kernel<InferTask<double>>, op, 1);
  }
  Vector latent(int env) const {
    const double* const at = op.of(env) + 2 * padded(problem.encoder.latent);
    return {at, at + problem.encoder.latent};
  }
  // Of the first `steps` of an environment's trial.
  reference::TaskBelief belief(int env, int steps) const {
    ContextProblem p = problem;
    p.tasks = 1;
    p.steps = steps;
    p.of = {env};
    p.count = {steps};
    p.drawn.clear();
    for (int t = 0; t < steps; ++t) p.drawn.push_back(t);
    return reference::task_belief(p, p.theta, 0);
  }
};

// The sums are those of all steps so far, each once: the same belief as training has of the same steps.
TEST(InferTask, TakesInEachStepOnce) {
  for (const ContextForm& form :
       {ContextForm{}, ContextForm{.latent = 5, .next_state = true, .within = 0.5f}}) {
    Trial trial(form, 1);
    const int wide = padded(trial.problem.encoder.latent);
    for (int step = 0; step < kSteps; ++step) {
      trial.take(step);
      for (int env = 0; env < trial.problem.rings && step > 0; ++env) {
        const reference::TaskBelief wanted = trial.belief(env, step);
        const double* const own = trial.op.of(env);
        for (int d = 0; d < trial.problem.encoder.latent; ++d) {
          const auto at = static_cast<std::size_t>(d);
          EXPECT_NEAR(1 / own[d], wanted.variance[at], 1e-12);
          EXPECT_NEAR(own[wide + d] / own[d], wanted.mean[at], 1e-12);
        }
      }
    }
  }
}

// What is kept of it, of the first environments: N(0, I), and then the belief before each step.
TEST(InferTask, KeepsWhatItInferred) {
  Trial trial({}, 1);
  const int latent = trial.problem.encoder.latent, told = trial.problem.rings - 1;
  trial.op.told_envs = told;
  trial.op.beliefs = trial.memory.blank<double>("beliefs", long{kSteps} * told * 2 * latent);
  for (int step = 0; step < kSteps; ++step) trial.take(step);
  for (int step = 0; step < kSteps; ++step)
    for (int env = 0; env < told; ++env)
      for (int d = 0; d < latent; ++d) {
        const double* const kept = trial.op.beliefs + (step * told + env) * 2 * latent + d;
        const reference::TaskBelief wanted = trial.belief(env, step);
        const auto at = static_cast<std::size_t>(d);
        EXPECT_NEAR(kept[0], step == 0 ? 0 : wanted.mean[at], 1e-12);
        EXPECT_NEAR(std::exp(kept[latent]), step == 0 ? 1 : wanted.variance[at], 1e-12);
      }
}

// One latent variable an episode: a new one at the step after an end, and at no other.
TEST(InferTask, DrawsAnewForEachEpisodeAlone) {
  Trial trial({}, 2);
  trial.take(0);
  for (int step = 1; step < kSteps; ++step) {
    const Vector before = trial.latent(1);
    trial.take(step);
    EXPECT_EQ(trial.latent(1) != before, step % kEpisode == 0) << step;
  }
}

// So many first episodes, and no more, act on N(0, I), whatever was seen; what was seen decides about the later ones.
TEST(InferTask, TheFirstEpisodesActOnThePrior) {
  for (const int prior_episodes : {1, 3}) {
    Trial trial({}, prior_episodes), other({}, prior_episodes);
    for (long row = 0; row < other.op.trials.batch.row_stride; ++row)
      other.op.trials.batch.rewards[row] += 0.4;
    for (int step = 0; step < kSteps; ++step) {
      trial.take(step);
      other.take(step);
      EXPECT_EQ(trial.latent(0) == other.latent(0), step / kEpisode < prior_episodes) << step;
    }
  }
}

// The draws have the belief's mean and deviation.
TEST(InferTask, DrawsFromTheBelief) {
  Trial trial({.latent = 2}, 1);
  for (const int step : {0, kEpisode}) {
    double sum = 0, squares = 0;
    for (std::uint32_t seed = 0; seed < 4000; ++seed) {
      trial.key.seed = seed;
      for (int t = 0; t <= step; ++t) trial.take(t);
      const Vector z = trial.latent(2);
      const reference::TaskBelief q = trial.belief(2, step);
      const double e = (z[1] - (step == 0 ? 0 : q.mean[1])) / (step == 0 ? 1 : std::sqrt(q.variance[1]));
      sum += e / 4000;
      squares += e * e / 4000;
    }
    EXPECT_NEAR(sum, 0, 0.06);
    EXPECT_NEAR(squares, 1, 0.09);
  }
}

// A new trial forgets the one before.
TEST(InferTask, ATrialStartsFromNothing) {
  Trial trial({}, 1);
  trial.take(0);
  const Vector first = trial.latent(0);
  for (int step = 1; step < kSteps; ++step) trial.take(step);
  trial.take(0);
  EXPECT_EQ(trial.latent(0), first);
  EXPECT_EQ(trial.op.of(0)[0], 0);
}

}  // namespace
}  // namespace innerloop
