"""The discount of members: who joins for it, what it weighs, what it costs, and that others do not get it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.mechanisms.loyalty.enrolment import enrol_visitors, visit_value
from abm.mechanisms.loyalty.progress import add_programme
from abm.mechanisms.phases import Phase
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small

CLUB = {"member_discount": 0.1, "hassle": 10.0}


def club(customers, program=CLUB, **sections):
    """Return a small world whose first firm has a programme."""
    return Small(customers, [{"program": program, "price": 1.1}, {}], **sections)


class TestJoining:
    def test_by_hand(self):
        """2 points of .5 cu, and a tenth of 20 cu at a price of 1.1."""
        value = visit_value(*(np.float32(x) for x in (2.0, 0.5, 20.0, 1.1, 0.1)))
        assert value == pytest.approx(1.0 + 2.2)

    def test_what_is_spared_in_a_year_is_weighed(self):
        """52 weeks of half a visit, half of them here, spare 2.2 cu each: 28.6 cu, against 28 and 29."""
        small = club(2)
        small.c.purchase_rate.fill(0.5)
        small.c.basket.fill(20.0)
        small.c.preference[0] = 0.5
        small.c.hassle_factor[:] = [2.8, 2.9]
        small.visits([0, 1], [0, 0])
        small.run("rewards", enrol_visitors)
        assert small.c.member[0].tolist() == [1, 0]

    @given(st.floats(0, 0.75, width=32), st.floats(0, 0.125, width=32))
    def test_a_higher_discount_brings_no_fewer_members(self, discount, more):
        found = []
        for cut in (discount, discount + more):
            small = club(50, {**CLUB, "member_discount": cut})
            small.visits(list(range(50)), [0] * 50)
            small.run("rewards", enrol_visitors)
            found.append(small.c.member[0].copy())
        assert np.all(found[0] <= found[1])


class TestPrice:
    def test_members_pay_less_and_others_do_not(self):
        """A member of no tier is spared a tenth, one of tier 1 a tenth and .05."""
        small = club(3, {**CLUB, "tier_threshold": [10.0], "tier_discount": [0.05]})
        small.c.member[0], small.c.tier[0] = [1, 1, 0], [0, 1, 0]
        small.visits([0, 1, 2], [0, 0, 0])
        small.phases(Phase.NEED, Phase.DELIVERY)
        assert small.at("visit_discount") == pytest.approx([0.1, 0.15, 0.0])

    def test_it_weighs_as_much_as_a_price_cut(self):
        """.8 * 1.5 * 1.1 * .1 = .132."""
        small = club(2, pricing={"price_sensitivity": 1.5})
        small.c.member[0], small.c.price_weight[:] = [1, 0], 0.8
        small.phases(Phase.NEED)
        small.passing.utility[:] = 0.0
        small.run("rewards", add_programme)
        assert small.passing.utility[0, :2] == pytest.approx([0.132, 0.0])

    def test_nothing_is_at_stake_by_it(self):
        """Who buys elsewhere remains a member."""
        small = club(1)
        small.c.member[0], small.c.provider[0] = 1, 0
        small.visits([0], [-1], [0])
        small.phases(Phase.STAKES)
        assert small.at("at_stake").tolist() == [0.0]


def test_what_members_are_spared_is_booked():
    """A tenth of the price of every visit of who was a member when the period began, and nothing else."""
    firms = [{"name": "north", "program": {"member_discount": 0.1, "enrolment": "automatic"}}, {"name": "east"}]
    engine = Engine(Scenario.parse({"periods": 40, "population": {"customers": 300}, "firms": firms}), 3)
    engine.run(40)
    spared, paid = (engine.world.tallied(name).sum(axis=0) for name in ("discounts", "revenue"))
    assert 0 < spared[0] < paid[0] / 9
    assert spared[1] == 0
