#!/usr/bin/env python3
"""Writes robot_vectors.json: where MuJoCo brings half_cheetah, hopper and walker in one step of its integrator, which
robot_vectors_test.cpp compares kernels/robots with. Run once; needs mujoco 4.0 and gymnasium 1.4, for its models and
environments. The file is in the repository.

The states are those of robots that run, that are thrown into the floor in any pose, that fly with joints beyond their limits,
and thrown with other bodies: masses, inertias and friction times 1.5^U(-3, 3) and damping times 1.3^U(-3, 3), and with dry
friction and a slope beside. As in rand_param_envs, the constraints keep the softness that they were compiled with. MuJoCo's
solver runs until nothing changes; robots touch the floor alone. Beside that, an episode of each of Gymnasium's environments:
what is seen, rewarded and ended by actions of which some are out of range, in steps of the environment.
"""

import json
import pathlib

import gymnasium
import mujoco
import numpy as np

SHORT = lambda numbers: np.round(numbers, 5)  # what a step starts from has few digits
ENVIRONMENTS = {"half_cheetah": "HalfCheetah-v5", "hopper": "Hopper-v5", "walker": "Walker2d-v5"}
FAMILIES = {"half_cheetah": "half_cheetah.xml", "hopper": "hopper.xml", "walker": "walker2d_v5.xml"}
ASSETS = pathlib.Path(gymnasium.__file__).parent / "envs/mujoco/assets"


def exactly(model):
    model.opt.tolerance, model.opt.ls_tolerance = 0, 1e-12
    model.opt.iterations = model.opt.ls_iterations = 300
    model.geom_contype[1:], model.geom_conaffinity[1:] = 1, 0


class Robot:
    def __init__(self, file):
        self.model = mujoco.MjModel.from_xml_path(str(ASSETS / file))
        exactly(self.model)
        self.data = mujoco.MjData(self.model)
        self.links, self.hinges = self.model.nbody - 1, self.model.njnt - 3
        self.nominal = {name: getattr(self.model, name).copy()
                        for name in ("body_mass", "body_inertia", "dof_damping", "geom_friction")}

    def plain(self):
        """The factors of a body as it was compiled."""
        ones = lambda n: [1.0] * n
        return {"mass": ones(self.links), "inertia": ones(self.links), "friction": ones(self.links),
                "damping": ones(self.hinges), "dry_friction": 0.0, "slope": 0.0}

    def drawn(self, random, rough):
        factors = lambda base, n: list(SHORT(base ** random.uniform(-3, 3, n)))
        return {"mass": factors(1.5, self.links), "inertia": factors(1.5, self.links),
                "friction": factors(1.5, self.links), "damping": factors(1.3, self.hinges),
                "dry_friction": float(SHORT(random.uniform(0.1, 3))) if rough else 0.0,
                "slope": float(SHORT(random.uniform(-0.3, 0.3))) if rough else 0.0}

    def become(self, body):
        model, nominal = self.model, self.nominal
        model.body_mass[1:] = nominal["body_mass"][1:] * body["mass"]
        model.body_inertia[1:] = nominal["body_inertia"][1:] * np.array(body["inertia"])[:, None]
        model.dof_damping[3:] = nominal["dof_damping"][3:] * body["damping"]
        model.dof_frictionloss[3:] = body["dry_friction"]
        model.opt.gravity[:] = [-9.81 * np.sin(body["slope"]), 0, -9.81 * np.cos(body["slope"])]
        # A pair has the larger friction of the two; the factors are of the pair.
        floor = nominal["geom_friction"][0, 0]
        for geom in range(1, model.ngeom):
            pair = max(floor, nominal["geom_friction"][geom, 0])
            model.geom_friction[geom, 0] = pair * body["friction"][model.geom_bodyid[geom] - 1]
        model.geom_friction[0, 0] = 0

    def step(self, position, speed, action):
        """From numbers that SHORT has made."""
        mujoco.mj_resetData(self.model, self.data)
        self.data.qpos[:], self.data.qvel[:], self.data.ctrl[:] = position, speed, action
        mujoco.mj_step(self.model, self.data)
        return self.data.qpos.copy(), self.data.qvel.copy()

    def thrown(self, random, flies):
        """Any pose, its lowest point a little in the floor, or well above it with joints about their limits."""
        ranges = self.model.jnt_range[3:]
        middle, half = ranges.mean(1), (ranges[:, 1] - ranges[:, 0]) / 2
        position = np.concatenate([random.uniform(-1, 1, 2), [random.uniform(-3.1, 3.1)],
                                   middle + half * random.uniform(-1.15, 1.15, self.hinges)])
        mujoco.mj_resetData(self.model, self.data)
        self.data.qpos[:] = position
        mujoco.mj_kinematics(self.model, self.data)
        ends = [self.data.geom_xpos[g][2] - abs(self.data.geom_xmat[g].reshape(3, 3)[2, 2]) * self.model.geom_size[g, 1]
                - self.model.geom_size[g, 0] for g in range(1, self.model.ngeom)]
        position[1] += -min(ends) + (random.uniform(0.3, 1) if flies else random.uniform(-0.03, 0.002))
        return SHORT(position), SHORT(3 * random.normal(size=self.model.nv))


def cases_of(robot, random):
    size = 1.2 if robot.model.opt.timestep > 0.005 else 0.5
    body = robot.plain()
    robot.become(body)
    start = robot.model.qpos0
    # A run of 2400 steps by actions that change now and then, of which one in 40 is kept.
    position = start.copy()
    speed = np.zeros(robot.model.nv)
    for t in range(2400):
        if t % 400 == 0:
            position, speed = start + random.uniform(-0.1, 0.1, start.size), 0.1 * random.normal(size=speed.size)
        if t % 8 == 0:
            asked = SHORT(size * random.uniform(-1, 1, robot.hinges))
        position, speed = SHORT(position), SHORT(speed)
        after = robot.step(position, speed, asked)
        if t % 40 == 39:
            yield "running", body, position, speed, asked, after
        position, speed = after
    for kind, count in (("thrown", 50), ("flying", 20), ("other bodies", 50), ("rough", 40)):
        for _ in range(count):
            body = robot.plain() if kind in ("thrown", "flying") else robot.drawn(random, kind == "rough")
            robot.become(body)
            position, speed = robot.thrown(random, kind == "flying")
            asked = SHORT(random.uniform(-1.5, 1.5, robot.hinges))
            yield kind, body, position, speed, asked, robot.step(position, speed, asked)


def episode_of(name, random):
    env = gymnasium.make(ENVIRONMENTS[name])
    exactly(env.unwrapped.model)
    env.reset(seed=3)
    data, steps = env.unwrapped.data, []
    start = {"position": list(data.qpos), "speed": list(data.qvel)}
    for _ in range(30):
        action = SHORT(random.uniform(-1.3, 1.3, data.ctrl.size))
        seen, reward, terminated, _, _ = env.step(action)
        steps.append({"action": list(action), "seen": list(seen), "reward": float(reward), "terminated": bool(terminated)})
        if terminated:
            break
    return {"environment": name, "start": start, "steps": steps}


def main():
    random = np.random.default_rng(7)
    found = []
    for name, file in FAMILIES.items():
        robot = Robot(file)
        for kind, body, position, speed, asked, (position_after, speed_after) in cases_of(robot, random):
            case = {"environment": name, "kind": kind, "position": list(position), "speed": list(speed),
                    "action": list(asked), "position_after": list(position_after), "speed_after": list(speed_after)}
            if kind in ("other bodies", "rough"):
                case["body"] = body
            found.append(json.dumps(case))
    out = pathlib.Path(__file__).with_name("robot_vectors.json")
    episodes = [json.dumps(episode_of(name, random)) for name in FAMILIES]
    out.write_text('{"mujoco": "%s", "cases": [\n%s\n], "episodes": [\n%s\n]}\n'
                   % (mujoco.__version__, ",\n".join(found), ",\n".join(episodes)))


if __name__ == "__main__":
    main()
