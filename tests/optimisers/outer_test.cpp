// Outer optimisers and what joins the tasks (kernels/outer/optimisers.h, kernels/outer/reduce.h), against plain loops.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "tests/support/kernels.h"
#include "tests/support/plain_outer.h"

namespace innerloop {
namespace {

double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// A symmetric matrix with eigenvalues of 0.5 and more.
struct Matrix {
  explicit Matrix(int size, std::mt19937_64& random) : n(static_cast<std::size_t>(size)), x(n * n) {
    const Vector half = random_vector(size * size, 0.3, random);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        x[i * n + j] = i == j ? 0.5 : 0;
        for (std::size_t k = 0; k < n; ++k) x[i * n + j] += half[i * n + k] * half[j * n + k];
      }
  }
  Vector times(const Vector& v) const {
    Vector out(n);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) out[i] += x[i * n + j] * v[j];
    return out;
  }
  std::size_t n;
  Vector x;
};

struct Solver {
  explicit Solver(const Vector& right_side, double damping = 0)
      : b(right_side), x(b.size()), residual(b.size()), direction(b.size()), product(b.size()) {
    op.size = static_cast<int>(b.size());
    op.b = b.data();
    op.product = product.data();
    op.damping = damping;
    op.x = x.data();
    op.residual = residual.data();
    op.direction = direction.data();
    op.residual_square = &square;
    run_all(StartConjugateGradient<double>{op}, 1);
  }
  void step(const Matrix& a) {
    product = a.times(direction);
    op.product = product.data();
    run_all(ConjugateGradientStep<double>{op}, 1);
  }
  Vector b, x, residual, direction, product;
  double square = NAN;
  ConjugateGradient<double> op;
};

TEST(ConjugateGradient, SolvesASystemOfItsSizeInAsManySteps) {
  for (const int size : {1, 5, 19}) {
    std::mt19937_64 random(3);
    const Matrix a(size, random);
    const Vector wanted = random_vector(size, 1, random);
    Solver solver(a.times(wanted));
    for (int i = 0; i < size + 1; ++i) solver.step(a);
    EXPECT_LT(relative_error(solver.x, wanted), 1e-8);
    EXPECT_LT(solver.square, 1e-15);
  }
}

TEST(ConjugateGradient, AddsTheDamping) {
  std::mt19937_64 random(3);
  Matrix a(7, random);
  const Vector wanted = random_vector(7, 1, random);
  Vector right_side = a.times(wanted);
  for (std::size_t i = 0; i < wanted.size(); ++i) right_side[i] += 0.4 * wanted[i];
  Solver solver(right_side, 0.4);
  for (int i = 0; i < 9; ++i) solver.step(a);
  EXPECT_LT(relative_error(solver.x, wanted), 1e-8);
}

TEST(ConjugateGradient, StaysWhereThereIsNothingToSolve) {
  std::mt19937_64 random(3);
  const Matrix a(5, random);
  Solver nothing(Vector(5));
  for (int i = 0; i < 3; ++i) nothing.step(a);
  EXPECT_EQ(nothing.x, Vector(5));

  Solver solved(a.times({1, 2, 3, 4, 5}));
  for (int i = 0; i < 40; ++i) solved.step(a);
  EXPECT_LT(relative_error(solved.x, {1, 2, 3, 4, 5}), 1e-8);
}

// θ, a direction x with xᵀFx = 2, and δ = 0.01: a whole step is θ + 0.1·x.
struct Search {
  Search() {
    op.size = 3;
    op.params = params.data();
    op.gradient = gradient.data();
    op.x = x.data();
    op.product = product.data();
    op.max_kl = 0.01;
    op.ratio = 0.8;
    op.candidate = candidate.data();
    op.values = values;
    op.scale = &scale;
    op.before = &before;
    op.norm = &norm;
    op.kl = &kl;
    op.searching = &searching;
  }
  void start(double surrogate) {
    values[kSurrogate] = surrogate;
    run_all(StartLineSearch<double>{op}, 1);
  }
  void try_candidate(double surrogate, double divergence) {
    run_all(LineSearchCandidate<double>{op}, 1);
    values[kSurrogate] = surrogate;
    values[kDivergence] = divergence;
    run_all(LineSearchDecision<double>{op}, 1);
  }
  Vector params = {1, 2, 3}, gradient = {3, 0, 4}, x = {1, 1, 0}, product = {2, 0, 1}, candidate = Vector(3);
  double values[kPassValues] = {}, scale = NAN, before = NAN, norm = NAN, kl = NAN;
  int searching = -1;
  LineSearch<double> op;
};

TEST(LineSearch, TakesTheFirstCandidateThatIsBetterAndNearEnough) {
  Search search;
  search.start(5);
  EXPECT_EQ(search.searching, 1);
  EXPECT_DOUBLE_EQ(search.norm, 5);
  search.try_candidate(6, 0.011);  // too far
  EXPECT_EQ(search.searching, 1);
  EXPECT_EQ(search.params, (Vector{1, 2, 3}));
  EXPECT_NEAR(search.candidate[0], 1.1, 1e-15);
  search.try_candidate(5, 0.009);  // no better
  EXPECT_EQ(search.searching, 1);
  search.try_candidate(5.1, 0.007);
  EXPECT_EQ(search.searching, 0);
  EXPECT_EQ(search.kl, 0.007);
  EXPECT_NEAR(search.params[0], 1 + 0.1 * 0.8 * 0.8, 1e-15);
  EXPECT_NEAR(search.params[1], 2 + 0.1 * 0.8 * 0.8, 1e-15);
  EXPECT_EQ(search.params[2], 3);
}

TEST(LineSearch, LeavesEverythingWhereNoCandidateIsGood) {
  Search search;
  search.start(5);
  for (int i = 0; i < 15; ++i) search.try_candidate(4, 0.001);
  search.try_candidate(NAN, 0.001);
  search.try_candidate(9, NAN);
  EXPECT_EQ(search.searching, 1);
  EXPECT_EQ(search.kl, 0);
  EXPECT_EQ(search.params, (Vector{1, 2, 3}));
}

TEST(LineSearch, DampingShortensTheStep) {
  Search search;
  search.op.damping = 3;  // xᵀ(F + 3)x = 8: half the step
  search.start(5);
  search.try_candidate(6, 0.01);
  EXPECT_NEAR(search.params[0], 1.05, 1e-15);
}

TEST(LineSearch, ScheduleShortensTheStepAndTheRegionWithItsSquare) {
  const RandomKey key{.seed = 9, .iteration = 2};
  Search search;
  search.op.schedule = {&key, 0.25};  // half way
  search.start(5);
  search.try_candidate(6, 0.0026);
  EXPECT_NEAR(search.candidate[0], 1.05, 1e-15);
  EXPECT_EQ(search.searching, 1);  // 0.01 / 4 is as far as it may go
  search.try_candidate(6, 0.0024);
  EXPECT_EQ(search.searching, 0);
  EXPECT_NEAR(search.params[0], 1 + 0.05 * 0.8, 1e-15);
}

TEST(LineSearch, DoesNotStartWithoutCurvatureOrAFiniteGradient) {
  Search flat;
  flat.product = {-2, 0, 0};
  flat.start(5);
  EXPECT_EQ(flat.searching, 0);
  Search broken;
  broken.gradient[1] = NAN;
  broken.start(5);
  EXPECT_EQ(broken.searching, 0);
}

template <class T>
struct Stepper {
  explicit Stepper(const Vector& start)
      : params(converted<T>(start)), m(start.size()), v(start.size()), velocity(start.size()) {
    op.size = static_cast<int>(start.size());
    op.params = params.data();
    op.first_moment = m.data();
    op.second_moment = v.data();
    op.powers = powers;
    op.lr = T(0.01);
    op.beta1 = T(0.9);
    op.beta2 = T(0.999);
    op.epsilon = T(1e-8);
    op.norm = &norm;
  }
  void step(const Vector& gradient) {
    const std::vector<T> g = converted<T>(gradient);
    op.gradient = g.data();
    run_all(op, 1);
  }
  void set_decay(const Vector& of_each) {
    decay = converted<T>(of_each);
    op.decay = decay.data();
  }
  void set_momentum(double momentum, bool nesterov) {
    op.kind = OuterStep<T>::Kind::sgd;
    op.velocity = velocity.data();
    op.momentum = static_cast<T>(momentum);
    op.nesterov = nesterov;
  }
  std::vector<T> params, m, v, velocity, decay;
  double powers[2] = {1, 1};
  T norm = T(NAN);
  OuterStep<T> op;
};

TEST(OuterStep, IsAdam) {
  std::mt19937_64 random(3);
  const Vector start = random_vector(21, 1, random);
  Vector theta = start;
  PlainAdam plain;
  Stepper<double> kernel(start);
  Stepper<float> single(start);
  for (int i = 0; i < 30; ++i) {
    const Vector gradient = random_vector(21, std::pow(10, normal(random)), random);
    plain.step(theta, gradient, 0.01, 0.9, 0.999, 1e-8);
    kernel.step(gradient);
    single.step(gradient);
    EXPECT_NEAR(kernel.norm, std::sqrt(dot(gradient, gradient)), 1e-12 * kernel.norm);
  }
  EXPECT_LT(relative_error(kernel.params, theta), 1e-13);
  EXPECT_LT(relative_error(to_double(single.params), theta), 1e-5);
}

TEST(OuterStep, WithDecayIsAdamW) {
  std::mt19937_64 random(4);
  const Vector start = random_vector(21, 1, random);
  Vector theta = start;
  PlainAdam plain;
  for (int i = 0; i < 21; ++i) plain.decay.push_back(i % 3 == 0 ? 0 : 0.7);
  Stepper<double> kernel(start);
  Stepper<float> single(start);
  kernel.set_decay(plain.decay);
  single.set_decay(plain.decay);
  for (int i = 0; i < 30; ++i) {
    const Vector gradient = random_vector(21, std::pow(10, normal(random)), random);
    plain.step(theta, gradient, 0.01);
    kernel.step(gradient);
    single.step(gradient);
  }
  EXPECT_LT(relative_error(kernel.params, theta), 1e-13);
  EXPECT_LT(relative_error(to_double(single.params), theta), 1e-5);
  EXPECT_LT(relative_error(kernel.m, plain.m), 1e-13);  // the decay is none of the moments' business
}

// Polyak's own form, without w: θ_{t+1} = θ_t + lr·g_t + μ·(θ_t − θ_{t−1}).
TEST(OuterStep, WithMomentumIsTheHeavyBall) {
  std::mt19937_64 random(5);
  Vector theta = random_vector(21, 1, random), before = theta;
  Stepper<double> kernel(theta);
  Stepper<float> single(theta);
  kernel.set_momentum(0.8, false);
  single.set_momentum(0.8, false);
  for (int i = 0; i < 30; ++i) {
    const Vector gradient = random_vector(21, 1, random);
    for (std::size_t p = 0; p < theta.size(); ++p) {
      const double now = theta[p];
      theta[p] += 0.01 * gradient[p] + 0.8 * (now - before[p]);
      before[p] = now;
    }
    kernel.step(gradient);
    single.step(gradient);
  }
  EXPECT_LT(relative_error(kernel.params, theta), 1e-13);
  EXPECT_LT(relative_error(to_double(single.params), theta), 1e-5);
}

// Sutskever et al. 2013 take the gradient ahead, at y = x + μ·v, and then v ← μ·v + lr·g, x ← x + v: here y is what is
// kept.
TEST(OuterStep, NesterovTakesTheGradientAhead) {
  std::mt19937_64 random(6);
  const Matrix a(9, random);
  const Vector top = random_vector(9, 1, random), start = random_vector(9, 1, random);
  const auto gradient_at = [&](const Vector& y) {  // of −(y − top)ᵀA(y − top)/2
    Vector down(9);
    for (std::size_t p = 0; p < 9; ++p) down[p] = top[p] - y[p];
    return a.times(down);
  };
  Vector x = start, v(9), y = start;
  Stepper<double> kernel(start);
  kernel.set_momentum(0.7, true);
  for (int i = 0; i < 20; ++i) {
    kernel.step(gradient_at(kernel.params));
    const Vector g = gradient_at(y);
    for (std::size_t p = 0; p < 9; ++p) {
      v[p] = 0.7 * v[p] + 0.01 * g[p];
      x[p] += v[p];
      y[p] = x[p] + 0.7 * v[p];
    }
    EXPECT_LT(relative_error(kernel.params, y), 1e-13) << i;
  }
}

TEST(OuterStep, MomentumKeepsTheClippedGradientWithoutTheSchedule) {
  const RandomKey key{.seed = 9, .iteration = 3};
  Stepper<double> s({1, 2, 3});
  s.set_momentum(0.5, false);
  s.op.max_norm = 2;
  s.op.schedule = {&key, 0.25};
  s.step({6, 0, -8});
  EXPECT_LT(relative_error(s.velocity, {1.2, 0, -1.6}), 1e-15);
  EXPECT_NEAR(s.params[0], 1 + 0.01 * 0.25 * 1.2, 1e-15);
  s.step({0, 0, 0});
  EXPECT_LT(relative_error(s.velocity, {0.6, 0, -0.8}), 1e-15);
}

TEST(OuterStep, TheScheduleShortensTheDecayToo) {
  const RandomKey key{.seed = 9, .iteration = 3};
  Stepper<double> s({1, 2, 3});
  s.set_decay({0.5, 0, 2});
  s.op.schedule = {&key, 0.25};
  s.step({0, 0, 0});
  EXPECT_LT(relative_error(s.params, {1 - 0.0025 * 0.5, 2, 3 - 0.0025 * 2 * 3}), 1e-15);
}

TEST(OuterStep, ClipsTheGradientToItsNorm) {
  for (const auto kind : {OuterStep<double>::Kind::sgd, OuterStep<double>::Kind::adam}) {
    const Vector start = {1, 2, 3}, gradient = {6, 0, -8};
    Stepper<double> clipped(start), scaled(start), free(start);
    for (auto* s : {&clipped, &scaled, &free}) s->op.kind = kind;
    clipped.op.max_norm = 2;
    free.op.max_norm = 10.5;
    clipped.step(gradient);
    scaled.step({1.2, 0, -1.6});
    free.step(gradient);
    EXPECT_LT(relative_error(clipped.params, scaled.params), 1e-15);
    EXPECT_EQ(clipped.norm, 10);  // as it was
    if (kind == OuterStep<double>::Kind::sgd) {
      EXPECT_NEAR(free.params[2], 3 - 0.08, 1e-15);
    } else {
      EXPECT_LT(relative_error(clipped.m, scaled.m), 1e-15);
      EXPECT_DOUBLE_EQ(free.m[0], 0.6);
    }
  }
}

TEST(OuterStep, ScheduleShortensTheStepAndLeavesTheMoments) {
  const RandomKey key{.seed = 9, .iteration = 3};
  for (const auto kind : {OuterStep<double>::Kind::sgd, OuterStep<double>::Kind::adam}) {
    const Vector start = {1, 2, 3}, gradient = {6, 0.5, -8};
    Stepper<double> whole(start), shorter(start);
    whole.op.kind = shorter.op.kind = kind;
    shorter.op.schedule = {&key, 0.25};
    whole.step(gradient);
    shorter.step(gradient);
    for (std::size_t i = 0; i < start.size(); ++i)
      EXPECT_NEAR(shorter.params[i] - start[i], 0.25 * (whole.params[i] - start[i]), 1e-15);
    EXPECT_EQ(shorter.m, whole.m);
    EXPECT_EQ(shorter.v, whole.v);
  }
}

TEST(OuterStep, ChangesNothingWhereTheGradientIsNotFinite) {
  for (const double bad : {double(NAN), double(INFINITY)}) {
    Stepper<double> s({1, 2, 3});
    s.step({1, 1, 1});
    const auto params = s.params, m = s.m, v = s.v;
    const double power = s.powers[0];
    s.step({1, bad, 1});
    EXPECT_EQ(s.params, params);
    EXPECT_EQ(s.m, m);
    EXPECT_EQ(s.v, v);
    EXPECT_EQ(s.powers[0], power);
    EXPECT_FALSE(std::isfinite(s.norm));

    s.set_momentum(0.9, false);
    s.step({1, 1, 1});
    const auto moved = s.params, velocity = s.velocity;
    s.step({1, bad, 1});
    EXPECT_EQ(s.params, moved);
    EXPECT_EQ(s.velocity, velocity);
  }
}

TEST(SumOverTasks, IsTheMeanForAnyNumberOfTasks) {
  std::mt19937_64 random(3);
  for (int tasks = 1; tasks <= 37; ++tasks) {
    const int size = 19;
    const Vector x = random_vector(tasks * size, 1, random), minus = random_vector(size, 1, random);
    Vector wanted(size), out(size), moved(size);
    for (int i = 0; i < tasks * size; ++i)
      wanted[static_cast<std::size_t>(i % size)] += x[static_cast<std::size_t>(i)] / tasks;
    run_all(SumOverTasks<double>{tasks, size, x.data(), 1.0 / tasks, nullptr, out.data()}, 1);
    run_all(SumOverTasks<double>{tasks, size, x.data(), 1.0 / tasks, minus.data(), moved.data()}, 1);
    EXPECT_LT(relative_error(out, wanted), 1e-14);
    for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] -= minus[i];
    EXPECT_LT(relative_error(moved, wanted), 1e-13);
  }
}

TEST(SumOverTasks, CoversVectorsOfSeveralParts) {
  std::mt19937_64 random(3);
  const int tasks = 5, size = 600;
  const Vector x = random_vector(tasks * size, 1, random);
  Vector wanted(size), out(size);
  for (int i = 0; i < tasks * size; ++i)
    wanted[static_cast<std::size_t>(i % size)] += x[static_cast<std::size_t>(i)];
  run_all(SumOverTasks<double>{tasks, size, x.data(), 1, nullptr, out.data()}, 1);
  EXPECT_LT(relative_error(out, wanted), 1e-14);
}

// A float holds every whole number up to 2^24 only. Memory that no part touches is never there.
TEST(SumOverTasks, TellsSharedParametersFromTheTasksOwnBeyond2To24) {
  const int size = (1 << 24) + 5;
  const auto x = std::make_unique_for_overwrite<float[]>(size),
             out = std::make_unique_for_overwrite<float[]>(size);
  for (int p = size - 40; p < size; ++p) x[p] = static_cast<float>(size - p);
  for (const int own : {0, 1, 3}) {
    SumOverTasks<float> op;
    op.tasks = 1;
    op.size = size;
    op.x = x.get();
    op.tasks_own = own;
    op.out = out.get();
    SimdTeam<Portable> team;
    op(team, Place{0, op.parts() - 1, 0}, Scratch());
    for (int p = size - 5; p < size; ++p) EXPECT_EQ(out[p], p < size - own ? x[p] : 0) << own << " own";
  }
}

// Rounding errors of a tree grow with its depth, those of a plain sum with the number of tasks.
TEST(SumOverTasks, IsATree) {
  const int tasks = 1 << 12;
  const std::vector<float> x(static_cast<std::size_t>(tasks), 0.1f);
  float out = 0, plain = 0;
  run_all(SumOverTasks<float>{tasks, 1, x.data(), 1, nullptr, &out}, 1);
  for (float v : x) plain += v;
  EXPECT_EQ(out, 0.1f * static_cast<float>(tasks));
  EXPECT_NE(plain, out);
}

TEST(AdaptationCredit, IsTheStandardisedReturnAfterAdaptation) {
  const Vector returns = {1, 4, -2, 7.5};
  Vector statistics(returns.size() * kStatistics, -99), credit(returns.size());
  double mean = 0, variance = 0;
  for (std::size_t i = 0; i < returns.size(); ++i) statistics[i * kStatistics + kMeanReturn] = returns[i];
  for (double r : returns) mean += r / 4;
  for (double r : returns) variance += (r - mean) * (r - mean) / 4;
  run_all(AdaptationCredit<double>{4, statistics.data(), 0.5, credit.data()}, 1);
  for (std::size_t i = 0; i < returns.size(); ++i)
    EXPECT_NEAR(credit[i], 0.5 * (returns[i] - mean) / (std::sqrt(variance) + 1e-8), 1e-14);

  for (std::size_t i = 0; i < returns.size(); ++i) statistics[i * kStatistics + kMeanReturn] = 3;
  run_all(AdaptationCredit<double>{4, statistics.data(), 0.5, credit.data()}, 1);
  EXPECT_EQ(credit, Vector(4));  // all alike: nobody is better

  // The mean of seven times 0.1 is not 0.1.
  std::vector<float> alike(7 * kStatistics), credits(7, 1.0f);
  for (std::size_t i = 0; i < 7; ++i) alike[i * kStatistics + kMeanReturn] = 0.1f;
  run_all(AdaptationCredit<float>{7, alike.data(), 1, credits.data()}, 1);
  EXPECT_EQ(credits, std::vector<float>(7));
}

TEST(MeanValues, IsTheMeanOverTasksOfMeansOverSamples) {
  // [task][chunk][value]; the last task has no samples.
  const Vector x = {1, 10, 2, 20, 3, 30, 5, 50, 0, 0, 0, 0};
  Vector statistics(3 * kStatistics), out = {100, 200};
  statistics[0 * kStatistics + kSamples] = 2;
  statistics[1 * kStatistics + kSamples] = 4;
  MeanValues<double> op{3, 2, 2, x.data(), statistics.data(), out.data()};
  run_all(op, 1);
  EXPECT_DOUBLE_EQ(out[0], (3.0 / 2 + 8.0 / 4) / 3);
  EXPECT_DOUBLE_EQ(out[1], (30.0 / 2 + 80.0 / 4) / 3);
  op.add = true;
  run_all(op, 1);
  EXPECT_DOUBLE_EQ(out[0], 2 * (3.0 / 2 + 8.0 / 4) / 3);
}

}  // namespace
}  // namespace innerloop
