"""The command `innerloop`, which the wheel brings along."""
from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    """Becomes the command, so that its exit code and what it does at signals are its own."""
    program = Path(__file__).parent / "bin" / "innerloop"
    os.execv(program, [str(program), *sys.argv[1:]])


if __name__ == "__main__":
    main()
