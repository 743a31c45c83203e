// Symbols of a first layer (kernels/networks/symbols.h): every pass gives what it gives for their one-hot codes.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "tests/support/kernels.h"

namespace innerloop {
namespace {

constexpr int kTasks = 2, kPlaces = 4, kKinds = 5, kWidth = 6;

// A policy that sees `numbers` numbers and four symbols, the same one that sees the symbols' one-hot codes, and both's data.
class SymbolsTest : public testing::TestWithParam<std::tuple<HeadKind, int, int>> {
 protected:
  SymbolsTest() {
    std::mt19937_64 random(6);
    theta = random_vector(kTasks * shape.parameters(), 0.4, random);
    other = random_vector(kTasks * shape.parameters(), 0.4, random);
    // 660 rows: two chunks.
    coded = random_trajectories(one_hot, kTasks, 60, 11, 0.1, random);
    for (double& a : coded.actions)
      a = head == HeadKind::gaussian ? normal(random) : std::floor(uniform(random) * one_hot.outputs());
    for (double& lp : coded.log_probs) lp = -1.5 + 0.1 * normal(random);
    for (double& o : coded.outputs) o = normal(random);
    seen = coded;
    seen.observation_size = numbers;
    seen.observations.assign(static_cast<std::size_t>(kTasks * numbers * coded.row_stride), 0);
    symbols.resize(static_cast<std::size_t>(kTasks * kPlaces * coded.row_stride));
    for (int task = 0; task < kTasks; ++task)
      for (int r = 0; r < coded.row_stride; ++r) {
        for (int i = 0; i < numbers; ++i)
          seen.observations[seen.index(numbers, task, i, r)] =
              coded.observations[coded.index(one_hot.inputs(), task, i, r)];
        for (int place = 0; place < kPlaces; ++place) {
          const int symbol = static_cast<int>(uniform(random) * kKinds);
          symbols[seen.index(kPlaces, task, place, r)] = symbol;
          for (int kind = 0; kind < kKinds; ++kind)
            coded.observations[coded.index(one_hot.inputs(), task, numbers + place * kKinds + kind, r)] =
                kind == symbol;
        }
      }
  }

  PolicyShape of_inputs(int inputs) const {
    PolicyShape of = policy_of({inputs, kWidth, 7, 3}, head);
    of.context = std::get<2>(GetParam());
    return of;
  }
  PolicyShape with_symbols() const {
    PolicyShape of = of_inputs(numbers);
    of.symbols = kPlaces;
    of.kinds = kKinds;
    return of;
  }
  // The same numbers where the policy of one-hot codes has them.
  Vector to_one_hot(const Vector& from) const {
    Vector to;
    for (int task = 0; task < kTasks; ++task) {
      const auto first = from.begin() + task * shape.parameters(), bias = first + shape.bias_offset(0),
                 rows = first + shape.symbol_offset(), rest = first + shape.weight_offset(1);
      to.insert(to.end(), first, bias);
      to.insert(to.end(), rows, rest);
      to.insert(to.end(), bias, rows);
      to.insert(to.end(), rest, first + shape.parameters());
    }
    return to;
  }
  Batch<double> with_symbols(Batch<double> batch) const {
    batch.symbol_places = kPlaces;
    batch.symbols = const_cast<std::int32_t*>(symbols.data());
    return batch;
  }
  // The sum over both chunks of what `op` leaves in `partial`.
  template <class Op>
  static Vector gradient(Op op) {
    const int size = op.shape.parameters(), chunks = op.parts();
    Vector partial(static_cast<std::size_t>(kTasks * chunks * size), NAN),
        sum(static_cast<std::size_t>(kTasks * size));
    op.partial = partial.data();
    run_all(op, kTasks);
    for (int task = 0; task < kTasks; ++task)
      for (int chunk = 0; chunk < chunks; ++chunk)
        for (int p = 0; p < size; ++p)
          sum[static_cast<std::size_t>(task * size + p)] +=
              partial[static_cast<std::size_t>((task * chunks + chunk) * size + p)];
    return sum;
  }
  // prepare(op, batch, θ, direction) for both policies: the same numbers.
  template <class Op, class Prepare>
  void expect_same_gradients(const Prepare& prepare) const {
    const BatchMemory<double> of_seen(seen), of_coded(coded);
    const Vector coded_theta = to_one_hot(theta), coded_other = to_one_hot(other);
    Op op, coded_op;
    op.shape = shape;
    coded_op.shape = one_hot;
    op.params = {theta.data(), shape.parameters()};
    coded_op.params = {coded_theta.data(), shape.parameters()};
    prepare(op, with_symbols(of_seen.batch()), other.data());
    prepare(coded_op, of_coded.batch(), coded_other.data());
    EXPECT_LT(relative_error(to_one_hot(gradient(op)), gradient(coded_op)), 1e-13);
  }

  const HeadKind head = std::get<0>(GetParam());
  const int numbers = std::get<1>(GetParam());
  const PolicyShape shape = with_symbols(), one_hot = of_inputs(numbers + kPlaces * kKinds);
  Vector theta, other;
  Trajectories coded, seen;
  std::vector<std::int32_t> symbols;
};

void prepare_gradient(PolicyGradient<double>& op, const Batch<double>& batch) {
  op.inputs = batch.inputs();
  op.objective.batch = batch;
  op.objective.estimator = EstimatorName::ratio;
  op.objective.entropy_weight = 0.2;
}

TEST_P(SymbolsTest, GradientsAreThoseOfOneHotCodes) {
  expect_same_gradients<PolicyGradient<double>>(
      [](auto& op, const Batch<double>& batch, const double*) { prepare_gradient(op, batch); });
}

TEST_P(SymbolsTest, GradientsAreTheDifferencesOfTheValues) {
  const BatchMemory<double> memory(seen);
  PolicyGradient<double> op;
  op.shape = shape;
  op.params = {theta.data(), shape.parameters()};
  prepare_gradient(op, with_symbols(memory.batch()));
  const Vector all = gradient(op);
  const auto value = [&](const Vector& of_task) {
    Vector values(static_cast<std::size_t>(op.parts() * kPassValues));
    PolicyGradient<double> first = op;
    first.params = {of_task.data(), 0};
    first.values = values.data();
    run_all(first, 1);
    double sum = 0;
    for (int chunk = 0; chunk < op.parts(); ++chunk)
      sum += values[static_cast<std::size_t>(chunk * kPassValues)];
    return sum;
  };
  // Every seventh parameter: some in each block.
  Vector at(theta.begin(), theta.begin() + shape.parameters()), found, wanted;
  for (std::size_t p = 0; p < at.size(); p += 7) {
    const Vector difference = central_differences(
        [&](const Vector& x) {
          Vector moved = at;
          moved[p] = x[0];
          return value(moved);
        },
        {at[p]}, 1e-6);
    wanted.push_back(difference[0]);
    found.push_back(all[p]);
  }
  EXPECT_LT(relative_error(found, wanted), 1e-7);
}

TEST_P(SymbolsTest, CurvatureIsThatOfOneHotCodes) {
  const auto prepare = [](auto& op, const Batch<double>& batch, const double* direction) {
    op.batch = batch;
    op.direction.vector = {direction, op.shape.parameters()};
  };
  expect_same_gradients<FisherVector<double>>(prepare);
  const double half = 0.5;
  Vector each = other;  // a step size for each parameter, the same for both policies
  const Vector coded_each = to_one_hot(each);
  for (const StepSize<double>& scale : {StepSize<double>{}, {&half, 0}, {each.data(), 1}})
    expect_same_gradients<HessianVector<double>>(
        [&](auto& op, const Batch<double>& batch, const double* direction) {
          prepare(op, batch, direction);
          op.direction.scale = scale;
          if (scale.stride == 1 && op.shape.symbols == 0) op.direction.scale.data = coded_each.data();
          op.estimator = EstimatorName::ratio;
          op.entropy_weight = 0.2;
        });
}

TEST_P(SymbolsTest, TangentsAreThoseOfOneHotCodes) {
  const BatchMemory<double> of_seen(seen), of_coded(coded);
  const Vector coded_theta = to_one_hot(theta), coded_other = to_one_hot(other);
  const auto tangents = [&](const PolicyShape& of, const Batch<double>& batch, const Vector& at,
                            const Vector& u) {
    Vector d(static_cast<std::size_t>(kTasks * batch.row_stride));
    run_all(
        TangentLogProb<double>{
            of, {at.data(), of.parameters()}, batch, {}, {{u.data(), of.parameters()}, {}}, d.data()},
        kTasks);
    return d;
  };
  EXPECT_LT(relative_error(tangents(shape, with_symbols(of_seen.batch()), theta, other),
                           tangents(one_hot, of_coded.batch(), coded_theta, coded_other)),
            1e-13);
}

INSTANTIATE_TEST_SUITE_P(All, SymbolsTest,
                         testing::Combine(testing::Values(HeadKind::gaussian, HeadKind::categorical),
                                          testing::Values(0, 3), testing::Values(0, 2)));

// A value network sees the policy's symbols.
TEST(Symbols, ValuesAreThoseOfOneHotCodes) {
  std::mt19937_64 random(8);
  PolicyShape shape = policy_of({2, kWidth, 1}, HeadKind::gaussian);
  shape.symbols = 1;
  shape.kinds = 3;
  const PolicyShape one_hot = policy_of({5, kWidth, 1}, HeadKind::gaussian);
  const Vector phi = random_vector(shape.parameters(), 0.4, random);
  Vector coded_phi(phi.begin(), phi.begin() + 2 * kWidth);
  coded_phi.insert(coded_phi.end(), phi.begin() + shape.symbol_offset(),
                   phi.begin() + shape.weight_offset(1));
  coded_phi.insert(coded_phi.end(), phi.begin() + shape.bias_offset(0), phi.begin() + shape.symbol_offset());
  coded_phi.insert(coded_phi.end(), phi.begin() + shape.weight_offset(1), phi.end());
  const Vector inputs = random_vector(32, 1, random), scale = {0.5, 2}, valid(16, 1);
  Vector coded_inputs = inputs;
  std::vector<std::int32_t> symbols;
  for (int r = 0; r < 16; ++r) symbols.push_back(r * 7 % 3);
  for (int kind = 0; kind < 3; ++kind)
    for (const std::int32_t symbol : symbols) coded_inputs.push_back(symbol == kind);
  Vector values(16), coded_values(16);
  run_all(ValuesOfSamples<double>{shape,
                                  {phi.data(), 0},
                                  {16, 2, 16, inputs.data(), valid.data(), 1, symbols.data()},
                                  scale.data(),
                                  values.data()},
          1);
  run_all(ValuesOfSamples<double>{one_hot,
                                  {coded_phi.data(), 0},
                                  {16, 5, 16, coded_inputs.data(), valid.data()},
                                  scale.data(),
                                  coded_values.data()},
          1);
  EXPECT_LT(relative_error(values, coded_values), 1e-14);
}

}  // namespace
}  // namespace innerloop
