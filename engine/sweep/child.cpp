#include "engine/sweep/child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <iostream>
#include <string_view>
#include <utility>

#include "engine/error.h"
#include "engine/run/interrupt.h"

namespace innerloop {
namespace {

constexpr int kFinished = 0, kFailed = 1, kRefused = 2;

sigset_t child_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  return set;
}

void write_all(int to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(to, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

[[noreturn]] void be_child(const std::function<std::string(int)>& work, int message, pid_t parent) {
  ::setpgid(0, 0);  // Ctrl-C is the parent's, which tells its children once
  catch_interrupts();
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(kFailed);
  const sigset_t signals = child_signals();
  ::sigprocmask(SIG_UNBLOCK, &signals, nullptr);
  int code = kFinished;
  std::string text;
  try {
    text = work(message);
  } catch (const InputError& error) {
    code = kRefused;
    text = error.what();
  } catch (const std::exception& error) {
    code = kFailed;
    text = error.what();
  }
  write_all(message, text);
  ::_exit(code);
}

}  // namespace

Child::Child(const std::function<std::string()>& work) {
  start([&](int) { return work(); });
}

Child::Child(const std::vector<std::string>& arguments) {
  start([&](int message) -> std::string {
    std::string name = "innerloop";
    std::vector<std::string> own = arguments;
    std::vector<char*> argv = {name.data()};
    for (std::string& argument : own) argv.push_back(argument.data());
    argv.push_back(nullptr);
    if (::dup2(message, STDOUT_FILENO) >= 0 && ::dup2(message, STDERR_FILENO) >= 0)
      ::execv("/proc/self/exe", argv.data());
    throw RunError(std::string("sweep: wanted to start this program anew, found \"") + std::strerror(errno) +
                   "\"");
  });
}

void Child::start(const std::function<std::string(int message)>& work) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    throw RunError(std::string("sweep: wanted a pipe, found \"") + std::strerror(errno) + "\"");
  std::cout.flush();
  const pid_t parent = ::getpid();
  process_ = ::fork();
  if (process_ == 0) be_child(work, ends[1], parent);
  const int error = errno;
  ::close(ends[1]);
  message_ = ends[0];
  if (process_ < 0) {
    ::close(message_);
    throw RunError(std::string("sweep: wanted another process, found \"") + std::strerror(error) + "\"");
  }
}

Child::Child(Child&& other) noexcept
    : process_(std::exchange(other.process_, -1)), message_(std::exchange(other.message_, -1)) {}

Child& Child::operator=(Child&& other) noexcept {
  std::swap(process_, other.process_);
  std::swap(message_, other.message_);
  return *this;
}

Child::~Child() {
  if (process_ > 0) wait();
}

Child::End Child::read_end(int status) {
  std::string text;
  char part[4096];
  for (ssize_t count; (count = ::read(message_, part, sizeof part)) != 0;) {
    if (count < 0 && errno != EINTR) break;
    if (count > 0) text.append(part, static_cast<std::size_t>(count));
  }
  ::close(message_);
  process_ = message_ = -1;
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    return {End::How::killed, "signal " + std::to_string(number) + " (" + ::strsignal(number) + ")"};
  }
  constexpr std::string_view kName = "innerloop: ";
  if (text.starts_with(kName)) text.erase(0, kName.size());
  while (text.ends_with('\n')) text.pop_back();
  const int code = WEXITSTATUS(status);
  return {code == kFinished  ? End::How::finished
          : code == kRefused ? End::How::refused
                             : End::How::failed,
          text};
}

std::optional<Child::End> Child::end() {
  int status = 0;
  if (::waitpid(process_, &status, WNOHANG) != process_) return std::nullopt;
  return read_end(status);
}

Child::End Child::wait() {
  int status = 0;
  while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
  }
  return read_end(status);
}

void Child::interrupt() const { ::kill(process_, SIGTERM); }

void block_child_signals() {
  const sigset_t signals = child_signals();
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
}

void wait_for_children(int milliseconds) {
  const sigset_t signals = child_signals();
  const timespec most = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  ::sigtimedwait(&signals, nullptr, &most);
}

}  // namespace innerloop
