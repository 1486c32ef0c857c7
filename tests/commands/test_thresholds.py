"""`patronage thresholds`: what it prints and writes, and that the report of the study has it."""

from __future__ import annotations

import json

import pytest

from abm.cli import main
from abm.view import figures

STUDY = """\
seed = 3
replications = 5
kpis = ["profit", "market_share"]
[scenario]
periods = 20
choice.outside = -80.0
burn_in = 2
[scenario.population]
customers = 1000
[[scenario.firms]]
name = "north"
[[scenario.firms]]
name = "south"
[arms.none]
[arms.cheap]
"firms.north.price" = 0.95
"""
FEW = ("--weight", "pricing.price_sensitivity=[0, 50]", "--weight", "trust.growth", "--workers", "1")


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A study file in an empty folder, which is the current one; reports without their other figures."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(figures, "draw", lambda *_: [])
    path = tmp_path / "study.toml"
    path.write_text(STUDY)
    return path


def said(capsys, *arguments):
    capsys.readouterr()
    code = main(list(map(str, arguments)))
    out, err = capsys.readouterr()
    return code, out, err.splitlines()


@pytest.mark.slow
def test_the_report_of_the_study_has_it(study, capsys):
    folder = study.parent / "results" / "study"
    assert said(capsys, "run", study, "--workers", 1)[0] == 0
    assert "hangs on weights" not in (folder / "report.html").read_text()
    code, out, err = said(capsys, "thresholds", study, *FEW)
    assert code == 0
    assert "pricing.price_sensitivity" in out
    assert "profit of north: none comes first, cheap last." in " ".join(out.split())
    assert err[0] == "5 markets: the study's own, and one for each value of a weight"
    assert err[-1].endswith("study/report.html")
    page = (folder / "report.html").read_text()
    assert "How far the verdict hangs on weights" in page
    assert "none would no longer be first at pricing.price_sensitivity above" in page
    assert (folder / "thresholds" / "thresholds.png").stat().st_size > 10_000


def test_another_study_in_the_folder_is_not_told_of_it(study, capsys):
    folder = study.parent / "results" / "study"
    assert said(capsys, "thresholds", study, *FEW)[0] == 0
    study.write_text(STUDY.replace("outside = -80.0", "outside = -20.0"))
    assert said(capsys, "run", study, "--workers", 1)[0] == 0
    assert "hangs on weights" not in (folder / "report.html").read_text()


def test_json(study, capsys):
    code, out, _ = said(capsys, "thresholds", study, *FEW, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["order"] == ["none", "cheap"]
    assert {row["weight"] for row in found["table"]} == {"", "pricing.price_sensitivity", "trust.growth"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--weight", "taste.taste_spred"), "did you mean 'taste.taste_spread'?"),
        (("--weight", "taste.taste_spread=5"), "= 5 is no list of numbers, such as [0.5, 2]"),
        (("--weight", "taste.taste_spread=[-5]"), "= -5.0 is outside [0, 20]"),
        (("--kpi", "proffit"), "--kpi = \"proffit\" is no KPI; did you mean 'profit'?"),
        (("--firm", "nort"), "--firm = \"nort\" is no firm; did you mean 'north'?"),
    ],
)
def test_refusals(study, capsys, options, message):
    code, out, err = said(capsys, "thresholds", study, *options)
    assert (code, out) == (2, "")
    assert message in err[-1]
    assert not (study.parent / "results").exists()
