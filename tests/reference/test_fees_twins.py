"""The twins of memberships that cost a fee, tiers by class and points pressure: by hand, and against the kernels.

Whole markets with fees, discounts of members and pressure are held against the reference market beside the engine.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.mechanisms.loyalty.enrolment import enrol_visitors, renew_memberships
from abm.mechanisms.loyalty.pressure import feel_pressure
from abm.mechanisms.loyalty.progress import add_programme, expect_points, value_points
from abm.mechanisms.loyalty.rewards import forfeit
from abm.mechanisms.loyalty.tiers import asked, close_window, discount_tiers, promote_visitors, rate_classes
from abm.mechanisms.measurement.cards import count_cards
from abm.scenario.scenario import Scenario
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import membership, pressure, rewards, switching_cost, tiers
from tests.reference.accounts import hundredths
from tests.reference.by_hand import counts, listed, per_firm, per_pair, put, share, visited, visits_with
from tests.reference.closeness import as_single, near
from tests.reference.encounter import clipped
from tests.reference.pressure import Climber
from tests.reference.state import Programme

LAPSE = as_single(0.02)


class TestMembershipByHand:
    card = Programme(
        earn_per_visit=1.0, earn_rate=0.05, goal=10.0, reward=5.0, hassle=3.0, fee=4.5, member_discount=0.1,
        tier_threshold=(100.0,), tier_discount=(0.15,), tier_bonus=(0.5,), tier_window=8,
    )  # fmt: skip

    def test_discounts_add_up(self):
        assert [membership.tier_cut(self.card, tier) for tier in (0, 1)] == pytest.approx([0.1, 0.25])

    def test_points_are_earned_on_what_is_paid(self):
        """1 + 0.05 * 36 = 2.8; at the tier (1 + 0.05 * 30) 1.5 = 3.75."""
        found = [membership.visit_points(self.card, 40.0, 1.0, tier) for tier in (0, 1)]
        assert found == pytest.approx([2.8, 3.75])

    def test_points_from_elsewhere_come_in_between_visits(self):
        """3 a period and a visit every other period: 6 and 2.8; who never comes gets next to endlessly many."""
        assert membership.points_between_visits(2.8, 3.0, 0.5) == pytest.approx(8.8)
        assert membership.points_between_visits(2.8, 3.0, 0.0) == pytest.approx(3.0e6, rel=1e-5)

    def test_what_a_year_brings(self):
        """Of points that are paid for sure, 0.5 cu: 10 visits of 1.4 and 4.0, 20 points between them, and 2 at hand."""
        sure = Programme(**{**vars(self.card), "goal": 0.01, "reward": 0.005})
        benefit = membership.yearly_benefit(sure, 40.0, 1.0, 0, 0.5, 1.0, held=200, year=20, lapse=0.0)
        assert benefit == pytest.approx(10 * 5.4 + 10.0 + 1.0)

    def test_who_joins_and_who_renews(self):
        """3 as she minds it, 1.5 times, and 4.5: 9; a year later 4.5, if she still buys."""
        assert [membership.joins(self.card, benefit, 1.5) for benefit in (9.0, 9.1)] == [False, True]
        assert [membership.renews(self.card, benefit, False) for benefit in (4.5, 4.6)] == [False, True]
        assert not membership.renews(self.card, 100.0, True)

    def test_when_a_fee_is_due(self):
        assert [t for t in range(20) if membership.renewal_due(t, 3, 6)] == [9, 15]

    def test_cards(self):
        """Two cards, one of which is of a programme that there still is; both; none."""
        members = [(True, True, False), (True, False, True), (False, False, False)]
        assert membership.cards_counted(members, (True, False, True)) == (2, [3, 0, 2], [1, 0, 0])


class TestTiersByHand:
    by_class = Programme(tier_threshold=(100.0, 200.0), tier_rule="class_and_spend", class_factor=(0.5, 0.125))

    def test_factors(self):
        """Class B has 0.125; C has no entry, and who is in no class none either."""
        assert [tiers.own_factor(self.by_class, of) for of in range(5)] == [1.0, 0.5, 0.125, 1.0, 1.0]
        assert tiers.own_factor(Programme(class_factor=(0.5,)), 1) == 1.0

    def test_what_a_tier_takes(self):
        """12.5 cents are 13; 0.04 cu are 4 cents, an eighth of which is half a cent: 1."""
        assert [tiers.asked(*case) for case in ((1.0, 0.125), (0.04, 0.125), (1.0, 1.0))] == [13, 1, 100]
        assert [tiers.tier_reached(cents, (100.0, 200.0), 0.5) for cents in (4999, 5000, 10000)] == [0, 1, 2]

    def test_titles(self):
        """Held by a tenth, a benefit as large as noticed: 0.45 of 0.15 at tier 1 and of 0.25 at tier 3."""
        p = {"status_scarcity": 0.15, "status_step": 0.05, "noticed": 0.05}
        assert [tiers.title(k, 0.1, 0.05, p) for k in (0, 1, 3)] == pytest.approx([0.0, 0.0675, 0.1125])
        assert [tiers.share_at_or_above(of, 1) for of in ([0, 1, 2, 0], [])] == [0.5, 1.0]


class TestPressureByHand:
    def test_chances(self):
        """e^-2 for 40 where 20 are usual; a visit of 20 makes it e^-1; who has it all but 5 is there with the visit."""
        assert pressure.chance_added(40.0, 20.0, 20.0) == pytest.approx(0.232544, abs=1e-6)
        assert pressure.chance_added(5.0, 20.0, 10.0) == pytest.approx(1.0 - 0.606531, abs=1e-6)
        assert pressure.chance_added(0.02, 0.01, 0.0) == pytest.approx(0.232544, abs=1e-6)

    def test_periods_left(self):
        assert [pressure.periods_left(t, 4) for t in (0, 2, 3, 4)] == [3, 1, 4, 3]

    def test_pull(self):
        """40 are missing, 20 usual in the period left: 0.2325 of twice 4 visits of 0.1 baskets at a response of 3."""
        programme = Programme(tier_threshold=(100.0,), tier_discount=(0.1,), tier_window=4)
        one = Climber(6000, 1.0, 0, 0.0, 1.0, 20.0, 3.0)
        p = {"pressure": 2.0, "status_scarcity": 0.0, "status_step": 0.0, "noticed": 0.05}
        pull, added, worth = pressure.felt(one, programme, 1.0, [1.0, 0.5], 2, p)
        assert (pull, added, worth) == pytest.approx((0.232544 * 2.4, 0.232544, 0.8), abs=1e-6)
        assert pressure.felt(Climber(10000, 1.0, 0, 0.0, 1.0, 20.0, 3.0), programme, 1.0, [1.0, 0.5], 2, p)[0] == 0.0


rate = st.floats(0.0, 4.0, width=32)
often = st.sampled_from([True, True, False])
plain = {
    "earn_per_visit": st.sampled_from([0.0, 1.0, 2.5]),
    "earn_rate": st.sampled_from([0.0, 0.05, 0.3]),
    "goal": st.sampled_from([0.01, 4.0, 10.25]),
    "reward": st.sampled_from([0.0, 2.5, 7.3]),
    "redemption": st.sampled_from([0.0, 0.3, 1.0]),
    "expiry": st.integers(0, 3),
    "hassle": st.sampled_from([0.0, 2.0, 11.0]),
    "fee": st.sampled_from([0.0, 0.125, 9.99]),
    "endowment": st.sampled_from([0.0, 0.125, 3.0]),
    "member_discount": st.sampled_from([0.0, 0.0625, 0.3]),
    "tier_window": st.integers(1, 6),
    "tier_rule": st.sampled_from(["spend", "class_and_spend"]),
}
three = {
    "tier_threshold": st.sampled_from([[10.0, 20.0, 40.0], [0.04, 0.12, 30.0]]),
    "tier_discount": st.sampled_from([[0.0, 0.0, 0.0], [0.03125, 0.1, 0.25]]),
    "tier_bonus": st.sampled_from([[0.0, 0.0, 0.0], [0.0, 0.5, 2.0]]),
    "class_factor": st.sampled_from([[], [0.125], [0.3, 0.55, 1.7, 0.9]]),
}
SINGLE = ("earn_per_visit", "earn_rate", "redemption", "member_discount", "hassle")


def allowed(fields):
    """Return a programme's fields that go together: factors only where they count, a fee only of who chose to join."""
    if fields["tier_rule"] == "spend":
        fields = {**fields, "class_factor": []}
    return fields


untiered = st.fixed_dictionaries({name: of for name, of in plain.items() if name != "tier_rule"})
tiered = st.fixed_dictionaries({**plain, **three}).map(allowed)


def as_programme(fields):
    """Return a programme as the twins know it, with the numbers that the engine keeps as float32 as it holds them."""
    fields = {name: value for name, value in fields.items() if name in Programme.__dataclass_fields__}
    single = {name: as_single(fields[name]) for name in SINGLE}
    lists = {name: tuple(map(as_single, fields.get(name, ()))) for name in ("tier_discount", "tier_bonus")}
    exact = {name: tuple(fields.get(name, ())) for name in ("tier_threshold", "class_factor")}
    return Programme(**{**fields, **single, **lists, **exact})


def market(programmes, year=6, **sections):
    """Return a small market of two firms with programmes."""
    prices = (1.25, 0.75)
    firms = [{"price": price, "program": of} for price, of in zip(prices, programmes, strict=True)]
    small = Small(3, firms, customer_classes={}, periods_per_year=year, **sections)
    return small, prices


def set_pairs(small, pairs, *names):
    """Set columns of pairs from what is drawn of each."""
    for k, name in enumerate(names):
        small.c[name][:] = [[one[k] for one in row] for row in pairs]


def single(column: Any, *place: int) -> float:
    """Return an entry of a column as a Python number."""
    return column[place].item()


def visits_to(small, i, j):
    """Return how often a customer is expected at a firm in a period."""
    return single(small.c.purchase_rate, i) * single(small.c.preference, j, i)


def benefit(small, programme, i, j, tier, price, held, year):
    """Return what the twin expects a year to bring a customer."""
    basket, elsewhere = single(small.c.basket, i), single(small.c.points_elsewhere, j, i)
    visits = visits_to(small, i, j)
    return membership.yearly_benefit(
        programme, basket, price, tier, visits, elsewhere, held=held, year=year, lapse=LAPSE
    )


traits = st.lists(st.tuples(rate, st.floats(0.5, 60.0, width=32)), min_size=3, max_size=3)


@pytest.mark.slow
@settings(max_examples=examples(60))
@given(
    st.tuples(untiered, untiered),
    per_firm(st.booleans()),
    traits,
    st.lists(rate, min_size=3, max_size=3),
    per_pair(st.tuples(st.sampled_from([False, False, True]), share, st.sampled_from([0.0, 0.5, 7.0]))),
    visits_with(st.tuples()),
    st.integers(0, 9),
)
def test_who_joins_is_that_of_the_twin(programmes, automatic, customers, bothers, pairs, visits, t):
    programmes = [
        {**of, "enrolment": "automatic", "fee": 0.0} if all_join else of
        for of, all_join in zip(programmes, automatic, strict=True)
    ]
    small, prices = market(programmes)
    c = small.c
    c.purchase_rate[:], c.basket[:] = np.array(customers).T
    c.hassle_factor[:] = bothers
    set_pairs(small, pairs, "member", "preference", "points_elsewhere")
    c.points[:] = c.member * 17
    expected = {name: c[name].tolist() for name in ("member", "points", "given", "joined")}
    names = ("enrolled", "points_issued", "points_outstanding", "membership_fees")
    counted = {name: [0, 0] for name in names}
    for i, j, *_ in visits:
        programme = as_programme(programmes[j])
        given_now = hundredths(programme.endowment)
        brings = benefit(small, programme, i, j, 0, prices[j], given_now, 6)
        assume(programme.enrolment == "automatic" or not near(brings, membership.bother(programme, bothers[i])))
        if not expected["member"][j][i] and membership.joins(programme, brings, bothers[i]):
            expected["member"][j][i], expected["joined"][j][i] = 1, t
            expected["points"][j][i] = expected["given"][j][i] = given_now
            for name, amount in zip(names, (1, given_now, given_now, hundredths(programme.fee)), strict=True):
                counted[name][j] += amount
    listed(small, visits)
    small.run("rewards", enrol_visitors, t)
    assert {name: c[name].tolist() for name in expected} == expected
    assert {name: counts(small, name)[0].tolist() for name in names} == counted


@pytest.mark.slow
@settings(max_examples=examples(80))
@given(
    st.tuples(tiered.filter(lambda of: of["fee"] > 0), tiered),
    per_firm(st.sampled_from([True, True, True, False])),
    traits,
    per_pair(
        st.tuples(
            often, share, st.sampled_from([0.0, 0.5]), st.integers(0, 3), st.sampled_from([0, 50, 2000]),
            st.sampled_from([0, 1, 2, 4, 8]),
        )
    ),
    st.lists(st.sampled_from([-1, 0]), min_size=3, max_size=3),
    st.sampled_from([2, 2, 3]),
    st.sampled_from([4, 4, 7, 8]),
)  # fmt: skip
def test_who_renews_is_that_of_the_twin(programmes, there, customers, pairs, exited, year, t):
    small, prices = market(programmes, year)
    c = small.c
    c.purchase_rate[:], c.basket[:] = np.array(customers).T
    set_pairs(small, pairs, "member", "preference", "points_elsewhere", "tier", "points", "joined")
    c.given[:], c.qualifying_spend[:], c.exited[:] = 5, 700, exited
    small.firms.has_program[:] = there
    columns = ("member", "points", "given", "tier", "qualifying_spend", "joined")
    expected = {name: c[name].tolist() for name in columns}
    names = (
        *("renewals_due", "renewed", "memberships_ended", "membership_fees"), *("points_expired", "points_outstanding")
    )  # fmt: skip
    counted = {name: [0, 0] for name in names}
    for j, fields in enumerate(programmes):
        programme = as_programme(fields)
        for i in range(3):
            joined, of_member, points = pairs[j][i][5], pairs[j][i][0], pairs[j][i][4]
            due = there[j] and programme.fee > 0 and of_member and membership.renewal_due(t, joined, year)
            if not due:
                continue
            brings = benefit(small, programme, i, j, pairs[j][i][3], prices[j], points, year)
            assume(not near(brings, programme.fee))
            counted["renewals_due"][j] += 1
            if membership.renews(programme, brings, exited[i] >= 0):
                counted["renewed"][j] += 1
                counted["membership_fees"][j] += hundredths(programme.fee)
                continue
            counted["memberships_ended"][j] += 1
            counted["points_expired"][j] += points
            counted["points_outstanding"][j] -= points
            for name, after in zip(columns, (0, 0, 0, 0, 0, -1), strict=True):
                expected[name][j][i] = after
    small.run("rewards", renew_memberships, t)
    assert {name: c[name].tolist() for name in columns} == expected
    assert {name: counts(small, name)[0].tolist() for name in names} == counted


@given(st.integers(0, 300) | st.integers(0, 10_000_000), st.sampled_from([0.125, 0.25, 0.3, 0.5, 1.0, 1.7]))
@example(4, 0.125)
def test_what_a_tier_takes_is_that_of_the_twin(cents, factor):
    assert asked(np.int64(cents), np.float32(factor)) == tiers.asked(cents / 100.0, as_single(factor))


STATUS = {
    "promotion": st.sampled_from([0.05, 0.6]),
    "demotion": st.sampled_from([0.1, 0.7]),
    "status_scarcity": st.sampled_from([0.0, 0.5]),
    "status_step": st.sampled_from([0.0, 0.25]),
    "noticed": st.floats(0.015625, 2.0, width=32),
    "pressure": st.sampled_from([0.5, 4.0]),
    "acceleration": share,
}
members_by_tier = per_firm(st.lists(st.integers(0, 3), min_size=5, max_size=5))
# of a pair: member, tier, spend of the window, class, trust, commitment, point value
climbing = st.tuples(
    often, st.integers(0, 3), st.sampled_from([0, 1, 124, 125, 500, 999, 1000, 2500, 6800]), st.integers(0, 4), share,
    share, st.sampled_from([0.0, 0.25, 5.0]),  # at 5 points of the price outweigh a discount
)  # fmt: skip
CLIMBING = (
    *("member", "tier", "qualifying_spend", "customer_class", "trust", "affective_commitment", "point_value"),
)  # fmt: skip


def climbers(programmes, numbers, pairs, by_tier, baskets, there):
    """Return a small market whose classes are rated, and the factor of each pair, by the twin."""
    small, prices = market(programmes, rewards=numbers)
    set_pairs(small, pairs, *CLIMBING)
    small.c.basket[:] = baskets
    small.c.tier_members[:] = np.array(by_tier).T
    small.firms.has_tiers[:] = there
    factors = [
        [tiers.own_factor(as_programme(of), one[3]) for one in row] for of, row in zip(programmes, pairs, strict=True)
    ]
    if any(of["tier_rule"] == "class_and_spend" for of in programmes):
        small.run("rewards", rate_classes)
        assert small.c.tier_factor.tolist() == factors
    return small, prices, factors


def standing(programme, tier, value, basket, price, by_tier, p):
    """Return the status of a tier in a customer's eyes."""
    shares = tiers.share_at_or_above([k for k, many in enumerate(by_tier) for _ in range(many)], tier)
    return rewards.standing(1.0 - shares, tiers.tier_benefit(programme, value, basket, price, tier), p)


three_baskets = st.lists(st.sampled_from([1.0, 20.0, 60.0]), min_size=3, max_size=3)


@pytest.mark.slow
@settings(max_examples=examples(60))
@given(
    st.tuples(tiered, tiered),
    st.fixed_dictionaries(STATUS),
    per_pair(climbing),
    members_by_tier,
    three_baskets,
    per_firm(st.sampled_from([1, 1, 1, 0])),
    visits_with(st.tuples(st.sampled_from([0, 1, 124, 125, 500, 1000]))),
)
def test_promotions_are_those_of_the_twin(programmes, numbers, pairs, by_tier, baskets, there, visits):
    small, prices, factors = climbers(programmes, numbers, pairs, by_tier, baskets, there)
    expected = [[list(one) for one in row] for row in pairs]
    for i, j, spend in visits:
        programme, one = as_programme(programmes[j]), expected[j][i]
        if not (one[0] and there[j]):
            continue
        one[2] += spend
        reached = tiers.tier_reached(one[2], programme.tier_threshold, factors[j][i])
        if reached > one[1]:
            gained = numbers["promotion"] * standing(
                programme, reached, one[6], baskets[i], prices[j], by_tier[j], numbers
            )
            one[1], one[4], one[5] = reached, clipped(one[4] + gained), clipped(one[5] + gained)
    listed(small, visits)
    put(small, visit_spend=[spend for *_, spend in visits])
    small.run("rewards", promote_visitors)
    assert_climbed(small, expected)


@pytest.mark.slow
@settings(max_examples=examples(60))
@given(
    st.tuples(tiered, tiered),
    st.fixed_dictionaries(STATUS),
    per_pair(climbing),
    members_by_tier,
    three_baskets,
    per_firm(st.sampled_from([1, 1, 1, 0])),
    st.integers(0, 12),
)
def test_closed_windows_are_those_of_the_twin(programmes, numbers, pairs, by_tier, baskets, there, t):
    pairs = [[one if one[0] else (False, 0, 0, *one[3:]) for one in row] for row in pairs]
    small, prices, factors = climbers(programmes, numbers, pairs, by_tier, baskets, there)
    expected, demoted = [[list(one) for one in row] for row in pairs], [0, 0]
    for j, row in enumerate(expected):
        programme = as_programme(programmes[j])
        if not there[j] or (t + 1) % programme.tier_window:
            continue
        for i, one in enumerate(row):
            earned = tiers.tier_reached(one[2], programme.tier_threshold, factors[j][i])
            if earned < one[1]:
                lost = numbers["demotion"] * standing(
                    programme, one[1], one[6], baskets[i], prices[j], by_tier[j], numbers
                )
                one[4], one[5] = clipped(one[4] - lost), clipped(one[5] - lost)
                demoted[j] += 1
            one[1], one[2] = earned, 0
    small.run("rewards", close_window, t)
    assert_climbed(small, expected)
    assert counts(small, "demoted")[0].tolist() == demoted


def assert_climbed(small, expected):
    """Compare tiers, spend, trust and commitment of all pairs."""
    for k, name in enumerate(CLIMBING):
        of_twin = [[one[k] for one in row] for row in expected]
        np.testing.assert_allclose(small.c[name], of_twin, atol=1e-6 if k >= 4 else 0, err_msg=name)


@pytest.mark.slow
@settings(max_examples=examples(80))
@given(
    st.tuples(tiered, tiered),
    st.fixed_dictionaries(STATUS),
    per_pair(climbing),
    members_by_tier,
    three_baskets,
    per_firm(st.sampled_from([1, 1, 1, 0])),
    st.lists(st.tuples(rate, rate, share), min_size=3, max_size=3),
    per_pair(share),
    st.integers(0, 12),
)
def test_pressure_is_that_of_the_twin(
    programmes, numbers, pairs, by_tier, baskets, there, customers, preferences, t
):  # fmt: skip
    small, prices, factors = climbers(programmes, numbers, pairs, by_tier, baskets, there)
    c, haste = small.c, small.scratch("rewards", "haste")
    c.purchase_rate[:], c.price_response[:], before = np.array(customers).T
    c.preference[:], c.program_utility[:] = preferences, 0.25
    haste[:3] = before
    small.run("rewards", feel_pressure, t)
    for i, (purchase_rate, response, hastened) in enumerate(customers):
        goals = []
        for j in range(2):
            programme, (of_member, tier, spend, *_, value) = as_programme(programmes[j]), pairs[j][i]
            pull = 0.0
            if of_member and there[j]:
                shares = [
                    tiers.share_at_or_above([k for k, many in enumerate(by_tier[j]) for _ in range(many)], k)
                    for k in range(5)
                ]
                visits = purchase_rate * preferences[j][i]
                one = Climber(spend, factors[j][i], tier, value, visits, baskets[i], response)
                pull, added, worth = pressure.felt(one, programme, prices[j], shares, t, numbers)
                goals.append((added, worth))
            assert c.program_utility[j, i] == pytest.approx(0.25 + pull, rel=2e-5, abs=2e-5)
        most = max(hastened, rewards.haste(goals, numbers["acceleration"]))
        assert haste[i] == pytest.approx(most, rel=2e-5, abs=2e-6)


@pytest.mark.slow
@settings(max_examples=examples(50))
@given(
    st.tuples(tiered, tiered),
    per_pair(st.tuples(often, st.integers(0, 3), st.sampled_from([0, 150]), share, rate, st.sampled_from([0.0, 0.5]))),
    traits,
    st.lists(rate, min_size=3, max_size=3),
    visits_with(st.tuples()),
    st.integers(0, 12),
)
def test_what_members_are_spared_and_forfeit_is_that_of_the_twin(programmes, pairs, customers, responses, visits, t):
    small, prices = market(programmes)
    c, of_twin = small.c, [as_programme(of) for of in programmes]
    c.purchase_rate[:], c.basket[:] = np.array(customers).T
    c.price_response[:] = responses
    set_pairs(small, pairs, "member", "tier", "points", "preference", "program_utility", "points_elsewhere")
    small.run("rewards", expect_points)
    small.run("rewards", value_points)
    small.passing.utility[:, :3] = 0.5
    small.run("rewards", add_programme)
    for j, programme in enumerate(of_twin):
        for i, (of_member, tier, _, preference, own, elsewhere) in enumerate(pairs[j]):
            basket, visits_here = customers[i][1], customers[i][0] * preference
            value = membership.point_value(programme, basket, prices[j], tier, visits_here, elsewhere, LAPSE)
            assert c.point_value[j, i] == pytest.approx(value, rel=2e-5, abs=1e-7)
            spared = responses[i] * prices[j] * membership.tier_cut(programme, tier) if of_member else 0.0
            assert small.passing.utility[j, i] == pytest.approx(0.5 + own + spared, rel=1e-5)
    listed(small, visits)
    put(small, at_stake=0.0, visit_discount=0.0, visit_provider=[j for _, j in visits])
    small.run("rewards", forfeit, t)
    small.run("rewards", discount_tiers, t)
    for v, (i, j) in enumerate(visits):
        of_member, tier, points, *_ = pairs[j][i]
        cut = membership.tier_cut(of_twin[j], tier) if of_member else 0.0
        assert small.at("visit_discount")[v] == pytest.approx(cut, abs=1e-6)
        left = switching_cost.periods_left(t, of_twin[j].tier_window)  # a discount of all members is not at stake
        stake = switching_cost.points_value(points, single(c.point_value, j, i))
        stake += switching_cost.tier_value(of_twin[j].discount(tier), customers[i][1], customers[i][0], left)
        assert small.at("at_stake")[v] == pytest.approx(stake, rel=1e-5, abs=1e-6)


@settings(max_examples=examples(30))
@given(
    st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=5, max_size=5),
    st.lists(st.booleans(), min_size=3, max_size=3),
)
@example([[True, True, True]] * 5, [True, False, True])
def test_cards_are_those_of_the_twin(members, there):
    small = Small(5, [{"program": {"preset": "points"}}] * 3, cards={})
    small.c.member[:] = np.array(members).T
    small.firms.has_program[:] = there
    small.run("cards", count_cards)
    holders, held, sole = membership.cards_counted(members, there)
    assert small.counted("card_holders")[-1] == holders
    assert small.counted("cards_held")[:3] == held
    assert small.counted("sole_cards")[:3] == sole


CLASSED = {
    "periods": 24,
    "periods_per_year": 6,
    "population": {"customers": 120, "purchase_rate": 0.8, "basket": 20.0},
    "customer_classes": {"every": 5, "share_a": 0.1, "share_b": 0.2},
    "firms": [
        {
            "name": "north",
            "program": {
                "hassle": 0.5, "earn_per_visit": 1.0, "earn_rate": 0.05, "goal": 4.0, "reward": 4.0, "tier_window": 3,
                "tier_threshold": [30.0, 60.0, 130.0], "tier_discount": [0.03125, 0.0625, 0.125],
                "tier_bonus": [0.0, 0.5, 1.0], "tier_rule": "class_and_spend", "class_factor": [0.33, 0.61, 1.4],
            },
        },
        {"name": "east", "price": 0.95},
    ],
}  # fmt: skip


@pytest.mark.slow
def test_tiers_by_class_of_a_whole_market_are_those_of_the_twin():
    """Thresholds go by the class with which a period begins, also where it closes the window."""
    scenario = Scenario.parse(CLASSED)
    engine = Engine(scenario, seed=6)
    c, programme = engine.world.customers, as_programme(scenario.firms[0].program.model_dump())
    spends, held, moved = [0] * 120, [0] * 120, {"up": 0, "down": 0}
    lowered = 0
    for t in range(24):
        engine.run(1)
        paid = [0] * 120
        for i, j, spend in visited(engine, "visit_customer", "visit_firm", "visit_spend"):
            paid[i] += spend if j == 0 else 0
        for i in range(120):
            factor = tiers.own_factor(programme, int(c.customer_class[0, i]))
            if c.member[0, i]:
                spends[i] += paid[i]
                earned = tiers.tier_reached(spends[i], programme.tier_threshold, factor)
                lowered += earned != tiers.tier_reached(spends[i], programme.tier_threshold)
                moved["up"] += earned > held[i]
                held[i] = max(held[i], earned)
                if (t + 1) % programme.tier_window == 0:
                    moved["down"] += earned < held[i]
                    held[i], spends[i] = earned, 0
        assert c.tier[0].tolist() == held
        assert c.qualifying_spend[0].tolist() == spends
    assert min(moved.values()) > 20
    assert lowered > 20
