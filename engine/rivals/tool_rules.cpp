#include "engine/rivals/tool_rules.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <map>
#include <utility>

#include "engine/error.h"

namespace innerloop {
namespace {

// What a learner takes a call to do: with probability `works` the session then holds the set `to`, or has what is looked for.
struct Call {
  int to = 0;
  double cost = 0, works = 0;
};
constexpr int kFound = -1;

// The sets of types, and what each tool does with each.
class Calls {
 public:
  Calls(const ToolCalls::Options& options)
      : tools_(options.tools), sets_(1 << options.types), calls_(static_cast<std::size_t>(sets_ * tools_)) {}

  Call& at(int held, int tool) { return calls_[static_cast<std::size_t>(held * tools_ + tool)]; }
  const Call& at(int held, int tool) const { return calls_[static_cast<std::size_t>(held * tools_ + tool)]; }
  int tools() const { return tools_; }
  int sets() const { return sets_; }

 private:
  int tools_, sets_;
  std::vector<Call> calls_;
};

// The most that can be expected of the rest of an episode: V_h(s) = max over the tools of −cost + works·(1 where the goal is
// got, else V_{h−1}(to)) + (1 − works)·V_{h−1}(s).
class Plan {
 public:
  Plan(const Calls& calls, int goal, int steps) : calls_(calls), goal_(goal), sets_(calls.sets()) {
    value_.resize(static_cast<std::size_t>((steps + 1) * sets_));
    for (int left = 1; left <= steps; ++left)
      for (int held = 0; held < sets_; ++held)
        value_[static_cast<std::size_t>(left * sets_ + held)] = best(held, left).second;
  }

  double value(int held, int left) const { return value_[static_cast<std::size_t>(left * sets_ + held)]; }
  // The first of the best tools.
  int tool(int held, int left) const { return best(held, left).first; }

 private:
  std::pair<int, double> best(int held, int left) const {
    std::pair<int, double> found = {0, -std::numeric_limits<double>::infinity()};
    for (int tool = 0; tool < calls_.tools(); ++tool) {
      const Call& call = calls_.at(held, tool);
      const bool got = call.to == kFound || (call.to >> goal_ & 1) != 0;
      const double after = got ? 1 : value(call.to, left - 1),
                   worth = call.works * after + (1 - call.works) * value(held, left - 1) - call.cost;
      if (worth > found.second) found = {tool, worth};
    }
    return found;
  }

  const Calls& calls_;
  const int goal_, sets_;
  std::vector<double> value_;  // [steps left][held]
};

// What a tool does, whatever is held.
struct Signature {
  int needs = 0, gives = 0, loses = 0;
  double prior = 1;

  bool runs_with(int held) const { return (needs & held) == needs; }
  int after(int held) const { return (held | 1 << gives) & ~loses; }
};

// Where a session stands, from ToolCalls::state_number.
struct Standing {
  int held, goal, result;
};
Standing standing(const ToolCalls::Options& options, int state) {
  const int sets = 1 << options.types, rest = state / sets;
  return {state % sets, rest % options.types, rest / options.types};
}
constexpr int kOk = 1, kMissing = 3, kFailed = 4;

class ToolLearner : public TrialLearner {
 public:
  ToolLearner(const ToolCalls::Options& options, int horizon) : options_(options), horizon_(horizon) {}

 protected:
  const ToolCalls::Options options_;
  const int horizon_;
};

class ToolOracle : public ToolLearner {
 public:
  ToolOracle(const ToolCalls::Options& options, int horizon, const std::vector<float>& task)
      : ToolLearner(options, horizon), task_(task) {}

  void begin_episode(Draws&) override { ++episode_; }
  int act(const Situation& now, Draws&) override {
    const Standing at = standing(options_, now.state);
    return plan_for(at.goal).tool(at.held, horizon_ - now.step);
  }

 private:
  struct Known {
    Calls calls;
    std::map<int, Plan> plans;  // by goal
  };

  const Plan& plan_for(int goal) {
    const bool changed = options_.change_until > 0 && episode_ > number(change_at() + 1);
    std::unique_ptr<Known>& known = known_[changed ? 1 : 0];
    if (known == nullptr) known = std::make_unique<Known>(Known{calls_of(changed), {}});
    return known->plans.try_emplace(goal, known->calls, goal, horizon_).first->second;
  }
  Calls calls_of(bool changed) const {
    Calls calls(options_);
    for (int tool = 0; tool < options_.tools; ++tool) {
      int first = tool * ToolCalls::parts(options_);
      if (changed && tool == number(change_at())) first = change_at() + 2;
      const Signature of = {number(first + ToolCalls::needs), number(first + ToolCalls::gives),
                            number(first + ToolCalls::loses)};
      const double cost = task_[static_cast<std::size_t>(first + ToolCalls::cost)],
                   failure = task_[static_cast<std::size_t>(first + ToolCalls::failure)];
      for (int held = 0; held < calls.sets(); ++held)
        calls.at(held, tool) = {of.after(held), cost, of.runs_with(held) ? 1 - failure : 0};
    }
    return calls;
  }
  int change_at() const { return options_.tools * ToolCalls::parts(options_) + ToolCalls::goals(options_); }
  int number(int i) const { return static_cast<int>(task_[static_cast<std::size_t>(i)]); }

  const std::vector<float> task_;
  int episode_ = 0;
  std::array<std::unique_ptr<Known>, 2> known_;  // before a change, and after it
};

// What is known of a tool whose signature is not: its cost once it was called, and how often it failed.
struct Record {
  bool called = false;
  double cost = 0;
  int runs = 0, failures = 0;  // of those calls that had what they need

  double works() const { return runs == 0 ? 1 : static_cast<double>(runs - failures) / runs; }
};

// Learners that keep, of each tool, the signatures that fit what was seen.
class SignatureLearner : public ToolLearner {
 public:
  SignatureLearner(const ToolCalls::Options& options, int horizon)
      : ToolLearner(options, horizon),
        middle_cost_(0.5 * (double{options.cost.low} + double{options.cost.high})),
        records_(static_cast<std::size_t>(options.tools)),
        fits_(static_cast<std::size_t>(options.tools), all_signatures(options)) {}

  void learn(const Experience& of) override {
    const Standing before = standing(options_, of.state), after = standing(options_, of.next);
    const auto tool = static_cast<std::size_t>(of.action);
    Record& record = records_[tool];
    record.called = true;
    record.cost = (after.held >> after.goal & 1) - of.reward;
    if (after.result != kMissing) {
      ++record.runs;
      record.failures += after.result == kFailed;
    }
    std::erase_if(fits_[tool], [&](const Signature& fit) {
      if (after.result == kMissing) return fit.runs_with(before.held);
      return !fit.runs_with(before.held) || (after.result != kFailed && fit.after(before.held) != after.held);
    });
  }

 protected:
  double cost(std::size_t tool) const { return records_[tool].called ? records_[tool].cost : middle_cost_; }
  double works(std::size_t tool) const {
    // Of a tool that never worked it is not known whether it ever will: as a failure's prior says.
    const double works = records_[tool].works();
    return works > 0 ? works : 0.5;
  }
  const std::vector<Signature>& fits(std::size_t tool) const { return fits_[tool]; }

 private:
  // Needs of at most two types, any type given, one of the needs lost or none.
  static std::vector<Signature> all_signatures(const ToolCalls::Options& options) {
    // How many of the tools need two types, on average: of those in the order half of all from the third on, of the others half
    // but for those that draw the same type twice.
    const double types = options.types, others = options.tools - options.types,
                 two = (types - 2) / 2 + others / 2 * (1 - 1 / types), one = types - 1 + others - two;
    const double prior[] = {1, one / types, two / (types * (types - 1) / 2)};
    std::vector<Signature> all;
    for (int needs = 0; needs < 1 << options.types; ++needs) {
      const int count = std::popcount(static_cast<unsigned>(needs));
      if (count > 2) continue;
      for (int gives = 0; gives < options.types; ++gives) {
        all.push_back({needs, gives, 0, prior[count] * (count == 0 ? 1 : 0.75)});
        for (int type = 0; type < options.types; ++type)
          if ((needs >> type & 1) != 0) all.push_back({needs, gives, 1 << type, prior[count] * 0.25 / count});
      }
    }
    return all;
  }

  const double middle_cost_;
  std::vector<Record> records_;
  std::vector<std::vector<Signature>> fits_;  // [tool]
};

class ExploreThenPlan : public SignatureLearner {
 public:
  using SignatureLearner::SignatureLearner;

  int act(const Situation& now, Draws&) override {
    const Standing at = standing(options_, now.state);
    const int left = horizon_ - now.step;
    Calls known(options_), open(options_);
    for (int tool = 0; tool < options_.tools; ++tool) {
      const auto t = static_cast<std::size_t>(tool);
      for (int held = 0; held < known.sets(); ++held) {
        const auto [told, to] = what_is_known(t, held);
        Call& call = known.at(held, tool);
        call = {held, cost(t), told && to != held ? works(t) : 0};
        call.to = told ? to : held;
        open.at(held, tool) = told ? call : Call{kFound, cost(t), 1};
      }
    }
    if (can_get(known, at)) return Plan(known, at.goal, left).tool(at.held, left);
    return Plan(open, at.goal, left).tool(at.held, left);
  }

 private:
  // Whether all fitting signatures agree on what a call does, and to what it then leads.
  std::pair<bool, int> what_is_known(std::size_t tool, int held) const {
    int to = kFound;
    for (const Signature& fit : fits(tool)) {
      const int leads = fit.runs_with(held) ? fit.after(held) : held;
      if (to != kFound && leads != to) return {false, held};
      to = leads;
    }
    return {true, to};
  }
  // Whether calls whose results are known lead to the goal.
  static bool can_get(const Calls& known, const Standing& at) {
    std::vector<bool> seen(static_cast<std::size_t>(known.sets()));
    std::vector<int> next = {at.held};
    while (!next.empty()) {
      const int held = next.back();
      next.pop_back();
      if ((held >> at.goal & 1) != 0) return true;
      if (seen[static_cast<std::size_t>(held)]) continue;
      seen[static_cast<std::size_t>(held)] = true;
      for (int tool = 0; tool < known.tools(); ++tool)
        if (known.at(held, tool).works > 0) next.push_back(known.at(held, tool).to);
    }
    return false;
  }
};

class ToolSampling : public SignatureLearner {
 public:
  using SignatureLearner::SignatureLearner;

  int act(const Situation& now, Draws& draws) override {
    const Standing at = standing(options_, now.state);
    const int left = horizon_ - now.step;
    Calls calls(options_);
    for (int tool = 0; tool < options_.tools; ++tool) {
      const auto t = static_cast<std::size_t>(tool);
      const Signature of = drawn_of(fits(t), draws.uniform());
      for (int held = 0; held < calls.sets(); ++held)
        calls.at(held, tool) = {of.after(held), cost(t), of.runs_with(held) ? works(t) : 0};
    }
    return Plan(calls, at.goal, left).tool(at.held, left);
  }

 private:
  static Signature drawn_of(const std::vector<Signature>& fits, double uniform) {
    double all = 0;
    for (const Signature& fit : fits) all += fit.prior;
    double left = uniform * all;
    for (const Signature& fit : fits)
      if ((left -= fit.prior) < 0) return fit;
    return fits.back();
  }
};

const ToolCalls::Options& tool_options(const Config& config) {
  return std::get<ToolCalls::Options>(config.environment);
}

LearnerOfTrial prepare_tool_oracle(const Config& config) {
  return [options = tool_options(config), horizon = config.horizon](const std::vector<float>& task) {
    return std::make_unique<ToolOracle>(options, horizon, task);
  };
}

template <class Learner>
LearnerOfTrial prepare_tool_learner(const Config& config) {
  const ToolCalls::Options& options = tool_options(config);
  if (options.errors != ToolCalls::Errors::told)
    throw InputError(
        "/environment/errors: wanted \"told\" with this --baseline, which tells them apart, found \"alike\"");
  if (options.change_until > 0)
    throw InputError(
        "/environment/change_until: wanted 0 with this --baseline, whose tools stay as they are, found " +
        std::to_string(options.change_until));
  return [options, horizon = config.horizon](const std::vector<float>&) {
    return std::make_unique<Learner>(options, horizon);
  };
}

}  // namespace

std::vector<Rival> tool_calls_rivals() {
  return {{"oracle", prepare_tool_oracle},
          {"explore_then_plan", prepare_tool_learner<ExploreThenPlan>},
          {"thompson", prepare_tool_learner<ToolSampling>}};
}

}  // namespace innerloop
