// How a mask of the choices that are allowed is kept: choice c, counted through all groups, is bit c % 32 of word c / 32.
#pragma once

#include "kernels/lanes/fn.h"

namespace innerloop {

FN constexpr int mask_words(int choices) { return (choices + 31) / 32; }

}  // namespace innerloop
