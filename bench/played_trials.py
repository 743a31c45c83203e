#!/usr/bin/env python3
"""Plays trials of a run and prints what docs/results.md says of them beside their return.

    python3 bench/played_trials.py RUN [--trials 40]

Of `barcode_bandit` the reward of an episode by how often its barcode has been shown, of `key_door` the doors that a trial
opens, ± the half width of a 95 % interval over trials.
"""
import argparse
import collections
import json
import math
import statistics
import subprocess
from pathlib import Path

from arguments import positive, program

ROOT = Path(__file__).resolve().parent.parent


def episodes_of(arguments, seed):
    """[(what was seen at its first step, its reward)] of the trial of a seed, episode by episode."""
    played = subprocess.run([arguments.innerloop, "play", arguments.run, "--task-seed", str(seed), "--threads", "1"], text=True,
                          capture_output=True, check=True).stdout
    episodes = {}
    for words in map(str.split, played.splitlines()):
        if len(words) > 5 and words[0].isdigit() and words[1].isdigit():  # episode, step, saw …, got, episode, trial
            seen, reward = episodes.get(words[0], (words[2], 0.0))
            episodes[words[0]] = (seen, reward + float(words[-3]))
    return list(episodes.values())


def told(numbers):
    return f"{statistics.mean(numbers):.2f} ± {1.96 * statistics.stdev(numbers) / math.sqrt(len(numbers)):.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--trials", type=positive, default=40)
    parser.add_argument("--innerloop", type=program, default=str(ROOT / "build/release/innerloop"), help="the binary")
    arguments = parser.parse_args()
    trials = [episodes_of(arguments, seed) for seed in range(1, arguments.trials + 1)]
    environment = json.loads((arguments.run / "config.json").read_text())["environment"]["name"]
    if environment == "key_door":
        print("doors", told([sum(reward >= 2 for _, reward in trial) for trial in trials]))
    elif environment == "barcode_bandit":
        rewards = collections.defaultdict(list)
        for trial in trials:
            shown = collections.Counter()
            for barcode, reward in trial:
                shown[barcode] += 1
                rewards[shown[barcode]].append(reward)
        for presentation in sorted(rewards):
            print(presentation, told(rewards[presentation]))
    else:
        raise SystemExit(f"played_trials: wanted a run of barcode_bandit or key_door, found {environment}")


if __name__ == "__main__":
    main()
