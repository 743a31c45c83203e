#include "engine/text/table.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "engine/text/columns.h"
#include "engine/text/markup.h"

namespace innerloop {
namespace {

// Each character as `text_of` it says.
template <class TextOf>
std::string replaced(std::string_view text, const TextOf& text_of) {
  std::string all;
  for (const char c : text) all += text_of(c);
  return all;
}

std::string in_one_line(std::string_view text) {
  return replaced(text, [](char c) { return c == '\n' || c == '\r' || c == '\t' ? ' ' : c; });
}

// `begin`, the fields with `between` them, `end`.
std::string joined(const std::vector<std::string>& fields, std::string_view begin, std::string_view between,
                   std::string_view end) {
  std::string line(begin);
  for (std::size_t i = 0; i < fields.size(); ++i) line.append(i > 0 ? between : "").append(fields[i]);
  return line.append(end);
}

// The titles by `title_of(column)`, and each row by `text_of(cell, column)`: [line][column].
template <class TitleOf, class TextOf>
std::vector<std::vector<std::string>> table_lines(const TextTable& table, const TitleOf& title_of,
                                                  const TextOf& text_of) {
  std::vector<std::vector<std::string>> lines(1 + table.rows.size());
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    lines[0].push_back(title_of(table.columns[column]));
    for (std::size_t row = 0; row < table.rows.size(); ++row)
      lines[row + 1].push_back(text_of(table.rows[row][column], table.columns[column]));
  }
  return lines;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  return '"' + replaced(text, [](char c) { return c == '"' ? std::string("\"\"") : std::string(1, c); }) +
         '"';
}

// A bracket alone means nothing, "](" begins an address.
std::string markdown_text(const std::string& text) {
  std::string safe;
  for (const char c : in_one_line(text)) {
    const bool address = c == '(' && !safe.empty() && safe.back() == ']';
    if (address || std::string_view("\\`*_<|&~$").find(c) != std::string_view::npos) safe += '\\';
    safe += c;
  }
  return safe;
}

// "[" and "*" would be taken for an argument of the \\ or the rule before them.
std::string latex_letter(char c) {
  switch (c) {
    case '\\':
      return "\\textbackslash{}";
    case '^':
      return "\\textasciicircum{}";
    case '~':
      return "\\textasciitilde{}";
    case '<':
      return "\\textless{}";
    case '>':
      return "\\textgreater{}";
    case '|':
      return "\\textbar{}";
    case '[':
    case '*':
      return {'{', c, '}'};
    case '{':
    case '}':
    case '$':
    case '&':
    case '#':
    case '_':
    case '%':
      return {'\\', c};
    default:
      return {c};
  }
}

std::string latex_text(const std::string& text) { return replaced(in_one_line(text), latex_letter); }

std::string latex_cell(const TextCell& cell, const TextColumn& column) {
  const std::string text = replaced(in_one_line(cell.text), [&](char c) {
    return column.numbers && c == '-' ? std::string("$-$") : latex_letter(c);
  });
  return cell.strong ? "\\textbf{" + text + "}" : text;
}

std::string html_cell(const char* tag, const std::string& html, const TextColumn& column) {
  return std::string("<") + tag + (column.numbers ? " class=\"number\">" : ">") + html + "</" + tag + ">";
}

}  // namespace

std::string terminal_table(const TextTable& table) {
  const auto lines = table_lines(
      table, [](const TextColumn& column) { return in_one_line(column.title); },
      [](const TextCell& cell, const TextColumn&) {
        return (cell.strong ? "*" : "") + in_one_line(cell.text);
      });
  std::vector<std::size_t> widths(table.columns.size());
  for (const auto& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], columns_in(line[i]));
  std::string text;
  for (auto line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i)
      line[i] = table.columns[i].numbers ? filled_left(line[i], widths[i]) : filled(line[i], widths[i]);
    const std::string all = joined(line, "", "  ", "");
    text += all.substr(0, all.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string csv_table(const TextTable& table) {
  const auto lines = table_lines(
      table, [](const TextColumn& column) { return csv_field(column.title); },
      [](const TextCell& cell, const TextColumn&) { return csv_field(cell.text); });
  std::string text;
  for (const auto& line : lines) text += joined(line, "", ",", "\r\n");
  return text;
}

std::string markdown_table(const TextTable& table) {
  const auto lines = table_lines(
      table, [](const TextColumn& column) { return markdown_text(column.title); },
      [](const TextCell& cell, const TextColumn&) {
        const std::string mark = cell.strong ? "**" : "";
        return mark + markdown_text(cell.text) + mark;
      });
  std::vector<std::string> rule;
  for (const TextColumn& column : table.columns) rule.push_back(column.numbers ? "---:" : "---");
  std::string text = joined(lines[0], "| ", " | ", " |\n") + joined(rule, "|", "|", "|\n");
  for (std::size_t i = 1; i < lines.size(); ++i) text += joined(lines[i], "| ", " | ", " |\n");
  return text;
}

std::string latex_table(const TextTable& table) {
  const auto lines = table_lines(
      table, [](const TextColumn& column) { return latex_text(column.title); }, latex_cell);
  std::string text = "\\begin{tabular}{";
  for (const TextColumn& column : table.columns) text += column.numbers ? 'r' : 'l';
  text += "}\n\\toprule\n" + joined(lines[0], "", " & ", " \\\\\n") + "\\midrule\n";
  for (std::size_t i = 1; i < lines.size(); ++i) text += joined(lines[i], "", " & ", " \\\\\n");
  return text + "\\bottomrule\n\\end{tabular}\n";
}

std::string html_table(const TextTable& table) {
  const auto lines = table_lines(
      table, [](const TextColumn& column) { return html_cell("th", markup_text(column.title), column); },
      [](const TextCell& cell, const TextColumn& column) {
        const std::string text = markup_text(cell.text);
        return html_cell("td", cell.strong ? "<strong>" + text + "</strong>" : text, column);
      });
  std::string html =
      joined(lines[0], "<div class=\"table\"><table>\n<thead><tr>", "", "</tr></thead>\n<tbody>\n");
  for (std::size_t i = 1; i < lines.size(); ++i) html += joined(lines[i], "<tr>", "", "</tr>\n");
  return html + "</tbody>\n</table></div>\n";
}

}  // namespace innerloop
