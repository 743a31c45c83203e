#include "engine/rivals/grid_rules.h"

#include <cstdlib>
#include <optional>

#include "engine/error.h"

namespace innerloop {
namespace {

struct Cell {
  int x = 0, y = 0;
  bool operator==(const Cell&) const = default;
};

// The actions of an environment.
struct Compass {
  int stay, up, right, down, left;
};
constexpr Compass kGridCompass = {0, 1, 2, 3, 4}, kKeyDoorCompass = {4, 2, 3, 0, 1};

// Along x first.
int towards(const Compass& compass, Cell from, Cell to) {
  if (from.x != to.x) return from.x < to.x ? compass.right : compass.left;
  if (from.y != to.y) return from.y < to.y ? compass.up : compass.down;
  return compass.stay;
}

// Which cells of a square have been tried; row by row.
class TriedCells {
 public:
  explicit TriedCells(int size) : size_(size), tried_(static_cast<std::size_t>(size * size)) {}

  int size() const { return size_; }
  Cell cell(int number) const { return {number % size_, number / size_}; }
  void add(Cell cell) { tried_[static_cast<std::size_t>(cell.y * size_ + cell.x)] = true; }
  // The nearest that has not been, of several the first; `from` where there is none.
  Cell nearest(Cell from) const {
    Cell best = from;
    int least = 2 * size_;
    for (int number = 0; number < size_ * size_; ++number) {
      const Cell to = cell(number);
      const int away = std::abs(to.x - from.x) + std::abs(to.y - from.y);
      if (tried_[static_cast<std::size_t>(number)] || away >= least) continue;
      best = to;
      least = away;
    }
    return best;
  }
  // One of those that have not been, each as likely.
  Cell any(Draws& draws) const {
    std::vector<Cell> left;
    for (int number = 0; number < size_ * size_; ++number)
      if (!tried_[static_cast<std::size_t>(number)]) left.push_back(cell(number));
    return left[static_cast<std::size_t>(draws.below(static_cast<int>(left.size())))];
  }

 private:
  int size_;
  std::vector<bool> tried_;
};

// Knows the goal.
class GoalOracle : public TrialLearner {
 public:
  GoalOracle(int size, Cell goal) : room_(size), goal_(goal) {}
  int act(const Situation& now, Draws&) override {
    return towards(kGridCompass, room_.cell(now.state), goal_);
  }

 private:
  TriedCells room_;
  Cell goal_;
};

// Learns from a reward above 0 which cell is the goal, and from the others which are not.
class GoalLearner : public TrialLearner {
 public:
  explicit GoalLearner(const TriedCells& tried) : tried_(tried) {}
  void learn(const Experience& of) override {
    const Cell at = tried_.cell(of.next);
    if (of.reward > 0)
      goal_ = at;
    else
      tried_.add(at);
  }

 protected:
  TriedCells tried_;
  std::optional<Cell> goal_;
};

class GoalSearch : public GoalLearner {
 public:
  using GoalLearner::GoalLearner;
  int act(const Situation& now, Draws&) override {
    const Cell here = tried_.cell(now.state);
    return towards(kGridCompass, here, goal_ ? *goal_ : tried_.nearest(here));
  }
};

class GoalSampling : public GoalLearner {
 public:
  using GoalLearner::GoalLearner;
  void begin_episode(Draws& draws) override { target_ = goal_ ? *goal_ : tried_.any(draws); }
  int act(const Situation& now, Draws&) override {
    return towards(kGridCompass, tried_.cell(now.state), target_);
  }

 private:
  Cell target_;
};

int grid_size(const Config& config) { return std::get<GridNavigation::Options>(config.environment).size; }
int room_size(const Config& config) { return std::get<DarkRoom::Options>(config.environment).size; }
int doors_size(const Config& config) { return std::get<KeyDoor::Options>(config.environment).size; }

// Nothing has been tried, but the goal is in none of the four cells about the grid's start.
TriedCells untried_grid(int size) {
  TriedCells tried(size);
  for (const Cell cell : {Cell{0, 0}, Cell{1, 0}, Cell{0, 1}, Cell{1, 1}}) tried.add(cell);
  return tried;
}

template <int (*SizeOf)(const Config&)>
LearnerOfTrial prepare_goal_oracle(const Config& config) {
  return [size = SizeOf(config)](const std::vector<float>& task) {
    return std::make_unique<GoalOracle>(size, Cell{static_cast<int>(task[0]), static_cast<int>(task[1])});
  };
}

LearnerOfTrial prepare_grid_sampling(const Config& config) {
  return [tried = untried_grid(grid_size(config))](const std::vector<float>&) {
    return std::make_unique<GoalSampling>(tried);
  };
}

template <class Learner>
LearnerOfTrial prepare_in_room(const Config& config) {
  return [tried = TriedCells(room_size(config))](const std::vector<float>&) {
    return std::make_unique<Learner>(tried);
  };
}

// Bayes-optimal on 5 × 5 cells with 15 steps an episode. The first episode tries 14 cells, one a step from the second step
// on, and leaves those on one shortest way from (1, 0) to the far corner; the second episode goes this way, which costs
// nothing against knowing the goal, whichever of the seven it is.
class GridBayes : public GoalLearner {
 public:
  GridBayes() : GoalLearner(untried_grid(kSize)) {}

  static constexpr int kSize = 5, kSteps = 15;

  void begin_episode(Draws&) override { ++episode_; }
  int act(const Situation& now, Draws&) override {
    static constexpr Cell kFirst[kSteps] = {{0, 1}, {0, 2}, {0, 3}, {0, 4}, {1, 4}, {1, 3}, {1, 2}, {2, 2},
                                            {2, 1}, {3, 1}, {3, 2}, {3, 3}, {2, 3}, {2, 4}, {3, 4}};
    const Cell here = tried_.cell(now.state);
    if (goal_) return towards(kGridCompass, here, *goal_);
    if (episode_ > 1) return towards(kGridCompass, here, {kSize - 1, kSize - 1});
    return towards(kGridCompass, here, kFirst[now.step]);
  }

 private:
  int episode_ = 0;
};

LearnerOfTrial prepare_grid_bayes(const Config& config) {
  if (grid_size(config) != GridBayes::kSize)
    throw InputError(
        "/environment/size: wanted 5 with --baseline bayes, whose ways are of that grid, found " +
        std::to_string(grid_size(config)));
  if (config.horizon != GridBayes::kSteps)
    throw InputError("/horizon: wanted 15 with --baseline bayes, whose ways take as many steps, found " +
                     std::to_string(config.horizon));
  return [](const std::vector<float>&) { return std::make_unique<GridBayes>(); };
}

// What is known of the key and of the door, beforehand or by trying.
class KeyDoorLearner : public TrialLearner {
 public:
  explicit KeyDoorLearner(int size) : tried_{TriedCells(size), TriedCells(size)} {}

  int act(const Situation& now, Draws&) override {
    const Place at = place(now.state);
    const std::optional<Cell>& wanted = at.has_key ? door_ : key_;
    return towards(kKeyDoorCompass, at.cell, wanted ? *wanted : tried_[at.has_key].nearest(at.cell));
  }
  void learn(const Experience& of) override {
    const Place from = place(of.state), to = place(of.next);
    if (from.over) return;
    tried_[from.has_key].add(to.cell);
    if (!from.has_key && to.has_key) key_ = to.cell;
    if (from.has_key && of.reward > 0) door_ = to.cell;
  }

 protected:
  std::optional<Cell> key_, door_;

 private:
  struct Place {
    Cell cell;
    bool has_key, over;
  };
  Place place(int state) const {
    const int cells = tried_[0].size() * tried_[0].size();
    return {tried_[0].cell(state % cells), state / cells % 2 == 1, state / cells >= 2};
  }

  TriedCells tried_[2];  // without the key and with it
};

class KeyDoorOracle : public KeyDoorLearner {
 public:
  KeyDoorOracle(int size, Cell key, Cell door) : KeyDoorLearner(size) {
    key_ = key;
    door_ = door;
  }
};

LearnerOfTrial prepare_key_door_oracle(const Config& config) {
  return [size = doors_size(config)](const std::vector<float>& task) {
    const auto cell = [&](std::size_t i) {
      return Cell{static_cast<int>(task[i]), static_cast<int>(task[i + 1])};
    };
    return std::make_unique<KeyDoorOracle>(size, cell(2), cell(4));
  };
}

LearnerOfTrial prepare_key_door_search(const Config& config) {
  return [size = doors_size(config)](const std::vector<float>&) {
    return std::make_unique<KeyDoorLearner>(size);
  };
}

}  // namespace

std::vector<Rival> grid_navigation_rivals() {
  return {{"oracle", prepare_goal_oracle<grid_size>},
          {"bayes", prepare_grid_bayes},
          {"posterior_sampling", prepare_grid_sampling}};
}

std::vector<Rival> dark_room_rivals() {
  return {{"oracle", prepare_goal_oracle<room_size>},
          {"search", prepare_in_room<GoalSearch>},
          {"posterior_sampling", prepare_in_room<GoalSampling>}};
}

std::vector<Rival> key_door_rivals() {
  return {{"oracle", prepare_key_door_oracle}, {"search", prepare_key_door_search}};
}

}  // namespace innerloop
