// The CUDA device as the engine sees it: no CUDA header needed.
//
// Every CUDA call is checked; a failure is thrown as cuda::Error with the call, its place and what CUDA says.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/options/choices.h"

namespace innerloop {

template <class T>
struct MatrixProduct;

namespace cuda {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Probe {
  bool usable = false;
  int devices = 0;                // that answer
  std::string name = {};          // of the device
  std::string why = {};           // why it is not usable
  bool has_tensor_cores = false;  // for TF32 and bfloat16: compute capability 8.0
};
/// What CUDA says of a device. Where it has no device of that number, the device is not usable.
Probe probe(int device);

/// A CUDA stream, and scratch memory for operations whose scratch does not fit into shared memory.
struct Stream;
std::shared_ptr<Stream> open_stream(int device);
/// From now on the calling thread works on the stream's device. To be called before all that follows.
void enter(const Stream& stream);
/// The device that the calling thread works on.
int current_device();
void use_device(int device);

/// How matrices are multiplied by what is enqueued from now on. @pre the device has tensor cores, or it is float32.
void use_precision(Stream& stream, Precision precision);

/// Bytes free on the device.
std::int64_t available_bytes();
/// Device memory, all 0.
std::shared_ptr<void> allocate(Stream& stream, std::int64_t bytes);

/// What `enqueue` enqueues, the same each time: done at the first call, captured as `graph` at the second, and from
/// then on launched as that. The first call also brings what a capture can't: scratch memory, kernels loaded.
struct Graph;
void replay(Stream& stream, std::shared_ptr<Graph>& graph, const std::function<void()>& enqueue);

/// Streams as numbers: a cudaStream_t, or 1 for CUDA's legacy default stream and 2 for the calling thread's.
std::uintptr_t number_of(const Stream& stream);
/// What is enqueued on the stream from now on begins after what has been enqueued on `other` so far.
void wait_for(Stream& stream, std::uintptr_t other);
/// What is enqueued on `other` from now on begins after what has been enqueued on the stream so far.
void hold_back(Stream& stream, std::uintptr_t other);

/// Waits for the stream, and throws what went wrong on it.
void finish(Stream& stream);

/// Remembers when the stream comes to this point.
void mark(Stream& stream);
/// The points since the last take_marks(), on the host's clock, where the last of them is at `now`; all have been passed.
std::vector<std::chrono::steady_clock::time_point> take_marks(Stream& stream,
                                                              std::chrono::steady_clock::time_point now);

/// Ranges of NVTX, which profilers show over what the host enqueues, and whether they look on.
void begin_range(const char* name);
void end_range();
void profile(bool on);

enum class Direction { to_host, to_device, on_device };
/// In order with the stream's operations; returns when host memory may be used again.
void copy(Stream& stream, void* to, const void* from, std::int64_t bytes, Direction direction);

/// Enqueues a product, done by cuBLAS in the stream's precision.
void multiply(Stream& stream, const MatrixProduct<float>& product);

}  // namespace cuda
}  // namespace innerloop
