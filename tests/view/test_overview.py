"""The table of arms and measures, in a page and in a paper."""

from __future__ import annotations

import re

import pandas as pd
import pytest

import abm
from abm.view import overview, summary, tables


@pytest.fixture
def effects(results):
    return summary.effects(results)


def test_a_row_an_arm_and_a_column_a_measure(results, effects):
    table = overview.arms_by_kpi(results, effects)
    assert list(table.index) == summary.ranked_arms(results, effects)
    assert list(table) == summary.kpis_shown(results)
    row = effects[(effects["arm"] == "service") & (effects["kpi"] == "csi")].iloc[0]
    mean, difference = table.loc["service", "csi"].split("\n")
    assert mean == tables.number(row["mean"], row["decimals"])
    digits = int(row["decimals"])
    assert float(difference.strip("*").replace("−", "-")) == pytest.approx(row["difference"], abs=0.6 * 10**-digits)
    assert difference.endswith("*") == (row["low"] > 0 or row["high"] < 0)
    assert "\n" not in table.loc["none", "csi"]


def test_text_of_the_page_is_escaped(results, effects):
    made = overview.html(results, effects.replace({"arm": {"service": "<b>"}}))
    assert "<b>" not in made


def test_a_paper_has_cells_of_text(results, effects):
    table = abm.paper_table(results, ["csi", "profit"])
    assert list(table) == ["csi (0-100)", "profit (cu/customer/year)"]
    number = r"−?\d+(\.\d+)?"
    assert re.fullmatch(rf"{number} \([+−]{number[2:]} \[{number}, {number}\]\)", table.loc["service", "csi (0-100)"])
    assert re.fullmatch(number, table.loc["none", "csi (0-100)"])
    short = abm.paper_table(results, ["csi"], intervals=False)
    assert re.fullmatch(rf"{number} \([+−]{number[2:]}\*?\)", short.loc["service", "csi (0-100)"])


def test_a_paper_of_another_firm(results):
    south = summary.effects(results, "south").set_index(["kpi", "arm"]).loc[("csi", "none")]
    written = abm.paper_table(results, ["csi"], "south").loc["none"].iloc[0]
    assert float(written) == pytest.approx(south["mean"], abs=0.1)


def test_no_cell_is_a_formula():
    base = abm.Scenario(periods=6, population={"customers": 30})
    arms = {"none": {"label": "=1+1"}, "dear": {"label": "@home", "firms.north.price": 1.2}}
    kpis = ("profit", "visit_share")
    results = abm.run(abm.Experiment("evil", base, arms, kpis=kpis, replications=3), workers=1)
    lines = abm.paper_table(results).to_csv().splitlines()
    cells = [cell.strip('"') for line in lines for cell in re.split(r',(?=")|,(?=[^ ])', line)]
    assert {"'=1+1", "'@home"} <= set(cells)
    assert not [cell for cell in cells if cell[:1] in "=+-@" and cell]


def test_one_measure_may_go_without_a_list(results):
    pd.testing.assert_frame_equal(abm.paper_table(results, "profit"), abm.paper_table(results, ["profit"]))


def test_a_loss_has_a_true_minus_in_every_cell(results):
    table = summary.effects(results).assign(mean=-12.0)
    assert all(cell.startswith("−12") for cell in overview.arms_by_kpi(results, table).to_numpy().ravel())


def test_an_unknown_measure_is_refused(results):
    with pytest.raises(abm.Refusal, match="no KPI \"profits\" in the results; did you mean 'profit'"):
        abm.paper_table(results, ["profits"])
