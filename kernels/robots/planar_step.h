// A step of a robot in a plane: its motors take up what they are told, and MuJoCo's integrators move it.
#pragma once

#include "kernels/robots/planar_dynamics.h"

namespace innerloop {

// What the hinges' motors do: they come nearer to `target` with each step of the integrator, and turn with `strength` times
// what they have come to.
template <class Model, class Real>
struct PlanarMotors {
  OfHinges<Model, Real> target, strength;  // strength in N·m
  Real kept;                               // of the way to the target that is left after a step; 0: none
};

namespace planar_detail {
// from + amount · by
template <class Model, class Real>
FN PlanarCoordinates<Model, Real> moved(const PlanarCoordinates<Model, Real>& from, const Real& amount,
                                        const PlanarCoordinates<Model, Real>& by) {
  PlanarCoordinates<Model, Real> to = {
      fma(amount, by.x, from.x), fma(amount, by.z, from.z), fma(amount, by.angle, from.angle), {}};
  for_each_constant<kHinges<Model>>([&](auto h)
                                        FN_LAMBDA { to.hinge[h] = fma(amount, by.hinge[h], from.hinge[h]); });
  return to;
}

// Semi-implicit Euler: the new velocity moves it.
template <class Model, class Real>
FN void euler_step(const PlanarPhysics<Model, Real>& physics, const OfHinges<Model, Real>& torque,
                   PlanarCoordinates<Model, Real>& at, PlanarCoordinates<Model, Real>& velocity) {
  const Real seconds = constant<Real>(Model::solver.seconds);
  const PlanarDynamics<Model, Real> dynamics(physics, at, velocity, torque);
  velocity = moved<Model>(velocity, seconds, dynamics.damped(dynamics.acceleration(), physics.damping));
  at = moved<Model>(at, seconds, velocity);
}

// Runge and Kutta's four slopes.
template <class Model, class Real>
FN void runge_kutta_step(const PlanarPhysics<Model, Real>& physics, const OfHinges<Model, Real>& torque,
                         PlanarCoordinates<Model, Real>& at, PlanarCoordinates<Model, Real>& velocity) {
  using Coordinates = PlanarCoordinates<Model, Real>;
  const double seconds = Model::solver.seconds;
  Coordinates stage_at = at, stage_velocity = velocity, new_at = at, new_velocity = velocity;
  for (int stage = 0; stage < 4; ++stage) {
    const Coordinates slope =
        PlanarDynamics<Model, Real>(physics, stage_at, stage_velocity, torque).acceleration();
    const bool outer = stage == 0 || stage == 3;
    const Real part = constant<Real>(outer ? seconds / 6 : seconds / 3);
    new_at = moved<Model>(new_at, part, stage_velocity);
    new_velocity = moved<Model>(new_velocity, part, slope);
    const Real ahead = constant<Real>(stage == 2 ? seconds : seconds / 2);
    stage_at = moved<Model>(at, ahead, stage_velocity);
    stage_velocity = moved<Model>(velocity, ahead, slope);
  }
  at = new_at;
  velocity = new_velocity;
}

// A step of the integrator.
template <class Model, class Real>
FN void integrate(const PlanarPhysics<Model, Real>& physics, const PlanarMotors<Model, Real>& motors,
                  OfHinges<Model, Real>& motor, PlanarCoordinates<Model, Real>& at,
                  PlanarCoordinates<Model, Real>& velocity) {
  OfHinges<Model, Real> torque;
  for_each_constant<kHinges<Model>>([&](auto h) FN_LAMBDA {
    motor[h] = fma(motors.kept, motor[h] - motors.target[h], motors.target[h]);
    torque[h] = motors.strength[h] * motor[h];
  });
  if constexpr (Model::solver.integrator == PlanarIntegrator::euler)
    euler_step<Model>(physics, torque, at, velocity);
  else
    runge_kutta_step<Model>(physics, torque, at, velocity);
}
}  // namespace planar_detail

// Moves the robot by `steps` steps of the integrator. `motor` is what the motors have come to, as a part of their
// strength.
//
// It is called, not inlined: it is long, and an environment has several kernels that step it. Each file that includes it has
// its own, so that none compiled for one instruction set is linked for another.
template <class Model, class Real>
#if defined(__CUDACC__)
__host__ __device__
#endif
    __attribute__((noinline)) static void
    planar_step(const PlanarPhysics<Model, Real>& physics, const PlanarMotors<Model, Real>& motors,
                OfHinges<Model, Real>& motor, PlanarCoordinates<Model, Real>& at,
                PlanarCoordinates<Model, Real>& velocity, int steps) {
  for (int i = 0; i < steps; ++i) planar_detail::integrate<Model>(physics, motors, motor, at, velocity);
}

}  // namespace innerloop
