"""How arrays go out of the engine and in: as those of the library that is asked for, on a GPU in order with its stream."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from innerloop import _core
from innerloop._errors import InputError

ARRAY_TYPES = ("numpy", "torch", "jax", "cupy", "dlpack")
_LEGACY_DEFAULT = 1  # CUDA's number for the stream that libraries use where they are told nothing
_UNORDERED = -1
_ON_GPU = 2  # DLPack's number for a GPU's memory; what it shares with the host is taken as the host's


def device_options(device: str, threads: int) -> _core.DeviceOptions:
    """What "cpu", "cuda" or "cuda:1" names."""
    name, _, number = device.partition(":")
    if name not in ("cpu", "cuda") or device != name and not (name == "cuda" and number.isdecimal()):
        raise InputError(f'device: wanted "cpu", "cuda" or "cuda:N", found {device!r}')
    return _core.DeviceOptions(name, threads, int(number or 0), "auto")


def as_numpy(array: Any) -> npt.NDArray[Any]:
    """An array of any library, or a list, as NumPy's; without a copy where it lies in the host's memory."""
    if hasattr(array, "detach"):  # torch
        array = array.detach().cpu()
    elif type(array).__module__.partition(".")[0] == "cupy":
        array = array.get()
    return np.asarray(array)


def on_host(array_type: str, copy: bool) -> Callable[[npt.NDArray[Any]], Any]:
    """Makes of an array of the engine's what is handed out on the CPU; without `copy` it shares the memory."""
    if array_type == "numpy":
        return np.ndarray.copy if copy else lambda array: array
    if array_type not in ("torch", "jax"):
        raise InputError(f'array_type: wanted "numpy", "torch" or "jax" on the CPU, found {array_type!r}')
    convert = _torch().from_dlpack if array_type == "torch" else _jax().from_dlpack
    return (lambda array: convert(array.copy())) if copy else lambda array: convert(np.asarray(_Lent(array)))


class _Lent:
    """A view that libraries which know of no read-only arrays take: as if it could be written."""

    def __init__(self, array: npt.NDArray[Any]) -> None:
        self._array = array  # whose memory it is
        address, _ = array.__array_interface__["data"]
        self.__array_interface__ = {**array.__array_interface__, "data": (address, False)}


def _torch() -> Any:
    import torch

    return torch


def _jax() -> Any:
    import jax.numpy

    return jax.numpy


class _Library(Protocol):
    """What makes arrays of a library of those of the engine on a GPU."""

    def stream(self) -> int | None:
        """The number of the stream that its work is enqueued on from now on; None: there is none to be ordered with."""

    def view(self, array: _core.DeviceArray) -> Any: ...

    def own(self, array: _core.DeviceArray) -> Any:
        """A copy, in the library's own memory."""


class _NumPy:
    def stream(self) -> None: ...

    def view(self, array: _core.DeviceArray) -> Any:
        return array.numpy()

    own = view


class _Torch:
    def __init__(self, number: int) -> None:
        self._torch, self._number = _torch(), number

    def stream(self) -> int:
        return self._torch.cuda.current_stream(self._number).cuda_stream or _LEGACY_DEFAULT

    def view(self, array: _core.DeviceArray) -> Any:
        return self._torch.from_dlpack(array)

    def own(self, array: _core.DeviceArray) -> Any:
        return self._torch.from_dlpack(array).clone()


class _CuPy:
    def __init__(self, number: int) -> None:
        import cupy

        self._cupy, self._number = cupy, number

    def stream(self) -> int:
        return self._cupy.cuda.get_current_stream(self._number).ptr or _LEGACY_DEFAULT

    def view(self, array: _core.DeviceArray) -> Any:
        return self._cupy.from_dlpack(array)

    def own(self, array: _core.DeviceArray) -> Any:
        return self._cupy.from_dlpack(array).copy()


class _Jax:
    """Tells nobody its streams: what it copies, it has copied when it is handed out."""

    def __init__(self) -> None:
        self._jax = _jax()

    def stream(self) -> None: ...

    def view(self, array: _core.DeviceArray) -> Any:
        return self._jax.from_dlpack(array)

    def own(self, array: _core.DeviceArray) -> Any:
        return self._jax.array(self._jax.from_dlpack(array), copy=True).block_until_ready()


class _Raw:
    def stream(self) -> int:
        return _LEGACY_DEFAULT

    def view(self, array: _core.DeviceArray) -> Any:
        return array

    def own(self, array: _core.DeviceArray) -> Any:
        return array.copy()


def _library(array_type: str, number: int) -> _Library:
    if array_type == "numpy":
        return _NumPy()
    if array_type == "torch":
        return _Torch(number)
    if array_type == "jax":
        return _Jax()
    if array_type == "cupy":
        return _CuPy(number)
    if array_type == "dlpack":
        return _Raw()
    raise InputError(f"array_type: wanted {', '.join(map(repr, ARRAY_TYPES[:-1]))} or {ARRAY_TYPES[-1]!r}, found "
                     f"{array_type!r}")


class GpuArrays:
    """The arrays of a vector of environments on a GPU, as those of a library."""

    def __init__(self, core: _core.VectorEnvironment, array_type: str, copy: bool) -> None:
        _, self._number = core.rewards.__dlpack_device__()
        library = _library(array_type, self._number)
        self._core, self._stream = core, library.stream
        self.view = library.view
        self.give = library.own if copy else library.view
        self.on_host = array_type == "numpy"
        self.are_numbers = array_type != "dlpack"  # so that one can reckon with them

    @contextmanager
    def ordered(self) -> Iterator[None]:
        """What the engine enqueues within begins after what the library has enqueued before, and ends before what it
        enqueues afterwards."""
        stream = self._stream()
        if stream is not None:
            self._core.wait_for(stream)
        yield
        if stream is not None:
            self._core.hold_back(stream)

    def taken(self, actions: Any) -> Any:
        """Actions for the engine's step: those on the GPU as a capsule, after whose making the engine's stream waits."""
        kind, number = actions.__dlpack_device__() if hasattr(actions, "__dlpack_device__") else (0, 0)
        if kind != _ON_GPU:
            return as_numpy(actions)
        if number != self._number:
            return actions.__dlpack__(stream=_UNORDERED)  # the engine refuses it, and says why
        return self._as_wanted(actions).__dlpack__(stream=self._core.stream)

    def _as_wanted(self, actions: Any) -> Any:
        """With the numbers as the engine has them, by the library that they are of; what cannot be is left as it is."""
        choices = bool(self._core.group_sizes)
        if str(actions.dtype).removeprefix("torch.") not in (
                ("int64", "int32", "uint8", "int8", "int16", "uint16") if choices else ("float32", "float64")):
            return actions
        if hasattr(actions, "detach"):
            torch = _torch()
            return actions.detach().to(torch.int32 if choices else torch.float32).contiguous()
        wanted = "int32" if choices else "float32"
        if type(actions).__module__.partition(".")[0] == "cupy":
            return actions.astype(wanted, order="C", copy=False)
        return actions.astype(wanted) if hasattr(actions, "astype") else actions
