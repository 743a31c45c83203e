// Two legs in a plane, that walk: MuJoCo's Walker2d-v5 of Gymnasium (Erez et al. 2012), with a body that differs from task to
// task (Rakelly et al. 2019).
#pragma once

#include "kernels/robots/planar_robot.h"

namespace innerloop {

// As MuJoCo 4.0 compiles walker2d_v5.xml: its links, and those of a leg.
namespace walker_detail {
inline constexpr double kBack = 2.617993877991494, kAnkle = 0.7853981633974483;  // 150° and 45°

constexpr PlanarLink thigh(const char* name) {
  return {name,
          0,
          0,
          -0.2,
          4.057890510886818,
          0,
          -0.225,
          0.09329875682692194,
          0.06051637875212593,
          0.9,
          -1,
          -kBack,
          0,
          0,
          0.1,
          0.01,
          100,
          12.106152843486317};
}
constexpr PlanarLink leg(const char* name, int its_thigh) {
  return {name,
          its_thigh,
          0,
          -0.45,
          2.781356695978164,
          0,
          -0.25,
          0.0723025401732097,
          0.06299719488697496,
          0.9,
          -1,
          -kBack,
          0,
          0,
          0.1,
          0.01,
          100,
          9.59529493718361};
}
constexpr PlanarLink foot(const char* name, int its_leg) {
  return {name,
          its_leg,
          0,
          -0.5,
          3.166725394818512,
          0.1,
          0,
          0.02399774663482943,
          0.13474576502547686,
          1.9,
          -1,
          -kAnkle,
          kAnkle,
          0,
          0.1,
          0.01,
          100,
          18.21142212360485};
}
}  // namespace walker_detail

struct WalkerModel {
  static constexpr PlanarLink links[] = {
      {"torso", -1, 0, 0, 3.665191429188092, 0, 0, 0.069245938072875, 0.0853164980232042, 0.9},
      walker_detail::thigh("thigh"),
      walker_detail::leg("leg", 1),
      walker_detail::foot("foot", 2),
      walker_detail::thigh("thigh_left"),
      walker_detail::leg("leg_left", 4),
      walker_detail::foot("foot_left", 5)};
  static constexpr PlanarPoint points[] = {
      {0, 0, 0.2, 0.05},  {0, 0, -0.2, 0.05}, {1, 0, 0, 0.05},   {1, 0, -0.45, 0.05}, {2, 0, 0, 0.04},
      {2, 0, -0.5, 0.04}, {3, 0, 0, 0.06},    {3, 0.2, 0, 0.06}, {4, 0, 0, 0.05},     {4, 0, -0.45, 0.05},
      {5, 0, 0, 0.04},    {5, 0, -0.5, 0.04}, {6, 0, 0, 0.06},   {6, 0.2, 0, 0.06}};
  static constexpr PlanarSolver solver = {
      PlanarIntegrator::runge_kutta, 0.002, 4, {0.9, 0.95, 0.001}, {0.9, 0.95, 0.001}};
  static constexpr double height = 1.25, height_seen_from = 0, start = 0.005, start_speed = 0.005,
                          speed_clip = 10;
  static constexpr bool speeds_are_normal = false, falls = true;
  static constexpr PlanarHealth health = {.lowest = 0.8, .highest = 2, .steepest = 1, .largest = 0};
  static constexpr PlanarGoal goal = PlanarGoal::forward;
  static constexpr float control_cost = 0.001f;
  static constexpr float parameter_spread = 3;  // as in rand_param_envs
};

struct Walker : PlanarRobot<WalkerModel> {
  static constexpr const char* name = "walker";
  static constexpr const char* meaning = "two legs that walk, with a body they have to find out";
};

static_assert(Environment<Walker>);

}  // namespace innerloop
