// The algorithm that docs/adding-an-algorithm.md walks through, added.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "engine/options/check.h"
#include "engine/options/source.h"
#include "engine/options/visitors.h"
#include "tests/examples/multi_step.h"
#include "tests/support/learner.h"
#include "tests/support/paths.h"

namespace innerloop {
namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(source_folder() / path);
  return {std::istreambuf_iterator<char>(file), {}};
}

Learner multi_step(double early_weight, const Config& config, std::uint32_t iterations = 1) {
  return Learner(config, iterations, [=](const Config& c, Device& device) {
    return make_algorithm(MultiStepOptions{inner_loop(c), early_weight}, c, device);
  });
}

TEST(AddingAnAlgorithm, DocumentHoldsTheExampleAsItIsTested) {
  const std::string example = text_of("tests/examples/multi_step.h");
  ASSERT_FALSE(example.empty());
  EXPECT_NE(text_of("docs/adding-an-algorithm.md").find("```cpp\n" + example + "```\n"), std::string::npos);
}

// A registry with the example in it.
struct Registry {
  using List = TypeList<MamlOptions, MultiStepOptions>;
  OptionsVariant<List> algorithm;

  template <class Fields>
  static void describe(Fields& field, Registry& r) {
    field("algorithm", r.algorithm, OneOf<List>{}, "what is learned");
  }
};

TEST(AddingAnAlgorithm, ConfigsNameItAndItsOptions) {
  const Json json =
      parse_json(R"({"algorithm": {"name": "multi_step", "inner_steps": 3, "early_weight": 0.25}})", "x");
  check_options(json, {"", "", outline_of<Registry>()}, OptionSource("x"));
  Registry registry;
  read_options<Registry>(json, registry);
  const auto& options = std::get<MultiStepOptions>(registry.algorithm);
  EXPECT_EQ(options.inner.inner_steps, 3);
  EXPECT_EQ(options.early_weight, 0.25);
}

TEST(AddingAnAlgorithm, WithoutTheEarlyReturnsItIsMaml) {
  EXPECT_EQ(multi_step(0, small_config(), 3).params(), Learner(small_config(), 3).params());
  EXPECT_NE(multi_step(0.1, small_config(), 3).params(), Learner(small_config(), 3).params());
}

TEST(AddingAnAlgorithm, ItClimbsTheReturnAfterEveryStep) {
  for (const std::string estimator : {"reinforce", "ratio", "dice"}) {
    Learner learner = multi_step(0.7, small_config({"algorithm.estimator=" + estimator}), 2);
    const MetaProblem p = learner.problem();
    const auto objective = [&](const Vector& theta) {
      double value = 0;
      for (int steps = 0; steps <= p.steps; ++steps) {
        MetaProblem after = p;
        after.steps = steps;
        value += (steps < p.steps ? 0.7 : 1) * reference::meta_objective(after, theta);
      }
      return value;
    };
    EXPECT_LT(relative_error(learner.meta_gradient(), central_differences(objective, p.theta, 1e-6)), 1e-4)
        << estimator;
  }
}

TEST(AddingAnAlgorithm, ItLearns) {
  const Config config = small_config({"tasks_per_iteration=20", "envs_per_task=10", "outer.lr=0.03"});
  const double first = multi_step(0.5, config).report().returns.back();
  EXPECT_GT(multi_step(0.5, config, 60).report().returns.back(), first + 0.5);
}

}  // namespace
}  // namespace innerloop
