#!/usr/bin/env python3
"""Soft actor-critic beside its peer: seconds of an iteration (an episode of the pendulum and 200 updates of all networks),
environment steps a second and peak memory. Both run on one thread of the same core, and take turns (A B A B …); seconds are the
processor's, so that what else runs on the machine counts little. What is printed are medians and their ratios.

    python3 bench/compare_sac.py --python build/peers/bin/python [--rounds 3] [--json FILE]

--python: one that has the packages of bench/peers/requirements.txt, see docs/speed.md.
"""
from turns import (ROOT, arguments_of, core_header, in_turns, line_of_core, peer_iterations, print_rows, stay_on_one_core,
                   train_iterations)

# Steps that an update is made on; the first is that of configs/pendulum_sac.json.
BATCHES = [128, 256]
STEPS = 200
FILLING = 5  # iterations before there are the config's first_steps


def run_innerloop(binary, batch):
    return train_iterations(binary, "pendulum_sac.json", [f"algorithm.batch={batch}"], FILLING + 1, 20)


def run_jax(python, batch):
    return peer_iterations([python, ROOT / "bench/peers/jax_sac.py", "--batch", batch, "--iterations", FILLING + 21])


def line(row):
    return f"{row['batch']:5d}  {line_of_core(row)}"


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--batches", type=int, nargs="+", default=BATCHES, choices=BATCHES)
    arguments = parser.parse_args()

    stay_on_one_core()
    rows = ({"batch": batch, "steps": STEPS} |
            in_turns(lambda: run_innerloop(arguments.innerloop, batch), lambda _: run_jax(arguments.python, batch), arguments.rounds)
            for batch in arguments.batches)
    print_rows(core_header("batch"), rows, line, arguments.json)


if __name__ == "__main__":
    main()
