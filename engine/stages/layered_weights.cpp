#include "engine/stages/layered_weights.h"

#include "engine/device/launch.h"

namespace innerloop {

WideWeights::WideWeights(const MemoryPolicyShape& shape, bool way_back, const std::string& name,
                         Device& device, BufferPlan& plan)
    : shape_(shape), way_back_(way_back), device_(device) {
  with_wide_memory(shape.memory.kind, [&]<class Memory>() {
    Scratch counted;
    Memory::template take_weights<float>(counted, shape.memory, way_back);
    size_ = counted.used() / static_cast<long>(sizeof(float));
  });
  plan.add(&memory_, name, "[network][number]", {shape.networks(), size_});
}

void WideWeights::load(const float* params) {
  with_wide_memory(shape_.memory.kind, [&]<class Memory>() {
    for (int n = 0; n < shape_.networks(); ++n) {
      WideMemory<float, Memory> op;
      op.shape = shape_.memory;
      op.weights = of<Memory>(n);
      op.params = params + n * shape_.network_parameters<Memory>();
      op.teams = sharing_teams(device_);
      device_.once(op);
    }
  });
}

void fill_memory(Device& device, float* x, std::int64_t count, float value) {
  device.once(FillMemory<float>{x, static_cast<long>(count), value, sharing_teams(device)});
}

int sharing_teams(const Device& device) { return device.is_cuda() ? 128 : 1; }

}  // namespace innerloop
