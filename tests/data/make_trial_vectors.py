#!/usr/bin/env python3
"""Writes trial_vectors.json: gradients of PPO's objective through whole trials of a GRU policy by JAX's autograd in
float64, which trial_vectors_test.cpp compares the kernels with. Run once, in an environment with numpy and jax; the file is
in the repository.

The GRU is written from the formulas of PyTorch's documentation, the objective from the PPO paper's. Data is random, rounded
to three decimals. Arrays are [step][env] and then the element.
"""

import json
import pathlib

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp  # noqa: E402

STEPS, ENVS, INPUTS, HIDDEN, ACTIONS = 6, 3, 4, 5, 2
CLIP, VALUE_WEIGHT, ENTROPY_WEIGHT = 0.2, 0.5, 0.03


def split(theta, head):
    shapes = [(INPUTS, 3 * HIDDEN), (HIDDEN, 3 * HIDDEN), (3 * HIDDEN,), (HIDDEN,), (HIDDEN, ACTIONS), (ACTIONS,)]
    shapes += [(ACTIONS,)] if head == "gaussian" else []
    shapes += [(HIDDEN, 1), (1,)]
    parts = jnp.split(theta, np.cumsum([int(np.prod(s)) for s in shapes])[:-1])
    parts = [part.reshape(shape) for part, shape in zip(parts, shapes)]
    return parts if head == "gaussian" else parts[:6] + [None] + parts[6:]


def hidden_states(w, u, b, c, inputs):
    def step(h, x):
        x_r, x_z, x_n = jnp.split(x @ w + b, 3, axis=-1)
        h_r, h_z, h_n = jnp.split(h @ u, 3, axis=-1)
        r, z = jax.nn.sigmoid(x_r + h_r), jax.nn.sigmoid(x_z + h_z)
        n = jnp.tanh(x_n + r * (h_n + c))
        h = (1 - z) * n + z * h
        return h, h

    return jax.lax.scan(step, jnp.zeros((inputs.shape[1], HIDDEN)), inputs)[1]


def objective(theta, data, head):
    w, u, b, c, actor_w, actor_b, log_std, value_w, value_b = split(theta, head)
    h = hidden_states(w, u, b, c, data["inputs"])
    outputs, value = h @ actor_w + actor_b, (h @ value_w + value_b)[..., 0]
    if head == "gaussian":
        z = (data["actions"] - outputs) * jnp.exp(-log_std)
        log_prob = jnp.sum(-0.5 * z**2 - log_std - 0.5 * jnp.log(2 * jnp.pi), axis=-1)
        entropy = jnp.sum(log_std + 0.5 * jnp.log(2 * jnp.pi * jnp.e)) * jnp.ones_like(log_prob)
    else:
        logs = jax.nn.log_softmax(outputs)
        log_prob = jnp.take_along_axis(logs, data["actions"].astype(int), axis=-1)[..., 0]
        entropy = -jnp.sum(jnp.exp(logs) * logs, axis=-1)
    ratio, advantages = jnp.exp(log_prob - data["log_probs"]), data["advantages"]
    surrogate = jnp.minimum(ratio * advantages, jnp.clip(ratio, 1 - CLIP, 1 + CLIP) * advantages)
    loss = 0.5 * (value - data["targets"]) ** 2
    return jnp.sum(surrogate + ENTROPY_WEIGHT * entropy - VALUE_WEIGHT * loss)


def main():
    random = np.random.default_rng(2)
    cases = []
    for head in ("gaussian", "categorical"):
        size = (INPUTS + HIDDEN) * 3 * HIDDEN + 4 * HIDDEN + HIDDEN * ACTIONS + ACTIONS + HIDDEN + 1
        size += ACTIONS if head == "gaussian" else 0
        theta = random.normal(0, 0.5, size).round(3)
        shape = (STEPS, ENVS)
        gaussian = head == "gaussian"
        data = {
            "inputs": random.normal(size=(*shape, INPUTS)).round(3),
            "actions": random.normal(size=(*shape, ACTIONS)).round(3)
            if gaussian
            else random.integers(ACTIONS, size=(*shape, 1)).astype(float),
            "log_probs": random.normal(-2.6 if gaussian else -0.7, 0.3, size=shape).round(3),
            "advantages": random.normal(size=shape).round(3),
            "targets": random.normal(size=shape).round(3),
        }
        gradient = jax.grad(objective)(jnp.asarray(theta), data, head)
        cases.append({"head": head, "theta": theta.tolist(), **{name: x.ravel().tolist() for name, x in data.items()},
                      "objective": float(objective(jnp.asarray(theta), data, head)), "gradient": gradient.tolist()})
    document = {
        "steps": STEPS, "envs": ENVS, "inputs": INPUTS, "hidden": HIDDEN, "actions": ACTIONS, "clip": CLIP,
        "value_weight": VALUE_WEIGHT, "entropy_weight": ENTROPY_WEIGHT, "made_by": f"jax {jax.__version__}, float64",
        "cases": cases,
    }
    path = pathlib.Path(__file__).with_name("trial_vectors.json")
    path.write_text(json.dumps(document, separators=(",", ":")).replace('{"', '\n{"') + "\n")


if __name__ == "__main__":
    main()
