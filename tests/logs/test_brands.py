"""Brand measures: by hand, against shuffling, against markets whose laws are known, and against three panels."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis.strategies import integers, lists, tuples

from abm.core.errors import Refusal
from abm.logs.brands import (
    brand_table,
    duplication_of_purchase,
    frequency_constant,
    ordered_purchases,
    penetration,
    purchase_frequency,
    relative_spread,
    repeat_minus_shuffle,
    repeat_rate,
    share_of_requirements,
    shuffled_repeat_rate,
    sole_buyers,
    sole_buyers_share,
    top_share,
)

#           customer 0: a b a (in order of periods), customer 1: b b, customer 3: a; customer 2 never buys
BY_HAND = ([1, 0, 0, 3, 0, 1], [2, 3, 1, 1, 2, 5], [1, 0, 0, 0, 1, 1])
logs = lists(tuples(integers(0, 6), integers(0, 9), integers(0, 3)), min_size=1, max_size=60)


@pytest.fixture
def bought():
    return ordered_purchases(*BY_HAND, customers=4, firms=3)


def test_order_is_customer_then_period(bought):
    assert bought.customer.tolist() == [0, 0, 0, 1, 1, 3]
    assert bought.firm.tolist() == [0, 1, 0, 1, 1, 0]
    assert bought.rows.tolist() == [2, 4, 1, 0, 5, 3]
    assert bought.counts.tolist() == [[2, 1, 0], [0, 2, 0], [0, 0, 0], [1, 0, 0]]


def test_measures_by_hand(bought):
    nan = np.nan
    assert repeat_rate(bought) == pytest.approx(1 / 3)
    assert shuffled_repeat_rate(bought) == pytest.approx((2 / 3 + 1) / 3)  # a pair of 3 is a a with chance 1 / 3
    assert repeat_minus_shuffle(bought) == pytest.approx(-2 / 9)
    assert penetration(bought).tolist() == [0.5, 0.5, 0]
    np.testing.assert_allclose(purchase_frequency(bought), [1.5, 1.5, nan])
    np.testing.assert_allclose(frequency_constant(bought), [0.75, 0.75, nan])
    np.testing.assert_allclose(sole_buyers(bought), [0.5, 0.5, nan])
    assert sole_buyers_share(bought) == pytest.approx(2 / 3)
    np.testing.assert_allclose(share_of_requirements(bought), [3 / 4, 3 / 5, nan])
    assert list(brand_table(bought)["share"]) == [0.5, 0.5, 0]
    found = duplication_of_purchase(bought)
    np.testing.assert_allclose(found.table, [[1, 0.5, 0], [0.5, 1, 0], [nan, nan, nan]])
    assert found.coefficient == pytest.approx(1.0)  # one of four buys both: as if by chance
    assert found.largest_error == pytest.approx(0.0)


def test_windows(bought):
    window = bought.within(2, 3)
    assert window.counts.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0]]
    assert penetration(window).tolist() == [0.25, 0.5, 0]
    assert window.rows.tolist() == [4, 1, 0]
    with pytest.raises(Refusal, match="ends in period 1, before it begins in 2"):
        bought.within(2, 1)


def test_spread_and_heavy_buyers():
    assert relative_spread([0.9, 1.0, 1.1]) == pytest.approx(0.1)
    assert top_share([0, 0, 6, 1, 1, 1, 1]) == pytest.approx(0.6)
    assert top_share([3, 1], top=0.25) == pytest.approx(0.375)  # half of the first of two
    assert top_share([5, 2, 1], top=1.0) == pytest.approx(1.0)
    assert np.isnan(top_share([0, 0]))


@given(logs)
def test_the_closed_form_is_the_mean_over_orders(log):
    """Equal to the share of pairs of a customer's purchases at one firm, weighted by her neighbours."""
    bought = ordered_purchases(*zip(*log, strict=True), customers=7, firms=4)
    repeats = pairs = 0.0
    for i in range(7):
        firms = bought.firm[bought.customer == i]
        if firms.size > 1:
            same = [a == b for at, a in enumerate(firms) for b in firms[at + 1 :]]
            repeats += np.mean(same) * (firms.size - 1)
            pairs += firms.size - 1
    expected = repeats / pairs if pairs else np.nan
    np.testing.assert_allclose(shuffled_repeat_rate(bought), expected, rtol=1e-12)


@given(logs)
def test_shares_are_shares(log):
    bought = ordered_purchases(*zip(*log, strict=True), customers=7, firms=4)
    table = brand_table(bought).drop(columns=["purchase_frequency", "frequency_constant"]).to_numpy()
    values = [table.ravel(), duplication_of_purchase(bought).table.ravel(), [top_share(bought.counts.sum(axis=1))]]
    found = np.concatenate(values)
    assert ((found >= 0) & (found <= 1) | np.isnan(found)).all()
    assert brand_table(bought)["share"].sum() == pytest.approx(1.0)


def test_no_order_no_difference():
    """Customers with lasting tastes and no memory: the repeat rate is that of the shuffled purchases."""
    luck = np.random.default_rng(2)
    tastes = luck.dirichlet(np.full(4, 0.5), size=3000)
    firm = (luck.random((20, 3000, 1)) > tastes.cumsum(axis=1)[:, :3]).sum(axis=2)
    period, customer = np.indices(firm.shape)
    bought = ordered_purchases(customer.ravel(), period.ravel(), firm.ravel())
    assert repeat_rate(bought) == pytest.approx(np.mean((tastes**2).sum(axis=1)), abs=0.005)
    assert repeat_minus_shuffle(bought) == pytest.approx(0.0, abs=4 * 0.5 / np.sqrt(57_000))


def test_a_dirichlet_market_keeps_its_laws():
    """Five unequal brands of GOODHARDT_EHRENBERG_CHATFIELD_1984's NBD-Dirichlet: w (1 - b) and D nearly constant."""
    luck = np.random.default_rng(4)
    shares, strength, n = np.array([0.4, 0.25, 0.15, 0.12, 0.08]), 1.2, 40_000
    occasions = luck.poisson(luck.gamma(0.8, 1.5 / 0.8, n))
    tastes = luck.dirichlet(strength * shares, n)
    customer = np.repeat(np.arange(n), occasions)
    firm = (luck.random((customer.size, 1)) > tastes[customer].cumsum(axis=1)[:, :4]).sum(axis=1)
    bought = ordered_purchases(customer, np.arange(customer.size), firm, customers=n)
    assert relative_spread(frequency_constant(bought)) < 0.1
    found = duplication_of_purchase(bought)
    assert found.mean_error < 0.05
    assert found.largest_error < 0.15
    assert relative_spread(penetration(bought)) > 0.7


def test_it_is_quick_on_the_log_of_a_market():
    luck = np.random.default_rng(3)
    n = 100_000
    log = luck.integers(0, 2000, n), luck.integers(0, 100, n), luck.integers(0, 5, n)
    began = time.perf_counter()
    bought = ordered_purchases(*log, customers=2000, firms=5)
    brand_table(bought)
    duplication_of_purchase(bought)
    repeat_minus_shuffle(bought)
    assert time.perf_counter() - began < 1.0  # about 0.1 s


@pytest.mark.parametrize(
    ("columns", "many", "said"),
    [
        (([0, 1], [0, 1], [0]), {}, "customer, period and firm have 2, 2, 1 entries"),
        (([0.5], [0], [0]), {}, "customer is a column of whole numbers"),
        (([0, 1], [0, 0], [0, -1]), {}, r"firm\[1\] = -1: leave out purchases at no firm"),
        (([0, 4], [0, 0], [0, 1]), {"customers": 3}, r"customer\[1\] = 4, but there are 3 customers from 0"),
    ],
)
def test_refusals(columns, many, said):
    with pytest.raises(Refusal, match=said):
        ordered_purchases(*columns, **many)
    with pytest.raises(Refusal, match="outside"):
        top_share([1, 2], top=0)
