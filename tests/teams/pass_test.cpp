// A pass over a network takes any objective: those here are of a few lines, and their gradients are the differences of their
// values and the same bits on every team.
#include <gtest/gtest.h>

#include "kernels/inner/pass.h"
#include "tests/support/buffers.h"
#include "tests/support/trajectories.h"
#include "tests/teams/fiber_crew.h"
#include "tests/teams/lane_team.h"

namespace innerloop {
namespace {

// A model of the dynamics: the log-likelihood of what is observed next, with deviations that are learned.
template <class T>
struct NextObservation : ObjectiveBase {
  const T* next = nullptr;  // [task][output][row_stride]
  long row_stride = 0;

  static constexpr int kValues = 1;

  template <class L>
  FN void seed(const PassRows<L>& at, const Prepared&) const {
    const HeadRows<T> rows = at.with_actions(next, row_stride, at.head.outputs);
    at.value(0, GaussianHead::log_prob<L>(at.head, rows));
    GaussianHead::gradient(at.head, rows, L(1), [&](int o, L by_output, L by_log_std) FN_LAMBDA {
      at.seed(o, by_output, by_log_std);
    });
  }
};

// A Q function: −½(target − Q(s, a))² for the action that was taken.
template <class T>
struct QError : ObjectiveBase {
  const T *actions = nullptr, *targets = nullptr;  // [task][row_stride]
  long row_stride = 0;

  static constexpr int kValues = 1;

  template <class L>
  FN void seed(const PassRows<L>& at, const Prepared&) const {
    const L action = load<L>(at.of(actions, row_stride)), target = load<L>(at.of(targets, row_stride));
    L error(0);
    for (int a = 0; a < at.head.outputs; ++a) {
      const L off = select(action == L(T(a)), target - at.output(a), L(0));
      error = error + off;
      at.seed(a, off);
    }
    at.value(0, L(T(-0.5)) * error * error);
  }
};

constexpr int kTasks = 2, kHorizon = 45, kEnvs = 13;  // two chunks; the rows are no multiple of 16

// One form of each objective on memory of its own.
template <class T, class Objective>
struct Problem {
  Buffers memory{3};
  NetworkPass<T, Objective> op;
  int chunk_count;

  explicit Problem(const PolicyShape& shape) {
    std::mt19937_64& random = memory.random();
    const Trajectories t = random_trajectories(shape, kTasks, kHorizon, kEnvs, 0.1, random);
    op.shape = shape;
    op.params = {memory.hold<T>("params", random_vector(kTasks * shape.parameters(), 0.4, random)),
                 shape.parameters()};
    op.inputs = {t.rows(), shape.inputs(), t.row_stride, memory.hold<T>("inputs", t.observations),
                 memory.hold<T>("valid", t.valid)};
    op.objective.row_stride = t.row_stride;
    chunk_count = op.parts();
    op.partial = memory.blank<T>("partial", long{kTasks} * chunk_count * shape.parameters());
    op.values = memory.blank<T>("values", long{kTasks} * chunk_count);
    const int rows = static_cast<int>(kTasks * t.row_stride);
    if constexpr (requires { op.objective.next; }) {
      op.objective.next = memory.hold<T>("next", random_vector(rows * shape.outputs(), 1, random));
    } else {
      Vector actions(static_cast<std::size_t>(rows));
      for (double& action : actions) action = std::floor(uniform(random) * shape.outputs());
      op.objective.actions = memory.hold<T>("actions", actions);
      op.objective.targets = memory.hold<T>("targets", random_vector(rows, 1, random));
    }
  }

  // `run(work)` calls work(team) for each lane of a team.
  template <class Team, class Run>
  void play(const Run& run) {
    Buffers memory_of_team(0);
    void* const scratch = memory_of_team.blank<char>("scratch", op.template scratch_bytes<Team>());
    for (int task = 0; task < kTasks; ++task)
      for (int part = 0; part < op.parts(); ++part)
        run([&](const Team& team) { op(team, Place{task, part, task}, Scratch(scratch)); });
  }
  void play_alone() {
    using Team = SimdTeam<Portable, T>;
    play<Team>([](const auto& work) { work(Team{}); });
  }
  void play_on(Crew& crew) {
    using Team = LaneTeam<T>;
    play<Team>([&](const auto& work) { crew.run([&](int lane) { work(Team(crew, lane)); }); });
  }

  // A task's numbers of `from` [task][chunk][size], summed over the chunks.
  Vector sum(const T* from, int size, int task) const {
    Vector total(static_cast<std::size_t>(size));
    for (int i = 0; i < chunk_count * size; ++i)
      total[static_cast<std::size_t>(i % size)] += from[long{task} * chunk_count * size + i];
    return total;
  }
};

template <template <class> class Objective>
void expect_the_gradient_to_be_the_difference_of_the_values(const PolicyShape& shape) {
  Problem<double, Objective<double>> problem(shape);
  problem.play_alone();
  for (int task = 0; task < kTasks; ++task) {
    const Vector gradient = problem.sum(problem.op.partial, shape.parameters(), task);
    double* const params = const_cast<double*>(problem.op.params.of(task));
    auto values_alone = problem.op;
    values_alone.partial = nullptr;
    std::swap(values_alone, problem.op);
    const Vector differences = central_differences(
        [&](const Vector& theta) {
          std::copy(theta.begin(), theta.end(), params);
          problem.play_alone();
          return problem.sum(problem.op.values, 1, task)[0];
        },
        Vector(params, params + shape.parameters()), 1e-6);
    std::swap(values_alone, problem.op);
    EXPECT_LT(relative_error(gradient, differences), 1e-8) << "task " << task;
  }
}

TEST(NetworkPass, AnObjectivesGradientIsTheDifferenceOfItsValues) {
  expect_the_gradient_to_be_the_difference_of_the_values<NextObservation>(
      policy_of({3, 4, 2}, HeadKind::gaussian));
  expect_the_gradient_to_be_the_difference_of_the_values<QError>(
      policy_of({2, 5, 3}, HeadKind::categorical, Activation::relu));
}

// A deviation that an objective does not judge stays as it is.
TEST(NetworkPass, ALogStdThatIsNeverSeededHasNoGradient) {
  Problem<double, QError<double>> problem(policy_of({3, 6, 4}, HeadKind::gaussian));
  problem.play_alone();
  const PolicyShape& shape = problem.op.shape;
  const Vector gradient = problem.sum(problem.op.partial, shape.parameters(), 1);
  for (int o = 0; o < shape.outputs(); ++o)
    EXPECT_EQ(gradient[static_cast<std::size_t>(shape.log_std_offset() + o)], 0);
}

template <template <class> class Objective>
void expect_the_same_bits_on_every_team(const PolicyShape& shape) {
  const auto content = [&](const auto& play) {
    Problem<float, Objective<float>> problem(shape);
    play(problem);
    return problem.memory.content();
  };
  const auto wanted = content([](auto& problem) { problem.play_alone(); });
  for (const auto order : {FiberCrew::Order::fixed, FiberCrew::Order::random}) {
    FiberCrew crew(order == FiberCrew::Order::fixed ? 8 : 32, order);
    EXPECT_EQ(first_difference(wanted, content([&](auto& problem) { problem.play_on(crew); })), "");
  }
}

TEST(NetworkPass, AnObjectiveIsTheSameBitsOnEveryTeam) {
  expect_the_same_bits_on_every_team<NextObservation>(policy_of({4, 19, 17, 3}, HeadKind::gaussian));
  expect_the_same_bits_on_every_team<QError>(policy_of({3, 18, 11}, HeadKind::categorical));
}

}  // namespace
}  // namespace innerloop
