// PPO's objective (Schulman et al. 2017) at rows of trials, to be maximised, as a mean over them:
//
//   min(ρ·A, clip(ρ, 1 ± ε)·A) + w·entropy − c·½(value − target)²,   ρ = π(a|s) / π(a|s) as drawn
//
// Where the value is clipped too, its error is the larger one of the value's and of clip(value, value as drawn ± δ)'s.
#pragma once

#include "kernels/inner/estimators.h"
#include "kernels/memories/policy.h"
#include "kernels/outer/schedule.h"

namespace innerloop {

// Sums over rows, beside the gradient: the surrogate, entropy, half the value's squared error, and the KL divergence from
// the policy as drawn, estimated by ρ − 1 − log ρ.
enum TrialValue : int { kTrialSurrogate, kTrialEntropy, kTrialValueLoss, kTrialDivergence, kTrialValues };

// All of it but the policy, whose memory does not count here: what is compiled once serves every memory.
template <class T>
struct TrialTerms {
  Trials<T> trials;
  const int* order = nullptr;  // [env]  which environments, a tile's side by side
  int envs = 0;                // how many
  T clip = 0, value_weight = 0, entropy_weight = 0;
  T value_clip = 0;  // δ; 0: values are not clipped
  Schedule<T> entropy_schedule;

  FN int tiles() const { return ceil_div(envs, kTrialTile); }
  FN int rows_of(int tile) const { return min_of(kTrialTile, envs - tile * kTrialTile); }

  // What is known of a row: ∂/∂output of each head, ∂/∂log_std, and the values.
  FN static int quantities(const MemoryPolicyShape& shape) {
    return shape.heads() + shape.actions() + kTrialValues;
  }

 protected:
  static constexpr int kStride = kTrialTile;
  static_assert(kTrialTile % kChains == 0);
  static constexpr int kDrawn = 5;  // numbers of a row that are there as drawn, beside its action's

  // A tile's environments at one step.
  struct Rows {
    MemoryHeads<T> heads;
    HeadConstants<T> head;
    T* outputs;  // [head][kStride]
    T* drawn;  // [action_size + kDrawn][kStride]  actions, log-probabilities, advantages, targets, values, weights
    std::uint32_t* allowed;  // [word][kStride]  which choices were, for a grouped head; else null
    T* seeds;                // [quantity][kStride]

    FN static Rows take(Scratch& scratch, const MemoryPolicyShape& shape) {
      Rows b;
      b.heads = take_heads<T>(scratch, shape);
      b.head = take_head_constants<T>(scratch, shape.actor);
      b.outputs = scratch.take<T>(static_cast<long>(shape.heads()) * kStride);
      b.drawn = scratch.take<T>(static_cast<long>(shape.actions() + kDrawn) * kStride);
      b.allowed = shape.actor.head == HeadKind::grouped
                      ? scratch.take<std::uint32_t>(static_cast<long>(mask_words(shape.actions())) * kStride)
                      : nullptr;
      b.seeds = scratch.take<T>(static_cast<long>(quantities(shape)) * kStride);
      return b;
    }
  };

  // With the heads' parameters; lanes without an environment are 0. Syncs.
  template <class Team>
  TEAM_FN void prepare_rows(const Team& team, const MemoryPolicyShape& shape, const Rows& b,
                            const T* head_params) const {
    load_heads(team, shape, head_params, b.heads);
    load_head_constants(team, shape.actor, b.heads.log_std, b.head);
    fill(team, b.outputs, static_cast<long>(shape.heads()) * kStride, T(0));
    fill(team, b.drawn, static_cast<long>(trials.batch.action_size + kDrawn) * kStride, T(0));
    if (b.allowed != nullptr)
      for (int i = team.rank(); i < mask_words(shape.actions()) * kStride; i += team.size()) b.allowed[i] = 0;
    team.sync();
  }

  // What `rows` rows drew, each the batch's at(row). Does not sync.
  template <class Team, class At>
  TEAM_FN void gather_drawn(const Team& team, const MemoryPolicyShape& shape, const Rows& b, int rows,
                            const At& at) const {
    const Batch<T>& batch = trials.batch;
    for_cells(team, batch.action_size + kDrawn, rows, [&](int i, int row) FN_LAMBDA {
      const int rest = i - batch.action_size;
      const T* const from = rest < 0    ? batch.actions + i * batch.row_stride
                            : rest == 0 ? batch.log_probs
                            : rest == 1 ? batch.advantages
                            : rest == 2 ? trials.targets
                            : rest == 3 ? trials.values
                                        : batch.valid;
      b.drawn[i * kStride + row] = from == nullptr ? T(1) : from[at(row)];
    });
    if (b.allowed != nullptr)
      for_cells(team, mask_words(shape.actions()), rows, [&](int word, int row) FN_LAMBDA {
        b.allowed[word * kStride + row] =
            batch.allowed == nullptr ? ~0u : batch.allowed[word * batch.row_stride + at(row)];
      });
  }

  FN T entropy_weight_now() const {
    return entropy_schedule.key == nullptr ? entropy_weight : entropy_weight * entropy_schedule.factor();
  }

  // The quantities of `rows` rows, from the outputs and what was drawn; 0 in the lanes behind. Does not sync.
  template <class Team>
  TEAM_FN void seed_rows(const Team& team, const MemoryPolicyShape& shape, const Rows& b, int rows,
                         T entropy_weight_now) const;
};

// Policy: a MemoryPolicy where the memory counts.
template <class T, class Policy = MemoryPolicyShape>
struct TrialObjective : TrialTerms<T> {
  Policy shape;
};

template <class T>
template <class Team>
TEAM_FN void TrialTerms<T>::seed_rows(const Team& team, const MemoryPolicyShape& shape, const Rows& b,
                                      int rows, T entropy_weight_now) const {
  using L = typename Team::Lane;
  const int actions = shape.actions(), heads = shape.heads(), numbers = heads + actions;
  // Behind the actions: log-probabilities, advantages, targets, values, weights.
  const T* const drawn = b.drawn + static_cast<long>(trials.batch.action_size) * kStride;
  with_head(shape.actor.head, [&](auto head) FN_LAMBDA {
    using Head = decltype(head);
    for (int r = team.rank() * L::lanes; r < round_up(rows, kChains); r += team.size() * L::lanes) {
      const L weight = load<L>(drawn + 4 * kStride + r);
      const auto counts = weight > L(0);  // not in lanes without an environment
      const auto weighed = [&](L x) FN_LAMBDA { return select(counts, x * weight, L(0)); };
      const auto put = [&](int quantity, L x)
                           FN_LAMBDA { store(b.seeds + quantity * kStride + r, weighed(x)); };
      HeadRows<T> row{b.outputs + r, kStride, b.drawn + r, kStride};
      if (b.allowed != nullptr) {
        row.allowed = b.allowed + r;
        row.allowed_stride = kStride;
      }
      const L log_ratio = Head::template log_prob<L>(b.head, row) - load<L>(drawn + r);
      const L advantage = load<L>(drawn + kStride + r), ratio = exp(log_ratio);
      Head::gradient(b.head, row, Clipped::gradient_weight(advantage, ratio, L(clip)),
                     [&](int o, L by_output, L by_std) FN_LAMBDA {
                       put(o, by_output);
                       put(heads + o, by_std);
                     });
      const auto add = [&](int quantity, L x) FN_LAMBDA {
        T* const seed = b.seeds + quantity * kStride + r;
        store(seed, load<L>(seed) + weighed(x));
      };
      Head::entropy_gradient(b.head, row, L(entropy_weight_now), [&](int o, L by_output, L by_std) FN_LAMBDA {
        add(o, by_output);
        add(heads + o, by_std);
      });
      const L value = load<L>(b.outputs + actions * kStride + r), target = load<L>(drawn + 2 * kStride + r);
      const L off = value - target;
      L slope = off, square = off * off;
      if (value_clip > T(0)) {
        const L before = load<L>(drawn + 3 * kStride + r), range(value_clip);
        const L held = max(min(value, before + range), before - range) - target;
        const auto is_held = held * held > square;  // then the value is clipped, and its loss a constant
        slope = select(is_held, L(0), slope);
        square = select(is_held, held * held, square);
      }
      put(actions, slope * L(-value_weight));
      put(numbers + kTrialSurrogate, Clipped::value(advantage, log_ratio, ratio, L(clip)));
      put(numbers + kTrialEntropy, Head::template entropy<L>(b.head, row));
      put(numbers + kTrialValueLoss, square * L(T(0.5)));
      put(numbers + kTrialDivergence, (ratio - L(1)) - log_ratio);
    }
  });
}

// Writes the heads' part of the flat gradient: weights from head_sums ([head][padded(hidden)]), what belongs to no unit from
// sum(quantity). Does not sync.
template <class Team, class Sum>
TEAM_FN void store_heads_gradient(const Team& team, const MemoryPolicyShape& shape,
                                  const typename Team::Scalar* head_sums, const Sum& sum,
                                  typename Team::Scalar* gradient) {
  const int hidden = shape.hidden, width = padded(hidden), actions = shape.actions(), heads = shape.heads();
  auto* const value = gradient + shape.value_offset();
  for_cells(team, hidden, heads, [&](int i, int o) FN_LAMBDA {
    (o < actions ? gradient[i * actions + o] : value[i]) = head_sums[o * width + i];
  });
  for (int o = team.rank(); o < heads; o += team.size()) {
    (o < actions ? gradient[shape.actor.bias_offset(0) + o] : value[hidden]) = sum(o);
    if (o < actions && shape.actor.head == HeadKind::gaussian)
      gradient[shape.actor.log_std_offset() + o] = sum(heads + o);
  }
}

}  // namespace innerloop
