"""Figures: what is drawn is what the table says, in one colour an arm, and no words overlap."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from abm.view import factors, plots, summary
from tests.view.readable import assert_readable

mpl.use("Agg")


@pytest.fixture
def table(results):
    return summary.effects(results)


@pytest.fixture
def palette(results):
    return plots.colours(results.arms, results.baseline)


def test_baseline_is_grey_and_colours_differ():
    few = plots.colours(["none", "a", "b", "c"], "none")
    assert few["none"] == "0.45"
    assert len(set(map(str, few.values()))) == 4
    nine = plots.colours(["none", *map(str, range(9))], "none")
    assert len(set(map(str, nine.values()))) == 10


def test_of_many_arms_the_best_have_a_colour_of_their_own():
    arms = ["none", *map(str, range(30))]
    many = plots.colours(arms, "none", list(reversed(arms)))
    own = {many[str(k)] for k in range(21, 30)}
    others = {many[str(k)] for k in range(21)}
    assert (len(own), len(others), many["none"]) == (9, 1, "0.45")
    assert not own & others
    assert plots.colours(arms, "none")["0"] in own


def test_a_colour_does_not_hang_on_the_order_of_the_baseline():
    assert plots.colours(["a", "none"], "none")["a"] == plots.colours(["none", "a"], "none")["a"]


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ("cu/customer/year", "cu per customer and year"), ("1/visit", "per visit"), ("share", "share"),
        ("0-1", "scale 0–1"), ("0-100", "scale 0–100"), ("ratio", "ratio"), ("", ""),
    ],
)  # fmt: skip
def test_units_in_words(unit, said):
    assert plots.in_words(unit) == said


def test_labels():
    assert plots.label("share_of_wallet") == "Share of wallet"
    assert plots.label("csi") == "CSI"


def test_effect_of_arms_draws_the_table(table, palette):
    ax = plots.effect_of_arms(table, "profit", "none", palette=palette)
    rows = table[(table["kpi"] == "profit") & (table["arm"] != "none")]
    assert [label.get_text() for label in ax.get_yticklabels()] == list(rows["arm"])
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    bars = [line for line in ax.lines if line.get_linewidth() == 2.4]
    for y, (row, dot, bar) in enumerate(zip(rows.itertuples(), dots, bars, strict=True)):
        assert dot.get_xydata().tolist() == [[row.difference, y]]
        assert bar.get_xdata().tolist() == [row.low, row.high]
        assert dot.get_color() == palette[row.arm]
    assert ax.get_xlabel() == "cu per customer and year"
    assert ax.get_title(loc="left") == "Profit of north: each arm minus none"
    assert ax.yaxis_inverted()  # the best is on top
    assert_readable(ax.figure)


def test_small_multiples_have_a_panel_each(table, palette):
    axes = plots.effects_on_kpis(table, ["share_of_wallet", "csi", "programme_cost"], "none", palette)
    assert [ax.get_title(loc="left") for ax in axes] == ["Share of wallet", "CSI", "Programme cost"]
    assert len(axes[0].figure.axes) == 3
    assert_readable(axes[0].figure)


def test_long_names_do_not_overlap(table):
    table["arm"] = table["arm"].replace(
        {"points": "points_" * 8, "service": "service-of-the-kind-that-nobody-else-has"}
    )
    palette = plots.colours(list(table["arm"].unique()), "none")
    assert_readable(plots.effect_of_arms(table, "profit", "none", palette=palette).figure)
    assert_readable(plots.effects_on_kpis(table, ["csi", "profit"], "none", palette)[0].figure)


def test_effect_by_factor_draws_the_levels(results, palette, monkeypatch):
    monkeypatch.setattr(plots, "_APART", 0.0)
    ax = plots.effect_by_factor(results, "profit", "word_of_mouth.contact_rate", palette=palette)
    table = factors.by_factor(results, "profit", "word_of_mouth.contact_rate")
    lines = {container.lines[0].get_color(): container.lines[0].get_xydata() for container in ax.containers}
    for arm, rows in table.groupby("arm"):
        np.testing.assert_allclose(lines[palette[arm]], rows[["level", "difference"]].to_numpy())
    assert ax.get_xlabel() == "word_of_mouth.contact_rate (per story and tie)"
    assert_readable(ax.figure)


def test_arms_at_a_level_stand_apart(results, palette):
    ax = plots.effect_by_factor(results, "profit", "word_of_mouth.contact_rate", None, palette, ["service", "points"])
    (first, _), (second, _) = (container.lines[0].get_xdata() for container in ax.containers)
    assert 0 < second - first < 0.01  # of 0.5
    assert (first + second) / 2 == pytest.approx(0.0)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["service", "points"]


def test_a_single_arm_is_named_in_the_title_and_needs_no_legend(results, palette):
    ax = plots.effect_by_factor(results, "profit", "word_of_mouth.contact_rate", None, palette, ["points"])
    assert ax.get_legend() is None
    assert ax.get_title(loc="left") == "Profit of north: points minus none"


def test_long_names_of_firms_are_broken_titles(table, palette):
    name = "the-first-supermarket-of-the-old-town"
    table["firm"] = name
    assert_readable(plots.effect_of_arms(table, "share_of_wallet", "none", palette=palette).figure)


def test_an_axes_of_the_callers_is_used(table):
    figure = plots.blank()
    ax = figure.subplots()
    assert plots.effect_of_arms(table, "profit", "none", ax) is ax


def test_style_does_not_leak(table):
    before = dict(mpl.rcParams)
    plots.effect_of_arms(table, "profit", "none")
    assert dict(mpl.rcParams) == before
