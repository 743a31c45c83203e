#!/usr/bin/env python3
"""Steps of environments alone, a second: innerloop beside gymnax and Gymnasium, where they have the family. 800
environments, 100 steps, random actions; the programs take turns, and what is printed are medians.

    python3 bench/compare_environments.py --python build/peers/bin/python [--rounds 3] [--json FILE]

--python: one that has the packages of bench/peers/requirements.txt, see docs/speed.md.
"""
import argparse
import json
import statistics
import tempfile
from pathlib import Path

from arguments import positive, program
from compare import ROOT, run

# innerloop's name, gymnax's and Gymnasium's.
FAMILIES = [("point_navigation", "PointRobot-misc", None), ("wind_navigation", None, None), ("grid_navigation", None, None),
            ("bandit", "BernoulliBandit-misc", None), ("tabular_mdp", None, None),
            ("cartpole", "CartPole-v1", "CartPole-v1"), ("pendulum", "Pendulum-v1", "Pendulum-v1"),
            ("acrobot", "Acrobot-v1", "Acrobot-v1"), ("mountain_car", "MountainCar-v0", "MountainCar-v0")]


def innerloop_rates(binary):
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "bench.json"
        run([binary, "bench", "env_steps/*", "--json", out])
        results = json.loads(out.read_text())["results"]
    return {result["name"].split("/")[1]: result["env_steps_per_second"] for result in results
            if not result["name"].endswith("one-thread")}


def peer_rate(python, library, name):
    if name is None:
        return None
    out = run([python, ROOT / "bench/peers/environments.py", "--library", library, "--environment", name])
    return json.loads(out.splitlines()[-1])["env_steps_per_second"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=program, default=str(ROOT / "build/peers/bin/python"), help="one that can import the peers")
    parser.add_argument("--innerloop", type=program, default=str(ROOT / "build/release/innerloop"), help="the binary")
    parser.add_argument("--rounds", type=positive, default=3, help="turns of each program")
    parser.add_argument("--json", type=Path, help="also writes the rows to this file")
    arguments = parser.parse_args()

    rounds = []
    for _ in range(arguments.rounds):
        ours = innerloop_rates(arguments.innerloop)
        rounds.append({family: (ours[family], peer_rate(arguments.python, "gymnax", gymnax),
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
