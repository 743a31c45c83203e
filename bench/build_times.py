#!/usr/bin/env python3
"""Processor seconds (user and system) of this project's builds from nothing, beside their budgets, without ccache.

    ./dev build-times [COMMIT]... [--only MEASURE...] [--targets TARGET...] [--json FILE]

Each commit (HEAD unless given; two make a table of before and after) is checked out into a folder of its own. What is measured:

    demo                 ./dev demo, its training included
    test                 ./dev test, its tests included
    environment-release  what one more environment adds to the command line's build
    environment-tests    what it adds to the builds of all tests

--targets replaces what the last two build, for a try. The budgets are for two cores with AVX2; processor time depends little
on what else runs, but the caches are shared: measure on a quiet machine.
"""
import argparse
import json
import os
import re
import resource
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUDGETS = {"demo": 300, "test": 900, "environment-release": 15, "environment-tests": 15}
TARGETS = {"environment-release": ["innerloop"], "environment-tests": ["innerloop_tests", "innerloop_team_tests"]}


def processor_seconds(tree, command):
    """User and system seconds of a command in `tree` and all its children. @raises SystemExit where it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=tree, env=os.environ | {"CCACHE_DISABLE": "1"}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise SystemExit(f"build_times: wanted `{' '.join(map(str, command))}` to succeed in {tree}, found exit code "
                         f"{done.returncode}:\n{done.stdout[-2000:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def checked_out(commit, folder):
    """A clone of the repository at this commit, in `folder`, with nothing built."""
    subprocess.run(["git", "clone", "-q", "--shared", "--no-checkout", ROOT, folder], check=True)
    subprocess.run(["git", "-C", folder, "checkout", "-q", "--detach", commit], check=True)
    return Path(folder)


def add_environment(tree):
    """Registers the environment of docs/adding-an-environment.md."""
    example = tree / "tests/examples/line_walk.h"
    (tree / "envs/line_walk.h").write_text(example.read_text())
    example.write_text('#pragma once\n\n#include "envs/line_walk.h"\n')
    registry = tree / "envs/registry.h"
    text, count = re.subn(r"(using Environments =\s*TypeList<)", r'\1LineWalk, ', registry.read_text())
    if count != 1:
        raise SystemExit(f"build_times: wanted one list of environments in {registry}, found {count}")
    registry.write_text(text.replace("#pragma once\n", '#pragma once\n\n#include "envs/line_walk.h"', 1))


def measure(name, commit, targets):
    """Seconds of a measure at a commit."""
    if name in ("demo", "test"):
        with tempfile.TemporaryDirectory() as folder:
            return processor_seconds(checked_out(commit, folder), ["./dev", name])
    seconds = []
    for change in (lambda tree: None, add_environment):
        with tempfile.TemporaryDirectory() as folder:
            tree = checked_out(commit, folder)
            change(tree)
            (tree / "build").mkdir()
            processor_seconds(tree, ["cmake", "--preset", "release", "-DINNERLOOP_CUDA=OFF"])
            seconds.append(processor_seconds(tree, ["cmake", "--build", "build/release", "-j", str(os.cpu_count()), "--target",
                                                    *(targets or TARGETS[name])]))
    return seconds[1] - seconds[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commits", nargs="*", default=["HEAD"], metavar="COMMIT")
    parser.add_argument("--only", nargs="+", choices=list(BUDGETS), default=list(BUDGETS))
    parser.add_argument("--targets", nargs="+", help="what environment-release and environment-tests build")
    parser.add_argument("--json", type=Path, help="also writes {measure: {commit: seconds}} to this file")
    arguments = parser.parse_args()

    print("processor seconds    budget" + "".join(f"{commit[:12]:>14s}" for commit in arguments.commits), flush=True)
    found = {}
    for name in arguments.only:
        print(f"{name:19s}{BUDGETS[name]:8d}", end="", flush=True)
        found[name] = {}
        for commit in arguments.commits:
            found[name][commit] = measure(name, commit, arguments.targets)
            print(f"{found[name][commit]:14.1f}", end="", flush=True)
        print(flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
