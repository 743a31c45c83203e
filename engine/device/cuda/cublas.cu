#include "engine/device/cuda/cublas.h"

#include <dlfcn.h>

#include "engine/device/cuda/backend.h"

namespace innerloop::cuda {
namespace {

constexpr int kMajor = CUBLAS_VER_MAJOR;

[[noreturn]] void refuse(const std::string& file, const char* found) {
  const std::string major = std::to_string(kMajor);
  throw Error("cuBLAS: wanted " + file +
              ", which multiplies for memories of more than 256 units on a GPU, found " +
              (found == nullptr ? "none" : found) + "; install cuBLAS of CUDA " + major +
              ", as apt-get's libcublas-" + major + "-0 or newer or pip's nvidia-cublas" +
              (kMajor < 13 ? "-cu" + major : "") +
              " has it, and name its folder in LD_LIBRARY_PATH where it is none of the system's");
}

// The function of that name, of the type that is wanted.
template <class Function>
void find(void* library, const std::string& file, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (function == nullptr) refuse(file, dlerror());
}

}  // namespace

std::string cublas_file() { return "libcublas.so." + std::to_string(kMajor); }

// The library stays loaded: the CUDA runtime holds what it has registered until the process ends.
Cublas::Cublas(const std::string& file) {
  void* const library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) refuse(file, dlerror());
  find(library, file, "cublasCreate_v2", create);
  find(library, file, "cublasDestroy_v2", destroy);
  find(library, file, "cublasSetStream_v2", set_stream);
  find(library, file, "cublasSetWorkspace_v2", set_workspace);
  find(library, file, "cublasGemmEx", gemm);
  find(library, file, "cublasGetStatusString", status_string);
}

const Cublas& Cublas::loaded() {
  static const Cublas library(cublas_file());
  return library;
}

}  // namespace innerloop::cuda
