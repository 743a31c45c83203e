"""What the tests of the Python package share."""
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

import innerloop as il

# A shell that starts the tests in the background has its children ignore Ctrl-C, which tests of it do not mean.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parents[2]

# Trains in milliseconds.
TINY = {"seed": 7, "iterations": 6, "tasks_per_iteration": 3, "envs_per_task": 4, "horizon": 5,
        "environment": {"name": "point_navigation"}, "policy": {"name": "mlp", "hidden": [5, 3]},
        "algorithm": {"name": "maml", "inner_steps": 2}, "outer": {"name": "adam", "lr": 0.01},
        "evaluation": {"every": 3, "tasks": 2, "envs_per_task": 2, "inner_steps": 1},
        "checkpoint": {"every": 2, "keep": 2}}

# An agent with a memory; trials of several episodes.
TINY_MEMORY = {"iterations": 2, "tasks_per_iteration": 20, "envs_per_task": 1, "horizon": 5, "at_episode_end": "restart",
               "environment": {"name": "bandit"}, "policy": {"name": "gru", "hidden": 6},
               "algorithm": {"name": "rl2", "trial_length": 20, "minibatches": 2}, "outer": {"name": "adam", "lr": 0.01},
               "evaluation": {"tasks": 4, "envs_per_task": 1, "deterministic": True}}


@pytest.fixture
def tiny():
    return il.Config(TINY)


def command(*arguments, **options):
    """Runs the command that the package brings along."""
    program = Path(il.__file__).parent / "bin" / "innerloop"
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, **options)


def without_times(metrics):
    return [{name: value for name, value in line.items() if not name.endswith("second") and name != "seconds"}
            for line in metrics]


def checkpoint(run):
    """The bytes of the newest checkpoint of a run's folder."""
    return max(Path(run, "checkpoints").iterdir(), key=lambda path: int(path.stem)).read_bytes()


def copied(folder, to):
    shutil.copytree(folder, to)
    return to
