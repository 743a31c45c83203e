import json
import pickle

import pytest

import innerloop as il
from conftest import ROOT, TINY, command


def test_a_config_is_what_the_command_shows(tmp_path):
    file = tmp_path / "tiny.json"
    file.write_text(json.dumps(TINY))
    shown = json.loads(command("show", file, "--set", "iterations=9", check=True).stdout)
    shown.pop("$schema", None)
    assert il.Config.load(file, set={"iterations": 9}).to_dict() == shown
    assert il.Config(TINY, iterations=9).to_dict() == shown
    assert il.Config(TINY).set(iterations=9) == il.Config(json.loads(il.Config(TINY, iterations=9).to_json()))


@pytest.mark.parametrize("name", il.configs())
def test_every_shipped_config_is_that_of_the_sources(name):
    assert il.Config.load(name) == il.Config.load(ROOT / "configs" / name)


def test_errors_name_what_where_wanted_and_found(tmp_path):
    with pytest.raises(il.InputError) as error:
        il.Config(algorithm={"name": "maml", "inner_lr": "fast"})
    assert str(error.value).startswith("config: /algorithm/inner_lr: wanted a number above 0")
    assert (error.value.pointer, error.value.found) == ("/algorithm/inner_lr", '"fast" (string)')
    assert error.value.wanted.startswith("a number above 0")
    assert isinstance(error.value, ValueError)
    file = tmp_path / "bad.json"
    file.write_text('{"iterationz": 3}')
    with pytest.raises(il.InputError) as error:
        il.Config.load(file)
    assert str(error.value) == command("show", file).stderr.removeprefix("innerloop: ").rstrip("\n")
    with pytest.raises(il.InputError) as error:
        il.Config.load(tmp_path / "none.json")
    assert error.value.pointer is None and "none.json" in str(error.value)


def test_errors_survive_pickling():
    with pytest.raises(il.InputError) as error:
        il.Config(seed=-1)
    again = pickle.loads(pickle.dumps(error.value))
    assert (str(again), again.pointer) == (str(error.value), "/seed")


def test_set_leaves_the_config_as_it_is(tiny):
    other = tiny.set({"algorithm.inner_lr": [0.1, 0.2]}, seed=8)
    assert tiny == il.Config(TINY) != other
    assert tiny.diff(other) == {"/seed": (7, 8), "/algorithm/inner_lr": (tiny["algorithm.inner_lr"], [0.1, 0.2])}
    assert other["algorithm.inner_lr"] == [0.1, 0.2]
    tiny["policy"]["hidden"].append(1)
    assert tiny == il.Config(TINY) and tiny["policy.hidden"] == [5, 3]


def test_configs_can_be_pickled_and_are_not_hashable(tiny):
    assert pickle.loads(pickle.dumps(tiny)) == tiny
    with pytest.raises(TypeError):
        hash(tiny)


def test_the_plan_is_the_commands(tmp_path, tiny):
    file = tmp_path / "tiny.json"
    file.write_text(tiny.to_json())
    plan = tiny.plan(threads=1, backend="cpu")
    assert f"In all: {plan.bytes} bytes" in command("plan", file, "--threads", 1, check=True).stdout
    assert any(buffer["name"] == "params" for buffers in plan.parts.values() for buffer in buffers)
    assert f"{plan.bytes:,}" in str(plan)


def test_what_can_be_named_and_the_schema(tiny):
    listed = command("list", check=True).stdout
    for name in [*il.environments(), *il.algorithms()]:
        assert name in listed
    assert il.Config.schema() == json.loads(command("list", "--schema", check=True).stdout)


def test_wrong_devices_are_refused(tiny):
    for more, found in [({"backend": "tpu"}, '"tpu"'), ({"threads": -1}, "-1"), ({"device": 5000}, "5000")]:
        with pytest.raises(il.InputError, match="wanted .*, found " + found):
            il.Trainer(tiny, **more)
    with pytest.raises(il.InputError, match="avx1024"):
        il.Trainer(tiny, instructions="avx1024")
