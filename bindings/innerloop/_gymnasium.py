"""Registers all families with Gymnasium: "innerloop/CartPole-v0", "innerloop/PointNavigation-v0", …"""
from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from innerloop import _core

if TYPE_CHECKING:
    from innerloop.vector import Env

_WRITTEN = {"cartpole": "CartPole", "tabular_mdp": "TabularMDP"}


def environment_id(name: str) -> str:
    """What Gymnasium calls a family.

    >>> environment_id("point_navigation")
    'innerloop/PointNavigation-v0'
    """
    return "innerloop/" + _WRITTEN.get(name, "".join(word.capitalize() for word in name.split("_"))) + "-v0"


def single(name: str, **options: Any) -> Env:
    """For `gymnasium.make`, which keeps the time limit itself."""
    from innerloop.vector import Env

    return Env(name, max_episode_steps=None, **options)


def register() -> None:
    """Once for each family, when the package is imported; without Gymnasium there is nothing to do."""
    if find_spec("gymnasium") is None:
        return
    from gymnasium.envs.registration import register as add

    for title, families in _core.listings():
        if title != "environments":
            continue
        for name, _ in families:
            add(environment_id(name), entry_point="innerloop._gymnasium:single",
                vector_entry_point="innerloop.vector:VectorEnv", kwargs={"name": name}, max_episode_steps=100)
