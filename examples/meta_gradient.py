"""Recomputes innerloop's exact second-order meta-gradient of MAML by hand-written NumPy: differences of the outer objective.

    python3 examples/meta_gradient.py

`il.batch` has every number of an iteration. The outer objective of a task is a function of the parameters θ before its
inner step: θ' = θ + α·∇S_in(θ), then S_out(θ'). Its gradient has the second derivatives that first-order MAML leaves out.
"""
import numpy as np

import innerloop as il

config = il.Config(horizon=20, tasks_per_iteration=2, envs_per_task=5, policy={"name": "mlp", "hidden": [4]},
                   algorithm={"name": "maml", "inner_steps": 1, "inner_lr": 0.1})
numbers = {name: np.asarray(array, np.float64) for name, array in il.batch(config, threads=1).items()}


def log_probs(theta, k, task):
    """log π(a|s) of one task's data, tanh network and Gaussian, in double."""
    s, a = (numbers[f"inner.{k}.{name}"][task].reshape(-1, 2) for name in ("observations", "actions"))
    w0, b0, w1, b1, log_std = np.split(theta, [8, 12, 20, 22])
    mean = np.tanh(s @ w0.reshape(2, 4) + b0) @ w1.reshape(4, 2) + b1
    return (-0.5 * ((a - mean) / np.exp(log_std)) ** 2 - log_std - 0.5 * np.log(2 * np.pi)).sum(axis=1)


def objective(theta, k, task):
    """REINFORCE: the mean over samples of log π times the advantage."""
    advantages, valid = (numbers[f"inner.{k}.{name}"][task].ravel() for name in ("advantages", "valid"))
    return (valid * advantages * log_probs(theta, k, task)).sum() / valid.sum()


def gradient(function, theta, h=1e-4):
    """Central differences of fourth order."""
    def along(i):
        e = h * np.eye(len(theta))[i]
        return (8 * (function(theta + e) - function(theta - e)) - function(theta + 2 * e) + function(theta - 2 * e)) / (12 * h)
    return np.array([along(i) for i in range(len(theta))])


def outer(theta, task):
    return objective(theta + 0.1 * gradient(lambda t: objective(t, 0, task), theta), 1, task)


by_hand = np.mean([gradient(lambda theta: outer(theta, task), numbers["params"]) for task in range(2)], axis=0)
error = np.linalg.norm(by_hand - numbers["meta_gradient"]) / np.linalg.norm(by_hand)
first_order = numbers["outer_gradient"].mean(axis=0)
print(f"relative difference: {error:.1e}; first-order MAML's would be "
      f"{np.linalg.norm(by_hand - first_order) / np.linalg.norm(by_hand):.1e}")
assert error < 1e-4
