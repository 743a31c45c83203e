// Device::sort on CUDA: the CPU's places, at once and from a captured graph.
#include <gtest/gtest.h>

#include "tests/cuda/cuda_device.h"
#include "tests/support/sorted_places.h"

namespace innerloop {
namespace {

// Small and large sorts are different kernels of Thrust's.
TEST(CudaSort, GivesTheCpusPlacesFromAGraphToo) {
  Device cuda(kCuda), cpu({.backend = Backend::cpu, .threads = 2, .instructions = ""});
  for (const auto& [rows, count] : {std::pair{1, 1}, std::pair{3, 100}, std::pair{2, 20000}}) {
    SortedPlaces on_cuda(cuda, rows, count), on_cpu(cpu, rows, count);
    const auto total = static_cast<std::size_t>(rows * count);
    for (const std::uint32_t kinds : {5u, 1000u, 0xffffffffu}) {  // enqueued, captured, launched as a graph
      const auto keys = random_keys(total, kinds);
      EXPECT_EQ(on_cuda.sort(keys), on_cpu.sort(keys)) << rows << " rows of " << count;
    }
  }
}

}  // namespace
}  // namespace innerloop
