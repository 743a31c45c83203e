"""Rollouts of policies with a memory, which are called step by step."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from innerloop._errors import InputError
from innerloop.numpy_policy import State
from innerloop.policy import Policy

if TYPE_CHECKING:
    from innerloop import _core

Array = npt.NDArray[Any]


def _check_plays_here(policy: Policy, core: _core.VectorEnvironment) -> None:
    about = policy.to_numpy().about
    groups = [] if about["head"] == "gaussian" else about["groups"]
    here = core.numbers, core.symbols, list(core.group_sizes), core.action_size
    its = about["observation"], 0, groups, about["actions"] if about["head"] == "gaussian" else len(groups)
    if its != here:
        raise InputError(f"rollout: wanted a policy that sees {here[0]} numbers and {here[1]} symbols and chooses of "
                         f"{here[2]} or puts out {here[3]} numbers, found one that sees {its[0]} and chooses of {its[2]} or "
                         f"puts out {its[3]}")


def _kept(ended: npt.NDArray[np.bool_], before: State, after: State) -> State:
    """`after`, but where an episode is over `before`."""
    return State(*(np.where(ended[:, np.newaxis], old, new) for old, new in zip(before, after, strict=True)))


def rollout(core: _core.VectorEnvironment, policy: Policy, steps: int, *, waits: bool, deterministic: bool,
            state: tuple[State, Array, Array] | None, seed: int | None) -> dict[str, Any]:
    """What VectorEnv.rollout gives, on the host, and ``"state"``: what the policy is called with next.

    `waits`: the step after the end of an episode starts the next one, and its action is not looked at: the policy does
    not take part in it, and hears of the end with the step after that one.
    """
    _check_plays_here(policy, core)
    random = np.random.default_rng(seed)
    rows: dict[str, list[Array]] = {}

    def keep(**arrays: Any) -> None:
        for name, array in arrays.items():
            if array is not None:
                rows.setdefault(name, []).append(np.array(array))

    seen, allowed, envs = np.array(core.seen), core.allowed, core.rewards.shape[0]
    over = core.state()["over"] != 0
    memory, reward, ended = state or (policy.initial_state(envs), np.zeros(envs, np.float32), np.zeros(envs, bool))
    keep(observations=seen, action_mask=allowed)
    for _ in range(steps):
        given = {"allowed": None if allowed is None else np.asarray(allowed)}
        actions, after = policy(seen, memory, reward, ended, deterministic=deterministic,
                                seed=int(random.integers(2**63)), **given)
        keep(actions=actions, log_probs=policy.log_prob(seen, actions, memory, reward, ended, **given))
        core.step(actions)
        skipped = over if waits else np.zeros_like(over)
        memory = _kept(skipped, memory, after)
        seen, over = np.array(core.seen), np.asarray(core.terminated) | np.asarray(core.truncated)
        reward, ended = np.where(skipped, reward, np.asarray(core.rewards)), np.where(skipped, ended, over)
        final = None
        if core.last_seen is not None:
            final = np.where(over[:, np.newaxis], np.asarray(core.last_seen), np.float32(0))
        keep(observations=seen, action_mask=allowed, rewards=core.rewards, terminations=core.terminated,
             truncations=core.truncated, final_observations=final)
    return {**{name: np.stack(arrays) for name, arrays in rows.items()}, "state": (memory, reward, ended)}
