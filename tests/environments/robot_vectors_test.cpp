// Robots in a plane against MuJoCo itself (data/make_robot_vectors.py): where one step of the integrator brings them, running,
// thrown, flying, and with other bodies.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "envs/half_cheetah.h"
#include "envs/hopper.h"
#include "envs/walker.h"
#include "tests/support/paths.h"

namespace innerloop {
namespace {

using nlohmann::json;

const json& vectors() {
  static const json file = [] {
    std::ifstream stream(source_folder() / "tests/data/robot_vectors.json");
    return json::parse(stream);
  }();
  return file;
}

template <class Model, class R>
struct Machine {
  static constexpr int kHinges = innerloop::kHinges<Model>;
  PlanarPhysics<Model, R> physics;
  PlanarMotors<Model, R> motors;
  PlanarCoordinates<Model, R> at, velocity;

  explicit Machine(const json& of) {
    const auto factor = [&](const char* what, int i) {
      return of.contains("body") ? of["body"][what][static_cast<std::size_t>(i)].get<double>() : 1.0;
    };
    for (int b = 0; b <= kHinges; ++b) {
      const PlanarLink& link = Model::links[b];
      physics.mass[b] = constant<R>(link.mass * factor("mass", b));
      physics.inertia[b] = constant<R>(link.inertia * factor("inertia", b));
      physics.friction[b] = constant<R>(link.friction * factor("friction", b));
    }
    for (int h = 0; h < kHinges; ++h) {
      const PlanarLink& link = Model::links[h + 1];
      physics.damping[h] = constant<R>(link.damping * factor("damping", h));
      motors.strength[h] = constant<R>(link.gear * link.turn);
      motors.target[h] =
          constant<R>(std::clamp(of["action"][static_cast<std::size_t>(h)].get<double>(), -1.0, 1.0));
    }
    motors.kept = R(0);
    const double slope = of.contains("body") ? of["body"]["slope"].get<double>() : 0;
    physics.dry_friction = constant<R>(of.contains("body") ? of["body"]["dry_friction"].get<double>() : 0);
    physics.gravity_forward = constant<R>(-9.81 * std::sin(slope));
    physics.gravity_down = constant<R>(9.81 * std::cos(slope));
    at = read(of["position"], Model::height_seen_from);
    velocity = read(of["speed"], 0);
  }

  static PlanarCoordinates<Model, R> read(const json& numbers, double height) {
    const auto number = [&](int i) { return numbers[static_cast<std::size_t>(i)].get<double>(); };
    PlanarCoordinates<Model, R> c{
        constant<R>(number(0)), constant<R>(number(1) + height), constant<R>(number(2)), {}};
    for (int h = 0; h < kHinges; ++h) c.hinge[h] = constant<R>(Model::links[h + 1].turn * number(3 + h));
    return c;
  }

  // How far numbers are from MuJoCo's, next to the largest of them where that is above 1.
  static double away(const PlanarCoordinates<Model, R>& found, const json& numbers, double height) {
    const auto wanted = [&](int i) { return numbers[static_cast<std::size_t>(i)].template get<double>(); };
    double most = 0, size = 1;
    const auto compare = [&](int i, double x) {
      most = std::max(most, std::abs(x - wanted(i)));
      size = std::max(size, std::abs(wanted(i)));
    };
    compare(0, found.x.get(0));
    compare(1, found.z.get(0) - height);
    compare(2, found.angle.get(0));
    for (int h = 0; h < kHinges; ++h) compare(3 + h, Model::links[h + 1].turn * found.hinge[h].get(0));
    return std::isfinite(most) ? most / size : 1e9;
  }
};

// The distance from MuJoCo's state after one step.
template <class Model, class R>
double distance(const json& of) {
  Machine<Model, R> robot(of);
  OfHinges<Model, R> motor{};
  planar_step<Model>(robot.physics, robot.motors, motor, robot.at, robot.velocity, 1);
  return std::max(robot.away(robot.at, of["position_after"], Model::height_seen_from),
                  robot.away(robot.velocity, of["speed_after"], 0));
}

template <class Model>
void expect_mujoco(const char* name) {
  std::map<std::string, int> cases;
  std::vector<double> of_floats;
  for (const json& of : vectors()["cases"]) {
    if (of["environment"] != name) continue;
    const double of_doubles = distance<Model, Pack<double, 1>>(of);
    EXPECT_LT(of_doubles, 1e-10) << name << ", " << of["kind"] << ", number " << of_floats.size();
    of_floats.push_back(distance<Model, Pack<float, 1>>(of));
    EXPECT_LT(of_floats.back(), 2e-3) << name << ", " << of["kind"] << ", number " << of_floats.size() - 1;
    ++cases[of["kind"]];
  }
  EXPECT_EQ(cases,
            (std::map<std::string, int>{
                {"running", 60}, {"thrown", 50}, {"flying", 20}, {"other bodies", 50}, {"rough", 40}}));
  std::sort(of_floats.begin(), of_floats.end());
  EXPECT_LT(of_floats[of_floats.size() / 2], 5e-6) << name;
}

TEST(RobotVectors, HalfCheetahMovesAsInMuJoCo) { expect_mujoco<HalfCheetahModel>("half_cheetah"); }
TEST(RobotVectors, HopperMovesAsInMuJoCo) { expect_mujoco<HopperModel>("hopper"); }
TEST(RobotVectors, WalkerMovesAsInMuJoCo) { expect_mujoco<WalkerModel>("walker"); }

}  // namespace
}  // namespace innerloop
