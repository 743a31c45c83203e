"""Steps of environments alone, with random actions: gymnax (JAX) and Gymnasium's vector environments, the peers of
innerloop's `env_steps/*` benchmarks.

    python environments.py --library gymnax --environment CartPole-v1 --envs 800 --horizon 100

gymnax: one jitted program of a scan over time, environments vmapped, on all cores that JAX takes. Gymnasium: the
vectorised environment where it has one (cart-pole), else SyncVectorEnv; in one process.
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", choices=["gymnax", "gymnasium"], required=True)
    parser.add_argument("--environment", required=True, help="the library's name of it")
    parser.add_argument("--envs", type=int, default=800, help="environments side by side")
    parser.add_argument("--horizon", type=int, default=100, help="steps of each")
    parser.add_argument("--rounds", type=int, default=5)
    a = parser.parse_args()
    play = {"gymnax": gymnax_steps, "gymnasium": gymnasium_steps}[a.library](a.environment, a.envs, a.horizon)
    play(0)
    seconds = []
    for i in range(a.rounds):
        start = time.perf_counter()
        play(i)
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"env_steps_per_second": a.envs * a.horizon / statistics.median(seconds)}))


if __name__ == "__main__":
    main()
