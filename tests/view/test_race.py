"""Figures of verdicts: what they show, and that arms without a value do no harm."""

from __future__ import annotations

import numpy as np
import pytest

import abm
from abm.study.comparison.compare import compare
from abm.study.comparison.robust import robust
from abm.view import race


@pytest.fixture(scope="module")
def study():
    """Three arms, of which one is far behind and two are close, at two points."""
    world = abm.Scenario(population=abm.Population(customers=60), periods=6, burn_in=2)
    arms = {"none": {}, "dear": {"firms.north.price": 1.3}, "dearer": {"firms.north.price": 1.31}}
    design = abm.grid({"firms.south.price": [1.0, 1.3]})
    return abm.Experiment("race", world, arms=arms, design=design, seed=7, kpis=("profit", "breakage"))


def test_the_race(study):
    verdict = compare(study, "profit", zone=15.0, point=0, workers=1)
    ax = race.race(verdict)
    assert [label.get_text() for label in ax.get_yticklabels()] == list(verdict.table["arm"])
    assert ax.get_title(loc="left") == f"Profit of north: {verdict.best} is best, or as good"
    lines = [line.get_xdata() for line in ax.lines if line.get_linewidth() == 2.4]
    np.testing.assert_allclose(lines, verdict.table[["low", "high"]])
    words = [text.get_text() for text in ax.texts]
    assert words[0] == f"{verdict.table['runs'][0]} runs"
    assert words[-1] == f"out after {verdict.table['eliminated_at'].iloc[-1]}"
    drawn = race.draw(verdict)
    assert drawn.file == "verdict_profit_north.png"
    assert drawn.image.startswith(b"\x89PNG")


def test_regrets(study):
    found = robust(study, "profit", zone=15.0, workers=1)
    ax = race.regrets(found)
    dots = {tuple(np.unique(line.get_ydata())): line.get_xdata() for line in ax.lines if line.get_marker() == "o"}
    for y, arm in enumerate(found.arms["arm"]):
        np.testing.assert_allclose(dots[(y,)], found.table.loc[found.table["arm"] == arm, "regret"])
    assert race.draw(found).file == "robust_profit_north.png"


def test_what_has_no_value_does_no_harm(study):
    verdict = compare(study, "breakage", zone=1.0, point=0, workers=1)
    assert not verdict.decided
    assert race.race(verdict).get_title(loc="left") == "Breakage of north: not decided"
    assert race.draw(verdict).image.startswith(b"\x89PNG")
