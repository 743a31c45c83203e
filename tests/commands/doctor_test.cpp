// `innerloop doctor` tells what there is, and fails at nothing that is missing.
#include <cstdlib>

#include "engine/device/cores.h"
#include "engine/run/build_info.h"
#include "engine/run/machine_info.h"
#include "tests/commands/command_line_fixture.h"

namespace innerloop {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

class DoctorTest : public CommandLineTest {
 protected:
  // What the program, started by a shell with this before it, tells of the subject.
  std::string told(const std::string& subject, const std::string& before = "") const {
    const std::string command = "cd '" + path(".").string() + "' && " + before + " '" +
                                (binary_folder() / "innerloop").string() + "' doctor >out 2>err";
    EXPECT_EQ(std::system(command.c_str()), 0) << read_text(path("err"));
    EXPECT_EQ(read_text(path("err")), "");
    const std::string text = "\n" + read_text(path("out"));
    const std::size_t at = text.find("\n" + subject + "  ");
    if (at == text.npos) return "nothing of it";
    return text.substr(at + 1, text.find('\n', at + 1) - at - 1);
  }
};

TEST_F(DoctorTest, TellsOfTheBuildAndTheMachine) {
  EXPECT_THAT(told("innerloop"), HasSubstr(std::string(version()) + ", commit " + build_commit()));
  EXPECT_THAT(told("processor"), HasSubstr(processor_name()));
  EXPECT_THAT(told("cores"), HasSubstr("innerloop uses " + std::to_string(usable_cores())));
  EXPECT_THAT(told("kernels for"), HasSubstr("portable"));
  EXPECT_THAT(told("memory"), ContainsRegex("[0-9.]+ [GM]iB free for innerloop"));
  EXPECT_THAT(told("disk"), HasSubstr(path(".").parent_path().string()));
  EXPECT_THAT(told("train uses"), ContainsRegex("cpu \\(|cuda \\("));
  for (const char* subject : {"system", "limits", "NVIDIA driver", "CUDA runtime", "cuBLAS", "Python"})
    EXPECT_NE(told(subject), "nothing of it") << subject;
}

TEST_F(DoctorTest, HeedsWhatTheProcessMay) {
  EXPECT_THAT(told("limits", "ulimit -n 123; ulimit -f 2048;"),
              HasSubstr("size of a file 1.0 MiB, open files 123"));
  EXPECT_THAT(told("variables", "CUDA_VISIBLE_DEVICES=none"), HasSubstr("CUDA_VISIBLE_DEVICES=none"));
  EXPECT_THAT(told("cores", "taskset -c 0"), HasSubstr("1 in the affinity mask"));
}

TEST_F(DoctorTest, WhatIsMissingIsTold) {
  EXPECT_THAT(told("Python", "PATH=/nowhere"), HasSubstr("no python3 that answers"));
}

}  // namespace
}  // namespace innerloop
