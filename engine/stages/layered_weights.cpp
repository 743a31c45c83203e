#include "engine/stages/layered_weights.h"

#include "engine/device/launch.h"

namespace innerloop {

MemoryWeights::MemoryWeights(const TrialPolicy& policy, bool way_back, const std::string& name,
                             Device& device, BufferPlan& plan)
    : policy_(policy), way_back_(way_back), device_(device) {
  with_memory(policy, [&]<class Memory>(const MemoryPolicy<Memory>& with) {
    size_ = weights_size<float, Memory>(with.memory, way_back);
  });
  plan.add(&memory_, name, "[network][number]", {shape_of(policy).networks(), size_});
}

void MemoryWeights::load(const float* params) {
  with_memory(policy_, [&]<class Memory>(const MemoryPolicy<Memory>& policy) {
    for (int n = 0; n < policy.networks(); ++n) {
      LoadMemory<float, Memory> op;
      op.shape = policy.memory;
      op.weights = of<Memory>(policy.memory, n);
      op.params = params + n * policy.network_parameters();
      op.teams = sharing_teams(device_);
      device_.once(op);
    }
  });
}

HeadWeights::HeadWeights(const MemoryPolicyShape& shape, const std::string& name, BufferPlan& plan)
    : shape_(shape) {
  Scratch counted;
  take_heads<float>(counted, shape);
  plan.add(&memory_, name, "[head][unit], bias, log_std",
           {counted.used() / static_cast<long>(sizeof(float))});
}

void HeadWeights::load(Device& device, const float* heads) const {
  device.once(LoadHeads<float>{shape_, of_heads(), heads});
}

void fill_memory(Device& device, float* x, std::int64_t count, float value) {
  device.once(FillMemory<float>{x, static_cast<long>(count), value, sharing_teams(device)});
}

int sharing_teams(const Device& device) { return device.is_cuda() ? 128 : 1; }

}  // namespace innerloop
