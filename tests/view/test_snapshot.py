"""Snapshots: the runs are the stored ones, and what is read of them adds up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import abm
from abm.study.plan.experiment import Experiment
from abm.view import inside, money, plots, snapshot, summary
from tests.view.conftest import STUDY
from tests.view.readable import assert_readable

ARMS = ["none", "service"]


@pytest.fixture(scope="module")
def study() -> Experiment:
    return Experiment.from_dict(STUDY)


@pytest.fixture(scope="module")
def found(results, study):
    return snapshot.of_results(results, study, ARMS)


def test_it_is_the_stored_runs(found, results):
    assert found.replications == (0, 1, 2, 3)
    for row in found.measures.to_dict("records"):
        for kpi in results.kpis:
            assert row[kpi] == results.block(kpi, row["arm"], "north")[0, row["replication"]]


def test_of_other_runs_there_is_none(results, study):
    other = study.replace(seed=6)
    with pytest.raises(abm.Refusal, match="otherwise than they are stored"):
        snapshot.of_results(results, other, ARMS)


def test_markets_that_take_long_are_not_run_again(results, study, monkeypatch):
    monkeypatch.setattr(snapshot, "MOST_WORK", 7_000)
    assert snapshot.too_large(study)
    with pytest.raises(abm.Refusal, match="runs of 60 customers over 60 periods take too long"):
        snapshot.of_results(results, study, ARMS)
    assert not list(inside.draw(results, summary.effects(results), study, {}))
    monkeypatch.setattr(snapshot, "MOST_WORK", 7_300)  # 2 arms x 60 customers x 60 periods
    assert not snapshot.too_large(study)
    assert snapshot.of_results(results, study, ARMS).replications == (0,)


def test_items_of_the_books_add_up_to_the_difference_in_profit(found, results):
    steps = money.steps(found.accounts, "service", "none")
    assert steps["amount"].sum() == pytest.approx(results.paired("profit", "service", point=0).mean)
    assert list(steps["item"][:2]) == ["revenue", "cost of goods"]
    assert (steps["low"] <= steps["amount"]).all()


def test_persons_are_those_of_the_market(found, study):
    for arm, rows in found.persons.groupby("arm"):
        table = abm.simulate(study.scenario_of(arm), study.seed, kpis=["revenue"])
        own = table[(table["firm"] == "north") & (table["period"] >= 8)]
        assert rows["customer"].is_unique
        assert set(rows["provider"]) <= {"north", "south", "nowhere"}
        paid = own["revenue"].sum() * 60 / 52  # cu of 60 customers, of rates per customer and year
        assert rows["spend"].sum() == pytest.approx(paid, rel=1e-6)
    never = found.persons["visits"] == 0
    assert found.persons.loc[never, ["satisfaction", "trust"]].isna().all(axis=None)
    assert found.persons.loc[~never, "satisfaction"].between(0, 1).all()


def test_flows_hold_everybody_once(found):
    for arm, rows in found.flows.groupby("arm"):
        assert rows["customers"].sum() == 60
        end = found.persons[found.persons["arm"] == arm]["provider"].value_counts()
        pd.testing.assert_series_equal(
            rows.groupby("to")["customers"].sum().loc[end.index], end, check_names=False, check_dtype=False
        )


def test_who_comes_and_goes_is_told(results):
    world = STUDY["scenario"] | {"renewal": {"leaving_rate": 0.5, "every": 20}, "defection": {"exit_rate": 0.01}}
    study = Experiment.from_dict(STUDY | {"scenario": world, "replications": 1, "expect": [], "name": "moving"})
    found = snapshot.of_results(abm.run(study, workers=1), study, ARMS)
    counts = found.flows[found.flows["arm"] == "none"].set_index(["from", "to"])["customers"]
    assert counts["new"].sum() > 0
    assert counts.xs("gone", level="to").sum() > counts[("new", "gone")]
    assert counts[counts.index.get_level_values("from") != "new"].sum() == 60


def test_ties_are_those_of_the_network(found):
    assert found.ties.shape[1] == 2
    assert (found.ties[:, 0] != found.ties[:, 1]).all()
    assert np.unique(found.ties).max() < 60


@pytest.mark.slow
def test_which_figures(results, study):
    drawn = list(inside.draw(results, summary.effects(results), study, plots.colours(results.arms, "none")))
    assert [one.file for one in drawn] == list(inside.FILES[:6])  # the others need tiers, or information
    assert [one.topic for one in drawn] == ["money"] * 2 + ["persons"] * 4
    flows = drawn[3]
    assert "Under none" in flows.svg
    assert flows.svg.count("share of the row") == 2


@pytest.mark.parametrize("name", ["service", "better-service-at-all-counters-and-on-the-phone-" * 2])
def test_the_legend_of_satisfaction_and_trust_lies_over_no_words(found, name, monkeypatch):
    persons = found.persons.assign(arm=found.persons["arm"].replace({"service": name}))
    renamed = replace(found, arms=("none", name), persons=persons)
    figure = plots.blank()
    FigureCanvasAgg(figure)  # which measures words
    monkeypatch.setattr(inside, "figure_of", lambda file, caption, note, draw_on, topic: draw_on(figure))
    with plots.style():
        list(inside._distributions(renamed, plots.colours(["none", name], "none"), ""))
        assert not figure.legends
        (legend,) = [ax.get_legend() for ax in figure.axes if ax.get_legend()]
        assert_readable(figure)
        box = legend.get_window_extent()
        assert not box.overlaps(figure._suptitle.get_window_extent())
        assert not any(box.padded(-1).overlaps(ax.get_window_extent()) for ax in figure.axes)
        assert all(ax.get_window_extent().width > 150 for ax in figure.axes)


def test_what_a_waterfall_says_has_true_minus_signs(found, results, monkeypatch):
    monkeypatch.setattr(snapshot, "MOST_WORK", 7_300)
    few = snapshot.of_results(results, Experiment.from_dict(STUDY), ARMS)
    (drawn,) = inside._waterfall(few, results, "service", "")
    said = f"{results.paired('profit', 'service', point=0).mean:+.3g}"
    assert said.startswith("-")
    assert f"profit differs by {said.replace('-', '−')}." in drawn.note
