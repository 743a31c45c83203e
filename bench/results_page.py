#!/usr/bin/env python3
"""Writes the tables and the plot of docs/results.md that come from a sweep.

    innerloop sweep sweeps/results/adaptation.json
    python3 bench/results_page.py sweeps/adaptation [--page docs/results.md] [--svg docs/adaptation.svg]

The tables stand between `<!-- adaptation -->` and `<!-- end -->`, one for each family of tasks: mean return after 0, 1, …
gradient steps over the seeds, each on the same held-out tasks, ± the half width of its 95 % interval by Student's t over
the seeds, and the interquartile mean over runs × tasks after one step with its bootstrap interval. The first row is the
random initialisation that the runs of the first method started from.
"""
import argparse
import json
import math
import statistics
from pathlib import Path

from plot_curve import draw
from results import measured, number

ROOT = Path(__file__).resolve().parent.parent
# What Student's t is within in 95 % of cases, by degrees of freedom from 1.
T_95 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]
TITLES = {"point_navigation": "2D navigation", "pendulum": "pendulum", "cartpole": "cart-pole"}
NAMES = {"maml": "MAML", "fomaml": "FOMAML", "emaml": "E-MAML", "promp": "ProMP", "meta_sgd": "Meta-SGD", "cavia": "CAVIA",
         "reptile": "Reptile"}


def curve_over(curves):
    """The mean over runs after each step, with Student's interval over the runs."""
    points = []
    for of_runs in zip(*curves):
        means = [measured(point, "mean_return") for point in of_runs]
        half = T_95[min(len(means), len(T_95) + 1) - 2] * statistics.stdev(means) / math.sqrt(len(means)) if len(means) > 1 else None
        points.append({"step": of_runs[0]["step"], "mean_return": statistics.mean(means), "ci95": half})
    return points


def cells(points, digits):
    return [number(p["mean_return"], digits) + (f" ± {p['ci95']:.{digits}f}" if p["ci95"] is not None else "") for p in points]


def rows_of(folder, results, group):
    """(name, inner lr, points of the curve, iqm, seconds a run) of each point of the group, and of the random initialisation."""
    rows = []
    for point in results["points"]:
        if point["group"] != group:
            continue
        runs = [folder / "runs" / f"{point['point']:04d}-s{run['seed']}" for run in point["runs"]]
        evaluations = [json.loads((run / "evaluation.json").read_text()) for run in runs]
        config = json.loads((runs[0] / "config.json").read_text())
        if not rows:
            random = [evaluation["baselines"][0]["curve"] for evaluation in evaluations]
            rows.append(("random initialisation", evaluations[0]["inner_lr"][0], curve_over(random), None, None))
        name = config["algorithm"]["name"]
        rows.append((NAMES.get(name, name), evaluations[0]["inner_lr"][0], curve_over([e["curve"] for e in evaluations]),
                     (point["iqm"], point["iqm_interval"]), statistics.mean(run["seconds"] for run in point["runs"])))
    return rows


def table(title, rows):
    digits = 1 if abs(rows[0][2][0]["mean_return"]) < 100 else 0
    steps = [point["step"] for point in rows[0][2]]
    yield f"\n**{title}**\n"
    yield "| method | inner lr | " + " | ".join(f"{step} steps" if step != 1 else "1 step" for step in steps) + \
          " | interquartile mean after 1 step | s a seed |"
    yield "|---" * (len(steps) + 4) + "|"
    for name, size, points, iqm, seconds in rows:
        middle = ""
        if iqm is not None:
            middle = number(iqm[0], digits) + (f" [{number(iqm[1][0], digits)}, {number(iqm[1][1], digits)}]" if iqm[1] else "")
        yield f"| {name} | {size:g} | " + " | ".join(cells(points, digits)) + f" | {middle} | " + \
              (f"{seconds:.0f} |" if seconds is not None else "|")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="of the finished sweep")
    parser.add_argument("--page", type=Path, default=ROOT / "docs/results.md")
    parser.add_argument("--svg", type=Path, default=ROOT / "docs/adaptation.svg")
    arguments = parser.parse_args()
    results = json.loads((arguments.folder / "results.json").read_text())
    groups = list(dict.fromkeys(point["group"] for point in results["points"]))
    lines, panels = [], []
    for group in groups:
        rows = rows_of(arguments.folder, results, group)
        lines += table(TITLES.get(group, group), rows)
        panels.append((TITLES.get(group, group), [(name, points) for name, _, points, _, _ in rows]))
    page = arguments.page.read_text()
    before, found, rest = page.partition("<!-- adaptation -->\n")
    _, ends, after = rest.partition("<!-- end -->")
    if not found or not ends:
        raise SystemExit(f"results_page: wanted <!-- adaptation --> and <!-- end --> in {arguments.page}, found none")
    arguments.page.write_text(before + found + "\n".join(lines).lstrip("\n") + "\n" + ends + after)
    arguments.svg.write_text(draw(panels), encoding="utf-8")


if __name__ == "__main__":
    main()
