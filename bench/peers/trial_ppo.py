"""Trials and PPO on them: what the JAX implementations of RL² share, whatever their memory is.

One jitted program per iteration: rollouts as lax.scan over the trial's steps with the environments vmapped, GAE across
the episodes of a trial, PPO epochs of minibatches over environments (whole sequences, full BPTT), clipped Adam.
Policy input: observation, one-hot previous action, previous reward, previous done; the memory starts anew per trial only.
The value is normalised by running statistics of its targets. The evaluation samples its actions from the policy.

A network is an object with
    init(key)                      its parameters, a tree
    start(envs)                    the memory with which a trial begins
    stretches(steps)               the steps up to which it is played in one scan, the last one `steps`
    room_for(memory, steps)        the memory, with room for so many steps
    step(params, memory, t, x)     the memory, logits and normalised value behind step t, from its inputs [B,I]
    sequence(params, x)            logits and normalised values of whole trials, from their inputs [T,B,I]
    flops_per_env_step(epochs)     of the matrix products of an iteration
"""
import argparse
import json
import resource
import time

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec


# Environments: one environment each, vmapped by the caller. u: the step's uniform numbers. Episodes last `horizon` steps.
class Bandit:
    """Bernoulli arms, p ~ U(0,1); every pull is an episode."""
    horizon, obs_dim, noise = 1, 0, 1

    def __init__(self, arms):
        self.actions = arms

    def draw(self, key):
        return jax.random.uniform(key, (self.actions,))

    def reset(self):
        return jnp.zeros((), jnp.int32)

    def observe(self, state):
        return jnp.zeros(0)

    def step(self, p, state, action, u):
        return state, (u[0] < p[action]).astype(jnp.float32)


class TabularMDP:
    """10 states, 5 actions, P ~ Dirichlet(1), mean reward R ~ N(1,1), r ~ N(R,1), start state 0."""
    states, actions, horizon, obs_dim, noise = 10, 5, 10, 10, 2

    def __init__(self, arms):
        pass

    def draw(self, key):
        k1, k2 = jax.random.split(key)
        p = jax.random.exponential(k1, (self.states * self.actions, self.states))
        cumulative = (p / p.sum(-1, keepdims=True)) @ jnp.triu(jnp.ones((self.states, self.states - 1)))
        return cumulative, 1 + jax.random.normal(k2, (self.states * self.actions,))

    def reset(self):
        return jnp.zeros((), jnp.int32)

    def observe(self, state):
        return jax.nn.one_hot(state, self.states)

    def step(self, task, state, action, u):
        cumulative, mean = task
        i = state * self.actions + action
        normal = 2 ** 0.5 * jax.lax.erf_inv(jnp.clip(2 * u[1] - 1, -1 + 1e-6, 1 - 1e-6))
        return jnp.sum(u[0] > cumulative[i]), mean[i] + normal


class GridNavigation:
    """5x5 grid, goal outside the 2x2 corner at the start; stay, up, right, down, left; +1 on the goal, else -0.1."""
    actions, horizon, obs_dim, noise = 5, 15, 2, 0

    def __init__(self, arms):
        pass

    def draw(self, key):
        cells = jnp.array([(x, y) for x in range(5) for y in range(5) if max(x, y) > 1])
        return cells[jax.random.randint(key, (), 0, len(cells))]

    def reset(self):
        return jnp.zeros(2, jnp.int32)

    def observe(self, state):
        return state / 2.0 - 1.0

    def step(self, goal, state, action, u):
        state = jnp.clip(state + jnp.array([(0, 0), (0, 1), (1, 0), (0, -1), (-1, 0)])[action], 0, 4)
        return state, jnp.where(jnp.all(state == goal), 1.0, -0.1)


ENVIRONMENTS = {"bandit": Bandit, "tabular_mdp": TabularMDP, "grid_navigation": GridNavigation}


def rollout(env, network, params, key, envs, steps):
    """One trial per environment; inputs [T,B,I], actions, log-probabilities, normalised values, rewards [T,B].

    A network says up to which steps it is played in one scan: between two of these its memory gets room for more steps.
    """
    k_task, key = jax.random.split(key)
    tasks = jax.vmap(env.draw)(jax.random.split(k_task, envs))
    start = jax.tree.map(lambda s: jnp.broadcast_to(s, (envs, *s.shape)), env.reset())

    def step(carry, inputs):
        state, memory, previous = carry
        t, u = inputs
        x = jnp.concatenate([jax.vmap(env.observe)(state), previous], -1)
        memory, logits, value = network.step(params, memory, t, x)
        logp = jax.nn.log_softmax(logits)
        action = jnp.sum(u[:, :1] > jnp.exp(logp) @ below, -1)
        taken = jax.nn.one_hot(action, env.actions)
        state, reward = jax.vmap(env.step)(tasks, state, action, u[:, 1:])
        done = (t + 1) % env.horizon == 0
        state = jax.tree.map(lambda s, s0: jnp.where(done, s0, s), state, start)
        previous = jnp.concatenate([taken, reward[:, None], jnp.full((envs, 1), done, jnp.float32)], -1)
        return (state, memory, previous), (x, action, jnp.sum(taken * logp, -1), value, reward)

    below = jnp.triu(jnp.ones((env.actions, env.actions - 1)))  # cumulative probabilities
    carry = (start, network.start(envs), jnp.zeros((envs, env.actions + 2)))
    uniform, played, first = jax.random.uniform(key, (steps, envs, 1 + env.noise)), [], 0
    for end in network.stretches(steps):
        carry = (carry[0], network.room_for(carry[1], end), carry[2])
        carry, part = jax.lax.scan(step, carry, (jnp.arange(first, end), uniform[first:end]))
        played, first = played + [part], end
    return played[0] if len(played) == 1 else jax.tree.map(lambda *parts: jnp.concatenate(parts), *played)


def gae(reward, value, gamma, lam):
    """Across the episodes of a trial; nothing follows the trial's end. [T,B]"""
    delta = reward + gamma * jnp.concatenate([value[1:], jnp.zeros_like(value[:1])]) - value
    return jax.lax.scan(lambda c, d: ((n := d + gamma * lam * c), n), jnp.zeros_like(delta[0]), delta, reverse=True)[1]


def ppo_loss(params, batch, network, ent, a):
    x, action, old_logp, adv, target = batch
    logits, value = network.sequence(params, x)
    logps = jax.nn.log_softmax(logits)
    logp = jnp.sum(jax.nn.one_hot(action, logps.shape[-1]) * logps, -1)
    entropy = -jnp.mean(jnp.sum(jnp.exp(logps) * logps, -1))
    ratio = jnp.exp(logp - old_logp)
    gain = jnp.mean(jnp.minimum(ratio * adv, jnp.clip(ratio, 1 - a.clip, 1 + a.clip) * adv))
    value_loss = 0.5 * jnp.mean((value - target) ** 2)
    return -gain + a.value_coef * value_loss - ent * entropy, (entropy, value_loss, jnp.mean(old_logp - logp))


def adam(params, opt, grad, lr, max_norm):
    m, v, n = opt
    norm = jnp.sqrt(sum(jnp.sum(g * g) for g in jax.tree.leaves(grad)))
    grad = jax.tree.map(lambda g: g * jnp.minimum(1.0, max_norm / (norm + 1e-6)), grad)
    n = n + 1
    m = jax.tree.map(lambda x, g: 0.9 * x + 0.1 * g, m, grad)
    v = jax.tree.map(lambda x, g: 0.999 * x + 0.001 * g * g, v, grad)
    params = jax.tree.map(
        lambda p, x, y: p - lr * (x / (1 - 0.9 ** n)) / (jnp.sqrt(y / (1 - 0.999 ** n)) + 1e-8), params, m, v)
    return params, (m, v, n)


def make_iteration(a, env, network, steps, mesh):
    envs = a.envs // a.devices
    chunk = next(n for n in range(min(a.chunk, envs // a.minibatches), 0, -1) if envs // a.minibatches % n == 0)
    mean_over = lambda x: jax.lax.pmean(x, "devices")

    def iteration(state, key, lr, ent):
        params, opt, (mu, sigma) = state
        key = jax.random.fold_in(key, jax.lax.axis_index("devices"))
        key, k_roll = jax.random.split(key)
        x, action, logp, value, reward = rollout(env, network, params, k_roll, envs, steps)

        # The value head's output is the value less its running mean at that step of the trial, over a running deviation.
        value = mu[:, None] + sigma * value
        adv = gae(reward, value, a.gamma, a.gae_lambda)
        target = adv + value
        rate = jnp.maximum(0.02, 1 / (opt[2] / (a.epochs * a.minibatches) + 1))
        mu = mu + rate * (mean_over(target.mean(1)) - mu)
        target = target - mu[:, None]
        sigma = sigma + rate * (jnp.sqrt(mean_over(jnp.mean(target ** 2))) - sigma)
        adv = adv - mean_over(adv.mean())
        adv = adv / (jnp.sqrt(mean_over(jnp.mean(adv ** 2))) + 1e-8)
        data = (x, action, logp, adv, target / sigma)

        def minibatch(carry, index):  # chunk after chunk of environments, so that the activations stay in the cache
            params, opt = carry
            parts = index.reshape(-1, chunk)
            part = lambda i: jax.grad(ppo_loss, has_aux=True)(params, jax.tree.map(lambda d: d[:, i], data), network, ent, a)
            add = lambda total, i: (jax.tree.map(jnp.add, total, part(i)), None)
            total, _ = jax.lax.scan(add, part(parts[0]), parts[1:])
            grad, info = jax.tree.map(lambda x: x / len(parts), total)
            return adam(params, opt, mean_over(grad), lr, a.max_grad_norm), info

        orders = jax.vmap(lambda k: jax.random.permutation(k, envs))(jax.random.split(key, a.epochs))
        orders = orders.reshape(a.epochs * a.minibatches, envs // a.minibatches)
        (params, opt), info = jax.lax.scan(minibatch, (params, opt), orders)
        info = [i[-a.minibatches:].mean() for i in info]
        return (params, opt, (mu, sigma)), mean_over(jnp.stack([reward.sum(0).mean(), *info]))

    replicated = PartitionSpec()
    return jax.jit(jax.shard_map(iteration, mesh=mesh, in_specs=replicated, out_specs=replicated, check_vma=False),
                   donate_argnums=(0,))


def arguments_of(description):
    """A parser with the options that all memories have."""
    ap = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--env", choices=ENVIRONMENTS, default="bandit")
    ap.add_argument("--arms", type=int, default=5)
    ap.add_argument("--trial-length", type=int, default=10, help="pulls of the bandit, episodes of the others")
    ap.add_argument("--envs", type=int, default=256, help="trials per iteration")
    ap.add_argument("--epochs", type=int, default=4)
    ap.add_argument("--minibatches", type=int, default=4)
    ap.add_argument("--iterations", type=int, default=20)
    ap.add_argument("--lr", type=float, default=1e-3)
    ap.add_argument("--lr-final", type=float, help="linear schedule down to this; constant if absent")
    ap.add_argument("--ent", type=float, default=0.01)
    ap.add_argument("--ent-final", type=float, help="likewise for the entropy bonus")
    ap.add_argument("--gamma", type=float, default=0.99)
    ap.add_argument("--gae-lambda", type=float, default=0.3)
    ap.add_argument("--clip", type=float, default=0.2)
    ap.add_argument("--value-coef", type=float, default=0.5)
    ap.add_argument("--max-grad-norm", type=float, default=1.0)
    ap.add_argument("--eval-trials", type=int, default=4096)
    ap.add_argument("--log-every", type=float, default=10.0, help="seconds between progress lines")
    ap.add_argument("--max-seconds", type=float, default=float("inf"))
    ap.add_argument("--chunk", type=int, default=32, help="most environments in one backward pass; gradients are summed")
    ap.add_argument("--devices", type=int, default=1)
    ap.add_argument("--seed", type=int, default=0)
    return ap


def train(a, network_of):
    """Trains and evaluates as the arguments say, and prints one line of JSON. network_of(a, steps, inputs, actions): the network."""
    if a.envs % (a.devices * a.minibatches):
        raise SystemExit(f"--envs: wanted a multiple of devices x minibatches = {a.devices * a.minibatches}, found {a.envs}")
    jax.config.update("jax_num_cpu_devices", a.devices)

    env = ENVIRONMENTS[a.env](a.arms)
    steps, inputs = a.trial_length * env.horizon, env.obs_dim + env.actions + 2
    network = network_of(a, steps, inputs, env.actions)
    key, sub = jax.random.split(jax.random.PRNGKey(a.seed))
    params = network.init(sub)
    zeros = lambda: jax.tree.map(jnp.zeros_like, params)
    state = (params, (zeros(), zeros(), jnp.zeros(())), (jnp.zeros(steps), jnp.ones(())))
    mesh = jax.make_mesh((a.devices,), ("devices",), axis_types=(jax.sharding.AxisType.Auto,))
    state = jax.device_put(state, jax.sharding.NamedSharding(mesh, PartitionSpec()))
    iteration = make_iteration(a, env, network, steps, mesh)
    t0 = time.perf_counter()
    iteration = iteration.lower(state, key, 0.0, 0.0).compile()
    compile_s = time.perf_counter() - t0

    times, processor, window, start, logged = [], [], [], time.perf_counter(), 0.0
    for i in range(a.iterations):
        lr, ent = (a0 if a1 is None else a0 + (a1 - a0) * i / a.iterations for a0, a1 in [(a.lr, a.lr_final), (a.ent, a.ent_final)])
        key, sub = jax.random.split(key)
        t0, p0 = time.perf_counter(), time.process_time()
        state, info = iteration(state, sub, lr, ent)
        info = [float(x) for x in info]
        now = time.perf_counter()
        times.append(now - t0)
        processor.append(time.process_time() - p0)
        window = (window + [info[0]])[-max(1, 4096 // a.envs):]
        if now - start - logged > a.log_every:
            logged = now - start
            print(f"iteration {i + 1}  env_steps {(i + 1) * a.envs * steps:.3g}  seconds {logged:.0f}  "
                  f"trial_reward {sum(window) / len(window):.3f}  entropy {info[1]:.3f}  value_loss {info[2]:.3f}  kl {info[3]:.4f}",
                  flush=True)
        if now - start > a.max_seconds:
            break
    seconds = time.perf_counter() - start

    params = jax.device_get(state[0])
    evaluate = jax.jit(lambda p, k: rollout(env, network, p, k, a.eval_trials, steps)[4].sum(0))
    trial = evaluate(params, jax.random.fold_in(key, 1))
    med = sorted(times)[len(times) // 2]
    env_steps = a.envs * steps
    print(json.dumps({
        "peer": "jax " + jax.__version__, "seconds_per_iteration": med,
        "processor_seconds_per_iteration": sorted(processor)[len(processor) // 2], "env_steps_per_second": env_steps / med,
        "gflops": network.flops_per_env_step(a.epochs) * env_steps / med / 1e9, "compile_seconds": compile_s,
        "iterations": len(times), "env_steps": len(times) * env_steps, "train_seconds": seconds,
        "trial_reward": float(trial.mean()), "ci95": float(1.96 * trial.std() / len(trial) ** 0.5), "trials": len(trial),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))

