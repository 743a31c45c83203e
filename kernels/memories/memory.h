// The memory of a policy: what it carries from step to step of a trial, written once for every machine.
//
// A memory is a struct of static team functions over the rows (environments) of a tile:
//
//   Shape                              a MemorySizes and what else decides the sizes below; shape_of(options, inputs) makes it
//   describe_parameters(shape, add)    add(ParameterBlock) for each of its parameters, in the flat vector's order
//   operations(shape)                  ProductOperations: what a step's products count. On the host alone, as those before
//   widest(shape)                      columns of its widest product
//   parameters(shape)                  how many of the flat parameter vector are its own
//   outputs(shape)                     numbers of its state that the heads read: the first ones, padded with zeros
//   state_size(shape)                  numbers a row's state takes; a trial starts from zeros
//   kept_size(shape)                   numbers a row keeps of a step for the way back
//   back_size(shape)                   numbers a row's step leaves for the weights' gradient
//   Weights<T>, take_weights, load_weights      its weights in scratch memory
//   step(team, shape, weights, MemoryStep)      the state after a step
//   back(team, shape, weights, MemoryBack)      from ∂/∂(state after) to ∂/∂(state before)
//   input_gradient(team, shape, weights, MemoryInputs)             from what back left to ∂/∂(the learned inputs)
//   Sums<T>, take_sums, clear_sums, add_gradient, store_gradient   the weights' gradient, over many rows at once
//
// A memory that looks back (an attention, a dictionary) has a trace too, which the state of a recurrent one is too small for:
//
//   trace_size(shape, steps)           numbers that so many steps of a row leave for later ones: keys and values
//   step                               reads what the steps 0 … t − 1 have left in the trace, and adds its own
//   back                               adds ∂/∂trace for steps first … t. The way back goes from a trial's last step to its
//                                      first, so that what it finds of step t is complete but for its own share. Steps before
//                                      `first` belong to the window before, and are constants
//
// tests/examples/causal_attention.h is one. Where a trial's steps are better gone through together than one by one, it says
// `takes_whole_trials = true`; then it has, in place of back, add_gradient and what belongs to them
// (kernels/trials/whole_gradient.h):
//
//   Trial<T>, take_trial               what a trial's pass keeps
//   forward, backward                  all steps of a trial, and from ∂/∂(what the heads read of each) to the weights' sums
//   input_gradient                     from what backward left to ∂/∂(the learned inputs)
//
// kernels/memories/transformer.h is one. Such a memory may have a prompt, rows that come before a trial's first step and that a
// task may change:
//
//   prompt_numbers(shape)              numbers that are added to a prompt's rows, a task's own; 0: there is no prompt
//   prompt_rows(shape)                 rows before the first step, of what forward makes and backward takes
//   prompt(shape)                      where the rows lie in the memory's parameters, as many numbers
//
// Where it says `makes_passes = true`, all this is made by a team or by the engine (kernels/memories/one_team.h): step_by,
// forward_by and backward_by take who makes it, take_trials what the passes of several trials keep, and RowParts<T> and
// TrialParts<T> list the parts.
//
// One that remembers nothing says `remembers_nothing = true`: its steps may be gone through in any order and together.
// kernels/memories/feedforward.h is one.
//
// A recurrent one says `names_products = true` and names its matrix products apart from the rest, for those who multiply all
// rows at once (kernels/memories/layered.h): step_products and activate make a step, slopes and back_products the way back,
// input_products the inputs' gradient and gradient_products the weights'. They hand each product to multiply(rows, columns,
// terms, start, to, stride).
//
// All strides are multiples of 16 numbers; behind a state's numbers, up to outputs(shape), are zeros.
// kernels/memories/registry.h lists them.
#pragma once

#include "kernels/memories/options.h"
#include "kernels/networks/parameter_block.h"
#include "kernels/networks/shape.h"
#include "kernels/products/product.h"

namespace innerloop {

// What every memory's Shape begins with.
struct MemorySizes {
  int inputs = 0;
  int hidden = 0;  // numbers that the heads read
  // Of the inputs, the first ones, which are learned (kernels/memories/inputs.h): their gradient is asked for.
  int learned = 0;

  bool operator==(const MemorySizes&) const = default;
};

// Floating-point operations of a step's products: multiplications and additions.
struct ProductOperations {
  double step = 0;
  double of_inputs = 0;  // those among them that multiply inputs whose gradient nobody asks for
};

template <class Memory>
inline constexpr bool kNamesProducts = requires {
  requires Memory::names_products;
};
template <class Memory>
inline constexpr bool kLooksBack = requires(const typename Memory::Shape& shape) {
  Memory::trace_size(shape, 1);
};
template <class Memory>
inline constexpr bool kTakesWholeTrials = requires {
  requires Memory::takes_whole_trials;
};
template <class Memory>
inline constexpr bool kHasPrompt = requires(const typename Memory::Shape& shape) {
  Memory::prompt_numbers(shape);
};
template <class Memory>
inline constexpr bool kMakesPasses = requires {
  requires Memory::makes_passes;
};
// Whether the engine can make its products for all environments together (kernels/memories/layered.h).
template <class Memory>
inline constexpr bool kCanBeWide = kNamesProducts<Memory> || kMakesPasses<Memory>;
template <class Memory>
inline constexpr bool kRemembersNothing = requires {
  requires Memory::remembers_nothing;
};
// Numbers of a prompt that a task may change; 0: the memory has none.
template <class Memory>
FN int prompt_numbers([[maybe_unused]] const typename Memory::Shape& shape) {
  if constexpr (kHasPrompt<Memory>)
    return Memory::prompt_numbers(shape);
  else
    return 0;
}
template <class Memory>
FN long trace_size([[maybe_unused]] const typename Memory::Shape& shape, [[maybe_unused]] int steps) {
  if constexpr (kLooksBack<Memory>)
    return Memory::trace_size(shape, steps);
  else
    return 0;
}

// One step of `rows` rows.
template <class T>
struct MemoryStep {
  int rows;
  Left<T> inputs;      // [row][input] by strides
  const T* before;     // [row][state_size]
  T* kept;             // [row][kept_size]
  T* after;            // [row][state_size]
  T* trace = nullptr;  // [trace_size of all steps] for each row, as the memory lays it out
  int t = 0;           // which step of the trial this is
  int steps = 0;       // of the trial
  const T* prompts =
      nullptr;  // [row][prompt_numbers]  what each row's task adds to the prompt; null: nothing
};

// The same step on the way back.
template <class T>
struct MemoryBack {
  int rows;
  const T* before;              // [row][state_size]
  const T* kept;                // [row][kept_size]
  T* state;                     // [row][state_size]  ∂/∂(state after), becomes ∂/∂(state before)
  T* back;                      // [row][back_size]
  const T* trace = nullptr;     // as of MemoryStep
  T* trace_gradient = nullptr;  // likewise, of the steps from `first` on
  int first = 0, t = 0;         // this is step t of the trial; steps before `first` are constants
};

// The gradient by the learned inputs, of rows of one step or of several ones that follow each other.
template <class T>
struct MemoryInputs {
  int rows;
  const T* back;  // [row][back_size]
  const T* zero;  // [padded(learned)]
  T* gradient;    // [row][padded(learned)]
};

// Such rows for the weights' gradient.
template <class T>
struct MemoryRows {
  int rows;
  const T* inputs;  // [row][padded(inputs)]
  const T* before;  // [row][state_size]
  const T* back;    // [row][back_size]
  const T* kept;    // [row][kept_size]
};

// Numbers from a row to the next one, where a memory's rows lie within the longer ones of another that it is a part of.
struct RowSizes {
  int inputs, state, kept, back;
};

}  // namespace innerloop
