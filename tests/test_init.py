"""The public names: all there, loaded when used, and typed where they are."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import abm


@pytest.mark.parametrize("name", abm.__all__)
def test_every_public_name_is_there(name):
    assert getattr(abm, name) is not None
    assert name in dir(abm)


def test_what_type_checkers_see_is_what_there_is():
    """The block for type checkers and the table for the program name the same things of the same modules."""
    tree = ast.parse(Path(abm.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {alias.name: node.module for node in block.body for alias in node.names}
    assert typed == {name: f"abm.{module}" for name, module in abm._MODULE.items()}
    assert set(abm.__all__) == {*typed, "run"}


def test_run_is_a_function_and_a_package(tmp_path):
    engine = importlib.import_module("abm.engine.engine")
    assert abm.engine.engine is engine
    study = abm.Experiment("one", abm.Scenario(periods=2, population=abm.Population(customers=3)), replications=1)
    results = abm.run(study, store=tmp_path / "one", workers=1)
    assert len(results.runs) == 3
    assert abm.read(tmp_path / "one").canonical() == results.canonical()


def test_a_slip_is_answered_with_the_name():
    with pytest.raises(AttributeError, match="module 'abm' has no attribute 'Scenaro'; did you mean 'Scenario'"):
        abm.Scenaro  # noqa: B018 - raises


SLOW = (
    "pandas", "matplotlib", "seaborn", "scipy.stats", "scipy.optimize", "networkx", "mesa", "sklearn", "SALib",
    "optuna", "nicegui", "distributed",
)  # fmt: skip


def loaded(code: str) -> set[str]:
    """Return which modules a process has loaded that ran some code."""
    code = f"import sys; {code}; print(*sys.modules)"
    return {*subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()}


@pytest.mark.parametrize("code", ["import abm", "import abm.cli"])
def test_nothing_slow_is_loaded_before_a_verb_is_known(code):
    assert loaded(code) & {*SLOW, "numpy", "numba", "pydantic", "scipy", "pyarrow"} == set()


@pytest.mark.parametrize(
    ("code", "too"),
    [
        ("import abm; abm.Scenario()", ["pyarrow"]),
        ("import abm.engine.recording", ["pyarrow"]),
        ("import abm.commands.show", ["pyarrow"]),
        ("import abm.study.running.parent, abm.study.running.pool", []),  # what worker processes begin with
    ],
)
def test_a_market_is_there_without_the_libraries_that_few_runs_need(code, too):
    """A second of every worker's and every command's start."""
    found = loaded(code)
    assert "numba" in found
    assert found & {*SLOW, *too} == set()
