"""The twins of coalitions and of bystanders: by numbers worked by hand, against the kernels, and in whole markets."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.mechanisms.phases import Phase
from abm.scenario.scenario import Scenario
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import bystanders, coalition, membership
from tests.reference.by_hand import SEED, counts, listed, per_firm, per_pair, share, visited, visits_with
from tests.reference.bystanders import UNIT, Treatment
from tests.reference.closeness import as_single
from tests.reference.coalition import Partners
from tests.reference.mirror import run_side_by_side
from tests.reference.random_numbers import customer_words, stream_key, uniform
from tests.reference.state import Customer, Programme


class TestCoalitionByHand:
    p = coalition.EXAMPLE

    def test_points_and_what_they_cost(self):
        """3 partners, 0.25 dealings, 0.5 points: 0.375, kept as 0.38; each is paid with 0.8 of 5 cu / 10 = 40 cents."""
        terms = Partners(3, 0.5)
        assert terms.points(0.25) == pytest.approx(0.375)
        found = Counter()
        c = member(purchase_rate=0.25)
        coalition.credit(c, 0, Programme(reward=5.0, goal=10.0), terms, found)
        assert c.points == [38]
        assert found == {"points_issued": 38, "partner_points": 38, "partner_money": 38 * 4000}

    def test_the_fee_and_control(self):
        """3 partners: 3 (0.005 + 0.01 ln 2) cu = 3.5794 cents, kept as 358 hundredths of a cent."""
        assert Partners(3, quality_control=0.5).expense == 358

    def test_claims(self):
        """25.10 points hold two rewards of 10; 9.99 hold none, and what was given still counts."""
        programme, found = Programme(reward=5.0, goal=10.0, reward_cost=0.5), Counter()
        rich, poor = member(points=[2510], given=[100]), member(points=[999], given=[100])
        for c in (rich, poor):
            coalition.claim(c, 0, programme, found)
        assert (rich.points, rich.given, poor.points, poor.given) == ([510], [0], [999], [100])
        assert found == {"points_redeemed": 2000, "rewards_redeemed": 2, "rewards_cost": 500}

    def test_failures(self):
        """2 partners, 0.5 dealings, 0.4 of them fail, half is prevented: 0.2 expected, 1 - e^-0.2."""
        assert Partners(2, quality_control=0.5).chance_of_failure(0.5, 0.4) == pytest.approx(0.181269, abs=1e-6)
        assert coalition.trust_after_failure(0.5, 0.0, self.p) == pytest.approx(0.47)
        assert coalition.trust_after_failure(0.5, 0.5, self.p) == pytest.approx(0.485)

    def test_a_card_lapses_with_its_points(self):
        assert [coalition.in_use(True, 3, 5, t) for t in (8, 9)] == [True, False]
        assert coalition.in_use(True, 0, -1, 1000)
        assert not coalition.in_use(False, 0, 5, 5)


class TestBystandersByHand:
    p = bystanders.EXAMPLE

    def test_what_a_tier_brings(self):
        """1 + 0.05 * 40 = 3 points; at the tier 1 + 0.05 * 36 = 2.8, half more: 1.2 of 0.5 cu in 40, and a tenth."""
        programme = Programme(earn_per_visit=1.0, earn_rate=0.05, tier_discount=(0.1,), tier_bonus=(0.5,))
        assert bystanders.extra_benefit(programme, 0.5, 40.0, 1.0, 1) == pytest.approx(0.115)
        assert bystanders.extra_benefit(programme, 0.5, 40.0, 1.0, 0) == 0.0
        assert bystanders.extra_benefit(programme, 0.5, 40.0, 20.0, 1) == 1.0

    def test_gaps(self):
        """2 units among 2, 0, 0: 2 above the others' mean; 0 among them 1 below; 2 among 2 and 2 none; nobody else."""
        found = [bystanders.gap(*case) for case in ((2, [2, 0, 0]), (0, [0, 2, 0]), (2, [2, 2]), (2, [2]))]
        assert found == [2 * UNIT, -UNIT, 0.0, 0.0]

    def test_what_is_felt(self):
        """A gap as noticed counts half: 0.5 * 0.05 / 2, a clear rule takes 0.3 of it; 0.5 * 0.1 / 2, less 0.6."""
        hidden, clear = Treatment(0.5), Treatment(0.5, 1.0)
        assert bystanders.felt(0.05, hidden, self.p) == pytest.approx(0.0125)
        assert bystanders.felt(0.05, clear, self.p) == pytest.approx(0.00875)
        assert bystanders.felt(-0.05, hidden, self.p) == pytest.approx(-0.025)
        assert bystanders.felt(-0.05, clear, self.p) == pytest.approx(-0.01)

    def test_cost(self):
        """0.1 ln 2 twice: 13.86 cents, 14 in whole; each alone would be 7."""
        assert Treatment(0.5, 0.5).cost == 14
        assert Treatment(0.5, 0.5, 0.01, 0.01).cost == 1


def member(**state):
    """Return a member of one firm's programme."""
    given = {"purchase_rate": 1.0, "basket": 40.0, "aware": [True], "expectation": [0.7], "member": [True], **state}
    return Customer(**given).ready(1)


amount = st.floats(0.0, 4.0, width=32)
tiered = st.fixed_dictionaries(
    {
        "earn_per_visit": st.sampled_from([0.0, 1.0, 2.5]),
        "earn_rate": st.sampled_from([0.0, 0.0625, 0.3]),
        "goal": st.sampled_from([0.01, 4.0, 10.25]),
        "reward": st.sampled_from([0.0, 2.5, 7.3]),
        "reward_cost": st.sampled_from([0.5, 1.0]),
        "expiry": st.integers(0, 3),
        "tier_threshold": st.just([50.0, 90.0]),
        "tier_discount": st.tuples(st.sampled_from([0.0, 0.03125]), st.sampled_from([0.0625, 0.5])),
        "tier_bonus": st.tuples(st.sampled_from([0.0, 0.5]), st.sampled_from([0.0, 1.0, 30.0])),
    }
)
terms = st.fixed_dictionaries(
    {
        "partners": st.sampled_from([0, 1, 3, 20]),
        "partner_earn": amount,
        "partner_price": st.sampled_from([0.0, 0.7, 1.0]),
        "partner_redemption": st.sampled_from([0.0, 0.5, 1.0]),
        "coalition_fee": st.sampled_from([0.0, 0.0123]),
        "quality_control": st.sampled_from([0.0, 0.5, 0.984375]),
        "control_cost": st.sampled_from([0.0, 0.017]),
    }
)
# of a pair: member, points, given points, tier, trust, latest purchase, what a point is worth
cardholder = st.tuples(
    st.sampled_from([True, True, False]), st.sampled_from([0, 1, 399, 400, 1200, 5000]), st.integers(0, 500),
    st.integers(0, 2), share, st.integers(-1, 8), st.sampled_from([0.0, 0.25, 5.0]),
)  # fmt: skip
PAIR = ("member", "points", "given", "tier", "trust", "last_purchase", "point_value")


def as_programme(firm, there=True):
    """Return the programme of a firm of a scenario as the twins know it, with numbers that float32 holds."""
    if firm.program is None or not there:
        return None
    names = set(Programme.__dataclass_fields__)
    fields = {name: value for name, value in firm.program.model_dump().items() if name in names}
    for name in ("tier_discount", "tier_bonus"):
        fields[name] = tuple(as_single(value) for value in fields[name])
    for name in ("earn_rate", "earn_per_visit", "redemption", "member_discount"):
        fields[name] = as_single(fields[name])
    return Programme(**fields)


def as_terms(fields):
    """Return terms of a coalition with the numbers that decide as float32 holds them."""
    single = {name: as_single(fields[name]) for name in ("partner_redemption", "partner_earn")}
    return Partners(**{**fields, **single})


def luck_of(key, identity, t, j):
    """Return the uniform of each draw of a customer with the partners of firm j."""
    return lambda draw: uniform(customer_words(key, identity, t, draw=draw, block=j, replication=0)[0])


@pytest.mark.slow
@settings(max_examples=examples(60))
@given(
    st.tuples(tiered, tiered),
    st.tuples(terms.filter(lambda of: of["partners"] > 0), terms),
    st.fixed_dictionaries(
        {
            "partner_failure": share,
            "failure_cost": share,
            "spill_over": share,
            "noticed": st.floats(0.015625, 2.0, width=32),
        }
    ),
    per_pair(cardholder),
    st.lists(st.tuples(amount, st.floats(0.5, 90.0, width=32)), min_size=3, max_size=3),
    per_firm(st.sampled_from([True, True, True, False])),
    st.integers(0, 9),
)
def test_coalitions_are_those_of_the_twin(programmes, levers, numbers, pairs, traits, there, t):
    small = Small(
        3,
        [{"price": 1.25, "program": p, "coalition": of} for p, of in zip(programmes, levers, strict=True)],
        coalition=numbers,
    )
    c, p, key = small.c, {**coalition.EXAMPLE, **numbers}, stream_key(SEED, "coalition")
    for k, name in enumerate(PAIR):
        c[name][:] = [[one[k] for one in row] for row in pairs]
    c.purchase_rate[:], c.basket[:] = np.array(traits).T
    small.firms.has_program[:] = there
    people = [customer_of(c, i) for i in range(3)]
    c.points_elsewhere[:] = 9.0
    small.visits([], [])
    expected = [Counter(), Counter()]
    for i, one in enumerate(people):
        for j, firm in enumerate(small.scenario.firms):
            programme, of = as_programme(firm, there[j]), as_terms(levers[j])
            luck = luck_of(key, int(c.customer_id[i]), t, j)
            found, close = coalition.deal(one, j, programme, of, 1.25, luck, t, p)
            assume(not close)
            expected[j].update(found)
    small.phases(Phase.NEED, Phase.LEARNING, t=t)
    for j in range(2):
        elsewhere = [as_terms(levers[j]).points(one.purchase_rate) for one in people]
        assert c.points_elsewhere[j].tolist() == pytest.approx(elsewhere, rel=1e-6)
        assert c.points[j].tolist() == [one.points[j] for one in people]
        assert c.given[j].tolist() == [one.given[j] for one in people]
        assert c.trust[j].tolist() == pytest.approx([one.trust[j] for one in people], abs=1e-6)
    for name in coalition.COUNTS:
        found, of_twin = counts(small, name)[0], [of[name] for of in expected]
        if name == "spilled_trust":
            assert (found * UNIT).tolist() == pytest.approx(of_twin, abs=1e-5)
        else:
            assert found.tolist() == of_twin, name
    issued, redeemed = counts(small, "points_issued")[0], counts(small, "points_redeemed")[0]
    assert counts(small, "points_outstanding")[0].tolist() == (issued - redeemed).tolist()


def test_cards_in_use_are_counted_where_partners_never_fail():
    """Nobody meets a failure, which is a rate of 0, and not nothing to divide by."""
    firm = {"program": {"preset": "points"}, "coalition": {"partners": 2}}
    small = Small(3, [firm], coalition={"partner_failure": 0.0})
    small.c.member[0] = [1, 1, 0]
    small.visits([], [])
    small.phases(Phase.LEARNING)
    assert (small.counted("coalition_members")[0], small.counted("partner_failures")[0]) == (2, 0)


def customer_of(c, i):
    """Return customer i of the columns of a market."""
    pairs = {name: c[name][:, i].tolist() for name in PAIR}
    firms = len(pairs["trust"])
    known = {"aware": [True] * firms, "expectation": [0.7] * firms}
    return Customer(float(c.purchase_rate[i]), float(c.basket[i]), **known, **pairs).ready(firms)


def shows(levers):
    """Tell whether a firm lets better treatment be seen."""
    return levers["visibility"] > 0.0


shown = st.fixed_dictionaries(
    {
        "visibility": st.sampled_from([0.0, 0.25, 0.984375]),
        "rule_clarity": st.sampled_from([0.0, 0.5, 0.984375]),
        "display_cost": st.sampled_from([0.1, 0.33]),
        "clarity_cost": st.sampled_from([0.0, 0.27]),
    }
)


@pytest.mark.slow
@settings(max_examples=examples(60))
@given(
    st.tuples(tiered, tiered),
    st.tuples(shown.filter(shows), shown),
    st.fixed_dictionaries(
        {
            **dict.fromkeys(("status_weight", "unfairness_weight", "dulled", "softened"), share),
            "noticed": st.floats(0.015625, 2.0, width=32),
        }
    ),
    per_pair(st.tuples(st.integers(0, 2), st.sampled_from([0.0, 0.5, 5.0]))),
    st.lists(st.sampled_from([1.0, 20.0, 60.0]), min_size=3, max_size=3),
    visits_with(st.tuples(st.booleans())),
)
def test_bystanders_are_those_of_the_twin(programmes, levers, numbers, pairs, baskets, visits):
    """Also of visits that are not served: they are seen, and feel nothing."""
    firms = [{"price": 0.75, "program": p, "treatment": of} for p, of in zip(programmes, levers, strict=True)]
    small = Small(3, [*firms, {}], bystanders=numbers, customer_accounts={}, perceived_value={"value_weight": 0.0})
    c, p = small.c, {**bystanders.EXAMPLE, **numbers}
    c.basket[:] = baskets
    c.tier[:2], c.point_value[:2] = np.moveaxis(np.array(pairs), 2, 0)
    c.member[:2] = c.tier[:2] > 0
    c.treatment_shown.fill(77)
    listed(small, visits)
    small.phases(Phase.OPERATIONS)
    present = [[], []]
    for i, j, _ in visits:
        present[j].append(own_benefit(small, pairs, i, j))
    for j in range(2):
        total = sum(present[j]) if shows(levers[j]) else 77
        assert abs(c.treatment_shown[j] - total) <= len(present[j])
        if shows(levers[j]):
            assert c.visitors_present[j] == len(present[j])
    served = [visit for visit in visits if visit[2]]
    listed(small, served)
    small.phases(Phase.JUDGEMENT, Phase.RELATION)
    felt = [
        bystanders.shift(own_benefit(small, pairs, i, j), present[j], Treatment(**levers[j]), p) for i, j, _ in served
    ]
    gaps = [bystanders.gap(own_benefit(small, pairs, i, j), present[j]) for i, j, _ in served]
    assume(not any(map(bystanders.is_close, gaps)))
    assert small.at("satisfaction_shift").tolist() == pytest.approx(felt, abs=3e-5)
    assert_felt(small, served, levers, gaps, felt)


def own_benefit(small, pairs, i, j):
    """Return what a visitor's tier brings her beyond the base tier, in whole units."""
    tier, value = pairs[j][i]
    programme = as_programme(small.scenario.firms[j])
    return bystanders.cut_off(bystanders.extra_benefit(programme, value, float(small.c.basket[i]), 0.75, tier))


def assert_felt(small, served, levers, gaps, felt):
    """Compare what is counted of those who are treated better and worse, and what showing it costs."""
    for j in range(2):
        of_firm = [(g, s) for g, s, (_, of, _) in zip(gaps, felt, served, strict=True) if of == j and shows(levers[j])]
        better, worse = [s for g, s in of_firm if g > 0.0], [-s for g, s in of_firm if g < 0.0]
        assert counts(small, "preferred_visits")[0][j] == len(better)
        assert counts(small, "bystander_visits")[0][j] == len(worse)
        assert counts(small, "status_sum")[0][j] * UNIT == pytest.approx(sum(better), abs=1e-5 * (1 + len(better)))
        assert counts(small, "unfairness_sum")[0][j] * UNIT == pytest.approx(sum(worse), abs=1e-5 * (1 + len(worse)))
    costs = [Treatment(**of).cost for of in levers]
    service = small.firms.service_cost
    expected = [costs[j] + service[j] for _, j, _ in served]
    assert small.at("visit_cost").tolist() == expected


CLUB = {
    "enrolment": "by_benefit", "hassle": 1.0, "fee": 6.0, "earn_per_visit": 1.0, "earn_rate": 0.05, "goal": 6.0,
    "reward": 4.0, "reward_cost": 0.8, "redemption": 0.6, "endowment": 1.0, "expiry": 2, "member_discount": 0.03125,
    "tier_threshold": [40.0, 90.0], "tier_discount": [0.05, 0.1], "tier_bonus": [0.5, 1.0], "tier_window": 4,
}  # fmt: skip
SHARED = {
    "partners": 3,
    "partner_earn": 0.43,
    "partner_redemption": 0.4,
    "quality_control": 0.25,
    "partner_price": 0.77,
    "coalition_fee": 0.0123,
}
CARD = {"earn_per_visit": 1.0, "goal": 4.0, "reward": 3.0, "hassle": 6.0, "redemption": 0.9}
WHOLE = {
    "periods": 30,
    "burn_in": 3,
    "periods_per_year": 6,
    "population": {"customers": 90, "purchase_rate": 0.8, "basket": 20.0, "price_weight_spread": 0.4},
    "network": {"kind": "watts_strogatz", "neighbours": 4.0, "rewiring": 0.3},
    "firms": [
        {"name": "north", "program": CLUB, "coalition": SHARED, "service": {"quality": 0.78, "richness": 0.5}},
        {"name": "east", "price": 0.9, "program": CARD, "coalition": {"partners": 1, "partner_redemption": 0.2}},
        {"name": "south", "service": {"quality": 0.6}},
    ],
    "choice": {"outside": 4.0, "attraction": 6.0},
    "rewards": {"pressure": 1.5},
    "defection": {"exit_rate": 0.03},
    "coalition": {"partner_failure": 0.2, "failure_cost": 0.4, "spill_over": 0.5},
    "cards": {},
}


@pytest.mark.slow
def test_a_whole_market_with_a_coalition_is_that_of_the_twin():
    """With fees, discounts of members, pressure and expiry: all columns and tallies, period by period."""
    scenario = Scenario.parse({name: part for name, part in WHOLE.items() if name != "cards"})
    for seed in range(1, 12):
        engine = Engine(scenario, seed)
        if run_side_by_side(engine, scenario.periods) == scenario.periods:
            break
    else:
        pytest.fail("every seed has a close call")
    happened = ("memberships_ended", "renewed", "points_expired", "partner_failures", "demoted")
    assert all(engine.world.tallied(name)[:, 0].sum() > 0 for name in happened)
    members, in_use = (engine.world.tallied(name)[:, 0].sum() for name in ("members", "coalition_members"))
    assert 0 < in_use < members


@pytest.mark.slow
def test_cards_of_a_whole_market_are_those_of_the_twin():
    engine = Engine(Scenario.parse(WHOLE), seed=3)
    for t in range(20):
        engine.run(1)
        members = engine.world.customers.member.T.astype(bool).tolist()
        holders, held, sole = membership.cards_counted(members, [True, True, False])
        counted = {name: engine.world.history[t, engine.world.rows[name]] for name in ("cards_held", "sole_cards")}
        assert engine.world.history[t, engine.world.rows["card_holders"], -1] == holders
        assert (counted["cards_held"][:3].tolist(), counted["sole_cards"][:3].tolist()) == (held, sole)
    assert 0 < sum(sole) < holders


SEEN = {
    "periods": 20,
    "population": {"customers": 120, "purchase_rate": 0.8},
    "perceived_value": {"value_weight": 0.0},
    "waiting_line": {
        "minutes_open": 200.0, "service_minutes": 10.0, "patience_minutes": 5.0, "resentment": 0.0
    },
    "bystanders": {"unfairness_weight": 0.5},
    "firms": [
        {
            "name": "north", "waiting_line": {"servers": 1}, "program": {**CLUB, "fee": 0.0},
            "treatment": {"visibility": 0.5, "rule_clarity": 0.25},
        },
        {"name": "east", "waiting_line": {"servers": 2}, "program": CLUB, "treatment": {"rule_clarity": 0.5}},
        {"name": "south", "treatment": {"visibility": 0.75}},
    ],
}  # fmt: skip


@pytest.mark.slow
def test_a_whole_market_of_bystanders_is_that_of_the_twin():
    """Who waits in vain is seen, and tiers are those with which the period began."""
    scenario = Scenario.parse(SEEN)
    engine, p = Engine(scenario, seed=4), {**bystanders.EXAMPLE, "unfairness_weight": as_single(0.5)}
    treatments = [Treatment(**firm.treatment.model_dump()) for firm in scenario.firms]
    c, felt_by, unserved = engine.world.customers, Counter(), 0
    for t in range(20):
        tiers, values = c.tier.copy(), c.point_value.copy()
        engine.run(1)
        own = {
            (i, j): bystanders.cut_off(
                bystanders.extra_benefit(
                    as_programme(firm), float(values[j, i]), float(c.basket[i]), firm.price, int(tiers[j, i])
                )
            )
            for i in range(120)
            for j, firm in enumerate(scenario.firms)
        }
        present = [[own[i, j] for i in arrivals(engine, j)] for j in range(3)]
        unserved += sum(map(len, present))
        served, counted = Counter(), Counter()
        for i, j, shift in visited(engine, "visit_customer", "visit_firm", "satisfaction_shift"):
            gap, felt = bystanders.gap(own[i, j], present[j]), bystanders.shift(own[i, j], present[j], treatments[j], p)
            assert shift == pytest.approx(felt, abs=3e-5)
            if treatments[j].visibility > 0 and not bystanders.is_close(gap):
                counted["preferred_visits" if gap > 0 else "bystander_visits", j] += gap != 0
            served[j] += 1
        for name in ("preferred_visits", "bystander_visits"):
            assert engine.world.tallied(name)[t, :3].tolist() == [counted[name, j] for j in range(3)]
        spent = [treatments[j].cost * served[j] / 100 for j in range(3)]
        assert engine.world.tallied("treatment_spend")[t, :3].tolist() == pytest.approx(spent)
        felt_by.update(counted)
        unserved -= sum(served.values())
    assert unserved > 20
    assert min(felt_by["preferred_visits", 0], felt_by["bystander_visits", 0]) > 20


def arrivals(engine, j):
    """Return the customers who came to firm j in the latest period, also who was not served."""
    book = engine.world.book
    start = book["book_start"]
    return book["book.visit_customer"][book["book_visit"][start[j] : start[j + 1]]].tolist()
