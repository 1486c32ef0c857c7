"""Figures of a sensitivity analysis: what is drawn is what the table says, and no words overlap."""

from __future__ import annotations

import math

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from abm.study.sensitivity.analysis import Sensitivity
from abm.view import sensitivity as view
from tests.view.readable import assert_readable

mpl.use("Agg")

NAMES = ["word_of_mouth.contact_rate", "pricing.price_sensitivity", "firms.south.service.failure_rate", "trust.growth"]
SOBOL = pd.DataFrame(
    {
        "factor": NAMES,
        "first_order": [0.5, 0.1, 0.02, -0.01],
        "first_order_low": [0.4, 0.0, -0.03, -0.05],
        "first_order_high": [0.6, 0.2, 0.07, 0.03],
        "total_order": [0.7, 0.3, 0.05, 0.0],
        "total_order_low": [0.6, 0.2, 0.02, 0.0],
        "total_order_high": [0.8, 0.4, 0.08, 0.0],
        "luck": [0.05, 0.04, 0.03, 0.01],
    }
)
MORRIS = pd.DataFrame(
    {
        "factor": NAMES,
        "mu_star": [2.0, 1.0, 0.1, 0.0],
        "mu_star_low": [1.5, 0.8, 0.0, 0.0],
        "mu_star_high": [2.5, 1.2, 0.2, 0.0],
        "mu": [-2.0, 0.5, 0.1, 0.0],
        "sigma": [0.5, 1.1, 0.1, 0.0],
        "luck": [0.1, 0.1, 0.1, 0.0],
    }
)
TORNADO = pd.DataFrame(
    [
        (NAMES[0], 0.25, 0.0, -1.0, -1.5, -0.5, 3.0),
        (NAMES[0], 0.25, 1.0, 2.0, 1.0, 3.0, 3.0),
        ("network.kind", "ring", "complete", 0.4, 0.1, 0.7, 0.4),
        (NAMES[3], 0.08, 1.0, math.nan, math.nan, math.nan, math.nan),
    ],
    columns=["factor", "base", "setting", "difference", "low", "high", "swing"],
)
TABLES = {"sobol": SOBOL, "morris": MORRIS, "tornado": TORNADO}


def found(method, arms=("points",), **changes):
    """The result of an analysis with the tables above."""
    table = pd.concat([TABLES[method].assign(arm=arm) for arm in arms], ignore_index=True)
    outputs = pd.DataFrame([{"arm": arm, "sd": 1.0, "noise_share": 0.1, "replications": 6} for arm in arms])
    values = {"unit": "cu/customer/year", "against": "none", "confidence": 0.95, "table": table, "outputs": outputs}
    return Sensitivity(
        **{"method": method, "kpi": "profit", "firm": "north", "runs": 9, "failed": 0, **values, **changes}
    )


def labels(ax):
    return [label.get_text().replace("\n", "") for label in ax.get_yticklabels()]


def bars(ax):
    return [bar.get_width() for bar in ax.patches]


def test_sobol_bars_are_the_table():
    ax = view.sobol_bars(SOBOL)
    assert labels(ax) == NAMES
    assert bars(ax) == [*SOBOL["total_order"], *SOBOL["first_order"]]
    lines = [line.tolist() for drawn in ax.collections for line in drawn.get_segments()]
    assert [line[0][0] for line in lines] == [*SOBOL["total_order_low"], *SOBOL["first_order_low"]]
    assert [line[1][0] for line in lines] == [*SOBOL["total_order_high"], *SOBOL["first_order_high"]]
    assert ax.lines[0].get_xdata().tolist() == SOBOL["luck"].tolist()
    assert_readable(ax.figure)


def test_the_morris_plane_is_the_table():
    ax = view.morris_plane(MORRIS, unit="cu/customer/year")
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [dot.get_xdata()[0] for dot in dots] == MORRIS["mu_star"].tolist()
    assert [dot.get_ydata()[0] for dot in dots] == MORRIS["sigma"].tolist()
    named = [text.get_text().replace("\n", "") for text in ax.get_legend().get_texts()]
    assert named == [*NAMES, "sigma = mu*"]
    assert "cu per customer and year" in ax.get_xlabel()
    assert_readable(ax.figure)


def test_factors_beyond_those_with_a_colour_are_others():
    many = pd.concat([MORRIS] * 3, ignore_index=True)
    many["factor"] = [f"factor_{k}" for k in range(12)]
    ax = view.morris_plane(many)
    named = [text.get_text() for text in ax.get_legend().get_texts()]
    assert named == [*(f"factor_{k}" for k in range(8)), "4 others", "sigma = mu*"]
    assert_readable(ax.figure)


def test_a_tornado_has_a_bar_for_each_setting():
    ax = view.tornado(TORNADO, unit="cu/customer/year")
    assert labels(ax) == [NAMES[0], "network.kind", NAMES[3]]
    assert bars(ax) == [-1.0, 2.0, 0.4]  # nothing is drawn for a setting without a value
    assert [text.get_text() for text in ax.texts] == ["0.0", "1.0", "complete"]
    heights = [bar.get_y() for bar in ax.patches]
    assert heights == sorted(heights)
    assert_readable(ax.figure)


def test_no_more_factors_than_a_figure_holds():
    many = pd.concat([SOBOL] * 10, ignore_index=True)
    many["factor"] = [f"factor_{k}" for k in range(40)]
    assert len(labels(view.sobol_bars(many))) == view.MOST_FACTORS
    assert_readable(plt.gcf())


@pytest.mark.parametrize("method", TABLES)
def test_a_figure_for_each_arm(method):
    drawn = view.draw(found(method, ("points", "service")))
    files = [f"{method}_profit_{arm}_minus_none.png" for arm in ("points", "service")]
    assert [figure.file for figure in drawn] == files
    assert drawn[0].caption.startswith("Profit of north, points minus none: ")
    assert "Means of 6 replications" in drawn[0].note
    assert "95 % intervals" in drawn[0].note
    assert all(figure.image.startswith(b"\x89PNG") for figure in drawn)
    assert view.draw(found(method))[0].image == drawn[0].image


def test_the_kpi_itself_is_titled_by_its_arm():
    (drawn,) = view.draw(found("morris", against=""))
    assert drawn.file == "morris_profit_points.png"
    assert drawn.caption == "Profit of north, arm points: effects of the factors."


def test_an_axis_of_shares_does_not_follow_the_widest_interval():
    wide = SOBOL.assign(total_order_high=[6.0, 0.4, 0.08, 0.0], first_order_low=[-3.0, 0.0, -0.03, -0.05])
    low, high = view.sobol_bars(wide).get_xlim()
    assert (low, high) == (-0.3, 1.3)
    assert view.sobol_bars(SOBOL).get_xlim()[1] < 1


def test_long_titles_are_broken():
    title = "Profit of the-first-supermarket-of-the-town, a_programme_with_a_long_name minus none: one factor at a time"
    for draw, table in ((view.sobol_bars, SOBOL), (view.morris_plane, MORRIS), (view.tornado, TORNADO)):
        assert_readable(draw(table, title=title).figure)
