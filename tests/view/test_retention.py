"""Figures of keeping customers: gains of warnings by hand, and as a run counts them."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

import abm
from abm.engine.engine import Engine
from abm.study.plan.experiment import Experiment
from abm.view import inside, plots, retention, snapshot
from tests.view.conftest import STUDY
from tests.view.readable import assert_readable

mpl.use("Agg")
KNOWING = STUDY["scenario"] | {
    "information": {}, "defection": {"exit_rate": 0.01},
    "firms": [{"name": "north", "information": {"data_coverage": 0.6}}, {"name": "south"}],
}  # fmt: skip
WARNED = STUDY | {"name": "warned", "scenario": KNOWING, "design": {}, "expect": [], "replications": 1}


def persons():
    """Ten known customers, of whom four have gone; two of one warning, one gone; and two who are not known."""
    rows = [
        ("south", True, 0.9), ("gone", True, 0.8), ("north", True, 0.7), ("south", True, 0.7), ("north", True, 0.5),
        ("north", True, 0.4), ("nowhere", True, 0.3), ("north", True, 0.0), ("north", True, 0.0), ("north", True, 0.0),
        ("south", False, np.nan), ("north", False, np.nan),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["provider", "known", "warning"]).sample(frac=1, random_state=3)


@pytest.fixture(scope="module")
def warned():
    return abm.run(Experiment.from_dict(WARNED), workers=1)


def test_gains_by_hand():
    table = retention.gains(persons(), "north")
    np.testing.assert_allclose(table["warning"][1:], [0.9, 0.8, 0.7, 0.5, 0.4, 0.3, 0.0])
    np.testing.assert_allclose(table["contacted"], [0, 0.1, 0.2, 0.4, 0.5, 0.6, 0.7, 1])
    np.testing.assert_allclose(table["caught"], [0, 0.25, 0.5, 0.75, 0.75, 0.75, 1, 1])
    assert retention.gone_share(persons(), "north") == pytest.approx(0.4)


def test_lift_by_hand():
    table = retention.gains(persons(), "north")
    assert retention.lift(table) == pytest.approx(2.5)
    assert retention.lift(table, 0.3) == pytest.approx(0.625 / 0.3)  # one of two of equal warning, by lot
    assert retention.lift(table, 1.0) == pytest.approx(1.0)


def test_warnings_that_are_all_equal_are_a_lot():
    table = retention.gains(persons().assign(warning=0.2), "north")
    np.testing.assert_allclose(table[["contacted", "caught"]], [[0, 0], [1, 1]])
    assert retention.lift(table) == pytest.approx(1.0)


def test_who_knows_nobody_or_has_lost_nobody_is_told_so():
    with pytest.raises(abm.Refusal, match="north knows no customer; give the scenario a section"):
        retention.gains(persons().assign(known=False), "north")
    with pytest.raises(abm.Refusal, match="nobody whom north knows has gone"):
        retention.gains(persons().assign(provider="north"), "north")


def test_the_curve_is_the_table_and_the_title_has_the_lift():
    table = retention.gains(persons(), "north")
    ax = retention.warning_lift({"none": (table, 0.4)}, "north")
    lines = {line.get_label(): line.get_xydata() for line in ax.lines}
    np.testing.assert_allclose(lines["by warning"], table[["contacted", "caught"]])
    np.testing.assert_allclose(lines["by the truth"], [[0, 0], [0.4, 1], [1, 1]])
    np.testing.assert_allclose(lines["by lot"], [[0, 0], [1, 1]])
    assert ax.get_title(loc="left") == "Warnings of north under none\nLift in the first tenth 2.5"
    assert_readable(ax.figure)


def test_of_two_arms_the_lift_stands_beside_each():
    table = retention.gains(persons(), "north")
    ax = retention.warning_lift(
        {"none": (table, 0.4), "more": (retention.gains(persons().iloc[2:], "north"), 0.4)}, "north"
    )
    assert ax.get_legend().get_texts()[0].get_text() == "none: 2.5"
    assert_readable(ax.figure)


def test_known_and_gone_are_those_of_the_run(warned):
    study = Experiment.from_dict(WARNED)
    found = snapshot.of_results(warned, study, ["none", "service"])
    engine = Engine(study.scenario_of("none"), study.seed, 0)
    engine.run(60)
    c, own = engine.world.customers, found.persons[found.persons["arm"] == "none"].set_index("customer")
    np.testing.assert_array_equal(own["known"].loc[c.customer_id], c.known[0] > 0)
    assert 0 < own["known"].sum() < 60
    assert own["warning"].notna().equals(own["known"])
    gone = (c.known[0] > 0) & ((c.provider != 0) | (c.exited >= 0))
    assert retention.gone_share(own, "north") == pytest.approx(gone.sum() / own["known"].sum())


def test_it_is_drawn_by_name_and_in_the_report(warned):
    ax = warned.plot.warning_lift()
    assert ax.get_title(loc="left").startswith("Warnings of north under none\nLift in the first tenth ")
    found = warned.plot._inside(None)
    (drawn,) = inside._warnings(found, plots.colours(warned.arms, "none"), "")
    assert drawn.file == "warning_lift.png"
    assert drawn.file in inside.FILES


def test_without_information_it_is_refused_and_the_report_has_none(results):
    with pytest.raises(abm.Refusal, match="north knows no customer; give the scenario a section"):
        results.plot.warning_lift()
    with pytest.raises(abm.Refusal, match="north knows no customer"):
        results.plot.warning_lift("service")
    assert not list(inside._warnings(results.plot._inside("service"), {}, ""))
