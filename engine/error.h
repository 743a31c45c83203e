#pragma once

#include <stdexcept>

namespace innerloop {

// Bad input: the command line, a config, a file. The program ends with exit code 2.
struct InputError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The run failed: a full disk, a device error, a NaN in a gradient. The program ends with exit code 1.
struct RunError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace innerloop
