#include "engine/rivals/maze_rules.h"

#include <algorithm>
#include <array>
#include <optional>

namespace innerloop {
namespace {

// Cells and directions, as MazeNavigation::state_number counts them.
struct Stand {
  int x, y, direction;
};

class MazeMap {
 public:
  explicit MazeMap(int size) : size_(size), free_(static_cast<std::size_t>(size * size)) {}

  int size() const { return size_; }
  Stand stand(int state) const { return {state % size_, state / size_ % size_, state / (size_ * size_)}; }
  int cell(int x, int y) const { return y * size_ + x; }
  // The cell beside: 0 ahead, 1 to the right, 2 behind, 3 to the left.
  int beside(const Stand& at, int side) const {
    constexpr int dx[] = {0, 1, 0, -1}, dy[] = {1, 0, -1, 0};
    const int way = (at.direction + side) % 4;
    return cell(at.x + dx[way], at.y + dy[way]);
  }
  bool is_free(int cell) const { return free_[static_cast<std::size_t>(cell)]; }
  void set_free(int cell) { free_[static_cast<std::size_t>(cell)] = true; }

  // The first action of a shortest way to a cell through free ones, turns counted; none where no way is known or it is there.
  std::optional<int> way_to(int goal, const Stand& from) const {
    const int all = 4 * size_ * size_;
    std::vector<int> first(static_cast<std::size_t>(all), -1), next;
    const auto number = [&](const Stand& of) { return of.direction * size_ * size_ + cell(of.x, of.y); };
    next.push_back(number(from));
    first[static_cast<std::size_t>(next[0])] = 3;  // none yet
    for (std::size_t i = 0; i < next.size(); ++i) {
      const Stand at = stand(next[i]);
      if (cell(at.x, at.y) == goal)
        return i == 0 ? std::nullopt : std::optional(first[static_cast<std::size_t>(next[i])]);
      for (int action = 0; action < 3; ++action) {
        Stand to = at;
        if (action == 0) {
          const int ahead = beside(at, 0);
          if (!is_free(ahead)) continue;
          to.x = ahead % size_;
          to.y = ahead / size_;
        } else {
          to.direction = (at.direction + (action == 1 ? 3 : 1)) % 4;
        }
        int& before = first[static_cast<std::size_t>(number(to))];
        if (before != -1) continue;
        before = i == 0 ? action : first[static_cast<std::size_t>(next[i])];
        next.push_back(number(to));
      }
    }
    return std::nullopt;
  }

 private:
  int size_;
  std::vector<bool> free_;  // [cell]  known to be
};

class MazeOracle : public TrialLearner {
 public:
  MazeOracle(const MazeNavigation::Options& options, const std::vector<float>& task) : map_(options.size) {
    const int side = MazeNavigation::rooms(options);
    const auto number = [&](int i) { return static_cast<int>(task[static_cast<std::size_t>(i)]); };
    for (int room = 0; room < side * side; ++room) {
      const int x = 2 * (room % side) + 1, y = 2 * (room / side) + 1;
      map_.set_free(map_.cell(x, y));
      if (number(2 * room) != 0) map_.set_free(map_.cell(x + 1, y));
      if (number(2 * room + 1) != 0) map_.set_free(map_.cell(x, y + 1));
    }
    goal_ = map_.cell(2 * number(2 * side * side) + 1, 2 * number(2 * side * side + 1) + 1);
  }
  int act(const Situation& now, Draws&) override {
    return map_.way_to(goal_, map_.stand(now.state)).value_or(0);
  }

 private:
  MazeMap map_;
  int goal_ = 0;
};

class MazeExplorer : public TrialLearner {
 public:
  explicit MazeExplorer(const MazeNavigation::Options& options)
      : map_(options.size), been_(static_cast<std::size_t>(options.size * options.size)) {}

  int act(const Situation& now, Draws&) override {
    const Stand at = map_.stand(now.state);
    look(at, now.seen);
    if (goal_) return map_.way_to(*goal_, at).value_or(0);
    while (!open_.empty() && been_[static_cast<std::size_t>(open_.back())]) open_.pop_back();
    return open_.empty() ? 0 : map_.way_to(open_.back(), at).value_or(0);
  }
  void learn(const Experience& of) override {
    if (of.reward > 0) {
      const Stand at = map_.stand(of.next);
      goal_ = map_.cell(at.x, at.y);
    }
  }

 private:
  void look(const Stand& at, std::span<const float> seen) {
    const int here = map_.cell(at.x, at.y);
    map_.set_free(here);
    been_[static_cast<std::size_t>(here)] = true;
    // The last one put there is the first to be tried: to the right, to the left, ahead.
    constexpr std::array<std::array<int, 2>, 3> kSides = {{{1, 6}, {3, 5}, {0, 4}}};
    for (const auto& [side, number] : kSides) {
      if (seen[static_cast<std::size_t>(number)] > 0) continue;
      const int cell = map_.beside(at, side);
      map_.set_free(cell);
      if (!been_[static_cast<std::size_t>(cell)]) open_.push_back(cell);
    }
  }

  MazeMap map_;
  std::vector<bool> been_;
  std::vector<int> open_;
  std::optional<int> goal_;
};

LearnerOfTrial prepare_maze_oracle(const Config& config) {
  return [options = std::get<MazeNavigation::Options>(config.environment)](const std::vector<float>& task) {
    return std::make_unique<MazeOracle>(options, task);
  };
}
LearnerOfTrial prepare_maze_explorer(const Config& config) {
  return [options = std::get<MazeNavigation::Options>(config.environment)](const std::vector<float>&) {
    return std::make_unique<MazeExplorer>(options);
  };
}

}  // namespace

std::vector<Rival> maze_navigation_rivals() {
  return {{"oracle", prepare_maze_oracle}, {"explorer", prepare_maze_explorer}};
}

}  // namespace innerloop
