// The memories that kernels/memories/options.h lists, and policies with any of them.
#pragma once

#include <type_traits>
#include <variant>

#include "kernels/memories/belief.h"
#include "kernels/memories/episodic.h"
#include "kernels/memories/feedforward.h"
#include "kernels/memories/gru.h"
#include "kernels/memories/lstm.h"
#include "kernels/memories/policy.h"
#include "kernels/memories/transformer.h"

namespace innerloop {

namespace registry_detail {
template <class List>
struct PolicyOf;
template <class... Memories>
struct PolicyOf<TypeList<Memories...>> {
  using type = std::variant<MemoryPolicy<Memories>...>;
};
}  // namespace registry_detail

// A policy that plays trials, with one of the memories.
using TrialPolicy = registry_detail::PolicyOf<MemoryTypes>::type;

// Calls f(policy) for the policy with its memory: a MemoryPolicy<Memory>.
template <class F>
decltype(auto) with_memory(const TrialPolicy& policy, const F& f) {
  return std::visit(f, policy);
}

inline const MemoryPolicyShape& shape_of(const TrialPolicy& policy) {
  return with_memory(policy,
                     [](const MemoryPolicyShape& shape) -> const MemoryPolicyShape& { return shape; });
}
// How many of the flat parameter vector are the memories': they stand before the heads'.
inline int memory_parameters(const TrialPolicy& policy) {
  return with_memory(policy, [](const auto& with) { return with.memory_parameters(); });
}
inline int parameters_of(const TrialPolicy& policy) {
  return with_memory(policy, [](const auto& with) { return with.parameters(); });
}

}  // namespace innerloop
