"""Customers know of a firm what they were told and what they have seen, and judge prices as well as service."""

from __future__ import annotations

import numpy as np
import pytest

from abm.engine.engine import Engine
from abm.engine.recording import read
from abm.kpis.behaviour import acquisitions
from abm.scenario.scenario import Scenario
from tests.market.runs import interval, market, measured, visits


def first_week(scenario: Scenario) -> np.ndarray:
    """Return how many buy at the first firm in the first week: (replications,)."""
    found = []
    for replication in range(8):
        engine = Engine(scenario, 20, replication)
        engine.run(1)
        found.append(read(engine).by_period([acquisitions])[0, 0, 0])
    return np.array(found)


@pytest.mark.parametrize("promise", [0.0, 0.3, 0.5])
def test_promising_less_than_one_delivers_does_not_pay(promise):
    """A promise of 0 raised profit by 76 %, as everybody was delighted and trial did not suffer."""
    gain = measured(market().replace({"firms.north.promise": promise}), "profit") / measured(market(), "profit")
    assert gain.mean() < 1.10


def test_promising_nothing_ruins_trial():
    usual, modest = first_week(market()), first_week(market().replace({"firms.north.promise": 0.3}))
    assert modest.mean() < 0.5 * usual.mean()


def test_promising_more_brings_trial_and_loses_repeat_purchase():
    """Promises had no effect on trial."""
    bold = market().replace({"firms.north.promise": 0.95})
    assert interval(first_week(bold) - first_week(market()))[0] > 0
    assert interval(measured(bold, "repeat_rate") - measured(market(), "repeat_rate"))[1] < 0


def test_nobody_knows_the_quality_before_the_first_visit():
    """Quality .95 raised the first week's acquisitions from 136 to 245."""
    better = market().replace({"firms.north.service.quality": 0.95})
    assert first_week(better).tolist() == first_week(market()).tolist()
    assert visits(better).mean() > 1.3 * visits(market()).mean()


def test_who_delivers_as_promised_keeps_her_word():
    """Noise alone broke the promise on 23 % of visits."""
    flawless = market().replace({f"firms.{name}.service.failure_rate": 0.0 for name in ("north", "east", "south")})
    assert measured(flawless, "broken_promise_share").max() < 0.02
    assert measured(market(), "broken_promise_share").max() < 0.08


def test_satisfaction_falls_with_the_price():
    """At three times the price the index was 71.9 instead of 71.7."""
    dear = market().replace({"firms.north.price": 1.3})
    assert interval(measured(dear, "csi") - measured(market(), "csi"))[1] < -1.0


def test_where_all_prices_rise_customers_get_used_to_it():
    dear = market(years=4).replace({f"firms.{name}.price": 1.1 for name in ("north", "east", "south")})
    own = market(years=4).replace({"firms.north.price": 1.1})
    base = measured(market(years=4), "csi")
    assert abs((measured(dear, "csi") - base).mean()) < 0.5 * abs((measured(own, "csi") - base).mean())


def test_the_most_satisfied_are_the_most_loyal_where_there_are_rivals():
    """P(repeat) was flat above a satisfaction of .75."""
    engine = Engine(market(8000), 20)
    engine.run(52)
    c = engine.world.customers
    here = np.flatnonzero(c.provider >= 0)
    provider = c.provider[here].copy()
    n, s = c.encounters[provider, here].copy(), c.satisfaction[provider, here].copy()
    engine.run(13)
    again = c.preference[provider, here]
    settled = n >= 5
    middle = again[settled & (s > 0.75) & (s <= 0.80)].mean()
    assert again[settled & (s > 0.85)].mean() > middle + 0.05
