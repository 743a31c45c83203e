// One leg in a plane, that hops: MuJoCo's Hopper-v5 of Gymnasium (Erez et al. 2012), with a body that differs from task to task
// (Rakelly et al. 2019). Its links can touch the floor, but not each other.
#pragma once

#include "kernels/robots/planar_robot.h"

namespace innerloop {

// As MuJoCo 4.0 compiles hopper.xml.
struct HopperModel {
  static constexpr double kBack = 2.617993877991494, kAnkle = 0.7853981633974483;  // 150° and 45°
  static constexpr PlanarLink links[] = {
      {"torso", -1, 0, 0, 3.665191429188092, 0, 0, 0.069245938072875, 0.08492239638897524, 1},
      {"thigh", 0, 0, -0.2, 4.057890510886818, 0, -0.225, 0.09329875682692194, 0.05192331014610704, 1, -1,
       -kBack, 0, 0, 1, 1, 200, 0.9173573040079763},
      {"leg", 1, 0, -0.45, 2.781356695978164, 0, -0.25, 0.0723025401732097, 0.04959511864425975, 1, -1,
       -kBack, 0, 0, 1, 1, 200, 0.8423092317158408},
      {"foot", 2, 0, -0.5, 5.31557476987393, 0.065, 0, 0.1035230805900054, 0.06690271076821869, 2, -1,
       -kAnkle, kAnkle, 0, 1, 1, 200, 0.9000381439194955}};
  static constexpr PlanarPoint points[] = {{0, 0, 0.2, 0.05},   {0, 0, -0.2, 0.05}, {1, 0, 0, 0.05},
                                           {1, 0, -0.45, 0.05}, {2, 0, 0, 0.04},    {2, 0, -0.5, 0.04},
                                           {3, -0.13, 0, 0.06}, {3, 0.26, 0, 0.06}};
  static constexpr PlanarSolver solver = {
      PlanarIntegrator::runge_kutta, 0.002, 4, {0.8, 0.8, 0.01}, {0.9, 0.95, 0.001}, 0.002};
  static constexpr double height = 1.25, height_seen_from = 0, start = 0.005, start_speed = 0.005,
                          speed_clip = 10;
  static constexpr bool speeds_are_normal = false, falls = true;
  static constexpr PlanarHealth health = {.lowest = 0.7, .highest = 1e6, .steepest = 0.2, .largest = 100};
  static constexpr PlanarGoal goal = PlanarGoal::forward;
  static constexpr float control_cost = 0.001f;
  static constexpr float parameter_spread = 3;  // as in rand_param_envs
};

struct Hopper : PlanarRobot<HopperModel> {
  static constexpr const char* name = "hopper";
  static constexpr const char* meaning = "one leg that hops, with a body it has to find out";
};

static_assert(Environment<Hopper>);

}  // namespace innerloop
