// Text on a shell's command line.
#pragma once

#include <string>

namespace innerloop {

/// `text` as one word of a shell's command line, in quotes where it needs them.
std::string shell_word(const std::string& text);

}  // namespace innerloop
