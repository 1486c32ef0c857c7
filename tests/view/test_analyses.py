"""Analyses enter the report of the study that they are of, and of no other."""

from __future__ import annotations

import json

import pytest

import abm
from abm.cli import main
from abm.view import analyses

STUDY = """\
seed = 3
replications = 2
kpis = ["profit", "market_share"]
[scenario]
periods = 6
burn_in = 2
[scenario.population]
customers = 40
[[scenario.firms]]
name = "north"
[[scenario.firms]]
name = "south"
[arms.none]
[arms.cheap]
"firms.north.price" = 0.8
[design]
method = "latin_hypercube"
points = 4
[design.factors]
"word_of_mouth.contact_rate" = "spec"
"firms.south.price" = [0.8, 1.2]
"""


@pytest.fixture
def study():
    return abm.Experiment("asked", abm.Scenario(periods=6, population=abm.Population(customers=20)))


@pytest.fixture
def picture(tmp_path):
    (tmp_path / "asked_morris").mkdir()
    path = tmp_path / "asked_morris" / "a.png"
    path.write_bytes(b"PNG of it")
    return path


def test_a_note_beside_the_study_is_a_section(study, picture, tmp_path):
    analyses.keep(picture.parent, "morris_profit", "Sensitivity <of> profit", ["It matters."], [picture], study)
    (section,) = analyses.sections(tmp_path / "asked", study)
    assert "Sensitivity &lt;of&gt; profit" in section
    assert "It matters." in section
    assert "data:image/png;base64," in section


def test_a_note_of_another_market_is_left_out(study, picture, tmp_path):
    analyses.keep(picture.parent, "morris_profit", "Sensitivity", ["It matters."], [picture], study)
    other = study.replace(scenario=study.scenario.replace({"trust.growth": 0.5}))
    assert list(analyses.sections(tmp_path / "asked", other)) == []
    assert list(analyses.sections(tmp_path / "asked", None)) == []
    assert list(analyses.sections(tmp_path / "other", study)) == []


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({"title": "x"})])
def test_what_is_no_note_is_passed_over(study, picture, tmp_path, text):
    (picture.parent / "x.analysis.json").write_text(text)
    assert list(analyses.sections(tmp_path / "asked", study)) == []


@pytest.mark.slow
def test_every_analysis_of_a_study_is_in_its_report(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.toml").write_text(STUDY)
    asked = ["--kpi", "profit", "--workers", "1"]
    assert main(["sensitivity", "study.toml", *asked, "--method", "morris", "--samples", "4", "--arm", "cheap"]) == 0
    assert main(["compare", "study.toml", *asked, "--zone", "500"]) in (0, 1)
    assert main(["run", "study.toml", "--workers", "1"]) == 0
    page = (tmp_path / "results" / "study" / "report.html").read_text()
    assert "Sensitivity of profit of north (morris)" in page
    assert "Comparison by profit" in page
