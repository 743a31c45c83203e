#include "engine/rivals/recall_rules.h"

namespace innerloop {
namespace {

// In the maze, to the cue where the start is beside it, and to one end.
class MazeWalk : public TrialLearner {
 public:
  MazeWalk(const TMaze::Options& options, int end) : options_(options), end_(end) {}

  void begin_episode(Draws& draws) override { goes_ = end_ != 0 ? end_ : draws.below(2) == 0 ? 1 : -1; }
  int act(const Situation& now, Draws&) override {
    const bool beside = options_.start == TMaze::Start::beside;
    if (beside && now.step == 0) return 2;
    const int junction = options_.corridor + (beside ? 1 : 0);
    if (now.state < junction) return 0;
    return goes_ > 0 ? 1 : 3;
  }

 private:
  const TMaze::Options options_;
  const int end_;  // 1 up, −1 down, 0 drawn
  int goes_ = 0;
};

TMaze::Options maze_options(const Config& config) { return std::get<TMaze::Options>(config.environment); }

LearnerOfTrial prepare_maze_oracle(const Config& config) {
  return [options = maze_options(config)](const std::vector<float>& task) {
    return std::make_unique<MazeWalk>(options, static_cast<int>(task[0]));
  };
}
LearnerOfTrial prepare_maze_guess(const Config& config) {
  return [options = maze_options(config)](const std::vector<float>&) {
    return std::make_unique<MazeWalk>(options, 0);
  };
}

}  // namespace

std::vector<Rival> t_maze_rivals() { return {{"oracle", prepare_maze_oracle}, {"guess", prepare_maze_guess}}; }

}  // namespace innerloop
