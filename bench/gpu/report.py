#!/usr/bin/env python3
"""Runs all that needs a GPU and writes one report: tests (which compare bits with the CPU's), compute-sanitizer, speed.

    python3 bench/gpu/report.py [--build build/release] [--out gpu-report.md]

`./dev gpu-check` builds for the GPU that is there and calls it. A step that fails does not keep the next ones from running;
the exit code is 1 if one did.
"""
import argparse
import shutil
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SANITIZED = "EveryAlgorithmOnCuda.*Square*"  # every operation of training, on one environment


def steps(build):
    """(title, command) of each step; a command whose program is not there is told as skipped."""
    tests, innerloop = build / "innerloop_cuda_tests", build / "innerloop"
    yield "Driver and device", ["nvidia-smi"]
    yield "Compiler", ["nvcc", "--version"]
    yield "Source", ["git", "-C", ROOT, "describe", "--always", "--dirty", "--abbrev=12"]
    yield "Tests of the CUDA device, bits beside the CPU's", ["ctest", "--test-dir", build, "-L", "^cuda$",
                                                              "--no-tests=error", "--output-on-failure"]
    for tool in ("memcheck", "racecheck", "initcheck", "synccheck"):
        yield f"compute-sanitizer, {tool}", ["compute-sanitizer", "--tool", tool, "--error-exitcode", "1", tests,
                                             f"--gtest_filter={SANITIZED}", "--gtest_brief=1"]
    yield "Speed", [innerloop, "bench", "--backend", "cuda", "--json", build / "gpu-bench.json"]
    yield "Speed beside JAX", [ROOT / "build/peers/bin/python", ROOT / "bench/compare.py", "--innerloop", innerloop, "--rounds", "1"]


def jax_sees_a_gpu():
    python = ROOT / "build/peers/bin/python"
    command = [python, "-c", "import jax, sys; sys.exit(jax.default_backend() != 'gpu')"]
    return python.exists() and subprocess.run(command, capture_output=True).returncode == 0


def run(title, command, report):
    """Whether the step went well or had to be skipped; its output goes to the report."""
    print(f"== {title}", flush=True)
    line = " ".join(str(part) for part in command)
    report.write(f"## {title}\n\n`{line}`\n\n")
    if shutil.which(command[0]) is None:
        report.write(f"Skipped: no {command[0]} here.\n\n")
        return True
    if "compare.py" in line and not jax_sees_a_gpu():
        report.write("Skipped: JAX sees no GPU (`build/peers/bin/pip install 'jax[cuda13]'`).\n\n")
        return True
    start = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    report.write(f"```\n{done.stdout.rstrip()}\n```\nExit code {done.returncode}, {time.monotonic() - start:.1f} s.\n\n")
    report.flush()
    return done.returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=ROOT / "build/release", help="the folder of the binaries")
    parser.add_argument("--out", type=Path, default=ROOT / "gpu-report.md", help="the report")
    arguments = parser.parse_args()
    with arguments.out.open("w") as report:
        report.write(f"# innerloop on a GPU, {datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC\n\n")
        failed = [title for title, command in steps(arguments.build.resolve()) if not run(title, command, report)]
        report.write("All steps went well.\n" if not failed else f"Failed: {', '.join(failed)}.\n")
    print(f"Report: {arguments.out}" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
