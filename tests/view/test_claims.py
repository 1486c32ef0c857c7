"""The figure of criteria: claims of one number are on one scale, beside what is claimed."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from abm.study.comparison.judgement import judge
from abm.view import claims, plots
from tests.view.readable import assert_readable

mpl.use("Agg")


@pytest.fixture
def shown(results):
    return list(zip(judge(results).to_dict("records"), [one.bounds for one in results.sheet.expect], strict=True))


@pytest.mark.parametrize(
    ("claim", "kind"),
    [
        ("difference above 0", "difference"), ("level at rate = 0.5 within ±0.2", "level"), ("ratio above 1", "ratio"),
        ("level over that of a within ±0.2 of 1", "ratio"), ("level minus that of south below 3", "change"),
        ("difference at rate = 1 minus that at rate = 0 above 0", "change"),
    ],
)  # fmt: skip
def test_kinds_of_numbers(claim, kind):
    assert claims._kind(claim) == kind


def test_a_panel_for_each_number(shown):
    with plots.style():
        panels = claims.draw(plots.sized(None, 1.0), shown)
    assert [ax.get_xlabel() for ax in panels] == [
        "CSI: difference (scale 0–100)", "CSI: level (scale 0–100)", "Profit: difference (cu per customer and year)",
    ]  # fmt: skip
    for ax, (row, bounds) in zip(panels, shown, strict=True):
        (line,) = [line for line in ax.lines if len(line.get_xdata()) == 2]
        np.testing.assert_allclose(line.get_xdata(), [row["low"], row["high"]])
        assert [text.get_text() for text in ax.texts] == [row["verdict"]]
        (zone,) = ax.patches
        low, high = ax.get_xlim()
        assert zone.get_x() == pytest.approx(max(bounds[0], low))
        assert zone.get_x() + zone.get_width() == pytest.approx(min(bounds[1], high))
    assert_readable(panels[0].figure)


def test_claims_of_one_number_share_a_panel(shown):
    with plots.style():
        (first, *_) = panels = claims.draw(plots.sized(None, 1.0), [shown[0], shown[0], shown[2]])
    assert len(panels) == 2
    assert [label.get_text() for label in first.get_yticklabels()] == ["north: service minus none"] * 2
