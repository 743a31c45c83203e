#include "tests/support/paths.h"

namespace innerloop {

std::filesystem::path source_folder() { return INNERLOOP_SOURCE_DIR; }
std::filesystem::path binary_folder() { return INNERLOOP_BINARY_DIR; }

}  // namespace innerloop
