#!/usr/bin/env python3
"""Adds an environment, a memory, an algorithm and an optimiser where docs/architecture.md says, and nowhere else; then builds
the command line and trains with each.

    check_walks.py [--build]

What is added are tests/examples/, in a copy of the sources. Without --build the copy is only changed, and what changed is
compared with the page: that takes a second.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("CMakeLists.txt", "CMakePresets.json", "cmake", "docs", "engine", "envs", "kernels", "tests")


class Walks:
    """The four walks in a copy of the sources; each returns the files that it touched."""

    def __init__(self, root):
        self.root = root

    def edit(self, path, pattern, replacement):
        """Replaces the one place that `pattern` fits. Returns the path."""
        text, count = re.subn(pattern, replacement, (self.root / path).read_text(), count=1, flags=re.DOTALL)
        if count != 1:
            raise SystemExit(f"check_walks: {path}: wanted a place like {pattern}, found none")
        (self.root / path).write_text(text)
        return path

    def include(self, path, header):
        """Includes `header` before the first of ours that `path` includes beside its own."""
        return self.edit(path, r'\n\n#include "(?=engine|envs|kernels)', f'\n\n#include "{header}"\n#include "')

    def header(self, example, path, without=""):
        """A header of tests/examples/ as a file of the project. Returns the path."""
        text = (ROOT / "tests/examples" / example).read_text()
        (self.root / path).write_text(text.replace(without, "") if without else text)
        return path

    @staticmethod
    def options_of(example):
        """The struct of options in an example, with its comment."""
        return re.search(r"struct \w+Options \{.*?\n\};\n\n", (ROOT / "tests/examples" / example).read_text(), re.DOTALL).group()

    def environment(self):
        registry = "envs/registry.h"
        self.include(registry, "envs/line_walk.h")
        return {self.header("line_walk.h", "envs/line_walk.h"),
                self.edit(registry, r"(using Environments =\s*TypeList<)", r"\1LineWalk, ")}

    def memory(self):
        options = "kernels/memories/options.h"
        self.edit(options, r"struct Feedforward;", "struct CausalAttention;\nstruct Feedforward;")
        self.edit(options, r"(using MemoryTypes = TypeList<[^>]*)>", r"\1, CausalAttention>")
        return {self.header("causal_attention.h", "kernels/memories/causal_attention.h"),
                self.include("kernels/memories/registry.h", "kernels/memories/causal_attention.h"),
                self.edit(options, r"(?=namespace options_detail \{)", """template <>
struct PolicyOptions<CausalAttention> : RecurrentOptions {
  using Options = PolicyOptions;
  using Memory = CausalAttention;
  static constexpr auto name = "causal_attention";
  static constexpr auto meaning = "causal attention";
  bool operator==(const PolicyOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, PolicyOptions& o) {
    RecurrentOptions::describe(field, o);
  }
};

""")}

    def algorithm(self):
        options, text = "engine/config/algorithm_options.h", self.options_of("multi_step.h")
        self.edit(options, r"(using Algorithms =\s*TypeList<)", r"\1MultiStepOptions, ")
        return {self.header("multi_step.h", "engine/algorithms/multi_step.h", without=text),
                self.edit(options, r"(?=using Algorithms =)", text.replace("\\", r"\\")),
                self.include("engine/algorithms/create.cpp", "engine/algorithms/multi_step.h")}

    def optimiser(self):
        options, text = "engine/config/outer_options.h", self.options_of("normalised_steps.h")
        create = "engine/optimisers/create.cpp"
        self.edit(options, r"(using OuterOptimisers =\s*TypeList<)", r"\1NormalisedStepsOptions, ")
        self.include(create, "engine/optimisers/normalised_steps.h")
        return {self.header("normalised_steps.h", "engine/optimisers/normalised_steps.h", without=text),
                self.edit(options, r"(?=using OuterOptimisers =)", text.replace("\\", r"\\")),
                self.edit(create, r"(?=  Made operator\(\)\(const AdamOptions& o\))",
                          "  Made operator()(const NormalisedStepsOptions& o) const {\n"
                          "    return std::make_unique<NormalisedSteps>(o, target, device, plan);\n  }\n")}


def named_in_page(root, what):
    """The files and folders that the page's row for `what` names, without the examples of its last column."""
    row = re.search(rf"^\| {what} \|(.*)\|[^|]*\|$", (root / "docs/architecture.md").read_text(), re.MULTILINE).group(1)
    return re.findall(r"`((?:engine|envs|kernels)/[\w./]*)`", row)


def check_places(root):
    """Does all walks. @raises SystemExit where one changes a file that its row does not name, or makes one elsewhere."""
    walks = Walks(root)
    for what in ("environment", "memory", "algorithm", "optimiser"):
        named = named_in_page(root, what)
        for path in sorted(getattr(walks, what)()):
            is_new = not (ROOT / path).exists()
            if path not in named and not (is_new and path.rpartition("/")[0] + "/" in named):
                raise SystemExit(f"check_walks: {what}: wanted only what docs/architecture.md names ({', '.join(named)}), found "
                                 f"that {path} is needed")


def build_and_train(root):
    """Builds the command line with everything added, and trains each for an iteration."""
    def run(*command):
        subprocess.run([str(part) for part in command], cwd=root, check=True, stdout=subprocess.DEVNULL)
    run("cmake", "--preset", "release", "-DINNERLOOP_TESTS=OFF", "-DINNERLOOP_CUDA=OFF", "-DINNERLOOP_PORTABLE_ONLY=ON")
    run("cmake", "--build", "build/release", "-j", os.cpu_count(), "--target", "innerloop")
    small = {"iterations": 1, "tasks_per_iteration": 4, "envs_per_task": 4, "horizon": 20, "evaluation": {"tasks": 4},
             "environment": {"name": "line_walk"}}
    configs = {"meta": small | {"algorithm": {"name": "multi_step"}, "outer": {"name": "normalised_steps"}},
               "memory": small | {"at_episode_end": "restart", "policy": {"name": "causal_attention", "hidden": 8},
                                  "algorithm": {"name": "rl2", "trial_length": 20, "minibatches": 2}}}
    for name, config in configs.items():
        (root / f"{name}.json").write_text(json.dumps(config))
        run("build/release/innerloop", "train", f"{name}.json", "--out", f"run-{name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", action="store_true", help="also builds the copy and trains with what was added")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in COPIED:
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, root / name)
        check_places(root)
        if arguments.build:
            (root / "build").mkdir()
            build_and_train(root)


if __name__ == "__main__":
    main()
