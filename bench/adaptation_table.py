#!/usr/bin/env python3
"""How the algorithms adapt: trains all of them on three families of tasks with several seeds, and writes the table and the
plot of docs/results.md: mean return on held-out tasks after 0 to 5 gradient steps.

    python3 bench/adaptation_table.py [--tasks pendulum] [--methods MAML pretraining] [--seeds 1 2 3] [--runs runs/table]
        [--svg docs/adaptation.svg]

The inner step size of every method is searched in the same way: seed 1 is trained with each of the task's sizes for half of
the iterations, and the one with the best return after one step on 60 validation tasks is taken. Step sizes of a test: that
one for the first step, half of it for the others. A run that is there already is not trained again.
"""
import argparse
import json
import math
import os
import statistics
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from arguments import positive, program
from plot_curve import draw
from results import measured, number

ROOT = Path(__file__).resolve().parent.parent
STEPS = 5
# What Student's t is within in 95 % of cases, by degrees of freedom from 1; for more of them the last one is on the safe side.
T_95 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]
VALIDATION_SEED = 5000011

# Of each task: what all methods share, the step sizes searched, and what the outer optimiser takes.
TASKS = {
    "2D navigation": {
        "sizes": [0.1, 0.3, 1.0],
        "config": {"iterations": 75, "tasks_per_iteration": 40, "envs_per_task": 20, "horizon": 100,
                   "environment": {"name": "point_navigation", "layout": "square", "action_scale": 0.1},
                   "policy": {"name": "mlp", "hidden": [100, 100], "activation": "relu"},
                   "outer": {"name": "adam", "lr": 0.003}},
        "algorithm": {"discount": 0.99, "gae_lambda": 1.0}},
    # The goal alone changes: an angle that the torque can hold, and that is not observed.
    "pendulum": {
        "sizes": [0.1, 0.3, 1.0],
        "config": {"iterations": 100, "tasks_per_iteration": 40, "envs_per_task": 10, "horizon": 200,
                   "environment": {"name": "pendulum", "mass": [1, 1], "length": [1, 1], "gravity": [10, 10],
                                   "max_torque": [8, 8], "target_angle": [-2, 2]},
                   "policy": {"name": "mlp", "hidden": [64, 64], "activation": "tanh", "initial_log_std": 1},
                   "outer": {"name": "adam", "lr": 0.003}},
        "algorithm": {"discount": 0.95, "gae_lambda": 0.97}},
    "cartpole": {
        "sizes": [0.03, 0.1, 0.3],
        "config": {"iterations": 50, "tasks_per_iteration": 40, "envs_per_task": 20, "horizon": 200,
                   "environment": {"name": "cartpole"},
                   "policy": {"name": "mlp", "hidden": [64, 64], "activation": "tanh"},
                   "outer": {"name": "adam", "lr": 0.002}},
        "algorithm": {"discount": 0.99, "gae_lambda": 1.0}},
}

# What each method changes. `scale`: what the task's step sizes are multiplied by, where steps move something else than
# all of the policy. Reptile's outer step is towards what three inner steps reach.
METHODS = {
    "random initialisation": {"algorithm": {"name": "pretraining"}, "config": {"iterations": 1}},
    "pretraining": {"algorithm": {"name": "pretraining"}},
    "Reptile": {"algorithm": {"name": "reptile", "inner_steps": 3}, "config": {"outer": {"name": "sgd", "lr": 1.0}}},
    "FOMAML": {"algorithm": {"name": "fomaml"}},
    "MAML": {"algorithm": {"name": "maml"}},
    "E-MAML": {"algorithm": {"name": "emaml"}},
    "ProMP": {"algorithm": {"name": "promp", "estimator": "ratio", "epochs": 2, "kl_penalty": 0.0005}},
    "Meta-SGD": {"algorithm": {"name": "meta_sgd"}},
    "CAVIA": {"algorithm": {"name": "cavia", "context_size": 5}, "scale": 4},
}


def config_of(task, method, size, seed, search):
    """The JSON of a run."""
    family, own = TASKS[task], METHODS[method]
    config = {"seed": seed, **family["config"], **own.get("config", {})}
    config["algorithm"] = {"inner_steps": 1, "inner_lr": size, "estimator": "reinforce", "baseline": "linear",
                           **family["algorithm"], **own["algorithm"]}
    config["evaluation"] = {"tasks": 120, "envs_per_task": 20, "inner_steps": STEPS}
    if config["algorithm"]["name"] == "pretraining":  # which takes none in training
        del config["algorithm"]["inner_steps"]
    if config["algorithm"]["name"] != "meta_sgd":  # whose sizes are learned
        config["evaluation"]["inner_lr"] = [size] + [size / 2] * (STEPS - 1)
    if config["algorithm"]["name"] == "reptile":
        config["algorithm"]["inner_lr"] = [size, size / 2, size / 2]
    if search:
        config["iterations"] = max(1, config["iterations"] // 2)
        config["evaluation"] |= {"tasks": 60, "seed": VALIDATION_SEED}
    return config


class Runs:
    """Trains what is not there yet, one thread a run."""

    def __init__(self, folder, binary):
        self.folder, self.binary = folder, binary

    def train(self, task, method, size, seed, search):
        """The curve, and the processor seconds."""
        name = f"{task}-{method}-{size:g}-s{seed}".lower().replace(" ", "-")
        run = self.folder / ("search" if search else "final") / name
        seconds = run / "processor_seconds"
        if not seconds.exists():
            run.parent.mkdir(parents=True, exist_ok=True)
            config = run.parent / f"{name}.json"
            config.write_text(json.dumps(config_of(task, method, size, seed, search)))
            process = subprocess.Popen([self.binary, "train", config, "--threads", "1", "--out", run],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            if status != 0:
                raise SystemExit(f"adaptation_table: wanted {config} to be trained, found exit code "
                                 f"{os.waitstatus_to_exitcode(status)}")
            seconds.write_text(f"{usage.ru_utime + usage.ru_stime:.1f}\n")
        evaluation = json.loads((run / "evaluation.json").read_text())
        curve = evaluation["baselines"][0]["curve"] if method == "random initialisation" else evaluation["curve"]
        return curve, float(seconds.read_text())


def pooled(curves):
    """The mean over seeds after each step. The interval holds both parts of the error: that of the tasks, which all seeds
    share, and that of the seeds, by Student's t over as many runs as there are."""
    points = []
    for of_seeds in zip(*curves):
        means = [measured(point, "mean_return") for point in of_seeds]
        tasks = statistics.mean(measured(point, "ci95") ** 2 for point in of_seeds)
        seeds = T_95[min(len(means), len(T_95) + 1) - 2] ** 2 * statistics.variance(means) / len(means) if len(means) > 1 else 0.0
        points.append({"step": of_seeds[0]["step"], "mean_return": statistics.mean(means),
                       "ci95": (tasks + seeds) ** 0.5})
    return points


def table(task, rows):
    digits = 1 if abs(rows[0][2][0]["mean_return"]) < 100 else 0
    yield f"\n**{task}**\n"
    yield "| method | inner lr | " + " | ".join(f"{step} steps" if step != 1 else "1 step" for step in range(STEPS + 1)) + \
          " | processor s a seed |"
    yield "|---" * (STEPS + 4) + "|"
    for method, size, points, seconds in rows:
        cells = [f"{number(p['mean_return'], digits)} ± {p['ci95']:.{digits}f}" for p in points]
        yield f"| {method} | {size:g} | " + " | ".join(cells) + f" | {seconds:.0f} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=TASKS)
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=METHODS, metavar="METHOD")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--runs", type=Path, default=ROOT / "runs/table", help="folder of the run folders")
    parser.add_argument("--innerloop", type=program, default=str(ROOT / "build/release/innerloop"), help="the binary")
    parser.add_argument("--jobs", type=positive, default=os.cpu_count(), help="trainings side by side")
    parser.add_argument("--svg", type=Path, help="the plot to write")
    arguments = parser.parse_args()
    runs = Runs(arguments.runs, arguments.innerloop)
    panels = []
    with ThreadPoolExecutor(arguments.jobs) as pool:
        searched = {}
        for task in arguments.tasks:
            for method in arguments.methods:
                for size in TASKS[task]["sizes"]:
                    size = round(size * METHODS[method].get("scale", 1), 6)
                    searched[task, method, size] = pool.submit(runs.train, task, method, size, 1, True)
        for task in arguments.tasks:
            found = {}
            for method in arguments.methods:
                after_one = {size: measured(future.result()[0][1], "mean_return", -math.inf)
                             for (t, m, size), future in searched.items() if (t, m) == (task, method)}
                size = max(after_one, key=after_one.get)
                found[method] = (size, [pool.submit(runs.train, task, method, size, seed, False) for seed in arguments.seeds])
            rows = []
            for method, (size, futures) in found.items():
                curves, seconds = zip(*(future.result() for future in futures))
                rows.append((method, size, pooled(curves), statistics.mean(seconds)))
            print("\n".join(table(task, rows)), flush=True)
            panels.append((task, [(method, points) for method, _, points, _ in rows]))
    spent = sum(float(file.read_text()) for file in arguments.runs.glob("*/*/processor_seconds"))
    print(f"\nProcessor time of all trainings and evaluations, search included: {spent / 60:.0f} minutes.")
    if arguments.svg:
        arguments.svg.write_text(draw(panels), encoding="utf-8")


if __name__ == "__main__":
    main()
