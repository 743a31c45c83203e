#include "engine/run/interrupt.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace innerloop {
namespace {

// In a process of their own: they change what signals do. Code 3: still alive and told about it.
void end_after(std::initializer_list<int> signals) {
  ::alarm(10);  // a handler that never lets go must not outlive the tests
  catch_interrupts();
  if (interrupted()) std::exit(4);
  for (const int number : signals) std::raise(number);
  std::exit(interrupted() ? 3 : 5);
}

TEST(InterruptDeathTest, TheFirstSignalOnlySetsTheFlag) {
  EXPECT_EXIT(end_after({SIGINT}), testing::ExitedWithCode(3), "");
  EXPECT_EXIT(end_after({SIGTERM}), testing::ExitedWithCode(3), "");
}

TEST(InterruptDeathTest, TheSecondEndsTheProcessAtOnce) {
  EXPECT_EXIT(end_after({SIGINT, SIGINT}), testing::KilledBySignal(SIGINT), "");
  EXPECT_EXIT(end_after({SIGINT, SIGTERM}), testing::KilledBySignal(SIGTERM), "");
}

TEST(InterruptDeathTest, OnceReleasedTheFirstEndsTheProcess) {
  const auto end_after_release = [](int signal) {
    catch_interrupts();
    release_interrupts();
    std::raise(signal);
    std::exit(3);
  };
  EXPECT_EXIT(end_after_release(SIGINT), testing::KilledBySignal(SIGINT), "");
  EXPECT_EXIT(end_after_release(SIGTERM), testing::KilledBySignal(SIGTERM), "");
}

TEST(InterruptDeathTest, NoneSetsNothing) { EXPECT_EXIT(end_after({}), testing::ExitedWithCode(5), ""); }

}  // namespace
}  // namespace innerloop
