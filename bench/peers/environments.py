"""Steps of environments alone, with random actions: gymnax (JAX), Gymnasium's vector environments and XLand-MiniGrid (JAX),
the peers of innerloop's `env_steps/*` benchmarks.

    python environments.py --library gymnax --environment CartPole-v1 --envs 800 --horizon 100

gymnax: one jitted program of a scan over time, environments vmapped, on all cores that JAX takes. Gymnasium: the
vectorised environment where it has one (cart-pole), else SyncVectorEnv; in one process. xminigrid: as gymnax, each
environment with a ruleset of its own, of the benchmark trivial (0 rules), or of another with --environment R1-9x9/medium.
"""
import argparse
import json
import statistics
import time


def gymnax_steps(name, envs, horizon):
    import gymnax
    import jax

    environment, params = gymnax.make(name)

    @jax.jit
    def play(key):
        key, reset_key = jax.random.split(key)
        _, state = jax.vmap(environment.reset, (0, None))(jax.random.split(reset_key, envs), params)

        def step(carry, _):
            key, state = carry
            key, act_key, step_key = jax.random.split(key, 3)
            actions = jax.vmap(environment.action_space(params).sample)(jax.random.split(act_key, envs))
            observation, state, reward, *_ = jax.vmap(environment.step, (0, 0, 0, None))(
                jax.random.split(step_key, envs), state, actions, params)
            return (key, state), (observation, reward)

        return jax.lax.scan(step, (key, state), length=horizon)[1]

    return lambda i: jax.block_until_ready(play(jax.random.PRNGKey(i)))


def gymnasium_steps(name, envs, horizon):
    import gymnasium

    spec = gymnasium.spec(name)
    mode = "vector_entry_point" if spec.vector_entry_point else "sync"
    environment = gymnasium.make_vec(name, num_envs=envs, vectorization_mode=mode)
    environment.reset(seed=0)

    def play(_):
        for _ in range(horizon):
            environment.step(environment.action_space.sample())

    return play


def xminigrid_steps(name, envs, horizon):
    import pathlib
    import sys

    import jax
    import numpy as np
    import xminigrid
    from xminigrid.types import RuleSet
    from xminigrid.wrappers import GymAutoResetWrapper

    sys.path.insert(0, str(pathlib.Path(__file__).parent.parent.parent / "examples"))
    import xland_rulesets

    room, benchmark = name.split("/")
    encoded = [xland_rulesets.bytes_of(ruleset) for ruleset in xland_rulesets.draw_rulesets(benchmark, envs)]

    def filled(rows):
        most, size = max(map(len, rows)), len(rows[0][0])
        return np.array([row + [[0] * size] * (most - len(row)) for row in rows], np.uint8)

    goals, rules, things = zip(*encoded)
    environment, params = xminigrid.make("XLand-MiniGrid-" + room)
    environment = GymAutoResetWrapper(environment)
    rulesets = RuleSet(goal=np.array(goals, np.uint8), rules=filled(rules), init_tiles=filled(things))
    of_each = jax.vmap(lambda ruleset: params.replace(ruleset=ruleset))(rulesets)

    @jax.jit
    def play(key):
        key, reset_key, act_key = jax.random.split(key, 3)
        timestep = jax.vmap(environment.reset)(of_each, jax.random.split(reset_key, envs))
        actions = jax.random.randint(act_key, (horizon, envs), 0, 6)

        def step(timestep, action):
            timestep = jax.vmap(environment.step)(of_each, timestep, action)
            return timestep, (timestep.observation, timestep.reward)

        return jax.lax.scan(step, timestep, actions)[1]

    return lambda i: jax.block_until_ready(play(jax.random.PRNGKey(i)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", choices=["gymnax", "gymnasium", "xminigrid"], required=True)
    parser.add_argument("--environment", required=True, help="the library's name of it")
    parser.add_argument("--envs", type=int, default=800, help="environments side by side")
    parser.add_argument("--horizon", type=int, default=100, help="steps of each")
    parser.add_argument("--rounds", type=int, default=5)
    a = parser.parse_args()
    play = {"gymnax": gymnax_steps, "gymnasium": gymnasium_steps, "xminigrid": xminigrid_steps}[a.library](a.environment, a.envs, a.horizon)
    play(0)
    seconds = []
    for i in range(a.rounds):
        start = time.perf_counter()
        play(i)
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"env_steps_per_second": a.envs * a.horizon / statistics.median(seconds)}))


if __name__ == "__main__":
    main()
