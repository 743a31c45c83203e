#!/usr/bin/env python3
"""Compares the bits that two builds of innerloop train: for every config, the checkpoint's tensors after a few iterations.

    ./dev compare-bits OLD NEW [CONFIG...] [--emulator DIR]

OLD and NEW are the programs. OLD trains each config once, on the CPU; NEW once with every instruction set that this
processor has, and with --emulator, the folder of cuda-on-cpu, once more on CUDA. The configs are those of configs/ unless
named, with few tasks, so that all of them take some minutes. Exits with 1 where a tensor differs, is missing or is new.
"""
import argparse
import json
import re
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from arguments import positive, program

ROOT = Path(__file__).resolve().parent.parent


def tensors(path):
    """The tensors of a safetensors file: {name: (type, shape, bytes)}."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    body = data[8 + length:]
    return {name: (entry["dtype"], tuple(entry["shape"]), body[slice(*entry["data_offsets"])])
            for name, entry in header.items() if name != "__metadata__"}


def overrides(config, options):
    """Sizes that take seconds without vectors, too, but have two chunks of rows, two tiles of environments, all minibatches."""
    algorithm = config["algorithm"]
    values = {"iterations": options.iterations, "evaluation.every": 0, "evaluation.tasks": 2, "evaluation.envs_per_task": 2}
    if "trial_length" in algorithm:
        values |= {"tasks_per_iteration": 12, "envs_per_task": 3, "algorithm.trial_length": config["horizon"] * max(1, 40 // config["horizon"])}
    elif algorithm["name"] == "ppo":
        values |= {"tasks_per_iteration": 12, "envs_per_task": 3, "horizon": min(40, config["horizon"])}
    else:
        values |= {"tasks_per_iteration": 3, "envs_per_task": 600 // min(100, config["horizon"]), "horizon": min(100, config["horizon"])}
    return [part for key, value in values.items() for part in ("--set", f"{key}={value}")]


def train(command, config, options, folder, *flags):
    """The tensors of the newest checkpoint of a short run."""
    arguments = [*command, "train", str(config), *overrides(json.loads(config.read_text()), options),
                 "--threads", "1", "--out", str(folder), *flags]
    done = subprocess.run(arguments, capture_output=True, text=True, cwd=ROOT)
    if done.returncode != 0:
        raise RuntimeError(f"exit code {done.returncode} of {' '.join(arguments)}\n{done.stderr.strip()}")
    return tensors(max((folder / "checkpoints").glob("*.safetensors")))


def difference(old, new):
    """What the first differing tensor is; empty if none differs."""
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            return f"{name} is missing"
        if name not in old:
            return f"{name} is new"
        if old[name] != new[name]:
            return f"{name} differs" if old[name][:2] == new[name][:2] else f"{name} has another type or shape"
    return ""


def instruction_sets(new):
    """Those that NEW has and this processor can run: it names them where it is asked for one that does not exist."""
    helped = subprocess.run([new, "train", "--help"], capture_output=True, text=True, check=True).stdout
    names = re.search(r"--instructions \{([^}]*)\}", helped).group(1).split(",")
    config = str(ROOT / "configs/bandit_maml.json")
    return [name for name in names if name != "auto" and
            subprocess.run([new, "plan", config, "--instructions", name], capture_output=True).returncode == 0]


def compare(config, ways, options):
    """Lines of the report for one config, and whether all is equal."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        try:
            old = train([options.old], config, options, folder / "old")
            found = {way: difference(old, train(command, config, options, folder / way, *flags))
                     for way, (command, *flags) in ways.items()}
        except RuntimeError as error:
            return f"{config.stem}: {error}", False
    equal = [way for way, text in found.items() if not text]
    wrong = [f"{way}: {text}" for way, text in found.items() if text]
    return f"{config.stem}: {len(old)} tensors equal on {', '.join(equal) or 'none'}" + \
        ("; " + "; ".join(wrong) if wrong else ""), not wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=program)
    parser.add_argument("new", type=program)
    parser.add_argument("configs", nargs="*", type=Path, metavar="CONFIG")
    parser.add_argument("--emulator", type=Path, metavar="DIR", help="folder of cuda-on-cpu: compares CUDA too")
    parser.add_argument("--cpu", action=argparse.BooleanOptionalAction, default=True, help="compare the CPU's instruction sets")
    parser.add_argument("--iterations", type=positive, default=3)
    parser.add_argument("--jobs", type=positive, default=2, help="configs at once")
    options = parser.parse_args()
    options.old, options.new = (str(Path(path).resolve()) for path in (options.old, options.new))
    ways = {}
    if options.cpu:
        ways |= {name: ([options.new], "--backend", "cpu", "--instructions", name) for name in instruction_sets(options.new)}
    if options.emulator:
        ways["cuda"] = ([str(options.emulator.resolve() / "run"), options.new], "--backend", "cuda")
    configs = [path.resolve() for path in options.configs] or sorted((ROOT / "configs").glob("*.json"))
    all_equal = True
    with ThreadPoolExecutor(options.jobs) as pool:
        for line, equal in pool.map(lambda config: compare(config, ways, options), configs):
            print(line, flush=True)
            all_equal = all_equal and equal
    print("all bits are equal" if all_equal else "bits differ")
    return 0 if all_equal else 1


if __name__ == "__main__":
    sys.exit(main())
