// The mountain car beside what gymnasium_vectors_test.cpp compares: starts, and what Gymnasium has not.
#include <gtest/gtest.h>

#include "envs/mountain_car.h"
#include "tests/support/environment_play.h"

namespace innerloop {
namespace {

using R = Pack<double, 1>;

TEST(MountainCar, EpisodesStartAtRestInTheValley) {
  using State = MountainCar::State<Floats>;
  expect_uniform(start_of<MountainCar>(&State::position), -0.6, -0.4);
  const Spread velocity = start_of<MountainCar>(&State::velocity);
  EXPECT_EQ(velocity.low, 0);
  EXPECT_EQ(velocity.high, 0);
}

TEST(MountainCar, TheWallStopsTheCar) {
  MountainCar::State<R> state = {R(-1.19), R(-0.05)};
  const auto outcome = step_once<MountainCar>({}, {R(0.001), R(0.0025), R(0.5)}, state, IntPack<R>(0));
  EXPECT_EQ(state.position.get(0), -1.2);
  EXPECT_EQ(state.velocity.get(0), 0);
  EXPECT_EQ(outcome.terminated.get(0), 0);
}

}  // namespace
}  // namespace innerloop
