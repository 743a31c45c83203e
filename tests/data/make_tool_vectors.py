#!/usr/bin/env python3
"""Writes tool_vectors.json: tasks of tool_calls with what their goals are worth, sessions step by step, and the mean worth over
many tasks, all by the definition alone, for tool_calls_test.cpp. Run once, in an environment with numpy; the file is in the
repository."""

import json
import pathlib

import numpy as np

TYPES, TOOLS, STEPS, SEED = 6, 10, 20, 1
OK, NO_EFFECT, MISSING, FAILED = 1, 2, 3, 4


def draw_task(rng, reliable=False):
    """Tools as (needs, gives, loses, cost, failure), types as numbers and sets of them; and the goals."""
    order = rng.permutation(TYPES).tolist()
    tools = []
    for i in range(TOOLS):
        if i == 0:
            gives, needs = order[0], []
        elif i < TYPES:
            near = i - 1 - int(rng.random() * min(i, 2))
            gives, needs = order[i], [order[near]]
            if i >= 2 and rng.random() < 0.5:
                needs.append(rng.choice([order[j] for j in range(i) if j != near]))
        else:
            gives, needs = rng.integers(TYPES), [rng.integers(TYPES)]
            if rng.random() < 0.5:
                needs.append(rng.integers(TYPES))
        needs = sorted({int(n) for n in needs})
        loses = {int(rng.choice(needs))} if needs and rng.random() < 0.25 else set()
        failure = 0.0 if rng.random() < 0.5 or reliable else float(np.float32(rng.uniform(0.1, 0.4)))
        cost = float(np.float32(rng.uniform(0.02, 0.1)))
        tools.append((set(needs), int(gives), loses, cost, failure))
    rng.shuffle(tools)
    return tools, order[TYPES - (TYPES + 1) // 2 :]


def bits(items):
    return sum(1 << item for item in items)


def worth(tools, goal):
    """V_20 of a session that holds nothing."""
    sets = np.arange(1 << TYPES)
    cost = np.array([t[3] for t in tools])
    fails = np.array([t[4] for t in tools])
    runs = np.stack([(sets & bits(t[0])) == bits(t[0]) for t in tools], 1)
    after = np.stack([(sets | 1 << t[1]) & ~bits(t[2]) for t in tools], 1)
    got = (after >> goal & 1) == 1
    value = np.zeros(len(sets))
    for _ in range(STEPS):
        then = (1 - fails) * np.where(got, 1, value[after]) + fails * value[:, None]
        value = (np.where(runs, then, value[:, None]) - cost).max(1)
    return float(value[0])


def flat(tools, goals):
    return [number for t in tools for number in (bits(t[0]), t[1], bits(t[2]), t[3], t[4])] + goals


def session(rng, tools, goal, steps):
    """Calls at random: (tool, held, result, reward, done) of each, until the goal is held."""
    held, rows = set(), []
    for _ in range(steps):
        k = int(rng.integers(TOOLS))
        needs, gives, loses, cost, _ = tools[k]
        if needs <= held:
            after = (held | {gives}) - loses
            result = NO_EFFECT if after == held else OK
            held = after
        else:
            result = MISSING
        rows.append([k, bits(held), result, (1.0 if goal in held else 0.0) - cost, int(goal in held)])
        if goal in held:
            break
    return rows


def main():
    rng = np.random.default_rng(SEED)
    tasks = []
    for _ in range(12):
        tools, goals = draw_task(rng, reliable=True)
        tasks.append({"task": flat(tools, goals), "worth": {str(g): worth(tools, g) for g in goals},
                      "sessions": {str(g): session(rng, tools, g, 40) for g in goals}})  # fmt: skip
    means = []
    for _ in range(4000):
        tools, goals = draw_task(rng)
        means.append(np.mean([worth(tools, g) for g in goals]))
    content = {"types": TYPES, "tools": TOOLS, "steps": STEPS, "mean_worth": float(np.mean(means)),
               "standard_error": float(np.std(means) / np.sqrt(len(means))), "tasks": tasks}  # fmt: skip
    path = pathlib.Path(__file__).with_name("tool_vectors.json")
    path.write_text(json.dumps(content, separators=(",", ":")) + "\n")
    print(content["mean_worth"], content["standard_error"])


if __name__ == "__main__":
    main()
