#!/usr/bin/env python3
"""Writes statistics.json: what other people's libraries make of scores, which tests/statistics compares ours with. Run once,
in an environment with rliable and pandas before 3 (with later ones rliable does not import); the file is in the repository.

Aggregates, profiles and the stratified bootstrap are rliable's (Agarwal et al. 2021), the bootstrap of whole runs that of
arch, which rliable is built on; Student's intervals and the analysis of variance are SciPy's. Scores are random, rounded to
three decimals or, for ties, to one. Intervals are of REPS resamples.
"""

import importlib.metadata
import json
import pathlib

import numpy as np
import scipy.stats
from arch.bootstrap import IIDBootstrap
from rliable import library, metrics

REPS = 50_000
THRESHOLDS = [-0.5, 0.0, 0.3, 0.5, 0.75, 1.0, 2.0]
STATISTICS = {
    "mean": metrics.aggregate_mean,
    "iqm": metrics.aggregate_iqm,
    "gap": metrics.aggregate_optimality_gap,
}


def all_of(x):
    return np.array([statistic(x) for statistic in STATISTICS.values()])


def named(numbers):
    return dict(zip(STATISTICS, np.asarray(numbers).T.tolist()))


def matrices(random):
    """Scores, runs × tasks, of different kinds."""
    seeds = random.normal(0, 0.4, size=(8, 1))  # a lucky run is so in every task
    return {
        "apart": random.normal(0.6, 0.5, size=(5, 3)).round(3),
        "together": (0.5 + seeds + random.normal(0, 0.1, size=(8, 6))).round(3),
        "skewed": random.lognormal(-0.5, 1, size=(10, 7)).round(3),
        "ties": random.normal(0.6, 0.2, size=(7, 4)).round(1),
        "one task": random.normal(0.6, 0.5, size=(6, 1)).round(3),
        "three runs": random.normal(0.6, 0.5, size=(3, 5)).round(3),
        "one": random.normal(0.6, 0.5, size=(1, 1)).round(3),
    }


def case(name, scores):
    np.random.seed(1)  # rliable draws from there whatever generator it is given
    result = {"name": name, "scores": scores.tolist(), **named(all_of(scores)),
              "profile": library.score_distributions(scores, THRESHOLDS).tolist()}
    if len(scores) >= 5:
        _, intervals = library.get_interval_estimates({"x": scores}, all_of, reps=REPS)
        _, profiles = library.create_performance_profile({"x": scores}, THRESHOLDS, reps=REPS)
        together = IIDBootstrap(scores, seed=1).conf_int(all_of, reps=REPS, method="percentile")
        means = scores.mean(axis=1)
        student = scipy.stats.t.interval(0.95, len(means) - 1, means.mean(), scipy.stats.sem(means))
        result |= {"runs_of_each_task": named(intervals["x"]), "profile_intervals": profiles["x"].T.tolist(),
                   "whole_runs": named(together), "student": [float(end) for end in student]}
    return result


def improvement(a, b, scores):
    np.random.seed(2)
    pair = [scores[a], scores[b]]
    probability = metrics.probability_of_improvement(*pair)
    _, intervals = library.get_interval_estimates(
        {"x": pair}, lambda x, y: np.array([metrics.probability_of_improvement(x, y)]), reps=5_000)
    return {"a": a, "b": b, "probability": float(probability), "runs_of_each_task": intervals["x"].ravel().tolist()}


def effect(sizes, slope, random):
    """ε² by SciPy's F: with k groups and n points, (k − 1)(F − 1) / ((k − 1) F + n − k)."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    scores = (groups * slope + random.normal(size=len(groups))).round(3)
    f = scipy.stats.f_oneway(*(scores[groups == group] for group in range(len(sizes)))).statistic
    between, within = len(sizes) - 1, len(groups) - len(sizes)
    return {"groups": groups.tolist(), "scores": scores.tolist(),
            "share": float(between * (f - 1) / (between * f + within))}


def main():
    random = np.random.default_rng(1)
    scores = matrices(random)
    scores["ties again"] = random.normal(0.65, 0.2, size=(6, 4)).round(1)
    steps = np.cumsum(random.integers(1, 20, size=12)).astype(float)
    values = random.normal(size=12).round(3)
    document = {
        "made_by": ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("rliable", "arch", "scipy", "numpy")),
        "resamples": REPS,
        "thresholds": THRESHOLDS,
        "cases": [case(name, each) for name, each in scores.items()],
        "improvements": [improvement("ties", "ties again", scores), improvement("ties again", "ties", scores),
                         improvement("ties", "ties", scores)],
        "effects": [effect([5, 5, 5], 1, random), effect([3, 9, 2, 4], 0.7, random), effect([20, 30], 0, random)],
        "curve": {"steps": steps.tolist(), "values": values.tolist(),
                  "area": float(np.trapezoid(values, steps) / (steps[-1] - steps[0]))},
    }
    path = pathlib.Path(__file__).with_name("statistics.json")
    path.write_text(json.dumps(document, separators=(",", ":")).replace('{"', '\n{"') + "\n")


if __name__ == "__main__":
    main()
