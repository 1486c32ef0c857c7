"""People read labels of arms in comparisons, sensitivities and thresholds; files and documents keep the names."""

from __future__ import annotations

import json

import pytest

from abm.cli import main
from abm.view import labels

STUDY = """\
name = "labels"
seed = 7
replications = 2
kpis = ["profit"]
[scenario]
periods = 5
burn_in = 2
[scenario.population]
customers = 30
[arms.none]
label = "As it is"
[arms.dear]
label = "Dear, 30 %"
"firms.north.price" = 1.3
[design]
method = "grid"
[design.factors]
"firms.east.price" = [0.9, 1.1]
"""
COMPARE = ("compare", "--kpi", "profit", "--zone", "20", "--pilot", "10", "--max-runs", "60")
ASKED = {
    "compare": (*COMPARE, "--point", "0"),
    "robust": (*COMPARE, "--each-point"),
    "tornado": ("sensitivity", "--kpi", "profit", "--method", "tornado"),
    "against": ("sensitivity", "--kpi", "profit", "--method", "tornado", "--against", "none"),
    "thresholds": ("thresholds", "--kpi", "profit", "--weight", "word_of_mouth.contact_rate=[0.1]"),
}


@pytest.fixture
def asked(tmp_path, monkeypatch, capsys):
    """Ask a question of a study with two labels, and return what is said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "labels.toml").write_text(STUDY)

    def ask(command, *options):
        assert main([command, "labels.toml", *options, "--workers", "1", "--out", "out"]) in (0, 1)
        return capsys.readouterr().out

    return ask


@pytest.mark.parametrize("what", ASKED)
def test_what_people_read_has_the_labels(asked, what, tmp_path):
    command, *options = ASKED[what]
    said = asked(command, *options)
    assert "As it is" in said
    assert "Dear, 30 %" in said
    assert "'dear'" not in said
    assert "'none'" not in said
    notes = "".join(path.read_text() for path in tmp_path.glob("out*/*.analysis.json"))
    assert what == "thresholds" or "As it is" in notes or "Dear, 30 %" in notes
    assert "'none'" not in notes
    assert "'dear'" not in notes


@pytest.mark.parametrize("what", ["compare", "against"])
def test_what_programs_read_has_the_names(asked, what, tmp_path):
    command, *options = ASKED[what]
    found = json.loads(asked(command, *options, "--json"))
    assert {row["arm"] for row in found["table"]} <= {"none", "dear"}
    assert not [path.name for path in tmp_path.rglob("*30 %*")]


def test_quoted_names_become_labels_in_one_pass():
    said = "'a' has it; 'b' and 'a.b' have not; a stays, as does 'c'"
    assert (
        labels.said(said, {"a": "b", "b": "a", "a.b": "C"}) == "'b' has it; 'a' and 'C' have not; a stays, as does 'c'"
    )
    assert labels.said(said, {}) == said
