# SPDX-License-Identifier: Apache-2.0
# The Python package: the extension innerloop._core, its stub, and what else goes into the wheel. pyproject.toml turns it on.
option(INNERLOOP_PYTHON "Build the Python package" OFF)
if(NOT INNERLOOP_PYTHON)
  return()
endif()
find_package(Python 3.10 REQUIRED COMPONENTS Interpreter Development.Module)
find_package(nanobind 3.1 CONFIG REQUIRED)

file(GLOB bindings_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/bindings/*.cpp")
# With a backend of its own package the module keeps to the stable ABI from Python 3.10 on: one wheel for all.
nanobind_add_module(innerloop_python ${bindings_sources} BACKEND_MODULE nanobind_backend NB_DOMAIN innerloop
                                                         NB_SUPPRESS_WARNINGS)
set_target_properties(innerloop_python PROPERTIES OUTPUT_NAME _core UNITY_BUILD OFF LIBRARY_OUTPUT_DIRECTORY
                                                  "${PROJECT_BINARY_DIR}/python/innerloop")
target_link_libraries(innerloop_python PRIVATE innerloop_engine)

# What mypy and editors know of the extension. The module is imported for it.
nanobind_add_stub(innerloop_stub MODULE _core PYTHON_PATH $<TARGET_FILE_DIR:innerloop_python> DEPENDS innerloop_python
                  OUTPUT "${PROJECT_BINARY_DIR}/python/innerloop/_core.pyi")

install(TARGETS innerloop_python LIBRARY DESTINATION innerloop COMPONENT python)
install(TARGETS innerloop RUNTIME DESTINATION innerloop/bin COMPONENT python)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/configs" DESTINATION innerloop COMPONENT python FILES_MATCHING PATTERN "*.json")
install(FILES "${PROJECT_BINARY_DIR}/python/innerloop/_core.pyi" DESTINATION innerloop COMPONENT python)
