// Half of a cheetah, in a plane, that runs: MuJoCo's HalfCheetah-v5 of Gymnasium (Wawrzyński 2007), whose tasks differ in speed
// (Finn et al. 2017), direction (Rothfuss et al. 2019), physics (Rakelly et al. 2019) or in a joint that is out of work.
#pragma once

#include "kernels/robots/planar_robot.h"

namespace innerloop {

// As MuJoCo 4.0 compiles half_cheetah.xml: of its capsules' masses and inertias, and the mass of 14 kg.
struct HalfCheetahModel {
  static constexpr PlanarLink links[] = {
      {"torso", -1, 0, 0, 6.25020920502092, 0.152389878163074, 0.02539831302717901, 0.897117688111749,
       0.06415751945610272, 0.4},
      {"bthigh", 0, -0.5, 0, 1.5435146443514645, 0.1, -0.13, 0.01684433958158996, 0.09691101560963138, 0.4, 1,
       -0.52, 1.05, 240, 6, 0.1, 120, 2.729788644884893},
      {"bshin", 1, 0.16, -0.25, 1.5874476987447697, -0.14, -0.07, 0.01826741907949791, 0.12720922534654552,
       0.4, 1, -0.785, 0.785, 180, 4.5, 0.1, 90, 5.893248984162904},
      {"bfoot", 2, -0.28, -0.14, 1.0953974895397491, 0.03, -0.097, 0.006352423263598327, 0.24374928349017175,
       0.4, 1, -0.4, 0.785, 120, 3, 0.1, 60, 8.894877004054676},
      {"fthigh", 0, 0.5, 0, 1.438075313807532, -0.07, -0.12, 0.01373964334728034, 0.0814837948136707, 0.4, 1,
       -1, 0.7, 180, 4.5, 0.1, 120, 3.081392605476877},
      {"fshin", 4, -0.14, -0.24, 1.200836820083682, 0.065, -0.09, 0.008222108619246861, 0.1319968179007737,
       0.4, 1, -1.2, 0.87, 120, 3, 0.1, 60, 6.88279596227577},
      {"ffoot", 5, 0.13, -0.18, 0.884518828451883, 0.045, -0.07, 0.003529109456066946, 0.2661441029233887,
       0.4, 1, -0.5, 0.5, 60, 1.5, 0.1, 30, 9.468134962769764}};
  static constexpr PlanarPoint points[] = {{0, -0.5, 0, 0.046},
                                           {0, 0.5, 0, 0.046},
                                           {0, 0.7146493405538257, 0.1967239820860002, 0.046},  // the head's
                                           {0, 0.4853506594461742, 0.003276017913999826, 0.046},
                                           {1, 0.18871939418669426, -0.2446903182275904, 0.046},
                                           {1, 0.01128060581330577, -0.015309681772409586, 0.046},
                                           {2, -0.27446086117273405, -0.13648516234985636, 0.046},
                                           {2, -0.005539138827266005, -0.003514837650143668, 0.046},
                                           {3, 0.004927244951249875, -0.006405535741606308, 0.046},
                                           {3, 0.05507275504875012, -0.1875944642583937, 0.046},
                                           {4, -0.003914941666783009, -0.004580049102872574, 0.046},
                                           {4, -0.136085058333217, -0.2354199508971274, 0.046},
                                           {5, 0.005147897820126264, -0.002514424819574104, 0.046},
                                           {5, 0.12485210217987375, -0.1774855751804259, 0.046},
                                           {6, 0.005475026862347528, -0.012226506956322526, 0.046},
                                           {6, 0.08452497313765248, -0.1277734930436775, 0.046}};
  static constexpr PlanarSolver solver = {PlanarIntegrator::euler, 0.01, 5, {0, 0.8, 0.01}, {0, 0.8, 0.03}};
  static constexpr double height = 0.7, height_seen_from = 0.7, start = 0.1, start_speed = 0.1,
                          speed_clip = 0;
  static constexpr bool speeds_are_normal = true, falls = false;
  static constexpr PlanarGoal goal = PlanarGoal::velocity;
  static constexpr float control_cost = 0.05f;  // as in meta-learning; Gym's, that runs forward, has 0.1
  static constexpr float parameter_spread = 0;
};

struct HalfCheetah : PlanarRobot<HalfCheetahModel> {
  static constexpr const char* name = "half_cheetah";
  static constexpr const char* meaning =
      "half of a cheetah that runs at a hidden speed, or with a body it has to find out";
};

static_assert(Environment<HalfCheetah>);

}  // namespace innerloop
