#!/usr/bin/env python3
"""Reads ptxas' report (nvcc -Xptxas=-v) and fails if a kernel spills registers; prints each kernel's registers.

    check_ptxas.py BUILD_LOG
"""
import re
import subprocess
import sys


def read_report(text):
    """A list of (kernel's mangled name, architecture, registers, stack bytes, spilled bytes)."""
    kernels = []
    for part in re.split(r"Compiling entry function ", text)[1:]:
        name, architecture = re.match(r"'(\S+)' for '(\S+)'", part).groups()
        spilled = sum(int(n) for n in re.findall(r"(\d+) bytes spill", part))
        stack = int(re.search(r"(\d+) bytes stack frame", part).group(1))
        registers = int(re.search(r"Used (\d+) registers", part).group(1))
        kernels.append((name, architecture, registers, stack, spilled))
    return kernels


def main(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        kernels = read_report(file.read())
    if not kernels:
        sys.exit(f"{path}: wanted ptxas' report of at least one kernel, found none")
    names = subprocess.run(["c++filt"], input="\n".join(k[0] for k in kernels), capture_output=True, text=True, check=True)
    spilling = 0
    print("registers  stack  spilled  kernel")
    for (_, architecture, registers, stack, spilled), name in zip(kernels, names.stdout.splitlines()):
        print(f"{registers:9}  {stack:5}  {spilled:7}  {name} ({architecture})")
        spilling += spilled > 0
    print(f"{len(kernels)} kernels, {spilling} of them spill registers")
    return 1 if spilling else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
