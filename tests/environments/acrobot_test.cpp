// The acrobot beside what gymnasium_vectors_test.cpp compares: starts, and what Gymnasium has not.
#include <gtest/gtest.h>

#include "envs/acrobot.h"
#include "tests/support/environment_play.h"

namespace innerloop {
namespace {

using R = Pack<double, 1>;

constexpr double kPi = 3.14159265358979323846;

TEST(Acrobot, EpisodesStartNearHanging) {
  using State = Acrobot::State<Floats>;
  for (const auto member : {&State::angle_1, &State::angle_2, &State::velocity_1, &State::velocity_2})
    expect_uniform(start_of<Acrobot>(member), -0.1, 0.1);
}

TEST(Acrobot, AnglesStayWithinATurn) {
  Acrobot::State<R> state = {R(3.1), R(-3.1), R(6), R(-9)};
  step_once<Acrobot>({}, {R(1), R(1), R(1), R(0.5), R(0.5), R(1), R(9.8), R(1)}, state, IntPack<R>(1));
  EXPECT_LT(state.angle_1.get(0), 0);
  EXPECT_GT(state.angle_1.get(0), -kPi);
  EXPECT_GT(state.angle_2.get(0), 0);
  EXPECT_LT(state.angle_2.get(0), kPi);
}

}  // namespace
}  // namespace innerloop
