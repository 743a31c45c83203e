# SPDX-License-Identifier: Apache-2.0
# A file for each list of operations (engine/device/operations.h): the policy's, those of each environment in
# envs/registry.h, those of each memory in kernels/memories/options.h, and so on. They compile side by side, and one more
# environment or memory leaves the others as they are.

# register_types(OUT REGISTRY LIST FOLDER): "header|Type" for each type in `using LIST = TypeList<…>` of a registry, with the
# header in FOLDER that defines it. A changed registry configures anew.
function(register_types out registry list folder)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${registry}")
  file(READ "${PROJECT_SOURCE_DIR}/${registry}" text)
  if(NOT text MATCHES "using ${list} =[ \n]*TypeList<([^>]*)>")
    message(FATAL_ERROR "${registry}: wanted `using ${list} = TypeList<…>`, found none")
  endif()
  string(REGEX REPLACE "[ \n]" "" types "${CMAKE_MATCH_1}")
  string(REPLACE "," ";" types "${types}")
  file(GLOB headers RELATIVE "${PROJECT_SOURCE_DIR}" CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*.h")
  set(found "")
  foreach(type ${types})
    set(header_of_type "")
    foreach(header ${headers})
      file(STRINGS "${PROJECT_SOURCE_DIR}/${header}" definition REGEX "^struct ${type} .*{")
      if(definition)
        set(header_of_type "${header}")
      endif()
    endforeach()
    if(NOT header_of_type)
      message(FATAL_ERROR "${registry}: wanted a header in ${folder}/ with `struct ${type} {`, found none")
    endif()
    list(APPEND found "${header_of_type}|${type}")
  endforeach()
  set(${out} "${found}" PARENT_SCOPE)
endfunction()

register_types(INNERLOOP_ENVIRONMENTS envs/registry.h Environments envs)
register_types(memories kernels/memories/options.h MemoryTypes kernels/memories)

# "file|room|header|list": the room is a header of engine/device/operations/.
set(INNERLOOP_OPERATION_LISTS
    "policy|policy|engine/device/operations/policy.h|PolicyOperations<float>"
    "actions|actions|envs/registry.h|ActionOperations<float>"
    "trial|trial|engine/device/operations/trial.h|TrialOperations<float>"
    "critic|critic|engine/device/operations/critic.h|CriticOperations<float>")
foreach(entry ${memories})
  string(REPLACE "|" ";" entry "${entry}")
  list(GET entry 0 header)
  list(GET entry 1 type)
  get_filename_component(name ${header} NAME_WE)
  list(APPEND INNERLOOP_OPERATION_LISTS "${name}|memory|${header}|MemoryOperations<float, ${type}>")
endforeach()
foreach(entry ${INNERLOOP_ENVIRONMENTS})
  string(REPLACE "|" ";" entry "${entry}")
  list(GET entry 0 header)
  list(GET entry 1 type)
  get_filename_component(name ${header} NAME_WE)
  list(APPEND INNERLOOP_OPERATION_LISTS "${name}|environment|${header}|EnvironmentOperations<float, ${type}>")
endforeach()
set(INNERLOOP_HOST_OPERATION_LISTS ${INNERLOOP_OPERATION_LISTS}
                                   "host|host|engine/device/operations/host.h|HostOnlyOperations<float>")

# host_kernel_files(OUT FOLDER DEFINITIONS): the files in build/FOLDER that one kind of team's kernels are compiled from.
function(host_kernel_files out folder definitions)
  kernel_files(files ${folder} engine/device/simd/kernels.cpp.in ${definitions} ${INNERLOOP_HOST_OPERATION_LISTS})
  configure_file("${PROJECT_SOURCE_DIR}/engine/device/simd/shared.cpp.in" "${PROJECT_BINARY_DIR}/${folder}/shared.cpp"
                 @ONLY)
  set(${out} ${files} "${PROJECT_BINARY_DIR}/${folder}/shared.cpp" PARENT_SCOPE)
endfunction()

# kernel_files(OUT FOLDER TEMPLATE DEFINITIONS LIST...): a file in build/FOLDER for each of the lists, from a template that
# includes `DEFINITIONS`.
function(kernel_files out folder template definitions)
  get_filename_component(extension ${template} NAME_WLE) # kernels.cpp.in → kernels.cpp
  get_filename_component(extension ${extension} LAST_EXT)
  set(files "")
  foreach(entry ${ARGN})
    string(REPLACE "|" ";" entry "${entry}")
    list(GET entry 0 name)
    list(GET entry 1 room)
    list(GET entry 2 header)
    list(GET entry 3 list)
    configure_file("${PROJECT_SOURCE_DIR}/${template}" "${PROJECT_BINARY_DIR}/${folder}/${name}${extension}" @ONLY)
    list(APPEND files "${PROJECT_BINARY_DIR}/${folder}/${name}${extension}")
  endforeach()
  set(${out} "${files}" PARENT_SCOPE)
endfunction()
