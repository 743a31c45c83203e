// What lies at a path, where that can be told.
#pragma once

#include <filesystem>
#include <string>

namespace innerloop {

/// The status of what is at `path`, behind links; of type not_found where there is nothing.
/// @throws InputError `PATH: wanted a place that can be looked into, found "Permission denied"`: whoever cannot look must not
/// say that nothing is there.
std::filesystem::file_status status_of(const std::filesystem::path& path);

/// Why the file at `path`, which exists, cannot be read: `"Permission denied"`; empty where it can.
std::string hindrance_to_read(const std::filesystem::path& path);

}  // namespace innerloop
