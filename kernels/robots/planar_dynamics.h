// How a robot in a plane accelerates: MuJoCo's equations of motion, contacts and limits, for a robot that cannot leave a plane
// (MuJoCo's documentation, chapter Computation; engine_core_constraint.c of MuJoCo 4.0).
//
// Contacts and limits are soft: accelerations a minimise ½(a − a₀)ᵀM(a − a₀) + ½ΣD·min(0, J·a − r)², where a₀ is the
// acceleration without them. Newton's method takes the constraints that push at the last a and solves
// (M + JᵀDJ)a = f + JᵀDr with those; as the cost is piecewise quadratic, it is done when they stay the same. Each solution
// goes through the links from the leaves to the torso and back (Featherstone's articulated bodies), with contacts as part of a
// link's inertia.
#pragma once

#include "kernels/lanes/array.h"
#include "kernels/lanes/maths.h"
#include "kernels/robots/planar_model.h"
#include "kernels/robots/planar_spatial.h"

namespace innerloop {

template <class Model>
inline constexpr int kLinks = static_cast<int>(std::size(Model::links));
template <class Model>
inline constexpr int kHinges = kLinks<Model> - 1;
template <class Model>
inline constexpr int kPlanarPoints = static_cast<int>(std::size(Model::points));

// Of each link: number 0 is the torso.
template <class Model, class Real>
using OfLinks = Array<Real, kLinks<Model>>;
// Of each hinge: that of link b is number b - 1.
template <class Model, class Real>
using OfHinges = Array<Real, kHinges<Model>>;

// Positions, velocities or accelerations.
template <class Model, class Real>
struct PlanarCoordinates {
  Real x, z, angle;  // of the torso
  OfHinges<Model, Real> hinge;
};

// What a robot has in place of its model's numbers.
template <class Model, class Real>
struct PlanarPhysics {
  OfLinks<Model, Real> mass, inertia, friction;
  OfHinges<Model, Real> damping;
  Real dry_friction;                   // of each hinge, N·m
  Real gravity_forward, gravity_down;  // m/s²
};

template <class Model, class Real>
class PlanarDynamics {
  using Coordinates = PlanarCoordinates<Model, Real>;
  using Physics = PlanarPhysics<Model, Real>;
  using Hinges = OfHinges<Model, Real>;
  static constexpr PlanarSolver solver = Model::solver;
  // Nearly always 5 are enough, and 10 were in 6000 states of robots thrown into the floor.
  static constexpr int kWholeSteps = 12, kNewtonSteps = 60;
  // MuJoCo makes no constraint faster than two steps.
  static constexpr double kTime = solver.time > 2 * solver.seconds ? solver.time : 2 * solver.seconds;

 public:
  FN PlanarDynamics(const Physics& physics, const Coordinates& at, const Coordinates& velocity,
                    const Hinges& torque)
      : dry_friction_(physics.dry_friction), is_dry_(any(physics.dry_friction > Real(0))) {
    place_torso(physics, at, velocity);
    for_each_constant<kHinges<Model>>([&](auto h) FN_LAMBDA {
      place<h + 1>(physics, at, velocity);
      set_hinge<h>(physics, at.hinge[h], velocity.hinge[h], torque[h]);
    });
    for_each_constant<kLinks<Model>>([&](auto b) FN_LAMBDA { touch<b>(physics, at.z); });
  }

  // Of the robot as it stands. A lane is done when the constraints that push at a solution are those that it was solved with;
  // lanes that are done keep their solution, so that none depends on those beside it.
  FN Coordinates acceleration() const {
    Pushed pushed = unpushed();
    Coordinates a = solved(pushed), looked_at = a, at = a;
    Which which = {};
    Mask<Real> done(0);
    bool at_solution = true;
    for (int step = 0; step < kNewtonSteps; ++step) {
      Which now = {};
      pushed = unpushed();
      push(at, pushed, now);
      if (at_solution) {
        done = done | now.same(which);
        if (!any(~done)) break;
        // Dry friction can make whole steps go to and fro: less and less of the way then.
        if (step >= kWholeSteps) {
          const int share = 2 + (step - kWholeSteps) / 2;
          const Real part(1.0f / static_cast<float>(share));
          at = each(looked_at, a, [&](Real x, Real y) FN_LAMBDA { return fma(part, y - x, x); });
          at_solution = false;
          continue;
        }
      }
      looked_at = at;
      which = now;
      a = chosen(done, a, solved(pushed));
      at = a;
      at_solution = true;
    }
    return a;
  }

  // What MuJoCo's step by Euler makes of an acceleration: damping is that of the speeds after the step, so that
  // (M + h·damping)·result = M·a.
  FN Coordinates damped(const Coordinates& a, const Hinges& damping) const {
    Pushed pushed = {};
    for_each_constant<kHinges<Model>>([&](auto h) FN_LAMBDA {
      pushed.stiffness[h] = constant<Real>(solver.seconds) * damping[h];
      pushed.torque[h] = pushed.stiffness[h] * a.hinge[h];
    });
    return each(a, solved(pushed), [](Real x, Real y) FN_LAMBDA { return x - y; });
  }

 private:
  // Where a link is, from the torso's origin, how it moves there, and what turning alone makes the link's own origin accelerate
  // with.
  struct Frame {
    Real sine, cosine, x, z, turn, speed_x, speed_z, bend_x, bend_z;
  };
  struct Contact {
    Real x, z;                // where
    Real weight;              // D of each edge of the friction cone; 0 where nothing touches
    Real normal, tangential;  // of the accelerations r of the edges: normal ± tangential
  };
  struct Limit {
    Real side;    // 1 at the lower limit, -1 at the upper one
    Real weight;  // D; 0 within the limits
    Real wanted;  // r
  };
  // What constraints add to the equations.
  struct Pushed {
    Array<PlanarInertia<Real>, kLinks<Model>> inertia;
    Array<PlanarForce<Real>, kLinks<Model>> force;
    Hinges stiffness, torque;
  };
  // A bit for each part of the cost that the accelerations are in.
  struct Which {
    static constexpr int kBits = 3 * kPlanarPoints<Model> + 3 * kHinges<Model>, kEach = 30;
    static constexpr int kWords = (kBits + kEach - 1) / kEach;
    Array<Mask<Real>, kWords> words;

    template <int bit>
    FN void note(Mask<Real> is) {
      Mask<Real>& word = words[bit / kEach];
      word = word | (is & Mask<Real>(typename Mask<Real>::value_type{1} << bit % kEach));
    }
    FN Mask<Real> same(const Which& o) const {
      Mask<Real> differ(0);
      UNROLL
      for (int i = 0; i < kWords; ++i) differ = differ | (words[i] ^ o.words[i]);
      return differ == Mask<Real>(0);
    }
  };

  template <class Each>
  FN static Coordinates each(const Coordinates& a, const Coordinates& b, const Each& of) {
    Coordinates result = {of(a.x, b.x), of(a.z, b.z), of(a.angle, b.angle), {}};
    for_each_constant<kHinges<Model>>([&](auto h)
                                          FN_LAMBDA { result.hinge[h] = of(a.hinge[h], b.hinge[h]); });
    return result;
  }
  FN static Coordinates chosen(Mask<Real> mask, const Coordinates& a, const Coordinates& b) {
    return each(a, b, [&](Real x, Real y) FN_LAMBDA { return select(mask, x, y); });
  }

  template <int b>
  FN void weigh(const Physics& physics, Real bend) {
    constexpr PlanarLink link = Model::links[b];
    const Frame& frame = frames_[b];
    const Real cx = constant<Real>(link.centre_x), cz = constant<Real>(link.centre_z);
    const Real from_x = fma(frame.cosine, cx, frame.sine * cz),
               from_z = fma(frame.cosine, cz, -(frame.sine * cx));
    const Real x = frame.x + from_x, z = frame.z + from_z, mass = physics.mass[b];
    inertia_[b] = PlanarInertia<Real>::of(mass, physics.inertia[b], x, z);
    // What the centre of mass would accelerate with by itself is taken from gravity's pull.
    const Real pull_x = physics.gravity_forward - fma(bend, from_x, frame.bend_x),
               pull_z = -physics.gravity_down - fma(bend, from_z, frame.bend_z);
    force_[b] = {Real(0), Real(0), Real(0)};
    force_[b].add(mass * pull_x, mass * pull_z, x, z);
  }

  FN void place_torso(const Physics& physics, const Coordinates& at, const Coordinates& velocity) {
    Frame& torso = frames_[0];
    sin_cos(at.angle, torso.sine, torso.cosine);
    torso.x = torso.z = torso.bend_x = torso.bend_z = Real(0);
    torso.turn = velocity.angle;
    torso.speed_x = velocity.x;
    torso.speed_z = velocity.z;
    angle_[0] = at.angle;
    weigh<0>(physics, -(torso.turn * torso.turn));
  }

  template <int b>
  FN void place(const Physics& physics, const Coordinates& at, const Coordinates& velocity) {
    constexpr PlanarLink link = Model::links[b];
    const Frame& parent = frames_[link.parent];
    Frame& frame = frames_[b];
    const Real hx = constant<Real>(link.hinge_x), hz = constant<Real>(link.hinge_z);
    const Real from_x = fma(parent.cosine, hx, parent.sine * hz),
               from_z = fma(parent.cosine, hz, -(parent.sine * hx));
    frame.x = parent.x + from_x;
    frame.z = parent.z + from_z;
    const Real bend = -(parent.turn * parent.turn);
    frame.bend_x = fma(bend, from_x, parent.bend_x);
    frame.bend_z = fma(bend, from_z, parent.bend_z);
    angle_[b] = angle_[link.parent] + at.hinge[b - 1];
    sin_cos(angle_[b], frame.sine, frame.cosine);
    const Real turn = velocity.hinge[b - 1];
    frame.turn = parent.turn + turn;
    frame.speed_x = fma(-turn, frame.z, parent.speed_x);
    frame.speed_z = fma(turn, frame.x, parent.speed_z);
    weigh<b>(physics, -(frame.turn * frame.turn));
  }

  // d / (1 - d) of the impedance d where a constraint is overstepped by `depth`; and d itself.
  template <class Of>
  FN static Real odds(Real depth, Real& impedance) {
    constexpr PlanarImpedance of = Of::value();
    constexpr double low = of.low < 1e-4 ? 1e-4 : of.low, high = of.high > 0.9999 ? 0.9999 : of.high;
    if constexpr (low == high) {
      impedance = constant<Real>(low);
      return constant<Real>(low / (1 - low));
    } else {
      const Real r = clamp(depth * constant<Real>(1 / of.width), Real(0), Real(1)), rest = Real(1) - r;
      const Real y = select(r < Real(0.5f), Real(2) * r * r, fma(Real(-2) * rest, rest, Real(1)));
      impedance = fma(constant<Real>(high - low), y, constant<Real>(low));
      return impedance / (Real(1) - impedance);
    }
  }
  // The acceleration that a constraint is to have: -b·speed - k·d·position.
  FN static Real wanted(double high, Real speed, Real impedance, Real position) {
    const double most = high > 0.9999 ? 0.9999 : high, b = 2 / (most * kTime),
                 k = 1 / (most * most * kTime * kTime);
    return fma(constant<Real>(-b), speed, constant<Real>(-k) * impedance * position);
  }
  struct ContactImpedance {
    static constexpr PlanarImpedance value() { return solver.contact; }
  };
  struct LimitImpedance {
    static constexpr PlanarImpedance value() { return solver.limit; }
  };

  template <int h>
  FN void set_hinge(const Physics& physics, Real angle, Real speed, Real torque) {
    constexpr PlanarLink link = Model::links[h + 1];
    torque_[h] = fma(-physics.damping[h], speed, torque);
    if constexpr (link.stiffness != 0) torque_[h] = fma(constant<Real>(-link.stiffness), angle, torque_[h]);

    constexpr double low = link.turn > 0 ? link.low : -link.high,
                     high = link.turn > 0 ? link.high : -link.low;
    const Real above = angle - constant<Real>(low), below = constant<Real>(high) - angle;
    const Real position = min(above, below);
    Limit& limit = limits_[h];
    limit.side = select(above < below, Real(1), Real(-1));
    Real impedance;
    const Real ratio = odds<LimitImpedance>(-position, impedance);
    limit.weight = select(position < Real(0), ratio * constant<Real>(1 / link.inverse_inertia), Real(0));
    limit.wanted = wanted(solver.limit.high, limit.side * speed, impedance, position);
    // Dry friction is a constraint of its own, that the hinge stands still (solimp's default at 0).
    still_[h] = wanted(0.95, speed, Real(0), Real(0));
  }

  template <int b>
  FN void touch(const Physics& physics, Real height) {
    const Frame& frame = frames_[b];
    Mask<Real> some(0);
    for_each_constant<kPlanarPoints<Model>>([&](auto p) FN_LAMBDA {
      constexpr PlanarPoint point = Model::points[p];
      if constexpr (point.link == b) {
        const Real px = constant<Real>(point.x), pz = constant<Real>(point.z);
        contacts_[p].x = frame.x + fma(frame.cosine, px, frame.sine * pz);
        contacts_[p].z = frame.z + fma(frame.cosine, pz, -(frame.sine * px));
        contacts_[p].normal =
            contacts_[p].z + (height - constant<Real>(point.radius));  // the distance, for now
        some = some | (contacts_[p].normal < constant<Real>(solver.margin));
      }
    });
    touched_[b] = any(some);
    if (!touched_[b]) return;
    const Real friction = physics.friction[b], squared = friction * friction;
    friction_[b] = friction;
    const Real scale =
        Real(1) / (constant<Real>(2 * Model::links[b].inverse_weight) * squared * (Real(1) + squared));
    const PlanarMotion<Real> motion = {frame.turn, frame.speed_x, frame.speed_z};
    for_each_constant<kPlanarPoints<Model>>([&](auto p) FN_LAMBDA {
      constexpr PlanarPoint point = Model::points[p];
      if constexpr (point.link == b) {
        Contact& contact = contacts_[p];
        const Real distance = contact.normal, position = distance - constant<Real>(solver.margin);
        // Halfway between the floor and the lowest point.
        contact.z = contact.z - fma(Real(0.5f), distance, constant<Real>(point.radius));
        Real impedance;
        const Real ratio = odds<ContactImpedance>(-position, impedance);
        contact.weight = select(position < Real(0), ratio * scale, Real(0));
        contact.normal = wanted(solver.contact.high, motion.z_at(contact.x), impedance, position);
        contact.tangential = wanted(solver.contact.high, friction * motion.x_at(contact.z), Real(0), Real(0));
      }
    });
  }

  FN Pushed unpushed() const {
    Pushed pushed = {};
    for_each_constant<kLinks<Model>>([&](auto b) FN_LAMBDA { pushed.force[b] = force_[b]; });
    for_each_constant<kHinges<Model>>([&](auto h) FN_LAMBDA { pushed.torque[h] = torque_[h]; });
    return pushed;
  }

  // Adds the constraints that push at these accelerations.
  FN void push(const Coordinates& a, Pushed& pushed, Which& which) const {
    Array<PlanarMotion<Real>, kLinks<Model>> motions;
    motions[0] = {a.angle, a.x, a.z};
    for_each_constant<kHinges<Model>>([&](auto h) FN_LAMBDA {
      constexpr int b = h + 1, parent = Model::links[b].parent;
      motions[b] = moved_by<b>(motions[parent], a.hinge[h]);
      push_hinge<h>(a.hinge[h], pushed, which);
    });
    for_each_constant<kLinks<Model>>([&](auto b) FN_LAMBDA {
      if (touched_[b]) push_link<b>(motions[b], pushed, which);
    });
  }

  template <int h>
  FN void push_hinge(Real a, Pushed& pushed, Which& which) const {
    constexpr int bit = 3 * kPlanarPoints<Model> + 3 * h;
    const Limit& limit = limits_[h];
    const Mask<Real> held = limit.side * a < limit.wanted;
    which.template note<bit>(held & (limit.weight > Real(0)));
    const Real weight = select(held, limit.weight, Real(0));
    pushed.stiffness[h] = weight;
    pushed.torque[h] = fma(weight * limit.side, limit.wanted, pushed.torque[h]);
    if (!is_dry_) return;
    // Up to a force of dry_friction it holds as a constraint with D does; beyond, it slips, and the force is that.
    constexpr double kHeld = 0.9;
    const Real holds = constant<Real>(kHeld / (1 - kHeld) / Model::links[h + 1].inverse_inertia);
    const Real off = holds * (a - still_[h]);
    const Mask<Real> forward = off >= dry_friction_, backward = off <= -dry_friction_,
                     slips = forward | backward;
    which.template note<bit + 1>(forward);
    which.template note<bit + 2>(backward);
    pushed.stiffness[h] = pushed.stiffness[h] + select(slips, Real(0), holds);
    pushed.torque[h] =
        pushed.torque[h] + select(slips, select(forward, -dry_friction_, dry_friction_), holds * still_[h]);
  }

  // A contact has two edges of its cone in the plane, normal ± friction · forward, and two beside it, which are the normal
  // here.
  template <int b>
  FN void push_link(const PlanarMotion<Real>& motion, Pushed& pushed, Which& which) const {
    const Real friction = friction_[b];
    for_each_constant<kPlanarPoints<Model>>([&](auto p) FN_LAMBDA {
      if constexpr (Model::points[p].link == b) {
        const Contact& contact = contacts_[p];
        const Real normal = motion.z_at(contact.x) - contact.normal,
                   tangential = fma(friction, motion.x_at(contact.z), -contact.tangential);
        const Mask<Real> touches = contact.weight > Real(0), one = touches & (normal + tangential < Real(0)),
                         other = touches & (normal - tangential < Real(0)),
                         both = touches & (normal < Real(0));
        which.template note<3 * p>(one);
        which.template note<3 * p + 1>(other);
        which.template note<3 * p + 2>(both);
        const Real w1 = select(one, contact.weight, Real(0)), w2 = select(other, contact.weight, Real(0)),
                   w3 = select(both, Real(2) * contact.weight, Real(0));
        const Real sum = w1 + w2, difference = w1 - w2, a = friction * friction * sum,
                   across = friction * difference, c = sum + w3;
        pushed.inertia[b].add_at(a, across, c, contact.x, contact.z);
        pushed.force[b].add(fma(across, contact.normal, friction * sum * contact.tangential),
                            fma(c, contact.normal, difference * contact.tangential), contact.x, contact.z);
      }
    });
  }

  // The motion of link b, whose hinge turns on its parent's.
  template <int b>
  FN PlanarMotion<Real> moved_by(const PlanarMotion<Real>& parent, Real turn) const {
    return {parent.turn + turn, fma(-turn, frames_[b].z, parent.x), fma(turn, frames_[b].x, parent.z)};
  }

  FN Coordinates solved(const Pushed& pushed) const {
    Array<PlanarInertia<Real>, kLinks<Model>> whole;  // of a link and what hangs on it
    Array<PlanarForce<Real>, kLinks<Model>> force = pushed.force, along;
    Hinges inverse, turning;
    for_each_constant<kLinks<Model>>([&](auto b) FN_LAMBDA {
      whole[b] = inertia_[b];
      if (touched_[b]) whole[b].add(pushed.inertia[b]);
    });
    for_each_constant_backwards<kHinges<Model>>([&](auto h) FN_LAMBDA {
      constexpr int b = h + 1, parent = Model::links[b].parent;
      const Real x = frames_[b].x, z = frames_[b].z;
      const PlanarInertia<Real>& k = whole[b];
      PlanarForce<Real>& u = along[b];
      u = {fma(-k.tx, z, fma(k.tz, x, k.tt)), fma(-k.xx, z, fma(k.xz, x, k.tx)),
           fma(-k.xz, z, fma(k.zz, x, k.tz))};
      const Real stiffness = pushed.stiffness[h] + constant<Real>(Model::links[b].armature);
      inverse[h] = Real(1) / (fma(-u.x, z, fma(u.z, x, u.moment)) + stiffness);
      turning[h] = fma(-force[b].x, z, fma(force[b].z, x, force[b].moment)) + pushed.torque[h];
      whole[b].yield(u, inverse[h]);
      whole[parent].add(whole[b]);
      const Real held = turning[h] * inverse[h];
      force[parent].moment = force[parent].moment + fma(-held, u.moment, force[b].moment);
      force[parent].x = force[parent].x + fma(-held, u.x, force[b].x);
      force[parent].z = force[parent].z + fma(-held, u.z, force[b].z);
    });
    Array<PlanarMotion<Real>, kLinks<Model>> motions;
    motions[0] = whole[0].solve(force[0]);
    Coordinates a = {motions[0].x, motions[0].z, motions[0].turn, {}};
    for_each_constant<kHinges<Model>>([&](auto h) FN_LAMBDA {
      constexpr int b = h + 1, parent = Model::links[b].parent;
      const PlanarMotion<Real>& base = motions[parent];
      const PlanarForce<Real>& u = along[b];
      a.hinge[h] = fma(-u.moment, base.turn, fma(-u.x, base.x, fma(-u.z, base.z, turning[h]))) * inverse[h];
      motions[b] = moved_by<b>(base, a.hinge[h]);
    });
    return a;
  }

  Array<Frame, kLinks<Model>> frames_;
  Array<Real, kLinks<Model>> angle_, friction_;
  Array<PlanarInertia<Real>, kLinks<Model>> inertia_;
  Array<PlanarForce<Real>, kLinks<Model>> force_;
  Array<bool, kLinks<Model>> touched_;
  Array<Contact, kPlanarPoints<Model>> contacts_;
  Array<Limit, kHinges<Model>> limits_;
  Hinges torque_, still_;
  Real dry_friction_;
  bool is_dry_;
};

}  // namespace innerloop
