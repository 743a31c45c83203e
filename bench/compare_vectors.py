#!/usr/bin/env python3
"""Steps a second of vectors of CartPoles whose random actions are given as arrays: innerloop's Python package beside
Gymnasium's own vector and EnvPool. All are in one process and take turns; what is printed are medians.

    python bench/compare_vectors.py [--envs 4096] [--threads 2] [--rounds 7] [--seconds 0.5] [--json FILE]

The Python that runs it has innerloop, gymnasium and envpool; one that is missing is left out.
"""
import argparse
import json
import statistics
import time

import numpy as np
from arguments import positive


def vectors(envs, threads):
    """Each library's vector, made when it is there."""
    try:
        import innerloop
    except ImportError:
        pass
    else:
        yield "innerloop", innerloop.make_vec("cartpole", num_envs=envs, threads=threads, max_episode_steps=500)
        yield "innerloop, views", innerloop.make_vec("cartpole", num_envs=envs, threads=threads, max_episode_steps=500, copy=False)
    try:
        import gymnasium
    except ImportError:
        pass
    else:
        yield "gymnasium", gymnasium.make_vec("CartPole-v1", num_envs=envs, vectorization_mode="vector_entry_point")
    try:
        import envpool
    except ImportError:
        pass
    else:
        yield "envpool", envpool.make_gymnasium("CartPole-v1", num_envs=envs, num_threads=threads)


def rate(vector, actions, seconds):
    """Environment steps a second."""
    steps, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds:
        for step in range(8):
            vector.step(actions[(steps + step) % len(actions)])
        steps += 8
    return steps * actions.shape[1] / spent


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--envs", type=positive, default=4096, help="environments side by side")
    parser.add_argument("--threads", type=positive, default=2, help="of innerloop and of EnvPool")
    parser.add_argument("--rounds", type=positive, default=7, help="turns of each")
    parser.add_argument("--seconds", type=float, default=0.5, help="of a turn")
    parser.add_argument("--json", help="also writes the rates to this file")
    arguments = parser.parse_args()
    actions = np.random.default_rng(1).integers(0, 2, (64, arguments.envs)).astype(np.int64)
    rivals = dict(vectors(arguments.envs, arguments.threads))
    for vector in rivals.values():
        vector.reset()
        rate(vector, actions, 0.1)
    rates = {name: [] for name in rivals}
    for _ in range(arguments.rounds):
        for name, vector in rivals.items():
            rates[name].append(rate(vector, actions, arguments.seconds))
    medians = {name: statistics.median(found) for name, found in rates.items()}
    first = next(iter(medians.values()))
    print(f"{arguments.envs} CartPoles, {arguments.threads} threads     million steps a second     innerloop is faster by")
    for name, median in medians.items():
        print(f"{name:34s}{median / 1e6:22.2f}{first / median:26.1f} x")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(medians, file, indent=2)


if __name__ == "__main__":
    main()
