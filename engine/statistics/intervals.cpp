#include "engine/statistics/intervals.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "engine/statistics/aggregates.h"
#include "engine/statistics/estimates.h"
#include "kernels/lanes/random.h"

namespace innerloop {
namespace {

// Resamples of a matrix, one after the other. `stream` tells the draws for one matrix from those for another.
class Resamples {
 public:
  Resamples(const Scores& scores, const Bootstrap& bootstrap, std::uint32_t stream)
      : scores_(scores), bootstrap_(bootstrap), stream_(stream), resample_(scores), runs_(scores.runs) {}

  const Scores& next() {
    if (bootstrap_.what == Resample::whole_runs) draw(0);
    for (std::size_t task = 0; task < scores_.tasks; ++task) {
      if (bootstrap_.what == Resample::runs_of_each_task) draw(task);
      for (std::size_t run = 0; run < scores_.runs; ++run)
        resample_.at(run, task) = scores_.at(runs_[run], task);
    }
    ++number_;
    return resample_;
  }

 private:
  // Each number below the count of runs is as likely as any other, but for 2⁻³² of a word's values that are left over.
  void draw(std::size_t task) {
    using Word = Pack<std::uint32_t, 1>;
    constexpr std::uint32_t kNoPurpose = 0xFF;  // the streams of Random have a Purpose there
    Array<Word, 4> words;
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      if (i % 4 == 0)
        words =
            philox(Array<Word, 4>{Word(number_), Word(static_cast<std::uint32_t>(task)),
                                  Word(static_cast<std::uint32_t>(i / 4)), Word(kNoPurpose | stream_ << 8)},
                   bootstrap_.seed, 0);
      runs_[i] = std::uint64_t{words[static_cast<int>(i % 4)].get(0)} * runs_.size() >> 32;
    }
  }

  const Scores& scores_;
  Bootstrap bootstrap_;
  std::uint32_t stream_, number_ = 0;
  Scores resample_;
  std::vector<std::size_t> runs_;  // the one that each run of the resample is
};

// numpy.percentile(sorted, 100 * share), of which the default is to interpolate between the two nearest.
double percentile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const double next = sorted[std::min(below + 1, sorted.size() - 1)];
  return sorted[below] + (next - sorted[below]) * (place - static_cast<double>(below));
}

bool any_nan(const std::vector<double>& numbers) {
  return std::ranges::any_of(numbers, [](double number) { return std::isnan(number); });
}

// @pre no number is NaN.
ConfidenceInterval percentile_interval(std::vector<double> numbers) {
  std::ranges::sort(numbers);
  return {percentile(numbers, 0.025), percentile(numbers, 0.975)};
}

// Of what `next` gives for each resample, where `value` is that of the sample itself.
template <class Next>
std::optional<ConfidenceInterval> interval_of(double value, const Bootstrap& bootstrap, const Next& next) {
  if (std::isnan(value)) return {};
  std::vector<double> numbers(static_cast<std::size_t>(bootstrap.resamples));
  for (double& number : numbers) number = next();
  if (any_nan(numbers)) return {};
  return percentile_interval(std::move(numbers));
}

Scores run_alone(const Scores& scores, std::size_t run) {
  Scores alone = {1, scores.tasks};
  for (std::size_t task = 0; task < scores.tasks; ++task) alone.values.push_back(scores.at(run, task));
  return alone;
}

}  // namespace

Summary summary_of(const Scores& scores, const ScoreStatistic& statistic, const Bootstrap& bootstrap) {
  Summary summary = {statistic(scores)};
  for (std::size_t run = 0; run < scores.runs; ++run)
    summary.points.push_back(statistic(run_alone(scores, run)));
  Resamples resamples(scores, bootstrap, 0);
  if (scores.runs >= kFewestRuns)
    summary.interval = interval_of(summary.value, bootstrap, [&] { return statistic(resamples.next()); });
  return summary;
}

Profile profile_of(const Scores& scores, std::span<const double> thresholds, const Bootstrap& bootstrap) {
  Profile profile = {fractions_above(scores, thresholds)};
  if (scores.runs < kFewestRuns || any_nan(profile.above)) return profile;
  std::vector<std::vector<double>> fractions(thresholds.size());  // [threshold][resample]
  Resamples resamples(scores, bootstrap, 0);
  for (int i = 0; i < bootstrap.resamples; ++i) {
    const std::vector<double> above = fractions_above(resamples.next(), thresholds);
    for (std::size_t t = 0; t < above.size(); ++t) fractions[t].push_back(above[t]);
  }
  profile.intervals.emplace();
  for (auto& numbers : fractions) profile.intervals->push_back(percentile_interval(std::move(numbers)));
  return profile;
}

Summary improvement_of(const Scores& a, const Scores& b, const Bootstrap& bootstrap) {
  Summary summary = {probability_of_improvement(a, b)};
  Resamples of_a(a, bootstrap, 0), of_b(b, bootstrap, 1);
  if (std::min(a.runs, b.runs) >= kFewestRuns)
    summary.interval = interval_of(summary.value, bootstrap,
                                   [&] { return probability_of_improvement(of_a.next(), of_b.next()); });
  return summary;
}

std::optional<ConfidenceInterval> t_interval(const std::vector<double>& sample) {
  if (sample.size() < kFewestRuns || any_nan(sample)) return {};
  const Estimate estimate = mean_of(sample);
  return ConfidenceInterval{estimate.mean - estimate.ci95, estimate.mean + estimate.ci95};
}

PairedDifference paired_difference(const Scores& a, const Scores& b, const Bootstrap& bootstrap) {
  if (a.runs != b.runs || a.tasks != b.tasks)
    throw std::invalid_argument("scores: wanted the " + std::to_string(a.runs) + " runs × " +
                                std::to_string(a.tasks) + " tasks of the other, found " +
                                std::to_string(b.runs) + " × " + std::to_string(b.tasks));
  Scores difference = a;
  for (std::size_t i = 0; i < b.values.size(); ++i) difference.values[i] -= b.values[i];
  Summary summary = summary_of(difference, mean_score, bootstrap);
  const auto student = t_interval(summary.points);
  return {summary.value, summary.interval, student, std::move(summary.points)};
}

}  // namespace innerloop
