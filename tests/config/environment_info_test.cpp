#include "engine/config/environment_info.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/config/config.h"
#include "kernels/environment/episode.h"

namespace innerloop {
namespace {

EnvironmentInfo info_of(const std::string& environment) {
  return environment_info(parse_config(R"({"environment": )" + environment + "}", "test"));
}

TEST(EnvironmentInfo, SaysOfEveryEnvironmentWhatItsTypeSays) {
  for_each_type(Environments{}, []<class Env>() {
    SCOPED_TRACE(Env::name);
    const EnvironmentInfo info = info_of(std::string(R"({"name": ")") + Env::name + R"("})");
    EXPECT_EQ(info.name, Env::name);
    EXPECT_EQ(info.observation.numbers, Env::observation({}).numbers);
    EXPECT_EQ(info.observation.symbols, Env::observation({}).symbols);
    EXPECT_EQ(info.action_count, action_outputs<Env>({}));
    EXPECT_EQ(info.group_sizes.size(), Env::Action::discrete ? 1u : 0u);
    EXPECT_EQ(info.head == HeadKind::categorical, Env::Action::discrete);
    EXPECT_EQ(info.task_size, kTaskSize<Env>);
    EXPECT_EQ(info.state_size, episode_size<Env>({}));
    EXPECT_EQ(info.task_numbers.size(), Env::task_numbers({}).size());
  });
}

TEST(EnvironmentInfo, FollowsTheOptions) {
  const EnvironmentInfo bandit = info_of(R"({"name": "bandit", "arms": 7})");
  EXPECT_EQ(bandit.action_count, 7);
  EXPECT_EQ(bandit.action_size, 1);
  EXPECT_EQ(bandit.task_numbers.size(), 7u);
  const EnvironmentInfo point = info_of(R"({"name": "point_navigation"})");
  EXPECT_EQ(point.action_size, 2);
  EXPECT_EQ(point.trial_inputs, 2 + 2 + 2);  // the observation; the last action, its reward, whether it ended
}

}  // namespace
}  // namespace innerloop
