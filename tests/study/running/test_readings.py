"""Readings in a study: named like KPIs, taken in every run, in all tables, also by other processes."""

from __future__ import annotations

import numpy as np
import pytest

from abm.kpis.reading import reading
from abm.study.plan.experiment import Experiment
from abm.study.running.runner import run
from abm.study.running.work import RunExecutor

CLOSINGS = [1, 5]  # of six periods, the first two of them burn-in


@reading(unit="customers")
def occupied(world):
    """Customers whose provider the firm is."""
    return np.array([np.sum(world.customers.provider == j) for j in range(world.m)])


@pytest.mark.parametrize("workers", [1, 2])
def test_a_reading_is_in_the_tables_of_runs_and_periods_and_in_pairs(study, workers):
    made = study(kpis=("profit", "median_satisfaction", occupied))
    results = run(made, workers=workers)
    periods = results.periods
    assert sorted(periods.loc[periods["occupied"].notna(), "period"].unique()) == CLOSINGS
    runs = results.runs.set_index(["arm", "replication", "firm"])
    last = periods[periods["period"] == 5].set_index(["arm", "replication", "firm"])
    for name in ("median_satisfaction", "occupied"):
        np.testing.assert_array_equal(runs[name], last.loc[runs.index, name])  # the only closing after the burn-in
    assert runs["occupied"].gt(0).any()
    pair = results.paired("median_satisfaction", "cheap")
    assert pair.pairs == 3
    assert np.isfinite(pair.estimate)


def test_a_study_file_names_it_like_a_kpi(study):
    table = study(kpis=("top_fifth_share", "csi")).to_dict()
    assert table["kpis"] == ["top_fifth_share", "csi"]
    again = Experiment.from_dict(table)
    assert again == study(kpis=("top_fifth_share", "csi"))
    assert again.sheet.digests != study(kpis=("csi",)).sheet.digests


def test_an_edited_reading_is_another_run(study):
    @reading(unit="customers", better="more")
    def occupied_twice(world):
        """Customers whose provider the firm is, twice."""
        return 2.0 * np.array([np.sum(world.customers.provider == j) for j in range(world.m)])

    first = study(kpis=(occupied,)).sheet.digests
    assert first != study(kpis=(occupied_twice,)).sheet.digests


def test_worlds_that_are_used_again_give_the_same(study):
    made = study(kpis=("gini_of_spend", "csi"))
    executor = RunExecutor(made)
    for index in (0, 2, 4):  # replications of one arm
        alone = RunExecutor(made).outcome(index)
        np.testing.assert_array_equal(executor.outcome(index).by_period, alone.by_period)


def test_a_run_whose_reading_raises_has_failed_and_says_which(study):
    @reading(unit="1")
    def broken(world):
        """Divides by nothing."""
        return 1 / 0

    outcome = RunExecutor(study(kpis=(broken,))).outcome(0)
    assert (outcome.error, outcome.message) == (
        "Refusal", "reading 'broken' raised ZeroDivisionError: division by zero (test_readings.py, line 68)",
    )  # fmt: skip
