"""What a trained agent reaches on held-out tasks, and on a task of yours."""
from __future__ import annotations

import html
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from innerloop import _core, _plot
from innerloop._errors import InputError
from innerloop._tasks import task_table
from innerloop.config import Config
from innerloop.policy import Policy

if TYPE_CHECKING:
    from innerloop.training import Run, Trainer

    Trained: TypeAlias = Run | Trainer | str | os.PathLike[str]


def _trained(run: Trained) -> tuple[_core.TrainedRun, Config]:
    if isinstance(run, (str, os.PathLike)):
        trained = _core.TrainedRun.open(os.fspath(run))
        return trained, Config._of(trained.config)
    return _core.TrainedRun(run.config._core, run.iteration, run.params), run.config


class Evaluation:
    """How an agent does as it learns a task. `report` is what evaluation.json holds: docs/files.md."""

    def __init__(self, report_json: str, by_task_json: str = "{}") -> None:
        self._json, self._by_task_json = report_json, by_task_json
        self.report: dict[str, Any] = json.loads(report_json)

    @property
    def curve(self) -> Any:
        """A row for each gradient step, or episode of a trial: a DataFrame where pandas is installed, else a list."""
        rows: list[dict[str, Any]] = self.report["curve"]
        try:
            import pandas
        except ImportError:
            return rows
        return pandas.DataFrame(rows)

    @property
    def returns(self) -> list[float]:
        """The mean return of each row of the curve."""
        return [row["mean_return"] for row in self.report["curve"]]

    @property
    def returns_by_task(self) -> npt.NDArray[np.float64]:
        """What each held-out task brought, [task, row of the curve], of more than 1,000 tasks the first 1,000; NaN where it
        is not finite. Empty where a run's folder does not have evaluation_tasks.json."""
        rows = json.loads(self._by_task_json).get("returns", [])
        return np.array(rows, np.float64).reshape(len(rows), len(self.report["curve"]))

    @property
    def tasks(self) -> npt.NDArray[np.float64]:
        """The numbers of these tasks, [task, number]; empty where a task has more than eight."""
        by_task = json.loads(self._by_task_json)
        return np.array(by_task.get("tasks", []), np.float64).reshape(-1, len(by_task.get("task_names", [])))

    @property
    def ci(self) -> list[float | None]:
        """The half width of the 95 % confidence interval of each, which counts tasks; None where there is one task."""
        return [row["ci95"] for row in self.report["curve"]]

    def to_json(self) -> str:
        """The text of evaluation.json."""
        return self._json

    def __str__(self) -> str:
        return _core.evaluation_table(self._json)

    def __repr__(self) -> str:
        return f"<Evaluation: {self.report['algorithm']} on {self.report['environment']}, returns {self.returns}>"

    def _repr_html_(self) -> str:
        curves = {self.report["algorithm"]: self.report["curve"]}
        curves |= {baseline["name"]: baseline["curve"] for baseline in self.report["baselines"]}
        return f"<div>{_plot.adaptation_svg(curves)}<pre>{html.escape(str(self))}</pre></div>"


def evaluate(run: Trained, *, task: Mapping[str, Any] | None = None, tasks: Any = None,
             steps: int | None = None, threads: int = 0, backend: str = "auto", device: int = 0,
             instructions: str = "auto") -> Evaluation:
    """Adapts a run, a trainer or the run in a folder to held-out tasks, as `innerloop evaluate` does.

    `task`, its numbers by name, takes their place. `tasks` says how many there are, or which: numbers [tasks, numbers], a
    list of mappings by name or a data frame. `steps` says how many gradient steps are taken. Nothing is written.

    >>> from innerloop import train
    >>> run = train(Config(iterations=1, tasks_per_iteration=4), threads=1, evaluate=False)
    >>> evaluation = evaluate(run, tasks=5, steps=2, threads=1)
    >>> len(evaluation.returns), evaluation.report["tasks"]
    (3, 5)
    >>> own = evaluate(run, tasks=[{"goal_x": 0.5, "goal_y": 0.25}, {"goal_x": -0.5, "goal_y": 0}], steps=1, threads=1)
    >>> own.tasks.tolist(), own.returns_by_task.shape
    ([[0.5, 0.25], [-0.5, 0.0]], (2, 2))
    """
    trained, config = _trained(run)
    if task is not None and tasks is not None:
        raise InputError("evaluate: wanted a task or tasks, found both")
    options: dict[str, int] = {}
    table = None
    if isinstance(tasks, (int, np.integer)) and not isinstance(tasks, bool):
        options["evaluation.tasks"] = int(tasks)
    elif tasks is not None:
        table = task_table(tasks, trained.config.task_names())
    if steps is not None:
        if "inner_steps" not in config["algorithm"]:
            raise InputError(f"steps: wanted none for a run of \"{config['algorithm.name']}\", which takes no gradient "
                             f"steps, found {steps}")
        options["evaluation.inner_steps"] = steps
    if options:
        trained = _core.TrainedRun(config.set(options)._core, trained.iteration, trained.params)
    if table is not None:
        trained = trained.with_tasks(table)
    text = None if task is None else json.dumps(dict(task))
    return Evaluation(*trained.evaluation(text, _core.DeviceOptions(backend, threads, device, instructions)))


class Adapted:
    """A policy that gradient steps have adapted to one task: its `task`, the `returns` before the first step and after
    each, its `params`, and the `iteration` of the run that it comes from."""

    def __init__(self, core: _core.AdaptedPolicy, config: Config) -> None:
        self._core, self.config = core, config
        self.task: dict[str, float] = json.loads(core.task_json(config._core))
        self.returns: list[float] = core.returns
        self.iteration: int = core.iteration
        self.params = core.params

    def policy(self) -> Policy:
        """The adapted policy."""
        return Policy._of(self.config, self.params, self.iteration)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes it as `innerloop adapt --out` does: `Policy.load` and `innerloop evaluate --policy` take it."""
        self._core.write(os.fspath(path), self.config._core)

    def __repr__(self) -> str:
        return f"<Adapted: to {self.task}, returns {self.returns}>"

    def _repr_html_(self) -> str:
        curve = [{"step": step, "mean_return": mean, "ci95": None} for step, mean in enumerate(self.returns)]
        return f"<div>{_plot.adaptation_svg({'adapted': curve})}<pre>{html.escape(repr(self))}</pre></div>"


def adapt(run: Trained, *, task: Mapping[str, Any] | None = None, seed: int | None = None, steps: int = 1,
          threads: int = 0, backend: str = "auto", device: int = 0, instructions: str = "auto") -> Adapted:
    """Adapts a run to one task by `steps` gradient steps, as `innerloop adapt` does.

    `task` has its numbers by name; `seed` draws one in its place, as the first held-out task is drawn.

    >>> from innerloop import train
    >>> run = train(Config(iterations=1, tasks_per_iteration=4), threads=1, evaluate=False)
    >>> adapted = adapt(run, task={"goal_x": 0.5, "goal_y": -0.25}, steps=2, threads=1)
    >>> adapted.task, len(adapted.returns)
    ({'goal_x': 0.5, 'goal_y': -0.25}, 3)
    """
    if (task is None) == (seed is None):
        raise InputError(f"adapt: wanted a task or a seed, found {'neither' if task is None else 'both'}")
    if not 1 <= steps <= 255:
        raise InputError(f"steps: wanted a whole number from 1 to 255, found {steps}")
    if seed is not None and not 0 <= seed < 2**32:
        raise InputError(f"seed: wanted a whole number from 0 to {2**32 - 1}, found {seed}")
    trained, config = _trained(run)
    text = None if task is None else json.dumps(dict(task))
    options = _core.DeviceOptions(backend, threads, device, instructions)
    return Adapted(trained.adapted(text, seed, steps, options), config)


def play(run: Trained, *, task: Mapping[str, Any] | None = None, seed: int | None = None, threads: int = 0,
         backend: str = "auto", device: int = 0, instructions: str = "auto") -> dict[str, Any]:
    """One trial of an agent with a memory, as `innerloop play` shows it, as arrays.

    They are `observations` [step, number], `actions` [step, number], `rewards` [step] and `ended` [step], whether an
    episode ended with the step. `seed` draws task and trial, in place of the config's `evaluation.seed`.
    """
    trained, config = _trained(run)
    if seed is not None:
        trained = _core.TrainedRun(config.set({"evaluation.seed": seed})._core, trained.iteration, trained.params)
    text = None if task is None else json.dumps(dict(task))
    steps = trained.played(text, _core.DeviceOptions(backend, threads, device, instructions))
    return {"observations": np.array([step.saw for step in steps], np.float32),
            "actions": np.array([step.did for step in steps], np.float32),
            "rewards": np.array([step.got for step in steps], np.float32),
            "ended": np.array([step.ended for step in steps])}
