// Plants against SciPy's solutions of their equations (data/make_plant_vectors.py): one control step from many states.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "envs/cstr.h"
#include "envs/dc_drive.h"
#include "envs/distillation.h"
#include "envs/four_tank.h"
#include "tests/support/environment_play.h"
#include "tests/support/paths.h"

namespace innerloop {
namespace {

using nlohmann::json;

const json& cases_of(const char* environment) {
  static const json file = [] {
    std::ifstream stream(source_folder() / "tests/data/plant_vectors.json");
    return json::parse(stream);
  }();
  for (const json& plant : file["plants"])
    if (plant["environment"] == environment) return plant["cases"];
  throw std::runtime_error(std::string("no vectors of ") + environment);
}

// How far a step's numbers are from SciPy's, at most, in parts of `scale`. Of a plant's state the first fields are what its
// equations are about, of its trial the clock is the only one.
template <class Env, class R>
double largest_error(const std::vector<double>& scale) {
  using T = typename R::value_type;
  using State = typename Env::template State<R>;
  double largest = 0;
  for (const json& of : cases_of(Env::name)) {
    const auto number = [&](const char* list, int i) {
      return R(static_cast<T>(of[list].at(static_cast<std::size_t>(i)).template get<double>()));
    };
    const auto task =
        gather_fields<R, typename Env::template Task<R>>([&](int i) { return number("task", i); });
    auto random = stream<R>(Purpose::environment, 0);
    typename Env::template Trial<R> trial = {R(static_cast<T>(of["clock"].get<double>()))};
    auto begun = trial;
    std::vector<R> fields(static_cast<std::size_t>(state_size<Env>({})));
    scatter_fields<R>(Env::template reset<R>({}, task, begun, random),
                      [&](int i, R x) { fields[static_cast<std::size_t>(i)] = x; });
    for (std::size_t i = 0; i < of["state"].size(); ++i) fields[i] = number("state", static_cast<int>(i));
    EXPECT_EQ(of["after"].size(), scale.size());
    auto state = gather_fields<R, State>([&](int i) { return fields[static_cast<std::size_t>(i)]; });
    typename Env::Action::template Value<R> action;
    for (int i = 0; i < Env::Action::size; ++i) action[i] = number("action", i);
    Env::template step<R>({}, task, trial, state, action, random);
    scatter_fields<R>(state, [&](int i, R x) { fields[static_cast<std::size_t>(i)] = x; });
    for (std::size_t i = 0; i < scale.size(); ++i)
      largest = std::max(largest, std::abs(fields[i].get(0) - of["after"].at(i).get<double>()) / scale[i]);
  }
  return largest;
}

// In double what the method errs, in float what rounding adds: of 1 mol/L and 100 K.
TEST(PlantVectors, OfTheTankReactor) {
  EXPECT_LT((largest_error<Cstr, Pack<double, 1>>({1, 100})), 1e-6);
  EXPECT_LT((largest_error<Cstr, Pack<float, 1>>({1, 100})), 2e-6);
}

// Of 10 cm.
TEST(PlantVectors, OfTheFourTanks) {
  EXPECT_LT((largest_error<FourTank, Pack<double, 1>>({10, 10, 10, 10})), 4e-7);
  EXPECT_LT((largest_error<FourTank, Pack<float, 1>>({10, 10, 10, 10})), 6e-7);
}

// Of 210 A and 400 rad/s; the current's time constant is as short as eight of the ten Runge-Kutta steps.
TEST(PlantVectors, OfTheDrive) {
  EXPECT_LT((largest_error<DcDrive, Pack<double, 1>>({210, 400})), 1.5e-4);
  EXPECT_LT((largest_error<DcDrive, Pack<float, 1>>({210, 400})), 1.5e-4);
}

// A minute is exact.
TEST(PlantVectors, OfTheColumn) {
  EXPECT_LT((largest_error<Distillation, Pack<double, 1>>({1, 1, 1, 1})), 1e-13);
  EXPECT_LT((largest_error<Distillation, Pack<float, 1>>({1, 1, 1, 1})), 2e-6);
}

}  // namespace
}  // namespace innerloop
