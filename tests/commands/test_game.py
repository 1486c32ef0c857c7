"""`patronage game`: what it prints and writes, and how it ends."""

from __future__ import annotations

import json

import pytest

from abm.cli import main
from abm.study.running.work import RunExecutor
from abm.view import figures, game
from abm.view.drawn import Drawn

STUDY = """\
question = "What would each do?"
seed = 7
replications = 3
kpis = ["profit", "market_share"]
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
[arms.cut]
label = "a lower price"
"firms.north.price" = 0.8
[arms.talk]
"word_of_mouth.contact_rate" = 0.3
"""
ASKED = ("--firms", "north,south", "--arms", "none,cut", "--workers", 1)


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
    monkeypatch.setattr(game, "figure_of", lambda file, caption, note, _: Drawn(file, caption, note, b"drawn", ""))


def said(capsys, *arguments):
    """Run a command; return exit code, output and the lines on standard error."""
    capsys.readouterr()
    code = main(list(map(str, arguments)))
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err.splitlines()


def test_tables_statement_and_files(study, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")  # in narrow terminals words of the headings are broken
    folder = study.parent / "results" / "study_game"
    code, out, err = said(capsys, "game", study, *ASKED)
    assert code == 0
    assert err[0].startswith("study_game: 2 strategies of 2 firms = 4 profiles x 3 replications = 12 runs of")
    words = " ".join(out.split())
    assert "firm rivals do best response pays more than by interval decided" in words
    assert "a lower price" in words
    assert "(0.95 confidence for all together, 3 replications)" in words
    assert "'cut'" not in words
    assert "'none' of north" in words or "'a lower price' of north" in words
    assert (folder / "game_profit_north_south.png").stat().st_size > 10_000
    assert said(capsys, "verify", folder)[0] == 0
    code, again, err = said(capsys, "game", study, *ASKED)
    assert (code, again) == (0, out)
    assert "all 12 runs are stored already; nothing to do" in err


def test_json_is_one_document_with_all_tables(study, capsys, undrawn):
    code, out, _ = said(capsys, "game", study, *ASKED, "--json", "--kpi", "market_share", "--out", "here")
    found = json.loads(out)
    assert code == 0
    assert (found["kpi"], found["firms"], found["strategies"]) == ("market_share", ["north", "south"], ["none", "cut"])
    assert [len(found[part]) for part in ("table", "responses", "profiles")] == [8, 4, 4]
    assert found["profiles"][1]["strategies"] == ["none", "cut"]
    assert 0 <= found["profiles"][0]["stability"] <= 1
    assert found["out"] == "here"


def test_the_report_of_the_study_has_it(study, capsys, undrawn, monkeypatch):
    monkeypatch.setattr(figures, "draw", lambda *_: [])
    assert said(capsys, "game", study, *ASKED)[0] == 0
    assert said(capsys, "run", study, "--workers", 1)[0] == 0
    page = (study.parent / "results" / "study" / "report.html").read_text()
    assert "Game of north and south by profit" in page


def test_failed_runs_are_said(study, capsys, undrawn, monkeypatch):
    whole = RunExecutor.outcome

    def unlucky(self, index):
        return self.failed(index, "ValueError", "no luck") if index == 3 else whole(self, index)

    monkeypatch.setattr(RunExecutor, "outcome", unlucky)
    code, out, err = said(capsys, "game", study, *ASKED)
    assert code == 1
    assert any(
        line.startswith("1 of 12 runs failed, the first (arm 'cut--cut', point 0, replication 0)") for line in err
    )
    assert "2 replications)" in " ".join(out.split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--firms", "nort,south"), "--firms = \"nort\" is no firm; did you mean 'north'?"),
        (("--firms", "north"), '--firms = "north" is no game; name two firms or more, such as north,south'),
        (("--firms", "north,south", "--arms", "none,cutt"), "--arms = \"cutt\" is no arm; did you mean 'cut'?"),
        (
            ("--firms", "north,south"),
            "study.toml: arms.talk.word_of_mouth.contact_rate = …: a strategy sets levers of north alone, the first of "
            "the firms, as in firms.north.price; name other arms for the game",
        ),
        (
            ("--firms", "north,south", "--arms", "none,talk", "--seed", 3),
            "study.toml: arms.talk.word_of_mouth.contact_rate = …: a strategy sets levers of north alone",
        ),
        (("--firms", "north,south", "--arms", "none,cut", "--kpi", "proffit"), '--kpi = "proffit" is no KPI; did you'),
        (("--firms", "north,south", "--arms", "none,cut", "--confidence", 2), "--confidence = 2.0 is outside (0, 1)"),
        (("--firms", "north,south", "--arms", "none,cut", "--replications", 0), "--replications = 0 is outside [1, 2"),
    ],
)
def test_refusals(study, capsys, options, message):
    code, out, err = said(capsys, "game", study, *options)
    assert (code, out) == (2, "")
    assert len(err) == 1
    assert message in err[0]
    assert not (study.parent / "results").exists()
