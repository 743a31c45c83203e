// How much of what a sweep's points reach is due to each of the keys that it varies.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace innerloop {

/// [point] the number of the group that each point is in: points with the same value are in one.
std::vector<std::size_t> groups_of(std::span<const std::string> values);

/// Up to `most` different numbers have a group each; more are cut into bins of nearly equally many points: `most` bins, or as
/// many as leave each five points, but two at least. So the groups of numbers are those of their logarithms, too. Equal numbers
/// are in the same bin. @pre all are finite, and `most` is at least 2.
std::vector<std::size_t> groups_of(std::span<const double> numbers, std::size_t most = 8);

/// The share of the scores' variance that one key explains alone, its main effect: Sobol's first-order index
/// Var(E[score | key]) / Var(score), of which functional ANOVA (Hutter et al. 2014) is made too. Estimated by ε² of a one-way
/// analysis of variance (Kelley 1935),
///     (SS_between − (k − 1) · SS_within / (n − k)) / SS_total,   n points in k groups,
/// as the plain share, η², is (k − 1) / (n − 1) on average even for a key without effect, and so favours keys with many
/// values; below 0 it is 0. `scores` has one finite number a point: the mean over its seeds, as a seed is no further draw of
/// the key.
/// What keys do together is in none of their shares, so that these sum to less than 1; where the keys are not varied
/// independently of each other, an effect is in the shares of several.
/// Empty where the question has no answer: fewer than two groups, no group with two points, or no variance.
/// @pre `groups` and `scores` have the same length.
std::optional<double> main_effect(std::span<const std::size_t> groups, std::span<const double> scores);

}  // namespace innerloop
