"""The twins of convenience, types and measures of loyalty, and surplus: by hand, against kernels, in a whole market."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.mechanisms.phases import Phase
from abm.scenario.scenario import Scenario
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import accounts, convenience, customer_accounts, loyalty_measures, loyalty_types, surplus
from tests.reference.by_hand import SEED, assert_counted, visited
from tests.reference.closeness import as_single
from tests.reference.loyalty import DISCOUNTS, MEASURED, TYPED, Chooser, assert_asked, measured_by_twin, typed_by_twin
from tests.reference.loyalty_types import BLOCKS, CONVENIENCE, INERTIA, PRICE
from tests.reference.random_numbers import stream_key
from tests.reference.state import NOBODY


class TestConvenienceByHand:
    def test_way(self):
        """From 0.1 to outlets at 0.9 and 0.4: 0.2; past the end of the ring with one outlet as well."""
        assert convenience.way(0.1, 0.9, 1) == pytest.approx(0.2)
        assert [convenience.way(place, 0.9, 2) for place in (0.1, 0.3, 0.65)] == pytest.approx([0.2, 0.1, 0.25])
        assert convenience.term(0.2, convenience.EXAMPLE) == pytest.approx(-0.4)

    def test_expense(self):
        assert convenience.expense(3, 30.0, 500) == pytest.approx(30.0)


class TestTypesByHand:
    p = loyalty_types.EXAMPLE

    def ties(self, preference, provider=NOBODY, p=p, **terms):
        of = {block: terms.get(loyalty_types.NAMES[block], [0.0] * len(preference)) for block in BLOCKS}
        return [loyalty_types.tie(preference, provider, of, f, p) for f in range(len(preference))]

    def test_among_firms(self):
        """0.4 and 0.2 of 0.6; without a term of ln 2 the first is as likely as the second."""
        assert loyalty_types.among_firms([0.4, 0.2]) == pytest.approx([2 / 3, 1 / 3])
        assert loyalty_types.among_firms([0.4, 0.2], [math.log(2), 0.0]) == pytest.approx([0.5, 0.5])

    def test_the_largest_fall_names_the_tie(self):
        """The first loses most without its price; the second gains by that, and would lose its nearness."""
        found = self.ties([0.4, 0.2], price=[1.0, 0.0], convenience=[0.5, 0.75], premium=[0.5, 0.0])
        assert found == [PRICE, CONVENIENCE]
        assert self.ties([0.4, 0.2], price=[1.0, 1.0]) == [loyalty_types.NONE] * 2

    def test_of_equals_the_first_in_order(self):
        assert self.ties([0.5, 0.5], premium=[1.0, 0.0], price=[1.0, 0.0])[0] == PRICE
        assert self.ties([0.5, 0.5], 0, convenience=[1.0, 0.0], inertia=[1.0, 0.0])[0] == INERTIA

    def test_one_firm_alone(self):
        assert self.ties([0.0, 0.3]) == [loyalty_types.NONE, loyalty_types.MONOPOLY]

    def test_habit(self):
        """At 0.5 the provider has 0.75 of two alike, of which habit is 0.25: more than the block of 0.5 (P - P')."""
        terms = {block: [0.0, 0.0] for block in BLOCKS} | {PRICE: [1.0, 0.0]}
        found = loyalty_types.falls([0.5, 0.5], 0, terms, 0, self.p | {"habit_strength": 0.5})
        assert found == pytest.approx([0.25, 0.0, 0.5 * (0.5 - 1 / (1 + math.e)), 0.0, 0.0])

    def test_main_firm(self):
        given = [([3, 3], 1), ([3, 3], NOBODY), ([2, 1, 1], 1), ([2, 2, 1], 0), ([0, 0], 0)]
        assert [loyalty_types.main_firm(*of, self.p) for of in given] == [1, 0, 0, NOBODY, NOBODY]

    def test_warm(self):
        """Of six relations two may be warm; where three share the second place only the best is; or nobody."""
        assert loyalty_types.warm_from([10, 20, 30, 40, 50, 60], 1 / 3) == 41
        assert loyalty_types.warm_from([10, 20, 50, 50, 50, 60], 1 / 3) == 51
        assert loyalty_types.warm_from([10, 10], 1 / 3) == 11
        assert loyalty_types.named([1, 1, 1], 0, [5, 5, 5], {0: 0.5, 2: 0.75}, 700, self.p) == (2, loyalty_types.LATENT)
        assert loyalty_types.named([1, 1, 1], 0, [5, 5, 5], {0: 0.5, 2: 0.75}, 769, self.p) == (NOBODY, 0)
        assert loyalty_types.named([1, 1, 2], 0, [5, 5, 6], {0: 0.5}, 0, self.p) == (2, 6)


class TestMeasuresByHand:
    p = loyalty_measures.EXAMPLE

    def test_deliberation(self):
        """Two firms and nowhere, alike: ln 3 = 1.098612 nats; of a clear choice none."""
        assert loyalty_measures.deliberation([1 / 3, 1 / 3], self.p) == pytest.approx(10 + 60 * 1.098612)
        assert loyalty_measures.deliberation([1.0, 0.0], self.p) == pytest.approx(10.0)

    def test_tolerance(self):
        """Odds of 1 fall to e^-0.78: 0.314320."""
        assert loyalty_measures.tolerance(0.5, 7.8, self.p) == pytest.approx(0.314320, abs=1e-6)

    def test_rivals(self):
        rival = loyalty_measures.best_rival(
            [True, True, False], [1, 0, 0], [0.9, math.nan, math.nan], [0.1, 0.6, 0.9], 0
        )
        assert rival == 0.6
        assert loyalty_measures.best_rival([True, False], [1, 0], [0.9, 0.0], [0.1, 0.6], 0) == 0.0
        assert loyalty_measures.dependence(0.5, rival, 0, 0) == pytest.approx(0.2)
        assert math.isnan(loyalty_measures.dependence(0.5, rival, 1, 0))

    def test_skipped(self):
        of = [loyalty_measures.skipped(3, 1, missed, -1) for missed in range(6)]
        assert [loyalty_measures.SKIPPED.index(name) for name in of] == [0, 1, 2, 3, 3, 4]
        assert [loyalty_measures.skipped(*of) for of in ((-1, 0, 0, -1), (3, 3, 0, -1), (3, 1, 0, 5))] == [None] * 3


def test_surplus_by_hand():
    """40 cu of goods, 1.5 above nowhere at 6 a unit of the index: 10 cu."""
    assert surplus.of_visit(40.0, 1.2, -0.3, 6.0) == pytest.approx(10.0)
    assert surplus.of_visit(40.0, 1.2, -0.3, 0.0) == surplus.of_visit(40.0, None, -0.3, 6.0) == 0.0
    relation = surplus.Relation()
    assert relation.kind is None
    for worth, kind in ((10.0, "cooperations"), (-20.0, "suppliers")):
        relation.book(worth, 4000, 2400, 300)
        assert relation.kind == kind
    relation.book(0.0, 0, 2400, 300)
    assert (relation.hers, relation.margin, relation.kind) == (-1000, -100, "no_relations")


LOOKED = {"loyalty_types": {}, "loyalty_measures": {}, "surplus": {}, "convenience": {}, "customer_classes": {}}
CHOICE = (Phase.NEED, Phase.OCCASIONS, Phase.STAKES, Phase.VALUATION, Phase.CHOICE)


@settings(max_examples=examples(15))
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 0.5]),
    st.tuples(*[st.floats(0.5, 1.5, width=32)] * 3),
    st.tuples(*[st.integers(1, 5)] * 3),
    st.integers(0, 20),
)
def test_ties_and_worths_are_those_of_the_twins(seed, habit, prices, outlets, t):
    firms = [
        {"price": price, "convenience": {"outlets": number}, "program": {"preset": "points"}}
        for price, number in zip(prices, outlets, strict=True)
    ]
    firms[0]["classes"] = {"class_discount": DISCOUNTS}
    rule = {"rule": "habit", "habit_strength": habit} if habit else {}
    looked = LOOKED | {"loyalty_types": {"habit_strength": habit}}
    small = Small(6, firms, need={"process": "every_period"}, choice={"outside": 1.0, **rule}, **looked)
    c, rng = small.c, np.random.default_rng(seed)
    shape = c.satisfaction.shape
    for name in ("satisfaction", "expectation", "trust", "affective_commitment"):
        c[name][:] = rng.integers(0, 9, shape) / 8
    c.encounters[:] = rng.integers(0, 3, shape)
    c.satisfaction[c.encounters == 0] = np.nan
    c.aware[:] = rng.random(shape) < 0.7
    c.program_utility[:] = rng.integers(0, 4, shape) / 2
    c.customer_class[:] = rng.integers(0, 5, shape)
    c.provider[:] = rng.integers(-1, 3, 6)
    c.personal_bond[:] = rng.random(shape)
    c.loyalty_tie[:] = 9
    chooser = Chooser(small.scenario, small.world, stream_key(SEED, "convenience"))
    small.phases(*CHOICE, t=t)
    visits = list(zip(small.at("visit_customer").tolist(), small.at("visit_firm").tolist(), strict=True))
    worths = assert_asked(chooser, visits, loyalty_types.EXAMPLE | {"habit_strength": habit})
    np.testing.assert_allclose(small.at("visit_surplus"), worths, rtol=1e-3, atol=0.02)
    assert (c.loyalty_tie[:, sorted(set(range(6)) - {i for i, _ in visits})] == 9).all()


@settings(max_examples=examples(15))
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([1.0, 0.75, 0.5, 0.25]),
    st.sampled_from([1.0, 0.5, 0.25, 0.0]),
    st.tuples(*[st.floats(0.5, 1.5, width=32)] * 3),
)
def test_closings_are_those_of_the_twins(seed, main_from, top, prices):
    numbers = {"main_from": main_from, "top_attitude": top}
    looked = LOOKED | {"loyalty_types": numbers}
    small = Small(12, [{"price": price} for price in prices], **looked)
    c, rng = small.c, np.random.default_rng(seed)
    shape = c.satisfaction.shape
    for name in ("satisfaction", "expectation", "affective_commitment", "calculative_commitment"):
        c[name][:] = rng.integers(0, 4, shape) / 4  # so few that attitudes are alike
    c.encounters[:] = rng.integers(0, 3, shape)
    c.satisfaction[c.encounters == 0] = np.nan
    c.aware[:] = rng.random(shape) < 0.7
    c.preference[:] = rng.random(shape) * (rng.random(shape) < 0.7) / 3
    c.provider[:] = rng.integers(-1, 3, 12)
    c.exited[:] = rng.integers(-3, 2, 12).clip(-1)
    c.loyalty_tie[:] = rng.integers(0, 8, shape)
    c.last_purchase[:] = rng.integers(-1, 9, shape)
    c.relation[:] = rng.integers(0, 5, shape)
    c.missed[:] = rng.integers(0, 7, shape)
    c.year_purchases[:] = rng.integers(0, 3, shape)
    c.price_response[:] = rng.random(12) * 9
    c.failure_tolerance[:], c.dependence[:] = rng.random(12), np.where(rng.random(12) < 0.5, np.nan, rng.random(12))
    expected, kinds = typed_by_twin(c, c.year_purchases.copy(), loyalty_types.EXAMPLE | numbers)
    sums, counts = measured_by_twin(c, small.scenario.firms, loyalty_measures.EXAMPLE)
    small.phases(Phase.STANDING, Phase.CLOSING, t=8)  # no year closes
    assert_counted(small, {name: [0, 0, 0] for name in (*TYPED, *counts)})
    small.phases(Phase.STANDING, Phase.CLOSING, t=9)
    assert_counted(small, {**expected, **counts})
    assert c.loyalty_type.tolist() == kinds
    for name, of_twin in sums.items():
        scale = small.world.tallies[name].scale
        assert np.array(small.counted(name)[:3]) * scale == pytest.approx(of_twin, rel=1e-4, abs=1e-3), name


KEPT = {
    "periods": 24,
    "burn_in": 5,
    "periods_per_year": 8,
    "population": {"customers": 150, "purchase_rate": 0.6, "price_weight_spread": 0.5},
    "choice": {"outside": 2.0},
    "encounter": {"gain": 1.0},
    "defection": {"exit_rate": 0.02},
    "lifecycle": {"dormant_after": 3, "lost_after": 8},
    **LOOKED,
    "customer_classes": {"every": 6, "share_a": 0.1, "share_b": 0.2},
    "convenience": {"distance_weight": 4.0},
    "firms": [
        {
            "name": "north",
            "price": 0.9,
            "program": {"preset": "points", "goal": 4.0, "hassle": 1.0},
            "classes": {"class_discount": DISCOUNTS},
        },
        {"name": "east", "unit_cost": 0.97, "convenience": {"outlets": 3, "outlet_cost": 7.0}},
        {"name": "south", "exit_fee": 5.0, "joining_fee": 2.0},
    ],
}
KINDS = ("cooperations", "friends", "suppliers", "no_relations")


def booked(engine, worths, relations):
    """Book the visits of the latest period; return what is left of them, cents by firm."""
    margins, basket = [0, 0, 0], engine.world.customers.basket
    found = visited(engine, "visit_customer", "visit_firm", "visit_spend", "visit_reward", "visit_surplus")
    for (i, j, paid, reward, worth), of_twin in zip(found, worths, strict=True):
        firm = engine.scenario.firms[j]
        assert worth == pytest.approx(of_twin, rel=1e-3, abs=0.05)
        goods = customer_accounts.goods_cents(as_single(firm.unit_cost), float(basket[i]))
        levers = customer_accounts.lever_cents(accounts.service_cost(firm.service)) + reward
        relations[j][i].book(worth, paid, goods, levers)
        margins[j] += paid - goods - levers
    return margins


def test_a_whole_market_is_that_of_the_twins():
    """Types, measures and surplus of a market with classes, a programme, fees and outlets, at four closings."""
    scenario = Scenario.parse(KEPT)
    engine = Engine(scenario, seed=6)
    world, c, tallied, key = engine.world, engine.world.customers, engine.world.tallied, stream_key(6, "convenience")
    years, relations = np.zeros((3, 150), int), [[surplus.Relation() for _ in range(150)] for _ in range(3)]
    met = dict.fromkeys((*TYPED, *MEASURED, *KINDS, *loyalty_measures.SKIPPED), 0)
    for t in range(24):
        chooser = Chooser(scenario, world, key)
        engine.run(1)
        chooser.before["customer_class"] = c.customer_class.copy()  # known as the period begins
        visits = visited(engine, "visit_customer", "visit_firm")
        margins = booked(engine, assert_asked(chooser, visits, loyalty_types.EXAMPLE), relations)
        ways = [sum(chooser.ways[j][i] for i, to in visits if to == j) for j in range(3)]
        np.add.at(years, (np.array([j for _, j in visits]), np.array([i for i, _ in visits])), 1)
        assert tallied("way_sum")[t, :3] == pytest.approx(ways, abs=1e-6 * (1 + len(visits)))
        assert tallied("served_near")[t, :3].tolist() == tallied("valued_visits")[t, :3].tolist()
        assert tallied("outlet_spend")[t, :3].tolist() == pytest.approx([0.0, convenience.expense(3, 7.0, 150), 0.0])
        assert tallied("margin_sum")[t, :3] == pytest.approx(np.array(margins) / 100)
        if not accounts.books_close(t + 1, periods=24, burn_in=5, year=8):
            assert not any(tallied(name)[t].any() for name in met)
            continue
        expected, kinds = typed_by_twin(c, years, loyalty_types.EXAMPLE)
        sums, counts = measured_by_twin(c, scenario.firms, loyalty_measures.EXAMPLE)
        for name in KINDS:
            expected[name] = [sum(relation.kind == name for relation in row) for row in relations]
        for name, of_twin in (expected | counts | sums).items():
            assert tallied(name)[t, :3] == pytest.approx(of_twin, rel=1e-4, abs=1e-3), (t, name)
            met[name] = met.get(name, 0) + sum(of_twin)
        assert c.loyalty_type.tolist() == kinds
        years[:], relations = 0, [[surplus.Relation() for _ in range(150)] for _ in range(3)]
    assert {name for name, count in met.items() if not count} <= {"monopoly_loyal", "convenience_loyal"}
