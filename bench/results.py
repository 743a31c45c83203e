#!/usr/bin/env python3
"""Trains configs with several seeds and prints what they reach on held-out tasks, as the rows of docs/results.md.

    python3 bench/results.py [--seeds 1 2 3] [--runs runs/results] configs/point_navigation_maml.json ...

A run that is there already is not trained again. Each row: mean return ± 95 % confidence interval after 0, 1, … gradient
steps; the last one of a config is the mean over its seeds. Processor seconds are those of one thread.
"""
import argparse
import json
import math
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def train(binary, config, seed, run):
    """The run's evaluation and its processor seconds, which are kept in the run's folder."""
    seconds = run / "processor_seconds"
    if not seconds.exists():
        command = [binary, "train", config, "--set", f"seed={seed}", "--threads", "1", "--out", run]
        print("$", *command, flush=True)
        process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            raise SystemExit(f"results: wanted {run} to be trained, found exit code {os.waitstatus_to_exitcode(status)}")
        seconds.write_text(f"{usage.ru_utime + usage.ru_stime:.1f}\n")
    return json.loads((run / "evaluation.json").read_text()), float(seconds.read_text())


def row(name, cells):
    return f"| {name} | " + " | ".join(cells) + " |"


def number(value, digits):
    return f"{value:.{digits}f}".replace("-", "−")


def measured(point, what, otherwise=math.nan):
    """A number of a curve's point; `otherwise` where it is not finite, which is null in the file."""
    return otherwise if point[what] is None else point[what]


def curve_cells(curve, digits):
    return [number(measured(point, "mean_return"), digits) + (f" ± {point['ci95']:.{digits}f}" if point["ci95"] is not None else "")
            for point in curve]


def rows_of(config, results, digits):
    """Markdown rows: each seed's, their mean, and the first seed's random initialisation."""
    for seed, (evaluation, seconds) in results.items():
        yield row(f"`{config}`, seed {seed}", curve_cells(evaluation["curve"], digits) + [f"{seconds:.0f}"])
    curves = [evaluation["curve"] for evaluation, _ in results.values()]
    if len(curves) > 1:
        means = [sum(measured(point, "mean_return") for point in points) / len(points) for points in zip(*curves)]
        yield row("mean of the seeds", [f"**{number(mean, digits)}**" for mean in means] + [""])
    first, _ = next(iter(results.values()))
    for baseline in first["baselines"]:
        yield row(f"{baseline['name']} initialisation", curve_cells(baseline["curve"], digits) + [""])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--runs", type=Path, default=ROOT / "runs/results", help="folder of the run folders")
    parser.add_argument("--innerloop", default=ROOT / "build/release/innerloop", help="the binary")
    parser.add_argument("--digits", type=int, default=2, help="after the point")
    arguments = parser.parse_args()
    for config in arguments.configs:
        results = {seed: train(arguments.innerloop, config, seed, arguments.runs / f"{config.stem}-s{seed}")
                   for seed in arguments.seeds}
        print("\n".join(rows_of(config.stem, results, arguments.digits)), flush=True)


if __name__ == "__main__":
    main()
