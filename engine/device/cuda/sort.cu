// Sorting, by Thrust.
#include "engine/device/sort.h"

#include <thrust/execution_policy.h>
#include <thrust/sequence.h>
#include <thrust/sort.h>
#include <thrust/system_error.h>

#include "engine/device/cuda/stream.h"

namespace innerloop::cuda {
namespace {

// Thrust's temporary memory: the stream's scratch memory. What follows on the stream uses it only after the sort.
class ScratchAllocator {
 public:
  using value_type = char;
  explicit ScratchAllocator(Stream& stream) : stream_(stream) {}

  char* allocate(std::ptrdiff_t bytes) {
    if (used_)
      throw Error("Thrust: wanted its temporary memory at once, found that a sort asks for it in parts");
    used_ = true;
    return static_cast<char*>(stream_.reserve(bytes));
  }
  void deallocate(char*, std::size_t) { used_ = false; }

 private:
  Stream& stream_;
  bool used_ = false;
};

}  // namespace

void sort(Stream& stream, const RowsToSort& rows) {
  try {
    ScratchAllocator scratch(stream);
    const auto policy = thrust::cuda::par_nosync(scratch).on(stream.handle);
    for (int row = 0; row < rows.rows; ++row) {
      const std::int64_t first = std::int64_t{row} * rows.count;
      std::uint32_t* const keys = rows.keys + first;
      int* const places = rows.places + first;
      thrust::sequence(policy, places, places + rows.count);
      thrust::stable_sort_by_key(policy, keys, keys + rows.count, places);
    }
  } catch (const thrust::system_error& error) {
    (void)cudaGetLastError();  // told here
    throw Error(std::string("Thrust: ") + error.what());
  }
}

}  // namespace innerloop::cuda
