#!/usr/bin/env python3
"""innerloop beside its peers: seconds of a meta-iteration and peak memory, at 40 and 1,000 tasks, 1 and 3 inner steps,
second and first order. The programs take turns (A B A B …), and what is printed are medians and their ratios.

    python3 bench/compare.py --python build/peers/bin/python [--tasks 40] [--rounds 3] [--json FILE]

--python: one that has the packages of bench/peers/requirements.txt, see docs/speed.md.
"""
import argparse
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

from arguments import positive, program

ROOT = Path(__file__).resolve().parent.parent


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"compare: wanted `{' '.join(map(str, command))}` to succeed, found exit code "
                         f"{done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout


def run_benchmark(binary, name):
    """What `innerloop bench` finds for the benchmark of this name."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "bench.json"
        # A pattern that fits this name alone.
        run([binary, "bench", name[:-1] + f"[{name[-1]}]", "--json", out])
        report = json.loads(out.read_text())
    (result,) = report["results"]
    return {"seconds": result["seconds"], "fraction_of_peak": result["fraction_of_peak"],
            "memory": result["peak_memory_bytes"], "machine": report["machine"]}


def run_innerloop(binary, case):
    return run_benchmark(binary, f"meta_iteration/{'fomaml' if case['first_order'] else 'maml'}/K{case['inner_steps']}/"
                                 f"tasks-{case['tasks']}")


def run_jax(python, case):
    # Sizes as in innerloop's own benchmark: 2 × 64 tanh, 20 environments a task, horizon 100.
    command = [python, ROOT / "bench/peers/jax_maml.py", "--tasks", case["tasks"], "--envs", 20, "--horizon", 100,
               "--hidden", 64, 64, "--inner-steps", case["inner_steps"], "--iterations", 11 if case["tasks"] < 200 else 3]
    if case["first_order"]:
        command.append("--first-order")
    result = json.loads(run([str(part) for part in command]).splitlines()[-1])
    return {"seconds": result["seconds_per_iteration"], "memory": result["peak_memory_bytes"], "peer": result["peer"]}


def median(runs, key):
    return statistics.median(run[key] for run in runs)


def compare(case, rounds, binary, python):
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(run_innerloop(binary, case))
        theirs.append(run_jax(python, case))
    row = dict(case, peer=theirs[0]["peer"], machine=ours[0]["machine"], rounds=rounds,
               seconds=median(ours, "seconds"), peer_seconds=median(theirs, "seconds"),
               peak_memory_bytes=median(ours, "memory"), peer_peak_memory_bytes=median(theirs, "memory"),
               seconds_of_rounds=[run["seconds"] for run in ours],
               peer_seconds_of_rounds=[run["seconds"] for run in theirs])
    row["times_faster"] = row["peer_seconds"] / row["seconds"]
    return row


def line(row):
    mib = 1 << 20
    return (f"{row['tasks']:5d}  {row['inner_steps']:1d}  {'first' if row['first_order'] else 'second':6s}  "
            f"{row['seconds']:10.4f}  {row['peer_seconds']:10.4f}  {row['times_faster']:7.1f}  "
            f"{row['peak_memory_bytes'] / mib:8.0f}  {row['peer_peak_memory_bytes'] / mib:8.0f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=program, default=str(ROOT / "build/peers/bin/python"), help="one that can import jax")
    parser.add_argument("--innerloop", type=program, default=str(ROOT / "build/release/innerloop"), help="the binary")
    parser.add_argument("--tasks", type=int, nargs="+", default=[40, 1000], choices=[40, 1000])
    parser.add_argument("--inner-steps", type=int, nargs="+", default=[1, 3], choices=[1, 3])
    parser.add_argument("--rounds", type=positive, default=3, help="turns of each program")
    parser.add_argument("--json", type=Path, help="also writes the rows to this file")
    arguments = parser.parse_args()

    rows = []
    print("tasks  K  order    innerloop       peer    times       MiB  peer MiB\n"
          "                     seconds    seconds   faster", flush=True)
    for tasks in arguments.tasks:
        for inner_steps in arguments.inner_steps:
            for first_order in (False, True):
                case = {"tasks": tasks, "inner_steps": inner_steps, "first_order": first_order}
                rows.append(compare(case, arguments.rounds, arguments.innerloop, arguments.python))
                print(line(rows[-1]), flush=True)
                if arguments.json:
                    arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
