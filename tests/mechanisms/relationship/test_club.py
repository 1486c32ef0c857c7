"""Clubs: who joins and comes, what guests take home, what it costs, and what members were before."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import abm
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.behaviour import repeat_rate
from abm.mechanisms.relationship.club import (
    club_share,
    cost_per_guest,
    event_attendance,
    event_satisfaction_mean,
    member_visit_ratio,
)
from abm.mechanisms.relationship.club_kernels import (
    attend_events,
    book_club,
    gather_guests,
    is_event,
    join_club,
    spirit,
    take_home,
)
from abm.scenario.scenario import Scenario
from tests.mechanisms.bits import assert_same_however_run
from tests.mechanisms.small import Small

KPIS = (club_share, event_attendance, event_satisfaction_mean, member_visit_ratio, cost_per_guest)


def market(section=None, customers=600, periods=78, quality=0.75, **policy):
    named = [{"name": f"f{j}"} for j in range(3)]
    named[0].update(club=policy, service={"quality": quality})
    people = {"customers": customers, "purchase_rate": 0.5}
    return Scenario.parse({"periods": periods, "population": people, "firms": named, "club": section or {}})


@given(st.integers(0, 52), st.integers(0, 200))
def test_a_year_has_as_many_events_as_the_firm_sets(events, start):
    assert sum(bool(is_event(t, events, 52)) for t in range(start, start + 52)) == events


@given(st.floats(0, 1000, width=32), st.integers(0, 10_000), st.floats(0.5, 100, width=32))
def test_spirit_is_a_share_and_money_brings_less_and_less(budget, company, half):
    one, two, three = (
        float(spirit(*map(np.float32, (b, company, half, 10.0)))) for b in (budget, budget + half, budget + 2 * half)
    )
    assert 0 <= one <= two <= three <= 1
    assert three - two <= two - one + 1e-6


def test_spirit_by_hand():
    assert spirit(*map(np.float32, (10.0, 30.0, 10.0, 10.0))) == pytest.approx(0.5 * 0.75, abs=1e-6)
    assert spirit(*map(np.float32, (10.0, 0.0, 10.0, 10.0))) == 0.0


class TestByHand:
    def small(self, **section):
        small = Small(4, [{"club": {"events": 52, "event_budget": 10.0}}, {}], club={"joining": 1.0, **section})
        small.c.affective_commitment[:] = 0.5
        return small

    def test_who_is_attached_and_satisfied_joins_where_there_is_a_club(self):
        small = self.small()
        small.c.affective_commitment[0, 2] = 0.3
        small.c.club_member[0, 3] = 1
        small.visits([0, 1, 2, 3, 3], [0, 0, 0, 0, 1])
        small.passing.transaction[:5] = (0.9, 0.5, 0.9, 0.1, 0.9)
        small.run("club", join_club)
        assert small.c.club_member.tolist() == [[1, 0, 0, 1], [0] * 4]
        assert small.counted("club_joined") == [1, 0, 0]
        assert small.counted("member_visits") == [1, 0, 0]

    def test_members_resign_come_and_are_counted(self):
        small = self.small(attendance=1.0)
        small.c.club_member[:] = 1
        small.c.affective_commitment[0] = (1.0, 1.0, 0.2, 1.0)
        small.c.satisfaction[:] = 0.75
        small.c.exited[1] = 3
        small.run("club", attend_events, t=5)
        assert small.c.club_member.tolist() == [[1, 0, 0, 1], [0] * 4]
        assert small.c.attends.tolist() == [[1, 0, 0, 1], [0] * 4]
        assert small.counted("event_invited") == small.counted("event_guests") == small.counted("club_members")
        assert small.counted("event_satisfaction") == [3 * 2**19, 0, 0]

    @pytest.mark.parametrize("mood", [0.9, 0.3])
    def test_guests_take_home_what_others_are_satisfied_with(self, mood):
        small = self.small(half_company=500.0, exchange=2.0, bond_gain=0.5)
        small.c.attends[0, :2] = 1
        small.c.satisfaction[0] = (mood - 0.1, mood + 0.1, 0.0, float("nan"))
        small.run("club", gather_guests)
        assert small.c.event_company.tolist() == [2, 0]
        assert small.c.event_mood[0] == pytest.approx(mood, abs=1e-6)
        small.run("club", take_home)
        told, gain = 2 * (mood - 0.6), 0.5 * 0.5 * 0.5
        np.testing.assert_allclose(small.c.word_of_mouth[0], [told, told, 0, 0], atol=1e-5)
        bond = 0.5 + gain * 0.5
        np.testing.assert_allclose(small.c.affective_commitment[0], [bond, bond, 0.5, 0.5], atol=1e-6)

    def test_costs_are_dates_guests_and_members(self):
        small = self.small(attendance=1.0)
        small.c.club_member[0] = 1
        small.c.affective_commitment[0] = 1.0
        small.c.satisfaction[:] = 0.5
        for kernel in (attend_events, gather_guests, book_club):
            small.run("club", kernel)
        assert small.counted("event_spend") == [100 * 100 * 100 * 4 // 1000 + 4 * 100_000, 0, 0]
        assert small.counted("club_letter_spend") == [4 * 500, 0, 0]


def test_without_a_club_nothing_is_scheduled_and_nothing_moves():
    idle = market(periods=30)
    assert "club" not in [step.mechanism.name for step in idle.steps()]
    one, other = (record(m, 3).tallies["visits"] for m in (idle, idle.replace({"club": None})))
    np.testing.assert_array_equal(one, other)


def test_a_club_without_any_effect_changes_no_visit_and_costs():
    idle = {"bond_gain": 0.0, "exchange": 0.0}
    one, other = (record(m, 3).tallies for m in (market(), market(idle, events=12)))
    np.testing.assert_array_equal(one["visits"], other["visits"])
    assert other["event_spend"][:, 0].sum() > 0
    assert other["event_spend"][:, 1:].sum() == 0


def test_members_were_the_better_customers_and_the_club_makes_them_a_little_better():
    """The naive ratio is there without any effect; events that are well paid for raise repeat purchase by less."""
    idle = {"bond_gain": 0.0, "exchange": 0.0}
    runs = [
        np.mean([record(m, seed).summary((member_visit_ratio, repeat_rate))[0] for seed in range(3)], axis=0)
        for m in (market(idle, events=26, event_budget=20.0), market(events=26, event_budget=20.0))
    ]
    assert runs[0][0] > 1.5
    assert 0.005 < runs[1][1] - runs[0][1] < 0.1


def test_a_bad_firm_brings_together_who_complains_of_it():
    """Members of a firm that has become bad tell each other so."""
    engine = Engine(market({"leave_below": 0.0, "attendance": 1.0}, events=26), 3)
    engine.run(40)
    assert engine.world.customers.event_mood[0] > 0.6
    engine.set_firm(0, engine.levers.firms[0].replace({"service.quality": 0.1}))
    engine.run(38)
    assert engine.world.customers.event_mood[0] < 0.6
    assert engine.world.customers.word_of_mouth[0][engine.world.customers.attends[0] > 0].mean() < 0


def test_shares_are_shares_and_guests_are_invited_members():
    found = record(market(events=12, customers=300), 3)
    values = found.by_period((club_share, event_attendance, event_satisfaction_mean))
    assert ((values[np.isfinite(values)] >= 0) & (values[np.isfinite(values)] <= 1)).all()
    guests, invited, members = (found.tallies[name] for name in ("event_guests", "event_invited", "club_members"))
    assert (guests <= invited).all()
    assert (invited <= members).all()
    assert guests.sum() > 0


def test_threads_tiles_and_groups_leave_the_bits_as_they_are():
    assert_same_however_run(market(events=26, periods=25), KPIS)


def test_kernels_keep_to_their_rows():
    abm.check_kernels(market(customers=100, events=52))
