# SPDX-License-Identifier: Apache-2.0
# The engine (a static library) and the command line, `innerloop`.
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Threads REQUIRED)
include(build_info)

file(GLOB_RECURSE engine_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/engine/*.cpp")
if(TARGET innerloop_cuda)
  list(FILTER engine_sources EXCLUDE REGEX "/engine/device/cuda/absent.cpp$")
endif()
set(command_line_sources ${engine_sources})
list(FILTER command_line_sources INCLUDE REGEX "/engine/(main|commands/.*)\\.cpp$")
list(REMOVE_ITEM engine_sources ${command_line_sources})

add_library(innerloop_engine STATIC ${engine_sources} ${INNERLOOP_BUILD_INFO})
target_link_libraries(innerloop_engine PUBLIC innerloop_flags nlohmann_json::nlohmann_json Threads::Threads)
target_link_libraries(innerloop_engine PRIVATE ${INNERLOOP_KERNEL_TARGETS})
if(TARGET innerloop_cuda)
  target_link_libraries(innerloop_engine PUBLIC innerloop_cuda)
endif()

# As one file: the header of CLI11 takes longer to compile than everything that a command has in it.
add_executable(innerloop ${command_line_sources})
set_target_properties(innerloop PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
target_link_libraries(innerloop PRIVATE innerloop_engine CLI11::CLI11)
