"""Studies with arms to be matched: what is asked for is checked before the first trial run."""

import re

import pytest

from abm.cli import main
from abm.commands import doing
from abm.study.plan.experiment import load
from abm.study.plan.overrides import overrides
from abm.study.running import runner
from abm.study.running.estimate import estimate
from abm.study.running.matching import trial_runs
from abm.study.running.parallelism import Parallelism
from abm.view import figures

STUDY = """\
replications = 2
kpis = ["profit", "lever_cost", "revenue"]
[scenario]
periods = 4
[scenario.population]
customers = 30
[[scenario.firms]]
name = "north"
[[scenario.firms]]
name = "south"
[arms.none]
[arms.cut]
match = { by = "firms.north.price", kpi = "lever_cost", of = "revenue", plus = 0.03, replications = 2 }
"""
TRIED = ["--set", "arms.cut.match.tolerance=0.3", "--workers", "1"]
SENSITIVITY = ("sensitivity", "--kpi", "profit", "--method", "morris", "--samples", "4", "--factor", "trust.growth")
COMPARE = ("compare", "--zone", "1")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ((*SENSITIVITY, "--kpi", "proft"), "--kpi = \"proft\" is no KPI; did you mean 'profit'?"),
        ((*SENSITIVITY, "--firm", "nort"), "--firm = \"nort\" is no firm; did you mean 'north'?"),
        ((*SENSITIVITY, "--arm", "cutt"), "--arm = \"cutt\" is no arm; did you mean 'cut'?"),
        ((*SENSITIVITY, "--against", "nome"), "--against = \"nome\" is no arm; did you mean 'none'?"),
        (
            (*SENSITIVITY, "--factor", "trust.grow=[0, 1]"),
            "--factor: no Trust parameter 'grow' in 'trust.grow'",
        ),
        ((*COMPARE, "--kpi", "proft"), "--kpi = \"proft\" is no KPI; did you mean 'profit'?"),
        ((*COMPARE, "--kpi", "profit", "--firm", "nort"), "--firm = \"nort\" is no firm; did you mean 'north'?"),
        ((*COMPARE, "--kpi", "profit", "--group", "rich"), '--group = "rich" is no group'),
        ((*COMPARE, "--kpi", "profit", "--point", "7"), "--point = 7 is outside [0, 0]"),
        ((*COMPARE, "--kpi", "profit", "--max-runs", "7"), "--max-runs = 7 is below the pilot"),
        ((*COMPARE, "--kpi", "profit", "--confidence", "0.3"), "--confidence = 0.3"),
    ],
)
def test_a_mistake_is_found_before_the_trial_runs(tmp_path, monkeypatch, capsys, command, said):
    monkeypatch.setattr(runner, "_run", lambda *_: pytest.fail("a run was done"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.toml").write_text(STUDY)
    verb, *options = command
    assert main([verb, "study.toml", *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(said)
    assert [path.name for path in tmp_path.iterdir()] == ["study.toml"]


@pytest.mark.slow
def test_runs_that_trials_have_done_are_told_from_those_stored_before(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(figures, "draw", lambda *_: [])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.toml").write_text(STUDY)

    def said(*options):
        assert main(["run", "study.toml", *TRIED, *options]) == 0
        return capsys.readouterr().err.splitlines()

    first, found, trials, done = said()
    assert "= 4 runs and about 6 trial runs of 30 customers" in first
    assert found.startswith("cut: firms.north.price = ")
    assert re.fullmatch(r"\d+ trial runs done in [\d.]+ s", trials)
    assert done == "all 4 runs were done by the trial runs"
    assert said()[1:] == [found, "all 4 runs are stored already; nothing to do"]
    assert re.fullmatch(r"2 runs done in [\d.]+ s, 4 were stored already", said("--replications", "3")[-1])
    other = said("--set", "arms.cut.match.plus=0.06", "--replications", "3")
    assert re.fullmatch(r"1 run done in [\d.]+ s, 2 by the trial runs, 3 were stored already", other[-1])


def test_trial_runs_are_in_the_estimate(tmp_path):
    (tmp_path / "study.toml").write_text(STUDY)
    study = overrides(load(tmp_path / "study.toml"), ["arms.cut.match.replications=50", "population.customers=9000"])
    assert trial_runs(study) == 3 * 50 + 48
    assert doing.resources(study, len(study), 1, 1) == f"1 process; {estimate(study, 4 + 198, Parallelism(1, 1))}"
