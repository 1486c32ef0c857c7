"""Encounter: performance and disconfirmation by hand, by property, and in distribution."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.mechanisms.phases import Phase
from abm.mechanisms.service.encounter import count_encounters, draw_quality, judge, meet, transaction_satisfaction
from abm.world.visits import CORE
from tests.mechanisms.small import Small

share = st.floats(0, 1, width=32)
SETTINGS = {"severity_low": 0.2, "severity_high": 0.6, "assimilation": 0.0, "gain": 0.3, "loss": 0.6}


def satisfaction(performance, expectation, gain=0.3, loss=0.6, shift=0.0):
    """Return the equation's value for plain numbers."""
    return float(transaction_satisfaction(*(np.float32(x) for x in (performance, expectation, gain, loss, shift))))


def met(luck, expectation=0.7, match=0.0, quality=0.8, spread=0.1, failure_rate=0.1, **settings):
    """Return performance and transaction satisfaction of one visit with given uniforms."""
    service = {"quality": quality, "failure_rate": failure_rate, "spread_within": spread, "spread_between": 0.0}
    small = Small(1, [{"service": service}], encounter={**SETTINGS, **settings}, taste={"taste_spread": 0.0})
    small.c.expectation.fill(expectation)
    small.c.match.fill(match)
    small.visits([0], [0])
    small.phases(Phase.DELIVERY)
    small.scratch("encounter", "luck")[:3, 0] = luck
    small.run("encounter", meet)
    small.run("encounter", judge)
    return float(small.at("performance")[0]), float(small.at("transaction")[0])


def test_falling_short_hurts_twice_as_much_as_exceeding_helps():
    """0.1 above expectation adds 0.03, 0.1 below takes 0.06."""
    assert satisfaction(0.8, 0.7) == pytest.approx(0.83)
    assert satisfaction(0.7, 0.8) == pytest.approx(0.64)
    assert satisfaction(0.7, 0.7) == pytest.approx(0.7)
    assert satisfaction(0.7, 0.7, shift=-0.2) == pytest.approx(0.5)
    assert satisfaction(0.7, 0.7, shift=0.9) == 1.0


@given(share, share, st.floats(0, 5, width=32), st.floats(0, 5, width=32))
def test_satisfaction_stays_between_0_and_1(performance, expectation, gain, loss):
    assert 0.0 <= satisfaction(performance, expectation, gain, loss) <= 1.0


@given(share, share, share)
def test_more_performance_never_satisfies_less_and_more_expectation_never_more(performance, other, expectation):
    low, high = sorted((performance, other))
    assert satisfaction(low, expectation) <= satisfaction(high, expectation) + 1e-6
    assert satisfaction(expectation, high) <= satisfaction(expectation, low) + 1e-6


def test_a_visit_by_hand():
    """Median luck: 0.8. One deviation above: 0.9. A failure of middling severity takes 0.4."""
    assert met([0.5, 0.9, 0.5]) == pytest.approx((0.8, 0.83))
    assert met([0.8413447, 0.9, 0.5]) == pytest.approx((0.9, 0.96))
    assert met([0.5, 0.05, 0.5]) == pytest.approx((0.4, 0.4 - 0.6 * 0.3))
    assert met([0.5, 0.05, 0.0])[0] == pytest.approx(0.6)


def test_fit_adds_to_quality_and_expectation_colours_what_is_perceived():
    assert met([0.5, 0.9, 0.5], match=0.05)[0] == pytest.approx(0.85)
    assert met([0.5, 0.9, 0.5], expectation=0.6, assimilation=0.25)[0] == pytest.approx(0.75)
    assert met([0.5, 0.9, 0.5], expectation=0.6, assimilation=1.0)[0] == pytest.approx(0.6)


@given(st.floats(2.0**-24, 1 - 2.0**-24, width=32), share, share, share)
def test_performance_stays_between_0_and_1(u, failing, severity, expectation):
    p, s = met([u, failing, severity], expectation, spread=0.9, failure_rate=0.5)
    assert 0.0 <= p <= 1.0
    assert 0.0 <= s <= 1.0


def test_spreads_within_and_between_servers_add_as_variances():
    small = Small(1, [{"service": {"spread_within": 0.3, "spread_between": 0.4}}])
    assert small.firms.spread == pytest.approx([0.5])


def test_quality_is_normal_and_failures_have_their_rate():
    """Mean and spread of performance, and the share of failures, within four standard errors."""
    service = {"quality": 0.7, "spread_within": 0.03, "spread_between": 0.04, "failure_rate": 0.2}
    small = Small(1000, [{"service": service}], encounter=SETTINGS)
    small.visits(np.arange(1000), np.zeros(1000, int))
    performances, failed = [], []
    for t in range(20):
        small.run("encounter", draw_quality, t)
        small.run("encounter", meet, t)
        performances.append(small.at("performance").copy())
        failed.append(small.at("failure_cause") == CORE)
        assert np.all((small.at("failure_severity") > 0) == failed[-1])
    p, fell, n = np.concatenate(performances), np.concatenate(failed), 20_000
    assert abs(fell.mean() - 0.2) < 4 * np.sqrt(0.16 / n)
    kept = p[~fell]
    assert abs(kept.mean() - 0.7) < 4 * 0.05 / np.sqrt(kept.size)
    assert kept.std() == pytest.approx(0.05, rel=0.03)
    assert abs(p[fell].mean() - 0.3) < 4 * np.sqrt(0.05**2 + 0.4**2 / 12) / np.sqrt(fell.sum())


def test_counts_by_hand():
    small = Small(4, [{"service": {"failure_rate": 0.1}}, {}])
    small.visits([0, 1, 3], [0, 0, 1])
    small.passing.failure_cause[:3] = [CORE, 0, 0]
    small.passing.performance[:3], small.passing.transaction[:3] = [0.25, 0.5, 1.0], [0.125, 0.75, 1.0]
    small.run("encounter", count_encounters)
    whole = 2**20
    assert small.counted("failures") == [1, 0, 0]
    assert small.counted("dissatisfied") == [1, 0, 0]
    assert small.counted("performance_sum") == [0.75 * whole, whole, 0]
    assert small.counted("transaction_sum") == [0.875 * whole, whole, 0]
