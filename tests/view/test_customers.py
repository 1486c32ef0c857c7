"""Figures of customers: what is drawn is what the tables say."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from abm.view import customers, plots
from tests.view.readable import assert_readable

mpl.use("Agg")
PALETTE = plots.colours(["none", "more"], "none")


@pytest.fixture
def persons():
    """Return 200 customers under two arms: under `more` they are happier, and the happier are the more loyal."""
    parts = []
    for arm, shift in (("none", 0.0), ("more", 0.2)):
        satisfaction = np.linspace(0.2, 0.7, 200) + shift
        part = pd.DataFrame({"customer": range(200), "satisfaction": satisfaction, "preference": satisfaction**2})
        parts.append(part.assign(arm=arm, provider=["north", "south"] * 100))
    return pd.concat(parts, ignore_index=True)


def test_shares_of_a_distribution_add_up_to_all(persons):
    persons.loc[0, "satisfaction"] = np.nan
    ax = customers.distribution(persons, "satisfaction", "satisfaction (scale 0–1)", palette=PALETTE)
    filled = [patch for patch in ax.patches if patch.get_fill()]
    for patch, arm in zip(filled, ("none", "more"), strict=True):
        assert patch.get_data().values.sum() == pytest.approx(1.0)
        assert mpl.colors.same_color(patch.get_facecolor()[:3], PALETTE[arm])
    medians = [line.get_xdata()[0] for line in ax.lines]
    np.testing.assert_allclose(
        medians, [persons[persons["arm"] == arm]["satisfaction"].median() for arm in ("none", "more")]
    )
    assert ax.get_ylabel() == "share of customers"
    assert_readable(ax.figure)


def test_the_loyalty_curve_is_of_the_firms_own_customers(persons):
    ax = customers.loyalty_curve(persons, "north", palette=PALETTE)
    lines = {line.get_color(): line.get_xydata() for line in ax.lines if line.get_marker() == "o"}
    own = persons[(persons["arm"] == "none") & (persons["provider"] == "north")]
    lowest = own.nsmallest(10, "satisfaction")
    np.testing.assert_allclose(lines[PALETTE["none"]][0], lowest[["satisfaction", "preference"]].mean())
    assert len(lines[PALETTE["more"]]) == 10
    assert {text.get_text() for text in ax.texts} == {"none", "more"}
    assert_readable(ax.figure)


def test_a_firm_without_customers_has_no_line(persons):
    ax = customers.loyalty_curve(persons, "west", palette=PALETTE)
    assert not ax.texts


def test_each_field_of_the_matrix_has_its_kind_and_share():
    row = {"loyalist_share": 0.4, "mercenary_share": 0.2, "hostage_share": 0.05, "defector_share": float("nan")}
    (ax,) = customers.loyalty_matrix(pd.DataFrame([{"arm": "none", **row}]), "north")
    places = {text.get_text(): text.get_position() for text in ax.texts}
    assert places == {
        "loyalists\n40.0%": (1.5, 1.5), "mercenaries\n20.0%": (0.5, 1.5), "hostages\n5.0%": (1.5, 0.5),
        "defectors\n-": (0.5, 0.5),
    }  # fmt: skip
    assert ax.figure.get_supxlabel() == (
        "Shares of the year's buyers. The others are neither satisfied nor dissatisfied."
    )
    strength = {patch.get_xy(): patch.get_alpha() for patch in ax.patches}
    assert strength[(1, 1)] > strength[(0, 1)] > strength[(1, 0)]
    assert_readable(ax.figure)


def test_lorenz_curves_with_their_gini():
    ax = customers.lorenz_curves({"none": np.array([1.0, 1.0]), "more": np.array([0.0, 2.0])}, "spend")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["none (Gini 0.00)", "more (Gini 0.50)"]
    np.testing.assert_allclose(ax.lines[1].get_xydata(), [[0, 0], [0.5, 0], [1, 1]])
    assert_readable(ax.figure)


def test_the_pyramid_has_a_bar_on_either_side():
    amounts = pd.Series(np.arange(100, 0, -1.0))
    ax = customers.pyramid(amounts, "spend")
    widths = [bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(widths[::2], [-0.01, -0.04, -0.15, -0.80])
    np.testing.assert_allclose(sum(widths[1::2]), 1.0)
    assert widths[1] == pytest.approx(100 / 5050)
    assert [text.get_text() for text in ax.texts if text.get_text() in "ABCD"] == [*"ABCD"]
    assert_readable(ax.figure)


def test_the_matrix_says_how_many_buyers_are_in_none_of_its_fields():
    fields = ("loyalist_share", "mercenary_share", "hostage_share", "defector_share")
    rows = [{"arm": arm, **dict.fromkeys(fields, share)} for arm, share in (("none", 0.045), ("points", 0.05))]
    for few, words in ((rows[:1], "82 %"), (rows, "80 % to 82 %")):
        first, *_ = customers.loyalty_matrix(pd.DataFrame(few), "north")
        assert f"The others, {words}, are neither satisfied nor dissatisfied." in first.figure.get_supxlabel()
        assert_readable(first.figure)
