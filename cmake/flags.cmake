# SPDX-License-Identifier: Apache-2.0
# Compiler settings that every target shares, carried by the interface target innerloop_flags.
option(INNERLOOP_WERROR "Warnings are errors" OFF)
set(INNERLOOP_SANITIZE "" CACHE STRING "Sanitizers for everything, as in -fsanitize=")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release or Debug" FORCE)
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
# The engine and the tests compile for minutes and run for seconds; the time is spent in the kernels, which take -O3.
set(CMAKE_CXX_FLAGS_RELEASE "-O1 -DNDEBUG")

# With CMAKE_UNITY_BUILD (the presets' choice) the compiler reads the large headers once for this many files.
set(CMAKE_UNITY_BUILD_BATCH_SIZE 22)

find_program(CCACHE ccache)
mark_as_advanced(CCACHE)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE}")
  set(CMAKE_CUDA_COMPILER_LAUNCHER "${CCACHE}")
endif()

add_library(innerloop_flags INTERFACE)
target_include_directories(innerloop_flags INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_options(
  innerloop_flags
  INTERFACE
    # Results are the same bits everywhere: a*b+c is fused only where the source says fma.
    $<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off>
    $<$<COMPILE_LANGUAGE:CXX>:-Wall>
    $<$<COMPILE_LANGUAGE:CXX>:-Wextra>
    # GCC tells that passing vectors by value depends on the instruction set; no such function is called across sets.
    $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-psabi>)
if(INNERLOOP_WERROR)
  target_compile_options(innerloop_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Werror>)
endif()
if(INNERLOOP_SANITIZE)
  set(sanitize -fsanitize=${INNERLOOP_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # For the folder, not for innerloop_flags: these come first, so that a target can take something back.
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:${sanitize}>")
  add_link_options(${sanitize})
endif()
