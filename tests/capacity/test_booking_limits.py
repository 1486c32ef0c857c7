"""Protection levels: golden numbers, what they are worth in simulated demand, and limits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.capacity.booking_limits import booking_limits, emsr_a, emsr_b, littlewood, simulated_revenue
from abm.core.errors import Refusal

TARGETS = json.loads((Path(__file__).parents[1] / "data" / "revenue_management.json").read_text())
FARES, MEANS, SDS = (TARGETS[name] for name in ("fares", "mean", "sd"))
levels = st.lists(st.integers(0, 40), min_size=1, max_size=4).map(lambda steps: np.cumsum(steps).tolist())


@pytest.mark.parametrize(("lower", "expected"), [(50.0, 40.0), (60.0, 37.4665), (30.0, 45.2440)])
def test_golden_littlewood(lower, expected):
    assert littlewood(40.0, 10.0, 100.0, lower) == pytest.approx(expected, abs=5e-5)


def test_golden_emsr():
    assert emsr_b(FARES, MEANS, SDS) == pytest.approx(TARGETS["EMSRb"], abs=1e-9)
    assert emsr_a(FARES, MEANS, SDS) == pytest.approx(TARGETS["EMSRa"], abs=1e-9)


def test_golden_emsr_b_of_close_fares():
    found = emsr_b([1050, 567, 534, 520], [17.3, 45.1, 39.6, 34.0], [5.8, 15.0, 13.2, 11.3])
    assert found == pytest.approx([16.717, 50.944, 83.155], abs=5e-4)


def test_with_two_fares_all_rules_are_littlewoods():
    for rule in (emsr_a, emsr_b):
        assert rule(FARES[:2], MEANS[:2], SDS[:2])[0] == littlewood(17.3, 5.8, 1050.0, 567.0)


def test_the_worth_of_levels_is_that_of_print():
    """Of 400,000 seeded demands for 150 seats the levels found optimal earn most, and EMSR-b nearly as much.

    Demand is normal and cut off below 0; three standard errors of the difference, demand by demand.
    """
    demand = np.maximum(np.random.default_rng(3).normal(MEANS, SDS, (400_000, 4)), 0.0)
    optimal, b, a, none = (
        simulated_revenue(demand, FARES, found, 150.0)
        for found in (TARGETS["optimal_MC"], TARGETS["EMSRb"], TARGETS["EMSRa"], [0.0] * 3)
    )
    for other in (b, a):
        gap = optimal - other
        assert gap.mean() > -3.0 * gap.std() / np.sqrt(gap.size)
    assert (optimal - b).mean() < 0.005 * optimal.mean()
    assert none.mean() < 0.97 * b.mean()


def test_littlewoods_level_is_the_best_of_all_levels():
    """Two fares, 100 seats, more low demand than seats: within a seat or two of the best in a million demands."""
    rng = np.random.default_rng(5)
    demand = np.stack([np.maximum(rng.normal(40.0, 10.0, 1_000_000), 0.0), np.full(1_000_000, 200.0)], axis=1)
    earned = [simulated_revenue(demand, [100.0, 60.0], [y], 100.0).mean() for y in range(30, 46)]
    assert abs(30 + int(np.argmax(earned)) - littlewood(40.0, 10.0, 100.0, 60.0)) < 1.5


def test_revenue_by_hand():
    """Of 10 seats 4 are protected: 6 of 8 cheap ones are sold at 50, then 3 and 7 (but 4 are left) at 100."""
    found = simulated_revenue([[3.0, 8.0], [7.0, 8.0], [7.0, 2.0]], [100.0, 50.0], [4.0], 10.0)
    assert found.tolist() == [600.0, 700.0, 800.0]


@given(levels, st.integers(0, 80))
def test_limits_fall_from_capacity_and_never_below_nothing(protection, capacity):
    found = booking_limits(protection, capacity)
    assert found[0] == capacity
    assert (np.diff(found) <= 0).all()
    assert (found >= 0).all()


@given(st.lists(st.lists(st.integers(0, 60), min_size=3, max_size=3), min_size=1, max_size=6), st.integers(0, 80))
def test_no_more_is_sold_than_there_is_or_is_asked_for(demand, capacity):
    """At fares of 1 revenue counts seats."""
    asked = np.array(demand, float)
    sold = simulated_revenue(asked, [1.0, 1.0, 1.0], [5.0, 9.0], capacity)
    assert (sold <= np.minimum(asked.sum(axis=1), capacity)).all()
    free = simulated_revenue(asked, [1.0, 1.0, 1.0], [0.0, 0.0], capacity)
    assert (free == np.minimum(asked.sum(axis=1), capacity)).all()


def test_at_the_limits_of_fares():
    assert littlewood(40.0, 10.0, 100.0, 100.0) == 0.0, "nothing is kept for a fare that is no higher"
    assert littlewood(40.0, 10.0, 100.0, 0.0) == np.inf, "nothing is sold for nothing"
    assert littlewood(40.0, 0.0, 100.0, 60.0) == 40.0, "demand that is certain is kept for"
    assert booking_limits([np.inf], 20.0).tolist() == [20.0, 0.0]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: littlewood(40.0, 10.0, 50.0, 60.0), r"fares\[1\] = 60 is above 50 before it"),
        (lambda: emsr_b([100.0], [1.0], [1.0]), r"fares: has shape \(1,\)"),
        (lambda: emsr_b([100.0, 50.0], [1.0], [1.0]), r"means \(1,\)"),
        (lambda: emsr_a([100.0, 50.0], [1.0, 1.0], [1.0, -1.0]), r"sds\[1\] = -1"),
        (lambda: booking_limits([4.0, 3.0], 10.0), r"protection: is not a list of levels that do not fall"),
        (lambda: booking_limits([-1.0], 10.0), r"protection\[0\] = -1"),
        (lambda: simulated_revenue([[1.0]], [2.0, 1.0], [0.0], 5.0), r"demand: has shape \(1, 1\)"),
    ],
)
def test_what_does_not_fit_is_refused(call, told):
    with pytest.raises(Refusal, match=told):
        call()
