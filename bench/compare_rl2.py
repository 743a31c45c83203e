#!/usr/bin/env python3
"""RL² with a GRU beside its peer: seconds of an iteration (trials, and one epoch of four minibatches) and peak memory.
The programs take turns (A B A B …), and what is printed are medians and their ratios.

    python3 bench/compare_rl2.py --python build/peers/bin/python [--rounds 3] [--trials 256] [--json FILE]

--python: one that has the packages of bench/peers/requirements.txt, see docs/speed.md.
"""
from turns import MIB, ROOT, arguments_of, in_turns, print_rows, run_benchmark, run_json

# `length` is the peer's length of a trial: pulls, or episodes of ten steps.
CASES = [dict(zip(("environment", "steps", "hidden", "trials", "length"), case)) for case in (
    ("bandit", 10, 32, 256, 10), ("bandit", 100, 128, 256, 100), ("tabular_mdp", 100, 128, 256, 10),
    ("bandit", 100, 128, 4096, 100), ("tabular_mdp", 100, 128, 4096, 10), ("bandit", 100, 512, 256, 100))]


def run_innerloop(binary, case):
    return run_benchmark(binary, f"meta_iteration/rl2/gru-{case['hidden']}/{case['environment']}-{case['steps']}/"
                                 f"trials-{case['trials']}")


def run_jax(python, case, threads):
    few = case["trials"] > 256 or case["hidden"] > 128
    result = run_json([python, ROOT / "bench/peers/jax_rl2.py", "--env", case["environment"], "--trial-length", case["length"],
                       "--hidden", case["hidden"], "--envs", case["trials"], "--epochs", 1, "--devices", threads,
                       "--iterations", 5 if few else 41])
    return {"seconds": result["seconds_per_iteration"], "memory": result["peak_memory_mb"] * MIB, "peer": result["peer"]}


def line(row):
    return (f"{row['environment']:12s}  {row['steps']:5d}  {row['hidden']:6d}  {row['trials']:6d}  {row['seconds']:10.4f}  "
            f"{row['fraction_of_peak']:7.0%}  {row['peer_seconds']:10.4f}  {row['times_faster']:7.2f}  "
            f"{row['peak_memory_bytes'] / MIB:8.0f}  {row['peer_peak_memory_bytes'] / MIB:8.0f}")


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--trials", type=int, nargs="+", default=[256, 4096], choices=[256, 4096])
    arguments = parser.parse_args()

    rows = (case | in_turns(lambda: run_innerloop(arguments.innerloop, case),
                            lambda ours: run_jax(arguments.python, case, ours["machine"]["threads"]), arguments.rounds)
            for case in CASES if case["trials"] in arguments.trials)
    print_rows("environment   steps  hidden  trials   innerloop  of peak        peer    times       MiB  peer MiB\n"
               "                                       seconds             seconds   faster", rows, line, arguments.json)


if __name__ == "__main__":
    main()
