#include "engine/rivals/alchemy_rules.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>

namespace innerloop {
namespace {

using Corner = std::array<int, 3>;
using Potions = std::array<int, Alchemy::kColours>;  // of each colour

int worth(const Corner& corner) {
  const int sum = corner[0] + corner[1] + corner[2];
  return sum == 3 ? 15 : sum;
}
int pour(int stone, int colour) { return 1 + Alchemy::kChoices * stone + colour; }
int cash(int stone) { return pour(stone, Alchemy::kColours); }

// What is seen of a stone and of the potions.
bool is_used(std::span<const float> seen, int stone) {
  return seen[static_cast<std::size_t>(5 * stone + 4)] > 0;
}
int shown_worth(std::span<const float> seen, int stone) {
  const auto sum = static_cast<int>(std::lround(3 * seen[static_cast<std::size_t>(5 * stone + 3)]));
  return sum == 3 ? 15 : sum;
}
Potions shown_potions(std::span<const float> seen) {
  Potions potions;
  for (std::size_t c = 0; c < potions.size(); ++c)
    potions[c] = static_cast<int>(std::lround(4 * seen[std::size_t{5} * Alchemy::kStones + c]));
  return potions;
}

class Chemistry {
 public:
  explicit Chemistry(const std::vector<float>& task) {
    std::ranges::transform(task, std::back_inserter(numbers_), [](float x) { return static_cast<int>(x); });
  }

  // The corner of a stone that is seen so.
  Corner corner(std::span<const float> seen, int stone) const {
    std::array<double, 3> at;
    for (std::size_t axis = 0; axis < 3; ++axis) at[axis] = seen[static_cast<std::size_t>(5 * stone) + axis];
    if (const int axis = number(15) - 1; axis >= 0) {
      const auto a = static_cast<std::size_t>(Alchemy::other_axis(axis, 0)),
                 b = static_cast<std::size_t>(Alchemy::other_axis(axis, 1));
      const double sum = at[a] + at[b], difference = at[b] - at[a];
      at[a] = sum;
      at[b] = difference;
    }
    Corner corner;
    for (std::size_t axis = 0; axis < 3; ++axis)
      corner[axis] = number(12 + static_cast<int>(axis)) * static_cast<int>(std::lround(at[axis]));
    return corner;
  }
  Corner after(int colour, const Corner& corner) const {
    const int axis = number(6 + colour / 2), to = (colour % 2 == 1 ? 1 : -1) * number(9 + colour / 2);
    for (int other = 0; other < 2; ++other) {
      const int wanted = number(2 * axis + other);
      if (wanted != 0 && wanted != corner[static_cast<std::size_t>(Alchemy::other_axis(axis, other))])
        return corner;
    }
    Corner moved = corner;
    moved[static_cast<std::size_t>(axis)] = to;
    return moved;
  }

 private:
  int number(int i) const { return numbers_[static_cast<std::size_t>(i)]; }
  std::vector<int> numbers_;
};

// A way to make something of a stone: the colours to pour, in their order, and what it is then worth; 0 where it is left alone.
struct Way {
  int worth = 0;
  Potions takes = {};
  std::vector<int> colours = {};

  int steps() const { return worth > 0 ? static_cast<int>(colours.size()) + 1 : 0; }
  bool no_worse_than(const Way& other) const {
    if (worth < other.worth) return false;
    for (std::size_t c = 0; c < takes.size(); ++c)
      if (takes[c] > other.takes[c]) return false;
    return true;
  }
};

// All ways that may be of use: through each corner once at most, and none that another is no worse than.
class Ways {
 public:
  Ways(const Chemistry& chemistry, const Corner& from, const Potions& potions)
      : chemistry_(chemistry), left_(potions) {
    found_.push_back({});
    path_ = {from};
    go_on(from);
  }
  const std::vector<Way>& found() const { return found_; }

 private:
  void go_on(const Corner& at) {
    now_.worth = worth(at);
    const bool is_of_use =
        std::ranges::none_of(found_, [&](const Way& way) { return way.no_worse_than(now_); });
    if (is_of_use) {
      std::erase_if(found_, [&](const Way& way) { return now_.no_worse_than(way); });
      found_.push_back(now_);
    }
    for (int colour = 0; colour < Alchemy::kColours; ++colour) {
      const auto c = static_cast<std::size_t>(colour);
      const Corner to = chemistry_.after(colour, at);
      if (left_[c] == 0 || std::ranges::find(path_, to) != path_.end()) continue;
      --left_[c];
      ++now_.takes[c];
      now_.colours.push_back(colour);
      path_.push_back(to);
      go_on(to);
      path_.pop_back();
      now_.colours.pop_back();
      --now_.takes[c];
      ++left_[c];
    }
  }

  const Chemistry& chemistry_;
  Potions left_;
  Way now_;
  std::vector<Corner> path_;
  std::vector<Way> found_;
};

class AlchemyOracle : public TrialLearner {
 public:
  AlchemyOracle(const std::vector<float>& task, int horizon) : chemistry_(task), horizon_(horizon) {}

  int act(const Situation& now, Draws&) override {
    if (now.step == 0) plan(now.seen);
    if (actions_.empty()) return 0;
    const int action = actions_.front();
    actions_.pop_front();
    return action;
  }

 private:
  void plan(std::span<const float> seen) {
    const Potions potions = shown_potions(seen);
    std::array<std::vector<Way>, Alchemy::kStones> ways;
    for (int s = 0; s < Alchemy::kStones; ++s)
      ways[static_cast<std::size_t>(s)] = Ways(chemistry_, chemistry_.corner(seen, s), potions).found();
    int best = 0;
    actions_.clear();
    for (const Way& first : ways[0])
      for (const Way& second : ways[1])
        for (const Way& third : ways[2]) {
          const int all = first.worth + second.worth + third.worth;
          if (all <= best || first.steps() + second.steps() + third.steps() > horizon_) continue;
          bool enough = true;
          for (std::size_t c = 0; c < potions.size(); ++c)
            enough = enough && first.takes[c] + second.takes[c] + third.takes[c] <= potions[c];
          if (!enough) continue;
          best = all;
          actions_.clear();
          int stone = 0;
          for (const Way* way : {&first, &second, &third}) {
            for (int colour : way->colours) actions_.push_back(pour(stone, colour));
            if (way->worth > 0) actions_.push_back(cash(stone));
            ++stone;
          }
        }
  }

  const Chemistry chemistry_;
  const int horizon_;
  std::deque<int> actions_;
};

// Puts the first stone that is worth more than nothing into the cauldron.
int cash_any(std::span<const float> seen) {
  for (int stone = 0; stone < Alchemy::kStones; ++stone)
    if (!is_used(seen, stone) && shown_worth(seen, stone) > 0) return cash(stone);
  return 0;
}

class CashIn : public TrialLearner {
 public:
  int act(const Situation& now, Draws&) override { return cash_any(now.seen); }
};

class RandomPotions : public TrialLearner {
 public:
  int act(const Situation& now, Draws& draws) override {
    std::vector<int> choices;
    const Potions potions = shown_potions(now.seen);
    for (int stone = 0; stone < Alchemy::kStones; ++stone) {
      if (is_used(now.seen, stone) || shown_worth(now.seen, stone) == 15) continue;
      for (int colour = 0; colour < Alchemy::kColours; ++colour)
        choices.insert(choices.end(), static_cast<std::size_t>(potions[static_cast<std::size_t>(colour)]),
                       pour(stone, colour));
    }
    if (choices.empty()) return cash_any(now.seen);
    return choices[static_cast<std::size_t>(draws.below(static_cast<int>(choices.size())))];
  }
};

LearnerOfTrial prepare_alchemy_oracle(const Config& config) {
  return [horizon = config.horizon](const std::vector<float>& task) {
    return std::make_unique<AlchemyOracle>(task, horizon);
  };
}
template <class Learner>
LearnerOfTrial prepare_without_chemistry(const Config&) {
  return [](const std::vector<float>&) { return std::make_unique<Learner>(); };
}

}  // namespace

std::vector<Rival> alchemy_rivals() {
  return {{"oracle", prepare_alchemy_oracle},
          {"random_potions", prepare_without_chemistry<RandomPotions>},
          {"cash_in", prepare_without_chemistry<CashIn>}};
}

}  // namespace innerloop
