"""Profit, what levers cost, and programmes' books, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from abm.engine.recording import record
from abm.kpis import behaviour, value
from abm.scenario.scenario import Scenario
from abm.value.lifetime import lifetime_value
from tests.kpis.counts import both, period

YEARLY = 52 / 200  # counts of a period of 200 customers, per customer and year


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (value.profit, [(820 - 480 - 60 - 8 - 40 + 8 - 10 - 100) * YEARLY, (200 - 120 - 10 - 50) * YEARLY]),
        (value.revenue, [820 * YEARLY, 200 * YEARLY]),
        (value.basket, [6000 / 320, 1500 / 80]),
        (value.programme_cost, [(40 - 8 + 20 + 10) * YEARLY, 0.0]),
        (value.lever_cost, [(40 - 8 + 20 + 10 + 0 + 60 + 8) * YEARLY, (5 + 10) * YEARLY]),
        (value.points_outstanding, [3.0, 0.0]),
        (value.breakage, [0.05, np.nan]),
        (value.redemption_rate, [0.25, np.nan]),
        (value.membership_share, [0.25, 0.0]),
    ],
    ids=lambda x: getattr(x, "name", ""),
)
def test_by_hand(measure, expected):
    np.testing.assert_allclose(measure(period()), expected)


def test_customer_equity_is_the_retention_value_of_a_years_contribution():
    """Contribution m and retention r: m r / (1.1 - r), as the lifetime value of a customer who brings m a year."""
    c = period()
    margin = (np.array([820 - 480 - 60 - 8 - 40 + 8 - 10, 200 - 120 - 10])) * YEARLY
    stays = behaviour.retention_rate(c)
    assert np.isfinite(stays).all()
    np.testing.assert_allclose(value.customer_equity(c), lifetime_value(margin, stays, 0.1))


def test_points_outstanding_over_several_periods_are_a_mean():
    """A stock is not added up: 600 and 200 points of 200 customers are 2 each."""
    twice = both(period(), period(points_outstanding=(200.0, 0.0, 0.0)))
    assert value.points_outstanding(twice).tolist() == [2.0, 0.0]


def test_revenue_less_every_cost_is_profit():
    """Discounts and price cuts are missing revenue already, and are not taken off twice."""
    c = period()
    costs = value.lever_cost(c) - (c.discounts + c.price_cuts) * YEARLY + (c.goods + c.fixed) * YEARLY
    np.testing.assert_allclose(value.profit(c), value.revenue(c) - costs)


def test_basket_times_frequency_times_penetration_is_revenue():
    """In a year without gifts and fees what is received is what buyers spend."""
    scenario = Scenario.parse({"periods": 54, "burn_in": 2, "population": {"customers": 200}})
    kpis = [value.basket, behaviour.frequency, behaviour.penetration, value.revenue]
    spend, visits, share, revenue = record(scenario, seed=3).summary(kpis).T
    np.testing.assert_allclose(spend * visits * share, revenue)
