#include "engine/rivals/registry.h"

#include "engine/config/environment_info.h"
#include "engine/error.h"
#include "engine/options/check.h"
#include "engine/rivals/alchemy_rules.h"
#include "engine/rivals/bandit_rules.h"
#include "engine/rivals/grid_rules.h"
#include "engine/rivals/maze_rules.h"
#include "engine/rivals/mdp_rules.h"
#include "engine/rivals/plant_rules.h"
#include "engine/rivals/recall_rules.h"
#include "engine/rivals/tool_rules.h"
#include "engine/rivals/xland_rules.h"
#include "envs/registry.h"
#include "kernels/environment/words.h"

namespace innerloop {
namespace {

// Each action as often; of real numbers, each from −1 to 1.
class RandomActions : public TrialLearner {
 public:
  explicit RandomActions(int actions) : actions_(actions) {}
  int act(const Situation&, Draws& draws) override { return draws.below(actions_); }
  void control(const Situation&, Draws& draws, std::span<float> action) override {
    for (float& number : action) number = static_cast<float>(2 * draws.uniform() - 1);
  }

 private:
  int actions_;
};

LearnerOfTrial prepare_random(const Config& config) {
  return [actions = environment_info(config).action_count](const std::vector<float>&) {
    return std::make_unique<RandomActions>(actions);
  };
}

}  // namespace

std::string environments_with_learners() {
  std::vector<std::string> names;
  for_each_type(Environments{}, [&]<class Env>() {
    if constexpr (HasStateNumbers<Env>) names.push_back(std::string("\"") + Env::name + "\"");
  });
  std::string list;
  for (std::size_t i = 0; i < names.size(); ++i)
    list += (i == 0 ? "" : i + 1 < names.size() ? ", " : " or ") + names[i];
  return list;
}

std::vector<Rival> rivals_of(const Config& config) {
  std::vector<Rival> all;
  if (std::holds_alternative<Bandit::Options>(config.environment)) all = bandit_rivals();
  if (std::holds_alternative<TabularMdp::Options>(config.environment)) all = tabular_mdp_rivals();
  if (std::holds_alternative<GridNavigation::Options>(config.environment)) all = grid_navigation_rivals();
  if (std::holds_alternative<TMaze::Options>(config.environment)) all = t_maze_rivals();
  if (std::holds_alternative<KeyDoor::Options>(config.environment)) all = key_door_rivals();
  if (std::holds_alternative<DarkRoom::Options>(config.environment)) all = dark_room_rivals();
  if (std::holds_alternative<BarcodeBandit::Options>(config.environment)) all = barcode_bandit_rivals();
  if (std::holds_alternative<EpisodicTwoStep::Options>(config.environment)) all = episodic_two_step_rivals();
  if (std::holds_alternative<ContextualChoice::Options>(config.environment)) all = contextual_choice_rivals();
  if (std::holds_alternative<Cstr::Options>(config.environment)) all = cstr_rivals();
  if (std::holds_alternative<FourTank::Options>(config.environment)) all = four_tank_rivals();
  if (std::holds_alternative<DcDrive::Options>(config.environment)) all = dc_drive_rivals();
  if (std::holds_alternative<Distillation::Options>(config.environment)) all = distillation_rivals();
  if (std::holds_alternative<ToolCalls::Options>(config.environment)) all = tool_calls_rivals();
  if (std::holds_alternative<Alchemy::Options>(config.environment)) all = alchemy_rivals();
  if (std::holds_alternative<MazeNavigation::Options>(config.environment)) all = maze_navigation_rivals();
  if (std::holds_alternative<XLand::Options>(config.environment)) all = xland_rivals();
  if (!all.empty()) all.insert(all.begin(), {"random", prepare_random});
  return all;
}

namespace {

// @throws InputError as prepare_rivals.
Rival find_rival(const Config& config, const std::string& name) {
  const std::vector<Rival> all = rivals_of(config);
  const std::string environment = "environment \"" + environment_name(config) + "\"";
  if (all.empty())
    throw InputError("--baseline: wanted environment " + environments_with_learners() +
                     ", which have hand-written learners, found " + environment);
  if (evaluation_protocol(config) != EvaluationProtocol::over_episodes)
    throw InputError(
        "--baseline: wanted algorithm \"rl2\", whose trials the hand-written learners play, found \"" +
        algorithm_name(config) + "\"");
  std::vector<std::string> names;
  std::string wanted;
  for (const Rival& rival : all) {
    if (rival.name == name) return rival;
    names.push_back(rival.name);
    wanted += (wanted.empty() ? "" : ", ") + rival.name;
  }
  throw InputError("--baseline: wanted one of " + environment + ": " + wanted + nearest_hint(name, names) +
                   ", found \"" + name + "\"");
}

}  // namespace

std::vector<NamedLearner> prepare_rivals(const Config& of_training, const std::vector<std::string>& names) {
  const Config config = for_evaluation(of_training);
  std::vector<NamedLearner> learners;
  learners.reserve(names.size());
  for (const std::string& name : names) learners.push_back({name, find_rival(config, name).prepare(config)});
  return learners;
}

}  // namespace innerloop
