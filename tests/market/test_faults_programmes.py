"""Programmes that pay nothing, clubs in which all are elite, and books that hide what is owed: in paired small markets.

Signs, zeros and sums only: none depends on how the weights of the market are tuned. Each docstring has the number that
a market showed in which the rule does not hold (three firms alike, 2,000 customers, 156 weeks).
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from abm.engine.engine import Engine
from abm.scenario.scenario import Scenario

NOTHING = {
    "earn_rate": 0.0001, "reward": 0.01, "goal": 10.0, "enrolment": "automatic", "member_cost": 0.0,
}  # fmt: skip
PENNY = {"preset": "stamp_card", "reward": 0.01, "enrolment": "automatic", "member_cost": 0.0}
PROGRAMMES = {
    "none": None,
    "stamp": {"preset": "stamp_card", "enrolment": "automatic"},
    "points": {"preset": "points", "enrolment": "automatic"},
    "lapsing": {"preset": "stamp_card", "enrolment": "automatic", "goal": 3.0, "expiry": 4},
    "cashback": {"preset": "cashback", "reward_cost": 1.0},
    "penny": PENNY,
    "never": {"preset": "stamp_card", "enrolment": "automatic", "redemption": 0.0, "expiry": 0, "member_cost": 0.0},
    "too_far": {"preset": "points", "goal": 10_000.0, "reward": 10_000.0, "enrolment": "automatic", "member_cost": 0.0},
    "everybody_elite": {**NOTHING, "tier_threshold": [0.01, 0.02, 0.03, 0.04]},
    "ladder_free": {**NOTHING, "tier_threshold": [50.0, 100.0, 200.0, 400.0], "tier_window": 10_000},
    "no_tiers": NOTHING,
    "tiers": {"preset": "tiers", "enrolment": "automatic"},
}

FREQUENT = {"population": {"customers": 300, "purchase_rate": 3.0}, "rewards": {"acceleration": 1.0}}


@cache
def counted(program, at=("north",), frequent=False):
    """Return what a market of three firms counts in two years, by tally: (periods, firms and nobody)."""
    firms = [{"name": name} for name in ("north", "east", "south")]
    for firm in firms:
        if firm["name"] in at and PROGRAMMES[program]:
            firm["program"] = PROGRAMMES[program]
    data = {"periods": 104, "burn_in": 52, "population": {"customers": 1500}, "firms": firms}
    engine = Engine(Scenario.parse(data | (FREQUENT if frequent else {})), seed=11)
    engine.run(104)
    return {name: engine.world.history[:, engine.world.rows[name]] for name in engine.world.tallies}


def total(program, tally):
    """Return what has been counted at the first firm in both years."""
    return counted(program)[tally][:, 0].sum()


def test_a_reward_that_is_never_paid_changes_no_visit():
    """Profit +47 %."""
    assert np.array_equal(counted("never")["visits"], counted("none")["visits"])
    assert np.array_equal(counted("never")["occasions"], counted("none")["occasions"])
    assert not counted("never")["provision"].any()


@pytest.mark.parametrize("program", ["penny", "too_far", "everybody_elite", "ladder_free", "no_tiers"])
def test_what_is_worth_next_to_nothing_changes_next_to_nothing(program):
    """Profit: a reward of a cent +35 %, status for everybody +36 %."""
    assert total(program, "members") > 0
    assert total(program, "visits") == pytest.approx(total("none", "visits"), rel=0.005)
    assert total(program, "revenue") == pytest.approx(total("none", "revenue"), rel=0.005)


def test_status_for_all_lifts_neither_trust_nor_commitment():
    assert total("everybody_elite", "trust_sum") == pytest.approx(total("no_tiers", "trust_sum"), rel=0.001)


def test_what_is_worth_something_draws_visitors():
    for program in ("stamp", "points", "cashback", "tiers"):
        assert total(program, "visits") > total("none", "visits") * 1.005


@pytest.mark.parametrize("program", ["stamp", "points", "lapsing", "cashback", "tiers", "too_far"])
def test_provisions_booked_less_released_are_the_provision_for_what_is_outstanding(program):
    """Points that had been promised were nowhere: cash back of 5 % +53 % of profit."""
    books = counted(program)
    assert np.array_equal(np.cumsum(books["provision"], axis=0), books["provision_held"])
    assert (books["provision_held"] >= 0).all()
    assert books["provision"][0, 0] >= 0


def test_a_provision_is_released_when_points_lapse():
    books = counted("lapsing")
    assert books["points_expired"].sum() > 0
    assert (books["provision"][:, 0] < 0).any()


def test_cash_back_costs_what_it_gives_back():
    """Rewards and the provision come to nearly 5 % of what members spend."""
    books = counted("cashback")
    cost = books["rewards_cost"][:, 0].sum() + books["provision_held"][-1, 0]
    assert 0.03 < cost / books["revenue"][:, 0].sum() < 0.05
    assert books["rewards_redeemed"][:, 0].sum() > 0.9 * books["points_issued"][:, 0].sum() / 100


@pytest.mark.parametrize("program", ["penny", "stamp", "points"])
@pytest.mark.parametrize("year", [slice(0, 52), slice(52, 104)])
def test_programmes_at_all_firms_leave_the_occasions_of_a_year(program, year):
    """Occasions +22 %."""
    everywhere = counted(program, at=("north", "east", "south"))["occasions"][year].sum()
    assert everywhere == pytest.approx(counted("none")["occasions"][year].sum(), rel=0.01)


def test_goals_bring_occasions_forward():
    """Many visits a week and the most haste there may be: occasions of a period differ, those of a year hardly."""
    with_card, without = (counted(p, ("north", "east", "south"), frequent=True) for p in ("stamp", "none"))
    assert (with_card["occasions"] != without["occasions"]).any()
    assert with_card["occasions"][52:].sum() == pytest.approx(without["occasions"][52:].sum(), rel=0.01)
