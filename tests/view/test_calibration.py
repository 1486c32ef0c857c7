"""Figures of a calibration: what is drawn is what the tables say, and no words overlap."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from abm.scenario.scenario import Scenario
from abm.study.calibration.targets import Target
from abm.view import calibration as view
from abm.view import plots
from abm.view.drawn import Drawn
from tests.study.formula import BOTH, A, B, found
from tests.view.readable import assert_readable

mpl.use("Agg")
WORLD = Scenario(population={"customers": 60}, periods=6)


@pytest.fixture(scope="module")
def clear():
    targets = [*BOTH, Target("frequency", 9.0, 0.5, held_out=True)]
    return found(WORLD, lambda a, b: (a, b, 2 * a + 2 * b), targets, waves=3)


@pytest.fixture(scope="module")
def hopeless():
    return found(WORLD, lambda a, b: (a, a), [Target("csi", 2.0, 0.3), Target("trust", 8.0, 0.3)])


def dots(ax, colour):
    """Return the places of the dots of a colour."""
    lines = [line for line in ax.lines if line.get_marker() in "o." and mpl.colors.same_color(line.get_color(), colour)]
    return np.vstack([line.get_xydata() for line in lines])


def test_progress(clear):
    ax = view.progress(clear.table)
    left = clear.plausible
    np.testing.assert_allclose(dots(ax, view._LEFT), left[["trial", "loss"]])
    assert len(dots(ax, view._OUT)) == len(clear.table) - len(left)
    least = next(line for line in ax.lines if line.get_label() == "least so far").get_ydata()
    np.testing.assert_allclose(least, clear.table["loss"].cummin())
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "ruled out", "not ruled out", "least so far", "search begins",
    ]  # fmt: skip
    assert_readable(ax.figure)


def test_progress_leaves_out_trials_without_numbers(clear):
    table = clear.table.copy()
    table.loc[3, "loss"] = np.inf
    assert len(dots(view.progress(table), view._OUT)) == len(table) - len(clear.plausible) - 1


def test_implausibility_by_factor(clear):
    ax = view.implausibility_by_factor(clear.table, clear.identified, A)
    np.testing.assert_allclose(dots(ax, view._LEFT), clear.plausible[[A, "implausibility"]])
    (band,) = ax.patches
    row = clear.identified.set_index("factor").loc[A]
    assert (band.get_x(), band.get_x() + band.get_width()) == (pytest.approx(row["low"]), pytest.approx(row["high"]))
    assert ax.get_xlim() == (0.0, 10.0)
    assert ax.get_xlabel() == plots.with_unit(A)
    assert "1" in [label.get_text() for label in ax.get_yticklabels()]
    assert_readable(ax.figure)


def test_region(clear):
    ax = view.region(clear.table, clear.region, clear.identified, (A, B))
    assert len(dots(ax, view._LEFT)) == len(clear.region) + len(clear.plausible)
    best = next(line for line in ax.lines if line.get_marker() == "P")
    assert best.get_xydata().tolist() == [list(clear.best.values())]
    assert_readable(ax.figure)


def test_fit(clear):
    table = clear.fit.copy()
    table.loc[0, ["ours", "low", "high"]] = [4.6, 4.5, 4.7]
    ax = view.fit(table)
    circles = [line for line in ax.lines if line.get_marker() == "o"]
    assert circles[0].get_xdata() == pytest.approx([2.0])  # .6 of a tolerance of .3
    assert [line.get_markerfacecolor() == "white" for line in circles] == [False, False, True]
    assert circles[0].get_color() != circles[1].get_color()
    assert "4.6 for 4 ± 0.3" in [text.get_text() for text in ax.texts]
    assert_readable(ax.figure)


@pytest.mark.slow
def test_files(clear):
    drawn = view.draw(clear)
    assert [figure.file for figure in drawn] == ["progress.png", "fit.png", "implausibility.png", "region.png"]
    assert all(figure.image.startswith(b"\x89PNG") for figure in drawn)
    assert drawn[0].image == view._progress(clear).image


@pytest.mark.filterwarnings("error")
def test_nothing_left_is_drawn_too(hopeless):
    assert view._factors(hopeless, [A, B]).image.startswith(b"\x89PNG")
    ax = view.implausibility_by_factor(hopeless.table, hopeless.identified, A)
    assert not ax.patches
    assert_readable(ax.figure)


def test_one_factor_has_no_region(monkeypatch):
    monkeypatch.setattr(view, "figure_of", lambda file, caption, note, draw_on: Drawn(file, caption, note, b"", ""))
    one = found(WORLD, lambda a: (a,), [BOTH[0]], {A: (0.0, 10.0)})
    assert [figure.file for figure in view.draw(one)] == ["progress.png", "fit.png", "implausibility.png"]


def test_an_axes_of_the_callers_is_used_and_style_does_not_leak(clear):
    before = dict(mpl.rcParams)
    ax = plots.blank().subplots()
    assert view.fit(clear.fit, ax) is ax
    assert dict(mpl.rcParams) == before
