"""Batched meta-reinforcement learning on CPUs and GPUs."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from innerloop._core import version as __version__
from innerloop._errors import InputError, RunError
from innerloop._gymnasium import register as _register

if TYPE_CHECKING:
    from innerloop.vector import make, make_vec

__all__ = ["InputError", "RunError", "__version__", "make", "make_vec"]


def __getattr__(name: str) -> Any:
    # What needs Gymnasium is imported when it is asked for: the rest of the package does without it.
    if name in ("make", "make_vec"):
        from innerloop import vector

        return getattr(vector, name)
    raise AttributeError(f"module 'innerloop' has no attribute {name!r}")


_register()
