#include "engine/run/interrupt.h"

#include <csignal>

namespace innerloop {
namespace {

volatile std::sig_atomic_t interrupts = 0;

extern "C" void on_interrupt(int signal_number) {
  if (interrupts != 0) {
    // Dies of the signal itself, which is how the shell learns about it, as soon as this handler returns.
    std::signal(signal_number, SIG_DFL);
    std::raise(signal_number);
  }
  interrupts = 1;
}

// A terminal that closes sends SIGHUP twice, the kernel to its foreground and the shell to its jobs: none of them is
// "the second".
extern "C" void on_hangup(int) { interrupts = 1; }

// What was ignored when the process began (nohup) stays ignored.
void set_hangup(void (*handler)(int)) {
  struct sigaction now {};
  sigaction(SIGHUP, nullptr, &now);
  if (now.sa_handler == SIG_IGN) return;
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGHUP, &action, nullptr);
}

}  // namespace

void catch_interrupts() {
  interrupts = 0;
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  action.sa_flags = SA_RESTART;  // a write to a file that it falls into goes on
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  set_hangup(on_hangup);
}

bool interrupted() { return interrupts != 0; }

void release_interrupts() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  set_hangup(SIG_DFL);
}

}  // namespace innerloop
