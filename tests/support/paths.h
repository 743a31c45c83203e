// Where the sources and the built programs lie. One file is compiled with these folders' names, so that ccache knows all
// other tests in whichever folder they are built.
#pragma once

#include <filesystem>

namespace innerloop {

std::filesystem::path source_folder();
std::filesystem::path binary_folder();

}  // namespace innerloop
