"""Customer equity, and switching between firms."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays
from hypothesis.strategies import floats, integers

from abm.core.errors import Refusal
from abm.value.equity import (
    customer_equity,
    equity_change,
    stationary_shares,
    switching_counts,
    switching_equity,
    switching_matrix,
)
from abm.value.lifetime import lifetime_value

MATRIX = np.array([[0.8, 0.2], [0.1, 0.9]])
matrices = (
    integers(1, 5)
    .flatmap(lambda m: arrays(float, (m, m), elements=floats(0.01, 1.0)))
    .map(lambda rows: rows / rows.sum(axis=1, keepdims=True))
)


def test_golden_stationary_shares():
    assert stationary_shares(MATRIX) == pytest.approx([1 / 3, 2 / 3], rel=1e-12)


@given(matrix=matrices)
def test_stationary_shares_stay(matrix):
    shares = stationary_shares(matrix)
    assert shares.sum() == pytest.approx(1)
    assert (shares >= 0).all()
    assert shares @ matrix == pytest.approx(shares, abs=1e-9)


def test_who_keeps_all_gets_all():
    assert stationary_shares([[1, 0], [0.5, 0.5]]) == pytest.approx([1, 0], abs=1e-12)
    assert stationary_shares([[0, 1], [1, 0]]) == pytest.approx([0.5, 0.5])
    assert stationary_shares([[1]]).tolist() == [1]


def test_equity_is_a_sum_and_its_change_has_an_owner():
    before = pd.Series({"ann": 10.0, "bob": 4.0, "eve": 1.0})
    after = pd.Series({"eve": 3.0, "ann": 9.0, "dan": 5.0})
    change = equity_change(before, after)
    assert (change.before, change.after) == (customer_equity(before), customer_equity(after)) == (15, 17)
    assert (change.kept, change.gained, change.lost) == (1, 5, 4)
    assert change.after == change.before + change.kept + change.gained - change.lost


@given(matrix=matrices, discount=floats(0.05, 1.0), interval=floats(0.1, 2.0))
def test_equity_without_end_is_a_long_sum(matrix, discount, interval):
    start = np.eye(len(matrix))[0]
    for first in (0, 1):
        far = switching_equity(matrix, start, 1.0, interval, discount, first=first, horizon=4000)
        assert switching_equity(matrix, start, 1.0, interval, discount, first=first) == pytest.approx(far, rel=1e-6)


def test_a_firm_that_cannot_win_anybody_back_has_customers_lost_for_good():
    found = switching_equity([[0.8, 0.2], [0, 1]], [1, 0], 100, 1, 0.1)
    assert found[0] == pytest.approx(lifetime_value(100, 0.8, 0.1))
    assert found.sum() == pytest.approx(100 / 0.1)  # somebody gets each purchase


def test_values_by_hand_and_of_many_customers():
    each = switching_equity(MATRIX, [[1, 0], [0, 1]], [10, 20], 0.5, 0.21, horizon=1)
    assert each == pytest.approx(np.array([[8, 4], [1, 18]]) / 1.1)
    assert switching_equity(MATRIX, [0.5, 0.5], [10, 20], 0.5, 0.21, horizon=1) == pytest.approx(each.mean(axis=0))


def test_the_matrix_of_a_table():
    table = pd.DataFrame(
        {
            "customer": ["b", "a", "a", "b", "a", "c"],
            "period": [2, 1, 2, 1, 3, 1],
            "firm": ["x", "x", "y", "x", "x", "y"],
        }
    )
    assert switching_counts(table).to_numpy().tolist() == [[1, 1], [1, 0]]
    found = switching_matrix(table)
    assert found.loc["x", "y"] == 0.5
    assert found.loc["y"].tolist() == [1, 0]


def test_the_matrix_of_simulated_customers_is_found_again():
    luck = np.random.default_rng(5)
    n, periods = 3000, 40
    firm = np.zeros((n, periods), int)
    for t in range(1, periods):
        firm[:, t] = luck.random(n) < MATRIX[firm[:, t - 1], 1]
    who, when = np.divmod(np.arange(n * periods), periods)
    found = switching_matrix(pd.DataFrame({"customer": who, "period": when, "firm": firm.ravel()}))
    assert found.to_numpy() == pytest.approx(MATRIX, abs=0.008)
    assert stationary_shares(found) == pytest.approx([1 / 3, 2 / 3], abs=0.02)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: stationary_shares([[0.5, 0.6], [0, 1]]), "matrix, row 0, adds up to 1.1"),
        (lambda: stationary_shares([[1, 0]]), r"matrix has shape \(1, 2\)"),
        (lambda: stationary_shares(np.eye(2)), "several groups of firms"),
        (lambda: switching_equity(MATRIX, [1, 0, 0], 1, 1, 0.1), "one share for each of the 2 firms"),
        (lambda: switching_equity(MATRIX, [1, 0], [1, 2, 3], 1, 0.1), r"spend has shape \(3,\)"),
        (lambda: switching_equity(MATRIX, [1, 0], 1, 1, 0.0), "the value is infinite; give a horizon"),
        (lambda: customer_equity([1.0, np.inf]), r"values\[1\] = inf is not a finite number"),
        (lambda: equity_change(pd.Series([1, 2], ["a", "a"]), pd.Series([1], ["a"])), 'customer "a" more than once'),
        (lambda: switching_counts(pd.DataFrame({"customer": [], "firms": []})), 'no column "period"'),
        (
            lambda: switching_matrix(pd.DataFrame({"customer": [1, 1], "period": [1, 2], "firm": ["x", "y"]})),
            'no purchase at "y" is followed by another',
        ),
        (
            lambda: switching_counts(pd.DataFrame({"customer": [1, 1], "period": [1, 2], "firm": ["x", None]})),
            "firm is missing in row 1",
        ),
    ],
)
def test_refusals(call, words):
    with pytest.raises(Refusal, match=words):
        call()
