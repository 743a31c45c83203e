// The two ways a command can fail. Messages say what, where, wanted and found:
//   configs/x.json: /algorithm/inner_lr: wanted a number above 0, found "0.1" (string)
#pragma once

#include <stdexcept>

namespace innerloop {

/// What the user handed in cannot be used: command line, config or file. Exit code 2.
struct InputError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The input was good, the run failed: disk full, device lost, gradient not finite. Exit code 1.
struct RunError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace innerloop
