import doctest
import importlib
import pkgutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import innerloop as il
from conftest import ROOT

OPTIONAL = {"torch_policy": "torch", "onnx_policy": "onnx", "sb3": "stable_baselines3", "_ray": "ray"}
MODULES = sorted(module.name for module in pkgutil.iter_modules(il.__path__) if module.name != "_core")


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_do_what_they_show(name):
    if name in OPTIONAL:
        pytest.importorskip(OPTIONAL[name])
    module = importlib.import_module(f"innerloop.{name}")
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0


def test_most_of_the_package_has_examples():
    count = sum(len(test.examples) for name in MODULES if name not in OPTIONAL
                for test in doctest.DocTestFinder().find(importlib.import_module(f"innerloop.{name}")))
    assert count >= 15


def test_the_command_comes_along_with_its_exit_codes():
    program = Path(sys.executable).with_name("innerloop")
    assert subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.startswith(
        f"innerloop {il.__version__} ")
    assert subprocess.run([program, "nonsense"], capture_output=True).returncode == 2


def test_one_version_licence_and_types():
    assert metadata.version("innerloop") == il.__version__
    files = [str(file) for file in metadata.files("innerloop")]
    assert any(file.endswith("licenses/LICENSE") for file in files)
    assert {"innerloop/py.typed", "innerloop/_core.pyi", "innerloop/_core.abi3.so"} <= set(files)
    assert il.__version__ in (ROOT / "CMakeLists.txt").read_text()


def test_importing_is_quick_and_brings_no_large_package():
    said = subprocess.run([sys.executable, "-c", "import sys, innerloop; print(*sorted(sys.modules))"], text=True,
                          capture_output=True, check=True).stdout.split()
    assert not {"torch", "jax", "pandas", "onnx", "matplotlib", "stable_baselines3", "optuna", "ray"} & set(said)
