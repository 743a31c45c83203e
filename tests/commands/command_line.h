#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/paths.h"
#include "tests/support/temporary_folder.h"

namespace innerloop {

// How a process ended and what it printed.
struct Ended {
  int exit_code = -1;  // -1: killed by a signal
  int killed_by = 0;
  std::string out, err;
};

// `innerloop ARGUMENTS` in a process of its own, in the folder `folder`, where "out" and "err" take what it prints.
class CommandLine {
 public:
  // No file it writes can grow beyond `largest_file` bytes: a full disk, for it.
  CommandLine(const std::filesystem::path& folder, std::vector<std::string> arguments,
              rlim_t largest_file = RLIM_INFINITY)
      : folder_(folder) {
    arguments.insert(arguments.begin(), binary_folder() / "innerloop");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    process_ = ::fork();
    if (process_ != 0) return;
    const bool ready =
        ::chdir(folder.c_str()) == 0 && redirect("out", STDOUT_FILENO) && redirect("err", STDERR_FILENO);
    const rlimit limit{largest_file, largest_file};
    if (ready && (largest_file == RLIM_INFINITY || ::setrlimit(RLIMIT_FSIZE, &limit) == 0))
      ::execv(argv[0], argv.data());
    ::_exit(126);
  }
  ~CommandLine() {
    if (process_ > 0) {
      ::kill(process_, SIGKILL);
      wait();
    }
  }
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  void signal(int number) const { ::kill(process_, number); }
  pid_t process() const { return process_; }

  Ended wait() {
    int status = 0;
    ::waitpid(process_, &status, 0);
    process_ = -1;
    Ended ended;
    if (WIFEXITED(status)) ended.exit_code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) ended.killed_by = WTERMSIG(status);
    ended.out = read_text(folder_ / "out");
    ended.err = read_text(folder_ / "err");
    return ended;
  }

 private:
  static bool redirect(const char* file, int descriptor) {
    const int opened = ::open(file, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    return opened >= 0 && ::dup2(opened, descriptor) == descriptor;
  }

  std::filesystem::path folder_;
  pid_t process_;
};

}  // namespace innerloop
