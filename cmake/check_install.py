#!/usr/bin/env python3
"""Installs a build into a folder of its own and fails where that lacks something, or the program there does not run.

    check_install.py BUILD
"""
import subprocess
import sys
import tempfile
from pathlib import Path

WANTED = {"bin/innerloop", "share/man/man1/innerloop.1", "share/bash-completion/completions/innerloop",
          "share/zsh/site-functions/_innerloop", "share/fish/vendor_completions.d/innerloop.fish"}


def main():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["cmake", "--install", sys.argv[1], "--prefix", folder, "--component", "program"], check=True)
        found = {path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file()}
        if found != WANTED:
            print(f"wanted {sorted(WANTED)}, found {sorted(found)}")
            return 1
        empty = [name for name in found if not (Path(folder) / name).stat().st_size]
        if empty:
            print(f"wanted files with something in them, found empty ones: {empty}")
            return 1
        subprocess.run([f"{folder}/bin/innerloop", "--version"], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
