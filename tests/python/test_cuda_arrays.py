"""Vectors of environments on a GPU: the CPU's bits, and arrays in order with what other libraries do on their streams."""
from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import innerloop
from cuda_consumer import CUDA, Cuda, Library

MODES = ["next_step", "same_step", "disabled"]
FAMILIES = ["cartpole", "point_navigation", "tabular_mdp", "pendulum"]
ENVS = 5


try:
    innerloop.make_vec("bandit", device="cuda")
except innerloop.InputError as error:
    if "INNERLOOP_EXPECTS_CUDA" in os.environ:
        raise
    pytest.skip(str(error), allow_module_level=True)


@pytest.fixture
def cuda() -> Cuda:
    return Cuda()


@pytest.fixture(params=["torch", "cupy", "jax"])
def library(request: Any, cuda: Cuda, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    """One that poses as the library while the test lasts."""
    module = Library(request.param, cuda)
    monkeypatch.setitem(sys.modules, request.param, module)
    if request.param == "jax":
        monkeypatch.setitem(sys.modules, "jax.numpy", module)
        module.numpy = module
    yield module


@pytest.fixture
def torch(cuda: Cuda, monkeypatch: pytest.MonkeyPatch) -> Library:
    module = Library("torch", cuda)
    monkeypatch.setitem(sys.modules, "torch", module)
    return module


def pair(family: str, **options: Any) -> tuple[Any, Any]:
    """The same vector on the CPU and on the GPU."""
    on_cpu = {**options, "array_type": "numpy", "copy": True}
    return (innerloop.make_vec(family, num_envs=ENVS, max_episode_steps=7, threads=1, **on_cpu),
            innerloop.make_vec(family, num_envs=ENVS, max_episode_steps=7, device="cuda", **options))


def assert_same(cpu: Any, gpu: Any) -> None:
    """Bits, whatever they are in."""
    if isinstance(cpu, dict):
        assert set(cpu) == set(gpu)
        for name, value in cpu.items():
            assert_same(value, gpu[name])
    elif isinstance(cpu, tuple) or getattr(cpu, "dtype", None) == object:
        assert len(cpu) == len(gpu)
        for one, other in zip(cpu, gpu, strict=True):
            assert_same(one, other)
    elif cpu is None:
        assert gpu is None
    else:
        cpu, gpu = np.asarray(cpu), np.asarray(gpu)
        assert cpu.dtype == gpu.dtype
        np.testing.assert_array_equal(cpu, gpu)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("family", FAMILIES)
def test_bits_are_those_of_the_cpu(family: str, mode: str) -> None:
    cpu, gpu = pair(family, autoreset=mode)
    assert_same(cpu.reset(seed=3), gpu.reset(seed=3))
    assert_same(cpu.tasks, gpu.tasks)
    cpu.action_space.seed(1)
    for _ in range(50):
        actions = cpu.action_space.sample()
        outcome = cpu.step(actions)
        assert_same(outcome, gpu.step(actions))
        over = outcome[2] | outcome[3]
        if mode == "disabled" and over.any():
            mask = {"reset_mask": over}
            assert_same(cpu.reset(options=mask), gpu.reset(options=mask))
    assert_same(cpu.get_state(), gpu.get_state())
    assert_same(cpu.set_state(cpu.get_state()), gpu.set_state(cpu.get_state()))
    if mode != "disabled":
        actions = cpu.action_space.sample()
        assert_same(cpu.step(actions), gpu.step(actions))


@pytest.mark.parametrize("hurried", ["engine", "library"])
@pytest.mark.parametrize("copy", [True, False])
def test_arrays_of_a_library_are_in_order_with_its_stream(library: Library, copy: bool, hurried: str) -> None:
    """Actions are enqueued just before a step, or are the host's, copies of what is seen just after it; one of the two
    streams is waited for after each step, and would be ahead of the other if it might."""
    cpu, gpu = pair("cartpole", array_type=library.__name__, copy=copy)
    wanted, kept = [cpu.reset(seed=3)[0]], [gpu.reset(seed=3)[0].clone()]
    cpu.action_space.seed(1)
    hosts = [cpu.action_space.sample().astype(np.int32) for _ in range(30)]
    staged = [library.array(actions) for actions in hosts]
    waits = library.__name__ == "jax" and not copy  # has no stream to be asked for: what is read is waited for
    for step, actions in enumerate(staged):
        wanted.append(cpu.step(hosts[step]))
        outcome = gpu.step(actions.clone() if step % 3 == 0 else hosts[step])
        if hurried == "engine":
            gpu.get_state()
        kept.append(tuple(each.clone() for each in outcome[:4]))
        if waits or hurried == "library":
            np.asarray(kept[-1][0])
    for one, other in zip(wanted, kept, strict=True):
        assert_same(one[:4] if isinstance(one, tuple) else one, other)


@pytest.mark.parametrize("dtype", ["int64", "int32", "float32"])
def test_actions_are_converted_where_they_lie(library: Library, dtype: str) -> None:
    choices = dtype != "float32"
    cpu, gpu = pair("cartpole" if choices else "pendulum", array_type=library.__name__)
    cpu.reset(seed=3)
    gpu.reset(seed=3)
    host = cpu.action_space.sample().astype(dtype)
    assert_same(cpu.step(host)[:4], gpu.step(library.array(host))[:4])
    assert_same(cpu.step(host)[:4], gpu.step(host)[:4])  # those on the host are taken too


def test_final_observations_are_there_without_asking_the_gpu(torch: Library) -> None:
    cpu, gpu = pair("cartpole", array_type="torch", autoreset="same_step")
    assert_same(cpu.reset(seed=3), gpu.reset(seed=3))
    cpu.action_space.seed(1)
    ends = 0
    for _ in range(20):
        actions = cpu.action_space.sample()
        infos, on_gpu = cpu.step(actions)[4], gpu.step(actions)[4]
        assert set(on_gpu) == {"final_obs", "_final_obs"}
        mask = infos.get("_final_obs", np.zeros(ENVS, bool))
        np.testing.assert_array_equal(mask, np.asarray(on_gpu["_final_obs"]))
        for i in np.flatnonzero(mask):
            ends += 1
            np.testing.assert_array_equal(infos["final_obs"][i], np.asarray(on_gpu["final_obs"])[i])
    assert ends > 5


def raw(mode: str = "next_step", copy: bool = False) -> Any:
    envs = innerloop.make_vec("cartpole", num_envs=ENVS, device="cuda", array_type="dlpack", copy=copy, autoreset=mode)
    envs.reset(seed=3)
    return envs


def test_an_array_says_what_it_is() -> None:
    seen, rewards, ended, _, _ = raw().step(np.zeros(ENVS, np.int64))
    assert (seen.shape, rewards.shape) == ((ENVS, 4), (ENVS,))
    assert (seen.dtype, rewards.dtype, ended.dtype) == (np.float32, np.float32, np.bool_)
    assert seen.__dlpack_device__() == (CUDA, 0)
    assert repr(seen) == f"<DeviceArray: float32 ({ENVS}, 4) on cuda:0>"
    np.testing.assert_array_equal(np.asarray(seen), seen.numpy())
    assert np.asarray(seen, np.float64).dtype == np.float64
    interface = seen.__cuda_array_interface__
    assert (interface["version"], interface["shape"], interface["typestr"], interface["strides"]) == (
        3, (ENVS, 4), "<f4", None)
    assert ended.__cuda_array_interface__["typestr"] == "|b1"


@pytest.mark.parametrize("which", ["own", "legacy", "none", "per thread"])
@pytest.mark.parametrize("version", [None, (1, 0)])
def test_the_stream_that_takes_an_array_waits_for_the_engines(which: str, version: Any, cuda: Cuda) -> None:
    cpu, _ = pair("cartpole")
    cpu.reset(seed=3)
    envs, consumer = raw(), Library("consumer", cuda)
    consumer.now = {"own": consumer.now, "legacy": 1, "none": 1, "per thread": 2}[which]
    for _ in range(5):
        actions = np.ones(ENVS, np.int32)
        envs._core.step(actions)  # nothing but the array's own protocol orders what follows
        taken = (consumer.from_dlpack(envs._core.seen, max_version=version) if which != "none"
                 else consumer.from_dlpack(Plain(envs._core.seen), max_version=version))
        assert_same(cpu.step(actions)[0], taken)


class Plain:
    """An array whose taker says nothing of a stream: the legacy default one is meant."""

    def __init__(self, array: Any) -> None:
        self._array = array
        self.__dlpack_device__ = array.__dlpack_device__

    def __dlpack__(self, *, stream: int | None = None, **more: Any) -> Any:
        return self._array.__dlpack__(**more)


def test_cudas_array_interface_names_a_stream_to_wait_for(cuda: Cuda) -> None:
    cpu, _ = pair("cartpole")
    cpu.reset(seed=3)
    envs, stream = raw(), cuda.stream()
    actions = np.ones(ENVS, np.int32)
    envs._core.step(actions)
    interface, host = envs._core.seen.__cuda_array_interface__, np.empty((ENVS, 4), np.float32)
    cuda.cudaStreamWaitEvent(ctypes.c_void_p(stream), cuda.event(interface["stream"]), ctypes.c_uint32(0))
    cuda.copy(host.ctypes.data, interface["data"][0], host.nbytes, 2, stream)
    cuda.cudaStreamSynchronize(ctypes.c_void_p(stream))
    np.testing.assert_array_equal(cpu.step(actions)[0], host)


def test_copies_stay_as_they_are_and_views_do_not() -> None:
    copying, viewing = raw(copy=True), raw()
    actions = np.zeros(ENVS, np.int64)
    copied, viewed = copying.step(actions)[0], viewing.step(actions)[0]
    before = copied.numpy()
    np.testing.assert_array_equal(before, viewed.numpy())
    copying.step(actions)
    assert viewing.step(actions)[0] is viewed  # made once
    np.testing.assert_array_equal(copied.numpy(), before)
    np.testing.assert_array_equal(viewed.numpy(), copying._core.seen.numpy())
    assert not np.array_equal(viewed.numpy(), before)


def test_arrays_outlive_their_vector_and_leave_no_memory_behind(cuda: Cuda) -> None:
    def play() -> None:
        envs, consumer = raw(), Library("consumer", cuda)
        array, taken = envs.step(np.zeros(ENVS, np.int64))[0], consumer.from_dlpack(envs._core.seen)
        before = array.numpy()
        del envs
        gc.collect()
        others = [raw() for _ in range(3)]  # memory that was free would be written anew
        np.testing.assert_array_equal(array.numpy(), before)
        del array, others
        gc.collect()
        np.testing.assert_array_equal(np.asarray(taken), before)

    play()
    gc.collect()
    free = cuda.free_bytes()
    for _ in range(3):
        play()
        gc.collect()
    assert cuda.free_bytes() == free


@pytest.mark.parametrize("family", ["point_navigation", "cartpole"])
def test_a_rollout_has_the_cpus_bits(family: str, torch: Library) -> None:
    config = innerloop.Config(iterations=1, tasks_per_iteration=4, environment={"name": family})
    policy = innerloop.train(config, threads=1, backend="cpu", evaluate=False).policy()
    cpu, gpu = pair(family, array_type="torch", autoreset="same_step")
    cpu.reset(seed=3)
    gpu.reset(seed=3)
    for _ in range(2):
        assert_same(cpu.rollout(policy, 6), gpu.rollout(policy, 6))
    np.testing.assert_array_equal(cpu._core.seen, gpu._core.seen.numpy())


def test_a_memory_acts_on_what_a_gpu_plays(torch: Library) -> None:
    config = innerloop.Config(iterations=1, tasks_per_iteration=20, envs_per_task=1, horizon=5, environment={"name": "bandit"},
                              at_episode_end="restart", policy={"name": "gru", "hidden": 6},
                              algorithm={"name": "rl2", "trial_length": 20, "minibatches": 2})
    policy = innerloop.train(config, threads=1, backend="cpu", evaluate=False).policy()
    cpu, gpu = pair("bandit", array_type="torch")
    cpu.reset(seed=3)
    gpu.reset(seed=3)
    assert_same(cpu.rollout(policy, 12, seed=1), gpu.rollout(policy, 12, seed=1))


def elsewhere(cuda: Cuda) -> Any:
    return Library("torch", cuda, number=1).array(np.zeros(ENVS, np.int32))


@pytest.mark.parametrize("act, kind, message", [
    (lambda e, c: e._core.seen.__dlpack__(stream=0), innerloop.InputError, "stream: wanted None or 1 .* found 0"),
    (lambda e, c: e._core.seen.__dlpack__(copy=True), BufferError, "copy"),
    (lambda e, c: e._core.seen.__dlpack__(dl_device=(1, 0)), BufferError, "dl_device"),
    (lambda e, c: np.asarray(e._core.seen, copy=False) if np.__version__ >= "2" else e._core.seen.__array__(copy=False),
     ValueError, "copy: wanted True or None"),
    (lambda e, c: e.step(Library("torch", c).array(np.zeros(ENVS, np.float32))), innerloop.InputError,
     r"actions: wanted int32 \[5\] on cuda:0 or the host, found float32 \[5\] on cuda:0"),
    (lambda e, c: e.step(Library("torch", c).array(np.zeros(4, np.int64))), innerloop.InputError,
     r"actions: wanted int32 \[5\] on cuda:0 or the host, found int32 \[4\] on cuda:0"),
    (lambda e, c: e.step(elsewhere(c)), innerloop.InputError,
     r"actions: wanted int32 \[5\] on cuda:0 or the host, found int32 \[5\] on cuda:1"),
    (lambda e, c: e.step(np.zeros(4, np.int64)), innerloop.InputError,
     r"actions: wanted int32 \[5\] on cuda:0 or the host, found int64 \[4\]"),
    (lambda e, c: innerloop.make_vec("cartpole", device="cuda:99"), innerloop.InputError, "found 99"),
    (lambda e, c: innerloop.make_vec("cartpole", device="cuda", array_type="list"), innerloop.InputError,
     "array_type: wanted 'numpy', 'torch', 'jax', 'cupy' or 'dlpack', found 'list'"),
])
def test_errors_say_what_was_wanted(act: Any, kind: Any, message: str, cuda: Cuda, torch: Library) -> None:
    envs = raw()
    state = envs.get_state()
    with pytest.raises(kind, match=message):
        act(envs, cuda)
    assert_same(state, envs.get_state())
