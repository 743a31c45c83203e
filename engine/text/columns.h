// Text in the columns of a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace innerloop {

/// The columns that UTF-8 text takes: none of a mark that joins the letter before it, two of the wide letters of East
/// Asia and of pictures, else one a character. A byte that is no UTF-8 counts as one.
std::size_t columns_in(std::string_view text);

/// `text` and spaces behind it up to that many columns, or before it; longer text as it is.
std::string filled(const std::string& text, std::size_t width);
std::string filled_left(const std::string& text, std::size_t width);

/// By a form of printf for one double: "%9.2f".
std::string number_cell(const char* form, double value);

}  // namespace innerloop
