#!/usr/bin/env python3
"""innerloop beside its peers: seconds of a meta-iteration and peak memory, at 40 and 1,000 tasks, 1 and 3 inner steps,
second and first order. The programs take turns (A B A B …), and what is printed are medians and their ratios.

    python3 bench/compare.py --python build/peers/bin/python [--tasks 40] [--rounds 3] [--json FILE]

--python: one that has the packages of bench/peers/requirements.txt, see docs/speed.md.
"""
import itertools

from turns import MIB, ROOT, arguments_of, in_turns, print_rows, run_benchmark, run_json


def run_innerloop(binary, case):
    return run_benchmark(binary, f"meta_iteration/{'fomaml' if case['first_order'] else 'maml'}/K{case['inner_steps']}/"
                                 f"tasks-{case['tasks']}")


def run_jax(python, case):
    # Sizes as in innerloop's own benchmark: 2 × 64 tanh, 20 environments a task, horizon 100.
    command = [python, ROOT / "bench/peers/jax_maml.py", "--tasks", case["tasks"], "--envs", 20, "--horizon", 100,
               "--hidden", 64, 64, "--inner-steps", case["inner_steps"], "--iterations", 11 if case["tasks"] < 200 else 3]
    result = run_json(command + ["--first-order"] * case["first_order"])
    return {"seconds": result["seconds_per_iteration"], "memory": result["peak_memory_bytes"], "peer": result["peer"]}


def line(row):
    return (f"{row['tasks']:5d}  {row['inner_steps']:1d}  {'first' if row['first_order'] else 'second':6s}  "
            f"{row['seconds']:10.4f}  {row['peer_seconds']:10.4f}  {row['times_faster']:7.1f}  "
            f"{row['peak_memory_bytes'] / MIB:8.0f}  {row['peer_peak_memory_bytes'] / MIB:8.0f}")


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--tasks", type=int, nargs="+", default=[40, 1000], choices=[40, 1000])
    parser.add_argument("--inner-steps", type=int, nargs="+", default=[1, 3], choices=[1, 3])
    arguments = parser.parse_args()

    cases = [dict(zip(("tasks", "inner_steps", "first_order"), case))
             for case in itertools.product(arguments.tasks, arguments.inner_steps, (False, True))]
    rows = (case | in_turns(lambda: run_innerloop(arguments.innerloop, case), lambda _: run_jax(arguments.python, case),
                            arguments.rounds) for case in cases)
    print_rows("tasks  K  order    innerloop       peer    times       MiB  peer MiB\n"
               "                     seconds    seconds   faster", rows, line, arguments.json)


if __name__ == "__main__":
    main()
