"""Taste and state dependence: known values come back, the slope is that of the value, and refusals."""

from __future__ import annotations

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.logs.brands import ordered_purchases
from abm.logs.loyalty import _normal_points, _Objective, _Placed, _placed, _situations, estimate_loyalty

pytestmark = pytest.mark.slow

INTERCEPTS = np.array([0.0, -0.4, -0.8, -1.2])
BURN_IN = 40


def panel(spread, state, customers, length, price=0.0, seed=1):
    """Simulate purchases, one a period after a burn-in, and the prices that stood (n, m)."""
    luck = np.random.default_rng(seed)
    taste = INTERCEPTS + spread * luck.standard_normal((customers, 4))
    last, firms, prices = luck.integers(0, 4, customers), [], []
    for _ in range(BURN_IN + length):
        prices.append(1 + 0.2 * luck.standard_normal((customers, 4)))
        utility = taste + price * prices[-1] + luck.gumbel(size=(customers, 4))
        utility[np.arange(customers), last] += state
        last = utility.argmax(axis=1)
        firms.append(last)
    period, customer = np.indices((length, customers))
    bought = ordered_purchases(customer.ravel(), period.ravel(), np.ravel(firms[BURN_IN:]), customers, 4)
    return bought, np.reshape(prices[BURN_IN:], (-1, 4))


@pytest.mark.parametrize(
    ("spread", "state", "customers", "length"),
    [(1.25, 0.5, 300, 25), (2.0, 0.0, 300, 25), (0.0, 1.5, 300, 25), (1.25, 0.5, 1000, 4)],
    ids=["both", "taste alone", "state dependence alone", "short histories"],
)
def test_known_values_come_back(spread, state, customers, length):
    found = estimate_loyalty(panel(spread, state, customers, length)[0], draws=64)
    assert abs(found.taste_spread - spread) < 3 * found.taste_spread_error
    assert abs(found.state_dependence - state) < 3 * found.state_dependence_error
    assert found.taste_spread_error < 0.15
    assert found.state_dependence_error < 0.1
    np.testing.assert_allclose(found.intercepts, INTERCEPTS, atol=0.5)


def test_known_values_come_back_beside_prices():
    bought, prices = panel(1.25, 0.5, 200, 15, price=-4.0)
    found = estimate_loyalty(bought, {"price": prices}, draws=64)
    assert abs(found.taste_spread - 1.25) < 3 * found.taste_spread_error
    assert abs(found.state_dependence - 0.5) < 3 * found.state_dependence_error
    assert abs(found.coefficients["price"] + 4.0) < 3 * found.coefficient_errors["price"] < 0.6
    assert "price -" in found.describe()
    assert found.customers == 200


def test_more_draws_change_little():
    bought, _ = panel(2.0, 0.5, 120, 25)
    few, many = (estimate_loyalty(bought, draws=draws) for draws in (64, 256))
    assert few.taste_spread == pytest.approx(many.taste_spread, abs=0.5 * many.taste_spread_error)
    assert few.state_dependence == pytest.approx(many.state_dependence, abs=0.25 * many.state_dependence_error)


def test_the_slope_is_that_of_the_value():
    bought, prices = panel(1.0, 0.5, 30, 6)
    data, at = _situations(bought, {"price": prices}), np.array([-0.3, 0.2, -0.6, 1.3, 0.7, -2.0])
    objective = _Objective(data, _placed(_normal_points(30 * 16, 4).reshape(30, 16, 4), data, at))
    moves = 1e-6 * np.eye(at.size)
    slope = [(objective(at + move)[0] - objective(at - move)[0]) / 2e-6 for move in moves]
    np.testing.assert_allclose(objective(at)[1], slope, atol=1e-7)


def test_first_purchases_are_drawn_from_the_steady_state():
    """With no taste: customer 0 buys at 2, customer 1 at 0 and again at 0; the chain is raised to a power."""
    v, state = np.array([0.0, 0.3, -0.5]), 0.8
    chain = np.exp(v + state * np.eye(3))
    chain /= chain.sum(axis=1, keepdims=True)
    steady = np.linalg.matrix_power(chain, 200)[0]
    data = _situations(ordered_purchases([0, 1, 1, 2, 2], [0, 0, 1, 0, 1], [2, 0, 0, 1, 0]), {})
    at = np.array([0.3, -0.5, 0.0, state])
    objective = _Objective(data, _Placed(np.zeros((3, 2, 3)), np.full((3, 2), -np.log(2))))
    expected = np.log([steady[2], steady[0] * chain[0, 0], steady[1] * chain[1, 0]]).mean()
    assert -objective(at)[0] == pytest.approx(expected, rel=1e-12)


def test_the_order_of_the_rows_does_not_matter():
    bought, prices = panel(1.0, 0.5, 60, 6, price=-2.0)
    shuffled = np.random.default_rng(3).permutation(bought.firm.size)
    customer, period, firm = (np.empty_like(bought.rows) for _ in range(3))
    customer[bought.rows], period[bought.rows], firm[bought.rows] = bought.customer, bought.period, bought.firm
    again = ordered_purchases(customer[shuffled], period[shuffled], firm[shuffled])
    found = [estimate_loyalty(b, {"price": p}, draws=16) for b, p in ((bought, prices), (again, prices[shuffled]))]
    assert found[0].taste_spread == found[1].taste_spread
    assert found[0].coefficients == found[1].coefficients


@pytest.mark.parametrize(
    ("columns", "controls", "said"),
    [
        (([0, 1], [0, 0], [0, 1]), {}, "at least 2 firms and a customer who buys twice"),
        (([0, 0], [0, 1], [0, 2]), {}, "firm 1 has no purchase; leave it out"),
        (([0, 0], [0, 1], [0, 1]), {"price": np.ones((3, 2))}, r"control price is no table \(2, 2\) of numbers"),
        (([0, 0], [0, 1], [0, 1]), {"price": np.full((2, 2), np.nan)}, "control price is no table"),
        (([0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 1, 1]), {}, "do not determine taste and state dependence"),
    ],
)
def test_refusals(columns, controls, said):
    with pytest.raises(Refusal, match=said):
        estimate_loyalty(ordered_purchases(*columns), controls)
