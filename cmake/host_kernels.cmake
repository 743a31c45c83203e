# SPDX-License-Identifier: Apache-2.0
# The operations' kernels, compiled once for each instruction set; the engine picks one when it starts.
host_kernel_files(kernel_sources simd engine/device/simd/kernels.h)
set(INNERLOOP_KERNEL_TARGETS)

# `isa` is the name of the tag type that the templates are instantiated with.
function(add_host_kernels target isa)
  add_library(${target} OBJECT ${kernel_sources})
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)  # side by side they are done sooner
  target_link_libraries(${target} PRIVATE innerloop_flags)
  target_compile_definitions(${target} PRIVATE "INNERLOOP_TEAM=SimdTeam<${isa}>")
  target_compile_options(${target} PRIVATE ${ARGN} $<$<CONFIG:Release>:-O3> -fno-math-errno -fno-trapping-math)
  if(INNERLOOP_SANITIZE MATCHES address)
    # GCC needs many minutes a file for checks inside vectors; the teams' tests run the same operations with them.
    target_compile_options(${target} PRIVATE -O2 -fno-sanitize=all)
  endif()
  set(INNERLOOP_KERNEL_TARGETS ${INNERLOOP_KERNEL_TARGETS} ${target} PARENT_SCOPE)
endfunction()

option(INNERLOOP_PORTABLE_ONLY "Leave out the kernels of wide instruction sets: builds sooner, runs slower" OFF)
if(INNERLOOP_PORTABLE_ONLY)
  target_compile_definitions(innerloop_flags INTERFACE INNERLOOP_PORTABLE_ONLY=1)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$" AND NOT INNERLOOP_PORTABLE_ONLY)
  add_host_kernels(innerloop_kernels_portable Portable -march=x86-64-v2)
  add_host_kernels(innerloop_kernels_avx2 Avx2 -march=x86-64-v3)
  add_host_kernels(innerloop_kernels_avx512 Avx512 -march=x86-64-v4 -mprefer-vector-width=512)
else()
  add_host_kernels(innerloop_kernels_portable Portable)
endif()
