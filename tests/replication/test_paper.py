"""A paper is a folder; its script is held to its claims, and all papers make a page."""

import json

import pandas as pd
import pytest

import abm
from abm.cli import main
from abm.core.errors import Refusal
from abm.replication.claims import read_claims
from abm.replication.paper import COLUMNS, folder_of_papers, papers_in, read_paper
from abm.replication.together import page

SHIPPED = folder_of_papers()
TARGETS = """claim,where,seen,published,tolerance,direction
twice two,p. 1,verified,4,0.5,above 3
sign,p. 2,secondary,,,below 0
"""
SCRIPT = "def replicate(paper):\n    return {'twice two': paper.settings['two'] * 2, 'sign': (-1.0, 0.1)}\n"


@pytest.fixture
def folder(tmp_path):
    """A folder with one paper."""
    for name in ("sums_1900", "sums_1901"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "targets.csv").write_text(TARGETS)
        (tmp_path / name / "replicate.py").write_text(SCRIPT)
        (tmp_path / name / "scenario.toml").write_text("seed = 3\n[paper]\ntwo = 2.0\n[paper.more]\nwords = 'a'\n")
    return tmp_path


def test_a_paper_is_a_row_per_claim(folder):
    table = abm.replicate("sums_1900", papers=folder)
    assert tuple(table.columns) == COLUMNS
    assert list(table.verdict) == ["reproduced", "direction only"]
    assert list(table.ours) == [4.0, -1.0]


def test_values_can_be_changed(folder):
    assert list(abm.replicate("sums_1900", ["paper.two=2.5"], folder).verdict) == ["direction only", "direction only"]
    assert list(abm.replicate("sums_1900", ["paper.two=1"], folder).ours) == [2.0, -1.0]
    paper = read_paper(folder, "sums_1900", ["paper.more.words=b", "seed=5", "population.customers=70"])
    assert (paper.settings["more"]["words"], paper.study.seed) == ("b", 5)
    assert paper.study.scenario.population.customers == 70


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        (["paper.tow=1"], "--set paper.tow=1: no setting 'tow'; did you mean 'two'?"),
        (["paper.two=yes"], "--set paper.two=yes: two = 'yes' is not of the kind of 2.0"),
        (["paper.two.x=1"], "two"),
        (["paper.two=1", "paper.two=2"], "'paper.two' is set already by --set paper.two=1; set it once"),
        (["population.custmers=3"], "did you mean 'customers'?"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused(folder, sets, message):
    with pytest.raises(Refusal) as refused:
        read_paper(folder, "sums_1900", sets)
    assert message in str(refused.value).replace('"', "'")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("x = 1\n", "sums_1900/replicate.py: defines no replicate(paper)"),
        ("def replicate(paper):\n    return 3\n", "replicate returns 3, no table of claims"),
        ("def replicate(paper):\n    return {'twice two': 4}\n", "has no number for 'sign'"),
        (
            "def replicate(paper):\n    return {'twice two': 4, 'sing': 1, 'sign': 1}\n",
            "has a number for what targets.csv does not claim, 'sing'; did you mean 'sign'?",
        ),
        ("def replicate(paper:\n", "replicate.py: line 1: "),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_script_is_said_in_a_line(folder, script, message):
    (folder / "sums_1900" / "replicate.py").write_text(script)
    with pytest.raises(Refusal) as refused:
        abm.replicate("sums_1900", papers=folder)
    assert message in str(refused.value).replace('"', "'")


@pytest.mark.slow
def test_all_papers_make_a_page(folder, capsys):
    (folder / "NOTES.md").write_text("A note | of our own.\n")
    assert main(["replicate", "--all", "--papers", str(folder), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["paper"], row["verdict"]) for row in rows[:2]] == [
        ("sums_1900", "reproduced"), ("sums_1900", "direction only"),
    ]  # fmt: skip
    written = (folder / "README.md").read_text()
    assert "\n2 papers, 4 findings: 2 reproduced, 2 direction only.\n" in written
    assert "\n## [sums_1900](sums_1900/README.md)\n\n1 reproduced, 1 direction only.\n" in written
    assert "\n| twice two | p. 1 | 4 | 0.5 | 4 | reproduced |\n" in written
    assert written.endswith("A note | of our own.\n")


@pytest.mark.slow
def test_the_page_of_other_values_is_not_written(folder, capsys):
    assert main(["replicate", "--all", "--papers", str(folder), "--set", "paper.two=3"]) == 0
    assert not (folder / "README.md").exists()
    assert "need not apply" in capsys.readouterr().err


@pytest.mark.slow
def test_one_that_cannot_be_run_writes_nothing(folder, capsys):
    (folder / "sums_1901" / "replicate.py").write_text("def replicate(paper):\n    return {}\n")
    assert main(["replicate", "--all", "--papers", str(folder)]) == 2
    assert "sums_1901: sums_1901/replicate.py: has no number for" in capsys.readouterr().err
    assert not (folder / "README.md").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "name a paper, or give --all; there is sums_1900 or sums_1901"),
        (["sums_1900", "--all"], "name papers, or give --all, not both"),
        (["sum_1900"], "no paper 'sum_1900'; did you mean 'sums_1900'?"),
    ],
)
def test_what_is_asked_for_must_be_there(folder, capsys, words, message):
    assert main(["replicate", *words, "--papers", str(folder)]) == 2
    assert message in capsys.readouterr().err.replace('"', "'")


def test_papers_are_found_from_folders_below(folder, monkeypatch, tmp_path):
    (tmp_path / "all").mkdir()
    (folder / "sums_1900").rename(tmp_path / "all" / "papers")
    monkeypatch.chdir(tmp_path / "all")
    with pytest.raises(Refusal, match="there is no folder papers here or above"):
        folder_of_papers()


@pytest.mark.parametrize("name", papers_in(SHIPPED))
def test_the_page_says_what_each_shipped_paper_claims(name):
    """All claims of a paper stand on the page of all, and its own page is there."""
    written = (SHIPPED / "README.md").read_text("utf-8")
    for claim in read_claims(SHIPPED / name / "targets.csv"):
        row = {"paper": name, "claim": claim.claim, "where": claim.where, "seen": claim.seen}
        row |= {"published": claim.published, "tolerance": claim.tolerance, "direction": claim.direction}
        cells = page(pd.DataFrame([{**row, "ours": 0.0, "low": 0.0, "high": 0.0, "verdict": ""}])).rpartition(" | 0 | ")
        assert cells[0].splitlines()[-1] in written
    assert (SHIPPED / name / "README.md").exists()
    read_paper(SHIPPED, name)
