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


def expected(before, performance, promise, rate=0.15, promise_rate=0.1, drift=0.0):
    """Return the equation's value for plain numbers."""
    return float(
        updated_expectation(*(np.float32(x) for x in (before, performance, promise, rate, promise_rate, drift)))
    )


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
    """0.7 + 0.15 * 0.1 + 0.10 * 0.2 = 0.735; a drift is added, and 1 is the end."""
    assert expected(0.7, 0.8, 0.9) == pytest.approx(0.735)
    assert expected(0.7, 0.7, 0.7, drift=0.01) == pytest.approx(0.71)
    assert expected(0.99, 1.0, 1.0, drift=0.1) == 1.0


@given(share, share, share)
def test_expectation_lies_between_itself_the_visit_and_the_promise(before, performance, promise):
    after = expected(before, performance, promise)
    assert min(before, performance, promise) - 1e-6 <= after <= max(before, performance, promise) + 1e-6


def test_visits_teach_in_turn():
    """Two visits of a customer: the second moves what the first has left; nobody else learns anything."""
    small = Small(3, learning=RATES)
    small.visits([0, 0], [1, 1])
    small.passing.transaction[:2], small.passing.performance[:2] = [0.8, 0.4], [0.8, 0.5]
    small.c.expectation.fill(0.7)
    small.run("learning", learn_satisfaction)
    small.run("learning", learn_expectation)
    rate = 0.1 + 0.4 * math.exp(-1 / 5)
    promise = float(small.firms.promise[1])
    first = 0.7 + 0.15 * 0.1 + 0.1 * (promise - 0.7)
    assert small.c.encounters.tolist() == [[0, 0, 0], [2, 0, 0]]
    assert small.c.satisfaction[1, 0] == pytest.approx(0.8 + rate * (0.4 - 0.8))
    assert small.c.expectation[1, 0] == pytest.approx(first + 0.15 * (0.5 - first) + 0.1 * (promise - first))
    assert np.isnan(small.c.satisfaction).sum() == 5
    assert np.sum(small.c.expectation == np.float32(0.7)) == 5
    sums = 0.8 + small.c.satisfaction[1, 0]
    assert small.counted("satisfaction_sum")[1] / 2**20 == pytest.approx(sums, abs=2e-6)


def test_first_beliefs_have_their_mean_spread_and_share():
    small = Small(5000, [{"service": {"quality": 0.6}, "initial_awareness": 0.3}, {"initial_awareness": 1.0}])
    first = small.c.expectation[0]
    assert abs(first.mean() - 0.6) < 4 * 0.08 / math.sqrt(5000)
    assert first.std() == pytest.approx(0.08, rel=0.05)
    assert abs(small.c.aware[0].mean() - 0.3) < 4 * math.sqrt(0.21 / 5000)
    assert small.c.aware[1].all()
    assert abs(np.corrcoef(first, small.c.expectation[1])[0, 1]) < 4 / math.sqrt(5000)


@pytest.mark.parametrize("quality", [0.0, 0.99])
def test_first_beliefs_stay_within_reason(quality):
    small = Small(500, [{"service": {"quality": quality}}])
    assert small.c.expectation.min() >= np.float32(0.05)
    assert small.c.expectation.max() <= np.float32(0.95)
