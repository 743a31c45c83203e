#!/usr/bin/env python3
"""Counts what each CUDA kernel does, with cuda-on-cpu in a GPU's place, and writes the tables of docs/gpu.md.

    python3 bench/gpu/count.py --innerloop build/cuda-emulated/innerloop --emulator ../shared/cuda-on-cpu
        [--ptxas BUILD_LOG]

`./dev count-cuda` builds what it needs and calls it. Counts are exact; times and rates are predictions from an H100's
datasheet, by the formula that the document states. A build's log under -Xptxas=-v renews the table of registers, but for
architectures that the log is not of: their cells stay as they are.
"""
import argparse
import json
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from document import number, operation_of, read_rows, replace_part, table
from ptxas import MULTIPROCESSORS, read_report, resident_blocks, scratch_of

ROOT = Path(__file__).resolve().parent.parent.parent

# The reference: 2×64 tanh on 2D navigation, 20 environments a task, horizon 100; counted on two tasks.
ENVS, HORIZON, TASKS = 20, 100, 2
REFERENCE = {
    "seed": 1, "iterations": 1, "tasks_per_iteration": TASKS, "envs_per_task": ENVS, "horizon": HORIZON,
    "environment": {"name": "point_navigation", "end_at_goal": False},
    "policy": {"name": "mlp", "hidden": [64, 64]},
    "algorithm": {"name": "maml", "inner_steps": 1, "inner_lr": 0.1},
    "outer": {"name": "adam"},
    # Its rollouts are like those of the training, so that a launch's mean is that of either.
    "evaluation": {"tasks": TASKS, "envs_per_task": ENVS, "inner_steps": 0},
}
# Trials as RL²'s configs have them, and PPO's without a memory: in tiles of 32, counted on two.
TILE = 32
TRIALS = {"tasks_per_iteration": 2 * TILE, "envs_per_task": 1, "at_episode_end": "restart",
          "evaluation": {"tasks": 2 * TILE, "envs_per_task": 1}}
BANDIT = TRIALS | {"environment": {"name": "bandit"}, "horizon": 1,
                   "algorithm": {"name": "rl2", "trial_length": 4, "epochs": 1, "minibatches": 1}}
TRIAL_CONFIGS = {"GRU, 64 units": BANDIT | {"policy": {"name": "gru", "hidden": 64}},
                 "GRU, 128 units": BANDIT | {"policy": {"name": "gru", "hidden": 128}},
                 "LSTM, 64 units": BANDIT | {"policy": {"name": "lstm", "hidden": 64}},
                 "episodic, 64 units": BANDIT | {"policy": {"name": "episodic", "hidden": 64}},
                 "transformer, 2×64": BANDIT | {"policy": {"name": "transformer", "hidden": 64}},
                 "no memory, 2×64": TRIALS | {"environment": {"name": "cartpole"}, "horizon": 4,
                                              "algorithm": {"name": "ppo", "epochs": 1, "minibatches": 1}}}
MATRIX_KERNELS = ("Rollout", "PolicyGradient", "HessianVector")
# Each GPU takes as many rows through these at a time as suit it.
OWN_ROWS = ("HessianVector", "FisherVector", "TangentLogProb", "ValuesOfSamples")


@dataclass(frozen=True)
class Gpu:
    """Limits of an H100 SXM: NVIDIA's datasheet and programming guide, but for cycles_between and launch: assumed."""
    multiprocessors: int = 132
    clock: float = 1.98e9
    warp_instructions: int = 4  # a multiprocessor starts in a cycle
    memory: float = 3.35e12  # bytes/s
    cycles_between: float = 2.0  # from one instruction of a warp to its next
    launch: float = 2.5e-6  # seconds a kernel of a graph takes where nothing else is to do
    tensor_flops: int = 2048  # in TF32, dense, a multiprocessor does in a cycle


H100 = Gpu()

# A rollout of no more blocks than multiprocessors has smaller tiles than one of more: counted apart.
MANY_TASKS = H100.multiprocessors + 1
MANY = {"tasks_per_iteration": MANY_TASKS, "evaluation": REFERENCE["evaluation"] | {"tasks": MANY_TASKS}}


def profile(arguments, config):
    """What cuda-on-cpu counted in a run of the config, a dict of each operation's kernel."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        (path / "config.json").write_text(json.dumps(config))
        environment = os.environ | {"CUDA_ON_CPU_PROFILE": str(path / "profile.json"), "CUDA_ON_CPU_CHECK": "0"}
        subprocess.run([arguments.emulator / "run", arguments.innerloop, "train", path / "config.json", "--backend", "cuda",
                        "--out", path / "run"], check=True, env=environment, stdout=subprocess.DEVNULL)
        kernels = json.loads((path / "profile.json").read_text())["kernels"]
        return [kernel for kernel in kernels if "run_operation<" in kernel["name"]]


def instructions(kernel):
    """Of all threads."""
    bytes_and_operations = re.compile("bytes|flops")
    return sum(n for name, n in kernel["thread_totals"].items() if not bytes_and_operations.search(name))


def accesses(kernel, kind, quantity):
    """Sum of `quantity` and of the least possible over the first blocks' accesses of a kind."""
    found = [a for a in kernel["accesses_in_first_block"] if quantity in a and kind in a["instruction"]]
    return sum(a[quantity] for a in found), sum(a["ideal"] for a in found)


def blocks_of(kernel):
    return kernel["last_grid"][0] * kernel["last_grid"][1] * kernel["last_grid"][2]


def shared_cycles(kernel):
    """Cycles of the first blocks' accesses to scratch: counted, and for addresses that may be of either memory a cycle
    for each 4 bytes of a thread."""
    generic = sum(a["warp_executions"] * int((re.search(r"\.v(\d)", a["instruction"]) or [0, 1])[1])
                  for a in kernel["accesses_in_first_block"]
                  if "shared" not in a["instruction"] and "global" not in a["instruction"])
    return accesses(kernel, "shared", "bank_cycles")[0] + generic


@dataclass
class Prediction:
    seconds: float
    bound: str


def predict(kernel, blocks, resident):
    """Seconds of one launch of `blocks` blocks, and what bounds it: docs/gpu.md has the formula."""
    launches = kernel["launches"]
    warps = -(-kernel["last_block"][0] // 32)
    warp_instructions = instructions(kernel) / 32 / launches / blocks_of(kernel)  # of a block
    busiest = -(-blocks // H100.multiprocessors)  # blocks that the busiest multiprocessor works off
    rounds = -(-busiest // resident)
    counts = kernel["thread_totals"]
    moved = (counts["bytes_load_global"] + counts["bytes_store_global"]) / launches * (blocks / blocks_of(kernel))
    bounds = {
        "instructions": busiest * warp_instructions / H100.warp_instructions / H100.clock,
        "a warp's length": rounds * warp_instructions / warps * H100.cycles_between / H100.clock,
        "shared memory": busiest * shared_cycles(kernel) / launches / H100.clock,
        "tensor cores": busiest * counts["mma_flops"] / launches / blocks_of(kernel) / H100.tensor_flops / H100.clock,
        "memory": moved / H100.memory,
        "launch": H100.launch,
    }
    bound = max(bounds, key=bounds.get)
    return Prediction(bounds[bound], bound)


def registers_on_h100(document):
    """Registers a thread by operation, from the document's own table."""
    cells = {row["kernel"].strip("`"): row["sm_90"] for row in read_rows(document, "kernels")}
    return {operation: int(cell.split("/")[0]) for operation, cell in cells.items() if "/" in cell}


def resident_on_h100(kernel, registers):
    """Blocks on a multiprocessor at once; 1 where nothing is known of the registers."""
    count = registers.get(operation_of(kernel["name"]))
    return resident_blocks("sm_90", count, kernel["last_block"][0], kernel["last_dynamic_shared"]) if count else 1


def is_per_task(operation):
    return operation.split("<")[0] not in ("SumOverTasks", "OuterStep", "SetKey")


def count_rows(kernels, launches, tasks):
    for operation, kernel in kernels.items():
        counts = kernel["thread_totals"]
        all_instructions = instructions(kernel)
        if operation.split("<")[0] not in MATRIX_KERNELS + ("Advantages", "ApplyGradient", "SumOverTasks", "OuterStep"):
            continue
        share = lambda *names: f"{100 * sum(counts[name] for name in names) / all_instructions:.1f} %"
        cycles, ideal_cycles = accesses(kernel, "shared", "bank_cycles")
        sectors, ideal_sectors = accesses(kernel, "global", "sectors")
        yield [f"`{operation}`", launches[operation], kernel["last_block"][0],
               number(all_instructions / kernel["launches"] / tasks), share("fp32_fma"),
               share("load_shared", "store_shared"), share("load_generic", "store_generic"),
               number(counts["flops"] / kernel["launches"] / tasks),
               number((counts["bytes_load_global"] + counts["bytes_store_global"]) / kernel["launches"] / tasks),
               f"{sectors / ideal_sectors:.2f}" if ideal_sectors else "", f"{cycles / ideal_cycles:.2f}" if ideal_cycles else ""]


def prediction_rows(kernels, rollout_of_many, launches, registers):
    """The rollout alone and the whole iteration for each number of tasks."""
    steps = ENVS * HORIZON
    for tasks in (40, 1_000, 10_000, 100_000):
        seconds, rollout = 0.0, None
        slowest = Prediction(0, "")
        for operation, kernel in kernels.items():
            blocks = blocks_of(kernel) * (tasks / TASKS if is_per_task(operation) else 1)
            form = rollout_of_many if operation.startswith("Rollout") and blocks > H100.multiprocessors else kernel
            prediction = predict(form, blocks, resident_on_h100(form, registers))
            seconds += prediction.seconds * launches[operation]
            if operation.startswith("Rollout"):
                rollout = prediction
            if prediction.seconds * launches[operation] > slowest.seconds:
                slowest = Prediction(prediction.seconds * launches[operation], f"`{operation}`: {prediction.bound}")
        yield [f"{tasks:,}", f"{1e6 * rollout.seconds:.0f}", f"{tasks * steps / rollout.seconds / 1e9:.2f}", rollout.bound,
               f"{1e6 * seconds:.0f}", f"{2 * tasks * steps / seconds / 1e9:.2f}", slowest.bound]


def trial_rows(arguments, registers):
    """A step of a rollout's two kernels, for each policy and number of trials."""
    for policy, config in TRIAL_CONFIGS.items():
        kernels = profile(arguments, REFERENCE | config)
        steps = [next(kernel for kernel in kernels if operation_of(kernel["name"]).startswith(family))
                 for family in ("StepMemory", "TrialStep")]
        for trials in (256, 4_096, 16_384):
            predictions = [predict(kernel, trials // TILE, resident_on_h100(kernel, registers)) for kernel in steps]
            seconds = sum(prediction.seconds for prediction in predictions)
            yield [policy, f"{trials:,}", *(cell for prediction in predictions
                                            for cell in (f"{1e6 * prediction.seconds:.1f}", prediction.bound)),
                   f"{trials / seconds / 1e6:.0f}"]


def profiles(arguments, precision):
    """What the reference counts in this precision, a dict of each operation's kernel; and its rollout of many tasks."""
    config = REFERENCE | {"precision": precision}
    kernels = {operation_of(kernel["name"]): kernel for kernel in profile(arguments, config)}
    many = {operation: kernel for kernel in profile(arguments, config | MANY | {"algorithm": {"name": "pretraining"}})
            if (operation := operation_of(kernel["name"])).startswith("Rollout")}
    return kernels, many


def launches_of_an_iteration(arguments):
    """Of each operation: what a second iteration adds."""
    launches = []
    for iterations in (1, 2):
        kernels = profile(arguments, REFERENCE | {"iterations": iterations, "horizon": 1})
        launches.append({operation_of(kernel["name"]): kernel["launches"] for kernel in kernels})
    return {operation: launches[1][operation] - launches[0][operation] for operation in launches[0]}


def launch_sizes(arguments):
    """(threads, shared bytes, where its scratch is) of each operation with the reference's network, in every environment
    and algorithm, as an H100 does it."""
    schema = json.loads(subprocess.run([arguments.innerloop, "list", "--schema"], check=True, capture_output=True, text=True).stdout)
    environments = [choice["properties"]["name"]["const"] for choice in schema["properties"]["environment"]["oneOf"]]
    variants = [{"environment": {"name": name}} for name in environments]
    trpo = {"name": "trpo", "cg_iterations": 1, "max_backtracks": 1}
    variants += [{"outer": trpo}, {"outer": trpo, "algorithm": {"name": "meta_sgd"}},
                 {"outer": trpo, "algorithm": {"name": "alfa"}},
                 {"algorithm": {"name": "maml", "estimator": "dice"}}, {"algorithm": {"name": "emaml"}},
                 {"algorithm": {"name": "promp", "adaptive_kl": True}}, {"algorithm": {"name": "meta_sgd"}},
                 {"algorithm": {"name": "alfa"}}, {"algorithm": {"name": "cavia"}},
                 {"algorithm": {"name": "maml", "baseline": "network", "value_hidden": [64, 64]}}]
    variants += [BANDIT | {"policy": {"name": name, "hidden": hidden, "layer_norm": layer_norm}}
                 for name in ("gru", "lstm") for hidden, layer_norm in ((512, False), (128, False), (128, True))]
    variants += [BANDIT | {"policy": {"name": name}} for name in ("episodic", "transformer")]
    variants += [TRIALS | {"environment": {"name": name}, "algorithm": {"name": "ppo", "epochs": 1, "minibatches": 1}}
                 for name in environments]
    sizes = {}
    for variant in variants:
        for kernel in profile(arguments, REFERENCE | MANY | {"horizon": 1} | variant):
            sizes[operation_of(kernel["name"])] = (kernel["last_block"][0], kernel["last_dynamic_shared"],
                                                   scratch_of(kernel["name"]))
    return sizes


def register_table(kernels, sizes, document):
    """Registers a thread / blocks on a multiprocessor; scratch that is too large for one is in device memory."""
    return table(["kernel", "threads", "shared bytes", *MULTIPROCESSORS], register_rows(kernels, sizes, document))


def register_rows(kernels, sizes, document):
    registers = {(kernel.operation, kernel.architecture, kernel.scratch): kernel.registers for kernel in kernels}
    compiled = {kernel.architecture for kernel in kernels}
    stored = {row["kernel"].strip("`"): row for row in read_rows(document, "kernels")}

    def cell(operation, architecture, threads, shared_bytes, scratch):
        if architecture not in compiled:
            return stored.get(operation, {}).get(architecture, "")
        count = registers.get((operation, architecture, scratch))
        if count is None:
            return ""
        if operation in OWN_ROWS and architecture != "sm_90":
            return count
        blocks = resident_blocks(architecture, count, threads, shared_bytes)
        if scratch == "shared" and blocks > 0:
            return f"{count} / {blocks}"
        count = registers[operation, architecture, "device"]
        return f"{count}, {resident_blocks(architecture, count, threads, 0)} in device memory"

    for operation, size in sorted(sizes.items()):
        yield [f"`{operation}`", *size[:2], *(cell(operation, architecture, *size) for architecture in MULTIPROCESSORS)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--innerloop", type=Path, required=True, help="built for cuda-on-cpu")
    parser.add_argument("--emulator", type=Path, required=True, help="the folder of cuda-on-cpu")
    parser.add_argument("--ptxas", type=argparse.FileType(errors="replace"),
                        help="the build's log, for one architecture of the table or several")
    parser.add_argument("--document", type=Path, default=ROOT / "docs/gpu.md")
    arguments = parser.parse_args()
    if arguments.ptxas:
        kernels = read_report(arguments.ptxas.read())
        sizes = launch_sizes(arguments)
        replace_part(arguments.document, "kernels", register_table(kernels, sizes, arguments.document))
        print("Not launched, so not in the table:", *sorted({kernel.operation for kernel in kernels} - sizes.keys()))
    launches = launches_of_an_iteration(arguments)
    kernels, many = profiles(arguments, "float32")
    counts = table(["kernel", "launches", "threads", "instructions a task", "FMA", "shared", "generic", "flop a task",
                    "global bytes a task", "sectors / least", "bank cycles / least"],
                   [*count_rows(many, launches, MANY_TASKS), *count_rows(kernels, launches, TASKS)])
    counts += f"\n{sum(launches.values())} launches a meta-iteration.\n"
    replace_part(arguments.document, "counts", counts)
    print(counts)
    registers = registers_on_h100(arguments.document)
    trials = table(["policy", "trials", "memory, µs a step", "bound", "environment, µs a step", "bound", "M env-steps/s"],
                   trial_rows(arguments, registers))
    replace_part(arguments.document, "trials", trials)
    print(trials)
    for part, (kernels, many) in {"predictions": (kernels, many),
                                  "predictions in TF32": profiles(arguments, "tf32")}.items():
        predictions = table(["tasks", "rollout, µs", "G env-steps/s", "bound", "iteration, µs", "G env-steps/s",
                             "longest kernels and their bound"],
                            prediction_rows(kernels, *many.values(), launches, registers))
        replace_part(arguments.document, part, predictions)
        print(predictions)


if __name__ == "__main__":
    main()
