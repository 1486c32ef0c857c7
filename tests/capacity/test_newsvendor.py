"""The critical fractile: golden numbers, the cost that it makes least, and limits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.capacity.newsvendor import best_normal_quantity, best_quantity, critical_fractile, expected_costs
from abm.core.errors import Refusal

TARGETS = json.loads((Path(__file__).parents[1] / "data" / "revenue_management.json").read_text())
weights = st.lists(st.integers(0, 30), min_size=1, max_size=12).filter(any)
costs = st.integers(0, 50)


@pytest.mark.parametrize("case", TARGETS["newsvendor"], ids=lambda case: f"{case['cu']}:{case['co']}")
def test_normal_demand_in_print(case):
    found = best_normal_quantity(case["mu"], case["sd"], case["cu"], case["co"])
    assert found == pytest.approx(case["Q"], abs=1e-9)


def test_by_hand():
    """Of 1 : 2 : 1 a fractile of 3/4 is reached at 1, one a little above it at 2."""
    assert critical_fractile(3.0, 1.0) == 0.75
    assert best_quantity([0.25, 0.5, 0.25], 3.0, 1.0) == 1
    assert best_quantity([0.25, 0.5, 0.25], 3.1, 1.0) == 2
    # x = 0: 3 (0.5 + 2 * 0.25); x = 1: 3 * 0.25 + 0.25; x = 2: 2 * 0.25 + 0.5
    assert expected_costs([0.25, 0.5, 0.25], 3.0, 1.0).tolist() == [3.0, 1.0, 1.0]


def test_a_fractile_that_is_reached_but_for_rounding_is_reached():
    """0.1 + 0.2 is above 0.3 by rounding, 0.7 + 0.1 below 0.8."""
    assert best_quantity([0.7, 0.1, 0.2], 8.0, 2.0) == 1


@given(weights, costs, costs)
def test_the_fractile_is_where_the_cost_is_least(weighed, underage, overage):
    if underage + overage == 0:
        return
    demand = np.array(weighed) / sum(weighed)
    cost = expected_costs(demand, underage, overage)
    found = best_quantity(demand, underage, overage)
    assert cost[found] <= cost.min() + 1e-9 * (1 + cost.max())
    assert (cost[:found] > cost[found] + 1e-6).all(), "it is the first of several that cost the same"


@given(weights, st.integers(1, 50), st.integers(1, 50))
def test_both_forms_of_the_rule_cost_the_same(weighed, underage, overage):
    demand = np.array(weighed) / sum(weighed)
    before = np.concatenate([[0.0], np.cumsum(demand)[:-1]])
    largest = int(np.flatnonzero(before <= underage / (underage + overage) + 1e-12)[-1])
    cost = expected_costs(demand, underage, overage)
    assert cost[largest] == pytest.approx(cost[best_quantity(demand, underage, overage)])


@given(st.floats(-100, 100), st.floats(0, 50), st.floats(0.1, 50), st.floats(0.1, 50))
def test_dearer_shortage_never_means_less(mean, sd, underage, overage):
    found = best_normal_quantity(mean, sd, underage, overage)
    assert best_normal_quantity(mean, sd, 2 * underage, overage) >= found
    assert best_normal_quantity(mean, 0.0, underage, overage) == mean


def test_what_costs_nothing_is_never_missing_or_never_held():
    assert best_quantity([0.5, 0.25, 0.25], 0.0, 1.0) == 0
    assert best_quantity([0.5, 0.25, 0.25], 1.0, 0.0) == 2
    assert best_normal_quantity(5.0, 1.0, 1.0, 0.0) == np.inf
    assert best_normal_quantity(5.0, 1.0, 0.0, 1.0) == -np.inf


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: critical_fractile(-1.0, 2.0), r"underage = -1 is not a finite number 0 or more"),
        (lambda: critical_fractile(0.0, 0.0), r"underage = 0 and overage = 0 leave nothing to weigh"),
        (lambda: best_quantity([0.5, 0.4], 1.0, 1.0), r"demand: add to 0.9, not 1"),
        (lambda: best_quantity([[1.0]], 1.0, 1.0), r"demand: has shape \(1, 1\)"),
        (lambda: best_quantity([0.5, np.nan], 1.0, 1.0), r"demand\[1\] = nan"),
        (lambda: best_quantity("many", 1.0, 1.0), r"demand: is not made of numbers"),
        (lambda: best_normal_quantity(1.0, -1.0, 1.0, 1.0), r"sd = -1 is not"),
        (lambda: best_normal_quantity([1.0], 1.0, 1.0, 1.0), r"mean: has shape \(1,\); give one number"),
    ],
)
def test_what_is_no_number_is_refused(call, told):
    with pytest.raises(Refusal, match=told):
        call()
