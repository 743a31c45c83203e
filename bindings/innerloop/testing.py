"""Checks for vectors of environments, ours and anybody's: Gymnasium has one for single environments alone."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    return bool(np.array_equal(np.asarray(one), np.asarray(other), equal_nan=True))


def _take(batch: Any, i: int) -> Any:
    return {key: value[i] for key, value in batch.items()} if isinstance(batch, dict) else np.asarray(batch)[i]


def _arrays(batch: Any) -> list[Any]:
    return list(batch.values()) if isinstance(batch, dict) else [batch]


class _Check:
    def __init__(self, num_envs: int, steps: int) -> None:
        self.num_envs, self.steps = num_envs, steps

    def want(self, holds: bool, wanted: str, found: Any) -> None:
        if not holds:
            raise AssertionError(f"wanted {wanted}, found {found}")

    def frame(self, envs: VectorEnv[Any, Any, Any]) -> AutoresetMode:
        mode = envs.metadata.get("autoreset_mode")
        self.want(isinstance(mode, AutoresetMode), "metadata['autoreset_mode'], an AutoresetMode", mode)
        assert isinstance(mode, AutoresetMode)
        self.want(envs.num_envs == self.num_envs, f"num_envs {self.num_envs}", envs.num_envs)
        batch = gymnasium.vector.utils.batch_space
        self.want(envs.observation_space == batch(envs.single_observation_space, self.num_envs),
                  "an observation_space that is single_observation_space batched", envs.observation_space)
        self.want(envs.action_space == batch(envs.single_action_space, self.num_envs),
                  "an action_space that is single_action_space batched", envs.action_space)
        return mode

    def seen(self, envs: VectorEnv[Any, Any, Any], observations: Any) -> None:
        self.want(envs.observation_space.contains(observations), f"observations of {envs.observation_space}", observations)

    def outcome(self, envs: VectorEnv[Any, Any, Any], step: tuple[Any, ...]) -> None:
        self.want(len(step) == 5, "five things from step", len(step))
        observations, rewards, terminated, truncated, infos = step
        self.seen(envs, observations)
        rewards = np.asarray(rewards)
        self.want(rewards.shape == (self.num_envs,) and np.issubdtype(rewards.dtype, np.floating),
                  f"float rewards [{self.num_envs}]", (rewards.dtype, rewards.shape))
        self.want(bool(np.isfinite(rewards).all()), "finite rewards", rewards)
        for name, flags in (("terminations", terminated), ("truncations", truncated)):
            flags = np.asarray(flags)
            self.want(flags.shape == (self.num_envs,) and flags.dtype == np.bool_,
                      f"bool {name} [{self.num_envs}]", (flags.dtype, flags.shape))
        self.want(isinstance(infos, dict), "infos, a dict", type(infos))

    def play(self, envs: VectorEnv[Any, Any, Any], seed: int, mode: AutoresetMode) -> list[tuple[Any, ...]]:
        """All that is seen, from a seed on, with actions that do not depend on how many environments there are."""
        actions = gymnasium.vector.utils.batch_space(envs.single_action_space, 4096)
        actions.seed(seed)
        # A copy, since a vector may hand out views of what it overwrites.
        kept: list[tuple[Any, ...]] = []
        observations, infos = envs.reset(seed=seed)
        self.seen(envs, observations)
        self.want(isinstance(infos, dict), "infos, a dict", type(infos))
        kept.append((_copied(observations),))
        over = np.zeros(self.num_envs, bool)
        ended = 0
        for _ in range(self.steps):
            step = envs.step(_first(actions.sample(), envs.num_envs))
            self.outcome(envs, step)
            observations, rewards, terminated, truncated, infos = step
            now = np.asarray(terminated) | np.asarray(truncated)
            kept.append(tuple(_copied(part) for part in (observations, rewards, terminated, truncated)))
            if mode == AutoresetMode.NEXT_STEP:
                self.want(not (np.asarray(rewards)[over] != 0).any() and not now[over].any(),
                          "no reward and no end in the step that starts an episode", (rewards, now))
            if mode == AutoresetMode.SAME_STEP and now.any():
                self.want("final_obs" in infos and _equal(infos.get("_final_obs"), now),
                          "infos['final_obs'] with the mask of the episodes that ended", sorted(infos))
                for i in np.flatnonzero(now).tolist():
                    self.want(envs.single_observation_space.contains(infos["final_obs"][i]),
                              f"a final_obs of {envs.single_observation_space}", infos["final_obs"][i])
            if mode == AutoresetMode.DISABLED and now.any():
                before = _copied(observations)
                mask = now.copy()
                observations, _ = envs.reset(options={"reset_mask": mask})
                self.seen(envs, observations)
                for i in np.flatnonzero(~now).tolist():
                    self.want(_equal(_take(before, i), _take(observations, i)), "others as they were after a reset_mask", i)
                kept.append((_copied(observations),))
            over = now
            ended += int(now.sum())
        self.want(ended > 0, "episodes that end, to see what follows (more steps, or a shorter time limit)", ended)
        return kept


def _copied(batch: Any) -> Any:
    return {key: np.array(value) for key, value in batch.items()} if isinstance(batch, dict) else np.array(batch)


def _first(actions: Any, count: int) -> Any:
    return tuple(part[:count] for part in actions) if isinstance(actions, tuple) else actions[:count]


def check_vector_env(
    make: Callable[[int], VectorEnv[Any, Any, Any]],
    num_envs: int = 5,
    steps: int = 250,
    *,
    copies: bool = True,
    independent: bool = True,
) -> None:
    """Plays a vector of environments and checks what Gymnasium's interface promises of it.

    Spaces and types; that a seed says all that happens, and another seed something else; what each mode of `AutoresetMode`
    does where an episode ends; that arrays are not written again later (`copies`); that an environment does not depend on
    how many there are beside it (`independent`, which Gymnasium does not promise); that it can be closed twice.

    Args:
        make: makes a vector of so many environments.
        num_envs: how many are played.
        steps: how long; episodes must end within them.

    Raises:
        AssertionError: with what was wanted and found.

    >>> import innerloop, innerloop.testing
    >>> innerloop.testing.check_vector_env(lambda n: innerloop.make_vec("cartpole", num_envs=n))
    """
    check = _Check(num_envs, steps)
    envs = make(num_envs)
    mode = check.frame(envs)
    first = check.play(envs, 1, mode)
    check.want(_same(first, check.play(envs, 1, mode)), "the same from the same seed again", "something else")
    other = make(num_envs)
    check.want(_same(first, check.play(other, 1, mode)), "the same from another vector with the same seed", "something else")
    check.want(not _same(first, check.play(other, 2, mode)), "something else from another seed", "the same")
    if copies:
        observations, _ = envs.reset(seed=3)
        before = _copied(observations)
        step = envs.step(envs.action_space.sample())
        check.want(_equal(before, observations), "observations that a later step leaves alone (copies)", "other numbers")
        for array in _arrays(step[0]):
            check.want(not any(np.shares_memory(np.asarray(array), np.asarray(old)) for old in _arrays(observations)),
                       "arrays of their own in each step (copies)", "shared memory")
    if independent and mode != AutoresetMode.DISABLED:
        more = _Check(num_envs + 3, steps)
        longer = more.play(make(num_envs + 3), 1, mode)
        cut = [tuple(_cut(part, num_envs) for part in step) for step in longer]
        check.want(_same(first, cut), "environments that do not depend on how many there are", "something else")
    envs.close()
    envs.close()


def _cut(batch: Any, count: int) -> Any:
    return {key: value[:count] for key, value in batch.items()} if isinstance(batch, dict) else batch[:count]


def _same(one: list[tuple[Any, ...]], other: list[tuple[Any, ...]]) -> bool:
    return len(one) == len(other) and all(
        len(a) == len(b) and all(_equal(x, y) for x, y in zip(a, b, strict=True)) for a, b in zip(one, other, strict=True))
