// How reliably an agent solves what it is asked for, pass^k, and how often it passes a limit.
#pragma once

#include <vector>

namespace innerloop {

/// The share of trials solved in all of k episodes, for k = 1, 2, … up to how many there are: the mean over the trials, and
/// over all ways to take k of the n episodes, that is C(c, k)/C(n, k) of a trial with c solved ones. Yao et al. 2024 (τ-bench).
/// @param solved [episode][trial], 1 or 0 @pre it is not empty.
std::vector<double> pass_k(const std::vector<std::vector<float>>& solved);

/// The share of trials whose episode is solved, by episode. @param solved as above
std::vector<double> solved_shares(const std::vector<std::vector<float>>& solved);

/// The share of an episode's steps that are counted in `steps`, over the trials, by episode; NaN of an episode without steps.
/// @param steps, lengths [episode][trial]
std::vector<double> shares_of_steps(const std::vector<std::vector<float>>& steps,
                                    const std::vector<std::vector<float>>& lengths);

}  // namespace innerloop
