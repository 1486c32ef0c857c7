"""`patronage sensitivity`: what it prints and writes, and how it ends."""

from __future__ import annotations

import json
import tomllib

import pandas as pd
import pytest

import abm
from abm.cli import main
from abm.view import sensitivity as view

STUDY = """\
seed = 3
replications = 2
kpis = ["profit", "market_share"]
[scenario]
periods = 6
burn_in = 2
[scenario.population]
customers = 40
[[scenario.firms]]
name = "north"
[[scenario.firms]]
name = "south"
[arms.none]
[arms.cheap]
"firms.north.price" = 0.8
[design]
method = "latin_hypercube"
points = 4
[design.factors]
"word_of_mouth.contact_rate" = "spec"
"firms.south.price" = [0.8, 1.2]
"""
FEW = ("--method", "morris", "--samples", "4", "--workers", "1")


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A study file in an empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "study.toml"
    path.write_text(STUDY)
    return path


@pytest.fixture
def undrawn(monkeypatch):
    """No figures, which take their time."""
    monkeypatch.setattr(view, "draw", lambda *_: [])


def said(capsys, *arguments):
    """Run the command; return exit code, output and the lines on standard error."""
    capsys.readouterr()
    code = main(["sensitivity", *map(str, arguments)])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["sobol", "morris", "tornado"])
def test_what_is_said_and_written(study, capsys, method):
    samples = () if method == "tornado" else ("--samples", 8)
    code, out, err = said(
        capsys, "study.toml", "--kpi", "profit", "--method", method, "--arm", "cheap", "--against", "none", *samples
    )
    assert code == 0
    assert err[0].startswith(f"study_{method}: 2 arms x ")
    assert " runs of 40 customers over 6 periods" in err[0]
    assert "about 1 s and " in err[0]
    assert "profit of north, 'cheap' minus 'none'" in out
    assert "Luck is " in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 100
    folder = study.parent / "results" / f"study_{method}"
    assert f"results  results/study_{method}" in out
    assert out.endswith(f"next     patronage verify results/study_{method}\n")
    assert (folder / f"{method}_profit_cheap_minus_none.png").read_bytes().startswith(b"\x89PNG")
    table = pd.read_csv(folder / f"{method}_profit_minus_none.csv")
    assert set(table["factor"]) == {"word_of_mouth.contact_rate", "firms.south.price"}
    assert tomllib.loads((folder / "manifest.toml").read_text())["sheet"]["name"] == f"study_{method}"


def test_one_json_document(study, undrawn, capsys):
    code, out, _ = said(capsys, study, "--kpi", "profit", "--against", "none", *FEW, "--json")
    document = json.loads(out)
    assert code == 0
    assert document["against"] == "none"
    assert document["statement"].startswith("profit of north, 'cheap' minus 'none': ")
    assert [row["arm"] for row in document["table"]] == ["cheap", "cheap"]
    assert set(document["table"][0]) == {
        "arm", "factor", "mu_star", "mu_star_low", "mu_star_high", "mu", "sigma", "luck",
    }  # fmt: skip
    assert 0 <= document["outputs"][0]["noise_share"] <= 1
    assert (document["runs"], document["failed"]) == (len(abm.read(document["out"]).sheet), 0)


def test_it_says_what_python_says(study, undrawn, capsys):
    document = json.loads(said(capsys, study, "--kpi", "market_share", "--firm", "south", *FEW, "--json")[1])
    found = abm.sensitivity(abm.load(study), "market_share", "south", "morris", 4, workers=1)
    assert document["statement"] == found.statement
    for row, other in zip(document["table"], found.table.to_dict("records"), strict=True):
        assert row == pytest.approx(other)


def test_the_same_command_goes_on(study, undrawn, capsys):
    first = said(capsys, study, "--kpi", "profit", *FEW)
    again = said(capsys, study, "--kpi", "profit", *FEW)
    assert again[1] == first[1]
    assert "are stored already; nothing to do" in again[2][1]
    more = said(capsys, study, "--kpi", "profit", *FEW, "--replications", 3)
    assert "were stored already" in more[2][1]


def test_factors_of_the_command_line(study, undrawn, capsys):
    code, out, _ = said(
        capsys, study, "--kpi", "profit", "--arm", "none", *FEW, "--set", "firms.south.price=1.1",
        "--factor", "trust.growth",
        "--factor", "choice.market=['always_a_share', 'lost_for_good']", "--json",
    )  # fmt: skip
    assert code == 0
    assert {row["factor"] for row in json.loads(out)["table"]} == {"trust.growth", "choice.market"}
    factors = abm.read("results/study_morris").sheet.design.factors
    assert factors == {"trust.growth": (0.0, 1.0), "choice.market": ("always_a_share", "lost_for_good")}


def test_some_failed_runs_are_left_out_and_exit_with_1(study, undrawn, capsys, monkeypatch):
    monkeypatch.setattr("abm.study.plan.checks.MOST_POINTS_CHECKED", 0)
    code, out, err = said(
        capsys, study, "--kpi", "profit", "--arm", "none", "--method", "morris", "--samples", 16, "--workers", 1,
        "--factor", "periods=[4, 9]", "--factor", "burn_in=[0, 5]", "--json",
    )  # fmt: skip
    assert code == 1
    document = json.loads(out)
    assert document["failed"] > 0
    assert document["outputs"][0]["dropped"] > 0
    assert "samples are left out, as a value is missing" in document["statement"]
    assert " failed, the first (arm 'none', point " in err[-1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--kpi", "proft"], "--kpi = \"proft\" is no KPI; did you mean 'profit'?"),
        (["--kpi", "profit", "--firm", "nort"], "--firm = \"nort\" is no firm; did you mean 'north'?"),
        (["--kpi", "profit", "--arm", "chep"], "--arm = \"chep\" is no arm; did you mean 'cheap'?"),
        (["--kpi", "profit", "--method", "morriss"], "--method = \"morriss\" is not sobol, morris or tornado; did"),
        (["--kpi", "profit", "--samples", "100"], "--samples = 100 is not a power of two, which a Sobol sequence"),
        (["--kpi", "profit", "--samples", "-8"], "samples = -8 is outside [8, "),
        (["--kpi", "profit", "--method", "tornado", "--samples", "8"], "a tornado tries each factor at its ends"),
        (["--kpi", "profit", "--confidence", "95"], "--confidence = 95.0 is outside (0, 1)"),
        (["--kpi", "profit", "--confidence", "nan"], "--confidence = nan is outside (0, 1)"),
        (["--kpi", "profit", "--factor", "trust.growth=0.5"], '--factor trust.growth = 0.5 is not [low, high]'),
        (["--kpi", "profit", "--factor", "trust.growth=[0.5"], "trust.growth: \"[0.5\" is not a TOML value"),
        (["--kpi", "profit", "--factor", "trust.growth=[0.5,0.1]"], "is the wrong way round; write [0.1, 0.5]"),
        (["--kpi", "profit", "--factor", "trust.grwth=[0.1,0.5]"], "did you mean 'growth'?"),
        (["--kpi", "profit", "--factor", "a=[1,2]", "--factor", "a=[1,2]"], "--factor a=[1,2]: 'a' is given twice"),
        (["--kpi", "profit", "--set", "population.customers=1000000000"], "GiB"),
        (["--kpi", "profit", "--replications", "0"], "replications = 0 is outside [1, "),
        (["--kpi", "profit", "--replications", "100000"], "runs; an experiment has at most 10,000,000"),
        (["--kpi", "profit", "--samples", "16384", "--replications", "60", "--set", "population.customers=1000000",
          "--set", "periods=1000"], "a study may take a year at most"),
    ],
)  # fmt: skip
def test_refused_in_one_line_and_nothing_written(study, capsys, options, message):
    for json_too in ((), ("--json",)):
        code, out, err = said(capsys, "study.toml", *options, *json_too)
        assert (code, out) == (2, "")
        assert len(err) == 1
        assert message in err[0]
    assert [path.name for path in study.parent.iterdir()] == ["study.toml"]


def test_without_factors(study, capsys):
    study.write_text(STUDY[: STUDY.index("[design]")])
    code, out, err = said(capsys, study, "--kpi", "profit")
    assert (code, out) == (2, "")
    assert err == [
        'study.toml: design.factors: has no factors, so there is nothing to vary; write "path" = [low, high]'
    ]


def test_a_kpi_is_needed(study, capsys):
    code, _, err = said(capsys, study)
    assert code == 2
    assert any("--kpi" in line for line in err)
