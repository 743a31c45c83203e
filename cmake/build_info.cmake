# SPDX-License-Identifier: Apache-2.0
# Commit, compiler and flags for machine.json. A step of every build writes build_info.cpp, but only when its text
# changes; so a new commit recompiles this one file. Run as a script (cmake -P), this file is that step.
if(CMAKE_SCRIPT_MODE_FILE)
  execute_process(
    COMMAND git describe --always --dirty --abbrev=12
    WORKING_DIRECTORY "${source_dir}"
    OUTPUT_VARIABLE INNERLOOP_COMMIT
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT INNERLOOP_COMMIT)
    set(INNERLOOP_COMMIT unknown)
  endif()
  configure_file("${output}.in" "${output}" @ONLY)
  return()
endif()

set(build_info_template "${PROJECT_SOURCE_DIR}/cmake/build_info.cpp.in")
string(TOUPPER "${CMAKE_BUILD_TYPE}" build_type)
get_target_property(shared_flags innerloop_flags INTERFACE_COMPILE_OPTIONS)
string(REGEX REPLACE "\\$<\\$<[^>]*>:([^>]*)>" "\\1" shared_flags "${shared_flags}")
list(JOIN shared_flags " " shared_flags)
string(STRIP "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${build_type}} ${shared_flags}" INNERLOOP_FLAGS)
set(INNERLOOP_BUILD_INFO "${PROJECT_BINARY_DIR}/build_info.cpp")
# All but the commit is known now; the build step fills in that one.
set(INNERLOOP_COMMIT "@INNERLOOP_COMMIT@")
configure_file("${build_info_template}" "${INNERLOOP_BUILD_INFO}.in" @ONLY)
set_source_files_properties("${INNERLOOP_BUILD_INFO}" PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
add_custom_target(
  innerloop_build_info
  COMMAND ${CMAKE_COMMAND} -Dsource_dir=${PROJECT_SOURCE_DIR} -Doutput=${INNERLOOP_BUILD_INFO} -P
          ${CMAKE_CURRENT_LIST_FILE}
  BYPRODUCTS "${INNERLOOP_BUILD_INFO}"
  COMMENT "Commit of this build")
