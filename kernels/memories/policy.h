// A policy with a memory, its value head, and the trials that it plays: shapes, heads, and where the numbers lie.
//
// Both heads read one memory, unless `separate_value` gives the value head a second one, of the same shape and with the same
// inputs. A network is a memory and, where its outputs are normalised, the layer normalisation. Where the environment shows
// symbols, each network has an embedding of its own (inputs.h).
//
// Flat parameter vector: the networks', one after the other, then the actor's weight [hidden][actions], bias [actions]
// and for a Gaussian head log_std [actions], then the value's weight [hidden] and bias [1].
#pragma once

#include "kernels/memories/layer_norm.h"
#include "kernels/memories/memory.h"
#include "kernels/networks/batch.h"
#include "kernels/networks/head.h"
#include "kernels/networks/network.h"

namespace innerloop {

// What the operations on trials know of a policy whatever its memory is.
struct MemoryPolicyShape {
  int inputs = 0, hidden = 0;  // the memory's: what it takes in, and what the heads read
  int symbols = 0, kinds = 0;  // places of symbols beside the trials' numbers, and the kinds of each
  int embedding = 0;  // numbers that the symbols become, the first of the inputs; 0: there are no symbols
  bool layer_norm = false;      // between the memory and the heads (kernels/memories/layer_norm.h)
  PolicyShape actor;            // one layer: `hidden` to the actions
  bool separate_value = false;  // a second network for the value

  // Of the inputs, those that the trials' rows have.
  FN int numbers() const { return inputs - embedding; }
  FN SymbolTable embedding_table() const { return {symbols, kinds, embedding, embedding}; }
  FN int embedding_parameters() const { return symbols * kinds * embedding; }
  // Networks share their inputs, unless each has an embedding of its own.
  FN int input_sets() const { return embedding > 0 ? networks() : 1; }
  FN int actions() const { return actor.outputs(); }
  FN int heads() const { return actor.outputs() + 1; }  // the actor's outputs, and the value
  // The value head lies behind the actor's parameters.
  FN int value_offset() const { return actor.parameters(); }
  // Parameters of both heads.
  FN int head_parameters() const { return actor.parameters() + hidden + 1; }
  FN int networks() const { return separate_value ? 2 : 1; }
  // The heads that read a network's outputs: heads_of(), from first_head() on.
  FN int first_head(int network) const { return network == 0 ? 0 : actions(); }
  FN int heads_of(int network) const { return !separate_value ? heads() : network == 0 ? actions() : 1; }
  // Numbers of a memory that are normalised: all or none.
  FN int normalised() const { return layer_norm ? hidden : 0; }
};

// With its memory.
template <class Memory>
struct MemoryPolicy : MemoryPolicyShape {
  typename Memory::Shape memory;

  // Where a network's embedding lies, its last parameters.
  FN int embedding_offset() const {
    return Memory::parameters(memory) + LayerNorm<float>::parameters(normalised());
  }
  FN int network_parameters() const { return embedding_offset() + embedding_parameters(); }
  // Parameters of all that stands before the heads.
  FN int memory_parameters() const { return networks() * network_parameters(); }
  FN int parameters() const { return memory_parameters() + head_parameters(); }
  FN int widest() const { return Memory::widest(memory); }
};

// Environments that a team plays together, and whose gradient is one partial sum: the cut decides the order of sums, so
// it is the same on every machine.
inline constexpr int kTrialTile = 32;

// Trials side by side: a Batch of one task, whose observations are what the policy takes in (the environment's
// observation, its own last action, the reward and whether an episode ended there), and the environments are all
// trials. Every row is valid.
template <class T>
struct Trials {
  Batch<T> batch;
  int episode_steps = 0;     // an episode's most: the horizon
  int counted_episodes = 0;  // of which a trial is: what comes after them does not count; 0: all that it has
  T* values = nullptr;       // [row_stride]  the value head's output as drawn: normalised
  T* targets = nullptr;      // [row_stride]  what it should have been

  FN int tiles() const { return ceil_div(batch.envs, kTrialTile); }
  // The step whose rows hold what a time limit at step t cut off, one of Batch::limits. Two limits of an environment are at
  // least an episode's most steps apart, so that they have two of them.
  FN int limit_step(int t) const { return batch.horizon + 1 + t / episode_steps; }
  // How many of them there are for all steps.
  FN int limit_steps() const { return (batch.horizon - 1) / episode_steps + 1; }
  // The longest episodes that fit, of those that count: each trial has this many, which are listed.
  FN int episodes() const {
    const int fit = batch.horizon / episode_steps;
    return counted_episodes > 0 ? min_of(counted_episodes, fit) : fit;
  }
};

// Where a step's row of an environment lies among the rows of several steps and environments.
struct RowOrder {
  int by_step, by_env;
  int first = 0;

  FN long at(int step, int env) const {
    return first + static_cast<long>(step) * by_step + static_cast<long>(env) * by_env;
  }
};

template <class T>
struct MemoryHeads {
  T* transposed;  // [heads][padded(hidden)]: the actor's outputs, then the value
  T* bias;        // [heads]
  T* log_std;     // [actions]
};

template <class T>
FN MemoryHeads<T> take_heads(Scratch& scratch, const MemoryPolicyShape& shape) {
  return {scratch.take<T>(static_cast<long>(shape.heads()) * padded(shape.hidden)),
          scratch.take<T>(shape.heads()), scratch.take<T>(shape.actions())};
}

// Loads the heads from their part of the parameters. Syncs.
template <class Team>
TEAM_FN void load_heads(const Team& team, const MemoryPolicyShape& shape, const typename Team::Scalar* params,
                        const MemoryHeads<typename Team::Scalar>& heads) {
  using T = typename Team::Scalar;
  const int hidden = shape.hidden, actions = shape.actions();
  const T* value = params + shape.value_offset();
  for_cells(team, shape.heads(), padded(hidden), [&](int o, int i) FN_LAMBDA {
    T weight = 0;
    if (i < hidden) weight = o < actions ? params[i * actions + o] : value[i];
    heads.transposed[o * padded(hidden) + i] = weight;
  });
  for (int o = team.rank(); o < shape.heads(); o += team.size())
    heads.bias[o] = o < actions ? params[shape.actor.bias_offset(0) + o] : value[hidden];
  if (shape.actor.head == HeadKind::gaussian)
    for (int o = team.rank(); o < actions; o += team.size())
      heads.log_std[o] = params[shape.actor.log_std_offset() + o];
  team.sync();
}

// What the heads read of a memory.
template <class T>
struct HeadInputs {
  const T* rows;  // [row][row_size]
  int row_size;
};

// The heads' inputs for `rows` rows of states ([row][state_size]). Syncs if anything is normalised.
template <class Team>
FN HeadInputs<typename Team::Scalar> head_inputs(const Team& team, const MemoryPolicyShape& shape,
                                                 const LayerNorm<typename Team::Scalar>& norm, int rows,
                                                 const typename Team::Scalar* states, int state_size) {
  if (!shape.layer_norm) return {states, state_size};
  normalise_rows(team, shape.hidden, norm, rows, states, state_size);
  return {norm.outputs, padded(shape.hidden)};
}

// Computes the heads of a network for `rows` rows, [head][stride], in whole packs of rows. Syncs.
template <class Team>
TEAM_FN void forward_heads(const Team& team, const MemoryPolicyShape& shape, int network,
                           const MemoryHeads<typename Team::Scalar>& heads, int rows,
                           const HeadInputs<typename Team::Scalar>& inputs, typename Team::Scalar* to,
                           int stride) {
  const int width = padded(shape.hidden), first = shape.first_head(network);
  const Array<DotTerm<typename Team::Scalar>, 1> terms{
      {{inputs.rows, inputs.row_size, heads.transposed + static_cast<long>(first) * width, width}}};
  dot_products(team, rows, shape.heads_of(network), terms, heads.bias + first,
               to + static_cast<long>(first) * stride, stride);
  team.sync();
}

}  // namespace innerloop
