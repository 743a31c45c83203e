// The memory of a policy: what it carries from step to step of a trial, written once for every machine.
//
// A memory is a struct of static team functions over the rows (environments) of a tile:
//
//   Shape                              inputs, hidden; what decides all sizes below
//   parameters(shape)                  how many of the flat parameter vector are its own
//   outputs(shape)                     numbers of its state that the heads read: the first ones, padded with zeros
//   state_size(shape)                  numbers a row's state takes; a trial starts from zeros
//   kept_size(shape)                   numbers a row keeps of a step for the way back
//   back_size(shape)                   numbers a row's step leaves for the weights' gradient
//   Weights<T>, take_weights, load_weights      its weights in scratch memory
//   step(team, shape, weights, MemoryStep)      the state after a step
//   back(team, shape, weights, MemoryBack)      from ∂/∂(state after) to ∂/∂(state before)
//   Sums<T>, take_sums, clear_sums, add_gradient, store_gradient   the weights' gradient, over many rows at once
//
// A recurrent one names its matrix products apart from the rest, for those who multiply all rows at once
// (kernels/memories/layered.h): step_products and activate make a step, slopes and back_products the way back, and
// gradient_products the weights' gradient. They hand each product to multiply(rows, columns, terms, start, to, stride).
//
// All strides are multiples of 16 numbers; behind a state's numbers, up to outputs(shape), are zeros.
// kernels/memories/registry.h lists them.
#pragma once

#include "kernels/networks/shape.h"
#include "kernels/products/product.h"

namespace innerloop {

enum class MemoryKind { gru, lstm, feedforward };

struct MemoryShape {
  int inputs = 0;
  int hidden = 0;  // numbers that the heads read
  MemoryKind kind = MemoryKind::gru;
  // feedforward: its hidden layers, the last of which has `hidden` units.
  int layers = 0;
  int width[kMaxLayers - 1] = {};
  Activation activation = Activation::tanh;
  bool layer_norm = false;  // between what the memory puts out and the heads (kernels/memories/layer_norm.h)

  // The widest product of a step.
  FN int widest() const {
    if (kind != MemoryKind::feedforward) return (kind == MemoryKind::lstm ? 4 : 3) * padded(hidden);
    int widest = 0;
    for (int l = 0; l < layers; ++l) widest = width[l] > widest ? width[l] : widest;
    return widest;
  }
};

// One step of `rows` rows.
template <class T>
struct MemoryStep {
  int rows;
  Left<T> inputs;   // [row][input] by strides
  const T* before;  // [row][state_size]
  T* kept;          // [row][kept_size]
  T* after;         // [row][state_size]
};

// The same step on the way back.
template <class T>
struct MemoryBack {
  int rows;
  const T* before;  // [row][state_size]
  const T* kept;    // [row][kept_size]
  T* state;         // [row][state_size]  ∂/∂(state after), becomes ∂/∂(state before)
  T* back;          // [row][back_size]
};

// Rows of one step or of several ones that follow each other, for the weights' gradient.
template <class T>
struct MemoryRows {
  int rows;
  const T* inputs;  // [row][padded(inputs)]
  const T* before;  // [row][state_size]
  const T* back;    // [row][back_size]
  const T* kept;    // [row][kept_size]
};

}  // namespace innerloop
