#!/usr/bin/env python3
"""Recomputes the gradients in a batch file by autograd in float64, and compares.

    innerloop train CONFIG --dump-batch batch.safetensors --set iterations=1
    python3 tests/run/check_batch_file.py batch.safetensors

Needs numpy and jax. The meta-objective is written here from the papers' formulas, and differentiated as a whole through
the inner steps; nothing of innerloop is used but the file. Exit code 0 where all relative errors are at most 1e-4.
"""

import argparse
import json
import struct
import sys

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp  # noqa: E402

DTYPES = {"F32": np.float32, "F64": np.float64, "I32": np.int32, "I64": np.int64, "U8": np.uint8}


def read_safetensors(path):
    with open(path, "rb") as file:
        content = file.read()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        data = np.frombuffer(content[8 + length + begin : 8 + length + end], DTYPES[entry["dtype"]])
        tensors[name] = data.reshape(entry["shape"])
    return tensors, metadata


class Policy:
    def __init__(self, layout, options):
        self.learned = next((e for e in layout if e["name"] in ("inner_lr", "log_inner_lr")), None)
        self.network = [e for e in layout if e["name"].startswith("multipliers.")]
        other = ("multipliers.", "value.")
        self.layout = [e for e in layout if e is not self.learned and not e["name"].startswith(other)]
        self.layers = sum(entry["name"].endswith(".weight") for entry in self.layout)
        self.gaussian = any(entry["name"] == "log_std" for entry in layout)
        self.activation = jnp.tanh if options["activation"] == "tanh" else jax.nn.relu
        self.min_log_std = options["min_log_std"]

    def parts(self, theta):
        return {
            e["name"]: theta[e["offset"] : e["offset"] + int(np.prod(e["shape"]))].reshape(e["shape"])
            for e in self.layout
        }

    def first_of_layers(self):
        """First parameter of each layer, then log_std's."""
        return [e["offset"] for e in self.layout if e["name"].endswith(".weight") or e["name"] == "log_std"]

    def multipliers(self, learned, theta, gradient):
        """Of the step and of θ, for each parameter: from the means of both over each layer."""
        if not self.network:
            return 1, 1
        weight, bias, output_weight, output_bias = (
            learned[e["offset"] : e["offset"] + int(np.prod(e["shape"]))].reshape(e["shape"]) for e in self.network
        )
        first, size = self.first_of_layers(), theta.shape[0]
        layer_of = np.searchsorted(first, np.arange(size), side="right") - 1
        ends = zip(first, first[1:] + [size])
        spans = [slice(begin, end) for begin, end in ends]
        means = jnp.stack([jnp.mean(x[span]) for x in (gradient, theta) for span in spans])
        both = jax.nn.relu(means @ weight + bias) @ output_weight + output_bias
        return both[: len(first)][layer_of], both[len(first) :][layer_of]

    def step_sizes(self, learned, steps, rates, algorithm):
        """Of each parameter in each inner step, [step][P]: where they are learned, their numbers lie behind the policy's."""
        size = self.layout[-1]["offset"] + int(np.prod(self.layout[-1]["shape"]))
        layers = self.first_of_layers()
        mask = np.ones(size)
        if algorithm["name"] == "cavia":
            mask = np.zeros(size)
            mask[next(e["offset"] for e in self.layout if e["name"] == "context") :] = 1
        if algorithm["adapted_layers"]:
            ends = layers[1 : self.layers] + [size]
            mask = np.zeros(size)
            for layer in algorithm["adapted_layers"]:
                mask[layers[layer] : ends[layer]] = 1
        if not self.learned:
            return jnp.stack([rate * mask for rate in rates])
        numbers = learned[size : size + int(np.prod(self.learned["shape"]))].reshape(self.learned["shape"])
        number_of = {
            "scalar": np.zeros(size, int),
            "layer": np.searchsorted(layers, np.arange(size), side="right") - 1,
            "parameter": np.arange(size),
        }[algorithm["learned_lr"]]
        sizes = [numbers[min(k, len(numbers) - 1)][number_of] for k in range(steps)]
        return mask * (jnp.exp(jnp.stack(sizes)) if self.learned["name"] == "log_inner_lr" else jnp.stack(sizes))

    def distribution(self, theta, batch):
        """Means and log standard deviations, or log-probabilities, of every step."""
        parts, x = self.parts(theta), batch["observations"]
        for layer in range(self.layers):
            x = x @ parts[f"layer{layer}.weight"] + parts[f"layer{layer}.bias"]
            if layer == 0 and "context" in parts:
                by_context = parts["context"] @ parts["context_weight"]
                if by_context.shape[0] > x.shape[-1]:  # FiLM
                    x = x * (1 + by_context[: x.shape[-1]])
                x = x + by_context[-x.shape[-1] :]
            if layer + 1 < self.layers:
                x = self.activation(x)
        if self.gaussian:
            return x, jnp.maximum(parts["log_std"], self.min_log_std)
        return (jax.nn.log_softmax(x),)

    def log_probs(self, theta, batch):
        if self.gaussian:
            mean, log_std = self.distribution(theta, batch)
            z = (batch["actions"] - mean) * jnp.exp(-log_std)
            return jnp.sum(-0.5 * z**2 - log_std - 0.5 * jnp.log(2 * jnp.pi), axis=-1)
        (log_p,) = self.distribution(theta, batch)
        return jnp.take_along_axis(log_p, batch["actions"][..., None], axis=-1)[..., 0]


def mean_valid(x, batch):
    return jnp.sum(jnp.where(batch["valid"] > 0, x, 0)) / jnp.sum(batch["valid"])


def surrogate(policy, theta, batch, estimator, clip):
    lp, advantages = policy.log_probs(theta, batch), batch["advantages"]
    ratio = jnp.exp(lp - batch["log_probs"])
    if estimator == "reinforce":
        return mean_valid(advantages * lp, batch)
    if estimator == "ratio":
        return mean_valid(advantages * ratio, batch)
    if estimator == "clipped":
        return mean_valid(jnp.minimum(advantages * ratio, advantages * jnp.clip(ratio, 1 - clip, 1 + clip)), batch)
    # DiCE: every reward's share times the magic box of all actions of its episode so far.
    ends = batch["episode_ends"].astype(int)
    episode = np.cumsum(ends, axis=-1) - ends
    steps = ends.shape[-1]
    same = (episode[..., :, None] == episode[..., None, :]) & np.tril(np.ones((steps, steps), bool))
    counted = jnp.where(batch["valid"] > 0, lp, 0)
    tau = jnp.sum(jnp.where(same, counted[..., None, :], 0), axis=-1)
    return mean_valid(jnp.exp(tau - jax.lax.stop_gradient(tau)) * advantages, batch)


def entropy(policy, theta, batch):
    if policy.gaussian:
        _, log_std = policy.distribution(theta, batch)
        return jnp.sum(log_std + 0.5 * jnp.log(2 * jnp.pi * jnp.e))
    (log_p,) = policy.distribution(theta, batch)
    return mean_valid(-jnp.sum(jnp.exp(log_p) * log_p, axis=-1), batch)


def credits(tensors, inner_steps, weight):
    """E-MAML: each task's standardised mean return an episode after adaptation."""
    rewards, ends = tensors[f"inner.{inner_steps}.rewards"], tensors[f"inner.{inner_steps}.episode_ends"]
    returns = rewards.sum(axis=(1, 2), dtype=np.float64) / ends.sum(axis=(1, 2))
    return weight * (returns - returns.mean()) / (returns.std() + 1e-8)


class ValueNetworks:
    """Of baseline `network`: every task's, fitted to one batch after the other; φ is all their parameters, of each task."""

    def __init__(self, layout, algorithm):
        self.layout = [e for e in layout if e["name"].startswith("value.layer")]
        self.start = min(e["offset"] for e in self.layout)
        self.steps, self.lr = algorithm["value_steps"], np.float64(np.float32(algorithm["value_lr"]))
        self.discount, self.decay = algorithm["discount"], algorithm["discount"] * algorithm["gae_lambda"]
        self.normalize = algorithm["normalize_advantages"]

    def values(self, phi, inputs):
        x = inputs
        for weight, bias in zip(self.layout[::2], self.layout[1::2]):
            tensors = (
                phi[e["offset"] - self.start :][: int(np.prod(e["shape"]))].reshape(e["shape"]) for e in (weight, bias)
            )
            x = x @ next(tensors) + next(tensors)
            if bias is not self.layout[-1]:
                x = jnp.tanh(x)
        return x[..., 0]

    def advantages(self, phi, batch, rewards):
        """φ fitted to a task's batch, and the advantages over its values."""
        going, valid = batch["episode_ends"] == 0, batch["valid"] > 0
        cut = ~going[:, -1] & (batch["terminated"][:, -1] == 0) if "terminated" in batch else np.zeros(len(going), bool)
        horizon = rewards.shape[-1]
        time, returns, advantages = np.zeros(rewards.shape), np.zeros(rewards.shape), np.zeros(rewards.shape)
        for t in range(horizon - 1):
            time[:, t + 1] = np.where(going[:, t], time[:, t] + 1, 0)
        after, left, to_cut = 0, cut.astype(float), np.zeros(rewards.shape)
        for t in reversed(range(horizon)):
            after = returns[:, t] = rewards[:, t] + self.discount * going[:, t] * after
            left = to_cut[:, t] = self.discount * np.where(going[:, t] | (t == horizon - 1), left, 0)
        if cut.any():
            returns += to_cut * returns[valid].sum() / (1 - to_cut[valid]).sum()
        mean, deviation = returns[valid].mean(), returns[valid].std() + 1e-8
        inputs = np.concatenate([batch["observations"], time[..., None] / horizon], axis=-1)
        loss = jax.grad(lambda p: jnp.mean((self.values(p, inputs[valid]) - (returns[valid] - mean) / deviation) ** 2) / 2)
        for _ in range(self.steps):
            phi = phi - self.lr * loss(phi)
        values = np.where(valid, mean + deviation * np.asarray(self.values(phi, inputs)), 0)
        value_after = after = 0
        if cut.any():
            beyond = np.concatenate([batch["last_observations"], (time[:, -1:] + 1) / horizon], axis=-1)
            value_after = np.where(cut, mean + deviation * np.asarray(self.values(phi, beyond)), 0)
        for t in reversed(range(horizon)):
            goes_on = going[:, t] | (t == horizon - 1)  # behind the last step stands what a cut is worth
            error = rewards[:, t] + self.discount * goes_on * value_after - values[:, t]
            after = advantages[:, t] = np.where(valid[:, t], error + self.decay * going[:, t] * after, 0)
            value_after = values[:, t]
        if self.normalize:
            advantages = (advantages - advantages[valid].mean()) / (advantages[valid].std() + 1e-8)
        return phi, np.where(valid, advantages, 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    arguments = parser.parse_args()
    tensors, metadata = read_safetensors(arguments.file)
    config, layout = json.loads(metadata["config"]), json.loads(metadata["layout"])
    algorithm = config["algorithm"]
    name, estimator, clip = (algorithm[k] for k in ("name", "estimator", "clip_epsilon"))
    steps = algorithm.get("inner_steps", 0)  # none in pretraining
    epochs = algorithm.get("inner_epochs", 1)
    rates = algorithm["inner_lr"] if isinstance(algorithm["inner_lr"], list) else [algorithm["inner_lr"]]
    rates = [np.float64(np.float32(rate)) for rate in (rates * steps if len(rates) == 1 else rates)]
    policy = Policy(layout, config["policy"])
    tasks = tensors["inner.0.params"].shape[0]
    theta = jnp.asarray(tensors["params"], jnp.float64)

    fields = ("observations", "actions", "log_probs", "advantages", "valid", "episode_ends")
    fields += tuple(field for field in ("terminated", "last_observations") if f"inner.0.{field}" in tensors)
    inexact = lambda x: x.astype(np.float64) if x.dtype == np.float32 else x  # noqa: E731
    batches = [{field: inexact(tensors[f"inner.{k}.{field}"]) for field in fields} for k in range(steps + 1)]

    def of_task(k, task):
        return {field: x[task] for field, x in batches[k].items()}

    size = tensors["inner.0.params"].shape[1]

    def inner_step(k, task, at, learned=theta, first_order=False):
        batch, sizes = of_task(k, task), policy.step_sizes(learned, steps, rates, algorithm)[k]
        for update in range(epochs):
            rule = "ratio" if update > 0 and estimator == "reinforce" else estimator
            gradient = jax.grad(
                lambda t, rule=rule: surrogate(policy, t, batch, rule, clip)
                + algorithm["entropy_weight"] * entropy(policy, t, batch)
            )(at)
            if first_order:
                gradient = jax.lax.stop_gradient(gradient)
            by_step, by_theta = policy.multipliers(learned, at, gradient)
            at = by_theta * at + by_step * sizes * gradient
        return at

    outer_estimator, outer_clip = ("clipped", algorithm["clip_range"]) if name == "promp" else ("ratio", 0)
    weights = credits(tensors, steps, algorithm["exploration_weight"]) if name == "emaml" else None

    def outer(at, task):
        batch = of_task(steps, task)
        bonus = algorithm["outer_entropy_weight"] * entropy(policy, at, batch)
        return surrogate(policy, at, batch, outer_estimator, outer_clip) + bonus

    def objective(start, task):
        at, total = start[:size], 0
        for k in range(steps):
            if weights is not None:
                total += weights[task] * mean_valid(policy.log_probs(at, of_task(k, task)), of_task(k, task))
            # ProMP's penalties have no gradient yet: θ is what drew the data.
            at = inner_step(k, task, at, start, first_order=name == "fomaml")
        return total + outer(at, task)

    found = {}

    def compare(label, ours, wanted):
        ours, wanted = np.asarray(ours, np.float64), np.asarray(wanted, np.float64)
        found[label] = np.linalg.norm(ours - wanted) / max(np.linalg.norm(wanted), 1e-300)

    for k in range(steps + 1):
        drawn = jnp.asarray(tensors[f"inner.{k}.params"], jnp.float64)
        lp = np.stack([policy.log_probs(drawn[i], of_task(k, i)) for i in range(tasks)])
        counted = batches[k]["valid"] > 0
        compare(f"inner.{k}.log_probs", batches[k]["log_probs"][counted], lp[counted])
        if k < steps:
            after = np.stack([inner_step(k, i, drawn[i]) for i in range(tasks)])
            compare(f"inner.{k + 1}.params, as steps", tensors[f"inner.{k + 1}.params"] - np.asarray(drawn), after - drawn)
    if "outer_gradient" in tensors:
        adapted = jnp.asarray(tensors[f"inner.{steps}.params"], jnp.float64)
        compare("outer_gradient", tensors["outer_gradient"], np.stack([jax.grad(outer)(adapted[i], i) for i in range(tasks)]))
    if name == "reptile":
        adapted = tensors[f"inner.{steps}.params"].astype(np.float64)
        wanted = (adapted - tensors["params"][:size]).mean(axis=0)
    else:
        wanted = sum(jax.grad(objective)(theta, i) for i in range(tasks)) / tasks
    if name == "cavia":  # every task's context starts at 0: nothing is learned of it
        wanted = np.array(wanted)
        wanted[size - algorithm["context_size"] : size] = 0
    learned = None
    if algorithm["baseline"] == "network":
        networks = ValueNetworks(layout, algorithm)
        learned = networks.start
        phi = [theta[learned:]] * tasks
        for k in range(steps + 1):
            rewards = inexact(tensors[f"inner.{k}.rewards"])
            phi, advantages = zip(*(networks.advantages(phi[i], of_task(k, i), rewards[i]) for i in range(tasks)))
            if estimator != "dice" or k == steps:
                compare(f"inner.{k}.advantages", batches[k]["advantages"], advantages)
        moved = np.mean([np.asarray(p - theta[learned:]) for p in phi], axis=0)
        compare("meta_gradient, value networks", tensors["meta_gradient"][learned:], moved)
    compare("meta_gradient", tensors["meta_gradient"][:learned], wanted[:learned])

    width = max(map(len, found))
    for label, error in found.items():
        print(f"{label:{width}}  {error:.2e}{'' if error <= arguments.tolerance else '  above the tolerance'}")
    return 0 if all(error <= arguments.tolerance for error in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
