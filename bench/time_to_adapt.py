#!/usr/bin/env python3
"""Times what each run of a sweep needs to learn a new task, for docs/results.md.

    python3 bench/time_to_adapt.py sweeps/ways [--innerloop build/release/innerloop]

Milliseconds of one thread for a task's evaluation (its environments, the policy, and inner steps where there are any) go into
FOLDER/time_to_adapt.json, {run: ms}: what an evaluation of 240 tasks takes longer than one of 40, a task, the median of five.
"""
import argparse
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from arguments import program

FEW, MANY, TIMES = 40, 240, 5


def seconds(innerloop, run, tasks):
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        subprocess.run([innerloop, "evaluate", run, "--threads", "1", "--set", f"evaluation.tasks={tasks}", "--json",
                        f"{folder}/evaluation.json"], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="of a sweep")
    parser.add_argument("--innerloop", type=program, default="build/release/innerloop")
    arguments = parser.parse_args()
    runs = sorted(path.parent for path in arguments.folder.glob("runs/*/evaluation.json"))
    if not runs:
        parser.error(f"folder: wanted a sweep's with runs that are evaluated, found none in {arguments.folder}/runs")
    found = {}
    for run in runs:
        times = [seconds(arguments.innerloop, run, MANY) - seconds(arguments.innerloop, run, FEW) for _ in range(TIMES)]
        found[run.name] = 1000 * statistics.median(times) / (MANY - FEW)
        print(f"{run}: {found[run.name]:.2f} ms a task")
    (arguments.folder / "time_to_adapt.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
