"""Other libraries as the engine meets them on a GPU: CUDA's runtime by ctypes, and modules that pose as torch, jax or cupy.

What they do is enqueued on streams of their own, and nothing waits for it: whether it is in order with the engine's is what
the tests of arrays see (with CUDA_ON_CPU_LAZY, cuda-on-cpu runs a stream only when something waits for it).
"""
from __future__ import annotations

import ctypes
import types
from ctypes import POINTER, Structure, byref, c_int, c_int32, c_int64, c_uint8, c_uint16, c_uint32, c_uint64, c_void_p
from pathlib import Path
from typing import Any

import numpy as np

CUDA = 2
_TO_DEVICE, _TO_HOST, _ON_DEVICE = 1, 2, 3


class DLTensor(Structure):
    _fields_ = [("data", c_void_p), ("device_type", c_int32), ("device_id", c_int32), ("ndim", c_int32), ("code", c_uint8),
                ("bits", c_uint8), ("lanes", c_uint16), ("shape", POINTER(c_int64)), ("strides", POINTER(c_int64)),
                ("byte_offset", c_uint64)]


_Deleter = ctypes.CFUNCTYPE(None, c_void_p)


class Managed(Structure):
    _fields_ = [("tensor", DLTensor), ("context", c_void_p), ("deleter", _Deleter)]


class Versioned(Structure):
    _fields_ = [("major", c_uint32), ("minor", c_uint32), ("context", c_void_p), ("deleter", _Deleter),
                ("flags", c_uint64), ("tensor", DLTensor)]


_api = ctypes.pythonapi
_api.PyCapsule_GetPointer.restype = c_void_p
_api.PyCapsule_GetPointer.argtypes = ctypes.py_object, ctypes.c_char_p
_api.PyCapsule_SetName.argtypes = ctypes.py_object, ctypes.c_char_p
_api.PyCapsule_IsValid.argtypes = ctypes.py_object, ctypes.c_char_p
_api.PyCapsule_New.restype = ctypes.py_object
_api.PyCapsule_New.argtypes = c_void_p, ctypes.c_char_p, c_void_p
_TYPES = {(0, 32): "int32", (0, 64): "int64", (2, 32): "float32", (2, 64): "float64", (6, 8): "bool"}
_CODES = {name: code for code, name in _TYPES.items()}


def _library() -> ctypes.CDLL:
    """CUDA's runtime that the engine runs on."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        if "libcudart" in line:
            return ctypes.CDLL(line.split()[-1])
    raise RuntimeError("wanted an engine with CUDA's runtime, found none")


class Cuda:
    """CUDA's runtime."""

    def __init__(self) -> None:
        self._library = _library()

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._library, name)

        def checked(*arguments: Any) -> None:
            status = function(*arguments)
            assert status == 0, f"{name}: {status}"

        return checked

    def stream(self) -> int:
        """A stream that waits for no other."""
        handle, non_blocking = c_void_p(), 1
        self.cudaStreamCreateWithFlags(byref(handle), c_uint32(non_blocking))
        assert handle.value is not None
        return handle.value

    def event(self, stream: int) -> c_void_p:
        handle = c_void_p()
        self.cudaEventCreateWithFlags(byref(handle), c_uint32(2))
        self.cudaEventRecord(handle, c_void_p(stream))
        return handle

    def copy(self, to: Any, source: Any, size: int, kind: int, stream: int) -> None:
        self.cudaMemcpyAsync(c_void_p(to), c_void_p(source), ctypes.c_size_t(size), c_int(kind), c_void_p(stream))

    def release(self, memory: c_void_p) -> None:
        """For `__del__`: where the GPU is broken, that was told where it broke."""
        self._library.cudaFree(memory)

    def free_bytes(self) -> int:
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        self.cudaMemGetInfo(byref(free), byref(total))
        return free.value


class Tensor:
    """An array of another library: memory of its own, or what a capsule brought. Its work goes to `library.now`."""

    library: Any

    def __init__(self, shape: tuple[int, ...], dtype: str, data: int | None = None, free: Any = None) -> None:
        self.shape, self.type, self._free = shape, dtype, free
        if data is None:
            memory = c_void_p()
            self.library.cuda_runtime.cudaMalloc(byref(memory), ctypes.c_size_t(max(1, self.bytes)))
            release = self.library.cuda_runtime.release
            data, self._free = memory.value, lambda: release(memory)
        self.data = data

    def __del__(self) -> None:
        if self._free is not None:
            self._free()

    @property
    def dtype(self) -> str:
        return self.library.prefix + self.type

    @property
    def bytes(self) -> int:
        return int(np.prod(self.shape)) * np.dtype(self.type).itemsize

    def clone(self) -> Tensor:
        """Enqueued, and no more."""
        copy = type(self)(self.shape, self.type)
        self.library.cuda_runtime.copy(copy.data, self.data, self.bytes, _ON_DEVICE, self.library.now)
        return copy

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        """What it holds once its stream has come to an end."""
        host = np.empty(self.shape, self.type)
        self.library.cuda_runtime.copy(host.ctypes.data, self.data, self.bytes, _TO_HOST, self.library.now)
        self.library.cuda_runtime.cudaStreamSynchronize(c_void_p(self.library.now))
        return host if dtype is None else host.astype(dtype)

    def _as(self, dtype: str) -> Tensor:
        return self if dtype == self.type else self.library.array(np.asarray(self).astype(dtype))

    def __or__(self, other: Tensor) -> Tensor:
        return self.library.array(np.asarray(self) | np.asarray(other))

    def __dlpack_device__(self) -> tuple[int, int]:
        return CUDA, self.library.number

    def __dlpack__(self, *, stream: int | None = None, **more: Any) -> Any:
        """The stream waits for what made it, as the protocol has it."""
        cuda = self.library.cuda_runtime
        if stream != -1:
            cuda.cudaStreamWaitEvent(c_void_p(stream), cuda.event(self.library.now), c_uint32(0))
        code, bits = _CODES[self.type]
        sizes = (c_int64 * len(self.shape))(*self.shape)
        tensor = DLTensor(self.data, CUDA, self.library.number, len(self.shape), code, bits, 1, sizes, None, 0)
        managed = Managed(tensor, None, _Deleter(0))
        self.exported = managed, sizes  # for as long as the array is there, as whoever takes it has to see to
        return _api.PyCapsule_New(ctypes.addressof(managed), b"dltensor", None)


class Library(types.ModuleType):
    """A module that poses as `name` on a GPU, and does its work on the stream `now`."""

    int32, float32 = "int32", "float32"

    def __init__(self, name: str, cuda: Cuda, number: int = 0) -> None:
        super().__init__(name)
        self.cuda_runtime, self.number, self.now = cuda, number, cuda.stream()
        self.prefix = "torch." if name == "torch" else ""
        methods: dict[str, Any] = {"__module__": name, "library": self}
        if name == "torch":
            methods |= {"detach": lambda its: its, "to": Tensor._as, "contiguous": lambda its: its,
                        "cpu": lambda its: np.asarray(its)}
        else:
            methods |= {"astype": lambda its, dtype, **more: its._as(dtype), "copy": Tensor.clone,
                        "get": lambda its: np.asarray(its)}
        self.Tensor = type("Tensor", (Tensor,), methods)
        self.cuda = types.SimpleNamespace(
            current_stream=lambda number: types.SimpleNamespace(cuda_stream=self.now),
            get_current_stream=lambda number: types.SimpleNamespace(ptr=self.now))

    def from_dlpack(self, array: Any, stream: int | None = None, **more: Any) -> Any:
        """What torch and others do: ask with the stream that they go on with."""
        kind, number = array.__dlpack_device__()
        assert (kind, number) == (CUDA, 0)
        capsule = array.__dlpack__(stream=self.now if stream is None else stream, **more)
        versioned = bool(_api.PyCapsule_IsValid(capsule, b"dltensor_versioned"))
        name = b"dltensor_versioned" if versioned else b"dltensor"
        managed = ctypes.cast(_api.PyCapsule_GetPointer(capsule, name), POINTER(Versioned if versioned else Managed)).contents
        _api.PyCapsule_SetName(capsule, b"used_" + name)
        its = managed.tensor
        assert (its.device_type, its.device_id, its.lanes, its.byte_offset) == (CUDA, 0, 1, 0)
        shape = tuple(its.shape[:its.ndim])
        if its.strides:
            assert its.strides[:its.ndim] == [int(np.prod(shape[i + 1:])) for i in range(its.ndim)]
        return self.Tensor(shape, _TYPES[its.code, its.bits], its.data,
                           lambda: managed.deleter(ctypes.addressof(managed)))

    def array(self, host: Any, copy: bool = True) -> Any:
        """From the host, there when this returns; of an array of the library a copy, there too (as jax's when waited for)."""
        if isinstance(host, Tensor):
            copied = host.clone()
        else:
            host = np.ascontiguousarray(host)
            copied = self.Tensor(host.shape, str(host.dtype))
            self.cuda_runtime.copy(copied.data, host.ctypes.data, copied.bytes, _TO_DEVICE, self.now)
            self.cuda_runtime.cudaStreamSynchronize(c_void_p(self.now))
        copied.block_until_ready = lambda: (self.cuda_runtime.cudaStreamSynchronize(c_void_p(self.now)), copied)[1]
        return copied
