"""The command `innerloop` as a process of its own."""
from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from innerloop._errors import InputError, RunError

PROGRAM = Path(__file__).parent / "bin" / "innerloop"
_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def _end_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _show(line: str) -> None:
    print(line, flush=True)


def run(*arguments: str | os.PathLike[str], show: Callable[[str], object] = _show) -> None:
    """Runs it to its end, calling `show` with each line that it prints. What goes wrong is raised as what its exit code says.

    Whatever is raised here meanwhile, Ctrl-C above all, or when this process ends, however that happens: the command stops in
    good order, as after Ctrl-C.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        # A session of its own: a terminal's Ctrl-C, which is handed on here, comes once.
        process = subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=errors, encoding="utf-8",
                                   errors="replace", start_new_session=True, preexec_fn=_end_with_parent)
        assert process.stdout is not None
        try:
            for line in process.stdout:
                show(line.rstrip("\n"))
            process.wait()
        except BaseException:
            process.send_signal(signal.SIGINT)
            process.communicate()
            raise
        errors.seek(0)
        said = errors.read()
    if process.returncode == 0:
        sys.stderr.write(said)
    elif process.returncode == 130:
        raise KeyboardInterrupt
    elif process.returncode < 0:
        raise RunError(f"innerloop {arguments[0]}: wanted its end, found signal {-process.returncode}")
    else:
        error = InputError if process.returncode == 2 else RunError
        raise error(said.strip().removeprefix("innerloop: "))


def device_flags(threads: int, backend: str, device: int, instructions: str) -> list[str]:
    """The command's flags for the keywords that everything has which computes."""
    flags = ["--backend", backend, "--device", str(device), "--instructions", instructions]
    return flags + (["--threads", str(threads)] if threads else [])
