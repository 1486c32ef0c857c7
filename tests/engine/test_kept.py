"""Engines that are kept: which are there when the arms of a study take turns, and what they are when they are large."""

import pytest

from abm.engine import kept as page
from abm.engine.engine import Engine
from abm.engine.kept import Kept
from abm.engine.recording import record
from abm.scenario.scenario import Scenario


@pytest.fixture(scope="module")
def engines():
    return [Engine(Scenario.parse({"periods": 3, "population": {"customers": 60}}), seed=1) for _ in range(3)]


def test_small_ones_stay_beside_one_another_and_each_is_given_out_once(engines):
    kept = Kept()
    for engine in engines:
        kept.put(engine)
    for engine in engines:
        assert kept.take(engine.scenario) is engine
        assert kept.take(engine.scenario) is None


def test_an_equal_scenario_is_another_market(engines):
    kept = Kept()
    kept.put(engines[0])
    assert engines[1].scenario == engines[0].scenario
    assert kept.take(engines[1].scenario) is None
    assert kept.take(engines[0].scenario) is engines[0]


def test_the_oldest_makes_room(engines, monkeypatch):
    monkeypatch.setattr(page, "ROOM", 2 * engines[0].world.bytes())
    kept = Kept()
    for engine in engines:
        kept.put(engine)
    assert [kept.take(engine.scenario) is engine for engine in engines] == [False, True, True]


def test_a_large_one_serves_its_own_market_and_goes_before_another_is_built(engines, monkeypatch):
    monkeypatch.setattr(page, "ROOM", 1)
    kept = Kept()
    for engine in engines[:2]:
        kept.put(engine)
    assert kept.take(engines[1].scenario) is engines[1]
    kept.put(engines[1])
    assert kept.take(engines[2].scenario) is None
    assert kept.take(engines[1].scenario) is None


def test_arms_that_take_turns_have_the_bits_of_runs_by_themselves():
    """Also with newcomers, levers that move, and customers whose traits are kept from the arm before."""
    one = Scenario.parse(
        {"periods": 30, "burn_in": 4, "population": {"customers": 80}, "renewal": {"leaving_rate": 0.05, "every": 5}}
    )
    other = one.replace({"firms.north.price": 1.1})
    kept = Kept()
    for replication in (0, 1, 2):
        for market in (one, other):
            again, fresh = (record(market, 7, replication, kept=k) for k in (kept, None))
            assert {name: again.tallies[name].tobytes() for name in again.tallies} == {
                name: fresh.tallies[name].tobytes() for name in fresh.tallies
            }
