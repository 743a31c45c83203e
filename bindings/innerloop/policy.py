"""Trained policies."""
from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from innerloop import _core, _safetensors
from innerloop._errors import InputError
from innerloop.config import Config
from innerloop.numpy_policy import NumpyPolicy, State, after_prompt

if TYPE_CHECKING:
    from innerloop.torch_policy import TorchPolicy

Path = str | os.PathLike[str]


def _from_kind_of(like: Any) -> Any:
    """What makes arrays of the kind that `like` is, where it is torch's, jax's or cupy's."""
    library = type(like).__module__.partition(".")[0]
    if library == "torch":
        import torch
        return lambda array: torch.from_numpy(np.array(array)).to(like.device)
    if library in ("jax", "jaxlib"):
        import jax.numpy
        return jax.numpy.asarray
    if library == "cupy":
        import cupy
        return cupy.asarray
    return lambda array: array


def _numpy(value: Any) -> Any:
    """Someone's array as NumPy's, without a copy where it lies in this memory and is of this type."""
    library = type(value).__module__.partition(".")[0]
    if library == "torch":
        return value.detach().cpu().numpy()
    return value.get() if library == "cupy" else value


def _mapped(value: Any, change: Any) -> Any:
    """A result with its arrays changed."""
    if isinstance(value, State):
        return State(*(change(array) for array in value))
    if isinstance(value, (tuple, list)):
        return type(value)(_mapped(each, change) for each in value)
    if isinstance(value, dict):
        return {name: _mapped(each, change) for name, each in value.items()}
    return change(value)


class Policy:
    """A trained policy, of a run (`run.policy()`), adapted (`adapt(...).policy()`) or of a file (`Policy.load`).

    Observations are arrays of NumPy, torch, jax or cupy, [n, numbers] or of one agent [numbers]; what comes back is of
    the same kind. The methods are those of NumpyPolicy:

    - `policy(obs)` draws actions, `policy(obs, deterministic=True)` gives the likeliest, `seed` makes the draw repeatable;
    - of a gru, lstm or transformer `policy(obs, state, reward, ended)` gives (actions, state);
    - `mean`, `distribution`, `log_prob(obs, action)`, `initial_state(n)`.

    >>> from innerloop import train
    >>> policy = train(Config(iterations=1, tasks_per_iteration=4), threads=1, evaluate=False).policy()
    >>> policy(np.zeros((7, 2)), seed=1).shape
    (7, 2)
    """

    def __init__(self, config: Config, params: npt.NDArray[np.float32], iteration: int = 0) -> None:
        self.config, self.params, self.iteration = config, np.asarray(params, np.float32), iteration
        self._numpy = NumpyPolicy(*_described(config, self.params))

    @classmethod
    def _of(cls, config: Config, params: npt.NDArray[np.float32], iteration: int) -> Policy:
        return cls(config, params, iteration)

    def __call__(self, obs: Any, state: State | None = None, reward: Any = 0.0, ended: Any = False, *,
                 allowed: Any = None, deterministic: bool = False, seed: int | None = None) -> Any:
        """Actions; of a policy with a memory (actions, state). See NumpyPolicy."""
        return self._call(self._numpy, obs, state, reward, ended, allowed=allowed, deterministic=deterministic, seed=seed)

    def mean(self, obs: Any, state: State | None = None, reward: Any = 0.0, ended: Any = False, *,
             allowed: Any = None) -> Any:
        """The action at the mean, or the most probable choice."""
        return self._call(self._numpy.mean, obs, state, reward, ended, allowed=allowed)

    def distribution(self, obs: Any, state: State | None = None, reward: Any = 0.0, ended: Any = False, *,
                     allowed: Any = None) -> dict[str, Any]:
        """`mean` and `std`, or `probabilities`. See NumpyPolicy."""
        result: dict[str, Any] = self._call(self._numpy.distribution, obs, state, reward, ended, allowed=allowed)
        return result

    def log_prob(self, obs: Any, action: Any, state: State | None = None, reward: Any = 0.0, ended: Any = False, *,
                 allowed: Any = None) -> Any:
        """Log-probabilities of actions."""
        return self._call(self._numpy.log_prob, obs, _numpy(action), state, reward, ended, allowed=allowed)

    def initial_state(self, n: int = 1) -> State:
        """The state of n agents before a trial; empty for a policy without a memory."""
        return self._numpy.initial_state(n)

    @staticmethod
    def _call(method: Any, obs: Any, *values: Any, **more: Any) -> Any:
        kind = _from_kind_of(obs)
        given = [_mapped(value, _numpy) for value in values]
        allowed = {name: _numpy(value) for name, value in more.items()}
        try:
            return _mapped(method(_numpy(obs), *given, **allowed), kind)
        except InputError:
            raise
        except ValueError as error:
            raise InputError(str(error)) from None

    def save(self, path: Path) -> None:
        """Writes a safetensors file that `Policy.load` reads."""
        layout = json.dumps(_facts(self.config)["layout"])
        metadata = {"config": self.config.to_json(), "layout": layout, "iteration": str(self.iteration)}
        _safetensors.write(path, {"params": self.params}, metadata)

    @classmethod
    def load(cls, path: Path) -> Policy:
        """The policy of a file of `save`'s, `adapt`'s or `innerloop adapt`'s, or of a checkpoint."""
        arrays, metadata = _safetensors.read(path)
        if "config" not in metadata:
            raise InputError(f"{os.fspath(path)}: wanted a policy's file, with a config in its metadata, found none")
        if "params" not in arrays:
            raise InputError(f"{os.fspath(path)}: wanted all parameters of a policy, found {', '.join(arrays) or 'none'}"
                             " (a context belongs to the policy of its run: save what adapt gives by its policy().save)")
        config = Config._of(_core.Config.parse(metadata["config"], os.fspath(path), []), os.fspath(path))
        return cls(config, arrays["params"], int(metadata.get("iteration", 0)))

    def to_numpy(self) -> NumpyPolicy:
        """The policy in NumPy alone: its `save` writes an .npz, which innerloop/numpy_policy.py acts by without innerloop."""
        return NumpyPolicy(self._numpy.about, self._numpy.weights)

    def to_torch(self) -> TorchPolicy:
        """A torch.nn.Module of the same network, whose weights are copies; of a memory with (inputs, memory)."""
        from innerloop.torch_policy import TorchPolicy
        return TorchPolicy(self._numpy.about, self._numpy.weights)

    def to_onnx(self, path: Path) -> None:
        """Writes an ONNX file: `observations` [n, numbers], of a memory its inputs, and `memory` [n, numbers] in;
        `outputs` (a Gaussian's means before tanh, or logits) and `new_memory` out. Needs the package onnx."""
        from innerloop.onnx_policy import write
        write(path, self._numpy.about, self._numpy.weights)

    def __repr__(self) -> str:
        return (f"<Policy: {self.config['policy.name']} of {self.config['algorithm.name']} on "
                f"{self.config['environment.name']}, {self.params.size} parameters, iteration {self.iteration}>")


def _facts(config: Config) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(_core.policy_facts(config._core))
    return facts


def _described(config: Config, params: npt.NDArray[np.float32]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A policy as NumpyPolicy takes it, of the flat vector that is learned."""
    facts, options = _facts(config), config["policy"]
    if facts["symbols"]:
        raise InputError(f"config: /environment: wanted observations of numbers alone for a policy in Python, found "
                         f"{facts['symbols']} symbols")
    if config["algorithm.name"] in ("sac", "pearl"):
        raise InputError("config: /algorithm/name: wanted one whose policy's log std is a number for a policy in Python, found "
                         f"\"{config['algorithm.name']}\"")
    blocks = {}
    for block in facts["layout"]:
        size = int(np.prod(block["shape"]))
        if block["offset"] + size <= params.size:  # step sizes and more lie behind the policy, and may be left out
            blocks[block["name"]] = params[block["offset"]:block["offset"] + size].reshape(block["shape"])
    if options["name"] not in ("mlp", "gru", "lstm", "transformer"):
        raise InputError("config: /policy/name: wanted \"mlp\", \"gru\", \"lstm\" or \"transformer\" for a policy in Python, "
                         f"found \"{options['name']}\"")
    if "context" in blocks:
        _fold_context(blocks, config["algorithm"].get("context_input", "concatenate"))
    layers = sum(name.startswith("layer") and name.endswith(".weight") for name in blocks)
    if "actor.weight" in blocks:
        head = "actor"
    else:
        layers -= 1
        head = f"layer{layers}"
    weights: dict[str, Any] = {name: block for name, block in blocks.items()
               if name.startswith(("gru.", "lstm.", "transformer.", "layer_norm.")) or
               name in [f"layer{layer}.{part}" for layer in range(layers) for part in ("weight", "bias")]}
    weights |= {"head.weight": blocks[f"{head}.weight"], "head.bias": blocks[f"{head}.bias"]}
    if facts["head"] == "gaussian":
        weights["log_std"] = blocks["log_std"]
    units = weights["head.weight"].shape[0]
    layer_norm = bool(options.get("layer_norm", options["name"] == "transformer"))
    if layer_norm:
        weights |= {"average": np.full((units, 1), 1 / units, np.float32), "floor": np.array([1e-5], np.float32)}
    about = {"kind": options["name"], "units": units, "layers": layers, "activation": options.get("activation", "tanh"),
             "layer_norm": layer_norm, "observation": facts["observation"], "inputs": facts["inputs"],
             "actions": facts["actions"], "head": facts["head"],
             "groups": facts["groups"] if facts["head"] == "grouped" else [facts["actions"]],
             "min_log_std": options["min_log_std"], "squash": options["squash"],
             "environment": config["environment.name"], "algorithm": config["algorithm.name"]}
    if options["name"] == "transformer":
        about |= {"depth": options["layers"], "heads": options["heads"], "positions": options["positions"],
                  "tokens": options["tokens"], "steps": options["tokens"] + facts["steps"]}
        weights["steps"] = np.arange(about["steps"], dtype=np.float32)[np.newaxis]
        tokens = weights.pop("transformer.tokens", np.zeros((0, units), np.float32))
        if options["positions"] == "rotary":
            weights["transformer.positions"] = _angles(about["steps"], units // options["heads"])
        else:
            learned = options["positions"] == "learned"
            places = weights["transformer.positions"] if learned else _angles(facts["steps"], units)
            weights["transformer.positions"] = np.concatenate([np.zeros_like(tokens), places])
        if len(tokens) > 0:
            weights["prompt"] = after_prompt(weights, about, tokens)
    return about, weights


def _angles(steps: int, width: int) -> npt.NDArray[np.float32]:
    """Sines and, behind them, cosines of the steps' angles, [step, width]."""
    angles = np.outer(np.arange(steps), 10000.0 ** (-np.arange(width // 2) / (width // 2)))
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


def _fold_context(blocks: dict[str, Any], enters: str) -> None:
    """Puts a context into the first layer, which it changes: docs/files.md."""
    context, weight = blocks.pop("context"), blocks.pop("context_weight")
    shift = context @ weight
    if enters == "film":
        scale, shift = np.split(shift, 2)
        blocks["layer0.weight"] = blocks["layer0.weight"] * (1 + scale)
        blocks["layer0.bias"] = blocks["layer0.bias"] * (1 + scale)
    blocks["layer0.bias"] = blocks["layer0.bias"] + shift
