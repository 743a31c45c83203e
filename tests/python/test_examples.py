"""The examples run, quickly: with fewer iterations, where it is training that takes their time."""
import json
import re
import sys
import types

import numpy as np
import pytest

import innerloop as il
from conftest import ROOT


def run_script(name, *changes):
    source = (ROOT / "examples" / name).read_text()
    for pattern, replacement in changes:
        source, count = re.subn(pattern, replacement, source)
        assert count == 1, pattern
    names = {"__name__": "__main__"}
    exec(compile(source, name, "exec"), names)
    return names


def test_callbacks(capsys):
    found = run_script("callbacks.py", (r'"iterations": 60', '"iterations": 10'))
    assert "iteration  10   held-out return" in capsys.readouterr().out
    assert found["best"][1].iteration in (5, 10)


def test_the_meta_gradient_is_that_by_hand():
    found = run_script("meta_gradient.py")
    assert found["error"] < 1e-4
    # First order alone is far from it: the check would see it.
    assert np.linalg.norm(found["by_hand"] - found["first_order"]) > 0.01 * np.linalg.norm(found["by_hand"])


def test_robot(capsys):
    found = run_script("robot.py", (r'"iterations": 20, "tasks_per_iteration": 2000', '"iterations": 2'))
    assert found["total"].mean() > 4 and "paid" in capsys.readouterr().out


def test_sim_to_real(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["sim_to_real.py", "--robots", "16"])
    names = run_script("sim_to_real.py", (r'"iterations": 20', '"iterations": 3'))
    found = names["found"]["a short run"]
    assert {name: returns.shape for name, returns in found.items()} == dict.fromkeys(("home", "R0", "R1", "R2"), (16, 2))
    assert "home less R0" in capsys.readouterr().out
    # Returns of the same robots in both, whose noise is some 33; without the cost of control they would be 60 apart.
    difference = (found["home"] - found["R0"]).mean(1)
    assert abs(difference.mean()) < 3 * difference.std(ddof=1) / 4 and difference.std() < 45
    # Of a gap that is the same for all robots, one who is a fifth of it up closes a fifth.
    row = lambda by: {"home": found["home"], "R0": found["R0"], "R1": found["R1"] + by, "R2": found["R2"] - by}
    names["show_gaps"]({"a": row(0), "b": row(2), "d": row(10)})
    printed = capsys.readouterr().out
    assert "b closes 20% of the gap from a to d in R1 (95 %: 20% to 20%)" in printed and "to d in R2" in printed


def test_sim_to_real_in_brax(monkeypatch):
    pytest.importorskip("brax")
    monkeypatch.setattr(sys, "argv", ["sim_to_real.py", "--robots", "2"])
    names = run_script("sim_to_real.py", (r'"iterations": 20', '"iterations": 1'))
    plain = {f"{what}_{link}": 1.0 for what in ("mass", "inertia", "damping", "strength", "friction") for link in names["LINKS"]}
    slippery = plain | {f"friction_{link}": 0.0 for link in names["LINKS"]}
    weak = plain | {f"strength_{link}": 0.0 for link in names["LINKS"]}
    robots = names["InBrax"]([plain, plain, weak, slippery])
    assert (robots.sys.link.inertia.mass[0] == robots.sys.link.inertia.mass[1]).all()
    random = np.random.default_rng(1)
    robots.reset(random)
    # The first two start apart; told to push, all but the one without motors move their joints far.
    moved = np.zeros(4)
    for t in range(20):
        speeds, seen = robots.step(np.full((4, 6), (-1.0) ** (t // 4)), random)
        moved = np.maximum(moved, abs(seen[:, 11:]).max(1))
    assert seen.shape == (4, 17) and np.isfinite(seen).all() and abs(speeds[0] - speeds[1]) > 1e-6
    assert moved[[0, 1, 3]].min() > 2 * moved[2]


def test_xland_rulesets(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["xland_rulesets.py", "medium", str(tmp_path / "medium.json"), "--rulesets", "60",
                                      "--held-out", "20"])
    names = run_script("xland_rulesets.py")
    # The published program's fourth rulesets.
    published = {"trivial": ([8, 6, 8, 5, 9], [[0] * 7], [[6, 8], [5, 9], [7, 10], [3, 10], [12, 2]]),
                 "small": ([3, 12, 11, 0, 0], [[0] * 7], [[12, 11], [12, 8], [3, 10]]),
                 "medium": ([13, 5, 1, 0, 0], [[11, 12, 11, 5, 1, 0, 0], [10, 3, 11, 12, 11, 0, 0]], [[3, 11], [5, 3], [11, 10]])}
    for benchmark, ruleset in published.items():
        assert names["bytes_of"](names["draw_rulesets"](benchmark, 4, repeats=True)[3]) == ruleset
    config = il.Config(environment={"name": "xland", "benchmark": "medium"}, tasks={"file": str(tmp_path / "medium.json")},
                       evaluation={"tasks": 20})
    assert config.to_dict()["tasks"]["checksum"]
    with pytest.raises(il.InputError, match="wanted 29 numbers"):
        il.Config(environment={"name": "xland", "benchmark": "small"}, tasks={"file": str(tmp_path / "medium.json")},
                  evaluation={"tasks": 20})


def test_the_notebook_runs_from_top_to_bottom(monkeypatch):
    """Its cells in order, with IPython's display in place of a kernel's. It holds no outputs."""
    shown = []

    class Handle:
        def update(self, picture):
            shown.append(picture._repr_html_())

    display = types.ModuleType("IPython.display")
    display.display = lambda picture, display_id=False: Handle()
    display.HTML = lambda text: shown.append(text)
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    cells = [cell for cell in json.loads((ROOT / "examples/first_steps.ipynb").read_text())["cells"]
             if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)
    names = {}
    for cell in cells:
        source = "".join(cell["source"]).replace('{"iterations": 60}', '{"iterations": 15, "tasks_per_iteration": 10}')
        exec(source, names)
    assert names["run"].complete and len(shown) == 4
    assert shown[-1].count("<polyline") == 12
    assert names["adapted"].returns[-1] > names["adapted"].returns[0]


def test_readme_shows_what_runs(monkeypatch, tmp_path):
    block = next(text for text in re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
                 if "import innerloop" in text)
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(block.replace('"iterations": 75', '"iterations": 2'), names)
    assert isinstance(names["run"], il.Run)
