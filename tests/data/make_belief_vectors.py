#!/usr/bin/env python3
"""Writes belief_vectors.json: VariBAD's lower bound on some trials and its gradient by JAX's autograd in float64, which
beliefs/vectors_test.cpp compares the kernels with. Run once, in an environment with numpy and jax; the file is in the
repository.

The bound is written from the paper (Zintgraf et al. 2020, equations 8 and 9) with the losses of the published code, the GRU
from the formulas of PyTorch's documentation. Data is random, rounded to three decimals. A trial's row is [observation,
action, reward, ended] as the policy took it in, then the reward, the next observation and the action of the step itself.
"""

import json
import pathlib

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp  # noqa: E402

TRIALS, STEPS, OBSERVED, ACTIONS, LATENT, UNITS = 3, 5, 2, 2, 3, 4
INPUTS = OBSERVED + ACTIONS + 2
DECODER, STATE_DECODER, SIDE = (6, 5), (7,), 3
KL_WEIGHT, STATE_WEIGHT = 0.3, 0.7


def shapes(cells, states):
    encoder = [(INPUTS, 3 * UNITS), (UNITS, 3 * UNITS), (3 * UNITS,), (UNITS,), (UNITS, 2 * LATENT), (2 * LATENT,)]

    def perceptron(widths):
        return [shape for wide, out in zip(widths, widths[1:]) for shape in ((wide, out), (out,))]

    decoder = perceptron((LATENT + (0 if cells else OBSERVED), *DECODER, SIDE * SIDE if cells else 1))
    state = perceptron((LATENT + OBSERVED + ACTIONS, *STATE_DECODER, OBSERVED)) if states else []
    return encoder, decoder, state


def split(theta, groups):
    parts, at = [], 0
    for group in groups:
        parts.append([])
        for shape in group:
            size = int(np.prod(shape))
            parts[-1].append(theta[at : at + size].reshape(shape))
            at += size
    assert at == theta.size
    return parts


def decoded(layers, x):
    for weight, bias in zip(layers[:-2:2], layers[1:-2:2]):
        x = jax.nn.relu(x @ weight + bias)
    return x @ layers[-2] + layers[-1]


def moments(encoder, inputs):
    """[step][2 · latent] of one trial; at its first step nothing has been taken in."""
    w, u, b, c, weight, bias = encoder

    def step(h, x):
        x_r, x_z, x_n = jnp.split(x @ w + b, 3)
        h_r, h_z, h_n = jnp.split(h @ u, 3)
        r, z = jax.nn.sigmoid(x_r + h_r), jax.nn.sigmoid(x_z + h_z)
        h = (1 - z) * jnp.tanh(x_n + r * (h_n + c)) + z * h
        return h, h

    start = jnp.zeros(UNITS)
    states = jnp.concatenate([start[None], jax.lax.scan(step, start, inputs[1:])[1]])
    return states @ weight + bias


def objective(theta, data, cells, states):
    encoder, decoder, state_decoder = split(theta, shapes(cells, states))
    reconstruction = state_error = divergence = 0.0
    for trial in range(TRIALS):
        rows = data["trials"][trial]
        inputs, rewards = rows[:, :INPUTS], rows[:, INPUTS]
        following, actions = rows[:, INPUTS + 1 : INPUTS + 1 + OBSERVED], rows[:, INPUTS + 1 + OBSERVED :]
        q = moments(encoder, inputs)
        mean, log_variance = q[:, :LATENT], q[:, LATENT:]
        latents = mean + jnp.exp(log_variance / 2) * data["noise"][trial]
        before = jnp.concatenate([jnp.zeros((1, 2 * LATENT)), q[:-1]])
        m, log_s = before[:, :LATENT], before[:, LATENT:]
        divergence += 0.5 * jnp.sum(
            log_s - log_variance - 1 + jnp.exp(log_variance - log_s) + (mean - m) ** 2 / jnp.exp(log_s)
        )
        for z in latents:
            z = jnp.broadcast_to(z, (STEPS, LATENT))
            if cells:
                logits = decoded(decoder, z)
                place = jnp.round((following + 1) / 2 * (SIDE - 1)).astype(int)
                logit = logits[jnp.arange(STEPS), place[:, 1] * SIDE + place[:, 0]]
                paid = rewards > 0
                reconstruction -= jnp.sum(jnp.where(paid, jax.nn.log_sigmoid(logit), jax.nn.log_sigmoid(-logit)))
            else:
                told = decoded(decoder, jnp.concatenate([z, following], axis=1))[:, 0]
                reconstruction += jnp.sum((told - rewards) ** 2)
            if states:
                told = decoded(state_decoder, jnp.concatenate([z, inputs[:, :OBSERVED], actions], axis=1))
                state_error += jnp.sum(jnp.mean((told - following) ** 2, axis=1))
    return -reconstruction - STATE_WEIGHT * state_error - KL_WEIGHT * divergence


def main():
    random = np.random.default_rng(4)
    cases = []
    for cells, states in ((False, False), (True, False), (False, True)):
        size = sum(int(np.prod(shape)) for group in shapes(cells, states) for shape in group)
        theta = random.normal(0, 0.5, size).round(3)
        trials = random.normal(size=(TRIALS, STEPS, INPUTS + 1 + OBSERVED + (ACTIONS if states else 0))).round(3)
        if cells:
            trials[:, :, INPUTS + 1 :] = random.integers(SIDE, size=(TRIALS, STEPS, OBSERVED)) * 2 / (SIDE - 1) - 1
        data = {"trials": trials, "noise": random.normal(size=(TRIALS, STEPS, LATENT)).round(3)}
        value, gradient = jax.value_and_grad(objective)(jnp.asarray(theta), data, cells, states)
        cases.append(
            {
                "decoder": "cells" if cells else "reward", "decode_state": states, "theta": theta.tolist(),
                **{name: x.ravel().tolist() for name, x in data.items()},
                "objective": float(value), "gradient": gradient.tolist(),
            }
        )  # fmt: skip
    document = {
        "trials": TRIALS, "steps": STEPS, "observed": OBSERVED, "actions": ACTIONS, "latent": LATENT, "encoder": UNITS,
        "decoder_hidden": DECODER, "state_decoder_hidden": STATE_DECODER, "side": SIDE, "kl_weight": KL_WEIGHT,
        "state_weight": STATE_WEIGHT, "made_by": f"jax {jax.__version__}, float64", "cases": cases,
    }  # fmt: skip
    path = pathlib.Path(__file__).with_name("belief_vectors.json")
    path.write_text(json.dumps(document, separators=(",", ":")).replace('{"', '\n{"') + "\n")


if __name__ == "__main__":
    main()
