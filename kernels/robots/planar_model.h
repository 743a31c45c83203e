// What a robot in a plane is made of: links hung one on another by hinges, and points of theirs that can touch the floor.
//
// x points forward, z upwards; angles turn z towards x. A model is a struct of constants, with the names of MuJoCo where there
// are any, so that the compiler folds them into the equations (kernels/robots/planar_dynamics.h):
//
//   struct Model {
//     static constexpr PlanarLink links[] = {…};     // a parent before its children; the first is the torso
//     static constexpr PlanarPoint points[] = {…};
//     static constexpr PlanarSolver solver = {…};
//   };
#pragma once

#include <utility>

#include "kernels/lanes/fn.h"

namespace innerloop {

// A link and, but for the torso, the hinge that it hangs by. Its own frame has its origin at its hinge, and the torso's where
// its coordinates x and z are.
struct PlanarLink {
  const char* name;
  int parent;                 // -1: the torso
  double hinge_x, hinge_z;    // in the parent's frame, m
  double mass;                // kg
  double centre_x, centre_z;  // of mass, m
  double inertia;             // about the centre of mass, kg·m²
  double inverse_weight;  // body_invweight0: of a force on the centre of mass, as the model stands at rest
  double friction;        // with the floor
  // Of the hinge. Angles and torques that people see are `turn` (±1) times those that turn z towards x.
  double turn = 1;
  double low = 0, high = 0;                         // the angle's limits, before `turn`, rad
  double stiffness = 0, damping = 0, armature = 0;  // N·m/rad, N·m·s/rad, kg·m²
  double gear = 0;                                  // torque of the motor for an action of 1, N·m
  double inverse_inertia = 0;                       // dof_invweight0
};

// The middle of a sphere at an end of a capsule, in the link's frame.
struct PlanarPoint {
  int link;
  double x, z, radius;  // m
};

// How stiff a constraint is against how far it is overstepped: solimp with its midpoint at ½ and power 2.
struct PlanarImpedance {
  double low, high, width;
};

enum class PlanarIntegrator { euler, runge_kutta };

struct PlanarSolver {
  PlanarIntegrator integrator;
  double seconds;  // of a step of the integrator
  int steps;       // of the integrator in a step of the environment
  PlanarImpedance contact, limit;
  double margin = 0;   // m: how near to the floor a point counts as touching it
  double time = 0.02;  // solref: of contacts, limits and dry friction, critically damped, s
};

// f(integral_constant 0), f(1), … of constants.
template <int... I, class F>
FN void for_constants(std::integer_sequence<int, I...>, const F& f) {
  (f(std::integral_constant<int, I>{}), ...);
}
template <int Count, class F>
FN void for_each_constant(const F& f) {
  for_constants(std::make_integer_sequence<int, Count>{}, f);
}
// The same, from the last one to number 0.
template <int Count, class F>
FN void for_each_constant_backwards(const F& f) {
  for_each_constant<Count>(
      [&](auto i) FN_LAMBDA { f(std::integral_constant<int, Count - 1 - decltype(i)::value>{}); });
}

}  // namespace innerloop
