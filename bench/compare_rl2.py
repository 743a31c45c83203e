#!/usr/bin/env python3
"""RL² with a GRU beside its peer: seconds of an iteration (trials, and one epoch of four minibatches) and peak memory.
The programs take turns (A B A B …), and what is printed are medians and their ratios.

    python3 bench/compare_rl2.py --python build/peers/bin/python [--rounds 3] [--trials 256] [--json FILE]

--python: one that has the packages of bench/peers/requirements.txt, see docs/speed.md.
"""
import argparse
import json
from pathlib import Path

from arguments import positive, program
from compare import ROOT, median, run, run_benchmark

# Environment, steps of a trial, hidden units, trials; and the peer's length of a trial: pulls, or episodes of ten steps.
CASES = [("bandit", 10, 32, 256, 10), ("bandit", 100, 128, 256, 100), ("tabular_mdp", 100, 128, 256, 10),
         ("bandit", 100, 128, 4096, 100), ("tabular_mdp", 100, 128, 4096, 10), ("bandit", 100, 512, 256, 100)]


def run_innerloop(binary, case):
    environment, steps, hidden, trials, _ = case
    return run_benchmark(binary, f"meta_iteration/rl2/gru-{hidden}/{environment}-{steps}/trials-{trials}")


def run_jax(python, case, threads):
    environment, _, hidden, trials, length = case
    command = [python, ROOT / "bench/peers/jax_rl2.py", "--env", environment, "--trial-length", length, "--hidden", hidden,
               "--envs", trials, "--epochs", 1, "--devices", threads, "--iterations", 5 if trials > 256 or hidden > 128 else 41]
    result = json.loads(run([str(part) for part in command]).splitlines()[-1])
    return {"seconds": result["seconds_per_iteration"], "memory": result["peak_memory_mb"] * (1 << 20), "peer": result["peer"]}


def compare(case, rounds, binary, python):
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(run_innerloop(binary, case))
        theirs.append(run_jax(python, case, ours[-1]["machine"]["threads"]))
    row = dict(zip(("environment", "steps", "hidden", "trials"), case), peer=theirs[0]["peer"], machine=ours[0]["machine"],
               rounds=rounds, seconds=median(ours, "seconds"), peer_seconds=median(theirs, "seconds"),
               fraction_of_peak=median(ours, "fraction_of_peak"), peak_memory_bytes=median(ours, "memory"),
               peer_peak_memory_bytes=median(theirs, "memory"))
    row["times_faster"] = row["peer_seconds"] / row["seconds"]
    return row


def line(row):
    mib = 1 << 20
    return (f"{row['environment']:12s}  {row['steps']:5d}  {row['hidden']:6d}  {row['trials']:6d}  {row['seconds']:10.4f}  "
            f"{row['fraction_of_peak']:7.0%}  {row['peer_seconds']:10.4f}  {row['times_faster']:7.2f}  "
            f"{row['peak_memory_bytes'] / mib:8.0f}  {row['peer_peak_memory_bytes'] / mib:8.0f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=program, default=str(ROOT / "build/peers/bin/python"), help="one that can import jax")
    parser.add_argument("--innerloop", type=program, default=str(ROOT / "build/release/innerloop"), help="the binary")
    parser.add_argument("--trials", type=int, nargs="+", default=[256, 4096], choices=[256, 4096])
    parser.add_argument("--rounds", type=positive, default=3, help="turns of each program")
    parser.add_argument("--json", type=Path, help="also writes the rows to this file")
    arguments = parser.parse_args()

    rows = []
    print("environment   steps  hidden  trials   innerloop  of peak        peer    times       MiB  peer MiB\n"
          "                                       seconds             seconds   faster", flush=True)
    for case in (case for case in CASES if case[3] in arguments.trials):
        rows.append(compare(case, arguments.rounds, arguments.innerloop, arguments.python))
        print(line(rows[-1]), flush=True)
        if arguments.json:
            arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
