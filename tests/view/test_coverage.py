"""What is said to be covered can be switched on, is measured, and has a test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from abm.cli import main
from abm.scenario.measures import BY_NAME
from abm.scenario.scenario import Scenario
from abm.view.coverage import LIVE, TEXT, coverage, unknown

ROOT = Path(__file__).parents[2]
ROWS = coverage()
KNOWN = {row.path for row in Scenario.parameters()}


def test_every_row_of_the_checklists_is_there():
    counts = {letter: sum(row["row"].startswith(letter) for row in ROWS) for letter in "ABCDEF"}
    assert counts == {"A": 23, "B": 26, "C": 12, "D": 20, "E": 28, "F": 16}
    assert len({row["row"] for row in ROWS}) == len(ROWS)
    assert all(row["term"] and row["what"] for row in ROWS)


@pytest.mark.parametrize("row", [row for row in ROWS if row["status"] == LIVE], ids=lambda row: row["row"])
class TestLive:
    def test_it_has_a_lever_or_a_kpi(self, row):
        assert row["levers"] or row["kpis"]
        assert set(row["levers"]) <= KNOWN
        assert set(row["kpis"]) <= BY_NAME.keys()

    def test_it_has_tests(self, row):
        assert row["tests"]
        for file in row["tests"]:
            assert (ROOT / file).is_file(), file

    def test_its_study_is_shipped(self, row):
        assert not row["study"] or (ROOT / "experiments" / f"{row['study']}.toml").is_file()


def test_no_theory_serves_what_is_no_row():
    assert unknown() == []


def test_what_is_only_text_says_why():
    assert all(bool(row["why"]) == (row["status"] == TEXT) for row in ROWS)
    assert {row["status"] for row in ROWS} == {LIVE, TEXT}


def test_it_is_shown(capsys):
    assert main(["show", "coverage", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == ROWS
    assert main(["show", "coverage", "B25"]) == 0
    said = capsys.readouterr().out
    assert "taste" in said
    assert "偏好" in said
