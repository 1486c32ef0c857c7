"""Perceived value: what a price is judged against, by hand; a loss weighs more than a gain; memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.mechanisms.attitude.perceived_value import judge_price, perceived_value, remember_price
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small

SETTINGS = {"value_weight": 0.15, "loss_weight": 2.0, "own_part": 0.5, "memory_rate": 0.1}
price = st.floats(0, 10, width=32)


def value(reference, paid):
    """Return the equation's value for plain numbers."""
    return float(perceived_value(np.float32(reference), np.float32(paid)))


def judged(prices, usual=1.0, discount=0.0, known=None, **settings):
    """Return what one visit to the first of some firms does to satisfaction, and what she is used to after it."""
    small = Small(1, [{"price": asked} for asked in prices], perceived_value={**SETTINGS, **settings})
    small.c.usual_price[0] = usual
    if known is not None:
        small.c.aware[:, 0] = known
    small.visits([0], [0])
    small.passing.visit_discount[0], small.passing.satisfaction_shift[0] = discount, 0.0
    small.run("perceived_value", judge_price)
    small.run("perceived_value", remember_price)
    return float(small.at("satisfaction_shift")[0]), float(small.c.usual_price[0])


def test_value_by_hand():
    """A fifth saved, a fifth too much; nothing is worth more than all, and no loss is more than the reference."""
    assert [value(1.0, paid) for paid in (0.8, 1.2, 1.0, 0.0)] == pytest.approx([0.2, -0.2, 0.0, 1.0])
    assert value(0.5, 3.0) == -1.0
    assert [value(reference, 1.0) for reference in (0.0, 0.0005)] == [0.0, 0.0]


@given(price, price)
def test_value_lies_between_minus_1_and_1_and_never_rises_with_the_price(reference, paid):
    assert -1.0 <= value(reference, paid) <= 1.0
    assert value(reference, paid + 0.5) <= value(reference, paid)


def test_a_price_by_hand():
    """Used to 1, asked 1.5 and 0.5, 1 on average: half too dear, 0.15 * 2 * 0.5; at 0.5 half saved, 0.15 * 0.5."""
    assert judged([1.5, 0.5]) == pytest.approx((-0.15, 1.05))
    assert judged([0.5, 1.5]) == pytest.approx((0.075, 0.95))


@given(st.floats(0.0078125, 0.875, width=32))
def test_a_loss_weighs_loss_weight_times_an_equal_gain(step):
    """Against a reference of 1, whatever the step."""
    losses, gains = (judged([1.0 + sign * step], own_part=1.0)[0] for sign in (1, -1))
    assert losses == pytest.approx(-2.0 * gains, rel=1e-4)


def test_the_price_paid_is_what_is_left_after_her_discount():
    """A quarter off 1.2 is 0.9, of a reference of 1.1 it saves 2 / 11; and 0.9 is what she remembers."""
    assert judged([1.2], discount=0.25) == pytest.approx((0.15 * 2 / 11, 0.99))


def test_only_firms_that_she_knows_are_compared():
    """Of 1 and the mean of 1.5 and 2.5 the reference is 1.5: a price of 1.5 is as it should be."""
    assert judged([1.5, 0.1, 2.5], known=[1, 0, 1])[0] == pytest.approx(0.0, abs=1e-7)
    assert judged([1.5, 0.1, 2.5])[0] < -0.01


@pytest.mark.parametrize(("own_part", "shift"), [(1.0, -0.3 * 0.5), (0.0, 0.15 * 0.25)])
def test_the_reference_is_her_own_past_or_the_market(own_part, shift):
    """Paid 1.5: half too dear of the 1 that she is used to, a quarter saved of the 2 that the market asks."""
    assert judged([1.5, 2.5], own_part=own_part)[0] == pytest.approx(shift)


def test_visits_of_a_period_share_the_reference_and_are_remembered_in_turn():
    """Three visits at 2 to the only firm: each a third too dear of 1.5; 2 - 0.9^3 in the end, the other stays at 1."""
    small = Small(2, [{"price": 2.0}], perceived_value=SETTINGS)
    small.visits([0, 0, 0], [0, 0, 0])
    small.passing.visit_discount[:3] = small.passing.satisfaction_shift[:3] = 0.0
    small.run("perceived_value", judge_price)
    small.run("perceived_value", remember_price)
    assert small.at("satisfaction_shift") == pytest.approx([-0.1] * 3)
    assert small.c.usual_price == pytest.approx([2.0 - 0.9**3, 1.0])


def test_who_pays_the_same_for_long_is_used_to_it():
    """Two hundred visits at a tenth more: the loss of the first, 0.3 / 21, has gone to nothing."""
    small = Small(1, [{"price": 1.1}], perceived_value=SETTINGS)
    small.visits([0], [0])
    small.passing.visit_discount[0] = 0.0
    shifts = []
    for _ in range(200):
        small.passing.satisfaction_shift[0] = 0.0
        small.run("perceived_value", judge_price)
        small.run("perceived_value", remember_price)
        shifts.append(float(small.at("satisfaction_shift")[0]))
    assert shifts[0] == pytest.approx(-0.3 / 21, rel=1e-4)
    assert shifts == sorted(shifts)
    assert shifts[-1] == pytest.approx(0.0, abs=1e-6)


def test_it_adds_to_what_others_add():
    small = Small(1, [{"price": 1.5}, {"price": 0.5}], perceived_value=SETTINGS)
    small.visits([0], [0])
    small.passing.visit_discount[0], small.passing.satisfaction_shift[0] = 0.0, -0.2
    small.run("perceived_value", judge_price)
    assert small.at("satisfaction_shift") == pytest.approx([-0.35])


def test_where_prices_do_not_count_the_theory_costs_nothing():
    names = [
        {step.name for step in scenario.steps()}
        for scenario in (Scenario(), Scenario.parse({"perceived_value": {"value_weight": 0.0}}))
    ]
    assert names[0] - names[1] == {"judge_price", "remember_price"}
