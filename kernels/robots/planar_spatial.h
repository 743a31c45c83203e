// Motions, forces and inertias of bodies in a plane, all at one point: the torso's origin.
#pragma once

#include "kernels/lanes/maths.h"

namespace innerloop {

// How a body moves: turning, and the velocity (or acceleration) of that point of it which is at the origin.
template <class Real>
struct PlanarMotion {
  Real turn, x, z;

  // Of its point at (x, z).
  FN Real x_at(Real at_z) const { return fma(turn, at_z, x); }
  FN Real z_at(Real at_x) const { return fma(-turn, at_x, z); }
};

// A force that acts at the origin, and a moment.
template <class Real>
struct PlanarForce {
  Real moment, x, z;

  FN void add(Real force_x, Real force_z, Real at_x, Real at_z) {
    x = x + force_x;
    z = z + force_z;
    moment = fma(at_z, force_x, fma(-at_x, force_z, moment));
  }
};

// Takes motions to forces: a symmetric matrix.
template <class Real>
struct PlanarInertia {
  Real tt, tx, tz, xx, xz, zz;  // t: of turning

  // Of a mass at (x, z). No number is -0, so that adding 0 changes nothing.
  FN static PlanarInertia of(Real mass, Real inertia, Real x, Real z) {
    const Real along_x = fma(mass, x, Real(0)), along_z = fma(mass, z, Real(0));
    return {fma(along_x, x, fma(along_z, z, inertia)), along_z, Real(0) - along_x, mass, Real(0), mass};
  }
  // What pushes back on the point at (x, z) with the matrix (a b; b c).
  FN void add_at(Real a, Real b, Real c, Real at_x, Real at_z) {
    const Real along_x = fma(a, at_z, -(b * at_x)), along_z = fma(b, at_z, -(c * at_x));
    xx = xx + a;
    xz = xz + b;
    zz = zz + c;
    tx = tx + along_x;
    tz = tz + along_z;
    tt = fma(along_x, at_z, fma(-along_z, at_x, tt));
  }
  FN void add(const PlanarInertia& o) {
    tt = tt + o.tt;
    tx = tx + o.tx;
    tz = tz + o.tz;
    xx = xx + o.xx;
    xz = xz + o.xz;
    zz = zz + o.zz;
  }
  // Without what yields along a hinge: less u·uᵀ·inverse.
  FN void yield(const PlanarForce<Real>& u, Real inverse) {
    const Real t = -(u.moment * inverse), ux = -(u.x * inverse), uz = -(u.z * inverse);
    tt = fma(t, u.moment, tt);
    tx = fma(t, u.x, tx);
    tz = fma(t, u.z, tz);
    xx = fma(ux, u.x, xx);
    xz = fma(ux, u.z, xz);
    zz = fma(uz, u.z, zz);
  }
  // The motion that this force gives.
  FN PlanarMotion<Real> solve(const PlanarForce<Real>& f) const {
    // The mass stands in the lower right corner: eliminated from there, it loses the least.
    const Real by_z = Real(1) / zz, lx = xz * by_z, lt = tz * by_z;
    const Real xx1 = fma(-lx, xz, xx), tx1 = fma(-lt, xz, tx), tt1 = fma(-lt, tz, tt);
    const Real by_x = Real(1) / xx1, mt = tx1 * by_x;
    const Real fx1 = fma(-lx, f.z, f.x), ft1 = fma(-lt, f.z, f.moment);
    const Real turn = fma(-mt, fx1, ft1) / fma(-mt, tx1, tt1);
    const Real x = fma(-mt, turn, fx1 * by_x);
    const Real z = fma(-lx, x, fma(-lt, turn, f.z * by_z));
    return {turn, x, z};
  }
};

}  // namespace innerloop
