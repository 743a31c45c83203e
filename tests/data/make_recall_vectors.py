#!/usr/bin/env python3
"""Writes recall_vectors.json: what the families of mazes, rooms and recall do in a few trials of given tasks and actions, which
recall_vectors_test.cpp compares the headers with. Run once; needs Python alone. The file is in the repository.

The families are written down from the definitions in their papers and in public code, one object at a time. Where they draw
while they are played, they draw what Philox4x32-10 (Salmon et al. 2011) gives for (task, environment, step, purpose), as
kernels/lanes/random.h says. Of what is seen before each step, and after an episode's last one, the file has one number, the
sum of √(d + 2) · number d.
"""

import json
import math
import pathlib
import random

KEY = (5, 2)
RESET, ENVIRONMENT, OBSERVATION, LAST_OBSERVATION, TRIAL = 1, 3, 6, 7, 8  # of the purposes that random numbers have


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

    def __init__(self, corridor, start):
        self.length, self.first = corridor, {"cue": 0, "beside": 1}[start]
        self.end = corridor + self.first
        self.maze = {(x, 0) for x in range(self.end + 1)} | {(self.end, 1), (self.end, -1)}
        self.options = {"name": "t_maze", "corridor": corridor, "start": start}

    def task(self, draw):
        return [draw.choice([-1, 1])]

    def start_trial(self, task, _):
        self.goal = task[0]

    def start_episode(self, _):
        self.place, self.time = (self.first, 0), 0
        self.visits = 1 - self.first  # moments at which x is 0

    def see(self, _):
        x, y = self.place
        if x == 0 and self.visits == 1:
            return [0, self.goal]
        return [1, y] if x == self.end else [0, 0]

    def act(self, action, _):
        dx, dy = [(1, 0), (0, 1), (-1, 0), (0, -1)][action]
        to = (self.place[0] + dx, self.place[1] + dy)
        if to in self.maze:
            self.place = to
        self.time += 1
        x, y = self.place
        self.visits += x == 0
        if self.time == self.length + 2 * self.first + 1:
            return (1 if y == self.goal else 0), True
        return (-1 / self.length if x < self.time - self.first else 0), False

    def policy(self, draw):  # mostly as it should be, so that ends are reached
        x, y = self.place
        if draw.random() < 0.15:
            return draw.randrange(4)
        if self.time < self.first:
            return 2
        return 0 if x < self.end else draw.choice([1, 3]) if y == 0 else 0


class KeyDoor:
    """AMAGO's form: the call after an attempt's end only resets, pays nothing and looks at no action."""

    def __init__(self, size, attempt_steps, reset_call=True, key_reward=1.0):
        self.size, self.limit, self.reset_call, self.key_reward = size, attempt_steps, reset_call, key_reward
        self.options = {"name": "key_door", "size": size, "attempt_steps": attempt_steps, "reset_call": reset_call,
                        "key_reward": key_reward}

    def task(self, draw):
        return [draw.randrange(self.size) for _ in range(6)]

    def start_trial(self, task, _):
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
    def __init__(self, size, start):
        self.size, self.begin = size, size // 2 if start == "centre" else 0
        self.options = {"name": "dark_room", "size": size, "start": start}

    def task(self, draw):
        return [draw.randrange(self.size) for _ in range(2)]

    def start_trial(self, task, _):
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


def bits_of(code):
    return [code >> bit & 1 for bit in range(10)]


class BarcodeBandit:
    def __init__(self, arms, presentations, best, others):
        self.arms, self.presentations, self.best, self.others = arms, presentations, best, others
        self.options = {"name": "barcode_bandit", "arms": arms, "presentations": presentations, "best": best,
                        "others": others}

    def task(self, draw):
        order = [context for context in range(self.arms) for _ in range(self.presentations)]
        draw.shuffle(order)
        codes, arms = draw.sample(range(1, 1024), self.arms), draw.sample(range(self.arms), self.arms)
        return codes + [0] * (10 - self.arms) + arms + [0] * (10 - self.arms) + order + [0] * (100 - len(order))

    def start_trial(self, task, _):
        episodes = self.arms * self.presentations
        pairs = list(zip(task[:10], task[10:20]))
        self.bag = [pairs[context] for context in task[20:20 + episodes]]
        self.episode = -1

    def start_episode(self, _):
        self.episode += 1
        self.barcode, self.good = self.bag[self.episode % len(self.bag)]

    def see(self, _):
        return bits_of(self.barcode)

    def act(self, action, stream):
        return int(stream.uniform() < (self.best if action == self.good else self.others)), False

    def policy(self, draw):
        return draw.randrange(self.arms)


class EpisodicTwoStep:
    """Each choice as an object, kept in a list by the trial."""

    def __init__(self, common, high, change):
        self.common, self.high, self.change = common, high, change
        self.options = {"name": "episodic_two_step", "common": common, "high": high, "change": change}

    def task(self, draw):
        cues = [draw.randrange(25) for _ in range(25)] + [draw.randrange(25, 50) for _ in range(25)]
        return draw.sample(range(1, 1024), 50) + cues

    def start_trial(self, task, stream):
        self.codes, self.cues, self.past = task[:50], task[50:], []
        self.better = 1 if stream.uniform() < 0.5 else 2

    def start_episode(self, stream):
        if len(self.past) == 100:
            self.past = []
        if stream.uniform() < self.change:
            self.better = {1: 2, 2: 1}[self.better]
        self.state, self.number = 0, len(self.past)

    def see(self, _):
        cued = self.number >= 50
        code = self.codes[self.cues[self.number - 50]] if cued else self.codes[self.number] if self.state else 0
        return [int(self.state == s) for s in range(3)] + [self.number / 100] + bits_of(code)

    def act(self, action, stream):
        if self.state != 0:
            return 0, True
        wanted, other = (1, 2) if action == 0 else (2, 1)
        self.state = wanted if stream.uniform() < self.common else other
        chance = self.high if self.state == self.better else 1 - self.high
        reward = int(stream.uniform() < chance)
        if self.number >= 50:
            state_then, reward_then = self.past[self.cues[self.number - 50]]
            if state_then == self.state:
                reward = reward_then
        self.past.append((self.state, reward))
        return reward, False

    def policy(self, draw):
        return draw.randrange(2)


class ContextualChoice:
    def __init__(self, contexts, guesses, noise_steps, pay):
        self.contexts, self.guesses, self.noise_steps, self.pay = contexts, guesses, noise_steps, pay
        self.options = {"name": "contextual_choice", "contexts": contexts, "guesses": guesses,
                        "noise_steps": noise_steps, "pay": pay}

    def task(self, draw):
        order = draw.sample(range(self.contexts), self.contexts)
        numbers = [draw.randrange(-32, 33) / 16 if i < 32 * self.contexts else 0 for i in range(32 * 50)]
        answers = [draw.choice([-1, 1]) if i < self.contexts else 0 for i in range(50)]
        return numbers + answers + order + [0] * (50 - self.contexts)

    def start_trial(self, task, _):
        trials = [(task[32 * i:32 * i + 32], task[1600 + i]) for i in range(self.contexts)]
        self.trials = trials + [trials[i] for i in task[1650:1650 + self.contexts]]
        self.episode = -1

    def start_episode(self, _):
        self.episode += 1
        self.context, self.answer = self.trials[self.episode % len(self.trials)]
        self.right = []

    def see(self, stream):
        mean = 0 if len(self.right) < self.noise_steps else self.answer
        return [mean + stream.normal() for _ in range(32)] + self.context

    def act(self, action, _):
        self.right.append(int([-1, 1][action] == self.answer))
        ended = len(self.right) == self.guesses
        if self.pay == "each_guess":
            return self.right[-1], ended
        return (sum(self.right) if ended else 0), ended

    def policy(self, draw):
        return draw.randrange(2)


def one_number(seen):
    return round(sum(math.sqrt(d + 2) * x for d, x in enumerate(seen)), 12)


def trial(family, horizon, steps, draw):
    task = family.task(draw)
    family.start_trial(task, Stream(0, TRIAL))
    actions, rows, left = [], [], 0
    for t in range(steps):
        if left == 0:
            family.start_episode(Stream(t, RESET))
            left = horizon
        seen = one_number(family.see(Stream(t, OBSERVATION)))
        actions.append(family.policy(draw))
        reward, ended = family.act(actions[-1], Stream(t, ENVIRONMENT))
        left = 0 if ended else left - 1
        rows.append([seen, reward, int(ended)])
        if left == 0:
            rows[-1].append(one_number(family.see(Stream(t + 1, LAST_OBSERVATION))))
    return {"environment": family.options, "horizon": horizon, "task": task, "actions": actions, "rows": rows}


def main():
    draw = random.Random(1)
    cases = []
    for family, horizon, steps, trials in (
        (TMaze(5, "cue"), 6, 90, 4),
        (TMaze(10, "beside"), 13, 130, 4),
        (KeyDoor(3, 12), 100, 300, 3),
        (KeyDoor(4, 20, reset_call=False, key_reward=0.25), 100, 200, 2),
        (DarkRoom(3, "centre"), 20, 100, 2),
        (DarkRoom(4, "corner"), 30, 60, 2),
        (BarcodeBandit(10, 10, 0.875, 0.125), 3, 330, 1),
        (BarcodeBandit(3, 2, 0.75, 0.25), 4, 40, 2),
        (EpisodicTwoStep(0.875, 0.875, 0.125), 2, 210, 2),
        (EpisodicTwoStep(0.75, 1.0, 0.25), 2, 400, 1),
        (ContextualChoice(4, 5, 2, "at_the_end"), 9, 50, 1),
        (ContextualChoice(3, 4, 1, "each_guess"), 9, 30, 1),
    ):
        cases += [trial(family, horizon, steps, draw) for _ in range(trials)]
    path = pathlib.Path(__file__).with_name("recall_vectors.json")
    content = {"key": KEY, "cases": cases}
    path.write_text(json.dumps(content, separators=(",", ":")).replace('{"environment', '\n{"environment') + "\n")


if __name__ == "__main__":
    main()
