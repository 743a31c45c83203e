"""A trained policy in NumPy alone. This file needs nothing else of innerloop: copy it, beside the weights, to where it acts.

    policy = NumpyPolicy.load("policy.npz")
    action = policy([0.1, -0.2], deterministic=True)                  # one observation, or [n, numbers] of them
    action, state = memory_policy(observation, state, reward, ended)  # gru, lstm, transformer: the state of a trial goes along
"""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


class State(NamedTuple):
    """What a policy with a memory carries from step to step: its `memory` and the last `action` as it takes it in."""

    memory: Array
    action: Array


class _Maths:
    """What `forward` needs beside operators, of NumPy. Others bring their own: torch, a graph of ONNX."""

    tanh = staticmethod(np.tanh)
    sqrt = staticmethod(np.sqrt)

    @staticmethod
    def relu(x: Any) -> Any:
        return np.maximum(x, np.float32(0))

    @staticmethod
    def sigmoid(x: Any) -> Any:
        return np.float32(0.5) * (np.float32(1) + np.tanh(np.float32(0.5) * x))

    @staticmethod
    def concatenate(parts: Sequence[Any]) -> Any:
        return np.concatenate(parts, axis=-1)

    @staticmethod
    def numbers(mask: Any) -> Any:
        return mask.astype(np.float32)

    @staticmethod
    def softmax(x: Any) -> Any:
        """Along the axis 1."""
        shares = np.exp(x - x.max(axis=1, keepdims=True))
        return shares / shares.sum(axis=1, keepdims=True)


def forward(maths: Any, w: Mapping[str, Any], about: Mapping[str, Any], x: Any, memory: Any) -> tuple[Any, Any]:
    """What the head puts out for the inputs x [n, numbers], and the memory [n, units] after it; None where there is none.

    Outputs are the means of a Gaussian, or logits. `w` has the weights by name; numbers are of whatever kind they are.
    """
    units = about["units"]
    if about["kind"] == "gru":
        by_input, by_memory = x @ w["gru.input_weight"] + w["gru.bias"], memory @ w["gru.recurrent_weight"]
        gates = maths.sigmoid(by_input[:, :2 * units] + by_memory[:, :2 * units])
        candidate = maths.tanh(by_input[:, 2 * units:] + gates[:, :units] *
                               (by_memory[:, 2 * units:] + w["gru.candidate_bias"]))
        x = memory = candidate + gates[:, units:] * (memory - candidate)
    elif about["kind"] == "lstm":
        entered = x @ w["lstm.input_weight"] + memory[:, :units] @ w["lstm.recurrent_weight"] + w["lstm.bias"]
        cell = (maths.sigmoid(entered[:, units:2 * units]) * memory[:, units:] +
                maths.sigmoid(entered[:, :units]) * maths.tanh(entered[:, 2 * units:3 * units]))
        x = maths.sigmoid(entered[:, 3 * units:]) * maths.tanh(cell)
        memory = maths.concatenate([x, cell])
    elif about["kind"] == "transformer":
        x, memory = _transformer(maths, w, about, x, memory)
    else:
        for layer in range(about["layers"]):
            x = x @ w[f"layer{layer}.weight"] + w[f"layer{layer}.bias"]
            x = maths.tanh(x) if about["activation"] == "tanh" else maths.relu(x)
    if about["layer_norm"]:
        centred = x - x @ w["average"]
        x = centred / maths.sqrt((centred * centred) @ w["average"] + w["floor"])
        x = x * w["layer_norm.gain"] + w["layer_norm.bias"]
    return x @ w["head.weight"] + w["head.bias"], memory


def _normalised(maths: Any, w: Mapping[str, Any], name: str, x: Any) -> Any:
    centred = x - x @ w["average"]
    x = centred / maths.sqrt((centred * centred) @ w["average"] + w["floor"])
    return x * w[f"{name}_gain"] + w[f"{name}_bias"]


def _gated(maths: Any, w: Mapping[str, Any], name: str, x: Any, made: Any, units: int) -> Any:
    """The stream x with what a sublayer made of it: their sum, or through a gate where there is one."""
    if f"{name}_bias" not in w:
        return x + made
    by_made, by_stream = maths.relu(made) @ w[f"{name}_input_weight"], x @ w[f"{name}_stream_weight"]
    reset = maths.sigmoid(by_made[:, :units] + by_stream[:, :units])
    share = maths.sigmoid(by_made[:, units:2 * units] + by_stream[:, units:] - w[f"{name}_bias"])
    candidate = maths.tanh(by_made[:, 2 * units:] + (reset * x) @ w[f"{name}_reset_weight"])
    return x + share * (candidate - x)


def _transformer(maths: Any, w: Mapping[str, Any], about: Mapping[str, Any], x: Any, memory: Any) -> tuple[Any, Any]:
    """A step of a transformer. Its memory [n, 1 + layers · 2 · steps · units] is the number of steps that were made, and each
    layer's keys and values of them. Where a prompt comes before a trial, its tokens are the first of the steps."""
    return _through_layers(maths, w, about, x @ w["transformer.input_weight"] + w["transformer.input_bias"], memory)


def after_prompt(w: Mapping[str, Any], about: Mapping[str, Any], tokens: Any) -> Any:
    """The memory [1, numbers] of a transformer that has gone through a prompt's tokens [token, units]."""
    memory = np.zeros((1, 1 + 2 * about["depth"] * about["steps"] * about["units"]), np.float32)
    for token in tokens:
        _, memory = _through_layers(_Maths, w, about, token[np.newaxis], memory)
    return memory


def _through_layers(maths: Any, w: Mapping[str, Any], about: Mapping[str, Any], x: Any, memory: Any) -> tuple[Any, Any]:
    n, units, heads, steps = len(x), about["units"], about["heads"], about["steps"]
    made, kept = memory[:, :1], memory[:, 1:].reshape(n, about["depth"], 2, steps, units)
    now, seen = w["steps"] == made, (w["steps"] <= made)[:, :, None]  # [n, step], [n, step, head]
    place, hidden = maths.numbers(now), maths.numbers(~seen)
    if about["positions"] != "rotary":
        x = x + place @ w["transformer.positions"]

    def turned(vectors: Any) -> Any:
        if about["positions"] != "rotary":
            return vectors
        angles, half = (place @ w["transformer.positions"])[:, None], units // heads // 2
        vectors = vectors.reshape(n, heads, 2 * half)
        first, second, sine, cosine = vectors[..., :half], vectors[..., half:], angles[..., :half], angles[..., half:]
        return maths.concatenate([first * cosine - second * sine, second * cosine + first * sine]).reshape(n, units)

    caches = []
    for layer in range(about["depth"]):
        name = f"transformer.layer{layer}."
        y = _normalised(maths, w, name + "attention_norm", x) @ w[name + "qkv_weight"] + w[name + "qkv_bias"]
        query = turned(y[:, :units])
        new = [turned(y[:, units:2 * units]), y[:, 2 * units:]]
        keys, values = (kept[:, layer, i] + place[:, :, None] * (new[i][:, None] - kept[:, layer, i]) for i in range(2))
        caches += [keys.reshape(n, -1), values.reshape(n, -1)]
        split = n, steps, heads, units // heads
        scores = (query.reshape(n, 1, heads, -1) * keys.reshape(*split)).sum(-1) / (units // heads) ** 0.5
        weights = maths.softmax(scores - np.float32(1e30) * hidden)
        read = (weights[..., None] * values.reshape(*split)).sum(1).reshape(n, units)
        x = _gated(maths, w, name + "attention_gate", x, read @ w[name + "out_weight"] + w[name + "out_bias"], units)
        y = _normalised(maths, w, name + "feedforward_norm", x) @ w[name + "up_weight"] + w[name + "up_bias"]
        y = maths.tanh(y) if about["activation"] == "tanh" else maths.relu(y)
        x = _gated(maths, w, name + "feedforward_gate", x, y @ w[name + "down_weight"] + w[name + "down_bias"], units)
    return x, maths.concatenate([made + 1, *caches])


class NumpyPolicy:
    """A policy: `about` says what it is, `weights` has its numbers by name. `load` reads what `save` wrote."""

    def __init__(self, about: Mapping[str, Any], weights: Mapping[str, Array]) -> None:
        self.about, self.weights = dict(about), dict(weights)
        self._random = np.random.default_rng()

    @classmethod
    def load(cls, path: Any) -> NumpyPolicy:
        """The policy of an .npz file."""
        with np.load(path) as file:
            weights = {name: file[name] for name in file.files}
        return cls(json.loads(str(weights.pop("about"))), weights)

    def save(self, path: Any) -> None:
        """Writes it as an .npz file."""
        with open(path, "wb") as file:
            arrays: dict[str, Any] = self.weights
            np.savez(file, about=np.array(json.dumps(self.about)), **arrays)

    @property
    def has_memory(self) -> bool:
        return bool(self.about["kind"] != "mlp")

    def initial_state(self, n: int = 1) -> State:
        """The state of n agents before the first step of a trial."""
        about = self.about
        size = {"mlp": 0, "gru": 1, "lstm": 2, "transformer": 2 * about.get("depth", 0) * about.get("steps", 0)}[about["kind"]]
        size = size * about["units"] + (about["kind"] == "transformer")
        memory = np.repeat(self.weights["prompt"], n, axis=0) if "prompt" in self.weights else np.zeros((n, size), np.float32)
        return State(memory, np.zeros((n, about["actions"]), np.float32))

    def __call__(self, obs: Any, state: State | None = None, reward: Any = 0.0, ended: Any = False, *,
                 allowed: Any = None, deterministic: bool = False, seed: int | None = None) -> Any:
        """Actions for observations [n, numbers], or for one [numbers]; with a memory (actions, state).

        A policy with a memory is handed the state that the last call gave, and what the last action brought: its
        `reward`, and whether the episode `ended` with it; the memory goes on over the episodes of a trial. Without a
        state a trial begins. `allowed` [n, choices] says which choices are, where not all are. With `seed` the same
        actions are drawn each time.
        """
        rows, single = self._rows(obs)
        outputs, memory = self._outputs(rows, state, reward, ended, allowed)
        random = self._random if seed is None else np.random.default_rng(seed)
        action = self._choose(outputs, None if deterministic else random)
        given = action[0] if single else action
        return (given, State(memory, self._encoded(action))) if self.has_memory else given

    def mean(self, obs: Any, state: State | None = None, reward: Any = 0.0, ended: Any = False, *,
             allowed: Any = None) -> Array:
        """The action at the mean, or the most probable choice."""
        rows, single = self._rows(obs)
        action = self._choose(self._outputs(rows, state, reward, ended, allowed)[0], None)
        return action[0] if single else action

    def distribution(self, obs: Any, state: State | None = None, reward: Any = 0.0, ended: Any = False, *,
                     allowed: Any = None) -> dict[str, Any]:
        """Of a Gaussian `mean` and `std` (squashed, those of what is drawn before tanh); else `probabilities`, [n, choices],
        or of several choices at once a list of such."""
        rows, single = self._rows(obs)
        outputs = self._outputs(rows, state, reward, ended, allowed)[0]
        if self.about["head"] == "gaussian":
            std = np.broadcast_to(np.exp(self._log_std()), outputs.shape)
            return {"mean": outputs[0], "std": std[0]} if single else {"mean": outputs, "std": std}
        each = [np.exp(_log_softmax(logits))[0 if single else slice(None)] for logits in self._groups(outputs)]
        return {"probabilities": each if self.about["head"] == "grouped" else each[0]}

    def log_prob(self, obs: Any, action: Any, state: State | None = None, reward: Any = 0.0, ended: Any = False, *,
                 allowed: Any = None) -> Any:
        """Log-probabilities [n] of actions, or their log-densities."""
        rows, single = self._rows(obs)
        outputs = self._outputs(rows, state, reward, ended, allowed)[0]
        if self.about["head"] == "gaussian":
            values = self._gaussian_log_prob(outputs, np.asarray(action, np.float32).reshape(outputs.shape))
        else:
            groups = self._groups(outputs)
            chosen = np.asarray(action).reshape(len(outputs), len(groups)).astype(np.int64)
            values = np.zeros(len(outputs), np.float32)
            for group, logits in enumerate(groups):
                values += np.take_along_axis(_log_softmax(logits), chosen[:, group:group + 1], axis=1)[:, 0]
        return values[0] if single else values

    def _rows(self, obs: Any) -> tuple[Array, bool]:
        rows = np.asarray(obs, np.float32)
        if rows.ndim not in (1, 2) or rows.shape[-1] != self.about["observation"]:
            wanted = self.about["observation"]
            raise ValueError(f"obs: wanted numbers [n, {wanted}] or [{wanted}], found {list(rows.shape)}")
        return (rows[np.newaxis], True) if rows.ndim == 1 else (rows, False)

    def _outputs(self, rows: Array, state: State | None, reward: Any, ended: Any, allowed: Any) -> tuple[Array, Array]:
        n = len(rows)
        state = self.initial_state(n) if state is None else state
        if len(state.memory) != n:
            raise ValueError(f"state: wanted that of {n} agents, as there are observations, found {len(state.memory)}")
        if self.about["kind"] == "transformer" and (state.memory[:, 0] >= self.about["steps"]).any():
            steps = self.about["steps"] - self.about["tokens"]
            raise ValueError(f"state: wanted at most the {steps} steps of a trial, found one more (without a "
                             "state a trial begins)")
        if self.about["inputs"] > self.about["observation"]:
            last = [np.broadcast_to(np.asarray(each, np.float32), n)[:, np.newaxis] for each in (reward, ended)]
            rows = np.concatenate([rows, state.action, *last], axis=1)
        outputs, memory = forward(_Maths, self.weights, self.about, rows, state.memory)
        if allowed is not None:
            outputs = np.where(np.asarray(allowed).reshape(outputs.shape) != 0, outputs, np.float32(-1e30))
        return outputs, memory

    def _log_std(self) -> Array:
        return np.maximum(self.weights["log_std"], np.float32(self.about["min_log_std"]))

    def _groups(self, outputs: Array) -> list[Array]:
        """The logits of each choice."""
        return np.split(outputs, np.cumsum(self.about["groups"])[:-1], axis=1)

    def _choose(self, outputs: Array, random: np.random.Generator | None) -> Array:
        if self.about["head"] == "gaussian":
            drawn = outputs
            if random is not None:
                noise = random.standard_normal(outputs.shape, np.float32)
                drawn = outputs + np.exp(self._log_std()) * noise
            squash = self.about["squash"]
            return np.float32(squash) * np.tanh(drawn) if squash else drawn
        choices = []
        for logits in self._groups(outputs):
            # The largest of logits with Gumbel noise is a draw from their distribution.
            noise = 0 if random is None else random.gumbel(size=logits.shape)
            choices.append(np.argmax(logits + noise, axis=1))
        return np.stack(choices, axis=1) if self.about["head"] == "grouped" else choices[0]

    def _encoded(self, action: Array) -> Array:
        """Actions as a memory takes them in: choices as ones among zeros."""
        if self.about["head"] == "gaussian":
            return action
        chosen = action.reshape(len(action), -1)
        ones = [np.eye(size, dtype=np.float32)[chosen[:, group]] for group, size in enumerate(self.about["groups"])]
        return np.concatenate(ones, axis=1)

    def _gaussian_log_prob(self, mean: Array, action: Array) -> Array:
        squash, log_std = self.about["squash"], self._log_std()
        drawn = np.arctanh(action / np.float32(squash)) if squash else action
        z = (drawn - mean) * np.exp(-log_std)
        values = np.sum(-0.5 * z * z - log_std - np.float32(0.5 * np.log(2 * np.pi)), axis=1)
        if squash:
            values = values - np.sum(np.log(squash * (1 - np.tanh(drawn) ** 2)), axis=1)
        return np.asarray(values, np.float32)


def _log_softmax(logits: Array) -> Array:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
