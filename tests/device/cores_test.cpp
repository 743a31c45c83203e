// Cores by the affinity mask and by control groups, whose files are made up here.
#include "engine/device/cores.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <limits>

#include "engine/device/host_memory.h"
#include "engine/device/thread_pool.h"
#include "tests/support/temporary_folder.h"

namespace innerloop {
namespace {

class CgroupTest : public testing::Test {
 protected:
  // Writes `text` into `name` below the test's folder.
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = folder.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path;
  }
  double cores(const std::string& membership) const {
    return cgroup_cores(write("membership", membership), folder.path() / "mount");
  }

  TemporaryFolder folder;
};

TEST_F(CgroupTest, WithoutFilesThereIsNoLimit) {
  EXPECT_EQ(cgroup_cores(folder.path() / "none", folder.path() / "none"), INFINITY);
  EXPECT_EQ(cores("0::/\n"), INFINITY);
  EXPECT_EQ(cores("nonsense\n"), INFINITY);
}

TEST_F(CgroupTest, ReadsTheQuotaOfVersion2) {
  write("mount/jobs/cpu.max", "max 100000\n");
  write("mount/jobs/mine/cpu.max", "250000 100000\n");
  EXPECT_EQ(cores("0::/jobs\n"), INFINITY);
  EXPECT_EQ(cores("0::/jobs/mine\n"), 2.5);
}

TEST_F(CgroupTest, AGroupAroundItMayAllowLess) {
  write("mount/jobs/cpu.max", "150000 100000\n");
  write("mount/jobs/mine/cpu.max", "400000 100000\n");
  EXPECT_EQ(cores("0::/jobs/mine\n"), 1.5);
}

TEST_F(CgroupTest, InsideAContainerTheRootCounts) {
  write("mount/cpu.max", "300000 100000\n");
  EXPECT_EQ(cores("0::/docker/0123abcd\n"), 3);
  EXPECT_EQ(cores("0::/\n"), 3);
}

TEST_F(CgroupTest, ReadsTheQuotaOfVersion1) {
  write("mount/cpu,cpuacct/jobs/cpu.cfs_quota_us", "50000\n");
  write("mount/cpu,cpuacct/jobs/cpu.cfs_period_us", "100000\n");
  write("mount/cpuset/jobs/cpu.cfs_quota_us", "1\n");  // of another controller
  write("mount/cpuset/jobs/cpu.cfs_period_us", "1000000\n");
  EXPECT_EQ(cores("5:cpuset:/jobs\n3:cpu,cpuacct:/jobs\n0::/jobs\n"), 0.5);
  write("mount/cpu,cpuacct/jobs/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(cores("3:cpu,cpuacct:/jobs\n"), INFINITY);
}

TEST_F(CgroupTest, ReadsTheMemoryThatVersion2Leaves) {
  const auto bytes = [&](const std::string& membership) {
    return cgroup_bytes(write("membership", membership), folder.path() / "mount");
  };
  EXPECT_EQ(bytes("0::/jobs/mine\n"), INT64_MAX);
  write("mount/jobs/mine/memory.max", "max\n");
  EXPECT_EQ(bytes("0::/jobs/mine\n"), INT64_MAX);
  write("mount/jobs/memory.max", "1000\n");
  write("mount/jobs/memory.current", "400\n");
  write("mount/jobs/memory.stat", "anon 300\ninactive_file 50\nactive_file 50\n");
  EXPECT_EQ(bytes("0::/jobs/mine\n"), 650);  // a group around it may allow less
  write("mount/jobs/memory.current", "1200\n");
  EXPECT_EQ(bytes("0::/jobs/mine\n"), 0);
}

TEST_F(CgroupTest, ReadsTheMemoryThatVersion1Leaves) {
  write("mount/memory/jobs/memory.limit_in_bytes", "1000\n");
  write("mount/memory/jobs/memory.usage_in_bytes", "500\n");
  write("mount/memory/jobs/memory.stat", "inactive_file 1\ntotal_inactive_file 100\n");
  EXPECT_EQ(cgroup_bytes(write("membership", "7:memory:/jobs\n0::/\n"), folder.path() / "mount"), 600);
}

TEST(HostMemory, IsNoMoreThanTheLimitOfTheAddressSpaceLeaves) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_AS, &before), 0);
  const std::int64_t free = host_available_bytes();
  std::int64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const rlim_t taken = static_cast<rlim_t>(pages) * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
  const rlimit limit{taken + (64 << 20), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_AS, &limit), 0);
  const std::int64_t least = host_available_bytes();
  ::setrlimit(RLIMIT_AS, &before);
  EXPECT_GT(free, 64 << 20);
  EXPECT_LE(least, 64 << 20);
}

TEST(UsableCores, APartOfACoreIsOneToUseAndNoneToSpinOn) {
  EXPECT_TRUE(are_cores_free(1, 1));
  EXPECT_FALSE(are_cores_free(1, 0.5));
  EXPECT_FALSE(are_cores_free(2, 1.5));
  EXPECT_EQ(usable_cores(0.5), 1);
  EXPECT_EQ(usable_cores(1.5), std::min(2, usable_cores()));
  constexpr double kNone = std::numeric_limits<double>::infinity();
  EXPECT_FALSE(are_cores_free(1 << 20, kNone));
}

TEST(UsableCores, AreThoseOfTheAffinityMask) {
  cpu_set_t before, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  EXPECT_LE(usable_cores(), CPU_COUNT(&before));
  EXPECT_GE(usable_cores(), 1);
  EXPECT_LE(usable_cores(), std::ceil(cgroup_cores()));
  CPU_ZERO(&one);
  for (int core = 0; CPU_COUNT(&one) == 0; ++core)
    if (CPU_ISSET(core, &before)) CPU_SET(core, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  EXPECT_EQ(usable_cores(), 1);
  EXPECT_FALSE(are_cores_free(2));
  EXPECT_EQ(threads_or_cores(0), 1);
  EXPECT_EQ(threads_or_cores(5), 5);
  ASSERT_EQ(sched_setaffinity(0, sizeof(before), &before), 0);
}

}  // namespace
}  // namespace innerloop
