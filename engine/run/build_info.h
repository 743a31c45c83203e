// Facts of this build, for machine.json and --version. CMake writes their definitions from
// cmake/build_info.cpp.in, so that a new commit rebuilds one small file only.
#pragma once

namespace innerloop {

/// The version of the project, "0.1.0".
const char* version();
/// The commit the source was at, with "-dirty" after it where the tree had changes; "unknown" outside git.
const char* build_commit();
/// The compiler's name and version, "GNU 12.2.0".
const char* build_compiler();
/// The flags the engine was compiled with.
const char* build_flags();
/// CMake's build type, "Release".
const char* build_type();

}  // namespace innerloop
