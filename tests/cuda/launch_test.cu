// What is said of an operation that cannot be launched.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "engine/device/cuda/stream.h"
#include "tests/support/temporary_folder.h"

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

constexpr int kParts = 5;

// Adds up the numbers of all parts, twice.
struct AddParts {
  const int* numbers;  // [task][kParts]
  int* out = nullptr;  // [task][2]
  const int* enabled = nullptr;

  FN int parts() const { return 2; }
  template <class Team>
  FN long scratch_bytes() const {
    return 0;
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    if (team.rank() > 0) return;
    int sum = 0;
    for (int part = 0; part < kParts; ++part) sum += numbers[place.task * kParts + part];
    out[place.task * parts() + place.part] = sum + place.part;
  }
};

// The last thread writes a number of each part. `bytes` of scratch memory, which it leaves alone, decide where that is.
struct WriteParts {
  using Follower = AddParts;

  long bytes;
  int base;
  int* numbers;  // [task][kParts]
  const int* enabled = nullptr;

  FN int parts() const { return kParts; }
  template <class Team>
  FN long scratch_bytes() const {
    return bytes;
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    if (team.rank() == team.size() - 1)
      numbers[place.task * kParts + place.part] = base + 10 * place.task + place.part;
  }
};

TEST(CudaLaunch, AFailureSaysCallAndPlaceAndLeavesTheStreamUsable) {
  cuda::Stream stream;
  const int most = stream.max_shared_bytes;
  stream.max_shared_bytes = 1 << 30;  // more than any block has
  EXPECT_THAT(message_of<cuda::Error>([&] { cuda::launch(stream, Greedy{1 << 29}, 1); }),
              testing::AllOf(testing::HasSubstr("cudaFuncSetAttribute("),
                             testing::HasSubstr("engine/device/cuda/stream.h:"),
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

// What follows a task's parts sees all of them, in every launch, wherever the scratch memory is.
TEST(CudaLaunch, AFollowerComesAfterAllPartsOfItsTask) {
  cuda::Stream stream;
  for (const long bytes : {64L, stream.max_shared_bytes + 64L})
    for (const int tasks : {3, 40, 7}) {
      const auto memory = cuda::allocate(stream, tasks * (kParts + 2) * static_cast<long>(sizeof(int)));
      int *const numbers = static_cast<int*>(memory.get()), *const sums = numbers + tasks * kParts;
      for (int round = 0; round < 3; ++round) {
        cuda::launch(stream, WriteParts{bytes, round, numbers}, tasks, AddParts{numbers, sums});
        std::vector<int> out(static_cast<std::size_t>(tasks) * 2), wanted;
        for (int task = 0; task < tasks; ++task)
          for (int part = 0; part < 2; ++part)
            wanted.push_back(kParts * (round + 10 * task) + kParts * (kParts - 1) / 2 + part);
        cuda::copy(stream, out.data(), sums, tasks * 2 * static_cast<long>(sizeof(int)),
                   cuda::Direction::to_host);
        EXPECT_EQ(out, wanted) << tasks << " tasks, round " << round;
      }
    }
  EXPECT_EQ(stream.counters.size(), 2u);  // for 3 and for 40 tasks; both stay, since graphs may hold them
}

}  // namespace
}  // namespace innerloop
