"""Learning: by hand, never beyond what was experienced, and slower the longer the relation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.mechanisms.attitude.learning import (
    learn_expectation,
    learn_satisfaction,
    updated_expectation,
    updated_satisfaction,
)
from tests.mechanisms.small import Small

share = st.floats(0, 1, width=32)
RATES = {
    "settled_rate": 0.1,
    "newcomer_rate": 0.4,
    "tenure": 5.0,
    "expectation_rate": 0.15,
    "promise_rate": 0.1,
    "drift": 0.0,
}


def satisfied(before, transaction, encounters, floor=0.1, extra=0.4, tenure=5.0):
    """Return the equation's value for plain numbers."""
    return float(
        updated_satisfaction(*(np.float32(x) for x in (before, transaction, encounters, floor, extra, tenure)))
    )


def expected(before, performance, promise, encounters=1, rate=0.15, promise_rate=0.1, drift=0.0):
    """Return the equation's value for plain numbers."""
    numbers = (before, performance, promise, encounters, rate, promise_rate, drift)
    return float(updated_expectation(*(np.float32(x) for x in numbers)))


def test_satisfaction_by_hand():
    """The first visit is all there is. After 5 visits the rate is 0.1 + 0.4 / e = 0.247152."""
    assert satisfied(math.nan, 0.64, 0) == np.float32(0.64)
    assert satisfied(0.6, 0.9, 5) == pytest.approx(0.6 + 0.247152 * 0.3, abs=1e-6)
    assert satisfied(0.6, 0.9, 1e4) == pytest.approx(0.6 + 0.1 * 0.3, abs=1e-6)


@given(share, share, st.integers(1, 1000))
def test_satisfaction_never_overshoots(before, transaction, encounters):
    after = satisfied(before, transaction, encounters)
    assert min(before, transaction) - 1e-6 <= after <= max(before, transaction) + 1e-6


@given(share, share, st.integers(1, 200))
def test_the_longer_the_relation_the_less_a_visit_changes(before, transaction, encounters):
    early = abs(satisfied(before, transaction, encounters) - before)
    late = abs(satisfied(before, transaction, encounters + 5) - before)
    assert late <= early + 1e-6


def test_expectation_by_hand():
    """0.7 + 0.15 * 0.1 + 0.10 * 0.2 = 0.735, at the fourth visit 0.7 + 0.015 + 0.005; drift is added, to 1 at most."""
    assert expected(0.7, 0.8, 0.9) == pytest.approx(0.735)
    assert expected(0.7, 0.8, 0.9, encounters=4) == pytest.approx(0.72)
    assert expected(0.7, 0.7, 0.7, drift=0.01) == pytest.approx(0.71)
    assert expected(0.99, 1.0, 1.0, drift=0.1) == 1.0


@given(share, share, share, st.integers(1, 1000))
def test_expectation_lies_between_itself_the_visit_and_the_promise(before, performance, promise, encounters):
    after = expected(before, performance, promise, encounters)
    assert min(before, performance, promise) - 1e-6 <= after <= max(before, performance, promise) + 1e-6


@given(share, share)
def test_experience_takes_the_place_of_the_promise(delivered, promise):
    """A thousand visits that are all alike: she expects what she gets, whatever was promised; it was a fixed mixture,
    two fifths of the promise for ever."""
    belief = promise
    for n in range(1, 1001):
        belief = expected(belief, delivered, promise, n)
    assert abs(belief - delivered) < 0.001


def test_visits_teach_in_turn():
    """Two visits of a customer: the second moves what the first has left; nobody else learns anything.

    When expectations move both have been counted, so the promise pulls half as much at each.
    """
    small = Small(3, [{}, {"promise": 0.9}], learning=RATES)
    small.visits([0, 0], [1, 1])
    small.passing.transaction[:2], small.passing.performance[:2] = [0.8, 0.4], [0.8, 0.6]
    small.c.expectation.fill(0.7)
    small.run("learning", learn_satisfaction)
    small.run("learning", learn_expectation)
    rate = 0.1 + 0.4 * math.exp(-1 / 5)
    first = 0.7 + 0.15 * 0.1 + 0.05 * 0.2
    assert small.c.encounters.tolist() == [[0, 0, 0], [2, 0, 0]]
    assert small.c.satisfaction[1, 0] == pytest.approx(0.8 + rate * (0.4 - 0.8))
    assert small.c.expectation[1, 0] == pytest.approx(first + 0.15 * (0.6 - first) + 0.05 * (0.9 - first))
    assert np.isnan(small.c.satisfaction).sum() == 5
    assert np.sum(small.c.expectation == np.float32(0.7)) == 5
    sums = 0.8 + small.c.satisfaction[1, 0]
    assert small.counted("satisfaction_sum")[1] / 2**20 == pytest.approx(sums, abs=2e-6)


def test_first_beliefs_have_their_mean_spread_and_share():
    """The mean is what is promised, 0.6, and not what will be delivered, 0.9."""
    good = {"promise": 0.6, "service": {"quality": 0.9}}
    small = Small(5000, [{**good, "initial_awareness": 0.3}, {"initial_awareness": 1.0}])
    first = small.c.expectation[0]
    assert abs(first.mean() - 0.6) < 4 * 0.08 / math.sqrt(5000)
    assert first.std() == pytest.approx(0.08, rel=0.05)
    assert abs(small.c.aware[0].mean() - 0.3) < 4 * math.sqrt(0.21 / 5000)
    assert small.c.aware[1].all()
    assert abs(np.corrcoef(first, small.c.expectation[1])[0, 1]) < 4 / math.sqrt(5000)


@pytest.mark.parametrize("promise", [0.0, 1.0])
def test_first_beliefs_stay_within_reason(promise):
    small = Small(500, [{"promise": promise}])
    assert small.c.expectation.min() >= np.float32(0.05)
    assert small.c.expectation.max() <= np.float32(0.95)


def test_nobody_knows_quality_before_she_has_used_it():
    """Two firms that promise the same and deliver 0.3 and 0.9: the same beliefs to the bit; they were 0.6 apart."""
    bad, good = (Small(200, [{"service": {"quality": quality}}]).c.expectation for quality in (0.3, 0.9))
    np.testing.assert_array_equal(bad, good)
