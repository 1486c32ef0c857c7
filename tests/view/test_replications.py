"""Figures about how much is enough: they show what the tables say."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from abm.study.replications.precision import by_replications
from abm.study.replications.warmup import courses, warm_up
from abm.view.replications import interval_by_replications
from abm.view.replications import warm_up as warm_up_figure


@pytest.fixture
def ax():
    return Figure().subplots()


def test_warm_up_of_each_arm(results, ax):
    found = warm_up(results, ["csi"], "north")
    means = courses(results, ["csi"], ["north"])
    drawn = warm_up_figure(means, found.table, "csi", "north", results.baseline, ax)
    assert drawn is ax
    assert len(ax.lines) == 3 * len(results.arms)
    for row in found.table.to_dict("records"):
        course = means[means["arm"].eq(row["arm"])]
        rest = course[course["period"] >= row["warm_up"]]
        lines = [line for line in ax.lines if np.array_equal(line.get_ydata(), rest["csi"])]
        assert lines, row["arm"]
        assert any(line.get_xdata()[0] == row["warm_up"] for line in ax.lines if line.get_marker() == "o")
    assert ax.get_title(loc="left").startswith("CSI of north")
    assert ax.get_ylabel() == "scale 0–100"


def test_an_arm_that_does_not_settle_is_marked(ax):
    means = pd.DataFrame({"arm": "none", "firm": "north", "period": range(60), "profit": np.arange(60.0)})
    row = {"arm": "none", "firm": "north", "kpi": "profit", "warm_up": 40, "state": "not settled"}
    warm_up_figure(means, pd.DataFrame([row]), "profit", "north", "none", ax)
    dot = ax.lines[-1]
    assert (dot.get_xdata()[0], dot.get_markerfacecolor()) == (40, "white")
    assert ax.get_legend().get_texts()[0].get_text() == "none\n(not settled)"


def test_interval_against_replications(results, ax):
    table = by_replications(results, "profit", "points")
    interval_by_replications(table, "Profit: points minus none", "cu/customer/year", wanted=2.0, ax=ax)
    mean, zero, low, high = ax.lines
    assert mean.get_xdata().tolist() == [2, 3, 4]
    assert mean.get_ydata().tolist() == table["mean"].tolist()
    last = table["mean"].iloc[-1]
    assert (low.get_ydata()[0], high.get_ydata()[0]) == pytest.approx((last - 2, last + 2))
    assert zero.get_ydata()[0] == 0
    bottom, top = ax.get_ylim()
    assert bottom <= min(0, last) <= max(0, last) <= top


def test_without_axes_a_figure_is_made(results):
    table = by_replications(results, "profit", "none", against="none")
    made = interval_by_replications(table, "Profit of none")
    assert made.get_title(loc="left") == "Profit of none"
    assert made.get_ylabel() == ""
