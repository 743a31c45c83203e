// The heads' formulas in double: derivatives against differences of the values, and values against what is known of
// distributions.
#include <gtest/gtest.h>

#include <functional>

#include "kernels/networks/head.h"
#include "tests/support/trajectories.h"

namespace innerloop {
namespace {

using One = Pack<double, 1>;

struct Case {
  std::string name;
  PolicyShape shape;
  std::vector<std::uint32_t> allowed = {};  // a word for each 32 choices; none: all are
};

PolicyShape gaussian_shape(float squash) {
  PolicyShape shape;
  shape.width[1] = 3;
  shape.squash = squash;
  return shape;
}
PolicyShape grouped_shape(const std::vector<int>& sizes) {
  PolicyShape shape;
  shape.head = HeadKind::grouped;
  for (const int size : sizes) {
    shape.group_size[shape.groups++] = size;
    shape.width[1] += size;
  }
  return shape;
}
PolicyShape categorical_shape(int choices) {
  PolicyShape shape;
  shape.head = HeadKind::categorical;
  shape.width[1] = choices;
  return shape;
}

// A head at what the policy puts out, with the log standard deviations behind.
class Head {
 public:
  Head(const Case& of, const Vector& numbers) : case_(of), numbers_(numbers) {
    Scratch counted;
    take_head_constants<double>(counted, of.shape);
    memory_.resize(static_cast<std::size_t>(counted.used() / 8 + 8));
    void* start = memory_.data();
    std::size_t room = memory_.size() * 8;
    Scratch scratch(std::align(64, 64, start, room));
    constants = take_head_constants<double>(scratch, of.shape);
    load_head_constants(SimdTeam<Portable, double>{}, of.shape, numbers_.data() + of.shape.outputs(),
                        constants);
  }
  HeadRows<double> rows(const Vector& action) const {
    HeadRows<double> rows{numbers_.data(), 1, action.data(), 1};
    if (!case_.allowed.empty()) {
      rows.allowed = case_.allowed.data();
      rows.allowed_stride = 1;
    }
    return rows;
  }
  HeadConstants<double> constants;
  const double* outputs() const { return numbers_.data(); }

 private:
  const Case& case_;
  const Vector numbers_;
  Vector memory_;
};

template <class F>
double value_of(const Case& of, const Vector& numbers, const Vector& action, const F& f) {
  double value = 0;
  const Head at(of, numbers);
  with_head(of.shape.head, [&](auto head) { value = f(head, at, at.rows(action)).get(0); });
  return value;
}
double log_prob(const Case& of, const Vector& numbers, const Vector& action) {
  return value_of(of, numbers, action, [](auto head, const Head& at, const HeadRows<double>& rows) {
    return decltype(head)::template log_prob<One>(at.constants, rows);
  });
}
double entropy(const Case& of, const Vector& numbers) {
  return value_of(of, numbers, {}, [](auto head, const Head& at, const HeadRows<double>& rows) {
    return decltype(head)::template entropy<One>(at.constants, rows);
  });
}
double divergence(const Case& of, const Vector& old_numbers, const Vector& numbers) {
  const Head old(of, old_numbers);
  return value_of(of, numbers, {}, [&](auto head, const Head& at, const HeadRows<double>& rows) {
    return decltype(head)::template divergence<One>(at.constants, old.constants, rows, old.outputs(), 1);
  });
}
double tangent(const Case& of, const Vector& numbers, const Vector& action, const Vector& u) {
  return value_of(of, numbers, action, [&](auto head, const Head& at, const HeadRows<double>& rows) {
    return decltype(head)::template tangent<One>(at.constants, rows, u.data(), u.data() + of.shape.outputs());
  });
}

// By the outputs and by log_std, as f's sink is told; what is not told is 0.
template <class F>
Vector gradient_of(const Case& of, const Vector& numbers, const Vector& action, const F& f) {
  Vector gradient(numbers.size());
  const Head at(of, numbers);
  with_head(of.shape.head, [&](auto head) {
    f(head, at, at.rows(action), [&](int o, One by_output, One by_std, auto...) {
      gradient[static_cast<std::size_t>(o)] = by_output.get(0);
      gradient[static_cast<std::size_t>(of.shape.outputs() + o)] = by_std.get(0);
    });
  });
  return gradient;
}
Vector log_prob_gradient(const Case& of, const Vector& numbers, const Vector& action, double weight) {
  return gradient_of(of, numbers, action, [&](auto head, const Head& at, const auto& rows, const auto& sink) {
    decltype(head)::gradient(at.constants, rows, One(weight), sink);
  });
}
Vector entropy_gradient(const Case& of, const Vector& numbers, double weight) {
  return gradient_of(of, numbers, {}, [&](auto head, const Head& at, const auto& rows, const auto& sink) {
    decltype(head)::entropy_gradient(at.constants, rows, One(weight), sink);
  });
}
Vector divergence_gradient(const Case& of, const Vector& old_numbers, const Vector& numbers, double weight) {
  const Head old(of, old_numbers);
  return gradient_of(of, numbers, {}, [&](auto head, const Head& at, const auto& rows, const auto& sink) {
    decltype(head)::divergence_gradient(at.constants, old.constants, rows, old.outputs(), 1, One(weight),
                                        sink);
  });
}

Vector moved(const Vector& from, const Vector& u, double step) {
  Vector to = from;
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += step * u[i];
  return to;
}
// The derivative along u.
Vector along(const Vector& at, const Vector& u, const std::function<Vector(const Vector&)>& f) {
  constexpr double step = 1e-5;
  Vector derivative = f(moved(at, u, step)), before = f(moved(at, u, -step));
  for (std::size_t i = 0; i < derivative.size(); ++i)
    derivative[i] = (derivative[i] - before[i]) / (2 * step);
  return derivative;
}
bool has_std(const Case& of) { return of.shape.head == HeadKind::gaussian; }

class HeadsTest : public testing::TestWithParam<Case> {
 protected:
  HeadsTest() {
    std::mt19937_64 random(11);
    const auto count = static_cast<std::size_t>(2 * of.shape.outputs());
    numbers = random_vector(static_cast<int>(count), 0.7, random);
    old = random_vector(static_cast<int>(count), 0.7, random);
    u = random_vector(static_cast<int>(count), 1, random);
    for (std::size_t o = count / 2; o < count; ++o) {
      numbers[o] -= 0.5;
      if (!has_std(of)) u[o] = 0;
    }
    if (has_std(of)) {
      action = {0.3, -1.1, 0.6};
    } else {
      each_action([&](const Vector& choices) {
        if (uniform(random) < 0.3 || action.empty()) action = choices;
      });
    }
  }
  bool is_allowed(int choice) const {
    return of.allowed.empty() ||
           (of.allowed[static_cast<std::size_t>(choice / 32)] >> (choice % 32) & 1u) != 0;
  }
  // All discrete actions that are allowed.
  void each_action(const std::function<void(const Vector&)>& at) const {
    const int groups = of.shape.head == HeadKind::grouped ? of.shape.groups : 1;
    Vector choices(static_cast<std::size_t>(groups));
    const std::function<void(int, int)> choose = [&](int group, int first) {
      if (group == groups) return at(choices);
      const int size = of.shape.head == HeadKind::grouped ? of.shape.group_size[group] : of.shape.outputs();
      for (int c = 0; c < size; ++c) {
        choices[static_cast<std::size_t>(group)] = c;
        if (is_allowed(first + c)) choose(group + 1, first + size);
      }
    };
    choose(0, 0);
  }

  const Case of = GetParam();
  Vector numbers, old, u, action;
};

class DiscreteHeadsTest : public HeadsTest {};
class MaskedHeadsTest : public HeadsTest {};

TEST_P(HeadsTest, GradientsAreTheDifferencesOfTheValues) {
  const auto check = [&](const Vector& gradient, const std::function<double(const Vector&)>& value) {
    EXPECT_LT(relative_error(gradient, central_differences(value, numbers, 1e-6)), 1e-8);
  };
  check(log_prob_gradient(of, numbers, action, 0.7),
        [&](const Vector& x) { return 0.7 * log_prob(of, x, action); });
  check(entropy_gradient(of, numbers, 0.7), [&](const Vector& x) { return 0.7 * entropy(of, x); });
  check(divergence_gradient(of, old, numbers, 0.7),
        [&](const Vector& x) { return 0.7 * divergence(of, old, x); });
}

TEST_P(HeadsTest, TangentsAndCurvatureAreTheDifferencesOfGradients) {
  const Vector slope = along(numbers, u, [&](const Vector& x) { return Vector{log_prob(of, x, action)}; });
  EXPECT_NEAR(tangent(of, numbers, action, u), slope[0], 1e-8);

  const int outputs = of.shape.outputs();
  const Vector curvature =
      gradient_of(of, numbers, action, [&](auto head, const Head& at, const auto& rows, const auto& sink) {
        decltype(head)::curvature(at.constants, rows, u.data(), u.data() + outputs, One(0.7), One(-0.4),
                                  sink);
      });
  Vector expected = along(numbers, u, [&](const Vector& x) { return log_prob_gradient(of, x, action, 0.7); });
  expected = moved(expected, log_prob_gradient(of, numbers, action, 1), -0.4);
  EXPECT_LT(relative_error(curvature, expected), 1e-8);

  Vector by_output(numbers.size()), bent(numbers.size());
  const Head at(of, numbers);
  with_head(of.shape.head, [&](auto head) {
    decltype(head)::entropy_curvature(at.constants, at.rows(action), u.data(), u.data() + outputs, One(0.7),
                                      [&](int o, One gradient, One output_tangent, One std_tangent) {
                                        by_output[static_cast<std::size_t>(o)] = gradient.get(0);
                                        bent[static_cast<std::size_t>(o)] = output_tangent.get(0);
                                        bent[static_cast<std::size_t>(outputs + o)] = std_tangent.get(0);
                                      });
  });
  Vector gradient = entropy_gradient(of, numbers, 0.7);
  std::fill(gradient.begin() + outputs, gradient.end(), 0.0);
  for (std::size_t i = 0; i < gradient.size(); ++i) EXPECT_NEAR(by_output[i], gradient[i], 1e-14);
  const Vector bend = along(numbers, u, [&](const Vector& x) { return entropy_gradient(of, x, 0.7); });
  for (std::size_t i = 0; i < bend.size(); ++i) EXPECT_NEAR(bent[i], bend[i], 1e-8);
}

TEST_P(HeadsTest, TheMetricIsTheCurvatureOfTheDivergence) {
  const int outputs = of.shape.outputs();
  const Vector metric =
      gradient_of(of, numbers, action, [&](auto head, const Head& at, const auto& rows, const auto& sink) {
        decltype(head)::metric(at.constants, rows, u.data(), u.data() + outputs, One(0.7), sink);
      });
  EXPECT_LT(relative_error(
                metric,
                along(numbers, u, [&](const Vector& x) { return divergence_gradient(of, numbers, x, 0.7); })),
            1e-8);
  EXPECT_NEAR(divergence(of, numbers, numbers), 0, 1e-14);
  EXPECT_GT(divergence(of, old, numbers), 0);
}

TEST_P(DiscreteHeadsTest, ValuesAreSumsOverAllActions) {
  double total = 0, surprise = 0, apart = 0;
  each_action([&](const Vector& choices) {
    const double lp = log_prob(of, numbers, choices), before = log_prob(of, old, choices);
    total += std::exp(lp);
    surprise -= std::exp(lp) * lp;
    apart += std::exp(before) * (before - lp);
  });
  EXPECT_NEAR(total, 1, 1e-14);
  EXPECT_NEAR(entropy(of, numbers), surprise, 1e-13);
  EXPECT_NEAR(divergence(of, old, numbers), apart, 1e-13);
}

TEST_P(MaskedHeadsTest, WhatIsNotAllowedHasNoProbabilityAndNoDerivative) {
  const Vector gradients[] = {log_prob_gradient(of, numbers, action, 0.7), entropy_gradient(of, numbers, 0.7),
                              divergence_gradient(of, old, numbers, 0.7)};
  for (int choice = 0; choice < of.shape.outputs(); ++choice) {
    if (is_allowed(choice)) continue;
    for (const Vector& gradient : gradients) EXPECT_EQ(gradient[static_cast<std::size_t>(choice)], 0);
    Vector raised = numbers;
    raised[static_cast<std::size_t>(choice)] += 50;
    EXPECT_EQ(log_prob(of, raised, action), log_prob(of, numbers, action));
    EXPECT_EQ(entropy(of, raised), entropy(of, numbers));
  }
}

std::string name_of(const testing::TestParamInfo<Case>& info) { return info.param.name; }
const auto kGaussian =
    testing::Values(Case{"gaussian", gaussian_shape(0)}, Case{"squashed", gaussian_shape(1)},
                    Case{"squashed_to_two", gaussian_shape(2)});
const auto kDiscrete =
    testing::Values(Case{"categorical", categorical_shape(4)}, Case{"one_group", grouped_shape({4})},
                    Case{"groups", grouped_shape({2, 4, 3})});
const auto kMasked =
    testing::Values(Case{"masked", grouped_shape({5}), {0b10110u}},
                    Case{"masked_groups", grouped_shape({2, 36, 3}), {0xfff0f02eu, 0b101011000u}},
                    Case{"one_is_left", grouped_shape({3, 2}), {0b11010u}});
INSTANTIATE_TEST_SUITE_P(Gaussian, HeadsTest, kGaussian, name_of);
INSTANTIATE_TEST_SUITE_P(Discrete, HeadsTest, kDiscrete, name_of);
INSTANTIATE_TEST_SUITE_P(Masked, HeadsTest, kMasked, name_of);
INSTANTIATE_TEST_SUITE_P(Discrete, DiscreteHeadsTest, kDiscrete, name_of);
INSTANTIATE_TEST_SUITE_P(Masked, DiscreteHeadsTest, kMasked, name_of);
INSTANTIATE_TEST_SUITE_P(Masked, MaskedHeadsTest, kMasked, name_of);

TEST(Heads, OneGroupOfAllChoicesIsTheCategoricalHead) {
  const Case alone{"", categorical_shape(5)}, group{"", grouped_shape({5})};
  const Vector numbers = {0.3, -1, 2, 0.1, 0.7, 0, 0, 0, 0, 0};
  for (double a = 0; a < 5; ++a) {
    EXPECT_EQ(log_prob(alone, numbers, {a}), log_prob(group, numbers, {a}));
    EXPECT_EQ(log_prob_gradient(alone, numbers, {a}, 0.7), log_prob_gradient(group, numbers, {a}, 0.7));
  }
  EXPECT_EQ(entropy(alone, numbers), entropy(group, numbers));
}

PolicyShape one_squashed(float bound) {
  PolicyShape shape;
  shape.width[1] = 1;
  shape.squash = bound;
  return shape;
}

TEST(Heads, ASquashedDensityIsOneOfTheSquashedActions) {
  const Case of{"", one_squashed(2)};
  double worst = 0;
  for (const double log_std : {-1.5, -0.5, 0.0}) {
    const Vector numbers = {0.6, log_std}, other = {-0.2, log_std + 0.3};
    double total = 0, surprise = 0, apart = 0;
    const double step = 1e-4;
    for (double a = -2 + step / 2; a < 2; a += step) {
      const Vector u = {std::atanh(a / 2)};
      const double lp = log_prob(of, numbers, u);
      total += step * std::exp(lp);
      surprise -= step * std::exp(lp) * lp;
      apart += step * std::exp(lp) * (lp - log_prob(of, other, u));
    }
    EXPECT_NEAR(total, 1, 1e-3);
    EXPECT_NEAR(divergence(of, numbers, other), apart, 5e-3);
    worst = std::max(worst, std::abs(entropy(of, numbers) - surprise));
  }
  EXPECT_LT(worst, 3e-3);
}

TEST(Heads, ASquashedLogProbabilityIsExactFarOut) {
  const Case of{"", one_squashed(1)};
  // log(1 − tanh²u) → 2·log 2 − 2|u|; 1 − tanh²u itself is 0 from u = 20 on.
  for (const double u : {-30.0, 30.0, 300.0})
    EXPECT_NEAR(log_prob(of, {u, 0}, {u}), -std::log(2 * M_PI) / 2 - 2 * std::log(2.0) + 2 * std::abs(u),
                1e-12);
  const double a = std::tanh(0.3);
  EXPECT_NEAR(log_prob(of, {0.1, 0}, {0.3}), -0.02 - std::log(2 * M_PI) / 2 - std::log(1 - a * a), 1e-14);
}

}  // namespace
}  // namespace innerloop
