#include "engine/files/text_file.h"

#include <fstream>

#include "engine/files/file_status.h"

namespace innerloop {

std::string read_text_file(const std::filesystem::path& path, std::size_t most_bytes,
                           const std::function<void(const std::string& found)>& refuse) {
  const auto status = status_of(path);
  if (!std::filesystem::exists(status)) refuse("no such file");
  if (std::filesystem::is_directory(status)) refuse("a folder");
  if (const std::string why = hindrance_to_read(path); !why.empty())
    refuse("a file that cannot be opened, " + why);
  std::ifstream file(path, std::ios::binary);
  std::string text, piece(1 << 20, '\0');
  while (file && text.size() <= most_bytes) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    text.append(piece, 0, static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad()) refuse("a file that cannot be read");
  if (text.size() > most_bytes) refuse("more than " + std::to_string(most_bytes >> 20) + " MiB");
  return text;
}

}  // namespace innerloop
