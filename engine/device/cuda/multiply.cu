// Products of whole batches, by cuBLAS.
#include "engine/device/cuda/cublas.h"
#include "engine/device/cuda/stream.h"
#include "kernels/products/matrix_product.h"

namespace innerloop::cuda {
namespace {

void check_products(cublasStatus_t status, const char* call) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw Error(std::string("cuBLAS: ") + call + ": " + Cublas::loaded().status_string(status));
}

// cuBLAS on a stream. Its workspace is its own from the start: none is allocated while a graph is captured, and with one
// workspace on one stream it promises the same bits each time.
struct Products {
  const Cublas& cublas = Cublas::loaded();
  cublasHandle_t handle = nullptr;
  void* workspace = nullptr;
  static constexpr std::size_t kBytes = 32u << 20;  // as NVIDIA recommends for Hopper

  explicit Products(const Stream& stream) {
    check_products(cublas.create(&handle), "cublasCreate");
    check_products(cublas.set_stream(handle, stream.handle), "cublasSetStream");
    INNERLOOP_CUDA_CHECK(cudaMalloc(&workspace, kBytes));
    check_products(cublas.set_workspace(handle, workspace, kBytes), "cublasSetWorkspace");
  }
  ~Products() {
    cublas.destroy(handle);
    cudaFree(workspace);
  }
  Products(const Products&) = delete;
  Products& operator=(const Products&) = delete;
};

cublasComputeType_t compute_type(Precision precision) {
  if (precision == Precision::tf32) return CUBLAS_COMPUTE_32F_FAST_TF32;
  return precision == Precision::bf16 ? CUBLAS_COMPUTE_32F_FAST_16BF : CUBLAS_COMPUTE_32F;
}

__global__ void __launch_bounds__(kMostThreads)
    copy_start(Start<float> from, float* to, int to_stride, int columns, long count) {
  for (long i = static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x; i < count;
       i += static_cast<long>(gridDim.x) * blockDim.x)
    to[i / columns * to_stride + i % columns] = from.data[i / columns * from.row_stride + i % columns];
}

}  // namespace

void multiply(Stream& stream, const MatrixProduct<float>& p) {
  if (p.rows == 0 || p.columns == 0) return;
  if (stream.products == nullptr) stream.products = std::make_shared<Products>(stream);
  const Products& products = *static_cast<const Products*>(stream.products.get());
  if (p.start.data != p.to) {
    const long count = static_cast<long>(p.rows) * p.columns;
    const long blocks = std::min((count + kMostThreads - 1) / kMostThreads, 8L * stream.multiprocessors);
    copy_start<<<static_cast<unsigned>(blocks), kMostThreads, 0, stream.handle>>>(p.start, p.to, p.to_stride,
                                                                                  p.columns, count);
    INNERLOOP_CUDA_CHECK(cudaGetLastError());
  }
  const float one = 1;
  for (int t = 0; t < p.term_count; ++t) {
    const Term<float>& term = p.terms[t];
    const Left<float>& left = term.left;
    if (term.depth == 0) continue;
    // cuBLAS's matrices go down columns, so ours are their transposes: Cᵀ = Bᵀ·Aᵀ.
    const bool rows_contiguous = left.depth_stride == 1;
    check_products(products.cublas.gemm(
                       products.handle, CUBLAS_OP_N, rows_contiguous ? CUBLAS_OP_N : CUBLAS_OP_T, p.columns,
                       p.rows, term.depth, &one, term.right.data, CUDA_R_32F, term.right.depth_stride,
                       left.data, CUDA_R_32F, rows_contiguous ? left.row_stride : left.depth_stride, &one,
                       p.to, CUDA_R_32F, p.to_stride, compute_type(stream.precision), CUBLAS_GEMM_DEFAULT),
                   "cublasGemmEx");
  }
}

}  // namespace innerloop::cuda
