"""Vectors of environments: what Gymnasium's interface wants, and what the engine promises beside."""
from __future__ import annotations

import gc
import sys
import threading
import warnings
import weakref
from types import SimpleNamespace
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import innerloop
from conftest import TINY_MEMORY
from innerloop.testing import check_vector_env

MODES = ["next_step", "same_step", "disabled"]
FAMILIES = ["point_navigation", "wind_navigation", "grid_navigation", "bandit", "tabular_mdp", "cartpole", "pendulum",
            "mountain_car", "acrobot", "t_maze", "key_door", "dark_room", "barcode_bandit", "episodic_two_step",
            "contextual_choice", "cstr", "four_tank", "dc_drive", "distillation", "tool_calls", "alchemy",
            "maze_navigation", "half_cheetah", "hopper", "walker", "arm_reach", "arm_push",
            "xland"]
IDS = {"cartpole": "CartPole", "point_navigation": "PointNavigation", "tabular_mdp": "TabularMDP"}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_keeps_gymnasiums_interface(family: str, mode: str) -> None:
    check_vector_env(lambda n: innerloop.make_vec(family, num_envs=n, autoreset=mode, max_episode_steps=30), steps=100)


def test_gymnasiums_own_vector_passes_the_check_too() -> None:
    check_vector_env(lambda n: gymnasium.make_vec("CartPole-v1", num_envs=n, vectorization_mode="sync"), num_envs=3,
                     steps=80, independent=True)


@pytest.mark.parametrize("broken", ["seed", "mode", "views", "reward"])
def test_the_check_finds_what_is_wrong(broken: str) -> None:
    class Broken(gymnasium.vector.VectorWrapper):  # type: ignore[type-arg]
        def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
            if broken == "seed" and seed is not None:
                seed = None
            return self.env.reset(seed=seed, options=options)

        def step(self, actions: Any) -> Any:
            observations, rewards, terminated, truncated, infos = self.env.step(actions)
            if broken == "reward":
                rewards = np.full_like(rewards, np.nan)
            if broken == "mode":
                infos = {}
            return observations, rewards, terminated, truncated, infos

    with pytest.raises(AssertionError, match="wanted"):
        check_vector_env(lambda n: Broken(innerloop.make_vec("cartpole", num_envs=n, autoreset="same_step",
                                                             copy=broken != "views")))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_single_environment_passes_gymnasiums_check(family: str) -> None:
    from gymnasium.utils.env_checker import check_env

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of spaces without bounds
        check_env(innerloop.make(family), skip_render_check=True)


def test_gymnasium_makes_them_by_their_ids() -> None:
    for name, written in IDS.items():
        envs = gymnasium.make_vec(f"innerloop/{written}-v0", num_envs=3)
        assert envs.reset(seed=1)[0].shape[0] == 3
        assert envs.unwrapped.max_episode_steps == 100  # type: ignore[attr-defined]
        env = gymnasium.make(f"innerloop/{written}-v0", max_episode_steps=7)
        env.reset(seed=1)
        steps = 0
        while True:
            steps += 1
            _, _, terminated, truncated, _ = env.step(env.action_space.sample())
            if terminated or truncated:
                break
        assert steps <= 7


@pytest.mark.parametrize("mode", MODES)
def test_an_environment_does_not_depend_on_the_mode_or_threads(mode: str) -> None:
    def returns(mode: str, num_envs: int, threads: int) -> list[float]:
        """Of the first episodes of environment 2, in which the pole is pushed where it leans."""
        envs = innerloop.make_vec("cartpole", num_envs=num_envs, autoreset=mode, threads=threads, max_episode_steps=60)
        observations, _ = envs.reset(seed=5)
        episodes, now, over = [], 0.0, np.zeros(num_envs, bool)
        while len(episodes) < 6:
            observations, rewards, terminated, truncated, _ = envs.step((observations[:, 2] > 0).astype(np.int64))
            now += float(rewards[2])
            over = terminated | truncated
            if over[2]:
                episodes.append(now)
                now = 0.0
            if mode == "disabled" and over.any():
                observations, _ = envs.reset(options={"reset_mask": over})
        return episodes

    assert returns(mode, 40, 3) == returns("next_step", 3, 1)


@pytest.mark.parametrize("wrapper", ["RecordEpisodeStatistics", "NormalizeReward", "DictInfoToList", "ClipAction",
                                     "FlattenObservation", "NormalizeObservation"])
@pytest.mark.parametrize("mode", MODES)
def test_gymnasiums_wrappers(wrapper: str, mode: str) -> None:
    only_next = {"NormalizeObservation": ("next_step",), "FlattenObservation": ("next_step", "disabled")}
    family = "pendulum" if wrapper == "ClipAction" else "cartpole"
    make = lambda: getattr(gymnasium.wrappers.vector, wrapper)(  # noqa: E731
        innerloop.make_vec(family, num_envs=4, autoreset=mode, max_episode_steps=9))
    if mode not in only_next.get(wrapper, MODES):
        with pytest.raises((ValueError, AssertionError)):
            envs = make()
            envs.reset(seed=1)
            envs.step(envs.action_space.sample())
        return
    envs = make()
    envs.reset(seed=1)
    finished = 0
    for _ in range(40):
        _, _, terminated, truncated, infos = envs.step(envs.action_space.sample())
        over = terminated | truncated
        if wrapper == "RecordEpisodeStatistics" and over.any():
            lengths = infos["episode"]["l"][over]
            assert (lengths > 0).all() and (lengths <= 9 + (mode == "next_step")).all()
            finished += int(over.sum())
        if mode == "disabled" and over.any():
            envs.reset(options={"reset_mask": over})
    assert finished > 0 or wrapper != "RecordEpisodeStatistics"


def test_gymnasiums_cartpole_falls_in_the_same_steps() -> None:
    """With Gymnasium's numbers, from its state, with its actions; it counts in double and Euler's steps are the same."""
    rival = gymnasium.make("CartPole-v1").unwrapped
    task = {"cart_mass": 1.0, "pole_mass": 0.1, "pole_half_length": 0.5, "force": 10.0, "gravity": 9.8}
    envs = innerloop.make_vec("cartpole", num_envs=1, tasks=task, max_episode_steps=None)
    envs.reset(seed=1)
    for seed in range(5):
        rival.reset(seed=seed)
        state = envs.get_state()
        state["numbers"] = np.asarray(rival.state, np.float32)[None]  # type: ignore[attr-defined]
        state["over"][:] = 0
        envs.set_state(state)
        for step in range(200):
            action = step * 7 % 3 % 2
            wanted, _, ends, _, _ = rival.step(action)
            found, _, terminated, _, _ = envs.step(np.array([action]))
            np.testing.assert_allclose(found[0], wanted, atol=2e-5)
            assert terminated[0] == ends
            if ends:
                break


def test_tasks_in_every_form() -> None:
    envs = innerloop.make_vec("point_navigation", num_envs=2)
    wanted = np.array([[0.5, 0.25], [1.0, -1.0]], np.float32)
    pandas = pytest.importorskip("pandas")
    for tasks in (wanted, wanted.tolist(), [{"goal_x": 0.5, "goal_y": 0.25}, {"goal_y": -1, "goal_x": 1}],
                  pandas.DataFrame({"goal_y": [0.25, -1.0], "goal_x": [0.5, 1.0]})):
        envs.reset(seed=1, options={"tasks": tasks})
        np.testing.assert_array_equal(envs.tasks, wanted)
    envs.reset(seed=4, options={"tasks": 9})
    np.testing.assert_array_equal(envs.tasks, envs.sample_tasks(2, seed=9))
    envs.set_tasks([0, 1], mask=np.array([False, True]))
    envs.reset(seed=4)
    np.testing.assert_array_equal(envs.tasks[1], [0, 1])
    envs.reset(seed=4, options={"tasks": None})
    np.testing.assert_array_equal(envs.tasks, envs.sample_tasks(2, seed=4))
    assert not np.array_equal(envs.sample_tasks(2, seed=4), envs.sample_tasks(2, seed=4, split="heldout"))


@pytest.mark.parametrize("actions", [
    np.array([0, 1, 0]), np.array([0, 1, 0], np.int32), np.array([0, 1, 0], np.uint8), [0, 1, 0],
    np.array([[0], [1], [0]]), np.array([0, 9, 1, 9, 0])[::2]])
def test_actions_in_every_form(actions: Any) -> None:
    envs, plain = (innerloop.make_vec("cartpole", num_envs=3) for _ in range(2))
    envs.reset(seed=1)
    plain.reset(seed=1)
    np.testing.assert_array_equal(envs.step(actions)[0], plain.step(np.asarray(actions, np.int64).reshape(3))[0])


def test_read_only_and_double_arrays_are_taken() -> None:
    envs = innerloop.make_vec("pendulum", num_envs=2)
    seen = []
    for actions in (np.array([[0.5], [1]], np.float32), np.array([[0.5], [1]], np.float64),
                    np.array([[0.5, 9], [1, 9]], np.float32)[:, :1]):
        actions.flags.writeable = False
        envs.reset(seed=1)
        seen.append(envs.step(actions)[0])
    np.testing.assert_array_equal(seen[0], seen[1])
    np.testing.assert_array_equal(seen[0], seen[2])


@pytest.mark.parametrize("act, message", [
    (lambda e: e.step(np.array([0, 2])), r"actions\[1\]: wanted a choice from 0 to 1, found 2"),
    (lambda e: e.step(np.array([0, 1, 1])), r"actions: wanted int64 \[2\], found int64 \[3\]"),
    (lambda e: e.step(np.array([0.0, 1.0])), r"actions: wanted int64 \[2\], found float64 \[2\]"),
    (lambda e: e.set_tasks([1, 2]), r"tasks: wanted numbers \[2, 5\] or \[5\], found \[2\]"),
    (lambda e: e.set_tasks("far"), "tasks: wanted numbers, found 'far'"),
    (lambda e: e.set_tasks([1, 2, 3, 4, np.nan]), "tasks: wanted finite numbers"),
    (lambda e: e.set_tasks([{"cart_mass": 1}]), r"tasks\[0\]: wanted the numbers cart_mass, .* found none for force"),
    (lambda e: e.reset(options={"mask": 1}), "options: wanted \"tasks\" or \"reset_mask\", found 'mask'"),
    (lambda e: e.reset(options={"reset_mask": np.array([1, 0])}), r"reset_mask: wanted bool \[2\], found int64 \[2\]"),
    (lambda e: e.reset(options={"reset_mask": np.zeros(2, bool)}), "reset_mask: wanted at least one environment"),
    (lambda e: e.reset(seed=-1), "seed: wanted a number from 0 to 4294967295, found -1"),
    (lambda e: innerloop.make_vec("cartpol"), 'make_vec: /environment/name: wanted .*nearest: "cartpole"'),
    (lambda e: innerloop.make_vec("cartpole", autoreset="never"), "autoreset: wanted \"next_step\""),
    (lambda e: innerloop.make_vec("cartpole", num_envs=0), "num_envs: wanted at least 1, found 0"),
    (lambda e: innerloop.make_vec("cartpole", max_episode_steps=0), "max_episode_steps: wanted at least 1"),
    (lambda e: innerloop.make_vec("cartpole", array_type="list"), "array_type: wanted"),
    (lambda e: innerloop.make_vec("cartpole", array_type="cupy"), "array_type: wanted .* on the CPU, found 'cupy'"),
    (lambda e: innerloop.make_vec("cartpole", array_type="dlpack"), "array_type: wanted .* on the CPU, found 'dlpack'"),
    (lambda e: innerloop.make_vec("cartpole", device="gpu"), "device: wanted \"cpu\", \"cuda\" or \"cuda:N\", found 'gpu'"),
    (lambda e: innerloop.make_vec("cartpole", device="cpu:0"), "device: wanted .* found 'cpu:0'"),
    (lambda e: innerloop.make_vec("cartpole", device="cuda:"), "device: wanted .* found 'cuda:'"),
    (lambda e: innerloop.make_vec("cartpole", device="cuda:999"), "wanted a (number below|CUDA device).* found"),
    (lambda e: innerloop.make_vec("cartpole", render_mode="human"), "render_mode: wanted \"rgb_array\" or None"),
    (lambda e: innerloop.make_vec("cartpole", render_size=(0, 9)), "render_size: wanted width and height"),
    (lambda e: e.sample_tasks(0), "n: wanted at least 1, found 0"),
    (lambda e: e.set_state({}), "state: wanted what get_state returns"),
])
def test_errors_say_what_was_wanted(act: Any, message: str) -> None:
    envs = innerloop.make_vec("cartpole", num_envs=2, autoreset="disabled")
    envs.reset(seed=1)
    before = envs.get_state()
    with pytest.raises((innerloop.InputError, gymnasium.error.Error), match=message):
        act(envs)
    assert all(np.array_equal(before[key], value) for key, value in envs.get_state().items())


def test_a_step_before_the_first_reset_and_one_that_is_over() -> None:
    envs = innerloop.make_vec("cartpole", num_envs=2, autoreset="disabled", max_episode_steps=1)
    with pytest.raises(innerloop.InputError, match="reset: wanted a seed before anything else"):
        envs.step(np.array([0, 0]))
    envs.reset(seed=1)
    envs.step(np.array([0, 0]))
    with pytest.raises(innerloop.InputError, match="that of environment 0 over"):
        envs.step(np.array([0, 0]))


def test_views_keep_their_owner_alive_and_are_read_only() -> None:
    envs = innerloop.make_vec("cartpole", num_envs=2, copy=False)
    observations, _ = envs.reset(seed=1)
    owner = weakref.ref(envs)
    before = observations.copy()
    envs.step(np.array([0, 1]))
    assert not np.array_equal(observations, before)  # a view
    with pytest.raises(ValueError, match="read-only"):
        observations[0] = 0
    now = observations.copy()
    del envs
    gc.collect()
    assert owner() is None
    [np.ones(1000) for _ in range(100)]
    np.testing.assert_array_equal(observations, now)
    assert observations.ctypes.data % 64 == 0


def test_views_are_lent_to_libraries_that_know_of_no_read_only_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    def from_dlpack(array: Any) -> Any:
        array.__dlpack__()  # as jax and most of torch's versions ask: NumPy refuses where that would make it writable
        return array

    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(from_dlpack=from_dlpack))  # type: ignore[arg-type]
    envs = innerloop.make_vec("cartpole", num_envs=2, array_type="torch", copy=False)
    observations, _ = envs.reset(seed=1)
    owner, address = weakref.ref(envs), observations.ctypes.data
    stepped = envs.step(np.array([0, 1]))[0]
    assert stepped.ctypes.data == address
    now = stepped.copy()
    del envs
    gc.collect()
    assert owner() is None
    [np.ones(1000) for _ in range(100)]
    np.testing.assert_array_equal(observations, now)


def test_threads_of_python_do_not_disturb_each_other() -> None:
    actions = np.random.default_rng(1).integers(0, 2, (200, 300))

    def play(envs: Any, into: list[Any]) -> None:
        envs.reset(seed=1)
        for step in actions:
            into.append(envs.step(step)[0])

    stories: list[list[Any]] = [[], [], []]
    players = [threading.Thread(target=play, args=(innerloop.make_vec("cartpole", num_envs=300, threads=2), story))
               for story in stories]
    for player in players:
        player.start()
    for player in players:
        player.join()
    for story in stories[1:]:
        np.testing.assert_array_equal(np.array(story), np.array(stories[0]))


def test_a_fork_is_told_to_begin_anew() -> None:
    import os

    envs = innerloop.make_vec("cartpole", num_envs=4096, threads=2)  # so many that threads share them
    envs.reset(seed=1)
    child = os.fork()
    if child == 0:
        try:
            envs.step(np.zeros(4096, np.int64))
            os._exit(1)
        except innerloop.RunError as error:
            os._exit(0 if "fork" in str(error) else 2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    envs.step(np.zeros(4096, np.int64))


def test_a_device_may_be_named_by_what_prints_so() -> None:
    class Device:  # as torch's
        def __str__(self) -> str:
            return "cpu"

    assert innerloop.make_vec("cartpole", device=Device()).device == "cpu"  # type: ignore[arg-type]


def test_autoreset_mode_is_an_attribute_too() -> None:
    for mode in MODES:
        envs = innerloop.make_vec("cartpole", autoreset=mode)
        assert envs.autoreset_mode is envs.metadata["autoreset_mode"] is AutoresetMode[mode.upper()]


@pytest.mark.parametrize("family", ["point_navigation", "cartpole"])
@pytest.mark.parametrize("mode", ["next_step", "same_step"])
def test_a_rollout_is_what_the_policy_does_step_by_step(family: str, mode: str) -> None:
    config = innerloop.Config(iterations=1, tasks_per_iteration=4, environment={"name": family})
    policy = innerloop.train(config, threads=1, evaluate=False).policy()
    envs, stepwise = (innerloop.make_vec(family, num_envs=20, autoreset=mode, max_episode_steps=9) for _ in range(2))
    envs.reset(seed=1)
    observations, _ = stepwise.reset(seed=1)
    first, second = envs.rollout(policy, 13), envs.rollout(policy, 12)
    for t in range(25):
        data, at = (first, t) if t < 13 else (second, t - 13)
        np.testing.assert_array_equal(data["observations"][at], observations)
        np.testing.assert_allclose(data["log_probs"][at], policy.log_prob(observations, data["actions"][at]), atol=2e-5)
        observations, rewards, terminated, truncated, infos = stepwise.step(data["actions"][at])
        np.testing.assert_array_equal(data["rewards"][at], rewards)
        np.testing.assert_array_equal(data["terminations"][at], terminated)
        np.testing.assert_array_equal(data["truncations"][at], truncated)
        for i in np.flatnonzero(infos.get("_final_obs", [])):
            np.testing.assert_array_equal(data["final_observations"][at, i], infos["final_obs"][i])
    np.testing.assert_array_equal(second["observations"][-1], observations)
    likeliest = envs.rollout(policy, 2, deterministic=True)
    np.testing.assert_allclose(likeliest["actions"][0], policy(likeliest["observations"][0], deterministic=True), atol=1e-5)


@pytest.fixture(scope="module")
def memory() -> innerloop.Policy:
    """A GRU for tabular MDPs of five choices."""
    config = innerloop.Config({**TINY_MEMORY, "environment": {"name": "tabular_mdp"}})
    return innerloop.train(config, threads=1, evaluate=False).policy()


def mdps(mode: str) -> Any:
    envs = innerloop.make_vec("tabular_mdp", num_envs=3, autoreset=mode, max_episode_steps=4)
    envs.reset(seed=1)
    return envs


@pytest.mark.parametrize("mode", ["next_step", "same_step"])
def test_a_rollout_of_a_memory_is_what_it_does_step_by_step(mode: str, memory: innerloop.Policy) -> None:
    data, envs = mdps(mode).rollout(memory, 11, seed=5), mdps(mode)
    observations, state, reward, ended = data["observations"][0], memory.initial_state(3), np.zeros(3), np.zeros(3, bool)
    over = ended
    for t in range(11):
        np.testing.assert_array_equal(data["observations"][t], observations)
        wanted = memory.log_prob(observations, data["actions"][t], state, reward, ended)
        np.testing.assert_allclose(data["log_probs"][t], wanted)
        after = memory._numpy._outputs(observations, state, reward, ended, None)[1]
        observations, rewards, terminated, truncated, _ = envs.step(data["actions"][t])
        np.testing.assert_array_equal(data["rewards"][t], rewards)
        np.testing.assert_array_equal(data["truncations"][t], truncated)
        starts, over = over, terminated | truncated
        if mode == "next_step" and starts[0]:  # all episodes are of one length
            continue
        state, reward, ended = innerloop.State(after, memory._numpy._encoded(data["actions"][t])), rewards, over
    assert data["truncations"].sum() == 3 * (11 // (4 + (mode == "next_step")))
    for found, wanted in zip((*data["state"][0], *data["state"][1:]), (*state, reward, ended), strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert data["actions"].shape == (11, 3) and data["observations"].shape[:2] == (12, 3)
    assert ("final_observations" in data) == (mode == "same_step")


@pytest.mark.parametrize("cut", [3, 4, 5])
@pytest.mark.parametrize("mode", ["next_step", "same_step"])
def test_a_rollout_of_a_memory_goes_on_where_the_last_one_ended(mode: str, cut: int, memory: innerloop.Policy) -> None:
    whole, envs = mdps(mode).rollout(memory, 12, deterministic=True), mdps(mode)
    first = envs.rollout(memory, cut, deterministic=True)
    second = envs.rollout(memory, 12 - cut, deterministic=True, state=first["state"])
    for name in set(whole) - {"state", "observations"}:
        np.testing.assert_array_equal(whole[name], np.concatenate([first[name], second[name]]))
    for found, wanted in zip(second["state"][0], whole["state"][0], strict=True):
        np.testing.assert_array_equal(found, wanted)
    # Without the state a trial begins: the memory is another.
    anew = mdps(mode)
    anew.rollout(memory, cut, deterministic=True)
    assert not np.array_equal(anew.rollout(memory, 12 - cut, deterministic=True)["state"][0].memory, whole["state"][0].memory)


def test_a_rollout_of_a_memory_is_drawn_by_its_seed(memory: innerloop.Policy) -> None:
    first, again, other, none = (mdps("same_step").rollout(memory, 20, seed=seed)["actions"] for seed in (1, 1, 2, None))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other) and not np.array_equal(first, none)


def test_a_rollout_of_a_memory_wants_one_that_fits(memory: innerloop.Policy) -> None:
    envs = innerloop.make_vec("tabular_mdp", num_envs=2, actions=7)
    envs.reset(seed=1)
    with pytest.raises(innerloop.InputError, match=r"rollout: wanted a policy that .* chooses of \[7\] .*, found .* \[5\]"):
        envs.rollout(memory, 3)
    without = innerloop.train(innerloop.Config(iterations=1, tasks_per_iteration=4), threads=1, evaluate=False).policy()
    with pytest.raises(innerloop.InputError, match="rollout: wanted neither state nor seed for a policy without a memory"):
        envs.rollout(without, 3, seed=1)


def test_a_rollout_wants_a_policy_that_fits() -> None:
    envs = innerloop.make_vec("cartpole", num_envs=2)
    policy = innerloop.train(innerloop.Config(iterations=1, tasks_per_iteration=4), threads=1, evaluate=False).policy()
    with pytest.raises(innerloop.InputError, match="before anything else"):
        envs.rollout(policy, 3)
    envs.reset(seed=1)
    with pytest.raises(innerloop.InputError, match='found one of "point_navigation" with 2 numbers seen'):
        envs.rollout(policy, 3)
    with pytest.raises(innerloop.InputError, match="policy: wanted an innerloop.Policy, found function"):
        envs.rollout(lambda seen: 0, 3)  # type: ignore[arg-type]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_draws_images(family: str) -> None:
    envs = innerloop.make_vec(family, num_envs=3, render_mode="rgb_array", render_size=(96, 64))
    envs.reset(seed=1)
    first = envs.render()
    assert first is not None and len(first) == 3
    assert all(image.shape == (64, 96, 3) and image.dtype == np.uint8 and image.std() > 0 for image in first)
    envs.action_space.seed(1)
    for _ in range(9):
        envs.step(envs.action_space.sample())
    assert any(not np.array_equal(now, before) for now, before in zip(envs.render() or (), first, strict=True))
    assert innerloop.make_vec(family).render() is None


def test_gymnasium_records_the_images() -> None:
    env = gymnasium.make("innerloop/CartPole-v0", render_mode="rgb_array")
    env = gymnasium.wrappers.RenderCollection(env)  # type: ignore[assignment]
    env.reset(seed=1)
    env.step(0)
    frames = env.render()
    assert frames is not None and len(frames) == 2 and frames[0].shape == (240, 320, 3)  # type: ignore[arg-type, index, union-attr]
