// Policies whose memory is too wide for one team: a step's matrix products are made for all environments at once, by
// Device::multiply, and between them the operations of kernels/memories/layered.h run.
//
// On the CPU the memory's steps have the same bits as TrialRollout's. On a GPU cuBLAS adds in an order of its own.
#pragma once

#include <algorithm>

#include "engine/config/config.h"
#include "engine/device/buffer_plan.h"
#include "engine/device/device.h"
#include "kernels/memories/layered.h"
#include "kernels/memories/registry.h"
#include "kernels/products/matrix_product.h"

namespace innerloop {

inline bool is_wide(const MemoryPolicyShape& shape) {
  return shape.memory.kind != MemoryKind::feedforward &&
         shape.memory.hidden > RecurrentOptions::kMaxTeamHidden;
}

/// Calls f.operator()<Memory>() for a memory that can be wide.
template <class F>
void with_wide_memory(MemoryKind kind, const F& f) {
  if (kind == MemoryKind::gru) f.template operator()<Gru>();
  if (kind == MemoryKind::lstm) f.template operator()<Lstm>();
}

/// What Memory's functions want as `multiply`: enqueues products on a device.
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

/// The weights of a policy's networks in the device's memory.
class WideWeights {
 public:
  /// `way_back`: with what the way back needs.
  WideWeights(const MemoryPolicyShape& shape, bool way_back, const std::string& name, Device& device,
              BufferPlan& plan);

  /// Enqueues loading them from θ ([P]).
  void load(const float* params);
  template <class Memory>
  typename Memory::template Weights<float> of(int network) const {
    Scratch at(memory_ + network * size_);
    return Memory::template take_weights<float>(at, shape_.memory, way_back_);
  }

 private:
  const MemoryPolicyShape shape_;
  const bool way_back_;
  Device& device_;
  std::int64_t size_ = 0;    // of a network
  float* memory_ = nullptr;  // [network][number]
};

/// Enqueues x = value for `count` numbers.
void fill_memory(Device& device, float* x, std::int64_t count, float value);

/// Teams that share work which has no parts of its own.
int sharing_teams(const Device& device);

}  // namespace innerloop
