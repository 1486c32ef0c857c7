"""Customers' accounts: what all customers have brought is what the firm's books say, but for what nobody causes."""

import numpy as np

from abm.engine.engine import Engine
from abm.scenario.scenario import Scenario

MARKET = Scenario.parse(
    {
        "periods": 40,
        "population": {"customers": 600, "purchase_rate": 0.5},
        "complaint": {},
        "recovery": {},
        "customer_accounts": {},
        "firms": [
            {
                "name": "north",
                "price": 0.9,
                "program": {"preset": "tiers", "hassle": 0.0},
                "recovery": {"empathy": 0.5},
            },
            {"name": "east", "program": {"preset": "points", "goal": 2.0}, "recovery": {"compensation": 0.5}},
            {"name": "south", "fixed_cost": 50.0},
        ],
    }
)


def test_accounts_of_customers_add_up_to_the_books():
    engine = Engine(MARKET, 3)
    engine.run(40)
    world = engine.world
    rows = {name: world.history[:, row, :-1].sum(axis=0) for name, row in world.rows.items()}
    costs = ("goods", "service", "rewards_cost", "amends_cost")
    assert min(rows[name][0] for name in costs) > 0
    booked = rows["revenue"] - sum(rows[name] for name in costs)
    np.testing.assert_array_equal(world.customers.profit_from_customer.sum(axis=1), booked)
    np.testing.assert_array_equal(world.customers.spend_so_far.sum(axis=1), rows["revenue"])
    np.testing.assert_array_equal(world.customers.visits_so_far.sum(axis=1), rows["visits"])


def test_an_account_is_its_customers_own():
    """Who has never been to a firm has brought it nothing."""
    engine = Engine(MARKET, 3)
    engine.run(10)
    c = engine.world.customers
    never = c.visits_so_far == 0
    assert never.any()
    assert not c.profit_from_customer[never].any()
    np.testing.assert_array_equal(c.visits_so_far > 0, c.last_purchase >= 0)


def test_they_change_nothing():
    without = MARKET.replace({"customer_accounts": None})
    one, other = Engine(MARKET, 3), Engine(without, 3)
    for engine in (one, other):
        engine.run(40)
    np.testing.assert_array_equal(one.world.history, other.world.history)
