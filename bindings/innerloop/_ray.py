"""Sweeps whose runs Ray Tune starts, on the nodes of its cluster: they share the sweep's folder."""
from __future__ import annotations

import json
import logging
import math
import os
import signal
import threading
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.schedulers import ASHAScheduler

from innerloop import _program
from innerloop._errors import InputError, RunError
from innerloop.config import Config

_MOST_FAILURES = 3  # of a trial, before Ray gives it up
_WORST = 1e300


class PointTrial(tune.Trainable):  # type: ignore[misc]
    """A point, trained from stop to stop by the command.

    The runs' folders are its checkpoints: wherever it is started again, it goes on with them. What it has reached
    already it tells again, and nobody trains a run that another process, left over from a lost node, still has.
    """

    def setup(self, config: dict[str, Any]) -> None:
        self._folder, self._point, self._flags = Path(config["folder"]), int(config["point"]), config["flags"]
        self._sweep = json.loads((self._folder / "sweep.json").read_text(encoding="utf-8"))
        points = _points(self._folder)
        self._part, self._stops = f"{self._point + 1}/{len(points)}", stops(self._sweep, points[self._point])
        self._next = 0

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.setup(new_config)
        return True

    def step(self) -> dict[str, Any]:
        until = self._stops[self._next]
        _program.run("sweep", self._folder, "--shard", self._part, "--until", str(until), *self._flags, show=lambda _: None)
        self._next += 1
        score = self._score(until)
        return {"iterations": until, "score": score, "done": self._next == len(self._stops) or abs(score) == _WORST}

    def _score(self, iteration: int) -> float:
        """The mean over the seeds; of a point that has diverged the worst there is."""
        metrics = []
        for seed in self._sweep["seeds"]:
            file = self._folder / "runs" / f"{self._point:04d}-s{seed}" / "outcome.json"
            outcome = json.loads(file.read_text(encoding="utf-8"))
            metrics += [stop["metric"] for stop in outcome["stops"] if stop["iteration"] == iteration]
        if None in metrics or len(metrics) < len(self._sweep["seeds"]):
            return -_WORST if self._sweep["metric"]["goal"] == "maximize" else _WORST
        return math.fsum(metrics) / len(metrics)


def _points(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "points.jsonl").read_text(encoding="utf-8").splitlines()]


def stops(sweep: dict[str, Any], point: dict[str, Any]) -> list[int]:
    """The iterations after which a point stops, its end last: engine/sweep/halving.h."""
    configs = sweep["config"] if isinstance(sweep["config"], list) else [sweep["config"]]
    options = next(dict(config) for config in configs if config["$name"] == point["config"])
    options.pop("$name")
    end = int(Config(options).set(point["set"])["iterations"])
    stop, all_stops = int(sweep["halving"]["first"]), []
    while 0 < stop < end:
        all_stops.append(stop)
        stop *= int(sweep["halving"]["factor"])
    return [*all_stops, end]


class _Told(tune.Callback):  # type: ignore[misc]
    def on_trial_result(self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **more: Any) -> None:
        print(f"point {trial.config['point']} after {result['iterations']} iterations: {result['score']:.6g}", flush=True)

    def on_trial_recover(self, iteration: int, trials: list[Any], trial: Any, **more: Any) -> None:
        print(f"point {trial.config['point']} failed or lost its node, and is started again", flush=True)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **more: Any) -> None:
        print(f"point {trial.config['point']} failed too often", flush=True)


class Asha(ASHAScheduler):  # type: ignore[misc]
    """Ray's, but what it has decided it decides again in a later start.

    Neither Ray's state of an experiment nor `Tuner.restore` has the scheduler in it (2.60): a restored one knows nothing of
    the points that came to their end, and compares the others among themselves. So each start is an experiment of its own,
    in which all that is there is told again, and what came of it is in `file`.
    """

    def __init__(self, file: Path, sweep: dict[str, Any], end: int) -> None:
        halving = sweep["halving"]
        super().__init__(time_attr="iterations", max_t=end, grace_period=halving["first"], reduction_factor=halving["factor"])
        self._file, self._asked = file, {"halving": halving, "metric": sweep["metric"], "seeds": sweep["seeds"]}
        state = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        self._decided: dict[str, str] = state["decided"] if state.get("asked") == self._asked else {}

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        decision: str = super().on_trial_result(tune_controller, trial, result)
        key = f"{trial.config['point']} after {result['iterations']}"
        if key not in self._decided:
            self._decided[key] = decision
            self._file.parent.mkdir(exist_ok=True)
            new = self._file.with_suffix(".new")
            new.write_text(json.dumps({"asked": self._asked, "decided": self._decided}), encoding="utf-8")
            new.replace(self._file)
        return self._decided[key]


def _scheduler(sweep: dict[str, Any], points: list[dict[str, Any]], folder: Path) -> Asha | None:
    if sweep["halving"]["first"] == 0:
        return None
    return Asha(folder / "ray" / "decisions.json", sweep, stops(sweep, points[0])[-1])


def run(path: str, folder: Path, resume: bool, flags: list[str]) -> None:
    """Trains the sweep, of which `flags` say what computes."""
    prepare = ["--resume"] if resume else []
    _program.run("sweep", path, "--out", folder, "--results", *prepare, *flags, show=lambda _: None)
    sweep, points = json.loads((folder / "sweep.json").read_text(encoding="utf-8")), _points(folder)
    if any(sweep["devices"]):
        raise InputError(f"{path}: /devices: wanted [], or [0] where each point takes a GPU that Ray gives it, found "
                         f"{sweep['devices']}")
    folder = folder.resolve()
    budget, seeds = sweep["budget"], len(sweep["seeds"])
    count = min(len(points), budget["runs"] // seeds) if budget["runs"] else len(points)
    os.environ["TUNE_DISABLE_SIGINT_HANDLER"] = "1"
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")  # the other one shows its tables whatever `verbose` says
    mine, terminated = not ray.is_initialized(), signal.getsignal(signal.SIGTERM)
    if mine:
        ray.init(address=sweep["engine"]["address"] or "local", log_to_driver=False, logging_level=logging.WARNING)
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, terminated)  # as it was before Ray
    try:
        trainable = tune.with_resources(PointTrial, {"CPU": sweep["jobs"] * max(sweep["threads"], 1),
                                                     "GPU": 1 if sweep["devices"] else 0})
        tuner = tune.Tuner(
            trainable,
            param_space={"point": tune.grid_search(list(range(count))), "folder": str(folder), "flags": flags},
            tune_config=tune.TuneConfig(
                metric="score", mode="max" if sweep["metric"]["goal"] == "maximize" else "min",
                scheduler=_scheduler(sweep, points, folder), reuse_actors=True, time_budget_s=budget["hours"] * 3600 or None,
                trial_dirname_creator=lambda trial: f"{trial.config['point']:04d}"),
            run_config=tune.RunConfig(
                name="ray", storage_path=str(folder), verbose=0, callbacks=[_Told()],
                failure_config=tune.FailureConfig(max_failures=_MOST_FAILURES),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False)))
        results = tuner.fit()
    finally:
        if mine:
            ray.shutdown()
    _program.run("sweep", folder, "--results")
    if results.errors:
        raise RunError(f"sweep: wanted all points to be trained, found {len(results.errors)} that Ray gave up: "
                       f"{results.errors[0]}")
