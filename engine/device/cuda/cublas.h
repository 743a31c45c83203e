// What is used of cuBLAS, found as the first product wants it: its libraries take 600 MB, and only memories of more than 256
// units need them. All else needs the CUDA runtime alone.
#pragma once

#include <cublas_v2.h>

#include <string>

namespace innerloop::cuda {

/// "libcublas.so.13": of the toolkit that this was built with.
std::string cublas_file();

/// cuBLAS's functions, each of the type that its header gives it.
class Cublas {
  // The header has two of this name, of which this is the library's: the cast fails where it has none of this type.
  using Gemm = cublasStatus_t (*)(cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int, int,
                                  const void*, const void*, cudaDataType, int, const void*, cudaDataType, int,
                                  const void*, void*, cudaDataType, int, cublasComputeType_t,
                                  cublasGemmAlgo_t);

 public:
  /// @throws Error where the library is not found or lacks a function, which says what to install.
  explicit Cublas(const std::string& file);

  /// The library of this process, loaded by the first call. @throws Error as the constructor, each time.
  static const Cublas& loaded();

  decltype(&cublasCreate_v2) create;
  decltype(&cublasDestroy_v2) destroy;
  decltype(&cublasSetStream_v2) set_stream;
  decltype(&cublasSetWorkspace_v2) set_workspace;
  decltype(static_cast<Gemm>(&cublasGemmEx)) gemm;
  decltype(&cublasGetStatusString) status_string;
};

}  // namespace innerloop::cuda
