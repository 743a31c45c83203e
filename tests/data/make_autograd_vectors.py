#!/usr/bin/env python3
"""Writes autograd_vectors.json: meta-gradients by JAX's autograd in float64, which autograd_vectors_test.cpp compares
the kernels with. Run once, in an environment with numpy and jax; the file is in the repository.

The objective is written from the papers' formulas, with stop_gradient where they have it, and differentiated as a whole
through the inner steps. Data is random, rounded to three decimals. Arrays are [task][env][step] and then the element.
"""

import json
import pathlib

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp  # noqa: E402

TASKS, ENVS, STEPS, INPUTS, HIDDEN, OUTPUTS, INNER_LR = 2, 3, 5, 2, 4, 2, 0.25
CONTEXT = 3


def split(theta, head):
    sizes = [INPUTS * HIDDEN, HIDDEN, HIDDEN * OUTPUTS, OUTPUTS] + ([OUTPUTS] if head == "gaussian" else [])
    parts = jnp.split(theta, np.cumsum(sizes)[:-1])
    return parts[0].reshape(INPUTS, HIDDEN), parts[1], parts[2].reshape(HIDDEN, OUTPUTS), *parts[3:]


def log_probs(theta, batch, head):
    """`theta` is the flat parameters, or for CAVIA a tuple of them, the context's weights and the context."""
    inputs = batch["observations"]
    if isinstance(theta, tuple):
        theta, context_weight, context = theta
        inputs = jnp.concatenate([inputs, jnp.broadcast_to(context, (*inputs.shape[:-1], CONTEXT))], axis=-1)
        w0, *rest = split(theta, head)
        w0 = jnp.concatenate([w0, context_weight.reshape(CONTEXT, HIDDEN)])
    else:
        w0, *rest = split(theta, head)
    b0, w1, b1, *log_std = rest
    outputs = jnp.tanh(inputs @ w0 + b0) @ w1 + b1
    if head == "gaussian":
        z = (batch["actions"] - outputs) * jnp.exp(-log_std[0])
        return jnp.sum(-0.5 * z**2 - log_std[0] - 0.5 * jnp.log(2 * jnp.pi), axis=-1)
    chosen = batch["actions"][..., 0].astype(int)[..., None]
    return jnp.take_along_axis(jax.nn.log_softmax(outputs), chosen, axis=-1)[..., 0]


def surrogate(theta, batch, head, estimator):
    lp, valid, advantages = log_probs(theta, batch, head), batch["valid"], batch["advantages"]
    if estimator == "reinforce":
        terms = advantages * lp
    elif estimator == "ratio":
        terms = advantages * jnp.exp(lp - batch["log_probs"])
    else:  # dice: every reward times the magic box of all actions of its episode so far
        episode = np.cumsum(batch["ends"], axis=-1) - batch["ends"]
        same = episode[..., :, None] == episode[..., None, :]
        causal = np.tril(np.ones((STEPS, STEPS)))
        tau = jnp.sum(same * causal * (lp * valid)[..., None, :], axis=-1)
        terms = jnp.exp(tau - jax.lax.stop_gradient(tau)) * advantages
    return jnp.sum(jnp.where(valid > 0, terms, 0)) / jnp.sum(valid)


def meta_objective(theta, batches, head, estimator, inner_steps):
    def of_task(task):
        adapted = theta
        for k in range(inner_steps):
            batch = {name: x[task] for name, x in batches[k].items()}
            adapted = adapted + INNER_LR * jax.grad(surrogate)(adapted, batch, head, estimator)
        return surrogate(adapted, {name: x[task] for name, x in batches[inner_steps].items()}, head, "ratio")

    return sum(of_task(task) for task in range(TASKS)) / TASKS


def cavia_objective(theta, context_weight, batches, head, estimator, inner_steps):
    def of_task(task):
        context = jnp.zeros(CONTEXT)
        for k in range(inner_steps):
            batch = {name: x[task] for name, x in batches[k].items()}
            objective = lambda c: surrogate((theta, context_weight, c), batch, head, estimator)  # noqa: E731
            context = context + INNER_LR * jax.grad(objective)(context)
        batch = {name: x[task] for name, x in batches[inner_steps].items()}
        return surrogate((theta, context_weight, context), batch, head, "ratio")

    return sum(of_task(task) for task in range(TASKS)) / TASKS


def random_batch(random, head):
    shape = (TASKS, ENVS, STEPS)
    valid, ends = np.ones(shape), np.zeros(shape)
    ends[..., -1] = 1
    ends[0, 0, 2] = 1  # a new episode starts
    ends[1, 2, 1], ends[1, 2, -1] = 1, 0  # the rest does not count
    valid[1, 2, 2:] = 0
    if head == "gaussian":
        actions = random.normal(size=(*shape, OUTPUTS)).round(3)
    else:
        actions = random.integers(OUTPUTS, size=(*shape, 1)).astype(float)
    return {
        "observations": random.normal(size=(*shape, INPUTS)).round(3),
        "actions": actions,
        "log_probs": random.normal(-1, 0.3, size=shape).round(3),
        "advantages": (random.normal(size=shape) * valid).round(3),
        "valid": valid,
        "ends": ends,
    }


def main():
    random = np.random.default_rng(1)
    heads = []
    for head in ("gaussian", "categorical"):
        size = INPUTS * HIDDEN + HIDDEN + HIDDEN * OUTPUTS + OUTPUTS + (OUTPUTS if head == "gaussian" else 0)
        theta = random.normal(0, 0.5, size).round(3)
        batches = [random_batch(random, head) for _ in range(3)]
        cases = []
        for estimator, inner_steps in (("reinforce", 1), ("reinforce", 2), ("ratio", 1), ("ratio", 2), ("dice", 1)):
            gradient = jax.grad(meta_objective)(jnp.asarray(theta), batches, head, estimator, inner_steps)
            cases.append({"estimator": estimator, "inner_steps": inner_steps, "meta_gradient": gradient.tolist()})
        context_weight = random.normal(0, 0.7, CONTEXT * HIDDEN).round(3)
        cavia = []
        for estimator, inner_steps in (("reinforce", 1), ("ratio", 2), ("dice", 2)):
            gradients = jax.grad(cavia_objective, argnums=(0, 1))(
                jnp.asarray(theta), jnp.asarray(context_weight), batches, head, estimator, inner_steps)
            cavia.append({"estimator": estimator, "inner_steps": inner_steps,
                          "meta_gradient": jnp.concatenate(gradients).tolist()})
        data = [{name: x.ravel().tolist() for name, x in batch.items()} for batch in batches]
        heads.append({"head": head, "theta": theta.tolist(), "batches": data, "cases": cases,
                      "context_weight": context_weight.tolist(), "cavia": cavia})
    document = {
        "tasks": TASKS, "envs": ENVS, "steps": STEPS, "widths": [INPUTS, HIDDEN, OUTPUTS], "inner_lr": INNER_LR,
        "context": CONTEXT,
        "made_by": f"jax {jax.__version__}, float64", "heads": heads,
    }
    path = pathlib.Path(__file__).with_name("autograd_vectors.json")
    path.write_text(json.dumps(document, separators=(",", ":")).replace('{"', '\n{"') + "\n")


if __name__ == "__main__":
    main()
