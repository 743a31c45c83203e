// The CUDA device as the engine sees it: no CUDA header needed. Every call is checked; failures throw RunError-like
// messages through cuda::Error, with the call and its place.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

namespace innerloop::cuda {

struct Stream;  // a CUDA stream, and scratch memory for operations that do not fit into shared memory

struct Probe {
  bool usable;
  std::string name;  // of the device
  std::string why;   // why it is not usable
};

/// What CUDA says of device 0.
Probe probe();
std::shared_ptr<Stream> open_stream();
std::int64_t available_bytes();
std::shared_ptr<void> allocate(std::int64_t bytes);

/// Enqueues `op` for tasks × op.parts() blocks. Instantiated in kernels/cuda/ for all operations.
template <class Op>
void launch(Stream& stream, const Op& op, int tasks);

/// Waits, and reports what went wrong since the last call.
void finish(Stream& stream);

enum class Direction { to_host, to_device, on_device };
void copy(Stream& stream, void* to, const void* from, std::int64_t bytes, Direction direction);

}  // namespace innerloop::cuda
