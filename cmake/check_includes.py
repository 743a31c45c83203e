#!/usr/bin/env python3
"""Includes go down: fails where a source includes one of a room above its own in docs/rooms.json.

    check_includes.py [ROOT]

A room is a folder, or a single file, and may include itself and the rooms that come after it in the table. Every source has
to be in a room; kernels/ has headers only; tests may include everything, but lie in folders named for the rooms, and nobody
includes them.
"""
import json
import re
import sys
from pathlib import Path

SOURCE = re.compile(r"\.(h|cpp|cu)(\.in)?$")  # .in: what CMake makes a source of
FOLDERS = ("bindings", "engine", "envs", "kernels", "tests")
INCLUDE = re.compile(r'\s*#\s*include\s*"([^"]+)"')


class House:
    """The rooms of docs/rooms.json under `root`."""

    def __init__(self, root):
        self.root = root
        table = json.loads((root / "docs/rooms.json").read_text())
        self.order = table["tops"] + [row["room"] for row in table["rooms"]]
        names = [room.removeprefix("engine/") for room in self.order]
        self.test_folders = ["tests/" + name for name in names + table["tests"]]

    def sources(self):
        """Every source, relative to the root."""
        for folder in FOLDERS:
            for path in sorted((self.root / folder).rglob("*")):
                if SOURCE.search(path.name):
                    yield path.relative_to(self.root).as_posix()

    def room_of(self, path):
        """The room that `path` lies in, or None."""
        rooms = self.test_folders if path.startswith("tests/") else self.order
        return next((room for room in rooms if path == room or path.startswith(room + "/")), None)

    def includes(self, path):
        """(line number, included path) for each of ours."""
        for number, line in enumerate((self.root / path).read_text().splitlines(), 1):
            found = INCLUDE.match(line)
            if found and found.group(1).startswith(tuple(folder + "/" for folder in FOLDERS)):
                yield number, found.group(1)

    def faults(self):
        """One message for each source without a room and each include that does not go down."""
        for path in self.sources():
            room = self.room_of(path)
            if room is None:
                yield f"{path}: wanted a room of docs/rooms.json, found none that has this file"
                continue
            if path.startswith("kernels/") and not path.endswith(".h"):
                yield f"{path}: wanted headers only in kernels/, which several sides compile"
            for number, included in self.includes(path):
                below = self.room_of(included)
                if below is None:
                    yield f"{path}:{number}: wanted a file in a room of docs/rooms.json, found {included}"
                elif not room.startswith("tests/") and (below.startswith("tests/") or
                                                        self.order.index(below) < self.order.index(room)):
                    yield f"{path}:{number}: wanted an include of {room} or a room below it, found {included} of {below}, " \
                          "which is above"


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    faults = list(House(root).faults())
    print(*faults, f"{len(faults)} includes or files against docs/rooms.json", sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
