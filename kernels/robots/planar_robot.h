// Families of tasks of a robot in a plane that is to run: forward, at a hidden speed or in a hidden direction, with a body and
// a ground that differ from task to task. A family derives from PlanarRobot of its model, a struct of constants with, beside
// what kernels/robots/planar_model.h says:
//
//   height        of the torso as episodes start, m; and height_seen_from, which the torso's height is seen less of
//   start         spread of the coordinates as episodes start; start_speed, of the speeds, normal where speeds_are_normal
//   goal          what is rewarded where a config does not say; control_cost and parameter_spread likewise
//   speed_clip    what the speeds that are seen are clipped to; 0: not
//   falls         whether it may fall, which ends the episode: health says of it lowest, highest, steepest and the largest
//                 number of its state (0: any), and each step that does not fall pays 1 more
#pragma once

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/environment/sketch.h"
#include "kernels/lanes/maths.h"
#include "kernels/options/options.h"
#include "kernels/robots/planar_step.h"

namespace innerloop {

struct PlanarHealth {
  double lowest, highest;  // the torso's height is between, m
  double steepest;         // its angle is less either way, rad
  double largest;          // so is every other coordinate and speed; 0: no bound
};

enum class PlanarGoal { forward, velocity, direction };

template <class Model>
struct PlanarRobot {
  static constexpr int kHinges = innerloop::kHinges<Model>, kLinks = innerloop::kLinks<Model>;
  // The integrator is stable with these (tests/environments/robots_test.cpp drives robots to the bounds).
  static constexpr Range kMass = between(0.2, 5), kFriction = between(0.1, 5), kDamping = between(0.2, 5),
                         kStrength = between(0, 2), kDry = between(0, 5), kLag = between(0, 0.2),
                         kLatency = between(0, 2), kSlope = between(-0.5, 0.5), kOffset = between(-0.5, 0.5);

  struct Options {
    PlanarGoal goal = Model::goal;
    Interval speed = {0.0f, 3.0f};
    float control_cost = Model::control_cost;
    bool disabled_joint = false;
    float parameter_spread = Model::parameter_spread;
    Interval density = {1.0f, 1.0f};
    Interval motor_strength = {1.0f, 1.0f};
    Interval friction = {1.0f, 1.0f};
    Interval damping = {1.0f, 1.0f};
    Interval dry_friction = {0.0f, 0.0f};
    Interval motor_lag = {0.0f, 0.0f};
    int latency = 0;
    Interval slope = {0.0f, 0.0f};
    Interval sensor_offset = {0.0f, 0.0f};
    float angle_noise = 0.0f;
    float speed_noise = 0.0f;
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("goal", o.goal,
          Choices{Choice{"forward", "its speed forward"},
                  Choice{"velocity", "minus how far its speed forward is from the task's, which is hidden"},
                  Choice{"direction", "its speed in the task's direction, forward or back, which is hidden"}},
          Model::falls ? "what a step is rewarded for, beside 1 where it does not fall"
                       : "what a step is rewarded for");
    field("speed", o.speed, between(-10, 10), "of the goal velocity: the range of a task's speed, m/s");
    field("control_cost", o.control_cost, at_least(0),
          "what a step costs, times the sum of its actions squared");
    field("disabled_joint", o.disabled_joint, "each task has one joint, any, whose motor does nothing");
    field("parameter_spread", o.parameter_spread, between(0, 3),
          "L: each mass, inertia and friction is multiplied by 1.5^U(-L, L), each damping by 1.3^U(-L, L)");
    field("density", o.density, kMass, "range of each link's mass and inertia, times the model's");
    field("motor_strength", o.motor_strength, kStrength, "range of each motor's torque, times the model's");
    field("friction", o.friction, kFriction,
          "range of each link's friction with the floor, times the model's");
    field("damping", o.damping, kDamping, "range of each joint's damping, times the model's");
    field("dry_friction", o.dry_friction, kDry,
          "range of the torque that joints' dry friction holds against, N·m");
    field("motor_lag", o.motor_lag, kLag,
          "range of the time in which a motor's torque comes to 63 % of a change, s");
    field("latency", o.latency, kLatency,
          "the most steps that an action takes to arrive; each task has a whole number up to it");
    field("slope", o.slope, kSlope, "range of the floor's slope, uphill above 0, rad");
    field("sensor_offset", o.sensor_offset, kOffset,
          "range of what each angle is seen off by in a task, rad");
    field("angle_noise", o.angle_noise, at_least(0),
          "standard deviation of the noise of the height and the angles seen, m and rad");
    field("speed_noise", o.speed_noise, at_least(0),
          "standard deviation of the noise of the speeds seen, m/s and rad/s");
  }

  /// Products of ranges stay where the integrator is stable.
  template <class Report>
  static void validate(const Options& o, Report& report) {
    const auto within = [](Interval range, double times, Range bound) {
      return double{range.low} / times >= bound.low && double{range.high} * times <= bound.high;
    };
    const double spread = std::pow(1.5, double{o.parameter_spread});
    if (!within(o.density, spread, kMass))
      report("density", "by 1.5 to the power of parameter_spread up or down it stays from 0.2 to 5");
    if (!within(o.friction, spread, kFriction))
      report("friction", "by 1.5 to the power of parameter_spread up or down it stays from 0.1 to 5");
    if (!within(o.damping, std::pow(1.3, double{o.parameter_spread}), kDamping))
      report("damping", "by 1.3 to the power of parameter_spread up or down it stays from 0.2 to 5");
  }

  using Action = Continuous<kHinges>;  // of each motor's torque, the part -1 … 1

  template <class Real>
  struct Task {
    Real goal;                                     // speed, m/s, or ±1
    OfLinks<Model, Real> mass, inertia, friction;  // times the model's
    OfHinges<Model, Real> damping, strength;       // times the model's
    Real dry_friction, motor_lag, latency, slope;  // N·m, s, steps, rad
    OfLinks<Model, Real> offset;  // of the torso's angle and the joints' as they are seen, rad
  };
  template <class Real>
  struct State {
    PlanarCoordinates<Model, Real> at, velocity;
    OfHinges<Model, Real> motor;             // what the motors have come to, as a part of their strength
    OfHinges<Model, Real> before, before_2;  // what they were told in the last two steps
  };

  static std::vector<TaskNumber> task_numbers(const Options& o) {
    const bool is_direction = o.goal == PlanarGoal::direction;
    std::vector<TaskNumber> numbers = {
        {"goal", is_direction ? between(-1, 1) : between(-10, 10), is_direction}};
    const auto of_links = [&](const std::string& what, Range range, int first) {
      for (int b = first; b < kLinks; ++b) numbers.push_back({what + "_" + Model::links[b].name, range});
    };
    of_links("mass", kMass, 0);
    of_links("inertia", kMass, 0);
    of_links("friction", kFriction, 0);
    of_links("damping", kDamping, 1);
    of_links("strength", kStrength, 1);
    numbers.insert(
        numbers.end(),
        {{"dry_friction", kDry}, {"motor_lag", kLag}, {"latency", kLatency, true}, {"slope", kSlope}});
    of_links("offset", kOffset, 0);
    return numbers;
  }

  FN static Observation observation(const Options&) { return {.numbers = 2 * kLinks + 3}; }

  template <class Real>
  FN static Task<Real> draw(const Options& o, Random<Real>& random) {
    const auto in = [&](Interval range)
                        FN_LAMBDA { return random.uniform(Real(range.low), Real(range.high)); };
    const auto spread = [&](double base) FN_LAMBDA {
      const Real most = Real(o.parameter_spread) * constant<Real>(base);
      return exp(random.uniform(-most, most));
    };
    constexpr double kLog3By2 = 0.40546510810816438, kLog13By10 = 0.26236426446749106;
    Task<Real> task;
    const Real speed = in(o.speed), sign = select(random.uniform() < Real(0.5f), Real(-1), Real(1));
    task.goal = o.goal == PlanarGoal::velocity ? speed : o.goal == PlanarGoal::direction ? sign : Real(1);
    const Real disabled = random.uniform() * Real(static_cast<float>(kHinges));
    for (int b = 0; b < kLinks; ++b) {
      const Real density = in(o.density);
      task.mass[b] = density * spread(kLog3By2);
      task.inertia[b] = density * spread(kLog3By2);
      const Real rough = spread(kLog3By2);  // a draw a statement, as compilers choose the order of operands
      task.friction[b] = rough * in(o.friction);
      task.offset[b] = in(o.sensor_offset);
    }
    for (int h = 0; h < kHinges; ++h) {
      const Real stiff = spread(kLog13By10);
      task.damping[h] = stiff * in(o.damping);
      const Real strength = in(o.motor_strength), number(static_cast<float>(h));
      const Mask<Real> is_disabled = (disabled >= number) & (disabled < number + Real(1));
      task.strength[h] = o.disabled_joint ? select(is_disabled, Real(0), strength) : strength;
    }
    task.dry_friction = in(o.dry_friction);
    task.motor_lag = in(o.motor_lag);
    const Real steps = random.uniform() * Real(static_cast<float>(o.latency + 1));
    task.latency = select(steps < Real(1), Real(0), select(steps < Real(2), Real(1), Real(2)));
    task.slope = in(o.slope);
    return task;
  }

  template <class Real>
  FN static State<Real> reset(const Options&, const Task<Real>&, Random<Real>& random) {
    // In loops, as each place that draws is a copy of the generator.
    constexpr int kCount = kHinges + 3;
    Array<Real, kCount> place, speed;
    const Real most = constant<Real>(Model::start), fastest = constant<Real>(Model::start_speed);
    for (int i = 0; i < kCount; ++i) place[i] = random.uniform(-most, most);
    for (int i = 0; i < kCount; ++i) {
      if constexpr (Model::speeds_are_normal)
        speed[i] = fastest * random.normal();
      else
        speed[i] = random.uniform(-fastest, fastest);
    }
    State<Real> state = {};
    state.at = {place[0], place[1] + constant<Real>(Model::height), place[2], {}};
    state.velocity = {speed[0], speed[1], speed[2], {}};
    for_each_constant<kHinges>([&](auto h) FN_LAMBDA {
      state.at.hinge[h] = place[h + 3];
      state.velocity.hinge[h] = speed[h + 3];
    });
    return state;
  }

  /// The torso's height and angle, the joints' angles, and the speeds of all coordinates: as in Gym, the place is not seen.
  template <class Real, class See>
  FN static void observe(const Options& o, const Task<Real>& task, const State<Real>& state,
                         Random<Real>& random, const See& see) {
    constexpr int kAngles = kHinges + 2, kCount = kAngles + kHinges + 3;
    Array<Real, kCount> noise = {};
    if (o.angle_noise > 0 || o.speed_noise > 0)
      for (int i = 0; i < kCount; ++i)
        noise[i] = Real(i < kAngles ? o.angle_noise : o.speed_noise) * random.normal();
    const auto speed = [&](int i, Real x) FN_LAMBDA {
      const Real most = constant<Real>(Model::speed_clip);
      see(i, noise[i] + (Model::speed_clip > 0 ? clamp(x, -most, most) : x));
    };
    see(0, noise[0] + (state.at.z - constant<Real>(Model::height_seen_from)));
    see(1, noise[1] + (state.at.angle + task.offset[0]));
    speed(kAngles, state.velocity.x);
    speed(kAngles + 1, state.velocity.z);
    speed(kAngles + 2, state.velocity.angle);
    for_each_constant<kHinges>([&](auto h) FN_LAMBDA {
      const Real turn = constant<Real>(Model::links[h + 1].turn);
      see(h + 2, noise[h + 2] + fma(turn, state.at.hinge[h], task.offset[h + 1]));
      speed(kAngles + 3 + h, turn * state.velocity.hinge[h]);
    });
  }

  /// As in Gym, the cost is of the actions as they were given, and only motors are told -1 to 1.
  template <class Real>
  FN static Outcome<Real> step(const Options& o, const Task<Real>& task, State<Real>& state,
                               const Array<Real, kHinges>& action, Random<Real>&) {
    PlanarPhysics<Model, Real> physics;
    for_each_constant<kLinks>([&](auto b) FN_LAMBDA {
      constexpr PlanarLink link = Model::links[b];
      physics.mass[b] = constant<Real>(link.mass) * task.mass[b];
      physics.inertia[b] = constant<Real>(link.inertia) * task.inertia[b];
      physics.friction[b] = constant<Real>(link.friction) * task.friction[b];
    });
    physics.dry_friction = task.dry_friction;
    Real sine, cosine;
    sin_cos(task.slope, sine, cosine);
    physics.gravity_forward = constant<Real>(-kGravity) * sine;
    physics.gravity_down = constant<Real>(kGravity) * cosine;

    PlanarMotors<Model, Real> motors;
    motors.kept = exp(-constant<Real>(Model::solver.seconds) / max(task.motor_lag, constant<Real>(1e-6)));
    Real cost(0);
    for_each_constant<kHinges>([&](auto h) FN_LAMBDA {
      constexpr PlanarLink link = Model::links[h + 1];
      physics.damping[h] = constant<Real>(link.damping) * task.damping[h];
      motors.strength[h] = constant<Real>(link.gear * link.turn) * task.strength[h];
      const Real told = clamp(action[h], Real(-1), Real(1));
      motors.target[h] = select(task.latency < Real(0.5f), told,
                                select(task.latency < Real(1.5f), state.before[h], state.before_2[h]));
      state.before_2[h] = state.before[h];
      state.before[h] = told;
      cost = fma(action[h], action[h], cost);
    });

    // From 0, for the way to be as exact far from the start as near it.
    const Real from = state.at.x;
    state.at.x = Real(0);
    planar_step<Model>(physics, motors, state.motor, state.at, state.velocity, Model::solver.steps);
    const Real speed = state.at.x * constant<Real>(1 / (Model::solver.seconds * Model::solver.steps));
    state.at.x = from + state.at.x;

    const Real progress = o.goal == PlanarGoal::velocity ? -abs(speed - task.goal) : speed * task.goal;
    const Real reward = fma(Real(-o.control_cost), cost, progress);
    if constexpr (Model::falls) {
      const Mask<Real> stands = is_healthy(state);
      return {reward + select(stands, Real(1), Real(0)), ~stands};
    } else {
      return {reward, Mask<Real>(0)};
    }
  }

  /// Seen from beside; an arrow says where and how fast it is to run.
  template <class Canvas>
  static void sketch(const Options& o, const Task<Pack<float, 1>>& task, const State<Pack<float, 1>>& state,
                     std::span<const float>, Canvas& canvas) {
    const double x = state.at.x.get(0), top = 1.5 * Model::height;
    canvas.frame(x - 1.5, -0.15, x + 1.5, top + 0.15);
    canvas.line(x - 1.5, 0, x + 1.5, 0, Ink::scene);
    const double goal = o.goal == PlanarGoal::forward ? 1 : task.goal.get(0);
    canvas.arrow(x, top, x + 0.4 * goal, top, Ink::goal);
    std::array<std::array<double, 3>, kLinks> frames{};  // x, z, angle
    frames[0] = {x, state.at.z.get(0), state.at.angle.get(0)};
    const auto placed = [&](int link, double px, double pz) {
      const auto& [fx, fz, angle] = frames[static_cast<std::size_t>(link)];
      return std::array{fx + std::cos(angle) * px + std::sin(angle) * pz,
                        fz + std::cos(angle) * pz - std::sin(angle) * px};
    };
    for (int b = 1; b < kLinks; ++b) {
      const PlanarLink& link = Model::links[b];
      const auto [hx, hz] = placed(link.parent, link.hinge_x, link.hinge_z);
      frames[static_cast<std::size_t>(b)] = {
          hx, hz, frames[static_cast<std::size_t>(link.parent)][2] + double{state.at.hinge[b - 1].get(0)}};
    }
    // Points stand in pairs, the ends of capsules.
    for (int p = 0; p < kPlanarPoints<Model>; p += 2) {
      const PlanarPoint &one = Model::points[p], &other = Model::points[p + 1];
      const auto from = placed(one.link, one.x, one.z), to = placed(other.link, other.x, other.z);
      const Ink ink = one.link == 0 ? Ink::body : Ink::part;
      canvas.line(from[0], from[1], to[0], to[1], ink);
      canvas.circle(from[0], from[1], one.radius, ink);
      canvas.circle(to[0], to[1], other.radius, ink);
    }
  }

 private:
  static constexpr double kGravity = 9.81;

  template <class Real>
  FN static Mask<Real> is_healthy(const State<Real>& state) {
    constexpr PlanarHealth health = Model::health;
    const Real steepest = constant<Real>(health.steepest);
    Mask<Real> is = (state.at.z > constant<Real>(health.lowest)) &
                    (state.at.z < constant<Real>(health.highest)) & (abs(state.at.angle) < steepest);
    if constexpr (health.largest > 0) {
      const Real most = constant<Real>(health.largest);
      is = is & (abs(state.velocity.x) < most) & (abs(state.velocity.z) < most) &
           (abs(state.velocity.angle) < most);
      for (int h = 0; h < kHinges; ++h)
        is = is & (abs(state.at.hinge[h]) < most) & (abs(state.velocity.hinge[h]) < most);
    }
    return is;
  }
};

}  // namespace innerloop
