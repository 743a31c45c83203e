// The test of the race tests: with a sync taken out of a kernel, ThreadSanitizer reports a race.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>

#include "tests/support/operation_cases.h"
#include "tests/teams/fiber_crew.h"
#include "tests/teams/kernel_sets.h"

namespace innerloop {
namespace {

// Whether ThreadSanitizer reports a race when `operation` runs without the sync at `site`. In a process of its own,
// which ends with the first report.
[[maybe_unused]] bool races_without(const std::string& site, const OperationCase& operation) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    FiberCrew crew(8);
    crew.skip(site);
    operation.run(lane_kernels(crew));
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 66;
}

// Takes out each sync that an operation meets, one at a time. Those whose loss nobody notices are redundant, beside
// another sync; but each operation has some that are not, if it has any.
[[maybe_unused]] void expect_races_in_each_family() {
  std::map<std::string, std::set<std::string>> met, needed;  // by family
  for (const OperationCase& operation : operation_cases(CaseSize::small)) {
    FiberCrew crew(8);
    operation.run(lane_kernels(crew));
    for (const std::string& site : crew.sites()) {
      met[operation.family].insert(site);
      if (!needed[operation.family].contains(site) && races_without(site, operation))
        needed[operation.family].insert(site);
    }
  }
  // These sync for what a caller does afterwards, alone: for a use of the heads, and for the launcher's look at `enabled`.
  const std::set<std::string> for_what_follows{"LoadHeads", "LineSearchDecision"};
  bool good = true;
  for (const auto& [family, sites] : met)
    for (const std::string& site : sites)
      if (!needed[family].contains(site)) std::printf("%s: redundant: %s\n", family.c_str(), site.c_str());
  std::fflush(stdout);
  for (const auto& [family, sites] : met)
    if (needed[family].empty() && !for_what_follows.contains(family)) {
      std::printf("%s: wanted a race without one of its syncs, found none\n", family.c_str());
      good = false;
    }
  std::fflush(stdout);
  std::_Exit(good ? 0 : 1);
}

TEST(MissingSync, IsReportedInEachKernelFamily) {
#if defined(__SANITIZE_THREAD__)
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  setenv("TSAN_OPTIONS", "halt_on_error=1:exitcode=66:symbolize=0", 1);
  EXPECT_EXIT(expect_races_in_each_family(), testing::ExitedWithCode(0), "");
#else
  GTEST_SKIP() << "needs a build with ThreadSanitizer";
#endif
}

}  // namespace
}  // namespace innerloop
