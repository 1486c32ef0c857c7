"""The twin of customer classes: by numbers worked by hand, against the kernels, and in a whole market."""

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
from tests.reference import accounts, customer_accounts, customer_classes
from tests.reference.by_hand import assert_counted, listed, per_pair, share, visited, visits_with
from tests.reference.closeness import as_single
from tests.reference.customer_classes import NEVER, A, B, C, Custom, D


class TestClassesByHand:
    p = customer_classes.EXAMPLE

    def test_the_best_are_few(self):
        """Of 100 buyers 1, 4, 15 and 80; of 30 nobody is in A, 1.5 make 2 in B, and 6 up to C."""
        for buyers, sizes in ((100, [1, 4, 15, 80]), (30, [0, 2, 4, 24]), (1, [0, 0, 0, 1])):
            found = [customer_classes.class_of(rank, buyers, self.p) for rank in range(buyers)]
            assert [found.count(name) for name in (A, B, C, D)] == sizes

    def test_quintiles(self):
        """Of ten amounts two in each fifth; of five, two alike share rank 2.5, which is the third fifth."""
        assert customer_classes.quintiles(list(range(10))) == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
        assert customer_classes.quintiles([7, 3, 3, 1, 9]) == [4, 3, 3, 1, 5]
        assert customer_classes.quintiles([2, 2]) == [4, 4]

    def test_a_ranking(self):
        """The first paid most and was in A; the second did not come again, and is in none."""
        customers = [Custom(A, 900, 100, 2, 5, 700), Custom(A, 0, 0, 0, NEVER, 800), Custom(D, 300, 200, 9, 7, 10)]
        found = customer_classes.rank(customers, [0, 1, 2], self.p | {"share_a": 0.5, "share_b": 0.0, "share_c": 0.3})
        assert [one.customer_class for one in customers] == [A, 0, C]
        assert customers[0] == Custom(A, class_spend_before=900)
        assert found == {
            "ranked_revenue": 1200, "class_a_revenue": 900, "class_c_revenue": 300,
            "classed_before": 3, "class_a_before": 2, "class_a_again": 1, "classed_paid_before": 1510,
            "class_a_paid_before": 1500, "classed_paid_after": 1200, "class_a_paid_after": 900,
        }  # fmt: skip

    def test_effort(self):
        """Half of it on a tenth of visits is 5 times the average on each, and 5 / 9 on the others."""
        assert customer_classes.effort(0.5, 0.1, True) == pytest.approx(5.0)
        assert customer_classes.effort(0.5, 0.1, False) == pytest.approx(5 / 9)
        assert customer_classes.performance_shift(5.0, self.p) == pytest.approx(0.1 * math.log(5.0))
        assert [customer_classes.effort(0.5, top, top == 1.0) for top in (0.0, 1.0)] == [1.0, 1.0]
        assert customer_classes.effort(None, 0.1, True) == 1.0

    def test_discounts(self):
        """A quarter off what a tenth off leaves is 0.325 off."""
        cut = customer_classes.discount((0.25, 0.1), A)
        assert customer_classes.both_discounts(0.1, cut) == pytest.approx(0.325)
        assert customer_classes.foreseen(6.0, 1.5, cut) == pytest.approx(2.25)
        assert [customer_classes.discount((0.25, 0.1), place) for place in (0, C, D)] == [0.0] * 3

    def test_attention(self):
        assert customer_classes.attended(0.4, self.p) == pytest.approx(0.46)


CUSTOM = ("customer_class", "class_spend", "class_margin", "class_visits", "class_last", "class_spend_before")
MONEY = ("ranked", "class_a", "class_b", "class_c")
COUNTED = (
    *(f"{name}_revenue" for name in MONEY),
    *("classed_before", "class_a_before", "class_a_again", "classed_paid_before", "class_a_paid_before"),
    *("classed_paid_after", "class_a_paid_after"),
)
part = st.sampled_from([0.0, 0.01, 0.1, 0.2, 0.25])


@settings(max_examples=examples(40))
@given(
    st.sampled_from(["revenue", "margin", "recency_frequency_money"]),
    st.tuples(part, part, part),
    st.integers(0, 2**32 - 1),
    st.integers(1, 30),
)
def test_rankings_are_those_of_the_twin(by, shares, seed, n):
    numbers = {"by": by, "every": 4} | dict(zip(("share_a", "share_b", "share_c"), shares, strict=True))
    small, p = Small(n, customer_classes=numbers), {**customer_classes.EXAMPLE, **numbers}
    rng, c = np.random.default_rng(seed), small.c
    shape = c.customer_class.shape
    c.customer_class[:], c.class_spend_before[:] = rng.integers(0, 5, shape), rng.integers(0, 9, shape)
    c.class_visits[:] = rng.integers(0, 4, shape)
    bought = c.class_visits > 0
    c.class_spend[:] = bought * rng.integers(0, 6, shape)
    c.class_margin[:] = bought * rng.integers(-4, 4, shape)
    c.class_last[:] = np.where(bought, rng.integers(0, 4, shape), NEVER)
    before = {name: c[name].tolist() for name in CUSTOM}
    small.phases(Phase.OPENING, t=3)
    assert all(c[name].tolist() == before[name] for name in CUSTOM)
    small.phases(Phase.OPENING, t=4)
    counted = []
    for j in range(2):
        customers = [Custom(*(before[name][j][i] for name in CUSTOM)) for i in range(n)]
        counted.append(customer_classes.rank(customers, c.customer_id.tolist(), p))
        for name in CUSTOM:
            assert c[name][j].tolist() == [getattr(one, name) for one in customers], name
    assert_counted(small, {name: [of[name] for of in counted] for name in COUNTED})


@settings(max_examples=examples(25))
@given(
    st.tuples(share, share),
    st.tuples(st.floats(0.015625, 0.984375, width=32), st.booleans()),
    st.lists(st.floats(0.0, 0.5, width=32), min_size=1, max_size=4),
    per_pair(st.tuples(st.integers(0, 4), share)),
    visits_with(st.tuples(st.booleans())),
)
def test_service_by_class_is_that_of_the_twin(numbers, levers, discounts, people, visits):
    numbers = dict(zip(("effort_effect", "attended_rate"), numbers, strict=True))
    classes = {"effort_on_top": levers[0], "has_person": levers[1], "class_discount": discounts, "person_cost": 1.25}
    small = Small(
        3, [{"classes": classes}, {"price": 1.5}], customer_classes=numbers, taste={"fit": 0.0}, off=["switching_cost"]
    )
    p, c = {**customer_classes.EXAMPLE, **numbers}, small.c
    c.customer_class[:], bonds = np.moveaxis(np.array(people), 2, 0)
    c.personal_bond[:] = bonds
    listed(small, visits)
    of = [int(c.customer_class[j, i]) for i, j, _ in visits]
    top = [customer_classes.is_top(of_class) for of_class, (_, j, _) in zip(of, visits, strict=True) if j == 0]
    top_share = sum(top) / len(top) if top else 0.0
    c.top_visit_share[:] = top_share, 0.5
    small.phases(Phase.DELIVERY, Phase.LEARNING, Phase.BOOKS)
    bonds = bonds.tolist()
    for v, ((i, j, _), of_class) in enumerate(zip(visits, of, strict=True)):
        on_top, cuts = (levers[0], discounts) if j == 0 else (None, ())
        effort = customer_classes.effort(on_top, top_share, customer_classes.is_top(of_class))
        shift = customer_classes.performance_shift(effort, p)
        assert small.at("performance_shift")[v] == pytest.approx(shift, abs=2e-6)
        assert small.at("visit_discount")[v] == pytest.approx(customer_classes.discount(cuts, of_class), abs=1e-6)
        if j == 0 and levers[1] and of_class == A:
            bonds[j][i] = customer_classes.attended(bonds[j][i], p)
    np.testing.assert_allclose(c.personal_bond, bonds, atol=1e-6)
    attended = sum(c.customer_class[0] == A) * levers[1]
    assert_counted(small, {"person_spend": [attended * 125, 0]})


CLASSED = {
    "periods": 22,
    "population": {"customers": 120, "purchase_rate": 0.8},
    "taste": {"fit": 0.0},
    "word_of_mouth": {"referral_match": 0.0},
    "waiting_line": {"minutes_open": 200.0, "service_minutes": 10.0, "patience_minutes": 5.0},
    "defection": {"exit_rate": 0.01},
    "survey": {},
    "firms": [
        {
            "name": "north",
            "classes": {"class_discount": [0.25, 0.1], "has_person": True, "person_cost": 0.3, "effort_on_top": 0.75},
            "program": {
                "preset": "points", "goal": 4.0, "hassle": 1.0,
                "tier_threshold": [60.0], "tier_discount": [0.05], "tier_bonus": [0.0],
            },
            "survey": {"sampling": 0.5, "question_cost": 0.7},
        },
        {"name": "east", "waiting_line": {"servers": 1}, "classes": {"effort_on_top": 0.5}},
        {"name": "south", "unit_cost": 0.97},
    ],
}  # fmt: skip
OF_VISITS = ("visit_customer", "visit_firm", "visit_spend", "visit_reward", "approached", "performance_shift")


def arrivals(engine, j):
    """Return the customers who came to firm j in the latest period, also who was not served."""
    book = engine.world.book
    start = book["book_start"]
    return book["book.visit_customer"][book["book_visit"][start[j] : start[j + 1]]].tolist()


@pytest.mark.parametrize("by", ["revenue", "margin", "recency_frequency_money"])
def test_a_whole_market_is_that_of_the_twin(by):
    """Three rankings by what visits bring; discounts beside those of tiers; effort by who comes, served or not."""
    numbers = {"by": by, "every": 6, "share_a": 0.1, "share_b": 0.2}
    scenario = Scenario.parse({**CLASSED, "customer_classes": numbers})
    engine, p = Engine(scenario, seed=2), {**customer_classes.EXAMPLE, **numbers}
    c, tallied, identities = engine.world.customers, engine.world.tallied, engine.world.customers.customer_id.tolist()
    customers = [[Custom() for _ in range(120)] for _ in range(3)]
    levels = [firm.classes.model_dump() for firm in scenario.firms]
    shifted, unserved = set(), 0
    for t in range(22):
        tiers = c.tier.copy()
        engine.run(1)
        dated = customer_classes.is_date(t, p)
        counted = [customer_classes.rank(row, identities, p) if dated else {} for row in customers]
        for name in COUNTED:
            scale = 100 if "revenue" in name or "paid" in name else 1
            of_twin = [of.get(name, 0) / scale for of in counted]
            assert tallied(name)[t, :3].tolist() == pytest.approx(of_twin), (t, name)
        shares = [0.0] * 3
        for j, row in enumerate(customers):
            came = [customer_classes.is_top(row[i].customer_class) for i in arrivals(engine, j)]
            shares[j] = sum(came) / len(came) if came else 0.0
            unserved += len(came)
        for i, j, paid, reward, asked, shift in visited(engine, *OF_VISITS):
            one, firm = customers[j][i], scenario.firms[j]
            is_top = customer_classes.is_top(one.customer_class)
            effort = customer_classes.effort(levels[j]["effort_on_top"], shares[j], is_top)
            assert shift == pytest.approx(customer_classes.performance_shift(effort, p), abs=2e-6)
            shifted.add((j, round(effort, 3)))
            cut = customer_classes.discount(levels[j]["class_discount"], one.customer_class)
            tier = firm.program.tier_discount[tiers[j, i] - 1] if j == 0 and tiers[j, i] else 0.0
            basket = float(c.basket[i])
            price = accounts.spend(firm.price, basket, customer_classes.both_discounts(tier, cut))
            assert paid == pytest.approx(100 * price, abs=0.51)
            goods = customer_accounts.goods_cents(as_single(firm.unit_cost), basket)
            levers = customer_accounts.lever_cents(accounts.service_cost(firm.service)) + reward + 70 * asked
            one.note(t, paid, goods, levers)
            unserved -= 1
        for name in CUSTOM:
            assert c[name].tolist() == [[getattr(one, name) for one in row] for row in customers], (t, name)
        attended = sum(one.customer_class == A for one in customers[0])
        assert tallied("person_spend")[t, :3].tolist() == pytest.approx([0.3 * attended, 0.0, 0.0])
    assert len(shifted) > 20
    assert unserved > 20
    assert tallied("class_a_again")[:, :3].sum() > 0
