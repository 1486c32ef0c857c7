"""Surplus: both sides of a visit by hand, relations by who gains, and nothing changed by looking."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.engine.checked import check_kernels
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.mechanisms.books.surplus import Surplus, book_surplus, close_surplus, surplus, value_visits
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small

DATA = {"periods": 60, "burn_in": 8, "population": {"customers": 500}, "surplus": {}}
NAMES = [kpi.name for kpi in Surplus.kpis]


def measured(**settings):
    """Return each measure of the firms: name -> (firms,)."""
    found = record(Scenario.parse(DATA).replace(settings), 3).summary(Surplus.kpis)
    return dict(zip(NAMES, found.T, strict=True))


def test_by_hand():
    """A utility of 1 above nowhere, at 4 a price index, is a quarter of a basket of 20."""
    assert float(surplus(*map(np.float32, (20.0, 0.7, -0.3, 4.0)))) == pytest.approx(5.0)
    assert float(surplus(*map(np.float32, (20.0, 0.7, -0.3, 0.0)))) == 0.0


@given(st.floats(0.5, 2.0), st.floats(1.0, 8.0), st.floats(-3.0, 3.0))
def test_an_index_point_more_to_pay_is_a_basket_less(price, response, worth):
    """Money is money: what a visit is worth falls by what is paid more."""
    low, high = (surplus(*map(np.float32, (30.0, worth - response * p, -0.3, response))) for p in (price, price + 0.1))
    assert float(low - high) == pytest.approx(3.0, abs=1e-3)


def test_visits_are_valued_without_the_cost_of_leaving():
    made = Small(2, surplus={})
    made.c.basket[:], made.c.price_response[:] = 10.0, 5.0
    made.visits([0, 1], [1, 0])
    made.passing.utility[:, :2] = 99.0
    made.passing.utility_without_switching_cost[:, :2] = [[0.0, -1.5], [1.0, 0.0]]
    made.passing.outside_utility[:2] = -0.5
    made.run("surplus", value_visits)
    assert made.at("visit_surplus") == pytest.approx([3.0, -2.0])


def test_who_is_bound_to_a_firm_that_she_shuns_has_no_surplus_that_could_be_said():
    """Under contracts, where grievances make people turn their backs on firms to which they still have to go."""
    bad = {"failure_rate": 0.5, "quality": 0.5}
    market = {"choice": {"market": "lost_for_good"}, "complaint": {}, "exit": {"exit_rate": 1.0}, "surplus": {}}
    firms = [{"name": "north", "service": bad}, {"name": "east"}]
    engine = Engine(Scenario.parse({"periods": 12, "population": {"customers": 100}, "firms": firms, **market}), seed=1)
    bound = 0
    for t in range(12):
        engine.run(1)
        passed, c = engine.world.passing[0], engine.world.customers
        length = passed.visit_count[0]
        i, j = passed.visit_customer[:length], passed.visit_firm[:length]
        shuns = (c.turned_back[j, i] >= 0) & (c.turned_back[j, i] < t)
        assert not passed.visit_surplus[:length][shuns].any()
        bound += shuns.sum()
    assert bound > 0
    assert np.abs(engine.world.tallied("surplus_sum")[:, :2]).max() < 1e5


def test_both_sides_are_booked_in_cents():
    """Of 8 cu paid, goods are 5 and levers 1.5; her surplus is rounded, also below nothing."""
    made = Small(2, ({"unit_cost": 0.5}, {}), surplus={})
    made.c.basket[:] = 10.0
    made.visits([0, 0], [0, 0])
    made.passing.visit_surplus[:2] = [2.004, -0.758]
    made.passing.visit_spend[:2], made.passing.visit_cost[:2] = 800, 150
    made.run("surplus", book_surplus)
    assert made.c.year_surplus[0].tolist() == [200 - 76, 0]
    assert made.c.year_margin[0].tolist() == [2 * 150, 0]
    assert [made.counted(name)[0] for name in ("surplus_sum", "margin_sum", "valued_visits")] == [124, 300, 2]


def test_relations_by_who_gains():
    """One of each kind, nothing is no gain, and who has not bought has no relation that counts."""
    made = Small(6, surplus={})
    c = made.c
    c.year_surplus[0], c.year_margin[0] = [1, 1, -1, 0, 0, 9], [1, 0, 1, 0, -1, 9]
    c.year_purchases[0] = [1, 2, 1, 1, 1, 0]
    made.run("surplus", close_surplus, 8)
    assert not any(made.counted("relations"))
    made.run("surplus", close_surplus, 9)
    names = ("relations", "cooperations", "friends", "suppliers", "no_relations")
    assert [made.counted(name)[0] for name in names] == [5, 1, 1, 1, 2]
    assert not c.year_surplus.any()
    assert not c.year_margin.any()


def test_nowhere_is_worth_what_the_choice_says():
    """A market less worth leaving is worth more to its customers: by the difference, over the weight of the price."""
    still = {"taste.taste_spread": 0.0, "off": ("trust", "word_of_mouth", "learning")}
    low, high = (measured(**still, **{"choice.outside": worth}) for worth in (-0.3, -1.3))
    apart = high["customer_surplus"] - low["customer_surplus"]
    assert (apart > 0).all()
    assert apart.mean() == pytest.approx(30.0 / 6.0, rel=0.15)


def test_dear_firms_are_suppliers_and_cheap_ones_friends():
    usual, dear, cheap = (measured(**{"firms.north.price": price}) for price in (1.0, 1.3, 0.6))
    assert dear["supplier_share"][0] > usual["supplier_share"][0] > cheap["supplier_share"][0]
    assert cheap["friend_share"][0] > usual["friend_share"][0] > dear["friend_share"][0]
    assert np.isnan(cheap["customer_part_of_surplus"][0])
    assert usual["customer_part_of_surplus"][0] > dear["customer_part_of_surplus"][0]


def test_shares_add_up_and_parts_are_parts():
    found = measured()
    kinds = ("cooperation_share", "friend_share", "supplier_share", "no_relation_share")
    np.testing.assert_allclose(sum(found[name] for name in kinds), 1.0)
    assert ((found["customer_part_of_surplus"] >= 0) & (found["customer_part_of_surplus"] <= 1)).all()


def test_the_firms_side_is_that_of_customer_accounts():
    """Of one year: contributions of all customers so far."""
    scenario = Scenario.parse({"periods": 20, "population": {"customers": 200}, "surplus": {}, "customer_accounts": {}})
    engine = Engine(scenario, 2)
    engine.run(20)
    booked = engine.world.tallied("margin_sum")[:, :3].sum(axis=0)
    np.testing.assert_allclose(booked, engine.world.customers.profit_from_customer.sum(axis=1) / 100)


def test_looking_changes_nothing():
    seen, unseen = Engine(Scenario.parse(DATA), 4), Engine(Scenario.parse({**DATA, "surplus": None}), 4)
    for engine in (seen, unseen):
        engine.run(60)
    for name, array in unseen.world.customers.items():
        np.testing.assert_array_equal(array, seen.world.customers[name], err_msg=name)
    assert "add_outside" not in [step.name for step in unseen.scenario.steps()]


def test_kernels_are_sound():
    check_kernels(Scenario.parse({"surplus": {}}))
