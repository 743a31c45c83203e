// A context: numbers of a task that its inner steps adapt, beside a policy that all tasks share (CAVIA, Zintgraf et al.
// 2019). They enter the first layer like further observations that never change, with weights of their own; or they
// scale and shift what the first layer makes of the observations, before its activation (FiLM, Perez et al. 2018).
//
// With φ [C] and weights V [C][width 1] and, for FiLM, Γ [C][width 1], layer 0 has the weights and biases
//   W′ = W∘s, b′ = b∘s + Σ_c φ_c·V_c, where s = 1 + Σ_c φ_c·Γ_c scales each output, and is 1 without FiLM;
// no product knows of it. Gradients g at W′ and h at b′ are
//   g∘s at W, h∘s at b, h at the shift, σ = Σ_i g_i∘W_i + h∘b at s; φ_c·h at V_c, φ_c·σ at Γ_c, V_c·h + Γ_c·σ at φ_c.
// The curvature's tangent adds the derivative of these along its direction.
#pragma once

#include "kernels/networks/network.h"

namespace innerloop {

// start + Σ_c φ_c·weight_c of one output of layer 0; `first` is where number 0's weights for it lie, the scaling or the
// shifting ones.
template <class T, class Value>
FN T context_sum(const PolicyShape& shape, const Value& value, int first, T start) {
  T sum = start;
  for (int c = 0; c < shape.context; ++c)
    sum = pack_detail::fused(value(shape.context_offset() + c), value(first + c * shape.context_weights()),
                             sum);
  return sum;
}

// The same along a direction: start + Σ_c φ_c·weight_c′ + φ̇_c·weight_c.
template <class T, class Value, class Direction>
FN T context_sum_tangent(const PolicyShape& shape, const Value& value, const Direction& direction, int first,
                         T start) {
  T sum = start;
  for (int c = 0; c < shape.context; ++c) {
    const int context = shape.context_offset() + c, weight = first + c * shape.context_weights();
    sum = pack_detail::fused(value(context), direction(weight), sum);
    sum = pack_detail::fused(direction(context), value(weight), sum);
  }
  return sum;
}

// W and b of layer 0 become W′ and b′; context and weights come from `value(p)`. Syncs.
template <class Team, class Value>
TEAM_FN void add_context(const Team& team, const PolicyShape& shape, const Value& value,
                         const Weights<typename Team::Scalar>& w) {
  using T = typename Team::Scalar;
  if (shape.context == 0) return;
  const int stride = padded(shape.width[1]);
  for (int o = team.rank(); o < shape.width[1]; o += team.size()) {
    if (shape.film()) {
      const T scale = context_sum(shape, value, shape.context_weight_offset(0) + o, T(1));
      for (int i = 0; i < shape.inputs(); ++i) w.weight[0][i * stride + o] *= scale;
      w.bias[0][o] *= scale;
    }
    w.bias[0][o] = context_sum(shape, value, shape.context_shift_offset(0) + o, w.bias[0][o]);
  }
  team.sync();
}

// The direction's W and b of layer 0 become the derivatives of W′ and b′ along it. Syncs.
template <class Team, class Value, class Direction>
TEAM_FN void add_context_tangent(const Team& team, const PolicyShape& shape, const Value& value,
                                 const Direction& direction, const Weights<typename Team::Scalar>& moved) {
  using T = typename Team::Scalar;
  if (shape.context == 0) return;
  const int outputs = shape.width[1], stride = padded(outputs);
  for (int o = team.rank(); o < outputs; o += team.size()) {
    if (shape.film()) {
      const int first = shape.context_weight_offset(0) + o;
      const T scale = context_sum(shape, value, first, T(1)),
              by_scale = context_sum_tangent(shape, value, direction, first, T(0));
      // The bias follows the weights: row `inputs`.
      for (int i = 0; i <= shape.inputs(); ++i) {
        T& at = i < shape.inputs() ? moved.weight[0][i * stride + o] : moved.bias[0][o];
        at = pack_detail::fused(value(shape.weight_offset(0) + i * outputs + o), by_scale, at * scale);
      }
    }
    moved.bias[0][o] =
        context_sum_tangent(shape, value, direction, shape.context_shift_offset(0) + o, moved.bias[0][o]);
  }
  team.sync();
}

// Where the gradient at s and at the shift of each output of layer 0 wait for what depends on them.
template <class T>
struct ContextGradient {
  T* scale;  // [width 1], for FiLM alone
  T* shift;  // [width 1]
};
template <class T>
FN ContextGradient<T> take_context_gradient(Scratch& scratch, const PolicyShape& shape) {
  const long width = shape.context > 0 ? padded(shape.width[1]) : 0;
  return {shape.film() ? scratch.take<T>(width) : nullptr, width > 0 ? scratch.take<T>(width) : nullptr};
}

// Adds what `at` holds to the gradient at the context and its weights, which `value(p)` gives. Does not sync.
template <class Team, class Value>
TEAM_FN void add_to_context(const Team& team, const PolicyShape& shape, const Value& value,
                            const ContextGradient<typename Team::Scalar>& at,
                            typename Team::Scalar* gradient) {
  using T = typename Team::Scalar;
  for_cells(team, shape.context, shape.context_weights(), [&](int c, int weight) FN_LAMBDA {
    const int o = weight % shape.width[1];
    T& to = gradient[shape.context_weight_offset(c) + weight];
    to = pack_detail::fused(value(shape.context_offset() + c),
                            shape.film() && weight == o ? at.scale[o] : at.shift[o], to);
  });
  for (int c = team.rank(); c < shape.context; c += team.size()) {
    T sum = gradient[shape.context_offset() + c];
    for (int o = 0; o < shape.width[1]; ++o) {
      if (shape.film()) sum = pack_detail::fused(value(shape.context_weight_offset(c) + o), at.scale[o], sum);
      sum = pack_detail::fused(value(shape.context_shift_offset(c) + o), at.shift[o], sum);
    }
    gradient[shape.context_offset() + c] = sum;
  }
}

// Completes a flat gradient that store_gradient has written, from what it holds at W′ and b′. Syncs.
template <class Team, class Value>
TEAM_FN void store_context_gradient(const Team& team, const PolicyShape& shape, const Value& value,
                                    const ContextGradient<typename Team::Scalar>& at,
                                    typename Team::Scalar* gradient) {
  using T = typename Team::Scalar;
  if (shape.context == 0) return;
  team.sync();
  const int outputs = shape.width[1], first = shape.weight_offset(0);
  for (int o = team.rank(); o < outputs; o += team.size()) {
    at.shift[o] = gradient[shape.bias_offset(0) + o];
    if (!shape.film()) continue;
    const T scale = context_sum(shape, value, shape.context_weight_offset(0) + o, T(1));
    T by_scale = 0;
    for (int i = 0; i <= shape.inputs(); ++i) {
      const int p = first + i * outputs + o;
      by_scale = pack_detail::fused(gradient[p], value(p), by_scale);
      gradient[p] *= scale;
    }
    at.scale[o] = by_scale;
  }
  for (int p = shape.context_weight_offset(0) + team.rank(); p < shape.parameters(); p += team.size())
    gradient[p] = 0;
  team.sync();
  add_to_context(team, shape, value, at, gradient);
}

// What a product of the Hessian needs beside the tangents' sums: the gradient itself at W′ and b′.
template <class T>
struct ContextCurvature {
  T* weight;  // [inputs][padded(width 1)], for FiLM alone
  T* bias;    // [padded(width 1)]
};
template <class T>
FN ContextCurvature<T> take_context_curvature(Scratch& scratch, const PolicyShape& shape) {
  const long width = shape.context > 0 ? padded(shape.width[1]) : 0;
  return {shape.film() ? scratch.take<T>(shape.inputs() * width) : nullptr,
          shape.context > 0 ? scratch.take<T>(width) : nullptr};
}

// After store_context_gradient, for a product of the Hessian: what moves because the context, its weights or what they
// scale move along the direction. Syncs.
template <class Team, class Value, class Direction>
TEAM_FN void add_context_curvature(const Team& team, const PolicyShape& shape, const Value& value,
                                   const Direction& direction,
                                   const ContextGradient<typename Team::Scalar>& at,
                                   const ContextCurvature<typename Team::Scalar>& own,
                                   typename Team::Scalar* product) {
  using T = typename Team::Scalar;
  if (shape.context == 0) return;
  const int outputs = shape.width[1], stride = padded(outputs);
  team.sync();
  if (shape.film()) {
    // σ moves with W and b, too.
    for (int o = team.rank(); o < outputs; o += team.size()) {
      const T moved = context_sum_tangent(shape, value, direction, shape.context_weight_offset(0) + o, T(0));
      T by_weights = 0;
      for (int i = 0; i <= shape.inputs(); ++i) {
        const int p = shape.weight_offset(0) + i * outputs + o;
        const T g = i < shape.inputs() ? own.weight[i * stride + o] : own.bias[o];
        by_weights = pack_detail::fused(g, direction(p), by_weights);
        product[p] = pack_detail::fused(g, moved, product[p]);
      }
      at.scale[o] = by_weights;
      at.shift[o] = 0;
    }
    team.sync();
    add_to_context(team, shape, value, at, product);
    team.sync();
    for (int o = team.rank(); o < outputs; o += team.size()) {
      T by_scale = 0;
      for (int i = 0; i <= shape.inputs(); ++i)
        by_scale = pack_detail::fused(i < shape.inputs() ? own.weight[i * stride + o] : own.bias[o],
                                      value(shape.weight_offset(0) + i * outputs + o), by_scale);
      at.scale[o] = by_scale;
    }
  }
  for (int o = team.rank(); o < outputs; o += team.size()) at.shift[o] = own.bias[o];
  team.sync();
  add_to_context(team, shape, direction, at, product);
}

}  // namespace innerloop
