# SPDX-License-Identifier: Apache-2.0
# Tests: quick ones, the teams' (which ThreadSanitizer watches), CUDA's, and long ones, which `./dev test` leaves out.
option(INNERLOOP_TESTS "Build the tests" ON)
if(NOT INNERLOOP_TESTS)
  return()
endif()
enable_testing()
find_package(GTest REQUIRED)
include(GoogleTest)

# ThreadSanitizer needs addresses that are not randomised too far; where the system lets us, turn that off.
if(INNERLOOP_SANITIZE MATCHES thread)
  execute_process(COMMAND setarch -R true RESULT_VARIABLE refused OUTPUT_QUIET ERROR_QUIET)
  if(NOT refused)
    set(CMAKE_CROSSCOMPILING_EMULATOR setarch -R)
  endif()
endif()

set(test_options "")
# GCC needs many minutes for checks of the stack in the kernels that tests instantiate; what they work on is not there.
if(INNERLOOP_SANITIZE MATCHES address)
  list(APPEND test_options $<$<COMPILE_LANG_AND_ID:CXX,GNU>:--param=asan-stack=0>)
endif()

# Where the sources and the programs are.
add_library(innerloop_test_paths OBJECT "${PROJECT_SOURCE_DIR}/tests/support/paths.cpp")
target_link_libraries(innerloop_test_paths PRIVATE innerloop_flags)
target_compile_definitions(innerloop_test_paths PRIVATE INNERLOOP_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                                                        INNERLOOP_BINARY_DIR="${PROJECT_BINARY_DIR}")

# An executable from the test files that `ARGN` (globs) match, if there are any; its tests get the label.
function(add_test_program target label library)
  list(TRANSFORM ARGN PREPEND "${PROJECT_SOURCE_DIR}/tests/" OUTPUT_VARIABLE globs)
  file(GLOB sources CONFIGURE_DEPENDS ${globs})
  if(NOT sources)
    return()
  endif()
  add_executable(${target} ${sources})
  # In a unity build the files of one room are compiled together: most of their time goes into headers, gmock's and
  # nlohmann's above all. Kernels' and environments' tests stay apart, since many of them name different things alike.
  set_target_properties(${target} PROPERTIES UNITY_BUILD_MODE GROUP)
  foreach(source ${sources})
    cmake_path(GET source PARENT_PATH room)
    cmake_path(GET room FILENAME room)
    if(NOT source MATCHES "/tests/(kernels|environments|support|cuda|teams)/")
      set_source_files_properties("${source}" PROPERTIES UNITY_GROUP "${room}")
    endif()
  endforeach()
  target_link_libraries(${target} PRIVATE ${library} innerloop_test_paths GTest::gmock GTest::gtest_main)
  target_compile_options(${target} PRIVATE ${test_options})
  # Where a start takes longer than most tests, under ThreadSanitizer, a process runs some forty of them.
  if(label STREQUAL teams)
    set(shards 40)
    math(EXPR last "${shards} - 1")
    foreach(shard RANGE ${last})
      add_test(NAME ${target}.${shard} COMMAND ${target} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
      set_tests_properties(${target}.${shard} PROPERTIES LABELS ${label} TIMEOUT 1800
                           ENVIRONMENT "GTEST_TOTAL_SHARDS=${shards};GTEST_SHARD_INDEX=${shard}")
    endforeach()
  else()
    gtest_discover_tests(${target} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120 NO_PRETTY_VALUES
                         WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
                         PROPERTIES LABELS ${label} TIMEOUT 1800)
  endif()
endfunction()

# Several programs run the cases of operations.
file(GLOB operation_cases CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/support/operation_cases/*.cpp")
add_library(innerloop_operation_cases OBJECT ${operation_cases})
set_target_properties(innerloop_operation_cases PROPERTIES UNITY_BUILD OFF)  # side by side they are done sooner
target_link_libraries(innerloop_operation_cases PRIVATE innerloop_flags)
target_compile_options(innerloop_operation_cases PRIVATE ${test_options})

file(GLOB_RECURSE quick_tests RELATIVE "${PROJECT_SOURCE_DIR}/tests" CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/*_test.cpp")
list(FILTER quick_tests EXCLUDE REGEX "^(teams|cuda|long)/")
# What holds of every environment, a file for each of them.
set(environment_tests "")
foreach(entry ${INNERLOOP_ENVIRONMENTS})
  string(REPLACE "|" ";" entry "${entry}")
  list(GET entry 0 header)
  list(GET entry 1 type)
  set(file "${PROJECT_BINARY_DIR}/environment_tests/${type}.cpp")
  configure_file("${PROJECT_SOURCE_DIR}/tests/environments/every_environment.cpp.in" "${file}" @ONLY)
  list(APPEND environment_tests "${file}")
endforeach()
add_test_program(innerloop_tests quick "innerloop_engine;innerloop_operation_cases" ${quick_tests}
                 support/double_*.cpp)
target_sources(innerloop_tests PRIVATE ${environment_tests})
add_dependencies(innerloop_tests innerloop)  # the tests of the command line run it
# The teams' own program has little to compile: the portable kernels and the lanes', and of the engine only its threads.
host_kernel_files(lane_kernel_sources lanes tests/teams/lane_kernels.h)
add_library(innerloop_lane_kernels OBJECT ${lane_kernel_sources})
set_target_properties(innerloop_lane_kernels PROPERTIES UNITY_BUILD OFF)
target_link_libraries(innerloop_lane_kernels PRIVATE innerloop_flags)
target_compile_definitions(innerloop_lane_kernels PRIVATE "INNERLOOP_TEAM=LaneTeam<float>")
target_compile_options(innerloop_lane_kernels PRIVATE ${test_options})
set(device_sources ../engine/device/device.cpp ../engine/device/check_shapes.cpp ../engine/device/thread_pool.cpp
                   ../engine/device/timings.cpp ../engine/device/cores.cpp ../engine/device/control_groups.cpp
                   ../engine/device/host_memory.cpp)
if(NOT TARGET innerloop_cuda)
  list(APPEND device_sources ../engine/device/cuda/absent.cpp)
endif()
add_test_program(innerloop_team_tests teams
                 "innerloop_kernels_portable;innerloop_lane_kernels;innerloop_operation_cases" teams/*.cpp
                 ${device_sources})
target_link_libraries(innerloop_team_tests PRIVATE innerloop_flags Threads::Threads)
if(TARGET innerloop_cuda)
  target_link_libraries(innerloop_team_tests PRIVATE innerloop_cuda)
endif()
add_test_program(innerloop_long_tests long innerloop_engine long/*_test.cpp)
if(TARGET innerloop_cuda)
  set(cuda_libraries innerloop_engine innerloop_operation_cases innerloop_cuda_flags)
  add_test_program(innerloop_cuda_tests cuda "${cuda_libraries}" cuda/*_test.cpp cuda/*_test.cu)
  # Its own launchers come before those in the library, which are then left out.
  add_test_program(innerloop_cuda_fault_tests cuda "${cuda_libraries}" cuda/faults/*_test.cpp cuda/faults/*.cu)
  # cuBLAS is loaded by who needs it (engine/device/cuda/cublas.h).
  add_test(NAME NeedsTheCudaRuntimeAlone COMMAND readelf -d "$<TARGET_FILE:innerloop>")
  set_tests_properties(NeedsTheCudaRuntimeAlone PROPERTIES LABELS cuda PASS_REGULAR_EXPRESSION "libcudart"
                                                           FAIL_REGULAR_EXPRESSION "libcublas")
  # Machine code for the GPUs that every change is not compiled for.
  foreach(architecture sm_75 sm_80 sm_86 sm_89 sm_100 sm_120)
    add_test(NAME CheckCuda.${architecture} COMMAND "${PROJECT_SOURCE_DIR}/dev" check-cuda ${architecture})
    set_tests_properties(CheckCuda.${architecture} PROPERTIES LABELS long RESOURCE_LOCK ptxas TIMEOUT 3600)
  endforeach()
endif()

# Includes go down, and the page about them is up to date.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
foreach(check "IncludesGoDown;cmake/check_includes.py" "PlantedFaultsAreFound;cmake/check_includes_test.py"
              "PageIsUpToDate;docs/architecture.py;--check" "WalksTouchTheNamedPlaces;cmake/check_walks.py"
              "WalksBuildAndTrain;cmake/check_walks.py;--build")
  list(POP_FRONT check name script)
  add_test(NAME Rooms.${name} COMMAND Python3::Interpreter "${PROJECT_SOURCE_DIR}/${script}" ${check})
  set_tests_properties(Rooms.${name} PROPERTIES LABELS quick)
endforeach()
set_tests_properties(Rooms.WalksBuildAndTrain PROPERTIES LABELS long TIMEOUT 3600)  # compiles the command line

foreach(check "Docs.ManPageIsUpToDate;docs/man_page.py;$<TARGET_FILE:innerloop>;--check"
              "Install.HasTheProgramAndWhatBelongsToIt;cmake/check_install.py;${PROJECT_BINARY_DIR}")
  list(POP_FRONT check name script)
  add_test(NAME ${name} COMMAND Python3::Interpreter "${PROJECT_SOURCE_DIR}/${script}" ${check})
  set_tests_properties(${name} PROPERTIES LABELS quick)
endforeach()

# Optimised code only: without inlining, each small function of the standard library would be a weak symbol.
if(TARGET innerloop_kernels_avx2 AND CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT INNERLOOP_SANITIZE)
  add_test(
    NAME HostKernels.ShareNoSymbolAcrossInstructionSets
    COMMAND
      Python3::Interpreter "${PROJECT_SOURCE_DIR}/cmake/check_isa_symbols.py"
      Avx2 $<TARGET_OBJECTS:innerloop_kernels_avx2> --set Avx512 $<TARGET_OBJECTS:innerloop_kernels_avx512>
      --set - $<TARGET_OBJECTS:innerloop_kernels_portable> $<TARGET_OBJECTS:innerloop_engine>
              $<TARGET_OBJECTS:innerloop> $<TARGET_OBJECTS:innerloop_tests> $<TARGET_OBJECTS:innerloop_operation_cases>
    COMMAND_EXPAND_LISTS)
  set_tests_properties(HostKernels.ShareNoSymbolAcrossInstructionSets PROPERTIES LABELS quick)
endif()
