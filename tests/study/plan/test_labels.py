"""Labels of arms: what people read, in place of names by which everything is stored and found."""

from __future__ import annotations

import json

import pytest

import abm
from abm.cli import main
from abm.core.errors import Refusal
from abm.view import report, summary

STUDY = """\
replications = 3
kpis = ["profit", "csi"]
[scenario]
periods = 12
burn_in = 2
[scenario.population]
customers = 60
[arms.none]
label = "As today"
[arms.cheap]
label = "Prices, -10 %"
"firms.north.price" = 0.9
[arms.late]
label = "Later < cheap"
from = 6
"firms.north.price" = 0.9
[[expect]]
kpi = "profit"
arm = "cheap"
above = 0.0
"""
LABELS = {"none": "As today", "cheap": "Prices, -10 %", "late": "Later < cheap"}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("labels") / "study.toml"
    path.write_text(STUDY)
    return path


@pytest.fixture(scope="module")
def stored(file):
    results = file.parent / "results" / "study"
    abm.run(abm.load(file), store=results, workers=1)
    return results


def unlabelled(file):
    other = file.parent / "bare" / "study.toml"
    other.parent.mkdir(exist_ok=True)
    other.write_text("".join(line for line in STUDY.splitlines(keepends=True) if not line.startswith("label")))
    return abm.load(other)


def test_a_label_decides_no_number(file):
    study = abm.load(file)
    assert study.labels == LABELS
    assert (study.sheet.ids == unlabelled(file).sheet.ids).all()
    assert study.scenario_of("cheap") == unlabelled(file).scenario_of("cheap")


def test_labels_are_kept_with_the_study(file, stored, tmp_path):
    abm.load(file).save(tmp_path / "again.toml")
    assert abm.load(tmp_path / "again.toml").labels == LABELS
    assert abm.load(stored).labels == abm.read(stored).sheet.labels == LABELS
    assert abm.load(file).replace(replications=5).labels == LABELS


def test_tables_and_files_have_names_and_people_read_labels(stored):
    results = abm.read(stored)
    assert list(results.runs["arm"].unique()) == list(LABELS)
    read = results.labelled()
    assert (list(read.arms), read.baseline) == (list(LABELS.values()), "As today")
    assert read.block("profit", "Prices, -10 %", "north").tolist() == results.block("profit", "cheap", "north").tolist()
    assert set(summary.effects(read)["arm"]) == set(LABELS.values())
    assert abm.judge(read)["estimate"].tolist() == abm.judge(results)["estimate"].tolist()
    assert "Prices, -10 %" in results._repr_html_()


def test_the_report_and_its_figures(stored, monkeypatch):
    drawn = []
    monkeypatch.setattr("abm.view.figures.draw", lambda results, *_: drawn.append(results.arms) or [])
    page = report.write(stored).read_text(encoding="utf-8")
    assert drawn == [tuple(LABELS.values())]
    for words in ("As today", "Prices, -10 % (cheap)", "Later &lt; cheap", "minus As today"):
        assert words in page
    assert "minus none" not in page


def test_the_console_has_labels_and_json_names(file, stored, capsys, monkeypatch):
    monkeypatch.setattr("abm.view.figures.draw", lambda *_: [])
    assert main(["run", str(file), "--workers", "1"]) == 0
    out = capsys.readouterr().out
    assert "minus As today" in " ".join(out.split())
    assert main(["run", str(file), "--workers", "1", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["labels"] == LABELS
    assert {row["arm"] for row in document["table"]} == set(LABELS)


def test_a_new_label_finds_the_stored_runs(file, stored):
    study = abm.load(file)
    again = study.replace(arms={**study.arms, "cheap": {**study.arms["cheap"], "label": "Cheaper"}})
    results = abm.run(again, store=stored, workers=1)
    assert (results.strangers, results.missing) == (0, 0)
    assert abm.read(stored).labelled().arms[1] == "Cheaper"
    abm.run(study, store=stored, workers=1)


@pytest.mark.parametrize(
    ("label", "said"),
    [
        (5, "= 5 is not a line of text"),
        ("", '= "" is not a line of text'),
        (" ", '= " " is not a line of text'),
        ("two\nlines", "is not a line of text"),
        ("x" * 61, "is not a line of text of up to 60 characters"),
        ("none", "= \"none\" is what arm 'none' is called"),
        ("As today", "= \"As today\" is what arm 'none' is called"),
    ],
)
def test_refusals(label, said):
    with pytest.raises(Refusal, match=r"^arms\.cheap\.label") as refused:
        abm.Experiment(
            name="x", scenario=abm.Scenario(), arms={"none": {"label": "As today"}, "cheap": {"label": label}}
        )
    assert said in str(refused.value)
