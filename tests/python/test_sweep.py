"""Sweeps from Python: what the command trains, what Optuna asks for, what a cluster's job array starts."""
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import innerloop as il
from conftest import ROOT, TINY, TINY_MEMORY, command

optuna = pytest.importorskip("optuna")
from innerloop import _program, _search  # noqa: E402

LR = {"algorithm.inner_lr": {"log_uniform": [0.01, 1]}}
TWO = {**LR, "outer.lr": {"log_uniform": [1e-3, 1e-1]}}


def written(path, **sweep):
    path.write_text(json.dumps({"config": TINY, "set": {"evaluation.every": 0}, **sweep}))
    return path


def python_command(*arguments, **options):
    """The command as the wheel installs it: by way of Python."""
    return subprocess.run([sys.executable, "-m", "innerloop._command", *map(str, arguments)], capture_output=True,
                          text=True, **options)


def points(folder):
    return [json.loads(line)["set"] for line in (Path(folder) / "points.jsonl").read_text().splitlines()]


def results(folder):
    """Without times."""
    report = json.loads((Path(folder) / "results.json").read_text())
    return [{**point, "runs": [{**run, "seconds": 0} for run in point["runs"]]} for point in report["points"]]


def searched(tmp_path, name="swept", **sweep):
    options = {"random": LR, "samples": 12, "jobs": 2, "search": {"name": "tpe"}, **sweep}
    return il.sweep(written(tmp_path / f"{name}.json", **options), tmp_path / name, backend="cpu")


def test_a_sweep_is_that_of_the_command(tmp_path, capsys):
    file = written(tmp_path / "lr.json", grid={"algorithm.inner_lr": [0.1, 0.5]}, seeds=2)
    swept = il.sweep(file, tmp_path / "module", jobs=2, backend="cpu")
    assert "(4 of 4)" in capsys.readouterr().out
    command("sweep", file, "--out", tmp_path / "command", "--backend", "cpu", check=True)
    assert results(tmp_path / "module") == results(tmp_path / "command")
    rows = [dict(row) for _, row in swept.results().iterrows()]
    assert [row["algorithm.inner_lr"] for row in rows] == [0.1, 0.5] and all(row["complete"] for row in rows)
    assert [row["mean"] for row in rows] == [pytest.approx(statistics.fmean(row["scores"])) for row in rows]
    best = max(rows, key=lambda row: row["mean"])
    run = swept.best()
    assert best["best"] and run.config["algorithm.inner_lr"] == best["algorithm.inner_lr"]
    assert run.evaluation.returns[-1] == max(best["scores"])
    assert swept.table("csv").startswith("algorithm.inner_lr,") and "*" in str(swept) and "<pre>" in swept._repr_html_()
    assert il.Sweep.load(tmp_path / "module").report == swept.report


def test_a_metric_may_be_told_as_a_share_of_what_there_is_to_gain(tmp_path):
    file = tmp_path / "share.json"
    file.write_text(json.dumps({"config": TINY_MEMORY, "set": {"evaluation.tasks": 40}, "seeds": 2,
                                "metric": {"path": "evaluation.trial_return.mean", "normalise": True}}))
    swept = il.sweep(file, tmp_path / "share", backend="cpu")
    its = swept.report["references"]["bandit"]
    [row] = [dict(row) for _, row in swept.results().iterrows()]
    assert row["normalised"] == pytest.approx((row["mean"] - its["random"]) / (its["oracle"] - its["random"]))
    assert row["optimality_gap"] >= 1 - row["normalised"] - 1e-12


def test_what_goes_wrong_is_raised_with_the_commands_words(tmp_path):
    file = written(tmp_path / "bad.json", grid={"algorithm.inner_lr": [-1]})
    with pytest.raises(il.InputError, match="point 0.*wanted a number above 0"):
        il.sweep(file, tmp_path / "swept")
    file = written(tmp_path / "lr.json", grid={"algorithm.inner_lr": [0.1]})
    il.sweep(file, tmp_path / "swept", backend="cpu")
    with pytest.raises(il.InputError, match="does not exist yet"):
        il.sweep(file, tmp_path / "swept", backend="cpu")
    il.sweep(file, tmp_path / "swept", backend="cpu", resume=True)
    with pytest.raises(il.InputError, match="wanted the folder of a sweep"):
        il.Sweep.load(tmp_path)
    searching = written(tmp_path / "s.json", random=LR, search={"name": "tpe"})
    with pytest.raises(il.InputError, match="shard: wanted none beside a search"):
        il.sweep(searching, tmp_path / "none", shard="1/2")
    with pytest.raises(il.InputError, match="wanted a group"):
        il.Sweep.load(tmp_path / "swept").best("cartpole")


@pytest.mark.parametrize("name", ["tpe", "cmaes", "gp"])
def test_a_search_that_was_killed_asks_what_it_would_have_asked(tmp_path, name):
    if name == "gp":
        pytest.importorskip("torch")
    sweep = {"random": TWO, "samples": 14, "seeds": 1, "jobs": 2, "search": {"name": name}, "set": {"iterations": 60}}
    if name == "gp":
        sweep["samples"] = 12
    whole = searched(tmp_path, "whole", **sweep)
    file, folder, kills = written(tmp_path / "killed.json", **sweep), tmp_path / "killed", 0
    draw = random.Random(1)
    while kills < 2:
        started = subprocess.Popen([sys.executable, "-m", "innerloop._command", "sweep", file, "--out", folder, "--resume",
                                    "--backend", "cpu"], stdout=subprocess.DEVNULL)
        before = len(list(folder.glob("runs/*")))
        while len(list(folder.glob("runs/*"))) == before and started.poll() is None:
            time.sleep(0.005)
        time.sleep(draw.random() * 0.2)
        started.kill()
        started.wait()
        kills += 1
    il.sweep(folder, backend="cpu")
    assert points(folder) == points(whole.path) and len(points(folder)) == sweep["samples"]
    assert results(folder) == results(whole.path)


def test_what_optuna_finds_is_better_than_most_of_what_is_drawn(tmp_path):
    found = searched(tmp_path, samples=20)
    drawn = searched(tmp_path, "drawn", samples=20, search={"name": "random"})
    means = [point["mean"] for point in drawn.report["points"]]
    assert found.best().evaluation.returns[-1] > statistics.median(means)
    # It looks where it is good: after the ten points that it has drawn.
    asked = [point["mean"] for point in found.report["points"]]
    assert statistics.median(asked[10:]) > statistics.quantiles(means, n=4)[2]


def test_cmaes_takes_its_generations_from_what_was_asked(tmp_path):
    swept = searched(tmp_path, random=TWO, samples=16, search={"name": "cmaes"})
    search = _search.Search(json.loads(Path(swept.path, "search.json").read_text())["sweep"], "", Path(swept.path), None)
    trials = search._study().get_trials()
    generations = [trial.system_attrs.get("cma:generation") for trial in trials]
    assert len(trials) == 16 and max(generation or 0 for generation in generations) >= 1


def test_a_search_that_has_asked_for_all_points_ends(tmp_path, capsys):
    groups = [{"name": "maml", "inner_steps": 1}, {"name": "fomaml", "inner_steps": 2}]
    swept = searched(tmp_path, samples=20, random={"algorithm": {"choice": groups},
                                                   "tasks_per_iteration": {"int": [3, 8], "step": 2}})
    assert "tpe has no other point to ask for: 6 there are" in capsys.readouterr().out
    asked = [json.dumps(point, sort_keys=True) for point in points(swept.path)]
    assert len(asked) == len(set(asked)) == 6
    assert {point["tasks_per_iteration"] for point in points(swept.path)} == {3, 5, 7}


def test_more_samples_go_on_in_the_same_folder(tmp_path):
    swept = searched(tmp_path, samples=4)
    before = points(swept.path)
    file = written(tmp_path / "more.json", random=LR, samples=6, search={"name": "tpe"})
    il.sweep(file, swept.path, resume=True, backend="cpu")
    assert points(swept.path)[:4] == before and len(points(swept.path)) == 6
    other = written(tmp_path / "other.json", random=TWO, samples=6, search={"name": "tpe"})
    with pytest.raises(il.InputError, match="/random: wanted .* as in "):
        il.sweep(other, swept.path, resume=True)


def test_what_diverged_counts_as_the_worst(tmp_path):
    swept = searched(tmp_path, samples=3, jobs=3, random={"algorithm.inner_lr": {"choice": [0.1, 0.5, 1e30]}})
    by_lr = {point["values"]["algorithm.inner_lr"]: point for point in swept.report["points"]}
    assert by_lr[1e30]["runs"][0]["status"] == "diverged"
    search = _search.Search(json.loads(Path(swept.path, "search.json").read_text())["sweep"], "", Path(swept.path), None)
    told = {trial.params["algorithm.inner_lr"]: trial for trial in search._study().get_trials()}
    assert told[2].state == optuna.trial.TrialState.COMPLETE
    assert told[2].value == min(trial.value for trial in told.values())
    assert told[1].value == by_lr[0.5]["mean"]


def test_what_failed_counts_as_the_worst_and_is_told_at_the_end(tmp_path):
    # One of the two points takes for ever, but that its process is killed.
    file = written(tmp_path / "s.json", random={"iterations": {"choice": [6, 10**9]}}, samples=2, search={"name": "tpe"})
    folder = tmp_path / "swept"

    def child_of(process):
        return next(int(child) for task in Path(f"/proc/{process}/task").iterdir()
                    for child in (task / "children").read_text().split())

    def kill():
        newest = None
        while not ended.wait(0.01):
            checkpoints = [path.stat().st_mtime_ns for config in folder.glob("runs/*/config.json")
                           if json.loads(config.read_text())["iterations"] > 6
                           for path in config.parent.glob("checkpoints/*.safetensors")]
            if checkpoints and max(checkpoints) != newest:
                newest = max(checkpoints)
                os.kill(child_of(child_of(os.getpid())), signal.SIGKILL)  # the command's child, which trains the run
                kills.append(newest)
                time.sleep(0.5)

    kills, ended = [], threading.Event()
    killer = threading.Thread(target=kill)
    killer.start()
    try:
        with pytest.raises(il.RunError, match="found 1 that failed, told above"):
            il.sweep(file, folder, backend="cpu")
    finally:
        ended.set()
        killer.join()
    assert len(kills) == 1, "it is not tried again by the same start"
    assert sorted(run["status"] for point in results(folder) for run in point["runs"]) == ["done", "failed"]


def test_with_halving_unfinished_points_are_pruned(tmp_path):
    swept = searched(tmp_path, samples=9, jobs=3, halving={"first": 2, "factor": 3})
    iterations = [point["iteration"] for point in swept.report["points"]]
    assert set(iterations) == {2, 6}
    search = _search.Search(json.loads(Path(swept.path, "search.json").read_text())["sweep"], "", Path(swept.path), None)
    states = [trial.state.name for trial in search._study().get_trials()]
    assert states == ["COMPLETE" if iteration == 6 else "PRUNED" for iteration in iterations]
    assert all(trial.intermediate_values for trial in search._study().get_trials() if trial.state.name == "PRUNED")


def test_budgets_end_a_search(tmp_path):
    assert len(searched(tmp_path, samples=12, seeds=2, budget={"runs": 7}).report["points"]) == 3
    with pytest.raises(il.InputError, match="/budget/runs: wanted at least the 2 of one point, found 1"):
        searched(tmp_path, "less", seeds=2, budget={"runs": 1})


@pytest.mark.parametrize("sweep, message", [
    ({"grid": {"horizon": [5, 6]}}, "/grid: wanted none beside"),
    ({"points": [{"horizon": 5}]}, "/points: wanted none beside"),
    ({"when": [{"if": {"horizon": 5}, "set": {"outer.lr": 0.1}}]}, "/when: wanted none beside"),
    ({"config": [TINY, {**TINY, "seed": 8}]}, "/config: wanted one config"),
    ({"random": {"algorithm.inner_lr": {"uniform": [0.1, 1]}}, "search": {"name": "cmaes"}}, "/random: wanted at least two"),
    ({"random": {**TWO, "horizon": {"choice": [5]}}, "search": {"name": "cmaes"}}, "/random: wanted at least two"),
    ({"engine": {"name": "ray"}}, "/engine/name: wanted \"local\""),
])
def test_what_no_search_takes_is_refused(tmp_path, sweep, message):
    with pytest.raises(il.InputError, match=message):
        searched(tmp_path, **sweep)
    assert not (tmp_path / "swept").exists()


def test_without_options_there_is_nothing_to_search(tmp_path):
    with pytest.raises(il.InputError, match="/random: wanted options whose values are searched, found none"):
        il.sweep(written(tmp_path / "s.json", search={"name": "tpe"}), tmp_path / "swept")


def test_the_command_says_what_to_install(tmp_path, monkeypatch):
    file = written(tmp_path / "s.json", random=LR, search={"name": "tpe"})
    # A Python without Optuna and Ray.
    (tmp_path / "without" / "optuna").mkdir(parents=True)
    blocked = "import sys, importlib.util as u; f = u.find_spec\n" \
              "u.find_spec = lambda name, *a: None if name in ('optuna', 'ray') else f(name, *a)\n" \
              "sys.modules['ray'] = None\n" \
              "sys.argv[1:1] = ['sweep']; from innerloop._command import main; main()"

    def said(file):
        return subprocess.run([sys.executable, "-c", blocked, file, "--out", tmp_path / "swept"], capture_output=True,
                              text=True)

    ended = said(file)
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1
    wanted = 'wanted optuna for "tpe" (pip install "innerloop[sweep]"), found none\n'
    assert ended.stderr == f"innerloop: {file}: /search/name: {wanted}"
    ended = said(written(tmp_path / "r.json", random=LR, engine={"name": "ray"}))
    assert ended.returncode == 2 and "/engine/name: wanted Ray Tune" in ended.stderr
    assert 'pip install "innerloop[ray]"' in ended.stderr and not (tmp_path / "swept").exists()


def test_the_installed_command_searches_and_stops_at_an_interrupt(tmp_path):
    file = written(tmp_path / "s.json", random=LR, samples=3, search={"name": "tpe"})
    ended = python_command("sweep", file, "--out", tmp_path / "swept", "--backend", "cpu", check=True)
    assert "(3 of 3)" in ended.stdout and f"results: {tmp_path}/swept/results.json" in ended.stdout
    # Whatever trains nothing is the program's own.
    assert python_command("sweep", tmp_path / "swept", "--table", "csv", check=True).stdout.count("\n") == 4
    assert python_command("sweep", file, "--nonsense").returncode == 2
    assert python_command("sweep", tmp_path / "none.json").returncode == 2
    assert python_command("sweep", file, "--out", tmp_path / "swept").returncode == 2

    file = written(tmp_path / "long.json", random=LR, samples=3, search={"name": "tpe"}, set={"iterations": 10**9})
    for number in (signal.SIGINT, signal.SIGTERM):
        folder = tmp_path / f"long-{number}"
        started = subprocess.Popen([sys.executable, "-m", "innerloop._command", "sweep", file, "--out", folder,
                                    "--backend", "cpu"], stdout=subprocess.PIPE, text=True)
        while not list(folder.glob("runs/*/metrics.jsonl")):
            time.sleep(0.01)
        time.sleep(0.2)
        try:
            other = python_command("sweep", file, "--out", folder, "--resume", timeout=20)
            assert other.returncode == 2 and "wanted one search at a time" in other.stderr
        finally:
            started.send_signal(number)
            said, _ = started.communicate(timeout=20)
        assert started.returncode == 130 and f"to go on: innerloop sweep {folder}" in said
        assert list(folder.glob("runs/*/checkpoints/*"))


def test_the_job_array_trains_all_and_is_queued_again_where_its_time_was_up(tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "innerloop").symlink_to(_program.PROGRAM)
    for name, does in {"srun": 'shift\nexec "$@"', "scontrol": 'echo "scontrol $*"'}.items():
        (tools / name).write_text(f"#!/bin/bash\n{does}\n")
        (tools / name).chmod(0o755)

    def task(number, file, **options):
        environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "SLURM_ARRAY_TASK_ID": str(number),
                       "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_COUNT": "3", "SLURM_CPUS_PER_TASK": "2",
                       "SLURM_ARRAY_JOB_ID": "70"}
        return subprocess.Popen(["bash", ROOT / "examples" / "sweep.sbatch", file], cwd=tmp_path, env=environment,
                                stdout=subprocess.PIPE, text=True, **options)

    file = written(tmp_path / "s.json", grid={"algorithm.inner_lr": [0.1, 0.2, 0.3, 0.4]}, seeds=2)
    tasks = [task(number, file) for number in (1, 2, 3)]
    outputs = [each.communicate()[0] for each in tasks]
    assert [each.returncode for each in tasks] == [0, 0, 0] and "scontrol" not in "".join(outputs)
    assert ["0003-s2" in output for output in outputs] == [True, False, False]
    assert len(results(tmp_path / "sweeps/s")) == 4

    file = written(tmp_path / "long.json", grid={"algorithm.inner_lr": [0.1]}, set={"iterations": 10**9})
    started = task(1, file, start_new_session=True)
    while not list(tmp_path.glob("sweeps/long/runs/*/metrics.jsonl")):
        time.sleep(0.01)
    time.sleep(0.2)
    # SLURM's signal is the step's, not the script's.
    child = subprocess.run(["pgrep", "-P", str(started.pid)], capture_output=True, text=True, check=True).stdout.split()
    os.kill(int(child[0]), signal.SIGTERM)
    assert "scontrol requeue 70_1\n" in started.communicate(timeout=20)[0]
