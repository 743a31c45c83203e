"""The command `innerloop`, which the wheel brings along."""
from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
from typing import NoReturn

from innerloop import _program, sweeps
from innerloop._errors import InputError, RunError


class _Arguments(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def _sweep_arguments(arguments: list[str]) -> argparse.Namespace | None:
    """Those of a sweep that trains; none where the command has to say what is wrong with them, or trains nothing."""
    parser = _Arguments(add_help=False, allow_abbrev=False)
    parser.add_argument("sweep")
    parser.add_argument("--out")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--shard")
    for flag in ("--backend", "--device", "--threads", "--instructions"):
        parser.add_argument(flag)
    try:
        return parser.parse_args(arguments)
    except ValueError:
        return None


def _wants_python(arguments: argparse.Namespace) -> bool:
    try:
        library = sweeps.library(arguments.sweep)
        return library == "optuna" or library == "ray" and arguments.shard is None
    except InputError:  # the command says so, too
        return False


def _sweep(arguments: argparse.Namespace) -> int:
    """Its exit code."""
    def interrupt(number: int, frame: object) -> NoReturn:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, interrupt)
    flags = [word for flag in ("backend", "device", "threads", "instructions") if (value := getattr(arguments, flag))
             for word in (f"--{flag}", value)]
    try:
        sweeps.drive(arguments.sweep, arguments.out, arguments.jobs, arguments.resume, arguments.shard, flags)
    except (InputError, RunError) as error:
        print(f"innerloop: {error}", file=sys.stderr)
        return 2 if isinstance(error, InputError) else 1
    except KeyboardInterrupt:
        print(f"Interrupted; to go on: innerloop sweep {shlex.quote(sweeps.folder_of(arguments.sweep, arguments.out))}")
        return 130
    return 0


def main() -> None:
    """Becomes the command, so that its exit code and what it does at signals are its own; but for sweeps that Python drives."""
    if sys.argv[1:2] == ["sweep"]:
        arguments = _sweep_arguments(sys.argv[2:])
        if arguments is not None and _wants_python(arguments):
            sys.exit(_sweep(arguments))
    os.execv(_program.PROGRAM, [str(_program.PROGRAM), *sys.argv[1:]])


if __name__ == "__main__":
    main()
