import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path

import numpy as np
import pytest

import innerloop as il
from conftest import TINY, TINY_MEMORY, checkpoint, command, copied, without_times
from innerloop._safetensors import read


@pytest.fixture(params=[TINY, TINY_MEMORY], ids=["maml", "rl2"])
def config(request):
    return il.Config(request.param)


def trained_by_command(config, folder, *more):
    file = folder / "config.json"
    file.write_text(config.to_json())
    command("train", file, "--out", folder / "command", "--threads", 1, *more, check=True)
    return folder / "command"


def test_train_leaves_what_the_command_leaves(config, tmp_path):
    theirs = trained_by_command(config, tmp_path)
    run = il.train(config, tmp_path / "module", threads=1)
    assert checkpoint(theirs) == checkpoint(run.path)
    kinds = [{path.name.split(".")[0] for path in folder.iterdir()} for folder in (theirs, Path(run.path))]
    assert kinds[0] == kinds[1] >= {"config", "machine", "metrics", "events", "checkpoints", "evaluation"}
    for file in ("config.json", "evaluation.json", "evaluation_tasks.json"):
        assert (theirs / file).read_text() == Path(run.path, file).read_text(), file
    lines = [json.loads(line) for line in (theirs / "metrics.jsonl").read_text().splitlines()]
    assert without_times(run.metrics) == without_times(lines)
    assert str(run.evaluation) in command("evaluate", theirs, "--threads", 1, check=True).stdout


def test_without_a_folder_it_is_the_same_and_writes_nothing(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = il.train(config, threads=1)
    assert list(tmp_path.iterdir()) == [] and run.path is None
    theirs = il.train(config, "run", threads=1)
    assert run.params.tobytes() == theirs.params.tobytes()
    assert without_times(run.metrics) == without_times(theirs.metrics)
    assert run.evaluation.to_json() == theirs.evaluation.to_json()
    assert il.Run.load("run").params.tobytes() == run.params.tobytes()
    assert il.Run.load("run").evaluation.report == run.evaluation.report


def test_threads_do_not_change_the_bits(config):
    one, two = (il.train(config, threads=threads, evaluate=False) for threads in (1, 2))
    assert one.params.tobytes() == two.params.tobytes()


def test_a_callback_sees_every_iteration_and_stops(tiny, tmp_path):
    seen = []
    run = il.train(tiny, tmp_path / "run", threads=1, callback=lambda report: seen.append(report) or report.iteration < 3)
    assert [report.iteration for report in seen] == [1, 2, 3]
    assert not run.complete and run.evaluation is None and run.iteration == 3
    assert (tmp_path / "run/checkpoints/3.safetensors").exists()
    assert seen[2].evaluation_returns != [] == seen[1].evaluation_returns
    assert seen[1].metrics["returns"] == seen[1].returns and len(seen[1].returns) == 3
    assert seen[1].gradient_norm > 0 and seen[1].env_steps == 2 * 3 * 3 * 4 * 5
    resumed = il.train(None, tmp_path / "run", resume=True, threads=1)
    assert resumed.params.tobytes() == il.train(tiny, threads=1, evaluate=False).params.tobytes()


def test_an_exception_in_a_callback_arrives_unchanged(tiny, tmp_path):
    error = KeyError("mine")

    def fail(report):
        if report.iteration == 3:
            raise error

    with pytest.raises(KeyError) as caught:
        il.train(tiny, tmp_path / "run", callback=fail)
    assert caught.value is error
    assert (tmp_path / "run/checkpoints/3.safetensors").exists()


def test_resume_refuses_another_config(tiny, tmp_path):
    il.train(tiny, tmp_path / "run", threads=1)
    with pytest.raises(il.InputError, match=r"config: /seed: wanted 7 as in the run .*, found 8") as error:
        il.Trainer(tiny.set(seed=8), tmp_path / "run", resume=True)
    assert (error.value.pointer, error.value.found) == ("/seed", "8")
    longer = il.train(tiny.set(iterations=9), tmp_path / "run", resume=True, threads=1)
    assert longer.params.tobytes() == il.train(tiny.set(iterations=9), threads=1, evaluate=False).params.tobytes()
    with pytest.raises(il.InputError, match="wanted the run's folder as out, found none"):
        il.Trainer(tiny, resume=True)
    with pytest.raises(il.InputError, match="wanted a config, found None"):
        il.Trainer(None)


def test_a_folder_that_is_there_is_refused_before_anything_is_written(tiny, tmp_path):
    with pytest.raises(il.InputError, match=str(tmp_path)):
        il.train(tiny, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_trainer_steps_and_ends(tiny):
    trainer = il.Trainer(tiny, threads=1)
    assert (len(trainer), trainer.iteration, trainer.complete) == (6, 0, False)
    trainer.step()
    assert [report.iteration for report in trainer] == [2, 3, 4, 5, 6]
    assert trainer.complete and "cpu" in trainer.device
    with pytest.raises(il.InputError, match="wanted an iteration that is left, found that all 6 are done"):
        trainer.step()


def test_checkpoints_go_on_with_the_same_bits(tiny, tmp_path):
    trainer = il.Trainer(tiny, threads=1)
    for _ in range(3):
        trainer.step()
    with pytest.raises(il.InputError, match="save: wanted a path"):
        trainer.save()
    trainer.save(tmp_path / "half")
    state = trainer.checkpoint()
    assert state["params"].tobytes() == trainer.params.tobytes() and "adam.first_moment" in state
    rest = il.train(None, tmp_path / "half", resume=True, threads=1)
    assert rest.params.tobytes() == il.train(tiny, threads=1, evaluate=False).params.tobytes()


def test_params_are_a_read_only_view_that_keeps_the_trainer_alive(tiny):
    trainer = il.Trainer(tiny, threads=1, backend="cpu")
    view, before = trainer.params, trainer.params.copy()
    assert not view.flags.writeable and view.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 1
    report = trainer.step()
    assert np.shares_memory(report.params, view) and (view != before).any()
    gone = weakref.ref(trainer)
    now = view.copy()
    del trainer, report
    gc.collect()
    assert gone() is None
    for _ in range(3):
        il.train(tiny, threads=1, evaluate=False)
    assert (view == now).all()


def test_a_gradient_that_is_not_finite_is_a_run_error(tiny, tmp_path):
    explodes = tiny.set({"outer": {"name": "sgd", "lr": 1e30}, "policy.activation": "relu", "evaluation.every": 0})
    trainer = il.Trainer(explodes, threads=1)
    trainer.step()
    before = trainer.params.copy()
    with pytest.raises(il.RunError, match="iteration 2: wanted a finite meta-gradient, found NaN") as error:
        trainer.step()
    assert isinstance(error.value, RuntimeError) and error.value.wanted == "a finite meta-gradient"
    assert trainer.params.tobytes() == before.tobytes() and trainer.iteration == 1
    with pytest.raises(il.RunError) as error:
        il.train(explodes, tmp_path / "module", threads=1)
    file = tmp_path / "config.json"
    file.write_text(explodes.to_json())
    failed = command("train", file, "--out", tmp_path / "command", "--threads", 1)
    assert failed.returncode == 1
    assert failed.stderr == f"innerloop: {error.value}\n".replace("module", "command")


def test_trainers_in_two_threads_run_side_by_side(tiny):
    wanted = il.train(tiny, threads=1, evaluate=False).params.tobytes()
    found = [None, None]

    def train(i):
        found[i] = il.train(tiny, threads=1, evaluate=False).params.tobytes()

    threads = [threading.Thread(target=train, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [wanted, wanted]


def test_steps_give_the_gil_away(tiny):
    slow = il.Trainer(tiny.set({"tasks_per_iteration": 200, "envs_per_task": 40, "horizon": 200, "evaluation.every": 0}),
                      threads=1)
    counted, stop = [0], threading.Event()

    def count():
        while not stop.is_set():
            counted[0] += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    slow.step()
    during = counted[0]
    stop.set()
    thread.join()
    assert during > 5


INTERRUPTED = """
import innerloop as il, sys
config = il.Config.load(sys.argv[1]).set({"iterations": 1000000})
try:
    il.train(config, sys.argv[2], threads=1, callback=lambda report: print(report.iteration, flush=True))
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_control_c_ends_training_with_a_checkpoint(tiny, tmp_path):
    (tmp_path / "tiny.json").write_text(tiny.to_json())
    child = subprocess.Popen([sys.executable, "-c", INTERRUPTED, tmp_path / "tiny.json", tmp_path / "run"],
                             stdout=subprocess.PIPE, text=True)
    while child.stdout.readline() != "5\n":
        pass
    child.send_signal(signal.SIGINT)
    lines = child.communicate(timeout=60)[0].splitlines()
    assert child.returncode == 0 and lines[-1] == "interrupted"
    last = int(lines[-2]) if len(lines) > 1 else 5
    found = max(int(path.stem) for path in (tmp_path / "run/checkpoints").iterdir())
    assert found in (last, last + 1)


def test_importing_and_training_leave_signals_as_they_are(tiny):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    il.train(tiny, threads=1)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
        time.sleep(1)


def test_a_fork_is_told_that_it_cannot_use_a_trainer(tiny):
    trainer = il.Trainer(tiny, threads=2)
    trainer.step()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            trainer.step()
        except il.RunError as error:
            own = il.train(tiny, threads=2, evaluate=False)  # one of its own works
            code = 0 if "found a fork of that" in str(error) and own.complete else 2
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("iteration", [1, 3])
def test_a_batch_is_what_the_command_dumps(tiny, tmp_path, iteration):
    trained_by_command(tiny, tmp_path, "--dump-batch", tmp_path / "batch", "--dump-iteration", iteration)
    theirs = read(tmp_path / "batch")[0]
    ours = il.batch(tiny, iteration, threads=1)
    assert ours.keys() == theirs.keys() and len(ours) > 20
    assert ours["inner.1.observations"].shape == (3, 4, 5, 2) and ours["inner.1.valid"].dtype == np.uint8
    assert all(ours[name].tobytes() == theirs[name].tobytes() for name in ours)


def test_a_batch_of_no_iteration_is_refused(tiny):
    with pytest.raises(il.InputError, match="iteration: wanted a whole number from 1 to 6, found 7"):
        il.batch(tiny, 7)
    with pytest.raises(il.InputError, match="wanted an algorithm that learns a task by gradient steps"):
        il.batch(il.Config(TINY_MEMORY))


def test_what_is_doubtful_is_warned_of(tmp_path):
    doubtful = il.Config(TINY_MEMORY).set({"environment": {"name": "cartpole"}})
    (tmp_path / "config.json").write_text(doubtful.to_json())
    said = command("train", tmp_path / "config.json", "--out", tmp_path / "run", "--threads", 1).stderr
    with pytest.warns(UserWarning) as warned:
        il.Trainer(doubtful, threads=1)
    assert said == f"innerloop: warning: {tmp_path / 'config.json'}{str(warned[0].message).removeprefix('config')}\n"


def test_a_damaged_run_is_an_input_error(tiny, tmp_path):
    il.train(tiny, tmp_path / "run", threads=1)
    broken = copied(tmp_path / "run", tmp_path / "broken")
    newest = broken / "checkpoints/6.safetensors"
    newest.write_bytes(newest.read_bytes()[:-9])
    for use in (il.Run.load, il.evaluate, lambda path: il.train(None, path, resume=True)):
        with pytest.raises(il.InputError, match="6.safetensors"):
            use(broken)
    with pytest.raises(il.InputError, match="nowhere"):
        il.Run.load(tmp_path / "nowhere")


def test_progress_is_a_line_on_stderr_where_it_is_asked_for(capfd):
    config = il.Config(iterations=2, tasks_per_iteration=2, envs_per_task=2, horizon=5)
    il.train(config, threads=1, evaluate=False, progress=True)
    shown = capfd.readouterr()
    assert shown.err.count("\r") == 2 and shown.err.endswith("\n") and "2/2  return " in shown.err
    assert shown.out == ""
    il.train(config, threads=1, evaluate=False)
    assert capfd.readouterr().err == ""
