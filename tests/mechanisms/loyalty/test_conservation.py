"""Programmes of all kinds: points, provision, members and money add up; what is worthless changes nothing."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from abm.engine.engine import Engine
from abm.scenario.scenario import Scenario

NAMES = ("north", "east")


def drawn(luck: Random) -> dict:
    """Return a programme whose fields are drawn: every field, each often at a limit of what it may be."""
    tiers = luck.randrange(4)
    thresholds = sorted(luck.sample(range(5, 400), tiers))
    automatic = luck.random() < 0.3
    discounts = sorted(luck.choice((0.0, luck.uniform(0, 0.3))) for _ in range(tiers))
    return {
        "enrolment": "automatic" if automatic else "by_benefit",
        "hassle": luck.choice((0.0, luck.uniform(0, 20))),
        "fee": 0.0 if automatic else luck.choice((0.0, luck.uniform(0.001, 20))),
        "member_discount": luck.choice((0.0, luck.uniform(0, 0.5))),
        "earn_rate": luck.choice((0.0, luck.uniform(0, 2))),
        "earn_per_visit": luck.choice((0.0, luck.uniform(0, 5))),
        "endowment": luck.choice((0.0, luck.uniform(0, 30))),
        "goal": luck.choice((0.01, luck.uniform(0.5, 40))),
        "reward": luck.choice((0.0, luck.uniform(0, 40))),
        "reward_cost": luck.uniform(0.2, 2),
        "redemption": luck.choice((0.0, 1.0, luck.random())),
        "expiry": luck.choice((0, luck.randrange(1, 20))),
        "member_cost": luck.choice((0.0, luck.uniform(0, 0.2))),
        "tier_threshold": [float(cu) for cu in thresholds],
        "tier_discount": discounts,
        "tier_bonus": [luck.uniform(0, 3) for _ in range(tiers)],
        "tier_window": luck.randrange(1, 30),
        **luck.choice(({}, {"tier_rule": "class_and_spend", "class_factor": [luck.uniform(0, 2) for _ in range(3)]})),
    }


def run(programmes, periods=45, seed=1, customers=40, **sections):
    """Return the world after a run of a small market whose firms have these programmes."""
    firms = [
        {"name": name, **({"program": program} if program else {})}
        for name, program in zip(NAMES, programmes, strict=True)
    ]
    data = {
        "periods": periods, "periods_per_year": 13, "population": {"customers": customers, "purchase_rate": 0.8},
        "network": {"kind": "erdos_renyi", "neighbours": 2.0}, "firms": firms, **sections,
    }  # fmt: skip
    engine = Engine(Scenario.parse(data), seed)
    engine.run(periods)
    return engine.world


def total(world, name):
    """Return what was counted over the run, of each firm, in the whole numbers that are counted."""
    return world.history[:, world.rows[name]].sum(axis=0)[: world.m]


def assert_adds_up(world):
    """Compare the books of programmes with what customers hold."""
    c = world.customers
    held = c.points.sum(axis=1)
    counted = {name: total(world, name) for name in world.rows}
    assert np.all(c.points >= 0)
    given, taken = counted["points_issued"], counted["points_redeemed"] + counted["points_expired"]
    np.testing.assert_array_equal(given - taken, held, err_msg="points")
    outstanding = world.history[-1, world.rows["points_outstanding"]][: world.m]
    np.testing.assert_array_equal(outstanding, held, err_msg="points outstanding")
    provided = c.provided.sum(axis=1)
    np.testing.assert_array_equal(counted["provision"], provided, err_msg="provision booked")
    last = world.history[-1, world.rows["provision_held"]][: world.m]
    np.testing.assert_array_equal(last, provided, err_msg="provision held")
    members = (c.member > 0).sum(axis=1)
    np.testing.assert_array_equal(counted["enrolled"] - counted["memberships_ended"], members, err_msg="members")
    np.testing.assert_array_equal(world.history[-1, world.rows["members"]][: world.m], members, err_msg="counted")
    np.testing.assert_array_equal(counted["renewals_due"] >= counted["renewed"], True)
    fee, expense = world.firms.fee, world.firms.reward_expense
    paid = (counted["enrolled"] + counted["renewed"]) * fee
    np.testing.assert_array_equal(counted["membership_fees"], paid, err_msg="fees")
    np.testing.assert_array_equal(counted["rewards_cost"], counted["rewards_redeemed"] * expense, err_msg="rewards")
    redeemed = counted["rewards_redeemed"] * world.firms.goal_points
    np.testing.assert_array_equal(counted["points_redeemed"], redeemed, err_msg="points redeemed")
    assert np.all(counted["population"] == world.n * len(world.history))
    outside = c.member == 0
    for name in ("points", "given", "tier", "qualifying_spend", "provided", "program_utility"):
        assert not c[name][outside].any(), f"{name} of who is no member"


def try_programmes(count):
    luck = Random(count)
    for k in range(count):
        programmes = [drawn(luck), drawn(luck)]
        try:
            theories = {"customer_classes": {"every": 7}, "rewards": {"pressure": float(k % 2)}}
            assert_adds_up(run(programmes, seed=k, periods=30 + k % 31, **theories))
        except AssertionError as error:
            raise AssertionError(f"programmes {programmes}, seed {k}: {error}") from error


def test_programmes_add_up():
    try_programmes(30)  # two a market


@pytest.mark.slow
def test_hundreds_of_programmes_add_up():
    try_programmes(100)


@pytest.mark.endurance
def test_a_thousand_programmes_add_up():
    try_programmes(500)


def test_members_who_leave_the_market_settle_their_accounts():
    """Newcomers take the rows of those who leave, and begin as no members."""
    luck = Random(5)
    for seed in range(5):
        world = run(
            [drawn(luck), drawn(luck)], seed=seed, renewal={"leaving_rate": 0.5, "every": 5}, customer_classes={}
        )
        assert world.history[:, world.rows["departures"]].sum() > 0
        assert_adds_up(world)


NOTHING = [
    ("points", {"reward": 0.0}),
    ("points", {"redemption": 0.0}),
    ("stamp_card", {"reward": 0.0}),
    ("endowed_stamp_card", {"redemption": 0.0}),
    ("tiers", {"reward": 0.0, "tier_discount": [0.0, 0.0]}),
    ("discount", {"member_discount": 0.0}),
]


@pytest.mark.parametrize(("preset", "fields"), NOTHING, ids=lambda part: part if isinstance(part, str) else "")
def test_what_is_worthless_moves_no_choice(preset, fields):
    """Every visit and every cent paid is as without a programme, though everybody is a member; administration costs."""
    worthless = {"preset": preset, "enrolment": "automatic", "hassle": 0.0, **fields}
    without, with_one = run([None, None], customers=300), run([worthless, None], customers=300)
    assert total(with_one, "members")[0] > 0
    assert total(with_one, "membership")[0] > 0
    for name in ("visits", "occasions", "revenue", "goods", "repeats", "trust_sum", "satisfaction_sum", "discounts"):
        before, after = (world.history[:, world.rows[name]] for world in (without, with_one))
        np.testing.assert_array_equal(before, after, err_msg=name)
    for name in ("preference", "trust", "affective_commitment", "provider", "relation", "satisfaction"):
        np.testing.assert_array_equal(without.customers[name], with_one.customers[name], err_msg=name)
    assert not total(with_one, "provision").any()


def test_status_for_all_moves_no_choice():
    """A tier that the first cent reaches, and that gives nothing but its name, is nobody's: visits are as without."""
    points = {"preset": "points", "enrolment": "automatic"}
    plain = run([points, None], customers=300)
    titled = run([{**points, "tier_threshold": [0.01], "tier_window": 1000}, None], customers=300)
    assert (titled.customers.tier[0] == 1).mean() > 0.5
    for name in ("visits", "revenue", "points_issued", "trust_sum"):
        np.testing.assert_array_equal(total(plain, name), total(titled, name), err_msg=name)


STRONG = {"preset": "stamp_card", "enrolment": "automatic", "goal": 5.0, "reward": 40.0, "endowment": 1.0}
PROGRAMMES = {
    "cards": [STRONG, STRONG],
    "tiers_and_points": [
        {"preset": "tiers", "member_discount": 0.2, "enrolment": "automatic"},
        {"preset": "points", "earn_rate": 0.5, "hassle": 0.0},
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("programmes", PROGRAMMES.values(), ids=PROGRAMMES)
def test_programmes_move_need_and_do_not_make_it(programmes):
    """Occasions of each of two years, strong programmes at all firms against none, the same customers and luck."""
    found = []
    for each in ([None, None], programmes):
        worlds = [run(each, 104, seed, 2000, periods_per_year=52, rewards={"pressure": 1.0}) for seed in range(3)]
        weekly = sum(world.history[:, world.rows["occasions"]].sum(axis=1) for world in worlds)
        found.append(weekly.reshape(2, 52).sum(axis=1))
    assert np.all(np.abs(found[1] / found[0] - 1.0) < 0.01)
