// Controllers of plants, as an engineer would set them up: the rivals of one that is learned.
#pragma once

#include <vector>

#include "engine/rivals/learner.h"

namespace innerloop {

/// constant: the coolant that is right for the nominal plant on average, 298.5 K. pi_nominal: the best proportional and
/// integral gains of a grid for the nominal plant, −240 K·L/mol and 3 min. pi: the best for a hundred variants, −160 K·L/mol
/// and 2 min. Both start from 300 K, and do not integrate while the coolant is at a bound.
std::vector<Rival> cstr_rivals();

/// hold: both pumps at 3 V. pi: each pump moves the lower tank that it feeds itself, by 3 and 2.7 V a volt of the sensor (0.5
/// V/cm) and 30 and 40 s; tuned where γ1 + γ2 > 1. pi_crossed: each moves the other, by 0.8 and 450 s; tuned where γ1 + γ2 < 1.
std::vector<Rival> four_tank_rivals();

/// cascade: the speed's error asks for a current, 16 A a rad/s and 0.3 s within ±180 A, and the current's for a voltage, 0.016
/// V/A, beside what the nominal motor needs. cascade_known: the same with the motor's own resistance and flux. zero: no
/// voltage.
std::vector<Rival> dc_drive_rivals();

/// none: inputs stay where they are. blt: 0.375 and 8.29 min for the top by reflux, −0.075 and 23.6 min for the bottom by
/// steam. pi: 0.8 and 20 min, −0.12 and 8 min, the best of a grid for the nominal column.
std::vector<Rival> distillation_rivals();

}  // namespace innerloop
