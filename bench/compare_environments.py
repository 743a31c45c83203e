#!/usr/bin/env python3
"""Steps of environments alone, a second: innerloop beside gymnax, Gymnasium and XLand-MiniGrid, where they have the family. 800
environments, 100 steps, random actions; the programs take turns, and what is printed are medians.

    python3 bench/compare_environments.py --python build/peers/bin/python [--rounds 3] [--json FILE]

--python: one that has the packages of bench/peers/requirements.txt, see docs/speed.md.
"""
import json
import statistics

from turns import ROOT, arguments_of, run_bench, run_json

# innerloop's name, gymnax's (or XLand-MiniGrid's) and Gymnasium's.
FAMILIES = [("point_navigation", "PointRobot-misc", None), ("wind_navigation", None, None), ("grid_navigation", None, None),
            ("bandit", "BernoulliBandit-misc", None), ("tabular_mdp", None, None),
            ("cartpole", "CartPole-v1", "CartPole-v1"), ("pendulum", "Pendulum-v1", "Pendulum-v1"),
            ("acrobot", "Acrobot-v1", "Acrobot-v1"), ("mountain_car", "MountainCar-v0", "MountainCar-v0"),
            ("xland", "R1-9x9/trivial", None)]


def innerloop_rates(binary):
    return {result["name"].split("/")[1]: result["env_steps_per_second"] for result in run_bench(binary, "env_steps/*")["results"]
            if not result["name"].endswith("one-thread")}


def peer_rate(python, library, name):
    if name is None:
        return None
    return run_json([python, ROOT / "bench/peers/environments.py", "--library", library, "--environment",
                     name])["env_steps_per_second"]


def main():
    arguments = arguments_of(__doc__).parse_args()

    rounds = []
    for _ in range(arguments.rounds):
        ours = innerloop_rates(arguments.innerloop)
        rounds.append({family: (ours[family], peer_rate(arguments.python, "xminigrid" if family == "xland" else "gymnax", gymnax),
                                peer_rate(arguments.python, "gymnasium", gymnasium))
                       for family, gymnax, gymnasium in FAMILIES})
    print("family              innerloop   gymnax  gymnasium    million steps a second")
    rows = []
    for family, *_ in FAMILIES:
        rates = [None if column[0] is None else statistics.median(column)
                 for column in zip(*(one[family] for one in rounds))]
        rows.append({"family": family, **dict(zip(("innerloop", "gymnax", "gymnasium"), rates))})
        print(f"{family:18s}" + "".join(f"{rate / 1e6:11.3f}" if rate else f"{'':11s}" for rate in rates))
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
