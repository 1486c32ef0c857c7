"""Rewards: points, goals, tiers and expiry by hand; balances that add up; pull that grows towards the goal."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from abm.mechanisms.choice.pricing import respond_to_prices
from abm.mechanisms.loyalty.enrolment import enrol_visitors, joins
from abm.mechanisms.loyalty.progress import add_programme, value_progress, visit_value
from abm.mechanisms.loyalty.rewards import (
    book_membership,
    compare_members,
    count_members,
    count_tiers,
    expire_points,
    points_earned,
    reward_visits,
)
from abm.mechanisms.loyalty.tiers import close_window, promote_visitors, status_utility
from abm.mechanisms.phases import Phase
from tests.mechanisms.small import Small

CARD = {
    "enrolment": "automatic",
    "earn_per_visit": 1.0,
    "earn_rate": 0.05,
    "goal": 10.0,
    "reward": 5.0,
    "redemption": 1.0,
}
TIERED = {
    **CARD, "goal": 1000.0, "tier_threshold": [100.0, 500.0, 900.0], "tier_discount": [0.05, 0.1, 0.15],
    "tier_bonus": [0.5, 1.0, 1.5], "tier_window": 4,
}  # fmt: skip
SETTINGS = {"progress_weight": 1.0, "gradient": 0.3, "acceleration": 0.25, "promotion": 0.05, "demotion": 0.1}


def club(customers=1, program=CARD, **sections):
    """Return a small world in which firm 0 has a programme and firm 1 has none."""
    return Small(customers, [{"program": program}, {}], **{"rewards": SETTINGS, **sections})


def spend(small, customers, cents, firms=None, t=0):
    """Let the visits of a period be paid for and rewarded: to firm 0, unless said otherwise."""
    small.visits(customers, [0] * len(customers) if firms is None else firms)
    small.passing.visit_spend[: len(customers)] = cents
    for kernel in (enrol_visitors, reward_visits, promote_visitors):
        small.run("rewards", kernel, t)


def earned(cents, per_visit=1.0, per_cu=0.05, bonus=0.0):
    """Return the equation's value for plain numbers."""
    points = points_earned(np.int64(cents), np.float32(per_visit), np.float32(per_cu), np.float32(bonus))
    assert isinstance(points, int | np.int64)
    return int(points)


class TestPoints:
    def test_by_hand(self):
        """40 cu earn 1 + 2 points; half more in tier 1. 33.33 cu earn 2.6665 points, kept as 2.67."""
        assert [earned(4000), earned(4000, bonus=0.5), earned(3333)] == [300, 450, 267]
        assert earned(4001, 0.0, 0.5) == 2001  # 20.005 points: half up
        assert earned(0, 0.0) == 0

    @given(st.integers(0, 10**7), st.integers(0, 10**6), st.floats(0, 3, width=32))
    def test_more_spend_never_earns_less(self, cents, more, bonus):
        assert 0 <= earned(cents, bonus=bonus) <= earned(cents + more, bonus=bonus)

    def test_worth_of_a_visit(self):
        """A basket of 40 earns 3 points of 0.5 cu."""
        assert visit_value(*(np.float32(x) for x in (40.0, 1.0, 0.05, 5.0, 10.0))) == pytest.approx(1.5)


class TestJoining:
    def test_all_at_once_where_it_is_automatic(self):
        small = club(3, {**CARD, "endowment": 2.0})
        spend(small, [0, 2], [1000, 2000])
        assert small.c.member[0].tolist() == [1, 0, 1]
        assert small.c.points[0].tolist() == [200 + 150, 0, 200 + 200]
        assert small.counted("enrolled") == [2, 0, 0]
        assert small.counted("points_issued") == [750, 0, 0]

    def test_where_it_pays(self):
        """13 visits a year of 1.5 cu: 19.5 cu are worth a hassle of 19 but not of 20."""
        small = club(2, {**CARD, "enrolment": "by_benefit", "hassle": 10.0})
        small.c.purchase_rate.fill(0.25)
        small.c.basket.fill(40.0)
        small.c.hassle_factor[:] = [1.9, 2.0]
        spend(small, [0, 1], [4000, 4000])
        assert small.c.member[0].tolist() == [1, 0]
        assert small.c.points[0].tolist() == [300, 0]

    def test_a_benefit_as_large_as_the_bother_is_left(self):
        """13 visits a year of 1.5 cu bring 19.5."""
        for bother, joined in ((19.0, True), (19.5, False), (20.0, False)):
            assert (
                bool(joins(np.float32(0.25), 52, np.float32(1.5), np.float32(10.0), np.float32(bother / 10))) is joined
            )

    def test_who_comes_twice_joins_once(self):
        """An endowment of 2 points, and 1 + 0.5 for each visit; the second visit is that of a member."""
        small = club(1, {**CARD, "endowment": 2.0})
        spend(small, [0, 0], [1000, 1000])
        assert small.c.points[0, 0] == 200 + 150 + 150
        assert [small.counted(name)[0] for name in ("enrolled", "points_issued", "points_outstanding")] == [1, 500, 500]

    def test_hassle_differs_exponentially_with_mean_1(self):
        assert stats.kstest(club(5000).c.hassle_factor, "expon").pvalue > 1e-3

    def test_heavier_buyers_join_first(self):
        small = club(2000, {**CARD, "enrolment": "by_benefit", "hassle": 20.0})
        spend(small, list(range(1000)), [3000] * 1000)
        member = small.c.member[0, :1000] > 0
        value = (small.c.purchase_rate * small.c.basket)[:1000]
        assert value[member].mean() > 2 * value[~member].mean()

    def test_no_programme_no_member(self):
        small = club(1)
        spend(small, [0, 0], [1000, 1000], firms=[1, -1])
        assert not small.c.member.any()
        assert not small.c.points.any()


class TestRedeeming:
    def test_a_full_card_is_exchanged(self):
        """Points of 4.5 a visit towards 10: at the third visit 13.5, of which 3.5 stay."""
        small = club(1, {**CARD, "reward_cost": 0.8})
        spend(small, [0, 0, 0], [7000, 7000, 7000])
        assert small.c.points[0, 0] == 350
        assert small.counted("points_redeemed") == [1000, 0, 0]
        assert small.counted("rewards_redeemed") == [1, 0, 0]
        assert small.counted("rewards_cost") == [400, 0, 0]

    def test_the_goal_is_enough_and_a_hundredth_less_is_not(self):
        small = club(2, {**CARD, "earn_per_visit": 0.0, "earn_rate": 0.0})
        small.c.member[0], small.c.points[0] = 1, [1000, 999]
        spend(small, [0, 1], [100, 100])
        assert small.c.points[0].tolist() == [0, 999]

    def test_with_its_probability(self):
        small = club(1000, {**CARD, "redemption": 0.3})
        for t in range(20):
            small.c.points[0] = 5000
            spend(small, list(range(1000)), [0] * 1000, t=t)
        p = small.counted("rewards_redeemed")[0] / 20_000
        assert abs(p - 0.3) < 4 * math.sqrt(0.21 / 20_000)

    @given(st.lists(st.integers(0, 50_000), min_size=1, max_size=15), st.floats(0, 1, width=32), st.integers(0, 5))
    def test_points_are_conserved(self, cents, redemption, t):
        small = club(1, {**CARD, "redemption": redemption, "endowment": 1.0, "expiry": 2})
        spend(small, [0] * len(cents), cents, t=t)
        small.c.last_purchase[0] = 0
        small.run("rewards", expire_points, t)
        issued, redeemed, expired, outstanding = (
            small.counted(f"points_{name}")[0] for name in ("issued", "redeemed", "expired", "outstanding")
        )
        assert issued - redeemed - expired == outstanding == small.c.points[0, 0] >= 0
        assert (expired > 0) == (t > 2 and issued > redeemed)


class TestTiers:
    def test_spend_lifts_at_once_and_pleases_once(self):
        """90 cu: tier 0; 15 more: tier 1; 400 more: tier 2. Trust 0.5 + 0.05 + 0.05."""
        small = club(1, TIERED)
        seen = []
        for cents in (9000, 1500, 40_000):
            spend(small, [0], [cents])
            seen.append((int(small.c.tier[0, 0]), round(float(small.c.trust[0, 0]), 6)))
        assert seen == [(0, 0.5), (1, 0.55), (2, 0.6)]
        assert small.c.affective_commitment[0, 0] == pytest.approx(0.3)

    def test_two_tiers_in_one_visit_please_as_one_and_the_bonus_is_that_of_before(self):
        small = club(1, TIERED)
        spend(small, [0], [60_000])
        assert small.c.tier[0, 0] == 2
        assert small.c.trust[0, 0] == pytest.approx(0.55)
        assert small.c.points[0, 0] == 100 + 3000

    def test_two_visits_of_a_period_earn_the_bonus_of_its_start(self):
        """100 cu twice, the first of which earns tier 1: 6 points each; in the next period half more."""
        small = club(2, TIERED)
        spend(small, [0, 0], [10_000, 10_000])
        assert small.c.tier[0].tolist() == [1, 0]
        assert small.at("visit_points").tolist() == [600.0, 600.0]
        assert small.c.points[0].tolist() == [1200, 0]
        spend(small, [0, 0, 1], [10_000, 10_000, 10_000], t=1)
        assert small.at("visit_points").tolist() == [900.0, 900.0, 600.0]
        assert small.c.points[0].tolist() == [3000, 600]
        assert small.counted("points_issued") == [3600, 0, 0]

    def test_two_tiers_in_two_visits_of_a_period_please_twice(self):
        small = club(1, TIERED)
        spend(small, [0, 0], [10_000, 40_000])
        assert small.c.tier[0, 0] == 2
        assert small.c.trust[0, 0] == pytest.approx(0.6)
        assert small.c.qualifying_spend[0, 0] == 50_000

    def test_what_members_spend_where_there_are_tiers_qualifies_and_nothing_else(self):
        """Firm 0 has points alone, firm 1 tiers for whom it pays, firm 2 no programme."""
        choosy = {**TIERED, "enrolment": "by_benefit", "hassle": 10.0}
        small = Small(2, [{"program": CARD}, {"program": choosy}, {}], rewards=SETTINGS)
        small.c.hassle_factor[:] = [0.0, 1e9]
        spend(small, [0] * 4 + [1] * 4, [2000, 3000, 4000, 5000] * 2, firms=[0, 1, 2, -1] * 2)
        assert small.c.member.tolist() == [[1, 1], [1, 0], [0, 0]]
        assert small.c.qualifying_spend.tolist() == [[0, 0], [3000, 0], [0, 0]]

    def test_the_window_decides_who_stays(self):
        """Tier 2 with a window's spend of 100 cu falls to 1; a tier earned again stays without joy."""
        small = club(3, TIERED)
        small.c.tier[0], small.c.qualifying_spend[0], small.c.trust[0] = (
            [2, 1, 3],
            [10_000, 10_000, 0],
            [0.5, 0.5, 0.05],
        )
        small.run("rewards", close_window, 2)
        assert small.c.tier[0].tolist() == [2, 1, 3]  # the window has a period to go
        small.run("rewards", close_window, 3)
        assert small.c.tier[0].tolist() == [1, 1, 0]
        assert small.c.trust[0].tolist() == pytest.approx([0.4, 0.5, 0.0])
        assert small.c.affective_commitment[0].tolist() == pytest.approx([0.1, 0.2, 0.1])
        assert not small.c.qualifying_spend.any()
        assert small.counted("demoted") == [2, 0, 0]

    def test_trust_and_commitment_stay_between_0_and_1(self):
        small = club(2, TIERED)
        small.c.trust[0], small.c.affective_commitment[0], small.c.tier[0] = [0.99, 0.02], [0.99, 0.02], [0, 1]
        spend(small, [0], [10_000])
        small.run("rewards", close_window, 3)
        assert small.c.trust[0].tolist() == [1.0, 0.0]
        assert small.c.affective_commitment[0].tolist() == [1.0, 0.0]

    def test_members_are_counted_by_tier(self):
        small = club(6, TIERED)
        small.c.member[0], small.c.tier[0] = [1, 1, 1, 1, 1, 0], [0, 1, 1, 3, 0, 0]
        small.run("rewards", count_members)
        small.run("rewards", count_tiers)
        assert small.c.tier_members[:, 0].tolist() == [2, 2, 0, 1, 0]
        assert not small.c.tier_members[:, 1].any()
        assert small.counted("members") == [5, 0, 0]


class TestExpiry:
    @pytest.mark.parametrize(("expiry", "t", "left"), [(5, 10, 700), (5, 11, 0), (0, 1000, 700)])
    def test_points_lapse_after_silence(self, expiry, t, left):
        small = club(1, {**CARD, "expiry": expiry})
        small.c.points[0], small.c.last_purchase[0] = 700, 5
        small.run("rewards", expire_points, t)
        assert small.c.points[0, 0] == left
        assert small.counted("points_expired") == [700 - left, 0, 0]


class TestPull:
    def pull(self, points, tier=0, tier_members=(1, 0, 0, 0), program=TIERED, member=1, price_sensitivity=2.0):
        """Return L and the boost of a customer with price weight 0.8 and a basket of 40."""
        small = club(1, program, pricing={"price_sensitivity": price_sensitivity})
        small.c.member[0], small.c.points[0], small.c.tier[0] = member, points, tier
        small.c.basket.fill(40.0)
        small.c.price_weight.fill(0.8)
        small.c.tier_members[: len(tier_members), 0] = tier_members
        small.run("pricing", respond_to_prices)
        small.run("rewards", value_progress)
        return float(small.c.program_utility[0, 0]), float(small.c.boost[0])

    def test_by_hand(self):
        """Half way: 0.8 * 2 * 1.5 / 40 + 0.3 / 4, and a boost of 1 + 0.25 / 4."""
        assert self.pull(500, program=CARD) == pytest.approx((0.06 + 0.075, 1.0625))

    def test_the_worth_in_money_weighs_as_much_as_money(self):
        """A discount of the same size weighs price_weight * price_sensitivity too."""
        first, second = (self.pull(0, program=CARD, price_sensitivity=s)[0] for s in (1.0, 3.0))
        assert second == pytest.approx(3 * first)

    def test_status_by_hand(self):
        """Tier 2 held by a tenth of members: 0.3 * 0.9 + 0.05; tier 1 or more by four tenths: 0.3 * 0.6."""
        assert status_utility(*(np.float32(x) for x in (0.1, 2.0, 0.3, 0.05))) == pytest.approx(0.32)
        base = self.pull(0, 0, (6, 3, 1))[0]
        assert self.pull(0, 2, (6, 3, 1))[0] - base == pytest.approx(0.32)
        assert self.pull(0, 1, (6, 3, 1))[0] - base == pytest.approx(0.18)

    def test_status_is_worth_less_the_more_share_it(self):
        pulls = [self.pull(0, 1, (10 - k, k, 0))[0] for k in range(1, 11)]
        assert np.all(np.diff(pulls) < 0)

    @given(st.integers(0, 2000), st.integers(0, 500))
    def test_pull_grows_towards_the_goal_and_no_further(self, points, more):
        (here, quick), (later, quicker) = (self.pull(p, program=CARD) for p in (points, points + more))
        assert here <= later <= 0.06 + 0.3 + 1e-6
        assert 1.0 <= quick <= quicker <= 1.25

    def test_the_nearest_goal_quickens(self):
        small = Small(1, [{"program": CARD}, {"program": CARD}, {}], rewards=SETTINGS)
        small.c.member[:2], small.c.points[:2, 0] = 1, [800, 500]
        small.run("rewards", value_progress)
        assert small.c.boost[0] == pytest.approx(1 + 0.25 * 0.64)

    def test_none_for_those_outside_and_where_there_is_nothing_to_win(self):
        assert self.pull(900, member=0) == (0.0, 1.0)
        assert self.pull(900, tier=1, program={**TIERED, "reward": 0.0}) == (0.0, 1.0)


class TestBooks:
    def test_what_members_spend(self):
        small = club(4, periods=1)
        small.c.year_spend[:] = [[100, 0, 300, 0], [50, 70, 0, 0]]
        small.c.member[:] = [[1, 1, 0, 0], [0, 0, 0, 1]]
        small.run("rewards", compare_members)
        assert small.counted("member_spend") == [100, 0, 0]
        assert small.counted("member_wallet") == [150 + 70, 0, 0]

    def test_administration_is_rounded_once(self):
        """Three members at 1.25 cents: 3.75."""
        small = club(5, {"member_cost": 0.0125})
        small.c.tier_members[:2, 0] = [2, 1]
        small.run("rewards", book_membership)
        assert small.counted("membership") == [4, 0, 0]


class TestTerms:
    def test_near_a_goal_there_is_more_need(self):
        small = club(2)
        small.c.boost[:] = [1.25, 1.0]
        small.phases(Phase.NEED)
        assert small.passing.need[:2].tolist() == [1.25, 1.0]

    def test_a_tier_takes_its_discount_off_the_bill_and_adds_it_to_utility(self):
        """A discount of 0.1 at price 1.1 weighs 0.8 * 1.5 * 1.1 * 0.1 = 0.132."""
        small = club(2, TIERED, pricing={"price_sensitivity": 1.5})
        small.c.tier[0], small.c.price_weight[:], small.firms.price[:] = [2, 0], 0.8, 1.1
        small.visits([0, 1], [0, 0])
        small.phases(Phase.NEED, Phase.DELIVERY)
        assert small.at("visit_discount") == pytest.approx([0.1, 0.0])
        small.passing.utility[:] = 0.0
        small.run("rewards", add_programme)
        assert small.passing.utility[0, :2] == pytest.approx([0.132, 0.0])
