// The cells of a matrix, shared among a team's threads.
#pragma once

#include "kernels/lanes/team.h"

namespace innerloop {

// Calls cell(row, column) for each cell of a matrix. Threads are side by side along the rows, whose numbers lie together
// in memory. Does not sync.
template <class Team, class Cell>
FN void for_cells(const Team& team, int rows, int columns, const Cell& cell) {
  if (columns == 0) return;
  const int across = team.size() == 1 ? 1 : min_of(team.size(), columns),
            down = quotient(team.size(), across), first = quotient(team.rank(), across);
  if (first >= down) return;
  for (int row = first; row < rows; row += down)
    for (int column = team.rank() - first * across; column < columns; column += across) cell(row, column);
}

}  // namespace innerloop
