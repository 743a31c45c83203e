// The environment that docs/adding-an-environment.md walks through.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/examples/line_walk.h"
#include "tests/support/environment_play.h"
#include "tests/support/paths.h"

namespace innerloop {
namespace {

TEST(AddingAnEnvironment, DocumentHoldsTheExampleAsItIsTested) {
  auto text_of = [](const std::string& path) {
    std::ifstream file(source_folder() / path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string example = text_of("tests/examples/line_walk.h");
  ASSERT_FALSE(example.empty());
  EXPECT_NE(text_of("docs/adding-an-environment.md").find("```cpp\n" + example + "```\n"), std::string::npos);
}

TEST(AddingAnEnvironment, BitsOfTheExampleDoNotDependOnTheWidth) { expect_the_same_bits<LineWalk>({}); }

TEST(AddingAnEnvironment, ExampleEqualsThePlainLoop) {
  const LineWalk::Options options = {0.3f, 0.01f};
  int ends = 0;
  auto check = [&](int first, int t, const auto& task, const auto& before, const auto& action,
                   const auto& after, const auto& outcome) {
    for (int lane = 0; lane < Floats::lanes; ++lane) {
      auto random =
          stream<Pack<double, 1>>(Purpose::environment, static_cast<std::uint32_t>(first + lane), t);
      const double at = before.at.get(lane) +
                        std::clamp(static_cast<double>(action[0].get(lane)), -0.1, 0.1) +
                        static_cast<double>(options.gust) * random.normal().get(0);
      expect_close<Floats>(after.at.get(lane), at);
      const double goal = task.goal.get(lane),
                   away = std::abs(static_cast<double>(after.at.get(lane)) - goal);
      EXPECT_EQ(std::abs(task.goal.get(lane)), options.length);
      expect_close<Floats>(outcome.reward.get(lane), -away);
      EXPECT_EQ(outcome.terminated.get(lane) != 0, away < 0.05);
      ends += away < 0.05;
    }
  };
  play<LineWalk, Floats>(options, 7, 100, 0.1, check);
  EXPECT_GT(ends, 20);
}

}  // namespace
}  // namespace innerloop
