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


def test_a_scenario_is_there_before_the_slow_libraries_are():
    """A second of every worker's and every command's start."""
    code = (
        "import sys, abm; abm.Scenario(); print(*(name for name in ('scipy.stats', 'sklearn') if name in sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []
