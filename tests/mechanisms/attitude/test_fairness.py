"""Fairness: equal treatment is neither fair nor unfair, and who pays more for the same is less satisfied."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.mechanisms.attitude.fairness import fairness, fairness_of, weigh_fairness
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small

share = st.floats(0.0625, 1, width=32)


def fair(performance, paid, others=0.8, others_paid=1.0, steepness=1.0):
    return float(fairness_of(*(np.float32(x) for x in (performance, paid, others, others_paid, steepness))))


def test_fairness_by_hand():
    """As others 0.5; twice as much for the money 0.5 + 0.5 tanh 1; half as much 0.5 - 0.5 tanh 0.5."""
    assert fair(0.8, 1.0) == pytest.approx(0.5, abs=1e-6)
    assert fair(0.8, 0.5) == pytest.approx(0.5 + 0.5 * np.tanh(1), abs=1e-5)
    assert fair(0.4, 1.0) == pytest.approx(0.5 - 0.5 * np.tanh(0.5), abs=1e-5)


@given(share, share, share)
def test_fairness_is_a_share_and_falls_with_the_price(performance, paid, others):
    assert 0.0 <= fair(performance, paid, others) <= 1.0
    assert fair(performance, paid, others) >= fair(performance, 2 * paid, others)


def test_who_pays_more_than_others_finds_it_unfair():
    """-0.2 x 0.5 tanh(1 - 1 / 1.25): 0.8 of others' ratio."""
    small = Small(1, [{"price": 1.25}], fairness={})
    small.c.others_performance[0], small.c.others_paid[0] = 0.8, 1.0
    small.visits([0], [0])
    small.passing.performance[0] = 0.8
    small.passing.satisfaction_shift[0] = 0.0
    small.run("fairness", weigh_fairness)
    assert float(small.at("satisfaction_shift")[0]) == pytest.approx(-0.1 * np.tanh(0.2), abs=1e-5)


def test_discounts_for_some_are_unfair_to_the_others():
    """Members of high tiers pay less: it becomes known that others pay less than the full price."""
    tiers = {"preset": "tiers", "hassle": 0.0, "tier_discount": (0.2, 0.4), "tier_threshold": (50.0, 100.0)}
    data = {"periods": 60, "burn_in": 20, "population": {"customers": 1500, "purchase_rate": 0.5}, "fairness": {}}
    firms = [{"name": "a", "program": tiers}, {"name": "b"}]
    scenario = Scenario.parse({**data, "firms": firms})
    engine = Engine(scenario, 1)
    engine.run(60)
    assert engine.world.customers.others_paid[0] < 0.95 < engine.world.customers.others_paid[1] <= 1.0
    means = record(scenario, 1).summary([fairness])[:, 0]
    assert ((means > 0.4) & (means < 0.6)).all()
