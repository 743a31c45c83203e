# SPDX-License-Identifier: Apache-2.0
# `cmake --install BUILD`: the program, what shells complete of it, and its man page.
include(GNUInstallDirs)
install(TARGETS innerloop RUNTIME COMPONENT program)
install(FILES docs/innerloop.1 DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" COMPONENT program)
# The program itself writes the completions.
foreach(place "bash;bash-completion/completions/innerloop" "zsh;zsh/site-functions/_innerloop"
              "fish;fish/vendor_completions.d/innerloop.fish")
  list(POP_FRONT place shell)
  install(
    CODE "set(file \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}/${place}\")
cmake_path(GET file PARENT_PATH folder)
file(MAKE_DIRECTORY \"\${folder}\")
message(STATUS \"Installing: \${file}\")
execute_process(COMMAND \"$<TARGET_FILE:innerloop>\" completion ${shell} OUTPUT_FILE \"\${file}\" COMMAND_ERROR_IS_FATAL ANY)"
    COMPONENT program)
endforeach()
