// Files that people write, read whole.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace innerloop {

/// The text of the file at `path`.
/// @throws InputError "path: wanted <wanted>, found …" where there is none, where it cannot be read, and where it has more than
/// `most_bytes`.
std::string read_text_file(const std::filesystem::path& path, const std::string& wanted,
                           std::size_t most_bytes);

}  // namespace innerloop
