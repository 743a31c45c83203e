#include "engine/rivals/xland_rules.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <unordered_set>

#include "engine/error.h"
#include "kernels/environment/fields.h"

namespace innerloop {
namespace {

using One = Pack<float, 1>;
using Room = XLand::State<One>;

int whole(One x) { return static_cast<int>(x.get(0)); }

// Finds ways by breadth-first search through the family's own steps.
class RoomSearch {
 public:
  RoomSearch(const XLand::Options& options, const std::vector<float>& task) : options_(options), task_(task) {
    task_.resize(static_cast<std::size_t>(kTaskSize<XLand>));
    const auto number = [&](int i) { return static_cast<int>(task_[static_cast<std::size_t>(i)]); };
    const auto want = [&](int tile) { wanted_[static_cast<std::size_t>(tile)] = tile != Tiles::kNothing; };
    want(number(XLand::goal_a));
    want(number(XLand::goal_b));
    for (int round = 0; round < XLand::rules(options); ++round)
      for (int k = 0; k < XLand::rules(options); ++k) {
        const int rule = XLand::kGoalParts + k * XLand::kRuleParts;
        if (number(rule + XLand::rule_kind) == 0 || !wanted(number(rule + XLand::product))) continue;
        want(number(rule + XLand::rule_a));
        want(number(rule + XLand::rule_b));
      }
  }

  // The actions from here to the goal, putting down `spare` times where nothing comes of it; none where there is no such
  // way, or none among so many states.
  std::optional<std::vector<int>> way_from(const Room& start, int spare) const {
    constexpr std::size_t kMostStates = 400'000;
    std::vector<Node> nodes = {{start, 0, -1, spare}};
    std::unordered_set<std::u16string> seen = {key(nodes[0])};
    for (std::size_t i = 0; i < nodes.size() && nodes.size() < kMostStates; ++i)
      for (int action = 0; action < 5; ++action) {
        Node next = nodes[i];
        if (action == 3 && !wanted(tile_ahead(next.room))) continue;
        Random<One> random({0, 0}, 0u, 0u, 0u, Purpose::environment, 0);
        const Outcome<One> outcome = XLand::step<One>(options_, TaskNumbers<One>(task_.data(), 0), next.room,
                                                      IntPack<One>(action), random);
        next.before = static_cast<int>(i);
        next.action = action;
        if (outcome.terminated.get(0) != 0) {
          std::vector<int> way;
          nodes.push_back(next);
          for (int at = static_cast<int>(nodes.size()) - 1; at > 0;
               at = nodes[static_cast<std::size_t>(at)].before)
            way.push_back(nodes[static_cast<std::size_t>(at)].action);
          std::ranges::reverse(way);
          return way;
        }
        if (action == 4 && same_tiles(next.room, nodes[i].room) && --next.spare < 0) continue;
        if (seen.insert(key(next)).second) nodes.push_back(next);
      }
    return std::nullopt;
  }

 private:
  struct Node {
    Room room;
    int before, action, spare;
  };

  bool wanted(int tile) const { return wanted_[static_cast<std::size_t>(tile)]; }
  int tile_ahead(const Room& room) const {
    constexpr int kWays[] = {-32, 1, 32, -1};
    const int front = whole(room.at) + kWays[whole(room.direction)];
    for (int i = 0; i < XLand::things(options_); ++i)
      if (whole(room.cells[i]) == front && whole(room.tiles[i]) != 0) return whole(room.tiles[i]);
    return Tiles::kNothing;
  }
  bool same_tiles(const Room& a, const Room& b) const {
    for (int i = 0; i < XLand::things(options_); ++i)
      if (whole(a.tiles[i]) != whole(b.tiles[i])) return false;
    return true;
  }
  // All of a state but its steps.
  std::u16string key(const Node& node) const {
    std::u16string key;
    const auto add = [&](int number) { key.push_back(static_cast<char16_t>(number)); };
    add(whole(node.room.at) * 4 + whole(node.room.direction));
    add(node.spare);
    for (int i = 0; i < XLand::things(options_); ++i) {
      const int tile = whole(node.room.tiles[i]);
      add(tile);
      add(tile == 0 ? 0 : whole(node.room.cells[i]));
    }
    return key;
  }

  const XLand::Options options_;
  std::vector<float> task_;
  std::array<bool, Tiles::kLast + 1> wanted_ = {};
};

class RoomOracle : public TrialLearner {
 public:
  RoomOracle(const XLand::Options& options, const std::vector<float>& task) : search_(options, task) {}

  int act(const Situation& now, Draws&) override {
    if (now.step == 0) {
      const Room room =
          gather_fields<One, Room>([&](int i) { return One(now.numbers[static_cast<std::size_t>(i)]); });
      way_.clear();
      for (int spare = 0; spare <= 2; ++spare)
        if (const auto way = search_.way_from(room, spare)) {
          way_ = *way;
          break;
        }
    }
    const auto step = static_cast<std::size_t>(now.step);
    return step < way_.size() ? way_[step] : kTurn;
  }

 private:
  static constexpr int kTurn = 1;
  const RoomSearch search_;
  std::vector<int> way_;
};

LearnerOfTrial prepare_room_oracle(const Config& config) {
  const auto& options = std::get<XLand::Options>(config.environment);
  if (options.benchmark == XLand::Benchmark::medium)
    throw InputError(
        "/environment/benchmark: wanted \"trivial\" or \"small\" with --baseline oracle, whose search takes "
        "too long with "
        "rules in two stages, found \"medium\"");
  return [options](const std::vector<float>& task) { return std::make_unique<RoomOracle>(options, task); };
}

}  // namespace

std::vector<Rival> xland_rivals() { return {{"oracle", prepare_room_oracle}}; }

}  // namespace innerloop
