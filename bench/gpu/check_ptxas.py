#!/usr/bin/env python3
"""Reads ptxas' report (nvcc -Xptxas=-v); prints each kernel's registers and the blocks that a multiprocessor holds.

    check_ptxas.py BUILD_LOG [--document docs/gpu.md]

Fails if a kernel with its scratch in shared memory spills registers, or if fewer of its blocks fit than the document's table
says; one that is not in the table may spill as much as a few registers hold, and one that steps a robot more. Those with
scratch in device memory, for networks of more than the reference's widths, are only reported.
"""
import argparse
import sys
from pathlib import Path

from document import read_rows
from ptxas import read_report, resident_blocks

ROOT = Path(__file__).resolve().parent.parent.parent


MOST_SPILLED = 128  # bytes, stored and loaded, of a kernel that is not in the table
# A robot's links, contacts and limits are more numbers than a thread has registers, and a step goes through them for thousands
# of instructions.
ROBOTS = ("HalfCheetah", "Hopper", "Walker")
MOST_SPILLED_BY_ROBOTS = 2048


def most_spilled(operation, stored):
    """Bytes that an operation's kernel with its scratch in shared memory may spill."""
    if operation in stored:
        return 0
    return MOST_SPILLED_BY_ROBOTS if operation.endswith(tuple(f"<{robot}>" for robot in ROBOTS)) else MOST_SPILLED


def fewer_blocks(kernels, stored):
    """A message for each kernel with scratch in shared memory of which fewer blocks fit than the table's rows say."""
    for kernel in kernels:
        row = stored.get(kernel.operation, {})
        cell = row.get(kernel.architecture, "")
        if kernel.scratch != "shared" or "/" not in cell:
            continue
        wanted = int(cell.split("/")[1])
        found = resident_blocks(kernel.architecture, kernel.registers, int(row["threads"]), int(row["shared bytes"]))
        if found < wanted:
            yield (f"{kernel.operation} ({kernel.architecture}): wanted {wanted} blocks of {row['threads']} threads on a "
                   f"multiprocessor, found {found}, with {kernel.registers} registers a thread")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", type=Path, help="the build's output")
    parser.add_argument("--document", type=Path, default=ROOT / "docs/gpu.md")
    arguments = parser.parse_args()
    kernels = read_report(arguments.log.read_text(errors="replace"))
    if not kernels:
        sys.exit(f"{arguments.log}: wanted ptxas' report of at least one kernel, found none")
    print("registers  stack  spilled  kernel")
    for kernel in kernels:
        print(f"{kernel.registers:9}  {kernel.stack:5}  {kernel.spilled:7}  {kernel.operation}, scratch in {kernel.scratch} "
              f"memory ({kernel.architecture})")
    stored = {row["kernel"].strip("`"): row for row in read_rows(arguments.document, "kernels")}
    spilling = sum(kernel.spilled > most_spilled(kernel.operation, stored) and kernel.scratch == "shared"
                   for kernel in kernels)
    worse = list(fewer_blocks(kernels, stored))
    print(f"{len(kernels)} kernels, {spilling} of those with scratch in shared memory spill more registers than they may, "
          f"{len(worse)} fit less often than before", *worse, sep="\n")
    return 1 if spilling or worse else 0


if __name__ == "__main__":
    sys.exit(main())
