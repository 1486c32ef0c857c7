"""Effects on single persons: effects beyond the scale are told apart from those on it."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from abm.view import inside, plots, twins
from tests.view.readable import assert_readable

mpl.use("Agg")


def test_effects_beyond_the_scale_have_marked_bars_of_their_own():
    inner = np.linspace(-10.0, 10.0, 970)
    values = np.concatenate([inner, np.full(10, -500.0), np.full(20, 500.0)])
    ax = twins.effects_on_persons(values, "points", "none", inside.EFFECT_UNIT)
    marked = [bar for bar in ax.patches if bar.get_hatch()]
    plain = [bar for bar in ax.patches if not bar.get_hatch()]
    left, right = plain[0].get_x(), plain[-1].get_x() + plain[-1].get_width()
    assert marked[0].get_x() + marked[0].get_width() < left
    assert marked[1].get_x() > right
    outside = [(values < left).mean(), (values > right).mean()]
    assert [bar.get_height() for bar in marked] == pytest.approx(outside)
    assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(1.0)
    assert [text.get_text() for text in ax.texts].count("beyond") == 2
    assert ax.get_xlabel().startswith("effect of points (contribution, cu a year); dashed: mean ")
    assert_readable(ax.figure)


def test_where_nothing_lies_beyond_no_bar_says_so():
    ax = twins.effects_on_persons(np.array([0.0, 1.0, 1.0, 1.0]), "points", "none")
    assert [bar.get_height() for bar in ax.patches] == [0.75]  # of equal effects, too, there is a bar
    assert not [bar for bar in ax.patches if bar.get_hatch()]
    assert "beyond" not in [text.get_text() for text in ax.texts]


def test_without_persons_there_are_no_bars():
    ax = twins.effects_on_persons(np.array([np.nan]), "points", "none")
    assert {bar.get_height() for bar in ax.patches} <= {0.0}
    assert plots.GREY in [line.get_color() for line in ax.lines]
