// The cart and its pole against Gym's step in double precision.
#include <gtest/gtest.h>

#include <cmath>

#include "envs/cartpole.h"
#include "tests/support/environment_play.h"

namespace innerloop {
namespace {

struct Cart {
  double x, x_dot, theta, theta_dot;
};
// Gym's step, for any physics.
Cart gym_step(const Cart& s, int action, double cart_mass, double pole_mass, double length, double force_size,
              double gravity) {
  const double force = action == 1 ? force_size : -force_size;
  const double total_mass = cart_mass + pole_mass, mass_length = pole_mass * length;
  const double sine = std::sin(s.theta), cosine = std::cos(s.theta);
  const double temp = (force + mass_length * s.theta_dot * s.theta_dot * sine) / total_mass;
  const double theta_acc =
      (gravity * sine - cosine * temp) / (length * (4.0 / 3.0 - pole_mass * cosine * cosine / total_mass));
  const double x_acc = temp - mass_length * theta_acc * cosine / total_mass;
  const double tau = 0.02;
  return {s.x + tau * s.x_dot, s.x_dot + tau * x_acc, s.theta + tau * s.theta_dot,
          s.theta_dot + tau * theta_acc};
}

template <class State>
Cart cart_of(const State& state, int lane) {
  return {static_cast<double>(state.position.get(lane)), static_cast<double>(state.velocity.get(lane)),
          static_cast<double>(state.angle.get(lane)), static_cast<double>(state.angular_velocity.get(lane))};
}

template <class R>
void expect_cartpole_equals_the_plain_loop() {
  int done = 0, steps = 0;
  auto check = [&](int, int, const auto& task, const auto& before, const auto& action, const auto& after,
                   const auto& outcome) {
    for (int lane = 0; lane < R::lanes; ++lane) {
      const Cart wanted = gym_step(cart_of(before, lane), action.get(lane), task.cart_mass.get(lane),
                                   task.pole_mass.get(lane), task.pole_half_length.get(lane),
                                   task.force.get(lane), task.gravity.get(lane));
      const Cart found = cart_of(after, lane);
      expect_close<R>(found.x, wanted.x);
      expect_close<R>(found.x_dot, wanted.x_dot);
      expect_close<R>(found.theta, wanted.theta);
      expect_close<R>(found.theta_dot, wanted.theta_dot, 2e-6);
      EXPECT_EQ(outcome.reward.get(lane), 1);
      const bool fell = std::abs(found.x) > 2.4 || std::abs(found.theta) > 12 * std::acos(-1.0) / 180;
      EXPECT_EQ(outcome.terminated.get(lane) != 0, fell);
      done += fell;
      ++steps;
    }
  };
  play<CartPole, R>({}, 14, 50, 1.0, check);
  EXPECT_GE(steps, 10000);
  EXPECT_GT(done, 1000);
  EXPECT_LT(done, steps - 1000);
}

TEST(CartPole, EqualsThePlainLoop) {
  expect_cartpole_equals_the_plain_loop<Floats>();
  expect_cartpole_equals_the_plain_loop<Doubles>();
}

TEST(CartPole, EpisodesStartNearUpright) {
  auto expect = [](auto member) {
    expect_uniform(
        spread([&](auto i) { return reset<CartPole, Floats>({}, draw<CartPole, Floats>({}, i), i).*member; }),
        -0.05, 0.05);
  };
  using State = CartPole::State<Floats>;
  expect(&State::position);
  expect(&State::velocity);
  expect(&State::angle);
  expect(&State::angular_velocity);
}

TEST(CartPole, ObservationIsTheStateInGymsOrder) {
  using R = Pack<float, 1>;
  const auto its = seen<CartPole, R>({}, {R(1), R(2), R(3), R(4)});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(its[static_cast<std::size_t>(i)].get(0), static_cast<float>(i + 1));
}

}  // namespace
}  // namespace innerloop
