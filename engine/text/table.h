// A table of texts, as people read it in a terminal, a spreadsheet, a page and an article.
#pragma once

#include <string>
#include <vector>

namespace innerloop {

struct TextCell {
  std::string text = {};
  bool strong = false;  // stands out: "*" before it in a terminal, bold elsewhere, nothing in CSV
};

struct TextColumn {
  std::string title = {};
  bool numbers = false;  // to the right; LaTeX sets a minus for "-"
};

struct TextTable {
  std::vector<TextColumn> columns = {};
  std::vector<std::vector<TextCell>> rows = {};  // [row][column]
};

/// Columns filled with spaces, two between them and none at a line's end; lines end in \n, as those of all but CSV.
std::string terminal_table(const TextTable& table);

/// RFC 4180: commas; a field with a comma, a quote or an end of line is quoted; lines end in CR LF. UTF-8 without a mark.
std::string csv_table(const TextTable& table);

/// GitHub's tables. Marks that mean something in Markdown are escaped, ends of line become spaces.
std::string markdown_table(const TextTable& table);

/// A `tabular` with the rules of the package booktabs. What is special to TeX is escaped; UTF-8 stays as it is.
std::string latex_table(const TextTable& table);

/// A `<table>` for a page; titles and cells of columns of numbers have the class `number`.
std::string html_table(const TextTable& table);

}  // namespace innerloop
