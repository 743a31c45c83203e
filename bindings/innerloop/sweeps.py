"""Sweeps: many configs of one file, trained side by side and compared."""
from __future__ import annotations

import html
import json
import os
import pathlib
from dataclasses import dataclass
from typing import Any

from innerloop import _core, _program
from innerloop._errors import InputError
from innerloop.training import Path, Run


@dataclass(frozen=True)
class Sweep:
    """A sweep that was trained, or is being trained: what is in its folder, `path`."""

    path: str

    @staticmethod
    def load(path: Path) -> Sweep:
        """The sweep in a folder."""
        if not os.path.exists(os.path.join(path, "sweep.json")):
            raise InputError(f"{os.fspath(path)}: wanted the folder of a sweep, found none")
        return Sweep(os.fspath(path))

    @property
    def report(self) -> dict[str, Any]:
        """What results.json holds: docs/files.md."""
        try:
            text = pathlib.Path(self.path, "results.json").read_text(encoding="utf-8")
        except FileNotFoundError:
            raise InputError(f"{self.path}: wanted results.json, which innerloop sweep {self.path} --results writes before "
                             "all is trained, found none") from None
        report: dict[str, Any] = json.loads(text)
        return report

    def results(self) -> Any:
        """A row for each point: a DataFrame where pandas is installed, else a list of dicts.

        Its columns are `point`, `group`, what varies, and then what results.json says of the point: `iteration`,
        `complete`, `mean`, `low`, `high`, `iqm`, `normalised` mean and `optimality_gap` (None unless `normalise` is wanted),
        `missing`, `best`, `difference` to the best, and `scores`, one a run.
        """
        rows = [_row(point) for point in self.report["points"]]
        try:
            import pandas
        except ImportError:
            return rows
        return pandas.DataFrame(rows)

    def best(self, group: str | None = None) -> Run:
        """The run of the best point: of its seeds the one that did best. Points of several groups have a best each."""
        report = self.report
        best = {point["group"]: point for point in report["points"] if point.get("best")}
        if group is None and len(best) == 1:
            group = next(iter(best))
        if group not in best:
            raise InputError(f"best: wanted a group that has a complete point, one of {sorted(best)}, found {group!r}")
        sign = 1 if report["metric"]["goal"] == "maximize" else -1
        runs = [run for run in best[group]["runs"] if run["metric"] is not None]
        run = max(runs, key=lambda run: sign * run["metric"])
        return Run.load(os.path.join(self.path, "runs", f"{best[group]['point']:04d}-s{run['seed']}"))

    def table(self, form: str = "terminal") -> str:
        """The results so far, as `innerloop sweep --table` prints them: "terminal", "csv", "markdown" or "latex"."""
        lines: list[str] = []
        _program.run("sweep", self.path, "--table", form, show=lines.append)
        return "\n".join(lines) + "\n"

    def __str__(self) -> str:
        return self.table()

    def _repr_html_(self) -> str:
        return f"<div><pre>{html.escape(self.table())}</pre></div>"


def _row(point: dict[str, Any]) -> dict[str, Any]:
    low, high = point.get("interval") or (None, None)
    return {"point": point["point"], "group": point["group"], **point["values"], "iteration": point["iteration"],
            "complete": point["complete"], "mean": point.get("mean"), "low": low, "high": high, "iqm": point.get("iqm"),
            "normalised": point.get("normalised", {}).get("mean"),
            "optimality_gap": point.get("normalised", {}).get("optimality_gap"),
            "missing": point.get("missing"), "best": point.get("best", False),
            "difference": point.get("difference", {}).get("mean"),
            "scores": [run.get("metric") for run in point["runs"]]}


def sweep(path: Path, out: Path | None = None, *, jobs: int | None = None, resume: bool = False, shard: str | None = None,
          threads: int = 0, backend: str = "auto", device: int = 0, instructions: str = "auto") -> Sweep:
    """Trains the sweep in a file, or goes on with the one in a folder: what `innerloop sweep` does.

    Without `out` the folder is sweeps/<name of the file>. With `resume` it goes on where it is there, and begins where
    it is not. `shard`, as in "3/8", trains a part of the points alone. Searches by Optuna (`"search"`) want
    `pip install innerloop[sweep]`, Ray (`"engine"`) `pip install innerloop[ray]`. Ctrl-C stops all runs after their
    iteration, with checkpoints.

    >>> import json, tempfile
    >>> folder = tempfile.mkdtemp()
    >>> with open(folder + "/lr.json", "w") as file:
    ...     json.dump({"config": {"iterations": 2, "tasks_per_iteration": 4, "envs_per_task": 4, "horizon": 10},
    ...                "grid": {"algorithm.inner_lr": [0.1, 0.5]}, "seeds": 2}, file)
    >>> swept = sweep(folder + "/lr.json", folder + "/lr", jobs=2)
    2 points × 2 seeds, 2 jobs × 1 threads
    ...
    >>> len(swept.results()), swept.best().complete
    (2, True)
    """
    flags = _program.device_flags(threads, backend, device, instructions)
    return Sweep(drive(os.fspath(path), out, jobs, resume, shard, flags))


def library(path: str) -> str | None:
    """Which library the sweep wants: "optuna", "ray", or none, where the command does it alone."""
    described = _described(path)
    if described["search"]["name"] != "random":
        return "optuna"
    return "ray" if described["engine"]["name"] == "ray" else None


def _described(path: str) -> dict[str, Any]:
    """The sweep of a file or a folder, every default filled in; of a folder of a search that which was handed in."""
    if os.path.exists(os.path.join(path, "search.json")):
        state: dict[str, Any] = json.loads(pathlib.Path(path, "search.json").read_text(encoding="utf-8"))
        described: dict[str, Any] = state["sweep"]
        return described
    described = json.loads(_core.sweep(os.path.join(path, "sweep.json") if os.path.isdir(path) else path))
    return described


def folder_of(path: str, out: Path | None) -> str:
    """Where a sweep's files are, as the command has it."""
    if out is not None:
        return os.fspath(out)
    return path if os.path.isdir(path) else f"sweeps/{pathlib.Path(path).stem}"


def drive(path: str, out: Path | None, jobs: int | None, resume: bool, shard: str | None, flags: list[str]) -> str:
    """Trains, and returns the folder. `flags` are the command's that say what computes."""
    folder = folder_of(path, out)
    if jobs is not None:
        flags = [*flags, "--jobs", str(jobs)]
    needed = library(path)
    if needed == "optuna" and shard is not None:
        raise InputError(f"shard: wanted none beside a search, whose points depend on each other, found {shard}")
    if needed is None or shard is not None:
        more = [*(["--resume"] if resume else []), *([] if shard is None else ["--shard", shard])]
        _program.run("sweep", path, "--out", folder, *more, *flags)
        return folder
    resume = resume or os.path.isdir(path)
    if os.path.exists(folder) and not resume:
        raise InputError(f"{folder}: wanted a folder that does not exist yet, found one (--resume goes on with it)")
    if needed == "optuna":
        from innerloop import _search

        _search.Search(_described(path), path, pathlib.Path(folder), jobs).run(flags)
    else:
        try:
            from innerloop import _ray
        except ImportError as error:
            raise InputError(f'{path}: /engine/name: wanted Ray Tune for "ray" (pip install "innerloop[ray]"), found none: '
                             f"{error}") from None
        _ray.run(path, pathlib.Path(folder), resume, flags)
    return folder
