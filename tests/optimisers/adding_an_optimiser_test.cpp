// The optimiser that docs/adding-an-optimiser.md walks through, added.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <string>

#include "engine/device/planned_buffers.h"
#include "engine/options/check.h"
#include "engine/options/source.h"
#include "engine/options/visitors.h"
#include "tests/examples/normalised_steps.h"
#include "tests/support/paths.h"

namespace innerloop {
namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(source_folder() / path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(AddingAnOptimiser, DocumentHoldsTheExampleAsItIsTested) {
  const std::string example = text_of("tests/examples/normalised_steps.h");
  ASSERT_FALSE(example.empty());
  EXPECT_NE(text_of("docs/adding-an-optimiser.md").find("```cpp\n" + example + "```\n"), std::string::npos);
}

// A registry with the example in it.
struct Registry {
  using List = TypeList<AdamOptions, NormalisedStepsOptions>;
  OptionsVariant<List> outer;

  template <class Fields>
  static void describe(Fields& field, Registry& r) {
    field("outer", r.outer, OneOf<List>{}, "what takes the step");
  }
};

TEST(AddingAnOptimiser, ConfigsNameItAndItsOptions) {
  const Json json = parse_json(R"({"outer": {"name": "normalised_steps", "length": 0.25}})", "x");
  check_options(json, {"", "", outline_of<Registry>()}, OptionSource("x"));
  Registry registry;
  read_options<Registry>(json, registry);
  EXPECT_EQ(std::get<NormalisedStepsOptions>(registry.outer).length, 0.25);
}

// A device, and an optimiser of three parameters on it.
struct Problem {
  Problem() : optimiser({.length = 0.5}, {{0, 3}, ""}, device, plan) {
    plan.add(&params, "params", "[parameter]", {3});
    plan.add(&gradient, "gradient", "[parameter]", {3});
    memory = allocate_planned(device, plan, "this test");
    optimiser.prepare(nullptr);
  }

  // The parameters after a step from `start` along `along`.
  std::vector<float> after(const std::vector<float>& start, const std::vector<float>& along) {
    device.write(params, start);
    device.write(gradient, along);
    optimiser.update(params, gradient, nullptr);
    return device.read(params, 3);
  }

  Device device{{.backend = Backend::cpu, .threads = 1, .instructions = ""}};
  BufferPlan plan;
  NormalisedSteps optimiser;
  float* params = nullptr;
  float* gradient = nullptr;
  std::shared_ptr<void> memory;
};

TEST(AddingAnOptimiser, EveryStepGoesUphillAndHasTheSameLength) {
  Problem p;
  const std::vector<float> start = {1, 2, 3};
  for (const float size : {1e-3f, 1.0f, 1e6f}) {
    const std::vector<float> found = p.after(start, {2 * size, -size, 2 * size});  // 3 · size long
    const float wanted[] = {1 + 0.5f * 2 / 3, 2 - 0.5f / 3, 3 + 0.5f * 2 / 3};
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], wanted[i], 1e-5) << size;
    IterationReport report;
    p.optimiser.report(report);
    EXPECT_NEAR(report.gradient_norm, 3 * size, 1e-5 * size);
  }
}

TEST(AddingAnOptimiser, AGradientThatIsNotFiniteChangesNothing) {
  Problem p;
  const std::vector<float> start = {1, 2, 3};
  EXPECT_EQ(p.after(start, {1, NAN, 1}), start);
}

}  // namespace
}  // namespace innerloop
