"""Studies with arms to be matched: what is asked for is checked before the first trial run."""

import pytest

from abm.cli import main
from abm.study.running import runner

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
