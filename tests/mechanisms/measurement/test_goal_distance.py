"""Distance to the goal: stretches by hand, counts against the visits of a run, and what nearness does to them."""

from __future__ import annotations

import numpy as np
import pytest

import abm
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.mechanisms.measurement.goal_distance import (
    BETWEEN,
    FAR,
    NEAR,
    count_on_the_way,
    just_rewarded,
    place_members,
    stretch_of,
    visits_near_goal,
)
from tests.mechanisms.small import Small

CARD = {"preset": "stamp_card", "enrolment": "automatic", "goal": 6.0}


def market(program=CARD, periods=60, **sections):
    return abm.Scenario.parse(
        {
            "periods": periods,
            "population": {"customers": 500, "purchase_rate": 0.8},
            "goal_distance": {},
            "firms": [{"name": "north", "program": program}, {"name": "east"}],
            **sections,
        }
    )


@pytest.mark.parametrize(
    ("points", "given", "goal", "expected"),
    [
        (100, 0, 900, FAR), (300, 0, 900, FAR), (301, 0, 900, BETWEEN), (599, 0, 900, BETWEEN), (600, 0, 900, NEAR),
        (900, 0, 900, NEAR), (300, 200, 1000, FAR), (470, 200, 1000, BETWEEN), (740, 200, 1000, NEAR),
    ],
)  # fmt: skip
def test_a_stretch_is_a_third_of_what_has_to_be_earned(points, given, goal, expected):
    assert stretch_of(np.int64(points), np.int64(given), np.int64(goal)) == expected


@pytest.mark.parametrize(("last", "expected"), [(-1, False), (10, False), (9, True), (6, True), (5, False)])
def test_who_has_just_been_rewarded(last, expected):
    assert bool(just_rewarded(np.int32(last), np.int64(10), np.int64(4))) is expected


def test_members_are_placed_and_their_visits_counted_by_hand():
    """Of four members one is far, one near, one near and just rewarded; one has earned nothing. The last is none."""
    small = Small(5, [{"program": {**CARD, "goal": 9.0}}, {}], goal_distance={})
    c = small.c
    c.member[0], c.points[0], c.last_reward[0] = [1, 1, 1, 1, 0], [300, 600, 800, 0, 800], [-1, -1, 3, -1, 3]
    small.run("goal_distance", place_members, 5)
    assert c.stretch[0].tolist() == [FAR, NEAR, NEAR, 0, 0]
    assert [small.counted(f"{name}_members")[0] for name in ("far", "near", "rewarded")] == [1, 2, 1]
    small.visits([0, 1, 2, 2, 3, 4, 1], [0, 0, 0, 0, 0, 0, 1])
    small.passing.visit_reward[:7] = [0, 250, 0, 250, 0, 0, 250]
    small.run("goal_distance", count_on_the_way, 5)
    assert [small.counted(f"{name}_visits")[0] for name in ("far", "near", "rewarded")] == [1, 3, 2]
    assert small.counted("cards_filled") == [1, 0, 0]  # one had been rewarded before; the other firm has no programme
    assert c.last_reward[0].tolist() == [-1, 5, 5, -1, 3]


def test_full_cards_are_first_rewards():
    scenario = market({**CARD, "redemption": 1.0}, customer_accounts={})
    engine = Engine(scenario, 5)
    engine.run(scenario.periods)
    c, filled = engine.world.customers, engine.world.tallied("cards_filled")[:, 0].sum()
    assert filled == (c.last_reward[0] >= 0).sum()
    visits = c.visits_so_far[0]  # the first enrols, and further ones in its period earn nothing yet
    assert (visits > 12).sum() <= filled <= (visits > 6).sum()


def test_without_a_programme_nothing_is_counted():
    found = record(market(program=None), 5).tallies
    for name in ("far_members", "near_members", "near_visits", "rewarded_visits", "cards_filled"):
        assert found[name].sum() == 0


@pytest.mark.slow
def test_nearness_raises_visits_near_the_goal():
    scenario = market(periods=200).replace({"population.customers": 3000, "burn_in": 80})
    off = {"rewards.gradient": 0.0, "rewards.acceleration": 0.0, "rewards.begun": 0.0, "rewards.out_of_mind": 0.0}
    ratio = [
        record(one, 5, kpis=(visits_near_goal,)).summary((visits_near_goal,))[0, 0]
        for one in (scenario.replace(off), scenario.replace({"rewards.gradient": 0.4}))
    ]
    assert ratio[1] > 1.1 * ratio[0]


def test_it_changes_nothing():
    one, other = (record(market(**sections), 5).tallies for sections in ({}, {"goal_distance": None}))
    for name in other:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_kernels_keep_to_their_rows():
    abm.check_kernels(market())
