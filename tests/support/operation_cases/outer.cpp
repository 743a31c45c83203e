// The outer optimisers, and products of whole batches.
#include "tests/support/operation_cases/cases.h"

namespace innerloop::cases {
namespace {

struct OfOuter : Cases {
  void outer() {
    constexpr int kSize = 339;
    for (const char* form : {"adam", "adam_clipped", "adamw", "sgd", "momentum", "nesterov", "not_finite"})
      add_once("OuterStep", form, [form = std::string(form)](Buffers& memory) {
        OuterStep<float> op;
        const bool momentum = form == "momentum" || form == "nesterov";
        op.kind = form == "sgd" || momentum ? OuterStep<float>::Kind::sgd : OuterStep<float>::Kind::adam;
        op.size = kSize;
        op.params = memory.normals("params", kSize);
        float* gradient = memory.normals("gradient", kSize);
        if (form == "not_finite") gradient[kSize / 2] = INFINITY;
        op.gradient = gradient;
        op.first_moment = memory.normals("first", kSize);
        float* second = memory.normals("second", kSize);
        for (int i = 0; i < kSize; ++i) second[i] = second[i] * second[i];
        op.second_moment = second;
        op.powers = memory.hold<double>("powers", std::vector<double>{0.9, 0.999});
        if (momentum) op.velocity = memory.normals("velocity", kSize);
        if (form == "adamw") op.decay = memory.normals("decay", kSize);
        op.momentum = 0.8f;
        op.nesterov = form == "nesterov";
        op.lr = 0.01f;
        op.beta1 = 0.9f;
        op.beta2 = 0.999f;
        op.epsilon = 1e-8f;
        op.max_norm = form == "adam" ? 0.0f : 0.5f;
        op.norm = memory.blank("norm", 1);
        return op;
      });
    const auto solver = [](Buffers& memory) {
      ConjugateGradient<float> s;
      s.size = kSize;
      s.b = memory.normals("b", kSize);
      s.x = memory.normals("x", kSize);
      s.residual = memory.normals("residual", kSize);
      s.direction = memory.normals("direction", kSize);
      // So that the curvature is positive.
      s.product = memory.hold("product", std::vector<float>(s.direction, s.direction + kSize));
      s.damping = 0.1f;
      s.residual_square = memory.hold("square", std::vector<double>{300});
      return s;
    };
    add_once("StartConjugateGradient", "one",
             [solver](Buffers& memory) { return StartConjugateGradient<float>{solver(memory)}; });
    add_once("ConjugateGradientStep", "one",
             [solver](Buffers& memory) { return ConjugateGradientStep<float>{solver(memory)}; });
    const auto search = [](Buffers& memory, double surrogate) {
      LineSearch<float> s;
      s.size = kSize;
      s.params = memory.normals("params", kSize);
      s.gradient = memory.normals("gradient", kSize);
      const float* x = memory.normals("x", kSize);
      s.x = x;
      s.product = memory.hold("product", std::vector<float>(x, x + kSize));
      s.damping = 0.1f;
      s.max_kl = 0.01f;
      s.ratio = 0.5f;
      s.candidate = memory.normals("candidate", kSize);
      s.values = memory.hold("values", std::vector<double>{surrogate, 0.005});
      s.scale = memory.hold("scale", std::vector<double>{0.3});
      s.before = memory.hold("before", std::vector<double>{0});
      s.norm = memory.blank("norm", 1);
      s.kl = memory.hold("kl", std::vector<double>{0});
      s.searching = memory.hold<int>("searching", std::vector<int>{1});
      return s;
    };
    add_once("StartLineSearch", "one",
             [search](Buffers& memory) { return StartLineSearch<float>{search(memory, 1)}; });
    add_once("LineSearchCandidate", "one",
             [search](Buffers& memory) { return LineSearchCandidate<float>{search(memory, 1)}; });
    for (const bool taken : {true, false})
      add_once("LineSearchDecision", taken ? "taken" : "refused",
               [=](Buffers& memory) { return LineSearchDecision<float>{search(memory, taken ? 1 : -1)}; });
  }

  void small_ones() {
    // KL divergences far below the target, near it and far above it.
    add_once("AdaptPenalties", "of_steps", [](Buffers& memory) {
      const std::vector<double> divergences{0.001, 0.01, 0.1};
      std::vector<double> values(divergences.size() * kPassValues, 7.0);
      for (std::size_t k = 0; k < divergences.size(); ++k)
        values[k * kPassValues + kDivergence] = divergences[k];
      AdaptPenalties<float> op;
      op.steps = static_cast<int>(divergences.size());
      op.target = 0.01f;
      op.values = memory.hold("values", values);
      op.penalties = memory.hold("penalties", std::vector<double>{-0.5, -0.6, -0.7});
      return op;
    });
    add_once("SetKey", "one", [](Buffers& memory) {
      return SetKey<float>{{5, 3}, reinterpret_cast<RandomKey*>(memory.blank<std::uint32_t>("key", 2))};
    });
  }

  // A term whose depth is more than one block's, with A transposed, and one that is less; C has two rows of blocks, and (full
  // problems) two columns of them.
  void matrix_products() {
    using Op = MatrixProduct<float>;
    const int rows = Op::kRows + 5, columns = size == CaseSize::full ? Op::kColumns + 16 : 16;
    for (const int terms : {1, 2})
      add_once("MatrixProduct", terms == 1 ? "one_term" : "two_terms", [=](Buffers& memory) {
        const int deep = Op::kDepth + 3, shallow = 7, row_stride = padded(rows);
        const auto right = [&](const char* name, int depth) {
          return Right<float>{memory.normals(name, static_cast<long>(depth) * columns), columns};
        };
        Op op;
        op.rows = rows;
        op.columns = columns;
        op.term_count = terms;
        op.terms[0] = {{memory.normals("a", static_cast<long>(deep) * row_stride), 1, row_stride},
                       right("b", deep),
                       deep};
        if (terms == 2)
          op.terms[1] = {{memory.normals("c", static_cast<long>(rows) * shallow), shallow, 1},
                         right("d", shallow),
                         shallow};
        op.start = {memory.normals("bias", columns), 0};
        op.to = memory.blank("to", static_cast<long>(rows) * columns);
        op.to_stride = columns;
        return op;
      });
  }
};

}  // namespace

std::vector<OperationCase> outer(CaseSize size) {
  OfOuter c{{{}, size}};
  c.outer();
  c.small_ones();
  c.matrix_products();
  return std::move(c.all);
}

}  // namespace innerloop::cases
