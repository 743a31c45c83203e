// Files that people write, read whole.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>

namespace innerloop {

/// The text of the file at `path`. Where there is none, where it cannot be read, and where it has more than `most_bytes`,
/// `refuse`, which throws, is told what was found instead.
std::string read_text_file(const std::filesystem::path& path, std::size_t most_bytes,
                           const std::function<void(const std::string& found)>& refuse);

}  // namespace innerloop
