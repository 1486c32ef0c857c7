"""Migration of customers who buy always a share."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis.strategies import floats, lists

from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.scenario.scenario import Scenario
from abm.value.lifetime import lifetime_value
from abm.value.migration import migration_buyers, migration_value

CHANCES = [0.30, 0.20, 0.15, 0.05]
chances = lists(floats(0.0, 1.0), min_size=1, max_size=6)


def test_golden_buyers():
    printed = [1000, 300, 230, 195, 139.7, 95.67, 70.11, 50.80, 36.42, 26.20, 18.90]
    assert migration_buyers(1000, CHANCES, 10) == pytest.approx(printed, abs=5e-3)


def test_golden_buyers_are_those_of_simulated_customers():
    luck = np.random.default_rng(3)
    n, periods = 40_000, 8
    since, bought = np.zeros(n, int), []
    for _ in range(periods):
        chance = np.append(CHANCES, 0.0)[np.minimum(since, len(CHANCES))]
        buys = luck.random(n) < chance
        since = np.where(buys, 0, since + 1)
        bought.append(buys.mean())
    expected = migration_buyers(1, CHANCES, periods)[1:]
    assert np.all(np.abs(np.array(bought) - expected) < 4 * np.sqrt(expected * (1 - expected) / n))


def test_value_without_end_by_the_chain_of_recencies():
    """(I - P / (1 + d))^-1 R, with a state for each recency and one for who is given up."""
    size = len(CHANCES) + 1
    chain = np.zeros((size, size))
    for state, chance in enumerate(CHANCES):
        chain[state, 0], chain[state, state + 1] = chance, 1 - chance
    chain[-1, -1] = 1.0
    reward = np.array([40.0 - 4.0, -4.0, -4.0, -4.0, 0.0])
    value = np.linalg.solve(np.eye(size) - chain / 1.2, reward)
    assert migration_value(40, CHANCES, 0.2, contact_cost=4, first=0) == pytest.approx(value[0], rel=1e-12)
    assert migration_value(40, CHANCES, 0.2, contact_cost=4) == pytest.approx(value[0] - 40, rel=1e-12)


@given(p=chances, discount=floats(0.05, 1.0))
def test_a_far_horizon_is_no_end(p, discount):
    ends = migration_value(10, p, discount, contact_cost=1, horizon=600)
    assert ends == pytest.approx(migration_value(10, p, discount, contact_cost=1), rel=1e-9, abs=1e-9)


@given(r=floats(0.0, 1.0), discount=floats(0.01, 1.0))
def test_one_recency_is_lost_for_good(r, discount):
    assert migration_value(10, [r], discount) == pytest.approx(lifetime_value(10, r, discount), rel=1e-12)


@given(p=floats(0.0, 1.0))
def test_with_a_constant_chance_each_period_has_as_many_buyers(p):
    assert migration_buyers(1, [p] * 12, 12)[1:] == pytest.approx([p] * 12, abs=1e-12)


@given(p=chances)
def test_nobody_buys_more_than_once_a_period(p):
    found = migration_buyers(1, p, 30)
    assert ((found >= 0) & (found <= 1 + 1e-12)).all()


def test_customers_of_an_open_market_migrate_as_the_closed_form_says():
    """Three firms that nothing tells apart, nobody to go to else: who has bought comes back as Dwyer's model has it.

    The chance of each firm is a third in every period, whatever the recency; who is given up after four periods of
    absence in the model, of those who bought in the period that is looked at, is followed by her own visits.
    """
    closed = {"attraction": 0.0, "outside": -80.0}
    off = ("trust", "word_of_mouth", "switching_cost", "pricing", "taste", "lifecycle")
    data = {"periods": 12, "population": {"customers": 6000}, "choice": closed, "need": {"process": "every_period"}}
    engine = Engine(Scenario.parse({**data, "off": list(off)}), 3)
    came = []
    for _ in range(12):
        engine.run(1)
        came.append(engine.world.customers.provider == 0)
    visits = np.array(came)  # (periods, customers): whether she was at the first firm
    start, last = visits[0], 4
    recency, given_up, expected = np.zeros(start.sum(), int), np.zeros(start.sum(), bool), []
    for t in range(1, 12):
        there = visits[t, start] & ~given_up
        expected.append(there.sum())
        recency = np.where(there, 0, recency + 1)
        given_up |= recency >= last
    model = migration_buyers(float(start.sum()), [1 / 3] * last, 11)[1:]
    assert np.abs(np.array(expected) - model).max() < 4 * np.sqrt(model.max())


def test_horizon_by_hand():
    found = migration_value(10, [0.5, 0.4], 0.0, contact_cost=1, horizon=2)
    # buyers .5, then .25 + .5 × .4; contacts today 1, and after a period .5 who came and .5 who may yet
    assert found == pytest.approx(10 * (0.5 + 0.45) - (1 + 1))


def test_refusals():
    with pytest.raises(Refusal, match=r"repurchase\[1\] = 1\.5 is not a finite number in \[0, 1\]"):
        migration_buyers(1, [0.5, 1.5], 3)
    with pytest.raises(Refusal, match="repurchase has shape"):
        migration_value(1, [], 0.1)
    with pytest.raises(Refusal, match="the value is infinite"):
        migration_value(1, [1.0], 0.0)
    with pytest.raises(Refusal, match="periods = -1"):
        migration_buyers(1, [0.5], -1)
