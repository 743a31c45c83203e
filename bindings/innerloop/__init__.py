"""Batched meta-reinforcement learning on CPUs and GPUs.

    import innerloop as il

    config = il.Config.load("point_navigation_maml.json", set={"iterations": 75})
    run = il.train(config)                                          # as `innerloop train`, to the last bit
    print(il.evaluate(run, steps=3))                                # on tasks that it has never seen
    policy = il.adapt(run, task={"goal_x": 0.3, "goal_y": -0.4}, steps=2).policy()
    action = policy([0.0, 0.0], deterministic=True)
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from innerloop._core import version as __version__
from innerloop._errors import InputError, RunError
from innerloop._gymnasium import register as _register
from innerloop._plot import plot_training
from innerloop.config import Config, Plan, algorithms, configs, environments
from innerloop.evaluation import Adapted, Evaluation, adapt, evaluate, play
from innerloop.numpy_policy import NumpyPolicy, State
from innerloop.policy import Policy
from innerloop.sweeps import Sweep, sweep
from innerloop.training import Report, Run, Trainer, batch, train

if TYPE_CHECKING:
    from innerloop.vector import make, make_vec

__all__ = ["Adapted", "Config", "Evaluation", "InputError", "NumpyPolicy", "Plan", "Policy", "Report", "Run", "RunError",
           "State", "Sweep", "Trainer", "__version__", "adapt", "algorithms", "batch", "configs", "environments", "evaluate",
           "make", "make_vec", "play", "plot_training", "sweep", "train"]


def __getattr__(name: str) -> Any:
    # What needs Gymnasium is imported when it is asked for: the rest of the package does without it.
    if name in ("make", "make_vec"):
        from innerloop import vector

        return getattr(vector, name)
    raise AttributeError(f"module 'innerloop' has no attribute {name!r}")


_register()
