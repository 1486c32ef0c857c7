"""The radar of attributes: what is drawn of which firms and arms, and when nothing is."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

import abm
from abm.mechanisms.measurement.attribute_survey import SCORES
from abm.view import figures, plots, radar, summary

mpl.use("Agg")
ASKS = {"sampling": 0.8}


def study(arms, kpis):
    """Return the results of a study in which two of three firms ask."""
    firms = [{"name": "north", "survey": ASKS}, {"name": "east", "survey": ASKS}, {"name": "south"}]
    scenario = {
        "periods": 12, "population": {"customers": 150}, "firms": firms,
        "survey": {}, "attributes": {}, "attribute_survey": {},
    }  # fmt: skip
    experiment = {"name": "asked", "scenario": scenario, "arms": arms, "kpis": kpis, "replications": 2, "seed": 3}
    return abm.run(abm.Experiment.from_dict(experiment), workers=1)


@pytest.fixture(scope="module")
def asked():
    arms = {"none": {}, "friendly": {"firms.north.attributes.people_level": 0.2}}
    return study(arms, ["profit", *(score.name for score in SCORES)])


def test_firms_that_ask_and_the_focal_firm_by_arm(asked):
    (first, firms, _), (second, arms, colours) = radar.panels(asked, ["friendly"], plots.colours(asked.arms, "none"))
    assert (first, second) == ("Firms under none", "north, by arm")
    assert list(firms) == ["north", "east"]
    assert list(arms) == ["none", "friendly"]
    runs = asked.runs.query("arm == 'none' and firm == 'east'")
    assert firms["east"] == pytest.approx([runs[score.name].mean() for score in SCORES])
    assert np.argmax(arms["friendly"] - arms["none"]) == 2
    assert colours["none"] == plots.GREY


@pytest.mark.slow
def test_the_figure_is_the_reports(asked):
    drawn = {one.file: one for one in figures.draw(asked, summary.effects(asked), 12, 0)}
    figure = drawn[radar.FILE]
    assert figure.caption == "Attributes as customers answer: firms under none, and north under each arm."
    assert "A firm that asks nobody has no scores." in figure.note
    assert radar.FILE in figures.FILES


@pytest.mark.parametrize(("lowest", "highest", "low", "high"), [(63, 83, 50, 90), (2, 98, 0, 100), (70, 70, 60, 80)])
def test_the_ends_of_the_scale_are_tens_around_all(lowest, highest, low, high):
    assert radar.ends([("", {"a": np.array([lowest, highest] * 2 + [highest])}, {})]) == (low, high)


def test_nothing_without_all_five_scores_and_one_panel_without_arms():
    alone = study({"none": {}}, ["profit", *(score.name for score in SCORES)])
    assert [title for title, *_ in radar.panels(alone, [], {})] == ["Firms under none"]
    assert radar.FILE in [one.file for one in figures.draw(alone, summary.effects(alone), 12, 0)]
    few = study({"none": {}}, ["profit", "core_score"])
    assert radar.panels(few, [], {}) == []
