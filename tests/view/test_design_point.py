"""A figure of one point of a design says which point that is."""

from __future__ import annotations

import pytest

from abm.study.plan.design import Design
from abm.study.plan.experiment import Experiment
from abm.view import design_point, inside, plots, summary
from tests.view.conftest import STUDY


def test_the_values_of_the_factors_are_named():
    design = Design("grid", {"word_of_mouth.contact_rate": [0.0, 0.5], "pricing.price_sensitivity": [3.0, 6.0]})
    assert design_point.said(design) == (
        "the first point of the design, at word_of_mouth.contact_rate = 0, pricing.price_sensitivity = 3"
    )


def test_of_many_factors_the_first_are_named_and_the_others_counted():
    design = Design("list", {f"a.{k}": [float(k), 9.0] for k in range(5)})
    assert design_point.said(design).endswith("at a.0 = 0, a.1 = 1, a.2 = 2, a.3 = 3 and 1 more factor")
    design = Design("list", {f"a.{k}": [float(k), 9.0] for k in range(7)})
    assert design_point.said(design).endswith("a.3 = 3 and 3 more factors")


def test_a_long_value_is_cut():
    table = {"preset": "points", "earn_rate": 0.0123456, "reward": 5.0, "points_needed": 100.0}
    said = design_point.said(Design("list", {"firms.north.program": [table, {}]}))
    assert said.endswith("program = preset = points, earn_rate = 0.0123456 …")


@pytest.mark.slow
def test_every_figure_that_is_of_one_point_says_so(results):
    study = Experiment.from_dict(STUDY)
    drawn = list(inside.draw(results, summary.effects(results), study, plots.colours(results.arms, "none")))
    assert drawn
    for figure in drawn:
        assert "the first point of the design, at word_of_mouth.contact_rate = 0" in figure.note
