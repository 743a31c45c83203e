#!/usr/bin/env python3
"""Writes recall_vectors.json: what the families of mazes, rooms and recall do in a few trials of given tasks and actions, which
recall_vectors_test.cpp compares the headers with. Run once; needs Python alone. The file is in the repository.

The families are written down from the definitions in their papers and in public code, one object at a time. Where they draw
while they are played, they draw what Philox4x32-10 (Salmon et al. 2011) gives for (task, environment, step, purpose), as
kernels/lanes/random.h says. Of what is seen before each step the file has one number, the sum of √(d + 2) · number d.
"""

import json
import math
import pathlib
import random

KEY = (5, 2)
RESET, ENVIRONMENT, OBSERVATION = 1, 3, 6  # of the purposes that random numbers have


class Stream:
    def __init__(self, step, purpose):
        self.counter, self.words, self.spare = [0, 0, step, purpose], [], None

    def bits(self):
        if not self.words:
            c, (k0, k1) = self.counter[:], KEY
            for _ in range(10):
                p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
                c = [(p1 >> 32) ^ c[1] ^ k0, p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k1, p0 & 0xFFFFFFFF]
                k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
            self.words = c
            self.counter[3] += 1 << 16
        return self.words.pop(0)

    def uniform(self):
        return (self.bits() >> 8) / 2**24

    def normal(self):
        if self.spare is not None:
            number, self.spare = self.spare, None
            return number
        radius = math.sqrt(-2 * math.log(1 - self.uniform()))
        turn = 2 * math.pi * self.uniform()
        self.spare = radius * math.sin(turn)
        return radius * math.cos(turn)


class TMaze:
    """Ni et al. 2023: cells as a set, so that a step into a wall is one that leaves it."""

    actions = 4

    def __init__(self, corridor, start):
        self.length, self.first = corridor, {"cue": 0, "beside": 1}[start]
        self.end = corridor + self.first
        self.maze = {(x, 0) for x in range(self.end + 1)} | {(self.end, 1), (self.end, -1)}
        self.options = {"name": "t_maze", "corridor": corridor, "start": start}

    def task(self, draw):
        return [draw.choice([-1, 1])]

    def start_trial(self, task):
        self.goal = task[0]

    def start_episode(self, _):
        self.place, self.time, self.been_at_cue = (self.first, 0), 0, False

    def see(self, _):
        x, y = self.place
        if x == 0 and not self.been_at_cue:
            self.been_at_cue = True
            return [0, self.goal]
        return [1, y] if x == self.end else [0, 0]

    def act(self, action, _):
        dx, dy = [(1, 0), (0, 1), (-1, 0), (0, -1)][action]
        to = (self.place[0] + dx, self.place[1] + dy)
        if to in self.maze:
            self.place = to
        self.time += 1
        x, y = self.place
        if self.time == self.length + 2 * self.first + 1:
            return (1 if y == self.goal else 0), True
        return (-1 / self.length if x < self.time - self.first else 0), False

    def policy(self, draw):  # mostly to the right, so that the ends are reached
        return draw.choice([0, 0, 0, 0, 0, 0, 1, 2, 3])


class KeyDoor:
    """AMAGO's form: the call after an attempt's end only resets, pays nothing and looks at no action."""

    actions = 5

    def __init__(self, size, attempt_steps, reset_call=True, key_reward=1.0):
        self.size, self.limit, self.reset_call, self.key_reward = size, attempt_steps, reset_call, key_reward
        self.options = {"name": "key_door", "size": size, "attempt_steps": attempt_steps, "reset_call": reset_call,
                        "key_reward": key_reward}

    def task(self, draw):
        return [draw.randrange(self.size) for _ in range(6)]

    def start_trial(self, task):
        self.begin, self.key, self.door = task[0:2], task[2:4], task[4:6]

    def start_episode(self, _):
        self.at, self.has_key, self.time, self.over = list(self.begin), False, 0, False

    def see(self, _):
        return [self.at[0] / self.size, self.at[1] / self.size, int(self.has_key), self.time / self.limit]

    def act(self, action, _):
        if self.over:
            return 0, True
        move = [(0, -1), (-1, 0), (0, 1), (1, 0), (0, 0)][action]
        self.at = [min(max(a + m, 0), self.size - 1) for a, m in zip(self.at, move)]
        self.time += 1
        reward, success = 0, False
        if self.has_key:
            success = self.at == self.door
            reward = int(success)
        elif self.at == self.key:
            self.has_key, reward = True, self.key_reward
        done = success or self.time >= self.limit
        self.over = done and self.reset_call
        return reward, done and not self.reset_call

    def policy(self, draw):
        return draw.randrange(5)


class DarkRoom:
    actions = 5

    def __init__(self, size, start):
        self.size, self.begin = size, size // 2 if start == "centre" else 0
        self.options = {"name": "dark_room", "size": size, "start": start}

    def task(self, draw):
        return [draw.randrange(self.size) for _ in range(2)]

    def start_trial(self, task):
        self.goal = task

    def start_episode(self, _):
        self.at = [self.begin, self.begin]

    def see(self, _):
        return [2 * a / (self.size - 1) - 1 for a in self.at]

    def act(self, action, _):
        move = [(0, 0), (0, 1), (1, 0), (0, -1), (-1, 0)][action]
        self.at = [min(max(a + m, 0), self.size - 1) for a, m in zip(self.at, move)]
        return int(self.at == self.goal), False

    def policy(self, draw):
        return draw.randrange(5)


def trial(family, horizon, steps, draw):
    task = family.task(draw)
    family.start_trial(task)
    actions, rows, left = [], [], 0
    for t in range(steps):
        if left == 0:
            family.start_episode(Stream(t, RESET))
            left = horizon
        seen = family.see(Stream(t, OBSERVATION))
        actions.append(family.policy(draw))
        reward, ended = family.act(actions[-1], Stream(t, ENVIRONMENT))
        rows.append([round(sum(math.sqrt(d + 2) * x for d, x in enumerate(seen)), 12), reward, int(ended)])
        left = 0 if ended else left - 1
    return {"environment": family.options, "horizon": horizon, "task": task, "actions": actions, "rows": rows}


def main():
    draw = random.Random(1)
    cases = []
    for family, horizon, steps, trials in (
        (TMaze(5, "cue"), 6, 60, 3),
        (TMaze(10, "beside"), 13, 65, 3),
        (KeyDoor(3, 12), 100, 300, 3),
        (KeyDoor(4, 20, reset_call=False, key_reward=0.25), 100, 200, 2),
        (DarkRoom(3, "centre"), 20, 100, 2),
        (DarkRoom(4, "corner"), 30, 60, 2),
    ):
        cases += [trial(family, horizon, steps, draw) for _ in range(trials)]
    path = pathlib.Path(__file__).with_name("recall_vectors.json")
    content = {"key": KEY, "cases": cases}
    path.write_text(json.dumps(content, separators=(",", ":")).replace('{"environment', '\n{"environment') + "\n")


if __name__ == "__main__":
    main()
