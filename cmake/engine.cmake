# SPDX-License-Identifier: Apache-2.0
# The engine (a static library) and the command line, `innerloop`.
find_package(nlohmann_json QUIET)
if(NOT TARGET nlohmann_json::nlohmann_json)
  # From PyPI, where pip has installed it to build the Python package with.
  find_path(NLOHMANN_JSON_INCLUDE nlohmann/json.hpp PATH_SUFFIXES nlohmann_json/include)
  if(NOT NLOHMANN_JSON_INCLUDE)
    message(FATAL_ERROR "innerloop: wanted nlohmann_json, found none: install nlohmann-json3-dev (Debian, Ubuntu) or the like")
  endif()
  add_library(nlohmann_json::nlohmann_json INTERFACE IMPORTED)
  set_target_properties(nlohmann_json::nlohmann_json PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${NLOHMANN_JSON_INCLUDE}")
endif()
find_package(CLI11 QUIET)
if(NOT TARGET CLI11::CLI11)
  message(FATAL_ERROR "innerloop: wanted CLI11, found none: install libcli11-dev (Debian, Ubuntu) or cli11-devel (Fedora)")
endif()
find_package(Threads REQUIRED)
include(build_info)

file(GLOB_RECURSE engine_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/engine/*.cpp")
# With CUDA and without it, the other files are compiled alike, so that ccache has them for both.
set(no_cuda "${PROJECT_SOURCE_DIR}/engine/device/cuda/absent.cpp")
set_source_files_properties("${no_cuda}" PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
if(TARGET innerloop_cuda)
  list(REMOVE_ITEM engine_sources "${no_cuda}")
endif()
set(command_line_sources ${engine_sources})
list(FILTER command_line_sources INCLUDE REGEX "/engine/(main|commands/.*)\\.cpp$")
list(REMOVE_ITEM engine_sources ${command_line_sources})

add_library(innerloop_engine STATIC ${engine_sources} ${INNERLOOP_BUILD_INFO})
target_link_libraries(innerloop_engine PUBLIC innerloop_flags nlohmann_json::nlohmann_json Threads::Threads ${CMAKE_DL_LIBS})
target_link_libraries(innerloop_engine PRIVATE ${INNERLOOP_KERNEL_TARGETS})
if(TARGET innerloop_cuda)
  target_link_libraries(innerloop_engine INTERFACE $<LINK_ONLY:innerloop_cuda>)
endif()

# As one file: the header of CLI11 takes longer to compile than everything that a command has in it.
add_executable(innerloop ${command_line_sources})
set_target_properties(innerloop PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
target_link_libraries(innerloop PRIVATE innerloop_engine CLI11::CLI11)
