// What holds of every environment: cmake/tests.cmake makes a file of these tests for each of the registry.
#pragma once

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "tests/support/environment_play.h"

namespace innerloop {

template <class Env>
class EveryEnvironment : public testing::Test {};
TYPED_TEST_SUITE_P(EveryEnvironment);

TYPED_TEST_P(EveryEnvironment, BitsDoNotDependOnTheWidth) { expect_the_same_bits<TypeParam>({}); }

TYPED_TEST_P(EveryEnvironment, TasksAndStatesAreMadeOfRealsOnly) {
  using Env = TypeParam;
  EXPECT_EQ(sizeof(typename Env::template Task<Floats>) / sizeof(Floats),
            sizeof(typename Env::template Task<Pack<float, 1>>) / sizeof(float));
  EXPECT_EQ(sizeof(typename Env::template State<Floats>) / sizeof(Floats),
            sizeof(typename Env::template State<Pack<float, 1>>) / sizeof(float));
  EXPECT_LE(static_cast<int>(Env::task_numbers({}).size()), kTaskSize<Env>);
}

// The option of a name, if it is an Interval.
struct FindInterval {
  std::string_view name;
  Interval* found = nullptr;
  void operator()(const char* option, Interval& value, const auto&, const char*) {
    if (name == option) found = &value;
  }
  void operator()(const char*, auto&, const auto&, const char*) {}
  void operator()(const char*, auto&, const char*) {}
};

template <class Env>
Floats task_number(const typename Env::template Task<Floats>& task, int wanted) {
  Floats number(0);
  scatter_fields<Floats>(task, [&](int i, Floats x) {
    if (i == wanted) number = x;
  });
  return number;
}

// A number of a task that an Interval option is named for is drawn from that interval, whatever it is.
TYPED_TEST_P(EveryEnvironment, NumbersWithAnIntervalAreUniformInIt) {
  using Env = TypeParam;
  typename Env::Options options;
  struct Drawn {
    int number;
    Interval range;
  };
  std::vector<Drawn> drawn;
  const std::vector<TaskNumber> numbers = Env::task_numbers(options);
  for (int i = 0; i < static_cast<int>(numbers.size()); ++i) {
    FindInterval find{numbers[static_cast<std::size_t>(i)].name};
    Env::describe(find, options);
    if (find.found == nullptr) continue;
    const float low = 1 + static_cast<float>(i);
    *find.found = {low, low + 0.5f};
    drawn.push_back({i, *find.found});
  }
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    const Drawn& its = drawn[i];
    expect_uniform(
        spread([&](auto t) { return task_number<Env>(draw<Env, Floats>(options, t), its.number); }),
        its.range.low, its.range.high);
    // Independent of the next one.
    const Drawn& next = drawn[(i + 1) % drawn.size()];
    if (next.number == its.number) continue;
    const auto centred = [&](const auto& task, const Drawn& of) {
      return task_number<Env>(task, of.number) - Floats(of.range.low + 0.25f);
    };
    const Spread product = spread([&](auto t) {
      const auto task = draw<Env, Floats>(options, t);
      return centred(task, its) * centred(task, next);
    });
    EXPECT_NEAR(product.mean, 0, 0.0005);  // standard error 0.0001
  }
}

REGISTER_TYPED_TEST_SUITE_P(EveryEnvironment, BitsDoNotDependOnTheWidth, TasksAndStatesAreMadeOfRealsOnly,
                            NumbersWithAnIntervalAreUniformInIt);

}  // namespace innerloop
