"""Families of tasks for Stable-Baselines3, whose vectors of environments are not Gymnasium's."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.vec_env import VecEnv  # type: ignore[import-not-found, import-untyped, unused-ignore]

from innerloop._errors import InputError
from innerloop.vector import VectorEnv, make_vec


class SB3VecEnv(VecEnv):  # type: ignore[misc, no-any-unimported, unused-ignore]
    """What Stable-Baselines3 trains on: `PPO("MlpPolicy", SB3VecEnv("cartpole", num_envs=64))`.

    The arguments are those of :func:`innerloop.make_vec`, but for ``autoreset``: the next episode starts in the same step,
    and what the last one led to is in its info as ``terminal_observation``. All live environments share one empty info.
    """

    def __init__(self, name: str, num_envs: int = 1, **options: Any) -> None:
        for fixed in ("autoreset", "array_type", "copy"):
            if fixed in options:
                raise InputError(f"{fixed}: wanted none, as Stable-Baselines3 lets no choice, found {options[fixed]!r}")
        self.vector: VectorEnv = make_vec(name, num_envs, autoreset=AutoresetMode.SAME_STEP, **options)
        self.render_mode = None
        super().__init__(num_envs, self.vector.single_observation_space, self.vector.single_action_space)
        self._seed: int | None = None
        self._nothing: dict[str, Any] = {}

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """The next `reset` starts from this seed."""
        self._seed = seed
        return [seed] * self.num_envs

    def reset(self) -> Any:
        """Begins an episode in every environment."""
        observations, _ = self.vector.reset(seed=self._seed)
        self._seed = None
        return observations

    def step_async(self, actions: Any) -> None:
        """Keeps the actions for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> tuple[Any, Any, Any, list[dict[str, Any]]]:
        """A step in every environment."""
        observations, rewards, terminated, truncated, infos = self.vector.step(self._actions)
        ended = terminated | truncated
        each = [self._nothing] * self.num_envs
        for i in np.flatnonzero(ended):
            each[i] = {"terminal_observation": infos["final_obs"][i],
                       "TimeLimit.truncated": bool(truncated[i] and not terminated[i])}
        return observations, rewards, ended, each

    def close(self) -> None:
        """Nothing is left to be closed."""
        self.vector.close()

    def _count(self, indices: None | int | Iterable[int]) -> int:
        return len(list(self._get_indices(indices)))

    def get_attr(self, attr_name: str, indices: None | int | Iterable[int] = None) -> list[Any]:
        """The vector's attribute, once for each environment."""
        return [getattr(self.vector, attr_name)] * self._count(indices)

    def set_attr(self, attr_name: str, value: Any, indices: None | int | Iterable[int] = None) -> None:
        """Sets the vector's attribute, which all environments have together."""
        setattr(self.vector, attr_name, value)

    def env_method(self, method_name: str, *args: Any, indices: None | int | Iterable[int] = None, **kwargs: Any) -> list[Any]:
        """Calls the vector's method once; its result stands for each environment."""
        return [getattr(self.vector, method_name)(*args, **kwargs)] * self._count(indices)

    def env_is_wrapped(self, wrapper_class: Any, indices: None | int | Iterable[int] = None) -> list[bool]:
        """No environment is wrapped by itself."""
        return [False] * self._count(indices)
