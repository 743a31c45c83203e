// The kernels in double against gradients through whole trials that JAX's autograd found in float64
// (data/make_trial_vectors.py).
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/paths.h"
#include "tests/support/trial_problem.h"

namespace innerloop {
namespace {

using nlohmann::json;

TEST(TrialVectors, AreTheKernelsGradients) {
  std::ifstream stream(source_folder() / "tests/data/trial_vectors.json");
  const json file = json::parse(stream);
  int compared = 0;
  for (const json& of_case : file["cases"]) {
    TrialProblem p;
    const HeadKind head = of_case["head"] == "gaussian" ? HeadKind::gaussian : HeadKind::categorical;
    p.policy = trial_policy_with<Gru>(file["inputs"], file["hidden"]);
    p.shape().actor = policy_of({file["hidden"], file["actions"]}, head);
    p.envs = file["envs"];
    p.steps = file["steps"];
    p.clip = file["clip"];
    p.value_weight = file["value_weight"];
    p.entropy_weight = file["entropy_weight"];
    p.theta = of_case["theta"].get<Vector>();
    ASSERT_EQ(static_cast<int>(p.theta.size()), p.parameters());
    // [step][env][element] to [element][step][env].
    const auto by_element = [&](const json& numbers) {
      const auto rows = static_cast<std::size_t>(p.rows()), elements = numbers.size() / rows;
      Vector to(numbers.size());
      for (std::size_t i = 0; i < numbers.size(); ++i) to[i % elements * rows + i / elements] = numbers[i];
      return to;
    };
    p.inputs = by_element(of_case["inputs"]);
    p.actions = by_element(of_case["actions"]);
    p.log_probs = of_case["log_probs"].get<Vector>();
    p.advantages = of_case["advantages"].get<Vector>();
    p.targets = of_case["targets"].get<Vector>();
    p.values = p.targets;  // not clipped
    for (int e = 0; e < p.envs; ++e) p.order.push_back(e);
    EXPECT_LT(relative_error(kernel_trial_gradient(p).gradient, of_case["gradient"].get<Vector>()), 1e-9)
        << of_case["head"];
    EXPECT_NEAR(reference::trial_objective(p, p.theta), of_case["objective"], 1e-9);
    ++compared;
  }
  EXPECT_EQ(compared, 2);
}

}  // namespace
}  // namespace innerloop
