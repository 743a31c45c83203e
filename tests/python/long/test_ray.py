"""Sweeps on a Ray cluster that loses one of its nodes, or the process that started them.

They want Ray, so they are not among the quick tests.
"""
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

import innerloop as il
from conftest import TINY

ray = pytest.importorskip("ray")
pytest.importorskip("ray.tune")
from ray.cluster_utils import Cluster  # noqa: E402

ITERATIONS, POINTS, SEEDS = 40000, 6, [1, 2]
SWEEP = {"config": {**TINY, "iterations": ITERATIONS, "checkpoint": {"every": 1000, "keep": 2}},
         "set": {"evaluation.every": 0}, "random": {"algorithm.inner_lr": {"log_uniform": [0.01, 0.5]}},
         "samples": POINTS, "seeds": SEEDS}
HALVED = {**SWEEP, "set": {**SWEEP["set"], "iterations": 900}, "samples": 12, "halving": {"first": 100, "factor": 3}}


@pytest.fixture
def cluster(monkeypatch):
    """Three nodes on this machine, each with one processor."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    cluster.to_lose = cluster.add_node(num_cpus=1)
    cluster.add_node(num_cpus=1)
    ray.init(address=cluster.address, log_to_driver=False)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def written(folder, sweep):
    file = folder.parent / f"{folder.name}.json"
    file.write_text(json.dumps(sweep))
    return file


def iterations_of(run):
    return [json.loads(line)["iteration"] for line in (run / "metrics.jsonl").read_text().splitlines()]


def without_times(report):
    return [{**point, "runs": [{**run, "seconds": 0} for run in point["runs"]]} for point in report["points"]]


def test_a_node_that_is_killed_loses_no_point_and_doubles_none(cluster, tmp_path, capsys):
    folder = tmp_path / "swept"
    lost = []

    def kill():
        """A node's processes, all at once, when one of its runs is on its way."""
        while not [run for run in folder.glob("runs/*") if list(run.glob("checkpoints/*"))]:
            time.sleep(0.05)
        time.sleep(1)
        lost.append(len(list(folder.glob("runs/*/outcome.json"))))
        cluster.remove_node(cluster.to_lose, allow_graceful=False)

    killer = threading.Thread(target=kill)
    killer.start()
    swept = il.sweep(written(folder, {**SWEEP, "engine": {"name": "ray"}}), folder, backend="cpu")
    killer.join()
    assert lost and lost[0] < POINTS * len(SEEDS), "the node was killed in the middle"
    assert "lost its node" in capsys.readouterr().out
    points = swept.report["points"]
    assert [point["point"] for point in points] == list(range(POINTS)) and all(point["complete"] for point in points)
    for run in sorted(folder.glob("runs/*")):
        assert iterations_of(run) == list(range(1, ITERATIONS + 1)), run

    # The same as without Ray, to the last bit.
    alone = il.sweep(written(tmp_path / "alone", SWEEP), tmp_path / "alone", backend="cpu", jobs=2)
    assert without_times(swept.report) == without_times(alone.report)


def test_halving_stops_the_worse_points_early(cluster, tmp_path):
    folder = tmp_path / "halved"
    swept = il.sweep(written(folder, {**HALVED, "engine": {"name": "ray"}}), folder, backend="cpu")
    reached = [point["iteration"] for point in swept.report["points"]]
    assert len(reached) == 12 and set(reached) <= {100, 300, 900} and 1 <= reached.count(900) < 12
    for point in swept.report["points"]:
        for seed in SEEDS:
            run = Path(folder, "runs", f"{point['point']:04d}-s{seed}")
            assert iterations_of(run) == list(range(1, point["iteration"] + 1)), run
    assert swept.best().iteration == 900


def test_what_was_decided_is_decided_again_whoever_comes_first(tmp_path):
    from innerloop._ray import Asha

    described = {"halving": HALVED["halving"], "metric": {"goal": "maximize"}, "seeds": SEEDS}

    def told(scores, described=described):
        """What comes of points that tell these scores after 100 iterations, in this order."""
        asha = Asha(tmp_path / "ray" / "decisions.json", described, 900)
        asha.set_search_properties("score", "max")
        decisions = {}
        for point, score in scores.items():
            trial = SimpleNamespace(trial_id=f"{len(decisions)}", config={"point": point})
            asha.on_trial_add(None, trial)
            decisions[point] = asha.on_trial_result(None, trial, {"iterations": 100, "score": score})
        return decisions

    first = told({0: 1.0, 1: 0.0, 2: 2.0, 3: -1.0})
    assert first == {0: "CONTINUE", 1: "STOP", 2: "CONTINUE", 3: "STOP"}
    again = told({3: -1.0, 1: 0.0, 4: 1.5, 0: 1.0, 2: 2.0})
    assert {point: again[point] for point in first} == first and again[4] == "CONTINUE"
    another = told({3: -1.0, 1: 0.0}, {**described, "halving": {"first": 100, "factor": 2}})
    assert another[3] == "CONTINUE", "of another halving nothing was decided yet"


def test_a_sweep_whose_process_is_killed_goes_on_where_it_was(cluster, tmp_path):
    folder = tmp_path / "halved"
    file = written(folder, {**HALVED, "set": {**HALVED["set"], "iterations": 9000}, "halving": {"first": 1000, "factor": 3},
                            "engine": {"name": "ray", "address": cluster.address}})
    program = "import sys, innerloop as il; il.sweep(sys.argv[1], sys.argv[2], backend='cpu', resume=True)"
    decisions = folder / "ray" / "decisions.json"

    def decided():
        return json.loads(decisions.read_text())["decided"] if decisions.exists() else {}

    with subprocess.Popen([sys.executable, "-c", program, file, folder], stdout=subprocess.DEVNULL,
                          start_new_session=True) as first:
        while first.poll() is None and "STOP" not in decided().values():
            time.sleep(0.02)
        os.killpg(first.pid, signal.SIGKILL)
    before = decided()
    assert first.returncode == -signal.SIGKILL and 0 < len(before), "killed in the middle"
    assert len(list(folder.glob("runs/*/outcome.json"))) < 12 * len(SEEDS), "killed in the middle"

    subprocess.run([sys.executable, "-c", program, file, folder], check=True, stdout=subprocess.DEVNULL)
    points = il.Sweep.load(folder).report["points"]
    assert len(points) == 12
    for point in points:
        for seed in SEEDS:
            run = folder / "runs" / f"{point['point']:04d}-s{seed}"
            assert iterations_of(run) == list(range(1, point["iteration"] + 1)), run
    after = decided()
    assert {key: after[key] for key in before} == before
    stopped = [key.split(" after ") for key, decision in before.items() if decision == "STOP"]
    assert stopped and all(points[int(point)]["iteration"] == int(iterations) for point, iterations in stopped)
