"""Lifecycle: occasions missed and purchases by hand, transitions by property."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.mechanisms.relationship.lifecycle import count_missed, date_purchases, judge_silence
from abm.world.relations import RELATIONS
from tests.mechanisms.small import Small

PROSPECT, ACTIVE, DORMANT, LOST, WON_BACK = range(len(RELATIONS))
SETTINGS = {"dormant_after": 8, "lost_after": 16}


def silent(relations, missed, provider=-1, signed=-1, exited=-1):
    """Return the relations of customers with firm 0 after their absence was judged."""
    small = Small(len(relations), [{}], lifecycle=SETTINGS)
    c = small.c
    c.relation[0], c.missed[0] = relations, missed
    c.provider[:], c.signed[:], c.exited[:] = provider, signed, exited
    small.run("lifecycle", judge_silence)
    return c.relation[0].tolist(), small


def test_an_occasion_is_missed_at_every_firm_but_the_one_where_she_buys():
    """Customer 0 has two occasions and buys once at firm 1; customer 1 has one and buys nowhere."""
    small = Small(3, [{}, {}], lifecycle=SETTINGS)
    small.c.missed[:] = [[3, 5, 7], [4, 6, 8]]
    small.visits([0, 0, 1], [1, -1, -1])
    small.run("lifecycle", count_missed)
    assert small.c.missed.tolist() == [[5, 6, 7], [6, 7, 8]]
    small.visits([0], [1])
    small.run("lifecycle", date_purchases, 10)
    assert small.c.missed.tolist() == [[5, 6, 7], [0, 7, 8]]
    assert small.c.last_purchase.tolist() == [[-1, -1, -1], [10, -1, -1]]


def test_more_than_16_bits_are_not_missed():
    small = Small(1, [{}], lifecycle=SETTINGS)
    small.c.missed[0] = 65_534
    small.visits([0, 0, 0], [-1, -1, -1])
    small.run("lifecycle", count_missed)
    assert small.c.missed.tolist() == [[65_535]]


def test_a_purchase_renews_the_relation():
    small = Small(6, [{}, {}], lifecycle=SETTINGS)
    small.c.relation[0] = [PROSPECT, ACTIVE, DORMANT, LOST, WON_BACK, LOST]
    small.visits([0, 1, 2, 3, 4], [0, 0, 0, 0, 0])
    small.run("lifecycle", date_purchases, 1)
    assert small.c.relation[0].tolist() == [ACTIVE, ACTIVE, ACTIVE, WON_BACK, ACTIVE, LOST]
    assert not small.c.relation[1].any()
    counts = [small.counted(name)[0] for name in ("acquired", "returned", "won_back")]
    assert counts == [1, 1, 1]


def test_absence_by_hand():
    """Dormant after more than 8 missed occasions, lost after more than 16."""
    after, small = silent([ACTIVE] * 5, [8, 9, 16, 17, 0])
    assert after == [ACTIVE, DORMANT, DORMANT, LOST, ACTIVE]
    names = ("current", "fell_dormant", "fell_lost", "left_category", "active")
    assert [small.counted(name)[0] for name in names] == [5, 2, 1, 0, 2]


def test_absence_says_nothing_of_prospects_and_the_lost():
    after, small = silent([PROSPECT, LOST], [1000, 1000])
    assert after == [PROSPECT, LOST]
    assert [small.counted(name) for name in ("fell_lost", "current")] == [[0, 0], [0, 0]]


def test_the_dormant_are_not_counted_twice_and_the_won_back_fall_too():
    after, small = silent([DORMANT, DORMANT, WON_BACK, WON_BACK], [9, 17, 8, 9])
    assert after == [DORMANT, LOST, WON_BACK, DORMANT]
    assert [small.counted(name)[0] for name in ("fell_dormant", "fell_lost", "active")] == [1, 1, 1]


@pytest.mark.parametrize(("provider", "signed", "after"), [(0, 3, ACTIVE), (0, -1, LOST), (-1, 3, LOST)])
def test_who_has_signed_with_the_firm_stays_however_silent(provider, signed, after):
    assert silent([ACTIVE], [1000], provider, signed)[0] == [after]


def test_who_leaves_the_category_is_lost_whatever_she_has_signed_and_was_a_customer():
    """So that permanent churn is a part of churn, and both are parts of the customers there were."""
    after, small = silent([ACTIVE, DORMANT, PROSPECT, LOST], [0] * 4, provider=0, signed=3, exited=5)
    assert after == [LOST, LOST, PROSPECT, LOST]
    names = ("current", "fell_lost", "left_category", "active")
    assert [small.counted(name)[0] for name in names] == [2, 2, 2, 0]


@given(st.integers(0, 4), st.integers(0, 200))
def test_longer_absence_never_brings_anybody_closer(relation, missed):
    order = [PROSPECT, WON_BACK, ACTIVE, DORMANT, LOST]
    here, later = (silent([relation], [count])[0][0] for count in (missed, missed + 7))
    assert order.index(later) >= order.index(here)
