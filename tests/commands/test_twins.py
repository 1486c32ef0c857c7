"""`patronage twins`: what it prints and writes, and what it refuses."""

from __future__ import annotations

import json
import tomllib

import pandas as pd
import pytest

from abm.cli import main
from abm.commands import twins
from abm.study.running.interrupts import Interrupted

STUDY = """\
seed = 3
[scenario]
periods = 60
burn_in = 4
[scenario.population]
customers = 300
[arms.none]
[arms.points]
from = 30
"firms.north.program" = { preset = "points", hassle = 0.0 }
"""


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A study file in an empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "shop.toml"
    path.write_text(STUDY)
    return path


def said(capsys, *arguments):
    capsys.readouterr()
    code = main(["twins", *map(str, arguments), "--workers", "1"])
    out, err = capsys.readouterr()
    return code, out, err.splitlines()


def test_it_says_what_there_is_and_where(study, capsys):
    code, out, err = said(capsys, study, "--arms", "none,points", "-o", "data")
    assert code == 0
    assert out.startswith("300 customers of north's market, ")
    assert "assigned to points, the rest to none; treatment begins in period 30" in out
    assert "confounding       none, at random; probabilities of treatment from 0.5 to 0.5" in out
    assert out.endswith("data   data\ntruth  data/truth/effects.csv\n")
    assert err[-1].startswith("2 runs done in ")
    customers = pd.read_csv("data/customers.csv")
    effects = pd.read_csv("data/truth/effects.csv")
    assert f"true mean effect  {effects['effect'].mean():.4g}," in out
    assert list(customers) == ["replication", "customer", "recency", "frequency", "spend", "treated", "outcome"]


def test_the_command_that_is_written_makes_the_same_data_again(study, capsys):
    options = ("--confounding", "frequency=-0.5", "--columns", "frequency, spend", "--treated", "0.3", "--seed", "8")
    assert said(capsys, study, *options, "--set", "scenario.periods=50", "--replications", "2", "-o", "one")[0] == 0
    command = tomllib.loads((study.parent / "one" / "about.toml").read_text())["command"]
    assert command == (
        "patronage twins shop.toml --outcome profit_from_customer --columns 'frequency, spend' --treated 0.3 "
        "--replications 2 --seed 8 --confounding frequency=-0.5 --set scenario.periods=50"
    )
    again = ["shop.toml", "--outcome", "profit_from_customer", *options, "--replications", "2"]
    assert said(capsys, *again, "--set", "scenario.periods=50", "-o", "two")[0] == 0
    for path in ("log.csv", "customers.csv", "truth/effects.csv", "about.toml", "README.md"):
        assert (study.parent / "one" / path).read_bytes() == (study.parent / "two" / path).read_bytes()


def test_json(study, capsys):
    code, out, _ = said(
        capsys, study, "--confounding", "frequency=1", "--outcome", "silent", "--silence", "9", "--json"
    )
    found = json.loads(out)
    assert code == 0
    assert found["out"].endswith("results/shop-twins")
    effects, customers = (pd.read_csv(found["files"][name]) for name in ("effects", "customers"))
    means = customers.groupby("treated")["outcome"].mean()
    assert found["mean_effect"] == pytest.approx(effects["effect"].mean())
    assert found["naive_difference"] == pytest.approx(means[1] - means[0])
    assert (found["customers"], found["treated"]) == (300, customers["treated"].sum())
    assert found["visits"] == len(pd.read_csv(found["files"]["log"]))
    assert found["confounding"] == {"frequency": 1.0}
    assert found["naive_difference"] < found["mean_effect"]  # who comes often is seldom silent, treated or not


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--arms", "none,pionts"), "--arms = \"pionts\" is no arm; did you mean 'points'?"),
        (("--arms", "points"), '--arms = ["points"] is not two arms, the control and the treated one'),
        (("--outcome", "silnet"), "--outcome = \"silnet\" is no outcome; did you mean 'silent'?"),
        (("--columns", "spent"), "--columns = \"spent\" is no column; did you mean 'spend'?"),
        (("--confounding", "frequency"), '--confounding: "frequency" is not COLUMN=STRENGTH, such as frequency=1.0'),
        (("--confounding", "frequency=much"), "is not COLUMN=STRENGTH"),
        (("--confounding", "frequency=1", "--confounding", "frequency=2"), '--confounding: names "frequency" twice'),
        (("--treated", "0"), "--treated = 0.0 is outside (0, 1)"),
        (("--silence", "31"), "--silence = 31 is more than the 30 periods from treatment on"),
        (("--replications", "0"), "--replications = 0 is outside"),
        (("--firm", "nort"), "--firm = \"nort\" is no firm; did you mean 'north'?"),
        (("-o", "shop.toml"), "--out = shop.toml is a file; give a folder"),
        (("-o", "shop.toml/data"), "--out = shop.toml/data cannot be made in"),
        (("--set", "arms.points.form=3"), "did you mean"),
    ],
)
def test_refusals(study, capsys, options, message):
    code, out, err = said(capsys, study, *options)
    assert (code, out) == (2, "")
    assert message in err[-1]
    assert [path.name for path in study.parent.iterdir()] == ["shop.toml"]


def test_a_folder_with_files_is_left_alone(study, capsys):
    (study.parent / "data").mkdir()
    (study.parent / "data" / "mine.csv").write_text("dear")
    code, _, err = said(capsys, study, "-o", "data")
    assert (code, err) == (2, ["--out = data has files already; give another folder, which is made"])
    assert [path.name for path in (study.parent / "data").iterdir()] == ["mine.csv"]


def test_an_interrupt_leaves_nothing(study, capsys, monkeypatch):
    def stopped(*_):
        raise Interrupted(1, 2, 0, 2, None)

    monkeypatch.setattr(twins, "run", stopped)
    code, out, err = said(capsys, study, "-o", "data")
    assert (code, out, err[-1]) == (130, "", "interrupted; run the same command again")
    assert [path.name for path in study.parent.iterdir()] == ["shop.toml"]
