"""Training: step by step, or to the end."""
from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from innerloop import _core, _plot, _safetensors
from innerloop._errors import InputError, RunError
from innerloop.config import Config
from innerloop.evaluation import Evaluation
from innerloop.policy import Policy

Floats = npt.NDArray[np.float32]
Path = str | os.PathLike[str]


@dataclass(frozen=True)
class Report:
    """What one iteration brought.

    `returns` are the mean returns before and after each inner step, or of each episode of a trial, or that of the episodes
    that ended (of `ppo`; empty where none did);
    `evaluation_returns` the same on held-out tasks, empty unless an evaluation was due; `metrics` the object that
    metrics.jsonl has. `params` is the trainer's own read-only array: `.copy()` what is to stay as it is.
    """

    iteration: int
    env_steps: int
    seconds: float
    returns: list[float]
    gradient_norm: float
    evaluation_returns: list[float]
    extra: dict[str, float]
    metrics: dict[str, Any] = field(repr=False)
    params: Floats = field(repr=False)


class Trainer:
    """Trains a config one iteration at a time.

    >>> config = Config(iterations=3, tasks_per_iteration=4, envs_per_task=4, horizon=10)
    >>> for report in Trainer(config, threads=1, backend="cpu"):
    ...     print(report.iteration, len(report.returns))
    1 2
    2 2
    3 2

    With `out`, a folder that is not there yet, a run's files are written as `innerloop train --out` writes them.
    With `resume` the run in `out` goes on; of `config`, which may be None then, only `iterations` may differ.

    Steps give the GIL away, so trainers in several threads run side by side. Ctrl-C raises KeyboardInterrupt after
    the iteration. A fork of the process cannot use its trainers: start processes with "spawn", or make trainers in
    them.
    """

    def __init__(self, config: Config | None, out: Path | None = None, *, resume: bool = False, threads: int = 0,
                 backend: str = "auto", device: int = 0, instructions: str = "auto") -> None:
        options = _core.DeviceOptions(backend, threads, device, instructions)
        self._lock, self._process = threading.Lock(), os.getpid()
        self.path = None if out is None else os.fspath(out)
        if resume:
            self._core = self._resumed(config, options)
            self._core.write_into_resumed()
        else:
            if config is None:
                raise InputError("config: wanted a config, found None")
            self._core = _core.Training(config._core, config._source, options)
            if self.path is not None:
                self._core.write_into_new(self.path)
        self.config = Config._of(self._core.config, config._source if config else "config")
        if doubt := self._core.doubt:
            warnings.warn(f"{self.config._source}: {doubt}", stacklevel=2)

    def _resumed(self, config: Config | None, options: _core.DeviceOptions) -> _core.Training:
        if self.path is None:
            raise InputError("resume: wanted the run's folder as out, found none")
        if config is None:
            return _core.Training.resume(self.path, [], options)
        training = _core.Training.resume(self.path, [f"iterations={config['iterations']}"], options)
        if other := Config._of(training.config).diff(config):
            training.close()
            pointer, (wanted, found) = next(iter(other.items()))
            raise InputError(f"config: {pointer}: wanted {json.dumps(wanted)} as in the run {self.path}, found "
                             f"{json.dumps(found)}")
        return training

    def step(self) -> Report:
        """One iteration. Raises RunError where its gradient is not finite; the trainer is then as it was before it."""
        if os.getpid() != self._process:
            raise RunError("Trainer: wanted the process that made it, found a fork of that; start processes with "
                           "\"spawn\", or make trainers in them")
        with self._lock:
            if self._core.complete:
                raise InputError(f"step: wanted an iteration that is left, found that all {self.iteration} are done")
            report = self._core.step()
        return Report(report.iteration, report.env_steps, report.seconds, report.returns, report.gradient_norm,
                      report.evaluation_returns, dict(report.extra), json.loads(report.json()), self.params)

    def __iter__(self) -> Iterator[Report]:
        while not self.complete:
            yield self.step()

    def __len__(self) -> int:
        """How many iterations are left."""
        return int(self.config["iterations"]) - self.iteration

    @property
    def complete(self) -> bool:
        """Whether no iteration is left."""
        return self._core.complete

    @property
    def iteration(self) -> int:
        """How many are done."""
        return self._core.iteration

    @property
    def env_steps(self) -> int:
        """Steps of environments so far, those that count."""
        return self._core.env_steps

    @property
    def device(self) -> str:
        """What computes, in words."""
        return self._core.device

    @property
    def params(self) -> Floats:
        """All that is learned, read-only. On a CPU this is where the trainer itself has it: it changes with each step."""
        return self._core.params

    def policy(self) -> Policy:
        """The policy as it is now."""
        return Policy._of(self.config, self.params.copy(), self.iteration)

    def save(self, path: Path | None = None) -> None:
        """Writes a checkpoint of where training is: into the run's folder, or into a new run at `path`.

        `evaluate`, `adapt`, `Run.load` and the command line take that run, and `resume=True` goes on from it.
        """
        with self._lock:
            if path is not None:
                self._core.save_as(os.fspath(path))
            elif self.path is None:
                raise InputError("save: wanted a path, as this trainer has no folder of its own, found none")
            else:
                self._core.save()

    def close(self) -> None:
        """Saves, and lets go of the run's folder: others may train in it now. Steps write no more."""
        if self.path is not None:
            self.save()
            self.path = None
        self._core.close()

    def __enter__(self) -> Trainer:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def checkpoint(self) -> dict[str, npt.NDArray[Any]]:
        """Copies of all arrays that the next iteration depends on: `params`, `adam.first_moment` …"""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "run")
            self.save(path)
            return _safetensors.read(_core.checkpoint_file(path, self.iteration))[0]


@dataclass(frozen=True)
class Run:
    """What training has left, in memory and, where there is a folder, in files.

    `metrics` has an object an iteration, `evaluation` what the policy reaches on held-out tasks.
    """

    config: Config
    iteration: int
    params: Floats = field(repr=False)
    path: str | None = None
    metrics: list[dict[str, Any]] = field(default_factory=list, repr=False)
    evaluation: Evaluation | None = field(default=None, repr=False)

    @staticmethod
    def load(path: Path) -> Run:
        """The run in a folder, with its newest checkpoint."""
        run = _core.TrainedRun.open(os.fspath(path))
        metrics, evaluation = os.path.join(path, "metrics.jsonl"), os.path.join(path, "evaluation.json")
        lines, report = [], None
        if os.path.exists(metrics):
            with open(metrics, encoding="utf-8") as file:
                lines = [json.loads(line) for line in file]
        tasks, by_task = os.path.join(path, "evaluation_tasks.json"), "{}"
        if os.path.exists(tasks):
            with open(tasks, encoding="utf-8") as file:
                by_task = file.read()
        if os.path.exists(evaluation):
            with open(evaluation, encoding="utf-8") as file:
                report = Evaluation(file.read(), by_task)
        return Run(Config._of(run.config), run.iteration, run.params, os.fspath(path), lines, report)

    @property
    def complete(self) -> bool:
        """Whether all iterations were done."""
        return self.iteration >= int(self.config["iterations"])

    def policy(self) -> Policy:
        """The trained policy."""
        return Policy._of(self.config, self.params, self.iteration)

    def _repr_html_(self) -> str:
        shown = _plot.plot_training(self.metrics).svg if self.metrics else ""
        return f"<div>{shown}{'' if self.evaluation is None else self.evaluation._repr_html_()}</div>"


def train(config: Config | None, out: Path | None = None, *, resume: bool = False, threads: int = 0,
          backend: str = "auto", device: int = 0, instructions: str = "auto",
          callback: Callable[[Report], object] | None = None, evaluate: bool = True,
          progress: bool | None = None) -> Run:
    """Trains to the end and evaluates on held-out tasks: what `innerloop train` does, to the last bit.

    `callback` is called with the Report of each iteration; where it returns False, training stops. What it raises
    arrives unchanged. With `out`, a run's folder, there is a checkpoint then, as after Ctrl-C, and `resume=True` goes
    on from it. Without `out` nothing is written. `progress` shows how far it is in a line on stderr; None: where that is a
    terminal.

    >>> run = train(Config(iterations=2, tasks_per_iteration=4, envs_per_task=4, evaluation={"tasks": 5}), threads=1,
    ...             callback=lambda report: report.iteration < 1)
    >>> run.iteration, run.complete
    (1, False)
    """
    trainer = Trainer(config, out, resume=resume, threads=threads, backend=backend, device=device,
                      instructions=instructions)
    path, metrics, stopped = trainer.path, [], False
    shown = sys.stderr.isatty() if progress is None else progress
    try:
        for report in trainer:
            metrics.append(report.metrics)
            if shown:
                _show(report, int(trainer.config["iterations"]))
            if callback is not None and callback(report) is False:
                stopped = True
                break
    except BaseException:
        with contextlib.suppress(RunError):  # what is under way tells more
            trainer.close()
        raise
    trainer.close()
    run = Run(trainer.config, trainer.iteration, trainer.params.copy(), path, metrics)
    if stopped or not evaluate:
        return run
    evaluation = _evaluated(run, threads, backend, device, instructions)
    if path is not None:
        _core.write_results(path, evaluation.to_json(), evaluation._by_task_json)
    return Run(run.config, run.iteration, run.params, path, run.metrics, evaluation)


def _show(report: Report, iterations: int) -> None:
    done = 24 * report.iteration // iterations
    rate = report.metrics["env_steps_per_second"]
    print(f"\r[{'#' * done}{' ' * (24 - done)}] {report.iteration}/{iterations}  return {report.returns[0]:.2f} -> "
          f"{report.returns[-1]:.2f}  {rate / 1e6:.2f} M steps/s \x1b[K", end="\n" if report.iteration == iterations else "",
          file=sys.stderr, flush=True)


def _evaluated(run: Run, threads: int, backend: str, device: int, instructions: str) -> Evaluation:
    trained = _core.TrainedRun(run.config._core, run.iteration, run.params)
    return Evaluation(*trained.evaluation(None, _core.DeviceOptions(backend, threads, device, instructions)))


def batch(config: Config, iteration: int = 1, *, threads: int = 0, backend: str = "auto", device: int = 0,
          instructions: str = "auto") -> dict[str, npt.NDArray[Any]]:
    """All numbers of one meta-iteration, which `innerloop train --dump-batch` writes: docs/files.md has the names.

    Any autodiff framework can recompute the gradients from them.

    >>> numbers = batch(Config(tasks_per_iteration=2, envs_per_task=3, horizon=5), threads=1)
    >>> numbers["inner.0.observations"].shape
    (2, 3, 5, 2)
    """
    if not 1 <= iteration <= int(config["iterations"]):
        raise InputError(f"iteration: wanted a whole number from 1 to {config['iterations']}, found {iteration}")
    trainer = Trainer(config, threads=threads, backend=backend, device=device, instructions=instructions)
    while trainer.iteration < iteration - 1:
        trainer.step()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "batch.safetensors")
        trainer._core.dump_batch(path)
        return _safetensors.read(path)[0]
