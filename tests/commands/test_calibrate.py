"""`patronage calibrate`: what it prints and writes, and how it ends."""

from __future__ import annotations

import json
import sys

import matplotlib as mpl
import pandas as pd
import pytest

import abm
from abm.cli import main
from abm.study.running.verify import verify
from abm.view import calibration as view

mpl.use("Agg")
STUDY = """\
seed = 3
replications = 2
kpis = ["profit", "csi"]
[scenario]
periods = 8
burn_in = 2
[scenario.population]
customers = 60
[[scenario.firms]]
name = "north"
[[scenario.firms]]
name = "south"
[arms.none]
[arms.cheap]
"firms.north.price" = 0.9
[design]
method = "latin_hypercube"
points = 4
[design.factors]
"switching_cost.switching_weight" = [0.0, 6.0]
"""
TARGETS = """\
claim,kpi,value,tolerance,held_out,locator
satisfaction,csi,77,2,,survey
trust,trust,0.5,0.05,yes,survey
"""
WRITTEN = {
    "calibrated.toml", "calibration.analysis.json", "fit.csv", "fit.png", "fresh_luck", "identified.csv",
    "implausibility.png", "manifest.toml",
    "progress.png", "segments", "targets.csv", "trials.csv", "trials.jsonl",
}  # fmt: skip


def said(capsys, *arguments):
    """Run the command in this process; return exit code, output and the lines on standard error."""
    capsys.readouterr()
    code = main(["calibrate", *map(str, arguments), "--workers", "1"])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err.splitlines()


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "targets.csv").write_text(TARGETS)
    (tmp_path / "study.toml").write_text(STUDY)
    return tmp_path / "study.toml"


@pytest.mark.slow
def test_a_calibration_prints_tables_and_writes_its_folder(study, capsys, monkeypatch):
    code, out, err = said(capsys, study, "--targets", "targets.csv", "--trials", 20)
    assert code == 0
    assert err[0].startswith(
        "study: 1 factor to 1 target and 1 held out in 20 trials x 1 arm x 2 replications = 40 runs"
    )
    assert "switching_cost.switching_weight" in out
    assert "csi of north" in out
    assert "settings tried are not ruled out" in out
    assert "Note: 1 factor for 1 target" in out.replace("\n", " ")
    folder = study.parent / "results" / "study_calibration"
    assert out.splitlines()[-1].split() == ["next", "patronage", "run", str(folder / "calibrated.toml")]
    assert {path.name for path in folder.iterdir()} == WRITTEN
    trials = pd.read_csv(folder / "trials.csv")
    best = trials.loc[trials["loss"].idxmin(), "switching_cost.switching_weight"]
    calibrated = abm.load(folder / "calibrated.toml")
    assert calibrated.scenario.switching_cost.switching_weight == best
    assert calibrated.name == "study_calibrated"
    assert not calibrated.design.factors
    assert list(calibrated.arms) == ["none", "cheap"]
    assert [target.claim for target in abm.read_targets(folder / "targets.csv")] == ["satisfaction", "trust"]

    monkeypatch.setattr(view, "draw", lambda _: [])
    code, _, err = said(capsys, study, "--targets", "targets.csv", "--trials", 20)
    assert code == 0
    assert err[1] == "all 40 runs are stored already; nothing to do"


def test_json_is_one_document(study, capsys, monkeypatch):
    monkeypatch.setattr(view, "draw", lambda _: [])
    options = ["--factor", "trust.growth=[0.0, 0.5]", "--factor", "trust.fall", "--trials", 16, "--json"]
    code, out, _ = said(capsys, study, "--targets", "targets.csv", *options, "--out", "there", "--replications", 3)
    found = json.loads(out)
    assert code == 0
    assert set(found["best"]) == {"trust.growth", "trust.fall"}
    assert [row["factor"] for row in found["factors"]] == ["trust.growth", "trust.fall"]
    assert [(row["lowest"], row["highest"]) for row in found["factors"]] == [(0.0, 0.5), (0.0, 1.0)]
    assert [row["held_out"] for row in found["targets"]] == [False, True]
    assert (found["out"], found["trials"]) == ("there", 16)
    assert abm.load("there/calibrated.toml").design.factors  # what was not calibrated stays


def test_everything_ruled_out_is_exit_code_1(study, capsys, monkeypatch):
    monkeypatch.setattr(view, "draw", lambda _: [])
    (study.parent / "targets.csv").write_text("kpi,value,tolerance\ncsi,20,0.1\n")
    code, out, _ = said(capsys, study, "--targets", "targets.csv", "--trials", 16)
    assert code == 1
    assert "All 16 settings tried are ruled out" in out.replace("\n", " ")
    assert "next" not in out


@pytest.mark.slow
def test_figures_of_another_calibration_do_not_stay(study, capsys):
    folder = study.parent / "results" / "study_calibration"
    (folder / "segments").mkdir(parents=True)
    (folder / "region.png").write_text("of two factors")
    (folder / "mine.png").write_text("of the user")
    assert said(capsys, study, "--targets", "targets.csv", "--trials", 16)[0] == 0
    assert {path.name for path in folder.glob("*.png")} == {"progress.png", "fit.png", "implausibility.png", "mine.png"}


def test_without_factors(study, capsys):
    study.write_text(STUDY[: STUDY.index("[design]")])
    code, out, err = said(capsys, study, "--targets", "targets.csv")
    assert (code, out) == (2, "")
    assert err == [
        "study.toml: there are no factors; give --factor PATH=[LOW,HIGH], or list them under [design.factors]"
    ]


def test_a_log(study, capsys, monkeypatch):
    monkeypatch.setattr(view, "draw", lambda _: [])
    options = ["--set", "periods=54", "--trials", 16, "--factor", "population.purchase_rate=[0.02, 0.5]", "--json"]
    _, out, _ = said(capsys, study, "--log", "cdnow", *options)
    assert [row["kpi"] for row in json.loads(out)["targets"]] == ["frequency", "basket"]
    assert verify(study.parent / "results" / "study_calibration").ok  # its KPIs are known by name


def test_a_log_as_it_is_published(study, capsys, monkeypatch):
    monkeypatch.setattr(view, "draw", lambda _: [])
    rows = [f"{k % 40};{1 + k % 28}.{1 + k % 12}.2023;{1 + k % 7},50;x" for k in range(400)]
    rows += [f"{k % 40};1.{1 + k % 6}.2024;5;x" for k in range(40)] + [";1.1.2023;5;x"]
    (study.parent / "shop.csv").write_text("\n".join(["Kunde;Tag;Summe;Ort", *rows]))
    columns = [f"--log-column={column}" for column in ("customer=Kunde", "date=Tag", "amount=Summe")]
    how = [*columns, "--log-dates", "day_first", "--log-until", "2023-12-31"]
    options = ["--set", "periods=54", "--trials", 16, "--factor", "population.purchase_rate=[0.02, 0.5]", "--json"]
    code, out, err = said(capsys, study, "--log", study.parent / "shop.csv", *how, *options)
    assert code in (0, 1), err
    assert [row["kpi"] for row in json.loads(out)["targets"]] == ["frequency", "basket"]
    assert any(line.endswith("shop.csv: 1 row names no customer and was left out") for line in err)


def test_input_files_go_with_the_calibrated_study(study, capsys, monkeypatch):
    monkeypatch.setattr(view, "draw", lambda _: [])
    (study.parent / "ties.csv").write_text("source,target\n0,1\n1,2\n")
    sets = ["--set", "network.kind=file", "--set", "network.file=ties.csv"]
    code, _, err = said(capsys, study, "--targets", "targets.csv", "--trials", 16, *sets)
    assert code == 0, err
    folder = study.parent / "results" / "study_calibration"
    assert (folder / "ties.csv").read_bytes() == (study.parent / "ties.csv").read_bytes()
    assert abm.load(folder / "calibrated.toml").scenario.network.file == "ties.csv"


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ([], "study.toml: there is nothing to calibrate to; give --targets FILE.csv, or --log LOG"),
        (["--targets", "no.csv"], "no.csv: there is no such file"),
        (["--log", "cdnov"], "--log: no shipped log \"cdnov\", and no file of that name; did you mean 'cdnow'?"),
        (["--log", "cdnow", "--log-column", "customer"], "--log-column customer: is not COLUMN=HEADING, such as"),
        (
            ["--log", "cdnow", "--log-column", "custmer=id"],
            "--log-column custmer=id: no LogColumns parameter 'custmer'",
        ),
        (
            ["--log", "cdnow", "--log-column", "customer=Kunde"],
            "cdnow: line 1: --log-column customer=Kunde is no heading",
        ),
        (["--log", "cdnow", "--log-dates", "day_frst"], '--log-dates = "day_frst" is no way to write dates; write'),
        (["--log", "cdnow", "--log-until", "soon"], '--log-until = "soon" is not a date such as 1997-12-31'),
        (
            ["--targets", "targets.csv", "--log-dates", "day_first"],
            'study.toml: "day_first" says how a log is read',
        ),
        (
            ["--targets", "targets.csv", "--trials", "3"],
            "--trials = 3 are too few to learn from; take 50 or more",
        ),
        (["--targets", "targets.csv", "--factor", "trust.grwoth"], "--factor: no Trust parameter 'grwoth'"),
        (["--targets", "targets.csv", "--factor", "trust.growth=high"], '--factor trust.growth = "high" is'),
        (
            ["--targets", "targets.csv", "--factor", "trust.growth", "--factor", "trust.growth=[0, 1]"],
            "--factor trust.growth=[0, 1]: 'trust.growth' is given twice",
        ),
        (["--targets", "targets.csv", "--replications", "1"], "--replications = 1, but it takes 2 or more"),
        (["--targets", "targets.csv", "--forgive", "1"], "--forgive = 1, but there is 1 target to meet"),
    ],
)
def test_refusals_are_one_line_and_write_nothing(study, capsys, options, line):
    before = sorted(study.parent.rglob("*"))
    code, out, err = said(capsys, study, *options)
    assert (code, out) == (2, "")
    assert len(err) == 1
    assert err[0].startswith(line)
    assert sorted(study.parent.rglob("*")) == before


def test_a_mistake_in_the_targets_is_refused_with_its_line(study, capsys):
    (study.parent / "targets.csv").write_text("kpi,value,tolerance\ncsi,72,2\ncis,72,2\n")
    code, _, err = said(capsys, study, "--targets", "targets.csv")
    assert (code, err) == (2, ["targets.csv: line 3: no KPI \"cis\"; did you mean 'csi'?"])


def test_without_optuna_the_extra_is_named(study, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    code, out, err = said(capsys, study, "--targets", "targets.csv")
    assert (code, out) == (2, "")
    assert err[-1] == 'calibration needs Optuna, which is an extra: pip install "patronage[calibrate]"'
    assert not (study.parent / "results").exists()
