"""Figures of money: what is drawn is what the tables say."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

import abm
from abm.view import money, plots
from tests.view.readable import assert_readable

mpl.use("Agg")


def effects(arms=("none", "a", "b")):
    rows = []
    for kpi, values in (("lever_cost", (0.0, 1.0, 2.0)), ("profit", (0.0, 0.5, -2.0))):
        rows += [
            {"kpi": kpi, "arm": arm, "firm": "north", "difference": d, "low": d - 0.1, "high": d + 0.2}
            for arm, d in zip(arms, values, strict=True)
        ]
    return pd.DataFrame(rows)


def test_spend_and_profit_has_a_dot_and_a_cross_an_arm():
    palette = plots.colours(["none", "a", "b"], "none")
    ax = money.spend_and_profit(effects(), "none", palette=palette)
    dots = {line.get_color(): line.get_xydata()[0].tolist() for line in ax.lines if line.get_marker() == "o"}
    assert dots == {palette["a"]: [1.0, 0.5], palette["b"]: [2.0, -2.0], palette["none"]: [0.0, 0.0]}
    ends = [line.get_xydata().tolist() for line in ax.lines if line.get_color() == palette["a"]][:2]
    np.testing.assert_allclose(ends, [[[0.9, 0.5], [1.2, 0.5]], [[1.0, 0.4], [1.0, 0.7]]])
    (diagonal,) = [line for line in ax.lines if line.is_dashed()]
    np.testing.assert_allclose(diagonal.get_ydata(), -np.array(diagonal.get_xdata()))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "none", "b"]
    assert ax.get_xlabel() == "Lever cost, minus none (cu per customer and year)"
    assert_readable(ax.figure)


def test_spend_that_is_not_measured_is_refused():
    with pytest.raises(abm.Refusal, match="no KPI 'lever_costs' in the results; did you mean 'lever_cost'"):
        money.spend_and_profit(effects(), "none", "lever_costs")


def accounts():
    items = {("revenue", "revenue"): 10.0, ("goods", "goods"): -6.0, ("lever", "service"): -1.0}
    items |= {("lever", "rewards_cost"): -0.004, ("fixed", "fixed"): -0.002}
    rows = []
    for replication in range(3):
        for arm, factor in (("none", 1.0), ("more", 1.5 + 0.01 * replication)):
            rows += [(arm, replication, *key, factor * value) for key, value in reversed(items.items())]
    return pd.DataFrame(rows, columns=["arm", "replication", "account", "item", "amount"])


def test_steps_begin_with_revenue_add_up_small_items_and_have_intervals():
    table = money.steps(accounts(), "more", "none")
    assert list(table["item"]) == ["revenue", "cost of goods", "cost of service", "other items"]
    np.testing.assert_allclose(table["amount"], [5.1, -3.06, -0.51, -0.00306])
    assert (table["low"] < table["amount"]).all()
    assert (table["amount"] < table["high"]).all()


def test_an_item_that_one_arm_has_not_is_nothing_there():
    lacking = accounts().query("arm == 'more' or item != 'rewards_cost'")
    whole = money.steps(lacking, "more", "none")["amount"].sum()
    assert whole == pytest.approx(5.1 - 3.06 - 0.51 - 0.00306 - 0.004)


def test_each_bar_of_a_waterfall_begins_where_the_last_ends():
    table = money.steps(accounts(), "more", "none")
    ax = money.waterfall(table, "more", "none", firm="north")
    bars = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches]
    np.testing.assert_allclose([bar[0] for bar in bars], [0, 5.1, 2.04, 1.53, 0])
    np.testing.assert_allclose([bar[1] for bar in bars], [5.1, 2.04, 1.53, 1.52694, 1.52694])
    assert [label.get_text() for label in ax.get_yticklabels()][-1] == "profit"
    assert [text.get_text() for text in ax.texts][-1] == "+1.5"
    assert ax.get_title(loc="left") == "Profit of north, item by item: more minus none"
    assert_readable(ax.figure)
