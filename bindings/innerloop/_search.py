"""Sweeps whose values Optuna chooses, from what earlier points have reached."""
from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import json
import math
import os
import re
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from innerloop import _program
from innerloop._errors import InputError, RunError

Values = dict[str, Any]

_EXTRA = 'pip install "innerloop[sweep]"'
_LIBRARIES = {"tpe": {"optuna": _EXTRA}, "cmaes": {"optuna": _EXTRA, "cmaes": _EXTRA},
              "gp": {"optuna": _EXTRA, "scipy": "pip install scipy torch", "torch": "pip install scipy torch"}}
_LOCKED_BYTE = 2**62  # of the file `lock`, behind those of runs
_MOST_REPEATS = 10  # asks that bring a point again, before one is drawn
_MOST_DRAWS = 200


def _optuna(name: str, source: str) -> Any:
    """The library, with what its sampler of this name needs."""
    for library, command in _LIBRARIES[name].items():
        if importlib.util.find_spec(library) is None:
            raise InputError(f'{source}: /search/name: wanted {library} for "{name}" ({command}), found none')
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return optuna


class _Space:
    """Optuna's numbers for the values of a sweep's `random`, and back. Of a choice it is the place in its list."""

    def __init__(self, draws: dict[str, dict[str, Any]], optuna: Any) -> None:
        self._draws = draws
        self.distributions = {path: self._distribution(draw, optuna.distributions) for path, draw in draws.items()}

    @staticmethod
    def _distribution(draw: dict[str, Any], kinds: Any) -> Any:
        if "choice" in draw:
            return kinds.CategoricalDistribution(list(range(len(draw["choice"]))))
        if "int" in draw:
            (low, high), step = draw["int"], draw["step"]
            return kinds.IntDistribution(low, high - (high - low) % step, step=step)
        low, high = draw.get("uniform") or draw["log_uniform"]
        return kinds.FloatDistribution(low, high, log="log_uniform" in draw)

    def values(self, params: dict[str, Any]) -> Values:
        return {path: self._value(draw, params[path]) for path, draw in self._draws.items()}

    @staticmethod
    def _value(draw: dict[str, Any], number: Any) -> Any:
        if "choice" in draw:
            return draw["choice"][number]
        if "int" in draw:
            return int(number)
        low, high = draw.get("uniform") or draw["log_uniform"]
        return min(max(float(f"{number:.6g}"), low), high)  # six digits, as of what the command draws

    def params(self, values: Values) -> dict[str, Any]:
        return {path: [json.dumps(choice) for choice in draw["choice"]].index(json.dumps(values[path]))
                if "choice" in draw else values[path] for path, draw in self._draws.items()}


class Search:
    """A search in a sweep's folder.

    Its state is the folder: search.json has the sweep as it was handed in, and what was asked for so far, batch by
    batch; the command trains these points. Before each batch the study is made anew from there, with samplers that
    are seeded by the numbers of what they are asked for: a search that was killed asks what it would have asked.
    """

    def __init__(self, sweep: dict[str, Any], source: str, folder: Path, jobs: int | None) -> None:
        self._sweep, self._source, self._folder = sweep, source, folder
        self._name: str = sweep["search"]["name"]
        self._check()
        self._optuna = _optuna(self._name, source)
        self._space = _Space(sweep["random"], self._optuna)
        self._asked: list[list[Values]] = self._read()
        self._batch = -(-(jobs or sweep["jobs"]) // len(sweep["seeds"]))  # as many points as keep all jobs busy
        self._jobs = jobs

    def _refuse(self, pointer: str, wanted: str, found: str) -> None:
        raise InputError(f"{self._source}: {pointer}: wanted {wanted}, found {found}")

    def _check(self) -> None:
        for key in ("grid", "points", "when"):
            if key in self._sweep:
                self._refuse(f"/{key}", f'none beside "search": "{self._name}", but its values under /random, as '
                             '{"choice": [value, …]}', "one")
        if isinstance(self._sweep["config"], list):
            self._refuse("/config", f'one config beside "search": "{self._name}"', f"{len(self._sweep['config'])}")
        draws = self._sweep.get("random", {})
        if not draws:
            self._refuse("/random", "options whose values are searched", "none")
        if self._name == "cmaes" and (len(draws) < 2 or any("choice" in draw for draw in draws.values())):
            self._refuse("/random", 'at least two options beside "cmaes", all of them numbers ("tpe" takes any)',
                         json.dumps(list(draws)))
        if self._sweep["engine"]["name"] != "local":
            self._refuse("/engine/name", f'"local" beside "search": "{self._name}"',
                         json.dumps(self._sweep["engine"]["name"]))

    def _read(self) -> list[list[Values]]:
        file = self._folder / "search.json"
        if not file.exists():
            if (self._folder / "sweep.json").exists():
                raise InputError(f"{self._folder}: wanted the folder of a search, found that of another sweep")
            return []
        state = json.loads(file.read_text(encoding="utf-8"))
        for key in ("random", "metric"):
            if state["sweep"][key] != self._sweep[key]:
                self._refuse(f"/{key}", f"{json.dumps(state['sweep'][key])} as in {self._folder}",
                             json.dumps(self._sweep[key]))
        asked: list[list[Values]] = state["asked"]
        return asked

    def _write(self) -> None:
        """What was asked for, and of it the sweep that the command trains."""
        _write_json(self._folder / "search.json", {"sweep": self._sweep, "asked": self._asked})
        trained = {key: value for key, value in self._sweep.items() if key not in ("random", "search", "budget", "samples")}
        _write_json(self._folder / "sweep.json", {**trained, "points": self._points()})

    def _points(self) -> list[Values]:
        """What was asked for, each once, in order: the points of the sweep by their numbers."""
        return list({_text(values): values for batch in self._asked for values in batch}.values())

    def _most_points(self) -> int:
        samples: int = self._sweep["samples"]
        runs, seeds = self._sweep["budget"]["runs"], len(self._sweep["seeds"])
        if 0 < runs < seeds:
            self._refuse("/budget/runs", f"at least the {seeds} of one point", f"{runs}")
        return min(samples, runs // seeds) if runs else samples

    def run(self, flags: list[str]) -> None:
        """Searches to the end; `flags` are those of the command that trains."""
        start, hours, most = time.monotonic(), self._sweep["budget"]["hours"], self._most_points()
        self._told, self._runs = 0, most * len(self._sweep["seeds"])
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._alone():
            retried = False
            while True:
                points = len(self._points())
                if points:
                    self._write()
                    self._train([*flags, "--no-retry"] if retried else flags)
                    retried = True
                if points >= most or 0 < hours * 3600 < time.monotonic() - start:
                    break
                batch = self._ask(min(self._batch, most - points))
                self._asked.append(batch)
                if len(self._points()) == points:
                    print(f"{self._name} has no other point to ask for: {points} there are", flush=True)
                    break
            self._finish()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with open(self._folder / "lock", "ab") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _LOCKED_BYTE)
            except OSError:
                raise InputError(f"{self._folder}: wanted one search at a time, found another at work in it") from None
            yield

    def _train(self, flags: list[str]) -> None:
        try:
            _program.run("sweep", self._folder, *flags, show=self._show)
        except RunError:
            # Runs that failed count as the worst, and are told at the end; if it was something else, runs are left.
            ended = [point for point in self._results() if all(run["status"] != "not trained" for run in point["runs"])]
            if len(ended) < len(self._points()):
                raise

    def _show(self, line: str) -> None:
        """The lines about runs, with our own count."""
        if run := re.fullmatch(r"(\d{4,}-s\d+ .*) \(\d+ of \d+\)", line):
            self._told += 1
            print(f"{run[1]} ({self._told} of {self._runs})", flush=True)
        elif line.startswith("failed: "):
            print(line, flush=True)

    def _finish(self) -> None:
        _program.run("sweep", self._folder, "--results")
        failed = sum(run["status"] == "failed" for point in self._results() for run in point["runs"])
        if failed:
            raise RunError(f"sweep: wanted all runs to end well, found {failed} that failed, told above")

    def _results(self) -> list[dict[str, Any]]:
        file = self._folder / "results.json"
        report = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"points": []}
        groups = {point["group"] for point in report["points"]}
        if len(groups) > 1:
            self._refuse("/random", "points that are measured on the same tasks, which one search can compare",
                         f"{len(groups)} groups of them: {sorted(groups)}")
        points: list[dict[str, Any]] = report["points"]
        return points

    def _ask(self, count: int) -> list[Values]:
        """The next batch: so many new points, and those that came again meanwhile."""
        study, known = self._study(), {_text(values) for values in self._points()}
        batch: list[Values] = []
        for _ in range(count):
            for ask in range(_MOST_REPEATS + _MOST_DRAWS):
                values = self._space.values(self._ask_once(study, drawn=ask >= _MOST_REPEATS).params)
                new = _text(values) not in known
                if new or ask < _MOST_REPEATS:
                    batch.append(values)
                if new:
                    known.add(_text(values))
                    break
        return batch

    def _ask_once(self, study: Any, drawn: bool = False) -> Any:
        seed = np.random.SeedSequence([self._sweep["sweep_seed"], len(study.get_trials(deepcopy=False))])
        samplers = self._optuna.samplers
        sampler = samplers.RandomSampler if drawn else {
            "tpe": samplers.TPESampler, "gp": samplers.GPSampler, "cmaes": samplers.CmaEsSampler}[self._name]
        study.sampler = sampler(seed=int(seed.generate_state(1)[0]))
        trial = study.ask(self._space.distributions)
        trial.relative_params  # of values that were given, too: now the sampler notes what it keeps in the trial
        return trial

    def _study(self) -> Any:
        """All that was asked for, with what came of it."""
        optuna, goal = self._optuna, self._sweep["metric"]["goal"]
        study = optuna.create_study(direction=goal)
        scores: dict[str, dict[str, Any]] = {_text(values): {} for values in self._points()}
        if scores:
            points = self._results()
            means = [point["mean"] for point in points if point["complete"] and point["mean"] is not None]
            worst = (min if goal == "maximize" else max)(means, default=None)
            for point in points:
                scores[_text(point["values"])] = self._told_of(point, worst)
        for batch in self._asked:
            if self._name == "cmaes":
                # What it has learned it keeps in the trials that it was asked for: so it is asked again.
                trials = []
                for values in batch:
                    study.enqueue_trial(self._space.params(values))
                    trials.append(self._ask_once(study))
                for trial, values in zip(trials, batch):
                    told = scores[_text(values)]
                    study.tell(trial, told.get("value"), state=told["state"])
            else:
                for values in batch:
                    study.add_trial(optuna.trial.create_trial(params=self._space.params(values),
                                                              distributions=self._space.distributions,
                                                              **scores[_text(values)]))
        return study

    def _told_of(self, point: dict[str, Any], worst: float | None) -> dict[str, Any]:
        """A point of results.json as Optuna takes it. In `mean` runs that diverged or failed count as the worst; a point of
        nothing but such has none, and is told as the worst point."""
        states = self._optuna.trial.TrialState
        if point["complete"]:
            value = worst if point["mean"] is None else point["mean"]
            return {"state": states.FAIL} if value is None else {"state": states.COMPLETE, "value": value}
        metrics = [run.get("metric") for run in point["runs"]]
        if None in metrics:
            return {"state": states.PRUNED}
        return {"state": states.PRUNED, "intermediate_values": {point["iteration"]: math.fsum(metrics) / len(metrics)}}


def _text(values: Values) -> str:
    return json.dumps(values, sort_keys=True)


def _write_json(path: Path, content: object) -> None:
    """Whole or not at all."""
    temporary = path.with_name(f"{path.name}.tmp-{os.getpid()}")
    temporary.write_text(json.dumps(content), encoding="utf-8")
    temporary.replace(path)
