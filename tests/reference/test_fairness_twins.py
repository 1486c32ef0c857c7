"""The twins of fairness and of discounts: by numbers worked by hand, against the kernels, and in a whole market."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.engine.visit_log import room, taken, visit_log
from abm.mechanisms.phases import Phase
from abm.scenario.scenario import Scenario
from abm.study.plan.record import of_visits
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import discounting, fairness, perceived_value
from tests.reference.by_hand import counts, listed, per_firm, per_pair, put, share, visits_with


class TestFairnessByHand:
    p = fairness.EXAMPLE

    def test_fairness(self):
        """0.6 for 1 against 0.8 for 1: 0.5 + 0.5 tanh(-0.25) = 0.377541; for 0.75 it is as fair as others'."""
        others = fairness.Others(0.8, 1.0)
        assert others.fairness(0.6, 1.0, self.p) == pytest.approx(0.377541, abs=1e-6)
        assert others.fairness(0.6, 0.75, self.p) == pytest.approx(0.5)
        assert fairness.shift(0.377541, self.p) == pytest.approx(-0.0244918)

    def test_nobody_compares_with_what_is_not_known(self):
        others = fairness.Others()
        assert others.fairness(0.1, 2.0, self.p) == 0.5
        others.look([(0.6, 1.0), (0.8, 0.5)])
        assert (others.performance, others.paid) == pytest.approx((0.7, 0.75))
        others.look([])
        assert (others.performance, others.paid) == pytest.approx((0.7, 0.75))

    def test_a_free_service_is_compared_all_the_same(self):
        assert fairness.Others(0.5, 0.5).fairness(0.5, 0.0, self.p) == pytest.approx(1.0)
        assert fairness.Others(0.0, 1.0).fairness(0.5, 1.0, self.p) == pytest.approx(1.0)


@settings(max_examples=examples(25))
@given(
    st.fixed_dictionaries(
        {"equity_weight": st.floats(0.0078125, 2.0, width=32), "steepness": st.floats(0, 4, width=32)}
    ),
    per_firm(st.tuples(st.floats(0.0, 2.0, width=32), share, st.floats(0.0, 2.0, width=32))),
    visits_with(st.tuples(share, st.floats(0.0, 0.5, width=32))),
)
def test_fairness_is_that_of_the_twin(numbers, of_firms, visits):
    firms = [{"price": price} for price, *_ in of_firms]
    small = Small(3, firms, fairness=numbers, off=["perceived_value"])
    p = {**fairness.EXAMPLE, **numbers}
    others = [fairness.Others(*known) for _, *known in of_firms]
    small.c.others_performance[:] = [other.performance for other in others]
    small.c.others_paid[:] = [other.paid for other in others]
    listed(small, visits)
    put(small, performance=[v[2] for v in visits], visit_discount=[v[3] for v in visits])
    small.phases(Phase.JUDGEMENT, Phase.VOICE)
    total = [0.0, 0.0]
    for v, (_, j, performance, discount) in enumerate(visits):
        paid = perceived_value.price_paid(of_firms[j][0], discount)
        found = others[j].fairness(performance, paid, p)
        assert small.at("fair")[v] == pytest.approx(found, abs=2e-6)
        assert small.at("satisfaction_shift")[v] == pytest.approx(fairness.shift(found, p), abs=4e-6)
        total[j] += found * 2**20
    np.testing.assert_allclose(counts(small, "fairness_sum")[0], total, atol=20)


def fared(market, periods, seed):
    """Run a market; yield each period, its engine, and visits (firm, performance, index paid) since the date before."""
    scenario = Scenario.parse(market)
    names = ("performance", "visit_spend")
    log = visit_log([of_visits(scenario)[name] for name in names], room(market["population"]["customers"], 1))
    engine, visits = Engine(scenario.adding(log), seed), []
    for t in range(periods):
        engine.run(1)
        yield t, engine, visits
        if t % market["fairness"]["compared_every"] == 0:
            visits = []
        entries = taken(engine.world, names)
        baskets = 100.0 * engine.world.customers.basket[entries["customer"]]
        paid = entries["visit_spend"] / baskets
        visits += zip(entries["firm"].tolist(), entries["performance"].tolist(), paid.tolist(), strict=True)


def assert_known(market, periods=13, seed=3):
    """Compare how others fare, as it is known after each period, with the twin; cents are rounded."""
    others = [fairness.Others() for _ in market["firms"]]
    for t, engine, visits in fared(market, periods, seed):
        for j, other in enumerate(others):
            if t % market["fairness"]["compared_every"] == 0:
                other.look([visit[1:] for visit in visits if visit[0] == j])
            found = engine.world.customers.others_performance[j], engine.world.customers.others_paid[j]
            assert found == pytest.approx((other.performance, other.paid), abs=1e-3), (t, j)
    assert min(other.paid for other in others) > 0


NORTH, EAST = {"name": "north", "price": 0.875}, {"name": "east"}
FEW = {"population": {"customers": 6, "purchase_rate": 0.2}, "fairness": {"compared_every": 3}}
DEAR = [{"name": "dear", "from": 5, "set": {"firms.north.price": 1.25}}]
STATUS = {"preset": "points", "tier_threshold": [100.0], "tier_discount": [0.25], "tier_bonus": [0.0]}


def test_how_others_fare_in_a_whole_market_is_as_the_twin_says():
    """Few visit, so that there are spells without a visit in which what is known stays."""
    assert_known({**FEW, "firms": [NORTH, EAST]})


@pytest.mark.parametrize("market", [{"changes": DEAR}, {"firms": [{**NORTH, "program": STATUS}, EAST]}])
def test_what_others_have_paid_is_what_they_paid_then_each_visit_alike(market):
    """After a change of the price, and where those who spend more get a discount."""
    assert_known({**FEW, "population": {"customers": 60, "purchase_rate": 0.5}, "firms": [NORTH, EAST], **market})


class TestDiscountingByHand:
    p = discounting.EXAMPLE

    def test_who_makes_light(self):
        """A fifth of the 0.4 that is missing; nothing of a good visit, and nothing by who is new or no member."""
        assert discounting.discounted(0.3, 0.7, 2, True, self.p) == pytest.approx(0.38)
        assert discounting.discounted(0.8, 0.7, 2, True, self.p) == 0.8
        assert discounting.discounted(0.3, 0.7, 2, False, self.p) == 0.3
        assert discounting.discounted(0.3, math.nan, 0, True, self.p) == 0.3


@settings(max_examples=examples(25))
@given(
    st.floats(0.0078125, 1.0, width=32),
    per_pair(st.tuples(share, st.integers(0, 2), st.booleans())),
    visits_with(st.tuples(share)),
)
def test_discounts_are_those_of_the_twin(member_discount, known, visits):
    small = Small(3, [{"program": {"preset": "points"}}] * 2, discounting={"member_discount": member_discount})
    satisfaction, encounters, member = np.moveaxis(np.array(known, float), 2, 0)
    satisfaction = np.where(encounters > 0, satisfaction, math.nan)
    small.c.satisfaction[:], small.c.encounters[:], small.c.member[:] = satisfaction, encounters, member
    listed(small, visits)
    put(small, transaction=[s for *_, s in visits])
    small.phases(Phase.RECOVERY)
    p = {"member_discount": member_discount}
    expected = [
        discounting.discounted(s, satisfaction[j, i], encounters[j, i], bool(member[j, i]), p) for i, j, s in visits
    ]
    np.testing.assert_allclose(small.at("transaction"), expected, atol=1e-6)


def test_members_make_light_of_what_amends_have_left():
    """Empathy restores half of the 0.5 to the expectation; then a quarter of the 0.5 that lacks to 1 is overlooked."""
    weights = {"interactional": 1.0, "distributive": 0.0, "procedural": 0.0, "second_disappointment": 0.0}
    firms = [{"program": {"preset": "points"}, "recovery": {"empathy": 0.5}}]
    small = Small(1, firms, complaint={}, recovery=weights, discounting={"member_discount": 0.25})
    small.c.satisfaction[:], small.c.expectation[:], small.c.encounters[:], small.c.member[:] = 1.0, 0.75, 1, 1
    listed(small, [(0, 0)])
    put(small, transaction=0.25, grievance=1, handling=1)
    small.phases(Phase.RECOVERY)
    assert small.at("transaction")[0] == pytest.approx(0.625)
