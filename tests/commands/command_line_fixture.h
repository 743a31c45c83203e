// A folder to run the program in, with the tiny config.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "engine/commands/commands.h"
#include "tests/commands/command_line.h"
#include "tests/support/tiny_run.h"

namespace innerloop {

class CommandLineTest : public testing::Test {
 protected:
  CommandLineTest() { write_text(path("tiny.json"), kTinyConfig); }

  std::filesystem::path path(const std::string& name) const { return folder_.path() / name; }
  Ended run(std::vector<std::string> arguments, rlim_t largest_file = RLIM_INFINITY) const {
    return CommandLine(folder_.path(), std::move(arguments), largest_file).wait();
  }
  // Trains the tiny config into the folder `name`.
  void train(std::vector<std::string> more = {}, const std::string& name = "run") const {
    std::vector<std::string> arguments = {"train", "tiny.json", "--out", name, "--threads", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Ended ended = run(arguments);
    ASSERT_EQ(ended.exit_code, kExitDone) << ended.err;
  }
  // Every file below the folder, apart from what the program printed.
  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path()))
      files[entry.path().string()] = entry.is_regular_file() ? read_text(entry.path()) : "";
    files.erase(path("out").string());
    files.erase(path("err").string());
    return files;
  }
  // The message with which the program refuses bad input, without touching anything.
  std::string refusal(std::vector<std::string> arguments) const {
    const auto before = files();
    const Ended ended = run(std::move(arguments));
    EXPECT_EQ(ended.exit_code, kExitBadInput) << ended.err;
    EXPECT_THAT(ended.err, testing::AllOf(testing::StartsWith("innerloop: "), testing::EndsWith("\n")));
    EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << ended.err;
    EXPECT_TRUE(files() == before) << "refused, but files have changed";
    return ended.err.substr(0, ended.err.find('\n'));
  }
  // What refuses a config with `replacement` in place of the tiny one's `text`.
  std::string config_refusal(const std::string& text, const std::string& replacement) const {
    std::string config = kTinyConfig;
    config.replace(config.find(text), text.size(), replacement);
    write_text(path("bad.json"), config);
    return refusal({"train", "bad.json", "--out", "run"});
  }
  // Until the run in "run" has a checkpoint of that iteration or a later one.
  void wait_for_checkpoint(std::int64_t iteration) const {
    for (int milliseconds = 0; milliseconds < 30000; ++milliseconds) {
      const auto done = list_checkpoints(path("run"));
      if (!done.empty() && done.back() >= iteration) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ADD_FAILURE() << "no checkpoint of iteration " << iteration;
  }
  std::string newest_checkpoint() const {
    return checkpoint_file(path("run"), list_checkpoints(path("run")).back()).string();
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace innerloop
