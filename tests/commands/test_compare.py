"""`patronage compare`: what it prints and writes, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
from dataclasses import replace

import pytest

import abm
from abm.cli import main
from abm.engine import recording
from abm.study.running.work import RunExecutor
from abm.view import race
from abm.view.drawn import Drawn

STUDY = """\
question = "Which price?"
seed = 7
replications = 3
kpis = ["profit", "programme_cost", "breakage"]
[scenario]
periods = 6
burn_in = 2
[scenario.population]
customers = 60
[[scenario.firms]]
name = "north"
[[scenario.firms]]
name = "south"
[arms.none]
[arms.dear]
"firms.north.price" = 1.3
[arms.dearer]
"firms.north.price" = 1.31
"""
SPACE = """\
[design.factors]
"firms.south.price" = [1.0, 1.3]
"""
ASKED = ("--kpi", "profit", "--firm", "north", "--zone", 10, "--workers", 1)  # soon decided


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A study file in an empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "study.toml"
    path.write_text(STUDY)
    return path


@pytest.fixture
def undrawn(monkeypatch):
    """A figure that takes no time."""
    monkeypatch.setattr(race, "figure_of", lambda file, caption, note, _: Drawn(file, caption, note, b"drawn", ""))


def said(capsys, *arguments):
    """Run the command; return exit code, output and the lines on standard error."""
    capsys.readouterr()
    code = main(["compare", *map(str, arguments)])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err.splitlines()


def test_what_is_said_and_written(study, capsys):
    code, out, err = said(capsys, study.name, *ASKED)
    assert code == 0
    assert err[0].startswith("study: 3 arms, first 10 replications = 30 runs of 60 customers over 6 periods, 1 process")
    assert re.fullmatch(r"\d+ runs done in .*", err[-1])
    assert max(map(len, out.splitlines())) <= 100
    assert re.search(r"^none .* (\d+) +\1$", out, re.M)  # out after the replications that it ran
    verdict = abm.compare(abm.load(study), "profit", "north", zone=10.0, workers=1)
    assert verdict.statement in " ".join(out.split())
    assert f"would take {verdict.runs_independent:,.0f}" in " ".join(out.split())
    assert "results  results/study\nfigure   results/study/verdict_profit_north.png\n" in out
    assert (study.parent / "results/study/verdict_profit_north.png").read_bytes().startswith(b"\x89PNG")


def test_one_json_document(study, undrawn, capsys):
    code, out, _ = said(capsys, study, *ASKED, "--json", "--out", "elsewhere", "--check")
    document = json.loads(out)
    verdict = abm.compare(abm.load(study), "profit", "north", zone=10.0, workers=1)
    assert code == 0
    assert (document["best"], document["decided"], document["out"]) == (verdict.best, True, "elsewhere")
    for name in ("statement", "runs", "runs_independent", "saving", "correlation"):
        assert document[name] == getattr(verdict, name)
    assert [row["arm"] for row in document["table"]] == list(verdict.table["arm"])
    assert document["check"] == {
        "ok": True,
        "statement": "two equal arms have exactly equal results in 10 replications",
    }


def test_the_same_command_has_nothing_to_do(study, undrawn, capsys):
    first = said(capsys, study, *ASKED)
    again = said(capsys, study, *ASKED)
    assert again[:2] == first[:2]
    assert re.fullmatch(r"all \d+ runs are stored already; nothing to do", again[2][-1])


def test_runs_of_the_study_are_used(study, undrawn, capsys):
    abm.run(abm.load(study).replace(replications=4), study.parent / "results" / "study", workers=1)
    code, _, err = said(capsys, study, *ASKED)
    assert code == 0
    assert err[-1].endswith(", 12 were stored already")


def test_an_interrupted_comparison_goes_on(study, undrawn, capsys, monkeypatch):
    whole, calls = recording.record, []

    def interrupted(*arguments, **options):
        calls.append(1)
        if len(calls) == 20:
            os.kill(os.getpid(), signal.SIGINT)
        return whole(*arguments, **options)

    monkeypatch.setattr(recording, "record", interrupted)
    code, out, err = said(capsys, study, *ASKED)
    assert (code, out) == (130, "")
    assert re.fullmatch(r"interrupted after 19 of 30 runs, all stored; the same command goes on from there", err[-1])
    monkeypatch.setattr(recording, "record", whole)
    code, _, err = said(capsys, study, *ASKED)
    assert code == 0
    assert err[-1].endswith(", 19 were stored already")


def test_costs_are_better_low_unless_said_otherwise(study, undrawn, capsys):
    asked = ("--kpi", "programme_cost", "--zone", 1, "--workers", 1)
    assert "has the lowest programme_cost" in said(capsys, study, *asked)[1]
    assert "has the highest programme_cost" in said(capsys, study, *asked, "--highest")[1]
    assert "has the lowest profit" in said(capsys, study, *ASKED, "--lowest")[1]


def test_not_decided_exits_with_1(study, undrawn, capsys):
    code, out, _ = said(capsys, study, *ASKED[:5], "0.0001", "--workers", 1, "--max-runs", 35, "--json")
    document = json.loads(out)
    assert code == 1
    assert (document["best"], document["decided"], document["runs"]) == (None, False, 30)
    assert document["statement"].startswith("not decided within the budget: ")
    assert said(capsys, study, "--kpi", "breakage", "--zone", 0.1, "--workers", 1)[0] == 1


def test_failed_runs_exit_with_1(study, undrawn, capsys, monkeypatch):
    whole = recording.record

    def broken(scenario, seed, replication=0, *rest, **named):
        if replication == 2:
            raise RuntimeError("lost its way")
        return whole(scenario, seed, replication, *rest, **named)

    monkeypatch.setattr(recording, "record", broken)
    code, out, _ = said(capsys, study, *ASKED[:5], 20, "--workers", 1)
    assert code == 1
    words = " ".join(out.split())
    assert "1 replication is left out, as a run failed or has no value" in words
    assert (
        "warning: 3 of 45 runs failed, the first (arm 'none', point 0, replication 2) with RuntimeError: lost" in words
    )


def test_a_check_that_does_not_hold_exits_with_1(study, undrawn, capsys, monkeypatch):
    whole, done = RunExecutor.outcome, []

    def unlucky(self, index):
        done.append(index)
        outcome = whole(self, index)
        return replace(outcome, summary=outcome.summary + len(done))

    monkeypatch.setattr(RunExecutor, "outcome", unlucky)
    code, out, _ = said(capsys, study, *ASKED, "--check")
    assert code == 1
    assert "check: two equal arms differ by up to" in out


def test_points_of_a_design(study, undrawn, capsys):
    study.write_text(STUDY + SPACE)
    asked = (*ASKED[:5], 20, "--workers", 1)
    assert "over 2 points" in said(capsys, study, *asked)[1]
    assert "at point 1" in said(capsys, study, *asked, "--point", 1)[1]
    code, out, _ = said(capsys, study, *asked, "--each-point")
    assert code == 0
    assert "ahead of the next by" in out
    assert "largest regret" in out
    assert "0.95 confidence at each point" in " ".join(out.split())
    document = json.loads(said(capsys, study, *asked, "--each-point", "--together", "--json")[1])
    assert [one["point"] for one in document["points"]] == [0, 1]
    assert document["together"] is True
    assert document["decided"] is True


def test_a_group_of_customers(study, undrawn, capsys):
    asked = (*ASKED[:5], 40, "--workers", 1)
    code, out, err = said(capsys, study, *asked, "--group", "rate_high")
    assert (code, out, len(err)) == (2, "", 1)
    assert err[0] == '--group = "rate_high" is no group; the study tells none apart, write [groups.NAME]'
    study.write_text(STUDY + '[groups.rate]\nby = "purchase_rate"\nparts = 2\n')
    code, out, err = said(capsys, study, *asked, "--group", "rate_hig")
    assert (code, out, err) == (2, "", ["--group = \"rate_hig\" is no group; did you mean 'rate_high'?"])
    code, out, _ = said(capsys, study, *asked, "--group", "rate_high")
    assert code == 0
    assert "highest profit of north's customers in 'rate_high', or is within 40" in " ".join(out.split())
    assert "verdict_profit_north_rate_high.png" in out
    assert "--group rate_high --zone 40" in (study.parent / "results/study/manifest.toml").read_text()
    document = json.loads(said(capsys, study, *asked, "--group", "rate_high", "--json")[1])
    assert (document["firm"], document["group"]) == ("north", "rate_high")
    assert json.loads(said(capsys, study, *asked, "--json")[1])["group"] is None


def test_settings_change_the_study(study, undrawn, capsys):
    _, _, err = said(capsys, study, *ASKED, "--set", "scenario.population.customers=20", "--seed", 9, "--pilot", 12)
    assert err[0].startswith("study: 3 arms, first 12 replications = 36 runs of 20 customers")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--zone", 0), "--zone = 0.0 is not a number above 0: telling arms that do not differ would take"),
        (("--kpi", "profti"), "--kpi = \"profti\" is no KPI; did you mean 'profit'?"),
        (("--firm", "noth"), "--firm = \"noth\" is no firm; did you mean 'north'?"),
        (("--confidence", 95), "--confidence = 95.0 is not a probability between 0.333, which guessing"),
        (("--max-runs", 20), "--max-runs = 20 is below the pilot: 3 arms x 10 = 30 runs"),
        (("--point", 2), "--point = 2 is outside [0, 0]"),
        (("--pilot", 5), "--pilot = 5 is below 10, the fewest replications to judge variances by"),
        (("--together",), "--together is about the verdicts of --each-point; say that too"),
        (("--each-point", "--point", 0), "--each-point compares at all points and --point at one; leave"),
        (("--set", "periods=x"), "--set periods=x: "),
        (("--workers", 0), "--workers = 0 is outside [1, "),
    ],
)
def test_refusals_are_one_line(study, capsys, options, message):
    code, out, err = said(capsys, study.name, *ASKED, *options)
    assert (code, out) == (2, "")
    assert len(err) == 1
    assert err[0].startswith(message)
    assert not (study.parent / "results").exists()


@pytest.mark.parametrize("missing", ["--kpi", "--zone"])
def test_what_must_be_said(study, capsys, missing):
    given = [*ASKED]
    at = given.index(missing)
    del given[at : at + 2]
    code, out, err = said(capsys, study, *given)
    assert (code, out) == (2, "")
    assert any(f"Missing option '{missing}'" in line for line in err)
