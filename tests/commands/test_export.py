"""`patronage export`: what it prints and writes, and what it refuses."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import abm
from abm.cli import main

STUDY = """\
seed = 5
replications = 1
[scenario]
periods = 20
[scenario.population]
customers = 100
[arms.none]
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The folder of a study's file and its results."""
    place = tmp_path_factory.mktemp("export")
    (place / "shop.toml").write_text(STUDY)
    abm.run(place / "shop.toml", place / "results" / "shop", workers=1)
    return place


@pytest.fixture
def results(done, monkeypatch):
    """The results, from the folder beside which they lie, which is the current one."""
    monkeypatch.chdir(done)
    return "results/shop"


def said(capsys, *arguments):
    code = main(["export", *map(str, arguments)])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err.splitlines()


def test_a_log(results, capsys):
    code, out, err = said(capsys, results, "-o", "log.csv", "--start", "2024-03-01", "--cohort")
    log = pd.read_csv("log.csv")
    assert (code, err) == (0, ["results/shop: making the run again …"])
    first = f"{len(log)} purchases of 100 customers, 2024-02-29 to {log['date'].max()}"
    assert out == f"{first}\nlog      log.csv\nnext     patronage fit log.csv\n"
    assert list(log) == ["customer_id", "date", "amount"]


def test_a_panel_and_json(results, capsys):
    code, out, _ = said(capsys, results, "-o", "panel.parquet", "--panel", "--json")
    found, panel = json.loads(out), pd.read_parquet("panel.parquet")
    assert code == 0
    assert (found["kind"], found["rows"], found["purchases"]) == ("panel", len(panel), len(panel) // 3)
    assert found["columns"] == [*panel]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "log.xlsx"], "--out = log.xlsx is neither FILE.csv nor FILE.parquet"),
        (["-o", "nine.csv", "--arm", "nine"], "--arm = \"nine\" is no arm; did you mean 'none'?"),
        (["-o", "both.csv", "--panel", "--cohort"], "a panel has no purchase without a choice; leave out --panel or"),
        (["-o", "shop.csv", "--since", "99"], "--since = 99 is outside [0, 19]"),
        (["-o", "shop.csv", "--since", "99", "--all-runs"], "--since = 99 is outside [0, 19]"),
        (["-o", "shop.csv", "--firm", "nort"], "--firm = \"nort\" is no firm; did you mean 'north'?"),
        (["-o", "shop.csv", "--start", "soon"], '--start = "soon" is not a day such as 2024-01-01'),
        ([], "Missing option '--out' / '-o'"),
    ],
)
def test_what_is_refused(results, capsys, arguments, message):
    code, out, err = said(capsys, results, *arguments)
    assert (code, out) == (2, "")
    (line,) = err
    assert line.startswith(message)


def test_a_folder_without_results_is_refused(capsys, tmp_path):
    code, _, err = said(capsys, tmp_path, "-o", tmp_path / "log.csv")
    assert code == 2
    (line,) = err
    assert "is not a results folder" in line
