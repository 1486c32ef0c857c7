"""Rewards: points, goals, tiers and expiry by hand; balances that add up; pull that grows towards the goal."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from abm.mechanisms.choice.pricing import respond_to_prices
from abm.mechanisms.loyalty.enrolment import enrol_visitors, joins, yearly_benefit
from abm.mechanisms.loyalty.membership import book_membership, compare_members, count_members, count_tiers, set_aside
from abm.mechanisms.loyalty.progress import add_programme, chance_paid, expected_point_value, hastened, shift_need
from abm.mechanisms.loyalty.rewards import expire_points, points_earned, reward_visits
from abm.mechanisms.loyalty.tiers import close_window, promote_visitors, share_at_or_above, standing, status_utility
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
SETTINGS = {
    "progress_weight": 1.0, "gradient": 0.3, "begun": 0.1, "lapse": 0.02, "acceleration": 0.25, "repayment": 0.2,
    "promotion": 0.05, "demotion": 0.1, "status_scarcity": 0.3, "status_step": 0.05, "noticed": 0.05,
    "out_of_mind": 1.0,
}  # fmt: skip


def club(customers=1, program=CARD, **sections):
    """Return a small world in which firm 0 has a programme and firm 1 has none."""
    return Small(customers, [{"program": program}, {}], **{"rewards": SETTINGS, **sections})


def spend(small, customers, cents, firms=None, t=0):
    """Let the visits of a period be paid for and rewarded: to firm 0, unless said otherwise."""
    small.visits(customers, [0] * len(customers) if firms is None else firms)
    small.passing.visit_spend[: len(customers)] = cents
    for kernel in (reward_visits, enrol_visitors, promote_visitors):
        small.run("rewards", kernel, t)


def singles(*numbers):
    """Return numbers as an equation takes them."""
    return (np.float32(number) for number in numbers)


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


class TestWorth:
    def test_what_is_never_paid_is_worth_nothing_and_what_is_paid_at_once_all(self):
        """Where nobody asks whether it is paid, a reward that never is raises profit by 47 %."""
        assert chance_paid(*singles(0.0, 10.0, 0.1), 0, np.float32(0.02)) == 0.0
        assert chance_paid(*singles(1.0, 0.4, 0.1), 0, np.float32(0.02)) == 1.0

    def test_chance_by_hand(self):
        """Ten visits, nine gaps: e^-0.18; claimed at once with 0.5, or later if she comes again: 0.5 / 0.51."""
        found = chance_paid(*singles(0.5, 10.0, 0.1), 0, np.float32(0.02))
        assert found == pytest.approx(math.exp(-0.18) * 0.5 / 0.51, rel=1e-6)

    def test_points_that_lapse_before_she_comes_again_are_worth_next_to_nothing(self):
        """A visit in ten periods, and points void after one: lost between two visits with 0.02 + 0.98 e^-0.1."""
        lost = 0.02 + 0.98 * math.exp(-0.1)
        found = chance_paid(*singles(1.0, 10.0, 0.1), 1, np.float32(0.02))
        assert found == pytest.approx(math.exp(-9 * lost), rel=1e-5)

    @pytest.mark.parametrize("expiry", [1, 2, 5, 20])
    def test_the_longer_points_are_kept_the_less_often_a_silence_outlasts_it(self, expiry):
        """Of who never ends it, one gap before the goal: points are lost with e^-(rate x expiry)."""
        found = chance_paid(*singles(1.0, 2.0, 0.25), expiry, np.float32(0.0))
        assert -math.log(found) == pytest.approx(math.exp(-0.25 * expiry), rel=1e-3)

    @given(st.floats(0, 1, width=32), st.floats(0, 100, width=32), st.integers(0, 100), st.floats(0, 10, width=32))
    def test_a_chance_lies_between_0_and_1_and_grows_with_redemption(self, redemption, visits, expiry, rate):
        lower, upper = (
            float(chance_paid(np.float32(r), np.float32(visits), np.float32(rate), expiry, np.float32(0.02)))
            for r in (redemption / 2, redemption)
        )
        assert 0.0 <= lower <= upper <= 1.0 + 1e-6

    def test_a_point_by_hand(self):
        """Three points a visit towards ten for 5 cu: 10 / 3 - 1 gaps."""
        found = expected_point_value(*singles(3.0, 5.0, 10.0, 1.0, 0.1), 0, np.float32(0.02))
        assert found == pytest.approx(0.5 * math.exp(-0.02 * 7 / 3), rel=1e-5)

    def test_a_goal_beyond_reach_is_worth_nothing(self):
        assert expected_point_value(*singles(1.5, 10_000.0, 10_000.0, 0.9, 0.1), 0, np.float32(0.02)) < 1e-20


class TestJoining:
    def test_all_at_once_where_it_is_automatic(self):
        small = club(3, {**CARD, "endowment": 2.0})
        spend(small, [0, 2], [1000, 2000])
        assert small.c.member[0].tolist() == [1, 0, 1]
        assert small.c.points[0].tolist() == [200, 0, 200]
        assert small.counted("enrolled") == [2, 0, 0]
        assert small.counted("points_issued") == [400, 0, 0]

    def test_where_it_pays(self):
        """A visit brings 3 points of 0.477 cu; 13 visits a year, of which half here: 9.3 cu."""
        small = club(3, {**CARD, "enrolment": "by_benefit", "hassle": 10.0})
        small.c.purchase_rate.fill(0.25)
        small.c.basket.fill(40.0)
        small.c.hassle_factor[:] = [0.92, 0.94, 0.92]
        small.c.preference[0] = [0.5, 0.5, 0.45]
        spend(small, [0, 1, 2], [4000, 4000, 4000])
        assert small.c.member[0].tolist() == [1, 0, 0]
        assert not small.c.points[0].any()

    def test_who_prefers_the_firm_joins_first(self):
        """Where rate and basket alone decide, members differ from others by little but the programme itself."""
        small = club(2000, {**CARD, "enrolment": "by_benefit", "hassle": 20.0})
        small.c.preference[0] = np.linspace(0.0, 1.0, 2000)
        spend(small, list(range(2000)), [3000] * 2000)
        member = small.c.member[0] > 0
        assert small.c.preference[0, member].mean() > small.c.preference[0, ~member].mean() + 0.15

    def test_nobody_joins_for_a_reward_that_is_never_paid(self):
        small = club(50, {**CARD, "enrolment": "by_benefit", "hassle": 0.1, "redemption": 0.0})
        spend(small, list(range(50)), [3000] * 50)
        assert not small.c.member.any()

    def test_a_benefit_as_large_as_the_bother_is_left(self):
        """13 visits a year of 1.5 cu bring 19.5."""
        for bother, joined in ((19.0, True), (19.5, False), (20.0, False)):
            benefit = yearly_benefit(np.float32(0.25), 52, *singles(1.5, 0.0, 0.0, 0.0))
            assert bool(joins(benefit, 0, *singles(10.0, bother / 10))) is joined

    def test_who_comes_twice_joins_once_and_earns_from_the_next_period_on(self):
        small = club(1, {**CARD, "endowment": 2.0})
        spend(small, [0, 0], [1000, 1000])
        assert small.c.points[0, 0] == 200
        spend(small, [0, 0], [1000, 1000], t=1)
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
        small.c.member[0] = 1
        spend(small, [0, 0, 0], [7000, 7000, 7000])
        assert small.c.points[0, 0] == 350
        assert small.counted("points_redeemed") == [1000, 0, 0]
        assert small.counted("rewards_redeemed") == [1, 0, 0]
        assert small.counted("rewards_cost") == [400, 0, 0]

    def test_as_many_rewards_as_the_balance_holds(self):
        """With one reward a visit, who earns several goals a visit is never paid most of them: cash back +53 %."""
        small = club(1)
        small.c.member[0], small.c.points[0] = 1, 3050
        spend(small, [0], [7000])
        assert small.c.points[0, 0] == 500
        assert small.counted("rewards_redeemed")[0] == 3
        assert small.counted("rewards_cost")[0] == small.at("visit_reward")[0] == 1500
        assert small.counted("points_redeemed")[0] == 3000

    def test_the_goal_is_enough_and_a_hundredth_less_is_not(self):
        small = club(2, {**CARD, "earn_per_visit": 0.0, "earn_rate": 0.0})
        small.c.member[0], small.c.points[0] = 1, [1000, 999]
        spend(small, [0, 1], [100, 100])
        assert small.c.points[0].tolist() == [0, 999]

    def test_with_its_probability(self):
        small = club(1000, {**CARD, "redemption": 0.3})
        small.c.member[0] = 1
        for t in range(20):
            small.c.points[0] = 1000
            spend(small, list(range(1000)), [0] * 1000, t=t)
        p = small.counted("rewards_redeemed")[0] / 20_000
        assert abs(p - 0.3) < 4 * math.sqrt(0.21 / 20_000)

    @given(st.lists(st.integers(0, 50_000), min_size=1, max_size=15), st.floats(0, 1, width=32), st.integers(0, 5))
    def test_points_are_conserved(self, cents, redemption, t):
        small = club(1, {**CARD, "redemption": redemption, "endowment": 1.0, "expiry": 2})
        spend(small, [0], [0])
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
        """90 cu: tier 0; 15 more: tier 1; 400 more: tier 2, which nobody has yet. Discounts of 0.05 and 0.1 where 0.05
        counts half: standing of 1 / 2 and of 2 / 3 of a lift of 0.06.
        """
        small = club(1, TIERED, rewards={**SETTINGS, "promotion": 0.06})
        small.c.tier_members[0, 0] = 4
        seen = []
        for cents in (9000, 1500, 40_000):
            spend(small, [0], [cents])
            seen.append((int(small.c.tier[0, 0]), round(float(small.c.trust[0, 0]), 6)))
        assert seen == [(0, 0.5), (1, 0.53), (2, 0.57)]
        assert small.c.affective_commitment[0, 0] == pytest.approx(0.27)

    def test_a_tier_that_everybody_has_pleases_nobody(self):
        """Where it pleases all the same, a club of nothing but elite raises profit by 36 %."""
        for tier_members in ((0, 0, 5), (0, 0, 0)):
            small = club(1, TIERED)
            small.c.tier_members[:3, 0] = tier_members
            spend(small, [0], [60_000])
            assert (small.c.tier[0, 0], small.c.trust[0, 0]) == (2, 0.5)

    def test_a_tier_that_gives_nothing_pleases_nobody(self):
        small = club(1, {**TIERED, "tier_discount": [0.0] * 3, "reward": 0.0})
        small.c.tier_members[0, 0] = 5
        spend(small, [0], [60_000])
        assert (small.c.tier[0, 0], small.c.trust[0, 0]) == (2, 0.5)

    def test_two_tiers_in_one_visit_please_as_one_and_the_bonus_is_that_of_before(self):
        small = club(1, TIERED)
        small.c.member[0], small.c.tier_members[0, 0] = 1, 4
        spend(small, [0], [60_000])
        assert small.c.tier[0, 0] == 2
        assert small.c.trust[0, 0] == pytest.approx(0.5 + 0.05 * 2 / 3)
        assert small.c.points[0, 0] == 100 + 3000

    def test_two_visits_of_a_period_earn_the_bonus_of_its_start(self):
        """100 cu twice, the first of which earns tier 1: 6 points each; in the next period half more."""
        small = club(2, TIERED)
        small.c.member[0] = 1
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
        small.c.tier_members[0, 0] = 4
        spend(small, [0, 0], [10_000, 40_000])
        assert small.c.tier[0, 0] == 2
        assert small.c.trust[0, 0] == pytest.approx(0.5 + 0.05 * (1 / 2 + 2 / 3))
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
        """Tier 2 with a window's spend of 100 cu falls to 1; a tier earned again stays without joy. Lost is a standing
        of 2 / 3, and of 3 / 4 in tier 3, of members a half and a fifth of whom had as much.
        """
        small = club(3, TIERED)
        small.c.tier_members[:4, 0] = [3, 2, 3, 2]
        small.c.tier[0], small.c.qualifying_spend[0], small.c.trust[0] = (
            [2, 1, 3],
            [10_000, 10_000, 0],
            [0.5, 0.5, 0.05],
        )
        small.run("rewards", close_window, 2)
        assert small.c.tier[0].tolist() == [2, 1, 3]  # the window has a period to go
        small.run("rewards", close_window, 3)
        assert small.c.tier[0].tolist() == [1, 1, 0]
        assert small.c.trust[0].tolist() == pytest.approx([0.5 - 0.1 * 0.5 * 2 / 3, 0.5, 0.0])
        lost = [0.1 * 0.5 * 2 / 3, 0.0, 0.1 * 0.8 * 3 / 4]
        assert small.c.affective_commitment[0].tolist() == pytest.approx([0.2 - loss for loss in lost])
        assert not small.c.qualifying_spend.any()
        assert small.counted("demoted") == [2, 0, 0]

    def test_trust_and_commitment_stay_between_0_and_1(self):
        small = club(2, TIERED)
        small.c.tier_members[0, 0] = 5
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
    def pull(self, points, tier=0, tier_members=(1, 0, 0, 0), program=TIERED, price_sensitivity=2.0, **state):
        """Return L and what is hastened, of a customer with price weight 0.8 and a basket of 40."""
        small = club(1, program, pricing={"price_sensitivity": price_sensitivity})
        small.c.member[0], small.c.points[0], small.c.tier[0] = state.get("member", 1), points, tier
        small.c.given[0] = state.get("given", 0)
        small.c.basket.fill(40.0)
        small.c.price_weight.fill(0.8)
        small.c.tier_members[: len(tier_members), 0] = tier_members
        small.run("pricing", respond_to_prices)
        small.phases(Phase.PROGRESS)
        return float(small.c.program_utility[0, 0]), float(small.c.boost[0]) - 1.0

    PAID = math.exp(-0.02 * 7 / 3)  # three points a visit towards ten: 10 / 3 - 1 gaps

    def test_by_hand(self):
        """Half way to 0.125 of a basket at a price weight of 1.6: a visit earns 0.3; near it is 0.3 / 2 + 0.1."""
        worth = 0.125 * self.PAID
        expected = 1.6 * worth * (0.3 + 0.15 + 0.1), 0.125 * worth / (1 + worth)
        assert self.pull(500, program=CARD) == pytest.approx(expected, rel=1e-5)

    def test_the_worth_in_money_weighs_as_much_as_money(self):
        """Cash back at once, without a goal to speak of, weighs as a price cut: 1.6 * 0.05."""
        cashback = {**CARD, "earn_per_visit": 0.0, "goal": 0.01, "reward": 0.01}
        found = self.pull(1, program=cashback)[0]
        assert found == pytest.approx(1.6 * (0.05 + (0.3 + 0.1) * 0.01 / 40), rel=1e-4)

    @pytest.mark.parametrize("times", [0.001, 0.1, 10.0])
    def test_the_whole_pull_is_proportional_to_what_is_paid(self, times):
        """Where nearness pulls whatever it leads to, a reward of one cent raises profit by 35 %, as a real one."""
        usual = self.pull(900, program=CARD)[0]
        assert self.pull(900, program={**CARD, "reward": 5.0 * times})[0] == pytest.approx(times * usual, rel=1e-5)

    @pytest.mark.parametrize("program", [{"reward": 0.0}, {"redemption": 0.0}])
    def test_what_is_not_paid_does_not_pull(self, program):
        assert self.pull(900, program={**CARD, **program}) == (0.0, 0.0)

    def test_a_card_that_is_not_begun_is_out_of_mind(self):
        """Three points of ten on the first visit: 0.3 of the pull is felt, all of it if a visit brings a reward."""
        full = 1.6 * 0.125 * self.PAID * (0.3 + 0.1)
        assert self.pull(0, program=CARD) == (pytest.approx(0.3 * full, rel=1e-5), 0.0)
        assert self.pull(1, program=CARD)[0] == pytest.approx(full, rel=1e-3)
        at_once = {**CARD, "goal": 0.01, "reward": 0.01}
        assert self.pull(0, program=at_once)[0] == pytest.approx(self.pull(1, program=at_once)[0], rel=0.01)

    def test_a_card_of_twelve_with_two_given_pulls_more_than_one_of_ten(self):
        """As many to earn, but a sixth of the way done, where g squared gave next to nothing."""
        stamps = {**CARD, "earn_rate": 0.0, "endowment": 2.0}
        for earned in (0, 100, 500):
            plain = self.pull(earned, program=stamps)[0]
            given = self.pull(200 + earned, given=200, program={**stamps, "goal": 12.0})[0]
            assert given > plain

    def test_status_by_hand(self):
        """A benefit as large as the noticed counts half: tier 2 of a tenth of members 0.45 (0.3 + 0.05)."""
        assert standing(*singles(0.1, 0.05, 0.05)) == pytest.approx(0.45)
        assert status_utility(*singles(0.45, 2.0, 0.3, 0.05)) == pytest.approx(0.1575)
        assert [share_at_or_above(np.array([[6], [3], [1]]), k, 0) for k in range(3)] == pytest.approx([1, 0.4, 0.1])
        nothing = {**TIERED, "reward": 0.0}
        found = [self.pull(0, k, (6, 3, 1), nothing)[0] for k in range(3)]
        assert found == pytest.approx([0.0, 0.3 * 0.6 / 2, 0.35 * 0.9 * 2 / 3])

    def test_status_is_worth_less_the_more_share_it_and_nothing_if_all_do(self):
        """A utility of tiers that all have raises profit by 36 %."""
        pulls = [self.pull(0, 1, (10 - k, k, 0), {**TIERED, "reward": 0.0})[0] for k in range(1, 11)]
        assert np.all(np.diff(pulls) < 0)
        assert pulls[-1] == 0.0

    def test_a_ladder_that_gives_nothing_is_worth_nothing(self):
        bare = {**TIERED, "reward": 0.0, "tier_discount": [0.0] * 3}
        assert self.pull(0, 2, (6, 3, 1), bare)[0] == 0.0
        assert 0.0 < self.pull(500, 2, (6, 3, 1), {**bare, "reward": 5.0})[0] < 0.2  # points are real, and so is status

    @given(st.integers(1, 2000), st.integers(0, 500))
    def test_pull_grows_towards_the_goal_and_no_further(self, points, more):
        (here, quick), (later, quicker) = (self.pull(p, program=CARD) for p in (points, points + more))
        assert 0.0 < here <= later <= 1.6 * 0.125 * 0.7 + 1e-6
        assert 0.0 <= quick <= quicker <= 0.25 * 0.125 / 1.125

    def test_the_goal_that_hastens_most_counts(self):
        small = Small(1, [{"program": CARD}, {"program": CARD}, {}], rewards=SETTINGS)
        small.c.member[:2], small.c.points[:2, 0], small.c.basket[:] = 1, [800, 500], 40.0
        small.phases(Phase.PROGRESS)
        worth = 0.125 * self.PAID
        assert small.c.boost[0] == pytest.approx(1 + 0.25 * 0.8 * worth / (1 + worth))

    @given(st.floats(0, 1, width=32), st.floats(0, 1e6, width=32), st.floats(0, 1, width=32))
    def test_endless_wealth_hastens_as_nearness_does_and_a_basket_half_as_much(self, progress, worth, acceleration):
        most = float(progress) * float(acceleration)
        assert 0.0 <= hastened(*singles(progress, worth, acceleration)) <= most * (1 + 1e-6)
        assert hastened(*singles(progress, 1e6, acceleration)) == pytest.approx(most, rel=1e-5)
        assert hastened(*singles(progress, 1.0, acceleration)) == pytest.approx(most / 2, rel=1e-6)

    def test_none_for_those_outside_and_where_there_is_nothing_to_win(self):
        assert self.pull(900, member=0) == (0.0, 0.0)
        assert self.pull(900, program={**CARD, "reward": 0.0}) == (0.0, 0.0)


class TestNeedIsConserved:
    @given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=60), st.floats(0.03125, 1, width=32))
    def test_what_comes_earlier_is_missing_later(self, hastes, repayment):
        """With nothing missing, cards at all firms raise occasions by 22 %."""
        debt, boost, total = (np.zeros(1, np.float32) for _ in range(3))
        for haste in hastes:
            shift_need(boost, debt, np.array([haste], np.float32), np.float32(repayment), 0, 1)
            assert -1e-5 <= boost[0] <= 2.0
            total += boost - 1
        assert total[0] == pytest.approx(debt[0], abs=1e-4)
        for _ in range(2000):
            shift_need(boost, debt, np.zeros(1, np.float32), np.float32(repayment), 0, 1)
            total += boost - 1
        assert total[0] == pytest.approx(0.0, abs=1e-3)


class TestBooks:
    def test_what_members_spend(self):
        small = club(4, periods=1)
        small.c.year_spend[:] = [[100, 0, 300, 0], [50, 70, 0, 0]]
        small.c.member[:] = [[1, 1, 0, 0], [0, 0, 0, 1]]
        small.run("rewards", compare_members)
        assert small.counted("member_spend") == [100, 0, 0]
        assert small.counted("member_wallet") == [150 + 70, 0, 0]

    def test_who_is_a_member_and_bought(self):
        """Whatever she paid: two of three members bought here, one of them for nothing."""
        small = club(4, periods=1)
        small.c.year_purchases[0], small.c.member[0] = [2, 1, 0, 5], [1, 1, 1, 0]
        small.run("rewards", compare_members)
        assert small.counted("member_buyers") == [2, 0, 0]

    def test_administration_is_rounded_once(self):
        """Three members at 1.25 cents: 3.75."""
        small = club(5, {"member_cost": 0.0125})
        small.c.tier_members[:2, 0] = [2, 1]
        small.run("rewards", book_membership)
        assert small.counted("membership") == [4, 0, 0]


class TestProvision:
    def test_by_hand(self):
        """5 points of 0.4 cu and 2.5 of 0.2, at half the cost: 1.25 cu; then the first are paid."""
        small = club(2, {**CARD, "reward_cost": 0.5})
        small.c.points[0], small.c.point_value[0] = [500, 250], [0.4, 0.2]
        small.run("rewards", set_aside)
        assert (small.counted("provision")[0], small.counted("provision_held")[0]) == (125, 125)
        small.c.points[0, 0] = 0
        small.run("rewards", set_aside)
        assert (small.counted("provision")[0], small.counted("provision_held")[0]) == (25, 25)  # 125 - 100
        assert small.c.provided[0].tolist() == [0, 25]

    @given(st.lists(st.lists(st.integers(0, 5000), min_size=3, max_size=3), min_size=1, max_size=12))
    def test_what_is_booked_less_what_is_released_is_what_is_held(self, balances):
        small = club(3, {**CARD, "reward_cost": 0.7})
        small.c.point_value[0] = [0.137, 0.411, 0.033]
        for points in balances:
            small.c.points[0] = points
            small.run("rewards", set_aside)
        owed = 0.7 * sum(p * v for p, v in zip(points, (0.137, 0.411, 0.033), strict=True))
        assert small.c.provided[0].sum() == small.counted("provision_held")[0]
        assert small.counted("provision")[0] == small.counted("provision_held")[0] == pytest.approx(owed, abs=1.6)


class TestTerms:
    def test_near_a_goal_there_is_more_need(self):
        small = club(2)
        small.c.boost[:] = [1.25, 1.0]
        small.phases(Phase.NEED)
        assert small.passing.need[:2].tolist() == [1.25, 1.0]

    def test_a_tier_takes_its_discount_off_the_bill_and_adds_it_to_utility(self):
        """A discount of 0.1 at price 1.1 weighs 0.8 * 1.5 * 1.1 * 0.1 = 0.132."""
        small = club(2, TIERED, pricing={"price_sensitivity": 1.5})
        small.c.member[0], small.c.tier[0], small.c.price_weight[:], small.firms.price[:] = 1, [2, 0], 0.8, 1.1
        small.visits([0, 1], [0, 0])
        small.phases(Phase.NEED, Phase.DELIVERY)
        assert small.at("visit_discount") == pytest.approx([0.1, 0.0])
        small.passing.utility[:] = 0.0
        small.run("rewards", add_programme)
        assert small.passing.utility[0, :2] == pytest.approx([0.132, 0.0])
