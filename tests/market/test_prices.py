"""Demand follows prices as it is known to."""

from __future__ import annotations

import numpy as np

from tests.market.runs import FIRMS, market, measured, visits

NAMES = [firm["name"] for firm in FIRMS]


def all_at(price: float) -> dict[str, float]:
    return {f"firms.{name}.price": price for name in NAMES}


def test_own_price_elasticity():
    """It was -1.1; the mean of 1,851 published estimates is -2.6."""
    dear, cheap = (market(3000).replace({"firms.north.price": price}) for price in (1.05, 0.95))
    elasticity = np.log(visits(dear).mean() / visits(cheap).mean()) / np.log(1.05 / 0.95)
    assert -3.3 < elasticity < -1.9


def test_category_elasticity():
    dear, cheap = (market(3000).replace(all_at(price)) for price in (1.05, 0.95))
    elasticity = np.log(visits(dear, None).mean() / visits(cheap, None).mean()) / np.log(1.05 / 0.95)
    assert -1.0 < elasticity < -0.25


def test_prices_of_three_times_the_usual_ruin_the_industry():
    """All firms at three times the price earned five times as much."""
    usual, dear = market(), market().replace(all_at(3.0))
    profits = [sum(measured(one, "profit", j).mean() for j in range(3)) for one in (usual, dear)]
    assert profits[1] < 0.2 * profits[0]


def test_no_price_earns_much_more_than_the_usual_one():
    usual = measured(market(), "profit").mean()
    for price in (0.8, 0.9, 1.1, 1.25, 1.5, 2.0, 5.0):
        assert measured(market().replace({"firms.north.price": price}), "profit").mean() < 1.15 * usual
