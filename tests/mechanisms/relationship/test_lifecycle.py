"""Lifecycle: purchases and silence by hand, transitions by property."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.mechanisms.relationship.lifecycle import date_purchases, judge_silence
from abm.world.relations import RELATIONS
from tests.mechanisms.small import Small

PROSPECT, ACTIVE, DORMANT, LOST, WON_BACK = range(5)
SETTINGS = {"gap_rate": 0.3, "dormant_after": 2.0, "lost_after": 4.0}


def silent(relations, silences, gaps, provider=-1, signed=-1, t=50):
    """Return the relations of customers with firm 0 after their silence was judged."""
    small = Small(len(relations), [{}], lifecycle=SETTINGS)
    c = small.c
    c.relation[0], c.last_purchase[0], c.gap[0] = relations, t - np.array(silences), gaps
    c.provider[:], c.signed[:] = provider, signed
    small.run("lifecycle", judge_silence, t)
    return c.relation[0].tolist(), small


def test_the_gap_learns_from_each_purchase_but_the_first():
    """A gap of 6 where 4 was usual: 4 + 0.3 * 2; a second purchase in the period closes 0.3 of that."""
    small = Small(3, [{}], lifecycle=SETTINGS)
    small.c.gap.fill(4.0)
    small.c.last_purchase[0] = [4, -1, 4]
    small.visits([0, 1, 2, 2], [0, 0, 0, 0])
    small.run("lifecycle", date_purchases, 10)
    np.testing.assert_allclose(small.c.gap[0], [4.6, 4.0, 0.7 * 4.6], rtol=1e-6)
    assert small.c.last_purchase[0].tolist() == [10, 10, 10]


def test_a_purchase_renews_the_relation():
    small = Small(6, [{}, {}], lifecycle=SETTINGS)
    small.c.relation[0] = [PROSPECT, ACTIVE, DORMANT, LOST, WON_BACK, LOST]
    small.visits([0, 1, 2, 3, 4], [0, 0, 0, 0, 0])
    small.run("lifecycle", date_purchases, 1)
    assert small.c.relation[0].tolist() == [ACTIVE, ACTIVE, ACTIVE, WON_BACK, ACTIVE, LOST]
    assert not small.c.relation[1].any()
    counts = [small.counted(name)[0] for name in ("acquired", "returned", "won_back")]
    assert counts == [1, 1, 1]


def test_silence_by_hand():
    """Rhythm 4: dormant after more than 8, lost after more than 16; a rhythm counts as at least one period."""
    after, small = silent([ACTIVE] * 6, [8, 9, 16, 17, 2, 3], [4, 4, 4, 4, 0.5, 0.5])
    assert after == [ACTIVE, DORMANT, DORMANT, LOST, ACTIVE, DORMANT]
    assert [small.counted(name)[0] for name in ("fell_dormant", "fell_lost", "active")] == [3, 1, 2]


def test_silence_says_nothing_of_prospects_and_the_lost():
    after, small = silent([PROSPECT, LOST], [1000, 1000], [1, 1])
    assert after == [PROSPECT, LOST]
    assert small.counted("fell_lost") == [0, 0]


def test_the_dormant_are_not_counted_twice_and_the_won_back_fall_too():
    after, small = silent([DORMANT, DORMANT, WON_BACK, WON_BACK], [9, 17, 8, 9], [4, 4, 4, 4])
    assert after == [DORMANT, LOST, WON_BACK, DORMANT]
    assert [small.counted(name)[0] for name in ("fell_dormant", "fell_lost", "active")] == [1, 1, 1]


@pytest.mark.parametrize(("provider", "signed", "after"), [(0, 3, ACTIVE), (0, -1, LOST), (-1, 3, LOST)])
def test_who_has_signed_with_the_firm_stays_however_silent(provider, signed, after):
    assert silent([ACTIVE], [1000], [1], provider, signed)[0] == [after]


@given(st.integers(0, 4), st.integers(0, 200), st.floats(0.125, 60, width=32))
def test_longer_silence_never_brings_anybody_closer(relation, silence, gap):
    order = [PROSPECT, WON_BACK, ACTIVE, DORMANT, LOST]
    here, later = (silent([relation], [s], [gap], t=500)[0][0] for s in (silence, silence + 7))
    assert order.index(later) >= order.index(here)


def test_the_rhythm_begins_at_the_mean_time_between_occasions():
    small = Small(50, population={"customers": 50, "purchase_rate": 0.5})
    np.testing.assert_allclose(small.c.gap, np.tile(1.0 / small.c.purchase_rate, (2, 1)), rtol=1e-6)
    assert len(RELATIONS) == 5
