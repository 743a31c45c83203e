"""The two kinds of errors, with the one-line messages of the command line."""
from __future__ import annotations

import re

_MESSAGE = re.compile(r"(?P<where>.*?): (?:[^\s:]+ )?want(?:ed|s) (?P<wanted>.*?), found (?P<found>.*)", re.DOTALL)
_POINTER = re.compile(r".+: (?P<pointer>/\S*)")


class _Parsed:
    """What a message says, part by part; None for what it does not say."""

    pointer: str | None = None
    wanted: str | None = None
    found: str | None = None

    def _parse(self, message: str) -> None:
        parts = _MESSAGE.fullmatch(message)
        if parts is None:
            return
        self.wanted, self.found = parts["wanted"], parts["found"]
        pointer = _POINTER.fullmatch(parts["where"])
        self.pointer = pointer["pointer"] if pointer else None


class InputError(_Parsed, ValueError):
    """What was handed in cannot be used.

    `pointer` is where in the config, as in "/algorithm/inner_lr", `wanted` and `found` what belongs there and what
    stands there; each is None where the message has no such part.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self._parse(message)


class RunError(_Parsed, RuntimeError):
    """The input was good, the run failed: disk full, device lost, gradient not finite. Attributes as of InputError."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self._parse(message)


# Where people find them, and what a traceback shows.
InputError.__module__ = RunError.__module__ = "innerloop"
