"""Fees of membership: who pays, once a year; who leaves; what she loses; no pull of what is paid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.mechanisms.loyalty.enrolment import (
    enrol_visitors,
    joins,
    renew_memberships,
    renewal_rate,
    renews,
    yearly_benefit,
)
from abm.mechanisms.loyalty.program import LoyaltyProgram
from abm.mechanisms.loyalty.rewards import reward_visits
from abm.mechanisms.phases import Phase
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small

CLUB = {"hassle": 2.0, "fee": 7.0, "earn_per_visit": 1.0, "goal": 10.0, "reward": 10.0, "redemption": 1.0}
SETTINGS = {"lapse": 0.02}


def club(customers=1, **fields):
    """Return a small world of customers who buy every other week, whose first firm charges a fee."""
    small = Small(customers, [{"program": {**CLUB, **fields}}, {}], rewards=SETTINGS)
    small.c.purchase_rate.fill(0.5)
    small.c.basket.fill(20.0)
    small.c.preference[0] = 0.5
    small.c.hassle_factor.fill(1.0)
    return small


def come(small, customers, t=0):
    """Let customers visit the first firm in a period."""
    small.visits(customers, [0] * len(customers))
    small.passing.visit_spend[: len(customers)] = 2000
    for kernel in (reward_visits, enrol_visitors):
        small.run("rewards", kernel, t)


def single(x):
    return np.float32(x)


class TestJoining:
    def test_the_fee_is_weighed_with_the_bother(self):
        """13 visits a year of 0.85 cu are 11.05: more than 2 + 7, not more than 2 + 9.05."""
        benefit = yearly_benefit(single(0.25), 52, *map(single, (0.85, 0.0, 0.0, 0.0)))
        assert benefit == pytest.approx(11.05)
        assert [bool(joins(benefit, fee, single(2.0), single(1.0))) for fee in (700, 904, 906)] == [True, True, False]

    def test_who_joins_pays_at_once(self):
        """A visit brings 1 point of e^-0.18 cu; 13 visits: 10.86 cu, against 9, 11 and 9 cu."""
        small = club(3)
        small.c.hassle_factor[:] = [1.0, 2.0, 1.0]
        come(small, [0, 1], t=4)
        assert small.c.member[0].tolist() == [1, 0, 0]
        assert small.c.joined[0].tolist() == [4, -1, -1]
        assert small.counted("membership_fees") == [700, 0, 0]
        come(small, [0], t=5)
        assert small.counted("membership_fees") == [700, 0, 0]

    def test_fees_are_in_whole_cents(self):
        small = club(3, fee=0.005)
        come(small, [0, 1, 2])
        assert small.counted("membership_fees")[0] == 3

    @given(st.floats(0, 1000, width=32), st.integers(0, 10**5), st.integers(0, 10**5))
    def test_a_higher_fee_never_makes_anybody_join(self, benefit, fee, more):
        lower, higher = (bool(joins(benefit, f, single(1.0), single(1.0))) for f in (fee, fee + more))
        assert lower or not higher

    def test_who_has_no_choice_cannot_be_charged(self):
        with pytest.raises(Refusal, match=r'fee = 5 would be charged .* set enrolment = "by_benefit"'):
            LoyaltyProgram(fee=5.0, enrolment="automatic")


class TestRenewal:
    def renewed(self, small, t):
        small.run("rewards", renew_memberships, t)
        return [small.counted(name)[0] for name in ("renewals_due", "renewed", "memberships_ended", "membership_fees")]

    def test_the_fee_is_due_every_year_after_joining(self):
        small = club()
        small.c.member[0], small.c.joined[0] = 1, 4
        assert self.renewed(small, 4) == [0, 0, 0, 0]
        assert self.renewed(small, 55) == [0, 0, 0, 0]
        assert self.renewed(small, 56) == [1, 1, 0, 700]
        assert self.renewed(small, 57) == [1, 1, 0, 700]
        assert self.renewed(small, 108) == [2, 2, 0, 1400]

    def test_the_bother_is_sunk_and_the_fee_is_not(self):
        """10.86 cu a year: with a bother of 10 nobody would join, and who has joined stays; at 11 cu she leaves."""
        for fee, expected in ((7.0, [1, 1, 0, 700]), (11.0, [1, 0, 1, 0])):
            small = club(fee=fee, hassle=10.0)
            small.c.member[0], small.c.joined[0] = 1, 0
            assert self.renewed(small, 52) == expected

    def test_who_leaves_loses_points_and_tier_and_the_provision_is_released(self):
        small = club(2, fee=30.0, tier_threshold=[50.0])
        small.c.member[0], small.c.joined[0], small.c.points[0], small.c.given[0] = 1, 0, [550, 300], [200, 0]
        small.c.tier[0], small.c.qualifying_spend[0] = 1, 6000
        small.c.price_response.fill(1.0)
        small.phases(Phase.PROGRESS, t=51)
        assert small.c.program_utility[0].min() > 0
        held = small.counted("provision_held")[0]
        assert held > 0
        self.renewed(small, 52)
        small.phases(Phase.PROGRESS, t=52)
        for name in ("member", "points", "given", "tier", "qualifying_spend", "provided", "program_utility"):
            assert not small.c[name].any(), name
        assert small.c.joined[0].tolist() == [-1, -1]
        assert (small.counted("points_expired")[0], small.counted("points_outstanding")[0]) == (850, -850)
        assert small.counted("provision_held")[0] == small.counted("provision")[0] == 0

    def test_points_held_are_a_reason_to_stay(self):
        """5 points of 0.835 cu beside 10.86 cu a year, against a fee of 12."""
        small = club(2, fee=12.0)
        small.c.member[0], small.c.joined[0], small.c.points[0] = 1, 0, [500, 0]
        assert self.renewed(small, 52) == [2, 1, 1, 1200]
        assert small.c.member[0].tolist() == [1, 0]

    def test_who_has_left_the_category_pays_no_more(self):
        small = club(2)
        small.c.member[0], small.c.joined[0], small.c.exited[:] = 1, 0, [30, -1]
        assert self.renewed(small, 52) == [2, 1, 1, 700]
        assert not renews(single(1e6), 100, 30)

    def test_without_a_fee_nothing_is_due(self):
        small = club(fee=0.0)
        small.c.member[0], small.c.joined[0] = 1, 0
        assert self.renewed(small, 52) == [0, 0, 0, 0]
        assert "renew_memberships" not in [step.name for step in small.scenario.steps()]

    def test_the_rate_is_of_those_whose_fee_was_due(self):
        class Counts:
            renewed, renewals_due = np.array([3.0]), np.array([4.0])

        assert renewal_rate(Counts).tolist() == [0.75]


class TestMarket:
    def run(self, **program):
        firms = [{"name": "north", "program": program}, {"name": "east"}]
        data = {"periods": 60, "periods_per_year": 13, "population": {"customers": 400, "purchase_rate": 0.6}}
        engine = Engine(Scenario.parse({**data, "firms": firms}), 3)
        engine.run(60)
        return engine.world

    def test_a_fee_is_income_and_keeps_members_off(self):
        free, paid = (self.run(preset="points", fee=fee) for fee in (0.0, 3.0))
        assert 0 < paid.tallied("members")[-1, 0] < free.tallied("members")[-1, 0]
        assert paid.tallied("membership_fees").sum() == 3.0 * (
            paid.tallied("enrolled").sum() + paid.tallied("renewed").sum()
        )

    def test_what_is_paid_has_no_pull_of_its_own(self):
        """Who would join and stay in any case chooses the same with a fee as without, bit by bit."""
        rich = {"preset": "points", "hassle": 0.0, "reward": 1e4}
        free, paid = (self.run(**rich, fee=fee) for fee in (0.0, 0.05))
        fees = paid.tallied("membership_fees").sum()
        assert fees > 0
        assert paid.tallied("memberships_ended").sum() == 0
        for name, column in free.customers.items():
            np.testing.assert_array_equal(column, paid.customers[name], err_msg=name)
        for name in set(free.tallies) - {"membership_fees", "renewals_due", "renewed"}:
            np.testing.assert_array_equal(free.tallied(name), paid.tallied(name), err_msg=name)
