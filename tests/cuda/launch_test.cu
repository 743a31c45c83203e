// What is said of an operation that cannot be launched.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "kernels/cuda/stream.h"
#include "tests/temporary_folder.h"

namespace innerloop {
namespace {

// Each task brings its number through scratch memory, where another thread picks it up.
struct ThroughScratch {
  long bytes;
  int* out;  // [task]
  const int* enabled = nullptr;

  FN int parts() const { return 1; }
  template <class Team>
  FN long scratch_bytes() const {
    return bytes;
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const {
    int* memory = scratch.take<int>(bytes / static_cast<long>(sizeof(int)));
    if (team.rank() == 0) memory[0] = place.task + 1;
    team.sync();
    if (team.rank() == team.size() - 1) out[place.task] = memory[0];
  }
};

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

// Blocks with scratch in device memory are no more than run at once; each works through several tasks.
TEST(CudaLaunch, ScratchInDeviceMemoryIsForTheBlocksThatRunAtOnce) {
  cuda::Stream stream;
  stream.multiprocessors = 1;
  constexpr int kTasks = 200;
  const auto memory = cuda::allocate(stream, kTasks * sizeof(int));
  const long bytes = stream.max_shared_bytes + 64;
  cuda::launch(stream, ThroughScratch{bytes, static_cast<int*>(memory.get())}, kTasks);
  std::vector<int> out(kTasks), wanted(kTasks);
  std::iota(wanted.begin(), wanted.end(), 1);
  cuda::copy(stream, out.data(), memory.get(), kTasks * sizeof(int), cuda::Direction::to_host);
  EXPECT_EQ(out, wanted);
  EXPECT_LT(stream.scratch_bytes, kTasks * bytes / 2);
}

}  // namespace
}  // namespace innerloop
