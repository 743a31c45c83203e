// A context: numbers of a task that its inner steps adapt, beside a policy that all tasks share (CAVIA, Zintgraf et al.
// 2019). They enter the first layer like further observations that never change, with weights of their own.
//
// With φ [C] and its weights V [C][width 1] the first layer's bias is b′ = b + Σ_c φ_c·V_c, and no product knows of them.
// A gradient g′ at b′ is φ_c·g′ at V_c and V_c·g′ at φ_c; the curvature's tangent adds the derivative of these two.
#pragma once

#include "kernels/network.h"

namespace innerloop {

// bias += Σ_c φ_c·V_c, with the context and its weights from `value(p)`. Syncs.
template <class Team, class Value>
TEAM_FN void add_context(const Team& team, const PolicyShape& shape, const Value& value,
                         typename Team::Scalar* bias) {
  if (shape.context == 0) return;
  for (int o = team.rank(); o < shape.width[1]; o += team.size()) {
    auto sum = bias[o];
    for (int c = 0; c < shape.context; ++c)
      sum = pack_detail::fused(value(shape.context_offset() + c), value(shape.context_weight_offset(c) + o),
                               sum);
    bias[o] = sum;
  }
  team.sync();
}

// The same along a direction: bias_tangent += Σ_c φ_c·V̇_c + φ̇_c·V_c. Syncs.
template <class Team, class Value, class Direction>
TEAM_FN void add_context_tangent(const Team& team, const PolicyShape& shape, const Value& value,
                                 const Direction& direction, typename Team::Scalar* bias_tangent) {
  if (shape.context == 0) return;
  for (int o = team.rank(); o < shape.width[1]; o += team.size()) {
    auto sum = bias_tangent[o];
    for (int c = 0; c < shape.context; ++c) {
      const int context = shape.context_offset() + c, weight = shape.context_weight_offset(c) + o;
      sum = pack_detail::fused(value(context), direction(weight), sum);
      sum = pack_detail::fused(direction(context), value(weight), sum);
    }
    bias_tangent[o] = sum;
  }
  team.sync();
}

// Completes a flat gradient that store_gradient has written, from what it holds at the first layer's bias. Syncs.
template <class Team, class Value>
TEAM_FN void store_context_gradient(const Team& team, const PolicyShape& shape, const Value& value,
                                    typename Team::Scalar* gradient) {
  if (shape.context == 0) return;
  using T = typename Team::Scalar;
  team.sync();
  const T* bias = gradient + shape.bias_offset(0);
  for_cells(team, shape.context, shape.width[1], [&](int c, int o) FN_LAMBDA {
    gradient[shape.context_weight_offset(c) + o] = value(shape.context_offset() + c) * bias[o];
  });
  for (int c = team.rank(); c < shape.context; c += team.size()) {
    T sum = 0;
    for (int o = 0; o < shape.width[1]; ++o)
      sum = pack_detail::fused(value(shape.context_weight_offset(c) + o), bias[o], sum);
    gradient[shape.context_offset() + c] = sum;
  }
}

// After that, for a product of the Hessian: what moves because the context or its weights move along the direction.
// `bias_gradient` is the gradient itself at b′. Does not sync.
template <class Team, class Direction>
TEAM_FN void add_context_curvature(const Team& team, const PolicyShape& shape, const Direction& direction,
                                   const typename Team::Scalar* bias_gradient,
                                   typename Team::Scalar* product) {
  if (shape.context == 0) return;
  for_cells(team, shape.context, shape.width[1], [&](int c, int o) FN_LAMBDA {
    auto& at = product[shape.context_weight_offset(c) + o];
    at = pack_detail::fused(direction(shape.context_offset() + c), bias_gradient[o], at);
  });
  for (int c = team.rank(); c < shape.context; c += team.size()) {
    auto sum = product[shape.context_offset() + c];
    for (int o = 0; o < shape.width[1]; ++o)
      sum = pack_detail::fused(direction(shape.context_weight_offset(c) + o), bias_gradient[o], sum);
    product[shape.context_offset() + c] = sum;
  }
}

}  // namespace innerloop
