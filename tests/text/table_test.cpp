// Tables as text: what is escaped, and where it stands.
#include "engine/text/table.h"

#include <gtest/gtest.h>

namespace innerloop {
namespace {

TextTable small() {
  return {{{"key"}, {"return", true}}, {{{"a"}, {"-1.50", true}}, {{"long, “ö”"}, {"10.25"}}, {{""}, {""}}}};
}

// Everything that means something somewhere.
TextTable odd() {
  return {{{"a_b"}, {"50 %", true}},
          {{{"[1,\"x\"]"}, {"[-1, 2]"}},
           {{"\\ { } $ & # ^ _ ~ % < > |"}, {"{-1, 2}"}},
           {{"two\nlines"}, {"nan"}},
           {{"*b* `c` ![x](y)"}, {""}},
           {{"a-b\r"}, {"1e-5"}}}};
}

TEST(Table, InATerminalHasColumns) {
  EXPECT_EQ(terminal_table(small()),
            "key        return\n"
            "a          *-1.50\n"
            "long, “ö”   10.25\n"
            "\n");
  EXPECT_EQ(terminal_table({{{"x", true}, {"y"}}, {{{"1"}, {"two\nlines"}}}}),
            "x  y\n"
            "1  two lines\n");
}

TEST(Table, AsCsvIsThatOfRfc4180) {
  EXPECT_EQ(csv_table(small()), "key,return\r\na,-1.50\r\n\"long, “ö”\",10.25\r\n,\r\n");
  EXPECT_EQ(csv_table(odd()),
            "a_b,50 %\r\n"
            "\"[1,\"\"x\"\"]\",\"[-1, 2]\"\r\n"
            "\\ { } $ & # ^ _ ~ % < > |,\"{-1, 2}\"\r\n"
            "\"two\nlines\",nan\r\n"
            "*b* `c` ![x](y),\r\n"
            "\"a-b\r\",1e-5\r\n");
}

TEST(Table, AsMarkdownEscapesItsMarks) {
  EXPECT_EQ(markdown_table(small()),
            "| key | return |\n"
            "|---|---:|\n"
            "| a | **-1.50** |\n"
            "| long, “ö” | 10.25 |\n"
            "|  |  |\n");
  EXPECT_EQ(markdown_table(odd()),
            "| a\\_b | 50 % |\n"
            "|---|---:|\n"
            "| [1,\"x\"] | [-1, 2] |\n"
            "| \\\\ { } \\$ \\& # ^ \\_ \\~ % \\< > \\| | {-1, 2} |\n"
            "| two lines | nan |\n"
            "| \\*b\\* \\`c\\` ![x]\\(y) |  |\n"
            "| a-b  | 1e-5 |\n");
}

TEST(Table, AsLatexEscapesWhatIsSpecialToTex) {
  EXPECT_EQ(latex_table(small()),
            "\\begin{tabular}{lr}\n"
            "\\toprule\n"
            "key & return \\\\\n"
            "\\midrule\n"
            "a & \\textbf{$-$1.50} \\\\\n"
            "long, “ö” & 10.25 \\\\\n"
            " &  \\\\\n"
            "\\bottomrule\n"
            "\\end{tabular}\n");
  EXPECT_EQ(
      latex_table(odd()),
      "\\begin{tabular}{lr}\n"
      "\\toprule\n"
      "a\\_b & 50 \\% \\\\\n"
      "\\midrule\n"
      "{[}1,\"x\"] & {[}$-$1, 2] \\\\\n"
      "\\textbackslash{} \\{ \\} \\$ \\& \\# \\textasciicircum{} \\_ \\textasciitilde{} \\% \\textless{} "
      "\\textgreater{} \\textbar{} & \\{$-$1, 2\\} \\\\\n"
      "two lines & nan \\\\\n"
      "{*}b{*} `c` !{[}x](y) &  \\\\\n"
      "a-b  & 1e$-$5 \\\\\n"
      "\\bottomrule\n"
      "\\end{tabular}\n");
}

TEST(Table, WithoutRowsIsItsTitles) {
  const TextTable empty = {{{"key"}, {"n", true}}, {}};
  EXPECT_EQ(terminal_table(empty), "key  n\n");
  EXPECT_EQ(csv_table(empty), "key,n\r\n");
  EXPECT_EQ(markdown_table(empty), "| key | n |\n|---|---:|\n");
  EXPECT_EQ(latex_table(empty),
            "\\begin{tabular}{lr}\n\\toprule\nkey & n \\\\\n\\midrule\n\\bottomrule\n\\end{tabular}\n");
}

}  // namespace
}  // namespace innerloop
