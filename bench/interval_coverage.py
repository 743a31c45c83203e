#!/usr/bin/env python3
"""How often 95 % intervals of few runs hold the truth: docs/sweeps.md and engine/statistics/intervals.h have the figures.

    python3 bench/interval_coverage.py [--samples 4000]

Means of normal runs: the percentile bootstrap over runs, as innerloop has it, and Student's t. Then ten runs of 20 tasks whose
scores owe half of their variance to the run: whole runs resampled, and runs anew in each task. Wants numpy.
"""
import argparse

import numpy

RESAMPLES = 1000
T_95 = {5: 2.776, 10: 2.262, 20: 2.093}  # by the number of runs


def holds(resampled):
    """The fraction of samples, [sample, resample], whose percentiles have 0, the true mean, between them."""
    low, high = numpy.percentile(resampled, [2.5, 97.5], axis=1)
    return ((low <= 0) & (0 <= high)).mean()


def of_runs(random, samples, runs):
    scores = random.standard_normal((samples, runs))
    resampled = numpy.stack([sample[random.integers(runs, size=(RESAMPLES, runs))].mean(axis=1) for sample in scores])
    half = T_95[runs] * scores.std(axis=1, ddof=1) / runs**0.5
    return holds(resampled), (abs(scores.mean(axis=1)) <= half).mean()


def of_runs_and_tasks(random, samples, runs, tasks):
    whole, anew = [], []
    for _ in range(samples):
        scores = (random.standard_normal((runs, 1)) + random.standard_normal((runs, tasks))) / 2**0.5
        whole.append(scores.mean(axis=1)[random.integers(runs, size=(RESAMPLES, runs))].mean(axis=1))
        places = random.integers(runs, size=(RESAMPLES, runs, tasks))
        anew.append(numpy.take_along_axis(scores[None], places, axis=1).mean(axis=(1, 2)))
    return holds(numpy.stack(whole)), holds(numpy.stack(anew))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=20000)
    samples = parser.parse_args().samples
    random = numpy.random.default_rng(1)
    for runs in T_95:
        bootstrap, student = of_runs(random, samples, runs)
        print(f"{runs} runs: {bootstrap:.1%} by the bootstrap, {student:.1%} by Student's t")
    whole, anew = of_runs_and_tasks(random, samples // 4, 10, 20)
    print(f"10 runs of 20 tasks: {whole:.1%} with whole runs, {anew:.1%} with runs of each task")


if __name__ == "__main__":
    main()
