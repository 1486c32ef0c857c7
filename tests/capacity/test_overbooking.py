"""Overbooking: the printed hotels, revenue of payment on arrival, and a simulated front desk."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.capacity.overbooking import (
    best_binomial_overbooking,
    best_normal_overbooking,
    best_overbooking,
    best_pay_on_show_bookings,
    binomial,
    binomial_overbooking_cost,
    overbooking_costs,
    pay_on_show_revenue,
)
from abm.core.errors import Refusal

TARGETS = json.loads((Path(__file__).parents[1] / "data" / "revenue_management.json").read_text())
SURFSIDE = [0.07, 0.19, 0.22, 0.16, 0.12, 0.10, 0.07, 0.04, 0.02, 0.01]
FAMILY_INN = [0.4, 0.3, 0.2, 0.1]


def test_golden_surfside():
    assert np.arange(10) @ SURFSIDE == pytest.approx(3.04)
    assert best_overbooking(SURFSIDE, 40.0, 100.0) == 2
    assert overbooking_costs(SURFSIDE, 40.0, 100.0)[:5] == pytest.approx([121.6, 91.4, 87.8, 115.0, 164.6], abs=0.01)


def test_golden_family_inn():
    cost = overbooking_costs(FAMILY_INN, 69.0, 50.0)
    assert best_overbooking(FAMILY_INN, 69.0, 50.0) == 1
    assert cost[1] == pytest.approx(47.6)
    assert cost[0] - cost[1] == pytest.approx(21.4)


def test_golden_normal_no_shows():
    assert best_normal_overbooking(5.0, 3.0, 80.0, 200.0) == pytest.approx(3.302, abs=5e-4)
    assert best_normal_overbooking(0.5, 3.0, 80.0, 200.0) == 0.0


@pytest.mark.parametrize("case", TARGETS["overbooking_pay_on_show"], ids=lambda case: str(case["C"]))
def test_golden_payment_on_arrival(case):
    places, no_show, fare, cost = case["C"], 1.0 - case["show"], case["fare"], case["denied"]
    assert best_pay_on_show_bookings(places, no_show, fare, cost) == case["b_star"]
    found = pay_on_show_revenue(case["b_star"], places, no_show, fare, cost)
    assert found == pytest.approx(case["exp_rev"], rel=1e-11)


def test_payment_on_arrival_is_the_same_question_as_its_costs():
    """C_u is a fare that is not earned, C_o what a walked guest costs beyond her fare."""
    for case in TARGETS["overbooking_pay_on_show"]:
        places, no_show = case["C"], 1.0 - case["show"]
        extra = best_binomial_overbooking(places, no_show, case["fare"], case["denied"] - case["fare"])
        assert places + extra == case["b_star"]


def test_binomial_by_hand():
    assert binomial(2, 0.25) == pytest.approx([0.5625, 0.375, 0.0625])
    assert binomial(0, 0.3).tolist() == [1.0]
    assert binomial(3, 0.0).tolist() == [1.0, 0.0, 0.0, 0.0]
    assert binomial(3, 1.0).tolist() == [0.0, 0.0, 0.0, 1.0]


def test_one_room_by_hand():
    """Shows of two ~ 1/4, 1/2, 1/4: an empty room in 1/4, a walked guest in 1/4; of one guest 1/2 and never."""
    assert binomial_overbooking_cost(1, 0, 0.5, 40.0, 100.0) == pytest.approx(20.0)
    assert binomial_overbooking_cost(1, 1, 0.5, 40.0, 100.0) == pytest.approx(35.0)
    assert best_binomial_overbooking(1, 0.5, 40.0, 100.0) == 0
    assert best_binomial_overbooking(1, 0.5, 100.0, 40.0) == 1


@given(st.integers(0, 40), st.floats(0.0, 0.8), st.floats(0.0, 100.0), st.floats(1.0, 100.0))
def test_the_search_finds_the_least(places, no_show, underage, overage):
    best = best_binomial_overbooking(places, no_show, underage, overage)
    around = [binomial_overbooking_cost(places, x, no_show, underage, overage) for x in range(best + 60)]
    assert around[best] <= min(around) * (1.0 + 1e-9) + 1e-9


def test_a_front_desk_costs_what_the_formula_says():
    """20,000 evenings of 54 bookings for 50 rooms; three standard errors."""
    shows = np.random.default_rng(7).binomial(54, 0.9, 20_000)
    cost = 60.0 * np.maximum(50 - shows, 0) + 90.0 * np.maximum(shows - 50, 0)
    expected = binomial_overbooking_cost(50, 4, 0.1, 60.0, 90.0)
    assert abs(cost.mean() - expected) < 3.0 * cost.std() / np.sqrt(cost.size)


def test_where_everybody_comes_nothing_is_overbooked():
    assert best_binomial_overbooking(80, 0.0, 70.0, 1.0) == 0
    assert best_overbooking([1.0], 70.0, 1.0) == 0


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: binomial_overbooking_cost(10, -1, 0.1, 1.0, 1.0), r"extra = -1 is not a finite number 0 or more"),
        (lambda: binomial_overbooking_cost(10, 1.5, 0.1, 1.0, 1.0), r"extra = 1.5 is not a whole number"),
        (lambda: best_binomial_overbooking(10, 1.0, 1.0, 1.0), r"no_show = 1 is not"),
        (lambda: best_binomial_overbooking(10, 0.1, 1.0, 0.0), r"overage = 0 is not"),
        (lambda: best_pay_on_show_bookings(10, 0.1, 5.0, 5.0), r"walked_cost = 5 is not"),
        (lambda: best_overbooking([0.5, 0.5], -1.0, 1.0), r"underage = -1 is not"),
    ],
)
def test_what_cannot_be_is_refused(call, told):
    with pytest.raises(Refusal, match=told):
        call()
