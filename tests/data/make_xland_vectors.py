#!/usr/bin/env python3
"""Writes xland_vectors.json: what XLand-MiniGrid does (pip install xminigrid, version 0.9.3 then) in 100,800 steps of 1,008
rulesets from the first ones of its benchmarks, which xland_vectors_test.cpp compares envs/xland.h with. Run once; the file is
in the repository.

A ruleset has ten episodes of ten steps. States and actions are drawn by a generator that the test has, too. The file has one
number of each episode, in which all that each step led to is summed up: agent, pocket, the whole grid, what is seen, the
reward to four decimals (the last bit of what XLA compiles is another than that of the same program operation by operation) and
the end.
"""

import json
import pathlib
import sys

import jax
import jax.numpy as jnp
import numpy as np
import xminigrid
from xminigrid.core.grid import room
from xminigrid.types import AgentState, EnvCarry, State, StepType, TimeStep

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent / "examples"))
import xland_rulesets as rulesets  # noqa: E402

SIZES, MOST_RULES = (7, 9, 13), 9
RULESETS, EPISODES, STEPS = 112, 10, 10  # rulesets of each benchmark and size
ACTIONS = [0, 0, 0, 1, 2, 3, 3, 4, 4, 5]
WORD = 2**32


class Generator:
    """SplitMix64, the upper 16 bits."""

    def __init__(self, seed):
        self.state = seed

    def below(self, count):
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2**64
        z = self.state
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
        return ((z ^ z >> 31) >> 48) % count


def draw_episode(generator, things, slots, size):
    """Places of the things (None of one in the pocket), the agent's, its direction, steps so far; the actions. A ruleset with
    fewer things than `slots`, the most that its benchmark has, has empty ones."""
    cells = [(row, column) for row in range(1, size - 1) for column in range(1, size - 1)]
    for i in range(slots + 1):
        j = i + generator.below(len(cells) - i)
        cells[i], cells[j] = cells[j], cells[i]
    places = cells[:slots]
    direction, steps, carried = generator.below(4), generator.below(137), generator.below(2 * slots)
    if carried < len(things) and things[carried][0] != rulesets.GOAL:
        places[carried] = None
    return places, cells[slots], direction, steps, [ACTIONS[generator.below(len(ACTIONS))] for _ in range(STEPS)]


def start(size, things, episode):
    places, at, direction, steps, actions = episode
    grid = np.array(room(size, size))
    pocket = (0, 0)
    for tile, place in zip(things, places):
        if place is None:
            pocket = tile
        else:
            grid[place] = tile
    agent = AgentState(position=np.array(at), direction=np.array(direction), pocket=np.array(pocket, np.uint8))
    return grid, agent, np.array(steps), np.array(actions)


def play(size, goals, rules, grids, agents, steps, actions):
    """All that each step led to, [episode][step][number]."""
    env, params = xminigrid.make("XLand-MiniGrid-R1-9x9")
    params = params.replace(height=size, width=size, max_steps=3 * size * size)

    def one(goal, rule, grid, agent, step, its_actions):
        state = State(key=jax.random.key(0), step_num=step, grid=grid, agent=agent, goal_encoding=goal, rule_encoding=rule,
                      carry=EnvCarry())
        timestep = TimeStep(state=state, step_type=StepType.FIRST, reward=jnp.asarray(0.0), discount=jnp.asarray(1.0),
                            observation=jnp.zeros((5, 5, 2), jnp.uint8))

        def body(timestep, action):
            after = env.step(params, timestep, action)
            reward = jnp.round(after.reward * 1e4)
            numbers = [after.state.agent.position, after.state.agent.direction, after.state.agent.pocket, after.discount == 0,
                       reward, after.state.grid, after.observation]
            return timestep.replace(state=after.state), jnp.concatenate([jnp.ravel(x).astype(jnp.uint32) for x in numbers])

        return jax.lax.scan(body, timestep, its_actions)[1]

    return np.asarray(jax.jit(jax.vmap(one))(goals, rules, grids, agents, steps, actions))


def sums(numbers):
    """[episode] of [episode][step][number]."""
    weights = (np.arange(1, numbers.shape[2] + 1, dtype=np.uint64) * 2654435761) % WORD
    steps = ((numbers.astype(np.uint64) * weights) % WORD).sum(2) % WORD
    total = np.zeros(len(numbers), np.uint64)
    for step in range(numbers.shape[1]):
        total = (total * 16777619 + steps[:, step]) % WORD
    return total.astype(int).tolist()


def main():
    groups, ends = [], 0
    stack = lambda rows: jax.tree.map(lambda *x: np.stack(x), *rows)
    for size in SIZES:  # a program is compiled for each
        episodes = []
        for name, benchmark in rulesets.BENCHMARKS.items():
            at = RULESETS * SIZES.index(size)
            drawn = rulesets.draw_rulesets(name, at + RULESETS)[at:]
            for i, ruleset in enumerate(drawn):
                generator = Generator(RULESETS * len(groups) + i)
                goal, rules, _ = rulesets.bytes_of(ruleset)
                rules += [[0] * 7] * (MOST_RULES - len(rules))
                for _ in range(EPISODES):
                    episode = draw_episode(generator, ruleset[2], benchmark.things, size)
                    episodes.append((np.array(goal, np.uint8), np.array(rules, np.uint8), *start(size, ruleset[2], episode)))
            groups.append({"benchmark": name, "size": size,
                           "rulesets": [rulesets.task_of(ruleset, benchmark) for ruleset in drawn]})
        numbers = play(size, *[stack(column) for column in zip(*episodes)])
        ends += int(numbers[:, :, 5].sum())
        of = np.reshape(sums(numbers), (-1, RULESETS, EPISODES)).tolist()
        for group, its in zip(groups[-len(of):], of):
            group["sums"] = its
        print("size", size, "goals reached so far:", ends, flush=True)
    text = json.dumps({"xminigrid": "0.9.3", "episodes": EPISODES, "steps": STEPS, "goals_reached": ends, "groups": groups},
                      separators=(",", ":"))
    (HERE / "xland_vectors.json").write_text(text.replace("],[", "],\n[") + "\n")


if __name__ == "__main__":
    main()
