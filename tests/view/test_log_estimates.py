"""The report says how sure the numbers are that were fitted to a log."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from abm.scenario.scenario import Scenario
from abm.study.plan.experiment import Experiment
from abm.view import log_estimates


def study(people, **more):
    return Experiment(name="log", scenario=Scenario(population=people), arms={"none": {}, **more})


def test_a_table_for_each_log_and_no_log_twice():
    people = {"log": "cdnow", "log_until": "1997-09-30"}
    (section,) = log_estimates.sections(study(people, later={"population.log_until": "1998-06-30"}))
    assert section.count("<table>") == 2
    assert "until 1997-09-30" in section
    assert "until 1998-06-30" in section
    # Fader, Hardie and Lee give r = 0.243, alpha = 4.414, a = 0.793, b = 2.426 for the first
    for said in ("<td>r</td>", "0.2426", "4.414", "0.7929", "2.426", "0.219 to 0.268"):
        assert said in section, said


def test_nothing_without_a_log_or_a_study():
    assert not list(log_estimates.sections(None))
    assert not list(log_estimates.sections(study({})))


def test_a_log_that_is_gone_leaves_its_table_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    days = [f"{who},2024-0{month}-1{who % 7},{9 + who}" for who in range(40) for month in range(1, 2 + who % 8)]
    Path("own.csv").write_text("\n".join(["customer,date,amount", *days]))
    found = study({"log": "own.csv"})
    assert list(log_estimates.sections(found))
    Path("own.csv").unlink()
    assert not list(log_estimates.sections(found))


def test_what_has_no_error_says_why():
    columns = ["parameter", "what", "unit", "estimate", "standard_error", "low", "high", "edge"]
    table = pd.DataFrame(
        [
            ("drop_out", "chance", "0-1", 0.0, math.nan, math.nan, math.nan, True),
            ("mean", "basket", "cu", math.inf, math.nan, math.nan, math.nan, False),
            ("v", "scale", "cu", 123456.7, 3210.4, 0.0, math.inf, False),
        ],
        columns=columns,
    ).set_index("parameter")
    assert [row[3:] for row in log_estimates.rows(table)] == [
        ("0", "at its edge", ""),
        ("inf", "not told", ""),
        ("123,457", "3,210", "0 to inf"),
    ]
