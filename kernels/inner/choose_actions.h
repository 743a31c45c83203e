// What a policy does in environments that are stepped one by one (kernels/environment/step_environments.h): for each step the
// network's pass over what a tile of environments sees, and an action for each, drawn with its own random numbers. It knows
// the kind of their actions alone, so that environments share it.
#pragma once

#include "kernels/environment/step_environments.h"
#include "kernels/networks/batch.h"
#include "kernels/networks/context.h"
#include "kernels/networks/network.h"
#include "kernels/networks/sampler.h"

namespace innerloop {

template <class T, class Action>
struct ChooseActions {
  PolicyShape shape;
  Parameters<T> params;  // of task 0: one policy for all
  Observation size;      // of what is seen
  int envs = 0;
  int tile_envs = 0;  // whole packs
  const RandomKey* key = nullptr;
  const std::int32_t* episode = nullptr;  // [padded(envs)]
  const std::int32_t* elapsed = nullptr;  // [padded(envs)]
  SeenRows<const T> seen;
  const std::uint8_t* allowed = nullptr;  // [envs][outputs]; null: all are
  bool deterministic = false;             // the mean, or the likeliest action
  T* actions = nullptr;             // [envs][Action::size]  as the environment takes them, of real numbers
  std::int32_t* choices = nullptr;  // [envs][Action::size]  of discrete ones
  T* log_probs = nullptr;           // [envs]

  template <class Team>
  FN long scratch_bytes() const {
    Scratch scratch;
    Buffers::take(scratch, *this);
    return scratch.used();
  }

  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const {
    using L = typename Team::Lane;
    Buffers b = Buffers::take(scratch, *this);
    const int first = place.task * tile_envs, rows = min_of(tile_envs, envs - first), stride = tile_envs;
    const ValuesAt<T> value{params.of(0)};
    if (shape.symbols > 0) b.weights.symbols = {params.of(0) + shape.symbol_offset()};
    load_weights(team, shape, value, b.weights);
    add_context(team, shape, value, b.weights);
    load_head_constants(team, shape, b.weights.log_std, b.head);
    // Rows past the last environment see what it sees.
    const auto env = [&](int e) FN_LAMBDA { return static_cast<long>(first + min_of(e, rows - 1)); };
    for_cells(team, size.numbers, stride, [&](int d, int e) FN_LAMBDA {
      b.inputs[d * stride + e] = seen.numbers[env(e) * size.numbers + d];
    });
    for_cells(team, size.symbols, stride, [&](int p, int e) FN_LAMBDA {
      b.symbols[p * stride + e] = seen.symbols[env(e) * size.symbols + p];
    });
    if (allowed != nullptr)
      for_cells(team, mask_words(shape.outputs()), stride, [&](int word, int e) FN_LAMBDA {
        const int all = shape.outputs(), end = min_of(word * 32 + 32, all);
        std::uint32_t bits = 0;
        for (int c = word * 32; c < end; ++c)
          bits |= static_cast<std::uint32_t>(allowed[env(e) * all + c]) << (c % 32);
        b.allowed[word * stride + e] = bits;
      });
    team.sync();

    Block<T> block;
    block.rows = rows;
    block.inputs = {b.inputs, 1, stride};
    block.outputs = b.outputs;
    block.output_stride = stride;
    block.head_rows = b.head_rows;
    for (int l = 1; l < shape.layers; ++l) block.hidden[l] = b.hidden[l];
    if (size.symbols > 0) block.symbols = {b.symbols, stride};
    forward_hidden(team, shape, b.weights, block);
    forward_head(team, shape, b.weights, block);
    for (int e = team.rank() * L::lanes; e < rows; e += team.size() * L::lanes) act<L>(b, first, e, rows - e);
  }

 private:
  // One choice is one group, to the same bits.
  using Head = std::conditional_t<Action::discrete, GroupedHead, GaussianHead>;

  struct Buffers {
    Weights<T> weights;
    HeadConstants<T> head;
    T* inputs;               // [number][tile_envs]
    std::int32_t* symbols;   // [place][tile_envs]
    std::uint32_t* allowed;  // [word][tile_envs]
    T* hidden[kMaxLayers];
    T* outputs;    // [output][tile_envs]
    T* head_rows;  // [tile_envs][padded(outputs)]
    T* drawn;      // [Action::size][tile_envs]

    FN static Buffers take(Scratch& scratch, const ChooseActions& op) {
      const long envs = op.tile_envs;
      Buffers b;
      b.weights = take_weights<T>(scratch, op.shape, false);
      b.head = take_head_constants<T>(scratch, op.shape);
      b.inputs = scratch.take<T>(op.size.numbers * envs);
      b.symbols = scratch.take<std::int32_t>(op.size.symbols * envs);
      b.allowed =
          scratch.take<std::uint32_t>(op.allowed != nullptr ? mask_words(op.shape.outputs()) * envs : 0);
      for (int l = 1; l < op.shape.layers; ++l)
        b.hidden[l] = scratch.take<T>(envs * padded(op.shape.width[l]));
      b.outputs = scratch.take<T>(op.shape.outputs() * envs);
      b.head_rows = op.shape.narrow_head() ? nullptr : scratch.take<T>(envs * padded(op.shape.outputs()));
      b.drawn = scratch.take<T>(Action::size * envs);
      return b;
    }
  };

  template <class L>
  FN void act(const Buffers& b, int first, int e, int count) const {
    using U = UintPack<L>;
    const int env = first + e;
    Random<L> random(*key, lane_index<U>() + U(static_cast<std::uint32_t>(env)),
                     bits_as<std::uint32_t>(load<IntPack<L>>(episode + env)),
                     bits_as<std::uint32_t>(load<IntPack<L>>(elapsed + env)), Purpose::action, 0);
    HeadRows<T> own{b.outputs + e, tile_envs, b.drawn + e, tile_envs};
    if (allowed != nullptr) {
      own.allowed = b.allowed + e;
      own.allowed_stride = tile_envs;
    }
    const Sampler<Action, Head, L, T> sample(b.head, own, random, deterministic);
    sample.store_action(b.drawn + e, tile_envs, L::lanes);
    store_first(log_probs + env, Head::template log_prob<L>(b.head, own), count);
    for (int lane = 0; lane < min_of(count, L::lanes); ++lane)
      for (int d = 0; d < Action::size; ++d) {
        const long at = static_cast<long>(env + lane) * Action::size + d;
        if constexpr (Action::discrete)
          choices[at] = chosen_in<L>(sample.action, d).get(lane);
        else
          actions[at] = sample.action[d].get(lane);
      }
  }
};

}  // namespace innerloop
