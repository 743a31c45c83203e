#include "engine/device/cuda/stream.h"

#include <cuda_profiler_api.h>
#include <nvtx3/nvToolsExt.h>

namespace innerloop::cuda {

void check(cudaError_t status, const char* call, const char* file, int line) {
  if (status == cudaSuccess) return;
  (void)cudaGetLastError();  // told here: the next launch is not to report it once more
  throw Error("CUDA: " + std::string(call) + " at " + file + ":" + std::to_string(line) + ": " +
              cudaGetErrorName(status) + " (" + cudaGetErrorString(status) + ")");
}

Probe probe(int device) {
  int count = 0;
  if (const cudaError_t status = cudaGetDeviceCount(&count); status != cudaSuccess) {
    (void)cudaGetLastError();
    return {.usable = false,
            .why = std::string("no CUDA device answers (") + cudaGetErrorString(status) + ")"};
  }
  if (count == 0) return {.usable = false, .why = "no CUDA device answers"};
  if (device >= count) return {.usable = false, .devices = count};
  cudaDeviceProp properties{};
  INNERLOOP_CUDA_CHECK(cudaGetDeviceProperties(&properties, device));
  return {
      .usable = true, .devices = count, .name = properties.name, .has_tensor_cores = properties.major >= 8};
}

namespace {

void* device_memory(std::int64_t bytes) {
  void* memory = nullptr;
  const cudaError_t status = cudaMalloc(&memory, static_cast<std::size_t>(bytes));
  if (status == cudaErrorMemoryAllocation) {
    (void)cudaGetLastError();
    throw Error("CUDA: wanted " + std::to_string(bytes) + " bytes of device memory, found " +
                std::to_string(available_bytes()) + " free");
  }
  check(status, "cudaMalloc", __FILE__, __LINE__);
  return memory;
}

}  // namespace

Stream::Stream(int device) : device(device) {
  enter(*this);
  INNERLOOP_CUDA_CHECK(cudaStreamCreateWithFlags(&handle, cudaStreamNonBlocking));
  INNERLOOP_CUDA_CHECK(cudaEventCreateWithFlags(&theirs, cudaEventDisableTiming));
  INNERLOOP_CUDA_CHECK(cudaEventCreateWithFlags(&ours, cudaEventDisableTiming));
  INNERLOOP_CUDA_CHECK(
      cudaDeviceGetAttribute(&max_shared_bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device));
  INNERLOOP_CUDA_CHECK(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device));
}

Stream::~Stream() {
  // Nothing can be told from here; what failed was reported where it happened.
  (void)cudaStreamSynchronize(handle);
  products = nullptr;  // before the stream that it works on
  (void)cudaFree(scratch);
  for (int* each : counters) (void)cudaFree(each);
  for (cudaEvent_t each : marks) (void)cudaEventDestroy(each);
  (void)cudaEventDestroy(theirs);
  (void)cudaEventDestroy(ours);
  (void)cudaStreamDestroy(handle);
}

void* Stream::reserve(std::int64_t bytes) {
  if (bytes <= scratch_bytes) return scratch;
  INNERLOOP_CUDA_CHECK(cudaStreamSynchronize(handle));
  INNERLOOP_CUDA_CHECK(cudaFree(scratch));
  scratch = nullptr;
  scratch_bytes = 0;
  scratch = device_memory(bytes);
  scratch_bytes = bytes;
  return scratch;
}

int* Stream::counters_of(int tasks) {
  if (tasks > counted_tasks) {
    const std::int64_t bytes = std::int64_t{tasks} * static_cast<std::int64_t>(sizeof(int));
    counters.push_back(static_cast<int*>(device_memory(bytes)));
    INNERLOOP_CUDA_CHECK(cudaMemsetAsync(counters.back(), 0, static_cast<std::size_t>(bytes), handle));
    counted_tasks = tasks;
  }
  return counters.back();
}

std::shared_ptr<Stream> open_stream(int device) { return std::make_shared<Stream>(device); }

void enter(const Stream& stream) { INNERLOOP_CUDA_CHECK(cudaSetDevice(stream.device)); }

int current_device() {
  int device = 0;
  INNERLOOP_CUDA_CHECK(cudaGetDevice(&device));
  return device;
}

// It is given back what it had: what fails here fails again where it works on.
void use_device(int device) { (void)cudaSetDevice(device); }

void use_precision(Stream& stream, Precision precision) { stream.precision = precision; }

std::int64_t available_bytes() {
  std::size_t free = 0, total = 0;
  INNERLOOP_CUDA_CHECK(cudaMemGetInfo(&free, &total));
  return static_cast<std::int64_t>(free);
}

std::shared_ptr<void> allocate(Stream& stream, std::int64_t bytes) {
  std::shared_ptr<void> memory(device_memory(bytes), [](void* p) { (void)cudaFree(p); });
  INNERLOOP_CUDA_CHECK(cudaMemsetAsync(memory.get(), 0, static_cast<std::size_t>(bytes), stream.handle));
  return memory;
}

struct Graph {
  cudaGraphExec_t executable = nullptr;
  const void* scratch = nullptr;  // the stream's when it was captured: its address is in the graph

  Graph() = default;
  ~Graph() { reset(); }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  void reset() {
    if (executable != nullptr) (void)cudaGraphExecDestroy(executable);
    executable = nullptr;
  }
};

namespace {
void capture(Stream& stream, Graph& graph, const std::function<void()>& enqueue) {
  graph.reset();
  cudaGraph_t captured = nullptr;
  INNERLOOP_CUDA_CHECK(cudaStreamBeginCapture(stream.handle, cudaStreamCaptureModeThreadLocal));
  try {
    enqueue();
  } catch (...) {
    (void)cudaStreamEndCapture(stream.handle, &captured);  // the error that is under way counts
    (void)cudaGraphDestroy(captured);
    throw;
  }
  INNERLOOP_CUDA_CHECK(cudaStreamEndCapture(stream.handle, &captured));
  const cudaError_t status = cudaGraphInstantiate(&graph.executable, captured, 0);
  (void)cudaGraphDestroy(captured);
  check(status, "cudaGraphInstantiate", __FILE__, __LINE__);
  graph.scratch = stream.scratch;
}
}  // namespace

void replay(Stream& stream, std::shared_ptr<Graph>& graph, const std::function<void()>& enqueue) {
  if (graph == nullptr) {
    graph = std::make_shared<Graph>();
    return enqueue();
  }
  if (graph->executable == nullptr || graph->scratch != stream.scratch) capture(stream, *graph, enqueue);
  INNERLOOP_CUDA_CHECK(cudaGraphLaunch(graph->executable, stream.handle));
}

std::uintptr_t number_of(const Stream& stream) { return reinterpret_cast<std::uintptr_t>(stream.handle); }

// An event counts as it stands when a stream is told to wait for it, so that it can be recorded anew at once.
void wait_for(Stream& stream, std::uintptr_t other) {
  INNERLOOP_CUDA_CHECK(cudaEventRecord(stream.theirs, reinterpret_cast<cudaStream_t>(other)));
  INNERLOOP_CUDA_CHECK(cudaStreamWaitEvent(stream.handle, stream.theirs, 0));
}

void hold_back(Stream& stream, std::uintptr_t other) {
  INNERLOOP_CUDA_CHECK(cudaEventRecord(stream.ours, stream.handle));
  INNERLOOP_CUDA_CHECK(cudaStreamWaitEvent(reinterpret_cast<cudaStream_t>(other), stream.ours, 0));
}

void mark(Stream& stream) {
  if (stream.marked == stream.marks.size()) {
    stream.marks.emplace_back();
    INNERLOOP_CUDA_CHECK(cudaEventCreate(&stream.marks.back()));
  }
  INNERLOOP_CUDA_CHECK(cudaEventRecord(stream.marks[stream.marked++], stream.handle));
}

std::vector<std::chrono::steady_clock::time_point> take_marks(Stream& stream,
                                                              std::chrono::steady_clock::time_point now) {
  std::vector<std::chrono::steady_clock::time_point> times;
  for (std::size_t i = 0; i < stream.marked; ++i) {
    float milliseconds = 0;
    INNERLOOP_CUDA_CHECK(
        cudaEventElapsedTime(&milliseconds, stream.marks[i], stream.marks[stream.marked - 1]));
    times.push_back(now - std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                              std::chrono::duration<float, std::milli>(milliseconds)));
  }
  stream.marked = 0;
  return times;
}

void begin_range(const char* name) { (void)nvtxRangePushA(name); }
void end_range() { (void)nvtxRangePop(); }
void profile(bool on) {
  if (on)
    INNERLOOP_CUDA_CHECK(cudaProfilerStart());
  else
    INNERLOOP_CUDA_CHECK(cudaProfilerStop());
}

void finish(Stream& stream) { INNERLOOP_CUDA_CHECK(cudaStreamSynchronize(stream.handle)); }

void copy(Stream& stream, void* to, const void* from, std::int64_t bytes, Direction direction) {
  const cudaMemcpyKind kinds[] = {cudaMemcpyDeviceToHost, cudaMemcpyHostToDevice, cudaMemcpyDeviceToDevice};
  INNERLOOP_CUDA_CHECK(cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes),
                                       kinds[static_cast<int>(direction)], stream.handle));
  if (direction != Direction::on_device) finish(stream);
}

}  // namespace innerloop::cuda
