"""Selection against sim-tools, another implementation of Kim and Nelson's procedures, which the toolkit does not need.

What has a counterpart there: `KN` and `KNPlusPlus` (sim_tools.ovs.indifference_zone) to `boundary` and `Race`, and the
running intervals of sim_tools.output_analysis to those of abm.study. What has none: `OCBA` and `OCBAM` spend a number
of replications that is given beforehand and promise no probability, which nothing here does.

`KN` looks up the variance of a pair (i, l) with i > l at the place of another pair where there are three arms or more,
so the same decisions can be asked for only where the variances of all pairs are equal.
"""

from __future__ import annotations

from contextlib import contextmanager
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from abm.study.comparison import selection
from abm.study.comparison.selection import CLEAR, Race, boundary, select
from abm.study.replications.precision import GROWTH, PILOT, half_width
from abm.study.statistics.paired import interval

WANTED = "sim-tools is not installed: pip install sim-tools"
zones = pytest.importorskip("sim_tools.ovs.indifference_zone", reason=WANTED)
analysis = pytest.importorskip("sim_tools.output_analysis", reason=WANTED)

RACES, CONFIDENCE = 400, 0.95
LEAST = int(binom.ppf(0.001, RACES, CONFIDENCE))  # right races: fewer would be improbable
seeds = st.integers(0, 10**6)


class Listed:
    """Observations (arms, replications) that a procedure of sim-tools asks for one at a time."""

    def __init__(self, values):
        self.values, self.taken = values, np.zeros(len(values), int)

    def register_observer(self, procedure):
        """Take who is told."""
        self.procedure = procedure

    def simulate(self, arm):
        """Tell the next observation of an arm."""
        value = self.values[arm, self.taken[arm]]
        self.taken[arm] += 1
        self.procedure.feedback(self, arm, value)


def raced_there(values, zone, alpha, pilot=10):
    """Return (best arm, replications (k,)) by KN.  It takes one more of the arm that is left, not counted here."""
    procedure = zones.KN(Listed(values), len(values), zone, alpha, pilot)
    best = int(procedure.solve()[0])
    taken = procedure._allocations.copy()
    taken[best] -= 1
    return best, taken


def raced_here(values, zone, confidence=CONFIDENCE, pilot=10, batch=5):
    """Return the same by a race."""
    race = select(lambda arms, first, last: values[arms, first:last], Race(len(values), zone, confidence, pilot, batch))
    assert race.end == "one"
    return int(race.racing[0]), race.taken


@contextmanager
def as_printed(pilot):
    """Undo the three differences from print: few looks, variance of all replications so far, rule without a zone."""
    paired = selection._paired
    with (
        mock.patch.object(selection, "CLEAR", 0.0),
        mock.patch.object(Race, "bound", return_value=1e30),
        mock.patch.object(selection, "LATER", 10**9),
        mock.patch.object(selection, "_paired", lambda values: paired(values[:, :pilot])),
    ):
        yield


def alike_in_pilot(luck, arms, pilot, later):
    """Draw noise (arms, pilot + later) whose pilot has mean 0, variance 1 and no correlations, exactly."""
    columns = np.column_stack([np.ones(pilot), luck.normal(size=(pilot, arms))])
    exact = np.linalg.qr(columns)[0][:, 1:].T * np.sqrt(pilot - 1)
    return np.hstack([exact, luck.normal(size=(arms, later))])


class TestBoundary:
    @pytest.mark.parametrize("arms", [2, 3, 10, 200])
    @pytest.mark.parametrize("pilot", [2, 10, 30])
    @pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
    def test_that_of_kn(self, arms, pilot, alpha):
        procedure = zones.KN(Listed(np.zeros((arms, pilot))), arms, 1.0, alpha, pilot)
        procedure._initialisation()
        assert boundary(arms, 1 - alpha, pilot) == pytest.approx(procedure._h_squared, rel=1e-9)

    @pytest.mark.parametrize("arms", [2, 3, 10, 200])
    def test_holds_for_any_dependence_and_so_is_above_that_for_separate_luck(self, arms):
        """KN++ takes Šidák's share of alpha for a pair, which is Bonferroni's for one pair, and a little more else."""
        procedure = zones.KNPlusPlus(Listed(np.zeros((arms, 10))), arms, 1.0, 0.05, 10)
        procedure._n = 10
        ratio = boundary(arms, 0.95, 10) / (2 * procedure._calculate_eta() * 9)
        assert ratio == pytest.approx(1.0, rel=1e-9) if arms == 2 else 1.0 < ratio < 1.02


class TestElimination:
    @given(seeds, st.floats(0.2, 1.5))
    def test_two_arms_part_at_the_same_replication(self, seed, zone):
        luck = np.random.default_rng(seed)
        values = 5.0 + luck.normal(size=(2, 2500)) * luck.uniform(0.5, 2.0, (2, 1)) + [[0.0], [luck.normal() * zone]]
        best, taken = raced_there(values, zone, 0.05)
        with as_printed(10):
            found = raced_here(values, zone, batch=1)
        assert found[0] == best
        np.testing.assert_array_equal(found[1], taken)

    @given(seeds, st.integers(3, 8), st.floats(0.4, 1.5))
    def test_more_arms_leave_in_the_same_order(self, seed, arms, zone):
        luck = np.random.default_rng(seed)
        values = 5.0 + alike_in_pilot(luck, arms, 12, 3000) + zone * luck.normal(size=(arms, 1))
        best, taken = raced_there(values, zone, 0.1, 12)
        with as_printed(12):
            found = raced_here(values, zone, 0.9, 12, batch=1)
        assert found[0] == best
        np.testing.assert_array_equal(found[1], taken)

    @given(seeds, st.integers(2, 8), st.floats(0.2, 2.0))
    def test_whom_kn_puts_out_at_the_pilot_is_out(self, seed, arms, zone):
        """With nothing undone: KN has four fifths of alpha, and the rule without a zone can only put out more."""
        luck = np.random.default_rng(seed)
        values = alike_in_pilot(luck, arms, 10, 0) + zone * luck.normal(size=(arms, 1))
        procedure = zones.KN(Listed(values), arms, zone, (1 - CLEAR) * 0.05, 10)
        procedure._initialisation()
        procedure._screening()
        race = Race(arms, zone)
        race.take(values)
        assert set(race.racing) <= set(procedure._contenders)


def both(luck, means, zone):
    """Return whether (2,) the best arm is named, there and here, and observations (2,), over the same observations."""
    values = luck.normal(size=(len(means), 6000)) + means[:, None]
    found = raced_there(values, zone, 1 - CONFIDENCE), raced_here(values, zone)
    return [means[best] == means.max() for best, _ in found], [taken.sum() for _, taken in found]


def both_often(means, zone, races, seed):
    """Return how many races (2,) are right, and observations (2,) on average."""
    luck = np.random.default_rng(seed)
    right, taken = zip(*(both(luck, luck.permutation(means), zone) for _ in range(races)), strict=True)
    return np.sum(right, axis=0), np.mean(taken, axis=0)


def test_the_stated_probability_is_kept_by_both_for_about_as_many_replications():
    """Five arms, of which four are exactly a zone behind: the hardest case."""
    right, taken = both_often(np.array([0.5, 0.0, 0.0, 0.0, 0.0]), 0.5, RACES, seed=1)
    assert (right >= LEAST).all()
    assert 0.8 < taken[1] / taken[0] < 1.3


def test_a_zone_far_below_the_differences_costs_less_than_half():
    """Which is what the rule without a zone is for."""
    right, taken = both_often(np.array([1.0, 0.0, 0.0, 0.0]), 0.1, 100, seed=2)
    assert (right >= binom.ppf(0.001, 100, CONFIDENCE)).all()
    assert taken[1] < taken[0] / 2


class TestPrecision:
    @given(seeds, st.integers(3, 60), st.sampled_from([0.8, 0.95, 0.99]))
    def test_the_interval_of_a_mean_is_the_same(self, seed, count, confidence):
        values = np.random.default_rng(seed).normal(10.0, 3.0, count)
        there = analysis.OnlineStatistics(values, 1 - confidence)
        expected = there.mean, there.lci, there.uci, there.std
        np.testing.assert_allclose(interval(values, confidence), expected, rtol=1e-9)

    @given(seeds, st.integers(2, 30))
    def test_symmetric_observations_are_stopped_on_by_the_same_half_width(self, seed, pairs):
        apart = np.random.default_rng(seed).normal(size=pairs)
        values = 10.0 + np.concatenate([apart, -apart])
        there = analysis.OnlineStatistics(values, 0.05)
        assert half_width(values, 0.95) == pytest.approx(there.half_width, rel=1e-6)

    @given(seeds, st.floats(0.12, 0.4))
    def test_replications_are_never_fewer_than_by_the_confidence_interval_method(self, seed, wanted):
        """Ours looks seldom, and at the longest arm of an interval that may be bent; wanted is a share of the mean."""
        values = np.random.default_rng(seed).exponential(2.0, 5000)
        count = PILOT
        while half_width(values[:count], 0.95) > wanted * values[:count].mean():
            count = int(np.ceil(GROWTH * count))
        there, _ = analysis.confidence_interval_method(values[:count], 0.05, wanted, min_rep=PILOT - 1)
        assert PILOT <= there <= count
