// The points of a sweep as a table: what was varied, what was reached, and how sure that is.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "engine/statistics/intervals.h"
#include "engine/text/table.h"

namespace innerloop {

struct ResultRow {
  /// How much the point is better than the best: that point's own row has none.
  struct Difference {
    double mean = 0;
    std::optional<ConfidenceInterval> interval = {};
  };

  /// The score as a share of what there is to gain, and what is missing to all of it.
  struct Normalised {
    Summary score = {}, gap = {};
  };

  std::vector<std::string> values = {};  // [key]  as text: 0.1, maml, [64,64]
  Summary score = {};
  std::size_t runs = 0;
  std::size_t missing = 0;  // of them, that failed (FilledScores); a column where any row has one
  bool best = false;
  std::optional<Difference> difference = {};
  std::optional<Normalised> normalised = {};
};

struct ResultTable {
  std::vector<std::string> keys = {};  // that vary, as `--set` takes them
  std::string metric = {};             // title of the scores
  std::vector<ResultRow> rows = {};    // in the order to be shown
  int decimals = 2;                    // of numbers for people; CSV has all digits
};

/// The table for people: a column for each key, then `metric`, "95 % interval or runs" ("[1.00, 2.00]", and where there is no
/// interval "{1.00, 2.00, 1.50}"), "runs", "missing", "normalised", "its 95 % interval or runs", "optimality gap" (these
/// three with three decimals), "difference to the best" and "95 % interval of it"; from "missing" on only where a row has
/// them. The best point's score stands out; what a row does not have is empty, NaN is "nan".
TextTable people_table(const ResultTable& results);

/// The table for programs, always with the same columns: the keys, `metric`, low, high, scores (of the runs, with semicolons),
/// runs, missing, best (true or false), difference, difference_low, difference_high, normalised, normalised_low,
/// normalised_high, optimality_gap, optimality_gap_low, optimality_gap_high. Numbers have the digits that give them
/// back exactly.
TextTable data_table(const ResultTable& results);

enum class TableForm { terminal, csv, markdown, latex };

/// people_table, or for CSV data_table, in that form.
std::string result_table(const ResultTable& results, TableForm form);

}  // namespace innerloop
