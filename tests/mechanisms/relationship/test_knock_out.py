"""Knock-out: who is taken away, what she leaves, and that nobody else's luck moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import abm
from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.mechanisms.relationship.knock_out import KnockOut, end_relations, leave_out_shunned, taken_away
from abm.mechanisms.sums import UNCONSIDERED
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small
from tests.reference import knock_out as twin
from tests.reference.random_numbers import stream_key

PROSPECT, ACTIVE, DORMANT, LOST, WON_BACK = range(5)
FIRMS = [{"name": "north"}, {"name": "east"}]


def market(periods=16, customers=300, **knock_out: Any) -> Scenario:
    data = {"periods": periods, "population": {"customers": customers}, "firms": FIRMS}
    return Scenario.parse(data | ({"knock_out": {"at": 8, **knock_out}} if knock_out else {}))


def run(scenario, periods=None, replication=0) -> Engine:
    engine = Engine(scenario, 5, replication)
    engine.run(scenario.periods if periods is None else periods)
    return engine


def state(engine, *left_out) -> dict[str, np.ndarray]:
    return {name: column.copy() for name, column in engine.world.customers.items() if name not in left_out}


def test_those_of_lowest_luck_among_candidates_go():
    luck, candidate = np.array([0.1, 0.2, 0.3, 0.4, 0.9]), np.array([True, False, True, True, True])
    assert taken_away(luck, candidate, 0.5, None).tolist() == [True, False, True, True, False]
    assert taken_away(luck, candidate, 0.5, 2).tolist() == [True, False, True, False, False]
    assert taken_away(luck, candidate, 0.5, 3).tolist() == [True, False, True, True, False]
    assert not taken_away(luck, candidate, 0.05, 3).any()


def test_off_by_default_and_then_without_a_step_or_a_column():
    assert KnockOut().schedule(()) == ()
    without, off = run(market()), run(market(part=0.0))
    assert "knocked_out" not in off.world.customers
    for tally in without.world.tallies:
        assert without.world.tallied(tally).tobytes() == off.world.tallied(tally).tobytes(), tally
    assert "choose" not in [step.name for step in market(part=0.0).steps()]


@pytest.mark.parametrize("way", ["disadopt", "switch"])
@pytest.mark.parametrize("settings", [{}, {"of_firm": "east"}, {"since": 2, "before": 6}, {"most": 7}])
def test_whoever_the_twin_takes_away_is_taken_away(way, settings):
    settings = {"part": 0.4, "way": way, **settings}
    before, after = run(market(**settings), 8).world.customers, run(market(**settings), 9).world.customers
    key, named = stream_key(5, "knock_out"), {"north": 0, "east": 1}.get(settings.get("of_firm", ""), -1)
    lives = [
        {
            "id": int(before.customer_id[i]),
            "provider": int(before.provider[i]),
            "exited": int(before.exited[i]),
            "relation": before.relation[:, i].tolist(),
            "first": before.first_purchase[:, i].tolist(),
        }
        for i in range(300)
    ]
    expected = twin.removed(lives, key, 0, named, settings)
    assert {i: int(after.shunned[i]) for i in np.flatnonzero(after.knocked_out)} == expected
    assert 0 < len(expected) < 300


def test_first_purchases_are_dated_once():
    engine = Engine(market(part=0.1), 5)
    first = np.full((2, 300), -1)
    for t in range(16):
        bought = engine.world.customers.encounters.copy()
        engine.run(1)
        came = (engine.world.customers.encounters > 0) & (bought == 0)
        first[came] = t
    assert (first >= 0).any()
    np.testing.assert_array_equal(engine.world.customers.first_purchase, first)


class TestWhatTheyLeave:
    def standing(self, way, **settings):
        """Return a world in period 8 in which customers 1 to 3 are to leave; nobody has the lowest draw by chance."""
        small = Small(5, FIRMS, knock_out={"at": 8, "part": 0.5, "way": way, **settings})
        c = small.c
        c.parting_luck[:] = [0.9, 0.1, 0.2, 0.3, 0.4]
        c.provider[:] = [0, 0, 1, 0, -1]
        c.signed[:] = [1, 2, 3, 4, -1]
        c.relation[0] = [ACTIVE, ACTIVE, DORMANT, WON_BACK, LOST]
        c.relation[1] = [ACTIVE, DORMANT, ACTIVE, PROSPECT, PROSPECT]
        c.first_purchase[:] = np.where(c.relation != PROSPECT, 1, -1)
        return small

    def leave(self, small):
        found = next(m for m in small.scenario.mechanisms() if m.name == "knock_out")
        for t in (7, 8, 9):
            found.choose(small.world, t)
            small.run("knock_out", end_relations, t)
        return small

    def test_the_category(self):
        small = self.leave(self.standing("disadopt"))
        assert small.c.knocked_out.tolist() == [0, 1, 1, 1, 0]
        assert small.c.exited.tolist() == [-1, 8, 8, 8, -1]
        assert small.c.relation.tolist() == [[ACTIVE, LOST, LOST, LOST, LOST], [ACTIVE, LOST, LOST, PROSPECT, PROSPECT]]
        assert small.c.signed.tolist() == [1, 2, 3, 4, -1]
        assert small.counted("customers_removed") == [2, 1, 0]
        assert small.counted("exits") == [2, 1, 0]
        for tally in ("left_category", "fell_lost", "current"):
            assert small.counted(tally) == [3, 2, 0]

    def test_the_provider(self):
        small = self.leave(self.standing("switch"))
        assert small.c.shunned.tolist() == [-1, 0, 1, 0, -1]
        assert small.c.exited.tolist() == [-1] * 5
        assert small.c.relation.tolist() == [
            [ACTIVE, LOST, DORMANT, LOST, LOST], [ACTIVE, DORMANT, LOST, PROSPECT, PROSPECT],
        ]  # fmt: skip
        assert small.c.provider.tolist() == [0, -1, -1, -1, -1]
        assert small.c.signed.tolist() == [1, -1, -1, -1, -1]
        assert small.counted("fell_lost") == small.counted("customers_removed") == [2, 1, 0]
        assert small.counted("exits") == small.counted("left_category") == [0, 0, 0]

    def test_a_firm_that_is_not_the_provider(self):
        """Customer 2 uses both: she is lost to north, and stays with her provider under contract."""
        small = self.leave(self.standing("switch", of_firm="north"))
        assert small.c.shunned.tolist() == [-1, 0, 0, 0, -1]
        assert small.c.provider.tolist() == [0, -1, 1, -1, -1]
        assert small.c.signed.tolist() == [1, -1, 3, -1, -1]
        assert small.counted("fell_lost") == [3, 0, 0]

    def test_the_firm_is_not_considered(self):
        small = self.leave(self.standing("switch"))
        small.passing.utility[:, :5] = 1.0
        small.run("knock_out", leave_out_shunned, 9)
        out = small.passing.utility[:, :5] == UNCONSIDERED
        assert out.tolist() == [[False, True, False, True, False], [False, False, True, False, False]]


@pytest.mark.parametrize("bound", [False, True])
def test_whoever_switches_never_comes_back_and_goes_on_buying(bound):
    data = {"choice": {"market": "lost_for_good"}} if bound else {}
    scenario = Scenario.parse(
        {"periods": 60, "population": {"customers": 300}, "firms": FIRMS, **data,
         "knock_out": {"at": 30, "part": 0.5, "way": "switch", "of_firm": "north"}}
    )  # fmt: skip
    at, end = run(scenario, 31), run(scenario)
    gone = at.world.customers.knocked_out > 0
    assert 10 < gone.sum() < 290
    visits = end.world.customers.encounters - at.world.customers.encounters
    assert (visits[0, gone] == 0).all()
    assert visits[1, gone].sum() > 0
    assert visits[0, ~gone].sum() > 0
    assert (end.world.customers.relation[0, gone] == LOST).all()


def test_whoever_leaves_the_category_buys_nowhere():
    at, end = run(market(part=0.5), 9), run(market(part=0.5))
    gone = at.world.customers.knocked_out > 0
    assert 10 < gone.sum() < 290
    visits = end.world.customers.encounters - at.world.customers.encounters
    assert (visits[:, gone] == 0).all()
    assert (visits[:, ~gone] > 0).any()


def test_without_ties_others_live_on_as_they_would_have():
    """Whose neighbours are not there to miss does what she did: the luck of nobody else moves."""
    alone = {"network.kind": "erdos_renyi", "network.neighbours": 0.0}
    with_all, without = run(market().replace(alone)), run(market(part=0.4).replace(alone))
    stays = without.world.customers.knocked_out == 0
    for name in ("encounters", "satisfaction", "provider", "trust"):
        mine, theirs = (engine.world.customers[name][..., stays] for engine in (with_all, without))
        np.testing.assert_array_equal(mine, theirs)


def test_the_same_customers_go_whichever_way_and_more_of_them_if_more_do():
    def gone(**settings):
        return set(np.flatnonzero(run(market(**settings), 9).world.customers.knocked_out))

    few = gone(part=0.2)
    assert few == gone(part=0.2, way="switch")
    assert few < gone(part=0.4)
    assert gone(part=0.2, most=5) < few


def test_nothing_differs_before_the_date():
    columns = ("parting_luck", "knocked_out", "shunned", "first_purchase")
    before, without = state(run(market(part=0.4), 8), *columns), state(run(market(), 8))
    assert before.keys() == without.keys()
    for name, column in before.items():
        np.testing.assert_array_equal(column, without[name], err_msg=name)


@pytest.mark.parametrize("way", ["disadopt", "switch"])
def test_kernels_keep_to_their_rows(way):
    abm.check_kernels(market(part=0.4, way=way, at=1))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"part": 0.1, "of_firm": "nort"}, "knock_out.of_firm = \"nort\" is no firm; did you mean 'north'?"),
        ({"part": 0.1, "of_firm": "x"}, 'knock_out.of_firm = "x" is no firm; there is north or east'),
    ],
)
def test_what_is_refused(settings, words):
    with pytest.raises(Refusal) as refused:
        market(**settings).steps()
    assert words in str(refused.value)


def test_a_newcomer_has_her_own_luck_and_has_not_been_taken_away():
    scenario = market(part=0.9, periods=40).replace({"renewal.leaving_rate": 0.9, "renewal.every": 10})
    c = run(scenario).world.customers
    new = c.customer_id >= 300
    assert new.any()
    assert (c.knocked_out[new] == 0).all()
    assert np.unique(c.parting_luck).size > 290
