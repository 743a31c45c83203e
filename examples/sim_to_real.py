"""From simulation to "reality": what agents trained on innerloop's half_cheetah do in MuJoCo, on robots they have not met.

    pip install mujoco gymnasium
    pip install brax    # for --brax
    python3 examples/sim_to_real.py [RUN]... [--robots 32] [--brax] [--gap]

RUN is the folder of a run on half_cheetah by rl2 or ppo; without one, a small one is trained. Realities, each harder:

    R0  MuJoCo, with the robots that the run's config draws. innerloop solves MuJoCo's equations, so that an agent does as
        well as at home: the line "home less R0" has 0 in its interval.
    R1  MuJoCo, with robots outside of what agents trained on: heavy or light, strong or weak, on ice or on rubber.
    R2  those with what innerloop leaves out: another integrator with steps of 2 ms, round friction cones, harder contacts,
        dry joints, legs that touch each other, torques that come late, sensors of 12 bits.
    R3  R1's robots in another engine: Brax's half cheetah with positions in place of forces, as Brax has it (--brax).

A trial has as many episodes as the run's; an agent with a memory knows its robot by the last one.
"""
import argparse
import contextlib
import copy
import importlib.util
import io
import warnings
from pathlib import Path

import gymnasium
import mujoco
import numpy as np

import innerloop as il


@contextlib.contextmanager
def quiet():
    mujoco.set_mju_user_warning(lambda text: None)  # MuJoCo says that a file is of an older kind
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    mujoco.set_mju_user_warning(None)


with quiet():
    MODEL = mujoco.MjModel.from_xml_path(str(Path(gymnasium.__file__).parent / "envs/mujoco/assets/half_cheetah.xml"))
LINKS = ["torso", "bthigh", "bshin", "bfoot", "fthigh", "fshin", "ffoot"]
SECONDS = 0.05  # of a step
R1_SEED = 32    # of the robots of R1 and R2, which are the same for every agent


class Cheetah:
    """A robot of MuJoCo's. `task` has the numbers of a task of half_cheetah, by name."""

    def __init__(self, task, noise, rough=None):
        self.model = model = copy.copy(MODEL)
        self.task, self.noise = task, noise
        of_links = lambda what: np.array([task[f"{what}_{link}"] for link in LINKS])
        of_joints = lambda what: np.array([task[f"{what}_{link}"] for link in LINKS[1:]])
        model.body_mass[1:] *= of_links("mass")
        model.body_inertia[1:] *= of_links("inertia")[:, None]
        model.dof_damping[3:] *= of_joints("damping")
        model.actuator_gear[:, 0] *= of_joints("strength")
        # A pair has the larger friction of the two; the task's factors are the pair's.
        model.geom_friction[1:, 0] = model.geom_friction[0, 0] * of_links("friction")[model.geom_bodyid[1:] - 1]
        model.geom_friction[0, 0] = 0
        model.geom_contype[1:], model.geom_conaffinity[1:] = 1, 0
        model.dof_frictionloss[3:] = task["dry_friction"]
        model.opt.gravity[:] = [-9.81 * np.sin(task["slope"]), 0, -9.81 * np.cos(task["slope"])]
        self.late, self.bits = 0, None
        if rough is not None:
            model.opt.timestep, model.opt.integrator = 0.002, mujoco.mjtIntegrator.mjINT_IMPLICITFAST
            model.opt.cone, model.opt.impratio = mujoco.mjtCone.mjCONE_ELLIPTIC, 10
            model.geom_solref[:, 0] = model.jnt_solref[:, 0] = 0.01
            model.dof_frictionloss[3:] += rough.uniform(0.5, 2, 6)
            model.geom_contype[1:], model.geom_conaffinity[1:] = 1, 1
            self.late, self.bits = int(rough.integers(5, 16)), 12
        self.data = mujoco.MjData(model)
        self.steps = round(SECONDS / model.opt.timestep)
        self.kept = np.exp(-model.opt.timestep / max(task["motor_lag"], 1e-6))
        self.offset = np.concatenate([[0], of_links("offset"), np.zeros(9)])

    def reset(self, random):
        mujoco.mj_resetData(self.model, self.data)
        self.data.qpos[:] += random.uniform(-0.1, 0.1, self.model.nq)
        self.data.qvel[:] = 0.1 * random.normal(size=self.model.nv)
        self.told = [np.zeros(6)] * 3  # now, a step before and two
        self.motors = np.zeros(6)
        return self.seen(random)

    def seen(self, random):
        seen = np.concatenate([self.data.qpos[1:], self.data.qvel]) + self.offset + self.noise * random.normal(size=17)
        if self.bits is None:
            return seen
        most = np.concatenate([np.full(8, np.pi), np.full(9, 20.0)])
        return np.round(np.clip(seen / most, -1, 1) * 2 ** (self.bits - 1)) / 2 ** (self.bits - 1) * most

    def step(self, action, random):
        """The speed forward, m/s, and what is seen then."""
        before, latency = self.data.qpos[0], int(self.task["latency"])
        last = self.told[latency]
        self.told = [np.clip(action, -1, 1), *self.told[:2]]
        for i in range(self.steps):
            target = self.told[latency] if i >= self.late else last
            self.motors = target + self.kept * (self.motors - target)
            self.data.ctrl[:] = self.motors
            mujoco.mj_step(self.model, self.data)
        return (self.data.qpos[0] - before) / SECONDS, self.seen(random)


class InMujoco:
    """Robots side by side, each with a model of its own."""

    def __init__(self, tasks, noise=None, rough=False):
        noise = np.zeros(17) if noise is None else noise
        self.robots = [Cheetah(task, noise, np.random.default_rng(i) if rough else None)
                       for i, task in enumerate(tasks)]

    def reset(self, random):
        return np.array([robot.reset(random) for robot in self.robots])

    def step(self, actions, random):
        """The speeds forward, m/s, and what is seen then."""
        speeds, seen = zip(*(robot.step(action, random) for robot, action in zip(self.robots, actions)))
        return np.array(speeds), np.array(seen)


class InBrax:
    """The same, in Brax: its masses, motors and damping, times the tasks' factors. It knows no dry joints."""

    def __init__(self, tasks):
        with quiet():  # Brax says that Warp is not there, and that others are to be preferred
            import brax.envs
            world = brax.envs.get_environment("halfcheetah", backend="positional")
        import jax
        import jax.numpy as jnp

        assert world.sys.link_names == LINKS and abs(world.dt - SECONDS) < 1e-9

        def factors(what, links):
            return jnp.array([[task[f"{what}_{link}"] for link in links] for task in tasks])

        def robot(mass, inertia, damping, strength, friction):
            sys = world.sys
            inertia_of_link = sys.link.inertia.replace(
                mass=sys.link.inertia.mass * mass, i=sys.link.inertia.i * inertia[:, None, None])
            # The factors are of the links, in the order of the bodies behind the world; the floor's friction gives way.
            of_geoms = jnp.concatenate([jnp.zeros(1), friction[sys.geom_bodyid[1:] - 1]])
            return sys.replace(
                link=sys.link.replace(inertia=inertia_of_link),
                dof=sys.dof.replace(damping=sys.dof.damping.at[3:].multiply(damping)),
                actuator=sys.actuator.replace(gear=sys.actuator.gear * strength),
                geom_friction=sys.geom_friction.at[:, 0].set(sys.geom_friction[0, 0] * of_geoms))

        sys = jax.vmap(robot)(factors("mass", LINKS), factors("inertia", LINKS), factors("damping", LINKS[1:]),
                              factors("strength", LINKS[1:]), factors("friction", LINKS))

        def on(of_robot):
            def call(sys, *arguments):
                world.unwrapped.sys = sys
                return of_robot(*arguments)
            return jax.jit(jax.vmap(call))

        self.sys, self.split = sys, lambda seed: jax.random.split(jax.random.key(seed), len(tasks))
        self.begin, self.go_on = on(world.reset), on(world.step)

    def reset(self, random):
        self.state = self.begin(self.sys, self.split(int(random.integers(2**31))))
        return np.array(self.state.obs)

    def step(self, actions, random):
        """The speeds forward, m/s, and what is seen then."""
        before = np.array(self.state.pipeline_state.x.pos[:, 0, 0])
        self.state = self.go_on(self.sys, self.state, np.clip(actions, -1, 1))
        return (np.array(self.state.pipeline_state.x.pos[:, 0, 0]) - before) / SECONDS, np.array(self.state.obs)


def returns_of(policy, config, tasks, robots, seed=1):
    """Of each robot, [robot, episode of its trial]."""
    random = np.random.default_rng(seed)
    environment = config["environment"]
    goals = np.array([task["goal"] for task in tasks])
    steps = config["horizon"]
    episodes = config["algorithm"].get("trial_length", steps) // steps if policy.has_memory else 1
    returns = np.zeros((len(tasks), episodes))
    state, reward, ended = policy.initial_state(len(tasks)), np.zeros(len(tasks)), np.zeros(len(tasks), bool)
    for episode in range(episodes):
        seen = robots.reset(random)
        for t in range(steps):
            drawn = int(random.integers(2**31))
            if policy.has_memory:
                actions, state = policy(seen, state, reward, ended, seed=drawn)
            else:
                actions = policy(seen, seed=drawn)
            speeds, seen = robots.step(np.array(actions, float), random)
            progress = -abs(speeds - goals) if environment["goal"] == "velocity" else goals * speeds
            reward = progress - environment["control_cost"] * (np.array(actions, float) ** 2).sum(1)
            returns[:, episode] += reward
            ended = np.full(len(tasks), t + 1 == steps)
    return returns


def told(numbers):
    """Mean and half width of its 95 % interval over robots."""
    return f"{numbers.mean():8.1f} ±{1.96 * numbers.std(ddof=1) / len(numbers) ** 0.5:6.1f}"


def strangers(tasks):
    """R1's robots: with these goals, and bodies, motors and floors beyond what anybody trained on; else plain."""
    random = np.random.default_rng(R1_SEED)

    def beyond(low, high):
        return random.uniform(*(low if random.random() < 0.5 else high))

    for task in tasks:
        density, strength = beyond((0.5, 0.7), (1.4, 1.8)), beyond((0.6, 0.75), (1.3, 1.5))
        friction = beyond((0.4, 0.6), (1.6, 2.2))
        plain = {name: float(name.startswith("damping")) for name in task} | {"goal": task["goal"]}
        yield plain | {f"mass_{link}": density for link in LINKS} | {f"inertia_{link}": density for link in LINKS} | \
            {f"friction_{link}": friction for link in LINKS} | {f"strength_{link}": strength for link in LINKS[1:]}


def compare(run, robots, in_brax):
    environment, algorithm = run.config["environment"], run.config["algorithm"]["name"]
    if environment["name"] != "half_cheetah":
        raise SystemExit(f'wanted a run on half_cheetah, found one on {environment["name"]}')
    if algorithm not in ("rl2", "ppo"):
        raise SystemExit(f"wanted a run by rl2 or ppo, found one by {algorithm}")
    envs = il.make_vec("half_cheetah", num_envs=1, **{key: environment[key] for key in environment if key != "name"})
    names, numbers = envs.task_names, envs.sample_tasks(robots, seed=R1_SEED, split="heldout")
    tasks = [dict(zip(names, row)) for row in numbers.astype(float)]
    others = list(strangers(tasks))
    noise = np.repeat([environment["angle_noise"], environment["speed_noise"]], [8, 9])
    policy = run.policy().to_numpy()
    found = {"home": il.evaluate(run, tasks=numbers).returns_by_task}
    found["R0"] = returns_of(policy, run.config, tasks, InMujoco(tasks, noise))
    found["R1"] = returns_of(policy, run.config, others, InMujoco(others))
    found["R2"] = returns_of(policy, run.config, others, InMujoco(others, rough=True))
    if in_brax:
        found["R3"] = returns_of(policy, run.config, others, InBrax(others))
    print(f"{'':14}first episode       last episode")
    for name, returns in found.items():
        print(f"{name:8}{told(returns[:, 0])}   {told(returns[:, -1])}")
    print(f"home less R0 {told((found['home'] - found['R0']).mean(1))} an episode")
    return found


def show_gaps(found):
    """How much of the gap between the first run and the last one the others close, over the same robots."""
    (low, worst), *between, (high, best) = found.items()
    for run, returns in between:
        for reality in list(returns)[2:]:
            first, here, last = (each[reality][:, -1] for each in (worst, returns, best))
            robots = np.random.default_rng(1).integers(len(here), size=(10000, len(here)))
            share = lambda of: (here[of].mean(-1) - first[of].mean(-1)) / (last[of].mean(-1) - first[of].mean(-1))
            ends = np.quantile(share(robots), [0.025, 0.975])
            print(f"{run} closes {share(slice(None)):.0%} of the gap from {low} to {high} in {reality} "
                  f"(95 %: {ends[0]:.0%} to {ends[1]:.0%})")


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("runs", nargs="*", metavar="RUN")
parser.add_argument("--robots", type=int, default=32, help="how many, at least 2 (32)")
parser.add_argument("--brax", action="store_true", help="R3, too, in Brax")
parser.add_argument("--gap", action="store_true",
                    help="also how much of the gap between the first run and the last one the others close")
arguments = parser.parse_args()
if arguments.robots < 2:
    parser.error(f"--robots: wanted at least 2, found {arguments.robots}")
if arguments.brax and importlib.util.find_spec("brax") is None:
    parser.error("--brax: wanted the package brax, found none (pip install brax)")
if arguments.gap and len(arguments.runs) < 3:
    parser.error(f"--gap: wanted at least 3 runs, found {len(arguments.runs)}")
if arguments.runs:
    runs = [(folder, il.Run.load(folder)) for folder in arguments.runs]
else:
    config = il.Config.load("rl2_half_cheetah.json", set={"iterations": 20, "tasks_per_iteration": 64})
    runs = [("a short run", il.train(config, evaluate=False))]
found = {}
for name, run in runs:
    print(name)
    found[name] = compare(run, arguments.robots, arguments.brax)
if arguments.gap:
    show_gaps(found)
