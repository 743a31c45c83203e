#include "engine/statistics/result_table.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "engine/text/columns.h"

namespace innerloop {
namespace {

constexpr int kShareDecimals = 3;  // of what lies between 0 and 1

// With a table's decimals; an enormous number, of a run that diverged, in short.
std::string for_people(double number, int decimals) {
  const bool enormous = std::fabs(number) >= 1e9;
  return number_cell(enormous ? "%.4g" : ("%." + std::to_string(decimals) + "f").c_str(), number);
}

std::string for_people(const std::optional<ConfidenceInterval>& interval, int decimals) {
  if (!interval) return "";
  return "[" + for_people(interval->low, decimals) + ", " + for_people(interval->high, decimals) + "]";
}

std::string interval_or_runs(const Summary& score, int decimals) {
  if (score.interval || score.points.empty()) return for_people(score.interval, decimals);
  std::string runs;
  for (const double point : score.points) runs += (runs.empty() ? "" : ", ") + for_people(point, decimals);
  return "{" + runs + "}";
}

// The fewest digits that give the number back.
std::string exact(double number) {
  if (std::isnan(number)) return "nan";  // without the sign it may have
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, number).ptr};
}

std::pair<std::string, std::string> exact_ends(const std::optional<ConfidenceInterval>& interval) {
  if (!interval) return {"", ""};
  return {exact(interval->low), exact(interval->high)};
}

template <class Has>
bool any_row(const ResultTable& results, const Has& has) {
  return std::ranges::any_of(results.rows, has);
}

// One column behind those that the table has, and its cell of each row.
template <class CellOf>
void add_column(TextTable& table, const ResultTable& results, TextColumn column, const CellOf& cell_of) {
  table.columns.push_back(std::move(column));
  table.rows.resize(results.rows.size());
  for (std::size_t i = 0; i < results.rows.size(); ++i) table.rows[i].push_back(cell_of(results.rows[i]));
}

TextTable table_of_keys(const ResultTable& results) {
  TextTable table;
  for (std::size_t key = 0; key < results.keys.size(); ++key)
    add_column(table, results, {results.keys[key]},
               [&](const ResultRow& row) { return TextCell{row.values[key]}; });
  return table;
}

}  // namespace

TextTable people_table(const ResultTable& results) {
  TextTable table = table_of_keys(results);
  const auto add = [&](const char* title, const auto& text_of) {
    add_column(table, results, {title, true}, [&](const ResultRow& row) { return TextCell{text_of(row)}; });
  };
  add_column(table, results, {results.metric, true}, [&](const ResultRow& row) {
    return TextCell{for_people(row.score.value, results.decimals), row.best};
  });
  add("95 % interval or runs",
      [&](const ResultRow& row) { return interval_or_runs(row.score, results.decimals); });
  add("runs", [](const ResultRow& row) { return std::to_string(row.runs); });
  if (any_row(results, [](const ResultRow& row) { return row.missing > 0; }))
    add("missing", [](const ResultRow& row) { return std::to_string(row.missing); });
  if (any_row(results, [](const ResultRow& row) { return row.normalised.has_value(); })) {
    const auto add_normalised = [&](const char* title, const auto& text_of) {
      add(title, [&](const ResultRow& row) { return row.normalised ? text_of(*row.normalised) : ""; });
    };
    using Normalised = ResultRow::Normalised;
    add_normalised("normalised",
                   [](const Normalised& its) { return for_people(its.score.value, kShareDecimals); });
    add_normalised("its 95 % interval or runs",
                   [](const Normalised& its) { return interval_or_runs(its.score, kShareDecimals); });
    add_normalised("optimality gap",
                   [](const Normalised& its) { return for_people(its.gap.value, kShareDecimals); });
  }
  if (any_row(results, [](const ResultRow& row) { return row.difference.has_value(); }))
    add("difference to the best", [&](const ResultRow& row) {
      return row.difference ? for_people(row.difference->mean, results.decimals) : "";
    });
  if (any_row(results, [](const ResultRow& row) { return row.difference && row.difference->interval; }))
    add("95 % interval of it", [&](const ResultRow& row) {
      return row.difference ? for_people(row.difference->interval, results.decimals) : "";
    });
  return table;
}

TextTable data_table(const ResultTable& results) {
  TextTable table = table_of_keys(results);
  const auto add = [&](const std::string& title, const auto& text_of) {
    add_column(table, results, {title, true}, [&](const ResultRow& row) { return TextCell{text_of(row)}; });
  };
  const auto difference = [](const ResultRow& row) {
    return row.difference ? row.difference->interval : std::nullopt;
  };
  add(results.metric, [](const ResultRow& row) { return exact(row.score.value); });
  add("low", [](const ResultRow& row) { return exact_ends(row.score.interval).first; });
  add("high", [](const ResultRow& row) { return exact_ends(row.score.interval).second; });
  add("scores", [](const ResultRow& row) {
    std::string scores;
    for (const double point : row.score.points) scores += (scores.empty() ? "" : ";") + exact(point);
    return scores;
  });
  add("runs", [](const ResultRow& row) { return std::to_string(row.runs); });
  add("missing", [](const ResultRow& row) { return std::to_string(row.missing); });
  add("best", [](const ResultRow& row) { return std::string(row.best ? "true" : "false"); });
  add("difference", [](const ResultRow& row) { return row.difference ? exact(row.difference->mean) : ""; });
  add("difference_low", [&](const ResultRow& row) { return exact_ends(difference(row)).first; });
  add("difference_high", [&](const ResultRow& row) { return exact_ends(difference(row)).second; });
  const auto add_normalised = [&](const std::string& name, Summary ResultRow::Normalised::*summary) {
    const auto of = [summary](const ResultRow& row) {
      return row.normalised ? (*row.normalised).*summary : Summary{};
    };
    add(name, [&](const ResultRow& row) { return row.normalised ? exact(of(row).value) : ""; });
    add(name + "_low", [&](const ResultRow& row) { return exact_ends(of(row).interval).first; });
    add(name + "_high", [&](const ResultRow& row) { return exact_ends(of(row).interval).second; });
  };
  add_normalised("normalised", &ResultRow::Normalised::score);
  add_normalised("optimality_gap", &ResultRow::Normalised::gap);
  return table;
}

std::string result_table(const ResultTable& results, TableForm form) {
  switch (form) {
    case TableForm::csv:
      return csv_table(data_table(results));
    case TableForm::markdown:
      return markdown_table(people_table(results));
    case TableForm::latex:
      return latex_table(people_table(results));
    default:
      return terminal_table(people_table(results));
  }
}

}  // namespace innerloop
