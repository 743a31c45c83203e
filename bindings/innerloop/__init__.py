"""Batched meta-reinforcement learning on CPUs and GPUs."""
from innerloop._core import version as __version__
from innerloop._errors import InputError, RunError

__all__ = ["InputError", "RunError", "__version__"]
