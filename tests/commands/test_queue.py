"""`patronage queue`: what it prints and writes, and what it refuses with exit code 2."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from abm.cli import main
from abm.queues.serve import queue

COUNTER = """\
rate = 2.5
minutes = 1.0
servers = 3
patience = 4.0
discipline = "priority"
[[kinds]]
name = "members"
share = 0.3
[[kinds]]
name = "others"
share = 0.7
rank = 1
"""


@pytest.fixture
def counter(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "counter.toml"
    path.write_text(COUNTER, encoding="utf-8")
    return path


def test_it_prints_the_summary_and_writes_nothing(counter, capsys):
    assert main(["queue", "counter.toml", "--customers", "2000"]) == 0
    said = capsys.readouterr().out
    for word in ("all", "members", "others", "service level, 20 s", "mean wait, minutes", "1,800", " ± "):
        assert word in said
    assert "2,000 customers, the first 200 left out" in said
    assert [path.name for path in counter.parent.iterdir()] == ["counter.toml"]


def test_json_is_the_summary(counter, capsys):
    asked = [
        "queue",
        "counter.toml",
        "--duration",
        "500",
        "--seed",
        "7",
        "--replications",
        "2",
        "--within",
        "30",
        "--json",
    ]
    assert main(asked) == 0
    document = json.loads(capsys.readouterr().out)
    found = queue(counter, duration=500.0, seed=7, replications=2, within=30.0).summary
    assert (document["seed"], document["replications"], document["within_seconds"]) == (7, 2, 30)
    assert [row["kind"] for row in document["summary"]] == ["all", "members", "others"]
    for row, own in zip(document["summary"], found.to_dict("records"), strict=True):
        assert row["offered"] == own["offered"]
        assert row["mean_wait"] == own["mean_wait"]


def test_it_says_what_a_formula_expects(counter, capsys):
    (counter.parent / "plain.toml").write_text("rate = 0.5\nminutes = 1.0\n", encoding="utf-8")
    assert main(["queue", "plain.toml"]) == 0
    said = capsys.readouterr().out
    assert "Erlang C" in said
    assert main(["queue", "plain.toml", "--json"]) == 0
    known = {row["measure"]: row for row in json.loads(capsys.readouterr().out)["formula"]}
    assert known["mean_wait"]["expected"] == pytest.approx(1.0)
    assert main(["queue", "counter.toml", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["formula"] == []


def test_a_load_that_is_too_high_has_a_line_and_no_formula(counter, capsys):
    (counter.parent / "high.toml").write_text("rate = 2.0\nminutes = 1.0\n", encoding="utf-8")
    assert main(["queue", "high.toml"]) == 0
    said = capsys.readouterr().out
    assert "the load of 2 erlangs is not below its 1 servers" in said
    assert "expected" not in said


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_it_writes_the_trace_if_asked(counter, capsys, kind):
    assert main(["queue", "counter.toml", "--customers", "400", "--out", "found", "--trace", kind]) == 0
    assert "found" in capsys.readouterr().err
    files = {path.name for path in (counter.parent / "found").iterdir()}
    assert files == {f"customers.{kind}", "summary.csv", "trace.png", "servers.png", "waits.png"}
    read = pd.read_parquet if kind == "parquet" else pd.read_csv
    rows = read(counter.parent / "found" / f"customers.{kind}")
    assert len(rows) == 400
    assert rows["waited"].sum() == pytest.approx(queue(counter, customers=400).customers["waited"].sum())


@pytest.mark.parametrize("name", ["summary.csv", "customers.parquet", "waits.png"])
def test_files_of_the_users_own_stay(counter, capsys, name):
    mine = counter.parent / "mine" / name
    mine.parent.mkdir()
    mine.write_text("mine")
    assert main(["queue", "counter.toml", "--customers", "400", "--out", "mine"]) == 2
    said = f"--out = mine is no folder of a queue, and its {name} would be written over"
    assert capsys.readouterr() == ("", f"{said}; give another folder, or move that away\n")
    assert [path.name for path in mine.parent.iterdir()] == [name]
    assert mine.read_text() == "mine"


def test_its_own_folder_is_written_again(counter):
    asked = ["queue", "counter.toml", "--out", "found", "--customers"]
    assert main([*asked, "400"]) == 0
    assert main([*asked, "500"]) == 0
    assert len(pd.read_parquet(counter.parent / "found" / "customers.parquet")) == 500


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["nowhere.toml"], "nowhere.toml: there is no such file"),
        (["counter.toml", "--customers", "0"], "customers = 0 is no whole number"),
        (["counter.toml", "--trace", "xls"], "--trace = xls is no format of a trace; take parquet or csv"),
        (["counter.toml", "--out", "counter.toml"], "--out = counter.toml is a file; give a folder"),
        (["counter.toml", "--out", "counter.toml/x"], "--out = counter.toml/x cannot be made in "),
        (["wrong.toml"], "wrong.toml: no Queue parameter 'servrs'; did you mean 'servers'?"),
    ],
    ids=str,
)
def test_what_cannot_be_used_ends_with_2_and_one_line(counter, capsys, typed, said):
    (counter.parent / "wrong.toml").write_text("rate = 1.0\nminutes = 1.0\nservrs = 2\n", encoding="utf-8")
    assert main(["queue", *typed]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert len(told.strip().splitlines()) == 1
