"""Moments: the simulated value for a target is what one would work out by hand from the results."""

import numpy as np
import pytest

from abm.kpis.kpi import kpi
from abm.scenario.measures import BY_NAME
from abm.study.calibration.moments import known_kpis, moments
from abm.study.calibration.targets import Target
from abm.study.plan.design import Design
from abm.study.plan.experiment import Experiment
from abm.study.running.runner import run
from abm.study.running.work import RunExecutor
from abm.study.storage.rows import Outcome


@pytest.fixture(scope="module")
def results(world):
    rows = [{"word_of_mouth.decay": 0.5}, {"word_of_mouth.decay": 0.8}]
    arms = {"none": {}, "cheap": {"firms.north.price": 0.9}}
    study = Experiment(
        name="m", scenario=world, arms=arms, replications=4, kpis=("csi", "profit"), design=Design.from_rows(rows)
    )
    return run(study, workers=1)


def values(results, kpi, arm, point, firm="north"):
    """Return the values of the replications, picked by hand."""
    rows = results.runs
    own = rows[(rows["arm"] == arm) & (rows["point"] == point) & (rows["firm"] == firm)]
    return own.sort_values("replication")[kpi].to_numpy()


def test_mean_and_its_variance(results):
    found = moments(results, [Target("csi", 1, 1, firm="north")], [1, 0])
    for row, point in enumerate((1, 0)):
        expected = values(results, "csi", "none", point)
        assert found.mean[row, 0] == pytest.approx(expected.mean())
        assert found.variance[row, 0] == pytest.approx(expected.var(ddof=1) / 4)
    assert found.count == 4


def test_difference_is_paired(results):
    target = Target("profit", 1, 1, firm="south", arm="cheap", against="none")
    found = moments(results, [target], [0])
    difference = values(results, "profit", "cheap", 0, "south") - values(results, "profit", "none", 0, "south")
    assert found.mean[0, 0] == pytest.approx(difference.mean())
    assert found.variance[0, 0] == pytest.approx(difference.var(ddof=1) / 4)
    assert found.variance[0, 0] < values(results, "profit", "none", 0, "south").var(ddof=1) / 4


def test_ratio_of_means_with_the_error_of_the_delta_method(results):
    target = Target("csi", 1, 1, firm="north", arm="cheap", against="none", statistic="ratio")
    found = moments(results, [target], [0])
    above, below = values(results, "csi", "cheap", 0), values(results, "csi", "none", 0)
    ratio = above.mean() / below.mean()
    spread = np.cov(above, below)
    expected = (spread[0, 0] - 2 * ratio * spread[0, 1] + ratio**2 * spread[1, 1]) / below.mean() ** 2 / 4
    assert found.mean[0, 0] == pytest.approx(ratio)
    assert found.variance[0, 0] == pytest.approx(expected)


def test_a_single_period(results):
    found = moments(results, [Target("csi", 1, 1, firm="north", period=3)], [0])
    rows = results.periods
    own = rows[(rows["period"] == 3) & (rows["arm"] == "none") & (rows["point"] == 0) & (rows["firm"] == "north")]
    assert found.mean[0, 0] == pytest.approx(own["csi"].mean())


def test_interval_is_students(results):
    found = moments(results, [Target("csi", 1, 1, firm="north")], [0])
    low, high = found.interval(0.95)
    half = 3.182446 * values(results, "csi", "none", 0).std(ddof=1) / 2  # t with 3 degrees of freedom
    assert (low[0, 0], high[0, 0]) == (
        pytest.approx(found.mean[0, 0] - half, rel=1e-5),
        pytest.approx(found.mean[0, 0] + half, rel=1e-5),
    )


def test_a_failed_run_has_no_moment(study, monkeypatch):
    def broken(self, index):
        own = self.experiment.sheet.run(index)
        return Outcome(own, "{}", error="ValueError", message="no") if own.replication == 1 else recorded(self, index)

    recorded = RunExecutor.outcome
    monkeypatch.setattr(RunExecutor, "outcome", broken)
    found = moments(run(study(kpis=("csi",)), workers=1), [Target("csi", 1, 1, firm="north")], [0])
    assert np.isnan(found.mean).all()


def test_shipped_kpis_and_the_study_s_own_are_known(study):
    @kpi(unit="cu/visit")
    def profit(c):
        """Another profit."""
        return c.revenue / c.visits

    known = known_kpis(study(kpis=("csi", profit)))
    assert known["basket"] is BY_NAME["basket"]
    assert known["profit"] is profit
