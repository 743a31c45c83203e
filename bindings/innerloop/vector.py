"""Families of tasks as Gymnasium's environments: many at once, stepped in lockstep."""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal, TypeAlias

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.vector import AutoresetMode

from innerloop import _core, _stepped
from innerloop._arrays import GpuArrays, as_numpy, device_options, on_host
from innerloop._errors import InputError
from innerloop._tasks import task_table
from innerloop.policy import Policy

Array: TypeAlias = npt.NDArray[Any]
Floats: TypeAlias = npt.NDArray[np.float32]

_MODES = {
    "next_step": (_core.Autoreset.next_step, AutoresetMode.NEXT_STEP),
    "same_step": (_core.Autoreset.same_step, AutoresetMode.SAME_STEP),
    "disabled": (_core.Autoreset.disabled, AutoresetMode.DISABLED),
}


def _mode(asked: str | AutoresetMode) -> str:
    for name, (_, mode) in _MODES.items():
        if asked in (name, mode):
            return name
    raise InputError(f'autoreset: wanted "next_step", "same_step" or "disabled", found {asked!r}')


class VectorEnv(gymnasium.vector.VectorEnv[Any, Any, Any]):
    """Environments of one family, each with a task of its own, stepped together by the engine.

    What environment ``i`` does depends on the seed, on ``i``, its task and its actions: neither on ``num_envs`` nor on
    ``threads`` or ``autoreset``. `innerloop.make_vec` is this class.

    Args:
        name: the family, as in a config and in :func:`innerloop.environments`.
        num_envs: how many, each with a task of its own.
        tasks: whose tasks, as for :meth:`VectorEnv.set_tasks`; None: drawn by each reset with a seed.
        autoreset: when the next episode starts where one has ended: with the "next_step", in the "same_step", or
            ("disabled") when ``reset(options={"reset_mask": …})`` asks for it. Gymnasium's `AutoresetMode` will do too.
        max_episode_steps: the time limit of an episode; None: there is none.
        device: "cpu", or "cuda" or "cuda:1", a GPU; the numbers are the same.
        array_type: of what is handed out; on the CPU all share the memory. On a GPU "torch", "jax" and "cupy" stay there,
            "dlpack" is what any library takes by ``from_dlpack``, and "numpy" is copied to the host.
        copy: whether each call returns arrays of its own. Without it they are views of the engine's memory, which the
            next step overwrites.
        threads: of the CPU; 0: one for each core that the process may use.
        render_mode: "rgb_array": `render` gives an image of each environment.
        render_size: of an image, width and height in pixels.
        **options: of the family, as in a config's ``environment``: ``layout="square"``, ``arms=10``, ….

    Raises:
        InputError: for what cannot be, with what was wanted and found.

    >>> import innerloop
    >>> innerloop.make_vec("bandit", num_envs=2, arm=10)
    Traceback (most recent call last):
        ...
    innerloop.InputError: make_vec: /environment/arm: wanted an option of environment "bandit" (nearest: "arms"), found "arm"

    >>> import innerloop, numpy as np
    >>> envs = innerloop.make_vec("cartpole", num_envs=3, max_episode_steps=200)
    >>> observations, infos = envs.reset(seed=1)
    >>> observations.shape, envs.task_names
    ((3, 4), ('cart_mass', 'pole_mass', 'pole_half_length', 'force', 'gravity'))
    >>> observations, rewards, terminations, truncations, infos = envs.step(np.array([0, 1, 0]))
    >>> rewards
    array([1., 1., 1.], dtype=float32)
    >>> envs.close()
    """

    def __init__(
        self,
        name: str,
        num_envs: int = 1,
        *,
        tasks: Any = None,
        autoreset: str | AutoresetMode = "next_step",
        max_episode_steps: int | None = 100,
        device: str = "cpu",
        array_type: Literal["numpy", "torch", "jax", "cupy", "dlpack"] = "numpy",
        copy: bool = True,
        threads: int = 0,
        render_mode: Literal["rgb_array"] | None = None,
        render_size: tuple[int, int] = (320, 240),
        **options: Any,
    ) -> None:
        if render_mode not in (None, "rgb_array"):
            raise InputError(f'render_mode: wanted "rgb_array" or None, found {render_mode!r}')
        if min(render_size) < 1 or max(render_size) > 4096:
            raise InputError(f"render_size: wanted width and height from 1 to 4096, found {render_size}")
        if num_envs < 1:
            raise InputError(f"num_envs: wanted at least 1, found {num_envs}")
        if max_episode_steps is not None and max_episode_steps < 1:
            raise InputError(f"max_episode_steps: wanted at least 1, or None, found {max_episode_steps}")
        device = str(device)  # torch's devices will do too
        mode = _mode(autoreset)
        self._config = _core.Config.parse(json.dumps({"environment": {"name": name, **options}}), "make_vec", [])
        core_mode, self.autoreset_mode = _MODES[mode]
        self._core = core = _core.VectorEnvironment(self._config, num_envs, max_episode_steps or 0, core_mode,
                                                    device_options(device, threads))
        self._gpu = None if device == "cpu" else GpuArrays(core, array_type, copy)
        self._give = on_host(array_type, copy) if self._gpu is None else self._gpu.give
        self.device = device
        self.num_envs = num_envs
        self.max_episode_steps = max_episode_steps
        self.metadata = {"autoreset_mode": self.autoreset_mode, "render_modes": ["rgb_array"], "render_fps": 30}
        self.render_mode = render_mode
        self._render_size = render_size
        self.task_names = tuple(self._core.task_names)
        self.single_observation_space = self._observation_space()
        self.single_action_space = self._action_space()
        self.observation_space = gymnasium.vector.utils.batch_space(self.single_observation_space, num_envs)
        self.action_space = gymnasium.vector.utils.batch_space(self.single_action_space, num_envs)
        # Views of the engine's memory, made once: each step writes them anew.
        self._seen, self._last_seen = (core.seen, core.seen_symbols), (core.last_seen, core.last_seen_symbols)
        self._rewards, self._terminated, self._truncated, self._allowed = (
            core.rewards, core.terminated, core.truncated, core.allowed)
        # Without copies a step returns the same arrays again; but for JAX, which takes it that an array never changes, and
        # for copies on the host.
        changing = array_type == "jax" or self._gpu is not None and self._gpu.on_host
        self._views = None if copy or changing else self._outcome()
        if tasks is not None:
            self.set_tasks(tasks)

    def _observation_space(self) -> spaces.Space[Any]:
        numbers = spaces.Box(-np.inf, np.inf, (self._core.numbers,), np.float32)
        if self._core.symbols == 0:
            return numbers
        symbols = spaces.MultiDiscrete(np.full(self._core.symbols, self._core.kinds), dtype=np.int32)
        return symbols if self._core.numbers == 0 else spaces.Dict({"numbers": numbers, "symbols": symbols})

    def _action_space(self) -> spaces.Space[Any]:
        sizes = self._core.group_sizes
        if not sizes:
            return spaces.Box(-np.inf, np.inf, (self._core.action_size,), np.float32)
        return spaces.Discrete(sizes[0]) if len(sizes) == 1 else spaces.MultiDiscrete(sizes)

    # --- Gymnasium's interface ---

    def reset(  # type: ignore[override]
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begins a new trial in each environment: with `seed` from the beginning, without one random numbers go on.

        `options` may hold ``"tasks"``, as for :meth:`set_tasks`, and ``"reset_mask"``, bool [num_envs]: those whose next
        episode starts, or, where new tasks wait, a new trial; the others go on.
        """
        if seed is not None:
            seed = self._seed(seed)
        super().reset(seed=seed)
        options = options or {}
        unknown = set(options) - {"tasks", "reset_mask"}
        if unknown:
            raise InputError(f'options: wanted "tasks" or "reset_mask", found {sorted(unknown)[0]!r}')
        mask = options.get("reset_mask")
        if "tasks" in options:
            self.set_tasks(options["tasks"], mask)
        if mask is not None:
            if seed is not None:
                raise InputError("reset: wanted a seed or a reset_mask, found both")
            mask = self._mask(mask, "reset_mask")
        elif seed is None and not self._begun:
            seed = int(self.np_random.integers(2**32))
        with self._ordered():
            if mask is not None:
                self._core.reset_some(mask)
            else:
                self._core.reset(seed)
        self._begun = True
        return self._observations(self._seen), self._infos()

    _begun = False

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Takes a step in every environment.

        `actions`: int [num_envs] where a choice is to be made ([num_envs, groups] of several), else float
        [num_envs, numbers], in any of the libraries' arrays. Returns observations, rewards (float32), terminations and
        truncations (bool), each [num_envs, …], and what else there is to know:

        - ``"final_obs"`` with its mask ``"_final_obs"``, where ``autoreset`` is "same_step" and episodes ended; arrays on
          a GPU are there with every step, [num_envs, …], so that the host need not wait to know, and say something where
          the mask, or of "dlpack" one of terminations and truncations, is set;
        - ``"action_mask"``, bool [num_envs, choices], of families that do not allow every choice in every state.

        >>> import innerloop
        >>> envs = innerloop.make_vec("cartpole", num_envs=2)
        >>> _ = envs.reset(seed=1)
        >>> envs.step([[0.5], [0.5]])
        Traceback (most recent call last):
            ...
        innerloop.InputError: actions: wanted int64 [2], found float64 [2, 1]
        """
        if self._gpu is None:
            self._core.step(actions if type(actions) is np.ndarray else as_numpy(actions))
        else:
            with self._gpu.ordered():
                self._core.step(self._gpu.taken(actions))
        outcome = self._views or self._outcome()
        return (*outcome, self._infos(outcome))

    def _outcome(self) -> tuple[Any, Any, Any, Any]:
        give = self._give
        return self._observations(self._seen), give(self._rewards), give(self._terminated), give(self._truncated)

    def render(self) -> tuple[npt.NDArray[np.uint8], ...] | None:
        """An image of each environment as it stands, uint8 [height, width, 3], where ``render_mode`` is "rgb_array".

        >>> import innerloop
        >>> envs = innerloop.make_vec("cartpole", num_envs=2, render_mode="rgb_array")
        >>> _ = envs.reset(seed=1)
        >>> [image.shape for image in envs.render()]
        [(240, 320, 3), (240, 320, 3)]
        """
        if self.render_mode is None:
            return None
        return tuple(self._core.images(*self._render_size))

    def close_extras(self, **kwargs: Any) -> None:
        """Nothing is left to be closed: memory and threads go with the object."""

    # --- Tasks ---

    @property
    def tasks(self) -> Floats:
        """The tasks that are played, float32 [num_envs, numbers], in the order of ``task_names``."""
        return self._core.tasks()

    def sample_tasks(self, n: int, seed: int = 1, split: Literal["train", "heldout"] = "train") -> Floats:
        """Draws tasks of the family, float32 [n, numbers].

        Those of "train" are what the first iteration of a training with this seed meets; those of "heldout" what
        `innerloop evaluate` measures on where ``evaluation.seed`` is this one.

        >>> import innerloop
        >>> envs = innerloop.make_vec("point_navigation", num_envs=2)
        >>> envs.sample_tasks(3, seed=1).shape
        (3, 2)
        """
        if split not in ("train", "heldout"):
            raise InputError(f'split: wanted "train" or "heldout", found {split!r}')
        if n < 1:
            raise InputError(f"n: wanted at least 1, found {n}")
        return self._core.sample_tasks(self._config, n, self._seed(seed), split == "heldout")

    def set_tasks(self, tasks: Any, mask: Any = None) -> None:
        """Has other tasks played from the next `reset` on.

        `tasks`: numbers [num_envs, numbers] or [numbers] for all, a mapping by name or a list of them, a data frame with
        the names as columns, a seed to draw them by, or None: drawn anew by each reset with a seed. `mask`: bool
        [num_envs], the environments that are meant; all without it.

        >>> import innerloop
        >>> envs = innerloop.make_vec("point_navigation", num_envs=2)
        >>> envs.set_tasks({"goal_x": 0.5, "goal_y": -0.25})
        >>> _ = envs.reset(seed=1)
        >>> envs.tasks
        array([[ 0.5 , -0.25],
               [ 0.5 , -0.25]], dtype=float32)
        """
        if tasks is not None:
            tasks = self._table(tasks)
        self._core.set_tasks(tasks, None if mask is None else self._mask(mask, "mask"))

    def _table(self, tasks: Any) -> Floats:
        if isinstance(tasks, (int, np.integer)) and not isinstance(tasks, bool):
            return self.sample_tasks(self.num_envs, int(tasks))
        return task_table(tasks, self.task_names, self.num_envs)

    def rollout(self, policy: Policy, steps: int, *, deterministic: bool = False, state: Any = None,
                seed: int | None = None) -> dict[str, Any]:
        """Has a trained policy act for `steps` steps from here on, all of it within the engine: the fast way to collect
        data, as neither observations nor actions pass through Python.

        Returns arrays that begin with [steps, num_envs]: ``"observations"`` (one step more: at last what the last step
        led to), ``"actions"``, ``"log_probs"``, ``"rewards"``, ``"terminations"``, ``"truncations"``, where ``autoreset``
        is "same_step" ``"final_observations"`` (0 where no episode ended), and of families with them ``"symbols"`` and
        ``"action_mask"``. Numbers are drawn by environment, episode and step, so that two rollouts of n steps are one of 2n.
        On the CPU arrays are NumPy's, on a GPU of the vector's ``array_type``.

        A policy with a memory is called step by step, by NumPy on the host, which is far slower; its actions are drawn by
        `seed`, and its arrays are NumPy's. It begins a trial, or goes on with `state`, the ``"state"`` that the last rollout
        returned beside the arrays: ``policy(observation, *data["state"])`` is its next action. A step that only starts an
        episode (``autoreset`` "next_step") is none of the policy's.

        Raises:
            InputError: for a policy of an environment with other sizes.

        >>> import innerloop
        >>> config = innerloop.Config(iterations=1, tasks_per_iteration=4)
        >>> policy = innerloop.train(config, threads=1, evaluate=False).policy()
        >>> envs = innerloop.make_vec("point_navigation", num_envs=64)
        >>> _ = envs.reset(seed=1)
        >>> data = envs.rollout(policy, steps=20)
        >>> data["observations"].shape, data["rewards"].shape
        ((21, 64, 2), (20, 64))
        """
        if not isinstance(policy, Policy):
            raise InputError(f"policy: wanted an innerloop.Policy, found {type(policy).__name__}; call others step by step")
        if steps < 1:
            raise InputError(f"steps: wanted at least 1, found {steps}")
        if policy._numpy.has_memory:
            waits = self.autoreset_mode is AutoresetMode.NEXT_STEP
            with self._ordered():
                return _stepped.rollout(self._core, policy, steps, waits=waits, deterministic=deterministic, state=state,
                                        seed=seed)
        if state is not None or seed is not None:
            raise InputError("rollout: wanted neither state nor seed for a policy without a memory, found one")
        with self._ordered():
            arrays = dict(self._core.rollout(policy.config._core, policy.params, steps, deterministic))
        if self._gpu is None:
            return arrays
        return {name: self._gpu.view(array) for name, array in arrays.items()}

    # --- States ---

    def get_state(self) -> dict[str, Any]:
        """Everything that what comes next depends on, as arrays of their own, for :meth:`set_state`."""
        return self._core.state()

    def set_state(self, state: Mapping[str, Any]) -> Any:
        """Goes on from what :meth:`get_state` returned, of this or of another vector of as many; returns what is seen.

        >>> import innerloop, numpy as np
        >>> envs = innerloop.make_vec("pendulum", num_envs=2)
        >>> _ = envs.reset(seed=1)
        >>> state, actions = envs.get_state(), np.zeros((2, 1), np.float32)
        >>> first = envs.step(actions)[0]
        >>> _ = envs.set_state(state)
        >>> bool((envs.step(actions)[0] == first).all())
        True
        """
        wanted = {"seed", "tasks", "numbers", "episode", "elapsed", "over"}
        if set(state) != wanted:
            raise InputError(f"state: wanted what get_state returns, found the keys {sorted(state)}")
        with self._ordered():
            self._core.set_state(**state)
        self._begun = True
        return self._observations(self._seen)

    # --- How arrays go out and in ---

    def _ordered(self) -> AbstractContextManager[None]:
        return nullcontext() if self._gpu is None else self._gpu.ordered()

    def _observations(self, seen: tuple[Any, Any]) -> Any:
        numbers, symbols = seen
        if symbols is None:
            return self._give(numbers)
        if numbers is None:
            return self._give(symbols)
        return {"numbers": self._give(numbers), "symbols": self._give(symbols)}

    def _infos(self, outcome: tuple[Any, Any, Any, Any] | None = None) -> dict[str, Any]:
        """Of a step's outcome, or of a reset."""
        infos: dict[str, Any] = {}
        if self._allowed is not None:
            infos["action_mask"] = self._give(self._allowed)
            infos["_action_mask"] = np.ones(self.num_envs, bool)
        if self.autoreset_mode is AutoresetMode.SAME_STEP and outcome is not None:
            self._add_final(infos, outcome)
        return infos

    def _add_final(self, infos: dict[str, Any], outcome: tuple[Any, Any, Any, Any]) -> None:
        gpu = self._gpu
        if gpu is not None and not gpu.on_host:
            infos["final_obs"] = self._observations(self._last_seen)
            if gpu.are_numbers:
                infos["_final_obs"] = outcome[2] | outcome[3]
            return
        ended = self._terminated | self._truncated if gpu is None else outcome[2] | outcome[3]
        if ended.any():
            infos["final_obs"], infos["_final_obs"] = self._final(ended), ended
            infos["final_info"], infos["_final_info"] = {}, ended

    def _final(self, ended: npt.NDArray[np.bool_]) -> Array:
        final = np.full(self.num_envs, None, dtype=object)
        numbers, symbols = (None if seen is None else np.asarray(seen) for seen in self._last_seen)
        for i in np.flatnonzero(ended):
            one = (None if numbers is None else numbers[i].copy(), None if symbols is None else symbols[i].copy())
            final[i] = (one[0] if symbols is None else one[1] if numbers is None
                        else {"numbers": one[0], "symbols": one[1]})
        return final

    def _mask(self, mask: Any, name: str) -> npt.NDArray[np.bool_]:
        array = as_numpy(mask)
        if array.dtype != np.bool_ or array.shape != (self.num_envs,):
            raise InputError(f"{name}: wanted bool [{self.num_envs}], found {array.dtype} {list(array.shape)}")
        return np.ascontiguousarray(array)

    @staticmethod
    def _seed(seed: int) -> int:
        if not 0 <= seed < 2**32:
            raise InputError(f"seed: wanted a number from 0 to {2**32 - 1}, found {seed}")
        return int(seed)


class Env(gymnasium.Env[Any, Any]):
    """A single environment of a family, for what takes no vector of them. Many at once are far faster: `make_vec`.

    >>> import innerloop
    >>> env = innerloop.make("mountain_car", max_episode_steps=200)
    >>> observation, info = env.reset(seed=1)
    >>> observation.shape
    (2,)
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 30}

    def __init__(
        self,
        name: str,
        *,
        tasks: Any = None,
        max_episode_steps: int | None = 100,
        render_mode: Literal["rgb_array"] | None = None,
        **options: Any,
    ) -> None:
        self._vector = VectorEnv(name, 1, tasks=tasks, autoreset="disabled", max_episode_steps=max_episode_steps,
                                 threads=1, render_mode=render_mode, **options)
        self.render_mode = render_mode
        self.observation_space = self._vector.single_observation_space
        self.action_space = self._vector.single_action_space

    @property
    def task_names(self) -> tuple[str, ...]:
        """The names of a task's numbers."""
        return self._vector.task_names

    @property
    def task(self) -> dict[str, float]:
        """The task that is played, its numbers by name."""
        return dict(zip(self.task_names, self._vector.tasks[0].tolist(), strict=True))

    def set_task(self, task: Any) -> None:
        """Has another task played from the next `reset` on: its numbers by name or in order; None: drawn."""
        self._vector.set_tasks(task)

    def sample_tasks(self, n: int, seed: int = 1, split: Literal["train", "heldout"] = "train") -> Floats:
        """Draws tasks, as `VectorEnv.sample_tasks`."""
        return self._vector.sample_tasks(n, seed, split)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Starts an episode; `options` may hold ``"task"``, as for :meth:`set_task`."""
        super().reset(seed=seed)
        if seed is None and not self._vector._begun:
            seed = int(self.np_random.integers(2**32))
        given = dict(options or {})
        if "task" in given:
            given["tasks"] = given.pop("task")
        observations, infos = self._vector.reset(seed=seed, options=given)
        return self._first(observations), self._info(infos)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """A step; as Gymnasium's, an episode that is over wants a `reset`."""
        observations, rewards, terminated, truncated, infos = self._vector.step(np.asarray(action)[None])
        return (self._first(observations), float(rewards[0]), bool(terminated[0]), bool(truncated[0]),
                self._info(infos))

    def render(self) -> npt.NDArray[np.uint8] | None:  # type: ignore[override]
        """An image of the environment as it stands, uint8 [height, width, 3], where ``render_mode`` is "rgb_array"."""
        images = self._vector.render()
        return None if images is None else images[0]

    @staticmethod
    def _first(observations: Any) -> Any:
        if isinstance(observations, dict):
            return {name: array[0] for name, array in observations.items()}
        return observations[0]

    @staticmethod
    def _info(infos: dict[str, Any]) -> dict[str, Any]:
        return {"action_mask": infos["action_mask"][0]} if "action_mask" in infos else {}


# The names that Gymnasium's users look for.
make_vec = VectorEnv
make = Env
