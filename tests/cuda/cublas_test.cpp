// cuBLAS is loaded where it is needed, and who lacks it is told what to install.
#include "engine/device/cuda/cublas.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/device/cuda/backend.h"
#include "tests/support/temporary_folder.h"

namespace innerloop::cuda {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

TEST(CublasLibrary, IsNamedWithWhatToInstallWhereThereIsNone) {
  for (int again = 0; again < 2; ++again)
    EXPECT_THAT(
        message_of<Error>([] { Cublas("libcublas.so.0"); }),
        AllOf(StartsWith("cuBLAS: wanted libcublas.so.0"), HasSubstr("cannot open shared object file"),
              HasSubstr("install cuBLAS of CUDA"), HasSubstr("libcublas-"), HasSubstr("nvidia-cublas")));
}

TEST(CublasLibrary, IsRefusedWhereItLacksAFunction) {
  EXPECT_THAT(
      message_of<Error>([] { Cublas("libdl.so.2"); }),
      AllOf(StartsWith("cuBLAS: wanted libdl.so.2"), HasSubstr("cublasCreate_v2"), HasSubstr("install")));
}

TEST(CublasLibrary, IsThatOfTheToolkit) {
  EXPECT_EQ(cublas_file(), "libcublas.so." + std::to_string(CUBLAS_VER_MAJOR));
  EXPECT_EQ(&Cublas::loaded(), &Cublas::loaded());
}

}  // namespace
}  // namespace innerloop::cuda
