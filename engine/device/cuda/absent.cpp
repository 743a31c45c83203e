// The CUDA device in a build without the CUDA side: none answers, so that nothing else is ever called.
#include "engine/device/cuda/all_launchers.h"
#include "engine/device/cuda/backend.h"
#include "engine/device/sort.h"

namespace innerloop::cuda {
namespace {

constexpr const char* kAbsent = "this build has no CUDA side";

[[noreturn]] void refuse() { throw Error(std::string("CUDA: ") + kAbsent); }

}  // namespace

Probe probe(int) { return {.usable = false, .why = kAbsent}; }
std::shared_ptr<Stream> open_stream(int) { refuse(); }
void enter(const Stream&) { refuse(); }
int current_device() { refuse(); }
void use_device(int) { refuse(); }
void use_precision(Stream&, Precision) { refuse(); }
std::int64_t available_bytes() { refuse(); }
std::shared_ptr<void> allocate(Stream&, std::int64_t) { refuse(); }
void replay(Stream&, std::shared_ptr<Graph>&, const std::function<void()>&) { refuse(); }
std::uintptr_t number_of(const Stream&) { refuse(); }
void wait_for(Stream&, std::uintptr_t) { refuse(); }
void hold_back(Stream&, std::uintptr_t) { refuse(); }
void finish(Stream&) { refuse(); }
void mark(Stream&) { refuse(); }
std::vector<std::chrono::steady_clock::time_point> take_marks(Stream&,
                                                              std::chrono::steady_clock::time_point) {
  refuse();
}
void begin_range(const char*) { refuse(); }
void end_range() { refuse(); }
void profile(bool) { refuse(); }
void copy(Stream&, void*, const void*, std::int64_t, Direction) { refuse(); }
void multiply(Stream&, const MatrixProduct<float>&) { refuse(); }
void sort(Stream&, const RowsToSort&) { refuse(); }
const Launchers<Operations>& all_launchers() { refuse(); }

}  // namespace innerloop::cuda
