r"""A strong JAX implementation of soft actor-critic (second version: twin critics with targets, learned temperature), the speed and
learning peer of innerloop's algorithm `sac`, on Gym's pendulum.

One jitted program per iteration: an episode as lax.scan, its steps into a ring on the device whose buffer is donated, and then the
updates as lax.scan over what they drew, all indices, noise and rows of an iteration at once. Parameters, moments and targets are
one vector for each optimiser; the critics' first layers are one product, as they see the same.

Tried, and slower or no faster on one core: critics by vmap, apart, or as one product with a matrix of blocks; a tree of parameters;
an unrolled scan.

    python jax_sac.py --iterations 25                 # speed
    python jax_sac.py --iterations 100 --seed 1       # learning

It learns as innerloop does: after 100 iterations 1,000 episodes with the policies' means return -149.6 ± 5.4 and -147.7 ± 5.1 (seeds 1
and 2), and innerloop's -149.9 ± 5.3 and -149.8 ± 5.2 (configs/pendulum_sac.json with iterations=100 and evaluation.tasks=1000).
"""
import argparse
import functools
import json
import resource
import time

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

OBSERVED, STEPS = 3, 200  # numbers of an observation, steps of an episode
TORQUE = 2.0
ROW = 2 * OBSERVED + 2  # observation, action as drawn, what the step led to, reward; nothing ends but by the time limit


def wrap(angle):
    return (angle + jnp.pi) % (2 * jnp.pi) - jnp.pi


def observe(angle, speed):
    return jnp.stack([jnp.cos(angle), jnp.sin(angle), speed], -1)


def move(angle, speed, torque):
    """Gym's Pendulum-v1: the angle and speed after a step, and its reward."""
    reward = -(wrap(angle) ** 2 + 0.1 * speed * speed + 0.001 * torque * torque)
    speed = jnp.clip(speed + (15 * jnp.sin(angle) + 3 * torque) * 0.05, -8, 8)
    return wrap(angle + speed * 0.05), speed, reward


def init_params(key, hidden):
    """The policy with the logarithm of the temperature, and the critics, whose layers lie side by side."""
    glorot = jax.nn.initializers.glorot_uniform()

    def perceptron(key, sizes):
        keys = jax.random.split(key, 3)
        return [((0.01 if i == 2 else 1.0) * glorot(k, (n, m)), jnp.zeros(m))
                for i, (k, n, m) in enumerate(zip(keys, sizes[:-1], sizes[1:]))]

    keys = jax.random.split(key, 3)
    critics = [perceptron(k, [1 + OBSERVED, hidden, hidden, 1]) for k in keys[:2]]
    ((w, b), *rest), ((v, c), *others) = critics
    joint = (jnp.concatenate([w, v], 1), jnp.concatenate([b, c]))
    return (perceptron(keys[2], [OBSERVED, hidden, hidden, 2]), jnp.zeros(())), (joint, [rest, others])


def perceptron(layers, x):
    for w, b in layers[:-1]:
        x = jax.nn.relu(x @ w + b)
    return x @ layers[-1][0] + layers[-1][1]


def draw(policy, seen, noise):
    """An action before it is squashed, and the log-probability of what it becomes."""
    mean, log_std = jnp.split(perceptron(policy, seen), 2, -1)
    log_std = jnp.clip(log_std, -13.815510557964274, 2)
    u = mean + jnp.exp(log_std) * noise
    slope = 2 * (jnp.log(2.0) - u - jax.nn.softplus(-2 * u))
    return u, jnp.sum(-0.5 * noise * noise - log_std - 0.5 * jnp.log(2 * jnp.pi) - slope, -1)


def critics_of(critics, seen, u):
    """What both give, [2][row]."""
    (w, b), apart = critics
    first = jnp.split(jax.nn.relu(jnp.concatenate([jnp.tanh(u), seen], -1) @ w + b), 2, -1)
    return jnp.stack([perceptron(layers, x)[..., 0] for layers, x in zip(apart, first)])


def adam(params, moments, gradient, count, lr):
    m, v = moments
    m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient * gradient
    return params - lr * (m / (1 - 0.9 ** count)) / (jnp.sqrt(v / (1 - 0.999 ** count)) + 1e-8), (m, v)


def make_iteration(a, actor_of, critics_from):
    def critic_loss(critics, targets, actor, rows, noise):
        (policy, log_temperature), (seen, u, after, reward) = actor, jnp.split(rows, (OBSERVED, OBSERVED + 1, ROW - 1), -1)
        v, log_prob = draw(policy, after, noise)
        worth = critics_of(critics_from(targets), after, v).min(0) - jnp.exp(log_temperature) * log_prob
        target = jax.lax.stop_gradient(reward[:, 0] + a.discount * worth)
        return jnp.sum(jnp.mean((critics_of(critics_from(critics), seen, u) - target) ** 2, 1))

    def actor_loss(flat, critics, rows, noise):
        policy, log_temperature = actor_of(flat)
        u, log_prob = draw(policy, rows[:, :OBSERVED], noise)
        worth = critics_of(critics, rows[:, :OBSERVED], u).min(0)
        temperature, known = jnp.exp(jax.lax.stop_gradient(log_temperature)), jax.lax.stop_gradient(log_prob)
        return jnp.mean(temperature * log_prob - worth) - log_temperature * jnp.mean(known + a.target_entropy)

    def update(carry, inputs):
        actor, actor_moments, critics, critic_moments, targets, count = carry
        rows, noise = inputs
        gradient = jax.grad(critic_loss)(critics, targets, actor_of(actor), rows, noise[0])
        critics, critic_moments = adam(critics, critic_moments, gradient, count + 1, a.lr)
        gradient = jax.grad(actor_loss)(actor, critics_from(critics), rows, noise[1])
        actor, actor_moments = adam(actor, actor_moments, gradient, count + 1, a.lr)
        targets = targets + a.target_rate * (critics - targets)
        return (actor, actor_moments, critics, critic_moments, targets, count + 1), None

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def iteration(learner, ring, place, stored, key):
        start_key, play_key, row_key, noise_key = jax.random.split(key, 4)
        policy, _ = actor_of(learner[0])

        def step(state, noise):
            seen = observe(*state)
            u, _ = draw(policy, seen, noise)
            angle, speed, reward = move(*state, TORQUE * jnp.tanh(u[0]))
            return (angle, speed), jnp.concatenate([seen, u, observe(angle, speed), reward[None]])

        angle, speed = jax.random.uniform(start_key, (2,), minval=-1, maxval=1)
        _, rows = jax.lax.scan(step, (angle * jnp.pi, speed), jax.random.normal(play_key, (STEPS, 1)))
        ring = jax.lax.dynamic_update_slice(ring, rows, (place, 0))
        place, stored = (place + STEPS) % a.capacity, jnp.minimum(stored + STEPS, a.capacity)

        def learn(learner):
            drawn = ring[jax.random.randint(row_key, (a.updates, a.batch), 0, stored)]
            noise = jax.random.normal(noise_key, (a.updates, 2, a.batch, 1))
            return jax.lax.scan(update, learner, (drawn, noise))[0]

        learner = jax.lax.cond(stored >= a.first_steps, learn, lambda learner: learner, learner)
        return learner, ring, place, stored, rows[:, -1].sum()

    return iteration


@functools.partial(jax.jit, static_argnums=2)
def evaluate(policy, key, episodes):
    """Returns of episodes with the policy's means, [episode]."""
    def step(state, _):
        angle, speed, reward = move(*state, TORQUE * jnp.tanh(perceptron(policy, observe(*state))[:, 0]))
        return (angle, speed), reward

    start = jax.random.uniform(key, (2, episodes), minval=-1, maxval=1)
    return jax.lax.scan(step, (start[0] * jnp.pi, start[1]), length=STEPS)[1].sum(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hidden", type=int, default=64, help="units of both hidden layers of each network")
    parser.add_argument("--updates", type=int, default=200, help="of an iteration, which plays one episode")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--capacity", type=int, default=50000, help="a multiple of 200")
    parser.add_argument("--first-steps", type=int, default=1000, help="in the ring before anything is learned")
    parser.add_argument("--discount", type=float, default=0.99)
    parser.add_argument("--target-rate", type=float, default=0.005)
    parser.add_argument("--target-entropy", type=float, default=-1.0)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--iterations", type=int, default=25)
    parser.add_argument("--eval-episodes", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    a = parser.parse_args()
    if a.capacity % STEPS:
        parser.error(f"--capacity: wanted a multiple of {STEPS}, found {a.capacity}")
    skipped = -(-a.first_steps // STEPS)  # iterations that learn nothing, or compile
    if a.iterations <= skipped:
        parser.error(f"--iterations: wanted more than {skipped}, which only fill the ring, found {a.iterations}")

    key, sub = jax.random.split(jax.random.PRNGKey(a.seed))
    (actor, actor_of), (critics, critics_from) = map(ravel_pytree, init_params(sub, a.hidden))
    moments = lambda params: (jnp.zeros_like(params), jnp.zeros_like(params))
    learner = (actor, moments(actor), critics, moments(critics), jnp.copy(critics), jnp.zeros(()))
    ring, place, stored = jnp.zeros((a.capacity, ROW)), jnp.zeros((), jnp.int32), jnp.zeros((), jnp.int32)
    iteration = make_iteration(a, actor_of, critics_from)
    start = time.perf_counter()
    iteration = iteration.lower(learner, ring, place, stored, key).compile()
    compile_s = time.perf_counter() - start

    times, processor, returns = [], [], []
    for _ in range(a.iterations):
        key, sub = jax.random.split(key)
        t0, p0 = time.perf_counter(), time.process_time()
        learner, ring, place, stored, total = iteration(learner, ring, place, stored, sub)
        returns.append(float(total))
        times.append(time.perf_counter() - t0)
        processor.append(time.process_time() - p0)
    median = lambda numbers: sorted(numbers[skipped:])[(len(numbers) - skipped) // 2]
    evaluated = evaluate(actor_of(learner[0])[0], jax.random.fold_in(key, 1), a.eval_episodes)
    print(json.dumps({
        "peer": "jax " + jax.__version__, "seconds_per_iteration": median(times),
        "processor_seconds_per_iteration": median(processor), "env_steps_per_second": STEPS / median(times),
        "compile_seconds": compile_s, "iterations": a.iterations, "env_steps": a.iterations * STEPS,
        "return": float(evaluated.mean()), "ci95": float(1.96 * evaluated.std() / len(evaluated) ** 0.5),
        "last_returns": returns[-10:], "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
