"""Options and --set: what is said twice is refused in a line that names both."""

from __future__ import annotations

import pytest

from abm.cli import main

STUDY = """\
replications = 2
kpis = ["profit", "csi"]
[scenario]
periods = 3
[scenario.population]
customers = 20
[arms.none]
[arms.cut]
"firms.north.price" = 0.9
[design.factors]
"trust.growth" = [0.1, 0.2]
"""
SENSITIVITY = ("sensitivity", "--kpi", "profit")
CALIBRATE = ("calibrate", "--targets", "known.csv")
COMPARE = ("compare", "--kpi", "profit", "--zone", "1")
GAME = ("game", "--firms", "north,east")
FACTOR = "trust.growth=[0.1, 0.3]"
SET_FACTOR = "design.factors.trust.growth=[0.1, 0.2]"


@pytest.mark.parametrize(
    ("verb", "option", "value", "path"),
    [
        (("run",), "--seed", "4", "seed=3"),
        (("run",), "--seed", "3", "seed = 3"),
        (("run",), "--replications", "4", "replications=3"),
        (("run",), "--kpi", "csi", "judge_by=profit"),
        (("thresholds",), "--kpi", "csi", "judge_by=profit"),
        (("thresholds",), "--seed", "4", "seed=3"),
        ((*COMPARE,), "--seed", "4", "seed=3"),
        ((*GAME,), "--replications", "4", "replications=3"),
        (("twins",), "--seed", "4", "seed=3"),
        ((*SENSITIVITY,), "--factor", FACTOR, SET_FACTOR),
        ((*CALIBRATE,), "--factor", FACTOR, SET_FACTOR),
        ((*CALIBRATE,), "--seed", "4", "seed=3"),
    ],
)
def test_an_option_and_its_path(tmp_path, monkeypatch, capsys, verb, option, value, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.toml").write_text(STUDY)
    (tmp_path / "known.csv").write_text("kpi,value,tolerance\nprofit,3,1\n")
    assert main([verb[0], "study.toml", *verb[1:], "--set", path, option, value]) == 2
    name = path.partition("=")[0].strip()
    both = f"{option} {value}: '{name}' is set already by --set {path}"
    assert capsys.readouterr() == ("", f"study.toml: {both}; leave out one of the two\n")
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("verb", ["twins", "evidence"])
def test_a_path_that_an_option_stands_for(tmp_path, monkeypatch, capsys, verb):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.toml").write_text(STUDY)
    assert main([verb, "study.toml", "--set", "replications=3"]) == 2
    line = "--set replications=3: changes nothing here; say --replications instead\n"
    assert capsys.readouterr().err.removeprefix("study.toml: ") == line
