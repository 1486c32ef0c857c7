"""Which arm wins where: the table is that of the runs, and the map that of the table."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

import abm
from abm.view import plots, winners
from tests.view.conftest import STUDY
from tests.view.readable import assert_readable

mpl.use("Agg")
X, Y = "word_of_mouth.contact_rate", "pricing.price_sensitivity"
NAMES = ["none", "points", "service"]
PALETTE = plots.colours(NAMES, "none")


@pytest.fixture(scope="module")
def results():
    design = {"method": "grid", "factors": {X: [0.0, 0.4], Y: [3.0, 6.0, 9.0], "choice.outside": [-0.9, -0.5]}}
    return abm.run(abm.Experiment.from_dict(STUDY | {"design": design, "expect": [], "replications": 2}), workers=1)


def test_the_leader_of_each_point_is_that_of_the_runs(results):
    table = winners.by_point(results, "profit")
    assert list(table["point"]) == list(range(12))
    means = np.stack([results.block("profit", arm, "north").mean(axis=1) for arm in results.arms])
    assert list(table["arm"]) == [results.arms[k] for k in means.argmax(axis=0)]
    ranked = np.sort(means, axis=0)
    np.testing.assert_allclose(table["lead"], ranked[-1] - ranked[-2])
    assert (table["decided"] == (table["low"] > 0)).all()
    assert set(table[X]) == {0.0, 0.4}


def test_less_is_better_of_a_cost(results):
    table = winners.by_point(results, "programme_cost")
    assert set(table["arm"]) <= {"none", "service"}
    assert not table["decided"].any()  # both spend nothing on a programme


def test_the_factors_that_matter_most_are_taken(results):
    assert set(winners.two_factors(results, "profit")) < {X, Y, "choice.outside"}


def test_one_factor_makes_no_map():
    study = abm.Experiment.from_dict(STUDY | {"replications": 1, "expect": [], "scenario": {"periods": 2}})
    with pytest.raises(abm.Refusal, match="a map takes two factors in the design, and there are 1"):
        winners.two_factors(abm.run(study, workers=1), "profit")


def test_where_nothing_has_a_value_there_is_no_map():
    world = STUDY["scenario"] | {"periods": 0, "burn_in": 0}
    study = abm.Experiment.from_dict(
        STUDY
        | {"scenario": world, "design": {"method": "grid", "factors": {X: [0.0, 0.4], Y: [3.0, 6.0]}}, "expect": []}
    )
    with pytest.raises(abm.Refusal, match="no difference in csi has a value"):
        winners.two_factors(abm.run(study, workers=1), "csi")


def table(points):
    return pd.DataFrame([{X: x, Y: y, "arm": arm, "decided": sure} for x, y, arm, sure in points])


def test_a_grid_is_drawn_as_fields():
    found = table(
        [(0.0, 3.0, "points", True), (0.4, 3.0, "points", False), (0.0, 6.0, "none", True), (0.4, 6.0, "none", True)]
    )
    ax = winners.winners(found, X, Y, NAMES, palette=PALETTE)
    fields = {patch.get_xy(): (patch.get_facecolor()[:3], patch.get_alpha()) for patch in ax.patches}
    assert fields[(-0.5, -0.5)] == (mpl.colors.to_rgb(PALETTE["points"]), 1.0)
    assert fields[(0.5, -0.5)] == (mpl.colors.to_rgb(PALETTE["points"]), 0.35)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["none\n2 of 4", "points\n2 of 4"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["3", "6"]
    assert ax.get_xlabel() == "word_of_mouth.contact_rate (per story and tie)"
    assert "not for sure" in ax.get_title(loc="left")
    assert_readable(ax.figure)


def test_levels_may_be_words():
    found = pd.DataFrame(
        [{X: kind, Y: y, "arm": "points", "decided": True} for kind in ("erdos_renyi", "complete") for y in (3.0, 6.0)]
    )
    ax = winners.winners(found, X, Y, NAMES, palette=PALETTE)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["complete", "erdos_renyi"]
    assert len(ax.patches) == 4
    assert_readable(ax.figure)


def test_other_points_are_dots_hollow_where_nothing_is_decided():
    found = table([(0.0, 3.0, "points", True), (0.1, 4.0, "service", False), (0.2, 5.0, "service", True)])
    ax = winners.winners(found, X, Y, NAMES, palette=PALETTE)
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [line.get_xydata()[0].tolist() for line in dots] == [[0.0, 3.0], [0.1, 4.0], [0.2, 5.0]]
    assert [line.get_markerfacecolor() == "white" for line in dots] == [False, True, False]
    assert_readable(ax.figure)
