"""`patronage fit`: what it prints and writes, and what it refuses."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from abm.cli import main

DAY = "is not a day such as 1997-09-30"
HELD_OUT = '--holdout = "900" leaves nothing to fit, or nothing to hold out: the log goes from 1997-01-01 to 1998-06-30'
LOGS = {
    "once.csv": "customer,date,amount\n1,1997-01-01,3\n2,1997-01-09,4\n3,1997-03-01,4\n",
    "no_amount.csv": "customer,date\n1,1997-01-01\n",
    "two.csv": "customer,buyer,client,date\n1,1,1,1997-01-01\n".replace("customer,", "no,"),
    "days.csv": "customer,date,amount\n1,30/9/1997,3\n",
}
NO_AMOUNT = 'no amount column; the header has "customer", "date"; say --log-column amount=HEADING, or amount= for a log'
NO_AMOUNT += " without amounts"
NO_HEADING = '--log-column amount=sum is no heading, or that of several columns; the header has "customer", "date"'
TWO = '"buyer" and "client" could each be the customer column; rename one to customer, or say --log-column'
TWO += " customer=HEADING"
DAYS = 'date = "30/9/1997" is not a date such as 1997-09-30 or 19970930'
OTHER_DAYS = 'date = "30/9/1997" is no date by --log-dates month_first; is it day_first?'
PATTERN = 'date = "30/9/1997" is not written as --log-dates "%Y %d %m"'


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """An empty folder, which is the current one; lines as wide as where nothing says how wide they are."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")


def said(capsys, *arguments):
    capsys.readouterr()
    code = main(["fit", *map(str, arguments)])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err.splitlines()


def test_it_says_what_was_fitted_why_and_how_well(capsys):
    code, out, err = said(capsys, "cdnow", "--holdout", 39, "--cohorts", 20, "-o", "shop.toml")
    assert code == 0
    assert err == ["cdnow: read and fitted; now 20 cohorts of simulated customers …"]
    lines = out.splitlines()
    assert lines[0] == "cdnow.csv: 4,960 rows, 2,357 customers, 1997-01-01 to 1997-09-30"
    assert "taken because: log likelihood higher by 181 than the NBD and by 21.2 than" in out
    rate = next(line.split() for line in lines if line.startswith("mean_rate"))
    assert rate[-5:] == ["0.05497", "0.0031", "0.0493", "to", "0.0613"]
    assert any(line.startswith("customers who never came again ") and line.endswith(" fits") for line in lines), out
    assert any(line.startswith("held out ") and "1,882" in line and "-11.4%" in line for line in lines)
    assert lines[-1] == "next     patronage run shop.toml"
    text = Path("shop.toml").read_text()
    assert text.startswith("# Written by:  patronage fit cdnow --holdout 39 --cohorts 20 --seed 1 -o shop.toml\n")
    assert tomllib.loads(text)["scenario"]["population"] == {
        "customers": 2357, "log": "cdnow", "log_until": "1997-09-30",
    }  # fmt: skip


def test_json(capsys):
    code, out, _ = said(capsys, "cdnow", "--cohorts", 20, "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["rows"], found["customers"], found["forecast"], found["study"]) == (6919, 2357, None, None)
    assert {row["parameter"] for row in found["estimates"]} == {
        "r", "alpha", "mean_rate", "a", "b", "drop_out", "p", "q", "v", "mean",
    }  # fmt: skip
    assert all(row["verdict"] in ("fits", "too low", "too high", "differs") for row in found["check"])
    assert found["fits"] is all(row["verdict"] == "fits" for row in found["check"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cdno"], "no shipped log \"cdno\", and no file of that name; did you mean 'cdnow'?"),
        (["cdnow", "--holdout", "never"], f'--holdout = "never" {DAY}, nor a whole number of weeks such as 26'),
        (["cdnow", "--holdout", "39.5"], f'--holdout = "39.5" {DAY}, nor a whole number of weeks such as 26'),
        (["cdnow", "--holdout", "900"], HELD_OUT),
        (["cdnow", "--log-until", "1990-01-01"], "--log-until = 1990-01-01 is before the first row of the log"),
        (["cdnow", "--seed", "-1"], "--seed = -1 is outside [0, 2^63)"),
        (["absent.csv"], "PLACE/absent.csv: there is no such file"),
        (["once.csv"], "once.csv: nobody bought on a second day, so that rates cannot be told; use a longer log"),
        (["no_amount.csv"], f"no_amount.csv: line 1: {NO_AMOUNT}"),
        (["no_amount.csv", "--log-column", "amount=sum"], f"no_amount.csv: line 1: {NO_HEADING}"),
        (["two.csv"], f"two.csv: line 1: {TWO}"),
        (["days.csv"], f"days.csv: line 2: {DAYS}; say --log-dates day_first or month_first"),
        (["days.csv", "--log-dates", "month_first"], f"days.csv: line 2: {OTHER_DAYS}"),
        (["days.csv", "--log-dates", "%Y %d %m"], f"days.csv: line 2: {PATTERN}"),
        (["cdnow", "--log-until", "never"], f'--log-until = "never" {DAY}'),
        (["cdnow", "--cohorts", "3"], "--cohorts = 3 is outside [20, 2^63)"),
        (
            ["cdnow", "--log-column", "date"],
            "--log-column date: is not COLUMN=HEADING, such as customer=CustomerID",
        ),
        (["cdnow", "-o", "shop"], "--out = shop is not the name of a study file, FILE.toml"),
        (["cdnow", "-o", "no/shop.toml"], "no: there is no such folder"),
    ],
)
def test_what_is_refused(capsys, arguments, message):
    for name, text in LOGS.items():
        Path(name).write_text(text)
    code, out, err = said(capsys, *arguments)
    assert (code, out, err) == (2, "", [message.replace("PLACE", str(Path.cwd()))])


def test_a_study_that_is_there_stays(capsys):
    Path("shop.toml").write_text("mine")
    code, _, err = said(capsys, "cdnow", "-o", "shop.toml")
    assert (code, err) == (2, ["shop.toml: is there already; choose another name, or remove it first"])
    assert Path("shop.toml").read_text() == "mine"
