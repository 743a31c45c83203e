// Floating-point operations of the passes for one sample: multiplications and additions of the matrix products.
// Activations, heads, environments and random numbers are not counted, nor is padding.
#pragma once

#include "kernels/memories/registry.h"
#include "kernels/networks/shape.h"

namespace innerloop {

/// Two counts of the same pass. `done`: the products that the kernels carry out. `nominal`: the usual reckoning in
/// forward passes, 1 for a rollout, 3 for a gradient, 6 for a Hessian-vector product, whatever is done in truth.
struct OperationCount {
  double done = 0, nominal = 0;

  OperationCount operator+(OperationCount other) const {
    return {done + other.done, nominal + other.nominal};
  }
  OperationCount operator*(double times) const { return {done * times, nominal * times}; }
};

/// f = 2·Σ in·out: the network's forward pass. A symbol counts as what it costs: the addition of a row of weights.
inline double forward_operations(const PolicyShape& shape) {
  double sum = 1.0 * shape.symbols * shape.width[1];
  for (int l = 0; l < shape.layers; ++l) sum += 2.0 * shape.width[l] * shape.width[l + 1];
  return sum;
}

inline OperationCount rollout_operations(const PolicyShape& shape) {
  const double f = forward_operations(shape);
  return {f, f};
}

namespace operation_counts_detail {
inline double layer(const PolicyShape& shape, int l) {
  return (2.0 * shape.width[l] + (l == 0 ? shape.symbols : 0)) * shape.width[l + 1];
}
/// What a pass repeats of the forward pass: the head alone where the hidden layers were kept.
inline double repeated(const PolicyShape& shape, bool kept) {
  return kept ? layer(shape, shape.layers - 1) : forward_operations(shape);
}
}  // namespace operation_counts_detail

/// Weights' gradients of all layers, and the gradients of what enters each layer but the first.
inline OperationCount gradient_operations(const PolicyShape& shape, bool kept) {
  using namespace operation_counts_detail;
  const double f = forward_operations(shape);
  return {repeated(shape, kept) + 2 * f - layer(shape, 0), 3 * f};
}

/// Tangents forward: two products a layer, one in the first. Backward: one product for values and two for tangents in
/// each layer but the first, and two for the weights' gradients (one in the first layer).
inline OperationCount hessian_vector_operations(const PolicyShape& shape, bool kept) {
  using namespace operation_counts_detail;
  const double f = forward_operations(shape), first = layer(shape, 0);
  return {repeated(shape, kept) + (2 * f - first) + 3 * (f - first) + (2 * f - first), 6 * f};
}

namespace operation_counts_detail {
inline ProductOperations memory_operations(const TrialPolicy& policy) {
  return with_memory(policy, []<class Memory>(const MemoryPolicy<Memory>& with) {
    const ProductOperations one = Memory::operations(with.memory);
    const double symbols = 1.0 * with.symbols * with.embedding;  // as in forward_operations
    return ProductOperations{(one.step + symbols) * with.networks(),
                             (one.of_inputs + symbols) * with.networks()};
  });
}
}  // namespace operation_counts_detail

/// The memories' steps and both heads.
inline OperationCount trial_rollout_operations(const TrialPolicy& policy) {
  const MemoryPolicyShape& shape = shape_of(policy);
  const double f =
      operation_counts_detail::memory_operations(policy).step + 2.0 * shape.hidden * shape.heads();
  return {f, f};
}

/// Forward, then back: the weights' gradients, and the gradients of all that is no input.
inline OperationCount trial_gradient_operations(const TrialPolicy& policy) {
  const double f = trial_rollout_operations(policy).done;
  return {3 * f - operation_counts_detail::memory_operations(policy).of_inputs, 3 * f};
}

/// A meta-iteration of MAML with K inner steps, for each sample of one of its K + 1 batches.
inline OperationCount maml_operations(const PolicyShape& shape, int inner_steps, bool second_order,
                                      bool kept) {
  OperationCount count = (rollout_operations(shape) + gradient_operations(shape, kept)) * (inner_steps + 1);
  if (second_order) count = count + hessian_vector_operations(shape, kept) * inner_steps;
  return count;
}

}  // namespace innerloop
