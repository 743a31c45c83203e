// The points of a sweep as a table, in all its forms.
#include "engine/statistics/result_table.h"

#include <gtest/gtest.h>

#include <limits>

namespace innerloop {
namespace {

// The best of five runs, one of five of which one failed, one of three runs, and one without a number.
ResultTable results() {
  const double none = -std::numeric_limits<double>::quiet_NaN();
  return {{"algorithm.inner_lr", "policy.hidden"},
          "return",
          {{{"0.1", "[64,64]"}, {-3.25, {{-3.5, -3}}, {-3, -3.25, -3.5, -3, -3.5}}, 5, 0, true, {}},
           {{"0.3", "[64,64]"},
            {-4, {{-6.125, -3.5}}, {-4, -4, -4, -4, -4}},
            5,
            1,
            false,
            {{-0.75, {{-2.0 / 3, -0.5}}}}},
           {{"0.3", "[100]"}, {-1e12 / 3, {}, {0.1, 0.2, -1e12}}, 3, 0, false, {{-1.5, {}}}},
           {{"1", "[100]"}, {none, {}, {none}}, 1, 1, false, {}}}};
}

TEST(ResultTable, ForATerminal) {
  EXPECT_EQ(result_table(results(), TableForm::terminal),
            "algorithm.inner_lr  policy.hidden      return  95 % interval or runs  runs  missing  "
            "difference to the best  95 % interval of it\n"
            "0.1                 [64,64]            *-3.25         [-3.50, -3.00]     5        0\n"
            "0.3                 [64,64]             -4.00         [-6.12, -3.50]     5        1  "
            "                 -0.75       [-0.67, -0.50]\n"
            "0.3                 [100]          -3.333e+11   {0.10, 0.20, -1e+12}     3        0  "
            "                 -1.50\n"
            "1                   [100]                 nan                  {nan}     1        1\n");
}

TEST(ResultTable, ForASpreadsheetHasEveryDigitAndAlwaysTheSameColumns) {
  EXPECT_EQ(
      result_table(results(), TableForm::csv),
      "algorithm.inner_lr,policy.hidden,return,low,high,scores,runs,missing,best,difference,difference_low,"
      "difference_high,normalised,normalised_low,normalised_high,optimality_gap,optimality_gap_low,"
      "optimality_gap_high\r\n"
      "0.1,\"[64,64]\",-3.25,-3.5,-3,-3;-3.25;-3.5;-3;-3.5,5,0,true,,,,,,,,,\r\n"
      "0.3,\"[64,64]\",-4,-6.125,-3.5,-4;-4;-4;-4;-4,5,1,false,-0.75,-0.6666666666666666,-0.5,,,,,,\r\n"
      "0.3,[100],-333333333333.3333,,,0.1;0.2;-1e+12,3,0,false,-1.5,,,,,,,,\r\n"
      "1,[100],nan,,,nan,1,1,false,,,,,,,,,\r\n");
  ResultTable one = results();
  one.rows.resize(1);
  EXPECT_EQ(
      result_table(one, TableForm::csv),
      "algorithm.inner_lr,policy.hidden,return,low,high,scores,runs,missing,best,difference,difference_low,"
      "difference_high,normalised,normalised_low,normalised_high,optimality_gap,optimality_gap_low,"
      "optimality_gap_high\r\n"
      "0.1,\"[64,64]\",-3.25,-3.5,-3,-3;-3.25;-3.5;-3;-3.5,5,0,true,,,,,,,,,\r\n");
}

TEST(ResultTable, ForAPage) {
  EXPECT_EQ(result_table(results(), TableForm::markdown),
            "| algorithm.inner\\_lr | policy.hidden | return | 95 % interval or runs | runs | missing | "
            "difference to the best "
            "| 95 % interval of it |\n"
            "|---|---|---:|---:|---:|---:|---:|---:|\n"
            "| 0.1 | [64,64] | **-3.25** | [-3.50, -3.00] | 5 | 0 |  |  |\n"
            "| 0.3 | [64,64] | -4.00 | [-6.12, -3.50] | 5 | 1 | -0.75 | [-0.67, -0.50] |\n"
            "| 0.3 | [100] | -3.333e+11 | {0.10, 0.20, -1e+12} | 3 | 0 | -1.50 |  |\n"
            "| 1 | [100] | nan | {nan} | 1 | 1 |  |  |\n");
}

TEST(ResultTable, ForAnArticle) {
  EXPECT_EQ(result_table(results(), TableForm::latex),
            "\\begin{tabular}{llrrrrrr}\n"
            "\\toprule\n"
            "algorithm.inner\\_lr & policy.hidden & return & 95 \\% interval or runs & runs & missing & "
            "difference to "
            "the best & 95 \\% interval of it \\\\\n"
            "\\midrule\n"
            "0.1 & {[}64,64] & \\textbf{$-$3.25} & {[}$-$3.50, $-$3.00] & 5 & 0 &  &  \\\\\n"
            "0.3 & {[}64,64] & $-$4.00 & {[}$-$6.12, $-$3.50] & 5 & 1 & $-$0.75 & {[}$-$0.67, $-$0.50] \\\\\n"
            "0.3 & {[}100] & $-$3.333e+11 & \\{0.10, 0.20, $-$1e+12\\} & 3 & 0 & $-$1.50 &  \\\\\n"
            "1 & {[}100] & nan & \\{nan\\} & 1 & 1 &  &  \\\\\n"
            "\\bottomrule\n"
            "\\end{tabular}\n");
}

TEST(ResultTable, OfOnePointHasNoDifferences) {
  ResultTable one = results();
  one.rows.resize(1);
  one.decimals = 1;
  EXPECT_EQ(result_table(one, TableForm::terminal),
            "algorithm.inner_lr  policy.hidden  return  95 % interval or runs  runs\n"
            "0.1                 [64,64]         *-3.2           [-3.5, -3.0]     5\n");
}

TEST(ResultTable, SharesOfWhatThereIsToGainHaveColumnsWhereThereAreAny) {
  ResultTable some = results();
  some.rows.resize(3);
  some.rows[0].normalised = {{0.875, {{0.5, 1}}}, {0.125, {{0, 0.5}}}};
  some.rows[2].normalised = {{0.0625, {}, {0.25, -1}}, {1.5}};
  EXPECT_EQ(result_table(some, TableForm::markdown),
            "| algorithm.inner\\_lr | policy.hidden | return | 95 % interval or runs | runs | missing | "
            "normalised | "
            "its 95 % interval or runs | optimality gap | difference to the best | 95 % interval of it |\n"
            "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n"
            "| 0.1 | [64,64] | **-3.25** | [-3.50, -3.00] | 5 | 0 | 0.875 | [0.500, 1.000] | 0.125 |  |  |\n"
            "| 0.3 | [64,64] | -4.00 | [-6.12, -3.50] | 5 | 1 |  |  |  | -0.75 | [-0.67, -0.50] |\n"
            "| 0.3 | [100] | -3.333e+11 | {0.10, 0.20, -1e+12} | 3 | 0 | 0.062 | {0.250, -1.000} | 1.500 | "
            "-1.50 |  |\n");
  EXPECT_EQ(
      result_table(some, TableForm::csv),
      "algorithm.inner_lr,policy.hidden,return,low,high,scores,runs,missing,best,difference,difference_low,"
      "difference_high,normalised,normalised_low,normalised_high,optimality_gap,optimality_gap_low,"
      "optimality_gap_high\r\n"
      "0.1,\"[64,64]\",-3.25,-3.5,-3,-3;-3.25;-3.5;-3;-3.5,5,0,true,,,,0.875,0.5,1,0.125,0,0.5\r\n"
      "0.3,\"[64,64]\",-4,-6.125,-3.5,-4;-4;-4;-4;-4,5,1,false,-0.75,-0.6666666666666666,-0.5,,,,,,\r\n"
      "0.3,[100],-333333333333.3333,,,0.1;0.2;-1e+12,3,0,false,-1.5,,,0.0625,,,1.5,,\r\n");
}

// A sweep over seeds alone varies no key.
TEST(ResultTable, OfNoKeysOrPoints) {
  EXPECT_EQ(result_table({{}, "return", {{{}, {2, {}, {}}, 1, 0, true, {}}}}, TableForm::terminal),
            "return  95 % interval or runs  runs\n"
            " *2.00                            1\n");
  EXPECT_EQ(result_table({{"a"}, "return", {}}, TableForm::terminal),
            "a  return  95 % interval or runs  runs\n");
}

}  // namespace
}  // namespace innerloop
