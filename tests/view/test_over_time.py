"""Lines over time: what is drawn is what the table says, named where it ends, and no words overlap."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.view import over_time, plots, summary
from tests.view.readable import assert_readable

mpl.use("Agg")


@pytest.fixture
def palette(results):
    return plots.colours(results.arms, results.baseline)


@pytest.fixture
def course(results):
    return summary.courses(results, "profit", 4)


def of_colour(ax, colour):
    """Return the lines of an arm, by its colour."""
    return [line for line in ax.lines if mpl.colors.same_color(line.get_color(), colour)]


def test_level_and_difference(course, palette):
    above, below = over_time.courses(course, "profit", "none", palette, burn_in=20, unit="week")
    assert len(above.collections) == 1  # the band of the baseline alone: levels are not to be compared by their own
    assert len(below.collections) == 2
    rows = course[course["arm"] == "service"]
    np.testing.assert_allclose(of_colour(above, palette["service"])[0].get_ydata(), rows["level"])
    np.testing.assert_allclose(of_colour(below, palette["service"])[0].get_ydata(), rows["difference"])
    assert below.get_xlabel() == "week"
    assert below.get_ylabel() == "cu per customer and year"
    assert_readable(above.figure)


def test_lines_are_named_where_they_end(course, palette):
    above, below = over_time.courses(course, "profit", "none", palette, moving={"points": "still rising"})
    assert {text.get_text() for text in above.texts} == {"none", "points", "service"}
    assert {text.get_text().replace("\n", "") for text in below.texts} == {"points (still rising)", "service"}
    for text in below.texts:
        arm = text.get_text().split(" ")[0]
        last = course[course["arm"] == arm].iloc[-1]
        assert text.xy == (last["period"], last["difference"])
        assert text.get_color() == palette[arm]
    assert_readable(above.figure)


def test_many_arms_have_a_panel_each_with_the_others_behind(course):
    arms = ["a_programme_of_points", "b", "c", "d", "e"]
    many = [course[course["arm"] == "none"]]
    many += [course[course["arm"] == "service"].assign(arm=arm, difference=k + 1.0) for k, arm in enumerate(arms)]
    palette = plots.colours(["none", *arms], "none")
    above, *below = over_time.courses(
        pd.concat(many), "profit", "none", palette, 8, moving={"b": "still falling"}, unit="month"
    )
    assert [ax.get_title(loc="left").replace("\n", "") for ax in below] == [arms[0], "b, still falling", *arms[2:]]
    for k, (ax, arm) in enumerate(zip(below, arms, strict=True)):
        assert set(of_colour(ax, palette[arm])[0].get_ydata()) == {k + 1.0}
        assert len(of_colour(ax, over_time._PALE)) == len(arms) - 1
        assert ax.get_ylim() == below[0].get_ylim()
        assert ax.get_xlim() == above.get_xlim()
    assert [ax.get_xlabel() for ax in below] == ["", "", "month", "month", "month"]
    measured = "difference (cu per customer and year)"
    assert [ax.get_ylabel().replace(" \n", " ").replace("\n", " ") for ax in below] == [measured, "", "", measured, ""]
    assert_readable(above.figure)


def test_many_arms_that_end_at_one_place_are_all_named_beside_the_panel(course):
    arms = ["a_programme_of_points_for_members", *"bcdefg"]
    of_one = course[course["arm"] == "service"]
    many = pd.concat([course[course["arm"] == "none"], *(of_one.assign(arm=arm) for arm in arms)])
    palette = plots.colours(["none", *arms], "none")
    above = over_time.courses(many, "profit", "none", palette)[0]
    assert {text.get_text() for text in above.texts} == {"none", "a_programme_of_points_ …", *arms[1:]}
    above.figure.canvas.draw()
    panel = above.get_window_extent()
    for text in above.texts:
        assert text.get_color() == palette["none" if text.get_text() == "none" else _whole(text.get_text(), arms)]
        box = mpl.text.Text.get_window_extent(text)  # of the words, without the stroke
        assert panel.y0 - 2 <= box.y0 <= box.y1 <= panel.y1 + 2
        assert text.arrowprops["relpos"] == (0.0, 0.5)  # the stroke ends before the name and crosses none
    assert_readable(above.figure)


def _whole(name, arms):
    return next(arm for arm in arms if arm.startswith(name.removesuffix(" …")))


def test_one_arm_has_one_panel(course, palette):
    (ax,) = over_time.courses(course[course["arm"] == "none"], "profit", "none", palette)
    assert ax.get_xlabel() == "period"


def test_long_names_of_firms_are_broken_titles(course, palette):
    course = course.assign(firm="the-first-supermarket-of-the-old-town")
    assert_readable(over_time.courses(course, "profit", "none", palette, 8)[0].figure)


@given(st.lists(st.floats(-10, 10), max_size=9), st.floats(0.01, 3))
def test_names_stand_apart_and_in_order(values, least):
    places = over_time.apart(values, least)
    order = sorted(range(len(values)), key=lambda k: values[k])
    gaps = np.diff([places[k] for k in order])
    assert (gaps >= least - 1e-9).all()
    if len(values) > 1 and (np.diff(sorted(values)) >= least).all():
        assert places == pytest.approx(values)


@given(st.lists(st.floats(-10, 10), max_size=9), st.floats(0.01, 1))
def test_names_are_moved_between_two_ends_in_order(values, least):
    places = over_time.within(over_time.apart(values, least), least, -10.0, 10.0)
    order = sorted(range(len(values)), key=lambda k: values[k])
    assert (np.diff([places[k] for k in order]) >= least - 1e-9).all()
    assert all(-10 + least / 2 - 1e-9 <= place <= 10 - least / 2 + 1e-9 for place in places)
