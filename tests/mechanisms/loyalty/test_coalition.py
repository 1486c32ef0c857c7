"""Coalition: partners' points add up and are paid for, failures spill over; what is worth nothing changes nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.engine.checked import check_kernels
from abm.engine.engine import Engine
from abm.engine.recording import read
from abm.kpis.value import lever_cost, membership_share, profit, revenue
from abm.mechanisms.loyalty.coalition import partner_failure_rate, partner_point_share
from abm.mechanisms.loyalty.partners import (
    chance_of_failure,
    claim_with_partners,
    credit_partners,
    expect_partners,
    meet_failures,
    points_with_partners,
    trust_after_failure,
)
from abm.mechanisms.loyalty.progress import visit_share
from abm.mechanisms.loyalty.treatment import extra_benefit, part_noticed
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small

unit = st.floats(0, 1, width=32)
CARD = {"earn_per_visit": 1.0, "goal": 10.0, "reward": 5.0, "hassle": 2.0, "expiry": 20}
SHARED = {"partners": 2, "partner_earn": 0.5, "partner_price": 0.8, "coalition_fee": 0.01}


def single(*numbers):
    """Return numbers as an equation takes them."""
    return (np.float32(number) for number in numbers)


def club(customers=3, coalition=SHARED, theory=None, **program):
    """Return a small world in which firm 0 shares its programme and firm 1 has none."""
    firms = [{"program": {**CARD, **program}, "coalition": coalition}, {}]
    small = Small(customers, firms, coalition=theory or {})
    small.c.purchase_rate[:] = 0.25
    return small


def market(coalition=SHARED, periods=80, theory=None, program=None, customers=500, **sections):
    """Return a market of two firms, one of which shares its programme."""
    north = {"name": "north", "program": program or {"preset": "points", "expiry": 26}, "coalition": coalition}
    data = {"periods": periods, "population": {"customers": customers, "purchase_rate": 0.5}, "coalition": theory or {}}
    return Scenario.parse({**data, "firms": [north, {"name": "east"}], **sections})


def ran(scenario, seed=1, **settings):
    engine = Engine(scenario, seed, **settings)
    engine.run(scenario.periods)
    return engine


class TestPoints:
    def test_by_hand(self):
        """Two partners, a quarter of a dealing with each, half a point: .25. A twentieth of this: 1.25, kept as 1."""
        assert points_with_partners(2, *single(0.5, 0.25)) == 25
        assert points_with_partners(2, *single(0.5, 0.0125)) == 1
        assert points_with_partners(2, *single(0.5, 0.015625)) == 2  # 1.5625: half up
        assert points_with_partners(0, *single(0.5, 0.25)) == 0

    @given(st.integers(0, 20), st.floats(0, 100, width=32), st.floats(0, 8, width=32))
    def test_within_half_a_hundredth_of_what_is_earned(self, partners, earn, rate):
        found = points_with_partners(partners, np.float32(earn), np.float32(rate))
        assert abs(found - 100.0 * partners * earn * rate) <= 0.5 + 1e-9 * found

    def test_who_earns_and_what_it_costs(self):
        """A member, one whose card has lapsed, one who is none: 25 hundredths for the first, a fee for two.

        A point stands for .50 and partners pay .8 of it: .40, so 25 x 4000 in 1/10 000 cent. Fee: 2 x 2 x .01.
        """
        small = club()
        small.c.member[0] = [1, 1, 0]
        small.c.last_purchase[0] = [30, 29, 30]
        small.run("coalition", credit_partners, t=50)
        assert small.c.points[0].tolist() == [25, 0, 0]
        assert small.c.points[1].tolist() == [0, 0, 0]
        for tally in ("points_issued", "points_outstanding", "partner_points"):
            assert small.counted(tally) == [25, 0, 0]
        assert small.counted("partner_money") == [25 * 4000, 0, 0]
        assert small.counted("coalition_spend") == [2 * 200, 0, 0]

    def test_where_points_never_lapse_cards_stay_in_use(self):
        small = club(expiry=0)
        small.c.member[0] = 1
        small.c.last_purchase[0] = [0, 3, 500]
        small.run("coalition", credit_partners, t=501)
        assert small.c.points[0].tolist() == [25, 25, 25]

    def test_a_visit_earns_a_smaller_part_of_a_reward_that_comes_as_often(self):
        """With q points from partners for each of a visit, a goal 1 + q times as high takes as many visits."""
        visit, none = np.float32(1.0), np.float32(0.0)
        alone = visit_share(visit, none, np.float32(10.0))
        shared = visit_share(visit, none, np.float32(10.0 * (1.0 + 0.5)))
        assert shared == pytest.approx(alone / 1.5, rel=1e-6)

    def test_rewards_come_sooner(self):
        """Per member, also of those who would have joined without partners: all join at once."""
        card = {"preset": "points", "enrolment": "automatic"}
        alone, shared = (ran(market({"partners": k}, program=card)).world.tallied("rewards_redeemed") for k in (0, 3))
        assert shared[:, 0].sum() > 1.2 * alone[:, 0].sum() > 0


class TestClaims:
    def test_by_hand(self):
        """2,550 hundredths at a goal of 10 points: two rewards of 5 cu, and 550 left."""
        small = club(coalition={**SHARED, "partner_redemption": 1.0})
        small.c.member[0] = [1, 1, 0]
        small.c.last_purchase[0] = 0
        small.c.points[0], small.c.given[0] = [2550, 999, 3000], [200, 200, 200]
        small.run("coalition", claim_with_partners, t=1)
        assert small.c.points[0].tolist() == [550, 999, 3000]
        assert small.c.given[0].tolist() == [0, 200, 200]
        assert small.counted("points_redeemed") == [2000, 0, 0]
        assert small.counted("points_outstanding") == [-2000, 0, 0]
        assert small.counted("rewards_redeemed") == [2, 0, 0]
        assert small.counted("rewards_cost") == [1000, 0, 0]

    def test_as_many_claim_as_the_chance_says(self):
        small = club(4000, coalition={**SHARED, "partner_redemption": 0.3})
        small.c.member[0], small.c.last_purchase[0], small.c.points[0] = 1, 0, 1000
        small.run("coalition", claim_with_partners, t=1)
        assert abs(small.counted("rewards_redeemed")[0] / 4000 - 0.3) < 4 * math.sqrt(0.3 * 0.7 / 4000)


class TestFailures:
    def test_equations_by_hand(self):
        """1 - e^-(3 x .5 x .1 x .6); .2 x .3 of trust, half of it for who is half specially treated."""
        assert chance_of_failure(3, *single(0.5, 0.1, 0.4)) == pytest.approx(1 - math.exp(-0.09), rel=1e-5)
        assert trust_after_failure(*single(0.5, 0.2, 0.3, 0.0)) == pytest.approx(0.47)
        assert trust_after_failure(*single(0.5, 0.2, 0.3, 0.5)) == pytest.approx(0.485)
        assert trust_after_failure(*single(0.5, 0.2, 0.3, 1.0)) == 0.5

    @given(unit, unit, unit, unit, unit)
    def test_trust_stays_a_share_and_special_treatment_shields(self, trust, cost, spill, one, other):
        less, more = sorted((one, other))
        plain = trust_after_failure(*single(trust, cost, spill, less))
        special = trust_after_failure(*single(trust, cost, spill, more))
        assert 0.0 <= plain <= special <= np.float32(trust)

    @given(st.integers(0, 20), st.floats(0, 8, width=32), unit, unit)
    def test_a_chance_is_a_share_and_control_lowers_it(self, partners, rate, failure, control):
        without = chance_of_failure(partners, *single(rate, failure, 0.0))
        assert 0.0 <= chance_of_failure(partners, *single(rate, failure, control)) <= without <= 1.0

    def test_benefit_by_hand(self):
        """A basket of 20 at price 1, 2 points a cu: 40 points. 10 % off and half more: 54, so 14 at .1 cu, and .1."""
        found = extra_benefit(*single(0.1, 20.0, 1.0, 0.0, 2.0, 0.1, 0.5))
        assert found == pytest.approx(14 * 0.1 / 20 + 0.1, rel=1e-5)
        assert part_noticed(np.float32(0.05), np.float32(0.05)) == 0.5

    def test_a_discount_is_part_of_the_price(self):
        """Points 3 + 0.5 * 20 * 1.4 = 17 at the full price, (3 + 14 * 0.9) * 1.2 = 18.72 with what the tier brings."""
        found = extra_benefit(*single(0.1, 20.0, 1.4, 3.0, 0.5, 0.1, 0.2))
        assert float(found) == pytest.approx((18.72 - 17.0) * 0.1 / 20.0 + 0.14, rel=1e-5)

    @given(*[st.floats(0, 100, width=32)] * 2, st.floats(0, 0.984375, width=32), st.floats(0, 100, width=32))
    def test_benefit_is_a_share_and_a_title_alone_brings_none(self, value, earn, discount, bonus):
        assert 0.0 <= extra_benefit(*single(value, 20.0, 1.0, earn, earn, discount, bonus)) <= 1.0
        assert extra_benefit(*single(value, 20.0, 1.0, earn, earn, 0.0, 0.0)) == 0.0

    def test_who_meets_one_trusts_the_firm_less(self):
        """Four dealings with each of ten partners that always fail: nobody is spared."""
        theory = {"partner_failure": 1.0, "failure_cost": 0.2, "spill_over": 0.3, "noticed": 0.05}
        tiers = {"tier_threshold": [10.0], "tier_discount": [0.05], "tier_bonus": [0.0], "earn_per_visit": 0.0}
        small = club(coalition={**SHARED, "partners": 10}, theory=theory, **tiers)
        small.c.purchase_rate[:] = 4.0
        small.c.member[0], small.c.tier[0], small.c.last_purchase[0] = [1, 1, 0], [0, 1, 0], 0
        small.c.trust[:] = 0.5
        small.run("coalition", meet_failures, t=1)
        assert small.c.trust[0].tolist() == pytest.approx([0.47, 0.485, 0.5], abs=1e-6)
        assert small.c.trust[1].tolist() == [0.5] * 3
        assert small.counted("partner_failures") == [2, 0, 0]
        assert small.counted("coalition_members") == [2, 0, 0]
        assert small.counted("spilled_trust")[0] == pytest.approx(0.045 * 2**20, abs=2)

    def test_control_prevents_failures_and_costs(self):
        kpis = (partner_failure_rate, lever_cost)
        loose, strict = (
            read(ran(market({**SHARED, "quality_control": control}))).summary(kpis)[0] for control in (0.0, 0.9)
        )
        assert 0.0 < strict[0] < 0.2 * loose[0]
        assert strict[1] > loose[1]


class TestJoining:
    def test_what_is_expected_by_hand(self):
        """.25 occasions a period, with each of two partners, of .5 points each."""
        small = club(3)
        small.run("coalition", expect_partners)
        assert small.c.points_elsewhere[0].tolist() == pytest.approx([0.25] * 3)
        assert small.c.points_elsewhere[1].tolist() == [0.0] * 3

    def test_partners_draw_members(self):
        alone, shared = (read(ran(market({"partners": k}))).summary((membership_share,))[0, 0] for k in (0, 3))
        assert shared > alone + 0.05


@pytest.mark.parametrize("redemption", [0.0, 0.2])
def test_what_is_issued_is_redeemed_lapsed_or_there(redemption):
    """Also where customers leave and newcomers take their places."""
    tiers = {"preset": "tiers", "expiry": 15, "endowment": 0.37}
    coalition = {**SHARED, "partner_earn": 1.234, "partner_redemption": redemption}
    scenario = market(coalition, program=tiers, renewal={"leaving_rate": 0.5, "vacancy": 0, "every": 4})
    world = ran(scenario).world
    total = {name: world.layout.part(world.history, name)[:, :2].sum(axis=0) for name in world.tallies}
    left = world.layout.part(world.history, "points_outstanding")[-1, :2]
    assert (total["points_issued"] == total["points_redeemed"] + total["points_expired"] + left).all()
    assert (left == world.customers.points.sum(axis=1)).all()
    assert (world.customers.points >= 0).all()
    held = world.layout.part(world.history, "provision_held")[-1, :2]
    assert (held == world.customers.provided.sum(axis=1)).all()
    assert (total["partner_money"] == total["partner_points"] * world.firms.point_price).all()
    assert total["partner_points"][0] > 0
    assert total["points_expired"][0] > 0


def test_partners_money_is_revenue_and_profit():
    found = read(ran(market()))
    money, spent = (found.tallies[name][:, 0].sum() for name in ("partner_money", "coalition_spend"))
    books = {name: found.tallies[name][:, 0].sum() for name in found.tallies if found.tallies.accounts.get(name)}
    accounts = found.tallies.accounts
    gained = sum(x for name, x in books.items() if accounts[name] == "revenue")
    paid = sum(x for name, x in books.items() if accounts[name] in ("goods", "lever", "fixed"))
    measured = found.summary((profit, revenue, partner_point_share))[0] * 500 * 80 / 52
    assert money > 0 < spent
    assert measured[0] == pytest.approx(gained - paid, rel=1e-9)
    assert measured[1] == pytest.approx(books["revenue"] + money, rel=1e-9)


def test_points_for_a_reward_of_nothing_move_nobody():
    """Where partners never fail, all is as without them, but for points and the fee."""
    card = {"preset": "points", "reward": 0.0, "enrolment": "automatic"}
    alone, shared = (ran(market({"partners": k}, program=card, theory={"partner_failure": 0.0})) for k in (0, 5))
    for name in ("trust", "satisfaction", "year_spend", "member", "provider"):
        np.testing.assert_array_equal(alone.world.customers[name], shared.world.customers[name])
    assert shared.world.tallied("partner_money").sum() == 0
    assert shared.world.tallied("coalition_spend").sum() > 0


def test_partners_without_a_programme_are_refused():
    with pytest.raises(Refusal, match=r"firm 'east' sets coalition.partners = 2, but has no programme to share; set"):
        market().replace({"firms.east.coalition.partners": 2})


def test_the_kernels_are_what_they_say():
    tiers = {"preset": "tiers", "expiry": 4}
    check_kernels(market({**SHARED, "partner_redemption": 0.5, "quality_control": 0.2}, program=tiers, periods=30))


@pytest.mark.parametrize("other", [{"threads": 2}, {"tile": 64}])
def test_the_bits_do_not_depend_on_threads_or_tiles(other):
    scenario = market({**SHARED, "partner_redemption": 0.2}, periods=40)
    one, several = Engine(scenario, 1), Engine(scenario, 1, threads=other.get("threads", 1))
    if "tile" in other:
        several.set_tile(other["tile"])
    for engine in (one, several):
        engine.run(40)
    np.testing.assert_array_equal(one.world.history, several.world.history)
    np.testing.assert_array_equal(one.world.customers.points, several.world.customers.points)
