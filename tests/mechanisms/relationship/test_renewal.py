"""Renewal: who leaves and who comes, that newcomers are strangers, and that their rows decide nothing."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

import abm
from abm.agents.model import CustomerModel
from abm.core.errors import Refusal
from abm.engine.building import build_world
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.mechanisms.relationship.renewal import chance_of_leaving, mark_leavers
from abm.scenario.scenario import Scenario
from abm.world.newcomers import move_in
from abm.world.partition import Partition
from tests.baselines.markets import MARKETS
from tests.mechanisms.small import Small
from tests.reference import renewal as twin
from tests.reference.random_numbers import stream_key

FAST = {"leaving_rate": 0.6, "every": 4}


def renewed(customers=400, periods=20, renewal=FAST, **sections: Any) -> Scenario:
    return Scenario.parse(
        {"periods": periods, "population": {"customers": customers}, "renewal": renewal, **sections}
    )  # fmt: skip


def after(scenario, periods=None, **options):
    engine = Engine(scenario, 5, **options)
    engine.run(scenario.periods if periods is None else periods)
    return engine


def test_chance_by_hand():
    """36 % leave within a year: 20 % within half of it."""
    assert chance_of_leaving(np.float32(0.36), np.float32(0.5)) == pytest.approx(0.2, rel=1e-5)
    assert chance_of_leaving(np.float32(0.0), np.float32(0.5)) == 0.0


def test_off_by_default_and_then_without_a_kernel_or_a_column():
    assert Scenario().renewal.schedule(()) == ()
    assert "leaving" not in Engine(Scenario.parse({"population": {"customers": 50}}), 1).world.customers


def test_whoever_the_twin_lets_leave_leaves():
    parameters = {"leaving_rate": 0.5, "every": 4, "vacancy": 6}
    small = Small(300, renewal=parameters, defection={"exit_rate": 0.5})
    small.c.exited[:] = np.resize([-1, 0, 1, 2, 3], 300)
    small.c.provider[:] = np.resize([-1, 0, 1, 1], 300)
    key, exited, provider = stream_key(1, "renewal"), small.c.exited.copy(), small.c.provider.copy()
    for t in (2, 3, 7):
        small.c.leaving.fill(0)
        small.run("renewal", mark_leavers, t)
        expected = [twin.makes_room(i, int(exited[i]), t, key, parameters, 52) for i in range(300)]
        assert small.c.leaving.astype(bool).tolist() == expected
    assert 0 < sum(expected) < 300
    parameters["vacancy"] = None
    moved = [
        int(provider[i])
        for t in (3, 7)
        for i in range(300)
        if exited[i] < 0 and twin.makes_room(i, -1, t, key, parameters, 52)
    ]
    assert small.counted("departures") == [moved.count(j) for j in (0, 1, -1)]


def test_share_that_leaves_in_a_year():
    scenario = renewed(4000, 105, {"leaving_rate": 0.3, "every": 13})
    engine = after(scenario)
    born = engine.world.customers.customer_id // 4000
    assert abs(np.mean(born == 0) - 0.7**2) < 4 * np.sqrt(0.25 / 4000)
    assert abs(engine.world.tallied("newcomers").sum() - born.sum()) == 0


def test_nobody_has_an_identity_twice():
    engine, seen = Engine(renewed(periods=40), 5), set(range(400))
    before = engine.world.customers.customer_id.copy()
    for _ in range(40):
        engine.run(1)
        now = engine.world.customers.customer_id
        new = set(now[now != before].tolist())
        assert not new & seen
        assert np.unique(now).size == 400
        assert np.array_equal(now % 400, np.arange(400))
        seen |= new
        before = now.copy()
    assert len(seen) > 600


@pytest.mark.parametrize("market", ["all_at_work", "lines_and_amends", "voice", "trait", "fitted_to_a_log"])
def test_a_newcomer_begins_as_a_customer_of_her_identity_does(market):
    """In every column of every theory: as customer n + i of a market that begins with twice as many."""
    scenario = Scenario.parse(MARKETS[market]).replace(
        {"population.customers": 300, "periods": 12, "renewal.leaving_rate": 0.1}
    )
    engine = after(scenario)
    rows = np.array([0, 7, 123, 299])
    move_in(engine.world, rows)
    twice = build_world(scenario.replace({"population.customers": 600}), 5).customers
    for name in engine.world.by_customer:
        own = engine.world.customers[name][..., rows]
        np.testing.assert_array_equal(own, twice[name][..., 300 + rows], err_msg=name)


def test_a_theory_of_ones_own_takes_part():
    class Mood(abm.Mechanism):
        name = "mood"
        owns: ClassVar = (abm.Column("mood", ("customer",), 0, "0-1", "of the day"),)

        def begin(self, world, seed):
            world.customers.mood[:] = world.customers.customer_id % 7

    world = after(renewed().adding(Mood())).world
    np.testing.assert_array_equal(world.customers.mood, world.customers.customer_id % 7)
    assert (world.customers.customer_id >= 400).any()


def same(one, other, rows=slice(None)):
    np.testing.assert_array_equal(one.world.history, other.world.history)
    for name in one.world.by_customer:
        np.testing.assert_array_equal(
            one.world.customers[name], other.world.customers[name][..., rows], err_msg=name
        )  # fmt: skip


def busy(**options):
    scenario = Scenario.parse(MARKETS["all_at_work"]).replace(
        {"periods": 24, "population.customers": 1500, "renewal": FAST | {"vacancy": 5}}
    )
    return scenario.replace(options)


def test_the_same_bits_on_any_threads_and_tiles_and_after_a_restart():
    plain = after(busy())
    same(plain, after(busy(), threads=3))
    tiled = Engine(busy(), 5)
    tiled.set_tile(100)
    tiled.run(24)
    same(plain, tiled)
    again = after(busy(), replication=3)
    again.restart(0)
    again.run(24)
    same(plain, again)


@pytest.mark.parametrize("market", ["all_at_work", "lines_and_amends", "voice"])
def test_groups_change_no_bit_and_hold_only_those_who_were_there_at_first(market):
    scenario = Scenario.parse(MARKETS[market]).replace(
        {"periods": 24, "population.customers": 1500, "renewal": FAST, "population.segments": ()}
    )
    halves = Partition(np.arange(1500) % 2, 2, ((0,), (1,)))
    plain, parted = after(scenario), after(scenario, partition=halves)
    own = parted.world.customers.customer_id
    same(plain, parted, np.argsort(own % 1500))
    first = own < 1500
    for part, odd in ((0, False), (1, True)):
        rows = parted.world.partition.rows_of(part)
        expected = np.sort(own[first & (own % 2 == odd)])
        np.testing.assert_array_equal(np.sort(own[rows]), expected)
        counted = parted.world.history_by_part[-1, part, parted.world.rows["population"], 0]
        assert counted == expected.size < 750
    np.testing.assert_array_equal(parted.world.history_by_part.sum(axis=1), parted.world.history)


def test_points_of_those_who_leave_lapse_and_none_are_lost():
    scenario = busy(**{"defection.exit_rate": 0.0})
    for partition in (None, Partition(np.arange(1500) % 3, 3, ((0,), (1, 2)))):
        world = after(scenario, partition=partition).world
        issued, redeemed, expired = (
            world.tallied(f"points_{what}").sum(axis=0) for what in ("issued", "redeemed", "expired")
        )
        outstanding = world.tallied("points_outstanding")[-1]
        np.testing.assert_allclose(outstanding, issued - redeemed - expired, atol=1e-9)
        np.testing.assert_allclose(outstanding[:-1], world.customers.points.sum(axis=1) / 100, atol=1e-9)
        held = world.tallied("provision_held")[-1, :-1]
        np.testing.assert_allclose(held, world.customers.provided.sum(axis=1) / 100, atol=1e-9)
        np.testing.assert_allclose(world.tallied("provision").sum(axis=0)[:-1], held, atol=1e-6)


def test_newcomers_take_the_places_of_those_who_left_the_category_after_a_while():
    for vacancy, gone_longer in ((8, 0), (None, 1)):
        engine = Engine(renewed(2000, 40, {"vacancy": vacancy, "every": 4}, defection={"exit_rate": 0.05}), 5)
        engine.run(37)
        exited = engine.world.customers.exited
        assert bool(((exited >= 0) & (36 - exited >= 8)).any()) == bool(gone_longer)
        assert bool((engine.world.customers.customer_id >= 2000).any()) == (vacancy is not None)


def test_ties_stay():
    engine = Engine(renewed(), 5)
    target, start = (ties.copy() for ties in (engine.world.ties.target, engine.world.ties.start))
    engine.run(20)
    np.testing.assert_array_equal(engine.world.ties.target, target)
    np.testing.assert_array_equal(engine.world.ties.start, start)


def test_it_may_begin_at_a_date():
    changes = ({"name": "ageing", "from": 10, "set": {"renewal.leaving_rate": 0.6}},)
    engine = Engine(renewed(renewal={"every": 4}, changes=changes), 5)
    engine.run(12)
    assert engine.world.customers.customer_id.max() < 400
    engine.run(1)
    assert engine.world.customers.customer_id.max() >= 400


def test_a_run_that_could_need_more_identities_than_there_are_is_refused():
    data = {"periods": 100_000, "population": {"customers": 50_000}, "firms": [{"name": "one"}]}
    Scenario.parse(data)
    with pytest.raises(Refusal, match=r"renewal\.every = 1 makes up to 5,000,050,000 customers .* make it longer"):
        Scenario.parse(data | {"renewal": {"leaving_rate": 0.1, "every": 1}})


def test_agents_are_numbered_by_identity_and_no_number_is_given_twice():
    model = CustomerModel(renewed(50, 30), seed=2)
    for _ in range(30):
        model.step()
    numbers = model.agents.get("unique_id")
    assert numbers == (model.world.customers.customer_id + 1).tolist()
    assert max(numbers) > 50
    firms = model.firms.get("unique_id")
    assert not {*firms} & set(range(1, 1 + max(numbers)))


def test_a_contract_market_keeps_its_customers():
    """Over 20 years with contracts of a quarter; where nobody comes and lost is lost, 15 % of the visits are left."""
    people = {"population": {"customers": 1000}, "choice": {"market": "lost_for_good", "term": 13}}
    contract = {"periods": 1040, **people}

    def last_to_first(**changes):
        result = record(Scenario.parse(contract).replace(changes), 2026)
        yearly = result.tallies["visits"][:, :-1].sum(axis=1).reshape(20, 52).sum(axis=1)
        return yearly[-3:].mean() / yearly[:3].mean()

    assert last_to_first() < 0.3
    renewal = {"renewal.leaving_rate": 0.1}
    assert 0.4 < last_to_first(**renewal) < 0.8
    assert abs(last_to_first(**renewal, **{"choice.reconsider_after": 52}) - 1) < 0.1
