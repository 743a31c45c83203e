// Inner steps whose sizes a small network adapts to the task at every step (ALFA, Baik et al. 2020).
//
// θ_{k+1} = b∘θ_k + a∘α_k∘g_k with g_k = ∇S_in(θ_k; D_k): the parameters of a layer share a number of a and one of b.
// (a, b) = W₁·relu(W₀·x + c₀) + c₁, where x are the means of g_k and those of θ_k over each layer. W and c are learned
// with the policy; where W₁ is 0 and c₁ is 1 it is the plain step.
//
// A gradient v at θ_{k+1} is Σ v∘α∘g at a and Σ v∘θ at b, where the sums run over the layer. The network turns it into a
// gradient at W and c and, for the layer's n parameters, into dx/n at each of g_k and θ_k. So v becomes
// b∘v + dx/n + H·(a∘α∘v + dx/n) at θ_k.
#pragma once

#include "kernels/inner/step_size.h"
#include "kernels/lanes/chains.h"

namespace innerloop {

struct MultiplierLayout {
  int parameters = 0;              // P
  int layers = 0;                  // L, where log_std is one; 0: there are no multipliers
  int first[kMaxLayers + 2] = {};  // layer n has the parameters first[n] … first[n + 1] − 1

  // The network has as many inputs and hidden units as outputs. Those before `layers` belong to g_k and a, the others to
  // θ_k and b.
  FN int units() const { return 2 * layers; }
  FN int size_of_layer(int unit) const {
    const int n = unit % layers;
    return first[n + 1] - first[n];
  }
  // The network's numbers: W₀ [input][unit], c₀ [unit], W₁ [unit][output], c₁ [output].
  FN int bias(int pass) const { return (pass * (units() + 1) + units()) * units(); }
  FN int weight(int pass) const { return pass * (units() + 1) * units(); }
  FN int learned() const { return weight(2); }
};

// What the step of each task depends on.
template <class T>
struct MultipliedStep {
  MultiplierLayout layout;
  const T* network = nullptr;   // [learned]
  Parameters<T> theta;          // θ_k
  const T* gradient = nullptr;  // [task][P]  g_k
  StepSize<T> size;             // α_k

  FN const T* gradient_of(int task) const { return gradient + static_cast<long>(task) * layout.parameters; }
  template <class L>
  FN L size_at(int p, int count) const {
    return size.stride == 0 ? L(*size.data) : load_first<L>(size.data + p, count);
  }
};

namespace multipliers_detail {

// The network's numbers for a task, in scratch memory.
template <class T>
struct Network {
  T* chains;  // [unit][16]
  T* input;   // [unit] each
  T* hidden;
  T* output;  // a, then b
};

template <class T>
FN Network<T> take_network(Scratch& scratch, const MultiplierLayout& layout) {
  const int units = layout.units();
  T* chains = scratch.take<T>(static_cast<long>(units) * kChains);
  T* input = scratch.take<T>(units);
  T* hidden = scratch.take<T>(units);
  return {chains, input, hidden, scratch.take<T>(units)};
}

// Calls at(layer, p, count) for packs of parameters.
template <class Team, class At>
TEAM_FN void for_layers(const Team& team, const MultiplierLayout& layout, const At& at) {
  using L = typename Team::Lane;
  for (int n = 0; n < layout.layers; ++n)
    for (int p = layout.first[n] + team.rank() * L::lanes; p < layout.first[n + 1];
         p += team.size() * L::lanes)
      at(n, p, layout.first[n + 1] - p);
}

// to[unit] = Σ over the unit's layer, where plus_term(for θ or for g, sum, p, count) adds a pack of parameters. Syncs.
template <class Team, class PlusTerm>
TEAM_FN void sum_layers(const Team& team, const MultiplierLayout& layout, typename Team::Scalar* chains,
                        typename Team::Scalar* to, const PlusTerm& plus_term) {
  using L = typename Team::Lane;
  constexpr int packs = kChains / L::lanes;
  for (int i = team.rank(); i < layout.units() * packs; i += team.size()) {
    const int unit = i / packs, n = unit % layout.layers, chain = i % packs * L::lanes;
    const int end = layout.first[n + 1];
    L sum(0);
    for (int p = layout.first[n] + chain; p < end; p += kChains)
      sum = plus_term(unit >= layout.layers, sum, p, end - p);
    store(chains + unit * kChains + chain, sum);
  }
  team.sync();
  for (int unit = team.rank(); unit < layout.units(); unit += team.size())
    to[unit] = close_chains(chains + unit * kChains);
  team.sync();
}

// to[unit] = the means of `gradient` (null: 0) and `theta` over the unit's layer. Syncs.
template <class Team>
TEAM_FN void mean_layers(const Team& team, const MultiplierLayout& layout,
                         const typename Team::Scalar* gradient, const typename Team::Scalar* theta,
                         typename Team::Scalar* chains, typename Team::Scalar* to) {
  using T = typename Team::Scalar;
  using L = typename Team::Lane;
  sum_layers(team, layout, chains, to, [&](bool of_theta, L sum, int p, int count) FN_LAMBDA {
    const T* x = of_theta ? theta : gradient;
    return x == nullptr ? sum : sum + load_first<L>(x + p, count);
  });
  for (int unit = team.rank(); unit < layout.units(); unit += team.size())
    to[unit] = to[unit] / static_cast<T>(layout.size_of_layer(unit));
  team.sync();
}

// start + Σ_i from[i]·W[i][unit].
template <class T>
FN T into_unit(const MultiplierLayout& layout, const T* weight, const T* from, int unit, T start) {
  const int units = layout.units();
  T sum = start;
  for (int i = 0; i < units; ++i) sum = pack_detail::fused(from[i], weight[i * units + unit], sum);
  return sum;
}

// Σ_o W[unit][o]·from[o].
template <class T>
FN T out_of_unit(const MultiplierLayout& layout, const T* weight, const T* from, int unit) {
  T sum = 0;
  for (int o = 0; o < layout.units(); ++o)
    sum = pack_detail::fused(weight[unit * layout.units() + o], from[o], sum);
  return sum;
}

// Computes the network at the step of a task. Syncs.
template <class Team>
TEAM_FN void run_network(const Team& team, const MultipliedStep<typename Team::Scalar>& step, int task,
                         const Network<typename Team::Scalar>& at) {
  using T = typename Team::Scalar;
  const MultiplierLayout& layout = step.layout;
  const T* w = step.network;
  mean_layers(team, layout, step.gradient_of(task), step.theta.of(task), at.chains, at.input);
  for (int unit = team.rank(); unit < layout.units(); unit += team.size()) {
    const T sum = into_unit(layout, w + layout.weight(0), at.input, unit, w[layout.bias(0) + unit]);
    at.hidden[unit] = sum > T(0) ? sum : T(0);
  }
  team.sync();
  for (int unit = team.rank(); unit < layout.units(); unit += team.size())
    at.output[unit] = into_unit(layout, w + layout.weight(1), at.hidden, unit, w[layout.bias(1) + unit]);
  team.sync();
}

}  // namespace multipliers_detail

// θ_{k+1} of each task.
template <class T>
struct MultiplyStep {
  MultipliedStep<T> step;
  T* out = nullptr;  // [task][P]; may be θ_k
  const int* enabled = nullptr;

  template <class Team>
  FN long scratch_bytes() const {
    Scratch scratch;
    multipliers_detail::take_network<T>(scratch, step.layout);
    return scratch.used();
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const {
    using L = typename Team::Lane;
    using namespace multipliers_detail;
    const MultiplierLayout& layout = step.layout;
    const Network<T> at = take_network<T>(scratch, layout);
    run_network(team, step, place.task, at);
    const T *theta = step.theta.of(place.task), *g = step.gradient_of(place.task);
    T* to = out + static_cast<long>(place.task) * layout.parameters;
    for_layers(team, layout, [&](int n, int p, int count) FN_LAMBDA {
      const L kept = L(at.output[layout.layers + n]) * load_first<L>(theta + p, count);
      const L size = L(at.output[n]) * step.template size_at<L>(p, count);
      store_first(to + p, fma(size, load_first<L>(g + p, count), kept), count);
    });
  }
};

// The way back through the step, up to the product with H.
template <class T>
struct MultiplyStepBack {
  MultipliedStep<T> step;
  const T* v = nullptr;      // [task][P]  at θ_{k+1}
  T* at_network = nullptr;   // [task][learned]  the gradient there
  bool add = false;          // to what is there: another inner step has the same network
  T* at_sizes = nullptr;     // [task][P]  a∘v: at α_k it is this times g_k
  T* at_gradient = nullptr;  // [task][P]  a∘α_k∘v + dx/n, what H is multiplied with
  T* out = nullptr;          // [task][P]  b∘v + dx/n; may be v

  template <class Team>
  FN long scratch_bytes() const {
    Scratch scratch;
    multipliers_detail::take_network<T>(scratch, step.layout);
    multipliers_detail::take_network<T>(scratch, step.layout);
    return scratch.used();
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const {
    using L = typename Team::Lane;
    using namespace multipliers_detail;
    const MultiplierLayout& layout = step.layout;
    const Network<T> at = take_network<T>(scratch, layout), by = take_network<T>(scratch, layout);
    run_network(team, step, place.task, at);
    const long first = static_cast<long>(place.task) * layout.parameters;
    const T *theta = step.theta.of(place.task), *g = step.gradient_of(place.task), *above = v + first;
    sum_layers(team, layout, by.chains, by.output, [&](bool of_theta, L sum, int p, int count) FN_LAMBDA {
      const L x = load_first<L>(above + p, count);
      if (of_theta) return fma(x, load_first<L>(theta + p, count), sum);
      return fma(x * step.template size_at<L>(p, count), load_first<L>(g + p, count), sum);
    });
    back_through_network(team, at, by, at_network + static_cast<long>(place.task) * layout.learned());
    for_layers(team, layout, [&](int n, int p, int count) FN_LAMBDA {
      const L x = load_first<L>(above + p, count), size = step.template size_at<L>(p, count);
      const L scaled = L(at.output[n]) * x;
      store_first(at_sizes + first + p, scaled, count);
      store_first(at_gradient + first + p, fma(size, scaled, L(by.input[n])), count);
      store_first(out + first + p, fma(L(at.output[layout.layers + n]), x, L(by.input[layout.layers + n])),
                  count);
    });
  }

 private:
  // Goes from by.output to by.input, which is divided by the number of each layer's parameters. Syncs.
  template <class Team>
  TEAM_FN void back_through_network(const Team& team, const multipliers_detail::Network<T>& at,
                                    const multipliers_detail::Network<T>& by, T* to) const {
    using namespace multipliers_detail;
    const MultiplierLayout& layout = step.layout;
    const int units = layout.units();
    for (int i = team.rank(); i < units; i += team.size())
      by.hidden[i] =
          at.hidden[i] > T(0) ? out_of_unit(layout, step.network + layout.weight(1), by.output, i) : T(0);
    team.sync();
    for (int i = team.rank(); i < units; i += team.size())
      by.input[i] = out_of_unit(layout, step.network + layout.weight(0), by.hidden, i) /
                    static_cast<T>(layout.size_of_layer(i));
    for (int cell = team.rank(); cell < layout.weight(1); cell += team.size()) {
      // The bias follows the weights: it is the row of an input that is always 1.
      const int i = cell / units, o = cell % units;
      T* weight0 = to + layout.weight(0) + cell;
      T* weight1 = to + layout.weight(1) + cell;
      *weight0 = pack_detail::fused(i < units ? at.input[i] : T(1), by.hidden[o], add ? *weight0 : T(0));
      *weight1 = pack_detail::fused(i < units ? at.hidden[i] : T(1), by.output[o], add ? *weight1 : T(0));
    }
    team.sync();
  }
};

// The derivative of θ_{k+1} along a move of θ_k and of the network; the step sizes' part is StepSizeTangent's.
template <class T>
struct MultiplyStepTangent {
  MultipliedStep<T> step;
  Parameters<T> theta_moved;          // u
  const T* gradient_moved = nullptr;  // [task][P]  H·u; null: 0
  const T* network_moved = nullptr;   // [learned]
  T* at_sizes = nullptr;              // [task][P]  a∘g_k: what a move of α_k is multiplied with
  T* out = nullptr;                   // [task][P]; may be u

  template <class Team>
  FN long scratch_bytes() const {
    Scratch scratch;
    multipliers_detail::take_network<T>(scratch, step.layout);
    multipliers_detail::take_network<T>(scratch, step.layout);
    return scratch.used();
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const {
    using L = typename Team::Lane;
    using namespace multipliers_detail;
    const MultiplierLayout& layout = step.layout;
    const Network<T> at = take_network<T>(scratch, layout), moved = take_network<T>(scratch, layout);
    run_network(team, step, place.task, at);
    const long first = static_cast<long>(place.task) * layout.parameters;
    const T *theta = step.theta.of(place.task), *g = step.gradient_of(place.task);
    const T* theta_by = theta_moved.of(place.task);
    const T* g_by = gradient_moved == nullptr ? nullptr : gradient_moved + first;
    mean_layers(team, layout, g_by, theta_by, moved.chains, moved.input);
    move_units(team, 0, at.input, moved.input, moved.hidden);
    for (int i = team.rank(); i < layout.units(); i += team.size())
      moved.hidden[i] = at.hidden[i] > T(0) ? moved.hidden[i] : T(0);
    team.sync();
    move_units(team, 1, at.hidden, moved.hidden, moved.output);
    team.sync();
    for_layers(team, layout, [&](int n, int p, int count) FN_LAMBDA {
      const L size = step.template size_at<L>(p, count), gradient = load_first<L>(g + p, count);
      const L scaled = L(at.output[n]) * gradient;
      L sum = L(at.output[layout.layers + n]) * load_first<L>(theta_by + p, count);
      sum = fma(L(moved.output[layout.layers + n]), load_first<L>(theta + p, count), sum);
      sum = fma(L(moved.output[n]) * size, gradient, sum);
      if (g_by != nullptr) sum = fma(L(at.output[n]) * size, load_first<L>(g_by + p, count), sum);
      store_first(at_sizes + first + p, scaled, count);
      store_first(out + first + p, sum, count);
    });
  }

 private:
  // How the sums of a pass move with its inputs and its numbers. Does not sync.
  template <class Team>
  TEAM_FN void move_units(const Team& team, int pass, const T* from, const T* from_moved, T* to) const {
    using namespace multipliers_detail;
    const MultiplierLayout& layout = step.layout;
    for (int i = team.rank(); i < layout.units(); i += team.size()) {
      const T by_numbers = into_unit(layout, network_moved + layout.weight(pass), from, i,
                                     network_moved[layout.bias(pass) + i]);
      to[i] = into_unit(layout, step.network + layout.weight(pass), from_moved, i, by_numbers);
    }
  }
};

}  // namespace innerloop
