"""Configs, and what they can name."""
from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from innerloop import _core


def _overrides(options: Mapping[str, Any]) -> list[str]:
    return [f"{path}={json.dumps(value)}" for path, value in options.items()]


def _flat(options: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Every value with its JSON pointer; lists as a whole."""
    if isinstance(options, dict):
        for name, value in options.items():
            yield from _flat(value, f"{pointer}/{name}")
    else:
        yield pointer, options


@dataclass(frozen=True)
class Plan:
    """Every buffer that a run needs, before anything runs.

    `parts` maps what for, as in "training", to its buffers, each a dict of `name`, `axes`, `shape` and `bytes`.
    """

    device: str
    bytes: int
    available_bytes: int
    parts: dict[str, list[dict[str, Any]]]

    def __str__(self) -> str:
        lines = [f"{part}: {sum(buffer['bytes'] for buffer in buffers):,} bytes in {len(buffers)} buffers"
                 for part, buffers in self.parts.items()]
        return "\n".join([*lines, f"in all {self.bytes:,} of {self.available_bytes:,} bytes that are free"])


class Config:
    """The config of an experiment, every option checked and every default filled in. It does not change.

    >>> config = Config(iterations=5, environment={"name": "point_navigation"}, algorithm={"name": "maml"})
    >>> config["iterations"], config["algorithm"]["name"]
    (5, 'maml')
    >>> config.set({"algorithm.inner_lr": 0.2})["algorithm"]["inner_lr"]
    0.2

    Whatever is wrong raises InputError, which says where, what was wanted and what was found:

    >>> Config(iterations=0)
    Traceback (most recent call last):
    innerloop.InputError: config: /iterations: wanted an integer from 1 to 1000000000, found 0 (number)

    All options are in docs/config.md, and in `Config.schema()`.
    """

    def __init__(self, options: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        text = json.dumps({**(options or {}), **more})
        self._take(_core.Config.parse(text, "config", []), "config")

    def _take(self, core: _core.Config, source: str) -> Config:
        self._core, self._source = core, source
        self._options: dict[str, Any] = json.loads(core.json())
        return self

    @classmethod
    def _of(cls, core: _core.Config, source: str = "config") -> Config:
        return cls.__new__(cls)._take(core, source)

    @classmethod
    def load(cls, path: str | os.PathLike[str], set: Mapping[str, Any] | None = None) -> Config:
        """The config of a JSON file; `set` overrides options by their dotted paths, as `--set` does.

        A name without a folder that is no file here is looked for among the configs that come with innerloop
        (`configs()`).

        >>> Config.load("point_navigation_maml.json", set={"algorithm.inner_steps": 3})["algorithm"]["inner_steps"]
        3
        """
        path = os.fspath(path)
        shipped = os.path.join(_configs_folder(), path)
        if not os.path.dirname(path) and not os.path.exists(path) and os.path.exists(shipped):
            path = shipped
        return cls._of(_core.Config.read(path, _overrides(set or {})), path)

    def set(self, options: Mapping[str, Any] | None = None, /, **more: Any) -> Config:
        """A config with other values for some options: by dotted paths, or of the first level by keywords."""
        overrides = _overrides({**(options or {}), **more})
        return Config._of(_core.Config.parse(self._core.json(), self._source, overrides), self._source)

    def __getitem__(self, name: str) -> Any:
        """An option of the first level, or one below by its dotted path."""
        value: Any = self._options
        for part in name.split("."):
            value = value[part]
        return json.loads(json.dumps(value))

    def to_dict(self) -> dict[str, Any]:
        """All options."""
        options: dict[str, Any] = json.loads(self._core.json())
        return options

    def to_json(self) -> str:
        """All options as the text of a config file."""
        return self._core.json()

    def diff(self, other: Config) -> dict[str, tuple[Any, Any]]:
        """The options in which two configs differ, by JSON pointer: this one's value and the other's, None for none.

        >>> Config(seed=1).diff(Config(seed=2))
        {'/seed': (1, 2)}
        """
        mine, theirs = dict(_flat(self._options)), dict(_flat(other._options))
        return {pointer: (mine.get(pointer), theirs.get(pointer))
                for pointer in {**mine, **theirs} if mine.get(pointer) != theirs.get(pointer)}

    def plan(self, *, threads: int = 0, backend: str = "auto", device: int = 0, instructions: str = "auto") -> Plan:
        """What training will hold in memory, as `innerloop plan` prints it. Nothing is allocated.

        >>> Config().plan(threads=1, backend="cpu").bytes > 1_000_000
        True
        """
        options = _core.DeviceOptions(backend, threads, device, instructions)
        return Plan(**json.loads(_core.plan(self._core, self._source, options)))

    @staticmethod
    def schema() -> dict[str, Any]:
        """A JSON Schema (draft 2020-12) of the config file."""
        schema: dict[str, Any] = json.loads(_core.schema())
        return schema

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Config) and self._core == other._core

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return Config, (self.to_dict(),)

    def __repr__(self) -> str:
        return f"<Config: {self._core.algorithm} on {self._core.environment}, {self._core.iterations} iterations>"


def _configs_folder() -> str:
    return os.path.join(os.path.dirname(__file__), "configs")


def configs() -> list[str]:
    """The configs that come with innerloop, for `Config.load`.

    >>> "point_navigation_maml.json" in configs()
    True
    """
    return sorted(os.listdir(_configs_folder()))


def _listing(title: str) -> dict[str, str]:
    return dict(dict(_core.listings())[title])


def environments() -> dict[str, str]:
    """The families of tasks, each with its meaning.

    >>> "cartpole" in environments()
    True
    """
    return _listing("environments")


def algorithms() -> dict[str, str]:
    """The algorithms, each with its meaning.

    >>> "maml" in algorithms()
    True
    """
    return _listing("algorithms")
