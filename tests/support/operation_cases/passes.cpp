// The parts of a pass that the engine makes for all environments (kernels/memories/one_team.h).
#include "tests/support/operation_cases/cases.h"

namespace innerloop::cases {
namespace {

struct OfPasses : Cases {
  static constexpr int kRows = 19;  // a part and some more
  static constexpr int kWidth = 32, kHeads = 2, kSteps = 7;

  // `prepare(numbers)` makes the part; numbers(name, each): rows of so many numbers.
  template <class Prepare>
  void rows(const std::string& form, const Prepare& prepare, int rows = kRows) {
    add_once("OfRows", form, [=](Buffers& memory) {
      const auto part = prepare(memory, [&](const char* name, int each) {
        return memory.normals(name, static_cast<long>(padded(rows)) * each);
      });
      return OfRows<float, std::remove_const_t<decltype(part)>>{part, rows};
    });
  }
  template <class Prepare>
  void trials(const std::string& form, const Prepare& prepare) {
    add_once("OfTrials", form, [=](Buffers& memory) {
      constexpr int kTrials = 3;
      const auto part = prepare(memory, [&](const char* name, int each) {
        return memory.normals(name, static_cast<long>(kTrials) * each);
      });
      return OfTrials<float, std::remove_const_t<decltype(part)>>{part, kTrials};
    });
  }

  static LayerNorm<float> norm(Buffers& memory) {
    Scratch counted;
    LayerNorm<float>::take(counted, kWidth, padded(kRows), true);
    Scratch at(memory.normals("norm", counted.used() / 4));
    LayerNorm<float> norm = LayerNorm<float>::take(at, kWidth, padded(kRows), true);
    std::fill_n(norm.average, kWidth, 1.0f / kWidth);
    std::fill_n(norm.zero, kWidth, 0.0f);
    for (int r = 0; r < padded(kRows); ++r) norm.variance[r] = norm.variance[r] * norm.variance[r];
    return norm;
  }
  void norms() {
    rows(
        "load_norm",
        [](Buffers& memory, const auto&) {
          return LoadNorm<float>{kWidth, memory.normals("params", 2 * kWidth), norm(memory)};
        },
        1);
    rows(
        "store_norm",
        [](Buffers& memory, const auto&) {
          return StoreNorm<float>{kWidth, norm(memory), memory.blank("gradient", 2 * kWidth)};
        },
        1);
    // Behind a part's last row there are numbers of no meaning, so that it has none here.
    rows(
        "normalise",
        [](Buffers& memory, const auto& numbers) {
          return NormaliseRows<float>{kWidth, norm(memory), numbers("states", kWidth), kWidth};
        },
        padded(kRows));
    rows(
        "back_through_norm",
        [](Buffers& memory, const auto& numbers) {
          return BackThroughNorm<float>{kWidth, norm(memory), numbers("state", kWidth), kWidth};
        },
        padded(kRows));
  }

  void stream() {
    for (const bool of_step : {false, true}) {
      const RowPlaces places{of_step ? 3 : 0, of_step ? 1 : kSteps};
      rows(of_step ? "places_of_a_step" : "places", [=](Buffers& memory, const auto& numbers) {
        return AddPlaces<float>{kWidth, places, memory.normals("table", kSteps * kWidth),
                                numbers("to", kWidth)};
      });
      rows(of_step ? "turn" : "turn_back", [=](Buffers& memory, const auto& numbers) {
        return TurnRows<float>{kWidth,
                               kHeads,
                               places,
                               memory.normals("table", kSteps * kWidth / kHeads),
                               of_step ? 1.0f : -1.0f,
                               numbers("qkv", 3 * kWidth)};
      });
      rows(of_step ? "tokens" : "own_tokens", [=](Buffers& memory, const auto& numbers) {
        return PutTokens<float>{kWidth,
                                memory.normals("tokens", kWidth),
                                of_step ? nullptr : numbers("own", 2 * kWidth),
                                2 * kWidth,
                                memory.blank("to", 3L * kRows * kWidth),
                                3 * kWidth};
      });
    }
    using What = EachNumber<float>::What;
    const std::pair<const char*, What> whats[] = {
        {"add", What::add}, {"copy", What::copy}, {"activate", What::activate}, {"slope", What::slope}};
    for (const auto& [name, what] : whats)
      for (const Activation activation : {Activation::tanh, Activation::relu})
        rows(
            std::string(name) + (activation == Activation::tanh ? "_tanh" : "_relu"),
            [=, what = what](Buffers&, const auto& numbers) {
              return EachNumber<float>{what, kWidth, numbers("x", kWidth), numbers("to", kWidth), activation};
            });
  }

  void gate() {
    using Phase = GateRow<float>::Phase;
    const std::pair<const char*, Phase> phases[] = {
        {"rectify", Phase::rectify},       {"reset", Phase::reset},
        {"leave", Phase::leave},           {"enter_back", Phase::enter_back},
        {"reset_back", Phase::reset_back}, {"rectify_back", Phase::rectify_back}};
    for (const auto& [name, phase] : phases)
      rows(std::string("gate_") + name, [phase = phase](Buffers& memory, const auto& numbers) {
        GateRow<float> row;
        row.phase = phase;
        row.width = kWidth;
        row.bias = memory.normals("bias", kWidth);
        row.x = numbers("x", kWidth);
        row.kept = {numbers("made", kWidth), numbers("gates", 3 * kWidth), numbers("reset", kWidth)};
        row.out = numbers("out", kWidth);
        row.by_gates = numbers("by_gates", 3 * kWidth);
        row.by_reset = numbers("by_reset", kWidth);
        row.state = numbers("state", kWidth);
        row.by_made = numbers("by_made", kWidth);
        return row;
      });
  }

  void attention() {
    static constexpr AttentionShape kShape{kWidth, kHeads, 18};
    rows("look_back", [](Buffers& memory, const auto& numbers) {
      const int trace = static_cast<int>(attention_trace(kShape));
      return LookBack<float>{kShape,
                             5,
                             numbers("qkv", 3 * kWidth),
                             numbers("trace", trace),
                             trace,
                             memory.blank("scores", step_scores(kShape, kRows)),
                             numbers("out", kWidth)};
    });
    // More steps than look back together.
    constexpr int steps = 18;
    const auto forth = [](const auto& numbers) {
      const int seen = kWidth * kShape.columns();
      return Attend<float>{kShape,
                           steps,
                           numbers("qkv", steps * 3 * kWidth),
                           {numbers("keys", seen), numbers("values", seen), numbers("out", steps * kWidth)}};
    };
    trials("attend", [=](Buffers&, const auto& numbers) { return forth(numbers); });
    trials("attend_back", [=](Buffers& memory, const auto& numbers) {
      return AttendBack<float>{forth(numbers), numbers("by_out", steps * kWidth),
                               memory.blank("by_qkv", 3L * steps * 3 * kWidth)};
    });
  }
};

}  // namespace

std::vector<OperationCase> passes(CaseSize size) {
  OfPasses c{{{}, size}};
  c.norms();
  c.stream();
  c.gate();
  c.attention();
  return std::move(c.all);
}

}  // namespace innerloop::cases
