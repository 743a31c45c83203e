// Policies whose memory is too wide for one team: a step's matrix products are made for all environments at once, by
// Device::multiply, and between them the operations of kernels/memories/layered.h run.
//
// On the CPU the memory's steps have the same bits as StepMemory's. On a GPU cuBLAS adds in an order of its own.
#pragma once

#include <algorithm>

#include "engine/device/buffer_plan.h"
#include "engine/device/device.h"
#include "kernels/memories/layered.h"
#include "kernels/memories/registry.h"
#include "kernels/products/matrix_product.h"

namespace innerloop {

/// Calls f(policy) with its memory, a MemoryPolicy<Memory>, where that can be wide.
template <class F>
void with_wide_memory(const TrialPolicy& policy, const F& f) {
  with_memory(policy, [&]<class Memory>(const MemoryPolicy<Memory>& with) {
    if constexpr (kCanBeWide<Memory>) f(with);
  });
}

inline bool is_wide(const TrialPolicy& policy) {
  bool wide = false;
  with_wide_memory(policy, [&](const MemoryPolicyShape& shape) {
    wide = shape.hidden > RecurrentOptions::kMaxTeamHidden;
  });
  return wide;
}

/// What a recurrent memory's functions want as `multiply`: enqueues products on a device.
inline auto multiply_on(Device& device) {
  return [&device]<int Terms>(int rows, int columns, const Array<Term<float>, Terms>& terms,
                              Start<float> start, float* to, int to_stride) {
    static_assert(Terms <= 2);
    MatrixProduct<float> product;
    product.rows = rows;
    product.columns = columns;
    std::copy_n(terms.items, Terms, product.terms.items);
    product.term_count = Terms;
    product.start = start;
    product.to = to;
    product.to_stride = to_stride;
    device.multiply(product);
  };
}

/// The weights of a policy's memories in the device's memory, as teams take them.
class MemoryWeights {
 public:
  /// `way_back`: with what the way back needs.
  MemoryWeights(const TrialPolicy& policy, bool way_back, const std::string& name, Device& device,
                BufferPlan& plan);

  /// Enqueues loading them from θ ([P]).
  void load(const float* params);
  /// [network][number]
  const float* numbers() const { return memory_; }
  template <class Memory>
  typename Memory::template Weights<float> of(const typename Memory::Shape& memory, int network) const {
    Scratch at(memory_ + network * size_);
    return Memory::template take_weights<float>(at, memory, way_back_);
  }

 private:
  const TrialPolicy policy_;
  const bool way_back_;
  Device& device_;
  std::int64_t size_ = 0;    // of a network
  float* memory_ = nullptr;  // [network][number]
};

/// The weights of a policy's heads in the device's memory.
class HeadWeights {
 public:
  HeadWeights(const MemoryPolicyShape& shape, const std::string& name, BufferPlan& plan);

  /// Enqueues loading them from the heads' part of θ.
  void load(Device& device, const float* heads) const;
  MemoryHeads<float> of_heads() const {
    Scratch at(memory_);
    return take_heads<float>(at, shape_);
  }

 private:
  const MemoryPolicyShape shape_;
  float* memory_ = nullptr;
};

/// Enqueues x = value for `count` numbers.
void fill_memory(Device& device, float* x, std::int64_t count, float value);

/// Teams that share work which has no parts of its own.
int sharing_teams(const Device& device);

}  // namespace innerloop
