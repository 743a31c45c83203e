#!/usr/bin/env python3
"""Writes gymnasium_vectors.json: what Gymnasium's classic-control environments do in 10,000 random steps a setting, which
gymnasium_vectors_test.cpp compares ours with. Run once, in an environment with gymnasium; the file is in the repository.

States and actions come from a generator that the test has too, so they need not be stored. Of every BLOCK steps the file
has one number: the sum of all that these steps gave (observation after the step, reward, end), each times a random
weight of its own, so that no difference is lost.
"""

import json
import math
import pathlib

import gymnasium
import numpy as np
from gymnasium.envs.classic_control import AcrobotEnv, CartPoleEnv, MountainCarEnv, PendulumEnv

STEPS, BLOCK, SEED = 10_000, 20, 1


class Generator:
    """SplitMix64 (Steele et al. 2014); of each word the upper 16 bits, so that numbers are exact in float32 too."""

    def __init__(self, seed):
        self.state = seed

    def bits(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2**64
        z = self.state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        return (z ^ (z >> 31)) >> 48

    def uniform(self, low, high):
        return low + (high - low) * (self.bits() / 65536)


class CartPole:
    name, actions = "cartpole", 2
    states = [[-2.5, 2.5], [-3, 3], [-0.25, 0.25], [-3, 3]]
    settings = [
        dict(cart_mass=1.0, pole_mass=0.1, pole_half_length=0.5, force=10.0, gravity=9.8),
        dict(cart_mass=0.5, pole_mass=0.2, pole_half_length=0.25, force=15.0, gravity=12.0),
        dict(cart_mass=2.0, pole_mass=0.05, pole_half_length=1.0, force=5.0, gravity=8.0),
        dict(cart_mass=0.7, pole_mass=0.33, pole_half_length=0.8, force=7.7, gravity=3.7),
    ]

    def make(self, p):
        env = CartPoleEnv()
        env.masscart, env.masspole, env.length = p["cart_mass"], p["pole_mass"], p["pole_half_length"]
        env.force_mag, env.gravity = p["force"], p["gravity"]
        env.total_mass, env.polemass_length = env.masscart + env.masspole, env.masspole * env.length
        env.steps_beyond_terminated = None
        return env

    def seen(self, state):
        return state


class Pendulum:
    name, actions = "pendulum", [-4, 4]
    states = [[-3.125, 3.125], [-8, 8]]
    settings = [
        dict(mass=1.0, length=1.0, gravity=10.0, max_torque=2.0, target_angle=0.0),
        dict(mass=0.5, length=1.5, gravity=8.0, max_torque=2.0, target_angle=0.0),
        dict(mass=2.0, length=0.5, gravity=12.0, max_torque=2.0, target_angle=0.0),
        dict(mass=1.3, length=0.7, gravity=3.7, max_torque=3.3, target_angle=0.0),
    ]

    def make(self, p):
        env = PendulumEnv(g=p["gravity"])
        env.m, env.l, env.max_torque = p["mass"], p["length"], p["max_torque"]
        return env

    def seen(self, state):
        return [math.cos(state[0]), math.sin(state[0]), state[1]]


class MountainCar:
    name, actions = "mountain_car", 3
    states = [[-1.25, 0.625], [-0.078125, 0.078125]]
    settings = [
        dict(force=0.001, gravity=0.0025, goal_position=0.5),
        dict(force=0.0008, gravity=0.002, goal_position=0.4),
        dict(force=0.0015, gravity=0.003, goal_position=0.55),
        dict(force=-0.002, gravity=0.0035, goal_position=0.1),
    ]

    def make(self, p):
        env = MountainCarEnv()
        env.force, env.gravity, env.goal_position = p["force"], p["gravity"], p["goal_position"]
        return env

    def seen(self, state):
        return state


class Acrobot:
    name, actions = "acrobot", 3
    states = [[-3.125, 3.125], [-3.125, 3.125], [-8, 8], [-16, 16]]
    settings = [
        dict(length_1=1.0, mass_1=1.0, mass_2=1.0, centre_1=0.5, centre_2=0.5, inertia=1.0, gravity=9.8, torque=1.0),
        dict(length_1=2.0, mass_1=0.5, mass_2=1.5, centre_1=0.75, centre_2=0.3, inertia=2.0, gravity=9.8, torque=1.0),
        dict(length_1=0.5, mass_1=2.0, mass_2=0.6, centre_1=0.25, centre_2=0.6, inertia=0.7, gravity=9.8, torque=2.5),
        dict(length_1=1.3, mass_1=0.8, mass_2=1.2, centre_1=1.0, centre_2=0.7, inertia=1.6, gravity=9.8, torque=-1.0),
    ]

    def make(self, p):
        env = AcrobotEnv()
        env.LINK_LENGTH_1, env.LINK_MASS_1, env.LINK_MASS_2 = p["length_1"], p["mass_1"], p["mass_2"]
        env.LINK_COM_POS_1, env.LINK_COM_POS_2, env.LINK_MOI = p["centre_1"], p["centre_2"], p["inertia"]
        env.AVAIL_TORQUE = [-p["torque"], 0.0, p["torque"]]
        return env

    def seen(self, s):
        return [math.cos(s[0]), math.sin(s[0]), math.cos(s[1]), math.sin(s[1]), s[2], s[3]]


def sums(family, setting):
    env, generator, blocks = family.make(setting), Generator(SEED), []
    for step in range(STEPS):
        if step % BLOCK == 0:
            blocks.append(0.0)
        env.state = np.array([generator.uniform(*bounds) for bounds in family.states])
        if isinstance(family.actions, int):
            action = generator.bits() % family.actions
        else:
            action = np.array([generator.uniform(*family.actions)])
        _, reward, ended, _, _ = env.step(action)
        for number in [*family.seen(env.state), reward, ended]:
            blocks[-1] += generator.uniform(-1, 1) * float(number)
        env.steps_beyond_terminated = None  # cartpole: else no reward once an episode has ended
    return blocks


def main():
    families = [
        {
            "environment": family.name,
            "states": family.states,
            "actions": family.actions,
            "settings": [{"task": setting, "sums": sums(family, setting)} for setting in family.settings],
        }
        for family in (CartPole(), Pendulum(), MountainCar(), Acrobot())
    ]
    content = {"gymnasium": gymnasium.__version__, "steps": STEPS, "block": BLOCK, "seed": SEED, "families": families}
    path = pathlib.Path(__file__).with_name("gymnasium_vectors.json")
    path.write_text(json.dumps(content, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
