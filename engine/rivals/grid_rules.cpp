#include "engine/rivals/grid_rules.h"

namespace innerloop {
namespace {

class GridOracle : public TrialLearner {
 public:
  GridOracle(int size, int goal_x, int goal_y) : size_(size), goal_x_(goal_x), goal_y_(goal_y) {}

  int act(const Situation& now, Draws&) override {
    const int x = now.state % size_, y = now.state / size_;
    if (x != goal_x_) return x < goal_x_ ? 2 : 4;
    if (y != goal_y_) return y < goal_y_ ? 1 : 3;
    return 0;
  }

 private:
  int size_, goal_x_, goal_y_;
};

LearnerOfTrial prepare_grid_oracle(const Config& config) {
  return [size = std::get<GridNavigation::Options>(config.environment).size](const std::vector<float>& task) {
    return std::make_unique<GridOracle>(size, static_cast<int>(task[0]), static_cast<int>(task[1]));
  };
}

}  // namespace

std::vector<Rival> grid_navigation_rivals() { return {{"oracle", prepare_grid_oracle}}; }

}  // namespace innerloop
