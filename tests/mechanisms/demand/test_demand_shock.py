"""Demand shock: by hand, the process that it is, and what it does to visits."""

from __future__ import annotations

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.core.functions import normal32
from abm.core.streams import stream_key, uniform4
from abm.engine.engine import Engine
from abm.mechanisms.demand.demand_shock import shocked_need
from abm.scenario.scenario import Scenario


def market(spread=0.2, persistence=0.0, customers=2000, periods=120, **more):
    return Scenario.parse(
        {
            "periods": periods, "population": {"customers": customers}, "network": {"kind": "ring"},
            "demand_shock": {"shock_spread": spread, "shock_persistence": persistence}, **more,
        }
    )  # fmt: skip


def shocks(persistence, periods, seed=1, replication=0):
    """Return the shock of each period, worked out from its draws."""
    key, found = stream_key(seed, "demand_shock"), []
    for t in range(periods):
        z = float(normal32(uniform4(key, 0, t, 0, replication)[0]))
        found.append(z if t == 0 else persistence * found[-1] + (1.0 - persistence**2) ** 0.5 * z)
    return np.array(found)


def occasions(scenario, seed=1):
    engine = Engine(scenario, seed)
    engine.run(scenario.periods)
    return engine.world.tallied("occasions")[:, -1]


def test_factor_by_hand():
    """One and a half spreads of .2 above: 1.3; six below: nobody needs anything."""
    assert shocked_need(np.float32(1.5), np.float32(0.2)) == pytest.approx(1.3)
    assert shocked_need(np.float32(-6.0), np.float32(0.2)) == 0.0


@pytest.mark.parametrize("persistence", [0.0, 0.8])
def test_the_state_is_that_of_its_draws(persistence):
    engine = Engine(market(persistence=persistence, customers=50), 1)
    for expected in shocks(persistence, 20):
        engine.run(1)
        assert engine.world.customers.demand_shock_state[0] == pytest.approx(expected, abs=1e-5)


def test_occasions_follow_the_shock():
    """The mean of 2,000 customers at .25 a period is 500 x (1 + .2 shock), with Poisson luck about it."""
    factor = 1.0 + 0.2 * shocks(0.0, 120)
    found = occasions(market())
    luck = (found - 500.0 * factor) / np.sqrt(500.0 * factor)
    assert np.corrcoef(found, factor)[0, 1] > 0.95
    assert abs(luck.mean()) < 0.5, "the sum of rates is drawn once"
    assert found.var() > 10.0 * occasions(market(spread=0.0)).var()


def test_the_process_keeps_its_spread_and_its_memory():
    found = shocks(0.8, 20_000)
    assert found.std() == pytest.approx(1.0, abs=0.05)
    assert np.corrcoef(found[1:], found[:-1])[0, 1] == pytest.approx(0.8, abs=0.02)


def test_without_spread_nothing_is_scheduled():
    plain = Scenario.parse({"population": {"customers": 50}})
    quiet = plain.replace({"demand_shock": {"shock_spread": 0.0}})
    assert [step.name for step in quiet.steps()] == [step.name for step in plain.steps()]


def test_shocks_that_nobody_follows_are_refused():
    with pytest.raises(Refusal, match=r"demand_shock.shock_spread = 0.1, but everybody has one occasion every period"):
        market(0.1, need={"process": "every_period"})
    assert market(0.0, need={"process": "every_period"}).demand_shock.shock_spread == 0.0


@pytest.mark.parametrize("threads", [2])
def test_threads_change_nothing(threads):
    one, two = Engine(market(periods=10), 1), Engine(market(periods=10), 1, threads=threads)
    for engine in (one, two):
        engine.run(10)
    np.testing.assert_array_equal(one.world.history, two.world.history)
