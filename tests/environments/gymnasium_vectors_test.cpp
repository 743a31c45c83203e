// Classic control against Gymnasium's own code (data/make_gymnasium_vectors.py): 10,000 random steps at its default
// parameters and at three changed settings.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "envs/registry.h"
#include "tests/support/environment_play.h"
#include "tests/support/paths.h"

namespace innerloop {
namespace {

using nlohmann::json;

const json& vectors() {
  static const json file = [] {
    std::ifstream stream(source_folder() / "tests/data/gymnasium_vectors.json");
    return json::parse(stream);
  }();
  return file;
}

// The script's generator.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : state_(seed) {}
  std::uint32_t bits() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return static_cast<std::uint32_t>((z ^ (z >> 31)) >> 48);
  }
  double uniform(double low, double high) { return low + (high - low) * (bits() / 65536.0); }

 private:
  std::uint64_t state_;
};

// What a step gave, in the script's order: what is seen, the reward, and whether the episode ended.
using Given = std::vector<double>;

// The next step of the script's, in packs of R, one environment wide. The task's numbers are rounded to floats first
// where `rounded`.
template <class Env, class R>
Given take_step(const json& family, const json& setting, Generator& generator, bool rounded) {
  using T = typename R::value_type;
  const auto task = gather_fields<R, typename Env::template Task<R>>([&](int i) {
    const double number = setting["task"].at(Env::task_numbers({})[static_cast<std::size_t>(i)].name);
    return R(static_cast<T>(rounded ? static_cast<float>(number) : number));
  });
  const auto drawn = [&](const json& bounds) {
    return R(static_cast<T>(generator.uniform(bounds[0], bounds[1])));
  };
  auto state =
      gather_fields<R, typename Env::template State<R>>([&](int i) { return drawn(family["states"][i]); });
  typename Env::Action::template Value<R> action;
  if constexpr (Env::Action::discrete)
    action = static_cast<int>(generator.bits() % family["actions"].get<std::uint32_t>());
  else
    action = {drawn(family["actions"])};
  auto random = stream<R>(Purpose::environment, 0);
  const Outcome<R> outcome = Env::template step<R>({}, task, state, action, random);

  Given given;
  for (const R& x : seen<Env, R>({}, state)) given.push_back(x.get(0));
  given.push_back(outcome.reward.get(0));
  given.push_back(outcome.terminated.get(0) != 0);
  return given;
}

template <class Env>
class GymnasiumVectors : public testing::Test {
 protected:
  static const json& family() {
    for (const json& family : vectors()["families"])
      if (family["environment"] == Env::name) return family;
    throw std::runtime_error(std::string("no vectors of ") + Env::name);
  }
  const int steps_ = vectors()["steps"], block_ = vectors()["block"];
  const std::uint64_t seed_ = vectors()["seed"];
};
struct NameOf {
  template <class Env>
  static std::string GetName(int) {
    return Env::name;
  }
};
using ClassicControl = testing::Types<CartPole, Pendulum, MountainCar, Acrobot>;
TYPED_TEST_SUITE(GymnasiumVectors, ClassicControl, NameOf);

// Each number of a step to 1e-12; a block's sum may be off by as much for each of its steps.
TYPED_TEST(GymnasiumVectors, AreTheStepsInDouble) {
  using Env = TypeParam;
  const json& family = this->family();
  ASSERT_EQ(family["settings"].size(), 4u);
  for (const json& setting : family["settings"]) {
    Generator generator(this->seed_);
    int ends = 0;
    for (int step = 0; step < this->steps_;) {
      double sum = 0;
      for (int i = 0; i < this->block_; ++i, ++step) {
        const auto given = take_step<Env, Pack<double, 1>>(family, setting, generator, false);
        for (double number : given) sum += generator.uniform(-1, 1) * number;
        ends += given.back() != 0;
      }
      const double wanted = setting["sums"][static_cast<std::size_t>((step - 1) / this->block_)];
      ASSERT_NEAR(sum, wanted, 1e-12 * this->block_)
          << "in the " << this->block_ << " steps before step " << step << " of " << setting["task"];
    }
    EXPECT_EQ(ends > 20, (!std::is_same_v<Env, Pendulum>)) << ends;
  }
}

// How far a step in float may be from the one in double, relative to numbers of size 1 and more.
template <class Env>
constexpr double kFloatBound = 1e-6;
template <>
constexpr double kFloatBound<Acrobot> = 3e-5;

TYPED_TEST(GymnasiumVectors, AreNearTheStepsInFloat) {
  using Env = TypeParam;
  const json& family = this->family();
  for (const json& setting : family["settings"]) {
    Generator generator(this->seed_);
    int other_ends = 0;
    double largest = 0;
    for (int step = 0; step < this->steps_; ++step) {
      Generator again = generator;
      const auto found = take_step<Env, Pack<float, 1>>(family, setting, generator, true);
      const auto wanted = take_step<Env, Pack<double, 1>>(family, setting, again, true);
      const std::size_t reward = found.size() - 2;
      // At the very edge, rounding decides.
      const bool other_end = found.back() != wanted.back();
      other_ends += other_end;
      for (std::size_t i = 0; i <= reward; ++i) {
        if (i == reward && other_end) continue;
        largest = std::max(largest, std::abs(found[i] - wanted[i]) / std::max(1.0, std::abs(wanted[i])));
      }
    }
    EXPECT_LE(largest, kFloatBound<Env>) << setting["task"];
    EXPECT_LE(other_ends, 1);
  }
}

}  // namespace
}  // namespace innerloop
