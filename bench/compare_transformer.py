#!/usr/bin/env python3
"""RL² with a transformer beside its peer: seconds of an iteration (trials, and the config's epochs of minibatches), environment
steps a second and peak memory. Both run on one thread of the same core, and take turns (A B A B …); seconds are the processor's,
so that what else runs on the machine counts little. What is printed are medians and their ratios.

    python3 bench/compare_transformer.py --python build/peers/bin/python [--rounds 3] [--json FILE]

--python: one that has the packages of bench/peers/requirements.txt, see docs/speed.md.
"""
from turns import (ROOT, arguments_of, core_header, in_turns, line_of_core, peer_iterations, print_rows, stay_on_one_core,
                   train_iterations)

# Trials of configs/transformer_grid_navigation.json, and of two other families of its size. `length` is the peer's length of a
# trial: pulls of the bandit, episodes of the others.
CASES = [dict(zip(("environment", "horizon", "steps_of_trial", "length"), case)) for case in (
    ("grid_navigation", 15, 60, 4), ("bandit", 1, 100, 100), ("tabular_mdp", 10, 100, 10))]
TRIALS = 256


def run_innerloop(binary, case):
    settings = [f"environment.name={case['environment']}", f"horizon={case['horizon']}",
                f"algorithm.trial_length={case['steps_of_trial']}"]
    return train_iterations(binary, "transformer_grid_navigation.json", settings, 2, 5)


def run_jax(python, case):
    return peer_iterations([python, ROOT / "bench/peers/jax_transformer_ppo.py", "--env", case["environment"], "--trial-length",
                            case["length"], "--envs", TRIALS, "--ent", 0.03, "--lr", 5e-4, "--iterations", 6,
                            "--eval-trials", TRIALS])


def line(row):
    return f"{row['environment']:15s}  {row['steps_of_trial']:5d}  {line_of_core(row)}"


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--environments", nargs="+", default=[case["environment"] for case in CASES],
                        choices=[case["environment"] for case in CASES])
    arguments = parser.parse_args()

    stay_on_one_core()
    rows = (case | {"steps": TRIALS * case["steps_of_trial"]} |
            in_turns(lambda: run_innerloop(arguments.innerloop, case), lambda _: run_jax(arguments.python, case), arguments.rounds)
            for case in CASES if case["environment"] in arguments.environments)
    print_rows(core_header("environment      steps"), rows, line, arguments.json)


if __name__ == "__main__":
    main()
