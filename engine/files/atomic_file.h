// Files that are written whole or not at all: whoever looks at one during a write, or after a crash in the middle of
// it, finds the old file or the new one. The bytes go to a temporary file beside it (`NAME.tmp-PROCESS`, NAME cut where that
// would be too long), to the disk, and then take its name. A link stays: what it leads to is written. What is no file (a
// terminal, a pipe) takes the bytes as they come.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace innerloop {

/// Writes `pieces`, one after the other, as the file `path`.
/// @throws RunError (the disk is full, no permission, no such folder); then the old file is as it was and no temporary
/// file is left.
void write_file_atomically(const std::filesystem::path& path,
                           std::span<const std::span<const std::byte>> pieces);
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

/// Tells at the start of a long run that its end could not write `path`.
/// @throws InputError when there is no folder for it, a folder has that name, or none can have it (too long).
void check_file_place(const std::filesystem::path& path);

/// Deletes the temporary files in `folder`, which processes left that were killed in the middle of a write. Throws
/// RunError when one cannot be deleted.
void remove_temporary_files(const std::filesystem::path& folder);

}  // namespace innerloop
