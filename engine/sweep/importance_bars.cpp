#include "engine/sweep/importance_bars.h"

#include <algorithm>

#include "engine/report/drawing.h"
#include "engine/text/columns.h"

namespace innerloop {
namespace {

// In the drawing's units.
constexpr double kBarsWidth = 460, kBarRow = 40, kBarHeight = 9;

}  // namespace

Figure importance_bars(std::vector<KeyImportance> importance) {
  std::ranges::stable_sort(importance, std::greater(),
                           [](const KeyImportance& each) { return each.share.value_or(-1); });
  std::string svg;
  double y = 0;
  for (const KeyImportance& each : importance) {
    svg += drawn_text("ink", 0, y + 14, each.key) +
           drawn_text("ink end", kBarsWidth, y + 14,
                      each.share ? number_cell("%.0f %%", 100 * *each.share) : "cannot be told") +
           drawn_box("track", 0, y + 25, kBarsWidth, kBarHeight);
    if (each.share) svg += drawn_box("c0", 0, y + 25, kBarsWidth * *each.share, kBarHeight);
    y += kBarRow;
  }
  return figure_of(
      "Importance of the options", drawing_of("importance of the options", kBarsWidth, y + 4, 240, svg),
      "The share of the variance between the points' means that one option explains alone: its main effect, "
      "Sobol's first-order index, estimated by ε² of a one-way analysis of variance. What options do "
      "together is in no bar, so that these sum to less than 100 %; 0 %: no more than chance would do. All "
      "holds for the ranges of this sweep.");
}

}  // namespace innerloop
