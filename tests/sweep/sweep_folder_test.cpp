#include "engine/sweep/sweep_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>

#include "engine/error.h"
#include "tests/support/temporary_folder.h"

namespace innerloop {
namespace {

using testing::HasSubstr;

Sweep four_iterations(const std::string& rest) {
  return parse_sweep(R"({"config": {"iterations": 4}, )" + rest + "}", "s.json");
}

std::string refusal(const std::filesystem::path& path, const Sweep& sweep, bool resume) {
  try {
    open_sweep_folder(path, sweep, Points(sweep), resume);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(SweepFolderTest, ASweepMayBecomeLongerOrShorterButNotAnother) {
  const TemporaryFolder temporary;
  const auto path = temporary.path() / "sweeps" / "s";
  const Sweep two = four_iterations(R"("random": {"outer.lr": {"uniform": [0, 1]}}, "samples": 2)"),
              four = four_iterations(R"("random": {"outer.lr": {"uniform": [0, 1]}}, "samples": 4)"),
              other = four_iterations(R"("random": {"outer.lr": {"uniform": [0, 2]}}, "samples": 2)");
  EXPECT_EQ(refusal(path, two, true), "") << "--resume begins where there is nothing yet";
  EXPECT_THAT(refusal(path, two, false), HasSubstr("found one (--resume goes on with it)"));
  const std::string points = read_text(path / "points.jsonl");
  EXPECT_EQ(refusal(path, four, true), "");
  EXPECT_THAT(read_text(path / "points.jsonl"), testing::StartsWith(points));
  EXPECT_GT(read_text(path / "points.jsonl").size(), points.size());
  const std::string longer = read_text(path / "points.jsonl");
  EXPECT_EQ(refusal(path, two, true), "");
  EXPECT_EQ(read_text(path / "points.jsonl"), longer) << "those that there were are kept";
  EXPECT_THAT(refusal(path, other, true),
              HasSubstr("wanted a folder of this very sweep, found one of another"));
  EXPECT_EQ(read_text(path / "points.jsonl"), longer);
}

TEST(SweepFolderTest, OutcomesAreReadBack) {
  const TemporaryFolder temporary;
  const RunFolder run = SweepFolder{temporary.path()}.run(12, 3);
  EXPECT_EQ(run.path.filename(), "0012-s3");
  EXPECT_FALSE(read_outcome(run));
  RunOutcome outcome{RunOutcome::Status::diverged, 7, "a \"message\"", {{5, -1.25}, {7, NAN}}};
  write_outcome(run, outcome);
  const auto found = read_outcome(run);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->status, RunOutcome::Status::diverged);
  EXPECT_EQ(found->iteration, 7);
  EXPECT_EQ(found->message, outcome.message);
  ASSERT_EQ(found->stops.size(), 2u);
  EXPECT_EQ(found->stops[0].metric, -1.25);
  EXPECT_TRUE(std::isnan(found->stops[1].metric));
  EXPECT_TRUE(found->is_over(100)) << "what diverged has no more to do";
  outcome.status = RunOutcome::Status::done;
  EXPECT_TRUE(outcome.is_over(7));
  EXPECT_FALSE(outcome.is_over(8));
  write_text(run.path / "outcome.json", R"({"status": "well"})");
  EXPECT_THROW(read_outcome(run), InputError);
}

TEST(SweepFolderTest, OneProcessHasARunAtATime) {
  const TemporaryFolder temporary;
  const SweepFolder folder{temporary.path()};
  int to_parent[2], to_child[2];
  ASSERT_EQ(::pipe(to_parent) + ::pipe(to_child), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto claim = RunClaim::take(folder, 5);
    char byte = claim ? '1' : '0';
    if (::write(to_parent[1], &byte, 1) != 1 || ::read(to_child[0], &byte, 1) != 1) ::_exit(1);
    ::_exit(0);  // which frees the run, like any other end
  }
  char byte = 0;
  ASSERT_EQ(::read(to_parent[0], &byte, 1), 1);
  EXPECT_EQ(byte, '1');
  EXPECT_TRUE(RunClaim::is_taken(folder, 5));
  EXPECT_FALSE(RunClaim::take(folder, 5));
  EXPECT_FALSE(RunClaim::is_taken(folder, 4));
  EXPECT_TRUE(RunClaim::take(folder, 6));
  ASSERT_EQ(::write(to_child[1], "x", 1), 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_FALSE(RunClaim::is_taken(folder, 5));
  const auto ours = RunClaim::take(folder, 5);
  EXPECT_TRUE(ours);
  EXPECT_FALSE(RunClaim::take(folder, 5)) << "not even within one process";
  for (const int end : {to_parent[0], to_parent[1], to_child[0], to_child[1]}) ::close(end);
}

}  // namespace
}  // namespace innerloop
