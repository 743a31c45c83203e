"""Files of named arrays: https://github.com/huggingface/safetensors."""
from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from innerloop._errors import InputError

Array = np.ndarray[Any, np.dtype[Any]]

_TYPES = {"F32": "<f4", "F64": "<f8", "I32": "<i4", "I64": "<i8", "U8": "u1", "U32": "<u4", "U64": "<u8"}


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Array], dict[str, str]]:
    """The arrays and the metadata of a file. The engine checks its own files itself: here a broken one is only refused."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise InputError(f"{os.fspath(path)}: wanted a file that can be read, found {error.strerror}") from None
    try:
        (length,) = struct.unpack_from("<Q", content)
        header = json.loads(content[8:8 + length])
        metadata = header.pop("__metadata__", {})
        arrays = {name: _array(entry, content, 8 + length) for name, entry in header.items()}
    except (ValueError, KeyError, TypeError, AttributeError, struct.error):
        raise InputError(f"{os.fspath(path)}: wanted a safetensors file, found something else") from None
    return arrays, metadata


def _array(entry: Mapping[str, Any], content: bytes, start: int) -> Array:
    begin, end = entry["data_offsets"]
    values = np.frombuffer(content[start + begin:start + end], _TYPES[entry["dtype"]])
    return values.reshape(entry["shape"]).copy()


def write(path: str | os.PathLike[str], arrays: Mapping[str, Array], metadata: Mapping[str, str]) -> None:
    """Writes a file that any reader of safetensors takes."""
    names = {np.dtype(code): name for name, code in _TYPES.items()}
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    parts, at = [], 0
    for name, array in arrays.items():
        data = np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": names[array.dtype], "shape": list(array.shape), "data_offsets": [at, at + len(data)]}
        parts.append(data)
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    temporary = f"{os.fspath(path)}.tmp-{os.getpid()}"
    with open(temporary, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))
    os.replace(temporary, path)
