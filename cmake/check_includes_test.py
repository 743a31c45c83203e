#!/usr/bin/env python3
"""check_includes.py finds what is planted in a copy of the sources, and names file, line and both rooms."""
import shutil
import tempfile
import unittest
from pathlib import Path

from check_includes import FOLDERS, House

ROOT = Path(__file__).resolve().parent.parent


class PlantedFaults(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name in FOLDERS:
            shutil.copytree(ROOT / name, self.root / name)
        (self.root / "docs").mkdir()
        shutil.copy(ROOT / "docs/rooms.json", self.root / "docs/rooms.json")

    def faults_with(self, path, first_line):
        """The faults once `path` begins with this line."""
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(first_line + "\n" + (place.read_text() if place.exists() else ""))
        return list(House(self.root).faults())

    def test_the_sources_as_they_are_have_none(self):
        self.assertEqual(list(House(self.root).faults()), [])

    def test_an_upward_include(self):
        self.assertEqual(self.faults_with("engine/files/crc32c.h", '#include "engine/run/trainer.h"'),
                         ["engine/files/crc32c.h:1: wanted an include of engine/files or a room below it, found "
                          "engine/run/trainer.h of engine/run, which is above"])

    def test_kernels_know_no_registry(self):
        self.assertEqual(self.faults_with("kernels/trials/step.h", '  #  include "envs/registry.h"'),
                         ["kernels/trials/step.h:1: wanted an include of kernels/trials or a room below it, found "
                          "envs/registry.h of envs, which is above"])

    def test_an_include_of_a_test(self):
        self.assertIn("found tests/support/temporary_folder.h",
                      self.faults_with("engine/main.cpp", '#include "tests/support/temporary_folder.h"')[0])

    def test_a_file_without_a_room(self):
        for path in ("engine/stray.h", "kernels/attic/stray.h", "tests/attic/stray_test.cpp"):
            self.assertEqual(self.faults_with(path, ""),
                             [f"{path}: wanted a room of docs/rooms.json, found none that has this file"])
            (self.root / path).unlink()

    def test_a_source_in_kernels(self):
        self.assertEqual(self.faults_with("kernels/lanes/array.cpp", ""),
                         ["kernels/lanes/array.cpp: wanted headers only in kernels/, which several sides compile"])

    def test_a_room_that_moved_up_in_the_table(self):
        table = self.root / "docs/rooms.json"
        lines = table.read_text().splitlines(keepends=True)
        files = next(i for i, line in enumerate(lines) if '"engine/files"' in line)
        table.write_text("".join(lines[:2] + [lines[files]] + lines[2:files] + lines[files + 1:]))
        faults = list(House(self.root).faults())
        self.assertTrue(any(fault.startswith("engine/run/checkpoint") for fault in faults), faults)


if __name__ == "__main__":
    unittest.main()
