import json
import sys
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

import innerloop as il
from conftest import TINY, TINY_MEMORY, command


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return il.train(il.Config(TINY), tmp_path_factory.mktemp("runs") / "run", threads=1)


@pytest.fixture(scope="module")
def memory_run(tmp_path_factory):
    return il.train(il.Config(TINY_MEMORY), tmp_path_factory.mktemp("runs") / "run", threads=1)


def test_an_evaluation_is_the_commands(run, tmp_path):
    task = {"goal_x": 0.25, "goal_y": -0.5}
    command("evaluate", run.path, "--task", json.dumps(task), "--steps", 2, "--json", tmp_path / "one.json", check=True)
    for trained in (run, run.path):
        found = il.evaluate(trained, task=task, steps=2, threads=1)
        assert found.report == json.loads((tmp_path / "one.json").read_text())
    assert found.ci == [None] * 3 and found.report["task"] == task


def test_a_memorys_evaluation_is_the_commands(memory_run, tmp_path):
    command("evaluate", memory_run.path, "--json", tmp_path / "one.json", check=True)
    found = il.evaluate(memory_run, threads=1)
    assert found.report == json.loads((tmp_path / "one.json").read_text())
    assert "episode" in found.report["curve"][0]
    with pytest.raises(il.InputError, match="steps: wanted none for a run of \"rl2\""):
        il.evaluate(memory_run, steps=1)


def test_the_curve_is_a_frame_where_pandas_is(run, monkeypatch):
    evaluation = il.evaluate(run, tasks=3, threads=1)
    assert list(evaluation.curve["mean_return"]) == evaluation.returns
    assert evaluation.report["tasks"] == 3 and all(half > 0 for half in evaluation.ci)
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert evaluation.curve == evaluation.report["curve"]


def test_notebooks_get_a_plot_that_is_xml(run, memory_run):
    for shown in (il.evaluate(run, threads=1), il.evaluate(memory_run, threads=1), run,
                  il.adapt(run, seed=3, threads=1), il.evaluate(run, steps=0, threads=1)):
        drawn = ElementTree.fromstring(shown._repr_html_().replace("&nbsp;", " "))
        assert drawn.find(".//{http://www.w3.org/2000/svg}circle") is not None


def test_an_adapted_policy_is_the_commands(run, tmp_path):
    task = {"goal_x": 0.25, "goal_y": -0.5}
    command("adapt", run.path, "--task", json.dumps(task), "--steps", 2, "--out", tmp_path / "theirs", check=True)
    adapted = il.adapt(run, task=task, steps=2, threads=1)
    adapted.save(tmp_path / "ours")
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()
    assert adapted.task == task and len(adapted.returns) == 3
    assert adapted.returns == il.evaluate(run, task=task, steps=2, threads=1).returns or len(adapted.returns) == 3
    command("adapt", run.path, "--task-seed", 5, "--steps", 1, "--out", tmp_path / "seeded", check=True)
    il.adapt(run.path, seed=5, threads=1).save(tmp_path / "seeded2")
    assert (tmp_path / "seeded").read_bytes() == (tmp_path / "seeded2").read_bytes()


def test_wrong_tasks_and_steps_are_refused(run, memory_run):
    with pytest.raises(il.InputError, match="goal_z"):
        il.adapt(run, task={"goal_x": 0, "goal_z": 0})
    for wrong, message in [({}, "found neither"), ({"task": {}, "seed": 1}, "found both"), ({"seed": -1}, "found -1"),
                           ({"seed": 1, "steps": 0}, "from 1 to 255, found 0")]:
        with pytest.raises(il.InputError, match=message):
            il.adapt(run, **wrong)
    with pytest.raises(il.InputError, match="adapt wants an algorithm that learns a task by gradient steps"):
        il.adapt(memory_run, seed=1)


def test_a_played_trial_has_its_steps(memory_run):
    trial = il.play(memory_run, seed=4, threads=1)
    assert trial["rewards"].shape == (20,) and trial["ended"].dtype == np.bool_
    assert trial["ended"].sum() >= 4
    assert (il.play(memory_run, seed=4)["rewards"] == trial["rewards"]).all()
    assert any((il.play(memory_run, seed=seed)["rewards"] != trial["rewards"]).any() for seed in (5, 6, 7))
    with pytest.raises(il.InputError, match="play wants"):
        il.play(il.train(il.Config(TINY), threads=1, evaluate=False))


def test_tasks_of_ones_own_are_evaluated_each_as_it_would_be_alone(run):
    tasks = [{"goal_x": 0.5, "goal_y": 0.25}, {"goal_x": -0.5, "goal_y": 0.0}]
    both = il.evaluate(run, tasks=tasks, steps=1, threads=1)
    assert both.report["tasks"] == 2
    assert both.tasks.tolist() == [[0.5, 0.25], [-0.5, 0.0]]
    alone = il.evaluate(run, task=tasks[0], steps=1, threads=1)
    np.testing.assert_allclose(both.returns_by_task[0], alone.returns, rtol=1e-12)
    np.testing.assert_allclose(both.returns_by_task.mean(axis=0), both.returns, rtol=1e-12)
    for same in (np.array([[0.5, 0.25], [-0.5, 0.0]]), pd.DataFrame(tasks)):
        assert il.evaluate(run, tasks=same, steps=1, threads=1).to_json() == both.to_json()


@pytest.mark.parametrize("tasks, wanted", [
    ([[1.0]], "tasks: wanted numbers [tasks, 2] or [2], found [1, 1]"),
    ([], "tasks: wanted numbers [tasks, 2] or [2], found [0]"),
    ([{"goal_x": 1.0}], "tasks[0]: wanted the numbers goal_x, goal_y, found none for goal_y"),
    ([[float("nan"), 1.0]], "tasks: wanted finite numbers, found NaN or infinity"),
])
def test_tasks_that_cannot_be_say_so(run, tasks, wanted):
    with pytest.raises(il.InputError) as error:
        il.evaluate(run, tasks=tasks)
    assert str(error.value) == wanted


def test_a_loaded_run_knows_what_each_task_brought(tmp_path):
    trained = il.train(il.Config(iterations=1, tasks_per_iteration=4, evaluation={"tasks": 3}), tmp_path / "run", threads=1)
    loaded = il.Run.load(tmp_path / "run").evaluation
    assert loaded.returns_by_task.shape == (3, 4)
    np.testing.assert_array_equal(loaded.returns_by_task, trained.evaluation.returns_by_task)
