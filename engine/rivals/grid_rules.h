// Hand-written learners of rooms of cells with something hidden in one of them: grid_navigation, dark_room, key_door.
#pragma once

#include <vector>

#include "engine/rivals/learner.h"

namespace innerloop {

/// oracle: walks to the goal the shortest way, and stays there. bayes: the best that can be done by one who does not know the
/// goal, of 5 × 5 cells and episodes of 15 steps (prepare_grid_bayes in the source says why). posterior_sampling: goes, for a
/// whole episode, to a cell drawn from those that may still be the goal.
std::vector<Rival> grid_navigation_rivals();

/// oracle and posterior_sampling as of the grid. search: always to the nearest cell not yet tried, of several to the lowest
/// row's first, until the goal is found; from a corner that is a way through all cells, and the best there is.
std::vector<Rival> dark_room_rivals();

/// oracle: to the key and then to the door the shortest ways. search: as in the dark room, for the key and then, with it, for
/// the door; each is remembered.
std::vector<Rival> key_door_rivals();

}  // namespace innerloop
