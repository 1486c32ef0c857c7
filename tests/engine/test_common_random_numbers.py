"""Luck is addressed by decision: what a change does not touch stays the same, bit for bit."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from abm.core.kernels import kernel
from abm.core.streams import uniform4
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.phases import Phase
from abm.scenario.scenario import Scenario
from abm.world.columns import Column

BASE = {
    "periods": 40,
    "burn_in": 10,
    "population": {"customers": 700},
    "firms": [{"name": "north"}, {"name": "east", "initial_awareness": 0.5}, {"name": "south"}],
}


def world_after(scenario: Scenario, periods: int = 40, seed: int = 4, threads: int = 1):
    engine = Engine(scenario, seed, threads=threads)
    engine.run(periods)
    return engine.world


def assert_same(first, second, *, without: tuple[str, ...] = (), customers: int | None = None):
    for name, column in first.customers.items():
        if name not in without:
            other = second.customers[name][..., :customers] if customers else second.customers[name]
            np.testing.assert_array_equal(column[..., :customers] if customers else column, other, err_msg=name)


@pytest.fixture(scope="module")
def base():
    return Scenario.parse(BASE)


def test_same_seed_same_bits_other_seed_other_bits(base):
    first, again, other = record(base, 1), record(base, 1), record(base, 2)
    for name, counts in first.tallies.items():
        np.testing.assert_array_equal(counts, again.tallies[name])
    assert any(not np.array_equal(counts, other.tallies[name]) for name, counts in first.tallies.items())


def test_a_programme_without_reward_or_cost_changes_nothing(base):
    neutral = {"enrolment": "automatic", "earn_per_visit": 1.0, "goal": 5.0, "reward": 0.0, "member_cost": 0.0}
    first, second = world_after(base), world_after(base.replace({"firms.north.program": neutral}))
    own = ("member", "points", "tier_members")
    assert second.customers.points.sum() > 0
    assert_same(first, second, without=own)
    for name in first.tallies:
        counted = ("enrolled", "members", "rewards_redeemed")
        if name not in counted and not name.startswith(("points", "member_")):
            np.testing.assert_array_equal(first.tallied(name), second.tallied(name), err_msg=name)


@kernel
def wander(mood, customer_id, key, replication, lo, hi, t):
    """Draw a mood that nobody looks at.  mood (n,)  0-1  [written]"""
    for i in range(lo, hi):
        mood[i] = uniform4(key, customer_id[i], t, 0, replication)[0]


class Mood(Mechanism):
    """A mechanism with luck of its own and no effect."""

    name = "mood"
    owns: ClassVar = (Column("mood", ("customer",), 0, "0-1", "a mood"),)

    def schedule(self, policies):
        """Return the drawing."""
        return ((Phase.CHOICE, wander),)


def test_a_further_mechanism_disturbs_nobodys_luck(base):
    first, second = world_after(base), world_after(base.adding(Mood()))
    assert 0.4 < second.customers.mood.mean() < 0.6
    assert_same(first, second)


def test_isolated_newcomers_leave_the_others_alone():
    small = Scenario.parse({**BASE, "network": {"kind": "watts_strogatz"}})
    large = small.replace({"population.customers": 900, "network.isolated": 200})
    assert_same(world_after(small), world_after(large), customers=700)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_never_change_a_bit(threads):
    scenario = Scenario.parse({**BASE, "population": {"customers": 5000}, "defection": {"exit_rate": 0.01}})
    first, second = world_after(scenario), world_after(scenario, threads=threads)
    assert_same(first, second)
    np.testing.assert_array_equal(first.history, second.history)


def test_a_run_in_two_halves_is_the_same_run(base):
    whole, engine = world_after(base), Engine(base, 4)
    for _ in range(4):
        engine.run(10)
    assert_same(whole, engine.world)
    np.testing.assert_array_equal(whole.history, engine.world.history)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("basis", ["facets", "trait"])
def test_starting_again_is_the_run_of_a_new_engine(threads, basis):
    """Whatever was run and written before: the next replication has its own people, ties and luck."""
    club = {"enrolment": "automatic", "earn_rate": 0.1, "goal": 5.0, "reward": 2.0, "tier_threshold": [50.0]}
    firms = [{**BASE["firms"][0], "program": club}, *BASE["firms"][1:]]
    people = {"population": {"customers": 2500}, "network": {"kind": "erdos_renyi", "neighbours": 6.0}}
    scenario = Scenario.parse({**BASE, "firms": firms, **people, "switching_cost": {"basis": basis}})
    engine, fresh = (Engine(scenario, 4, replication, threads) for replication in (0, 3))
    engine.run(30)
    engine.world.firms.price[:] = 2.0
    engine.restart(3)
    assert engine.t == 0
    for one in (engine, fresh):
        one.run(40)
    assert engine.world.ties == fresh.world.ties
    assert_same(engine.world, fresh.world)
    np.testing.assert_array_equal(engine.world.history, fresh.world.history)


def test_arms_share_the_luck_they_do_not_touch(base):
    """A change at one firm in period 0 cannot change who needs anything in period 0, nor the quality others meet."""
    dear = base.replace({"firms.north.price": 3.0})
    first, second = world_after(base, 1), world_after(dear, 1)
    np.testing.assert_array_equal(first.tallied("occasions"), second.tallied("occasions"))
    np.testing.assert_array_equal(first.customers.purchase_rate, second.customers.purchase_rate)
    moved = first.customers.provider != second.customers.provider
    assert moved.sum() > 0
    assert not np.any((second.customers.provider == 0) & moved)  # nobody is drawn to the firm that became dear
