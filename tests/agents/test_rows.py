"""Rows behave as a list of different whole numbers does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.agents.rows import Rows

TOTAL = 12
orders = st.lists(st.integers(0, TOTAL - 1), unique=True)


def rows(order: list[int]) -> Rows:
    return Rows(TOTAL, np.array(order, np.int64))


def test_everybody_is_in_order_without_a_list():
    everybody = Rows(TOTAL)
    assert list(everybody) == list(range(TOTAL))
    assert len(everybody) == TOTAL
    assert everybody.listed is None
    assert everybody[-1] == TOTAL - 1
    assert everybody.inside.all()


def test_rows_come_once_in_the_order_of_their_first_appearance():
    assert list(Rows.of(TOTAL, [5, 2, 5, 0, 2])) == [5, 2, 0]


def test_a_place_beyond_the_end_is_an_error():
    for some in (Rows(3), Rows(TOTAL, np.arange(3))):
        with pytest.raises(IndexError):
            some[3]


@given(orders, orders)
def test_union_common_and_difference_keep_the_first_order(a, b):
    assert list(rows(a) | rows(b)) == a + [x for x in b if x not in a]
    assert list(rows(a) & rows(b)) == [x for x in a if x in b]
    assert list(rows(a) - rows(b)) == [x for x in a if x not in b]
    assert list(Rows(TOTAL) - rows(b)) == [x for x in range(TOTAL) if x not in b]


@given(orders)
def test_membership_and_the_index_of_a_column(order):
    some = rows(order)
    column = np.arange(100, 100 + TOTAL)
    assert [x in some for x in range(TOTAL)] == [x in order for x in range(TOTAL)]
    assert column[some.index].tolist() == [100 + x for x in order]


@given(orders, st.data())
def test_sorting_is_stable_both_ways_as_in_python(order, data):
    values = data.draw(st.lists(st.integers(0, 3), min_size=len(order), max_size=len(order)))
    of = dict(zip(order, values, strict=True))
    for ascending in (True, False):
        expected = sorted(order, key=of.__getitem__, reverse=not ascending)
        assert list(rows(order).sorted(np.array(values, np.int64), ascending)) == expected


def test_nan_comes_last_both_ways():
    values = np.array([1.0, np.nan, 3.0])
    assert list(Rows(3).sorted(values, ascending=True)) == [0, 2, 1]
    assert list(Rows(3).sorted(values, ascending=False)) == [2, 0, 1]


@given(orders, st.data())
def test_groups_are_those_of_a_dict_of_lists(order, data):
    keys = data.draw(st.lists(st.integers(-1, 2), min_size=len(order), max_size=len(order)))
    expected: dict[int, list[int]] = {}
    for row, key in zip(order, keys, strict=True):
        expected.setdefault(key, []).append(row)
    grouped = rows(order).grouped(np.array(keys, np.int64))
    assert [(key, list(group)) for key, group in grouped.items()] == list(expected.items())
