// The kernels in double against meta-gradients that JAX's autograd found in float64 (data/make_autograd_vectors.py).
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/support/meta_problem.h"
#include "tests/support/paths.h"

namespace innerloop {
namespace {

using nlohmann::json;

// [task][env][step][element] to the kernels' layout, DiCE's credits beside it.
Trajectories trajectories_of(const json& file, const json& batch, HeadKind head) {
  const int tasks = file["tasks"], envs = file["envs"], steps = file["steps"];
  const int inputs = file["widths"].front(), outputs = file["widths"].back();
  Trajectories t =
      empty_trajectories(inputs, head == HeadKind::gaussian ? outputs : 1, outputs, tasks, steps, envs);
  const auto read = [&](const char* name, int size, Vector& to) {
    std::size_t next = 0;
    for (int task = 0; task < tasks; ++task)
      for (int env = 0; env < envs; ++env)
        for (int step = 0; step < steps; ++step)
          for (int i = 0; i < size; ++i)
            to[t.index(size, task, i, t.row(env, step))] = batch[name].at(next++);
  };
  read("observations", inputs, t.observations);
  read("actions", t.action_size, t.actions);
  read("log_probs", 1, t.log_probs);
  read("advantages", 1, t.advantages);
  read("valid", 1, t.valid);
  read("ends", 1, t.ends);
  for (int task = 0; task < tasks; ++task)
    for (int env = 0; env < envs; ++env) {
      double following = 0;
      for (int step = steps; step-- > 0;) {
        const int r = t.row(env, step);
        following = (t.of(t.ends, task)[r] > 0 ? 0 : following) + t.of(t.advantages, task)[r];
        t.of(t.credits, task)[r] = following;
        t.statistics[static_cast<std::size_t>(task * kStatistics + kSamples)] += t.of(t.valid, task)[r];
      }
    }
  return t;
}

json read_vectors() {
  std::ifstream stream(source_folder() / "tests/data/autograd_vectors.json");
  return json::parse(stream);
}

MetaProblem problem_of_vectors(const json& file, const json& of_head, const json& of_case, HeadKind head) {
  const std::map<std::string, EstimatorName> estimators = {{"reinforce", EstimatorName::reinforce},
                                                           {"ratio", EstimatorName::ratio},
                                                           {"dice", EstimatorName::dice}};
  MetaProblem p;
  p.shape = policy_of(file["widths"], head);
  p.tasks = file["tasks"];
  p.steps = of_case["inner_steps"];
  p.estimator = estimators.at(of_case["estimator"]);
  p.inner_lr = Vector(static_cast<std::size_t>(p.steps), file["inner_lr"].get<double>());
  p.theta = of_head["theta"].get<Vector>();
  for (int k = 0; k <= p.steps; ++k)
    p.data.push_back(trajectories_of(file, of_head["batches"].at(static_cast<std::size_t>(k)), head));
  return p;
}

TEST(AutogradVectors, AreTheKernelsMetaGradients) {
  const json file = read_vectors();
  int compared = 0;
  for (const json& of_head : file["heads"]) {
    const HeadKind head = of_head["head"] == "gaussian" ? HeadKind::gaussian : HeadKind::categorical;
    for (const json& of_case : of_head["cases"]) {
      const MetaProblem p = problem_of_vectors(file, of_head, of_case, head);
      ASSERT_EQ(static_cast<int>(p.theta.size()), p.shape.parameters());
      EXPECT_LT(relative_error(kernel_meta_gradient<double>(p), of_case["meta_gradient"].get<Vector>()), 1e-9)
          << of_head["head"] << ' ' << of_case["estimator"] << ", inner steps: " << p.steps;
      ++compared;
    }
  }
  EXPECT_EQ(compared, 10);
}

// JAX's policy takes the context as further inputs of its first layer.
TEST(AutogradVectors, AreTheKernelsMetaGradientsOfCavia) {
  const json file = read_vectors();
  int compared = 0;
  for (const json& of_head : file["heads"]) {
    const HeadKind head = of_head["head"] == "gaussian" ? HeadKind::gaussian : HeadKind::categorical;
    for (const json& of_case : of_head["cavia"]) {
      MetaProblem p = problem_of_vectors(file, of_head, of_case, head);
      const int context = file["context"];
      p.shape.context = context;
      const auto weights = of_head["context_weight"].get<Vector>();
      p.theta.insert(p.theta.end(), weights.begin(), weights.end());
      p.theta.resize(p.theta.size() + static_cast<std::size_t>(context), 0);
      ASSERT_EQ(static_cast<int>(p.theta.size()), p.shape.parameters());
      p.adapted.assign(p.theta.size(), 0);
      std::fill(p.adapted.end() - context, p.adapted.end(), 1);
      Vector wanted = of_case["meta_gradient"].get<Vector>();
      wanted.resize(p.theta.size(), 0);
      EXPECT_LT(relative_error(kernel_meta_gradient<double>(p), wanted), 1e-9)
          << of_head["head"] << ' ' << of_case["estimator"] << ", inner steps: " << p.steps;
      ++compared;
    }
  }
  EXPECT_EQ(compared, 6);
}

}  // namespace
}  // namespace innerloop
