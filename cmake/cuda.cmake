# SPDX-License-Identifier: Apache-2.0
# engine/device/cuda/*.cu, when a CUDA toolkit is there and wanted. One status line says what is built and why.
set(INNERLOOP_CUDA AUTO CACHE STRING "Build the CUDA side: ON, OFF, or AUTO (where a CUDA compiler is found)")
set_property(CACHE INNERLOOP_CUDA PROPERTY STRINGS AUTO ON OFF)
set(INNERLOOP_CUDA_FLAGS "" CACHE STRING "More flags for nvcc")

if(INNERLOOP_CUDA STREQUAL "OFF")
  set(reason "INNERLOOP_CUDA is OFF")
else()
  # The toolkit's own place is often not on the PATH.
  find_program(NVCC nvcc PATHS /usr/local/cuda/bin)
  mark_as_advanced(NVCC)
  if(NVCC AND NOT DEFINED ENV{CUDACXX})
    set(ENV{CUDACXX} "${NVCC}")
  endif()
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    # Every architecture as machine code, and PTX of the newest for processors to come.
    if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
      set(CMAKE_CUDA_ARCHITECTURES 75-real 80-real 86-real 89-real 90-real 100-real 120)
    endif()
    enable_language(CUDA)
    find_package(CUDAToolkit REQUIRED)
  elseif(INNERLOOP_CUDA STREQUAL "AUTO")
    set(reason "no CUDA compiler found; set CUDACXX to nvcc's path if there is one")
  else()
    message(FATAL_ERROR "INNERLOOP_CUDA: wanted a CUDA compiler, found none; set CUDACXX to nvcc's path")
  endif()
endif()

if(CMAKE_CUDA_COMPILER_LOADED)
  message(STATUS "innerloop: builds the CPU engine and CUDA for ${CMAKE_CUDA_ARCHITECTURES} "
                 "(${CMAKE_CUDA_COMPILER} ${CMAKE_CUDA_COMPILER_VERSION})")
  # CMake 3.25 does not know that nvcc speaks C++20 (CMAKE_CXX_STANDARD counts for CUDA too).
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
  set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)
  file(GLOB cuda_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/engine/device/cuda/*.cu")
  kernel_files(cuda_kernel_sources cuda engine/device/cuda/kernels.cu.in engine/device/cuda/stream.h
               ${INNERLOOP_OPERATION_LISTS})
  separate_arguments(cuda_flags UNIX_COMMAND "${INNERLOOP_CUDA_FLAGS}")
  add_library(innerloop_cuda_flags INTERFACE)
  # cuBLAS's header alone: the library is loaded by who needs it (engine/device/cuda/cublas.h).
  target_link_libraries(innerloop_cuda_flags INTERFACE innerloop_flags CUDA::cudart ${CMAKE_DL_LIBS})
  target_compile_options(
    innerloop_cuda_flags
    INTERFACE "$<$<COMPILE_LANGUAGE:CUDA>:--fmad=false;-lineinfo;--expt-relaxed-constexpr;-Werror;all-warnings>"
              "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-ffp-contract=off,-Wall,-Wextra,-Wno-unknown-pragmas;${cuda_flags}>")
  add_library(innerloop_cuda STATIC ${cuda_sources} ${cuda_kernel_sources})
  set_target_properties(innerloop_cuda PROPERTIES UNITY_BUILD OFF)
  target_link_libraries(innerloop_cuda PUBLIC innerloop_cuda_flags)
else()
  message(STATUS "innerloop: builds the CPU engine alone (${reason})")
endif()
