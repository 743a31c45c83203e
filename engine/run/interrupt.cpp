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

}  // namespace

void catch_interrupts() {
  interrupts = 0;
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  action.sa_flags = SA_RESTART;  // a write to a file that it falls into goes on
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return interrupts != 0; }

void release_interrupts() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

}  // namespace innerloop
