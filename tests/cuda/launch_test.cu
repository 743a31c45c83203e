// What is said of an operation that cannot be launched.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/cuda/stream.h"
#include "tests/temporary_folder.h"

namespace innerloop {
namespace {

// Asks for scratch memory, and writes to all of it.
struct Greedy {
  long bytes;
  const int* enabled = nullptr;

  FN int parts() const { return 1; }
  template <class Team>
  FN long scratch_bytes() const {
    return bytes;
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place&, Scratch scratch) const {
    char* memory = scratch.take<char>(bytes);
    for (long i = team.rank(); i < bytes; i += team.size()) memory[i] = 1;
  }
};

TEST(CudaLaunch, AFailureSaysCallAndPlaceAndLeavesTheStreamUsable) {
  cuda::Stream stream;
  const int most = stream.max_shared_bytes;
  stream.max_shared_bytes = 1 << 30;  // more than any block has
  EXPECT_THAT(message_of<cuda::Error>([&] { cuda::launch(stream, Greedy{1 << 29}, 1); }),
              testing::AllOf(testing::HasSubstr("cudaFuncSetAttribute("),
                             testing::HasSubstr("kernels/cuda/stream.h:"),
                             testing::HasSubstr("cudaErrorInvalidValue")));
  stream.max_shared_bytes = most;
  cuda::launch(stream, Greedy{most}, 3);
  cuda::launch(stream, Greedy{most + 64}, 3);  // in device memory
  cuda::finish(stream);
}

}  // namespace
}  // namespace innerloop
